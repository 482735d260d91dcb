"""A participant without input or output: a learner on one end of a Total Order Broadcast.

The rule of this file: nothing here reads a clock, opens a socket or writes a file.  The host calls
:meth:`Participant.begin` and :meth:`Participant.receive`, persists what the participant then has in
``lines`` and its order must remember, and only then sends what the call returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_consensus import tob_learner
from model_consensus.conformance.log_writing import LogLines, Noting
from model_consensus.evolutionary_search import Model, Search
from model_consensus.node.orders import Delivery, Order
from model_consensus.streamlet.state import Identity, Send
from model_consensus.tob_learner import Learner, Offer, Rules, current_generation


@dataclass(frozen=True)
class Remembered:
    """What a process remembers when it starts.

    :ivar order: its end of the broadcast.
    :ivar learner: its learner before it takes what ``order`` delivers next.
    """

    order: Order
    learner: Learner


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
        self.order, self.learner = remembered.order, remembered.learner
        self.lines: list[str] = []
        self.search = Noting(search)
        self._log = log

    def begin(self, epoch: int) -> Sequence[Send]:
        """Enter an epoch."""
        out = [*self._deliver(), *self.order.begin(epoch)]
        return self.changed([*out, *self._deliver()], None)

    def receive(self, packet: Any) -> Sequence[Send]:
        """A packet has arrived, whoever sent it."""
        out = self.order.receive(packet)
        return self.changed([*out, *self._deliver()], packet)

    @property
    def epoch(self) -> int:
        """The one that it is in."""
        return self.order.epoch

    @property
    def model(self) -> Model:
        """The last model that it has decided, or the genesis model."""
        return self.learner.model

    def status(self) -> dict[str, Any]:
        """What it says of itself beside its model and its epoch."""
        return {
            "evaluations": self.learner.evaluations,
            "banned": self.learner.banned,
            **self.order.status(),
        }

    def offers(self) -> Sequence[Offer]:
        """What it offers now: one offer in each generation."""
        if not self.learner.offered < current_generation(self.learner) <= self.generations:
            return []
        self.search.noted.clear()
        self.learner, offer = tob_learner.offer(self.search, self.learner)
        self.lines.append(self._log.offered(offer, self.search.noted))
        return [offer]

    def changed(self, out: Sequence[Send], received: Any) -> Sequence[Send]:
        """What it sends where its order would send ``out``: the same."""
        return out

    def _offer(self) -> Sequence[Send]:
        out: list[Send] = []
        if self.order.room > 0:
            for offer in self.offers():
                out += self.order.broadcast(offer)
        return out

    def _deliver(self) -> Sequence[Send]:
        """Take what is delivered, and make the offer that is due then."""
        while delivery := self.order.deliver():
            self._take(delivery)
        return self._offer()

    def _take(self, delivery: Delivery) -> None:
        generation, offer = current_generation(self.learner), delivery.offer
        self.search.noted.clear()
        self.learner = tob_learner.receive(self.search, self.rules, self.learner, offer)
        self.lines.append(self._log.delivered(offer, self.search.noted, **delivery.place))
        if current_generation(self.learner) > generation:
            self.lines.append(self._log.decided(generation, self.learner.model.digest))
