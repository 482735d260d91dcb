"""T4: with lambda <= n - f every correct process decides every generation, under fair delivery.

The system is that of `tob_learning`, with one more ghost: ``decidedAt``, how many moves it took the
frontier, the learner of the order, to reach its present generation.

The ranking has two parts, the second of which counts only while the first stays the same:

    frontier   (generations to decide, liars to ban, offers to hold), in lexicographic order
    lag[p]     moves that p needs to reach the frontier's generation
               + 2 * generations for which p has made no offer + offers of p with no place yet

Proved: the ranking is never negative and no step makes it grow; every Offer and every Order of a
correct process, and every Deliver of one behind ``decidedAt``, makes it shrink; when the ghost is
idle, as it is in the specification, one of these is possible until everybody has decided
everything, and it stays so until the ranking has shrunk.  The ghost comes to rest after each step,
for its moves have a ranking of their own.  So have those of a process amid a delivery, which are
moves of the ghost that it repeats.  They are the actions that the specification's Fairness speaks
of, each for one process, so the run comes to an end of its ranking: Termination.  (That last step,
the rule of well-founded ranking under weak fairness, is the only one on paper.)
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import z3

from model_consensus.proofs import counting, tob_learning
from model_consensus.proofs.counting import INT, SET, count
from model_consensus.proofs.induction import (
    AFTER,
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
    Weights,
    correct,
    is_best,
    is_correct,
    loss,
    own,
)
from model_consensus.proofs.tob_invariant import generations
from model_consensus.proofs.tob_learner import Learner, Offer, is_pending
from model_consensus.proofs.tob_steps import can_move, frontier, is_folded

BASE = tob_learning.SYSTEM


def generation(s: State) -> Term:
    """How many generations the order decides."""
    return Learner.generation(frontier(s))


def extended(action: Action) -> Action:
    """The action, with what it does to the ghost."""

    def relation(s: State, t: State, *parameters: Term) -> Term:
        decides = generation(t) > generation(s)
        return z3.And(
            action.relation(s, t, *parameters),
            t.decidedAt == z3.If(decides, t.moves, s.decidedAt),
        )

    return replace(action, relation=relation)


def is_in_play(s: State, q: Term) -> Term:
    """q's offer for the frontier's generation waits for its place, or has the last one, which the
    frontier is to receive, or is held."""
    g, learner = s.offered[q], frontier(s)
    position = Learner.delivered(learner)
    return z3.Implies(
        g == generation(s) + 1,
        z3.Or(
            s.waiting[q][g],
            z3.And(position < s.length, s.order[position] == s.made[q][g]),
            Learner.held(learner)[q],
        ),
    )


def is_on_path(s: State, q: Term, g: Term) -> Term:
    """A correct process's offer is on the model that the order decides."""
    return z3.Implies(
        z3.And(s.sent[q][g], g <= generation(s) + 1),
        Offer.parent(s.made[q][g]) == Learner.decided(frontier(s))[g - 1],
    )


def is_amid_one(s: State, learner: Term) -> Term:
    """Who has not received the whole order lacks its last offer, or is idle."""
    behind = s.length - Learner.delivered(learner)
    return z3.And(behind <= 1, z3.Implies(is_pending(learner), behind <= 0))


MORE = {
    "DecidedAt": lambda s: z3.And(
        between(0, s.decidedAt, s.moves + 1),
        each(
            s.decidedAt,
            s.moves + 1,
            lambda k: Learner.generation(s.history[k]) == generation(s),
            "k",
        ),
    ),
    "Moved": lambda s: each(0, s.moves, lambda k: can_move(s, s.history[k]), "k"),
    "AmidOne": lambda s: is_amid_one(s, frontier(s)),
    "LastOffer": lambda s: correct(lambda q: z3.Implies(s.offered[q] > 0, s.sent[q][s.offered[q]])),
    "OnPath": lambda s: correct(lambda q: generations(GENERATIONS, lambda g: is_on_path(s, q, g))),
    "InPlay": lambda s: correct(lambda q: is_in_play(s, q)),
}

SYSTEM = System(
    name="termination",
    variables={**BASE.variables, "decidedAt": INT},
    init=lambda s: z3.And(BASE.init(s), s.decidedAt == 0),
    actions=tuple(extended(action) for action in BASE.actions),
    invariant={**BASE.invariant, **MORE},
    properties={},
    assumptions={**BASE.assumptions, "Lambda <= N - F": LAMBDA <= N - F},
    facts=BASE.facts,
    functions=BASE.functions,
    init_hints=BASE.init_hints,
)

# ------------------------------------------------------------------------------- the ranking


def frontier_rank(s: State) -> tuple[Term, Term, Term]:
    """What the frontier has still to do."""
    return (
        GENERATIONS - generation(s),
        F - Learner.bans(frontier(s)),
        LAMBDA - count(Learner.held(frontier(s)), N),
    )


def lag(s: State, p: Term) -> Term:
    """What p has still to do in the frontier's generation."""
    behind = s.decidedAt - s.at[p]
    return (
        z3.If(behind > 0, behind, 0)
        + 2 * (generation(s) + 1 - s.offered[p])
        + count(s.waiting[p], GENERATIONS + 1)
    )


def equal(s: State, t: State) -> Term:
    """The frontier has as much to do as before."""
    return z3.And(*(a == b for a, b in zip(frontier_rank(s), frontier_rank(t), strict=True)))


def less(s: State, t: State) -> Term:
    """The frontier has less to do after the step, in lexicographic order."""
    (g, b, a), (g2, b2, a2) = frontier_rank(s), frontier_rank(t)
    return z3.Or(g2 < g, z3.And(g2 == g, z3.Or(b2 < b, z3.And(b2 == b, a2 < a))))


def no_growth(s: State, t: State) -> Term:
    """No step makes the ranking grow."""
    return z3.Or(less(s, t), z3.And(equal(s, t), correct(lambda q: lag(t, q) <= lag(s, q), "q")))


def shrinks(s: State, t: State, p: Term) -> Term:
    """p's step makes the ranking shrink."""
    return z3.Or(less(s, t), z3.And(equal(s, t), lag(t, p) < lag(s, p)))


def unchanged(s: State, t: State) -> Term:
    """The ranking is what it was."""
    return z3.And(equal(s, t), correct(lambda q: lag(t, q) == lag(s, q), "q"))


# Helpful steps: guards of Deliver, Offer and Order that make the ranking shrink.


def can_deliver(s: State, p: Term) -> Term:
    """p has not made the last decision."""
    return s.at[p] < s.decidedAt


def can_offer(s: State, p: Term) -> Term:
    """p has made no offer on its model."""
    now = Learner.generation(s.learner[p])
    return z3.And(s.offered[p] < now + 1, now + 1 <= GENERATIONS)


def can_order(s: State, p: Term) -> Term:
    """Some offer of p waits for its place."""
    return z3.Not(each(1, GENERATIONS + 1, lambda g: z3.Not(s.waiting[p][g]), "g"))


HELPFUL: dict[str, tuple[str, Callable[[State, Term], Term]]] = {
    "Deliver": ("p is behind", can_deliver),
    "Offer": ("p has an offer to make", can_offer),
    "Order": ("an offer of p waits", can_order),
}


def is_done(s: State) -> Term:
    """Every correct process has decided every generation."""
    return correct(lambda p: Learner.generation(s.learner[p]) == GENERATIONS)


def rank_hints(s: State, t: State, action: Action, parameters: list[Term]) -> Iterator[Term]:
    """Of the offers that wait, one more or one fewer."""
    yield from action.hints(s, t, *parameters)
    size = GENERATIONS + 1
    if action.name == "Offer":
        p = parameters[0]
        yield counting.insertion(s.waiting[p], Learner.generation(s.learner[p]) + 1, size)
    if action.name == "Move":
        yield counting.bounds(Learner.accepted(frontier(s)), N)
    if action.name == "Order":
        yield counting.removal(s.waiting[parameters[0]], parameters[1], size)


def ranking() -> Iterator[Condition]:
    """The conditions of the ranking argument."""
    yield best_exists()
    for condition in _ranking():
        yield replace(condition, functions=SYSTEM.functions)


def _ranking() -> Iterator[Condition]:
    s, t = SYSTEM.state(), SYSTEM.state(AFTER)
    holds = SYSTEM.holds(s)
    yield Condition(
        "termination: the ranking is not negative",
        holds,
        z3.And(*(part >= 0 for part in frontier_rank(s)), correct(lambda p: lag(s, p) >= 0)),
        (
            *SYSTEM.facts,
            counting.subset(Learner.isBanned(frontier(s)), BYZANTINE, N),
            correct(lambda p: counting.bounds(s.waiting[p], GENERATIONS + 1)),
        ),
    )
    yield Condition(
        "termination: until everybody is done, a helpful step is possible",
        {**holds, "the ghost is idle": is_folded(s)},
        z3.Or(
            is_done(s),
            z3.Not(correct(lambda p: z3.Not(z3.Or(*(can(s, p) for _, can in HELPFUL.values()))))),
        ),
        (*SYSTEM.facts, counting.complement(Learner.held(frontier(s)), BYZANTINE, N)),
    )
    some = z3.Int("some")
    yield Condition(
        "termination: who is behind can move",
        {**holds, "some": is_correct(some), "behind": can_deliver(s, some)},
        can_move(s, s.learner[some]),
        SYSTEM.facts,
    )
    for action in SYSTEM.actions:
        parameters = action.constants()
        step = {**holds, action.name: action.relation(s, t, *parameters)}
        facts = (*SYSTEM.facts, *rank_hints(s, t, action, parameters))
        yield Condition(
            f"termination: {action.name} makes nothing grow", step, no_growth(s, t), facts
        )
        if action.name in HELPFUL:
            p = parameters[0]
            helpful = {"helpful": can_deliver(s, p)} if action.name == "Deliver" else {}
            yield Condition(
                f"termination: {action.name} makes the ranking shrink",
                {**step, **helpful},
                shrinks(s, t, p),
                facts,
            )
        if action.name == "Move":
            yield Condition("termination: the ghost comes to rest", step, rests(s, t), facts)
        if action.name in ("Offer", "Order"):
            continue  # these always make it shrink
        for name, can in HELPFUL.values():
            yield Condition(
                f"termination: {action.name} leaves the step possible, if {name}",
                {
                    **step,
                    "some": is_correct(some),
                    "possible": can(s, some),
                    "ranking": unchanged(s, t),
                },
                can(t, some),
                facts,
            )


def rests(s: State, t: State) -> Term:
    """A move takes the frontier nearer to its rest: offers to receive, generations to decide,
    offers to evaluate, in lexicographic order; and none of these numbers is negative."""
    ranks = []
    for state in (s, t):
        learner = frontier(state)
        ranks.append(
            (
                state.length - Learner.delivered(learner),
                GENERATIONS - Learner.generation(learner),
                count(Learner.accepted(learner), N),
            )
        )
    (a, b, c), (a2, b2, c2) = ranks
    shrunk = z3.Or(a2 < a, z3.And(a2 == a, z3.Or(b2 < b, z3.And(b2 == b, c2 < c))))
    return z3.And(shrunk, *(part >= 0 for part in ranks[0]))


def best_exists() -> Condition:
    """A process that has an offer to make can make it: something that it evaluates is the best."""
    parent, weights = z3.Const("parent", Model), z3.Const("weights", Weights)
    g, p, j = z3.Ints("g p j")
    key, number = z3.Const("key", counting.NUMBERS), z3.Const("number", counting.NUMBERS)
    all_draws = z3.Const("draws", SET)
    value = loss(own(parent, g, p, j))
    return Condition(
        "termination: a best ticket exists",
        {
            "Draws >= 1": DRAWS >= 1,
            "losses": z3.ForAll([j], key[j] == value, patterns=[key[j]]),
            "numbers": z3.ForAll([j], number[j] == j, patterns=[number[j]]),
            "all": z3.ForAll([j], all_draws[j], patterns=[all_draws[j]]),
        },
        z3.Exists([weights], is_best(parent, g, p, weights)),
        (
            counting.least_member(all_draws, key, number, DRAWS),
            counting.everything(all_draws, DRAWS),
        ),
    )


def conditions() -> Iterator[Condition]:
    """The conditions of the new conjuncts, and of the ranking."""
    for condition in inductive(SYSTEM):
        # The conjuncts of `tob_learning` are proved there, for any lambda.
        if condition.name.split("=> ")[1].rstrip("'") in MORE:
            yield condition
    yield from ranking()
