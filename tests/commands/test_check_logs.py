"""``model-consensus check-logs``: exit statuses, what it says, and logs that others write."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from model_consensus.commands.cli import main
from tests.support.places import DOCS
from tests.support.pow_machines import recorded as recorded_over_work
from tests.support.recorded_logs import recorded, write

Output = pytest.CaptureFixture[str]


def test_logs_are_accepted_and_a_lie_is_named(tmp_path: Path, capsys: Output) -> None:
    logs = recorded()
    write(tmp_path, logs)
    assert main(["check-logs", str(tmp_path)]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first == "without a log, and so taken for Byzantine: p4"
    assert last.startswith(f"3 logs accepted: {sum(map(len, logs.values()))} lines in ")
    index = next(i for i, each in enumerate(logs["p2"]) if each["event"] == "decided")
    right, logs["p2"][index]["model"] = logs["p2"][index]["model"], "0" * 64
    line = index + 1
    write(tmp_path, logs)
    assert main(["check-logs", str(tmp_path)]) == 1
    reason = f"by its log it has decided the model {right[:12]}, not 000000000000"
    place = f"{tmp_path / 'p2.log'}: line {line}"
    assert capsys.readouterr().out == f"{place}: p2: {reason}\n"
    assert main(["check-logs", str(tmp_path), "--json"]) == 1
    verdict = json.loads(capsys.readouterr().out)
    assert {name: verdict[name] for name in ("accepted", "process", "line", "reason")} == {
        "accepted": False,
        "process": "p2",
        "line": line,
        "reason": reason,
    }
    assert [log["process"] for log in verdict["logs"]] == ["p1", "p2", "p3"]


def test_a_log_that_is_cut_off_is_told_from_one_with_missing_lines(
    tmp_path: Path, capsys: Output
) -> None:
    paths = write(tmp_path, recorded())
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[:-9])
    count = len(whole.splitlines())
    assert main(["check-logs", *map(str, paths)]) == 0
    said = capsys.readouterr().out
    assert f"{paths[0]}: cut off in line {count}: what is before it was checked\n" in said
    lines = whole.splitlines(keepends=True)
    paths[0].write_bytes(b"".join(lines[:4] + lines[6:]))
    assert main(["check-logs", *map(str, paths)]) == 2
    assert capsys.readouterr().err == (
        f"model-consensus: error: {paths[0]}: line 5: lines are missing: number is 7, and must be "
        "5\n"
    )


OFFERED = (
    '{"number": 2, "event": "offered", "losses": [], "offer": {"sender": "p1", "parent": "%s", '
    '"claim": 7, "ticket": {"generation": 1, "proposer": "p1", "weights": [1]}}}' % ("a" * 64)
)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[]", "not a JSON object"),
        ("{", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ("\xff", "not a JSON object"),
        ("x" * (1 << 20), "longer than 1,048,576 bytes"),
        ("{}", "number is missing"),
        ('{"number": 1}', "number is 1, and must be 2, as lines are counted"),
        ('{"number": true}', "number is not an integer in 0..2^64-1"),
        (
            '{"number": 2, "event": "start"}',
            "event is not one of offered, delivered, decided, restarted",
        ),
        ('{"number": 2, "event": "offered"}', "offer is missing"),
        (OFFERED.replace('"p1"', '"p9"'), "sender is not one of the processes"),
        (OFFERED.replace("7", "-1"), "claim is not an integer in 0..2^64-1"),
        (OFFERED.replace("7", "7.0"), "claim is not an integer in 0..2^64-1"),
        (OFFERED.replace("a" * 64, "A" * 64),
         "parent is not a digest: 64 hexadecimal digits, in small letters"),
        (OFFERED.replace("[1]", "[true]"), "weights has something else than integers of 64 bits"),
        (OFFERED.replace("[]", "[-1]"), "losses is not an integer in 0..2^64-1"),
        (OFFERED.replace("[]", "{}"), "losses is not a list"),
        ('{"number": 2, "event": "decided", "generation": 0}',
         "generation is not an integer in 1..2^64-1"),
        ('{"number": 2, "event": "decided", "generation": 1}', "model is missing"),
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_refused(
    line: str, problem: str, tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "p1.log"
    start = json.dumps(recorded()["p1"][0])
    path.write_bytes(f"{start}\n{line}\n".encode("latin-1"))
    assert main(["check-logs", str(path)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {path}: line 2: {problem}\n"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"event": "offered"}, "event is not start, with which a log begins"),
        ({"version": 2}, "version is not 1, the only one that can be read"),
        ({"processes": ["p1", "p1"]}, "processes has something else than different names"),
        ({"process": "p9"}, "process is not one of processes"),
        ({"draws": 1025}, "draws is not an integer in 1..1024"),
        ({"mu": 9}, "not 1 <= mu <= lambda <= 4, the number of processes"),
        ({"recombines": 1}, "recombines is not true or false"),
        ({"genesis": "5e"}, "genesis is not a digest: 64 hexadecimal digits, in small letters"),
    ],
)
def test_a_beginning_that_is_none_is_refused(
    change: dict[str, object], problem: str, tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "p1.log"
    path.write_text(json.dumps(recorded()["p1"][0] | change) + "\n")
    assert main(["check-logs", str(path)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {path}: line 1: {problem}\n"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"protocol": "tob"}, "not a log over Total Order Broadcast"),
        ({"depth": -1}, "depth is not an integer in 0..2^64-1"),
        ({"hashes": 0}, "hashes is not an integer in 1..2^64-1"),
        ({"hashes": 1 << 33}, "hashes is not an integer in 1..2^32"),
    ],
)
def test_a_beginning_over_proof_of_work_that_is_none_is_refused(
    change: dict[str, object], problem: str, tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "p1.log"
    path.write_text(json.dumps(recorded_over_work()["p1"][0] | change) + "\n")
    assert main(["check-logs", str(path)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {path}: line 1: {problem}\n"


BLOCK = (
    '{"number": 2, "event": "mined", "block": {"parent": "%s", "miner": "p1", "claim": 7, '
    '"nonce": 0, "step": [{"generation": 1, "proposer": "p1", "weights": [1, 0]}]}}' % ("a" * 64)
)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"number": 2, "event": "delivered"}',
         "event is not one of offered, heard, mined, received, decided, restarted"),
        ('{"number": 2, "event": "mined"}', "block is missing"),
        ('{"number": 2, "event": "mined", "block": []}', "block is not an object"),
        (BLOCK.replace("[{", "[7, {"), "step has something else than different tickets"),
        (BLOCK.replace('"claim": 7', '"claim": -7'), "claim is not an integer in 0..2^64-1"),
        (BLOCK.replace('"nonce": 0', '"nonce": 1e3'), "nonce is not an integer in 0..2^64-1"),
        (BLOCK.replace('"miner": "p1"', '"miner": 1'), "miner is not a string"),
        (BLOCK.replace("a" * 64, "a"),
         "parent is not a digest: 64 hexadecimal digits, in small letters"),
        (BLOCK.replace('"mined"', '"received"'), "losses is missing"),
        ('{"number": 2, "event": "restarted"}', "blocks is missing"),
    ],
)  # fmt: skip
def test_a_line_over_proof_of_work_that_is_none_is_refused(
    line: str, problem: str, tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "p1.log"
    path.write_text(json.dumps(recorded_over_work()["p1"][0]) + f"\n{line}\n")
    assert main(["check-logs", str(path)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {path}: line 2: {problem}\n"


def test_logs_of_two_protocols_are_not_of_one_run(tmp_path: Path, capsys: Output) -> None:
    one, *_ = write(tmp_path, {"a": recorded()["p1"]})
    other, *_ = write(tmp_path, {"b": recorded_over_work()["p2"]})
    assert main(["check-logs", str(tmp_path)]) == 2
    said = "line 1: not a log over Total Order Broadcast"
    assert capsys.readouterr().err == f"model-consensus: error: {other}: {said}\n"
    assert main(["check-logs", str(other), str(one)]) == 2
    said = "line 1: not a log over proof-of-work"
    assert capsys.readouterr().err == f"model-consensus: error: {one}: {said}\n"


@pytest.mark.tlc
def test_tlc_is_referee_over_proof_of_work_too(tmp_path: Path, capsys: Output) -> None:
    write(tmp_path, recorded_over_work("selfish"))
    assert main(["check-logs", str(tmp_path), "--landscape", "onemax", "--tlc"]) == 0
    said = capsys.readouterr().out
    assert re.match(r"TLC has accepted \d+ states of DelayedLearning\n", said)
    assert "\na behaviour of DelayedLearning with a slot for each win of a correct process" in said


def test_files_that_are_no_logs_are_refused(tmp_path: Path, capsys: Output) -> None:
    empty = tmp_path / "empty.log"
    empty.write_text("")
    assert main(["check-logs", str(empty)]) == 2
    assert capsys.readouterr().err == (
        f"model-consensus: error: {empty}: line 1: the log ends before its first line does\n"
    )
    empty.unlink()
    assert main(["check-logs", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"model-consensus: error: there is no *.log file in {tmp_path}\n"
    )
    assert main(["check-logs", str(empty)]) == 2
    assert (
        capsys.readouterr().err == f"model-consensus: error: {empty}: No such file or directory\n"
    )


@pytest.mark.tlc
def test_a_run_leaves_logs_that_tlc_accepts_as_well(tmp_path: Path, capsys: Output) -> None:
    for protocol in ("tob", "streamlet"):
        out = str(tmp_path / protocol)
        run = ["run", protocol, "--landscape", "onemax", "--generations", "3", "--out", out]
        assert main([*run, "--no-check"]) == 0
        assert main(["check-logs", f"{out}/logs", "--landscape", "onemax", "--tlc"]) == 0
        assert "TLC has accepted " in capsys.readouterr().out


def test_the_logs_of_a_defective_learner_are_rejected(tmp_path: Path, capsys: Output) -> None:
    out = str(tmp_path / "unverified")
    run = ["run", "tob", "--landscape", "onemax", "--generations", "3", "--unverified"]
    assert main([*run, "--no-check", "--out", out]) == 0
    capsys.readouterr()
    assert main(["check-logs", f"{out}/logs"]) == 1
    assert ": p1: " in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_example_in_javascript_writes_logs_of_the_same_run(
    tmp_path: Path, capsys: Output
) -> None:
    program = DOCS / "examples" / "four_processes.mjs"
    subprocess.run(["node", str(program), str(tmp_path)], check=True)
    assert main(["check-logs", str(tmp_path), "--landscape", "onemax"]) == 0
    path = tmp_path / "p3.log"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    last = json.loads(lines[-1])
    assert (last["event"], last["generation"]) == ("decided", 5)
    lines[-1] = json.dumps({**last, "model": "0" * 64}) + "\n"
    path.write_text("".join(lines), encoding="utf-8")
    capsys.readouterr()
    assert main(["check-logs", str(tmp_path), "--landscape", "onemax"]) == 1
    assert capsys.readouterr().out.startswith(f"{path}: line {len(lines)}: p3: ")
