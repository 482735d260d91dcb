"""What would go unnoticed if a part of the checker of traces did nothing.

Each test has traces that must be rejected beside good ones, in both orders.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from model_consensus.commands import cli
from model_consensus.commands.draw import counterexample
from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces, describe
from model_consensus.conformance.trace_encoding import MOST_GUESSED
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_specifications import MODULES
from model_consensus.conformance.traces import Trace
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.setting import Setting
from model_consensus.tla.manifest import spec_directory
from model_consensus.tla.values import Function, Value, show
from tests.conformance.test_trace_check import proof_of_work, tob
from tests.support.corruptions import inserted, relabelled, reordered, unlabelled
from tests.support.trained import trained_trace

INPUTS = Path(__file__).parent / "inputs"
BOTH_ORDERS = pytest.mark.parametrize("order", [1, -1], ids=["in order", "in reverse"])


def good() -> Trace:
    return traces.read(INPUTS / "00-good.itf.json")


def rejections(found: Sequence[Trace], order: int) -> list[tuple[int, str] | None]:
    """The index and the reason of each rejection, checked in one order and given in the first."""
    verdicts = check_traces(found[::order])[::order]
    return [each.rejection and (each.rejection.index, each.rejection.reason) for each in verdicts]  # type: ignore[misc]


# ------------------------------------------------------------------------------------ properties


STEPS_OF = {"PowLearning": ("IsMinedAtFloor",)}
"""Properties of steps that are checked besides Integrity."""


@pytest.mark.parametrize("module", ["TobLearning", "PowLearning", "Streamlet"])
def test_every_safety_theorem_is_checked_in_every_trace(module: str) -> None:
    """A trace cannot violate a theorem, so only the configuration shows that it is checked."""
    text = (spec_directory() / f"{module}.tla").read_text(encoding="utf-8")
    trace = (spec_directory() / f"Trace{module}").with_suffix(".tla").read_text(encoding="utf-8")
    config = (spec_directory() / f"Trace{module}.cfg").read_text(encoding="utf-8")
    claimed = {
        name
        for names in re.findall(r"(?m)^THEOREM .*\[\](\([^)]*\)|\w+)", text)
        for name in re.findall(r"\w+", names)
    }
    assert {"TypeOK"} < claimed
    checked = set(re.findall(r"\w+", " ".join(re.findall(r"(?m)^INVARIANTS (.*)$", config))))
    for name in [each for each in checked if each.startswith("Trace")]:
        definition = re.search(rf"(?m)^{name} == (.*)$", trace)
        assert definition
        checked |= set(re.findall(r"\w+", definition[1].replace("AgreesNow", "Agreement")))
    assert claimed <= checked
    properties = re.search(r"(?m)^(?:PROPERTY|PROPERTIES) (.*)$", config)
    assert properties
    assert {"TraceIntegrity", *STEPS_OF.get(module, ())} == {*properties[1].split()}


def inconsistent() -> Trace:
    """A behaviour of Streamlet with n = 3f, which violates Consistency: a counterexample of TLC."""
    found = counterexample("MCStreamlet_three")

    def named(value: Value) -> Value:
        """The value with the payloads 1, 2, ... as names."""
        if isinstance(value, Function):
            payload = value.get("payload")
            if isinstance(payload, tuple):
                return Function({**value, "payload": tuple(map(str, payload))})
            return Function({key: named(value[key]) for key in value})
        if isinstance(value, tuple | frozenset):
            return type(value)(map(named, value))
        return value

    known = {
        name: value
        for name, value in found.constants.items()
        if name in MODULES["Streamlet"].constants
    }  # not the bounds of the model
    messages: dict[str, Value] = {"Message": frozenset(), "Forgery": frozenset("1234")}
    return replace(
        found,
        module="Streamlet",
        constants={**known, **messages, "Epochs": 4},
        states=[
            Function({**{str(key): named(state[key]) for key in state}, "leader": ("b1",) * 4})
            for state in found.states
        ],
        arguments=[{}] * len(found.states),
    )


@pytest.mark.tlc
@BOTH_ORDERS
def test_a_violated_property_rejects_its_trace_and_no_other(order: int) -> None:
    """TLC stops at the violation, and the traces before and after it have verdicts of their own."""
    violated = inconsistent()
    count = len(violated.states)
    begun = reordered(violated, range(count - 1))
    skips = reordered(violated, [0, *range(2, count)])
    assert rejections([skips, begun, violated, skips, begun], order) == [
        (1, "no step of Streamlet leads to it"),
        None,
        (count - 1, "Safety does not hold in it"),
        (1, "no step of Streamlet leads to it"),
        None,
    ]


@pytest.mark.tlc
@BOTH_ORDERS
def test_each_trace_is_checked_with_its_own_constants(order: int) -> None:
    none = replace(good(), constants={**good().constants, "Generations": 0})
    more = replace(good(), constants={**good().constants, "Generations": 2})
    one = replace(good(), constants={**good().constants, "Lambda": 1})
    assert rejections([good(), none, more, one], order) == [
        None,
        (1, "no action of TobLearning was possible before it"),
        None,
        (5, "no step of TobLearning leads to it"),  # p1 decides at the first delivery
    ]


@pytest.mark.tlc
@BOTH_ORDERS
def test_losses_are_compared(order: int) -> None:
    """In the list of the models, in the variable, and both alike but not the claim."""
    listed = {**good().models, "a": replace(good().models["a"], loss=8)}
    listed_only = replace(good(), models=listed)
    states = list(good().states)
    states[1] = Function({**states[1], "loss": Function({"a": 8})})
    variable_only = replace(good(), states=states)
    both = replace(good(), states=states, models=listed)
    assert rejections([good(), listed_only, variable_only, both], order) == [
        None,
        (1, "loss.a is 7, and 8 in the list of models"),
        (1, "loss.a is 8, and 7 in the list of models"),
        (1, "no step of TobLearning leads to it"),
    ]


@pytest.mark.tlc
@BOTH_ORDERS
def test_a_step_that_changes_nothing_is_rejected_in_every_protocol(order: int) -> None:
    mined = proof_of_work("honest", 0)
    streamlet = traces.read(INPUTS / "03-streamlet-empty-name.itf.json")
    found: list[Trace] = []
    for trace, module, actions in (
        (tob("none", 3), "TobLearning", ("Deliver", "Order", "ByzantineOffer", "")),
        (mined, "PowLearning", ("Receive", "Mine", "ByzantineForge", "")),
        (streamlet, "Streamlet", ("Vote", "Deliver", "Broadcast", "")),
    ):
        assert trace.module == module
        found.append(trace)
        found += [inserted(trace, 2, action, {}, trace.states[1]) for action in actions]
    for index, rejection in enumerate(rejections(found, order)):
        if index % 5 == 0:
            assert rejection is None
        else:
            assert rejection is not None
            assert rejection[0] == 2
            assert rejection[1].startswith("it repeats the state before it, and no step of ")


# ---------------------------------------------------------------------------------------- labels


@pytest.mark.tlc
@BOTH_ORDERS
def test_a_label_is_checked_and_none_is_needed(order: int) -> None:
    run, mined = tob("none", 3), proof_of_work("honest", 0)
    offer, receive = run.actions.index("Offer"), mined.actions.index("Receive")
    other = next(p for p in ("p1", "p2", "p3") if p != run.arguments[offer]["process"])
    assert mined.arguments[receive] == {"process": "p1", "block": 1}
    leads = mined.actions.index("Mine")
    miner, senders = (mined.arguments[leads][name] for name in ("process", "senders"))
    assert isinstance(senders, frozenset)
    found = [
        run,
        unlabelled(run),
        relabelled(run, offer, "Offer"),
        relabelled(run, offer, "Order"),
        relabelled(run, offer, "Offer", {"process": other}),
        relabelled(run, offer, "Offer", {"process": "p9"}),
        relabelled(run, offer, "Mine"),
        relabelled(run, offer, "Offer", {"block": 1}),
        mined,
        unlabelled(mined),
        relabelled(mined, receive, "Receive", {"process": "p2", "block": 1}),
        relabelled(mined, receive, "Receive", {"process": "p1", "block": 2}),
        relabelled(mined, receive, "ByzantinePublish", {"process": "p1", "block": 1}),
        relabelled(mined, leads, "Mine", {"process": miner}),
        relabelled(mined, leads, "Mine", {"process": miner, "senders": senders - {miner}}),
        relabelled(mined, leads, "Mine", {"process": miner, "senders": senders | {"p9"}}),
        relabelled(mined, leads, "Mine", {"process": miner, "senders": frozenset()}),
        relabelled(mined, leads, "Mine", {"process": miner, "senders": (miner,)}),
        relabelled(mined, receive, "Receive", {"process": "p1", "senders": senders}),
    ]
    assert rejections(found, order) == [
        None,
        None,
        None,
        (offer, "the step to it is not Order, as the trace says, but Offer"),
        (offer, f'the step to it is not Offer (process "{other}"), as the trace says, but Offer'),
        (offer, '"p9" is not a process of this trace'),
        (offer, "the action 'Mine' is not one of Offer, Order, Deliver, ByzantineOffer"),
        (offer, "block is given, which the action 'Offer' does not have"),
        None,
        None,
        (
            receive,
            'the step to it is not Receive (process "p2", block 1), as the trace says, but Receive',
        ),
        (
            receive,
            'the step to it is not Receive (process "p1", block 2), as the trace says, but Receive',
        ),
        (
            receive,
            'the step to it is not ByzantinePublish (process "p1", block 1), as the trace says, '
            "but Receive",
        ),
        None,
        (
            leads,
            f'the step to it is not Mine (process "{miner}", senders {show(senders - {miner})}), '
            "as the trace says, but Mine",
        ),
        (leads, 'senders: "p9" is not a process of this trace'),
        (leads, "senders is empty, and a leader has its own offer"),
        (leads, f'senders: <<"{miner}">> is not a set'),
        (receive, "senders is given, which the action 'Receive' does not have"),
    ]


@pytest.mark.tlc
def test_whose_offers_a_leader_had_must_be_said_among_many_processes() -> None:
    many = proof_of_work("honest", 0, processes=MOST_GUESSED + 1)
    leads = many.actions.index("Mine")
    (verdict,) = check_traces([many])
    assert verdict.accepted
    with pytest.raises(TraceError) as caught:
        check_traces(
            [relabelled(many, leads, "Mine", {"process": many.arguments[leads]["process"]})]
        )
    assert str(caught.value) == (
        f"{many.source}: state {leads}: with more than 12 processes the #meta of Catch and Mine "
        "must have senders, whose offers the process had"
    )


# -------------------------------------------------------------------------------- proof-of-work


def at_depth(trace: Trace, depth: int) -> Trace:
    """A trace whose learners decide at another depth than the rules say."""
    return replace(trace, constants={**trace.constants, "Depth": depth})


@pytest.mark.tlc
@BOTH_ORDERS
def test_a_wrong_depth_of_decisions_is_rejected(order: int) -> None:
    trace = proof_of_work("honest", 0)
    assert trace.constants["Depth"] == 1
    deeper, shallower = rejections([trace, at_depth(trace, 2), at_depth(trace, 0)], order)[1:]
    assert deeper is not None
    assert shallower is not None
    decides = [len(str(state["decided"])) for state in trace.states]
    assert deeper[0] == next(i for i, size in enumerate(decides) if size > decides[0])
    assert shallower[0] == trace.actions.index("Receive")


@pytest.mark.tlc
def test_a_correct_run_at_an_unsafe_depth_is_not_a_fault_of_the_learners() -> None:
    setting = Setting(protocol="pow", attack="private-chain", share=0.35, wins=60, draws=4, seed=2)
    (verdict,) = check_traces([trained_trace(setting, OneMax())])
    assert verdict.rejection is None
    assert not verdict.accepted
    first, wins, fault = describe(verdict).splitlines()
    assert re.search(r" is violated at state \d+ \(\w+\): the depth was not safe$", first)
    assert re.match(r"  The adversary had \d+ of \d+ wins at the depth 6, where this can", wins)
    assert fault == "  Every step is one of PowLearning: this is not a fault of the learners."


# --------------------------------------------------------------------------------------- batches


@pytest.mark.tlc
@BOTH_ORDERS
def test_every_run_of_tlc_counts(
    order: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each file in a run of TLC of its own: the bad one is the first, or the last."""
    monkeypatch.setattr("model_consensus.conformance.file_check.TOGETHER", 1)
    files = [str(INPUTS / f"{name}.itf.json") for name in ("01-true-for-1", "00-good")]
    assert cli.main(["check-trace", *files[::order]]) == 1
    assert "1 of 2 traces accepted: 14 states in " in capsys.readouterr().out
