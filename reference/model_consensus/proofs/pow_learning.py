"""Learning over proof-of-work: P1 for all n, f, draws, losses and lengths.

The steps are in `pow_steps`, and what a learner does in them is in `pow_learner`; here are the
invariant, properties and lemmas.

Proved: each block, a Byzantine miner's too, is a legal step on its parent, uses of a correct
process only what that process has offered, claims its true loss, and is at least as good as the
public offer.  No name plays a part in that.  The block of a correct miner is at least as good as
its own offer, as all that it evaluated for that, and as each true offer that it had.  Who is banned
has made a false offer.  What a correct process evaluates is bounded by the blocks that it has
accepted and mined, the liars that it has banned, and the work that others have spent on blocks that
it refused.
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs import counting, search, tob_learner
from model_consensus.proofs.counting import INT, SET, count, times
from model_consensus.proofs.induction import (
    Action,
    Condition,
    State,
    System,
    Term,
    between,
    each,
    inductive,
    some,
)
from model_consensus.proofs.pow_learner import (
    FACTS,
    NOBODY,
    Block,
    View,
    generation,
    is_above_floor,
    is_exact,
    is_own,
    is_own_step,
    is_true,
    model_of,
    parent_of,
    tip_model,
)
from model_consensus.proofs.pow_steps import (
    VARIABLES,
    WINS,
    byzantine_forge,
    byzantine_mine,
    byzantine_offer,
    catch,
    init,
    make_offer,
    mine,
    receive,
    uses_offers,
)
from model_consensus.proofs.search import (
    BYZANTINE,
    DRAWS,
    STEP,
    F,
    Model,
    N,
    as_good_as_all,
    correct,
    different_tickets,
    is_correct,
    is_own_ticket,
    loss,
    own,
    recombined,
)
from model_consensus.proofs.tob_learner import PROPOSAL_COST, Offer

LEAD_COST, RECEIVE_COST = z3.Ints("LeadCost ReceiveCost")

ASSUMPTIONS = {
    "N >= 1": N >= 1,
    "Draws >= 1": DRAWS >= 1,
    "Wins >= 0": WINS >= 0,
    "F = Cardinality(Byzantine)": count(BYZANTINE, N) == F,
    "ProposalCost": tob_learner.ASSUMPTIONS["ProposalCost"],
    "LeadCost": PROPOSAL_COST + 1 + N == LEAD_COST,
    "ReceiveCost": PROPOSAL_COST + 1 == RECEIVE_COST,
}


# ------------------------------------------------------------------------------ the invariant


def blocks(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body(i, block)`` for each block but the genesis."""
    return each(1, s.length + 1, lambda i: body(i, s.blocks[i]), trigger=lambda i: s.blocks[i])


def sent_offers(s: State, body: Callable[[Term], Term]) -> Term:
    """``body(offer)`` for each offer of a correct process."""
    return each(
        0, s.sent, lambda k: z3.Implies(is_correct(Offer.sender(s.offers[k])), body(s.offers[k]))
    )


def is_honest(offer: Term) -> Term:
    """The offer is true, and as good as all that its sender evaluated."""
    sender, parent, ticket = Offer.sender(offer), Offer.parent(offer), Offer.ticket(offer)
    g = generation(parent) + 1
    return z3.And(
        is_own_ticket(ticket, g, sender),
        is_true(offer),
        as_good_as_all(Offer.claim(offer), parent, g, sender),
    )


def has_lied(s: State, q: Term) -> Term:
    """q has sent a false offer."""
    return some(
        0,
        s.sent,
        lambda k: z3.And(Offer.sender(s.offers[k]) == q, z3.Not(is_true(s.offers[k]))),
        "k",
    )


def banned(s: State, body: Callable[[Term], Term]) -> Term:
    """``body(q)`` for each q that a correct process has banned."""
    return correct(lambda p: each(0, N, lambda q: z3.Implies(s.banned[p][q], body(q)), "q"))


def is_chain(s: State, p: Term) -> Term:
    """p has accepted its tip, and of each block that it has accepted the parent."""
    return z3.And(
        between(0, s.tip[p], s.length + 1),
        s.known[p][0],
        s.known[p][s.tip[p]],
        blocks(s, lambda i, block: z3.Implies(s.known[p][i], s.known[p][Block.parent(block)])),
    )


def led_or_caught(s: State, p: Term) -> Term:
    """How many blocks p has mined, and senders banned."""
    return s.led[p] + count(s.banned[p], N)


def evaluated_blocks(s: State, p: Term) -> Term:
    """How many blocks p has accepted, the genesis aside, and with work refused."""
    return count(s.known[p], WINS + 1) - 1 + s.refused[p]


def work(s: State, p: Term, offers: Term) -> Term:
    """What p evaluates at most to make so many offers, to lead, and of others' blocks."""
    return (
        times(PROPOSAL_COST, offers)
        + times(LEAD_COST, led_or_caught(s, p))
        + times(RECEIVE_COST, evaluated_blocks(s, p))
    )


INVARIANT = {
    "Genesis": lambda s: z3.And(
        s.sent >= 0, between(0, s.length, WINS + 1), s.model[0] == Model.genesis
    ),
    "Tree": lambda s: blocks(s, lambda i, block: between(0, Block.parent(block), i)),
    "Known": lambda s: correct(
        lambda p: each(0, WINS + 1, lambda i: z3.Implies(s.known[p][i], i <= s.length))
    ),
    "Tips": lambda s: correct(lambda p: is_chain(s, p)),
    "HonestOffers": lambda s: sent_offers(s, is_honest),
    "Lineage": lambda s: blocks(
        s, lambda i, block: z3.And(s.model[i] == model_of(s, block), is_own_step(s, block))
    ),
    "UsesOffers": lambda s: blocks(s, lambda i, block: uses_offers(s, block)),
    "Exact": lambda s: blocks(s, lambda i, block: is_exact(s, block)),
    "AboveFloor": lambda s: blocks(s, lambda i, block: is_above_floor(s, block)),
    "BannedHaveLied": lambda s: banned(s, lambda q: has_lied(s, q)),
    "Offered": lambda s: correct(
        lambda p: each(0, WINS + 1, lambda i: z3.Implies(s.offered[p][i], s.known[p][i]))
    ),
    "Evaluations": lambda s: correct(
        lambda p: s.evaluations[p] <= work(s, p, count(s.offered[p], WINS + 1))
    ),
}


# ---------------------------------------------------------------------------- the properties

matched = z3.Const("matched", SET)  # the models of nobody that a block matches


def public(parent: Term, j: Term) -> Term:
    """Nobody's model j on ``parent``: draw j or, after the draws, their recombination."""
    g = generation(parent) + 1
    return z3.If(j < DRAWS, own(parent, g, NOBODY, j), recombined(parent, g, NOBODY))


def resilience(s: State) -> Term:
    """P1, in the words of the specification: a block's model is at least as good as ProposalCost
    models of nobody on the same parent."""
    j = z3.Int("j")

    def of(i: Term, block: Term) -> Term:
        is_as_good = loss(s.model[i]) <= loss(public(parent_of(s, block), j))
        definition = z3.ForAll(
            [j],
            matched[j] == z3.And(between(0, j, PROPOSAL_COST), is_as_good),
            patterns=[matched[j]],
        )
        return z3.Implies(definition, count(matched, PROPOSAL_COST) >= PROPOSAL_COST)

    return blocks(s, of)


PROPERTIES = {
    "Resilience": resilience,
    "Accuracy": lambda s: banned(s, lambda q: BYZANTINE[q]),
    "BansAtMostF": lambda s: correct(lambda p: count(s.banned[p], N) <= F),
    "EvaluationBound": lambda s: correct(
        lambda p: s.evaluations[p] <= work(s, p, count(s.known[p], WINS + 1))
    ),
}


def shares_search(s: State, t: State, p: Term, view: Term, step: Term, best: Term) -> Term:
    """The new block is as good as p's own offer, and as each true one that p had of somebody whom
    it has not caught."""
    claim, offers = Block.claim(t.blocks[t.length]), View.offers(view)

    def is_worthy(q: Term) -> Term:
        is_fair = z3.And(is_own(s, p, view, q), z3.Not(s.banned[p][q]), is_true(offers[q]))
        return z3.And(View.seen(view)[q], z3.Or(q == p, is_fair))

    return each(0, N, lambda q: z3.Implies(is_worthy(q), claim <= Offer.claim(offers[q])), "q")


def is_as_good_as_own(s: State, t: State, p: Term, view: Term, step: Term, best: Term) -> Term:
    """The new block is as good as all that p evaluated to make its offer."""
    claim, parent = Block.claim(t.blocks[t.length]), tip_model(s, p)
    return as_good_as_all(claim, parent, generation(parent) + 1, p)


def needs_work(s: State, t: State, p: Term, block: Term, work: Term) -> Term:
    """Whoever makes p evaluate a block has done the work."""
    return z3.Or(work, t.evaluations == s.evaluations)


# ---------------------------------------------------------------------- lemmas for the solver


def stays_sent(s: State, offer: Term) -> Term:
    """The offers that were sent before this one: an axiom of arrays, where a solver may miss it."""
    k = z3.Int("k")
    after = z3.Store(s.offers, s.sent, offer)[k]
    return z3.ForAll([k], after == z3.If(k == s.sent, offer, s.offers[k]), patterns=[s.offers[k]])


def offer_hints(s: State, t: State, p: Term, offer: Term) -> Iterator[Term]:
    """One more offer is made."""
    yield stays_sent(s, offer)
    yield counting.insertion(s.offered[p], s.tip[p], WINS + 1)
    yield counting.successor(PROPOSAL_COST, count(s.offered[p], WINS + 1))


def lead_hints(s: State, p: Term, view: Term) -> Iterator[Term]:
    """No more offers than there are processes are evaluated once more."""
    yield counting.bounds(View.useful(view), N)
    yield counting.successor(LEAD_COST, led_or_caught(s, p))


def catch_hints(s: State, t: State, p: Term, view: Term, liar: Term) -> Iterator[Term]:
    """At least one more sender is banned."""
    yield counting.insertion(s.banned[p], liar, N)
    yield counting.subset(z3.Store(s.banned[p], liar, True), t.banned[p], N)
    yield counting.scaling(LEAD_COST, led_or_caught(s, p) + 1, led_or_caught(t, p))
    yield from lead_hints(s, p, view)


def receive_hints(s: State, t: State, p: Term, i: Term) -> Iterator[Term]:
    """One more block is evaluated."""
    yield counting.insertion(s.known[p], i, WINS + 1)
    yield counting.successor(RECEIVE_COST, evaluated_blocks(s, p))


def property_hints(s: State) -> Iterator[Term]:
    """Who is banned is Byzantine, so there are at most F of them; offers are on known blocks."""
    yield counting.everything(matched, PROPOSAL_COST)
    yield correct(lambda p: counting.subset(s.banned[p], BYZANTINE, N))
    yield correct(lambda p: counting.subset(s.offered[p], s.known[p], WINS + 1))
    yield correct(
        lambda p: counting.scaling(
            PROPOSAL_COST, count(s.offered[p], WINS + 1), count(s.known[p], WINS + 1)
        )
    )


NEEDS = {
    "Lineage": ("Genesis", "Tree", "Tips", "Lineage"),
    "SharesSearch": ("HonestOffers", "BannedHaveLied"),
    "AsGoodAsOwn": ("HonestOffers", "BannedHaveLied"),
    "Evaluations": ("Genesis", "Known", "Tips", "Evaluations"),
}

SYSTEM = System(
    name="pow_learning",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("MakeOffer", make_offer, {"p": INT, "offer": Offer}, offer_hints),
        Action("Catch", catch, {"p": INT, "view": View, "liar": INT}, catch_hints),
        Action(
            "Mine",
            mine,
            {"p": INT, "view": View, "step": STEP, "best": INT},
            lambda s, t, p, view, step, best: lead_hints(s, p, view),
            {"SharesSearch": shares_search, "AsGoodAsOwn": is_as_good_as_own},
        ),
        Action("Receive", receive, {"p": INT, "i": INT}, receive_hints),
        Action(
            "ByzantineOffer",
            byzantine_offer,
            {"offer": Offer},
            lambda s, t, offer: [stays_sent(s, offer)],
        ),
        Action("ByzantineMine", byzantine_mine, {"block": Block}),
        Action(
            "ByzantineForge",
            byzantine_forge,
            {"p": INT, "block": Block, "work": z3.BoolSort()},
            lambda s, t, p, block, work: receive_hints(s, t, p, s.length + 1),
            {"NeedsWork": needs_work},
        ),
    ),
    invariant=INVARIANT,
    properties=PROPERTIES,
    needs=NEEDS,
    assumptions=ASSUMPTIONS,
    facts=(*search.FACTS, counting.DEFINITION_OF_EMPTY, *FACTS),
    hints=property_hints,
    init_hints=(
        counting.nothing(N),
        counting.nothing(WINS + 1),
        counting.insertion(counting.EMPTY, z3.IntVal(0), WINS + 1),
        *(
            counting.product(width, z3.IntVal(0))
            for width in (PROPOSAL_COST, LEAD_COST, RECEIVE_COST)
        ),
    ),
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of P1, and of what it costs."""
    yield different_tickets("pow_learning")
    yield from inductive(SYSTEM)
