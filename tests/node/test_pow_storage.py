"""What a node over proof-of-work keeps on disk: whatever a crash leaves of it, it goes on."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.errors import ModelConsensusError
from model_consensus.node.config import PowConfig
from model_consensus.node.pow_storage import open_pow_storage
from tests.support.nodes import NAMES, pow_configs
from tests.support.pow_machines import PowMachine, checked, run_network

CRASHES = st.dictionaries(st.integers(0, 300), st.floats(0, 1), max_size=6)
"""At which steps a process crashes, and how much of what the step wrote stays on its disk."""


def logs(folder: Path) -> list[Path]:
    return [folder / f"{process}.log" for process in NAMES[:3]]


@pytest.mark.slow
@given(crashes=CRASHES, attack=st.sampled_from(["honest", "selfish", "false-offers"]))
@settings(max_examples=25, deadline=None)
def test_whatever_a_crash_leaves_the_logs_are_accepted(
    crashes: dict[int, float], attack: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_network(folder, attack=attack, crashes=crashes)
        check, _ = checked(logs(folder), pow_configs(folder)[0].search)
        assert len(check.won) >= 4
        restarts = sum(
            json.loads(line)["event"] == "restarted"
            for path in logs(folder)
            for line in path.read_text().splitlines()
        )
        assert restarts <= len(crashes)


def test_a_crash_after_each_step_forgets_nothing(tmp_path: Path) -> None:
    """The machine compares what it remembers with what it had."""
    run_network(tmp_path, crashes=dict.fromkeys(range(5, 2000, 7), 1.0))
    check, _ = checked(logs(tmp_path))
    assert check.won


@pytest.mark.parametrize("event", ["heard", "received", "mined", "offered"])
def test_what_the_log_leaves_out_is_noticed(
    event: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(self: PowLogLines, *told: object) -> str:
        return ""

    monkeypatch.setattr(PowLogLines, event, silent)
    with pytest.raises((AssertionError, ModelConsensusError)):
        run_network(tmp_path, crashes=dict.fromkeys(range(5, 2000, 7), 1.0))


def test_what_is_not_the_node_s_is_refused(tmp_path: Path) -> None:
    run_network(tmp_path)
    one, other = pow_configs(tmp_path)[:2]

    def refusal(config: PowConfig) -> str:
        lines = PowLogLines(config.process, clock=float)
        with pytest.raises(ModelConsensusError) as refused, open_pow_storage(config, lines):
            pass
        return str(refused.value)

    with open_pow_storage(one, PowLogLines("p1", clock=float)):
        assert refusal(one) == f"{one.log}: another node is writing here"
    log = one.log.read_bytes()
    one.log.write_bytes(other.log.read_bytes())
    assert refusal(one) == f"{one.log}: line 1: not of this process and its setting"
    one.log.write_bytes(log.replace(b'"depth": 1', b'"depth": 2', 1))
    assert refusal(one) == f"{one.log}: line 1: not of this process and its setting"
    one.log.write_bytes(log.replace(b'"claim": ', b'"claim": 9', 1))
    assert refusal(one).startswith(f"{one.log}: line 2: by its losses its offer has the claim ")


def test_nothing_is_sent_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = PowMachine(pow_configs(tmp_path)[0])
    machine.participant.begin(1)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelConsensusError) as refused:
        machine.persist()
    assert str(refused.value) == f"{machine.config.log}: No space left on device"
    machine.files.close()
