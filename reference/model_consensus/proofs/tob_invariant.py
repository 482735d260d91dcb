"""The inductive invariant of learning over Total Order Broadcast.

The one idea is the ghost ``history[i]``, the learner after the first i deliveries of the order.  It
is a fold, learner[p] = history[delivered], and agreement follows.  ``backers[g]`` of a learner
remembers whose offers were accepted when generation g was decided.
"""

from collections.abc import Callable

import z3

from model_consensus.proofs.counting import count, times
from model_consensus.proofs.induction import State, Term, between, each
from model_consensus.proofs.search import (
    BYZANTINE,
    DRAWS,
    GENERATIONS,
    LAMBDA,
    Model,
    N,
    Ticket,
    correct,
    is_own_ticket,
    is_process,
    loss,
    own,
)
from model_consensus.proofs.tob_learner import (
    Learner,
    Offer,
    is_legal,
    new_learner,
    offered_model,
    receive,
)


def past(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body(i, learner)`` for the learner after each number i of deliveries."""
    return each(0, s.length + 1, lambda i: body(i, s.history[i]))


def is_made(s: State, p: Term, g: Term) -> Term:
    """What a correct process broadcasts is the best of its draws, with its true loss."""
    message = s.made[p][g]
    parent, ticket = Offer.parent(message), Offer.ticket(message)
    return z3.And(
        g <= s.offered[p],
        Offer.sender(message) == p,
        is_own_ticket(ticket, g, p),
        Offer.claim(message) == loss(offered_model(message)),
        each(0, DRAWS, lambda j: Offer.claim(message) <= loss(own(parent, g, p, j)), "j"),
    )


def is_accepted(s: State, learner: Term, q: Term) -> Term:
    """An accepted offer is legal, its sender not banned, and a correct sender's is genuine."""
    message, g = Learner.offers(learner)[q], Learner.generation(learner) + 1
    return z3.And(
        Offer.sender(message) == q,
        is_legal(learner, message),
        z3.Not(Learner.isBanned(learner)[q]),
        g <= GENERATIONS,
        z3.Implies(z3.Not(BYZANTINE[q]), z3.And(s.sent[q][g], message == s.made[q][g])),
    )


def is_descended(learner: Term, g: Term) -> Term:
    """The model of generation g is an offspring, by a legal ticket, of the one before."""
    model, before = Learner.decided(learner)[g], Learner.decided(learner)[g - 1]
    ticket = Model.ticket(model)
    return z3.And(
        Model.is_offspring(model),
        Model.parent(model) == before,
        is_process(Ticket.proposer(ticket)),
        is_own_ticket(ticket, g, Ticket.proposer(ticket)),
    )


def matches(s: State, learner: Term, g: Term, q: Term, j: Term) -> Term:
    """The decided model of generation g is as good as q's honest draw j on the same parent."""
    decided = Learner.decided(learner)
    return z3.And(
        s.sent[q][g],
        Offer.parent(s.made[q][g]) == decided[g - 1],
        loss(decided[g]) <= loss(own(decided[g - 1], g, q, j)),
    )


def is_backed(s: State, learner: Term, g: Term) -> Term:
    """Lambda offers were accepted, and the decided model matches the draws of the correct ones."""
    backers = Learner.backers(learner)[g]
    return z3.And(
        count(backers, N) >= LAMBDA,
        each(
            0,
            N,
            lambda q: z3.Implies(
                z3.And(backers[q], z3.Not(BYZANTINE[q])),
                each(0, DRAWS, lambda j: matches(s, learner, g, q, j), "j"),
            ),
            "q",
        ),
    )


def continues(earlier: Term, later: Term) -> Term:
    """What ``earlier`` has decided and banned is the beginning of what ``later`` has."""
    return z3.And(
        Learner.generation(earlier) <= Learner.generation(later),
        each(
            0,
            Learner.generation(earlier) + 1,
            lambda g: Learner.decided(earlier)[g] == Learner.decided(later)[g],
            "g",
        ),
        Learner.bans(earlier) <= Learner.bans(later),
        each(
            0,
            Learner.bans(earlier),
            lambda k: Learner.banned(earlier)[k] == Learner.banned(later)[k],
            "k",
        ),
    )


def generations(last: Term, body: Callable[[Term], Term]) -> Term:
    """``body(g)`` for each generation 1 .. last."""
    return each(1, last + 1, body, "g")


INVARIANT = {
    "Length": lambda s: s.length >= 0,
    "FoldStarts": lambda s: s.history[0] == new_learner,
    "Fold": lambda s: each(
        0, s.length, lambda i: s.history[i + 1] == receive(s.history[i], s.order[i])
    ),
    "Delivered": lambda s: past(s, lambda i, x: Learner.delivered(x) == i),
    "Position": lambda s: correct(
        lambda p: between(0, Learner.delivered(s.learner[p]), s.length + 1)
    ),
    "LearnerIsFold": lambda s: correct(
        lambda p: s.learner[p] == s.history[Learner.delivered(s.learner[p])]
    ),
    "Senders": lambda s: each(
        0,
        s.length,
        lambda i: z3.And(
            is_process(Offer.sender(s.order[i])),
            between(1, Ticket.generation(Offer.ticket(s.order[i])), GENERATIONS + 1),
        ),
    ),
    "WaitingIsSent": lambda s: correct(
        lambda p: generations(GENERATIONS, lambda g: z3.Implies(s.waiting[p][g], s.sent[p][g]))
    ),
    "HonestOffers": lambda s: correct(
        lambda p: generations(GENERATIONS, lambda g: z3.Implies(s.sent[p][g], is_made(s, p, g)))
    ),
    "NoForgery": lambda s: each(
        0,
        s.length,
        lambda i: z3.Implies(
            z3.Not(BYZANTINE[Offer.sender(s.order[i])]), is_genuine(s, s.order[i])
        ),
    ),
    "Generation": lambda s: past(
        s,
        lambda i, x: z3.And(
            between(0, Learner.generation(x), GENERATIONS + 1),
            Learner.decided(x)[0] == Model.genesis,
        ),
    ),
    "Accepted": lambda s: past(
        s,
        lambda i, x: each(
            0, N, lambda q: z3.Implies(Learner.accepted(x)[q], is_accepted(s, x, q)), "q"
        ),
    ),
    "FewerThanLambda": lambda s: past(s, lambda i, x: count(Learner.accepted(x), N) < LAMBDA),
    "BannedByzantine": lambda s: past(
        s,
        lambda i, x: each(0, N, lambda q: z3.Implies(Learner.isBanned(x)[q], BYZANTINE[q]), "q"),
    ),
    "BannedCounted": lambda s: past(
        s,
        lambda i, x: z3.And(Learner.bans(x) >= 0, Learner.bans(x) == count(Learner.isBanned(x), N)),
    ),
    "BannedInOrder": lambda s: past(
        s,
        lambda i, x: each(
            0,
            Learner.bans(x),
            lambda k: z3.And(
                is_process(Learner.banned(x)[k]), Learner.isBanned(x)[Learner.banned(x)[k]]
            ),
            "k",
        ),
    ),
    "Descended": lambda s: past(
        s, lambda i, x: generations(Learner.generation(x), lambda g: is_descended(x, g))
    ),
    "Backed": lambda s: past(
        s, lambda i, x: generations(Learner.generation(x), lambda g: is_backed(s, x, g))
    ),
    "Continues": lambda s: past(
        s,
        lambda j, later: each(0, j + 1, lambda i: continues(s.history[i], later)),
    ),
    "Offered": lambda s: correct(
        lambda p: z3.And(
            between(0, s.offered[p], GENERATIONS + 1),
            s.offered[p] <= Learner.generation(s.learner[p]) + 1,
        )
    ),
    "Evaluations": lambda s: correct(
        lambda p: (
            s.evaluations[p]
            <= times(DRAWS, s.offered[p])
            + Learner.generation(s.learner[p])
            + Learner.bans(s.learner[p])
        )
    ),
}


def is_genuine(s: State, message: Term) -> Term:
    """The message is what its sender made for that generation."""
    p, g = Offer.sender(message), Ticket.generation(Offer.ticket(message))
    return z3.And(s.sent[p][g], message == s.made[p][g])
