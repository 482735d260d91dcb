"""The command ``verify`` on a small manifest: it passes, and each thing that is wrong fails it."""

import json
import re
import shutil
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, TextIO

import pytest

from model_consensus.commands import proofs_graphs_trainings as jobs
from model_consensus.commands import verify
from model_consensus.commands.cli import main
from model_consensus.conformance.explore import Exploration, explore
from model_consensus.conformance.state_graph import Difference
from model_consensus.errors import ModelConsensusError
from model_consensus.proofs import theories
from model_consensus.report import claims, json_report
from model_consensus.report.outcomes import Found, JobOutcome, Status, overall
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import Training, train
from model_consensus.tla import manifest as manifests
from model_consensus.tla import tlc
from model_consensus.tla.differences import changes
from model_consensus.tla.toolchain import find_toolchain
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
    entries[0]["checks"] = ["InRange", "Repeats"]
    entries[1]["checks"] = ["Below", "InRange"]
    write(folder, entries)
    for entry, model in zip(entries, manifests.load(folder / "manifest.json").models, strict=True):
        entry["sources"] = manifests.sources(model)
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
    assert "\n         Below is violated in 4 states\n" in out
    assert max(map(len, out.splitlines()[3:])) <= 80
    data = json.loads(file.read_text())
    assert data["complete"]
    assert data["status"] == "ok"
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
    assert "! the specification has changed since its figures were recorded" in " ".join(
        out.split()
    )
    assert "\nFAILS    MCCounter_holds" in out


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


def test_temporal_properties_that_are_gone_fail(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_in(spec / "MCCounter_holds.cfg", "PROPERTY Repeats", "")
    assert main(["verify", "--models-only", "MCCounter_holds"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "! no temporal properties checked instead of some" in out
    assert "! it checks InRange instead of InRange, Repeats" in out


@pytest.mark.parametrize("wrong", ["MCCounter_holds", "MCCounter_invariant"])
def test_one_failure_fails_whether_it_comes_first_or_last(spec: Path, wrong: str) -> None:
    entries = entries_of(spec)
    for entry in entries:
        entry["runtime"] = 5.0 if entry["path"] == f"{wrong}.cfg" else 1.0
        entry["distinctStates"] += entry["path"] == f"{wrong}.cfg"
    write(spec, entries)
    assert main(["verify", "--models-only", "--jobs", "1"]) == 1
    for entry in entries:
        entry["runtime"] = 6.0 - entry["runtime"]
    write(spec, entries)
    assert main(["verify", "--models-only", "--jobs", "1"]) == 1


def test_record(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = entries_of(spec)
    entries = entries_of(spec)
    entries[0]["distinctStates"] = 10
    entries[1]["traceLength"] = 3
    write(spec, entries)
    assert main(["verify", "--models-only"]) == 1
    out = capsys.readouterr().out
    assert "! 9 distinct states instead of 10" in out
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
    assert "status" not in saved


JobsOf = dict[str, Status]


@pytest.mark.parametrize(
    ("statuses", "exit_status", "said"),
    [
        ({"one": Status.OK, "two": Status.OK}, 0, "3 passed, 0 failed in"),
        ({"one": Status.FAILS, "two": Status.OK}, 1, "2 passed, 1 failed in"),
        ({"one": Status.OK, "two": Status.FAILS}, 1, "2 passed, 1 failed in"),
        ({"one": Status.NOT_RUN, "two": Status.FAILS}, 1, "1 passed, 1 failed, 1 not run in"),
        ({"one": Status.NOT_RUN, "two": Status.OK}, 2, "2 passed, 0 failed, 1 not run in"),
        ({"one": Status.OK, "two": Status.PARTIAL}, 2, "2 passed, 0 failed, 1 partial in"),
    ],
)
def test_jobs_after_the_models(
    spec: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    statuses: JobsOf,
    exit_status: int,
    said: str,
) -> None:
    def job(name: str) -> jobs.Job:
        found = Found(statuses[name], f"{name} has a message", {"seed": 1})
        return lambda say, graphs: JobOutcome(name, found, 1.0)

    monkeypatch.setattr(verify, "JOBS", {name: job(name) for name in statuses})
    write(spec, entries_of(spec)[:1])
    (spec / "MCCounter_invariant.cfg").unlink()
    file = tmp_path / "report.json"
    assert main(["verify", "--json", str(file)]) == exit_status
    out = capsys.readouterr().out
    assert said in out
    for name, status in statuses.items():
        assert f"\n{status:<9}{name}: {name} has a message (1.0 s)\n" in out
    data = json.loads(file.read_text())
    assert data["jobs"] == [
        {"name": n, "status": s, "message": f"{n} has a message", "seed": 1, "seconds": 1.0}
        for n, s in statuses.items()
    ]
    assert data["status"] == {0: "ok", 1: "FAILS", 2: "partial"}[exit_status]


# ----------------------------------------------------------------- what the jobs pass, and do not


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        ([], Status.NOT_RUN),
        ([Status.OK, Status.OK], Status.OK),
        ([Status.FAILS, Status.OK], Status.FAILS),
        ([Status.OK, Status.FAILS], Status.FAILS),
        ([Status.NOT_RUN, Status.FAILS], Status.FAILS),
        ([Status.OK, Status.NOT_RUN], Status.PARTIAL),
        ([Status.PARTIAL], Status.PARTIAL),
        ([Status.NOT_RUN, Status.NOT_RUN], Status.NOT_RUN),
    ],
)
def test_a_whole_is_green_only_if_every_part_is(statuses: list[Status], whole: Status) -> None:
    assert overall(statuses) is whole


@pytest.mark.parametrize(
    ("package", "job", "message"),
    [
        ("z3", claims.PROOFS, "z3 is not installed: it comes with the extra 'proofs'"),
        (
            "sklearn",
            claims.TRAININGS,
            "sklearn is not installed: it comes with the extra 'learn'",
        ),
    ],
)
def test_without_its_package_a_job_is_not_run(
    package: str, job: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jobs, "find_spec", lambda name: None if name == package else True)
    found = jobs.JOBS[job](print, tmp_path).found
    assert (found.status, found.data) == (Status.NOT_RUN, {})
    assert found.message.startswith(message)


def test_a_claim_whose_evidence_cannot_be_run_is_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "find_spec", lambda name: None)
    assert main(["verify", "--claim", "C2"]) == 2
    assert "0 passed, 0 failed, 1 not run in" in capsys.readouterr().out


def answers(**changed: str) -> list[tuple[str, str, str, float]]:
    """An outcome for each theory, unsat but for those that are changed ("" for none at all)."""
    found = dict.fromkeys(theories.THEORIES, "unsat") | changed
    return [(theory, "a condition", answer, 1.0) for theory, answer in found.items() if answer]


@pytest.mark.parametrize(
    ("outcomes", "failed"),
    [
        (answers(), []),
        (answers(tob_learning="sat"), ["a condition (sat)", "tob_learning has no condition"]),
        (answers(counting="unknown"), ["a condition (unknown)", "counting has no condition"]),
        ([*answers(), ("streamlet", "last", "unknown", 1.0)], ["last (unknown)"]),
        ([("streamlet", "first", "unknown", 1.0), *answers()], ["first (unknown)"]),
        (answers(termination=""), ["termination has no condition"]),
    ],
)
def test_only_unsat_of_every_theory_is_a_proof(
    outcomes: list[tuple[str, str, str, float]], failed: list[str]
) -> None:
    found = jobs.judged_proofs(outcomes)
    assert found.status is (Status.FAILS if failed else Status.OK)
    assert found.data["failed"] == failed
    assert found.message.endswith(failed[0] if failed else "0 not")


def graph(equal: bool) -> Exploration:
    model = manifests.load().find("MCTobLearning_tiny")
    difference = Difference((), "Init", "specification", Function({"x": 1}), ())
    return Exploration(model, 3, 4, None if equal else difference, 1.0)


@pytest.mark.parametrize(
    ("equal", "left_out", "status", "message"),
    [
        ([True] * 9, 0, Status.OK, "9 of 9 graphs are equal"),
        ([True] * 8 + [False], 0, Status.FAILS, "8 of 9 graphs are equal"),
        ([False] + [True] * 8, 0, Status.FAILS, "8 of 9 graphs are equal"),
        ([False] * 8 + [True], 0, Status.FAILS, "1 of 9 graphs are equal"),
        ([], 0, Status.NOT_RUN, "0 of 0 graphs are equal"),
        (
            [True],
            2,
            Status.PARTIAL,
            "1 of 1 graphs are equal; 2 of Streamlet not run: ",
        ),
        (
            [False],
            2,
            Status.FAILS,
            "0 of 1 graphs are equal; 2 of Streamlet not run: ",
        ),
    ],
)
def test_all_graphs_must_be_equal(
    equal: list[bool], left_out: int, status: Status, message: str
) -> None:
    found = jobs.judged_graphs([graph(each) for each in equal], left_out)
    assert found.status is status
    assert found.message.startswith(message)


def test_a_graph_is_dumped_by_the_check_of_its_model_and_only_if_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLC runs once for each model, and the graphs that are compared are those that it dumped."""
    model = manifests.load().find("MCTobLearning_tiny")
    other = manifests.load().find("MCTobNecessity_unverified")
    toolchain = find_toolchain()
    (tmp_path / "graphs").mkdir()
    checked = list(verify.check_models([model, other], toolchain, 2, graphs=tmp_path / "graphs"))
    assert [each.status for each in checked] == [Status.OK] * 2
    dot = jobs.dot_of(model, tmp_path / "graphs")
    assert list((tmp_path / "graphs").iterdir()) == [dot]

    monkeypatch.setattr(tlc, "check", None)
    assert explore(model, dot=dot).difference is None
    lines = dot.read_text(encoding="utf-8").splitlines()
    edge = next(i for i, line in enumerate(lines) if re.match(r"-?\d+ -> ", line))
    dot.write_text("\n".join(lines[:edge] + lines[edge + 1 :]), encoding="utf-8")
    difference = explore(model, dot=dot).difference
    assert difference is not None
    assert difference.only == "implementation"
    assert model.figures is not None
    more = replace(model, figures=replace(model.figures, distinct=202))
    with pytest.raises(ModelConsensusError, match="TLC found 202 states and dumped 201"):
        explore(more, dot=dot)
    monkeypatch.undo()

    (tmp_path / "none").mkdir()
    (failed,) = verify.check_models([more], toolchain, 1, graphs=tmp_path / "none")
    assert failed.status is Status.FAILS
    assert list((tmp_path / "none").iterdir()) == []


TOB, POW = jobs.Trained("tob", 0.95, 10, True), jobs.Trained("pow", 0.94, 20, True)


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([TOB, POW], Status.OK),
        ([TOB, replace(POW, accepted=False)], Status.FAILS),
        ([replace(TOB, accepted=False), POW], Status.FAILS),
        ([TOB, replace(POW, accuracy=0.92)], Status.FAILS),
        ([replace(TOB, accuracy=float("nan")), POW], Status.FAILS),
        ([TOB], Status.FAILS),
        ([], Status.FAILS),
    ],
)
def test_both_trainings_must_be_accurate_and_their_traces_accepted(
    runs: list[jobs.Trained], status: Status
) -> None:
    assert jobs.judged_trainings(runs).status is status


def test_the_accuracy_is_that_of_the_test_rows_and_tlc_sees_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short run whose accuracies differ from part to part, and whose file is wrong."""
    setting = Setting(
        protocol="tob", attack="none", processes=3, byzantine=0, lambda_=2, draws=1, generations=1
    )
    lines = StringIO()
    training = train(setting, load_landscape("digits"), trace=lines)
    parts = {"train": 0.99, "validation": 0.98, "test": 0.25}
    rows = [*training.rows[:-1], replace(training.rows[-1], accuracy=parts)]
    training = replace(training, rows=rows)
    written = lines.getvalue().splitlines(keepends=True)

    def trained(trace: TextIO) -> Training:
        trace.writelines(written)
        return training

    monkeypatch.setattr(jobs, "_TRAIN", {"tob": trained})
    monkeypatch.setattr(jobs, "OUT", tmp_path)
    right = jobs._train_and_check("tob")
    assert (right.accuracy, right.accepted) == (0.25, True)
    last = json.loads(written[-1])
    written[-1] = json.dumps({**last, "changes": {}}) + "\n"  # as if nothing had happened
    assert not jobs._train_and_check("tob").accepted


def test_changes_are_said_at_the_smallest_place() -> None:
    before = record(a=1, f=Function({"p": (1,), "q": ()}), s=frozenset({1, 2}), t=(1, 2))
    after = record(a=1, f=Function({"p": (1, 7), "q": ()}), s=frozenset({2, 3}), t=(5,))
    assert list(changes(before, after)) == [
        "f.p[2] = 7  (new)",
        "s: 1 leaves",
        "s: 3 joins",
        "t = <<5>>  (was <<1, 2>>)",
    ]
