"""Traces as a TLA+ module: the data of one run of a ``Trace*.tla`` specification.

Every state of every trace goes into the module, so equal values are written once, into registers of
TLC, and a value that continues an earlier one refers to it.  Models become numbers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import TypeGuard

from model_consensus.conformance.traces import Trace, TraceError
from model_consensus.tla.values import Function, Value, function, ordered, show

_FIELD = re.compile(r"[a-z][A-Za-z0-9_]*")  # no reserved word of TLA+ begins with a small letter

_NAME = re.compile(r"[ !#-\[\]-~]*")

INLINE = 40
"""Characters; a longer expression gets a name."""


def is_name(value: Value) -> bool:
    """Whether it is a string that TLC reads as it is: ASCII, without quotes and backslashes."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


class Writer:
    """Writes values as expressions; the larger ones go into TLC's registers, in order.

    :param first: the first free register.
    """

    def __init__(self, first: int) -> None:
        self.lines: list[str] = []
        self._next = first
        self._names: dict[Value, str] = {}

    def define(self, expression: str, register: int | None = None) -> str:
        """Put the expression's value into a register; the result reads it."""
        if register is None:
            register, self._next = self._next, self._next + 1
        self.lines.append(f"    /\\ TLCSet({register}, {expression})")
        return f"TLCGet({register})"

    def write(self, value: Value) -> str:
        """An expression for ``value``."""
        if isinstance(value, bool | int | str):
            return show(value)
        if value in self._names:
            return self._names[value]
        expression = self._expression(value)
        if len(expression) > INLINE:
            expression = self._names[value] = self.define(expression)
        return expression

    def once(self, value: Value, expression: str) -> str:
        """The name of ``value``, defined by ``expression`` if it has none yet."""
        if value not in self._names:
            self._names[value] = self.define(expression)
        return self._names[value]

    def _expression(self, value: Value) -> str:
        if isinstance(value, tuple):
            if len(value) > 1 and value[:-1] in self._names:
                return f"Append({self._names[value[:-1]]}, {self.write(value[-1])})"
            return "<<" + ", ".join(map(self.write, value)) + ">>"
        if isinstance(value, frozenset):
            return _numbers(value) or "{" + ", ".join(map(self.write, ordered(value))) + "}"
        assert isinstance(value, Function)
        if all(isinstance(key, str) and _FIELD.fullmatch(key) for key in value):
            fields = (f"{key} |-> {self.write(value[key])}" for key in value)
            return "[" + ", ".join(fields) + "]"
        return "(" + " @@ ".join(f"{self.write(k)} :> {self.write(value[k])}" for k in value) + ")"


def _numbers(values: AbstractSet[Value]) -> str | None:
    """A set of numbers as a union of intervals; None if it is empty or has something else."""
    numbers = sorted(value for value in values if type(value) is int)
    if not numbers or len(numbers) < len(values):
        return None
    ends = [n for n, after in pairwise([*numbers, numbers[-1] + 2]) if after > n + 1]
    starts = [n for before, n in pairwise([numbers[0] - 2, *numbers]) if n > before + 1]
    return " \\cup ".join(f"({a} .. {b})" for a, b in zip(starts, ends, strict=True))


def write_trace(writer: Writer, trace: Trace, numbers: "Numbers", register: int) -> None:
    """Put ``trace`` into a register, as the record that the specification of traces expects.

    :raises TraceError: a model's parent is unknown, its ticket is malformed, or a number is too
        large.
    """
    drawn: list[dict[str, dict[int, int]]] = [{} for _ in range(len(trace.models) + 1)]
    generations: list[int] = []
    for name, origin in trace.models.items():
        parent = numbers.model.get(origin.parent)
        if parent is None or parent >= numbers.model[name]:
            raise TraceError(
                f"{trace.source}: model {name}: its parent {origin.parent} does not stand before it"
            )
        generation, proposer, draw = (origin.ticket.get(field) for field in TICKET)
        expected = 1 if parent == GENESIS else generations[parent - GENESIS - 1] + 1
        if generation != expected or not isinstance(proposer, str) or not _is_draw(draw):
            raise TraceError(f"{trace.source}: model {name}: it has no legal ticket on its parent")
        generations.append(expected)
        drawn[parent - GENESIS].setdefault(proposer, {})[draw] = numbers.model[name]
    children = [
        {
            proposer: tuple(by_draw.get(draw, 0) for draw in range(max(by_draw) + 1))
            for proposer, by_draw in each.items()
        }
        for each in drawn
    ]
    losses = writer.define(
        writer.write(tuple(numbers.loss(origin.loss) for origin in trace.models.values()))
    )
    table: dict[Value, Value] = {
        numbers.model[name]: numbers.loss(each.loss) for name, each in trace.models.items()
    }
    states = []
    for recorded in trace.states:
        fields = []
        for variable, value in numbers.state(recorded).items():
            written = None
            if variable == "loss" and isinstance(value, Function):
                written = _losses(writer, losses, table, value)
            fields.append(f"{variable} |-> {written or writer.write(value)}")
        states.append(writer.define("[" + ", ".join(fields) + "]"))
    blocks = ", ".join(map(str, _block_models(trace, children)))
    writer.define(
        f"[states |-> <<{', '.join(states)}>>, losses |-> {losses}, "
        f"generations |-> <<{', '.join(map(str, generations))}>>, blocks |-> <<{blocks}>>, "
        f"children |-> <<{', '.join(writer.write(function(each)) for each in children)}>>]",
        register,
    )


TICKET = ("generation", "proposer", "draw")
MOST_DRAWS = 1 << 20


def _is_draw(draw: Value | None) -> TypeGuard[int]:
    return type(draw) is int and 0 <= draw < MOST_DRAWS


def _losses(
    writer: Writer, losses: str, table: Mapping[Value, Value], value: Function
) -> str | None:
    """The variable ``loss`` as a restriction of the landscape, if it is one."""
    domain = _numbers(set(value))
    if domain is None or any(table.get(model) != value[model] for model in value):
        return None
    expression = f"[m \\in {domain} |-> {losses}[m - {GENESIS}]]"
    return writer.once(value, expression)


def _block_models(trace: Trace, children: Sequence[Mapping[str, tuple[int, ...]]]) -> list[int]:
    """For a specification with a variable ``blocks``: the model of each block; 0 if undrawn."""
    models: list[int] = []
    blocks = trace.states[-1].get("blocks")
    for block in blocks if isinstance(blocks, tuple) else ():
        place = block.get("parent") if isinstance(block, Function) else None
        ticket = block.get("ticket") if isinstance(block, Function) else None
        parent = GENESIS if place == 0 else 0
        if isinstance(place, int) and 1 <= place <= len(models):
            parent = models[place - 1]
        model = 0
        if parent >= GENESIS and isinstance(ticket, Function):
            drawn = children[parent - GENESIS].get(str(ticket.get("proposer")), ())
            draw = ticket.get("draw")
            model = drawn[draw] if _is_draw(draw) and draw < len(drawn) else 0
        models.append(model)
    return models


GENESIS = 1 << 30
"""The number of the genesis model; the other models' numbers follow."""
LOSSES = 1 << 29
"""Losses that TLC cannot hold are replaced by their ranks, from this number on."""


class Numbers:
    """Models and losses of a trace as the numbers that stand for them in TLA+.

    TLC's integers have 32 bits, and a specification only compares losses with each other: if one
    is too large, all are replaced by numbers in the same order.

    :raises TraceError: another number of the trace is too large.
    """

    def __init__(self, trace: Trace) -> None:
        names = [trace.genesis, *trace.models]
        self.model = {name: GENESIS + index for index, name in enumerate(names)}
        self._name = {number: name for name, number in self.model.items()}
        self._done: dict[Value, Value] = {}
        losses = sorted(losses_of(trace))
        self._rank = {}
        if losses and losses[-1] >= LOSSES:
            self._rank = {loss: LOSSES + index for index, loss in enumerate(losses)}
        self._loss = {number: loss for loss, number in self._rank.items()}
        self.losses = frozenset(map(self.loss, losses))
        self._source = trace.source

    def loss(self, loss: int) -> int:
        """The number of a loss or a claim."""
        return self._rank.get(loss, loss)

    def state(self, state: Function) -> dict[str, Value]:
        """A state as it stands in the module."""
        return {str(variable): self._number(state[variable], variable) for variable in state}

    def original(self, value: Value) -> Value:
        """The value of the trace that a value of the module stands for."""
        if isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return self._name.get(value, self._loss.get(value, value))
        return _map(value, self.original, lambda key, item: self.original(item))

    def _number(self, value: Value, field: Value = None) -> Value:  # type: ignore[assignment]
        if isinstance(value, str):
            if value not in self.model and not is_name(value):
                raise TraceError(f"{self._source}: TLC cannot read the string {value[:60]!a}")
            return self.model.get(value, value)
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            number = self.loss(value) if field == "claim" else value
            if not -LOSSES < number < GENESIS:
                raise TraceError(f"{self._source}: the number {value} is too large for TLC")
            return number
        if field == "loss" and isinstance(value, Function | tuple):
            return _map(value, self._number, lambda key, item: self._number(item, "claim"))
        if value not in self._done:
            self._done[value] = _map(value, self._number, lambda key, item: self._number(item, key))
        return self._done[value]


def _map(
    value: Value, element: Callable[[Value], Value], entry: Callable[[Value, Value], Value]
) -> Value:
    """``value`` with its elements replaced, and the items of a function by key."""
    if isinstance(value, tuple):
        return tuple(entry(None, item) for item in value)  # type: ignore[arg-type]
    if isinstance(value, frozenset):
        return frozenset(map(element, value))
    assert isinstance(value, Function)
    return function({element(key): entry(key, item) for key, item in value.items()})


def losses_of(trace: Trace) -> set[int]:
    """Every loss and every claim that occurs."""
    found: set[int] = set()
    seen: set[Value] = set()

    def search(value: Value) -> None:
        if isinstance(value, bool | int | str) or value in seen:
            return
        seen.add(value)
        if isinstance(value, Function):
            if isinstance(claim := value.get("claim"), int):
                found.add(claim)
            for key in value:
                search(key)
                search(value[key])
        else:
            for item in value:
                search(item)

    found.update(origin.loss for origin in trace.models.values())
    for state in trace.states:
        search(state)
    return found


def module_text(name: str, extends: str, traces: Sequence[Trace], last_good: str) -> Iterator[str]:
    """The lines of the module ``name``, with ``TheCount``, ``TheLastGood`` and ``TheLosses``."""
    writer = Writer(len(traces) + 1)
    losses: set[Value] = set()
    for register, trace in enumerate(traces, 1):
        numbers = Numbers(trace)
        write_trace(writer, trace, numbers, register)
        losses |= numbers.losses
    yield f"---- MODULE {name} ----"
    yield f"EXTENDS {extends}"
    yield "ASSUME"
    yield from writer.lines
    yield f"TheCount == {len(traces)}"
    yield f"TheLastGood == {last_good}"
    yield f"TheLosses == {show(frozenset(losses))}"
    yield "===="
