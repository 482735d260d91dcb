"""Traces as a TLA+ module: the data of one run of a ``Trace*.tla`` specification.

Every state of every trace goes into the module, so equal values are written once, as definitions
that TLC evaluates once, and a value that continues an earlier one refers to it.  A model becomes a
number, 0 the genesis.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

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
    number = model_numbers(trace)
    renamed = _Renaming(number)
    children: list[dict[Value, Value]] = [{} for _ in number]
    origins = []
    for name, origin in trace.models.items():
        parent = number.get(origin.parent)
        if parent is None:
            raise TraceError(
                f"{trace.source}: the parent {origin.parent} of model {name} is unknown"
            )
        children[parent][origin.ticket] = number[name]
        origins.append(record(parent=parent, ticket=origin.ticket, loss=origin.loss))
    states = []
    before: dict[str, Value] = {}
    for state in trace.states:
        fields = []
        for variable in state:
            value = renamed(state[variable])
            fields.append(f"{variable} |-> {writer.write(value, before.get(str(variable)))}")
            before[str(variable)] = value
        states.append(writer.define("[" + ", ".join(fields) + "]"))
    return writer.define(
        f"[states |-> <<{', '.join(states)}>>, "
        f"origin |-> <<{', '.join(map(writer.write, origins))}>>, "
        f"children |-> <<{', '.join(writer.write(function(each)) for each in children)}>>]"
    )


def model_numbers(trace: Trace) -> dict[str, int]:
    """The number of each model's name; the genesis is 0."""
    return {name: index for index, name in enumerate([trace.genesis, *trace.models])}


class _Renaming:
    """Replaces the names of models by their numbers, each value once."""

    def __init__(self, number: Mapping[str, int]) -> None:
        self._number = number
        self._done: dict[Value, Value] = {}

    def __call__(self, value: Value) -> Value:
        if isinstance(value, str):
            return self._number.get(value, value)
        if isinstance(value, bool | int):
            return value
        if value not in self._done:
            self._done[value] = self._rename(value)
        return self._done[value]

    def _rename(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(map(self, value))
        if isinstance(value, frozenset):
            return frozenset(map(self, value))
        assert isinstance(value, Function)
        return function({self(key): self(item) for key, item in value.items()})


def numbered(trace: Trace, state: Function) -> Function:
    """A state of ``trace`` as it stands in the module: a model is its number."""
    renamed = _Renaming(model_numbers(trace))
    return Function({variable: renamed(state[variable]) for variable in state})


def module_text(name: str, extends: str, traces: Sequence[Trace], last_good: str) -> Iterator[str]:
    """The lines of the module ``name``, which defines ``TheTraces`` and ``TheLastGood``."""
    writer = Writer()
    expressions = [trace_expression(writer, trace) for trace in traces]
    yield f"---- MODULE {name} ----"
    yield f"EXTENDS {extends}"
    yield from writer.definitions
    yield "TheTraces == <<" + ",\n".join(expressions) + ">>"
    yield f"TheLastGood == {last_good}"
    yield "===="
