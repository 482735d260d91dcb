"""A participant without input or output: a Streamlet node, and the learner that stands on it.

The rule of this file: nothing here reads a clock, opens a socket or writes a file.  The host calls
:meth:`Participant.begin` and :meth:`Participant.receive`, persists what the participant then has in
``node.durable`` and ``lines``, and only then sends what the call returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_consensus import tob_learner
from model_consensus.conformance.log_writing import LogLines, Noting
from model_consensus.evolutionary_search import Model, Search
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.messages import Block, Chain, Notarization, Packet
from model_consensus.streamlet.node import PENDING
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.streamlet.state import Durable, Identity, Send
from model_consensus.tob_learner import Learner, Offer, Rules, current_generation


@dataclass(frozen=True)
class Remembered:
    """What a process remembers when it starts.

    :ivar durable: what its Streamlet node has persisted.
    :ivar notarized: blocks that it had seen notarized, each after the one that it stands on.
    :ivar learner: its learner after the first ``delivered`` of the offers in ``durable.log``.
    """

    durable: Durable
    notarized: Sequence[Notarization]
    learner: Learner
    delivered: int = 0


class Participant:
    """One process.

    :param generations: after so many it makes no more offers.
    :param log: makes the lines of its log.
    :ivar lines: those of the log that have not been written yet.
    """

    def __init__(
        self,
        me: Identity,
        search: Search,
        rules: Rules,
        generations: int,
        log: LogLines,
        remembered: Remembered,
    ) -> None:
        self.me, self.rules, self.generations = me, rules, generations
        self.node = streamlet.restart(me, remembered.durable)
        for link in remembered.notarized:
            self.node, _ = streamlet.receive(me, self.node, Chain((link,)))
        self.learner = remembered.learner
        self.lines: list[str] = []
        self.search = Noting(search)
        self._log = log
        final = remembered.durable.log
        offers = [offer for link in final if (offer := offer_in(link.block))]
        for offer in offers[remembered.delivered :]:
            self._take(offer)

    def begin(self, epoch: int) -> Sequence[Send]:
        """Enter an epoch."""
        out = self._offer()
        self.node, sent = streamlet.begin(self.me, self.node, epoch)
        return self.changed([*out, *sent, *self._deliver()], None)

    def receive(self, packet: Packet) -> Sequence[Send]:
        """A packet has arrived, whoever sent it."""
        self.node, sent = streamlet.receive(self.me, self.node, packet)
        return self.changed([*sent, *self._deliver()], packet)

    @property
    def epoch(self) -> int:
        """The one that it is in."""
        return self.node.epoch

    @property
    def model(self) -> Model:
        """The last model that it has decided, or the genesis model."""
        return self.learner.model

    def status(self) -> dict[str, Any]:
        """What it says of itself beside its model and its epoch."""
        return {
            "evaluations": self.learner.evaluations,
            "banned": self.learner.banned,
            "finalized": len(self.node.durable.log),
        }

    def offers(self) -> Sequence[Offer]:
        """What it offers now: one offer in each generation."""
        if not self.learner.offered < current_generation(self.learner) <= self.generations:
            return []
        self.search.noted.clear()
        self.learner, offer = tob_learner.offer(self.search, self.learner)
        self.lines.append(self._log.offered(offer, self.search.noted))
        return [offer]

    def changed(self, out: Sequence[Send], received: Packet | None) -> Sequence[Send]:
        """What it sends where its node would send ``out``: the same."""
        return out

    def _offer(self) -> Sequence[Send]:
        out: list[Send] = []
        if len(self.node.durable.outgoing) < PENDING:
            for offer in self.offers():
                self.node, sent = streamlet.broadcast(self.me, self.node, encode_offer(offer))
                out += sent
        return out

    def _deliver(self) -> Sequence[Send]:
        """Take what is final, and make the offer that is due then."""
        while True:
            self.node, block = streamlet.deliver(self.node)
            if block is None:
                return self._offer()
            if offer := offer_in(block):
                self._take(offer)

    def _take(self, offer: Offer) -> None:
        generation = current_generation(self.learner)
        self.search.noted.clear()
        self.learner = tob_learner.receive(self.search, self.rules, self.learner, offer)
        self.lines.append(self._log.delivered(offer, self.search.noted))
        if current_generation(self.learner) > generation:
            self.lines.append(self._log.decided(generation, self.learner.model.digest))


def offer_in(block: Block) -> Offer | None:
    """The offer that a block carries, if it does."""
    message = block.payload
    return None if message is None else decode_offer(message.sender, message.body)
