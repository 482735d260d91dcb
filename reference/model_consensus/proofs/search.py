"""Processes, models and losses as a solver sees them: what the theories have in common.

Processes are 0 .. N-1, and Byzantine is a set of F of them.  Models are lineages, a recursive
datatype: a model is the genesis, or an offspring by a step.  A step is a set of tickets of
different processes, and so a map from processes to tickets.  Weights are those of a single draw, or
a combination, known by its number only.  The landscape ``loss`` is an unknown function, fixed
before the run (the specifications reveal it piece by piece, which allows the same behaviours).
"""

from collections.abc import Callable

import z3

from model_consensus.proofs.counting import INT, SET
from model_consensus.proofs.induction import Condition, Term, between, datatype, each

Weights = datatype("Weights", single={"draw": INT}, combination={"number": INT})
Ticket = datatype(
    "Ticket", absent={}, make={"generation": INT, "proposer": INT, "weights": Weights}
)
STEP = z3.ArraySort(INT, Ticket)  # by proposer
Model = datatype("Model", genesis={}, offspring={"parent": None, "step": STEP})

N, F, LAMBDA, DRAWS, GENERATIONS = z3.Ints("N F Lambda Draws Generations")
RECOMBINES = z3.Bool("Recombines")
BYZANTINE = z3.Const("Byzantine", SET)
COMBINATIONS = z3.Const("Combinations", SET)  # the numbers of those that are legal
loss = z3.Function("loss", Model, INT)

# The number of the combination by rank of the draws of a process in a generation on a model.
by_rank = z3.Function("ByRank", Model, INT, INT, INT)

nothing = z3.Const("nothing", STEP)  # a step without tickets

_i, _m, _g, _p = z3.Int("i"), z3.Const("m", Model), z3.Int("g"), z3.Int("p")
FACTS = (
    z3.ForAll([_i], nothing[_i] == Ticket.absent, patterns=[nothing[_i]]),
    z3.ForAll(
        [_m, _g, _p],
        z3.Implies(DRAWS > 1, COMBINATIONS[by_rank(_m, _g, _p)]),
        patterns=[by_rank(_m, _g, _p)],
    ),
)


def is_process(p: Term) -> Term:
    """p is one of the processes."""
    return between(0, p, N)


def is_correct(p: Term) -> Term:
    """p is a correct process."""
    return z3.And(is_process(p), z3.Not(BYZANTINE[p]))


def correct(body: Callable[[Term], Term], name: str = "p") -> Term:
    """``body(p)`` for each correct process p."""
    return each(0, N, lambda p: z3.Implies(z3.Not(BYZANTINE[p]), body(p)), name)


def is_legal(weights: Term) -> Term:
    """The weights are those of one draw, or a combination where draws may be combined."""
    return z3.If(
        Weights.is_single(weights),
        between(0, Weights.draw(weights), DRAWS),
        z3.And(RECOMBINES, COMBINATIONS[Weights.number(weights)]),
    )


def is_own_ticket(ticket: Term, generation: Term, p: Term) -> Term:
    """The ticket is one that p may draw in this generation."""
    return z3.And(
        Ticket.is_make(ticket),
        Ticket.generation(ticket) == generation,
        Ticket.proposer(ticket) == p,
        is_legal(Ticket.weights(ticket)),
    )


def proposal(parent: Term, ticket: Term) -> Term:
    """The offspring of ``parent`` by one ticket."""
    return Model.offspring(parent, z3.Store(nothing, Ticket.proposer(ticket), ticket))


def own(parent: Term, generation: Term, p: Term, draw: Term) -> Term:
    """The proposal on ``parent`` by p's draw alone."""
    return proposal(parent, Ticket.make(generation, p, Weights.single(draw)))


def recombination(parent: Term, generation: Term, p: Term) -> Term:
    """The weights of the recombination of p's draws."""
    return Weights.combination(by_rank(parent, generation, p))


def recombined(parent: Term, generation: Term, p: Term) -> Term:
    """The proposal on ``parent`` by the recombination of p's draws."""
    return proposal(parent, Ticket.make(generation, p, recombination(parent, generation, p)))


CAN_RECOMBINE = z3.And(RECOMBINES, DRAWS > 1)


def is_best(parent: Term, generation: Term, p: Term, weights: Term) -> Term:
    """p's best: its least draw, the first of equal ones, or, if better, their recombination."""
    draw = Weights.draw(weights)
    value = loss(proposal(parent, Ticket.make(generation, p, weights)))
    other = recombined(parent, generation, p)

    def drawn(j: Term) -> Term:
        return loss(own(parent, generation, p, j))

    return z3.If(
        Weights.is_single(weights),
        z3.And(
            between(0, draw, DRAWS),
            each(
                0,
                DRAWS,
                lambda j: z3.Or(value < drawn(j), z3.And(value == drawn(j), draw <= j)),
                "j",
            ),
            z3.Implies(CAN_RECOMBINE, value <= loss(other)),
        ),
        z3.And(
            CAN_RECOMBINE,
            weights == recombination(parent, generation, p),
            each(0, DRAWS, lambda j: value < drawn(j), "j"),
        ),
    )


def as_good_as_all(value: Term, parent: Term, generation: Term, p: Term) -> Term:
    """The loss is no more than that of each model that p evaluates on ``parent`` to propose."""
    return z3.And(
        each(0, DRAWS, lambda j: value <= loss(own(parent, generation, p, j)), "j"),
        z3.Implies(CAN_RECOMBINE, value <= loss(recombined(parent, generation, p))),
    )


def different_tickets(theory: str) -> Condition:
    """Different tickets, of one process or of two, are different models: it is they that count."""
    parent, t, u = z3.Const("parent", Model), z3.Const("t", Ticket), z3.Const("u", Ticket)
    return Condition(
        f"{theory}: different tickets are different models",
        {"one model": proposal(parent, t) == proposal(parent, u)},
        t == u,
        FACTS,
    )
