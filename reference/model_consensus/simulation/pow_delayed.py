"""Runs of learning over proof-of-work on a network with delay, from a seed.

Chance decides who wins the next block, and how many slots after the last one.
"""

from collections.abc import Iterable
from dataclasses import replace

from model_consensus.adversaries.pow import Shown, Strategy
from model_consensus.errors import ModelConsensusError
from model_consensus.simulation.pow import PowSimulation, Win
from model_consensus.systems.pow_delayed import DelayedPowSystem


class DelayedSimulation(PowSimulation):
    """A :class:`PowSimulation` in which blocks take as long as they may.

    A correct process's block, and what a correct process passes on, reaches all of them ``delta``
    slots later, unless the strategy shows it earlier; its miner has it at once.  Hosts do not wait
    that long, but hand over what arrives.

    :param interval: how many slots there are from one win to the next on average; at least 0.  Wins
        come with the same probability in each slot after the last one, its own with them.  (After
        delta slots without a win all have everything, so a longer pause is recorded as one of
        delta + 1.)
    :ivar slot: the slot of the next win.
    :raises ModelConsensusError: ``interval``, ``share`` or ``seed`` is out of its range.
    """

    system: DelayedPowSystem

    def __init__(
        self, system: DelayedPowSystem, strategy: Strategy, share: float, seed: int, interval: int
    ) -> None:
        super().__init__(system, strategy, share, seed)
        if interval < 0:
            raise ModelConsensusError(f"interval must be at least 0, not {interval}")
        self._interval = interval
        self.slot = 1
        self._public_since: dict[int, int] = {}

    def _won(self, win: Win) -> Win:
        return replace(win, slot=self.slot)

    def _awaited(self) -> Iterable[Shown]:
        """Nothing."""
        return ()

    def _arriving(self) -> Iterable[Shown]:
        on_way = self._on_way()
        kept = {place: since for place, since in self._public_since.items() if place in on_way}
        self._public_since = {**kept, **{p: self.slot for p in on_way if p not in kept}}
        mined = len(self.state.blocks)
        last = self.state.slots[-1] if mined else 1
        self.slot = last + self._pause() if mined else 1
        for place, since in self._public_since.items():
            miner = self.state.blocks[place - 1].miner
            for process in self.system.correct:
                if since + self.system.network_delay < self.slot or process == miner:
                    yield process, place

    def _pause(self) -> int:
        """The slots until the next win."""
        most, pause = self.system.delta + 1, 0
        while pause < most and self.oracle.word() * (self._interval + 1) >> 64:
            pause += 1
        return pause
