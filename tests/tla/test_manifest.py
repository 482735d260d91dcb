"""The manifest: its schema, its agreement with the folder, and that every recorded figure bites."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.tla import manifest as manifests
from model_consensus.tla.manifest import (
    Figures,
    SpecModel,
    differences,
    incomplete,
    load,
    stale,
)
from model_consensus.tla.tlc_output import (
    NO_FAIRNESS,
    ActionCoverage,
    Counterexample,
    Result,
    Step,
    Verdict,
    Warned,
)
from model_consensus.tla.values import record

HOLDS: dict[str, Any] = {
    "path": "MCa.cfg",
    "kind": "holds",
    "claim": "all is well",
    "tier": "fast",
    "result": "success",
    "distinctStates": 9,
    "totalStates": 14,
    "actions": ["Go", "Stop"],
    "runtime": 1.5,
}
NECESSITY: dict[str, Any] = {
    "path": "MCa_bad.cfg",
    "kind": "necessity",
    "claim": "without it, Agreement is violated",
    "tier": "long",
    "result": "safety failure",
    "property": "Agreement",
    "distinctStates": 7,
    "totalStates": 8,
    "traceLength": 2,
    "runtime": 1.0,
}
GO = ActionCoverage("Go", "M", 3, 5, 6)
STOP = ActionCoverage("Stop", "M", 8, 0, 1)
DANGER = Warned(2279, "symmetry is dangerous")
GOOD = Result(Verdict.HOLDS, distinct=9, generated=14, coverage=(GO, STOP))
STEPS = (Step("Init", record(x=0)), Step("Go", record(x=1)))
BAD = Result(
    Verdict.SAFETY, property="Agreement", distinct=7, generated=8, trace=Counterexample(STEPS)
)


def write(folder: Path, *entries: dict[str, Any], **more: Any) -> Path:
    path = folder / "manifest.json"
    data = {"modules": [{"path": "MCa.tla", "models": list(entries)}], **more}
    path.write_text(json.dumps(data))
    return path


def test_the_specifications_are_those_that_were_measured() -> None:
    """Whoever changes a specification or what a model checks records the figures again."""
    assert {m.name: stale(m) for m in load().models if stale(m)} == {}


def models(folder: Path) -> tuple[SpecModel, ...]:
    return load(write(folder, HOLDS, NECESSITY)).models


def test_the_specifications_and_the_manifest_agree() -> None:
    assert incomplete(load()) == []


def test_every_model_of_the_specifications_has_its_figures() -> None:
    for model in load().models:
        assert model.figures is not None, model.name


def test_load(tmp_path: Path) -> None:
    manifest = load(write(tmp_path, HOLDS, NECESSITY, tool={"version": "1", "sha256": "abc"}))
    assert manifest.tool_sha256 == "abc"
    holds, necessity = manifest.models
    assert holds.figures == Figures(9, 14, None, ("Go", "Stop"))
    assert necessity.figures == Figures(7, 8, 2, ())
    assert necessity.result == Verdict.SAFETY
    assert necessity.failing == "Agreement"
    assert holds.run().module == tmp_path / "MCa.tla"
    assert (holds.run().coverage, necessity.run().coverage) == (True, False)
    assert manifest.find("MCa_bad") is necessity
    assert manifest.find("MCa_bad.cfg") is necessity
    with pytest.raises(
        ModelConsensusError,
        match=r"no model MCb in manifest.json; the nearest names are MCa, MCa_bad",
    ):
        manifest.find("MCb")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kind": "lucky"}, "kind must be one of holds, necessity, witness"),
        ({"kind": "holds"}, "holds needs another result"),
        ({"result": "success", "property": None}, "necessity needs another result"),
        ({"result": "unknown"}, "result 'unknown' is not known"),
        ({"result": "timeout"}, "result 'timeout' is not known"),
        ({"property": None}, "property names what must fail"),
        ({"result": "deadlock failure"}, "property names what must fail, and nothing else"),
        ({"tier": "slow"}, "tier must be one of fast, long"),
        ({"mode": "simulation"}, "mode is not known"),
        ({"workers": 2}, "only the same with one worker"),
        ({"distinct": 7}, "unknown field distinct"),
        ({"claim": ...}, "no field claim"),
        ({"tier": ...}, "no field tier"),
    ],
)
def test_schema(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    entry = {k: v for k, v in {**NECESSITY, **change}.items() if v is not ...}
    with pytest.raises(ModelConsensusError, match=f"MCa_bad.cfg: .*{complaint}"):
        load(write(tmp_path, entry))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "not JSON"), ("[]", "schema"), ("{}", "schema"), ('{"modules": [{}]}', "schema")],
)
def test_what_is_no_manifest(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "manifest.json"
    with pytest.raises(ModelConsensusError, match="No such file"):
        load(path)
    path.write_text(text)
    with pytest.raises(ModelConsensusError, match=complaint):
        load(path)


def test_incomplete(tmp_path: Path) -> None:
    for name in ("MCa.tla", "MCa.cfg", "MCextra.cfg", "Other.cfg"):
        (tmp_path / name).touch()
    assert incomplete(load(write(tmp_path, HOLDS, HOLDS, NECESSITY))) == [
        "MCextra.cfg is not in manifest.json",
        "MCa_bad.cfg is in manifest.json and does not exist",
        "MCa.cfg is listed twice",
    ]


def test_what_is_as_recorded_passes(tmp_path: Path) -> None:
    holds, necessity = models(tmp_path)
    assert differences(holds, GOOD) == []
    assert differences(necessity, BAD) == []


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (replace(GOOD, distinct=10), "10 distinct states instead of 9"),
        (replace(GOOD, distinct=None), "None distinct states instead of 9"),
        (replace(GOOD, generated=13), "13 states in total instead of 14"),
        (replace(GOOD, coverage=(GO,)), "Go actions fired instead of Go, Stop"),
        (
            replace(GOOD, coverage=(GO, STOP, replace(GO, name="Jump"))),
            "Go, Jump, Stop actions fired instead of Go, Stop",
        ),
        (replace(GOOD, warnings=(DANGER,)), "TLC warns (2279): symmetry is dangerous"),
        (BAD, "safety failure of Agreement instead of success"),
        (
            Result(Verdict.TOOL, message="stopped at its time limit"),
            "tool failure instead of success: stopped at its time limit",
        ),
    ],
)
def test_every_difference_of_a_success_is_said(
    tmp_path: Path, result: Result, complaint: str
) -> None:
    assert differences(models(tmp_path)[0], result) == [complaint]


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (replace(BAD, property="Lineage"), "safety failure of Lineage instead of safety"),
        (replace(BAD, property=None), "safety failure instead of safety failure of Agreement"),
        (replace(BAD, verdict=Verdict.LIVENESS), "liveness failure of Agreement instead of"),
        (replace(BAD, trace=Counterexample(STEPS * 2)), "4 states in the counterexample instead"),
        (replace(BAD, distinct=8), "8 distinct states instead of 7"),
        (GOOD, "success instead of safety failure of Agreement"),
        (Result(Verdict.DEADLOCK), "deadlock failure instead of"),
        (Result(Verdict.PARSE, message="M.tla line 3"), "parse error instead of"),
    ],
)  # fmt: skip
def test_every_difference_of_a_counterexample_is_said(
    tmp_path: Path, result: Result, complaint: str
) -> None:
    found = differences(models(tmp_path)[1], result)
    assert len(found) == 1
    assert found[0].startswith(complaint)


def test_the_coverage_gate_can_fail(tmp_path: Path) -> None:
    holds, _ = models(tmp_path)
    dead = "the action Jump (M.tla line 9) never fired"
    # Even if the same action fired elsewhere, and while the figures are recorded.
    never = replace(GO, name="Jump", line=9, distinct=0, generated=0)
    for coverage in ((GO, STOP, never), (replace(never, line=1, generated=1), GO, STOP, never)):
        assert dead in differences(holds, replace(GOOD, coverage=coverage))
        assert dead in differences(holds, replace(GOOD, coverage=coverage), recording=True)
    nothing = differences(holds, replace(GOOD, coverage=()), recording=True)
    assert nothing == ["TLC reported the coverage of no action"]


def test_a_model_without_figures_fails(tmp_path: Path) -> None:
    holds, _ = models(tmp_path)
    assert differences(replace(holds, figures=None), GOOD) == ["it has no recorded figures"]


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A model whose figures have been recorded, with two modules and a configuration."""
    (tmp_path / "MCa.tla").write_text("---- MODULE MCa ----\nEXTENDS Integers, A\n====\n")
    (tmp_path / "A.tla").write_text(
        '---- MODULE A ----\nB == INSTANCE Deep\nC == "(* x *)" \\* a comment\n====\n'
    )
    (tmp_path / "Deep.tla").write_text("---- MODULE Deep ----\nD == 1\n====\n")
    (tmp_path / "MCa.cfg").write_text("SPECIFICATION Spec\nINVARIANT I\nPROPERTY P\n")
    manifest = load(write(tmp_path, HOLDS))
    manifests.record(manifest, [(manifest.models[0], GOOD)], {})
    assert json.loads(manifest.path.read_text())["modules"][0]["models"][0]["checks"] == ["I", "P"]
    return tmp_path


def changed(folder: Path, name: str, old: str, new: str) -> list[str]:
    """What is stale after a change of a file."""
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    return stale(load(folder / "manifest.json").models[0])


AGAIN = (
    "the specification has changed since its figures were recorded: "
    "model-consensus verify --record MCa"
)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("MCa.tla", "Integers", "Naturals"),
        ("A.tla", "(* x *)", "(* y *)"),  # in a string
        ("Deep.tla", "D == 1", "D == 2"),
        ("MCa.cfg", "SPECIFICATION Spec", "SPECIFICATION Other"),
    ],
)
def test_a_change_of_any_file_of_a_model_is_noticed(
    measured: Path, name: str, old: str, new: str
) -> None:
    assert changed(measured, name, old, new) == [AGAIN]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("PROPERTY P", "", "it checks I instead of I, P"),
        ("INVARIANT I", "", "it checks P instead of I, P"),
        ("INVARIANT I", "\\* INVARIANT I", "it checks P instead of I, P"),
        ("INVARIANT I", "INVARIANT I J", "it checks I, J, P instead of I, P"),
        ("INVARIANT I\nPROPERTY P", "", "it checks nothing instead of I, P"),
    ],
)
def test_a_change_of_what_is_checked_is_noticed(
    measured: Path, old: str, new: str, complaint: str
) -> None:
    assert changed(measured, "MCa.cfg", old, new) == [complaint, AGAIN]


def test_comments_and_spaces_need_no_new_figures(measured: Path) -> None:
    assert changed(measured, "A.tla", "a comment", "another one") == []
    assert changed(measured, "MCa.cfg", "\nPROPERTY", "\n(* a\n comment *)\n  PROPERTY") == []


def test_the_hint_about_fairness_is_expected_of_a_liveness_failure_only(tmp_path: Path) -> None:
    holds, necessity = models(tmp_path)
    live = replace(necessity, result=Verdict.LIVENESS)
    hint = Warned(NO_FAIRNESS, "no fairness")
    found = replace(BAD, verdict=Verdict.LIVENESS, warnings=(hint,))
    assert differences(live, found) == []
    assert differences(live, replace(found, warnings=(hint, DANGER))) == [
        "TLC warns (2279): symmetry is dangerous"
    ]
    for model, result in ((holds, GOOD), (necessity, BAD)):
        assert differences(model, replace(result, warnings=(hint,))) == [
            "TLC warns (2259): no fairness"
        ]


def test_recorded_figures_pass_and_nothing_else_changes(tmp_path: Path) -> None:
    bare = [
        {k: v for k, v in entry.items() if k not in ("distinctStates", "actions", "traceLength")}
        for entry in copy.deepcopy([HOLDS, NECESSITY])
    ]
    (tmp_path / "MCa.tla").touch()
    for entry in bare:
        (tmp_path / entry["path"]).write_text("INVARIANT I")
    manifest = load(write(tmp_path, *bare, comment="kept"))
    assert [model.figures for model in manifest.models] == [None, None]
    results = list(zip(manifest.models, (GOOD, replace(BAD, seconds=2.345)), strict=True))
    manifests.record(manifest, results, {"version": "2", "sha256": "ff"})
    again = load(manifest.path)
    assert again.tool_sha256 == "ff"
    assert [differences(m, r) for m, (_, r) in zip(again.models, results, strict=True)] == [[], []]
    data = json.loads(manifest.path.read_text())
    assert data["comment"] == "kept"
    entry = data["modules"][0]["models"][1]
    assert len(entry.pop("sources")) == 16
    assert entry == {**NECESSITY, "checks": ["I"], "runtime": 2.3}


def test_a_manifest_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ModelConsensusError, match="not JSON"):
        load(path)


# Why nothing violates them: they say what the values of variables are, or compare two ways to
# compute the same, so that only a wrong specification could violate them.
NOT_VIOLATED = {
    "TypeOK": "the types of the variables",
    "TimedTypeOK": "the same with slots",
    "KnownIsTree": "the type of `known`: with a block its parent is known",
    "TipIsLongest": "the type of `tip`: no known chain is longer",
    "DistinctHeights": "what Synchronous means for blocks of correct processes",
    "DrawnOnce": "the type of `loss` in TobFrontier",
    "OneBlockEach": "the type of a slot: who wins it appends one block",
    "OneValue": "the type of the output of Consensus",
    "PlaysByTheRules": "that the attack of SlotGameAttack is a play of SlotGame",
    "StandsWhereItBelieves": "that the attack counts its blocks right",
    "Succeeds": "that the attack reaches its aim",
    "Agree": "that two formulations have the same outputs",
    "NeverStuck": "that the comparison of two formulations goes on",
    "SameObservation": "that two formulations have the same outputs",
    "RefinesTobFrontier": "that two formulations have the same behaviours",
    "FairlyRefinesTobFrontier": "that two formulations have the same fair behaviours",
    "FairlyRefinesTotalOrderBroadcast": "that the broadcast's fairness is the learning's",
    "FairlyRefinesModelConsensus": "that fair learning is fair model-consensus",
    "RefinesConsensus": "that consensus is an instance of model-consensus",
    "Defeated": "the theorem on learning alone, which MCLearningAlone_tight shows to be tight",
    "QueuesResemble": "a property of states that a broadcast without a total order has",
    "SameFuture": "what TotalOrder of TotalOrderBroadcast adds up to",
    "RefinesOneByOne": "that Streamlet is a broadcast of one message after the other",
    "FairlyRefinesOneByOne": "that a broadcast in batches is one of one message after the other",
    "EachDelivered": "that fair delivery delivers",
    "HeightSettlement": "a condition computed in two ways",
    "NothingGained": "a condition computed in two ways",
    "SameWithoutH": "a condition computed in two ways",
}


def test_what_is_checked_anywhere_is_violated_somewhere() -> None:
    """A property that nothing can violate says nothing; those that nothing does are explained."""
    models = load().models
    checked = {name for model in models if model.kind == "holds" for name in model.checks}
    violated = {model.failing for model in models}
    assert checked - violated == set(NOT_VIOLATED)


def test_a_model_that_must_fail_checks_what_must_fail() -> None:
    for model in load().models:
        assert model.kind == "holds" or model.failing in model.checks, model.name
        assert model.checks, model.name
