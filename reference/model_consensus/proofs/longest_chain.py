"""Proof-of-work with the longest-chain rule: the slot game's theorem for processes on a network.

The transition system is that of ``spec/LongestChain.tla``: the tree of blocks is that of
`slot_game`, and correct processes receive its blocks one by one, in any order.  A correct win
extends the process's own chain, which is a move of the slot game by synchrony (TipIsLongest, Top).
``reached`` is where every process's chain is, even while the last correct block is on its way.
"""

from collections.abc import Iterator

import z3

from model_consensus.proofs import slot_game
from model_consensus.proofs.counting import INT, NUMBERS, TABLE
from model_consensus.proofs.induction import (
    Action,
    Condition,
    State,
    System,
    Term,
    between,
    each,
    inductive,
    unchanged,
)
from model_consensus.proofs.search import BYZANTINE, N, correct, is_correct
from model_consensus.proofs.slot_game import DEPTH, SETTLES, WINS, blocks, same_decisions

VARIABLES = {**slot_game.VARIABLES, "known": TABLE, "tip": NUMBERS}


def unknown(s: State, p: Term) -> Term:
    """p knows no block that does not exist."""
    return each(s.length + 1, WINS + 1, lambda i: z3.Not(s.known[p][i]), "i")


def init(s: State) -> Term:
    """Everybody knows the genesis block."""
    return z3.And(
        slot_game.init(s),
        correct(lambda p: z3.And(s.tip[p] == 0, s.known[p][0], unknown(s, p))),
    )


def synchronous(s: State) -> Term:
    """Between two wins the blocks of correct processes reach all correct processes."""
    return blocks(
        s,
        lambda i: z3.Implies(z3.Not(BYZANTINE[s.miner[i]]), correct(lambda p: s.known[p][i])),
        first=1,
    )


def extend(s: State, t: State, q: Term, i: Term) -> Term:
    """q appends a block to i; nobody has received it."""
    return z3.And(synchronous(s), slot_game.extend(s, t, q, i), unchanged(s, t, "known", "tip"))


def mine(s: State, t: State, p: Term) -> Term:
    """A correct process wins a block on its tip."""
    return z3.And(is_correct(p), extend(s, t, p, s.tip[p]))


def byzantine_mine(s: State, t: State, b: Term, i: Term) -> Term:
    """A Byzantine process wins a block on any block."""
    return z3.And(between(0, b, N), BYZANTINE[b], extend(s, t, b, i))


def take(s: State, t: State, p: Term, i: Term) -> Term:
    """p accepts i once it knows its parent, and adopts the longer chain."""
    longer = s.height[i] > s.height[s.tip[p]]
    return z3.And(
        is_correct(p),
        between(1, i, s.length + 1),
        z3.Not(s.known[p][i]),
        z3.If(
            s.known[p][s.parent[i]],
            z3.And(
                t.known == z3.Store(s.known, p, z3.Store(s.known[p], i, True)),
                t.tip == z3.Store(s.tip, p, z3.If(longer, i, s.tip[p])),
            ),
            unchanged(s, t, "known", "tip"),
        ),
        unchanged(s, t, *(name for name in VARIABLES if name not in ("known", "tip"))),
    )


def is_known(s: State, i: Term) -> Term:
    """Some correct process has received i."""
    return z3.Not(correct(lambda p: z3.Not(s.known[p][i])))


def receive(s: State, t: State, p: Term, i: Term) -> Term:
    """p receives a block that a correct process sends or passes on."""
    return z3.And(z3.Or(z3.Not(BYZANTINE[s.miner[i]]), is_known(s, i)), take(s, t, p, i))


def byzantine_publish(s: State, t: State, p: Term, i: Term) -> Term:
    """The adversary shows a withheld block to p."""
    return z3.And(BYZANTINE[s.miner[i]], z3.Not(is_known(s, i)), take(s, t, p, i))


# ------------------------------------------------------------------------------ the invariant

INVARIANT = {
    **slot_game.INVARIANT,
    "Known": lambda s: correct(lambda p: z3.And(between(0, s.tip[p], s.length + 1), s.known[p][0])),
    "NotYetKnown": lambda s: correct(lambda p: unknown(s, p)),
    "TipIsLongest": lambda s: correct(
        lambda p: blocks(s, lambda i: z3.Implies(s.known[p][i], s.height[i] <= s.height[s.tip[p]]))
    ),
    "TipReaches": lambda s: correct(lambda p: s.height[s.tip[p]] >= s.reached),
    "Settled": lambda s: z3.Implies(
        SETTLES,
        blocks(s, lambda i: z3.Implies(s.height[i] >= s.reached, same_decisions(s, i, s.best))),
    ),
}

PROPERTIES = {
    "Agreement": lambda s: z3.Implies(
        SETTLES,
        correct(lambda p: correct(lambda q: same_decisions(s, s.tip[p], s.tip[q]), "q")),
    ),
}


def integrity(s: State, t: State) -> Term:
    """What a process has decided stays decided."""
    return z3.Implies(
        SETTLES,
        correct(
            lambda p: z3.And(
                s.height[s.tip[p]] <= t.height[t.tip[p]],
                each(
                    0,
                    s.height[s.tip[p]] - DEPTH + 1,
                    lambda m: s.ancestor[s.tip[p]][m] == t.ancestor[t.tip[p]][m],
                    "m",
                ),
            )
        ),
    )


_TREE = ("Length", "Heights", "Tree", "Known")
NEEDS = {
    "Heights": ("Length", "Heights", "Known"),
    "Tree": _TREE,
    "Known": _TREE,
    "NotYetKnown": ("Length", "NotYetKnown"),
    "TipIsLongest": (*_TREE, "NotYetKnown", "TipIsLongest"),
    "Top": (*_TREE, "TipIsLongest", "Top"),
    "TipReaches": (*_TREE, "TipIsLongest", "Top", "TipReaches"),
    "Ancestors": (*_TREE, "Ancestors"),
    "Split": (*_TREE, "Ancestors", "Split"),
    "Advance": ("Length", "Advance"),
    "Potential": (*_TREE, "TipIsLongest", "Top", "Split", "Potential"),
    "Best": (*_TREE, "Best"),
    "NoBadFactor": ("Length", "NoBadFactor"),
    "Unique": ("Length'", "Split'", "Potential'", "NoBadFactor'"),
    "Settled": (*_TREE, "TipIsLongest", "Top", "Ancestors", "Best", "Unique", "Settled", "Unique'"),
    "FewWins": ("Length", "FewWins"),
    "DistinctHeights": (*_TREE, "TipIsLongest", "Top", "DistinctHeights"),
    "Integrity": (*_TREE, "Best", "TipReaches", "Settled", "TipReaches'", "Known'"),
}

SYSTEM = System(
    name="longest_chain",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Mine", mine, {"p": INT}),
        Action("ByzantineMine", byzantine_mine, {"b": INT, "i": INT}),
        Action("Receive", receive, {"p": INT, "i": INT}),
        Action("ByzantinePublish", byzantine_publish, {"p": INT, "i": INT}),
    ),
    invariant=INVARIANT,
    properties=PROPERTIES,
    steps={"Integrity": integrity},
    assumptions=slot_game.SYSTEM.assumptions,
    needs=NEEDS,
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of Agreement and Integrity."""
    yield from inductive(SYSTEM)
