"""Checking the logs of the processes of one run over Total Order Broadcast, as they are read.

A learner is a fold over what is delivered to it, so its whole state is computed again from its log,
by the learner of :mod:`model_consensus.tob_learner`.  What the process says that it offered,
evaluated and decided must be what its learner does.

The logs are merged without clocks.  All processes are brought to the same place of the total order
before one of them goes beyond it, and offers are made as early as their logs allow.  If any order
of the steps respects causality, this one does: whatever happens before the delivery of an offer
at its sender, the sender has done once it has taken what is before that offer in the total order.
So the memory does not grow with the number of events, the digests of decided models aside.

The merged steps are actions of :class:`~model_consensus.systems.tob.TobSystem`.  A process that has
no log is Byzantine: its offers are ordered when they are first delivered.
"""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import fields
from typing import Any

from model_consensus import tob_learner
from model_consensus.conformance.log_replay import (
    ContradictionError,
    Known,
    Merged,
    Replay,
    Told,
    differences,
)
from model_consensus.conformance.logs import Log, LogOf
from model_consensus.conformance.trace_fields import printable
from model_consensus.evolutionary_search import Process, Search
from model_consensus.systems.tob import ByzantineOffer, Order
from model_consensus.tob_learner import current_generation


class RejectedLogError(Exception):
    """The logs are not those of a behaviour whose logging processes are correct.

    :ivar source: the file.
    :ivar process: whose log it is.
    :ivar line: of the event that shows it, from 1.
    :ivar reason: what differs.
    """

    def __init__(self, log: LogOf[Any, Any], reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.source = log.source
        self.process = log.process
        self.line = log.line if line is None else line
        self.reason = printable(reason)


def check_logs(logs: Sequence[Log], computed: Search | None = None) -> Iterator[Merged]:
    """The merged behaviour, step by step, as far as the logs are right.

    :param logs: of different processes, read up to their first lines.
    :param computed: computes digests and losses, if the landscape is known.
    :raises RejectedLogError: the logs contradict themselves, each other, or ``computed``.
    :raises LogError: a line is malformed, or lines are missing.
    """
    check_starts(logs, computed)
    known = Known()
    waiting: set[tob_learner.Offer] = set()  # the offers that have no place in the order yet
    replays = []
    for log in logs:
        replays.append(Replay(log, Told.by(log.agreed, computed), known))
    logging = {log.process for log in logs}
    place = 0
    try:
        while True:
            for replay in replays:
                for merged in replay.up_to_delivery():
                    if replay.made is not None:
                        waiting.add(replay.made)
                    yield merged
            replays = [replay for replay in replays if replay.next is not None]
            if not replays:
                return
            place += 1
            offer = _next_in_order(replays, place, waiting, logging)
            made_by_adversary = offer.sender not in logging
            if not made_by_adversary:
                waiting.remove(offer)
            order = ByzantineOffer(offer, ()) if made_by_adversary else Order(offer)
            yield Merged(order, replays[0].process, replays[0].log.line)
            for replay in replays:
                yield replay.deliver()
            known.forget(min(current_generation(replay.learner) for replay in replays))
    except ContradictionError as problem:
        raise RejectedLogError(replay.log, str(problem)) from None


def check_starts(logs: Sequence[LogOf[Any, Any]], computed: Search | None) -> None:
    """Refuse logs of which two are of one process, or that begin in different ways."""
    seen: dict[Process, LogOf[Any, Any]] = {}
    for log in logs:
        other = seen.setdefault(log.process, log)
        if other is not log:
            raise RejectedLogError(log, f"{other.source} is of {log.process} too")
    said, _ = Counter(log.agreed for log in logs).most_common(1)[0]
    for log in logs:
        for each in fields(said):
            one, other = getattr(log.agreed, each.name), getattr(said, each.name)
            if one != other:
                name = each.name.rstrip("_")
                raise RejectedLogError(
                    log, f"{name} is {_show(one)}, and in other logs {_show(other)}"
                )
    if computed is not None and computed.genesis.digest != said.genesis:
        raise RejectedLogError(
            logs[0],
            f"the genesis model is {computed.genesis.digest.hex()[:12]} for this landscape and "
            f"these rules, not {said.genesis.hex()[:12]}",
        )


def _show(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()[:12]
    return ", ".join(value) if isinstance(value, tuple) else str(value).lower()


def _next_in_order(
    replays: Sequence[Replay],
    place: int,
    waiting: Set[tob_learner.Offer],
    logging: Set[Process],
) -> tob_learner.Offer:
    """The offer that has this place in the total order.

    :raises RejectedLogError: two processes have two offers there, or its sender has not made it.
    """

    def made(offer: tob_learner.Offer) -> bool:
        return offer.sender not in logging or offer in waiting

    offers = [replay.offer for replay in replays]
    if offers.count(offers[0]) == len(offers):
        right = offers[0]
    else:  # what most processes have, and of the rest what its sender has made
        right = max(offers, key=lambda offer: (offers.count(offer), made(offer)))
    other = replays[offers.index(right)]
    for replay in replays:
        if replay.offer != right:
            raise RejectedLogError(
                replay.log,
                f"the orders differ: offer {place} of those delivered has "
                f"{differences(replay.offer, right)} as at {other.process}, line {other.log.line}",
            )
    if not made(right):
        raise RejectedLogError(
            other.log,
            f"by the log of {right.sender}, it has not made this offer before that is delivered, "
            f"or this is the second time",
        )
    return right
