"""Learning over proof-of-work: P1, every block is above its floor, and shared offers are not lost.

The transition system is that of ``spec/PowLearning.tla`` as far as learning goes: the offers, the
tree of blocks, what is accepted, who is banned, and what a correct process does when it leads.  Who
may win when plays no part in that (`longest_chain` is about it), so any process may offer and win
at any time here, and blocks arrive in any order.  The adversary offers whatever it likes, and the
blocks that it forges may say anything and come with work or without it.

Proved: each block, a Byzantine miner's too, is a legal step on its parent, uses of a correct
process only what that process has offered, claims its true loss, and is at least as good as all
probes: draws of nobody, who is process number N here.  No name plays a part in that.  The step of
a correct leader is at least as good as each true offer that it had and as all that it evaluated
itself.  Who is banned has made a false offer.

A step maps names to tickets.  What it has under numbers that are nobody's names plays no part.
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs import counting, search
from model_consensus.proofs.counting import INT, SET, TABLE, count
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
    record,
    unchanged,
)
from model_consensus.proofs.search import (
    BYZANTINE,
    DRAWS,
    STEP,
    F,
    Model,
    N,
    Ticket,
    Weights,
    as_good_as_all,
    correct,
    is_best,
    is_correct,
    is_own_ticket,
    is_process,
    loss,
    nothing,
    own,
    proposal,
)
from model_consensus.proofs.tob_learner import Offer, offered_model

PROBES = z3.Int("Probes")
NOBODY = N  # the name after those of all processes

OFFERS = z3.ArraySort(INT, Offer)
Block = record("WorkBlock", parent=INT, miner=INT, step=STEP, claim=INT)
View = record(  # what a leader sees of the offers, by sender
    "View",
    seen=SET,  # whose offers it has
    offers=OFFERS,  # these offers
    useful=SET,  # whose it may use
    blend=STEP,  # the step that these make together
)

VARIABLES = {
    "sent": INT,
    "offers": OFFERS,  # in the order in which they were sent, from 0 on
    "length": INT,
    "blocks": z3.ArraySort(INT, Block),  # from 1 on; the genesis is 0
    "known": TABLE,
    "tip": z3.ArraySort(INT, INT),
    "banned": TABLE,
    "model": z3.ArraySort(INT, Model),  # ghost: the model of each block
}
TREE = ("length", "blocks", "model")

generation = z3.Function("Generation", Model, INT)  # how many steps led to a model
_m, _step = z3.Const("m", Model), z3.Const("step", STEP)
GENERATION = (
    generation(Model.genesis) == 0,
    z3.ForAll(
        [_m, _step],
        generation(Model.offspring(_m, _step)) == generation(_m) + 1,
        patterns=[generation(Model.offspring(_m, _step))],
    ),
)


def some(low: Term, high: Term, body: Callable[[Term], Term]) -> Term:
    """``body(i)`` for some integer i with low <= i < high."""
    return z3.Not(each(low, high, lambda i: z3.Not(body(i))))


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
    )


def is_true(offer: Term) -> Term:
    """The offer claims the loss of its model."""
    return loss(offered_model(offer)) == Offer.claim(offer)


# ---------------------------------------------------------------------------------- blocks


def probed(parent: Term, j: Term) -> Term:
    """The loss of probe j on ``parent``."""
    return loss(own(parent, generation(parent) + 1, NOBODY, j))


def is_step(step: Term, g: Term) -> Term:
    """A legal step: one ticket or more, of different names, but not of all processes and nobody."""
    return z3.And(
        each(
            0,
            N + 1,
            lambda q: z3.Or(step[q] == Ticket.absent, is_own_ticket(step[q], g, q)),
            "q",
        ),
        some(0, N + 1, lambda q: step[q] != Ticket.absent),
        some(0, N + 1, lambda q: step[q] == Ticket.absent),
    )


def parent_of(s: State, block: Term) -> Term:
    """The model that the block leads on from."""
    return s.model[Block.parent(block)]


def follows(s: State, block: Term) -> Term:
    """The step is legal on the parent."""
    return is_step(Block.step(block), generation(parent_of(s, block)) + 1)


def model_of(s: State, block: Term) -> Term:
    """The model that the block's step makes."""
    return Model.offspring(parent_of(s, block), Block.step(block))


def is_exact(s: State, block: Term) -> Term:
    """The claim is the model's loss."""
    return Block.claim(block) == loss(model_of(s, block))


def is_above_floor(s: State, block: Term) -> Term:
    """The claim is at least as good as all probes."""
    parent = parent_of(s, block)
    return each(0, PROBES, lambda j: Block.claim(block) <= probed(parent, j), "j")


def uses_offers(s: State, block: Term) -> Term:
    """What the block uses of a correct process, that process has offered.

    Of a new block this is an assumption: nobody can make an offer in another's name.
    """
    parent, step = parent_of(s, block), Block.step(block)
    return correct(
        lambda q: z3.Or(step[q] == Ticket.absent, has_offered(s, q, parent, step[q])), "q"
    )


def append(s: State, t: State, block: Term) -> Term:
    """The tree grows by a block."""
    new = s.length + 1
    return z3.And(
        t.length == new,
        t.blocks == z3.Store(s.blocks, new, block),
        t.model == z3.Store(s.model, new, model_of(s, block)),
    )


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


def offer_by(s: State, p: Term, weights: Term) -> Term:
    """The offer of p by a ticket with these weights on the model of its tip."""
    parent = tip_model(s, p)
    ticket = Ticket.make(generation(parent) + 1, p, weights)
    return Offer.make(p, parent, ticket, loss(proposal(parent, ticket)))


def make_offer(s: State, t: State, p: Term, weights: Term) -> Term:
    """p offers its best ticket on the model of its tip."""
    parent = tip_model(s, p)
    best = is_best(parent, generation(parent) + 1, p, weights)
    return z3.And(is_correct(p), best, send(s, t, offer_by(s, p, weights)))


def send(s: State, t: State, offer: Term) -> Term:
    """An offer is sent, and nothing else happens."""
    return z3.And(
        t.sent == s.sent + 1,
        t.offers == z3.Store(s.offers, s.sent, offer),
        unchanged(s, t, *TREE, "known", "tip", "banned"),
    )


def stays_sent(s: State, offer: Term) -> Term:
    """The offers that were sent before this one: an axiom of arrays, where a solver may miss it."""
    k = z3.Int("k")
    after = z3.Store(s.offers, s.sent, offer)[k]
    return z3.ForAll([k], after == z3.If(k == s.sent, offer, s.offers[k]), patterns=[s.offers[k]])


def byzantine_offer(s: State, t: State, offer: Term) -> Term:
    """A Byzantine process offers anything."""
    sender = Offer.sender(offer)
    return z3.And(is_process(sender), BYZANTINE[sender], send(s, t, offer))


def is_seen(s: State, p: Term, view: Term, q: Term) -> Term:
    """If p has an offer of q, it is one that q has sent, on the model of p's tip."""
    offer = View.offers(view)[q]
    return z3.Implies(
        View.seen(view)[q],
        z3.And(
            Offer.sender(offer) == q,
            Offer.parent(offer) == tip_model(s, p),
            some(0, s.sent, lambda k: s.offers[k] == offer),
        ),
    )


def is_own(s: State, p: Term, view: Term, q: Term) -> Term:
    """The ticket that q offers is its own."""
    return is_own_ticket(Offer.ticket(View.offers(view)[q]), generation(tip_model(s, p)) + 1, q)


def is_useful(s: State, p: Term, view: Term, q: Term) -> Term:
    """p may use the offer of q: p has not caught q lying, and the claim is below all probes."""
    parent, claim = tip_model(s, p), Offer.claim(View.offers(view)[q])
    return z3.And(
        View.seen(view)[q],
        is_own(s, p, view, q),
        z3.Not(s.banned[p][q]),
        each(0, PROBES, lambda j: claim < probed(parent, j), "j"),
    )


def sees(s: State, p: Term, view: Term) -> Term:
    """What p may see: its own offer, and of each other process at most one."""
    useful, blend = View.useful(view), View.blend(view)
    return z3.And(
        is_correct(p),
        View.seen(view)[p],
        each(0, N, lambda q: is_seen(s, p, view, q), "q"),
        each(0, N, lambda q: useful[q] == is_useful(s, p, view, q), "q"),
        each(
            0,
            N,
            lambda q: (
                blend[q] == z3.If(useful[q], Offer.ticket(View.offers(view)[q]), Ticket.absent)
            ),
            "q",
        ),
        blend[NOBODY] == Ticket.absent,
    )


def useful_offers(view: Term, body: Callable[[Term], Term]) -> Term:
    """``body(offer)`` for each useful offer."""
    useful, offers = View.useful(view), View.offers(view)
    return each(0, N, lambda q: z3.Implies(useful[q], body(offers[q])), "q")


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


def catch(s: State, t: State, p: Term, view: Term) -> Term:
    """p bans those that it catches lying."""
    return z3.And(
        sees(s, p, view),
        some(0, N, lambda q: is_liar(s, p, view, q)),
        t.banned == z3.Store(s.banned, p, t.banned[p]),
        each(0, N, lambda q: t.banned[p][q] == z3.Or(s.banned[p][q], is_liar(s, p, view, q)), "q"),
        unchanged(s, t, "sent", "offers", *TREE, "known", "tip"),
    )


# ---------------------------------------------------------------------------------- leading


def best_step(s: State, p: Term, view: Term, best: Term) -> tuple[Term, Term]:
    """The step that p may lead with, and what ``best`` has to be for it.

    It is the best probe without useful offers, the blend if that is as good as each, and else a
    best offer.
    """
    parent = tip_model(s, p)
    offer, value = View.offers(view)[best], probed(parent, best)
    probe = Ticket.make(generation(parent) + 1, NOBODY, Weights.single(best))

    def is_first(j: Term) -> Term:
        other = probed(parent, j)
        return z3.Or(value < other, z3.And(value == other, best <= j))

    cases = (
        (
            each(0, N, lambda q: z3.Not(View.useful(view)[q]), "q"),
            z3.Store(nothing, NOBODY, probe),
            z3.And(between(0, best, PROBES), each(0, PROBES, is_first, "j")),
        ),
        (blend_is_as_good(s, p, view), View.blend(view), z3.BoolVal(True)),
    )
    step = z3.Store(nothing, best, Offer.ticket(offer))
    guard = z3.And(
        is_process(best),
        View.useful(view)[best],
        useful_offers(view, lambda other: Offer.claim(offer) <= Offer.claim(other)),
    )
    for condition, other_step, other_guard in reversed(cases):
        step, guard = z3.If(condition, other_step, step), z3.If(condition, other_guard, guard)
    return step, guard


def mine(s: State, t: State, p: Term, view: Term, best: Term) -> Term:
    """p leads with a best step, when it catches nobody."""
    step, guard = best_step(s, p, view, best)
    claim = loss(Model.offspring(tip_model(s, p), step))
    return z3.And(
        sees(s, p, view),
        each(0, N, lambda q: z3.Not(is_liar(s, p, view, q)), "q"),
        guard,
        append(s, t, Block.make(s.tip[p], p, step, claim)),
        unchanged(s, t, "sent", "offers", "known", "tip", "banned"),
    )


def byzantine_mine(s: State, t: State, block: Term) -> Term:
    """A Byzantine process wins with any step that is good enough, and withholds the block."""
    return z3.And(
        is_process(Block.miner(block)),
        BYZANTINE[Block.miner(block)],
        between(0, Block.parent(block), s.length + 1),
        uses_offers(s, block),
        follows(s, block),
        is_exact(s, block),
        is_above_floor(s, block),
        append(s, t, block),
        unchanged(s, t, "sent", "offers", "known", "tip", "banned"),
    )


def receive(s: State, t: State, p: Term, i: Term) -> Term:
    """p receives a block of the tree; without its parent it is refused."""
    return z3.And(
        is_correct(p),
        between(1, i, s.length + 1),
        z3.If(
            s.known[p][Block.parent(s.blocks[i])],
            adopt(s, t, p, i, generation(s.model[i])),
            unchanged(s, t, "known", "tip"),
        ),
        unchanged(s, t, "sent", "offers", *TREE, "banned"),
    )


def accepts(s: State, p: Term, block: Term, work: Term) -> Term:
    """The checks of a correct process; none looks at the miner."""
    return z3.And(
        work,
        s.known[p][Block.parent(block)],
        follows(s, block),
        is_exact(s, block),
        is_above_floor(s, block),
    )


def byzantine_forge(s: State, t: State, p: Term, block: Term, work: Term) -> Term:
    """The adversary sends p any block whatsoever."""
    return z3.And(
        is_correct(p),
        between(0, Block.parent(block), s.length + 1),
        uses_offers(s, block),
        z3.If(
            accepts(s, p, block, work),
            z3.And(
                append(s, t, block),
                adopt(s, t, p, s.length + 1, generation(model_of(s, block))),
                unchanged(s, t, "sent", "offers", "banned"),
            ),
            unchanged(s, t, *VARIABLES),
        ),
    )


# -------------------------------------------------------------------------------- the theorem


def init(s: State) -> Term:
    """There is the genesis block."""
    return z3.And(
        s.sent == 0,
        s.length == 0,
        s.model[0] == Model.genesis,
        correct(lambda p: z3.And(s.tip[p] == 0, s.known[p][0])),
        correct(lambda p: each(0, N, lambda q: z3.Not(s.banned[p][q]), "q")),
    )


def blocks(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body(i, block)`` for each block but the genesis."""
    return each(1, s.length + 1, lambda i: body(i, s.blocks[i]), trigger=lambda i: s.blocks[i])


def is_honest(offer: Term) -> Term:
    """An offer of a correct process is true, and as good as all that its sender evaluated."""
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
    )


def banned(s: State, body: Callable[[Term], Term]) -> Term:
    """``body(q)`` for each q that a correct process has banned."""
    return correct(lambda p: each(0, N, lambda q: z3.Implies(s.banned[p][q], body(q)), "q"))


INVARIANT = {
    "Genesis": lambda s: z3.And(s.sent >= 0, s.length >= 0, s.model[0] == Model.genesis),
    "Tree": lambda s: blocks(s, lambda i, block: between(0, Block.parent(block), i)),
    "Tips": lambda s: correct(lambda p: between(0, s.tip[p], s.length + 1)),
    "HonestOffers": lambda s: each(
        0,
        s.sent,
        lambda k: z3.Implies(is_correct(Offer.sender(s.offers[k])), is_honest(s.offers[k])),
    ),
    "Lineage": lambda s: blocks(
        s, lambda i, block: z3.And(s.model[i] == model_of(s, block), follows(s, block))
    ),
    "Proposed": lambda s: blocks(s, lambda i, block: uses_offers(s, block)),
    "Exact": lambda s: blocks(s, lambda i, block: is_exact(s, block)),
    "AboveFloor": lambda s: blocks(s, lambda i, block: is_above_floor(s, block)),
    "BannedHaveLied": lambda s: banned(s, lambda q: has_lied(s, q)),
}

matched = z3.Const("matched", SET)  # the probes that a block matches


def resilience(s: State) -> Term:
    """A block's model is at least as good as lambda_0 draws of nobody on the same parent."""
    j = z3.Int("j")

    def of(i: Term, block: Term) -> Term:
        probe = probed(parent_of(s, block), j)
        definition = z3.ForAll(
            [j],
            matched[j] == z3.And(between(0, j, PROBES), loss(s.model[i]) <= probe),
            patterns=[matched[j]],
        )
        return z3.Implies(definition, count(matched, PROBES) >= PROBES)

    return blocks(s, of)


def property_hints(s: State) -> Iterator[Term]:
    """Who is banned is Byzantine, so there are no more of them."""
    p = z3.Int("p")
    yield counting.everything(matched, PROBES)
    yield z3.ForAll(
        [p],
        counting.subset(s.banned[p], BYZANTINE, N),
        patterns=[count(s.banned[p], N)],
    )


SYSTEM = System(
    name="pow_learning",
    variables=VARIABLES,
    init=init,
    actions=(
        Action(
            "MakeOffer",
            make_offer,
            {"p": INT, "weights": Weights},
            lambda s, t, p, weights: [stays_sent(s, offer_by(s, p, weights))],
        ),
        Action("Catch", catch, {"p": INT, "view": View}),
        Action("Mine", mine, {"p": INT, "view": View, "best": INT}),
        Action("Receive", receive, {"p": INT, "i": INT}),
        Action(
            "ByzantineOffer",
            byzantine_offer,
            {"offer": Offer},
            lambda s, t, offer: [stays_sent(s, offer)],
        ),
        Action("ByzantineMine", byzantine_mine, {"block": Block}),
        Action(
            "ByzantineForge", byzantine_forge, {"p": INT, "block": Block, "work": z3.BoolSort()}
        ),
    ),
    invariant=INVARIANT,
    properties={
        "Resilience": resilience,
        "Accuracy": lambda s: banned(s, lambda q: BYZANTINE[q]),
        "BansAtMostF": lambda s: correct(lambda p: count(s.banned[p], N) <= F),
    },
    assumptions={
        "N >= 1": N >= 1,
        "Probes in 1 .. Draws": z3.And(PROBES >= 1, DRAWS >= PROBES),
        "F = Cardinality(Byzantine)": count(BYZANTINE, N) == F,
    },
    facts=(*search.FACTS, *GENERATION),
    hints=property_hints,
)


def shares_search(s: State, t: State, p: Term, view: Term, best: Term) -> Term:
    """The new block is as good as each true offer that p had of somebody whom it has not caught, as
    p's own, and as all that p evaluated for that."""
    claim, parent = Block.claim(t.blocks[t.length]), tip_model(s, p)
    offers = View.offers(view)

    def is_worthy(q: Term) -> Term:
        is_fair = z3.And(is_own(s, p, view, q), z3.Not(s.banned[p][q]), is_true(offers[q]))
        return z3.And(View.seen(view)[q], z3.Or(q == p, is_fair))

    return z3.And(
        each(0, N, lambda q: z3.Implies(is_worthy(q), claim <= Offer.claim(offers[q])), "q"),
        as_good_as_all(claim, parent, generation(parent) + 1, p),
    )


def catches_somebody_new(s: State, t: State, p: Term, view: Term) -> Term:
    """Somebody is banned who was not: p can be kept from leading once for each Byzantine process."""
    return some(0, N, lambda q: z3.And(t.banned[p][q], z3.Not(s.banned[p][q])))


def conditions() -> Iterator[Condition]:
    """The verification conditions of P1, and of what the steps of a leader achieve."""
    yield from inductive(SYSTEM)
    yield achieves(SYSTEM, "Mine", "SharesSearch", shares_search)
    yield achieves(SYSTEM, "Catch", "SomebodyNew", catches_somebody_new)


def achieves(system: System, name: str, goal: str, relation: Callable[..., Term]) -> Condition:
    """The condition that each step of the action of that name satisfies ``relation``."""
    before, after = system.state(), system.state(AFTER)
    action = next(action for action in system.actions if action.name == name)
    parameters = action.constants()
    step = {name: action.relation(before, after, *parameters)}
    return Condition(
        f"{system.name}: {name} => {goal}",
        {**system.holds(before), **step},
        relation(before, after, *parameters),
        system.facts,
    )
