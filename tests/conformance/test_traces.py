"""Trace files: what is written is read again, and whatever else is in a file is refused plainly."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_consensus.commands import cli
from model_consensus.conformance import traces
from model_consensus.conformance.traces import Origin, Trace, TraceError
from model_consensus.landscapes import OneMax
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import train
from model_consensus.tla.values import Function, function, record

TICKET = record(generation=1, proposer="p1", draw=0)
SMALL = Trace(
    "small",
    "TobLearning",
    {
        "Proc": frozenset({"p1"}),
        "Byzantine": frozenset(),
        "Lambda": 1,
        "Draws": 1,
        "Generations": 1,
    },
    "g",
    {"m": Origin("g", TICKET, 1 << 70)},
    ["Init", "Offer"],
    [
        record(network=frozenset(), inbox=(), learner=(), loss=()),
        record(network=frozenset({TICKET}), inbox=(), learner=(), loss=function({"m": 1 << 70})),
    ],
)


def data() -> dict[str, Any]:
    """The JSON text of a small trace, written by hand from docs/traces.md and ADR-015."""
    text = """
      {"#meta": {"format": "ITF", "module": "TobLearning",
                 "constants": {"Proc": {"#set": ["p1"]}, "Byzantine": {"#set": []}, "Lambda": 1,
                               "Draws": 1, "Generations": 1},
                 "genesis": "g",
                 "models": [{"name": "m", "parent": "g",
                             "ticket": {"generation": 1, "proposer": "p1", "draw": 0},
                             "loss": 1180591620717411303424}]},
       "vars": ["network", "inbox", "learner", "loss"],
       "states": [
         {"#meta": {"index": 0, "action": "Init"},
          "network": {"#set": []}, "inbox": [], "learner": {}, "loss": {"#map": []}},
         {"#meta": {"index": 1, "action": "Offer"},
          "network": {"#set": [{"generation": 1, "proposer": "p1", "draw": 0}]},
          "inbox": [], "learner": {},
          "loss": {"#map": [["m", {"#bigint": "1180591620717411303424"}]]}}]}"""
    read: dict[str, Any] = json.loads(text)
    return read


def saved(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def same(one: Trace, other: Trace) -> bool:
    """Equal in all but where they come from."""
    return Trace("", *list(vars(one).values())[1:]) == Trace("", *list(vars(other).values())[1:])


def trained() -> Trace:
    """A short run over Total Order Broadcast."""
    return train(
        Setting(
            protocol="tob", processes=3, lambda_=2, draws=2, generations=2, attack="under-claim"
        ),
        OneMax(),
    ).trace


def test_a_file_written_by_hand_is_read(tmp_path: Path) -> None:
    file = saved(tmp_path / "t.itf.json", data())
    found = traces.read(file)
    assert found.source == str(file)
    assert same(found, SMALL)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    trace = trained()
    for number, each in enumerate([SMALL, trace]):
        file = tmp_path / f"{number}.itf.json"
        traces.write(file, each)
        assert same(traces.read(file), each)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.itf.json", "1.itf.json"]
    assert [t.source for t in map(traces.read, traces.find_files([tmp_path]))] == [
        str(tmp_path / "0.itf.json"),
        str(tmp_path / "1.itf.json"),
    ]


def test_a_run_names_its_actions_and_every_model(tmp_path: Path) -> None:
    trace = trained()
    assert {*trace.actions} == {"Init", "Offer", "Order", "Deliver", "ByzantineOffer"}
    assert len(trace.actions) == len(trace.states)
    for state in trace.states:
        known = state["loss"]
        if isinstance(known, Function):
            assert {str(name) for name in known} <= {*trace.models}
            assert all(trace.models[str(name)].loss == known[name] for name in known)


# -------------------------------------------------------------------------------- malformed files

Spoil = Callable[[dict[str, Any]], Any]


def put(value: Any, *place: Any) -> Spoil:
    """Put ``value`` at a place of the data."""

    def spoil(found: dict[str, Any]) -> Any:
        inner: Any = found
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        return found

    return spoil


def without(*place: Any) -> Spoil:
    """Remove what is at a place of the data."""

    def spoil(found: dict[str, Any]) -> Any:
        inner: Any = found
        for key in place[:-1]:
            inner = inner[key]
        del inner[place[-1]]
        return found

    return spoil


def twice(found: dict[str, Any]) -> Any:
    found["#meta"]["models"] *= 2
    return found


def variables(*names: str) -> Spoil:
    """A trace with these variables, all of them 0."""

    def spoil(found: dict[str, Any]) -> Any:
        return {**found, "vars": [*names], "states": [dict.fromkeys(names, 0)] * 2}

    return spoil


MALFORMED: dict[str, tuple[Spoil, str]] = {
    "empty": (lambda found: "", "not JSON"),
    "truncated": (lambda found: json.dumps(found)[:-9], "not JSON"),
    "no JSON": (lambda found: "#!/bin/sh\n", "not JSON"),
    "a digit too many": (lambda found: "9" * 10_000, "not JSON"),
    "nested arrays": (lambda found: "[" * 200_000, "nested too deeply"),
    "a key twice": (
        lambda found: json.dumps(found).replace('"vars"', '"states": 1, "vars"'),
        "an object has 'states' twice",
    ),
    "a byte order mark": (lambda found: "\ufeff" + json.dumps(found), "not JSON.*BOM"),
    "not a number": (put(float("nan"), "states", 1, "loss"), "state 1: loss: not a value"),
    "no number at all": (put(float("inf"), "#meta", "models", 0, "loss"), "not of type int"),
    "half a character": (put("\ud800", "states", 1, "loss"), "state 1: loss: .*half a character"),
    "a number of 5,000 digits": (
        put({"#bigint": "7" * 5000}, "states", 1, "loss"),
        "state 1: loss: a number of 5000 digits",
    ),
    "a number with spaces": (put({"#bigint": " 7"}, "states", 1, "loss"), "state 1: loss"),
    "a negative loss": (put(-1, "#meta", "models", 0, "loss"), "model 0: its loss is negative"),
    "a map with a key twice": (
        put({"#map": [["m", 1], ["m", 2]]}, "states", 1, "loss"),
        "state 1: loss: a map has a key twice",
    ),
    "a value 51 deep": (
        put(json.loads("[" * 51 + "]" * 51), "states", 1, "loss"),
        "state 1: loss: nested too deeply",
    ),
    "nested value": (
        lambda found: json.dumps(put("HERE", "states", 0, "loss")(found)).replace(
            '"HERE"', '{"#set": [' * 900 + "]}" * 900
        ),
        "nested too deeply",
    ),
    "a list": (lambda found: [found], "it has no #meta"),
    "null": (lambda found: "null", "it has no #meta"),
    "meta is missing": (without("#meta"), "it has no #meta"),
    "meta is no object": (put(3, "#meta"), "#meta is not of type dict"),
    "no states": (put([], "states"), "it has no states"),
    "states are no list": (put({}, "states"), "states is not of type list"),
    "a state is no object": (put(5, "states", 1), "state 1: not an object"),
    "no vars": (without("vars"), "it has no vars"),
    "a variable is missing": (without("states", 1, "loss"), "state 1: .*see loss"),
    "an unknown variable": (put(1, "states", 1, "ghost"), "state 1: .*see ghost"),
    "vars are no names": (put([["network"], {}], "vars"), "vars has something else"),
    "no module": (without("#meta", "module"), "it has no module"),
    "module is no name": (put(7, "#meta", "module"), "module is not of type str"),
    "no constants": (without("#meta", "constants"), "it has no constants"),
    "a bad constant": (put(1.5, "#meta", "constants", "Lambda"), "constant Lambda"),
    "no genesis": (without("#meta", "genesis"), "it has no genesis"),
    "no models": (without("#meta", "models"), "it has no models"),
    "a model is no object": (put(1, "#meta", "models", 0), "model 0: it has no ticket"),
    "a model twice": (twice, "model 1: m appears twice"),
    "a loss is true": (put(True, "#meta", "models", 0, "loss"), "loss is not of type int"),
    "a loss is text": (put("1", "#meta", "models", 0, "loss"), "loss is not of type int"),
    "no parent": (without("#meta", "models", 0, "parent"), "model 0: it has no parent"),
    "a ticket is a list": (put([], "#meta", "models", 0, "ticket"), "ticket is not of type dict"),
    "a ticket is a set": (put({"#set": []}, "#meta", "models", 0, "ticket"), "is no record"),
    "a fraction": (put(0.5, "states", 1, "loss"), "state 1"),
    "null inside": (put(None, "states", 1, "loss"), "state 1"),
    "unknown tag": (put({"#bag": []}, "states", 1, "loss"), "state 1"),
    "a map of triples": (put({"#map": [[1, 2, 3]]}, "states", 1, "loss"), "state 1"),
    "a bad number": (put({"#bigint": "x"}, "states", 1, "loss"), "state 1"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_file_is_refused_in_one_line(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, complaint = MALFORMED[fault]
    file = saved(tmp_path / "bad.itf.json", spoil(data()))
    with pytest.raises(TraceError, match=complaint) as failure:
        traces.read(file)
    assert str(failure.value).startswith(str(file))
    assert cli.main(["check-trace", str(file)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("model-consensus: error: ")
    assert "Traceback" not in printed
    assert printed.count("\n") == 1


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.itf.json"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="not UTF-8"):
        traces.read(file)
    assert cli.main(["check-trace", str(file)]) == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"gone\.itf\.json: No such file"):
        traces.read(tmp_path / "gone.itf.json")
    with pytest.raises(TraceError, match=r"no \*\.itf\.json file"):
        traces.find_files([tmp_path])


def test_a_file_that_is_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path / "t.itf.json", data())
    monkeypatch.setattr(traces, "LARGEST_FILE", 100)
    with pytest.raises(TraceError, match="larger than"):
        traces.read(file)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (put("Nonsense", "#meta", "module"), "no module 'Nonsense'; traces can be of"),
        (put("../../etc/passwd", "#meta", "module"), "no module"),
        (put(True, "#meta", "constants", "Next"), "'Next' is none, a constant of TobLearning"),
        (put(True, "#meta", "constants", "Agreement"), "'Agreement' is none, a constant"),
        (put(True, "#meta", "constants", "TraceCount"), "'TraceCount' is none, a constant"),
        (put(1, "#meta", "constants", "x\nINVARIANT y"), "is none, a constant of TobLearning"),
        (without("#meta", "constants", "Lambda"), "it has no Lambda, a constant of TobLearning"),
        (variables("network", "inbox", "loss"), "it has no learner, a variable of TobLearning"),
        (variables("network", "inbox", "learner", "loss", "ghost"), "'ghost' is none, a variable"),
        (
            variables("network", "inbox", "learner", "loss", "x |-> 0]) \\/ TLCSet(1"),
            "is none, a variable of TobLearning",
        ),
        (put("unknown", "#meta", "models", 0, "parent"), "does not stand before it"),
        (put("m", "#meta", "models", 0, "parent"), "does not stand before it"),
        (put(2, "#meta", "models", 0, "ticket", "generation"), "no legal ticket"),
        (put(-1, "#meta", "models", 0, "ticket", "draw"), "no legal ticket"),
        (put(1 << 40, "#meta", "models", 0, "ticket", "draw"), "no legal ticket"),
        (put(1, "#meta", "models", 0, "ticket", "proposer"), "no legal ticket"),
        (put(1 << 40, "states", 0, "network"), "too large for TLC"),
    ],
)
def test_a_trace_that_is_not_fit_to_be_checked_is_refused_before_java_starts(
    spoil: Spoil, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "bad.itf.json", spoil(data()))
    assert cli.main(["check-trace", str(file)]) == 2
    printed = capsys.readouterr().err
    assert complaint in printed
    assert str(file) in printed
    assert "Traceback" not in printed
