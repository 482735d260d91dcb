"""The merged behaviour of logs over proof-of-work as a trace of DelayedLearning, for TLC.

What the adversary does is what the logs show of it: it makes an offer when that is first heard or
is in a block, and wins a block when that is first received.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from model_consensus.conformance.log_replay import LoggedLandscape
from model_consensus.conformance.logs import Offered
from model_consensus.conformance.pow_log_check import PowCheck, Won
from model_consensus.conformance.pow_log_replay import Taken
from model_consensus.conformance.pow_logs import Heard, Mined, Received
from model_consensus.conformance.traces import Trace, record
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, offspring_digest
from model_consensus.pow_learner import Block, Rules
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow_actions import (
    Action,
    ByzantinePublish,
    Catch,
    Mine,
    Receive,
    State,
)
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.tob_learner import Offer, offered

Found = TypeVar("Found")


def merged_system(check: PowCheck, merged: Sequence[Taken]) -> DelayedPowSystem:
    """The system of which the merged steps are a behaviour.

    Work costs nothing in it: nonces were checked before.  An offer that nobody evaluated may have
    any loss; it is given the one that it claims.
    """
    losses: dict[Digest, int] = {}
    for taken in merged:
        if isinstance(taken.event, Heard):
            offer = taken.event.offer
            losses[offspring_digest(offer.parent, offered(offer))] = offer.claim
    for taken in merged:
        for (parent, step), loss in taken.evaluated:
            losses[offspring_digest(parent, step)] = loss
    agreed, wins = check.agreed, len(check.won) + 1
    return DelayedPowSystem(
        Rules(agreed.processes, agreed.depth),
        [process for process in agreed.processes if process not in check.logging],
        OneLandscape(LoggedLandscape(agreed.draws, agreed.recombines, losses, agreed.genesis)),
        wins=wins,
        byzantine_wins=wins,
        name=bytes.hex,
        delta=check.delta,
    )


class _Run:
    """The system, taking the merged steps.

    :param won: the blocks that were won, by the digests that they have in the logs.
    """

    def __init__(self, system: DelayedPowSystem, won: Mapping[Digest, Won]) -> None:
        self.system, self._won = system, won
        self.state: State = next(system.initial())
        self.places = {system.genesis.digest: 0}  # by the same digests

    def steps(self, taken: Taken) -> Iterator[tuple[Action, State]]:
        """The steps that an event of a log stands for."""
        process, system = taken.process, self.system
        match taken.event:
            case Offered():
                yield self._take(_first(system.own_offers(self.state, process)))
            case Heard(offer):
                yield from self._made(offer)
                if taken.catches:
                    leads = system.leads(self.state, process, taken.seen)
                    yield self._take(_first(a for a in leads if isinstance(a, Catch)))
            case Mined(block):
                place = self.places[block.digest] = len(self.state.blocks) + 1
                yield self._take(_first(self._wins(taken, block)))
                yield self._take(Receive(process, place))
            case Received(block):
                yield from self._received(taken, block)

    def _take(self, action: Action) -> tuple[Action, State]:
        self.state = self.system.apply(self.state, action)
        return action, self.state

    def _wins(self, taken: Taken, block: Block) -> Iterator[Mine]:
        """What ``process`` does to win a block with this step, if that is possible in the slot."""
        slot = self._won[block.digest].slot
        for action in self.system.leads(self.state, taken.process, taken.seen):
            if isinstance(action, Mine) and self._is_next(slot):
                win = replace(action, slot=slot)
                if self.system.apply(self.state, win).blocks[-1].step == block.step:
                    yield win

    def _is_next(self, slot: int) -> bool:
        """Whether the next block may be won in this slot."""
        system, state = self.system, self.state
        return slot in system.next_slots(state) and system.has_arrived(state, slot)

    def _received(self, taken: Taken, block: Block) -> Iterator[tuple[Action, State]]:
        system, process = self.system, taken.process
        if block.digest not in self.places:
            miner = block.miner if block.miner in system.byzantine else system.byzantine[0]
            parent = self.places[block.parent]
            yield from self._tickets_of(block, parent)
            if not taken.accepts:
                digest = system.digest(self.state, parent)
                forged = replace(block, miner=miner, parent=digest)
                yield self._take(_first(system.forges(self.state, process, forged)))
                return
            self.places[block.digest] = len(self.state.blocks) + 1
            wins = system.byzantine_blocks(self.state, miner, parent, block.step)
            slot = self._won[block.digest].slot
            yield self._take(replace(_first(wins), slot=slot))
        place = self.places[block.digest]
        withheld = system.is_withheld(self.state, place)
        yield self._take((ByzantinePublish if withheld else Receive)(process, place))

    def _tickets_of(self, block: Block, parent: int) -> Iterator[tuple[Action, State]]:
        """The adversary offers its own tickets that are in its block, to nobody."""
        system = self.system
        model = system.model(self.state, parent)
        for ticket in sorted(block.step):
            if ticket.proposer in system.byzantine and all(
                offer.ticket != ticket for offer in system.offers_on(self.state, model)
            ):
                yield from self._made(Offer(ticket.proposer, model.digest, ticket, block.claim))

    def _made(self, offer: Offer) -> Iterator[tuple[Action, State]]:
        """The adversary makes an offer, unless that has been made."""
        if offer not in self.state.offers:
            yield self._take(_first(self.system.byzantine_offers(self.state, offer)))


def _first(found: Iterable[Found]) -> Found:
    for each in found:
        return each
    raise ModelConsensusError("the merged logs have a step that DelayedLearning does not have")


def merged_trace(check: PowCheck, merged: Sequence[Taken]) -> tuple[Trace, list[Taken]]:
    """The merged behaviour as a trace, and for each of its steps what it was read from."""
    run, origins = _Run(merged_system(check, merged), check.won), list[Taken]()

    def steps() -> Iterator[tuple[Action | None, State]]:
        yield None, run.state
        for taken in merged:
            for step in run.steps(taken):
                origins.append(taken)
                yield step

    return record("the merged logs", run.system, steps()), origins
