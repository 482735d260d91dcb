"""Long runs of learning over proof-of-work, from a seed.

A run is a sequence of the transition system's own actions, so each can be recorded and checked
against the specification.  All that chance decides is who wins the next block.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TypeVar

import numpy as np

from model_consensus.adversaries.pow import Shown, Strategy
from model_consensus.adversaries.pow_view import View
from model_consensus.conformance.pow_miner import turn
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process, tagged_digest
from model_consensus.pow_learner import (
    Block,
    catch,
    check,
    keep,
    make_offer,
    model_of_tip,
    useful,
)
from model_consensus.simulation.cached_search import CountedSearch
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import (
    Action,
    ByzantineMine,
    ByzantinePublish,
    Catch,
    Mine,
    Receive,
    State,
)
from model_consensus.tob_learner import Offer

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
        adversary = self.word() < self._threshold
        candidates = self._system.byzantine if adversary else self._system.correct
        return candidates[self.word() * len(candidates) >> 64]

    def word(self) -> int:
        """The next word, a number below 2^64."""
        return int(self._words.random_raw())


Step = tuple[Action, State]
"""An action and the state after it."""

Win = TypeVar("Win", Mine, ByzantineMine)


class PowSimulation:
    """A run of ``system`` against ``strategy``; see :class:`Oracle` for the other parameters.

    :ivar state: where the run is.
    """

    def __init__(self, system: PowSystem, strategy: Strategy, share: float, seed: int) -> None:
        self.system = system
        self.strategy = strategy
        self.oracle = Oracle(system, share, seed)
        (self.state,) = system.initial()
        search = system.landscapes.search({})
        self._counted = {process: CountedSearch(search) for process in system.correct}
        self._public: set[int] = set()

    @property
    def evaluations(self) -> dict[Process, int]:
        """How many models each correct process has evaluated: on each tip its draws and nobody's,
        what it needs to lead, and what it needs to check a block.

        It makes ready to lead before each win, and remembers the losses of the offspring of all
        models that it can still revert.
        """
        return {process: counted.evaluations for process, counted in self._counted.items()}

    def run(self, wins: int) -> Iterator[tuple[Action | None, State]]:
        """The actions of so many wins and the states after them; the initial state comes first."""
        yield None, self.state
        for _ in range(wins):
            yield from self.win()

    def win(self) -> Iterator[Step]:
        """One win, what comes before, and what follows from it.

        The adversary may forge a block.  All processes offer, every correct one prepares to lead,
        and somebody wins.  The adversary publishes what it likes, to whom it likes, before the
        block of a correct process has arrived; a host waits for that one, and hands over what it
        has then.  At last every block that some correct process mined or received reaches all.
        """
        winner = self.oracle.elect()
        yield from self._forge(winner)
        yield from self._offer()
        for process in self.system.correct:
            yield from self._prepare(process)
        yield from self._mine(winner)
        published = self.strategy.publish(View(self.system, self.state))
        yield from self._hand_over([*published, *self._awaited()])
        yield from self._hand_over(self._arriving())
        for process, learner in self.state.learner.items():
            self._counted[process].forget({model.digest for model in learner.models.values()})
        # Nobody extends an older one: the adversary gives up what is depth + 2 blocks behind.
        self.system.forget(self.system.last_common(self.state) - self.system.rules.depth - 2)

    def _awaited(self) -> Iterable[Shown]:
        """What the hosts wait for, whatever arrives before it."""
        return self._arriving()

    def _arriving(self) -> Iterable[Shown]:
        """What reaches whom before the next win: each that is public, all."""
        return product(self.system.correct, self._on_way())

    def _on_way(self) -> list[int]:
        """The blocks that some correct process mined or received, and not all have."""
        blocks, learners = self.state.blocks, self.state.learner.values()
        self._public = {
            place
            for place in self._public
            if any(blocks[place - 1].digest not in learner.known for learner in learners)
        }
        return sorted(self._public)

    def _won(self, win: Win) -> Win:
        """The win, when it takes place."""
        return win

    def _take(self, action: Action) -> Step:
        self.state = self.system.apply(self.state, action)
        if isinstance(action, Mine):
            self._public.add(len(self.state.blocks))
        if isinstance(action, ByzantinePublish):
            self._public.add(action.block)
        return action, self.state

    def _offer(self) -> Iterator[Step]:
        for process in self.system.correct:
            for own in self.system.own_offers(self.state, process):
                make_offer(self._counted[process], self.state.learner[process])
                yield self._take(own)
        for process in self.system.byzantine:
            offer = self.strategy.offer(View(self.system, self.state), process)
            if offer is not None and offer not in self.state.offers:
                for lie in self.system.byzantine_offers(self.state, offer):
                    yield self._take(lie)

    def _seen(self, process: Process) -> tuple[Offer, ...]:
        """What all have offered on the tip of ``process``, each one offer; its own is the first."""
        offers: Mapping[Process, Offer] = {}
        for offer in self.system.offers_on(self.state, model_of_tip(self.state.learner[process])):
            offers = keep(self.system.rules, offers, offer)
        return (offers[process], *(offers[each] for each in offers if each != process))

    def _prepare(self, process: Process) -> Iterator[Step]:
        """``process`` looks at the offers on its tip, and catches those who have lied."""
        seen, learner = self._seen(process), self.state.learner[process]
        for action in self.system.leads(self.state, process, seen):
            search = self._counted[process]
            catch(search, learner, useful(search, learner, seen))
            if isinstance(action, Catch):
                yield self._take(action)
            break

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
                self._check(process, forged)
                yield self._take(action)

    def _mine(self, winner: Process) -> Iterator[Step]:
        """The winner's block; none if an adversary has wasted its win on a forgery."""
        if winner in self.system.byzantine:
            view = View(self.system, self.state)
            parent = self.strategy.extend(view)
            if parent is not None:
                step = self.strategy.step(view, winner, parent)
                for block in self.system.byzantine_blocks(self.state, winner, parent, step):
                    yield self._take(self._won(block))
        else:
            for action in self.system.leads(self.state, winner, self._seen(winner)):
                yield self._take(action if isinstance(action, Catch) else self._won(action))
                break

    def _check(self, process: Process, block: Block) -> None:
        """What ``process`` evaluates when it receives ``block``."""
        check(self._counted[process], self.system.rules, self.state.learner[process], block)

    def _hand_over(self, shown: Iterable[Shown]) -> Iterator[Step]:
        """The processes receive these blocks, and those below that they do not have.

        What a host has together it hands over in :func:`turn`.
        """
        missing: dict[Process, dict[int, None]] = {process: {} for process in self.system.correct}
        blocks = self.state.blocks
        for process, place in shown:
            known = self.state.learner[process].known
            while place and place not in missing[process] and blocks[place - 1].digest not in known:
                missing[process][place] = None
                place = blocks.parent(place)
        for process, places in missing.items():
            for place in sorted(places, key=lambda each: turn(blocks[each - 1])):
                withheld = self.system.is_withheld(self.state, place)
                self._check(process, blocks[place - 1])
                yield self._take((ByzantinePublish if withheld else Receive)(process, place))
