"""Seeded runs of learning over proof-of-work against each strategy of the adversary."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import sqrt
from statistics import mean, stdev

import pytest

from model_consensus.adversaries.pow import (
    STRATEGIES,
    LeastStep,
    SelfishMining,
    Shown,
    Strategy,
    to_all,
)
from model_consensus.adversaries.pow_view import View
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, EvolutionarySearch, all_drawn, is_own_ticket
from model_consensus.landscapes import Landscape, Vector
from model_consensus.pow_learner import EVERY_HASH, NOBODY, Rules, chain, model_of, model_of_tip
from model_consensus.settlement.chain_quality import selfish_share
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import Oracle, PowSimulation
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import (
    Action,
    ByzantineForge,
    ByzantineOffer,
    Catch,
    Mine,
    State,
)

PROCESSES = ("p1", "p2", "p3", "p4", "b1")


ONE_MAX = OneMax(24)


class Flat(OneMax):
    """All models are equal, so no claim is less than another: what is shown first comes first."""

    def losses(self, models: Vector) -> list[int]:
        return [0] * len(models)


def system(
    depth: int = 6,
    draws: int = 2,
    byzantine: tuple[str, ...] = ("b1",),
    landscape: Landscape = ONE_MAX,
) -> PowSystem:
    search = CachedSearch(EvolutionarySearch(landscape, draws, lambda_=1, recombines=True))
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
    return Counter(learner.known[digest].miner for digest in chain(learner))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_run_takes_only_steps_that_the_system_allows(name: str) -> None:
    simulated = system(depth=1)
    steps = run(simulated, STRATEGIES[name], 0.4, 12)
    for (_, before), (action, after) in pairwise(steps):
        assert action is not None
        allowed: Iterator[Action] = simulated.enabled(before)
        if isinstance(action, ByzantineForge):
            allowed = iter(simulated.forges(before, action.process, action.block))
        if isinstance(action, ByzantineOffer):  # this system has no bound on them
            offer = action.offer
            generation = simulated.lineages.generation(offer.parent)
            assert simulated.may_offer(before)
            assert is_own_ticket(
                simulated.landscapes.search({}), offer.ticket, generation + 1, offer.sender
            )
            assert generation >= simulated.last_common(before)
            allowed = iter(simulated.byzantine_offers(before, offer))
        assert action in allowed
        assert simulated.project(simulated.apply(before, action)) == simulated.project(after)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_run_is_a_function_of_its_seed(name: str) -> None:
    def steps(seed: int) -> list[tuple[Action | None, State]]:
        return run(system(), STRATEGIES[name], 0.3, 15, seed)

    assert steps(5) == steps(5)
    assert steps(5) != steps(6)


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_strategy_breaks_agreement_at_a_share_and_depth_made_for_it(name: str) -> None:
    simulated = system(depth=12)
    states = [state for _, state in run(simulated, STRATEGIES[name], 0.15, 60)]
    assert is_safe(simulated, states)
    assert min(map(len, outputs(simulated, states[-1]).values())) > 30


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_accepted_block_is_exact_and_above_its_floor_whatever_the_strategy(name: str) -> None:
    simulated = system()
    state = run(simulated, STRATEGIES[name], 0.4, 40)[-1][1]
    search = EvolutionarySearch(OneMax(24), draws=2, lambda_=1, recombines=True)
    for learner in state.learner.values():
        for block in learner.known.values():
            parent = model_of(search, learner, block.parent)
            assert [block.claim] == search.losses(parent, [block.step])
            drawn = all_drawn(parent.generation + 1, NOBODY, 2)
            assert block.claim <= min(search.losses(parent, drawn))


def test_a_correct_miner_leads_with_what_is_as_good_as_every_true_offer() -> None:
    """All offers arrive, so a leader's block is as good as the best of the honest ones."""
    steps = run(system(), STRATEGIES["false-offers"], 0.3, 40)
    compared = 0
    for (_, before), (action, after) in pairwise(steps):
        if isinstance(action, Mine):
            learner = before.learner[action.process]
            assert {offer.sender for offer in action.offers} >= set(PROCESSES[:4])
            true = [offer.claim for offer in action.offers if offer.sender != "b1"]
            assert after.blocks[-1].claim <= min(true)
            compared += model_of_tip(learner).generation > 0
    assert compared > 10


def test_a_liar_is_banned_once_by_each_and_nobody_else_is() -> None:
    steps = run(system(), STRATEGIES["false-offers"], 0.3, 40)
    caught = Counter(action.process for action, _ in steps if isinstance(action, Catch))
    banned = {process: learner.banned for process, learner in steps[-1][1].learner.items()}
    assert set(caught.values()) == {1}
    assert banned == {p: {"b1"} if p in caught else frozenset() for p in PROCESSES[:4]}
    for name in STRATEGIES.keys() - {"false-offers"}:
        state = run(system(), STRATEGIES[name], 0.3, 40)[-1][1]
        assert not any(learner.banned for learner in state.learner.values()), name


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


class Race(LeastStep):
    """Keep each block until a correct process has one as high, and show it to all before that."""

    def publish(self, view: View) -> Iterable[Shown]:
        """The block of the same height, if there is one."""
        tied = view.height(view.secret) == view.height(view.last)
        return to_all(view, view.secret) if tied and not view.is_own(view.last) else ()


def test_of_blocks_that_arrive_together_all_adopt_the_one_with_the_least_claim() -> None:
    """Whatever the adversary shows first; where the claims are equal it decides."""
    simulated, races = system(), Counter[bool]()
    for (_, before), (_, after) in pairwise(run(simulated, Race(), 0.4, 200)):
        learner = before.learner["p1"]
        if len(after.blocks) == len(before.blocks) or not learner.known:
            continue  # no win, or the first one
        tip = learner.known[learner.tip]
        level = before.blocks.at_height(before.blocks.height(before.blocks.place(tip.digest)))
        digests = (before.blocks[place - 1].digest for place in level)
        rivals = [learner.known[digest] for digest in digests if digest in learner.known]
        assert tip == min(rivals, key=lambda block: (block.claim, block.miner != "b1"))
        assert {each.tip for each in before.learner.values()} == {learner.tip}
        races[tip.miner == "b1"] += len(rivals) > 1
    assert min(races[True], races[False]) > 5


def test_withholding_publishes_only_steps_back() -> None:
    simulated = system(draws=1)
    state = run(simulated, STRATEGIES["withhold-by-loss"], 0.4, 80)[-1][1]
    learner = state.learner["p1"]
    own = [block for block in learner.known.values() if block.miner == "b1"]
    assert own
    for block in own:
        assert block.claim > learner.known[block.parent].claim


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gamma", "landscape", "least", "most"),
    [
        (0.0, Flat(24), 0.0, 0.0),
        (0.5, Flat(24), 0.5, 0.5),
        (1.0, Flat(24), 1.0, 1.0),
        (0.5, ONE_MAX, 0.0, 1.0),
    ],
)
def test_selfish_mining_gains_what_eyal_and_sirer_say(
    gamma: float, landscape: Landscape, least: float, most: float
) -> None:
    """The real learners, in 12 independent runs: within five standard errors of the closed form.

    With 4 correct processes a share of 0, 2 or 4 of them sees the adversary's block first, where no
    claim is less than another.  Where claims decide, it gains between none of the ties and all.
    """
    shares = []
    for seed in range(12):
        simulated = system(draws=1, landscape=landscape)
        miner = miners(run(simulated, SelfishMining(gamma), 1 / 3, 200, seed)[-1][1])
        shares.append(miner["b1"] / sum(miner.values()))
    error = stdev(shares) / sqrt(len(shares))
    assert error < 0.03
    assert mean(shares) > selfish_share(1 / 3, least) - 5 * error
    assert mean(shares) < selfish_share(1 / 3, most) + 5 * error


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
