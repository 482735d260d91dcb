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
from model_consensus.evolutionary_search import (
    Model,
    Process,
    Search,
    Step,
    Ticket,
    Weights,
    largest_weight,
    offspring_digest,
    single,
)
from model_consensus.pow_learner import Block, Learner, Rules
from model_consensus.systems import pow_actions
from model_consensus.systems import tob as tob_system
from model_consensus.systems.answers import (
    Answer,
    Asked,
    Losses,
    OpenLandscape,
    revealed,
    revealed_losses,
)
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.streamlet import Name, StreamletSystem
from model_consensus.systems.tob import State, TobSystem
from model_consensus.tob_learner import Rules as TobRules

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
                steps = _told(sent)
                for losses in revealed(
                    self.landscapes, self.lineages, state.loss, self.genesis, steps
                ):
                    yield EquivocalOffer(sent, losses)

    def apply(self, state: State, action: Any) -> State:
        """See :class:`TobSystem`."""
        if not isinstance(action, EquivocalOffer):
            return super().apply(state, action)
        inbox = {
            process: (*state.broadcast.inbox[process], offer)
            for process, offer in zip(self.correct, action.sent, strict=True)
        }
        steps = _told(action.sent)
        loss = revealed_losses(self.lineages, state.loss, self.genesis, steps, action.losses)
        return replace(state, broadcast=replace(state.broadcast, inbox=inbox), loss=loss)


def _told(sent: Iterable[tob_learner.Offer]) -> list[Step]:
    """There is one generation, so the offers are on the genesis model."""
    return list(dict.fromkeys(map(tob_learner.offered, sent)))


class ForgedSenders(TobSystem):
    """``ForgedSenders``: the adversary sends offers in anybody's name, claiming the loss 0."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.forgeries = _in_any_name


def _in_any_name(system: TobSystem, state: State) -> Iterator[tob_learner.Offer]:
    if not any(state.broadcast.inbox.values()):
        first = single(0, system.landscapes.draws)
        for process in system.processes:
            ticket = Ticket(1, process, first)
            yield tob_learner.Offer(process, system.genesis.digest, ticket, 0)


class AnyWeights(TobSystem):
    """``AnyWeights``: a process may give its draws any weights."""

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


@dataclass(frozen=True)
class _AnyStep(OpenLandscape):
    """An open landscape that has an offspring for each step, legal or not."""

    def offspring(self, parent: Model, step: Step) -> Model:
        """See :class:`Search`."""
        digest = offspring_digest(parent.digest, step)
        return Model(parent.generation + 1, digest, parent.vector)


def _wide(search: Search) -> OpenLandscape:
    open_ = search.search if isinstance(search, Asked) else search
    assert isinstance(open_, OpenLandscape)
    return _AnyStep(open_.draws, open_.recombines, open_.revealed)


def any_weights(
    search: Search, rules: TobRules, learner: tob_learner.Learner, offer: tob_learner.Offer
) -> tob_learner.Learner:
    """The learner that accepts weights that are not legal, in an open landscape."""
    assert isinstance(search, Asked)
    wide = Asked(_wide(search), search.lineages, search.found)
    return DEFECTS["any-weights"](wide, rules, learner, offer)


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
                largest = largest_weight(system.landscapes.draws) + 1
                for weights in product(
                    range(-largest, largest + 1), repeat=system.landscapes.draws
                ):
                    ticket = Ticket(generation, miner, weights)
                    yield Block(system.digest(state, place), ticket, claim)


def _of_set(k: int, generation: int, miner: Process, draws: int) -> list[Step]:
    """``OwnSet``: the k-th set of draws of a miner, as if it had two names."""
    twice: list[Weights] = [tuple(k * w for w in single(draw, draws)) for draw in range(draws)]
    return [frozenset([Ticket(generation, miner, weights)]) for weights in twice]


class WithGrinding(PowSystem):
    """``ExploredWithGrinding``: a miner has two sets of λ draws; the adversary forges anything."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.forgeries = _every_forgery

    def _explored(
        self, state: pow_actions.State, parent: Model, miner: Process
    ) -> Iterable[Answer]:
        steps = self._of_both_sets(parent, miner)
        return revealed(self.landscapes, self.lineages, state.loss, parent, steps)

    def _answered(
        self, state: pow_actions.State, parent: Model, miner: Process, losses: Answer
    ) -> Losses:
        steps = self._of_both_sets(parent, miner)
        return revealed_losses(self.lineages, state.loss, parent, steps, losses)

    def _of_both_sets(self, parent: Model, miner: Process) -> list[Step]:
        generation, draws = parent.generation + 1, self.landscapes.draws
        return [step for k in (1, 2) for step in _of_set(k, generation, miner, draws)]


def best_of_either_set(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``EitherSet`` and ``IsBestOfEitherSet``: takes the best draw of either set of its miner."""
    wide = _wide(search)
    parent, ticket = learner.models.get(block.parent), block.ticket
    if parent is None or not pow_learner.has_work(rules, block):
        return learner
    step = frozenset([ticket])
    for k in (1, 2):
        steps = _of_set(k, parent.generation + 1, ticket.proposer, search.draws)
        if step in steps:
            losses = wide.losses(parent, steps)
            if block.claim == losses[steps.index(step)] == min(losses):
                return pow_learner.adopt(wide, learner, block)
    return learner


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
