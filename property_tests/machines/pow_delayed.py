"""Learning over proof-of-work on a network with delay, as a state machine.

It is :class:`PowMachine` with slots.  Blocks arrive at any time until they are due, and who has won
when decides what holds of the decisions.
"""

from dataclasses import replace
from itertools import combinations, pairwise

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from model_consensus.conformance.chain_properties import no_bad_factor
from model_consensus.evolutionary_search import Digest, Process
from model_consensus.pow_learner import EVERY_HASH, Rules
from model_consensus.systems.pow_actions import Action, ByzantineMine, Mine
from model_consensus.systems.pow_delayed import DelayedPowSystem
from property_tests.machines.drawn import landscapes, sizes
from property_tests.machines.pow import BYZANTINE, PROCESSES, WINS, PowMachine
from property_tests.machines.schedules import Event

# Depth k, the slots that a block may take, and the adversary's wins.
FEW = ((0, 2, 0), (1, 1, 1), (1, 2, 0), (2, 1, 14))
ALL = tuple((k, delta, a) for k in range(4) for delta in range(4) for a in (0, k, WINS))


class DelayedMachine(PowMachine):
    """Any schedule in which no block is later than it may be.

    To test another network, give a subclass another ``network``.
    """

    system: DelayedPowSystem
    network = DelayedPowSystem
    sizes = sizes(FEW, ALL)

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        depth, delta, byzantine_wins = data.draw(type(self).sizes)
        self.set_up(
            type(self).network(
                Rules(PROCESSES, depth, EVERY_HASH // 2),
                BYZANTINE,
                data.draw(landscapes(1, 1)),
                WINS,
                byzantine_wins,
                name=self.model_name,
                learners=type(self).learners,
                delta=delta,
            )
        )
        self.slot = 1
        self.was_settled = True

    @precondition(lambda self: self.slot < max(self.system.next_slots(self.state)))
    @rule(slots=st.integers(1, 4))
    def time_passes(self, slots: int) -> None:
        self.slot = min(self.slot + slots, max(self.system.next_slots(self.state)))
        self.events.append(Event(f"slot {self.slot}", ""))

    def take(self, action: Action) -> None:
        super().take(
            replace(action, slot=self.slot) if isinstance(action, Mine | ByzantineMine) else action
        )

    def due(self, process: Process) -> list[int]:
        """Those of correct processes that have taken as long as they may, and its own."""
        wins = enumerate(zip(self.state.blocks, self.state.slots, strict=True), 1)
        return [
            place
            for place, (block, won) in wins
            if block.miner not in BYZANTINE
            if block.miner == process or won + self.system.network_delay < self.slot
        ]

    def is_all_there(self) -> bool:
        return self.system.has_arrived(self.state, self.slot)

    # ---------------------------------------------------------------- what holds in its place

    def agreement(self) -> None:
        """It need not hold: see :meth:`settled`."""

    def integrity(self) -> None:
        """It need not hold: see :meth:`settled_for_ever`."""

    def distinct_heights(self) -> None:
        """They need not be: see :meth:`pacers_rise`."""

    @invariant()
    def settled(self) -> None:
        if no_bad_factor(self.system, self.state):
            for one, other in combinations(self.decided().values(), 2):
                short, long = sorted((one, other), key=len)
                assert long[: len(short)] == short
        elif self.system.byzantine_wins == 0:
            self.hard.add("correct processes that may disagree")

    @invariant()
    def settled_for_ever(self) -> None:
        outputs = self.decided()
        if self.was_settled:
            assert all(outputs[p][: len(self.outputs[p])] == self.outputs[p] for p in outputs)
        self.outputs, self.was_settled = outputs, no_bad_factor(self.system, self.state)

    def pacers(self) -> list[Digest]:
        """The blocks of correct processes won more than delta slots after the one before."""
        found, last = [], -self.system.delta
        for block, slot in zip(self.state.blocks, self.state.slots, strict=True):
            if block.miner not in BYZANTINE and slot > last + self.system.delta:
                found.append(block.digest)
                last = slot
        return found

    @invariant()
    def pacers_rise(self) -> None:
        places = [self.system.place(self.state, digest) for digest in self.pacers()]
        heights = [self.system.height(self.state, place) for place in places]
        assert all(low < high for low, high in pairwise(heights))

    @invariant()
    def chain_growth(self) -> None:
        for learner in self.state.learner.values():
            assert learner.models[learner.tip].generation + 1 >= len(self.pacers())

    @invariant()
    def timed_type_ok(self) -> None:
        """The slots; the rest is in :meth:`type_ok`."""
        slots = self.state.slots
        assert len(slots) == len(self.state.blocks)
        assert list(slots) == sorted(slots)
