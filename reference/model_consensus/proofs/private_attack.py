"""The other half of P2: on every bad factor of wins, the adversary can make processes disagree.

The slot game of the design: from any moment on, two chains grow above the highest correct block.
``x`` and ``y`` are their lengths and ``g`` is the greatest height of a correct block above it.  A
correct win extends a chain that is at least as long as g; the adversary's win extends either.  The
adversary has won when both chains have k+1 blocks and neither is shorter than g: it shows one to
some processes and the other to others, and each is a longest chain (a process adopts any longest
chain; under the rule of LongestChain.tla, that the first one stays, ties may come too late).

The attack: correct wins go to x; the adversary's go to y, but for as many as x needs to reach k+1.
It is clairvoyant: it knows how many wins of each kind the factor has.
"""

from collections.abc import Iterator

import z3

from model_consensus.proofs.counting import INT
from model_consensus.proofs.induction import (
    Action,
    Condition,
    State,
    System,
    Term,
    between,
    inductive,
    larger,
)

DEPTH, HONEST, ADVERSARY = z3.Ints("Depth h A")  # the wins of each kind in the factor
LENT = z3.If(HONEST <= DEPTH, DEPTH + 1 - HONEST, z3.IntVal(0))  # what x needs of the adversary

VARIABLES = {
    "x": INT,
    "y": INT,
    "g": INT,
    "honest": INT,  # wins so far
    "adversary": INT,
}


def init(s: State) -> Term:
    """The factor begins."""
    return z3.And(*(getattr(s, name) == 0 for name in VARIABLES))


def honest_win(s: State, t: State) -> Term:
    """A correct process extends the chain that it is shown."""
    return z3.And(
        s.honest < HONEST,
        t.honest == s.honest + 1,
        t.adversary == s.adversary,
        t.x == s.x + 1,
        t.y == s.y,
        t.g == s.x + 1,
    )


def adversary_win(s: State, t: State) -> Term:
    """The adversary extends x until x has been lent enough, then y."""
    lends = s.adversary < LENT
    return z3.And(
        s.adversary < ADVERSARY,
        t.honest == s.honest,
        t.adversary == s.adversary + 1,
        t.x == z3.If(lends, s.x + 1, s.x),
        t.y == z3.If(lends, s.y, s.y + 1),
        t.g == s.g,
    )


def is_move(s: State, t: State) -> Term:
    """The step is one of the game's."""
    on_x, on_y = z3.And(t.x == s.x + 1, t.y == s.y), z3.And(t.x == s.x, t.y == s.y + 1)
    honest = z3.Or(z3.And(s.x >= s.g, on_x, t.g == t.x), z3.And(s.y >= s.g, on_y, t.g == t.y))
    return z3.Or(
        z3.And(t.honest == s.honest + 1, t.adversary == s.adversary, honest),
        z3.And(
            t.honest == s.honest,
            t.adversary == s.adversary + 1,
            z3.Or(on_x, on_y),
            t.g == s.g,
        ),
    )


INVARIANT = {
    "Wins": lambda s: z3.And(
        between(0, s.honest, HONEST + 1), between(0, s.adversary, ADVERSARY + 1)
    ),
    "Chains": lambda s: z3.And(
        s.x == s.honest + z3.If(s.adversary < LENT, s.adversary, LENT),
        s.y == larger(s.adversary - LENT, z3.IntVal(0)),
    ),
    "Shown": lambda s: between(0, s.g, s.x + 1),
}


def disagreement(s: State) -> Term:
    """At the end of the factor both chains are longest chains, and decide different blocks."""
    shorter = z3.If(s.x <= s.y, s.x, s.y)
    return z3.Implies(
        z3.And(s.honest == HONEST, s.adversary == ADVERSARY),
        shorter >= larger(s.g, DEPTH + 1),
    )


SYSTEM = System(
    name="private_attack",
    variables=VARIABLES,
    init=init,
    actions=(Action("HonestWin", honest_win), Action("AdversaryWin", adversary_win)),
    invariant=INVARIANT,
    properties={"Disagreement": disagreement},
    steps={"IsMove": is_move},
    assumptions={
        "Depth >= 0": DEPTH >= 0,
        "h >= 0": HONEST >= 0,
        "the factor is bad": z3.And(HONEST + ADVERSARY >= 2 * (DEPTH + 1), ADVERSARY >= HONEST),
    },
)


def conditions() -> Iterator[Condition]:
    """The verification conditions."""
    yield from inductive(SYSTEM)
