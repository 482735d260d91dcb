"""Checks that go on where they were interrupted."""

from dataclasses import replace
from pathlib import Path

import pytest

from model_consensus.commands.cli import main
from model_consensus.conformance import file_check
from model_consensus.conformance.accepted import Accepted
from model_consensus.conformance.file_check import FileVerdict, check_files
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.setting import Setting
from tests.support.changes import write_changes
from tests.support.corruptions import altered
from tests.support.trained import trained_trace

pytestmark = pytest.mark.tlc

NO_TIME = 0.001  # seconds: every run of TLC ends with an error


@pytest.fixture(scope="module")
def good() -> Trace:
    setting = Setting(protocol="tob", lambda_=3, mu=2, draws=2, generations=6, attack="none")
    return trained_trace(setting, OneMax())


def written(folder: Path, trace: Trace) -> list[Path]:
    """The trace in windows, as a list of one file."""
    path = folder / "trace.ndjson"
    assert len(write_changes(path, trace, range(15, len(trace.states), 15))) > 2
    return [path]


def only(files: list[Path], noted: Path, time_limit: float | None = None) -> FileVerdict:
    (found,) = check_files(files, accepted=Accepted(noted), time_limit=time_limit, workers=1)
    return found


def test_what_tlc_has_accepted_is_not_given_to_it_again(
    good: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_check, "TOGETHER", 1)  # a window in each run of TLC
    files, noted = written(tmp_path, good), tmp_path / "noted"
    with pytest.raises(ModelConsensusError, match="stopped at its time limit"):
        only(files, noted, NO_TIME)
    assert noted.read_text() == ""
    first = only(files, noted)
    assert first.verdict is not None
    assert first.verdict.accepted
    lines = noted.read_text().splitlines(keepends=True)
    assert len(set(lines)) == len(lines) > 2
    again = only(files, noted, NO_TIME)
    assert again.verdict is not None
    assert again.verdict.accepted
    assert again.states == first.states == len(good.states)
    # An interruption while the last line was written: its window is checked again.
    noted.write_text("".join(lines)[:-9])
    with pytest.raises(ModelConsensusError, match="stopped at its time limit"):
        only(files, noted, NO_TIME)
    assert only(files, noted).verdict is not None
    assert noted.read_text().splitlines(keepends=True) == lines


def test_what_is_not_accepted_is_never_noted(good: Trace, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    only(written(tmp_path, good), noted)
    last = len(good.states) - 1
    wrong = altered(good, last, ("learner", "p2", "evaluations"), lambda n: n + 1)
    malformed = altered(good, last, ("learner", "p2", "evaluations"), lambda n: "none")
    for bad in (wrong, malformed):
        for _ in range(2):
            found = only(written(tmp_path, bad), noted)
            assert found.verdict is not None
            assert found.verdict.rejection is not None
            assert found.verdict.trace.first + found.verdict.rejection.index == last


def test_other_constants_are_checked_again(good: Trace, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    only(written(tmp_path, good), noted)
    other = replace(good, constants={**good.constants, "Mu": 1})
    found = only(written(tmp_path, other), noted)
    assert found.verdict is not None
    assert found.verdict.rejection is not None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("a trace\n", "line 1: not the digest of an accepted window"), ("ä\n", "it cannot hold")],
)
def test_another_file_is_left_as_it_is(
    content: str, complaint: str, good: Trace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.write_text(content)
    (path,) = written(tmp_path, good)
    assert main(["check-trace", str(path), "--accepted", str(other)]) == 2
    assert f"{other}: {complaint}" in capsys.readouterr().err
    assert other.read_text() == content
    with pytest.raises(TraceError, match="it cannot hold accepted windows"):
        Accepted(tmp_path)
