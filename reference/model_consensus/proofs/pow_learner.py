"""The learner over proof-of-work as a solver sees it (``spec/PowLearner.tla``).

Nobody is process number N.  A step maps names to tickets; what it has under other numbers plays no
part.  What a leader has of the offers is a `View`: a map from their senders, of each at most one;
nobody's, the public offer, is always there.
"""

from collections.abc import Callable

import z3

from model_consensus.proofs.counting import INT, SET, count
from model_consensus.proofs.induction import State, Term, between, each, record, some
from model_consensus.proofs.search import (
    STEP,
    Model,
    N,
    Ticket,
    as_good_as_all,
    is_own_ticket,
    loss,
    nothing,
)
from model_consensus.proofs.tob_learner import PROPOSAL_COST, Offer, offered_model

NOBODY = N  # the name after those of all processes

OFFERS = z3.ArraySort(INT, Offer)
Block = record("WorkBlock", parent=INT, miner=INT, step=STEP, claim=INT)
View = record(  # what a leader sees of the offers, by sender
    "View",
    seen=SET,  # whose offers it has been sent
    offers=OFFERS,  # these offers, and the public one
    useful=SET,  # whose it may use
    blend=STEP,  # the step that these make together
)

generation = z3.Function("Generation", Model, INT)  # how many steps led to a model
_m, _step = z3.Const("m", Model), z3.Const("step", STEP)
FACTS = (
    generation(Model.genesis) == 0,
    z3.ForAll(
        [_m, _step],
        generation(Model.offspring(_m, _step)) == generation(_m) + 1,
        patterns=[generation(Model.offspring(_m, _step))],
    ),
)

# ---------------------------------------------------------------------------------- blocks


def is_step(step: Term, g: Term) -> Term:
    """A legal step: one ticket or more, of different processes or of nobody."""
    return z3.And(
        each(
            0, N + 1, lambda q: z3.Or(step[q] == Ticket.absent, is_own_ticket(step[q], g, q)), "q"
        ),
        some(0, N + 1, lambda q: step[q] != Ticket.absent, "q"),
    )


def parent_of(s: State, block: Term) -> Term:
    """The model that the block leads on from."""
    return s.model[Block.parent(block)]


def model_of(s: State, block: Term) -> Term:
    """The model that the block's step makes."""
    return Model.offspring(parent_of(s, block), Block.step(block))


def is_own_step(s: State, block: Term) -> Term:
    """The step is legal on the parent; names are free."""
    return is_step(Block.step(block), generation(parent_of(s, block)) + 1)


def is_exact(s: State, block: Term) -> Term:
    """The claim is the model's loss."""
    return Block.claim(block) == loss(model_of(s, block))


def is_above_floor(s: State, block: Term) -> Term:
    """The claim is at least as good as all models that make the public offer."""
    parent = parent_of(s, block)
    return as_good_as_all(Block.claim(block), parent, generation(parent) + 1, NOBODY)


def is_evaluated(s: State, p: Term, block: Term, work: Term) -> Term:
    """p comes to evaluate the block: it has work, a known parent and a legal step."""
    return z3.And(work, s.known[p][Block.parent(block)], is_own_step(s, block))


def accepts(s: State, p: Term, block: Term, work: Term) -> Term:
    """The checks of a correct process; none looks at the miner."""
    return z3.And(is_evaluated(s, p, block, work), is_exact(s, block), is_above_floor(s, block))


def tip_model(s: State, p: Term) -> Term:
    """The model of p's tip."""
    return s.model[s.tip[p]]


def adopt(s: State, t: State, p: Term, i: Term, height: Term) -> Term:
    """p accepts block i and adopts its chain if it is longer."""
    longer = height > generation(tip_model(s, p))
    return z3.And(
        t.known == z3.Store(s.known, p, z3.Store(s.known[p], i, True)),
        t.tip == z3.Store(s.tip, p, z3.If(longer, i, s.tip[p])),
    )


# ---------------------------------------------------------------------------------- offers


def is_true(offer: Term) -> Term:
    """The offer claims the loss of its model."""
    return loss(offered_model(offer)) == Offer.claim(offer)


def is_own(s: State, p: Term, view: Term, q: Term) -> Term:
    """The ticket that q offers is its own, of the next generation of p's tip."""
    return is_own_ticket(Offer.ticket(View.offers(view)[q]), generation(tip_model(s, p)) + 1, q)


def is_useful(s: State, p: Term, view: Term, q: Term) -> Term:
    """p may use the offer of q: p has not caught q lying, and it is better than the public one."""
    offers = View.offers(view)
    return z3.And(
        View.seen(view)[q],
        is_own(s, p, view, q),
        z3.Not(s.banned[p][q]),
        Offer.claim(offers[q]) < Offer.claim(offers[NOBODY]),
    )


def useful_offers(view: Term, body: Callable[[Term], Term]) -> Term:
    """``body(offer)`` for each useful offer."""
    useful, offers = View.useful(view), View.offers(view)
    return each(0, N + 1, lambda q: z3.Implies(useful[q], body(offers[q])), "q")


def blend_is_as_good(s: State, p: Term, view: Term) -> Term:
    """The blend is as good as each useful offer is said to be."""
    value = loss(Model.offspring(tip_model(s, p), View.blend(view)))
    return useful_offers(view, lambda offer: value <= Offer.claim(offer))


def is_liar(s: State, p: Term, view: Term, q: Term) -> Term:
    """p catches q: the blend is worse than claimed, and the offer of q is useful and false."""
    return z3.And(
        z3.Not(blend_is_as_good(s, p, view)),
        View.useful(view)[q],
        z3.Not(is_true(View.offers(view)[q])),
    )


# ---------------------------------------------------------------------------------- leading


def is_best_step(s: State, p: Term, view: Term, step: Term, best: Term) -> Term:
    """p may lead with this step: the blend if that is as good as each useful offer is said to be,
    and else that of the offer of ``best``."""
    offer = View.offers(view)[best]
    return z3.If(
        blend_is_as_good(s, p, view),
        step == View.blend(view),
        z3.And(
            between(0, best, N + 1),
            View.useful(view)[best],
            useful_offers(view, lambda other: Offer.claim(offer) <= Offer.claim(other)),
            step == z3.Store(nothing, best, Offer.ticket(offer)),
        ),
    )


def lead_cost(s: State, p: Term, view: Term) -> Term:
    """How many models p evaluates: those that make the public offer; the blend; and the offers of
    processes, if the blend is worse."""
    return PROPOSAL_COST + 1 + z3.If(blend_is_as_good(s, p, view), 0, count(View.useful(view), N))
