"""Learning over proof-of-work on a network with delay, as one labelled transition system.

:class:`DelayedPowSystem` is ``DelayedLearning.tla`` run with the real learners, which have no
clock: the slots of the wins are what an observer sees.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import Action, ByzantineMine, Mine, State
from model_consensus.tla.values import Function, Value


class DelayedPowSystem(PowSystem):
    """:class:`PowSystem` over a network that delays blocks by at most ``delta`` slots.

    A correct process's block of slot s has reached every correct process when slot s + delta is
    over, or earlier if the adversary likes; its miner has it at once.  Any number of blocks are won
    in a slot.  Offers are made at any time.

    :param delta: how many slots a block may take; at least 0.
    :raises ModelConsensusError: a parameter is out of its range.
    """

    module = "DelayedLearning"

    def __init__(self, *args: Any, delta: int, **options: Any) -> None:
        super().__init__(*args, **options)
        if delta < 0:
            raise ModelConsensusError(f"delta must be at least 0, not {delta}")
        self.delta = delta
        self.network_delay = delta  # how many slots the network takes: as many as it may

    def enabled(self, state: State) -> Iterator[Action]:
        """Every action of :class:`PowSystem`; a block can be won in each of the next slots."""
        for action in super().enabled(state):
            if isinstance(action, Mine | ByzantineMine):
                for slot in self.next_slots(state):
                    if self.has_arrived(state, slot):
                        yield replace(action, slot=slot)
            else:
                yield action

    def apply(self, state: State, action: Action) -> State:
        """The state after ``action``, which must be enabled."""
        after, slots = super().apply(state, action), state.slots
        if len(after.blocks) == len(slots):
            return after
        won = slots[-1] if slots else 1  # a forgery is only accepted by a defective learner
        if isinstance(action, Mine | ByzantineMine):
            won = action.slot
        return replace(after, slots=slots.appended(won))

    # ------------------------------------------------------------------------------- the slots

    def next_slots(self, state: State) -> range:
        """``NextSlots``: when the next block can be won."""
        if not state.slots:
            return range(1, 2)
        return range(state.slots[-1], state.slots[-1] + self.delta + 2)

    def has_arrived(self, state: State, slot: int) -> bool:
        """``HasArrived``: whether all that has to be known when a block is won in ``slot`` is."""
        return all(
            block.digest in learner.known
            for block, won in ((state.blocks[p - 1], state.slots[p - 1]) for p in state.on_way)
            for process, learner in state.learner.items()
            if won + self.network_delay < slot or block.miner == process
        )

    def string(self, state: State) -> str:
        """The wins by slots, ``h`` or ``A``, each slot but the last ended by ``|``."""
        text, now = "", 1
        for block, slot in zip(state.blocks, state.slots, strict=True):
            text += "|" * (slot - now) + ("A" if block.miner in self.byzantine else "h")
            now = slot
        return text

    def may_offer(self, state: State) -> bool:
        """``IsGoingOn``: wins are left."""
        return self.wins is None or len(state.blocks) < self.wins

    def may_win(self, state: State, process: Process) -> bool:
        """Whether the oracle may elect ``process`` in one of the next slots."""
        return super().may_win(state, process) and any(
            self.has_arrived(state, slot) for slot in self.next_slots(state)
        )

    # ------------------------------------------------------------------------------- in TLA+

    def constants(self) -> dict[str, Value]:
        """The constants of the specification, except what the landscape may answer."""
        return {**super().constants(), "Delta": self.delta}

    def project(self, state: State, left_out: int = 0) -> Function:
        """The variables of ``DelayedLearning.tla``: those of ``PowLearning.tla``, and slots."""
        slots = tuple(state.slots[left_out:])
        return Function({**super().project(state, left_out), "slots": slots})
