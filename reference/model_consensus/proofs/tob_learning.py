"""Learning over Total Order Broadcast: T1, T2, T3, T5 for all n, f, λ, μ, draws, losses, lengths.

The steps are in `tob_steps`, and the idea is in `tob_invariant`; here are properties and lemmas.
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.counting import INT, SET, TABLE, count, times
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
    Weights,
    as_good_as_all,
    correct,
    different_tickets,
    is_correct,
    loss,
    own,
)
from model_consensus.proofs.tob_invariant import (
    INVARIANT,
    claim_of,
    continues,
    decisions,
    exactly,
    generations,
    has_backers,
    is_above_floor,
    is_descended,
    is_floor_backed,
    is_proposed,
    made,
    offers_of,
)
from model_consensus.proofs.tob_learner import (
    ASSUMPTIONS,
    BLEND_COST,
    FACTS,
    FUNCTIONS,
    MU,
    PROPOSAL_COST,
    Learner,
    Offer,
    is_pending,
    is_verified,
    least,
    offered_model,
)
from model_consensus.proofs.tob_steps import (
    VARIABLES,
    byzantine_offer,
    deliver,
    frontier,
    init,
    move,
    offer,
    order,
)


# ---------------------------------------------------------------------------- the properties
def both(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body`` for the learners of any two correct processes."""
    return correct(lambda p: correct(lambda q: body(s.learner[p], s.learner[q]), "q"))


match = z3.Const("matched", TABLE)  # the draws that a decided model matches
better = z3.Const("better", SET)  # the processes that had a better model than a decided one
some, when = z3.Ints("some when")  # a process, and a generation that it has decided


def has_decided(s: State) -> Term:
    """``some`` correct process has decided generation ``when``."""
    learner = s.learner[some]
    return z3.And(is_correct(some), between(1, when, Learner.generation(learner) + 1))


def is_matched(s: State, q: Term, j: Term) -> Term:
    """q has proposed on the parent of the decided model, which is as good as q's draw j on it."""
    decided = Learner.decided(s.learner[some])
    return z3.And(
        is_correct(q),
        between(0, j, DRAWS),
        s.sent[q][when],
        Offer.parent(s.made[q][when]) == decided[when - 1],
        loss(decided[when]) <= loss(own(decided[when - 1], when, q, j)),
    )


def resilience(s: State) -> Term:
    """T3, in the words of the specification: the decided model of ``some`` process at generation
    ``when`` is at least as good as Draws * (Lambda - F) honest draws on the same parent."""
    q, j = z3.Ints("q j")
    definition = z3.ForAll([q, j], match[q][j] == is_matched(s, q, j), patterns=[match[q][j]])
    return z3.Implies(
        z3.And(has_decided(s), definition),
        counting.pairs(match, DRAWS, N) >= times(DRAWS, LAMBDA - F),
    )


def rank_resilience(s: State) -> Term:
    """T3 as rank: at most N - Lambda correct processes have, among their draws and their
    recombination on the same parent, a better model than the decided one."""
    decided = Learner.decided(s.learner[some])
    q = z3.Int("q")
    had_better = z3.And(
        is_correct(q),
        z3.Not(as_good_as_all(loss(decided[when]), decided[when - 1], when, q)),
    )
    definition = z3.ForAll([q], better[q] == had_better, patterns=[better[q]])
    return z3.Implies(z3.And(has_decided(s), definition), count(better, N) <= N - LAMBDA)


GENERATION_COST = PROPOSAL_COST + MU + BLEND_COST

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
            decisions(s.learner[p], lambda g: is_descended(s.learner[p], g)),
        )
    ),
    "UsesProposed": lambda s: correct(
        lambda p: decisions(s.learner[p], lambda g: is_proposed(s, s.learner[p], g))
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
    "RankResilience": rank_resilience,
    "EvaluationsAreExact": lambda s: correct(
        lambda p: z3.And(
            between(0, made(s, p), s.offered[p] + 1), s.evaluations[p] == exactly(s, p)
        )
    ),
    "EvaluationBound": lambda s: correct(
        lambda p: (
            s.evaluations[p] <= times(GENERATION_COST, Learner.generation(s.learner[p]) + 1) + F
        )
    ),
    "ConstantMemory": lambda s: correct(
        lambda p: z3.And(
            count(Learner.held(s.learner[p]), N) <= LAMBDA,
            count(Learner.held(s.learner[p]), N) + Learner.bans(s.learner[p]) <= N,
        )
    ),
    "IdleLearners": lambda s: correct(
        lambda p: z3.Implies(
            z3.Not(is_pending(s.learner[p])),
            z3.And(
                count(Learner.held(s.learner[p]), N) < LAMBDA,
                count(Learner.verified(s.learner[p]), N) < MU,
            ),
        )
    ),
}


def is_decide(s: State, t: State, p: Term) -> Term:
    """p decides one model, as Decide of ModelConsensus.tla allows (`resilience` follows)."""
    before, after = s.learner[p], t.learner[p]
    g = Learner.generation(before) + 1
    value = loss(Learner.decided(after)[g])
    return z3.And(
        g <= GENERATIONS,
        Learner.generation(after) == g,
        is_descended(after, g),
        is_proposed(s, after, g),
        is_above_floor(after, g),
        is_floor_backed(t, after, g),
        has_backers(after, g),
        # T3: no verified offer is better, and no offer that waits claims to be.
        is_verified(before),
        offers_of(
            Learner.verified(before),
            lambda q: value <= loss(offered_model(Learner.offers(before)[q])),
        ),
        offers_of(Learner.accepted(before), lambda q: value <= claim_of(before, q)),
        correct(
            lambda q: z3.Or(continues(after, t.learner[q]), continues(t.learner[q], after)), "q"
        ),
    )


def refines(s: State, t: State) -> Term:
    """A step of ModelConsensus.tla: what is decided stays; one process decides one model, or none
    does; what is proposed stays proposed."""
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


def move_hints(s: State, learner: Term) -> Iterator[Term]:
    """The cardinalities that may change when a learner moves."""
    sender = Offer.sender(s.order[Learner.delivered(learner)])
    chosen = least(learner)
    accepted, verified = Learner.accepted(learner), Learner.verified(learner)
    held, banned = Learner.held(learner), Learner.isBanned(learner)
    yield counting.nothing(N)
    yield counting.insertion(accepted, sender, N)
    yield counting.insertion(held, sender, N)
    yield counting.removal(accepted, chosen, N)
    yield counting.removal(held, chosen, N)
    yield counting.insertion(verified, chosen, N)
    yield counting.insertion(banned, chosen, N)
    yield counting.bounds(z3.Store(verified, chosen, True), N)


def deliver_hints(s: State, t: State, p: Term) -> Iterator[Term]:
    """... and the products that count evaluations."""
    yield from move_hints(s, s.learner[p])
    yield counting.successor(MU + BLEND_COST, Learner.generation(s.learner[p]))


def property_hints(s: State) -> Iterator[Term]:
    """The cardinalities that the properties speak of."""
    yield correct(lambda p: counting.subset(Learner.isBanned(s.learner[p]), BYZANTINE, N))
    yield correct(
        lambda p: counting.intersection(
            Learner.held(s.learner[p]), Learner.isBanned(s.learner[p]), counting.EMPTY, N
        )
    )
    yield counting.nothing(N)
    backers = Learner.backers(s.learner[some])[when]
    yield counting.full_rows(match, backers, BYZANTINE, DRAWS, N)
    yield counting.scaling(DRAWS, LAMBDA - F, count(backers, N) - F)
    yield counting.intersection(better, backers, counting.EMPTY, N)
    yield correct(lambda p: work_hints(s, p))


def work_hints(s: State, p: Term) -> Term:
    """The cost of a generation is that of its parts."""
    next_generation = Learner.generation(s.learner[p]) + 1
    decision = MU + BLEND_COST
    return z3.And(
        counting.bounds(s.sent[p], GENERATIONS + 1),
        counting.scaling(PROPOSAL_COST, made(s, p), next_generation),
        counting.successor(decision, Learner.generation(s.learner[p])),
        counting.distribution(PROPOSAL_COST, decision, GENERATION_COST, next_generation),
    )


def offer_hints(s: State, t: State, p: Term, weights: Term) -> Iterator[Term]:
    """One more offer is made."""
    generation = Learner.generation(s.learner[p]) + 1
    yield counting.insertion(s.sent[p], generation, GENERATIONS + 1)
    yield counting.successor(PROPOSAL_COST, made(s, p))


LEARNER = ("Length", "Generation", "Split", "Sizes")
NEEDS = {
    "Position": ("Length", "Position", "LearnerIsFold"),
    "Held": (
        *LEARNER,
        "Delivered",
        "Senders",
        "HonestOffers",
        "NoForgery",
        "Held",
        "BannedByzantine",
        "Offered",
    ),
    "Descended": (*LEARNER, "Held", "Tickets", "Descended"),
    "UsesProposed": (*LEARNER, "HonestOffers", "Held", "Tickets", "UsesProposed", "Offered"),
    "AboveFloor": (*LEARNER, "Held", "Verified", "AboveFloor"),
    "FloorBacked": (
        *LEARNER,
        "HonestOffers",
        "Held",
        "Verified",
        "LeastIsVerified",
        "FloorBacked",
        "Offered",
    ),
    "Backers": (*LEARNER, "Backers"),
    "Evaluations": (
        *LEARNER,
        "Position",
        "LearnerIsFold",
        "HonestOffers",
        "Offered",
        "Evaluations",
    ),
    "RefinesModelConsensus": (
        *LEARNER,
        "Fold",
        "Position",
        "LearnerIsFold",
        "Held",
        "Verified",
        "LeastIsVerified",
        "Continues",
        "Length'",
        "Position'",
        "LearnerIsFold'",
        "Generation'",
        "Descended'",
        "UsesProposed'",
        "AboveFloor'",
        "FloorBacked'",
        "Backers'",
        "Continues'",
    ),
}

SYSTEM = System(
    name="tob_learning",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Offer", offer, {"p": INT, "weights": Weights}, offer_hints),
        Action("Order", order, {"p": INT, "g": INT}),
        Action("ByzantineOffer", byzantine_offer, {"offer": Offer}),
        Action("Move", move, {}, lambda s, t: move_hints(s, frontier(s))),
        Action("Deliver", deliver, {"p": INT}, deliver_hints),
    ),
    invariant=INVARIANT,
    properties=PROPERTIES,
    steps={"RefinesModelConsensus": refines},
    needs=NEEDS,
    assumptions=ASSUMPTIONS,
    facts=FACTS,
    functions=FUNCTIONS,
    hints=property_hints,
    init_hints=(
        counting.nothing(N),
        counting.nothing(GENERATIONS + 1),
        counting.product(PROPOSAL_COST, z3.IntVal(0)),
        counting.product(MU + BLEND_COST, z3.IntVal(0)),
    ),
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of T1, T2, T3 and T5."""
    yield different_tickets("tob_learning")
    yield from inductive(SYSTEM)
