"""Steps of learning over Total Order Broadcast, as a solver sees them (``spec/TobLearning.tla``).

- All queues are views of one ``order``: inbox[p] is order[delivered .. length).
- What correct processes broadcast is kept by (sender, generation), which names it uniquely:
  ``made`` is the offer, ``sent`` says that it was broadcast and ``waiting`` that it has no place in
  the order yet, so the network is {made[p][g] : waiting[p][g]}.
- ``history[i]`` is a ghost: the learner after the first i deliveries of the order.
"""

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.counting import INT, TABLE
from model_consensus.proofs.induction import State, Term, between, each, unchanged
from model_consensus.proofs.search import (
    BYZANTINE,
    DRAWS,
    GENERATIONS,
    Ticket,
    correct,
    is_correct,
    is_process,
    loss,
    own,
)
from model_consensus.proofs.tob_learner import Learner, Offer, new_learner, parent_of, receive

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
