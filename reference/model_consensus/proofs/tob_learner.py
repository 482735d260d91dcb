"""The learner over Total Order Broadcast as a solver sees it (``spec/TobLearner.tla``).

A learner's accepted offers are a map from their senders, with the place of each in the order of
delivery, instead of a sequence.
"""

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.counting import INT, SET, TABLE, count
from model_consensus.proofs.induction import Defined, Term, each, record, updated
from model_consensus.proofs.search import (
    BYZANTINE,
    DRAWS,
    GENERATIONS,
    LAMBDA,
    F,
    Model,
    N,
    Ticket,
    is_own_ticket,
    is_process,
    loss,
)

Offer = record("Offer", sender=INT, parent=Model, ticket=Ticket, claim=INT)
Learner = record(
    "Learner",
    decided=z3.ArraySort(INT, Model),  # by generation, from the genesis model at 0
    generation=INT,  # how many are decided
    accepted=SET,  # whose offers are accepted in this generation
    offers=z3.ArraySort(INT, Offer),  # the accepted offers, by sender
    arrival=z3.ArraySort(INT, INT),  # their places in the order of delivery
    isBanned=SET,
    banned=z3.ArraySort(INT, INT),  # the same, in order
    bans=INT,  # how many
    backers=TABLE,  # by generation: whose offers were accepted when it was decided
    delivered=INT,  # how many messages of the order have been delivered
)

new_learner = z3.Const("NewLearner", Learner)
nobody = z3.Const("nobody", z3.ArraySort(INT, Offer))  # no accepted offers: a canonical map
nowhere = z3.Const("nowhere", z3.ArraySort(INT, INT))

ASSUMPTIONS = {
    "N >= 1": N >= 1,
    "Lambda >= 1": LAMBDA >= 1,
    "Draws >= 1": DRAWS >= 1,
    "Generations >= 0": GENERATIONS >= 0,
    "F = Cardinality(Byzantine)": count(BYZANTINE, N) == F,
}

# ------------------------------------------------------------------------------- the learner

least = z3.Function("LeastClaim", Learner, INT)  # the sender of the least claim
receive = z3.Function("Receive", Learner, Offer, Learner)


def parent_of(learner: Term) -> Term:
    """The model decided last."""
    return Learner.decided(learner)[Learner.generation(learner)]


def is_legal(learner: Term, offer: Term) -> Term:
    """Its sender drew the offer on the learner's model."""
    return z3.And(
        Offer.parent(offer) == parent_of(learner),
        is_own_ticket(Offer.ticket(offer), Learner.generation(learner) + 1, Offer.sender(offer)),
    )


def is_acceptable(learner: Term, offer: Term) -> Term:
    """The offer is legal, its sender's first of the generation, and its sender is not banned."""
    return z3.And(
        is_legal(learner, offer),
        z3.Not(Learner.accepted(learner)[Offer.sender(offer)]),
        z3.Not(Learner.isBanned(learner)[Offer.sender(offer)]),
    )


def offered_model(offer: Term) -> Term:
    """The model that an offer is about."""
    return Model.offspring(Offer.parent(offer), Offer.ticket(offer))


def accept(learner: Term, offer: Term) -> Term:
    """The learner with one more accepted offer, still to be counted."""
    sender = Offer.sender(offer)
    return updated(
        Learner,
        learner,
        accepted=z3.Store(Learner.accepted(learner), sender, True),
        offers=z3.Store(Learner.offers(learner), sender, offer),
        arrival=z3.Store(Learner.arrival(learner), sender, Learner.delivered(learner)),
        delivered=Learner.delivered(learner) + 1,
    )


def decide(learner: Term, offer: Term) -> Term:
    """The next model is decided and the accepted offers are dropped."""
    generation = Learner.generation(learner) + 1
    return updated(
        Learner,
        learner,
        decided=z3.Store(Learner.decided(learner), generation, offered_model(offer)),
        generation=generation,
        accepted=counting.EMPTY,
        offers=nobody,
        arrival=nowhere,
        backers=z3.Store(Learner.backers(learner), generation, Learner.accepted(learner)),
    )


def ban(learner: Term, offer: Term) -> Term:
    """The liar is banned and its offer dropped."""
    sender = Offer.sender(offer)
    return updated(
        Learner,
        learner,
        accepted=z3.Store(Learner.accepted(learner), sender, False),
        offers=z3.Store(Learner.offers(learner), sender, nobody[sender]),
        arrival=z3.Store(Learner.arrival(learner), sender, nowhere[sender]),
        isBanned=z3.Store(Learner.isBanned(learner), sender, True),
        banned=z3.Store(Learner.banned(learner), Learner.bans(learner), sender),
        bans=Learner.bans(learner) + 1,
    )


def received(learner: Term, offer: Term) -> Term:
    """The learner after the delivery of an offer: the definition of ``Receive``."""
    full = accept(learner, offer)
    best = Learner.offers(full)[least(full)]
    evaluated = z3.If(
        loss(offered_model(best)) == Offer.claim(best), decide(full, best), ban(full, best)
    )
    selected = z3.If(count(Learner.accepted(full), N) < LAMBDA, full, evaluated)
    skipped = updated(Learner, learner, delivered=Learner.delivered(learner) + 1)
    return z3.If(is_acceptable(learner, offer), selected, skipped)


def is_least(learner: Term, w: Term) -> Term:
    """w's claim is the least; of equal ones, the earliest delivered (see counting.least_member)."""
    accepted, offers, arrival = (
        Learner.accepted(learner),
        Learner.offers(learner),
        Learner.arrival(learner),
    )
    return z3.And(
        is_process(w),
        accepted[w],
        each(
            0,
            N,
            lambda v: z3.Implies(
                accepted[v],
                z3.Or(
                    Offer.claim(offers[w]) < Offer.claim(offers[v]),
                    z3.And(
                        Offer.claim(offers[w]) == Offer.claim(offers[v]), arrival[w] <= arrival[v]
                    ),
                ),
            ),
            "v",
        ),
    )


_l, _o = z3.Const("l", Learner), z3.Const("o", Offer)
FUNCTIONS = (Defined(receive, (_l, _o), received(_l, _o)),)
FACTS = (
    counting.DEFINITION_OF_EMPTY,
    z3.ForAll(
        [_l],
        z3.Implies(count(Learner.accepted(_l), N) > 0, is_least(_l, least(_l))),
        patterns=[least(_l)],
    ),
    Learner.decided(new_learner)[0] == Model.genesis,
    Learner.generation(new_learner) == 0,
    Learner.accepted(new_learner) == counting.EMPTY,
    Learner.offers(new_learner) == nobody,
    Learner.arrival(new_learner) == nowhere,
    Learner.isBanned(new_learner) == counting.EMPTY,
    Learner.bans(new_learner) == 0,
    Learner.delivered(new_learner) == 0,
)
