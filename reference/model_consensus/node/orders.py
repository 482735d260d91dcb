"""Total Order Broadcast as a learner needs it, and Streamlet as one.

The rule of this file: an order reads no clock, opens no socket and writes no file.  The other one
is :mod:`model_consensus.node.stream_order`, over an engine that orders messages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.messages import Block, Chain, Notarization, Packet
from model_consensus.streamlet.node import PENDING
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.streamlet.state import Durable, Identity, Send
from model_consensus.tob_learner import Offer


@dataclass(frozen=True)
class Delivery:
    """An offer at its place in the total order.

    :ivar place: fields of the line of the log, by which a restart finds this place again; none if
        the order itself remembers it.
    """

    offer: Offer
    place: Mapping[str, int] = field(default_factory=dict)


class Order(Protocol):
    """One process's end of a Total Order Broadcast (assumption A1).

    All correct processes are delivered the same offers in the same order, each once and only if
    its sender signed it.  What a process broadcasts is sent again until it is delivered.
    """

    @property
    def epoch(self) -> int:
        """The one that it is in."""
        ...

    @property
    def room(self) -> int:
        """How many more offers of the process may wait until they are delivered."""
        ...

    def broadcast(self, offer: Offer) -> Sequence[Send]:
        """Have an offer of the process delivered to all; there must be room for it."""
        ...

    def begin(self, epoch: int) -> Sequence[Send]:
        """Enter an epoch."""
        ...

    def receive(self, packet: Any) -> Sequence[Send]:
        """A packet has arrived, whoever sent it."""
        ...

    def deliver(self) -> Delivery | None:
        """The next offer; None until there is one."""
        ...

    def waiting(self) -> Iterable[Offer]:
        """Offers of all processes that it knows and that have not been delivered."""
        ...

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        ...


class StreamletOrder:
    """Streamlet: the processes order their offers themselves, and n > 3f.

    :param durable: what the node has persisted; None if that is nothing.
    :param notarized: blocks that it had seen notarized, each after the one that it stands on.
    :param delivered: how many offers in ``durable.log`` were delivered before a crash.
    :ivar node: the node, whose ``durable`` the host persists before it sends.
    """

    def __init__(
        self,
        me: Identity,
        durable: Durable | None = None,
        notarized: Sequence[Notarization] = (),
        delivered: int = 0,
    ) -> None:
        durable = durable or Durable()
        self.me = me
        self.node = streamlet.restart(me, durable)
        for link in notarized:
            self.node, _ = streamlet.receive(me, self.node, Chain((link,)))
        final = [offer for link in durable.log if (offer := _offer_in(link.block))]
        self._again = final[delivered:]

    @property
    def epoch(self) -> int:
        """See :class:`Order`."""
        return self.node.epoch

    @property
    def room(self) -> int:
        """See :class:`Order`."""
        return PENDING - len(self.node.durable.outgoing)

    def broadcast(self, offer: Offer) -> Sequence[Send]:
        """See :class:`Order`."""
        self.node, out = streamlet.broadcast(self.me, self.node, encode_offer(offer))
        return out

    def begin(self, epoch: int) -> Sequence[Send]:
        """See :class:`Order`."""
        self.node, out = streamlet.begin(self.me, self.node, epoch)
        return out

    def receive(self, packet: Packet) -> Sequence[Send]:
        """See :class:`Order`."""
        self.node, out = streamlet.receive(self.me, self.node, packet)
        return out

    def deliver(self) -> Delivery | None:
        """See :class:`Order`.  Blocks without an offer are passed over."""
        if self._again:
            return Delivery(self._again.pop(0))
        while True:
            self.node, block = streamlet.deliver(self.node)
            if block is None:
                return None
            if offer := _offer_in(block):
                return Delivery(offer)

    def waiting(self) -> Iterable[Offer]:
        """See :class:`Order`."""
        for messages in self.node.pending.values():
            for message in messages:
                if offer := decode_offer(message.sender, message.body):
                    yield offer

    def status(self) -> dict[str, Any]:
        """See :class:`Order`."""
        return {"finalized": len(self.node.durable.log)}


def _offer_in(block: Block) -> Offer | None:
    """The offer that a block carries, if it does."""
    message = block.payload
    return None if message is None else decode_offer(message.sender, message.body)
