"""Logs of real processes that learn over proof-of-work (docs/logs.md).

They are written as those over Total Order Broadcast are, and have other events::

    {"number": 1, "event": "start", "version": 1, "protocol": "pow", "process": "p1", ...}
    {"number": 2, "event": "offered", "offer": {...}, "losses": [7, 9, ...]}
    {"number": 3, "event": "heard", "offer": {...}, "losses": [...]}
    {"number": 4, "event": "mined", "block": {...}, "time": 1760000000.25}
    {"number": 5, "event": "received", "block": {...}, "losses": [...], "time": 1760000001.5}
    {"number": 6, "event": "decided", "generation": 1, "model": "2f..."}
    {"number": 7, "event": "restarted", "blocks": 2, "time": 1760000002.0}
"""

from dataclasses import dataclass
from typing import Any

from model_consensus.conformance.log_fields import (
    digest_of,
    field_of,
    losses_of,
    natural_of,
    offer_of,
    ticket_of,
)
from model_consensus.conformance.logs import (
    Decided,
    Format,
    LogOf,
    Offered,
    decided_of,
    offered_of,
    search_of,
)
from model_consensus.evolutionary_search import Digest, Process
from model_consensus.pow_learner import EVERY_HASH, Block, Rules
from model_consensus.tob_learner import Offer

MOST_HASHES = 1 << 32


@dataclass(frozen=True)
class PowAgreed:
    """What all processes of a run have agreed on.

    :ivar processes: the names of all of them.
    :ivar depth: the blocks on top that decide a block.
    :ivar hashes: the hashes that a block costs on average.
    :ivar genesis: the digest of the genesis model.
    """

    processes: tuple[Process, ...]
    depth: int
    hashes: int
    draws: int
    recombines: bool
    elitist: bool
    genesis: Digest

    @property
    def rules(self) -> Rules:
        """The learners' rules."""
        return Rules(self.processes, self.depth, EVERY_HASH // self.hashes)


@dataclass(frozen=True)
class Heard:
    """The process took an offer of another one, and evaluated models of these losses upon it."""

    offer: Offer
    losses: tuple[int, ...]


@dataclass(frozen=True)
class Mined:
    """The process found the nonce of its block.

    :ivar time: when, by its clock, in seconds since 1970; None if it does not say so.
    """

    block: Block
    time: float | None


@dataclass(frozen=True)
class Received:
    """A block of another process arrived, upon which models of these losses were evaluated.

    :ivar time: when, by its clock, in seconds since 1970; None if it does not say so.
    """

    block: Block
    losses: tuple[int, ...]
    time: float | None


@dataclass(frozen=True)
class PowRestarted:
    """The process has started again, and remembers this many blocks.

    :ivar time: when, by its clock, in seconds since 1970; None if it does not say so.
    """

    blocks: int
    time: float | None


PowEvent = Offered | Heard | Mined | Received | Decided | PowRestarted


def block_of(data: Any) -> Block:
    """A block: the object ``block``.

    :raises ValueError: it is not one; the message names the field.
    """
    block = field_of(data, "block", dict)
    tickets = [ticket_of(each) for each in field_of(block, "step", list) if _is_object(each)]
    step = frozenset(tickets)
    if len(step) < len(block["step"]):
        raise ValueError("step has something else than different tickets")
    return Block(
        digest_of(block, "parent"),
        field_of(block, "miner", str),
        step,
        natural_of(block, "claim"),
        natural_of(block, "nonce"),
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _time(data: Any) -> float | None:
    time = data.get("time")
    return float(time) if type(time) in (int, float) and 0 <= time < 1 << 40 else None


def _agreed(data: Any, processes: tuple[Process, ...]) -> PowAgreed:
    agreed = PowAgreed(
        processes,
        natural_of(data, "depth"),
        natural_of(data, "hashes", 1),
        **search_of(data),
    )
    if agreed.hashes > MOST_HASHES:
        raise ValueError("hashes is not an integer in 1..2^32")
    return agreed


def _heard(data: Any, agreed: PowAgreed) -> PowEvent:
    return Heard(offer_of(data, agreed.processes), losses_of(data))


def _mined(data: Any, agreed: PowAgreed) -> PowEvent:
    return Mined(block_of(data), _time(data))


def _received(data: Any, agreed: PowAgreed) -> PowEvent:
    return Received(block_of(data), losses_of(data), _time(data))


def _restarted(data: Any, agreed: PowAgreed) -> PowEvent:
    return PowRestarted(natural_of(data, "blocks"), _time(data))


POW = Format(
    "pow",
    "proof-of-work",
    _agreed,
    {
        "offered": offered_of,
        "heard": _heard,
        "mined": _mined,
        "received": _received,
        "decided": decided_of,
        "restarted": _restarted,
    },
)
PowLog = LogOf[PowAgreed, PowEvent]
