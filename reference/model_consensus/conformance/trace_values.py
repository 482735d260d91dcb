"""What the states of a trace hold, and the values that stand for it in TLC.

Each variable of a module has a shape.  It finds what is malformed, by its place, before TLC sees
it; and since it knows what is a process, a message or a model, it gives each of them a name of its
own kind in TLC, so what a user calls them cannot matter.  Models become numbers, and losses that
TLC cannot hold become their ranks.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Protocol

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import is_single, single
from model_consensus.pow_learner import NOBODY
from model_consensus.tla.differences import inner, short
from model_consensus.tla.values import Function, Value, function, ordered, show

GENESIS = 1 << 30
"""The number of the genesis model; the other models' numbers follow."""

LARGEST = (1 << 29) - 1
"""The largest number in a trace but for losses: TLC's integers have 32 bits."""


class MalformedError(ModelConsensusError):
    """A value has not its shape.

    :ivar place: where in the state, as in ``.p1.offered``; it grows while the error rises.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = ""


class TooLargeError(ModelConsensusError):
    """A number that TLC cannot hold."""


@dataclass
class Names:
    """What processes, messages, models and losses are called in TLC.

    :ivar process: a process's name in TLC.
    :ivar message: a message's name.
    :ivar model: a model's number; the genesis is ``GENESIS``.
    :ivar past: models that are earlier than the genesis of a window, or no descendants of it.
    :ivar elder: the numbers of those of them that are named; they are less than ``GENESIS``.
    :ivar rank: the numbers of losses, if they are not the losses themselves.
    :ivar losses: every loss and every claim that was encoded.
    :ivar stranger: names in tickets that are no process's, which a Byzantine process may write.
    :ivar draws: how many draws a process has.
    :ivar weights: the numbers of weights; those of a single draw have the draw's.
    """

    process: Mapping[str, str]
    message: Mapping[str, str]
    model: Mapping[str, int]
    rank: Mapping[int, int] = field(default_factory=dict)
    losses: set[int] = field(default_factory=set)
    stranger: dict[str, str] = field(default_factory=dict)
    draws: int = 0
    weights: dict[tuple[int, ...], int] = field(default_factory=dict)
    past: AbstractSet[str] = frozenset()
    elder: dict[str, int] = field(default_factory=dict)

    def encode(self, kind: str, value: Value) -> Value:
        """What stands for a value of the trace.

        :raises MalformedError: it is not of this kind.
        :raises TooLargeError: TLC cannot hold it.
        """
        if kind in ("natural", "loss"):
            if type(value) is not int or value < 0:
                raise MalformedError(f"{short(value)} is not a natural number")
            if kind == "natural":
                if value > LARGEST:
                    raise TooLargeError(f"the number {value} is too large for TLC")
                return value
            self.losses.add(value)
            return self.rank.get(value, value)
        if kind == "weights":
            return self._weights(value)
        if kind == "drawer":
            return NOBODY if value == NOBODY else self.encode("process", value)
        if kind == "proposer" and isinstance(value, str):
            known = self.process.get(value)
            return known or self.stranger.setdefault(value, f"x{len(self.stranger)}")
        table: Mapping[str, Value] = getattr(self, "process" if kind == "proposer" else kind)
        if not isinstance(value, str):
            raise MalformedError(f"{short(value)} is not the name of a {kind}")
        if kind == "model" and value not in table and value in self.past:
            return self.elder.setdefault(value, GENESIS - 1 - len(self.elder))
        if value not in table:
            raise MalformedError(f"{show(value)} is not a {kind} of this trace")
        return table[value]

    def decode(self, kind: str, value: Value) -> Value:
        """The value of the trace that a value of TLC stands for."""
        if kind not in self._back:
            table: Mapping[Any, Value] = self.rank if kind == "loss" else getattr(self, kind, {})
            if kind == "proposer":
                table = {**self.process, **self.stranger}
            if kind == "drawer":
                table = self.process
            if kind == "model":
                table = {**self.model, **self.elder}
            self._back[kind] = {number: name for name, number in table.items()}
        if kind == "weights" and isinstance(value, int) and 0 < value <= self.draws:
            return single(value - 1, self.draws)
        unlisted = "(a model that is not listed)" if kind == "model" else value
        return self._back[kind].get(value, unlisted)

    def combinations(self) -> list[tuple[int, ...]]:
        """The weights that are not those of a single draw, in the order of their numbers."""
        return list(self.weights)

    def _weights(self, value: Value) -> int:
        if not isinstance(value, tuple) or not all(type(weight) is int for weight in value):
            raise MalformedError(f"{short(value)} is not a sequence of integers")
        weights = tuple(weight for weight in value if type(weight) is int)
        if any(abs(weight) > LARGEST for weight in weights):
            raise TooLargeError(f"the weight {max(weights, key=abs)} is too large for TLC")
        if len(weights) == self.draws and is_single(weights):
            return weights.index(1) + 1
        return self.weights.setdefault(weights, self.draws + 1 + len(self.weights))

    _back: dict[str, dict[Value, Value]] = field(default_factory=dict)


@dataclass(frozen=True)
class Conversion:
    """How atoms are converted: by `Names.encode` or `Names.decode`.

    :ivar known: what has become of the functions and sets so far, by shape and identity: a state
        shares most of them with the one before it.
    """

    atom: Callable[[str, Value], Value]
    known: dict[tuple["Shape", int], tuple[Value, Value]] = field(default_factory=dict)


class Shape(Protocol):
    """What a value must look like."""

    def convert(self, value: Value, conversion: Conversion) -> Value:
        """The value with its atoms converted.

        :raises MalformedError: it has not this shape.
        """
        ...


@dataclass(frozen=True, eq=False)
class Atom:
    """A number, a loss, or the name of a process, a message or a model.

    Who stands in a ticket is a ``drawer``, a process or nobody, or a ``proposer``, any name.
    """

    kind: str

    def convert(self, value: Value, conversion: Conversion) -> Value:
        """See `Shape`."""
        return conversion.atom(self.kind, value)


@dataclass(frozen=True, eq=False)
class SequenceOf:
    """A sequence; ``least`` and ``most`` bound its length."""

    item: Shape
    least: int = 0
    most: int | None = None

    def convert(self, value: Value, conversion: Conversion) -> Value:
        """See `Shape`."""
        if not isinstance(value, tuple):
            raise MalformedError(f"{short(value)} is not a sequence")
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            raise MalformedError(f"a sequence of {len(value)} elements cannot stand here")
        return tuple(
            [inside(index, self.item, each, conversion) for index, each in enumerate(value, 1)]
        )


@dataclass(frozen=True, eq=False)
class SetOf:
    """A set."""

    item: Shape

    def convert(self, value: Value, conversion: Conversion) -> Value:
        """See `Shape`."""
        if not isinstance(value, frozenset):
            raise MalformedError(f"{short(value)} is not a set")
        return frozenset([converted(self.item, each, conversion) for each in value])


@dataclass(frozen=True, eq=False)
class Record:
    """A record with these fields."""

    fields: Mapping[str, Shape]

    def convert(self, value: Value, conversion: Conversion) -> Value:
        """See `Shape`."""
        items = _items(value, "record")
        for name in self.fields:
            if name not in items:
                raise MalformedError(f"the field {name} is missing")
        for given in items:
            if given not in self.fields:
                raise MalformedError(f"the field {short(given)} is not in the specification")
        return Function(
            {
                name: inside(name, shape, items[name], conversion)
                for name, shape in self.fields.items()
            }
        )


@dataclass(frozen=True, eq=False)
class Table:
    """A function; ``domain`` is a kind of atoms."""

    domain: str
    item: Shape

    def convert(self, value: Value, conversion: Conversion) -> Value:
        """See `Shape`."""
        items = _items(value, "function")
        return function(
            {
                conversion.atom(self.domain, key): inside(key, self.item, items[key], conversion)
                for key in items
            }
        )


def _items(value: Value, kind: str) -> Mapping[Value, Value]:
    """The items of a function; an empty one is an empty sequence."""
    if isinstance(value, Function):
        return value
    if value == ():
        return {}
    raise MalformedError(f"{short(value)} is not a {kind}")


def converted(shape: Shape, value: Value, conversion: Conversion) -> Value:
    """A value converted, a function or a set only once.

    :raises MalformedError: it has not this shape.
    """
    if not isinstance(value, Function | frozenset):
        return shape.convert(value, conversion)
    place = shape, id(value)
    if place not in conversion.known:  # It keeps the value: nothing else gets its identity.
        conversion.known[place] = value, shape.convert(value, conversion)
    return conversion.known[place][1]


def inside(key: Value, shape: Shape, value: Value, conversion: Conversion) -> Value:
    """A value that stands at ``key`` in another one, converted."""
    try:
        return converted(shape, value, conversion)
    except MalformedError as error:
        error.place = inner("x", key)[1:] + error.place
        raise


def numbered(prefix: str, names: Iterable[Value]) -> dict[str, str]:
    """Plain names for these: p1, p2 and so on."""
    return {str(name): f"{prefix}{number}" for number, name in enumerate(ordered(names), 1)}
