"""Seeded runs of learning over proof-of-work on a network with delay, and their traces."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from statistics import mean
from typing import Any

import pytest

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.conformance import traces
from model_consensus.conformance.properties import agreement
from model_consensus.conformance.trace_check import check_traces, describe
from model_consensus.conformance.weakened_systems import LateByASlot
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.pow_learner import EVERY_HASH, Rules
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow_delayed import DelayedSimulation
from model_consensus.simulation.training import short_name
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow_actions import (
    ByzantineForge,
    ByzantineMine,
    ByzantineOffer,
    Catch,
    Mine,
)
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.tla.values import Function

PROCESSES = ("p1", "p2", "p3", "b1")


def system(
    delta: int, depth: int = 1, network: type[DelayedPowSystem] = DelayedPowSystem
) -> DelayedPowSystem:
    search = CachedSearch(EvolutionarySearch(OneMax(12), 2, lambda_=1, recombines=True))
    rules = Rules(PROCESSES, depth, EVERY_HASH // 4)
    one = OneLandscape(search)
    return network(rules, ("b1",), one, 10, 10, name=short_name, delta=delta)


def simulation(
    simulated: DelayedPowSystem, name: str, interval: int, seed: int = 1
) -> DelayedSimulation:
    return DelayedSimulation(simulated, STRATEGIES[name], 0.2, seed, interval)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_run_takes_only_steps_that_the_system_allows(name: str) -> None:
    simulated = system(2)
    steps = list(simulation(simulated, name, 2).run(8))
    for (_, before), (action, _) in pairwise(steps):
        if isinstance(action, ByzantineForge):
            assert action in simulated.forges(before, action.process, action.block)
        elif isinstance(action, ByzantineOffer):  # this system has no bound on them
            assert action in simulated.byzantine_offers(before, action.offer)
        elif isinstance(action, Mine | ByzantineMine):
            assert action.slot in simulated.next_slots(before)
            assert simulated.has_arrived(before, action.slot)
        elif not isinstance(action, Catch):
            assert action in list(simulated.enabled(before))


def test_pauses_are_as_long_as_the_interval_on_average() -> None:
    pauses = [simulation(system(1 << 16), "honest", 10, seed)._pause() for seed in range(1, 400)]
    assert 9 < mean(pauses) < 11  # the standard deviation of one is the root of 110
    assert {simulation(system(3), "honest", 0, seed)._pause() for seed in range(1, 40)} == {0}


def test_a_wrong_parameter_is_refused() -> None:
    with pytest.raises(ModelConsensusError, match="interval must be at least 0, not -1"):
        simulation(system(1), "honest", -1)
    with pytest.raises(ModelConsensusError, match="delta must be at least 0, not -1"):
        system(-1)


@pytest.mark.tlc
def test_delayed_runs_are_behaviours_and_those_of_a_slower_network_are_not() -> None:
    def trace(name: str, network: type[DelayedPowSystem]) -> traces.Trace:
        simulated = system(1, network=network)
        return traces.record(name, simulated, simulation(simulated, name, 2).run(8))

    good = [trace(name, DelayedPowSystem) for name in STRATEGIES]
    late = trace("partition", LateByASlot)
    honest = good[0]
    last = max(i for i, action in enumerate(honest.actions) if "Mine" in action)
    back = with_slots(honest, last, lambda slots: (*slots[:-1], 0))
    paused = with_slots(honest, last, lambda slots: (*slots[:-1], slots[-2] + 3))
    short = with_slots(honest, last, lambda slots: slots[:-1])
    *verdicts, of_late, of_back, of_paused, of_short = check_traces(
        [*good, late, back, paused, short]
    )
    assert [verdict for verdict in verdicts if verdict.rejection] == []
    assert of_late.rejection is not None
    assert late.actions[of_late.rejection.index] in ("Mine", "ByzantineMine")
    for verdict in (of_back, of_paused, of_short):
        assert verdict.rejection is not None
        assert verdict.rejection.index == last
    assert of_short.rejection is not None
    assert of_short.rejection.reason == "slots has 7 elements, and there are 8 blocks"


def with_slots(
    trace: traces.Trace, index: int, change: Callable[[tuple[int, ...]], tuple[int, ...]]
) -> traces.Trace:
    """The trace with other slots from the state of this index on."""
    states: list[Any] = list(trace.states)
    for place in range(index, len(states)):
        states[place] = Function({**states[place], "slots": change(states[place]["slots"])})
    return replace(trace, states=states)


@pytest.mark.tlc
def test_where_too_few_wins_are_pacers_a_disagreement_is_not_a_fault_of_the_learners() -> None:
    simulated = system(4, depth=0)
    for seed in range(40):
        steps = list(simulation(simulated, "partition", 0, seed).run(6))
        if not all(agreement(simulated, state) for _, state in steps):
            break
    trace = traces.record("run", simulated, steps)
    (verdict,) = check_traces([trace])
    assert verdict.rejection is None
    assert verdict.unsafe is not None
    blocks = trace.states[verdict.unsafe.index]["slots"]
    assert isinstance(blocks, tuple)
    assert describe(verdict).splitlines()[1] == (
        f"  Of {len(blocks)} wins too few were pacers at the depth 0, where this can happen "
        "(docs/settlement-delay.md)."
    )
