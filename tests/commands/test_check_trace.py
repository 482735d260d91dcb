"""``model-consensus check-trace``: several files, a pipe, and verdicts as JSON."""

import io
import json
import sys
from pathlib import Path

import pytest

from model_consensus.commands.cli import main
from tests.support.places import ROOT

Output = pytest.CaptureFixture[str]
INPUTS = ROOT / "tests" / "conformance" / "inputs"
GOOD = INPUTS / "00-good.itf.json"
BAD = INPUTS / "01-true-for-1.itf.json"


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.tlc
def test_a_bad_file_does_not_hide_the_verdicts_on_the_others(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = tmp_path / "none.itf.json"
    none.write_text("{}")
    pipe(monkeypatch, GOOD.read_bytes())
    assert main(["check-trace", str(BAD), str(none), "-", "--json"]) == 2
    said = capsys.readouterr()
    bad, unread, piped = json.loads(said.out)
    assert (bad["source"], bad["accepted"], bad["state"]) == (str(BAD), False, 3)
    assert "learner.p1.offered: TRUE is not a natural number" in bad["reason"]
    assert (piped["source"], piped["accepted"], piped["reason"]) == ("-", True, None)
    problem = f"{none}: not a trace: #meta and states are missing"
    assert unread == {"source": str(none), "accepted": None, "error": problem}
    assert said.err.endswith(f"model-consensus: error: {problem}\n")


def test_what_a_pipe_says_may_be_no_trace(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"{}")
    assert main(["check-trace", "-"]) == 2
    assert capsys.readouterr().err == (
        "model-consensus: error: -: not a trace: #meta and states are missing\n"
    )
