"""The command ``verify`` on a small manifest: it passes, and each thing that is wrong fails it."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from model_consensus.commands import verify
from model_consensus.commands.cli import main
from model_consensus.report import console as report
from model_consensus.report import json_report
from model_consensus.tla import manifest as manifests
from model_consensus.tla.differences import changes
from model_consensus.tla.values import Function, record
from tests.support.places import TLA

pytestmark = pytest.mark.tlc

ENTRIES: list[dict[str, Any]] = [
    {"path": "MCCounter_holds.cfg", "kind": "holds", "result": "success"},
    {
        "path": "MCCounter_invariant.cfg",
        "kind": "necessity",
        "result": "safety failure",
        "property": "Below",
    },
]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two models, whose figures are recorded as they must be, by hand."""
    folder = tmp_path / "spec"
    folder.mkdir()
    shutil.copy(TLA / "Counter.tla", folder)
    (folder / "MCCounter.tla").write_text("---- MODULE MCCounter ----\nEXTENDS Counter\n====\n")
    for entry in ENTRIES:
        shutil.copy(TLA / str(entry["path"])[2:], folder / str(entry["path"]))
    common = {"claim": "a claim", "tier": "fast"}
    entries = [{**entry, **common} for entry in ENTRIES]
    entries[0] |= {"distinctStates": 9, "totalStates": 14, "actions": ["Advance", "Reset"]}
    entries[0]["temporal"] = True  # it checks Repeats
    entries[1] |= {"distinctStates": 7, "totalStates": 8, "traceLength": 4}
    write(folder, entries)
    monkeypatch.setattr(manifests, "spec_directory", lambda: folder)
    return folder


def write(folder: Path, entries: list[dict[str, Any]]) -> None:
    data = {"modules": [{"path": "MCCounter.tla", "models": entries}]}
    (folder / "manifest.json").write_text(json.dumps(data))


def entries_of(folder: Path) -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text())["modules"][0][
        "models"
    ]
    return models


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_all_passes(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    assert main(["verify", "--models-only", "--json", str(file)]) == 0
    out = capsys.readouterr().out
    assert "2 passed, 0 failed" in out
    assert "Below falls in 4 states" in out
    data = json.loads(file.read_text())
    assert data["complete"]
    assert data["passed"]
    assert {m["path"]: m["distinctStates"] for m in data["models"]} == {
        "MCCounter_holds.cfg": 9,
        "MCCounter_invariant.cfg": 7,
    }
    assert set(data["specifications"]) == {path.name for path in spec.iterdir()}
    assert len(data["tlc"]["sha256"]) == len(data["resultsSha256"]) == 64


def test_a_broken_guard_fails(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_in(spec / "Counter.tla", "count[p] < Limit", "count[p] <= Limit")
    assert main(["verify", "--models-only"]) == 1
    out = capsys.readouterr().out
    assert "safety failure of InRange instead of success" in out
    assert "FAILS" in out


def test_a_specification_that_does_not_parse_fails(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_in(spec / "Counter.tla", "turns' = turns + 1", "turns' = turns +")
    assert main(["verify", "--models-only", "MCCounter_holds"]) == 1
    assert "parse error instead of success: Counter.tla line" in capsys.readouterr().out


def test_a_dead_action_fails(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_in(spec / "MCCounter_holds.cfg", "FairSpec", "DeadActionSpec")
    replace_in(spec / "MCCounter_holds.cfg", "PROPERTY Repeats", "")
    assert main(["verify", "--models-only", "MCCounter_holds"]) == 1
    assert "the action Never (Counter.tla line 29) never fired" in capsys.readouterr().out


def test_record(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = entries_of(spec)
    entries = entries_of(spec)
    entries[0]["distinctStates"] = 10
    entries[1]["traceLength"] = 3
    write(spec, entries)
    assert main(["verify", "--models-only"]) == 1
    out = capsys.readouterr().out
    assert "9 distinct states instead of 10" in out
    assert "4 states in the counterexample instead of 3" in out
    assert main(["verify", "--record"]) == 0
    assert [
        {key: value for key, value in entry.items() if key != "runtime"}
        for entry in entries_of(spec)
    ] == right


def test_nothing_wrong_is_recorded(spec: Path) -> None:
    replace_in(spec / "Counter.tla", "Below == turns < 3", "Below == turns < 30")
    before = entries_of(spec)
    assert main(["verify", "--record"]) == 1
    after = entries_of(spec)
    assert after[1] == before[1]
    assert after[0]["distinctStates"] == 9


def test_tiers(spec: Path) -> None:
    entries = entries_of(spec)
    entries[0]["tier"] = "long"
    write(spec, entries)
    manifest = manifests.load(spec / "manifest.json")
    one, other = manifest.models
    assert verify.selected(manifest, [], "fast") == [other]
    assert verify.selected(manifest, [], "long") == [one]
    assert verify.selected(manifest, [], "all") == [one, other]
    assert verify.selected(manifest, ["MCCounter_holds"], "fast") == [one]


def test_a_model_that_is_not_in_the_manifest(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec / "MCNew.cfg").touch()
    assert main(["verify"]) == 2
    assert capsys.readouterr().err == (
        "model-consensus: error: MCNew.cfg is not in manifest.json\n"
    )


def test_what_was_found_before_an_interrupt_is_in_the_report(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(TLA / "Endless.tla", spec / "MCEndless.tla")
    shutil.copy(TLA / "Endless.cfg", spec / "MCCounter_endless.cfg")
    replace_in(spec / "MCEndless.tla", "MODULE Endless", "MODULE MCEndless")
    data = json.loads((spec / "manifest.json").read_text())
    endless = {**data["modules"][0]["models"][0], "path": "MCCounter_endless.cfg", "runtime": 9}
    data["modules"].append({"path": "MCEndless.tla", "models": [endless]})
    (spec / "manifest.json").write_text(json.dumps(data))

    def interrupt(path: Path, document: dict[str, Any]) -> None:
        report_write(path, document)
        if len(document["models"]) == 2:
            raise KeyboardInterrupt

    report_write = json_report.write
    monkeypatch.setattr(json_report, "write", interrupt)
    file = tmp_path / "report.json"
    started = time.monotonic()
    assert main(["verify", "--jobs", "2", "--json", str(file)]) == 130
    assert time.monotonic() - started < 30
    saved = json.loads(file.read_text())
    assert len(saved["models"]) == 2
    assert not saved["complete"]
    assert "passed" not in saved


@pytest.mark.parametrize("passed", [True, False])
def test_jobs_after_the_models(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed: bool
) -> None:
    def job(say: report.Say) -> report.JobOutcome:
        say("training")
        return report.JobOutcome("train", passed, "96% after 600 generations", 1.0, {"seed": 1})

    monkeypatch.setattr(verify, "JOBS", {"train": job})
    write(spec, entries_of(spec)[:1])
    (spec / "MCCounter_invariant.cfg").unlink()
    file = tmp_path / "report.json"
    assert main(["verify", "--json", str(file)]) == (0 if passed else 1)
    assert json.loads(file.read_text())["jobs"] == [
        {
            "name": "train",
            "passed": passed,
            "message": "96% after 600 generations",
            "seed": 1,
            "seconds": 1.0,
        }
    ]


def test_changes_are_said_at_the_smallest_place() -> None:
    before = record(a=1, f=Function({"p": (1,), "q": ()}), s=frozenset({1, 2}), t=(1, 2))
    after = record(a=1, f=Function({"p": (1, 7), "q": ()}), s=frozenset({2, 3}), t=(5,))
    assert list(changes(before, after)) == [
        "f.p[2] = 7  (new)",
        "s: 1 leaves",
        "s: 3 joins",
        "t = <<5>>  (was <<1, 2>>)",
    ]
