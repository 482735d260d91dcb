"""The inductive invariant of learning over Total Order Broadcast.

The one idea is the ghost ``history[k]``, the learner of the order after k moves.  It is a fold,
learner[p] = history[at[p]], and agreement follows.  ``backers[g]`` of a learner remembers whose
offers were held when generation g was decided, and ``floors[g]`` the best verified proposal.
"""

from collections.abc import Callable

import z3

from model_consensus.proofs.counting import count, times
from model_consensus.proofs.induction import State, Term, between, each
from model_consensus.proofs.search import (
    BYZANTINE,
    GENERATIONS,
    LAMBDA,
    Model,
    N,
    Ticket,
    as_good_as_all,
    correct,
    is_own_ticket,
    is_process,
    loss,
)
from model_consensus.proofs.tob_learner import (
    BLEND_COST,
    MU,
    PROPOSAL_COST,
    Learner,
    Offer,
    floor,
    is_legal_offer,
    is_true_claim,
    is_verified,
    new_learner,
)
from model_consensus.proofs.tob_steps import following


def past(s: State, body: Callable[[Term], Term]) -> Term:
    """``body(learner)`` for the learner of the order after each number of moves."""
    return each(0, s.moves + 1, lambda k: body(s.history[k]), "k")


def offers_of(members: Term, body: Callable[[Term], Term]) -> Term:
    """``body(q)`` for each process q in a set."""
    return each(0, N, lambda q: z3.Implies(members[q], body(q)), "q")


def generations(last: Term, body: Callable[[Term], Term]) -> Term:
    """``body(g)`` for each generation 1 .. last."""
    return each(1, last + 1, body, "g")


def decisions(learner: Term, body: Callable[[Term], Term]) -> Term:
    """``body(g)`` for each generation that the learner has decided."""
    return generations(Learner.generation(learner), body)


def is_made(s: State, p: Term, g: Term) -> Term:
    """What a correct process broadcasts is as good as all that it evaluated, and claimed truly."""
    message = s.made[p][g]
    return z3.And(
        g <= s.offered[p],
        Offer.sender(message) == p,
        is_own_ticket(Offer.ticket(message), g, p),
        is_true_claim(message),
        as_good_as_all(Offer.claim(message), Offer.parent(message), g, p),
    )


def is_genuine(s: State, message: Term) -> Term:
    """The message is what its sender made for that generation."""
    p, g = Offer.sender(message), Ticket.generation(Offer.ticket(message))
    return z3.And(s.sent[p][g], message == s.made[p][g])


def is_true_offer(message: Term) -> Term:
    """The offer has a ticket, and its claim is true."""
    return z3.And(Ticket.is_make(Offer.ticket(message)), is_true_claim(message))


def is_held(s: State, learner: Term, q: Term) -> Term:
    """An offer held is legal, its sender not banned, and a correct sender's is genuine."""
    message, g = Learner.offers(learner)[q], Learner.generation(learner) + 1
    return z3.And(
        Offer.sender(message) == q,
        is_legal_offer(learner, message),
        z3.Not(Learner.isBanned(learner)[q]),
        g <= GENERATIONS,
        z3.Implies(z3.Not(BYZANTINE[q]), z3.And(s.sent[q][g], message == s.made[q][g])),
    )


def is_descended(learner: Term, g: Term) -> Term:
    """The model of generation g is an offspring, by a legal step, of the one before."""
    model, before = Learner.decided(learner)[g], Learner.decided(learner)[g - 1]
    step = Model.step(model)
    return z3.And(
        Model.is_offspring(model),
        Model.parent(model) == before,
        each(0, N, lambda q: z3.Or(step[q] == Ticket.absent, is_own_ticket(step[q], g, q)), "q"),
        z3.Not(each(0, N, lambda q: step[q] == Ticket.absent, "q")),
    )


def is_proposed(s: State, learner: Term, g: Term) -> Term:
    """What the model of generation g uses of a correct process, that process has proposed."""
    model, before = Learner.decided(learner)[g], Learner.decided(learner)[g - 1]
    ticket = Model.step(model)

    def has_proposed(q: Term) -> Term:
        message = s.made[q][g]
        return z3.And(
            s.sent[q][g], Offer.ticket(message) == ticket[q], Offer.parent(message) == before
        )

    return z3.And(
        Model.is_offspring(model),
        correct(lambda q: z3.Or(ticket[q] == Ticket.absent, has_proposed(q)), "q"),
    )


def is_above_floor(learner: Term, g: Term) -> Term:
    """The model of generation g is the best verified proposal, or better."""
    model, best = Learner.decided(learner)[g], Learner.floors(learner)[g]
    return z3.Or(model == best, loss(model) < loss(best))


def is_floor_backed(s: State, learner: Term, g: Term) -> Term:
    """The best verified proposal of generation g is as good as the offer of each correct backer."""
    best, before = Learner.floors(learner)[g], Learner.decided(learner)[g - 1]
    return correct(
        lambda q: z3.Implies(
            Learner.backers(learner)[g][q],
            z3.And(
                s.sent[q][g],
                Offer.parent(s.made[q][g]) == before,
                loss(best) <= Offer.claim(s.made[q][g]),
            ),
        ),
        "q",
    )


def has_backers(learner: Term, g: Term) -> Term:
    """Lambda offers were held when generation g was decided."""
    return count(Learner.backers(learner)[g], N) >= LAMBDA


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


def is_split(x: Term, q: Term) -> Term:
    """q's offer is held if it waits or is verified, and it is not both."""
    accepted, verified = Learner.accepted(x)[q], Learner.verified(x)[q]
    return z3.And(
        Learner.held(x)[q] == z3.Or(accepted, verified), z3.Not(z3.And(accepted, verified))
    )


def claim_of(learner: Term, q: Term) -> Term:
    """The claim of the offer that the learner holds of q."""
    return Offer.claim(Learner.offers(learner)[q])


INVARIANT = {
    "Length": lambda s: z3.And(s.length >= 0, s.moves >= 0),
    "FoldStarts": lambda s: s.history[0] == new_learner,
    "Fold": lambda s: each(
        0, s.moves, lambda k: s.history[k + 1] == following(s, s.history[k]), "k"
    ),
    "Delivered": lambda s: past(s, lambda x: between(0, Learner.delivered(x), s.length + 1)),
    "Position": lambda s: correct(lambda p: between(0, s.at[p], s.moves + 1)),
    "LearnerIsFold": lambda s: correct(lambda p: s.learner[p] == s.history[s.at[p]]),
    "Senders": lambda s: each(
        0,
        s.length,
        lambda i: z3.And(
            is_process(Offer.sender(s.order[i])),
            Ticket.is_make(Offer.ticket(s.order[i])),
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
        lambda x: z3.And(
            between(0, Learner.generation(x), GENERATIONS + 1),
            Learner.decided(x)[0] == Model.genesis,
        ),
    ),
    "Split": lambda s: past(s, lambda x: each(0, N, lambda q: is_split(x, q), "q")),
    "Sizes": lambda s: past(
        s,
        lambda x: z3.And(
            count(Learner.held(x), N)
            == count(Learner.accepted(x), N) + count(Learner.verified(x), N),
            count(Learner.held(x), N) <= LAMBDA,
            count(Learner.verified(x), N) <= MU,
            z3.Implies(is_verified(x), count(Learner.held(x), N) >= LAMBDA),
        ),
    ),
    "Held": lambda s: past(s, lambda x: offers_of(Learner.held(x), lambda q: is_held(s, x, q))),
    "Verified": lambda s: past(
        s, lambda x: offers_of(Learner.verified(x), lambda q: is_true_offer(Learner.offers(x)[q]))
    ),
    "Tickets": lambda s: past(
        s,
        lambda x: each(
            0,
            N,
            lambda q: (
                Learner.tickets(x)[q]
                == z3.If(Learner.verified(x)[q], Offer.ticket(Learner.offers(x)[q]), Ticket.absent)
            ),
            "q",
        ),
    ),
    "LeastIsVerified": lambda s: past(
        s,
        lambda x: z3.Implies(
            is_verified(x),
            offers_of(Learner.accepted(x), lambda q: claim_of(x, floor(x)) <= claim_of(x, q)),
        ),
    ),
    "BannedByzantine": lambda s: past(
        s, lambda x: offers_of(Learner.isBanned(x), lambda q: BYZANTINE[q])
    ),
    "BannedCounted": lambda s: past(
        s,
        lambda x: z3.And(Learner.bans(x) >= 0, Learner.bans(x) == count(Learner.isBanned(x), N)),
    ),
    "BannedInOrder": lambda s: past(
        s,
        lambda x: each(
            0,
            Learner.bans(x),
            lambda k: z3.And(
                is_process(Learner.banned(x)[k]), Learner.isBanned(x)[Learner.banned(x)[k]]
            ),
            "k",
        ),
    ),
    "Descended": lambda s: past(s, lambda x: decisions(x, lambda g: is_descended(x, g))),
    "UsesProposed": lambda s: past(s, lambda x: decisions(x, lambda g: is_proposed(s, x, g))),
    "AboveFloor": lambda s: past(s, lambda x: decisions(x, lambda g: is_above_floor(x, g))),
    "FloorBacked": lambda s: past(s, lambda x: decisions(x, lambda g: is_floor_backed(s, x, g))),
    "Backers": lambda s: past(s, lambda x: decisions(x, lambda g: has_backers(x, g))),
    "Continues": lambda s: each(
        0,
        s.moves + 1,
        lambda j: each(0, j + 1, lambda i: continues(s.history[i], s.history[j])),
        "j",
    ),
    "Offered": lambda s: correct(
        lambda p: z3.And(
            between(0, s.offered[p], GENERATIONS + 1),
            s.offered[p] <= Learner.generation(s.learner[p]) + 1,
            made(s, p) <= s.offered[p],
        )
    ),
    "Evaluations": lambda s: correct(lambda p: s.evaluations[p] == exactly(s, p)),
}


def made(s: State, p: Term) -> Term:
    """How many offers p has made."""
    return count(s.sent[p], GENERATIONS + 1)


def exactly(s: State, p: Term) -> Term:
    """What p has evaluated: to propose, to decide, and of this generation; and of liars."""
    learner = s.learner[p]
    return (
        times(PROPOSAL_COST, made(s, p))
        + times(MU + BLEND_COST, Learner.generation(learner))
        + count(Learner.verified(learner), N)
        + Learner.bans(learner)
    )
