"""Traces as a TLA+ module: the data of one run of a ``Trace*.tla`` specification.

Every state of every trace goes into the module, and TLC takes a time to parse it.  So equal values
are written once, into registers of TLC, a value that continues an earlier one refers to it, and a
state says what has changed since the one before it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import TypeGuard

from model_consensus.conformance.trace_encoding import Encoded, EncodedModel
from model_consensus.conformance.trace_values import GENESIS
from model_consensus.tla.values import Boolean, Function, Value, function, ordered, record, show

_FIELD = re.compile(r"[a-z][A-Za-z0-9_]*")  # no reserved word of TLA+ begins with a small letter

INLINE = 40
"""Characters; a longer expression gets a name."""

NO_PLUSCAL = "\\* PlusCal options (-nocfg)"
"""A comment that ends TLC's search for PlusCal, which takes its time in a long module."""

LINE = 1000
"""Characters; a longer list goes on line by line: TLC reads long lines slowly."""

RUN = 6
"""Elements of a sequence; as many equal or consecutive ones are written as a function."""


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
        self.lines.append(f"/\\ TLCSet({register}, {expression})")
        return f"TLCGet({register})"

    def write(self, value: Value) -> str:
        """An expression for ``value``."""
        if isinstance(value, Boolean | int | str):
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

    def sequence(self, items: Sequence[Value]) -> str:
        """An expression for a sequence."""
        parts: list[str] = []
        plain: list[str] = []
        start = 0
        while start < len(items):
            length, body = _run(items, start)
            if length < RUN:
                plain.append(self.write(items[start]))
                start += 1
                continue
            if plain:
                parts.append(f"<<{_listed(plain)}>>")
                plain = []
            parts.append(f"[i \\in 1 .. {length} |-> {body or self.write(items[start])}]")
            start += length
        if plain or len(parts) < 2:  # TLC makes a sequence of what is concatenated
            parts.append(f"<<{_listed(plain)}>>")
        together = _listed(parts, " \\o ")
        return together if len(parts) == 1 else f"({together})"

    def changes(self, place: str, before: Value, after: Value) -> list[str]:
        """What an EXCEPT has to say at ``place``, where one value becomes another."""
        if after == before:
            return []
        if _is_record(before) and _is_record(after) and before.keys() == after.keys():
            return [
                change
                for key in after
                for change in self.changes(f"{place}.{key}", before[key], after[key])
            ]
        if isinstance(before, tuple) and isinstance(after, tuple):
            if after == before[1:]:
                return [f"{place} = Tail(@)"]
            if after[:-1] == before:
                return [f"{place} = Append(@, {self.write(after[-1])})"]
        if isinstance(before, frozenset) and isinstance(after, frozenset):
            gone, new = before - after, after - before
            if len(gone) + len(new) < len(after):
                kept = f"(@ \\ ({self.write(gone)}))" if gone else "@"
                return [f"{place} = {kept} \\cup {self.write(new)}" if new else f"{place} = {kept}"]
        return [f"{place} = {self.write(after)}"]

    def _expression(self, value: Value) -> str:
        if isinstance(value, tuple):
            if len(value) > 1 and value[:-1] in self._names:
                return f"Append({self._names[value[:-1]]}, {self.write(value[-1])})"
            return self.sequence(value)
        if isinstance(value, frozenset):
            return _numbers(value) or f"{{{_listed(map(self.write, ordered(value)))}}}"
        assert isinstance(value, Function)
        if _is_record(value):
            return f"[{_listed(f'{key} |-> {self.write(value[key])}' for key in value)}]"
        return _joined(list(self._pieces(value)))

    def _pieces(self, value: Function) -> Iterator[str]:
        """A function in pieces; numbers that count up with their arguments make one of them."""
        keys, values = list(value), [value[key] for key in value]
        start = 0
        while start < len(keys):
            first, image = keys[start], values[start]
            length = _rising(start, keys, values)
            if length >= RUN and isinstance(first, int) and isinstance(image, int):
                yield f"[j \\in {first} .. {first + length - 1} |-> {image - first} + j]"
                start += length
            else:
                yield f"{self.write(first)} :> {self.write(image)}"
                start += 1


def _is_record(value: Value) -> TypeGuard[Function]:
    return isinstance(value, Function) and all(
        isinstance(key, str) and _FIELD.fullmatch(key) for key in value
    )


def _run(items: Sequence[Value], start: int) -> tuple[int, str]:
    """How many elements from ``start`` on are equal or consecutive, and the i-th of the latter."""
    first, end = items[start], start + 1
    while end < len(items) and items[end] == first:
        end += 1
    rising = _rising(start, items)
    if rising > 1 and isinstance(first, int):
        return rising, f"{first - 1} + i"
    return end - start, ""


def _rising(start: int, *lists: Sequence[Value]) -> int:
    """How many elements from ``start`` on are consecutive numbers, in each of the lists."""
    numbers = [(items, items[start]) for items in lists]
    end = start + 1
    while end < len(lists[0]) and all(
        type(first) is int and items[end] == first + end - start for items, first in numbers
    ):
        end += 1
    return end - start


def _listed(items: Iterable[str], separator: str = ", ") -> str:
    """The items with a separator after each but the last."""
    items = list(items)
    text = separator.join(items)
    # To the right of the sign of a conjunction, of which this may be a part.
    return text if len(text) <= LINE else (separator.rstrip() + "\n ").join(items)


def _joined(items: Sequence[str]) -> str:
    """One function of these; a tree of ``@@``, for a long chain is too deep for the parser."""
    if len(items) == 1:
        return f"({items[0]})"
    middle = len(items) // 2
    return f"({_joined(items[:middle])} @@ {_joined(items[middle:])})"


def _numbers(values: AbstractSet[Value]) -> str | None:
    """A set of numbers as a union of intervals; None if it is empty or has something else."""
    numbers = sorted(value for value in values if type(value) is int)
    if not numbers or len(numbers) < len(values):
        return None
    ends = [n for n, after in pairwise([*numbers, numbers[-1] + 2]) if after > n + 1]
    starts = [n for before, n in pairwise([numbers[0] - 2, *numbers]) if n > before + 1]
    return _listed((f"({a} .. {b})" for a, b in zip(starts, ends, strict=True)), " \\cup ")


def write_trace(writer: Writer, trace: Encoded, register: int) -> None:
    """Put ``trace`` into a register, as the record that the specification of traces expects."""
    children: list[dict[str, dict[int, int]]] = [{} for _ in range(len(trace.models) + 1)]
    blends: list[list[Value]] = [[] for _ in children]
    offspring: dict[tuple[int, Value], int] = {}
    for number, model in enumerate(trace.models, GENESIS + 1):
        place = model.parent - GENESIS
        if place < 0:  # what is earlier than the genesis of a window has no offspring any more
            continue
        offspring[model.parent, _step(model)] = number
        if len(model.step) > 1:
            blends[place].append((_step(model), number))
        for proposer, weights in model.step if len(model.step) == 1 else ():
            children[place].setdefault(proposer, {})[weights] = number
    losses = writer.define(writer.write(tuple(model.loss for model in trace.models)))
    states: list[str] = []
    before: Mapping[str, Value] = {}
    for state in trace.states:
        changes = []
        for variable, value in state.items():
            written = _restricted(writer, losses, value) if variable == "loss" else None
            if not before:
                changes.append(f"{variable} |-> {written or writer.write(value)}")
            elif written is None:
                changes += writer.changes(f"!.{variable}", before[variable], value)
            elif value != before[variable]:
                changes.append(f"!.{variable} = {written}")
        if changes:
            start = f"{states[-1]} EXCEPT " if before else ""
            states.append(writer.define(f"[{start}{_listed(changes)}]"))
        else:
            states.append(states[-1])
        before = state
    lists: dict[str, Sequence[Value]] = {
        "labels": trace.labels,
        "generations": [model.generation for model in trace.models],
        "parents": [model.parent for model in trace.models],
        "proposers": [_proposer(model) for model in trace.models],
        "later": list(_later(trace)),
        "weights": trace.names.combinations(),
        "blends": list(map(tuple, blends)),
        "chains": list(_chains(trace.states[-1], offspring)),
        "children": [function({p: _by_weights(each[p]) for p in each}) for each in children],
    }
    fields = [f"states |-> <<{_listed(states)}>>"]
    fields += [f"{name} |-> {writer.sequence(items)}" for name, items in lists.items()]
    fields += [f"numbers |-> {writer.write(function(trace.names.weights))}"]
    left_out = trace.trace.left_out
    delta = trace.constants.get("Delta", 0)
    assert isinstance(delta, int)
    paced = left_out.paced, left_out.pacer if left_out.paced else -1 - delta
    fields += [f"first |-> {trace.trace.first}", f"since |-> {trace.trace.since}"]
    fields += [f"dropped |-> {left_out.blocks}", f"stolen |-> {left_out.stolen}"]
    fields += [f"paced |-> {show(paced)}"]
    writer.define(f"[losses |-> {losses}, {_listed(fields)}]", register)


def _later(trace: Encoded) -> Iterator[frozenset[Value]]:
    """The models of a generation and of later ones, from that of the genesis on."""
    first = trace.trace.since
    of: dict[int, set[Value]] = {first: {GENESIS}}
    for number, model in enumerate(trace.models, GENESIS + 1):
        of.setdefault(model.generation, set()).add(number)
    found: list[frozenset[Value]] = []
    after: frozenset[Value] = frozenset()
    for generation in range(max(of), first - 1, -1):
        after |= of.get(generation, frozenset())
        found.append(after)
    return reversed(found)


def _step(model: EncodedModel) -> Value:
    """The model's step as TLC has it."""
    return frozenset(
        record(generation=model.generation, proposer=proposer, weights=weights)
        for proposer, weights in model.step
    )


def _proposer(model: EncodedModel) -> str:
    """Whose proposal it is; no process or nobody has the name of a blend."""
    return next(iter(model.step))[0] if len(model.step) == 1 else "blend"


def _by_weights(models: Mapping[int, int]) -> Value:
    """The proposals of one process: at the number of the weights that of the model.

    Where most weights have a model, those that have none get 0: a sequence is read faster.
    """
    last = max(models)
    if last < 4 * len(models):
        return tuple(models.get(weights, 0) for weights in range(1, last + 1))
    return function(dict(models))


def _restricted(writer: Writer, losses: str, value: Value) -> str:
    """The variable ``loss``, which is the landscape's losses of some models."""
    domain = _numbers(set(value)) if isinstance(value, Function) else None
    if domain is None or min(value) <= GENESIS:  # type: ignore
        return writer.write(value)
    return writer.once(value, f"[m \\in {domain} |-> {losses}[m - {GENESIS}]]")


def _chains(
    state: Mapping[str, Value], offspring: Mapping[tuple[int, Value], int]
) -> Iterator[tuple[int, ...]]:
    """For a specification with a variable ``blocks``: the models from the genesis to each block's.

    A model that nobody has evaluated is 0.
    """
    chains: list[tuple[int, ...]] = [(GENESIS,)]
    blocks = state.get("blocks", ())
    assert isinstance(blocks, tuple)
    for block in blocks:
        assert isinstance(block, Function)
        parent = block["parent"]
        assert isinstance(parent, int)
        chain = chains[parent]
        chains.append((*chain, offspring.get((chain[-1], block["step"]), 0)))
        yield chains[-1]


def module_text(
    name: str, extends: str, traces: Sequence[Encoded], last_good: str
) -> Iterator[str]:
    """The lines of the module ``name``, with ``TheCount``, ``TheLastGood`` and ``TheLosses``."""
    writer = Writer(len(traces) + 1)
    losses: set[Value] = set()
    for register, trace in enumerate(traces, 1):
        write_trace(writer, trace, register)
        losses |= trace.losses
    yield f"---- MODULE {name} ----"
    yield NO_PLUSCAL
    yield f"EXTENDS {extends}"
    yield "ASSUME"
    writer.define("0")  # A last register, set first: TLC copies them all to make room for one more.
    yield writer.lines[-1]
    yield from writer.lines[:-1]
    yield f"TheCount == {len(traces)}"
    yield f"TheLastGood == {last_good}"
    yield f"TheLosses == {{{_listed(map(show, ordered(losses)))}}}"
    yield "===="
