"""The fields of the lines of logs, checked as they are read.

Each function raises `ValueError`, whose message names the field.
"""

from collections.abc import Sequence
from typing import Any

from model_consensus.evolutionary_search import Digest, Process, Ticket
from model_consensus.tob_learner import Offer


def offer_of(data: Any, processes: Sequence[Process]) -> Offer:
    """The field ``offer``, whose sender is one of ``processes``."""
    offer = field_of(data, "offer", dict)
    sender = field_of(offer, "sender", str)
    if sender not in processes:
        raise ValueError("sender is not one of the processes")
    ticket = ticket_of(field_of(offer, "ticket", dict))
    return Offer(sender, digest_of(offer, "parent"), ticket, natural_of(offer, "claim"))


def ticket_of(data: Any) -> Ticket:
    """A ticket; its proposer need not be a process."""
    weights = tuple(field_of(data, "weights", list))
    if not are_integers(weights, -1 << 63, 1 << 63):
        raise ValueError("weights has something else than integers of 64 bits")
    return Ticket(natural_of(data, "generation"), field_of(data, "proposer", str), weights)


def losses_of(data: Any) -> tuple[int, ...]:
    """The field ``losses``."""
    losses = tuple(field_of(data, "losses", list))
    if are_integers(losses, 0, 1 << 64):
        return losses
    return tuple(number_of("losses", loss) for loss in losses)


def are_integers(values: Sequence[Any], least: int, bound: int) -> bool:
    """Whether all values are integers in ``least..bound - 1``."""
    return set(map(type, values)) <= {int} and (
        not values or (least <= min(values) and max(values) < bound)
    )


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
}


def field_of(data: Any, name: str, kind: type) -> Any:
    """The field ``name``, which has this type."""
    if name not in data:
        raise ValueError(f"{name} is missing")
    if not isinstance(data[name], kind):
        raise ValueError(f"{name} is not {_KINDS[kind]}")
    return data[name]


def natural_of(data: Any, name: str, least: int = 0) -> int:
    """The field ``name``, a number in ``least..2^64-1``."""
    if name not in data:
        raise ValueError(f"{name} is missing")
    return number_of(name, data[name], least)


def number_of(name: str, value: Any, least: int = 0) -> int:
    """A number in ``least..2^64-1``, which may be a string of decimal digits."""
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= 20:
        value = int(value)
    if type(value) is not int or not least <= value < 1 << 64:
        raise ValueError(f"{name} is not an integer in {least}..2^64-1")
    return value


def digest_of(data: Any, name: str) -> Digest:
    """The field ``name``, a digest."""
    text = field_of(data, name, str)
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if digest.hex() != text or len(digest) != 32:
        raise ValueError(f"{name} is not a digest: 64 hexadecimal digits, in small letters")
    return digest
