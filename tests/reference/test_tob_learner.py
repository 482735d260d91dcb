"""The learner over Total Order Broadcast: each rule by an example, and each attack against it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from model_consensus import tob_learner
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance import traces
from model_consensus.defects.tob import DEFECTS
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, EvolutionarySearch, Ticket, offspring_digest
from model_consensus.landscapes import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.tob import simulate
from model_consensus.simulation.training import short_name, train
from model_consensus.systems.answers import EveryLandscape, OneLandscape, OpenLandscape
from model_consensus.systems.tob import Receive, State, TobSystem
from model_consensus.tob_learner import Learner, Offer, new_learner, offer, receive

DRAWS = 2
GENESIS = OpenLandscape(DRAWS).genesis.digest


def landscape(**losses: tuple[int, ...]) -> OpenLandscape:
    """The landscape in which the first generation's tickets of each process have these losses."""
    return OpenLandscape(
        DRAWS,
        {
            offspring_digest(GENESIS, Ticket(1, process, draw)): loss
            for process, each in losses.items()
            for draw, loss in enumerate(each)
        },
    )


def says(sender: str, draw: int, claim: int) -> Offer:
    return Offer(sender, GENESIS, Ticket(1, sender, draw), claim)


def after(search: OpenLandscape, lambda_: int, *offers: Offer) -> Learner:
    """The learner of p after the delivery of ``offers``."""
    learner = new_learner(search, "p")
    for each in offers:
        learner = receive(search, lambda_, learner, each)
    return learner


def model(process: str, draw: int) -> Digest:
    return offspring_digest(GENESIS, Ticket(1, process, draw))


# ------------------------------------------------------------------------------- its own offer


def test_the_offer_is_the_first_of_the_best_draws() -> None:
    learner, own = offer(landscape(p=(4, 4)), new_learner(landscape(), "p"))
    assert own == says("p", 0, 4)
    assert (learner.offered, learner.evaluations) == (1, 2)
    assert offer(landscape(p=(4, 3)), new_learner(landscape(), "p"))[1] == says("p", 1, 3)


# ------------------------------------------------------------------------------ what is accepted


GOOD = says("q", 0, 5)


@pytest.mark.parametrize(
    "illegal",
    [
        replace(GOOD, parent=bytes(32)),
        replace(GOOD, ticket=Ticket(0, "q", 0)),
        replace(GOOD, ticket=Ticket(2, "q", 0)),
        replace(GOOD, ticket=Ticket(1, "r", 0)),
        replace(GOOD, sender="r"),
        replace(GOOD, ticket=Ticket(1, "q", -1)),
        replace(GOOD, ticket=Ticket(1, "q", DRAWS)),
    ],
    ids=["parent", "past", "future", "foreign", "sender", "negative draw", "draw"],
)
def test_an_illegal_offer_leaves_the_learner_as_it_was(illegal: Offer) -> None:
    learner = new_learner(landscape(), "p")
    assert receive(landscape(), 3, learner, illegal) is learner
    # It is the offer that is wrong, for the good one is accepted.
    assert receive(landscape(), 3, learner, GOOD).accepted == (GOOD,)


def test_the_first_offer_of_a_sender_counts_and_no_other() -> None:
    learner = after(landscape(), 3, GOOD)
    assert receive(landscape(), 3, learner, GOOD) is learner
    assert receive(landscape(), 3, learner, says("q", 1, 0)) is learner


def test_a_liar_is_heard_no_more() -> None:
    search = landscape(q=(9, 9))
    learner = after(search, 1, says("q", 0, 0))
    assert learner.banned == ("q",)
    assert receive(search, 1, learner, says("q", 0, 9)) is learner


# ------------------------------------------------------------------------------ what is decided


def test_nothing_is_decided_or_evaluated_before_lambda_offers() -> None:
    learner = after(landscape(), 3, says("p", 0, 1), says("q", 0, 0))
    assert (learner.decided, learner.evaluations) == ((GENESIS,), 0)


def test_the_least_claim_wins_after_one_evaluation() -> None:
    search = landscape(q=(1, 9))
    learner = after(search, 3, says("p", 0, 7), says("q", 0, 1), says("r", 0, 3))
    assert learner.decided == (GENESIS, model("q", 0))
    assert learner.model.digest == model("q", 0)
    assert (learner.accepted, learner.banned, learner.evaluations) == ((), (), 1)


def test_of_equal_claims_the_earliest_delivered_wins() -> None:
    search = landscape(r=(2, 2), a=(2, 2))
    offers = (says("r", 1, 2), says("a", 0, 2))
    assert after(search, 2, *offers).decided[-1] == model("r", 1)
    assert after(search, 2, *reversed(offers)).decided[-1] == model("a", 0)


def test_a_lie_costs_one_evaluation_and_the_next_offer_completes_the_selection() -> None:
    search = landscape(b=(8, 8), q=(5, 5), r=(6, 6))
    waiting = after(search, 2, says("b", 0, 0), says("q", 0, 5))
    assert (waiting.banned, waiting.accepted) == (("b",), (says("q", 0, 5),))
    assert (waiting.decided, waiting.evaluations) == ((GENESIS,), 1)
    done = receive(search, 2, waiting, says("r", 0, 6))
    assert done.decided == (GENESIS, model("q", 0))
    assert (done.banned, done.evaluations) == (("b",), 2)


def test_a_claim_that_is_too_small_by_one_is_a_lie() -> None:
    assert after(landscape(b=(8, 8)), 1, says("b", 0, 7)).banned == ("b",)
    assert after(landscape(b=(8, 8)), 1, says("b", 0, 8)).banned == ()


def test_a_claim_that_is_too_large_costs_nobody_anything_unless_it_is_the_least() -> None:
    search = landscape(b=(0, 0), q=(5, 5))
    learner = after(search, 2, says("b", 0, 9), says("q", 0, 5))
    assert learner.decided == (GENESIS, model("q", 0))
    assert (learner.banned, learner.evaluations) == ((), 1)
    alone = after(search, 1, says("b", 0, 9))
    assert (alone.banned, alone.decided) == (("b",), (GENESIS,))


def test_a_hundred_thousand_offers_are_not_stored() -> None:
    search = landscape()  # and not evaluated either: that would be LossNotRevealed
    learner = new_learner(search, "p")
    kept = []
    for number in range(100_000):
        sender = f"b{number % 2}"
        learner = receive(search, 3, learner, says(sender, number % DRAWS, number))
        if number > 1:
            kept.append(learner)
    assert len(learner.accepted) == 2
    assert all(each is learner for each in kept)


# ------------------------------------------------------------------------------- the parameters


@pytest.mark.parametrize("parent", [bytes(32), b"\xff" * 32])
def test_an_offer_on_another_parent_is_ignored_whichever_is_the_greater(parent: bytes) -> None:
    learner = new_learner(landscape(), "p")
    assert receive(landscape(), 1, learner, Offer("b", parent, Ticket(1, "b", 0), 0)) is learner


@pytest.mark.parametrize("lambda_", [-1, 0, 4])
def test_lambda_is_one_to_n(lambda_: int) -> None:
    with pytest.raises(ModelConsensusError, match="lambda must be in"):
        TobSystem(["p", "q", "r"], [], lambda_, EveryLandscape(1, (0,)))


@pytest.mark.parametrize(
    ("processes", "byzantine"),
    [(["p", "p"], []), (["p"], ["q"]), (["p"], ["p"]), ([], [])],
)
def test_the_processes_must_make_sense(processes: list[str], byzantine: list[str]) -> None:
    with pytest.raises(ModelConsensusError, match="processes must be distinct"):
        TobSystem(processes, byzantine, 1, EveryLandscape(1, (0,)))


@pytest.mark.parametrize("draws", [0, -1])
def test_there_is_a_draw(draws: int) -> None:
    with pytest.raises(ModelConsensusError, match="draws must be at least 1"):
        EvolutionarySearch(OneMax(), draws, 1)


# ---------------------------------------------------------------------------------- whole runs

GENERATIONS = 10
LAMBDA = 3


def run(attack: str, seed: int = 1, received: Receive = tob_learner.receive) -> Iterator[State]:
    names = process_names(4)
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(), 4, LAMBDA)))
    system = TobSystem(
        names, names[3:], LAMBDA, one, GENERATIONS, name=short_name, receive=received
    )
    return (state for _, state in simulate(system, one, ATTACKS[attack], seed))


def loss_after(attack: str, received: Receive) -> int:
    *_, last = run(attack, received=received)
    (loss,) = OneMax().losses(last.learner["p1"].model.vector[None])
    return loss


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_breaks_agreement_or_stops_the_run(attack: str) -> None:
    for last in run(attack):
        decided = sorted((each.decided for each in last.learner.values()), key=len)
        assert decided[-1][: len(decided[0])] == decided[0]
        assert all(len(each.accepted) < LAMBDA for each in last.learner.values())
    learners = last.learner.values()
    assert {len(each.decided) for each in learners} == {GENERATIONS + 1}
    assert len({each.decided for each in learners}) == 1
    assert all(set(each.banned) <= {"p4"} for each in learners)
    assert all(each.evaluations <= 4 * GENERATIONS + GENERATIONS + 1 for each in learners)


@pytest.mark.parametrize("attack", ["under-claim", "collusion"])
def test_a_liar_is_banned_and_a_truthful_attacker_is_not(attack: str) -> None:
    *_, last = run(attack)
    assert all(each.banned == ("p4",) for each in last.learner.values())
    *_, last = run("worst-offspring")
    assert all(each.banned == () for each in last.learner.values())


def trained(seed: int) -> traces.Trace:
    return train(
        Setting(
            protocol="tob",
            processes=3,
            lambda_=2,
            draws=2,
            generations=4,
            attack="under-claim",
            seed=seed,
        ),
        OneMax(),
    ).trace


def test_a_seed_fixes_the_run() -> None:
    assert trained(7) == trained(7)
    assert trained(7).states != trained(8).states


@pytest.mark.parametrize(
    ("attack", "defect"), [("under-claim", "unverified"), ("collusion", "unverified")]
)
def test_without_the_mechanism_its_attack_does_harm(attack: str, defect: str) -> None:
    assert loss_after(attack, DEFECTS[defect]) > loss_after(attack, tob_learner.receive)


def test_without_a_ban_a_liar_costs_an_evaluation_in_every_generation() -> None:
    *_, real = run("under-claim")
    *_, without = run("under-claim", received=DEFECTS["unbanned"])
    cost = without.learner["p1"].evaluations - real.learner["p1"].evaluations
    assert cost > 1


def test_several_offers_of_one_process_displace_the_honest_ones() -> None:
    """With λ = 2 the adversary alone fills the selection: what others drew is never compared."""
    search = landscape(b=(8, 9), p=(1, 1), q=(2, 2))
    offers = (says("b", 0, 8), says("b", 1, 9), says("p", 0, 1), says("q", 0, 2))
    learner = new_learner(search, "p")
    for each in offers:
        learner = DEFECTS["repeated"](search, 2, learner, each)
    assert learner.decided[1] == model("b", 0)
    assert after(search, 2, *offers).decided[1] == model("p", 0)


def test_a_foreign_ticket_would_let_the_adversary_choose_among_all_tickets() -> None:
    """b offers the worst draw of q, truthfully, where it has no such bad one of its own."""
    search = landscape(b=(3, 3), q=(2, 9), p=(9, 9))
    foreign = Offer("b", GENESIS, Ticket(1, "q", 1), 9)
    learner = DEFECTS["foreign"](search, 1, new_learner(search, "p"), foreign)
    assert learner.decided[1] == model("q", 1)
    assert after(search, 1, foreign).decided == (GENESIS,)
