"""Learning over Total Order Broadcast: T1, T2, T3 and T5 for all n, f, λ, draws, losses, lengths.

The transition system is that of ``spec/TobLearning.tla``, written so that a solver can follow it:

- all queues are views of one ``order``: inbox[p] is order[delivered .. length);
- what correct processes broadcast is kept by (sender, generation), which names it uniquely:
  ``made`` is the offer, ``sent`` says that it was broadcast and ``waiting`` that it has no place in
  the order yet, so the network is {made[p][g] : waiting[p][g]};
- the learner is that of `tob_learner`; ``backers[g]`` remembers whose offers were accepted when
  generation g was decided.

The one idea of the proof is a ghost: ``history[i]`` is the learner after the first i deliveries of
the order.  It is a fold, learner[p] = history[delivered], and agreement follows.
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.counting import INT, TABLE, count, times
from model_consensus.proofs.kit import (
    Action,
    Condition,
    State,
    System,
    Term,
    between,
    each,
    inductive,
    unchanged,
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
    parent_of,
    receive,
)

# -------------------------------------------------------------------------------- the system

VARIABLES = {
    "length": INT,  # of the order
    "order": z3.ArraySort(INT, Offer),
    "history": z3.ArraySort(INT, Learner),  # ghost
    "learner": z3.ArraySort(INT, Learner),
    "offered": z3.ArraySort(INT, INT),
    "evaluations": z3.ArraySort(INT, INT),
    "sent": TABLE,
    "waiting": TABLE,
    "made": z3.ArraySort(INT, z3.ArraySort(INT, Offer)),
}


def init(s: State) -> Term:
    """Nothing has been sent."""
    return z3.And(
        s.length == 0,
        s.history[0] == new_learner,
        correct(
            lambda p: z3.And(
                s.learner[p] == new_learner,
                s.offered[p] == 0,
                s.evaluations[p] == 0,
                s.sent[p] == counting.EMPTY,
                s.waiting[p] == counting.EMPTY,
            )
        ),
    )


def put(table: Term, row: Term, column: Term, value: Term) -> Term:
    """A table with one entry replaced."""
    return z3.Store(table, row, z3.Store(table[row], column, value))


def own(parent: Term, generation: Term, p: Term, draw: Term) -> Term:
    """The offspring of ``parent`` by p's ticket."""
    return Model.offspring(parent, Ticket.make(generation, p, draw))


def offer(s: State, t: State, p: Term, draw: Term) -> Term:
    """p evaluates its tickets on its model and broadcasts the best, the least of equal ones."""
    learner = s.learner[p]
    parent, generation = parent_of(learner), Learner.generation(learner) + 1
    best = loss(own(parent, generation, p, draw))
    message = Offer.make(p, parent, Ticket.make(generation, p, draw), best)

    def no_better(j: Term) -> Term:
        other = loss(own(parent, generation, p, j))
        return z3.Or(best < other, z3.And(best == other, draw <= j))

    return z3.And(
        is_correct(p),
        s.offered[p] < generation,
        generation <= GENERATIONS,
        between(0, draw, DRAWS),
        each(0, DRAWS, no_better, "j"),
        t.made == put(s.made, p, generation, message),
        t.sent == put(s.sent, p, generation, True),
        t.waiting == put(s.waiting, p, generation, True),
        t.offered == z3.Store(s.offered, p, generation),
        t.evaluations == z3.Store(s.evaluations, p, s.evaluations[p] + DRAWS),
        unchanged(s, t, "length", "order", "history", "learner"),
    )


def append(s: State, t: State, message: Term) -> Term:
    """The message gets the next place in the order, and the ghost learner receives it."""
    return z3.And(
        t.order == z3.Store(s.order, s.length, message),
        t.length == s.length + 1,
        t.history == z3.Store(s.history, s.length + 1, receive(s.history[s.length], message)),
        unchanged(s, t, "learner", "offered", "evaluations", "sent", "made"),
    )


def order(s: State, t: State, p: Term, g: Term) -> Term:
    """p's offer for generation g gets its place in the order."""
    return z3.And(
        is_correct(p),
        between(1, g, GENERATIONS + 1),
        s.waiting[p][g],
        t.waiting == put(s.waiting, p, g, False),
        append(s, t, s.made[p][g]),
    )


def byzantine_offer(s: State, t: State, message: Term) -> Term:
    """A Byzantine process orders whatever it likes in its own name."""
    generation = Ticket.generation(Offer.ticket(message))
    return z3.And(
        is_process(Offer.sender(message)),
        BYZANTINE[Offer.sender(message)],
        between(1, generation, GENERATIONS + 1),
        append(s, t, message),
        unchanged(s, t, "waiting"),
    )


def deliver(s: State, t: State, p: Term) -> Term:
    """p takes the next offer of the order."""
    learner = s.learner[p]
    after = receive(learner, s.order[Learner.delivered(learner)])
    cost = (
        Learner.bans(after)
        + Learner.generation(after)
        - Learner.bans(learner)
        - Learner.generation(learner)
    )
    return z3.And(
        is_correct(p),
        Learner.delivered(learner) < s.length,
        t.learner == z3.Store(s.learner, p, after),
        t.evaluations == z3.Store(s.evaluations, p, s.evaluations[p] + cost),
        unchanged(s, t, "length", "order", "history", "offered", "sent", "waiting", "made"),
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
    assumptions=ASSUMPTIONS,
    facts=FACTS,
    functions=FUNCTIONS,
    hints=property_hints,
    init_hints=(counting.nothing(N), counting.product(DRAWS, z3.IntVal(0))),
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of T1, T2, T3 and T5."""
    yield from inductive(SYSTEM)
