"""Evaluate z3 formulas on concrete values: what ties the proofs to the states that TLC visits.

    z3                        Python
    Int, Bool                 int, bool
    array                     `Table`: a default and the entries that differ from it
    datatype                  tuple: the constructor's name, then the fields

A formula is compiled once, to closures over an environment that gives the values of its constants
and functions by name.  A quantifier over integers runs over the range that its guard gives
(``low <= i < high => ...``, as `induction.each` writes it); one over another sort runs over
``universe[sort]``, which must contain every value for which its guard can hold.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import z3

from model_consensus.errors import ModelConsensusError
from model_consensus.proofs.induction import Term

Environment = dict[str, Any]
Code = Callable[[Environment, list[Any]], Any]  # of the environment and the bound variables


class Table:
    """An immutable total function with finitely many entries that differ from its default."""

    __slots__ = ("_hash", "default", "entries")

    def __init__(self, default: Any, entries: Mapping[Any, Any] | None = None) -> None:
        self.default = default
        self.entries = {k: v for k, v in (entries or {}).items() if v != default}
        self._hash: int | None = None

    def __getitem__(self, key: Any) -> Any:
        return self.entries.get(key, self.default)

    def store(self, key: Any, value: Any) -> "Table":
        """The table with one entry replaced."""
        return Table(self.default, {**self.entries, key: value})

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Table)
            and self.default == other.default
            and self.entries == other.entries
        )

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.default, frozenset(self.entries.items())))
        return self._hash

    def __repr__(self) -> str:
        return f"Table({self.default!r}, {self.entries!r})"


def count(members: Table, size: int) -> int:
    """The cardinality of counting.py."""
    return sum(members[index] for index in range(size))


FUNCTIONS: Environment = {
    "count": count,
    "times": lambda width, factor: width * factor,
    "empty": Table(False),
}

# What z3's operations compute from the values of their arguments.
_STRICT: dict[int, Callable[..., Any]] = {
    z3.Z3_OP_TRUE: lambda: True,
    z3.Z3_OP_FALSE: lambda: False,
    z3.Z3_OP_NOT: operator.not_,
    z3.Z3_OP_LE: operator.le,
    z3.Z3_OP_LT: operator.lt,
    z3.Z3_OP_GE: operator.ge,
    z3.Z3_OP_GT: operator.gt,
    z3.Z3_OP_EQ: operator.eq,
    z3.Z3_OP_DISTINCT: operator.ne,  # of two, which is all that the proofs use
    z3.Z3_OP_ADD: lambda *numbers: sum(numbers),
    z3.Z3_OP_SUB: operator.sub,
    z3.Z3_OP_MUL: operator.mul,
    z3.Z3_OP_UMINUS: operator.neg,
    z3.Z3_OP_SELECT: operator.getitem,
    z3.Z3_OP_STORE: lambda table, key, value: table.store(key, value),
}

# Those that need not evaluate every argument: it may have no value where the others decide.
_LAZY: dict[int, Callable[[list[Code]], Code]] = {
    z3.Z3_OP_AND: lambda parts: lambda env, bound: all(part(env, bound) for part in parts),
    z3.Z3_OP_OR: lambda parts: lambda env, bound: any(part(env, bound) for part in parts),
    z3.Z3_OP_IMPLIES: lambda parts: (
        lambda env, bound: not parts[0](env, bound) or parts[1](env, bound)
    ),
    z3.Z3_OP_ITE: lambda parts: (
        lambda env, bound: parts[1](env, bound) if parts[0](env, bound) else parts[2](env, bound)
    ),
}


def _constructor(term: Term) -> Callable[..., Any]:
    short = short_name(term.decl())
    return lambda *fields: (short, *fields)


def _recognizer(term: Term) -> Callable[..., Any]:
    constructor = short_name(term.decl().params()[0])
    return lambda value: value[0] == constructor


# Those that depend on the datatype of the term.
_OF_DATATYPES: dict[int, Callable[[Term], Callable[..., Any]]] = {
    z3.Z3_OP_DT_CONSTRUCTOR: _constructor,
    z3.Z3_OP_DT_ACCESSOR: lambda term: operator.itemgetter(_field(term)),
    z3.Z3_OP_DT_IS: _recognizer,
    z3.Z3_OP_DT_RECOGNISER: _recognizer,
}


class Evaluator:
    """Compiles formulas; subformulas that they share are compiled once."""

    def __init__(self, universe: Callable[[Environment, str], Sequence[Any]] | None = None) -> None:
        self._universe = universe
        self._compiled: dict[int, Code] = {}
        self._kept: list[Term] = []  # an id is good only while the term lives

    def compile(self, term: Term) -> Callable[[Environment], Any]:
        """The value of ``term`` as a function of the environment."""
        code = self._code(term)
        return lambda environment: code(environment, [])

    def _code(self, term: Term) -> Code:
        key = term.get_id()
        if key not in self._compiled:
            self._kept.append(term)
            self._compiled[key] = self._build(term)
        return self._compiled[key]

    def _build(self, term: Term) -> Code:
        if z3.is_quantifier(term):
            return self._quantifier(term)
        if z3.is_var(term):
            position = z3.get_var_index(term) + 1
            return lambda environment, bound: bound[-position]
        if z3.is_int_value(term):
            number = term.as_long()
            return lambda environment, bound: number
        kind, name = term.decl().kind(), term.decl().name()
        parts = [self._code(child) for child in term.children()]
        if kind in _LAZY:
            return _LAZY[kind](parts)
        if kind in _STRICT:
            return _applied(_STRICT[kind], parts)
        if kind in _OF_DATATYPES:
            return _applied(_OF_DATATYPES[kind](term), parts)
        if kind != z3.Z3_OP_UNINTERPRETED:
            raise ModelConsensusError(f"a proof's formula has {name}, which is not evaluated")
        if not parts:
            return lambda environment, bound: environment[name]
        return lambda environment, bound: environment[name](
            *(part(environment, bound) for part in parts)
        )

    def _quantifier(self, term: Term) -> Code:
        body = self._code(term.body())
        number = term.num_vars()
        if number == 1 and term.var_sort(0) == z3.IntSort():
            low, high = (self._code(bound) for bound in guard(term))

            def values(environment: Environment, bound: list[Any]) -> Iterable[tuple[Any, ...]]:
                bound = [*bound, None]  # the bounds do not use the variable
                return zip(range(low(environment, bound), high(environment, bound)), strict=True)
        else:
            sorts = [term.var_sort(index).name() for index in range(number)]

            def values(environment: Environment, bound: list[Any]) -> Iterable[tuple[Any, ...]]:
                if self._universe is None:
                    raise ModelConsensusError(f"no values are given for {', '.join(sorts)}")
                return product(*(self._universe(environment, sort) for sort in sorts))

        decide = all if term.is_forall() else any
        return lambda environment, bound: decide(
            body(environment, [*bound, *value]) for value in values(environment, bound)
        )


def _applied(operation: Callable[..., Any], parts: list[Code]) -> Code:
    """The operation on the values of its arguments; the usual numbers of them without a loop."""
    if len(parts) == 1:
        (only,) = parts
        return lambda environment, bound: operation(only(environment, bound))
    if len(parts) == 2:
        left, right = parts
        return lambda environment, bound: operation(
            left(environment, bound), right(environment, bound)
        )
    return lambda environment, bound: operation(*(part(environment, bound) for part in parts))


def short_name(declaration: z3.FuncDeclRef) -> str:
    """The name of a constructor without that of its sort."""
    return str(declaration.name()).rpartition(".")[2]


def guard(term: Term) -> tuple[Term, Term]:
    """low and high of ``ForAll i: low <= i and i < high => ...``, below the quantifier."""
    body = term.body()
    if z3.is_implies(body) and z3.is_and(body.arg(0)):
        low = high = None
        for part in body.arg(0).children():
            left, right = part.children() if len(part.children()) == 2 else (part, part)
            if z3.is_le(part) and _is_bound(right):
                low = left
            elif z3.is_ge(part) and _is_bound(left):
                low = right
            elif z3.is_lt(part) and _is_bound(left):
                high = right
        if low is not None and high is not None:
            return low, high
    raise ModelConsensusError(f"a quantifier without a range: {term}")


def _is_bound(term: Term) -> bool:
    return bool(z3.is_var(term) and z3.get_var_index(term) == 0)


def _field(term: Term) -> int:
    """The position of an accessor's field in the tuple of a value."""
    sort = term.arg(0).sort()
    for constructor in range(sort.num_constructors()):
        for index in range(sort.constructor(constructor).arity()):
            if sort.accessor(constructor, index) == term.decl():
                return index + 1
    raise ModelConsensusError(f"no field {term.decl()}")
