"""Long runs of learning over proof-of-work, from a seed.

A run is a sequence of the transition system's own actions, so each can be recorded and checked
against the specification.  All that chance decides is who wins the next block.
"""

from collections.abc import Iterator

import numpy as np

from model_consensus.adversaries.pow import Strategy, View
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process, tagged_digest
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import (
    Action,
    ByzantineMine,
    ByzantinePublish,
    Mine,
    Receive,
    State,
)

_WORD = 1 << 64


class Oracle:
    """Who wins the next block, by raw words of Philox: the same on every machine.

    :param share: the adversary's share of the wins; at least 0 and below 1.
    :raises ModelConsensusError: ``share`` or ``seed`` is out of its range, or nobody is Byzantine
        and ``share`` is not 0.
    """

    def __init__(self, system: PowSystem, share: float, seed: int) -> None:
        if not 0 <= share < 1 or (share and not system.byzantine):
            raise ModelConsensusError(f"the adversary cannot have the share {share} of the wins")
        if not 0 <= seed < _WORD:
            raise ModelConsensusError(f"seed must be in 0..2^64-1, not {seed}")
        self._system = system
        self._threshold = int(share * _WORD)
        key = int.from_bytes(tagged_digest("model-consensus/election/1", seed)[:16], "little")
        self._words = np.random.Philox(key=key)

    def elect(self) -> Process:
        """The winner of the next block."""
        adversary = self._word() < self._threshold
        candidates = self._system.byzantine if adversary else self._system.correct
        return candidates[self._word() * len(candidates) >> 64]

    def _word(self) -> int:
        return int(self._words.random_raw())


Step = tuple[Action, State]
"""An action and the state after it."""


class Simulation:
    """A run of ``system`` against ``strategy``; see :class:`Oracle` for the other parameters.

    :ivar state: where the run is.
    """

    def __init__(self, system: PowSystem, strategy: Strategy, share: float, seed: int) -> None:
        self.system = system
        self.strategy = strategy
        self.oracle = Oracle(system, share, seed)
        (self.state,) = system.initial()

    def win(self) -> Iterator[Step]:
        """One win and what follows from it.

        The adversary publishes what it likes, and then every block that some correct process mined
        or received reaches all correct processes.
        """
        winner = self.oracle.elect()
        yield from self._forge(winner)
        yield from self._mine(winner)
        for process, place in self.strategy.publish(View(self.system, self.state)):
            yield from self._show(process, place)
        public = [
            place
            for place in range(1, len(self.state.blocks) + 1)
            if not self.system.is_withheld(self.state, place)
        ]
        for process in self.system.correct:
            for place in public:
                yield from self._show(process, place)

    def _take(self, action: Action) -> Step:
        self.state = self.system.apply(self.state, action)
        return action, self.state

    def _forge(self, winner: Process) -> Iterator[Step]:
        """What the adversary forges when ``winner`` has won: sent to all correct processes."""
        won = winner in self.system.byzantine
        forger = winner if won else next(iter(self.system.byzantine), None)
        if forger is None:
            return
        block = self.strategy.forge(View(self.system, self.state), forger, won)
        if block is None:
            return
        forged = self.system.with_nonce(self.state, block, won)
        for process in self.system.correct:
            for action in self.system.forges(self.state, process, forged):
                yield self._take(action)

    def _mine(self, winner: Process) -> Iterator[Step]:
        """The winner's block; none if an adversary has wasted its win on a forgery."""
        if winner in self.system.byzantine:
            parent = self.strategy.extend(View(self.system, self.state))
            if parent is not None:
                (losses,) = self.system.answers(self.state, winner, parent)
                yield self._take(ByzantineMine(winner, parent, losses))
        else:
            tip = self.system.place(self.state, self.state.learner[winner].tip)
            (losses,) = self.system.answers(self.state, winner, tip)
            yield self._take(Mine(winner, losses))

    def _show(self, process: Process, place: int) -> Iterator[Step]:
        """``process`` receives the block, after those below it that it does not have."""
        known = self.state.learner[process].known
        missing = []
        while place and self.state.blocks[place - 1].digest not in known:
            missing.append(place)
            place = self.system.place(self.state, self.state.blocks[place - 1].parent)
        for each in reversed(missing):
            withheld = self.system.is_withheld(self.state, each)
            yield self._take((ByzantinePublish if withheld else Receive)(process, each))


def simulate_pow(
    system: PowSystem, strategy: Strategy, share: float, wins: int, seed: int
) -> Iterator[tuple[Action | None, State]]:
    """The states of a run of ``wins`` wins on one real landscape and the actions that lead to them.

    The initial state comes first.

    :raises ModelConsensusError: a parameter is out of its range.
    """
    simulation = Simulation(system, strategy, share, seed)
    yield None, simulation.state
    for _ in range(wins):
        yield from simulation.win()
