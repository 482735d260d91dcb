"""Learning over proof-of-work: P1, every block that a correct process accepts is an exact step.

The transition system is that of ``spec/PowLearning.tla`` as far as learning goes: the tree of
blocks, each an offer with a proof of work, and what is accepted.  Who may win when plays no part
in P1 (`longest_chain` is about that), so any process may win at any time here, and blocks arrive in
any order.  A forged block may say anything and come with work or without it.

Proved: each block on a chain that a correct process adopts, a Byzantine miner's too, is its miner's
proposal by the block's ticket on the model before it, and at least as good as all of its miner's
lambda draws, which nobody chose: they are given by the miner's name and the generation.  (Lambda is
``Draws`` here.)
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs import counting, search
from model_consensus.proofs.counting import INT, SET, TABLE, count
from model_consensus.proofs.induction import (
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
    DRAWS,
    Model,
    N,
    Ticket,
    as_good_as_all,
    correct,
    is_best,
    is_correct,
    is_own_ticket,
    is_process,
    loss,
    own,
    proposal,
)

Block = record("WorkBlock", parent=INT, ticket=Ticket, claim=INT)

VARIABLES = {
    "length": INT,
    "blocks": z3.ArraySort(INT, Block),  # from 1 on; the genesis is 0
    "known": TABLE,
    "tip": z3.ArraySort(INT, INT),
    "model": z3.ArraySort(INT, Model),  # ghost: the model of each block
}


def height(s: State, i: Term) -> Term:
    """The generation of block i."""
    return z3.If(i == 0, 0, Ticket.generation(Block.ticket(s.blocks[i])))


def is_exact(s: State, block: Term) -> Term:
    """The evaluations of its miner give this ticket and this claim."""
    parent, ticket = s.model[Block.parent(block)], Block.ticket(block)
    generation, miner = Ticket.generation(ticket), Ticket.proposer(ticket)
    return z3.And(
        Block.claim(block) == loss(proposal(parent, ticket)),
        is_best(parent, generation, miner, Ticket.weights(ticket)),
    )


def follows(s: State, block: Term) -> Term:
    """The ticket is its miner's own on the parent."""
    ticket = Block.ticket(block)
    return z3.And(
        is_own_ticket(ticket, height(s, Block.parent(block)) + 1, Ticket.proposer(ticket)),
        is_process(Ticket.proposer(ticket)),
    )


def append(s: State, t: State, block: Term) -> Term:
    """The tree grows by a block."""
    new = s.length + 1
    model = proposal(s.model[Block.parent(block)], Block.ticket(block))
    return z3.And(
        t.length == new,
        t.blocks == z3.Store(s.blocks, new, block),
        t.model == z3.Store(s.model, new, model),
    )


def adopt(s: State, t: State, p: Term, i: Term, generation: Term) -> Term:
    """p accepts block i and adopts its chain if it is longer."""
    longer = generation > height(s, s.tip[p])
    return z3.And(
        t.known == z3.Store(s.known, p, z3.Store(s.known[p], i, True)),
        t.tip == z3.Store(s.tip, p, z3.If(longer, i, s.tip[p])),
    )


def mine(s: State, t: State, block: Term) -> Term:
    """A process wins: the one block that has work is the exact one."""
    return z3.And(
        between(0, Block.parent(block), s.length + 1),
        follows(s, block),
        is_exact(s, block),
        append(s, t, block),
        unchanged(s, t, "known", "tip"),
    )


def receive(s: State, t: State, p: Term, i: Term) -> Term:
    """p receives a block of the tree; without its parent it is refused."""
    return z3.And(
        is_correct(p),
        between(1, i, s.length + 1),
        z3.If(
            s.known[p][Block.parent(s.blocks[i])],
            adopt(s, t, p, i, height(s, i)),
            unchanged(s, t, "known", "tip"),
        ),
        unchanged(s, t, "length", "blocks", "model"),
    )


def accepts(s: State, p: Term, block: Term, work: Term) -> Term:
    """The three checks of a correct process."""
    return z3.And(work, s.known[p][Block.parent(block)], follows(s, block), is_exact(s, block))


def byzantine_forge(s: State, t: State, p: Term, block: Term, work: Term) -> Term:
    """The adversary sends p any block whatsoever."""
    return z3.And(
        is_correct(p),
        between(0, Block.parent(block), s.length + 1),
        z3.If(
            accepts(s, p, block, work),
            z3.And(
                append(s, t, block),
                adopt(s, t, p, s.length + 1, Ticket.generation(Block.ticket(block))),
            ),
            unchanged(s, t, *VARIABLES),
        ),
    )


def init(s: State) -> Term:
    """There is the genesis block."""
    return z3.And(
        s.length == 0,
        s.model[0] == Model.genesis,
        correct(lambda p: z3.And(s.tip[p] == 0, s.known[p][0])),
    )


def blocks(s: State, body: Callable[[Term], Term]) -> Term:
    """``body(i)`` for each block but the genesis."""
    return each(1, s.length + 1, body)


def is_step(s: State, i: Term) -> Term:
    """Block i is its miner's proposal on the block before it, and as good as all that the miner
    evaluates for it."""
    block = s.blocks[i]
    parent, ticket = s.model[Block.parent(block)], Block.ticket(block)
    generation, miner = Ticket.generation(ticket), Ticket.proposer(ticket)
    return z3.And(
        follows(s, block),
        s.model[i] == proposal(parent, ticket),
        Block.claim(block) == loss(s.model[i]),
        as_good_as_all(loss(s.model[i]), parent, generation, miner),
    )


INVARIANT = {
    "Genesis": lambda s: z3.And(s.length >= 0, s.model[0] == Model.genesis),
    "Tree": lambda s: blocks(s, lambda i: between(0, Block.parent(s.blocks[i]), i)),
    "Tips": lambda s: correct(lambda p: between(0, s.tip[p], s.length + 1)),
    "Steps": lambda s: blocks(s, lambda i: is_step(s, i)),
}

matched = z3.Const("matched", SET)  # the draws of its miner that a block matches


def resilience(s: State) -> Term:
    """A block is at least as good as lambda draws on the same parent."""
    j = z3.Int("j")

    def of(i: Term) -> Term:
        block = s.blocks[i]
        ticket = Block.ticket(block)
        offspring = own(
            s.model[Block.parent(block)], Ticket.generation(ticket), Ticket.proposer(ticket), j
        )
        definition = z3.ForAll(
            [j],
            matched[j] == z3.And(between(0, j, DRAWS), loss(s.model[i]) <= loss(offspring)),
            patterns=[matched[j]],
        )
        return z3.Implies(definition, count(matched, DRAWS) >= DRAWS)

    return blocks(s, of)


SYSTEM = System(
    name="pow_learning",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Mine", mine, {"block": Block}),
        Action("Receive", receive, {"p": INT, "i": INT}),
        Action(
            "ByzantineForge", byzantine_forge, {"p": INT, "block": Block, "work": z3.BoolSort()}
        ),
    ),
    invariant=INVARIANT,
    properties={"Resilience": resilience},
    assumptions={"N >= 1": N >= 1, "Draws >= 1": DRAWS >= 1},
    facts=search.FACTS,
    hints=lambda s: [counting.everything(matched, DRAWS)],
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of P1."""
    yield from inductive(SYSTEM)
