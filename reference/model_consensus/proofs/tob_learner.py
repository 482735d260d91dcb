"""The learner over Total Order Broadcast as a solver sees it (``spec/TobLearner.tla``).

A learner's offers are a map from their senders, with the place of each in the order of delivery and
of evaluation, instead of two sequences.

One delivery may evaluate several offers.  Here it is taken apart: ``advance`` is one move of a
learner.  It decides if mu offers are verified, else it evaluates one offer if it has lambda, else
it takes the next offer of the order.  A delivery of the specification is a move that takes an
offer, and then all moves until the learner is idle again: the loop ``Verify``, and ``Decide``.
What is proved after every move holds after every delivery.
"""

import z3

from model_consensus.proofs import counting, search
from model_consensus.proofs.counting import INT, NUMBERS, SET, TABLE, count
from model_consensus.proofs.induction import Defined, Term, each, record, updated
from model_consensus.proofs.search import (
    BYZANTINE,
    DRAWS,
    GENERATIONS,
    LAMBDA,
    STEP,
    F,
    Model,
    N,
    Ticket,
    is_own_ticket,
    is_process,
    loss,
    nothing,
    proposal,
)

Offer = record("Offer", sender=INT, parent=Model, ticket=Ticket, claim=INT)
Learner = record(
    "Learner",
    decided=z3.ArraySort(INT, Model),  # by generation, from the genesis model at 0
    generation=INT,  # how many are decided
    accepted=SET,  # whose offers of this generation wait for evaluation
    verified=SET,  # whose offers were found true
    held=SET,  # ghost: both
    offers=z3.ArraySort(INT, Offer),  # these offers, by sender
    arrival=NUMBERS,  # their places in the order of delivery
    turn=NUMBERS,  # the places of the verified ones in the order of evaluation
    tickets=STEP,  # the tickets of the verified ones
    isBanned=SET,
    banned=NUMBERS,  # the same, in order
    bans=INT,  # how many
    backers=TABLE,  # ghost, by generation: whose offers were held when it was decided
    floors=z3.ArraySort(INT, Model),  # ghost, by generation: the best verified proposal
    delivered=INT,  # how many messages of the order have been delivered
)

MU, PROPOSAL_COST, BLEND_COST = z3.Ints("Mu ProposalCost BlendCost")

new_learner = z3.Const("NewLearner", Learner)
nobody = z3.Const("nobody", z3.ArraySort(INT, Offer))  # no offers: a canonical map
nowhere = z3.Const("nowhere", NUMBERS)

ASSUMPTIONS = {
    "N >= 1": N >= 1,
    "Mu in 1 .. Lambda": z3.And(MU >= 1, LAMBDA >= MU),
    "Draws >= 1": DRAWS >= 1,
    "Generations >= 0": GENERATIONS >= 0,
    "F = Cardinality(Byzantine)": count(BYZANTINE, N) == F,
    "ProposalCost": DRAWS + counting.one(search.CAN_RECOMBINE) == PROPOSAL_COST,
    "BlendCost": counting.one(MU > 1) == BLEND_COST,
}

# ------------------------------------------------------------------------------- the learner

least = z3.Function("LeastClaim", Learner, INT)  # of the accepted offers: its sender
floor = z3.Function("Floor", Learner, INT)  # of the verified offers: its sender
advance = z3.Function("Advance", Learner, Offer, Learner)


def parent_of(learner: Term) -> Term:
    """The model decided last."""
    return Learner.decided(learner)[Learner.generation(learner)]


def is_legal_offer(learner: Term, offer: Term) -> Term:
    """Its sender drew the offer on the learner's model."""
    return z3.And(
        Offer.parent(offer) == parent_of(learner),
        is_own_ticket(Offer.ticket(offer), Learner.generation(learner) + 1, Offer.sender(offer)),
    )


def is_acceptable(learner: Term, offer: Term) -> Term:
    """The offer is legal, its sender's first of the generation, and its sender is not banned."""
    sender = Offer.sender(offer)
    return z3.And(
        is_legal_offer(learner, offer),
        z3.Not(Learner.accepted(learner)[sender]),
        z3.Not(Learner.verified(learner)[sender]),
        z3.Not(Learner.isBanned(learner)[sender]),
    )


def offered_model(offer: Term) -> Term:
    """The model that an offer is about."""
    return proposal(Offer.parent(offer), Offer.ticket(offer))


def blend(learner: Term) -> Term:
    """The model of all verified tickets."""
    return Model.offspring(parent_of(learner), Learner.tickets(learner))


def has_enough(learner: Term) -> Term:
    """Lambda offers wait or are verified."""
    held = count(Learner.accepted(learner), N) + count(Learner.verified(learner), N)
    return held >= LAMBDA


def is_verified(learner: Term) -> Term:
    """Mu offers are verified."""
    return count(Learner.verified(learner), N) >= MU


def is_pending(learner: Term) -> Term:
    """The learner is amid a delivery: it has something to evaluate or to decide."""
    return z3.Or(has_enough(learner), is_verified(learner))


# ------------------------------------------------------------------------ the moves of a learner


def accept(learner: Term, offer: Term) -> Term:
    """The learner with one more accepted offer."""
    sender = Offer.sender(offer)
    return updated(
        Learner,
        learner,
        accepted=z3.Store(Learner.accepted(learner), sender, True),
        held=z3.Store(Learner.held(learner), sender, True),
        offers=z3.Store(Learner.offers(learner), sender, offer),
        arrival=z3.Store(Learner.arrival(learner), sender, Learner.delivered(learner)),
        delivered=Learner.delivered(learner) + 1,
    )


def take(learner: Term, offer: Term) -> Term:
    """The learner accepts the next offer of the order, or skips it."""
    skipped = updated(Learner, learner, delivered=Learner.delivered(learner) + 1)
    return z3.If(is_acceptable(learner, offer), accept(learner, offer), skipped)


def verify(learner: Term, sender: Term) -> Term:
    """The claim of an accepted offer is true."""
    return updated(
        Learner,
        learner,
        accepted=z3.Store(Learner.accepted(learner), sender, False),
        verified=z3.Store(Learner.verified(learner), sender, True),
        turn=z3.Store(Learner.turn(learner), sender, count(Learner.verified(learner), N)),
        tickets=z3.Store(
            Learner.tickets(learner), sender, Offer.ticket(Learner.offers(learner)[sender])
        ),
    )


def ban(learner: Term, sender: Term) -> Term:
    """The liar is banned and its offer dropped."""
    return updated(
        Learner,
        learner,
        accepted=z3.Store(Learner.accepted(learner), sender, False),
        held=z3.Store(Learner.held(learner), sender, False),
        offers=z3.Store(Learner.offers(learner), sender, nobody[sender]),
        arrival=z3.Store(Learner.arrival(learner), sender, nowhere[sender]),
        isBanned=z3.Store(Learner.isBanned(learner), sender, True),
        banned=z3.Store(Learner.banned(learner), Learner.bans(learner), sender),
        bans=Learner.bans(learner) + 1,
    )


def is_true_claim(offer: Term) -> Term:
    """The claim is the loss of the offered model."""
    return loss(offered_model(offer)) == Offer.claim(offer)


def evaluate(learner: Term) -> Term:
    """The offer of the least claim is evaluated: it is verified, or its sender is banned."""
    sender = least(learner)
    offer = Learner.offers(learner)[sender]
    return z3.If(is_true_claim(offer), verify(learner, sender), ban(learner, sender))


def is_better(learner: Term) -> Term:
    """The blend is better than the floor."""
    return loss(blend(learner)) < Offer.claim(Learner.offers(learner)[floor(learner)])


def decide(learner: Term) -> Term:
    """The blend is decided if it is better than the floor, else the floor; offers are dropped."""
    generation = Learner.generation(learner) + 1
    best = Learner.offers(learner)[floor(learner)]
    decided = z3.If(is_better(learner), blend(learner), offered_model(best))
    return updated(
        Learner,
        learner,
        decided=z3.Store(Learner.decided(learner), generation, decided),
        generation=generation,
        accepted=counting.EMPTY,
        verified=counting.EMPTY,
        held=counting.EMPTY,
        offers=nobody,
        arrival=nowhere,
        turn=nowhere,
        tickets=nothing,
        backers=z3.Store(Learner.backers(learner), generation, Learner.held(learner)),
        floors=z3.Store(Learner.floors(learner), generation, offered_model(best)),
    )


def advanced(learner: Term, offer: Term) -> Term:
    """The learner after a move, for which ``offer`` is next in the order: ``Advance``."""
    return z3.If(
        is_verified(learner),
        decide(learner),
        z3.If(has_enough(learner), evaluate(learner), take(learner, offer)),
    )


def cost(learner: Term) -> Term:
    """How many models the learner evaluates in its next move."""
    return z3.If(is_verified(learner), BLEND_COST, counting.one(has_enough(learner)))


def is_least(learner: Term, members: Term, place: Term, w: Term) -> Term:
    """w's claim is the least; of equal ones, the first (see counting.least_member)."""
    offers = Learner.offers(learner)

    def is_no_better(v: Term) -> Term:
        mine, its = Offer.claim(offers[w]), Offer.claim(offers[v])
        return z3.Or(mine < its, z3.And(mine == its, place[w] <= place[v]))

    return z3.And(
        is_process(w),
        members[w],
        each(0, N, lambda v: z3.Implies(members[v], is_no_better(v)), "v"),
    )


_l, _o = z3.Const("l", Learner), z3.Const("o", Offer)


def chosen(sender: z3.FuncDeclRef, members: Term, place: Term) -> Term:
    """The CHOOSE of the least claim: there is one if there are members."""
    return z3.ForAll(
        [_l],
        z3.Implies(count(members, N) > 0, is_least(_l, members, place, sender(_l))),
        patterns=[sender(_l)],
    )


FUNCTIONS = (Defined(advance, (_l, _o), advanced(_l, _o)),)
FACTS = (
    *search.FACTS,
    counting.DEFINITION_OF_EMPTY,
    chosen(least, Learner.accepted(_l), Learner.arrival(_l)),
    chosen(floor, Learner.verified(_l), Learner.turn(_l)),
    Learner.decided(new_learner)[0] == Model.genesis,
    Learner.generation(new_learner) == 0,
    Learner.accepted(new_learner) == counting.EMPTY,
    Learner.verified(new_learner) == counting.EMPTY,
    Learner.held(new_learner) == counting.EMPTY,
    Learner.offers(new_learner) == nobody,
    Learner.arrival(new_learner) == nowhere,
    Learner.turn(new_learner) == nowhere,
    Learner.tickets(new_learner) == nothing,
    Learner.isBanned(new_learner) == counting.EMPTY,
    Learner.bans(new_learner) == 0,
    Learner.delivered(new_learner) == 0,
)
