r"""TLA+ values in Python: read what TLC prints, write TLA+ and the ITF JSON encoding.

    TLA+                          Python
    integer                       int
    TRUE, FALSE                   Boolean
    "text", a model value         str (TLC prints "p1" and p1; both become "p1")
    <<a, b>>                      tuple
    {a, b}, a..b                  frozenset
    [f |-> a], (k :> v @@ ...)    Function

Two values are equal here iff they are equal in TLA+, with one exception that no well-typed
specification meets: a model value equals the string of the same name.  Python's own booleans are
not values, because ``True == 1``: in a set or as a key, one would stand for the other.  A function
with the domain 1..n *is* a sequence in TLA+ (so an empty function, an empty record and an empty
sequence are one value): it is always a tuple here, never a `Function`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from model_consensus.errors import ModelConsensusError


class Boolean(Enum):
    """TRUE or FALSE; unlike Python's booleans, neither equals a number."""

    FALSE = "FALSE"
    TRUE = "TRUE"

    @staticmethod
    def of(truth: bool) -> "Boolean":
        """The value of TLA+ for a boolean of Python."""
        return Boolean.TRUE if truth else Boolean.FALSE

    def __bool__(self) -> bool:
        return self is Boolean.TRUE


class Function(Mapping["Value", "Value"]):
    """An immutable, hashable function of TLA+, iterated in the order of `ordered`.

    A record is a function from strings.  Equality is a dict's.  A domain 1..n is refused, because
    that is a sequence: use `function`, which returns a tuple.
    """

    __slots__ = ("_hash", "_items", "_text")

    def __init__(self, items: "Mapping[Any, Value] | Iterable[tuple[Any, Value]]") -> None:
        given: dict[Value, Value] = dict(items)
        if _is_sequence(given):
            raise ModelConsensusError(
                "a function with the domain 1..n is a sequence: build it with values.function"
            )
        self._items = {key: given[key] for key in ordered(given)}
        self._hash: int | None = None
        self._text: str | None = None

    def __getitem__(self, key: "Value") -> "Value":
        return self._items[key]

    def __iter__(self) -> "Iterator[Value]":
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Function):
            return self._items == other._items
        return self._items == other if isinstance(other, dict) else NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._items.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"Function({self._items!r})"

    def text(self) -> str:
        """The function as a TLA+ expression; see `show`."""
        if self._text is None:
            if _is_record(self):
                items = (f"{key} |-> {show(value)}" for key, value in self._items.items())
                self._text = "[" + ", ".join(items) + "]"
            else:
                items = (f"{show(key)} :> {show(value)}" for key, value in self._items.items())
                self._text = "(" + " @@ ".join(items) + ")"
        return self._text

    def __reduce__(self) -> "tuple[type[Function], tuple[dict[Value, Value]]]":
        # The kept hash depends on the process that computed it.
        return Function, (self._items,)


Value = int | Boolean | str | tuple["Value", ...] | frozenset["Value"] | Function


def _is_sequence(items: Mapping[Value, Value]) -> bool:
    """Whether the domain is 1..n, which is a sequence's (n = 0 included)."""
    count = len(items)
    return (1 in items or not items) and all(
        type(key) is int and 1 <= key <= count for key in items
    )


def function(items: Mapping[Any, Value] | Iterable[tuple[Any, Value]]) -> Value:
    """The function with these items: a tuple if its domain is 1..n, else a `Function`."""
    given: dict[Value, Value] = dict(items)
    if _is_sequence(given):
        return tuple(given[index] for index in range(1, len(given) + 1))
    return Function(given)


def record(**fields: Value) -> Function:
    """The record with these fields (at least one)."""
    return Function(fields)


def ordered(values: Iterable[Value]) -> list[Value]:
    """The values in one canonical order, the same in every process and every run."""
    items = list(values)
    kinds = set(map(type, items))
    if kinds == {str} or kinds == {int}:
        return sorted(items)  # type: ignore[type-var]
    return sorted(items, key=_rank)


def _rank(value: Value) -> tuple[Any, ...]:
    if isinstance(value, Boolean):
        return (0, bool(value))
    if type(value) is int:
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    if isinstance(value, tuple):
        return (3, *map(_rank, value))
    if isinstance(value, frozenset):
        return (4, len(value), *sorted(map(_rank, value)))
    if isinstance(value, Function):
        return (5, len(value), *((_rank(key), _rank(value[key])) for key in value))
    raise _not_a_value(value)


def _not_a_value(value: object) -> ModelConsensusError:
    """What is raised where something else than a value is given, such as Python's ``True``."""
    return ModelConsensusError(f"{value!r} is not a TLA+ value")


# ------------------------------------------------------------------ reading what TLC prints

_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"'  # a string
    r"|-?\w+(?:\s*\.\.\s*-?\d+)?"  # a name, a number or an interval of numbers
    r"|<<|>>|\|->|:>|@@|\S"
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
_PUNCTUATION = frozenset(["<<", ">>", "|->", ":>", "@@", "{", "}", "[", "]", "(", ")", ",", ""])
_CLOSING = {"<<": ">>", "{": "}", "[": "]", "(": ")"}


@lru_cache(maxsize=1 << 16)
def parse(text: str) -> Value:
    """The value that TLC printed as ``text``, which may extend over several lines.

    Values are immutable, so one object serves every occurrence of a text: in a state graph most
    of a state's variables look as they did in its neighbours.

    Raises:
        ModelConsensusError: ``text`` is not a value that TLC prints.
    """
    tokens = ["", *reversed(_TOKEN.findall(text))]
    try:
        value = _parse(tokens, tokens.pop)
        if tokens != [""]:
            raise ValueError(tokens[-1])
    except (ValueError, IndexError, TypeError, RecursionError) as error:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise ModelConsensusError(f"not a TLA+ value: {shown!r} (at {error})") from None
    return value


def _parse(tokens: list[str], pop: Callable[[], str]) -> Value:
    """Take one value off the end of ``tokens``; ValueError names the token that is wrong."""
    token = pop()
    if token not in _PUNCTUATION:
        return _atom(token)
    closing = _CLOSING.get(token)
    if closing is None:
        raise ValueError(repr(token) if token else "its end")
    if tokens[-1] == closing:
        pop()
        return frozenset() if token == "{" else ()
    if token == "<<" or token == "{":
        values = [_parse(tokens, pop)]
        while (separator := pop()) == ",":
            values.append(_parse(tokens, pop))
        result: Value = tuple(values) if token == "<<" else frozenset(values)
    else:
        arrow, comma = ("|->", ",") if token == "[" else (":>", "@@")
        items = {}
        separator = comma
        while separator == comma:
            key = _parse(tokens, pop)
            if (found := pop()) != arrow:
                raise ValueError(f"{found!r} instead of {arrow!r}")
            items[key] = _parse(tokens, pop)
            separator = pop()
        result = function(items)
    if separator != closing:
        raise ValueError(f"{separator!r} instead of {closing!r}" if separator else "its end")
    return result


def _atom(token: str) -> Value:
    first = token[0]
    if first == '"' and len(token) > 1:
        text = token[1:-1]
        if "\\" in text:
            text = _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)
        return text
    if token == "TRUE" or token == "FALSE":
        return Boolean(token)
    if first.isdigit() or first == "-":
        low, dots, high = token.partition("..")
        if dots:
            return frozenset(range(int(low), int(high) + 1))
        if token.isdigit() or first == "-":
            return int(token)
    if not (first.isalnum() or first == "_") or ".." in token:
        raise ValueError(repr(token))
    return token


_VARIABLE = re.compile(r"^(?:/\\ )?(\w+) = ", re.MULTILINE)


def parse_state(text: str) -> dict[str, Value]:
    r"""The variables of a state that TLC printed as ``/\ x = ...`` lines, by name.

    A value may go on over several lines; the ``/\`` is missing if there is one variable.

    Raises:
        ModelConsensusError: ``text`` is not a state.
    """
    parts = _VARIABLE.split(text)
    if len(parts) < 3 or parts[0].strip():
        raise ModelConsensusError(f"not a state of TLC: {text[:60]!r}")
    return {
        name: parse(value.strip()) for name, value in zip(parts[1::2], parts[2::2], strict=True)
    }


# ------------------------------------------------------------------------------ writing TLA+

_FIELD = re.compile(r"[a-z][A-Za-z0-9_]*")  # every reserved word of TLA+ starts with a capital
_QUOTED = str.maketrans(
    {'"': r"\"", "\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r", "\f": r"\f"}
)


def _is_record(value: Function) -> bool:
    """Whether every element of the domain can be written as the name of a field."""
    return all(isinstance(key, str) and _FIELD.fullmatch(key) for key in value)


def show(value: Value) -> str:
    """``value`` as a TLA+ expression, always the same text for the same value.

    Model values come out as strings.  A function that is neither a sequence nor a record uses
    ``:>`` and ``@@`` of the standard module TLC.
    """
    if isinstance(value, Boolean):
        return value.value
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        return '"' + value.translate(_QUOTED) + '"'
    if isinstance(value, tuple):
        return "<<" + ", ".join(map(show, value)) + ">>"
    if isinstance(value, frozenset):
        return "{" + ", ".join(map(show, ordered(value))) + "}"
    if isinstance(value, Function):
        return value.text()
    raise _not_a_value(value)


# --------------------------------------------------- the Informal Trace Format's JSON encoding


def to_itf(value: Value) -> Any:
    """``value`` as JSON data in the encoding of Apalache's ITF (ADR-015)."""
    if isinstance(value, Boolean):
        return bool(value)
    if isinstance(value, str):
        return value
    if type(value) is int:
        return value if abs(value) < 1 << 53 else {"#bigint": str(value)}
    if isinstance(value, tuple):
        return {"#tup": [to_itf(item) for item in value]}
    if isinstance(value, frozenset):
        return {"#set": [to_itf(item) for item in ordered(value)]}
    if not isinstance(value, Function):
        raise _not_a_value(value)
    if _is_record(value):
        return {str(key): to_itf(value[key]) for key in value}
    return {"#map": [[to_itf(key), to_itf(value[key])] for key in value]}


_BIGINT = re.compile(r"-?[0-9]+")
_SURROGATE = re.compile("[\ud800-\udfff]")

DEEPEST = 50
"""Values within values: deeper ones are refused, for everything that reads a value recurs."""


def from_itf(data: Any, depth: int = DEEPEST) -> Value:
    """The value that the ITF JSON ``data`` stands for; lists and plain integers are accepted.

    Raises:
        ModelConsensusError: ``data`` is not in the encoding, or nested deeper than ``depth``.
    """
    kind = type(data)
    if kind is int:
        return data  # type: ignore[no-any-return]
    if kind is bool:
        return Boolean.of(data)
    if kind is str:
        if not data.isascii() and _SURROGATE.search(data):
            raise ModelConsensusError(f"a string with half a character: {data[:60]!a}")
        return data  # type: ignore[no-any-return]
    if depth == 0:
        raise ModelConsensusError("nested too deeply")
    if kind is list:
        return tuple([from_itf(item, depth - 1) for item in data])
    if kind is dict:
        tag = next((key for key in data if key[:1] == "#"), None)
        if tag is None:
            return function({from_itf(k): from_itf(item, depth - 1) for k, item in data.items()})
        if len(data) == 1:
            value = _from_tagged(tag, data[tag], depth - 1)
            if value is not None:
                return value
    raise ModelConsensusError(f"not a value in the ITF encoding: {str(data)[:60]}")


def _from_tagged(tag: str, content: Any, depth: int) -> Value | None:
    """The value with this tag; None if the content is not what the tag says."""
    if tag == "#bigint" and isinstance(content, str) and _BIGINT.fullmatch(content):
        try:
            return int(content)
        except ValueError:  # Python limits how many digits it reads
            raise ModelConsensusError(f"a number of {len(content)} digits") from None
    if not isinstance(content, list):
        return None
    if tag == "#map":
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in content):
            return None
        pairs = [(from_itf(key, depth), from_itf(item, depth)) for key, item in content]
        if len(dict(pairs)) < len(pairs):
            raise ModelConsensusError("a map has a key twice")
        return function(pairs)
    items = [from_itf(item, depth) for item in content]
    if tag == "#tup":
        return tuple(items)
    return frozenset(items) if tag == "#set" else None
