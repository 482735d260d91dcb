"""Streamlet nodes as a transition system: small instances, explored completely."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from model_consensus.conformance.state_graph import Edge, Names, explored
from model_consensus.errors import ModelConsensusError
from model_consensus.streamlet.messages import Block
from model_consensus.systems.bounded import streamlet
from model_consensus.systems.streamlet import State, StreamletSystem, Vote
from model_consensus.tla.values import Function, Value

PROCESSES = ("p1", "p2", "p3", "b1")


def small(restart: bool = False) -> StreamletSystem:
    """Two epochs; the second leader is correct."""
    return StreamletSystem(PROCESSES, ("b1",), ("b1", "p1"), {"m1": "p1"}, ("x1",), "few", restart)


def equivocating(processes: tuple[str, ...], epochs: int) -> StreamletSystem:
    forgeries = tuple(range(1, epochs + 1))
    return StreamletSystem(processes, ("b1",), ("b1",) * epochs, {}, forgeries, "own")


def reachable(explored: StreamletSystem) -> Iterator[Function]:
    """Each projected state that can be reached, breadth first."""
    todo: list[State] = list(explored.initial())
    seen = set(map(explored.project, todo))
    for state in todo:
        yield explored.project(state)
        for action in explored.enabled(state):
            after = explored.apply(state, action)
            if explored.project(after) not in seen:
                seen.add(explored.project(after))
                todo.append(after)


def edges(system: StreamletSystem, names: Names) -> dict[int | None, set[Edge]]:
    """The graph of transitions."""
    return {source: set(edges) for source, edges in explored(system, names)}


def agree(state: Function) -> bool:
    log: Any = state["log"]
    logs = sorted(log.values(), key=len)
    return all(long[: len(short)] == short for short, long in combinations(logs, 2))


@pytest.mark.slow
def test_logs_agree_with_four_processes_and_not_with_three() -> None:
    """n > 3f is needed: the same nodes, one of them Byzantine in both cases."""
    assert all(map(agree, reachable(equivocating(PROCESSES, 2))))
    assert not all(map(agree, reachable(equivocating(("p1", "p2", "b1"), 4))))


@pytest.mark.slow
def test_a_crash_and_restart_after_each_action_changes_nothing() -> None:
    names = Names()
    graph = edges(small(), names)
    assert graph == edges(small(restart=True), names)
    assert len(graph) > 400


def test_an_action_that_is_not_enabled_is_refused() -> None:
    system = small()
    (state,) = system.initial()
    late = Vote("p2", Block(2, system.committee.genesis, None))  # p1 has not proposed
    assert late not in list(system.enabled(state))
    with pytest.raises(ModelConsensusError, match="is not enabled"):
        system.apply(state, late)


CONSTANTS: dict[str, Value] = {
    "Proc": frozenset(PROCESSES),
    "Byzantine": frozenset(["b1"]),
    "Epochs": 2,
    "CorrectEpochs": frozenset([2]),
    "Message": frozenset(["m1"]),
    "Forgery": frozenset(["x1"]),
    "Choice": "few",
}


def test_a_system_is_made_from_the_constants_of_a_model() -> None:
    names = Names()
    assert edges(streamlet(CONSTANTS), names) == edges(small(), names)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Proc", 4),
        ("Epochs", "two"),
        ("Choice", "none of them"),
        ("Byzantine", frozenset()),
        ("Byzantine", frozenset(PROCESSES)),
        ("Byzantine", frozenset(["stranger"])),
    ],
)
def test_wrong_constants_are_refused(name: str, value: Value) -> None:
    with pytest.raises(ModelConsensusError):
        streamlet({**CONSTANTS, name: value})
    with pytest.raises(ModelConsensusError, match=name):
        streamlet({other: CONSTANTS[other] for other in CONSTANTS if other != name})
