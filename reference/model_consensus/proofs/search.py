"""Processes, models and losses as a solver sees them: what the theories have in common.

Processes are 0 .. N-1, and Byzantine is a set of F of them.  Models are lineages, a recursive
datatype.  The landscape ``loss`` is an unknown function, fixed before the run (the specifications
reveal it piece by piece, which allows the same behaviours).
"""

from collections.abc import Callable

import z3

from model_consensus.proofs.counting import INT, SET
from model_consensus.proofs.induction import Term, between, datatype, each, record

Ticket = record("Ticket", generation=INT, proposer=INT, draw=INT)

Model = datatype("Model", genesis={}, offspring={"parent": None, "ticket": Ticket})

N, F, LAMBDA, DRAWS, GENERATIONS = z3.Ints("N F Lambda Draws Generations")
BYZANTINE = z3.Const("Byzantine", SET)
loss = z3.Function("loss", Model, INT)


def is_process(p: Term) -> Term:
    """p is one of the processes."""
    return between(0, p, N)


def is_correct(p: Term) -> Term:
    """p is a correct process."""
    return z3.And(is_process(p), z3.Not(BYZANTINE[p]))


def correct(body: Callable[[Term], Term], name: str = "p") -> Term:
    """``body(p)`` for each correct process p."""
    return each(0, N, lambda p: z3.Implies(z3.Not(BYZANTINE[p]), body(p)), name)


def is_own_ticket(ticket: Term, generation: Term, p: Term) -> Term:
    """The ticket is one that p may draw in this generation."""
    return z3.And(
        Ticket.generation(ticket) == generation,
        Ticket.proposer(ticket) == p,
        between(0, Ticket.draw(ticket), DRAWS),
    )


def own(parent: Term, generation: Term, p: Term, draw: Term) -> Term:
    """The offspring of ``parent`` by p's ticket."""
    return Model.offspring(parent, Ticket.make(generation, p, draw))
