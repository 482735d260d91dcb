"""Traces as a TLA+ module: the data of one run of a ``Trace*.tla`` specification.

Every state of every trace goes into the module, so equal values are written once, as definitions
that TLC evaluates once, and a value that continues an earlier one refers to it.  Models become
numbers.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from model_consensus.traces import Trace, TraceError
from model_consensus.values import Function, Value, function, ordered, record, show

_FIELD = re.compile(r"[a-z][A-Za-z0-9_]*")  # no reserved word of TLA+ begins with a small letter

INLINE = 40
"""Characters; a longer expression gets a name."""


class Writer:
    """Writes values as expressions, the larger ones as definitions that it collects."""

    def __init__(self) -> None:
        self.definitions: list[str] = []
        self._names: dict[Value, str] = {}

    def define(self, expression: str) -> str:
        """A name for the expression."""
        name = f"V{len(self.definitions)}"
        self.definitions.append(f"{name} == {expression}")
        return name

    def write(self, value: Value, before: Value | None = None) -> str:
        """An expression for ``value``; ``before`` is a value that it may continue."""
        if isinstance(value, bool | int | str):
            return show(value)
        if value in self._names:
            return self._names[value]
        expression = self._expression(value, before)
        if len(expression) > INLINE:
            expression = self._names[value] = self.define(expression)
        return expression

    def _expression(self, value: Value, before: Value | None) -> str:
        if isinstance(value, tuple):
            if len(value) > 1 and value[:-1] in self._names:
                return f"Append({self._names[value[:-1]]}, {self.write(value[-1])})"
            return "<<" + ", ".join(map(self.write, value)) + ">>"
        if isinstance(value, frozenset):
            return "{" + ", ".join(map(self.write, ordered(value))) + "}"
        assert isinstance(value, Function)
        if all(isinstance(key, str) and _FIELD.fullmatch(key) for key in value):
            fields = (f"{key} |-> {self.write(value[key])}" for key in value)
            return "[" + ", ".join(fields) + "]"
        items = dict(value)
        start = ""
        if isinstance(before, Function) and before in self._names and _continues(value, before):
            start = self._names[before] + " @@ "
            items = {key: value[key] for key in value if key not in before}
        entries = (f"{self.write(key)} :> {self.write(item)}" for key, item in items.items())
        return start + "(" + " @@ ".join(entries) + ")"


def _continues(value: Function, before: Function) -> bool:
    return len(before) < len(value) and all(value.get(key) == before[key] for key in before)


def trace_expression(writer: Writer, trace: Trace) -> str:
    """``trace`` as the record that the specification of traces expects."""
    numbers = Numbers(trace)
    children: list[dict[Value, Value]] = [{} for _ in range(len(trace.models) + 1)]
    origins = []
    for name, origin in trace.models.items():
        parent = numbers.model.get(origin.parent)
        if parent is None:
            raise TraceError(
                f"{trace.source}: the parent {origin.parent} of model {name} is unknown"
            )
        children[parent - GENESIS][origin.ticket] = numbers.model[name]
        origins.append(record(parent=parent, ticket=origin.ticket, loss=numbers.loss(origin.loss)))
    states = []
    before: dict[str, Value] = {}
    for recorded in trace.states:
        fields = []
        for variable, value in numbers.state(recorded).items():
            fields.append(f"{variable} |-> {writer.write(value, before.get(variable))}")
            before[variable] = value
        states.append(writer.define("[" + ", ".join(fields) + "]"))
    blocks = ", ".join(map(str, _block_models(trace, children)))
    return writer.define(
        f"[states |-> <<{', '.join(states)}>>, blocks |-> <<{blocks}>>, "
        f"origin |-> <<{', '.join(map(writer.write, origins))}>>, "
        f"children |-> <<{', '.join(writer.write(function(each)) for each in children)}>>]"
    )


def _block_models(trace: Trace, children: Sequence[Mapping[Value, Value]]) -> list[int]:
    """For a specification with a variable ``blocks``: the model of each block; -1 if undrawn."""
    models: list[int] = []
    blocks = trace.states[-1].get("blocks")
    for block in blocks if isinstance(blocks, tuple) else ():
        place = block.get("parent") if isinstance(block, Function) else None
        ticket = block.get("ticket") if isinstance(block, Function) else None
        parent = GENESIS if place == 0 else -1
        if isinstance(place, int) and 1 <= place <= len(models):
            parent = models[place - 1]
        model = children[parent - GENESIS].get(ticket) if parent >= GENESIS and ticket else None
        models.append(model if isinstance(model, int) else -1)
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
        losses = sorted(losses_of([trace]))
        self._rank = {}
        if losses and losses[-1] >= LOSSES:
            self._rank = {loss: LOSSES + index for index, loss in enumerate(losses)}
        self._loss = {number: loss for loss, number in self._rank.items()}
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


def losses_of(traces: Iterable[Trace]) -> set[int]:
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

    for trace in traces:
        found.update(origin.loss for origin in trace.models.values())
        for state in trace.states:
            search(state)
    return found


def numbered_losses(trace: Trace) -> list[int]:
    """The numbers of the losses that occur in ``trace``."""
    return list(map(Numbers(trace).loss, losses_of([trace])))


def module_text(name: str, extends: str, traces: Sequence[Trace], last_good: str) -> Iterator[str]:
    """The lines of the module ``name``, with ``TheTraces``, ``TheLastGood`` and ``TheLosses``."""
    writer = Writer()
    expressions = [trace_expression(writer, trace) for trace in traces]
    yield f"---- MODULE {name} ----"
    yield f"EXTENDS {extends}"
    yield from writer.definitions
    yield "TheTraces == <<" + ",\n".join(expressions) + ">>"
    yield f"TheLastGood == {last_good}"
    yield "TheLosses == " + show(
        frozenset(loss for trace in traces for loss in numbered_losses(trace))
    )
    yield "===="
