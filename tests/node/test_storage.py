"""What a node keeps on disk: whatever a crash leaves of it, the node goes on and is believed."""

import json
import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_consensus.conformance.log_check import check_logs
from model_consensus.conformance.logs import open_logs
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Process
from model_consensus.node import storage
from model_consensus.node.config import Config
from model_consensus.node.participant import Participant
from model_consensus.node.storage import Storage, open_storage
from model_consensus.streamlet.codec import decode, encode
from model_consensus.streamlet.messages import Proposal, Vote
from model_consensus.streamlet.state import Send
from model_consensus.tob_learner import Rules, current_generation
from tests.support.nodes import NAMES, configs

CRASHES = st.dictionaries(st.integers(0, 300), st.floats(0, 1), max_size=6)
"""At which steps a process crashes, and how much of what the step wrote stays on its disk."""


class Machine:
    """One process: its participant and its files."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.open()

    def open(self) -> None:
        self.files = ExitStack()
        self.storage: Storage
        self.storage, remembered = self.files.enter_context(open_storage(self.config))
        setting, log = self.config.setting, self.storage.lines
        self.participant = Participant(
            self.config.identity, self.config.search, Rules(setting.lambda_, setting.mu),
            setting.generations, log, remembered,
        )  # fmt: skip
        self.persist()

    def persist(self) -> None:
        self.storage.sync(self.participant.lines)
        self.participant.lines.clear()

    def crash(self, share: float) -> None:
        """Persist, lose a part of that, and start again."""
        paths = self.config.journal, self.config.log
        before = [path.stat().st_size for path in paths]
        self.persist()
        new = [path.stat().st_size - size for path, size in zip(paths, before, strict=True)]
        node = self.storage.order.node
        had = node.durable, node.notarized, node.finalizing, self.participant.learner
        self.files.close()
        kept = int(share * sum(new))
        for path, size, written in zip(paths, before, new, strict=True):
            with path.open("r+b") as file:
                file.truncate(size + min(kept, written))
            kept -= min(kept, written)  # the journal is written first
        self.open()
        if share == 1:
            node = self.storage.order.node
            has = node.durable, node.notarized, node.finalizing, self.participant.learner
            assert has == had, "something is forgotten"


def run(folder: Path, crashes: dict[int, float]) -> dict[tuple[Process, int], set[Digest]]:
    """Run four processes, one of them silent, to the end: what each voted for, by epoch."""
    made = configs(folder)
    machines = {config.process: Machine(config) for config in made[:3]}
    voted: dict[tuple[Process, int], set[Digest]] = {}
    queue: deque[tuple[Process, bytes]] = deque()
    steps = 0

    def after(machine: Machine, out: Sequence[Send], epoch: int) -> None:
        nonlocal steps
        steps += 1
        if steps in crashes:
            machine.crash(crashes[steps])
            after(machine, machine.participant.begin(epoch), epoch)
            return
        machine.persist()
        for send in out:
            packet = send.packet
            vote = packet.vote if isinstance(packet, Proposal) else packet
            if isinstance(vote, Vote) and vote.voter == machine.config.process:
                voted.setdefault((vote.voter, vote.epoch), set()).add(vote.block)
            for process in machines if send.to is None else (send.to,):
                if process in machines and process != machine.config.process:
                    queue.append((process, encode(packet)))

    try:
        for epoch in range(1, 200):
            for machine in machines.values():
                after(machine, machine.participant.begin(epoch), epoch)
            while queue:
                process, data = queue.popleft()
                machine = machines[process]
                after(machine, machine.participant.receive(decode(data)), epoch)
            if all(current_generation(m.participant.learner) > 3 for m in machines.values()):
                return voted
        raise AssertionError("a process has stopped learning")
    finally:
        for machine in machines.values():
            machine.files.close()


def check(folder: Path) -> list[str]:
    paths = [folder / f"{process}.log" for process in NAMES[:3]]
    with open_logs(paths) as logs:
        return [
            type(merged.action).__name__ for merged in check_logs(logs, configs(folder)[0].search)
        ]


@pytest.mark.slow
@given(crashes=CRASHES)
@settings(max_examples=25)
def test_whatever_a_crash_leaves_nobody_votes_twice_and_the_logs_are_accepted(
    crashes: dict[int, float],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        voted = run(Path(name), crashes)
        assert all(len(blocks) == 1 for blocks in voted.values())
        steps = check(Path(name))
        assert steps.count("Deliver") >= 3 * 3 * 3  # three offers, generations and processes
        restarts = sum(
            json.loads(line)["event"] == "restarted"
            for process in NAMES[:3]
            for line in (Path(name) / f"{process}.log").read_text().splitlines()
        )
        assert restarts <= len(crashes)


@pytest.mark.parametrize("kind", ["voted", "message", "notarized", "final"])
def test_what_the_journal_leaves_out_is_noticed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes = dict.fromkeys([*range(4, 200, 7), *range(200, 2000, 31)], 1.0)
    run(tmp_path, crashes)
    check(tmp_path)
    forgets = tmp_path / "forgets"
    forgets.mkdir()
    changes = storage._changes
    monkeypatch.setattr(
        storage,
        "_changes",
        lambda *durables: (record for record in changes(*durables) if kind not in record),
    )
    with pytest.raises(AssertionError, match="is forgotten"):
        run(forgets, crashes)


def test_what_is_not_the_node_s_is_refused(tmp_path: Path) -> None:
    run(tmp_path, {})
    one, other = configs(tmp_path)[:2]

    def refusal(config: Config) -> str:
        with pytest.raises(ModelConsensusError) as refused, open_storage(config):
            pass
        return str(refused.value)

    with open_storage(one):
        assert refusal(one) == f"{one.journal}: another node is writing here"
    log, journal = one.log.read_bytes(), one.journal.read_bytes()
    one.log.write_bytes(b"")
    assert refusal(one) == f"{one.log}: empty, and {one.journal} is not"
    one.log.write_bytes(other.log.read_bytes())
    assert refusal(one) == f"{one.log}: line 1: not of this process and its setting"
    one.log.write_bytes(log)
    one.journal.write_bytes(b"")
    assert refusal(one) == f"{one.journal}: empty, and {one.log} is not"
    one.journal.write_bytes(other.journal.read_bytes())
    assert refusal(one) == (
        f"{one.journal}: line 1: not of this process, its committee and its setting"
    )
    one.journal.write_bytes(journal + b"{}\n")
    count = len(journal.splitlines()) + 1
    assert refusal(one) == f"{one.journal}: line {count}: not a line of a journal"
    one.journal.write_bytes(journal)
    one.log.write_bytes(log.replace(b'"claim": ', b'"claim": 9', 1))
    assert refusal(one).startswith(f"{one.log}: line 2: by its losses its offer of generation 1 ")


def test_nothing_is_sent_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(configs(tmp_path)[0])
    machine.participant.begin(1)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelConsensusError) as refused:
        machine.persist()
    assert str(refused.value) == f"{machine.config.journal}: No space left on device"
    machine.files.close()
