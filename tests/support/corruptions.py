"""Recorded runs with one thing wrong in each, for the tests of trace validation.

What is wrong, in each protocol (over Streamlet the learners' trace has all of the first column, and
the nodes' trace all of the last)::

    kind                learning over broadcast   proof-of-work             Streamlet
    dropped step        an offer's place          offer, win, delivery, ban a vote
    swapped steps       two                       two                       two
    altered field       claim, evaluations, loss  claims, miner, step       lock, payload
    forged decision     another model, too early  a tip not yet received    a block not final
    wrong tie-break     the later of equal claims chains, draws             a chain not longest
    wrong ban           honest; liar not          honest; liar not          no bans
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from model_consensus.conformance.traces import Trace
from model_consensus.tla.values import Value, function

Change = Callable[[Any], Any]
Corruption = tuple[str, Trace, int, str]
"""What was done, the trace, the index of its first bad state, and what is wrong in it."""


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
        arguments=[trace.arguments[index] for index in order],
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


def relabelled(
    trace: Trace, index: int, action: str, arguments: Mapping[str, Value] | None = None
) -> Trace:
    """``trace`` with another action, or other arguments of it, at one state."""
    actions, given = list(trace.actions), list(trace.arguments)
    actions[index], given[index] = action, arguments or {}
    return replace(trace, actions=actions, arguments=given)


def unlabelled(trace: Trace) -> Trace:
    """``trace`` without a word on its actions."""
    count = len(trace.states)
    return replace(trace, actions=[""] * count, arguments=[{}] * count)


def inserted(
    trace: Trace, index: int, action: str, arguments: Mapping[str, Value], state: Any
) -> Trace:
    """``trace`` with one more step before the state at ``index``."""
    return replace(
        trace,
        actions=[*trace.actions[:index], action, *trace.actions[index:]],
        states=[*trace.states[:index], state, *trace.states[index:]],
        arguments=[*trace.arguments[:index], arguments, *trace.arguments[index:]],
    )


def of_learning(good: Trace, lie: Trace, liar: str) -> list[Corruption]:
    """Corruptions of a run of learners, and of one in which ``liar`` is banned."""
    order = first(good, lambda before, after: len(after["network"]) < len(before["network"]))
    offer = good.actions.index("Offer")
    decision = first(good, lambda before, after: len(decided(after, "p1")) == 2)
    ban = first(lie, lambda before, after: after["learner"]["p1"]["banned"] == (liar,))
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
