"""Cardinalities for any number of processes: counting functions, and lemmas proved by induction.

Processes are the integers 0 .. n-1 and a set of them is an array of Booleans.  The cardinality of
a set is defined by recursion over the processes,

    count(S, 0) = 0        count(S, i+1) = count(S, i) + (1 if S[i] else 0)

so that ``count(S, n)`` is the number of members.  Everything that a proof uses of it is one of the
lemmas below: a statement about ``count(_, i)`` for all i >= 0, proved by induction on i with two
conditions (base and step).  A proof names the instances that it needs.  No cardinality is ever
fixed and no fact of set theory is assumed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import z3

from model_consensus.proofs.induction import Condition, Term, between, each

INT, BOOL = z3.IntSort(), z3.BoolSort()
SET = z3.ArraySort(INT, BOOL)
TABLE = z3.ArraySort(INT, SET)  # a set for each process

count = z3.Function("count", SET, INT, INT)
EMPTY = z3.Const("empty", SET)
DEFINITION_OF_EMPTY = z3.ForAll([i := z3.Int("i")], z3.Not(EMPTY[i]), patterns=[EMPTY[i]])


def one(condition: Term) -> Term:
    """1 if the condition holds, else 0."""
    return z3.If(condition, z3.IntVal(1), z3.IntVal(0))


def counts(members: Term, size: Term) -> Term:
    """The definition of ``count(members, .)`` at 0 and at size + 1."""
    return z3.And(
        count(members, 0) == 0,
        count(members, size + 1) == count(members, size) + one(members[size]),
    )


# ------------------------------------------------------------------------------ the lemmas
# Each is a function of its instance; the last argument is the index of the induction.


def bounds(members: Term, size: Term) -> Term:
    """A cardinality is between 0 and the number of processes."""
    return between(0, count(members, size), size + 1)


def nothing(size: Term) -> Term:
    """The empty set has no members."""
    return count(EMPTY, size) == 0


def insertion(members: Term, process: Term, size: Term) -> Term:
    """To insert a process adds one, unless it was there."""
    return count(z3.Store(members, process, True), size) == count(members, size) + one(
        z3.And(between(0, process, size), z3.Not(members[process]))
    )


def removal(members: Term, process: Term, size: Term) -> Term:
    """To remove a process takes one away, if it was there."""
    return count(z3.Store(members, process, False), size) == count(members, size) - one(
        z3.And(between(0, process, size), members[process])
    )


def subset(part: Term, whole: Term, size: Term) -> Term:
    """A subset has no more members."""
    return z3.Implies(
        each(0, size, lambda q: z3.Implies(part[q], whole[q]), "q"),
        count(part, size) <= count(whole, size),
    )


def complement(members: Term, others: Term, size: Term) -> Term:
    """If everybody is in one of two sets, they have at least ``size`` members together."""
    return z3.Implies(
        each(0, size, lambda q: z3.Or(members[q], others[q]), "q"),
        size <= count(members, size) + count(others, size),
    )


def intersection(first: Term, second: Term, common: Term, size: Term) -> Term:
    """Two sets whose common members are in a third are not larger than the whole and the third."""
    return z3.Implies(
        each(0, size, lambda q: z3.Implies(z3.And(first[q], second[q]), common[q]), "q"),
        count(first, size) + count(second, size) <= size + count(common, size),
    )


def least_member(members: Term, key: Term, tie: Term, size: Term) -> Term:
    """A set without members is empty; another has one of least key, of equal ones of least tie."""
    w = z3.FreshInt("w")
    return z3.Or(
        z3.And(count(members, size) == 0, each(0, size, lambda q: z3.Not(members[q]), "q")),
        z3.Exists(
            [w],
            z3.And(
                between(0, w, size),
                members[w],
                each(
                    0,
                    size,
                    lambda v: z3.Implies(
                        members[v],
                        z3.Or(key[w] < key[v], z3.And(key[w] == key[v], tie[w] <= tie[v])),
                    ),
                    "v",
                ),
            ),
        ),
    )


# Multiplication by a symbol that the solver does not see through: what proofs need of it are the
# two lemmas below, and nonlinear arithmetic would make it wander.
times = z3.Function("times", INT, INT, INT)


def product(width: Term, factor: Term) -> Term:
    """The definition of ``times``."""
    return times(width, factor) == width * factor


def successor(width: Term, factor: Term) -> Term:
    """One more time."""
    return times(width, factor + 1) == times(width, factor) + width


def scaling(width: Term, low: Term, high: Term) -> Term:
    """Products keep the order."""
    return z3.Implies(z3.And(width >= 0, low <= high), times(width, low) <= times(width, high))


def distribution(one: Term, other: Term, both: Term, factor: Term) -> Term:
    """The product with a sum is the sum of the products."""
    return z3.Implies(
        both == one + other, times(both, factor) == times(one, factor) + times(other, factor)
    )


pairs = z3.Function("pairs", TABLE, INT, INT, INT)  # pairs(T, width, i): sum of count(T[q], width)


def sums(table: Term, width: Term, size: Term) -> Term:
    """The definition of ``pairs(table, width, .)`` at 0 and at size + 1."""
    return z3.And(
        pairs(table, width, 0) == 0,
        pairs(table, width, size + 1) == pairs(table, width, size) + count(table[size], width),
    )


NUMBERS = z3.ArraySort(INT, INT)
total = z3.Function("total", NUMBERS, INT, INT)  # total(a, i): a[0] + ... + a[i-1]


def totals(numbers: Term, size: Term) -> Term:
    """The definition of ``total(numbers, .)`` at 0 and at size + 1."""
    return z3.And(
        total(numbers, 0) == 0,
        total(numbers, size + 1) == total(numbers, size) + numbers[size],
    )


def decrease(before: Term, after: Term, process: Term, size: Term) -> Term:
    """If no number grows the total does not, and if one shrinks the total does."""
    shrinks = z3.And(between(0, process, size), after[process] < before[process])
    return z3.Implies(
        each(0, size, lambda q: after[q] <= before[q], "q"),
        z3.And(
            total(after, size) <= total(before, size),
            z3.Implies(shrinks, total(after, size) < total(before, size)),
        ),
    )


def everything(members: Term, size: Term) -> Term:
    """A set that contains all has ``size`` members."""
    return z3.Implies(each(0, size, lambda q: members[q], "q"), count(members, size) == size)


def full_rows(table: Term, members: Term, others: Term, width: Term, size: Term) -> Term:
    """If the rows of all members are full, but for those in another set, the table has at least
    ``width`` times as many entries as there are members less others."""
    return z3.Implies(
        each(
            0,
            size,
            lambda q: z3.Implies(
                z3.And(members[q], z3.Not(others[q])),
                each(0, width, lambda j: table[q][j], "j"),
            ),
            "q",
        ),
        pairs(table, width, size) >= times(width, count(members, size) - count(others, size)),
    )


@dataclass(frozen=True)
class Lemma:
    """A statement for all i >= 0, and the definitions and lemmas that its step uses."""

    name: str
    statement: Callable[[Term], Term]
    uses: Callable[[Term], tuple[Term, ...]]


def lemmas() -> tuple[Lemma, ...]:
    """The lemmas of this module, for arbitrary arguments."""
    a, b, c, e = (z3.Const(name, SET) for name in "abce")
    key, tie = (z3.Const(name, NUMBERS) for name in ("key", "tie"))
    t, p, width = z3.Const("t", TABLE), z3.Int("p"), z3.Int("width")
    inserted, removed = z3.Store(a, p, True), z3.Store(a, p, False)
    wide = width >= 0

    def row(i: Term) -> tuple[Term, ...]:
        difference = count(a, i) - count(b, i)
        return (
            *(product(width, difference + k) for k in (-1, 0, 1)),
            product(width, count(a, i + 1) - count(b, i + 1)),
            sums(t, width, i),
            wide,
            counts(a, i),
            counts(b, i),
            everything(t[i], width),
            bounds(t[i], width),
        )

    return (
        Lemma("bounds", lambda i: bounds(a, i), lambda i: (counts(a, i),)),
        Lemma("nothing", nothing, lambda i: (counts(EMPTY, i), DEFINITION_OF_EMPTY)),
        Lemma(
            "insertion",
            lambda i: insertion(a, p, i),
            lambda i: (counts(a, i), counts(inserted, i)),
        ),
        Lemma("removal", lambda i: removal(a, p, i), lambda i: (counts(a, i), counts(removed, i))),
        Lemma("subset", lambda i: subset(a, b, i), lambda i: (counts(a, i), counts(b, i))),
        Lemma("complement", lambda i: complement(a, b, i), lambda i: (counts(a, i), counts(b, i))),
        Lemma(
            "intersection",
            lambda i: intersection(a, b, c, i),
            lambda i: (counts(a, i), counts(b, i), counts(c, i)),
        ),
        Lemma(
            "least_member",
            lambda i: least_member(a, key, tie, i),
            lambda i: (counts(a, i), bounds(a, i)),
        ),
        Lemma(
            "decrease",
            lambda i: decrease(key, tie, p, i),
            lambda i: (totals(key, i), totals(tie, i)),
        ),
        Lemma("everything", lambda i: everything(e, i), lambda i: (counts(e, i),)),
        Lemma("full_rows", lambda i: full_rows(t, a, b, width, i), row),
    )


def conditions() -> Iterator[Condition]:
    """Base and step of each lemma."""
    i, low, high = z3.Ints("i low high")
    zero = z3.IntVal(0)
    yield Condition(
        "counting: scaling",
        {"definition": z3.And(product(i, low), product(i, high))},
        scaling(i, low, high),
    )
    yield Condition(
        "counting: successor",
        {"definition": z3.And(product(i, low), product(i, low + 1))},
        successor(i, low),
    )
    yield Condition(
        "counting: distribution",
        {"definition": z3.And(*(product(width, i) for width in (low, high, low + high)))},
        distribution(low, high, low + high, i),
    )
    for lemma in lemmas():
        yield Condition(
            f"counting: {lemma.name}, base", {}, lemma.statement(zero), lemma.uses(zero)
        )
        yield Condition(
            f"counting: {lemma.name}, step",
            {"i >= 0": i >= 0, "for i": lemma.statement(i)},
            lemma.statement(i + 1),
            lemma.uses(i),
        )
