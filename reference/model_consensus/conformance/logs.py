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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from model_consensus import tob_learner
from model_consensus.conformance.traces import printable
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Model, Process, Step, Ticket
from model_consensus.systems.answers import AroundSearch
from model_consensus.systems.tob import Action, Deliver, Offer, State, TobSystem

VERSION = 1
LONGEST_LINE = 1 << 20
"""Bytes; a longer line is refused, so that the memory is bounded."""

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


# -------------------------------------------------------------------------------------- reading


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
        while (data := self._next()) is not None:
            where = f"{self.source}: line {self.line}"
            kind = data.get("event")
            parse = _EVENTS.get(kind) if isinstance(kind, str) else None
            if parse is None:
                raise LogError(f"{where}: event is not one of {', '.join(_EVENTS)}")
            yield parse(where, data, self.agreed)

    def _next(self) -> dict[str, Any] | None:
        self.line += 1
        data = _line(self.source, self._file, self.line)
        self.cut = data is Ellipsis
        return data if isinstance(data, dict) else None


def read_log(path: Path) -> Log:
    """Open a log and read its first line.  The file is closed when the log is forgotten.

    :raises LogError: the line is missing or malformed.
    """
    file = path.open("rb")
    source, where = str(path), f"{path}: line 1"
    data = _line(source, file, 1)
    if not isinstance(data, dict):
        raise LogError(f"{where}: the log ends before its first line does")
    if data.get("event") != "start":
        raise LogError(f"{where}: event is not start, with which a log begins")
    if data.get("version") != VERSION:
        raise LogError(f"{where}: version is not {VERSION}, the only one that can be read")
    names = _field(where, data, "processes", list)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise LogError(f"{where}: processes has something else than different names")
    process = _field(where, data, "process", str)
    if process not in names:
        raise LogError(f"{where}: process is not one of processes")
    agreed = Agreed(
        tuple(names),
        _natural(where, data, "lambda", 1),
        _natural(where, data, "mu", 1),
        _natural(where, data, "draws", 1),
        _field(where, data, "recombines", bool),
        _field(where, data, "elitist", bool),
        _digest(where, data, "genesis"),
    )
    if not agreed.mu <= agreed.lambda_ <= len(names):
        raise LogError(f"{where}: not 1 <= mu <= lambda <= {len(names)}, the number of processes")
    return Log(source, process, agreed, _file=file)


def _line(source: str, file: BinaryIO, number: int) -> Any:
    """The object on the next line; None at the end, and Ellipsis if the last line is incomplete."""
    line, where = file.readline(LONGEST_LINE), f"{source}: line {number}"
    if not line:
        return None
    if not line.endswith(b"\n") and len(line) == LONGEST_LINE:
        raise LogError(f"{where}: longer than {LONGEST_LINE:,} bytes")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        if not line.endswith(b"\n"):
            return ...
        raise LogError(f"{where}: not a JSON object") from None
    if not isinstance(data, dict):
        raise LogError(f"{where}: not a JSON object")
    said = _natural(where, data, "number")
    if said > number:
        raise LogError(f"{where}: lines are missing: number is {said}, and must be {number}")
    if said < number:
        raise LogError(f"{where}: number is {said}, and must be {number}, as lines are counted")
    return data


def _offered(where: str, data: Any, agreed: Agreed) -> Offered:
    return Offered(_offer(where, data, agreed), _losses(where, data))


def _delivered(where: str, data: Any, agreed: Agreed) -> Delivered:
    return Delivered(_offer(where, data, agreed), _losses(where, data))


def _decided(where: str, data: Any, agreed: Agreed) -> Decided:
    return Decided(_natural(where, data, "generation", 1), _digest(where, data, "model"))


def _restarted(where: str, data: Any, agreed: Agreed) -> Restarted:
    return Restarted(_natural(where, data, "delivered"))


_EVENTS: Mapping[str, Callable[[str, Any, Agreed], Event]] = {
    "offered": _offered,
    "delivered": _delivered,
    "decided": _decided,
    "restarted": _restarted,
}


def _offer(where: str, data: Any, agreed: Agreed) -> tob_learner.Offer:
    offer = _field(where, data, "offer", dict)
    ticket = _field(where, offer, "ticket", dict)
    sender = _field(where, offer, "sender", str)
    if sender not in agreed.processes:
        raise LogError(f"{where}: sender is not one of the processes")
    weights = _field(where, ticket, "weights", list)
    for weight in weights:
        if type(weight) is not int or not -1 << 63 <= weight < 1 << 63:
            raise LogError(f"{where}: weights has something else than integers of 64 bits")
    return tob_learner.Offer(
        sender,
        _digest(where, offer, "parent"),
        Ticket(
            _natural(where, ticket, "generation"),
            _field(where, ticket, "proposer", str),
            tuple(weights),
        ),
        _natural(where, offer, "claim"),
    )


def _losses(where: str, data: Any) -> tuple[int, ...]:
    losses = _field(where, data, "losses", list)
    return tuple(_number(where, "losses", loss) for loss in losses)


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a truth value",
}


def _field(where: str, data: Any, name: str, kind: type) -> Any:
    if name not in data:
        raise LogError(f"{where}: {name} is missing")
    if not isinstance(data[name], kind):
        raise LogError(f"{where}: {name} is not {_KINDS[kind]}")
    return data[name]


def _natural(where: str, data: Any, name: str, least: int = 0) -> int:
    if name not in data:
        raise LogError(f"{where}: {name} is missing")
    return _number(where, name, data[name], least)


def _number(where: str, name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= 20:
        value = int(value)
    if type(value) is not int or not least <= value < 1 << 64:
        raise LogError(f"{where}: {name} is not an integer in {least}..2^64-1")
    return value


def _digest(where: str, data: Any, name: str) -> Digest:
    text = _field(where, data, name, str)
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if digest.hex() != text or len(digest) != 32:
        raise LogError(f"{where}: {name} is not a digest: 64 hexadecimal digits, in small letters")
    return digest


# -------------------------------------------------------------------------------------- writing


@dataclass
class _Noting(AroundSearch):
    """A search that notes the losses of what was evaluated, in this order."""

    noted: list[int] = field(default_factory=list)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        losses = super().losses(parent, steps)
        self.noted += losses
        return losses


def log_lines(
    system: TobSystem, elitist: bool, steps: Iterable[tuple[Action | None, State]]
) -> Iterator[tuple[Process, str]]:
    """The logs of the correct processes of a run: whose the next line is, and the line.

    :param steps: pairs of an action and the state after it; the first pair has no action.
    """
    numbers = dict.fromkeys(system.correct, 0)

    def line(whose: Process, event: str, **fields: object) -> tuple[Process, str]:
        numbers[whose] += 1
        return whose, json.dumps({"number": numbers[whose], "event": event, **fields}) + "\n"

    before: State | None = None
    for action, state in steps:
        if before is None:
            for process in system.correct:
                yield line(
                    process,
                    "start",
                    version=VERSION,
                    process=process,
                    processes=system.processes,
                    **{"lambda": system.rules.lambda_},
                    mu=system.rules.mu,
                    draws=system.landscapes.draws,
                    recombines=system.landscapes.recombines,
                    elitist=elitist,
                    genesis=system.genesis.digest.hex(),
                )
        elif isinstance(action, Offer | Deliver):
            process, search = action.process, _Noting(system.landscapes.search(state.loss))
            learner = before.learner[process]
            if isinstance(action, Offer):
                event, offer = "offered", tob_learner.offer(search, learner)[1]
            else:
                event, offer = "delivered", before.broadcast.inbox[process][0]
                system.receive(search, system.rules, learner, offer)
            losses = [_as_json(loss) for loss in search.noted]
            yield line(process, event, offer=_offer_as_json(offer), losses=losses)
            decided = state.learner[process].decided
            if len(decided) > len(learner.decided):
                generation = len(decided) - 1
                yield line(process, "decided", generation=generation, model=decided[-1].hex())
        before = state


def _offer_as_json(offer: tob_learner.Offer) -> dict[str, object]:
    ticket = offer.ticket
    return {
        "sender": offer.sender,
        "parent": offer.parent.hex(),
        "ticket": {
            "generation": ticket.generation,
            "proposer": ticket.proposer,
            "weights": ticket.weights,
        },
        "claim": _as_json(offer.claim),
    }


def _as_json(number: int) -> int | str:
    return number if number < EXACT else str(number)
