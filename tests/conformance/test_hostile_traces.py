"""Files that mean harm: ``check-trace`` says what is wrong in one line, soon and in little memory.

What is wrong in a small file is in ``test_traces.py``.  Here the command runs as a process of its
own, whose memory is measured.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from model_consensus.commands import cli
from model_consensus.commands.check_trace import find_files
from model_consensus.conformance import traces
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.traces import LARGEST_FILE, MOST_VALUES
from model_consensus.errors import ModelConsensusError
from model_consensus.tla.values import parse

resource = pytest.importorskip("resource")  # not on Windows

MEASURED = """
import resource, sys
from model_consensus.commands import cli
status = cli.main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(status)
"""
BEGINNING = (
    '{"#meta": {"module": "TobLearning", "constants": {}, "genesis": "g", "models": []},'
    '"vars": ["loss"], "states": [{"loss": ['
)
ENDING = "0]}]}"


@dataclass(frozen=True)
class Outcome:
    """What a run of the command said; ``peak`` in MiB."""

    status: int
    complaint: str
    peak: float


def check_trace(path: Path, memory: int) -> Outcome:
    """Run ``check-trace`` with an address space of so many MiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "check-trace", str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory << 20, memory << 20)),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # each thread reserves address space
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    unit = 1 if sys.platform == "darwin" else 1024
    return Outcome(done.returncode, done.stderr, int(done.stdout.split()[-1]) * unit / (1 << 20))


def refused(outcome: Outcome, path: Path, complaint: str) -> bool:
    """Whether the file was refused in one line."""
    return (
        outcome.status == 2
        and outcome.complaint.count("\n") == 1
        and outcome.complaint.startswith(f"model-consensus: error: {path}: ")
        and complaint in outcome.complaint
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "size", "complaint"),
    [
        ("[1],", LARGEST_FILE + 1, "larger than"),
        ("[1],", 100_000_000, "more than 6,000,000 values"),
        ('"' + "a" * 999 + '",', 100_000_000, "not JSON"),  # it ends in the middle of a string
        ("[", 100_000_000, "more than 6,000,000 values"),
        ("[", 100_000, "nested too deeply"),
        ('{"a":', 500_000, "nested too deeply"),
    ],
    ids=["100 MiB", "lists", "strings", "brackets", "100k brackets", "100k objects"],
)
def test_huge_and_deep_files_are_refused_in_little_memory(
    unit: str, size: int, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "huge.itf.json"
    path.write_text(BEGINNING + unit * (size // len(unit)))
    outcome = check_trace(path, memory=1024)
    assert refused(outcome, path, complaint), outcome
    assert outcome.peak < 500


@pytest.mark.slow
@pytest.mark.parametrize("unit", ['{"a":1},', "[[1]],", '"é\\u20ac",', "12345678901234567890,"])
def test_a_value_takes_little_memory(unit: str, tmp_path: Path) -> None:
    values = 300_000
    path = tmp_path / "many.itf.json"
    brackets_and_commas = sum(map(unit.count, "[{,"))
    path.write_text(BEGINNING + unit * (values // brackets_and_commas) + ENDING, encoding="utf-8")
    small = tmp_path / "small.itf.json"
    small.write_text(BEGINNING + ENDING)
    base, outcome = (check_trace(each, memory=2048) for each in (small, path))
    assert refused(outcome, path, "the constant Byzantine is missing")  # it was read
    # What docs/traces.md promises: the greatest number of values in less than 2 GiB.
    assert base.peak + (outcome.peak - base.peak) * MOST_VALUES / values < 2048


def test_a_file_that_is_none_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe.itf.json", tmp_path / "loop.itf.json"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    folder = tmp_path / "folder.itf.json"
    folder.mkdir()
    for path, complaint in (
        (pipe, "not a file"),
        (loop, "symbolic links"),
        (Path("/dev/zero"), "not a file"),
    ):
        with pytest.raises(TraceError, match=complaint):
            traces.read(path)
    assert cli.main(["check-trace", str(tmp_path)]) == 2


def test_a_folder_that_links_to_itself_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to(tmp_path)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "t.itf.json").write_text("{}")
    (tmp_path / "notes.json").write_text("{}")
    assert find_files([tmp_path]) == [inner / "t.itf.json"]


def test_a_tla_value_that_is_nested_too_deeply_is_no_value() -> None:
    with pytest.raises(ModelConsensusError, match="not a TLA"):
        parse("<<" * 100_000)
