"""Steps of learning over Total Order Broadcast, as a solver sees them (``spec/TobLearning.tla``).

- All queues are views of one ``order``: inbox[p] is order[delivered .. length).
- What correct processes broadcast is kept by (sender, generation), which names it uniquely:
  ``made`` is the offer, ``sent`` says that it was broadcast and ``waiting`` that it has no place in
  the order yet, so the network is {made[p][g] : waiting[p][g]}.
- ``history[k]`` is a ghost: the learner of the order after k moves, of which there have been
  ``moves``.  Each time that an offer gets its place, the ghost moves until it is idle again, before
  anything else is ordered or delivered (`move`).  ``at[p]`` is how many moves p has made.
- A delivery of the specification is a `deliver` that takes an offer and then those that evaluate
  and decide.  Others may move in between, which allows more than the specification does.
"""

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.counting import INT, NUMBERS, TABLE
from model_consensus.proofs.induction import State, Term, between, unchanged
from model_consensus.proofs.search import (
    BYZANTINE,
    GENERATIONS,
    Ticket,
    correct,
    is_best,
    is_correct,
    is_process,
    loss,
    proposal,
)
from model_consensus.proofs.tob_learner import (
    PROPOSAL_COST,
    Learner,
    Offer,
    advance,
    cost,
    is_pending,
    new_learner,
    parent_of,
)

VARIABLES = {
    "length": INT,  # of the order
    "order": z3.ArraySort(INT, Offer),
    "moves": INT,  # ghost
    "history": z3.ArraySort(INT, Learner),  # ghost
    "learner": z3.ArraySort(INT, Learner),
    "at": NUMBERS,  # ghost
    "offered": NUMBERS,
    "evaluations": NUMBERS,
    "sent": TABLE,
    "waiting": TABLE,
    "made": z3.ArraySort(INT, z3.ArraySort(INT, Offer)),
}


def init(s: State) -> Term:
    """Nothing has been sent."""
    return z3.And(
        s.length == 0,
        s.moves == 0,
        s.history[0] == new_learner,
        correct(
            lambda p: z3.And(
                s.learner[p] == new_learner,
                s.at[p] == 0,
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


def can_move(s: State, learner: Term) -> Term:
    """The learner is amid a delivery, or an offer waits for it."""
    return z3.Or(is_pending(learner), Learner.delivered(learner) < s.length)


def frontier(s: State) -> Term:
    """The learner of the order."""
    return s.history[s.moves]


def is_folded(s: State) -> Term:
    """The ghost is idle and has received the whole order: so it is in the specification."""
    return z3.Not(can_move(s, frontier(s)))


def offer(s: State, t: State, p: Term, weights: Term) -> Term:
    """p evaluates its draws on its model and broadcasts its best ticket."""
    learner = s.learner[p]
    parent, generation = parent_of(learner), Learner.generation(learner) + 1
    ticket = Ticket.make(generation, p, weights)
    message = Offer.make(p, parent, ticket, loss(proposal(parent, ticket)))
    return z3.And(
        is_correct(p),
        s.offered[p] < generation,
        generation <= GENERATIONS,
        is_best(parent, generation, p, weights),
        t.made == put(s.made, p, generation, message),
        t.sent == put(s.sent, p, generation, True),
        t.waiting == put(s.waiting, p, generation, True),
        t.offered == z3.Store(s.offered, p, generation),
        t.evaluations == z3.Store(s.evaluations, p, s.evaluations[p] + PROPOSAL_COST),
        unchanged(s, t, "length", "order", "moves", "history", "learner", "at"),
    )


def append(s: State, t: State, message: Term) -> Term:
    """The message gets the next place in the order."""
    return z3.And(
        is_folded(s),
        t.order == z3.Store(s.order, s.length, message),
        t.length == s.length + 1,
        unchanged(
            s, t, "moves", "history", "learner", "at", "offered", "evaluations", "sent", "made"
        ),
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
        Ticket.is_make(Offer.ticket(message)),
        between(1, generation, GENERATIONS + 1),
        append(s, t, message),
        unchanged(s, t, "waiting"),
    )


def following(s: State, learner: Term) -> Term:
    """The learner after its next move."""
    return advance(learner, s.order[Learner.delivered(learner)])


def move(s: State, t: State) -> Term:
    """The ghost moves."""
    return z3.And(
        can_move(s, frontier(s)),
        t.moves == s.moves + 1,
        t.history == z3.Store(s.history, s.moves + 1, following(s, frontier(s))),
        unchanged(
            s, t, "length", "order", "learner", "at", "offered", "evaluations", "sent", "waiting",
            "made",
        ),
    )  # fmt: skip


def deliver(s: State, t: State, p: Term) -> Term:
    """p moves: it takes the next offer of the order, evaluates one, or decides."""
    learner = s.learner[p]
    return z3.And(
        is_correct(p),
        is_folded(s),
        can_move(s, learner),
        t.learner == z3.Store(s.learner, p, following(s, learner)),
        t.at == z3.Store(s.at, p, s.at[p] + 1),
        t.evaluations == z3.Store(s.evaluations, p, s.evaluations[p] + cost(learner)),
        unchanged(
            s, t, "length", "order", "moves", "history", "offered", "sent", "waiting", "made"
        ),
    )
