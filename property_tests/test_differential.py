"""Two ways to the same models: over two broadcasts, alone and together, mined and searched."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from model_consensus import pow_learner, tob_learner
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.evolutionary_search import (
    Digest,
    EvolutionarySearch,
    Step,
    all_drawn,
    by_rank,
    least,
)
from model_consensus.landscapes import Landscape
from model_consensus.pow_learner import EVERY_HASH, NOBODY, Rules
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.streamlet import Conditions, Simulation
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet.offers import decode_offer
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Order, TobSystem

SEEDS = st.integers(0, 1 << 32)
LANDSCAPES: st.SearchStrategy[Landscape] = st.sampled_from((OneMax(16), Sphere(3)))


def sequential(search: EvolutionarySearch, steps: list[list[Step]]) -> list[Digest]:
    """Plain (1,λ) evolutionary search, with these steps to choose from in each generation."""
    model = search.genesis
    decided = [model.digest]
    for drawn in steps:
        model = search.offspring(model, drawn[least(search.losses(model, drawn))])
        decided.append(model.digest)
    return decided


@settings(max_examples=8)
@given(
    seed=SEEDS,
    attack=st.sampled_from(sorted(ATTACKS)),
    nodes=st.sampled_from(sorted(MISBEHAVIOURS)),
)
def test_over_streamlet_learners_decide_what_the_abstract_broadcast_lets_them_decide(
    seed: int, attack: str, nodes: str
) -> None:
    """For the order that Streamlet has found: the messages of the final chain, one by one."""
    search = CachedSearch(EvolutionarySearch(OneMax(16), 2, 3, 2, recombines=True))
    one, rules = OneLandscape(search), tob_learner.Rules(3, 2)
    system = TobSystem(("b1", "p1", "p2", "p3"), ("b1",), rules, one, 3)
    run = Simulation(system, one, Conditions(stable=4), MISBEHAVIOURS[nodes], ATTACKS[attack], seed)
    for _ in run.run(60):
        pass
    for process in system.correct:
        host = run.hosts[process]
        learner = tob_learner.new_learner(search, process)
        for link in host.node.durable.log:
            message = link.block.payload
            offer = None if message is None else decode_offer(message.sender, message.body)
            if offer is not None:
                learner = tob_learner.receive(search, rules, learner, offer)
        assert learner.model == host.learner.model
        assert learner.banned == host.learner.banned
        assert learner.model.generation > 0


@settings(max_examples=20)
@given(seed=SEEDS, n=st.integers(1, 4), draws=st.integers(1, 3), landscape=LANDSCAPES)
def test_together_without_faults_is_one_process_alone(
    seed: int, n: int, draws: int, landscape: Landscape
) -> None:
    """λ = n, μ = 1, single draws: each step is that of a (1,n·draws) search.

    Up to the tie-break, which is by order.
    """
    search = EvolutionarySearch(landscape, draws, n)
    names = tuple(f"p{number}" for number in range(1, n + 1))
    system = TobSystem(names, (), tob_learner.Rules(n), OneLandscape(search), 3)
    order: dict[int, list[str]] = {}
    steps = list(simulate(system, OneLandscape(search), ATTACKS["none"], seed))
    for action, _ in steps:
        if isinstance(action, Order):
            ticket = action.offer.ticket
            order.setdefault(ticket.generation, []).append(ticket.proposer)
    drawn = [
        [step for name in order[generation] for step in all_drawn(generation, name, draws)]
        for generation in range(1, 4)
    ]
    expected = sequential(search, drawn)
    for learner in steps[-1][1].learner.values():
        assert list(system.decided(learner)) == expected


@settings(max_examples=20)
@given(draws=st.integers(1, 4), landscape=LANDSCAPES, depth=st.integers(0, 3))
def test_one_miner_alone_is_sequential_search(draws: int, landscape: Landscape, depth: int) -> None:
    """Among nobody's draws, its own, and the blend of the best of each where its own is better."""
    search = EvolutionarySearch(landscape, draws, lambda_=1)
    rules = Rules(("p1",), depth, EVERY_HASH // 4)
    learner = pow_learner.new_learner(search, "p1")
    for _ in range(6):
        offers = [pow_learner.make_offer(search, learner)]
        block = pow_learner.mine(search, rules, learner, offers)
        learner = pow_learner.receive(search, rules, learner, block)
    model = search.genesis
    expected = [model.digest]
    for generation in range(1, 7):
        found = []
        for name in (NOBODY, "p1"):
            drawn = all_drawn(generation, name, draws)
            losses = search.losses(model, drawn)
            found.append((min(losses), drawn[least(losses)]))
        (floor, step), (own, best) = found
        if own < floor:
            as_good = search.losses(model, [step | best])[0] <= own
            step = step | best if as_good else best
        model = search.offspring(model, step)
        expected.append(model.digest)
    assert list(pow_learner.decided(rules, learner)) == expected[: 7 - depth]


@settings(max_examples=20)
@given(seed=SEEDS, n=st.integers(1, 4), draws=st.integers(2, 4), data=st.data())
def test_together_without_faults_a_step_is_the_best_of_all_that_is_known(
    seed: int, n: int, draws: int, data: st.DataObject
) -> None:
    """λ = n: the decided loss is the least of the draws, the recombinations and the blend."""
    mu, landscape = data.draw(st.integers(1, n)), data.draw(LANDSCAPES)
    search = EvolutionarySearch(landscape, draws, n, mu, recombines=True)
    names = tuple(f"p{number}" for number in range(1, n + 1))
    one, rules = OneLandscape(search), tob_learner.Rules(n, mu)
    system = TobSystem(names, (), rules, one, 3)
    *_, (_, last) = simulate(system, one, ATTACKS["none"], seed)
    model = search.genesis
    for generation, decided in enumerate(system.decided(last.learner["p1"])[1:], 1):
        best: list[tuple[int, Step]] = []
        for name in names:
            drawn = all_drawn(generation, name, draws)
            losses = search.losses(model, drawn)
            options = [*zip(losses, drawn, strict=True)]
            (ticket,) = drawn[0]
            combined = frozenset([replace(ticket, weights=by_rank(losses))])
            options.append((search.losses(model, [combined])[0], combined))
            best.append(min(options, key=lambda option: option[0]))
        ranked = sorted(loss for loss, _ in best)
        blends = [
            frozenset(ticket for _, step in some for ticket in step)
            for some in combinations(best, mu)
            if sorted(loss for loss, _ in some) == ranked[:mu]
        ]
        known = {step: loss for loss, step in best}
        known |= dict(zip(blends, search.losses(model, blends), strict=True))
        names_of = {search.offspring(model, step).digest: step for step in known}
        assert known[names_of[decided]] <= ranked[0]
        if len(blends) == 1:  # without ties there is one blend
            assert known[names_of[decided]] == min(ranked[0], known[blends[0]])
        model = search.offspring(model, names_of[decided])
