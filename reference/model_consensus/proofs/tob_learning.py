"""Learning over Total Order Broadcast: T1, T2, T3 and T5 for all n, f, λ, draws, losses, lengths.

The learner is that of `tob_learner`, the steps are those of `tob_steps`.  The one idea of the proof
is the ghost ``history[i]``, the learner after the first i deliveries of the order.  It is a fold,
learner[p] = history[delivered], and agreement follows.  ``backers[g]`` of a learner remembers whose
offers were accepted when generation g was decided.
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.counting import INT, TABLE, count, times
from model_consensus.proofs.induction import (
    Action,
    Condition,
    State,
    System,
    Term,
    between,
    each,
    inductive,
)
from model_consensus.proofs.tob_learner import (
    ASSUMPTIONS,
    BYZANTINE,
    DRAWS,
    FACTS,
    FUNCTIONS,
    GENERATIONS,
    LAMBDA,
    F,
    Learner,
    Model,
    N,
    Offer,
    Ticket,
    accept,
    correct,
    is_correct,
    is_legal,
    is_own_ticket,
    is_process,
    least,
    loss,
    new_learner,
    offered_model,
    receive,
)
from model_consensus.proofs.tob_steps import (
    VARIABLES,
    byzantine_offer,
    deliver,
    init,
    offer,
    order,
    own,
)

# ------------------------------------------------------------------------------ the invariant


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


# ----------------------------------------------------------------------------- the properties


def both(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body`` for the learners of any two correct processes."""
    return correct(lambda p: correct(lambda q: body(s.learner[p], s.learner[q]), "q"))


match = z3.Const("matched", TABLE)  # the draws that a decided model matches
some, when = z3.Ints("some when")  # a process, and a generation that it has decided


def resilience(s: State) -> Term:
    """T3, in the words of the specification: the decided model of ``some`` process at generation
    ``when`` is at least as good as Draws * (Lambda - F) honest offspring of the same parent."""
    learner = s.learner[some]
    q, j = z3.Ints("q j")
    definition = z3.ForAll(
        [q, j],
        match[q][j] == z3.And(is_correct(q), between(0, j, DRAWS), matches(s, learner, when, q, j)),
        patterns=[match[q][j]],
    )
    return z3.Implies(
        z3.And(is_correct(some), between(1, when, Learner.generation(learner) + 1), definition),
        counting.pairs(match, DRAWS, N) >= times(DRAWS, LAMBDA - F),
    )


PROPERTIES = {
    "Agreement": lambda s: both(
        s,
        lambda x, y: z3.Implies(
            Learner.generation(x) <= Learner.generation(y),
            each(
                0,
                Learner.generation(x) + 1,
                lambda g: Learner.decided(x)[g] == Learner.decided(y)[g],
                "g",
            ),
        ),
    ),
    "Lineage": lambda s: correct(
        lambda p: z3.And(
            Learner.decided(s.learner[p])[0] == Model.genesis,
            generations(Learner.generation(s.learner[p]), lambda g: is_descended(s.learner[p], g)),
        )
    ),
    "Accuracy": lambda s: correct(
        lambda p: each(
            0,
            Learner.bans(s.learner[p]),
            lambda k: BYZANTINE[Learner.banned(s.learner[p])[k]],
            "k",
        )
    ),
    "SameBans": lambda s: both(
        s,
        lambda x, y: z3.Implies(
            Learner.bans(x) <= Learner.bans(y),
            each(
                0,
                Learner.bans(x),
                lambda k: Learner.banned(x)[k] == Learner.banned(y)[k],
                "k",
            ),
        ),
    ),
    "BansAtMostF": lambda s: correct(lambda p: Learner.bans(s.learner[p]) <= F),
    "Resilience": resilience,
    "EvaluationBound": lambda s: correct(
        lambda p: (
            s.evaluations[p] <= times(DRAWS, s.offered[p]) + Learner.generation(s.learner[p]) + F
        )
    ),
    "ConstantMemory": lambda s: correct(
        lambda p: z3.And(
            count(Learner.accepted(s.learner[p]), N) < LAMBDA,
            count(Learner.accepted(s.learner[p]), N) + Learner.bans(s.learner[p]) <= N,
        )
    ),
}


def is_decide(s: State, t: State, p: Term) -> Term:
    """p decides one model, as Decide of ModelConsensus.tla allows (is_backed is Resilience)."""
    before, after = s.learner[p], t.learner[p]
    g = Learner.generation(before) + 1
    return z3.And(
        g <= GENERATIONS,
        Learner.generation(after) == g,
        is_descended(after, g),
        is_backed(t, after, g),
        correct(
            lambda q: z3.Or(continues(after, t.learner[q]), continues(t.learner[q], after)), "q"
        ),
    )


def refines(s: State, t: State) -> Term:
    """A step of ModelConsensus.tla: what is decided stays; one process decides one model, or none
    does; what is drawn stays drawn."""
    return z3.And(
        correct(
            lambda p: z3.And(
                continues(s.learner[p], t.learner[p]),
                z3.Or(
                    Learner.generation(t.learner[p]) == Learner.generation(s.learner[p]),
                    z3.And(
                        is_decide(s, t, p),
                        correct(lambda q: z3.Or(p == q, t.learner[q] == s.learner[q]), "q"),
                    ),
                ),
                generations(GENERATIONS, lambda g: z3.Implies(s.sent[p][g], t.sent[p][g])),
            )
        ),
    )


# ---------------------------------------------------------------------- lemmas for the solver


def append_hints(s: State, message: Term) -> Iterator[Term]:
    """The cardinalities that change when the ghost learner receives the message."""
    learner = s.history[s.length]
    full = accept(learner, message)
    accepted, banned = Learner.accepted(learner), Learner.isBanned(learner)
    liar = Offer.sender(Learner.offers(full)[least(full)])
    yield counting.nothing(N)
    yield counting.bounds(accepted, N)
    yield counting.insertion(accepted, Offer.sender(message), N)
    yield counting.removal(Learner.accepted(full), liar, N)
    yield counting.insertion(banned, liar, N)


def property_hints(s: State) -> Iterator[Term]:
    """The cardinalities that the properties speak of."""
    yield correct(lambda p: counting.subset(Learner.isBanned(s.learner[p]), BYZANTINE, N))
    yield correct(
        lambda p: counting.intersection(
            Learner.accepted(s.learner[p]), Learner.isBanned(s.learner[p]), counting.EMPTY, N
        )
    )
    yield counting.nothing(N)
    backers = Learner.backers(s.learner[some])[when]
    yield counting.full_rows(match, backers, BYZANTINE, DRAWS, N)
    yield counting.scaling(DRAWS, LAMBDA - F, count(backers, N) - F)


def offer_hints(s: State, t: State, p: Term, draw: Term) -> Iterator[Term]:
    """Draws for each generation, also for those in which p made no offer."""
    yield counting.successor(DRAWS, s.offered[p])
    yield counting.scaling(DRAWS, s.offered[p] + 1, Learner.generation(s.learner[p]) + 1)


SYSTEM = System(
    name="tob_learning",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Offer", offer, {"p": INT, "j": INT}, offer_hints),
        Action(
            "Order",
            order,
            {"p": INT, "g": INT},
            lambda s, t, p, g: append_hints(s, s.made[p][g]),
        ),
        Action(
            "ByzantineOffer",
            byzantine_offer,
            {"offer": Offer},
            lambda s, t, message: append_hints(s, message),
        ),
        Action("Deliver", deliver, {"p": INT}),
    ),
    invariant=INVARIANT,
    properties=PROPERTIES,
    steps={"RefinesModelConsensus": refines},
    needs={
        "RefinesModelConsensus": (
            "LearnerIsFold",
            "Position",
            "Delivered",
            "Generation",
            "Continues",
            "Fold",
            "Length",
            "LearnerIsFold'",
            "Position'",
            "Delivered'",
            "Generation'",
            "Continues'",
            "Descended'",
            "Backed'",
            "Length'",
        )
    },
    assumptions=ASSUMPTIONS,
    facts=FACTS,
    functions=FUNCTIONS,
    hints=property_hints,
    init_hints=(counting.nothing(N), counting.product(DRAWS, z3.IntVal(0))),
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of T1, T2, T3 and T5."""
    yield from inductive(SYSTEM)
