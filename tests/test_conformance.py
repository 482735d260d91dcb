"""Recorded runs against the specifications: true ones are accepted, and corrupted ones are not.

All traces with the same constants go through TLC together, in one test for each protocol: starting
Java costs more than the traces do.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from model_consensus import tob_learner, traces
from model_consensus.conformance import check_traces, differences
from model_consensus.evolutionary_search import CachedSearch, EvolutionarySearch
from model_consensus.landscapes import OneMax
from model_consensus.lineages import OneLandscape
from model_consensus.pow_adversary import STRATEGIES
from model_consensus.tob_adversary import ATTACKS
from model_consensus.tob_defects import DEFECTS
from model_consensus.tob_simulator import simulate
from model_consensus.tob_system import Receive, TobSystem
from model_consensus.traces import Trace
from model_consensus.training import process_names, short_name, train_pow
from model_consensus.values import function, record

Change = Callable[[Any], Any]


def tob(attack: str, seed: int, receive: Receive = tob_learner.receive) -> Trace:
    names = process_names(4)
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(), draws=2, lambda_=3)))
    system = TobSystem(names, names[3:], 3, one, 2, name=short_name, receive=receive)
    return traces.record(f"{attack} {seed}", system, simulate(system, one, ATTACKS[attack], seed))


def proof_of_work(strategy: str, seed: int) -> Trace:
    return train_pow(
        OneMax(),
        processes=4,
        byzantine=1,
        lambda_=2,
        depth=1,
        wins=6,
        target=1 << 255,
        strategy=STRATEGIES[strategy],
        share=0.3,
        seed=seed,
    ).trace


def set_in(value: Any, path: Sequence[Any], change: Change) -> Any:
    """``value`` with what is at ``path`` changed."""
    if not path:
        return change(value)
    key, *rest = path
    if isinstance(value, tuple):
        return (*value[:key], set_in(value[key], rest, change), *value[key + 1 :])
    return function({**value, key: set_in(value[key], rest, change)})


def altered(trace: Trace, index: int, path: Sequence[Any], change: Change) -> Trace:
    """``trace`` with one value of one state changed."""
    states = list(trace.states)
    states[index] = set_in(states[index], path, change)
    return replace(trace, states=states)


def reordered(trace: Trace, order: Sequence[int]) -> Trace:
    """``trace`` with its states in another order, or without some."""
    return replace(
        trace,
        actions=[trace.actions[index] for index in order],
        states=[trace.states[index] for index in order],
    )


def dropped(trace: Trace, index: int) -> Trace:
    everything = range(len(trace.states))
    return reordered(trace, [*everything[:index], *everything[index + 1 :]])


def swapped(trace: Trace, index: int) -> Trace:
    order = list(range(len(trace.states)))
    order[index], order[index + 1] = order[index + 1], order[index]
    return reordered(trace, order)


def put(value: Any) -> Change:
    """The change of whatever it is into ``value``."""
    return lambda _: value


def decided(state: Any, process: str) -> Any:
    return state["learner"][process]["decided"]


def first(trace: Trace, where: Callable[[Any, Any], bool]) -> int:
    """The index of the first state for which ``where`` holds, of the state before it and it."""
    return next(
        index
        for index in range(1, len(trace.states))
        if where(trace.states[index - 1], trace.states[index])
    )


# ------------------------------------------------------------------------ Total Order Broadcast


def tob_corruptions() -> list[tuple[str, Trace, int, str]]:
    """Corrupted traces: what was done, the trace, the first bad state, and what it is about."""
    good = tob("none", seed=3)
    lie = tob("under-claim", seed=3)
    order = first(good, lambda before, after: len(after["network"]) < len(before["network"]))
    offer = good.actions.index("Offer")
    decision = first(good, lambda before, after: len(decided(after, "p1")) == 2)
    ban = first(lie, lambda before, after: after["learner"]["p1"]["banned"] == ("p4",))
    learner = ("learner", "p1")
    last: Any = good.states[decision]
    accepted = first(good, lambda before, after: len(after["learner"]["p1"]["accepted"]) == 2)
    others = sorted({*good.models} - {decided(good.states[decision], "p1")[1]})
    stranger = next(name for name in others if good.models[name].parent == good.genesis)
    return [
        ("a step is missing", dropped(good, order), order, ""),
        ("the last step is twice", repeated_last(good), len(good.states), ""),
        ("two steps are swapped", swapped(good, offer), offer, ""),
        (
            "an evaluation is not counted",
            altered(good, decision, (*learner, "evaluations"), lambda n: n - 1),
            decision,
            "learner.p1.evaluations",
        ),
        (
            "another model is decided",
            altered(good, decision, (*learner, "decided", 1), put(stranger)),
            decision,
            "learner.p1.decided",
        ),
        (
            "a decision comes early",
            altered(good, accepted, (*learner,), put(last["learner"]["p1"])),
            accepted,
            "learner.p1",
        ),
        (
            "a claim is changed",
            altered(good, accepted, (*learner, "accepted", 1, "claim"), lambda claim: claim + 1),
            accepted,
            "learner.p1.accepted",
        ),
        (
            "an honest process is banned",
            altered(lie, ban, (*learner, "banned"), put(("p2",))),
            ban,
            "",
        ),
        (
            "a liar is not banned",
            altered(lie, ban, (*learner, "banned"), put(())),
            ban,
            "learner.p1.banned",
        ),
        (
            "a loss is forgotten",
            altered(good, offer, ("loss",), put(())),
            offer,
            "loss",
        ),
        (
            "it does not start at the start",
            reordered(good, range(offer, len(good.states))),
            0,
            "",
        ),
    ]


def repeated_last(trace: Trace) -> Trace:
    """A run that ends with a step that changes nothing: none of Next's steps does."""
    return reordered(trace, [*range(len(trace.states)), len(trace.states) - 1])


def wrong_tie() -> tuple[str, Trace, int, str]:
    """A run in which p1 decides the later one of two equal claims instead of the earlier one."""
    for seed in range(50):
        trace = tob("silent", seed)
        index = first(trace, lambda before, after: len(decided(after, "p1")) == 2)
        before: Any = trace.states[index - 1]
        offers = [*before["learner"]["p1"]["accepted"], before["inbox"]["p1"][0]]
        best = [each for each in offers if each["claim"] == min(o["claim"] for o in offers)]
        if len(best) > 1:
            later = next(
                name
                for name, origin in trace.models.items()
                if (origin.parent, origin.ticket) == (best[1]["parent"], best[1]["ticket"])
            )
            path = ("learner", "p1", "decided", 1)
            assert later != decided(trace.states[index], "p1")[1]
            wrong = altered(trace, index, path, put(later))
            return "the wrong one of equals", wrong, index, "learner.p1.decided"
    raise AssertionError("no seed has a tie")


# An attack under which a learner with the defect does something else than it should.
SHOWN_BY = {
    "unverified": "under-claim",
    "unbanned": "under-claim",
    "repeated": "duplicate",
    "foreign": "foreign-ticket",
    "last-of-equals": "none",
    "one-too-few": "none",
}


def defective(name: str) -> tuple[str, Trace, int, str]:
    """A run of defective learners; it is a true one until it differs from that of true learners.

    The schedule of a seed depends on nothing but the states.
    """
    trace = tob(SHOWN_BY[name], 3, DEFECTS[name])
    true = tob(SHOWN_BY[name], 3)
    pairs = enumerate(zip(trace.states, true.states, strict=False))
    return name, trace, next(index for index, (bad, good) in pairs if bad != good), "learner"


@pytest.mark.tlc
def test_runs_over_total_order_broadcast_are_behaviours_and_corrupted_ones_are_not() -> None:
    good = [tob(attack, seed) for seed, attack in enumerate([*ATTACKS, "none", "under-claim"])]
    bad = [*tob_corruptions(), wrong_tie(), *map(defective, SHOWN_BY)]
    verdicts = check_traces([*good, *(trace for _, trace, _, _ in bad)])
    assert [v.trace.source for v in verdicts[: len(good)] if v.rejection] == []
    for (what, trace, index, about), verdict in zip(bad, verdicts[len(good) :], strict=True):
        assert verdict.trace is trace
        assert verdict.rejection is not None, what
        assert verdict.rejection.index == index, (what, verdict.rejection)
        assert not about or verdict.rejection.differences[0].startswith(about), verdict.rejection


# ------------------------------------------------------------------------------- proof-of-work


@pytest.mark.tlc
def test_runs_over_proof_of_work_are_behaviours_and_corrupted_ones_are_not() -> None:
    good = [proof_of_work(name, seed) for seed, name in enumerate(STRATEGIES)]
    honest = good[0]
    mined, received = honest.actions.index("Mine"), honest.actions.index("Receive")
    bad = {
        "a win is missing": (dropped(honest, mined), mined),
        "a delivery is missing": (dropped(honest, received), received),
        "two steps are swapped": (swapped(honest, mined), mined),
        "a claim is changed": (
            altered(honest, mined, ("blocks", 0, "claim"), lambda claim: claim - 1),
            mined,
        ),
        "a block received is no tip": (
            altered(honest, received, ("tip",), put(honest.states[mined]["tip"])),
            received,
        ),
        "another miner is named": (
            altered(honest, mined, ("blocks", 0, "ticket", "proposer"), put("p4")),
            mined,
        ),
    }
    verdicts = check_traces([*good, *(trace for trace, _ in bad.values())])
    rejections = [verdict.rejection for verdict in verdicts]
    assert rejections[: len(good)] == [None] * len(good)
    for (what, (_, index)), rejection in zip(bad.items(), rejections[len(good) :], strict=True):
        assert rejection is not None, what
        assert rejection.index == index, (what, rejection)


# --------------------------------------------------------------------------------- without TLC


def test_differences_are_the_innermost_ones() -> None:
    recorded = record(tip=record(p=1, q=2), known=frozenset({1}))
    expected = record(tip=record(p=1, q=3), known=frozenset({1}))
    assert list(differences("state", recorded, expected)) == ["state.tip.q is 2, not 3"]
    assert list(differences("state", recorded, recorded)) == []


def test_no_traces_have_no_verdicts() -> None:
    assert check_traces([]) == []
