"""Trace files: what is written is read again, and whatever else is in a file is refused plainly."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_consensus.commands import cli
from model_consensus.commands.check_trace import find_files
from model_consensus.conformance import traces
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.traces import Origin, Trace
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.setting import Setting
from model_consensus.tla.values import Boolean, Function, function, record
from tests.support.trained import trained_trace

TICKET = record(generation=1, proposer="p1", weights=(1,))
SMALL = Trace(
    "small",
    "TobLearning",
    {
        "Proc": frozenset({"p1"}),
        "Byzantine": frozenset(),
        "Lambda": 1,
        "Mu": 1,
        "Draws": 1,
        "Recombines": Boolean.FALSE,
        "Generations": 1,
    },
    "g",
    {"m": Origin("g", frozenset({TICKET}), 1 << 70)},
    ["Init", "Offer"],
    [
        record(network=frozenset(), inbox=(), learner=(), loss=()),
        record(network=frozenset({TICKET}), inbox=(), learner=(), loss=function({"m": 1 << 70})),
    ],
    [{}, {"process": "p1"}],
)


def data() -> dict[str, Any]:
    """The JSON text of a small trace, written by hand from docs/traces.md and ADR-015."""
    text = """
      {"#meta": {"format": "ITF", "version": 4, "module": "TobLearning",
                 "constants": {"Proc": {"#set": ["p1"]}, "Byzantine": {"#set": []}, "Lambda": 1,
                               "Mu": 1, "Draws": 1, "Recombines": false, "Generations": 1},
                 "genesis": "g",
                 "models": [{"name": "m", "parent": "g",
                             "step": {"#set": [
                               {"generation": 1, "proposer": "p1", "weights": [1]}]},
                             "loss": 1180591620717411303424}]},
       "vars": ["network", "inbox", "learner", "loss"],
       "states": [
         {"#meta": {"index": 0, "action": "Init"},
          "network": {"#set": []}, "inbox": [], "learner": {}, "loss": {"#map": []}},
         {"#meta": {"index": 1, "action": "Offer", "process": "p1"},
          "network": {"#set": [{"generation": 1, "proposer": "p1", "weights": [1]}]},
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
    return trained_trace(
        Setting(
            protocol="tob",
            processes=3,
            lambda_=2,
            mu=2,
            draws=2,
            generations=2,
            attack="under-claim",
        ),
        OneMax(),
    )


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
    assert [t.source for t in map(traces.read, find_files([tmp_path]))] == [
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


def another(found: dict[str, Any]) -> Any:
    (model,) = found["#meta"]["models"]
    found["#meta"]["models"] = [model, {**model, "name": "n"}]
    return found


def new_learner(evaluations: int) -> dict[str, Any]:
    return {
        "decided": ["g"],
        "accepted": [],
        "verified": [],
        "banned": [],
        "offered": 0,
        "evaluations": evaluations,
    }


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
    "no number at all": (
        put(float("inf"), "#meta", "models", 0, "loss"),
        "model 0: loss: not a value in the ITF encoding: inf",
    ),
    "half a character": (put("\ud800", "states", 1, "loss"), "state 1: loss: .*half a character"),
    "a number of 5,000 digits": (
        put({"#bigint": "7" * 5000}, "states", 1, "loss"),
        "state 1: loss: a number of 5000 digits",
    ),
    "a number with spaces": (put({"#bigint": " 7"}, "states", 1, "loss"), "state 1: loss"),
    "a negative loss": (put(-1, "#meta", "models", 0, "loss"), "model 0: loss is negative"),
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
    "a list": (lambda found: [found], "not a trace: it is not a JSON object$"),
    "null": (lambda found: "null", "not a trace: it is not a JSON object$"),
    "another JSON object": (lambda found: {"a": 1}, "not a trace: #meta and states are missing$"),
    "lines of JSON": (
        lambda found: json.dumps(found) + "\n" + json.dumps(found),
        r"not a trace: it has several JSON values \(NDJSON\), and a trace is one JSON object$",
    ),
    "another version": (
        put(3, "#meta", "version"),
        "it is of version 3 of the format, and only version 4 can be read$",
    ),
    "a loop": (
        put(0, "loop"),
        "it has a loop: only finite executions can be checked, so leave loop out$",
    ),
    "meta is missing": (without("#meta"), "#meta is missing$"),
    "meta is no object": (put(3, "#meta"), "#meta is not an object$"),
    "no states": (put([], "states"), "states is empty$"),
    "states are no list": (put({}, "states"), "states is not a list$"),
    "a state is no object": (put(5, "states", 1), "state 1: not an object"),
    "no vars": (without("vars"), "vars is missing$"),
    "a variable is missing": (
        without("states", 1, "loss"),
        "state 1: the variable loss is missing$",
    ),
    "an unknown variable": (
        put(1, "states", 1, "ghost"),
        "state 1: ghost is not one of the variables in vars$",
    ),
    "vars are no names": (put([["network"], {}], "vars"), "vars has something else"),
    "an action is no name": (
        put(3, "states", 1, "#meta", "action"),
        "state 1: its #meta is not an",
    ),
    "a note is no object": (put([], "states", 1, "#meta"), "state 1: its #meta is not an object"),
    "no module": (without("#meta", "module"), "module is missing$"),
    "module is no name": (put(7, "#meta", "module"), "module is not a string$"),
    "no constants": (without("#meta", "constants"), "constants is missing$"),
    "a bad constant": (put(1.5, "#meta", "constants", "Lambda"), "constant Lambda"),
    "no genesis": (without("#meta", "genesis"), "genesis is missing$"),
    "no models": (without("#meta", "models"), "models is missing$"),
    "a model is no object": (put(1, "#meta", "models", 0), "model 0: step is missing$"),
    "a model twice": (twice, "model 1: another model is called m too$"),
    "a model like the genesis": (
        put("g", "#meta", "models", 0, "name"),
        "model 0: another model is called g too$",
    ),
    "one step twice": (
        another,
        "the models m and n have the same parent and the same step, which fix one offspring$",
    ),
    "a loss is true": (put(True, "#meta", "models", 0, "loss"), "model 0: loss is not an integer$"),
    "a loss is text": (put("1", "#meta", "models", 0, "loss"), "model 0: loss is not an integer$"),
    "no loss": (without("#meta", "models", 0, "loss"), "model 0: loss is missing$"),
    "no parent": (without("#meta", "models", 0, "parent"), "model 0: parent is missing$"),
    "a step is a list": (put([], "#meta", "models", 0, "step"), "model 0: step is not an object$"),
    "a step is a record": (
        put({"generation": 1}, "#meta", "models", 0, "step"),
        "model 0: step is not a set$",
    ),
    "nonces without a target": (put([], "#meta", "nonces"), "target is missing$"),
    "a target is no number": (put("high", "#meta", "target"), "nonces is missing$"),
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
    with pytest.raises(TraceError, match=r"there is no \*\.itf\.json or \*\.ndjson file"):
        find_files([tmp_path])


def test_a_file_that_is_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path / "t.itf.json", data())
    monkeypatch.setattr(traces, "LARGEST_FILE", 100)
    with pytest.raises(TraceError, match="larger than 100 bytes"):
        traces.read(file)
    with pytest.raises(TraceError, match="larger than 200 bytes"):
        traces.read(file, times=2)
    monkeypatch.setattr(traces, "MOST_VALUES", 1)
    with pytest.raises(TraceError, match="more than 20 values"):
        traces.read(file, times=20)
    assert traces.read(file, times=100)


def in_ticket(value: Any, field: str) -> Spoil:
    """Put ``value`` into the ticket of the model."""
    return put(value, "#meta", "models", 0, "step", "#set", 0, field)


def two_tickets(found: dict[str, Any]) -> Any:
    """The model's step has two tickets of one process; draws may be combined."""
    tickets = found["#meta"]["models"][0]["step"]["#set"]
    tickets.append({**tickets[0], "weights": [-1]})
    return put(True, "#meta", "constants", "Recombines")(found)


HAS = "TobLearning has Proc, Byzantine, Draws, Recombines, Lambda, Mu, Generations"


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (
            put("Nonsense", "#meta", "module"),
            "there is no module 'Nonsense'; traces can be of DelayedLearning, PowLearning, "
            "Streamlet, TobLearning",
        ),
        (put("../../etc/passwd", "#meta", "module"), "there is no module '../../etc/passwd'; "),
        (
            put(True, "#meta", "constants", "Next"),
            f"the constant 'Next' is unknown; {HAS}",
        ),
        (put(True, "#meta", "constants", "Agreement"), "the constant 'Agreement' is unknown; "),
        (put(True, "#meta", "constants", "TraceCount"), "the constant 'TraceCount' is unknown; "),
        (
            put(1, "#meta", "constants", "x\nINVARIANT y"),
            r"the constant 'x\nINVARIANT y' is unknown",
        ),
        (without("#meta", "constants", "Lambda"), f"the constant Lambda is missing; {HAS}"),
        (
            variables("network", "inbox", "loss"),
            "the variable learner is missing; TobLearning has network, inbox, learner, loss",
        ),
        (
            variables("network", "inbox", "learner", "loss", "ghost"),
            "the variable 'ghost' is unknown; TobLearning has network, inbox, learner, loss",
        ),
        (
            variables("network", "inbox", "learner", "loss", "x |-> 0]) \\/ TLCSet(1"),
            "is unknown; TobLearning has network, inbox, learner, loss",
        ),
        (
            put("unknown", "#meta", "models", 0, "parent"),
            "model m: its parent unknown does not stand before it",
        ),
        (
            put("m", "#meta", "models", 0, "parent"),
            "model m: its parent m does not stand before it",
        ),
        (
            in_ticket(2, "generation"),
            "model m: the generation 2 of a ticket is not 1, which follows its parent's",
        ),
        (in_ticket([0], "weights"), "model m: the weights <<0>> of a ticket are not legal"),
        (in_ticket([-1], "weights"), "model m: the weights <<-1>> of a ticket are not legal"),
        (in_ticket([2], "weights"), "model m: the weights <<2>> of a ticket are not legal"),
        (in_ticket([1, 0], "weights"), "model m: the weights <<1, 0>> of a ticket are not legal"),
        (in_ticket([], "weights"), "model m: the weights <<>> of a ticket are not legal"),
        (
            in_ticket(1, "weights"),
            "model m: the weights of a ticket: 1 is not a sequence of integers",
        ),
        (
            in_ticket([True], "weights"),
            "model m: the weights of a ticket: <<TRUE>> is not a sequence of integers",
        ),
        (
            in_ticket([1 << 40], "weights"),
            "model m: the weights of a ticket: the weight 1099511627776 is too large for TLC",
        ),
        (in_ticket(1, "proposer"), "model m: the proposer 1 of a ticket is not in Proc"),
        (in_ticket("p2", "proposer"), 'model m: the proposer "p2" of a ticket is not in Proc'),
        (
            in_ticket(0, "nonce"),
            "model m: a ticket does not have just generation, proposer and weights",
        ),
        (
            put({"#set": [3]}, "#meta", "models", 0, "step"),
            "model m: a ticket does not have just generation, proposer and weights",
        ),
        (
            put({"#set": []}, "#meta", "models", 0, "step"),
            "model m: its step has not one ticket of each of some processes",
        ),
        (
            two_tickets,
            "model m: its step has not one ticket of each of some processes",
        ),
        (
            put({"p1": new_learner(1 << 40)}, "states", 0, "learner"),
            "state 0: the number 1099511627776 is too large for TLC",
        ),
        (put(0, "#meta", "constants", "Lambda"), "constant Lambda: 0 is not in 1..1"),
        (put(2, "#meta", "constants", "Lambda"), "constant Lambda: 2 is not in 1..1"),
        (put("2", "#meta", "constants", "Lambda"), 'constant Lambda: "2" is not a natural number'),
        (
            put(True, "#meta", "constants", "Lambda"),
            "constant Lambda: TRUE is not a natural number",
        ),
        (put(0, "#meta", "constants", "Mu"), "constant Mu: 0 is not in 1..1 (Lambda)"),
        (put(2, "#meta", "constants", "Mu"), "constant Mu: 2 is not in 1..1 (Lambda)"),
        (put(1, "#meta", "constants", "Recombines"), "Recombines: 1 is not TRUE or FALSE"),
        (put(0, "#meta", "constants", "Draws"), "constant Draws: 0 is not in 1..65536"),
        (put(65537, "#meta", "constants", "Draws"), "constant Draws: 65537 is not in 1..65536"),
        (
            put(2147483647, "#meta", "constants", "Generations"),
            "constant Generations: 2147483647 is larger than 536870911, the most that TLC can take",
        ),
        (put(3, "#meta", "constants", "Proc"), "constant Proc: 3 is not a set of names"),
        (
            put({"#set": ["p1", 2]}, "#meta", "constants", "Proc"),
            "constant Proc: 2 is not a name: a string is expected",
        ),
        (
            put({"#set": ["p2"]}, "#meta", "constants", "Byzantine"),
            'constant Byzantine: "p2" is not in Proc',
        ),
        (
            put({"#set": ["p1"]}, "#meta", "constants", "Byzantine"),
            "constant Byzantine: no process is correct",
        ),
        (put({"#set": []}, "#meta", "constants", "Proc"), "Byzantine: no process is correct"),
    ],
)
def test_a_trace_that_is_not_fit_to_be_checked_is_refused_before_java_starts(
    spoil: Spoil,
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model_consensus.conformance.trace_check.check", None)
    file = saved(tmp_path / "bad.itf.json", spoil(data()))
    assert cli.main(["check-trace", str(file)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"model-consensus: error: {file}: ")
    assert complaint in printed
    assert printed.count("\n") == 1
    assert "Traceback" not in printed
