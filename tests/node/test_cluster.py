"""Whole clusters: real processes, killed, cut off and started again, with a Byzantine one."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from model_consensus.commands.cli import main
from model_consensus.errors import ModelConsensusError
from model_consensus.node.cluster import drawn_faults
from model_consensus.node.config import load_config
from model_consensus.node.links import free_addresses
from model_consensus.simulation.setting import Setting
from property_tests.soak import OVER, command, drawn
from tests.support.nodes import write_configs

Output = pytest.CaptureFixture[str]
QUICK = ["--landscape", "onemax", "--draws", "4", "--epoch", "0.05"]
WORK = ["--depth", "10", "--hashes", "10000"]


def events(log: Path) -> list[str]:
    return [json.loads(line)["event"] for line in log.read_text().splitlines()]


@pytest.mark.slow
def test_a_cluster_learns_through_kills_and_a_cut(tmp_path: Path, capsys: Output) -> None:
    out = tmp_path / "out"
    options = [*QUICK, "--generations", "12", "--attack", "collusion", "--out", str(out)]
    assert main(["cluster", "tob", *options]) == 0
    said = capsys.readouterr().out
    assert said.count("is killed after generation") == said.count("is started again") == 2
    assert said.count("is cut off after generation") == said.count("is connected again") == 1
    assert "banned: p4" in said
    assert "without a log, and so taken for Byzantine: p4\n3 logs accepted: " in said
    logs = [out / "logs" / f"p{number}.log" for number in (1, 2, 3)]
    happened = [events(log) for log in logs]
    assert sum(each.count("restarted") for each in happened) == 2
    assert all(each.count("decided") == 12 for each in happened)
    assert (out / "metrics.csv").read_text().count("\n") == 13
    assert json.loads((out / "summary.json").read_text())["banned"] == ["p4"]

    lines = logs[1].read_text().splitlines(keepends=True)
    index = next(i for i, line in enumerate(lines) if '"offered"' in line)
    lines[index] = lines[index].replace('"claim": ', '"claim": 1')
    logs[1].write_text("".join(lines))
    assert main(["check-logs", str(out / "logs")]) == 1
    assert capsys.readouterr().out.startswith(f"{logs[1]}: line {index + 1}: p2: by its losses ")


@pytest.mark.slow
def test_a_cluster_over_proof_of_work_learns_through_a_kill_and_a_cut(
    tmp_path: Path, capsys: Output
) -> None:
    out = tmp_path / "out"
    options = [*QUICK, *WORK, "--generations", "10", "--kills", "1", "--attack", "false-claim"]
    assert main(["cluster", "pow", *options, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.count("is killed after generation") == said.count("is started again") == 1
    assert said.count("is cut off after generation") == said.count("is connected again") == 1
    assert "without a log, and so taken for Byzantine: p4\n3 logs accepted: " in said
    assert "a behaviour of DelayedLearning with a slot for each win of a correct process" in said
    assert "by the clocks in the logs, which are not checked, these arrived after " in said
    logs = [out / "logs" / f"p{number}.log" for number in (1, 2, 3)]
    happened = [events(log) for log in logs]
    assert sum(each.count("restarted") for each in happened) == 1
    assert all(each.count("decided") >= 10 for each in happened)
    assert (out / "metrics.csv").read_text().count("\n") >= 11
    assert json.loads((out / "summary.json").read_text())["generations"] >= 10
    assert (out / "model.npz").exists()

    assert main(["check-logs", str(out / "logs"), "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["blocks"] >= verdict["longestChain"] >= 10
    assert verdict["delta"] >= verdict["deltaOfRunning"]
    assert verdict["arrivalSeconds"]["median"] < 1

    lines = logs[1].read_text().splitlines(keepends=True)
    index = next(i for i, line in enumerate(lines) if '"received"' in line)
    lines[index] = lines[index].replace('"claim": ', '"claim": 1')
    logs[1].write_text("".join(lines))
    assert main(["check-logs", str(out / "logs")]) == 1
    assert capsys.readouterr().out.startswith(f"{logs[1]}: line {index + 1}: p2: ")


@pytest.mark.slow
@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("seed", range(3))
def test_a_drawn_cluster_is_accepted(over: str, seed: int, tmp_path: Path, capsys: Output) -> None:
    """``make soak`` has more of them."""
    arguments = command(over, drawn(over, random.Random(seed)), tmp_path, generations=6)
    assert main(arguments) == 0
    assert " logs accepted: " in capsys.readouterr().out


def has_begun(output: Path) -> bool:
    """Whether a node has said so: one that is still starting ends without a word."""
    return output.exists() and "is decided" in output.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("over", "generations"), [("streamlet", 15), ("nats", 400)])
def test_an_interrupted_cluster_leaves_no_process_and_goes_on(
    over: str, generations: int, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = [*QUICK, "--order", over, "--generations", str(generations), "--kills", "0"]
    options += ["--cuts", "0", "--out", str(out)]
    command = [sys.executable, "-m", "model_consensus", "cluster", "tob", *options]
    cluster = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = out / "logs" / "p1.log"
    said = [out / "nodes" / f"p{number}.out" for number in (1, 2, 3, 4)]
    while not (log.exists() and "decided" in log.read_text() and all(map(has_begun, said))):
        assert cluster.poll() is None
        time.sleep(0.1)
    os.kill(cluster.pid, signal.SIGINT)
    assert cluster.communicate(timeout=60)[1] == b"model-consensus: interrupted\n"
    assert cluster.returncode == 130
    last = [each.read_text().splitlines()[-1] for each in said]
    assert last == ["model-consensus: interrupted"] * 4
    assert main(["cluster", "tob", *options]) == 2
    assert main(["cluster", "tob", *options, "--resume", "--cuts", "1"]) == 2
    assert main(["cluster", "tob", *options, "--resume"]) == 0
    happened = events(log)
    assert (happened.count("restarted"), happened.count("decided")) == (1, generations)


def test_an_address_is_given_to_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.sample", lambda ports, count: ports[2000:2020])
    with free_addresses(3) as some:
        with free_addresses(3) as others:
            assert len({*some, *others}) == 6
        with pytest.raises(ModelConsensusError, match="there are no 30 free ports"):
            ExitStack().enter_context(free_addresses(30))
    with free_addresses(3) as again:
        assert again == some


def test_a_node_says_that_its_address_is_taken(tmp_path: Path, capsys: Output) -> None:
    path = write_configs(tmp_path)[0]
    with socket.create_server(load_config(path).listen):
        assert main(["node", "--config", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("model-consensus: error: listen: ")
    assert line.endswith("address already in use")


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # who has ended, and whom nobody has waited for, is a zombie
    return not (stat.exists() and stat.read_text().rpartition(") ")[2].startswith("Z"))


@pytest.mark.slow
@pytest.mark.parametrize("over", ["streamlet", "nats"])
def test_all_processes_end_with_a_cluster_that_is_killed(over: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = [*QUICK, "--order", over, "--kills", "0", "--cuts", "0", "--out", str(out)]
    command = [sys.executable, "-m", "model_consensus", "cluster", "tob", *options]
    cluster = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = out / "logs" / "p1.log"
    try:
        while not log.exists() or "decided" not in log.read_text():
            assert cluster.poll() is None
            time.sleep(0.1)
        listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True)
        pids = [int(line.split()[0]) for line in listed.stdout.splitlines() if f"{out}/" in line]
        # A server has a shell around it.
        assert len(pids) == (4 if over == "streamlet" else 4 + 2 * 3)
        assert all(map(runs, pids))
    finally:
        cluster.kill()
        cluster.wait()
    until = time.monotonic() + 30
    while any(map(runs, pids)):
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_a_node_that_ends_by_itself_ends_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr("model_consensus.node.cluster._place", lambda address: "nowhere")
    assert main(["cluster", "tob", *QUICK, "--out", str(out)]) == 2
    said = re.escape("processes.p1.address must be HOST:PORT, not 'nowhere'")
    assert re.fullmatch(
        rf"model-consensus: error: (p\d) has ended: model-consensus: error: "
        rf"{re.escape(str(out))}/nodes/\1\.toml: {said}\n",
        capsys.readouterr().err,
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["tob", "--attack", "kindness"], "no attack on streamlet 'kindness': there are "),
        (["pow", "--attack", "kindness"], "no attack on pow 'kindness': there are "),
        (["tob", "--byzantine", "2"],
         "streamlet needs processes > 3 byzantine (n > 3f), and 4 > 3 * 2 "),
        (["tob", "--landscape", "onemin"], "no landscape 'onemin': did you mean onemax?"),
        (["tob", "--depth", "2"], "--depth changes nothing in a cluster over tob"),
        (["pow", "--processes", "1"],
         "byzantine must be in 0..0, as one of 1 processes is correct: not 1"),
    ],
)  # fmt: skip
def test_bad_options_are_one_line(
    options: list[str], problem: str, tmp_path: Path, capsys: Output
) -> None:
    assert main(["cluster", *options, "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"model-consensus: error: {problem}")


def test_faults_are_of_correct_processes_and_spread_over_the_run() -> None:
    for seed in range(20):
        setting = Setting(protocol="streamlet", attack="none", generations=30, seed=seed)
        faults = drawn_faults(setting, kills=2, cuts=1)
        assert [fault.generation for fault in faults] == [7, 15, 22]
        assert sorted(fault.kind for fault in faults) == ["cut", "kill", "kill"]
        assert {fault.process for fault in faults} <= {"p1", "p2", "p3"}
