"""The longest-chain rule over a network with delay: no disagreement without a bad factor.

The transition system is that of ``spec/DelayedChain.tla``.  Time passes in slots.  In a slot any
number of blocks are won, and a correct process's block of slot s has reached all correct processes
before slot s + Delta + 1.  Some wins of correct processes are *pacers*: a win may be one if the
last pacer was won more than Delta slots before it.  The choice is open here, so what is proved
holds for every choice; ``DelayedChain.tla`` takes the first win that may be one.

Pacers count as h, and all other wins as A.  A factor is *bad* if it has at least 2(k+1) wins and
more A than h; or as many, if its last win is at most Delta slots after the last pacer, which may
then be on its way, so that ties are *open*.

The argument is that of `slot_game` and `longest_chain`.  The winner of a pacer has all earlier
pacers, so pacers have growing heights; ``top`` is the height of the last one, ``topBlock``.  Wins
pay for heights: A - h >= height(u) + height(v) - top - max(split, top) since a start of the pair.

What is new is the time while the last pacer is on its way and other blocks are won.  Chains are
then adopted that are lower than it, but not lower than ``reached``, the highest pacer before it,
for that one has arrived.  Take the last pacer out of the tree and out of the wins, and lower the
blocks that are over it by one.  That is again a tree whose wins pay for its heights, with
``reached`` for top, and with a start of its own for each pair, ``begin``.  With the last pacer back
in, A - h is one less than there.

What is adopted at any time is as high as ``level``, the highest pacer that must have arrived, which
is reached or top; and higher, if it is adopted after that pacer must have arrived, that is, if it
is not among the first ``mark`` blocks.  Of two chains that are adopted and differ, one is higher
than level, and pays for the last pacer or for the tie that is not open; or both were adopted
before, and agreed then.  The last pacer itself, one higher than level, agrees with the latter too,
because it extends one of them.
"""

from collections.abc import Iterator

import z3

from model_consensus.proofs import longest_chain, slot_game
from model_consensus.proofs.counting import BOOL, INT, NUMBERS, SET, one
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
    unchanged,
)
from model_consensus.proofs.search import BYZANTINE, N, correct, is_correct
from model_consensus.proofs.slot_game import (
    DEPTH,
    GRID,
    SETTLES,
    blocks,
    no_bad_factor,
    same_decisions,
    two_blocks,
)

DELTA = z3.Int("Delta")

DELAYED = {
    "slot": NUMBERS,  # when each block was won
    "paces": SET,  # the pacers
    "open": SET,  # the wins at most Delta slots after the last pacer
    "over": SET,  # the last pacer and what is mined over it
    "begin": GRID,
    "level": INT,  # the height of the last pacer that must have arrived at the last win
    "mark": INT,  # how many blocks there were at the first win by which it must have arrived
}
VARIABLES = {**longest_chain.VARIABLES, **DELAYED}


def init(s: State) -> Term:
    """There is the genesis block, which is no pacer."""
    return z3.And(
        longest_chain.init(s),
        z3.Not(s.over[0]),
        z3.Not(s.open[0]),
        s.begin[0][0] == 0,
        s.level == 0,
        s.mark == 0,
    )


def has_arrived(s: State, now: Term) -> Term:
    """What correct processes won more than Delta slots ago is known to all, and own to oneself."""
    return blocks(
        s,
        lambda i: z3.Implies(
            z3.Not(BYZANTINE[s.miner[i]]),
            correct(
                lambda p: z3.Implies(
                    z3.Or(s.slot[i] + DELTA < now, s.miner[i] == p),
                    s.known[p][i],
                )
            ),
        ),
        first=1,
    )


def lowered(s: State, i: Term) -> Term:
    """The height of i without the last pacer."""
    return s.height[i] - one(s.over[i])


def is_bad(s: State, start: Term, end: Term) -> Term:
    """The factor of the wins start+1 .. end is bad."""
    adversary, wins = s.advance[end] - s.advance[start], end - start
    return z3.And(wins >= 2 * (DEPTH + 1), 2 * adversary >= wins + one(z3.Not(s.open[end])))


def last_has_arrived(s: State, now: Term) -> Term:
    """All have the last pacer before the slot ``now``, if there is one."""
    return z3.Or(s.topBlock == 0, s.slot[s.topBlock] + DELTA < now)


def may_pace(s: State, q: Term, now: Term) -> Term:
    """A win of q in the slot ``now`` may be a pacer."""
    return z3.And(z3.Not(BYZANTINE[q]), last_has_arrived(s, now))


def extend(s: State, t: State, q: Term, i: Term, now: Term, paces: Term) -> Term:
    """q appends a block to i in the slot ``now``; nobody has received it."""
    new = s.length + 1
    arrived = last_has_arrived(s, now)
    fresh = z3.And(z3.Not(paces), lowered(s, i) < s.reached)
    return z3.And(
        has_arrived(s, now),
        z3.Implies(paces, may_pace(s, q, now)),
        slot_game.append(s, t, q, i, z3.Not(paces)),
        slot_game.ends_no_bad_factor(t, is_bad),
        t.reached == z3.If(paces, s.top, s.reached),
        z3.Implies(s.length > 0, s.slot[s.length] <= now),
        t.slot == z3.Store(s.slot, new, now),
        t.paces == z3.Store(s.paces, new, paces),
        t.open == z3.Store(s.open, new, z3.Or(paces, z3.Not(arrived))),
        t.level == z3.If(arrived, s.top, s.level),
        t.mark == z3.If(z3.And(arrived, s.level < s.top), s.length, s.mark),
        each(
            0,
            new + 1,
            lambda u: t.over[u] == z3.If(paces, u == new, s.over[z3.If(u == new, i, u)]),
            "u",
            lambda u: t.over[u],
        ),
        each(
            0,
            new + 1,
            lambda u: each(
                0,
                new + 1,
                lambda v: (
                    t.begin[u][v]
                    == z3.If(
                        z3.And(u == new, v == new, fresh),
                        new,
                        z3.If(
                            paces,
                            s.start[z3.If(u == new, i, u)][z3.If(v == new, i, v)],
                            s.begin[z3.If(u == new, i, u)][z3.If(v == new, i, v)],
                        ),
                    )
                ),
                "v",
            ),
            "u",
        ),
        unchanged(s, t, "known", "tip"),
    )


def mine(s: State, t: State, p: Term, now: Term, paces: Term) -> Term:
    """A correct process wins a block on its tip, a pacer or not."""
    return z3.And(is_correct(p), extend(s, t, p, s.tip[p], now, paces))


def byzantine_mine(s: State, t: State, b: Term, i: Term, now: Term) -> Term:
    """A Byzantine process wins a block on any block."""
    return z3.And(between(0, b, N), BYZANTINE[b], extend(s, t, b, i, now, z3.BoolVal(False)))


def receive(s: State, t: State, p: Term, i: Term) -> Term:
    """p receives a block that a correct process sends or passes on."""
    return z3.And(longest_chain.receive(s, t, p, i), unchanged(s, t, *DELAYED))


def byzantine_publish(s: State, t: State, p: Term, i: Term) -> Term:
    """The adversary shows a withheld block to p."""
    return z3.And(longest_chain.byzantine_publish(s, t, p, i), unchanged(s, t, *DELAYED))


# ------------------------------------------------------------------------------ the invariant


def pacers(s: State) -> Term:
    """How many pacers there have been."""
    return s.length - s.advance[s.length]


def is_adoptable(s: State, i: Term) -> Term:
    """A process can have i for its tip: at the level, only one of the older blocks."""
    return z3.And(s.height[i] >= s.level, z3.Or(s.height[i] > s.level, i <= s.mark))


def is_old(s: State, i: Term) -> Term:
    """i is at the level and adopted before what is there must have arrived; or the last pacer."""
    return z3.Or(
        z3.And(s.height[i] == s.level, i <= s.mark),
        z3.And(i == s.topBlock, s.level < s.top),
    )


def potential_without_last(s: State, u: Term, v: Term) -> Term:
    """Without the last pacer, wins since ``begin`` pay for what the chains and reached have grown.

    The last pacer is among these wins, unless neither of the two is over it.
    """
    begin, split = s.begin[u][v], s.split[u][v]
    wins = s.length - begin - one(begin < s.topBlock)
    adversary = s.advance[s.length] - s.advance[begin]
    heights = lowered(s, u) + lowered(s, v)
    return z3.And(
        between(0, begin, s.length + 1),
        2 * adversary - wins >= heights - s.reached - larger(split, s.reached),
        wins >= heights - 2 * split,
        z3.Implies(begin >= s.topBlock, z3.Not(z3.Or(s.over[u], s.over[v]))),
    )


def is_paid(s: State, u: Term, v: Term) -> Term:
    """There are wins enough for both chains since some time, and enough of the adversary's."""
    with_last = z3.Or(z3.And(s.over[u], s.over[v]), s.level == s.top)
    start = z3.If(with_last, s.start[u][v], s.begin[u][v])
    wins = s.length - start
    return z3.And(
        between(0, start, s.length + 1),
        2 * (s.advance[s.length] - s.advance[start]) >= wins + one(z3.Not(s.open[s.length])),
        wins >= s.height[u] + s.height[v] - 2 * s.split[u][v],
    )


_OF_THE_GAME = ("Length", "Heights", "Tree", "Ancestors", "Split", "Advance", "Potential")
_OF_THE_NETWORK = ("Known", "NotYetKnown", "TipIsLongest")

INVARIANT = {
    **{name: slot_game.INVARIANT[name] for name in _OF_THE_GAME},
    **{name: longest_chain.INVARIANT[name] for name in _OF_THE_NETWORK},
    "Top": lambda s: z3.And(
        between(0, s.topBlock, s.length + 1),
        s.height[s.topBlock] == s.top,
        z3.If(
            s.topBlock == 0,
            s.reached == 0,
            z3.And(
                s.paces[s.topBlock],
                z3.Not(BYZANTINE[s.miner[s.topBlock]]),
                between(0, s.reached, s.top),
            ),
        ),
        blocks(s, lambda i: z3.Implies(s.paces[i], s.height[i] <= s.top), first=1),
    ),
    "PacersRise": lambda s: blocks(
        s,
        lambda j: each(
            1,
            j,
            lambda i: z3.Implies(z3.And(s.paces[i], s.paces[j]), s.height[i] < s.height[j]),
        ),
        first=1,
    ),
    "Growth": lambda s: z3.And(
        s.top >= pacers(s), z3.Or(s.reached >= pacers(s) - 1, s.topBlock == 0)
    ),
    "Level": lambda s: z3.And(
        between(0, s.mark, s.length + 1),
        z3.Or(s.level == s.top, z3.And(s.level == s.reached, s.open[s.length])),
    ),
    "Over": lambda s: blocks(
        s,
        lambda i: z3.Implies(
            s.over[i],
            z3.And(
                between(1, s.topBlock, i + 1),
                s.height[i] >= s.top,
                z3.Or(i == s.topBlock, s.height[i] > s.top),
            ),
        ),
    ),
    "WithoutLast": lambda s: two_blocks(
        s,
        lambda u, v: z3.Or(z3.And(s.over[u], s.over[v]), potential_without_last(s, u, v)),
    ),
    "NoBadFactor": lambda s: z3.Implies(SETTLES, no_bad_factor(s, is_bad)),
    "Paid": lambda s: two_blocks(
        s,
        lambda u, v: z3.Implies(
            z3.And(
                is_adoptable(s, u),
                is_adoptable(s, v),
                z3.Not(z3.And(is_old(s, u), is_old(s, v))),
                s.split[u][v] < s.height[u],
                s.split[u][v] < s.height[v],
            ),
            is_paid(s, u, v),
        ),
    ),
    "Old": lambda s: z3.Implies(
        SETTLES,
        two_blocks(
            s,
            lambda u, v: z3.Implies(z3.And(is_old(s, u), is_old(s, v)), same_decisions(s, u, v)),
        ),
    ),
    "Settled": lambda s: z3.Implies(
        SETTLES,
        two_blocks(
            s,
            lambda u, v: z3.Implies(
                z3.And(is_adoptable(s, u), is_adoptable(s, v)), same_decisions(s, u, v)
            ),
        ),
    ),
    "TipIsAdoptable": lambda s: correct(lambda p: is_adoptable(s, s.tip[p])),
}

PROPERTIES = {
    "Agreement": longest_chain.PROPERTIES["Agreement"],
    "ChainGrowth": lambda s: correct(lambda p: s.height[s.tip[p]] + 1 >= pacers(s)),
    "few other wins => no bad factor": lambda s: z3.Implies(
        z3.Or(s.advance[s.length] <= DEPTH, s.length <= 2 * DEPTH + 1), no_bad_factor(s, is_bad)
    ),
}

_TREE = ("Length", "Heights", "Tree", "Known")
_RECEIVED = (*_TREE, "NotYetKnown", "TipIsLongest", "Top")
NEEDS = {
    "Heights": ("Length", "Heights", "Known"),
    "Tree": _TREE,
    "Known": _TREE,
    "NotYetKnown": ("Length", "NotYetKnown"),
    "TipIsLongest": (*_TREE, "NotYetKnown", "TipIsLongest"),
    "Top": (*_TREE, "TipIsLongest", "Top"),
    "Growth": (*_TREE, "TipIsLongest", "Top", "Growth", "Advance"),
    "Ancestors": (*_TREE, "Ancestors"),
    "Split": (*_TREE, "Ancestors", "Split"),
    "Advance": ("Length", "Advance"),
    "Potential": (*_TREE, "TipIsLongest", "Top", "Split", "Potential"),
    "NoBadFactor": ("Length", "NoBadFactor"),
    "PacersRise": (*_TREE, "TipIsLongest", "Top", "PacersRise"),
    "Level": (*_TREE, "Top", "Level"),
    "Over": (*_TREE, "TipIsLongest", "Top", "Over"),
    "WithoutLast": (*_TREE, "TipIsLongest", "Top", "Split", "Over", "Potential", "WithoutLast"),
    "Paid": ("Length'", "Top'", "Over'", "Level'", "Potential'", "WithoutLast'"),
    "Old": (*_RECEIVED, "Ancestors", "Level", "TipIsAdoptable", "Old", "Settled"),
    "Settled": ("Length'", "Split'", "NoBadFactor'", "Paid'", "Old'"),
    "TipIsAdoptable": (*_RECEIVED, "Level", "TipIsAdoptable"),
    "Integrity": (*_TREE, "Settled", "TipIsAdoptable", "TipIsAdoptable'", "Known'"),
}

SYSTEM = System(
    name="delayed_chain",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Mine", mine, {"p": INT, "now": INT, "pace": BOOL}),
        Action("ByzantineMine", byzantine_mine, {"b": INT, "i": INT, "now": INT}),
        Action("Receive", receive, {"p": INT, "i": INT}),
        Action("ByzantinePublish", byzantine_publish, {"p": INT, "i": INT}),
    ),
    invariant=INVARIANT,
    properties=PROPERTIES,
    steps={"Integrity": longest_chain.integrity},
    assumptions={**slot_game.SYSTEM.assumptions, "Delta >= 0": DELTA >= 0},
    needs=NEEDS,
)


def conditions() -> Iterator[Condition]:
    """The verification conditions of Agreement, Integrity and ChainGrowth."""
    yield from inductive(SYSTEM)
