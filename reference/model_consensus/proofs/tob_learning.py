"""Learning over Total Order Broadcast: T1, T2, T3 and T5 for all n, f, λ, draws, losses, lengths.

The learner is that of `tob_learner`, the steps are those of `tob_steps`, and `tob_invariant` holds
the idea of the proof.  Here are the properties, and the lemmas that the solver needs.
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
from model_consensus.proofs.search import (
    BYZANTINE,
    DRAWS,
    GENERATIONS,
    LAMBDA,
    F,
    Model,
    N,
    correct,
    is_correct,
)
from model_consensus.proofs.tob_invariant import (
    INVARIANT,
    continues,
    generations,
    is_backed,
    is_descended,
    matches,
)
from model_consensus.proofs.tob_learner import (
    ASSUMPTIONS,
    FACTS,
    FUNCTIONS,
    Learner,
    Offer,
    accept,
    least,
)
from model_consensus.proofs.tob_steps import VARIABLES, byzantine_offer, deliver, init, offer, order

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
