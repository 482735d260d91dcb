"""The slot game of proof-of-work: P2 and P3 for any depth, and any number of wins.

The game is that of ``spec/SlotGame.tla`` over {h, A}: a correct win is a block on any chain that is
not shorter than a correct process's block (every chain that the adversary can show as a longest one
is that), and a process may hold any such chain at any time.  Call a factor of the sequence of wins
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

from model_consensus.proofs.counting import INT, NUMBERS, one
from model_consensus.proofs.induction import (
    Action,
    Condition,
    State,
    System,
    Term,
    between,
    each,
    inductive,
    larger,
)
from model_consensus.proofs.search import BYZANTINE, N, is_correct

DEPTH, WINS, BYZANTINE_WINS = z3.Ints("Depth Wins ByzantineWins")
SETTLES = z3.Bool("Settles")  # only runs are looked at in which no factor is bad
GRID = z3.ArraySort(INT, NUMBERS)
Bad = Callable[[State, Term, Term], Term]  # whether the wins start+1 .. end are a bad factor

VARIABLES = {
    "length": INT,  # how many blocks there are
    "parent": NUMBERS,
    "height": NUMBERS,
    "miner": NUMBERS,
    "top": INT,
    "topBlock": INT,  # a block of that height, a correct one or the genesis
    "reached": INT,  # top before the last win
    "best": INT,
    "advance": NUMBERS,
    "ancestor": GRID,
    "split": GRID,
    "start": GRID,
}


def blocks(s: State, body: Callable[[Term], Term], first: int = 0) -> Term:
    """``body(i)`` for each block, from the genesis (or from the first) on."""
    return each(first, s.length + 1, body, "i")


def children(s: State, body: Callable[[Term], Term]) -> Term:
    """``body(i)`` for each block with a parent; a trigger that does not climb the whole chain."""
    return each(1, s.length + 1, body, "i", lambda i: s.parent[i])


def two_blocks(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body(u, v)`` for any two blocks, the same one or not."""
    return blocks(s, lambda u: blocks(s, lambda v: body(u, v)))


def init(s: State) -> Term:
    """There is the genesis block."""
    return z3.And(
        s.length == 0,
        s.height[0] == 0,
        s.top == 0,
        s.topBlock == 0,
        s.reached == 0,
        s.best == 0,
        s.advance[0] == 0,
        s.ancestor[0][0] == 0,
        s.split[0][0] == 0,
        s.start[0][0] == 0,
    )


def extend(s: State, t: State, q: Term, i: Term) -> Term:
    """q appends a block to i; the adversary wins so often and no more."""
    return z3.And(
        z3.Implies(BYZANTINE[q], s.advance[s.length] < BYZANTINE_WINS),
        append(s, t, q, i, BYZANTINE[q]),
        t.reached == s.top,
        ends_no_bad_factor(t, is_bad),
    )


def ends_no_bad_factor(t: State, bad: Bad) -> Term:
    """The last win ends no bad factor, in the runs that are looked at."""
    return z3.Implies(SETTLES, each(0, t.length + 1, lambda a: z3.Not(bad(t, a, t.length)), "a"))


def append(s: State, t: State, q: Term, i: Term, adversarial: Term) -> Term:
    """q appends a block to i, and the win counts as the adversary's or not.

    The ghosts of its pairs come from those of the pairs of i.
    """
    new, height = s.length + 1, s.height[i] + 1
    honest = z3.Not(adversarial)
    # A pair of the new block with itself: a fresh start, unless the adversary builds above top.
    fresh = z3.Or(honest, s.height[i] < s.top)
    return z3.And(
        between(0, i, new),
        s.length < WINS,
        t.length == new,
        t.parent == z3.Store(s.parent, new, i),
        t.height == z3.Store(s.height, new, height),
        t.miner == z3.Store(s.miner, new, q),
        t.top == z3.If(honest, height, s.top),
        t.topBlock == z3.If(honest, new, s.topBlock),
        t.best == z3.If(height > s.height[s.best], new, s.best),
        t.advance == z3.Store(s.advance, new, s.advance[s.length] + one(adversarial)),
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
    )


def honest_win(s: State, t: State, p: Term, i: Term) -> Term:
    """A correct process extends a chain that is shown to it as a longest one."""
    return z3.And(is_correct(p), s.height[i] >= s.top, extend(s, t, p, i))


def adversary_win(s: State, t: State, b: Term, i: Term) -> Term:
    """The adversary extends any block."""
    return z3.And(between(0, b, N), BYZANTINE[b], extend(s, t, b, i))


# ------------------------------------------------------------------------------ the invariant


def is_bad(s: State, start: Term, end: Term) -> Term:
    """The factor of the wins start+1 .. end is bad."""
    adversary = s.advance[end] - s.advance[start]
    return z3.And(end - start >= 2 * (DEPTH + 1), 2 * adversary >= end - start)


def no_bad_factor(s: State, bad: Bad) -> Term:
    """The condition of settlement."""
    return each(
        0,
        s.length + 1,
        lambda a: each(a, s.length + 1, lambda b: z3.Not(bad(s, a, b)), "b"),
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
    "NoBadFactor": lambda s: z3.Implies(SETTLES, no_bad_factor(s, is_bad)),
    "Unique": lambda s: z3.Implies(
        SETTLES,
        two_blocks(
            s,
            lambda u, v: z3.Implies(
                z3.And(s.height[u] >= s.top, s.height[v] >= s.top), same_decisions(s, u, v)
            ),
        ),
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
    "DepthIsSafe => no bad factor": lambda s: z3.Implies(DEPTH_IS_SAFE, no_bad_factor(s, is_bad)),
}


def log_grows(s: State, t: State) -> Term:
    """What the highest chain decides stays decided.

    With Unique: what any process decides at any time is the beginning of one growing sequence.
    """
    return z3.Implies(
        SETTLES,
        z3.And(
            s.height[s.best] <= t.height[t.best],
            each(
                0,
                s.height[s.best] - DEPTH + 1,
                lambda m: s.ancestor[s.best][m] == t.ancestor[t.best][m],
                "m",
            ),
        ),
    )


_TREE = ("Length", "Heights", "Tree")
NEEDS = {
    "Heights": ("Length", "Heights"),
    "Tree": _TREE,
    "Top": (*_TREE, "Top"),
    "Ancestors": (*_TREE, "Ancestors"),
    "Split": (*_TREE, "Ancestors", "Split"),
    "Advance": ("Length", "Advance"),
    "Potential": (*_TREE, "Top", "Split", "Potential"),
    "Best": (*_TREE, "Best"),
    "NoBadFactor": ("Length", "NoBadFactor"),
    "Unique": ("Length'", "Split'", "Potential'", "NoBadFactor'"),
    "FewWins": ("Length", "FewWins"),
    "DistinctHeights": (*_TREE, "Top", "DistinctHeights"),
    "LogGrows": (*_TREE, "Top", "Ancestors", "Best", "Unique"),
}

SYSTEM = System(
    name="slot_game",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("HonestWin", honest_win, {"p": INT, "i": INT}),
        Action("AdversaryWin", adversary_win, {"b": INT, "i": INT}),
    ),
    invariant=INVARIANT,
    properties=PROPERTIES,
    steps={"LogGrows": log_grows},
    assumptions={"N >= 0": N >= 0, "Depth >= 0": DEPTH >= 0},
    needs=NEEDS,
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of P2 (a disagreement needs a bad factor) and P3."""
    yield from inductive(SYSTEM)
