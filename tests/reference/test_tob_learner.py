"""The learner over Total Order Broadcast: each rule by an example, and each attack against it."""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from model_consensus import tob_learner
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance import traces
from model_consensus.defects.tob import DEFECTS
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    EvolutionarySearch,
    Step,
    Ticket,
    Weights,
    offspring_digest,
    single,
)
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.tob import simulate
from model_consensus.simulation.training import short_name
from model_consensus.systems.answers import EveryLandscape, OneLandscape, OpenLandscape
from model_consensus.systems.tob import Receive, State, TobSystem
from model_consensus.tob_learner import Learner, Offer, Rules, new_learner, offer, receive
from tests.support.trained import trained_trace

DRAWS = 2
GENESIS = OpenLandscape(DRAWS).genesis.digest
BEST_TWO = (1, -1)
"""The weights of a recombination of two draws of which the first is the better."""


def step_of(*names: tuple[str, Weights]) -> Step:
    return frozenset(Ticket(1, process, weights) for process, weights in names)


def model(*names: tuple[str, int]) -> Digest:
    """The offspring by the draws that are named, each of another process."""
    step = step_of(*((process, single(draw, DRAWS)) for process, draw in names))
    return offspring_digest(GENESIS, step)


def landscape(
    blends: Mapping[Digest, int] = MappingProxyType({}), **losses: tuple[int, ...]
) -> OpenLandscape:
    """The landscape in which the first generation's draws of each process have these losses.

    The loss after those of the draws, if there is one, is that of ``BEST_TWO``.
    """
    weights = (single(0, DRAWS), single(1, DRAWS), BEST_TWO)
    known = {
        offspring_digest(GENESIS, step_of((process, each))): loss
        for process, lost in losses.items()
        for each, loss in zip(weights, lost, strict=False)
    }
    return OpenLandscape(DRAWS, recombines=True, revealed={**known, **blends})


def says(sender: str, draw: int, claim: int) -> Offer:
    return Offer(sender, GENESIS, Ticket(1, sender, single(draw, DRAWS)), claim)


def after(search: OpenLandscape, rules: Rules, *offers: Offer) -> Learner:
    """The learner of p after the delivery of ``offers``."""
    learner = new_learner(search, "p")
    for each in offers:
        learner = receive(search, rules, learner, each)
    return learner


# ------------------------------------------------------------------------------- its own offer


def test_the_offer_is_the_first_of_the_best_draws() -> None:
    learner, own = offer(landscape(p=(4, 4, 4)), new_learner(landscape(), "p"))
    assert own == says("p", 0, 4)
    assert (learner.offered, learner.evaluations) == (1, 3)


def test_the_offer_is_the_recombination_if_that_is_better_than_every_draw() -> None:
    _, own = offer(landscape(p=(4, 6, 3)), new_learner(landscape(), "p"))
    assert own == Offer("p", GENESIS, Ticket(1, "p", BEST_TWO), 3)


def test_without_recombination_an_offer_costs_its_draws() -> None:
    search = replace(landscape(p=(4, 3)), recombines=False)
    learner, own = offer(search, new_learner(search, "p"))
    assert (own, learner.evaluations) == (says("p", 1, 3), 2)


# ------------------------------------------------------------------------------ what is accepted


GOOD = says("q", 0, 5)
FIRST = single(0, DRAWS)


@pytest.mark.parametrize(
    "illegal",
    [
        replace(GOOD, parent=bytes(32)),
        replace(GOOD, ticket=Ticket(0, "q", FIRST)),
        replace(GOOD, ticket=Ticket(2, "q", FIRST)),
        replace(GOOD, ticket=Ticket(1, "r", FIRST)),
        replace(GOOD, sender="r"),
        replace(GOOD, ticket=Ticket(1, "q", (2, -1))),
        replace(GOOD, ticket=Ticket(1, "q", (0, -2))),
        replace(GOOD, ticket=Ticket(1, "q", (0, 0))),
        replace(GOOD, ticket=Ticket(1, "q", (1,))),
        replace(GOOD, ticket=Ticket(1, "q", (1, 0, 0))),
    ],
    ids=[
        "parent",
        "past",
        "future",
        "foreign",
        "sender",
        "too large",
        "too small",
        "zero",
        "too few",
        "too many",
    ],
)
def test_an_illegal_offer_leaves_the_learner_as_it_was(illegal: Offer) -> None:
    learner = new_learner(landscape(), "p")
    assert receive(landscape(), Rules(3), learner, illegal) is learner
    # It is the offer that is wrong, for the good one is accepted.
    assert receive(landscape(), Rules(3), learner, GOOD).accepted == (GOOD,)


def test_any_legal_weights_are_accepted_and_only_single_draws_without_recombination() -> None:
    combined = replace(GOOD, ticket=Ticket(1, "q", BEST_TWO))
    assert after(landscape(), Rules(3), combined).accepted == (combined,)
    plain = replace(landscape(), recombines=False)
    assert after(plain, Rules(3), combined).accepted == ()


def test_the_first_offer_of_a_sender_counts_and_no_other() -> None:
    learner = after(landscape(), Rules(3), GOOD)
    assert receive(landscape(), Rules(3), learner, GOOD) is learner
    assert receive(landscape(), Rules(3), learner, says("q", 1, 0)) is learner


def test_a_sender_whose_offer_is_verified_offers_no_other() -> None:
    search = landscape(b=(8, 8), q=(5, 5), r=(6, 6))
    # r's is verified, then b's is false: one of three offers is missing.
    offers = (says("r", 0, 6), says("b", 0, 7), says("q", 0, 9))
    waiting = after(search, Rules(3, 2), *offers)
    assert (waiting.verified, waiting.accepted) == ((says("r", 0, 6),), (says("q", 0, 9),))
    assert receive(search, Rules(3, 2), waiting, says("r", 1, 0)) is waiting


def test_a_liar_is_heard_no_more() -> None:
    search = landscape(q=(9, 9))
    learner = after(search, Rules(1), says("q", 0, 0))
    assert learner.banned == ("q",)
    assert receive(search, Rules(1), learner, says("q", 0, 9)) is learner


# ------------------------------------------------------------------------------ what is verified


def test_nothing_is_decided_or_evaluated_before_lambda_offers() -> None:
    learner = after(landscape(), Rules(3, 2), says("p", 0, 1), says("q", 0, 0))
    assert (learner.model.digest, learner.evaluations) == (GENESIS, 0)
    assert (len(learner.accepted), learner.verified) == (2, ())


def test_a_lie_costs_one_evaluation_and_the_next_offer_completes_the_selection() -> None:
    search = landscape(b=(8, 8), q=(5, 5), r=(6, 6))
    waiting = after(search, Rules(2), says("b", 0, 0), says("q", 0, 5))
    assert (waiting.banned, waiting.accepted) == (("b",), (says("q", 0, 5),))
    assert (waiting.model.digest, waiting.evaluations) == (GENESIS, 1)
    done = receive(search, Rules(2), waiting, says("r", 0, 6))
    assert done.model.digest == model(("q", 0))
    assert (done.banned, done.evaluations) == (("b",), 2)


def test_a_ban_in_the_middle_keeps_what_is_verified() -> None:
    both = model(("q", 0), ("r", 0))
    search = landscape({both: 4}, b=(8, 8), q=(5, 5), r=(6, 6), s=(7, 7))
    offers = (says("r", 0, 6), says("b", 0, 5), says("q", 0, 5), says("s", 0, 7))
    waiting = after(search, Rules(3, 2), *offers[:3])
    # b's claim and q's are equal, and b's was delivered first.
    assert (waiting.banned, waiting.verified, waiting.evaluations) == (("b",), (), 1)
    assert waiting.accepted == (offers[0], offers[2])
    done = receive(search, Rules(3, 2), waiting, offers[3])
    assert done.model.digest == both
    assert (done.banned, done.evaluations) == (("b",), 1 + 2 + 1)


def test_a_learner_that_waits_for_an_offer_goes_on_where_it_stopped() -> None:
    both = model(("q", 0), ("s", 0))
    search = landscape({both: 4}, b=(8, 8), q=(5, 5), s=(6, 6), r=(9, 9))
    offers = (says("q", 0, 5), says("b", 0, 6), says("r", 0, 9), says("s", 0, 6))
    waiting = after(search, Rules(3, 2), *offers[:3])
    assert (waiting.banned, waiting.verified) == (("b",), (offers[0],))
    assert (waiting.accepted, waiting.evaluations) == ((offers[2],), 2)
    done = receive(search, Rules(3, 2), waiting, offers[3])
    assert done.model.digest == both
    assert (done.evaluations, done.accepted, done.verified) == (2 + 1 + 1, (), ())


def test_a_claim_that_is_too_small_by_one_is_a_lie() -> None:
    assert after(landscape(b=(8, 8)), Rules(1), says("b", 0, 7)).banned == ("b",)
    assert after(landscape(b=(8, 8)), Rules(1), says("b", 0, 8)).banned == ()


def test_a_claim_that_is_too_large_costs_nobody_anything_unless_it_is_among_the_least() -> None:
    search = landscape(b=(0, 0), q=(5, 5))
    learner = after(search, Rules(2), says("b", 0, 9), says("q", 0, 5))
    assert learner.model.digest == model(("q", 0))
    assert (learner.banned, learner.evaluations) == ((), 1)
    blending = after(search, Rules(2, 2), says("b", 0, 9), says("q", 0, 5))
    assert (blending.banned, blending.verified) == (("b",), (says("q", 0, 5),))
    alone = after(search, Rules(1), says("b", 0, 9))
    assert (alone.banned, alone.model.digest) == (("b",), GENESIS)


def test_a_hundred_thousand_offers_are_not_stored() -> None:
    search = landscape()  # and not evaluated either: that would be LossNotRevealed
    learner = new_learner(search, "p")
    kept = []
    for number in range(100_000):
        sender = f"b{number % 2}"
        learner = receive(search, Rules(3, 2), learner, says(sender, number % DRAWS, number))
        if number > 1:
            kept.append(learner)
    assert len(learner.accepted) == 2
    assert all(each is learner for each in kept)


# ------------------------------------------------------------------------------ what is decided


def test_with_mu_1_the_least_claim_wins_after_one_evaluation() -> None:
    search = landscape(q=(1, 9))
    learner = after(search, Rules(3), says("p", 0, 7), says("q", 0, 1), says("r", 0, 3))
    assert learner.model.digest == model(("q", 0))
    assert learner.model.digest == model(("q", 0))
    assert (learner.accepted, learner.verified, learner.banned) == ((), (), ())
    assert learner.evaluations == 1


def test_of_equal_claims_the_earliest_delivered_wins() -> None:
    search = landscape(r=(2, 2), a=(2, 2))
    offers = (says("r", 1, 2), says("a", 0, 2))
    assert after(search, Rules(2), *offers).model.digest == model(("r", 1))
    assert after(search, Rules(2), *reversed(offers)).model.digest == model(("a", 0))


THREE = (says("p", 0, 7), says("q", 0, 4), says("r", 0, 3))


@pytest.mark.parametrize(
    ("loss", "decided"),
    [
        (2, model(("q", 0), ("r", 0))),
        (3, model(("r", 0))),  # the floor: the blend must be better
        (9, model(("r", 0))),
    ],
)
def test_the_blend_of_the_mu_best_is_decided_if_it_is_better_than_the_best(
    loss: int, decided: Digest
) -> None:
    search = landscape({model(("q", 0), ("r", 0)): loss}, q=(4, 4), r=(3, 3))
    learner = after(search, Rules(3, 2), *THREE)
    assert learner.model.digest == decided
    assert learner.model.digest == decided
    assert learner.evaluations == 2 + 1


def test_the_blend_is_of_mu_offers_and_not_of_all() -> None:
    all_three = model(("p", 0), ("q", 0), ("r", 0))
    search = landscape({all_three: 0}, p=(7, 7), q=(4, 4), r=(3, 3))
    learner = after(search, Rules(3, 3), *THREE)
    assert (learner.model.digest, learner.evaluations) == (all_three, 3 + 1)


def test_of_equal_floors_the_first_verified_is_decided() -> None:
    offers = (says("r", 0, 3), says("q", 0, 3))
    search = landscape({model(("q", 0), ("r", 0)): 3}, q=(3, 3), r=(3, 3))
    assert after(search, Rules(2, 2), *offers).model.digest == model(("r", 0))
    assert after(search, Rules(2, 2), *reversed(offers)).model.digest == model(("q", 0))


def test_the_floor_is_the_least_claim_even_where_it_was_verified_last() -> None:
    """The least offer comes late, after a ban: what was verified before it is worse."""
    both = model(("q", 0), ("s", 0))
    search = landscape({both: 9}, b=(8, 8), q=(5, 5), s=(1, 1))
    offers = (says("q", 0, 5), says("b", 0, 6), says("r", 0, 9), says("s", 0, 1))
    learner = after(search, Rules(3, 2), *offers)
    assert learner.model.digest == model(("s", 0))


# ------------------------------------------------------------------------------- the parameters


@pytest.mark.parametrize("parent", [bytes(32), b"\xff" * 32])
def test_an_offer_on_another_parent_is_ignored_whichever_is_the_greater(parent: bytes) -> None:
    learner = new_learner(landscape(), "p")
    other = Offer("b", parent, Ticket(1, "b", FIRST), 0)
    assert receive(landscape(), Rules(1), learner, other) is learner


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ((-1, 1), "mu must be in 1..-1 (lambda), not 1"),
        ((0, 0), "mu must be in 1..0 (lambda), not 0"),
        ((2, 0), "mu must be in 1..2 (lambda), not 0"),
        ((2, 3), "mu must be in 1..2 (lambda), not 3"),
    ],
)
def test_mu_is_one_to_lambda(values: tuple[int, int], complaint: str) -> None:
    with pytest.raises(ModelConsensusError) as refusal:
        Rules(*values)
    assert str(refusal.value) == complaint
    assert Rules(2, 2).mu == 2


def test_lambda_is_at_most_n() -> None:
    with pytest.raises(ModelConsensusError, match=r"^lambda must be in 1..3, not 4$"):
        TobSystem(["p", "q", "r"], [], Rules(4), EveryLandscape(1, (0,)))
    assert TobSystem(["p", "q", "r"], [], Rules(3), EveryLandscape(1, (0,))).rules == Rules(3)


@pytest.mark.parametrize(
    ("processes", "byzantine"),
    [(["p", "p"], []), (["p"], ["q"]), (["p"], ["p"]), ([], [])],
)
def test_the_processes_must_make_sense(processes: list[str], byzantine: list[str]) -> None:
    with pytest.raises(ModelConsensusError, match="processes must be distinct"):
        TobSystem(processes, byzantine, Rules(1), EveryLandscape(1, (0,)))


# ---------------------------------------------------------------------------------- whole runs

GENERATIONS = 10
RULES = Rules(3, 2)
COST = 4 + 1 + 2 + 1
"""A generation's evaluations at most: four draws and their recombination, two offers, a blend."""


def run(attack: str, seed: int = 1, received: Receive = tob_learner.receive) -> Iterator[State]:
    names = process_names(4)
    searched = EvolutionarySearch(OneMax(), 4, RULES.lambda_, RULES.mu, recombines=True)
    one = OneLandscape(CachedSearch(searched))
    system = TobSystem(names, names[3:], RULES, one, GENERATIONS, name=short_name, receive=received)
    return (state for _, state in simulate(system, one, ATTACKS[attack], seed))


def test_a_learner_is_as_large_after_ten_generations_as_after_one() -> None:
    sizes = {
        learner.model.generation: len(pickle.dumps(replace(learner, evaluations=0)))
        for state in run("none")
        for learner in [state.learner["p1"]]
        if not learner.accepted and learner.offered == learner.model.generation > 0
    }
    assert {1, GENERATIONS} <= sizes.keys()
    assert len(set(sizes.values())) == 1


def loss_after(attack: str, received: Receive) -> int:
    *_, last = run(attack, received=received)
    (loss,) = OneMax().losses(last.learner["p1"].model.vector[None])
    return loss


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_breaks_agreement_or_stops_the_run(attack: str) -> None:
    decided: dict[int, Digest] = {}
    for last in run(attack):
        for each in last.learner.values():
            digest = each.model.digest
            assert decided.setdefault(each.model.generation, digest) == digest
        assert all(len(each.accepted) < RULES.lambda_ for each in last.learner.values())
    learners = last.learner.values()
    assert {each.model.generation for each in learners} == {GENERATIONS}
    assert all(set(each.banned) <= {"p4"} for each in learners)
    assert all(each.evaluations <= COST * GENERATIONS + 1 for each in learners)


@pytest.mark.parametrize("attack", ["under-claim", "collusion"])
def test_a_liar_is_banned_and_a_truthful_attacker_is_not(attack: str) -> None:
    *_, last = run(attack)
    assert all(each.banned == ("p4",) for each in last.learner.values())
    *_, last = run("worst-offspring")
    assert all(each.banned == () for each in last.learner.values())


def trained(seed: int) -> traces.Trace:
    return trained_trace(
        Setting(
            protocol="tob",
            processes=3,
            lambda_=2,
            mu=2,
            draws=2,
            generations=4,
            attack="under-claim",
            seed=seed,
        ),
        OneMax(),
    )


def test_a_seed_fixes_the_run() -> None:
    assert trained(7).states == trained(7).states
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


def decided_by(defect: str, search: OpenLandscape, rules: Rules, *offers: Offer) -> Digest:
    """What the defective learner of p decides first."""
    learner = new_learner(search, "p")
    for each in offers:
        learner = DEFECTS[defect](search, rules, learner, each)
    return learner.model.digest


def test_several_offers_of_one_process_displace_the_honest_ones() -> None:
    """With λ = 2 the adversary alone fills the selection: what others drew is never compared."""
    search = landscape(b=(8, 9), p=(1, 1), q=(2, 2))
    offers = (says("b", 0, 8), says("b", 1, 9), says("p", 0, 1), says("q", 0, 2))
    assert decided_by("repeated", search, Rules(2), *offers) == model(("b", 0))
    assert after(search, Rules(2), *offers).model.digest == model(("p", 0))


def test_a_foreign_ticket_would_let_the_adversary_choose_among_all_tickets() -> None:
    """b offers the worst draw of q, truthfully, where it has no such bad one of its own."""
    search = landscape(b=(3, 3), q=(2, 9), p=(9, 9))
    foreign = Offer("b", GENESIS, Ticket(1, "q", single(1, DRAWS)), 9)
    assert decided_by("foreign", search, Rules(1), foreign) == model(("q", 1))
    assert after(search, Rules(1), foreign).model.digest == GENESIS


@pytest.mark.parametrize("defect", ["no-floor", "wrong-floor", "unevaluated-blend"])
def test_without_the_floor_a_truthful_attacker_spoils_the_blend(defect: str) -> None:
    """b's offer is true, and its displacement is such that the blend is worse than either."""
    search = landscape({model(("b", 0), ("r", 0)): 9}, b=(3, 3), r=(3, 3))
    offers = (says("r", 0, 3), says("b", 0, 3))
    assert decided_by(defect, search, Rules(2, 2), *offers) == model(("b", 0), ("r", 0))
    assert after(search, Rules(2, 2), *offers).model.digest == model(("r", 0))


def test_without_verifying_all_of_the_blend_a_lie_takes_part_in_it() -> None:
    search = landscape({model(("b", 0), ("r", 0)): 2}, b=(8, 8), r=(3, 3))
    offers = (says("r", 0, 3), says("b", 0, 4))
    lied = decided_by("blends-unverified", search, Rules(2, 2), *offers)
    assert lied == model(("b", 0), ("r", 0))
    assert after(search, Rules(2, 2), *offers).banned == ("b",)
