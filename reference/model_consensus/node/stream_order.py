"""Total Order Broadcast over an engine that keeps one sequence of messages for all processes.

The engine is trusted to show everybody the same sequence, and to accept new messages, and for
nothing else: it can neither make an offer nor change one.  An offer is delivered where it stands
first in the sequence with the signature of its sender; whatever else is there is passed over.

The rule of this file is that of :mod:`model_consensus.node.orders`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.node.orders import Delivery
from model_consensus.streamlet.codec import CodecError, decode
from model_consensus.streamlet.messages import Message
from model_consensus.streamlet.node import PENDING
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.streamlet.state import Identity, Send
from model_consensus.tob_learner import Offer


@dataclass(frozen=True)
class Stored:
    """Bytes that stand in the sequence at ``number``, counted from 1."""

    number: int
    data: bytes


class StreamOrder:
    """One process's end.

    :param delivered: the offers that were delivered before a crash.
    :param number: where the last of them stands; 0 if there is none.
    :param made: the process's own offers, of which those wait that were not delivered.
    :ivar number: where the last message stands that it has taken.
    :ivar epoch: the one that it is in.
    """

    def __init__(
        self,
        me: Identity,
        delivered: Sequence[Offer] = (),
        number: int = 0,
        made: Iterable[Offer] = (),
    ) -> None:
        self.me, self.number, self.epoch = me, number, 0
        self._last = delivered[-1] if delivered else None
        self._delivered = set(delivered)
        self._due: list[Delivery] = []
        self._own: dict[Offer, Message] = {}
        for offer in made:
            if offer not in self._delivered:
                self.broadcast(offer)

    @property
    def room(self) -> int:
        """See :class:`~model_consensus.node.orders.Order`."""
        return PENDING - len(self._own)

    def broadcast(self, offer: Offer) -> Sequence[Send]:
        """See :class:`~model_consensus.node.orders.Order`."""
        message = self.me.committee.message(self.me.process, self.me.sign, encode_offer(offer))
        self._own[offer] = message
        return [Send(None, message)]

    def begin(self, epoch: int) -> Sequence[Send]:
        """See :class:`~model_consensus.node.orders.Order`."""
        self.epoch = epoch
        return [Send(None, message) for message in self._own.values()]

    def receive(self, packet: Stored) -> Sequence[Send]:
        """Take the next message of the sequence, or one that was taken before.

        :raises ModelConsensusError: the engine shows another sequence than before, or a part of it.
        """
        if packet.number > self.number + 1:
            raise ModelConsensusError(
                f"the stream has no messages between {self.number} and {packet.number} any more"
            )
        if packet.number < self.number:
            return []
        offer = self._offer_in(packet.data)
        if packet.number == self.number:
            if offer != self._last:
                raise ModelConsensusError(
                    f"the stream has another message {packet.number} than before"
                )
            return []
        self.number, self._last = packet.number, offer
        if offer is not None and offer not in self._delivered:
            self._delivered.add(offer)
            self._own.pop(offer, None)
            self._due.append(Delivery(offer, {"sequence": packet.number}))
        return []

    def deliver(self) -> Delivery | None:
        """See :class:`~model_consensus.node.orders.Order`."""
        return self._due.pop(0) if self._due else None

    def waiting(self) -> Collection[Offer]:
        """See :class:`~model_consensus.node.orders.Order`."""
        return self._own.keys()

    def status(self) -> dict[str, Any]:
        """See :class:`~model_consensus.node.orders.Order`."""
        return {"sequence": self.number}

    def _offer_in(self, data: bytes) -> Offer | None:
        """The offer in a message, if there is one that its sender signed."""
        try:
            message = decode(data)
        except CodecError:
            return None
        if not isinstance(message, Message) or not self.me.committee.is_authentic(message):
            return None
        return decode_offer(message.sender, message.body)
