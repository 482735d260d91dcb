"""Seeded runs of learning over proof-of-work against each strategy of the adversary."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import sqrt
from statistics import mean, stdev

import pytest

from model_consensus.adversaries.pow import STRATEGIES, SelfishMining, Strategy
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, EvolutionarySearch
from model_consensus.pow_learner import EVERY_HASH, Rules, chain
from model_consensus.settlement.chain_quality import selfish_share
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import Oracle, PowSimulation
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import Action, ByzantineForge, State

PROCESSES = ("p1", "p2", "p3", "p4", "b1")


def system(depth: int = 6, draws: int = 2, byzantine: tuple[str, ...] = ("b1",)) -> PowSystem:
    search = CachedSearch(EvolutionarySearch(OneMax(24), draws, draws, recombines=True))
    return PowSystem(Rules(PROCESSES, depth, EVERY_HASH // 4), byzantine, OneLandscape(search))


def run(
    simulated: PowSystem, strategy: Strategy, share: float, wins: int, seed: int = 1
) -> list[tuple[Action | None, State]]:
    return list(PowSimulation(simulated, strategy, share, seed).run(wins))


def outputs(simulated: PowSystem, state: State) -> dict[str, tuple[Digest, ...]]:
    return {process: simulated.decided(learner) for process, learner in state.learner.items()}


def is_safe(simulated: PowSystem, states: list[State]) -> bool:
    """Whether all outputs agree at all times and only grow."""
    longest: tuple[Digest, ...] = ()
    for state in states:
        for decided in outputs(simulated, state).values():
            short, long = sorted((decided, longest), key=len)
            if long[: len(short)] != short:
                return False
            longest = long
    return True


def miners(state: State) -> Counter[str]:
    """Who mined the blocks of the first correct process's chain."""
    learner = state.learner["p1"]
    return Counter(learner.known[digest].ticket.proposer for digest in chain(learner))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_run_takes_only_steps_that_the_system_allows(name: str) -> None:
    simulated = system(depth=1)
    steps = run(simulated, STRATEGIES[name], 0.4, 12)
    for (_, before), (action, after) in pairwise(steps):
        assert action is not None
        allowed: Iterator[Action] = simulated.enabled(before)
        if isinstance(action, ByzantineForge):
            allowed = iter(simulated.forges(before, action.process, action.block))
        assert action in allowed
        assert simulated.project(simulated.apply(before, action)) == simulated.project(after)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_run_is_a_function_of_its_seed(name: str) -> None:
    def projected(seed: int) -> list[object]:
        simulated = system()
        return [
            (action, simulated.project(state))
            for action, state in run(simulated, STRATEGIES[name], 0.3, 15, seed)
        ]

    assert projected(5) == projected(5)
    assert projected(5) != projected(6)


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_strategy_breaks_agreement_at_a_share_and_depth_made_for_it(name: str) -> None:
    simulated = system(depth=12)
    states = [state for _, state in run(simulated, STRATEGIES[name], 0.15, 60)]
    assert is_safe(simulated, states)
    assert min(map(len, outputs(simulated, states[-1]).values())) > 30


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_accepted_block_is_an_exact_step_whatever_the_strategy(name: str) -> None:
    simulated = system()
    state = run(simulated, STRATEGIES[name], 0.4, 40)[-1][1]
    search = EvolutionarySearch(OneMax(24), draws=2, lambda_=2, recombines=True)
    for learner in state.learner.values():
        for block in learner.known.values():
            parent = learner.models[block.parent]
            said = block.ticket
            drawn = [frozenset([replace(said, weights=each)]) for each in ((1, 0), (0, 1))]
            losses = search.losses(parent, drawn)
            weights = (1, -1) if losses[0] <= losses[1] else (-1, 1)
            losses += search.losses(parent, [frozenset([replace(said, weights=weights)])])
            assert block.claim == min(losses)
            chosen = [(1, 0), (0, 1), weights][losses.index(min(losses))]
            assert said.weights == chosen


def test_a_private_chain_takes_decisions_back_when_the_depth_is_too_small() -> None:
    """The same strategy that fails at depth 12 with a small share succeeds at depth 1 with half."""
    simulated = system(depth=1)
    states = [state for _, state in run(simulated, STRATEGIES["private-chain"], 0.5, 60)]
    assert not is_safe(simulated, states)


def test_honest_blocks_all_stand_and_a_chain_is_as_long_as_there_were_wins() -> None:
    state = run(system(), STRATEGIES["honest"], 0.3, 50)[-1][1]
    assert len(chain(state.learner["p1"])) == 50


def test_a_liar_and_a_miner_without_work_get_no_block_accepted_for_it() -> None:
    steps = run(system(), STRATEGIES["false-claim"], 0.4, 50)
    assert any(isinstance(action, ByzantineForge) for action, _ in steps)
    assert miners(steps[-1][1])["b1"] == 0
    steps = run(system(), STRATEGIES["no-work"], 0.4, 50)
    honest = run(system(), STRATEGIES["honest"], 0.4, 50)
    assert any(isinstance(action, ByzantineForge) for action, _ in steps)
    assert miners(steps[-1][1]) == miners(honest[-1][1])


def test_balancing_splits_the_correct_processes_again_and_again() -> None:
    simulated = system(depth=3)
    slots_split = 0
    for before, after in pairwise(run(simulated, STRATEGIES["balance"], 0.4, 60)):
        tips = {learner.tip for learner in before[1].learner.values()}
        slots_split += len(tips) > 1 and len(after[1].blocks) > len(before[1].blocks)
    assert slots_split >= 5


def test_withholding_publishes_only_steps_back() -> None:
    simulated = system(draws=1)
    state = run(simulated, STRATEGIES["withhold-by-loss"], 0.4, 80)[-1][1]
    learner = state.learner["p1"]
    own = [block for block in learner.known.values() if block.ticket.proposer == "b1"]
    assert own
    for block in own:
        assert block.claim > learner.known[block.parent].claim


@pytest.mark.slow
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
def test_selfish_mining_gains_what_eyal_and_sirer_say(gamma: float) -> None:
    """The real learners, in 12 independent runs: within five standard errors of the closed form.

    With 4 correct processes a share of 0, 2 or 4 of them sees the adversary's block first.
    """
    shares = []
    for seed in range(12):
        miner = miners(run(system(draws=1), SelfishMining(gamma), 1 / 3, 200, seed)[-1][1])
        shares.append(miner["b1"] / sum(miner.values()))
    error = stdev(shares) / sqrt(len(shares))
    assert error < 0.03
    assert abs(mean(shares) - selfish_share(1 / 3, gamma)) < 5 * error


def test_the_oracle_elects_the_adversary_for_its_share_of_the_wins() -> None:
    oracle = Oracle(system(), 0.25, 3)
    elected = Counter(oracle.elect() for _ in range(4000))
    # Five standard deviations: 5 * sqrt(4000 * 0.25 * 0.75) = 137, and for each correct process
    # 5 * sqrt(4000 * 0.1875 * 0.8125) = 123 around 750.
    assert abs(elected["b1"] - 1000) < 137
    assert all(abs(elected[process] - 750) < 123 for process in PROCESSES[:4])


@pytest.mark.parametrize(("share", "seed"), [(-0.1, 1), (1.0, 1), (float("nan"), 1), (0.1, -1)])
def test_a_share_or_a_seed_out_of_range_is_refused(share: float, seed: int) -> None:
    with pytest.raises(ModelConsensusError):
        Oracle(system(), share, seed)


def test_nobody_byzantine_has_no_share() -> None:
    with pytest.raises(ModelConsensusError, match="share"):
        Oracle(system(byzantine=()), 0.1, 1)
    assert Oracle(system(byzantine=()), 0, 1).elect() in PROCESSES


def test_every_strategy_says_what_it_tries_and_what_stops_it() -> None:
    for strategy in STRATEGIES.values():
        assert strategy.tries
        assert strategy.stopped_by
