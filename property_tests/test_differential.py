"""Two ways to the same models: over two broadcasts, alone and together, mined and searched."""

from hypothesis import given, settings
from hypothesis import strategies as st

from model_consensus import pow_learner, tob_learner
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.evolutionary_search import (
    Digest,
    EvolutionarySearch,
    Ticket,
    least,
    own_tickets,
)
from model_consensus.landscapes import OneMax, Sphere
from model_consensus.pow_learner import EVERY_HASH, Rules
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.streamlet import Conditions, Simulation
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet.offers import decode_offer
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Order, TobSystem

SEEDS = st.integers(0, 1 << 32)
LANDSCAPES = st.sampled_from((OneMax(16), Sphere(3)))


def sequential(search: EvolutionarySearch, tickets: list[list[Ticket]]) -> list[Digest]:
    """Plain (1,λ) evolutionary search, with these tickets in each generation."""
    model = search.genesis
    decided = [model.digest]
    for drawn in tickets:
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
    search = CachedSearch(EvolutionarySearch(OneMax(16), 2, 3))
    one = OneLandscape(search)
    system = TobSystem(("b1", "p1", "p2", "p3"), ("b1",), 3, one, 3)
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
                learner = tob_learner.receive(search, 3, learner, offer)
        assert learner.decided == host.learner.decided
        assert learner.banned == host.learner.banned
        assert len(learner.decided) > 1


@settings(max_examples=20)
@given(seed=SEEDS, n=st.integers(1, 4), draws=st.integers(1, 3), landscape=LANDSCAPES)
def test_together_without_faults_is_one_process_alone(
    seed: int, n: int, draws: int, landscape: OneMax
) -> None:
    """λ = n: each step is that of a (1,n·draws) search, up to the tie-break, which is by order."""
    search = EvolutionarySearch(landscape, draws, n)
    names = tuple(f"p{number}" for number in range(1, n + 1))
    system = TobSystem(names, (), n, OneLandscape(search), 3)
    order: dict[int, list[str]] = {}
    steps = list(simulate(system, OneLandscape(search), ATTACKS["none"], seed))
    for action, _ in steps:
        if isinstance(action, Order):
            ticket = action.offer.ticket
            order.setdefault(ticket.generation, []).append(ticket.proposer)
    tickets = [
        [ticket for name in order[generation] for ticket in own_tickets(generation, name, draws)]
        for generation in range(1, 4)
    ]
    expected = sequential(search, tickets)
    assert all(list(each.decided) == expected for each in steps[-1][1].learner.values())


@settings(max_examples=20)
@given(lambda_=st.integers(1, 4), landscape=LANDSCAPES, depth=st.integers(0, 3))
def test_one_miner_alone_is_sequential_search(lambda_: int, landscape: OneMax, depth: int) -> None:
    search = EvolutionarySearch(landscape, lambda_, lambda_)
    rules = Rules(("p1",), depth, EVERY_HASH // 4)
    learner = pow_learner.new_learner(search, "p1")
    for _ in range(6):
        learner = pow_learner.receive(
            search, rules, learner, pow_learner.mine(search, rules, learner)
        )
    tickets = [list(own_tickets(generation, "p1", lambda_)) for generation in range(1, 7)]
    expected = sequential(search, tickets)
    assert list(pow_learner.decided(rules, learner)) == expected[: 7 - depth]
