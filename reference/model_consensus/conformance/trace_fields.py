"""Fields of a JSON text that is to be a trace, read with errors that name the place."""

from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.values import Value, from_itf


class TraceError(ModelConsensusError):
    """The file is not a valid trace; the message names the file and the problem."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def printable(text: str) -> str:
    """The text with control characters escaped: what a file says must not steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON text; ValueError if it has two items of one name."""
    items = dict(pairs)
    if len(items) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has {twice[:60]!r} twice")
    return items


_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a string"}


def field(where: str, data: Any, name: str, kind: type) -> Any:
    if not isinstance(data, dict) or name not in data:
        raise TraceError(f"{where}: {name} is missing")
    if not isinstance(data[name], kind):
        raise TraceError(f"{where}: {name} is not {_KINDS[kind]}")
    return data[name]


def natural(where: str, data: Any, name: str) -> int:
    if name not in data:
        raise TraceError(f"{where}: {name} is missing")
    number = value(f"{where}: {name}", data[name])
    if type(number) is not int:
        raise TraceError(f"{where}: {name} is not an integer")
    if number < 0:
        raise TraceError(f"{where}: {name} is negative")
    return number


def value(where: str, data: Any) -> Value:
    try:
        return from_itf(data)
    except ModelConsensusError as error:
        raise TraceError(f"{where}: {error}") from None
