"""How a learner over proof-of-work leads: offers, blends, bans, and the cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_consensus.evolutionary_search import (
    Model,
    Search,
    Step,
    Ticket,
    best_ticket,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    NOBODY,
    Learner,
    Verdict,
    best_step,
    blend,
    catch,
    check,
    has_work,
    keep,
    make_offer,
    mine,
    model_of_tip,
    new_learner,
    public_offer,
    receive,
    useful,
)
from model_consensus.systems.answers import AroundSearch, LossNotRevealed, OpenLandscape
from model_consensus.tob_learner import Offer
from tests.support.pow_blocks import RULES, Counting, grow, loss_of
from tests.support.told_landscape import (
    DRAWS,
    FLOOR,
    GENESIS,
    ONE,
    OTHER,
    PUBLIC,
    THIRD,
    Told,
    offer_of,
)

OFFER = DRAWS + 1
"""What an offer costs: the process's draws and their recombination."""


@pytest.fixture
def told() -> Told:
    return Told()


def caught_by(search: Search, learner: Learner, offers: Sequence[Offer]) -> Learner:
    return catch(search, learner, useful(search, learner, offers))


def test_an_offer_is_the_best_ticket_on_the_model_of_the_tip(search: Counting) -> None:
    learner, _ = grow(search, new_learner(search, "p1"), "pq")
    before = search.evaluations
    offer = make_offer(search, learner)
    assert search.evaluations - before == OFFER
    ticket, loss = best_ticket(search, model_of_tip(learner), "p1")
    assert offer == Offer("p1", model_of_tip(learner).digest, ticket, loss)
    assert ticket.generation == 3


def test_a_flood_of_offers_takes_no_more_memory_and_costs_no_evaluation(told: Told) -> None:
    offers: Mapping[str, Offer] = {}
    for count in range(1000):
        offers = keep(RULES, offers, offer_of(f"s{count}", count))
        offers = keep(RULES, offers, offer_of("b1", count))
        offers = keep(RULES, offers, offer_of("p2", 5))
    assert offers == {"b1": offer_of("b1", 999), "p2": offer_of("p2", 5)}
    assert told.evaluations == 0


def test_offers_that_may_not_be_used_are_not(told: Told) -> None:
    other = told.offspring(GENESIS, frozenset([Ticket(1, NOBODY, ONE)]))
    learner = replace(new_learner(told, "p1"), banned=frozenset(["b2"]))
    good = offer_of("p2", FLOOR - 1)
    ignored = [
        replace(good, parent=other.digest),
        replace(good, parent=bytes(32)),
        offer_of("p2", 1, generation=2),
        offer_of("p2", 1, generation=0),
        offer_of("p2", 1, proposer="p3"),
        offer_of("p2", 1, weights=(1, -1, 0)),
        offer_of("p2", 1, weights=(1, 0)),
        offer_of("b2", 1),
        offer_of("p2", FLOOR),
        offer_of("p2", FLOOR + 1),
    ]
    assert useful(told, learner, [good]) == (PUBLIC, good)
    assert useful(told, learner, ignored) == (PUBLIC,)
    assert useful(told, learner, [*ignored, good]) == (PUBLIC, good)
    assert caught_by(told, learner, ignored) is learner
    assert best_step(told, learner, (PUBLIC,)) == frozenset([Ticket(1, NOBODY, OTHER)])


def test_offers_are_on_the_model_of_the_tip(told: Told) -> None:
    told.tell(12, Ticket(1, NOBODY, ONE))
    learner = new_learner(told, "p1")
    led = mine(told, RULES, learner, ())
    learner = receive(told, RULES, learner, led)
    model = model_of_tip(learner)
    for weights in (ONE, OTHER, THIRD):
        told.tell(FLOOR, Ticket(2, NOBODY, weights), parent=model)
    assert useful(told, learner, [offer_of("p2", 1)])[1:] == ()
    later = offer_of("p2", 1, parent=model)
    assert useful(told, learner, [later])[1:] == (later,)


def test_without_a_better_offer_the_public_one_leads(told: Told) -> None:
    learner = new_learner(told, "p1")
    assert caught_by(told, learner, ()) is learner
    led = mine(told, RULES, learner, ())
    assert led.step == frozenset([Ticket(1, NOBODY, OTHER)])
    assert (led.claim, led.miner, led.parent) == (FLOOR, "p1", learner.root)
    assert has_work(RULES, led)


@pytest.mark.parametrize("loss", [0, 4, 5])
def test_the_blend_leads_if_it_is_as_good_as_each_offer_is_said_to_be(
    told: Told, loss: int
) -> None:
    """Nobody asks whether the offers are true; that of p2, which is not revealed, need not be."""
    offers = [offer_of("p2", 7), offer_of("b1", 5)]
    told.tell(loss, PUBLIC.ticket, offers[0].ticket, offers[1].ticket)
    learner = new_learner(told, "p1")
    assert caught_by(told, learner, offers) is learner
    assert told.evaluations == DRAWS + 1
    led = mine(told, RULES, learner, offers)
    assert led.step == blend([PUBLIC, *offers])
    assert led.step == {PUBLIC.ticket, *(offer.ticket for offer in offers)}
    assert led.claim == loss


def test_the_best_offer_leads_if_the_blend_is_worse_than_one_of_them(told: Told) -> None:
    offers = [offer_of("p2", 7), offer_of("b1", 5), offer_of("p1", 5)]
    for offer in offers:
        told.tell(offer.claim, offer.ticket)
    told.tell(6, PUBLIC.ticket, *(offer.ticket for offer in offers))
    learner = new_learner(told, "p1")
    assert caught_by(told, learner, offers) is learner
    assert told.evaluations == DRAWS + 1 + len([PUBLIC, *offers])
    led = mine(told, RULES, learner, offers)
    assert led.step == frozenset([offers[1].ticket])  # of equal claims the first
    assert led.claim == 5
    assert mine(told, RULES, learner, offers[::-1]).step == frozenset([offers[2].ticket])


@pytest.mark.parametrize("loss", [6, 8], ids=["claims too little", "claims too much"])
def test_a_liar_is_caught_and_banned_and_the_others_are_blended(told: Told, loss: int) -> None:
    true, also, false = offer_of("p1", 6), offer_of("p2", 8), offer_of("b1", 7)
    for offer, really in ((true, 6), (also, 8), (false, loss)):
        told.tell(really, offer.ticket)
    told.tell(9, PUBLIC.ticket, true.ticket, also.ticket, false.ticket)
    told.tell(4, PUBLIC.ticket, true.ticket, also.ticket)
    learner, offers = new_learner(told, "p1"), [true, also, false]
    caught = caught_by(told, learner, offers)
    assert caught == replace(learner, banned=frozenset(["b1"]))
    assert useful(told, caught, offers) == (PUBLIC, true, also)
    assert caught_by(told, caught, offers) is caught
    led = mine(told, RULES, caught, offers)
    assert led.step == blend([PUBLIC, true, also])
    assert led.claim == 4


def test_all_liars_are_caught_at_once_and_the_public_offer_is_left(told: Told) -> None:
    offers = [offer_of("p2", 1), offer_of("b1", 2)]
    for offer in offers:
        told.tell(11, offer.ticket)
    told.tell(11, PUBLIC.ticket, *(offer.ticket for offer in offers))
    caught = caught_by(told, new_learner(told, "p1"), offers)
    assert caught.banned == {"p2", "b1"}
    assert mine(told, RULES, caught, offers).step == frozenset([Ticket(1, NOBODY, OTHER)])


def test_a_ban_is_for_ever(told: Told) -> None:
    learner = replace(new_learner(told, "p1"), banned=frozenset(["b2"]))
    false = offer_of("b1", 1)
    told.tell(11, false.ticket)
    told.tell(11, PUBLIC.ticket, false.ticket)
    learner = caught_by(told, learner, [false])
    assert learner.banned == {"b1", "b2"}
    after = receive(told, RULES, learner, mine(told, RULES, learner, [false]))
    assert after.tip != after.root
    assert after.banned == {"b1", "b2"}


class Lazy(AroundSearch):
    """An open landscape whose losses are drawn when they are asked for."""

    search: OpenLandscape

    def __init__(self, recombines: bool, draw: Callable[[], int]) -> None:
        super().__init__(OpenLandscape(2, recombines))
        self.draw = draw

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        try:
            return super().losses(parent, steps)
        except LossNotRevealed as asked:
            self.search = self.search.reveal({digest: self.draw() for digest in asked.digests})
            return super().losses(parent, steps)


@given(st.data(), st.booleans())
def test_whatever_is_offered_a_leader_is_as_good_as_every_true_offer_and_everybody_accepts_it(
    data: st.DataObject, recombines: bool
) -> None:
    landscape = Lazy(recombines, lambda: data.draw(st.integers(0, 4)))
    rules = replace(RULES, target=EVERY_HASH)
    leader, others = new_learner(landscape, "p1"), new_learner(landscape, "p2")
    for _ in range(data.draw(st.integers(0, 2))):  # how many blocks come before
        before = mine(landscape, rules, leader, ())
        leader = receive(landscape, rules, leader, before)
        others = receive(landscape, rules, others, before)
    model = model_of_tip(leader)
    offers = {"p1": make_offer(landscape, leader), "p2": make_offer(landscape, others)}
    weights = [(1, 0), (0, 1), *([(1, 1), (-1, 1)] if recombines else [])]
    for name in ("b1", "b2"):
        if data.draw(st.booleans()):
            ticket = Ticket(
                data.draw(st.integers(model.generation, model.generation + 1)) + 1,
                data.draw(st.sampled_from([name, name, "p2"])),
                data.draw(st.sampled_from([*weights, (2, 0)])),
            )
            parent = data.draw(
                st.sampled_from([model.digest, model.digest, landscape.genesis.digest])
            )
            offers[name] = Offer(name, parent, ticket, data.draw(st.integers(0, 4)))
    order = data.draw(st.permutations(sorted(offers.values())))

    def is_true(offer: Offer) -> bool:
        return loss_of(landscape, model, frozenset([offer.ticket])) == offer.claim

    chosen = useful(landscape, leader, order)
    while (caught := caught_by(landscape, leader, order)) is not leader:
        assert caught.banned > leader.banned
        assert caught == replace(leader, banned=caught.banned)
        leader = caught
    assert leader.banned <= {offer.sender for offer in chosen if not is_true(offer)}
    led = mine(landscape, rules, leader, order)
    assert led.claim <= public_offer(landscape, model).claim
    assert all(led.claim <= offer.claim for offer in (offers["p1"], offers["p2"]))
    assert all(led.claim <= offer.claim for offer in chosen if is_true(offer))
    assert check(landscape, rules, others, led) is Verdict.ACCEPTED
    assert model_of_tip(receive(landscape, rules, others, led)).generation == model.generation + 1
