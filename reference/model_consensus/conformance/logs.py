"""Logs of real processes: what one process saw and did, one JSON object to a line (docs/logs.md).

A log begins with what all processes have agreed on, and goes on with the events of one process in
its own order::

    {"number": 1, "event": "start", "version": 1, "process": "p1", "processes": ["p1", "p2"], ...}
    {"number": 2, "event": "offered", "offer": {...}, "losses": [7, 9]}
    {"number": 3, "event": "delivered", "offer": {...}, "losses": []}
    {"number": 4, "event": "decided", "generation": 1, "model": "2f..."}
    {"number": 5, "event": "restarted", "delivered": 1}

``losses`` are those of the models that the process evaluated in the event, in this order.  A log is
read as a stream; only one line of it is in memory.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from model_consensus import tob_learner
from model_consensus.conformance.trace_fields import printable
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Process, Ticket

VERSION = 1
LONGEST_LINE = 1 << 20
"""Bytes; a longer line is refused, so that the memory is bounded."""

MOST_DRAWS = 1024
"""Draws of a process; the tickets of all of them have so many weights, squared."""

EXACT = 1 << 53
"""From here on whole numbers are strings of decimal digits: not every JSON reader keeps them."""


class LogError(ModelConsensusError):
    """The file is not a log, or lines of it are missing; the message names the file and line."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@dataclass(frozen=True)
class Agreed:
    """What all processes of a run have agreed on.

    :ivar processes: the names of all of them.
    :ivar genesis: the digest of the genesis model.
    """

    processes: tuple[Process, ...]
    lambda_: int
    mu: int
    draws: int
    recombines: bool
    elitist: bool
    genesis: Digest


@dataclass(frozen=True)
class Offered:
    """The process made and broadcast an offer, for which it evaluated models of these losses."""

    offer: tob_learner.Offer
    losses: tuple[int, ...]


@dataclass(frozen=True)
class Delivered:
    """An offer was delivered, upon which the process evaluated models of these losses."""

    offer: tob_learner.Offer
    losses: tuple[int, ...]


@dataclass(frozen=True)
class Decided:
    """The process decided a generation: the digest of the model."""

    generation: int
    model: Digest


@dataclass(frozen=True)
class Restarted:
    """The process has started again, and remembers this many deliveries."""

    delivered: int


Event = Offered | Delivered | Decided | Restarted


@dataclass
class Log:
    """A log, read up to the first line; ``events`` reads on.

    :ivar source: the name of the file, for messages.
    :ivar line: of the event that was read last, from 1.
    :ivar cut: whether the last line was incomplete, as a crash leaves it.
    """

    source: str
    process: Process
    agreed: Agreed
    line: int = 1
    cut: bool = False
    _file: BinaryIO = field(repr=False, kw_only=True)

    def events(self) -> Iterator[Event]:
        """The events that follow, ``line`` set to that of each.

        :raises LogError: a line is malformed, or lines are missing before it.
        """
        while True:
            self.line += 1
            try:
                event = self._next()
            except ValueError as problem:
                raise LogError(f"{self.source}: line {self.line}: {problem}") from None
            if event is None:
                return
            yield event

    def _next(self) -> Event | None:
        data = _object(self._file, self.line)
        if not isinstance(data, dict):
            self.cut = data is Ellipsis
            return None
        kind = data.get("event")
        parse = _EVENTS.get(kind) if isinstance(kind, str) else None
        if parse is None:
            raise ValueError(f"event is not one of {', '.join(_EVENTS)}")
        return parse(data, self.agreed)


@contextmanager
def open_logs(paths: Sequence[Path]) -> Iterator[list[Log]]:
    """Open logs and read their first lines.

    :raises LogError: a first line is missing or malformed.
    """
    with ExitStack() as files:
        logs = []
        for path in paths:
            file = files.enter_context(path.open("rb"))
            try:
                process, agreed = _start(_object(file, 1))
            except ValueError as problem:
                raise LogError(f"{path}: line 1: {problem}") from None
            logs.append(Log(str(path), process, agreed, _file=file))
        yield logs


def _start(data: Any) -> tuple[Process, Agreed]:
    if not isinstance(data, dict):
        raise ValueError("the log ends before its first line does")
    if data.get("event") != "start":
        raise ValueError("event is not start, with which a log begins")
    if data.get("version") != VERSION:
        raise ValueError(f"version is not {VERSION}, the only one that can be read")
    names = _field(data, "processes", list)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ValueError("processes has something else than different names")
    process = _field(data, "process", str)
    if process not in names:
        raise ValueError("process is not one of processes")
    agreed = Agreed(
        tuple(names),
        _natural(data, "lambda", 1),
        _natural(data, "mu", 1),
        _natural(data, "draws", 1),
        _field(data, "recombines", bool),
        _field(data, "elitist", bool),
        _digest(data, "genesis"),
    )
    if agreed.draws > MOST_DRAWS:
        raise ValueError(f"draws is not an integer in 1..{MOST_DRAWS}")
    if not agreed.mu <= agreed.lambda_ <= len(names):
        raise ValueError(f"not 1 <= mu <= lambda <= {len(names)}, the number of processes")
    return process, agreed


def _object(file: BinaryIO, number: int) -> Any:
    """The object on the next line; None at the end, and Ellipsis if the last line is incomplete."""
    line = file.readline(LONGEST_LINE)
    if not line:
        return None
    complete = line.endswith(b"\n")
    if not complete and len(line) == LONGEST_LINE:
        raise ValueError(f"longer than {LONGEST_LINE:,} bytes")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        if not complete:
            return ...
        data = None
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    said = _natural(data, "number")
    if said > number:
        raise ValueError(f"lines are missing: number is {said}, and must be {number}")
    if said < number:
        raise ValueError(f"number is {said}, and must be {number}, as lines are counted")
    return data


def _offered(data: Any, agreed: Agreed) -> Offered:
    return Offered(_offer(data, agreed), _losses(data))


def _delivered(data: Any, agreed: Agreed) -> Delivered:
    return Delivered(_offer(data, agreed), _losses(data))


def _decided(data: Any, agreed: Agreed) -> Decided:
    return Decided(_natural(data, "generation", 1), _digest(data, "model"))


def _restarted(data: Any, agreed: Agreed) -> Restarted:
    return Restarted(_natural(data, "delivered"))


_EVENTS: Mapping[str, Callable[[Any, Agreed], Event]] = {
    "offered": _offered,
    "delivered": _delivered,
    "decided": _decided,
    "restarted": _restarted,
}


def _offer(data: Any, agreed: Agreed) -> tob_learner.Offer:
    offer = _field(data, "offer", dict)
    ticket = _field(offer, "ticket", dict)
    sender = _field(offer, "sender", str)
    if sender not in agreed.processes:
        raise ValueError("sender is not one of the processes")
    weights = tuple(_field(ticket, "weights", list))
    if not _are_integers(weights, -1 << 63, 1 << 63):
        raise ValueError("weights has something else than integers of 64 bits")
    return tob_learner.Offer(
        sender,
        _digest(offer, "parent"),
        Ticket(_natural(ticket, "generation"), _field(ticket, "proposer", str), weights),
        _natural(offer, "claim"),
    )


def _losses(data: Any) -> tuple[int, ...]:
    losses = tuple(_field(data, "losses", list))
    if _are_integers(losses, 0, 1 << 64):
        return losses
    return tuple(_number("losses", loss) for loss in losses)


def _are_integers(values: Sequence[Any], least: int, bound: int) -> bool:
    return set(map(type, values)) <= {int} and (
        not values or (least <= min(values) and max(values) < bound)
    )


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
}


def _field(data: Any, name: str, kind: type) -> Any:
    if name not in data:
        raise ValueError(f"{name} is missing")
    if not isinstance(data[name], kind):
        raise ValueError(f"{name} is not {_KINDS[kind]}")
    return data[name]


def _natural(data: Any, name: str, least: int = 0) -> int:
    if name not in data:
        raise ValueError(f"{name} is missing")
    return _number(name, data[name], least)


def _number(name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= 20:
        value = int(value)
    if type(value) is not int or not least <= value < 1 << 64:
        raise ValueError(f"{name} is not an integer in {least}..2^64-1")
    return value


def _digest(data: Any, name: str) -> Digest:
    text = _field(data, name, str)
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if digest.hex() != text or len(digest) != 32:
        raise ValueError(f"{name} is not a digest: 64 hexadecimal digits, in small letters")
    return digest
