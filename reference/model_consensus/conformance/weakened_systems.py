"""Systems whose network, adversary or tickets are not those that the theorems assume.

Each is the implementation's side of an operator of ``MCTobNecessity.tla``, ``MCPowNecessity.tla``
or ``MCStreamletNecessity.tla``, which the class names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from model_consensus import pow_learner, tob_learner
from model_consensus.defects.tob import DEFECTS
from model_consensus.evolutionary_search import Model, Process, Search, Ticket, own_tickets
from model_consensus.pow_learner import Block, Learner, Rules
from model_consensus.systems import pow_actions
from model_consensus.systems import tob as tob_system
from model_consensus.systems.answers import Answer, OpenLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.streamlet import Name, StreamletSystem
from model_consensus.systems.tob import State, TobSystem

# ------------------------------------------------------------------------ Total Order Broadcast


@dataclass(frozen=True)
class Order:
    """A broadcast offer comes before all others at the processes ``first``, last at the others."""

    offer: tob_learner.Offer
    first: frozenset[Process]


class OrderAnyhow(TobSystem):
    """``OrderAnyhow``: the network delivers everything to everybody, in any order."""

    def enabled(self, state: State) -> Iterator[Any]:
        """See :class:`TobSystem`."""
        yield from super().enabled(state)
        for offer in sorted(state.broadcast.network):
            for places in product((False, True), repeat=len(self.correct)):
                if any(places):
                    first = (p for p, place in zip(self.correct, places, strict=True) if place)
                    yield Order(offer, frozenset(first))

    def apply(self, state: State, action: Any) -> State:
        """See :class:`TobSystem`."""
        if not isinstance(action, Order):
            return super().apply(state, action)
        inbox = {
            process: (action.offer, *queue) if process in action.first else (*queue, action.offer)
            for process, queue in state.broadcast.inbox.items()
        }
        network = state.broadcast.network - {action.offer}
        return replace(state, broadcast=replace(state.broadcast, inbox=inbox, network=network))


@dataclass(frozen=True)
class EquivocalOffer:
    """A Byzantine process sends each process an offer of its own; ``losses`` are the true ones."""

    sent: tuple[tob_learner.Offer, ...]
    losses: Answer


class Equivocal(TobSystem):
    """``EquivocalOffer``: a Byzantine sender's offer differs between its receivers."""

    def enabled(self, state: State) -> Iterator[Any]:
        """See :class:`TobSystem`."""
        yield from (
            a for a in super().enabled(state) if not isinstance(a, tob_system.ByzantineOffer)
        )
        for process in self.byzantine:
            own = [
                offer
                for offer in self.forgeries(self, state)
                if offer.sender == process and self.is_own_draw(offer)
            ]
            for sent in product(own, repeat=len(self.correct)):
                for losses in self.landscapes.answers(self.genesis, self._new(state, sent)):
                    yield EquivocalOffer(sent, losses)

    def apply(self, state: State, action: Any) -> State:
        """See :class:`TobSystem`."""
        if not isinstance(action, EquivocalOffer):
            return super().apply(state, action)
        inbox = {
            process: (*state.broadcast.inbox[process], offer)
            for process, offer in zip(self.correct, action.sent, strict=True)
        }
        new = [
            self.lineages.offspring(self.genesis.digest, t) for t in self._new(state, action.sent)
        ]
        loss = {**state.loss, **dict(zip(new, action.losses, strict=True))}
        return replace(state, broadcast=replace(state.broadcast, inbox=inbox), loss=loss)

    def _new(self, state: State, sent: Iterable[tob_learner.Offer]) -> tuple[Ticket, ...]:
        """The undrawn tickets; there is one generation, so they are on the genesis model."""
        tickets = dict.fromkeys(offer.ticket for offer in sent)
        return self._undrawn(state, self.genesis.digest, tickets)


class AnyDraw(TobSystem):
    """``AnyDraw``: a process draws as often as it likes."""

    def is_own_draw(self, offer: tob_learner.Offer) -> bool:
        """See :class:`TobSystem`."""
        ticket = offer.ticket
        return (
            ticket.generation == self.lineages.generation(offer.parent) + 1
            and ticket.proposer == offer.sender
        )


class ForeignDraw(TobSystem):
    """``ForeignDraw``: a process offers tickets of others."""

    def is_own_draw(self, offer: tob_learner.Offer) -> bool:
        """See :class:`TobSystem`."""
        return super().is_own_draw(replace(offer, sender=offer.ticket.proposer))


def _wide(search: Search) -> OpenLandscape:
    """The open landscape with twice as many draws, which itself refuses those beyond its own."""
    assert isinstance(search, OpenLandscape)
    return OpenLandscape(2 * search.draws, search.revealed)


def any_draw(
    search: Search, lambda_: int, learner: tob_learner.Learner, offer: tob_learner.Offer
) -> tob_learner.Learner:
    """The learner that accepts draws beyond those that a process has, in an open landscape."""
    return DEFECTS["any-draw"](_wide(search), lambda_, learner, offer)


# -------------------------------------------------------------------------------- proof-of-work


class Asynchronous(PowSystem):
    """``Asynchronous``: the next block may be mined before the last one has arrived."""

    def is_synchronous(self, state: pow_actions.State) -> bool:
        """See :class:`PowSystem`."""
        return True


def _every_forgery(system: PowSystem, state: pow_actions.State) -> Iterator[Block]:
    """``Forgeries`` of ``PowLearning.tla`` with the losses 0 and 1."""
    for place in range(len(state.blocks) + 1):
        for generation in range(1, (system.wins or 0) + 1):
            for miner, claim in product(system.byzantine, (0, 1)):
                for draw in range(system.landscapes.draws + 1):
                    ticket = Ticket(generation, miner, draw)
                    yield Block(system.digest(state, place), ticket, claim)


class WithGrinding(PowSystem):
    """``WithGrinding``: a miner has two sets of λ tickets, and the adversary forges anything."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.forgeries = _every_forgery

    def _undrawn(
        self, state: pow_actions.State, parent: Model, miner: Process
    ) -> tuple[Ticket, ...]:
        return tuple(
            ticket
            for ticket in own_tickets(parent.generation + 1, miner, 2 * self.landscapes.draws)
            if self.lineages.offspring(parent.digest, ticket) not in state.loss
        )


def best_of_either_set(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``EitherSet`` and ``IsBestOfEitherSet``: takes the best ticket of either set of its miner."""
    wide = _wide(search)
    parent, ticket = learner.models.get(block.parent), block.ticket
    if (
        parent is None
        or not pow_learner.has_work(rules, block)
        or ticket.generation != parent.generation + 1
        or not 0 <= ticket.draw < wide.draws
    ):
        return learner
    first = ticket.draw // search.draws * search.draws
    draws = range(first, first + search.draws)
    losses = wide.losses(parent, [replace(ticket, draw=draw) for draw in draws])
    if not block.claim == losses[ticket.draw - first] == min(losses):
        return learner
    return pow_learner.adopt(wide, learner, block)


# ------------------------------------------------------------------------------------ Streamlet


class Crashing(StreamletSystem):
    """Each process crashes after each action, and starts again from what it persisted."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "restart": True})


class MadeUp(StreamletSystem):
    """``MadeUp``: a leader puts messages into blocks that nobody broadcast or signed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.payloads = lambda system, state, epoch: (None, *system.messages)
        self._message = {
            name: replace(message, signature=bytes(64)) for name, message in self._message.items()
        }
        self._name: dict[Any, Name] = {message: name for name, message in self._message.items()}
