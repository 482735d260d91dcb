"""Steps of learning over proof-of-work, as a solver sees them (``spec/PowLearning.tla``).

Who may win when plays no part in what a block is (`longest_chain` is about it), so any process may
offer and win at any time here, and blocks arrive in any order.  The adversary offers whatever it
likes, and the blocks that it forges may say anything and come with work or without it.

That a ticket of a correct process in a new block is one that this process has offered is assumed of
the adversary's blocks (`uses_offers`), as in the specification: nobody can make an offer in
another's name.
"""

import z3

from model_consensus.proofs.counting import EMPTY, INT, NUMBERS, TABLE
from model_consensus.proofs.induction import State, Term, between, each, some, unchanged
from model_consensus.proofs.pow_learner import (
    NOBODY,
    OFFERS,
    Block,
    View,
    accepts,
    adopt,
    generation,
    is_above_floor,
    is_best_step,
    is_evaluated,
    is_exact,
    is_liar,
    is_own_step,
    is_useful,
    lead_cost,
    model_of,
    parent_of,
    tip_model,
)
from model_consensus.proofs.search import (
    BYZANTINE,
    Model,
    N,
    Ticket,
    correct,
    is_best,
    is_correct,
    is_process,
    loss,
    proposal,
)
from model_consensus.proofs.tob_learner import PROPOSAL_COST, Offer

WINS = z3.Int("Wins")  # how many blocks are mined in all

VARIABLES = {
    "sent": INT,
    "offers": OFFERS,  # in the order in which they were sent, from 0 on
    "length": INT,
    "blocks": z3.ArraySort(INT, Block),  # from 1 on; the genesis is 0
    "model": z3.ArraySort(INT, Model),  # ghost: the model of each block
    "known": TABLE,
    "tip": NUMBERS,
    "banned": TABLE,
    "offered": TABLE,  # ghost: on which blocks each process has made its offer
    "led": NUMBERS,  # ghost: how many blocks it has mined
    "refused": NUMBERS,  # ghost: how many blocks with work it has evaluated and refused
    "evaluations": NUMBERS,
}


def keep(s: State, t: State, *changed: str) -> Term:
    """All variables but those that change keep their values."""
    return unchanged(s, t, *(name for name in VARIABLES if name not in changed))


def init(s: State) -> Term:
    """There is the genesis block."""
    return z3.And(
        s.sent == 0,
        s.length == 0,
        s.model[0] == Model.genesis,
        correct(
            lambda p: z3.And(
                s.known[p] == z3.Store(EMPTY, 0, True),
                s.tip[p] == 0,
                s.banned[p] == EMPTY,
                s.offered[p] == EMPTY,
                s.led[p] == 0,
                s.refused[p] == 0,
                s.evaluations[p] == 0,
            )
        ),
    )


def evaluate(s: State, t: State, p: Term, cost: Term) -> Term:
    """p evaluates so many models."""
    return t.evaluations == z3.Store(s.evaluations, p, s.evaluations[p] + cost)


# ---------------------------------------------------------------------------------- offers


def has_offered(s: State, q: Term, parent: Term, ticket: Term) -> Term:
    """q has sent an offer of this ticket on this model."""
    return some(
        0,
        s.sent,
        lambda k: z3.And(
            Offer.sender(s.offers[k]) == q,
            Offer.parent(s.offers[k]) == parent,
            Offer.ticket(s.offers[k]) == ticket,
        ),
        "k",
    )


def is_best_offer(parent: Term, q: Term, offer: Term) -> Term:
    """The offer is that of q's best ticket on ``parent``, and true."""
    g, weights = generation(parent) + 1, Ticket.weights(Offer.ticket(offer))
    ticket = Ticket.make(g, q, weights)
    return z3.And(
        is_best(parent, g, q, weights),
        offer == Offer.make(q, parent, ticket, loss(proposal(parent, ticket))),
    )


def send(s: State, t: State, offer: Term) -> Term:
    """An offer is sent."""
    return z3.And(t.sent == s.sent + 1, t.offers == z3.Store(s.offers, s.sent, offer))


def make_offer(s: State, t: State, p: Term, offer: Term) -> Term:
    """p evaluates its draws on the model of its tip, and offers its best ticket, once."""
    return z3.And(
        is_correct(p),
        z3.Not(s.offered[p][s.tip[p]]),
        is_best_offer(tip_model(s, p), p, offer),
        send(s, t, offer),
        t.offered == z3.Store(s.offered, p, z3.Store(s.offered[p], s.tip[p], True)),
        evaluate(s, t, p, PROPOSAL_COST),
        keep(s, t, "sent", "offers", "offered", "evaluations"),
    )


def byzantine_offer(s: State, t: State, offer: Term) -> Term:
    """A Byzantine process offers anything."""
    sender = Offer.sender(offer)
    return z3.And(
        is_process(sender), BYZANTINE[sender], send(s, t, offer), keep(s, t, "sent", "offers")
    )


# ---------------------------------------------------------------------------------- leading


def is_seen(s: State, p: Term, view: Term, q: Term) -> Term:
    """If p has an offer of q, it is one that q has sent, on the model of p's tip."""
    offer = View.offers(view)[q]
    return z3.Implies(
        View.seen(view)[q],
        z3.And(
            Offer.sender(offer) == q,
            Offer.parent(offer) == tip_model(s, p),
            some(0, s.sent, lambda k: s.offers[k] == offer, "k"),
        ),
    )


def sees(s: State, p: Term, view: Term) -> Term:
    """What p may see: the public offer, its own, and of each other process at most one."""
    offers, useful, blend = View.offers(view), View.useful(view), View.blend(view)
    return z3.And(
        is_correct(p),
        View.seen(view)[p],
        each(0, N, lambda q: is_seen(s, p, view, q), "q"),
        is_best_offer(tip_model(s, p), NOBODY, offers[NOBODY]),
        useful[NOBODY],
        each(0, N, lambda q: useful[q] == is_useful(s, p, view, q), "q"),
        each(
            0,
            N + 1,
            lambda q: blend[q] == z3.If(useful[q], Offer.ticket(offers[q]), Ticket.absent),
            "q",
        ),
    )


def catch(s: State, t: State, p: Term, view: Term, liar: Term) -> Term:
    """p bans those that it catches lying, of whom ``liar`` is one."""
    return z3.And(
        sees(s, p, view),
        is_process(liar),
        is_liar(s, p, view, liar),
        t.banned == z3.Store(s.banned, p, t.banned[p]),
        each(0, N, lambda q: t.banned[p][q] == z3.Or(s.banned[p][q], is_liar(s, p, view, q)), "q"),
        evaluate(s, t, p, lead_cost(s, p, view)),
        keep(s, t, "banned", "evaluations"),
    )


def append(s: State, t: State, block: Term) -> Term:
    """The tree grows by a block."""
    new = s.length + 1
    return z3.And(
        s.length < WINS,
        t.length == new,
        t.blocks == z3.Store(s.blocks, new, block),
        t.model == z3.Store(s.model, new, model_of(s, block)),
    )


def mine(s: State, t: State, p: Term, view: Term, step: Term, best: Term) -> Term:
    """p leads with a best step, when it catches nobody."""
    claim = loss(Model.offspring(tip_model(s, p), step))
    return z3.And(
        sees(s, p, view),
        each(0, N, lambda q: z3.Not(is_liar(s, p, view, q)), "q"),
        is_best_step(s, p, view, step, best),
        append(s, t, Block.make(s.tip[p], p, step, claim)),
        t.led == z3.Store(s.led, p, s.led[p] + 1),
        evaluate(s, t, p, lead_cost(s, p, view)),
        keep(s, t, "length", "blocks", "model", "led", "evaluations"),
    )


# ------------------------------------------------------------------------------- the adversary


def uses_offers(s: State, block: Term) -> Term:
    """What the block uses of a correct process, that process has offered."""
    parent, step = parent_of(s, block), Block.step(block)
    return correct(
        lambda q: z3.Or(step[q] == Ticket.absent, has_offered(s, q, parent, step[q])), "q"
    )


def byzantine_mine(s: State, t: State, block: Term) -> Term:
    """A Byzantine process wins with any step that is good enough, and withholds the block."""
    return z3.And(
        is_process(Block.miner(block)),
        BYZANTINE[Block.miner(block)],
        between(0, Block.parent(block), s.length + 1),
        uses_offers(s, block),
        is_own_step(s, block),
        is_exact(s, block),
        is_above_floor(s, block),
        append(s, t, block),
        keep(s, t, "length", "blocks", "model"),
    )


def receive(s: State, t: State, p: Term, i: Term) -> Term:
    """p receives a block of the tree and evaluates it; without its parent it is refused."""
    return z3.And(
        is_correct(p),
        between(1, i, s.length + 1),
        z3.Not(s.known[p][i]),
        z3.If(
            s.known[p][Block.parent(s.blocks[i])],
            z3.And(adopt(s, t, p, i, generation(s.model[i])), evaluate(s, t, p, PROPOSAL_COST + 1)),
            unchanged(s, t, "known", "tip", "evaluations"),
        ),
        keep(s, t, "known", "tip", "evaluations"),
    )


def byzantine_forge(s: State, t: State, p: Term, block: Term, work: Term) -> Term:
    """The adversary sends p any block whatsoever."""
    refused = z3.And(
        t.refused == z3.Store(s.refused, p, s.refused[p] + 1),
        evaluate(s, t, p, PROPOSAL_COST + 1),
        keep(s, t, "refused", "evaluations"),
    )
    return z3.And(
        is_correct(p),
        between(0, Block.parent(block), s.length + 1),
        uses_offers(s, block),
        z3.If(
            accepts(s, p, block, work),
            z3.And(
                append(s, t, block),
                adopt(s, t, p, s.length + 1, generation(model_of(s, block))),
                evaluate(s, t, p, PROPOSAL_COST + 1),
                keep(s, t, "length", "blocks", "model", "known", "tip", "evaluations"),
            ),
            z3.If(is_evaluated(s, p, block, work), refused, keep(s, t)),
        ),
    )
