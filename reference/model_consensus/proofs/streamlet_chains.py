"""Chains of Streamlet as a solver sees them, and lemmas about them by induction over the blocks.

A block is its chain, a recursive datatype.  What blocks carry plays no part in consistency, so a
payload is any integer (the specification allows fewer).
"""

from collections.abc import Iterator

import z3

from model_consensus.proofs.counting import INT
from model_consensus.proofs.induction import Condition, Term, between, datatype

Block = datatype("Block", genesis={}, extend={"parent": None, "number": INT, "payload": INT})

length = z3.Function("Len", Block, INT)
ancestor = z3.Function("Ancestor", Block, INT, Block)  # the block of length at most h in a chain

_b = z3.Const("b", Block)
_h, _e, _x = z3.Int("h"), z3.Int("e"), z3.Int("x")


def epoch(b: Term) -> Term:
    """The epoch of a block; the genesis has epoch 0."""
    return z3.If(Block.is_genesis(b), 0, Block.number(b))


LENGTH = (
    length(Block.genesis) == 0,
    z3.ForAll(
        [_b, _e, _x],
        length(Block.extend(_b, _e, _x)) == length(_b) + 1,
        patterns=[length(Block.extend(_b, _e, _x))],
    ),
)
NOT_NEGATIVE = z3.ForAll([_b], length(_b) >= 0, patterns=[length(_b)])


def unfold(b: Term, h: Term) -> Term:
    """The definition of ``ancestor`` at one place."""
    return ancestor(b, h) == z3.If(length(b) <= h, b, ancestor(Block.parent(b), h))


def composition(b: Term, h: Term, g: Term) -> Term:
    """An ancestor's ancestor is an ancestor, and has the length that it should have."""
    return z3.Implies(
        z3.And(between(0, g, h + 1), h <= length(b)),
        z3.And(ancestor(ancestor(b, h), g) == ancestor(b, g), length(ancestor(b, h)) == h),
    )


def chain_lemmas() -> Iterator[Condition]:
    """Facts about chains, by induction over the blocks."""
    b, e, x, h, g = z3.Const("parent", Block), *(z3.Int(name) for name in "exhg")
    child = Block.extend(b, e, x)
    yield Condition("streamlet: length, base", {}, length(Block.genesis) >= 0, LENGTH)
    yield Condition(
        "streamlet: length, step", {"parent": length(b) >= 0}, length(child) >= 0, LENGTH
    )
    definitions = (*LENGTH, NOT_NEGATIVE)

    for name, block, known in (("base", Block.genesis, ()), ("step", child, (b,))):
        yield Condition(
            f"streamlet: composition, {name}",
            {"parent": z3.And(*(composition(other, h, g) for other in known))},
            composition(block, h, g),
            (
                *definitions,
                unfold(block, h),
                unfold(block, g),
                unfold(ancestor(block, h), g),
            ),
        )


def is_compatible(b: Term, c: Term) -> Term:
    """The shorter chain is a prefix of the longer."""
    return z3.Implies(length(b) <= length(c), ancestor(c, length(b)) == b)
