"""The learner over Streamlet in a simulated network: safe always, live once it is synchronous."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch, Ticket
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.streamlet import (
    Conditions,
    Crash,
    Partition,
    Simulation,
)
from model_consensus.simulation.streamlet_host import Host, StreamletStep
from model_consensus.streamlet.node import PENDING, WINDOW
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tla.values import record
from model_consensus.tob_learner import Offer, Rules
from tests.support.corruptions import (
    Corruption,
    altered,
    dropped,
    first,
    inserted,
    of_learning,
    put,
    set_in,
    swapped,
)
from tests.support.hosts import SendsFirst

PROCESSES = ("b1", "p1", "p2", "p3")
CORRECT = PROCESSES[1:]
GENERATIONS = 3
EPOCHS = 150

QUIET = Conditions()
STORM = Conditions(
    stable=24,
    lateness=3,
    loss=6,
    partitions=(
        Partition(3, 8, frozenset({"p1", "p2"})),
        Partition(12, 16, frozenset({"p3"})),
    ),
    crashes=(Crash("p3", 6, 9), Crash("p1", 14, 18), Crash("p1", 20, 21), Crash("p2", 20, 22)),
)


def simulation(
    misbehaviour: str,
    attack: str,
    conditions: Conditions,
    seed: int = 1,
    host: type[Host] = Host,
) -> Simulation:
    search = CachedSearch(EvolutionarySearch(OneMax(), 2, 3, 2, recombines=True))
    landscape = OneLandscape(search)
    system = TobSystem(PROCESSES, ("b1",), Rules(3, 2), landscape, GENERATIONS, name=bytes.hex)
    behaviour = MISBEHAVIOURS[misbehaviour], ATTACKS[attack]
    return Simulation(system, landscape, conditions, *behaviour, seed, host=host)


def logs(run: Simulation) -> list[tuple[object, ...]]:
    return [tuple(x.block for x in run.hosts[p].node.durable.log) for p in CORRECT]


@pytest.mark.slow
@pytest.mark.parametrize("conditions", [QUIET, STORM], ids=["quiet", "storm"])
@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
@pytest.mark.parametrize("attack", ["under-claim", "flood"])
def test_all_learn_the_same_whatever_byzantine_nodes_and_the_network_do(
    misbehaviour: str, attack: str, conditions: Conditions
) -> None:
    run = simulation(misbehaviour, attack, conditions)
    for _ in run.run(EPOCHS):
        by_length = sorted(logs(run), key=len)
        assert all(long[: len(short)] == short for short, long in pairwise(by_length))
    assert run.is_done()  # liveness
    (model,) = {run.hosts[p].learner.model for p in CORRECT}
    assert model.generation == GENERATIONS
    assert all(set(run.hosts[p].learner.banned) <= {"b1"} for p in CORRECT)


SHORT = replace(STORM, cut_short=6)
"""Some crashes come between persisting and sending."""


def votes_once(run: Simulation) -> bool:
    """Whether no correct process votes twice in an epoch of a run."""
    last: Any = None
    for step in run.run(EPOCHS):
        if isinstance(step, StreamletStep):
            last = step.state
    epochs = [[block[-1]["epoch"] for block in votes] for votes in last["votes"].values()]
    assert all(epochs)
    return all(len(each) == len(set(each)) for each in epochs)


@pytest.mark.parametrize("conditions", [STORM, SHORT], ids=["storm", "cut short"])
@pytest.mark.parametrize("seed", range(20))
def test_no_correct_process_votes_twice_in_an_epoch_through_crashes(
    seed: int, conditions: Conditions
) -> None:
    run = simulation("equivocate", "none", conditions, seed)
    assert votes_once(run)
    assert run.is_done()


@pytest.mark.slow
def test_a_host_that_sends_before_it_persists_votes_twice_after_a_crash_in_between() -> None:
    def votes(conditions: Conditions) -> list[bool]:
        return [
            votes_once(simulation("equivocate", "none", conditions, seed, SendsFirst))
            for seed in range(5)
        ]

    assert not all(votes(SHORT))
    assert all(votes(STORM))


@pytest.mark.parametrize("loss", [0, 2, 8])
def test_packets_are_lost_as_often_as_the_conditions_say_and_none_once_it_is_stable(
    loss: int,
) -> None:
    stormy = simulation("none", "none", Conditions(stable=40, loss=loss))
    list(stormy.run(30))
    lost = 1 / loss if loss else 0
    sent = stormy.lost + stormy.packets / (1 + lost)  # as many of the others are duplicated
    assert stormy.lost == pytest.approx(sent * lost, abs=4 * (sent * lost * (1 - lost)) ** 0.5)
    assert stormy.packets > 100
    stable = simulation("none", "none", Conditions(stable=1, loss=loss))
    list(stable.run(30))
    assert stable.lost == 0


@pytest.mark.slow
def test_a_run_is_a_function_of_its_seed() -> None:
    def steps(seed: int) -> list[object]:
        return list(simulation("equivocate", "under-claim", STORM, seed).run(40))

    assert steps(1) == steps(1)
    assert steps(1) != steps(2)


@pytest.mark.slow
def test_a_flooding_node_costs_the_others_bounded_memory() -> None:
    run = simulation("flood", "flood", QUIET)
    for _ in run.run(60):
        for process in CORRECT:
            node = run.hosts[process].node
            assert len(node.votes) <= (WINDOW + 2) * len(PROCESSES)
            assert len(node.proposals) <= WINDOW + 2
            assert all(len(waiting) <= PENDING for waiting in node.pending.values())
            assert len(node.notarized) <= node.epoch
    assert run.packets > 10_000


def test_what_is_partitioned_does_not_finalize_and_catches_up() -> None:
    """Two and two: neither side has the quorum of three, until the partition heals."""
    apart = Conditions(stable=1, loss=0, partitions=(Partition(1, 20, frozenset({"b1", "p1"})),))
    run = simulation("none", "none", apart)
    for _ in run.run(20):
        assert all(log == () for log in logs(run))
    run = simulation("none", "none", apart)
    list(run.run(EPOCHS))
    assert run.is_done()


@pytest.mark.tlc
def test_traces_of_a_run_are_behaviours_and_corrupted_ones_are_not() -> None:
    run = simulation("equivocate", "under-claim", STORM)
    nodes, learners = run.traces("run", 80)
    assert run.is_done()
    assert {*nodes.actions} == {"Init", "Broadcast", "Propose", "Vote", "Deliver"}
    assert {"ByzantineOffer", "Order", "Deliver", "Offer"} <= {*learners.actions}

    bad = [*of_nodes(nodes), *of_learning(learners, learners, "b1")]
    good = [nodes, learners, *simulation("equivocate", "under-claim", SHORT).traces("short", 80)]
    verdicts = check_traces([*good, *(trace for _, trace, _, _ in bad)])
    rejections = [verdict.rejection for verdict in verdicts]
    assert rejections[:4] == [None] * 4
    for (what, _, index, about), rejection in zip(bad, rejections[4:], strict=True):
        assert rejection is not None, what
        assert rejection.index == index, (what, rejection)
        assert not about or rejection.differences[0].startswith(about), (what, rejection)


def of_nodes(good: Trace) -> list[Corruption]:
    """Corruptions of a run of nodes.  (They decide by finalizing, and ban nobody.)"""

    def new_vote(before: Any, after: Any) -> tuple[str, Any] | None:
        """Who votes in a step, and for which block."""
        return next(
            (
                (p, *after["votes"][p] - before["votes"][p])
                for p in CORRECT
                if after["votes"][p] != before["votes"][p]
            ),
            None,
        )

    def is_free(before: Any, after: Any) -> bool:
        """Whether the vote is for an equivocating leader's block on a notarized one."""
        vote = new_vote(before, after)
        if vote is None:
            return False
        process, block = vote
        return bool(after["leader"][block[-1]["epoch"] - 1] == "b1" and before["lock"][process])

    states: list[Any] = list(good.states)
    messages: Any = good.constants["Message"]
    vote, delivery = good.actions.index("Vote"), good.actions.index("Deliver")
    proposal = good.actions.index("Propose")
    before = states[delivery - 1]
    after = states[delivery]
    process = next(p for p in CORRECT if before["log"][p] != after["log"][p])
    voted = states[vote]
    found = new_vote(states[vote - 1], voted)
    assert found is not None
    voter, block = found
    final = set_in(voted, ("log", voter), put(block[:1]))
    free = first(good, is_free)
    chosen = new_vote(states[free - 1], states[free])
    assert chosen is not None
    other, tip = chosen
    earlier = states[free - 1]["votes"][other]
    proposed = new_vote(states[proposal - 1], states[proposal])
    assert proposed is not None
    leader, own = proposed
    waiting = sorted(messages - states[proposal]["pool"])
    made_up = (*own[:-1], record(epoch=own[-1]["epoch"], payload=(waiting[-1],)))
    return [
        ("a vote is missing", dropped(good, vote), vote, ""),
        ("two steps are swapped", swapped(good, proposal), proposal, ""),
        (
            "a lock is forgotten",
            altered(good, delivery, ("lock", process), put(0)),
            delivery,
            f"lock.{process}",
        ),
        (
            "a block is delivered that is not final",
            inserted(good, vote + 1, "Deliver", {}, final),
            vote + 1,
            "",
        ),
        (
            "a vote is for a block on a chain that is not longest",
            altered(good, free, ("votes", other), put(earlier | {(tip[-1],)})),
            free,
            "",
        ),
        (
            "a message in a block was never broadcast",
            altered(
                good,
                proposal,
                ("votes", leader),
                put(states[proposal - 1]["votes"][leader] | {made_up}),
            ),
            proposal,
            "",
        ),
    ]


@pytest.mark.parametrize(
    "offer",
    [
        Offer("p", bytes(32), Ticket(1, "p", (1,)), 0),
        Offer("p", bytes(range(32)), Ticket((1 << 64) - 1, "é", (-(1 << 31), 0)), (1 << 64) - 1),
        Offer("p", bytes(32), Ticket(0, "", ()), 1),
        Offer("p", bytes(32), Ticket(0, "", ((1 << 31) - 1,) * 3), 1),
    ],
)
def test_an_offer_goes_through_a_message_unchanged(offer: Offer) -> None:
    assert decode_offer("p", encode_offer(offer)) == offer


def test_what_is_no_offer_is_none() -> None:
    good = encode_offer(Offer("p", bytes(32), Ticket(1, "p", (1, -1)), 0))
    assert len(good) == 52 + 2 * 4 + 1
    for length in range(60):
        assert decode_offer("p", good[:length]) is None
    assert decode_offer("p", good[:60]) is not None
    assert decode_offer("p", good[:60] + b"\xff") is None


@pytest.mark.parametrize(
    "offer",
    [
        Offer("p", bytes(32), Ticket(1, "p", (1,)), 1 << 64),
        Offer("p", bytes(32), Ticket(-1, "p", (1,)), 0),
        Offer("p", bytes(32), Ticket(1, "p", (1 << 31,)), 0),
        Offer("p", bytes(32), Ticket(1, "p", (-(1 << 31) - 1,)), 0),
        Offer("p", bytes(31), Ticket(1, "p", (1,)), 0),
        Offer("p", bytes(32), Ticket(1, "\ud800", (1,)), 0),
    ],
)
def test_an_offer_whose_fields_do_not_fit_has_no_encoding(offer: Offer) -> None:
    with pytest.raises(ModelConsensusError, match=r"^an offer that has no encoding: Offer\("):
        encode_offer(offer)


def test_a_simulation_needs_an_end() -> None:
    landscape = OneLandscape(EvolutionarySearch(OneMax(), 1, 3, 2))
    system = TobSystem(PROCESSES, ("b1",), Rules(3, 2), landscape)
    with pytest.raises(ModelConsensusError, match="number of generations"):
        Simulation(system, landscape, QUIET, MISBEHAVIOURS["none"], ATTACKS["none"], 1)
