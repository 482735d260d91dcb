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
from typing import Any, BinaryIO, Generic, TypeVar

from model_consensus import tob_learner
from model_consensus.conformance.log_fields import (
    digest_of,
    field_of,
    losses_of,
    natural_of,
    offer_of,
)
from model_consensus.conformance.trace_fields import printable
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Process

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


A = TypeVar("A")
E = TypeVar("E")


@dataclass
class LogOf(Generic[A, E]):
    """A log, read up to the first line; ``events`` reads on.

    :ivar source: the name of the file, for messages.
    :ivar line: of the event that was read last, from 1.
    :ivar cut: whether the last line was incomplete, as a crash leaves it.
    """

    source: str
    process: Process
    agreed: A
    _file: BinaryIO = field(repr=False)
    _parsers: Mapping[str, Callable[[Any, A], E]] = field(repr=False)
    line: int = 1
    cut: bool = False

    def events(self) -> Iterator[E]:
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

    def _next(self) -> E | None:
        data = _object(self._file, self.line)
        if not isinstance(data, dict):
            self.cut = data is Ellipsis
            return None
        kind = data.get("event")
        parse = self._parsers.get(kind) if isinstance(kind, str) else None
        if parse is None:
            raise ValueError(f"event is not one of {', '.join(self._parsers)}")
        return parse(data, self.agreed)


@dataclass(frozen=True)
class Format(Generic[A, E]):
    """What the logs of one protocol look like.

    :ivar protocol: the field of this name in the first line; None where there is no such field.
    :ivar over: the protocol in words.
    :ivar agreed: what the first line of a log says besides the processes, whose names it is given.
    :ivar parsers: what makes an event of a line, by the name of the event.
    """

    protocol: str | None
    over: str
    agreed: Callable[[Any, tuple[Process, ...]], A]
    parsers: Mapping[str, Callable[[Any, A], E]]

    @contextmanager
    def open(self, paths: Sequence[Path]) -> Iterator[list[LogOf[A, E]]]:
        """Open logs and read their first lines.

        :raises LogError: a first line is missing or malformed.
        """
        with ExitStack() as files:
            logs: list[LogOf[A, E]] = []
            for path in paths:
                file = files.enter_context(path.open("rb"))
                try:
                    process, agreed = self._start(_object(file, 1))
                except ValueError as problem:
                    raise LogError(f"{path}: line 1: {problem}") from None
                logs.append(LogOf(str(path), process, agreed, file, self.parsers))
            yield logs

    def _start(self, data: Any) -> tuple[Process, A]:
        if not isinstance(data, dict):
            raise ValueError("the log ends before its first line does")
        if data.get("event") != "start":
            raise ValueError("event is not start, with which a log begins")
        if data.get("version") != VERSION:
            raise ValueError(f"version is not {VERSION}, the only one that can be read")
        if data.get("protocol") != self.protocol:
            raise ValueError(f"not a log over {self.over}")
        names = field_of(data, "processes", list)
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise ValueError("processes has something else than different names")
        process = field_of(data, "process", str)
        if process not in names:
            raise ValueError("process is not one of processes")
        return process, self.agreed(data, tuple(names))


def protocol_of(path: Path) -> Any:
    """The protocol that the first line of a file names; None if it names none."""
    with path.open("rb") as file:
        try:
            data = _object(file, 1)
        except ValueError:
            return None
    return data.get("protocol") if isinstance(data, dict) else None


def search_of(data: Any) -> dict[str, Any]:
    """What a first line says of the search, whatever the protocol."""
    draws = natural_of(data, "draws", 1)
    if draws > MOST_DRAWS:
        raise ValueError(f"draws is not an integer in 1..{MOST_DRAWS}")
    return {
        "draws": draws,
        "recombines": field_of(data, "recombines", bool),
        "elitist": field_of(data, "elitist", bool),
        "genesis": digest_of(data, "genesis"),
    }


def _agreed(data: Any, processes: tuple[Process, ...]) -> Agreed:
    agreed = Agreed(
        processes,
        natural_of(data, "lambda", 1),
        natural_of(data, "mu", 1),
        **search_of(data),
    )
    if not agreed.mu <= agreed.lambda_ <= len(processes):
        raise ValueError(f"not 1 <= mu <= lambda <= {len(processes)}, the number of processes")
    return agreed


def _object(file: BinaryIO, number: int) -> Any:
    """The object on the next line; None at the end, and Ellipsis if the last line is incomplete."""
    line = file.readline(LONGEST_LINE)
    if not line:
        return None
    complete = line.endswith(b"\n")
    if not complete and len(line) == LONGEST_LINE:
        raise ValueError(f"longer than {LONGEST_LINE:,} bytes")
    try:
        data = json.loads(line.decode())
    except (ValueError, RecursionError):
        if not complete:
            return ...
        data = None
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    said = natural_of(data, "number")
    if said > number:
        raise ValueError(f"lines are missing: number is {said}, and must be {number}")
    if said < number:
        raise ValueError(f"number is {said}, and must be {number}, as lines are counted")
    return data


def offered_of(data: Any, agreed: Any) -> Offered:
    """The process makes an offer, over any protocol."""
    return Offered(offer_of(data, agreed.processes), losses_of(data))


def _delivered(data: Any, agreed: Agreed) -> Event:
    return Delivered(offer_of(data, agreed.processes), losses_of(data))


def decided_of(data: Any, agreed: Any) -> Decided:
    """The process decides, over any protocol."""
    return Decided(natural_of(data, "generation", 1), digest_of(data, "model"))


def _restarted(data: Any, agreed: Agreed) -> Event:
    return Restarted(natural_of(data, "delivered"))


TOB = Format(
    None,
    "Total Order Broadcast",
    _agreed,
    {
        "offered": offered_of,
        "delivered": _delivered,
        "decided": decided_of,
        "restarted": _restarted,
    },
)
Log = LogOf[Agreed, Event]
open_logs = TOB.open
