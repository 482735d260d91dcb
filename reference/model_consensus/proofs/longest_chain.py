"""Proof-of-work with the longest-chain rule: P2 and P3 for any depth, and any number of wins.

The transition system is that of ``spec/LongestChain.tla``.  Call a factor of the sequence of wins
*bad* if it has at least 2(k+1) wins and the adversary has at least half of them.  Proved: as long
as no factor is bad, the decisions of all processes at all times are one growing sequence.  (That
every bad factor allows a disagreement is proved in `private_attack`.)

The proof is a potential.  For any two blocks u, v let ``split`` be the height of their last common
block; ``top`` is the height of the highest correct block.  There is always a start such that of the
wins since then

    A - h  >=  height(u) + height(v) - top - max(split, top)       (wins pay for heights)
    A + h  >=  height(u) + height(v) - 2 split                     (one win for each block)

A correct win lowers A - h by one, but raises top: it extends a block at least as high as top.  An
adversary's win pays for the one block that it adds.  Where both chains are at least as high as top
and have k blocks above the first height at which they differ, the factor since the start is bad.
``start`` and ``split`` are ghosts, as are ``ancestor[i][m]``, the block of height m in the chain of
i, ``best``, a block of greatest height, and ``advance[t]``, the adversary's wins among the first t.
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs.counting import INT, SET, TABLE, one
from model_consensus.proofs.kit import (
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

N, DEPTH, WINS, BYZANTINE_WINS = z3.Ints("N Depth Wins ByzantineWins")
BYZANTINE = z3.Const("Byzantine", SET)
SETTLES = z3.Bool("Settles")  # only runs are looked at in which no factor is bad
NUMBERS = z3.ArraySort(INT, INT)
GRID = z3.ArraySort(INT, NUMBERS)

VARIABLES = {
    "length": INT,  # how many blocks there are
    "parent": NUMBERS,
    "height": NUMBERS,
    "miner": NUMBERS,
    "known": TABLE,  # known[p][i]
    "tip": NUMBERS,
    "top": INT,
    "topBlock": INT,  # a block of that height, a correct one or the genesis
    "reached": INT,  # top before the last win
    "best": INT,
    "advance": NUMBERS,
    "ancestor": GRID,
    "split": GRID,
    "start": GRID,
}


def is_correct(p: Term) -> Term:
    """p is a correct process."""
    return z3.And(between(0, p, N), z3.Not(BYZANTINE[p]))


def correct(body: Callable[[Term], Term], name: str = "p") -> Term:
    """``body(p)`` for each correct process p."""
    return each(0, N, lambda p: z3.Implies(z3.Not(BYZANTINE[p]), body(p)), name)


def blocks(s: State, body: Callable[[Term], Term], first: int = 0) -> Term:
    """``body(i)`` for each block, from the genesis (or from the first) on."""
    return each(first, s.length + 1, body, "i")


def children(s: State, body: Callable[[Term], Term]) -> Term:
    """``body(i)`` for each block with a parent; a trigger that does not climb the whole chain."""
    return each(1, s.length + 1, body, "i", lambda i: s.parent[i])


def two_blocks(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body(u, v)`` for any two blocks, the same one or not."""
    return blocks(s, lambda u: blocks(s, lambda v: body(u, v)))


def unknown(s: State, p: Term) -> Term:
    """p knows no block that does not exist."""
    return each(s.length + 1, WINS + 1, lambda i: z3.Not(s.known[p][i]), "i")


def init(s: State) -> Term:
    """There is the genesis block, and everybody knows it."""
    return z3.And(
        s.length == 0,
        s.height[0] == 0,
        correct(lambda p: z3.And(s.tip[p] == 0, s.known[p][0], unknown(s, p))),
        s.top == 0,
        s.topBlock == 0,
        s.reached == 0,
        s.best == 0,
        s.advance[0] == 0,
        s.ancestor[0][0] == 0,
        s.split[0][0] == 0,
        s.start[0][0] == 0,
    )


def synchronous(s: State) -> Term:
    """Between two wins the blocks of correct processes reach all correct processes."""
    return blocks(
        s,
        lambda i: z3.Implies(z3.Not(BYZANTINE[s.miner[i]]), correct(lambda p: s.known[p][i])),
        first=1,
    )


def larger(a: Term, b: Term) -> Term:
    """The maximum."""
    return z3.If(a >= b, a, b)


def extend(s: State, t: State, q: Term, i: Term) -> Term:
    """q appends a block to i.  The ghosts of its pairs come from those of the pairs of i."""
    new, height = s.length + 1, s.height[i] + 1
    honest = z3.Not(BYZANTINE[q])
    # A pair of the new block with itself: a fresh start, unless the adversary builds above top.
    fresh = z3.Or(honest, s.height[i] < s.top)
    return z3.And(
        between(0, i, new),
        synchronous(s),
        s.length < WINS,
        z3.Implies(BYZANTINE[q], s.advance[s.length] < BYZANTINE_WINS),
        z3.Implies(SETTLES, each(0, new + 1, lambda a: z3.Not(is_bad(t, a, new)), "a")),
        t.length == new,
        t.parent == z3.Store(s.parent, new, i),
        t.height == z3.Store(s.height, new, height),
        t.miner == z3.Store(s.miner, new, q),
        t.top == z3.If(honest, height, s.top),
        t.topBlock == z3.If(honest, new, s.topBlock),
        t.reached == s.top,
        t.best == z3.If(height > s.height[s.best], new, s.best),
        t.advance == z3.Store(s.advance, new, s.advance[s.length] + one(BYZANTINE[q])),
        t.ancestor == z3.Store(s.ancestor, new, z3.Store(s.ancestor[i], height, new)),
        each(
            0,
            new + 1,
            lambda u: z3.And(
                each(
                    0,
                    new + 1,
                    lambda v: z3.And(
                        t.split[u][v]
                        == z3.If(
                            z3.And(u == new, v == new),
                            height,
                            s.split[z3.If(u == new, i, u)][z3.If(v == new, i, v)],
                        ),
                        t.start[u][v]
                        == z3.If(
                            z3.And(u == new, v == new, fresh),
                            new,
                            s.start[z3.If(u == new, i, u)][z3.If(v == new, i, v)],
                        ),
                    ),
                    "v",
                ),
            ),
            "u",
        ),
        unchanged(s, t, "known", "tip"),
    )


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


def is_bad(s: State, start: Term, end: Term) -> Term:
    """The factor of the wins start+1 .. end is bad."""
    adversary = s.advance[end] - s.advance[start]
    return z3.And(end - start >= 2 * (DEPTH + 1), 2 * adversary >= end - start)


def no_bad_factor(s: State) -> Term:
    """The condition of settlement."""
    return each(
        0,
        s.length + 1,
        lambda a: each(a, s.length + 1, lambda b: z3.Not(is_bad(s, a, b)), "b"),
        "a",
    )


def same_decisions(s: State, i: Term, j: Term) -> Term:
    """The chain of i decides nothing else than the chain of j, as far as both do."""
    return each(
        0,
        s.height[i] - DEPTH + 1,
        lambda m: z3.Implies(m + DEPTH <= s.height[j], s.ancestor[i][m] == s.ancestor[j][m]),
        "m",
    )


def potential(s: State, u: Term, v: Term) -> Term:
    """Since the start of the pair, wins pay for what its chains and top have grown."""
    start, split = s.start[u][v], s.split[u][v]
    wins = s.length - start
    adversary = s.advance[s.length] - s.advance[start]
    heights = s.height[u] + s.height[v]
    return z3.And(
        between(0, start, s.length + 1),
        2 * adversary - wins >= heights - s.top - larger(split, s.top),
        wins >= heights - 2 * split,
    )


INVARIANT = {
    "Length": lambda s: z3.And(
        s.length >= 0, s.height[0] == 0, s.ancestor[0][0] == 0, s.advance[0] == 0
    ),
    "Heights": lambda s: blocks(
        s, lambda i: z3.And(s.height[i] >= 0, (i == 0) == (s.height[i] == 0))
    ),
    "Tree": lambda s: children(
        s,
        lambda i: z3.And(
            between(0, s.parent[i], i),
            s.height[i] == s.height[s.parent[i]] + 1,
            between(0, s.miner[i], N),
        ),
    ),
    "Known": lambda s: correct(lambda p: z3.And(between(0, s.tip[p], s.length + 1), s.known[p][0])),
    "NotYetKnown": lambda s: correct(lambda p: unknown(s, p)),
    "TipIsLongest": lambda s: correct(
        lambda p: blocks(s, lambda i: z3.Implies(s.known[p][i], s.height[i] <= s.height[s.tip[p]]))
    ),
    "Top": lambda s: z3.And(
        between(0, s.topBlock, s.length + 1),
        s.height[s.topBlock] == s.top,
        z3.Or(s.topBlock == 0, z3.Not(BYZANTINE[s.miner[s.topBlock]])),
        between(0, s.reached, s.top + 1),
        blocks(
            s,
            lambda i: z3.Implies(z3.Not(BYZANTINE[s.miner[i]]), s.height[i] <= s.top),
            first=1,
        ),
    ),
    "TipReaches": lambda s: correct(lambda p: s.height[s.tip[p]] >= s.reached),
    "Ancestors": lambda s: z3.And(
        blocks(s, lambda i: s.ancestor[i][s.height[i]] == i),
        children(
            s,
            lambda i: each(
                0, s.height[i], lambda m: s.ancestor[i][m] == s.ancestor[s.parent[i]][m], "m"
            ),
        ),
    ),
    "Split": lambda s: two_blocks(
        s,
        lambda u, v: z3.And(
            between(0, s.split[u][v], s.height[u] + 1),
            s.split[u][v] <= s.height[v],
            each(0, s.split[u][v] + 1, lambda m: s.ancestor[u][m] == s.ancestor[v][m], "m"),
        ),
    ),
    "Advance": lambda s: each(
        0,
        s.length + 1,
        lambda b: each(0, b + 1, lambda a: between(0, s.advance[b] - s.advance[a], b - a + 1), "a"),
        "b",
    ),
    "Potential": lambda s: two_blocks(s, lambda u, v: potential(s, u, v)),
    "Best": lambda s: z3.And(
        between(0, s.best, s.length + 1),
        blocks(s, lambda i: s.height[i] <= s.height[s.best]),
    ),
    "NoBadFactor": lambda s: z3.Implies(SETTLES, no_bad_factor(s)),
    "Unique": lambda s: z3.Implies(
        SETTLES,
        two_blocks(
            s,
            lambda u, v: z3.Implies(
                z3.And(s.height[u] >= s.top, s.height[v] >= s.top), same_decisions(s, u, v)
            ),
        ),
    ),
    "Settled": lambda s: z3.Implies(
        SETTLES,
        blocks(s, lambda i: z3.Implies(s.height[i] >= s.reached, same_decisions(s, i, s.best))),
    ),
    "FewWins": lambda s: z3.And(
        s.length <= larger(WINS, z3.IntVal(0)),
        s.advance[s.length] <= larger(BYZANTINE_WINS, z3.IntVal(0)),
    ),
    "DistinctHeights": lambda s: blocks(
        s,
        lambda j: each(
            1,
            j,
            lambda i: z3.Implies(
                z3.And(z3.Not(BYZANTINE[s.miner[i]]), z3.Not(BYZANTINE[s.miner[j]])),
                s.height[i] < s.height[j],
            ),
        ),
        first=1,
    ),
}

DEPTH_IS_SAFE = z3.Or(BYZANTINE_WINS <= DEPTH, WINS <= 2 * DEPTH + 1)

PROPERTIES = {
    "Agreement": lambda s: z3.Implies(
        SETTLES,
        correct(lambda p: correct(lambda q: same_decisions(s, s.tip[p], s.tip[q]), "q")),
    ),
    "DepthIsSafe => no bad factor": lambda s: z3.Implies(DEPTH_IS_SAFE, no_bad_factor(s)),
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
    assumptions={"N >= 0": N >= 0, "Depth >= 0": DEPTH >= 0},
    needs=NEEDS,
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of P2 (a disagreement needs a bad factor) and P3."""
    yield from inductive(SYSTEM)
