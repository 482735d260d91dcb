"""Evaluate z3 formulas on concrete values: what ties the proofs to the states that TLC visits.

    z3                        Python
    Int, Bool                 int, bool
    array                     `Table`: a default and the entries that differ from it
    datatype                  tuple: the constructor's name, then the fields

A formula is compiled once, to a Python function of an environment, which gives the values of its
constants and functions by name.  A quantifier over integers runs over the range that its guard
gives (``low <= i < high => ...``, as `induction.each` writes it); one over another sort runs over
``universe[sort]``, which must contain every value for which its guard can hold.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import z3

from model_consensus.errors import ModelConsensusError
from model_consensus.proofs.induction import Term

Environment = dict[str, Any]


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

# What z3's operations are in Python: a text for their arguments, or what to put between them.
_TEXTS: dict[int, str] = {
    z3.Z3_OP_TRUE: "True",
    z3.Z3_OP_FALSE: "False",
    z3.Z3_OP_NOT: "(not {})",
    z3.Z3_OP_IMPLIES: "(not {} or {})",
    z3.Z3_OP_ITE: "({1} if {0} else {2})",
    z3.Z3_OP_LE: "({} <= {})",
    z3.Z3_OP_LT: "({} < {})",
    z3.Z3_OP_GE: "({} >= {})",
    z3.Z3_OP_GT: "({} > {})",
    z3.Z3_OP_EQ: "({} == {})",
    z3.Z3_OP_DISTINCT: "({} != {})",  # of two, which is all that the proofs use
    z3.Z3_OP_SUB: "({} - {})",
    z3.Z3_OP_MUL: "({} * {})",
    z3.Z3_OP_UMINUS: "(-{})",
    z3.Z3_OP_SELECT: "{}[{}]",
    z3.Z3_OP_STORE: "{}.store({}, {})",
}
_BETWEEN: dict[int, str] = {z3.Z3_OP_AND: " and ", z3.Z3_OP_OR: " or ", z3.Z3_OP_ADD: " + "}

LONGEST = 300
"""A longer text becomes a function: Python's parser goes only so deep."""


@dataclass(frozen=True)
class Code:
    """A Python expression for a term.

    :ivar text: of the environment ``e`` and of the bound variables ``b0``, ``b1``, ...
    :ivar bound: the numbers of the variables that are free in it.
    """

    text: str
    bound: frozenset[int] = frozenset()


class Evaluator:
    """Compiles formulas; subformulas that they share are compiled once."""

    def __init__(self, universe: Callable[[Environment, str], Sequence[Any]] | None = None) -> None:
        self._universe = universe
        self._codes: dict[tuple[int, int], Code] = {}
        self._kept: list[Term] = []  # an id is good only while the term lives
        self._names: dict[str, Any] = {"values": self._values}

    def compile(self, term: Term) -> Callable[[Environment], Any]:
        """The value of ``term`` as a function of the environment."""
        return self._function(self._code(term, 0).text, [])

    def _function(self, text: str, parameters: Iterable[str]) -> Callable[..., Any]:
        function: Callable[..., Any] = eval(
            f"lambda {', '.join(['e', *parameters])}: {text}", self._names
        )
        return function

    def _code(self, term: Term, depth: int) -> Code:
        """The code of a term below quantifiers with ``depth`` variables."""
        key = term.get_id(), depth
        if key not in self._codes:
            self._kept.append(term)
            code = self._build(term, depth)
            if len(code.text) > LONGEST:
                name = f"f{len(self._names)}"
                bound = [f"b{number}" for number in sorted(code.bound)]
                self._names[name] = self._function(code.text, bound)
                code = Code(f"{name}({', '.join(['e', *bound])})", code.bound)
            self._codes[key] = code
        return self._codes[key]

    def _build(self, term: Term, depth: int) -> Code:
        if z3.is_quantifier(term):
            return self._quantifier(term, depth)
        if z3.is_var(term):
            number = depth - 1 - z3.get_var_index(term)
            return Code(f"b{number}", frozenset({number}))
        if z3.is_int_value(term):
            return Code(f"({term.as_long()})")
        codes = [self._code(child, depth) for child in term.children()]
        text = _text(term, [code.text for code in codes])
        return Code(text, frozenset().union(*(code.bound for code in codes)))

    def _quantifier(self, term: Term, depth: int) -> Code:
        inside = depth + term.num_vars()
        body = self._code(term.body(), inside)
        used = [body]
        if term.num_vars() == 1 and term.var_sort(0) == z3.IntSort():
            low, high = (self._code(bound, inside) for bound in guard(term))
            used += [low, high]
            values = f"b{depth} in range({low.text}, {high.text})"
        else:
            sorts = tuple(term.var_sort(index).name() for index in range(term.num_vars()))
            values = f"{''.join(f'b{n}, ' for n in range(depth, inside))} in values(e, {sorts})"
        decide = "all" if term.is_forall() else "any"
        free = frozenset().union(*(code.bound for code in used)) - {*range(depth, inside)}
        return Code(f"{decide}({body.text} for {values})", free)

    def _values(
        self, environment: Environment, sorts: tuple[str, ...]
    ) -> Iterable[tuple[Any, ...]]:
        """The values of variables of these sorts."""
        if self._universe is None:
            raise ModelConsensusError(f"no values are given for {', '.join(sorts)}")
        return product(*(self._universe(environment, sort) for sort in sorts))


def _text(term: Term, parts: list[str]) -> str:
    """A term that is no variable and no number, from the texts of its arguments."""
    kind, name = term.decl().kind(), term.decl().name()
    if kind in _TEXTS:
        return _TEXTS[kind].format(*parts)
    if kind in _BETWEEN:
        return f"({_BETWEEN[kind].join(parts)})"
    if kind == z3.Z3_OP_DT_CONSTRUCTOR:
        return f"({', '.join([repr(short_name(term.decl())), *parts])},)"
    if kind == z3.Z3_OP_DT_ACCESSOR:
        return f"{parts[0]}[{_field(term)}]"
    if kind in (z3.Z3_OP_DT_IS, z3.Z3_OP_DT_RECOGNISER):
        return f"({parts[0]}[0] == {short_name(term.decl().params()[0])!r})"
    if kind != z3.Z3_OP_UNINTERPRETED:
        raise ModelConsensusError(f"a proof's formula has {name}, which is not evaluated")
    return f"e[{name!r}]({', '.join(parts)})" if parts else f"e[{name!r}]"


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
