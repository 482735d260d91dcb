"""A Byzantine participant: it runs the protocol to know what is going on, and then misbehaves.

The attacks are those of :mod:`model_consensus.adversaries`.  In a simulated run an attacker sees
the whole state; as a process of its own it sees what has reached it: its own learner, and the
offers that wait at its end of the broadcast.  It alone decides what it sends, and not in which
order the offers of others are delivered.
"""

import random
from collections.abc import Sequence
from typing import Any

from model_consensus.adversaries.streamlet import MISBEHAVIOURS, Occasion
from model_consensus.adversaries.tob import ATTACKS, wanted
from model_consensus.conformance.log_writing import LogLines
from model_consensus.evolutionary_search import Process, Search
from model_consensus.node.orders import Order
from model_consensus.node.participant import Participant, Remembered
from model_consensus.streamlet.state import Identity, Send
from model_consensus.systems.answers import Asked, OneLandscape
from model_consensus.systems.tob import State, TobSystem
from model_consensus.systems.total_order_broadcast import Broadcast
from model_consensus.tob_learner import Offer, Rules, current_generation, new_learner


class ByzantineParticipant(Participant):
    """A process of the adversary.  It remembers nothing when it starts again.

    :param order: its end of the broadcast, which remembers nothing either.
    :param byzantine: all of the adversary's processes.
    :param attack: the name of what it does, to Streamlet's nodes or else to learners.
    """

    def __init__(
        self,
        me: Identity,
        search: Search,
        rules: Rules,
        generations: int,
        order: Order,
        byzantine: Sequence[Process],
        attack: str,
    ) -> None:
        self._system = TobSystem(
            me.committee.processes, byzantine, rules, OneLandscape(search), generations
        )
        nothing = Remembered(order, new_learner(search, me.process))
        asked = Asked(search, self._system.lineages)  # attacks ask where a model comes from
        super().__init__(me, asked, rules, generations, LogLines(me.process), nothing)
        self._misbehaviour = MISBEHAVIOURS.get(attack, MISBEHAVIOURS["none"])
        self._attack = ATTACKS["none" if attack in MISBEHAVIOURS else attack]
        self._wanted: set[Offer] = set()
        self._acted = 0

    def offers(self) -> Sequence[Offer]:
        """Once in an epoch: what the attack wants and has not offered, as far as it may wait."""
        done = current_generation(self.learner) > self.generations
        if done or self._acted == self.order.epoch:
            return []
        self._acted = self.order.epoch
        all_wanted = wanted(self._attack, self._system, self.search, self._seen(), self.me.process)
        new = [offer for offer in all_wanted if offer not in self._wanted]
        new = new[: self.order.room]
        self._wanted.update(new)
        return new

    def changed(self, out: Sequence[Send], received: Any) -> Sequence[Send]:
        """What the attack on Streamlet makes of it."""
        self.lines.clear()  # it writes no log
        others = [process for process in self.me.committee.processes if process != self.me.process]
        random.shuffle(others)
        occasion = Occasion(self.me, self.order.epoch, received, out, others)
        return self._misbehaviour.packets(occasion)

    def _seen(self) -> State:
        network = frozenset(self.order.waiting())
        me = self.me.process
        return State(Broadcast({me: ()}, network), {me: self.learner}, {})
