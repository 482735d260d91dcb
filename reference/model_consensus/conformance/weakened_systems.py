"""Systems whose network, adversary or tickets are not those that the theorems assume.

Each is the implementation's side of an operator of ``MCTobNecessity.tla``, ``MCPowNecessity.tla``
or ``MCStreamletNecessity.tla``, which the class names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from model_consensus import pow_learner, tob_learner
from model_consensus.defects import pow as pow_defects
from model_consensus.defects.tob import DEFECTS
from model_consensus.evolutionary_search import (
    Model,
    Process,
    Search,
    Step,
    Ticket,
    offspring_digest,
    single,
)
from model_consensus.pow_learner import Block
from model_consensus.pow_learner import Rules as PowRules
from model_consensus.systems import pow_actions
from model_consensus.systems import tob as tob_system
from model_consensus.systems.answers import (
    Answer,
    Asked,
    OpenLandscape,
    revealed,
    revealed_losses,
)
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.systems.pow_tree import PowTree
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


class LateByASlot(DelayedPowSystem):
    """``WinsInLate``: blocks take a slot more than is allowed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.network_delay = self.delta + 1


def _receive_any_generation(
    search: Search, rules: PowRules, learner: pow_learner.Learner, block: Block
) -> pow_learner.Learner:
    defective = pow_defects.DEFECTS["any-generation"]
    return defective.receive(_wide(search), rules, learner, block)  # type: ignore[no-any-return]


ANY_GENERATION = pow_defects.with_steps(
    "Accepts tickets of any generation, in an open landscape.", receive=_receive_any_generation
)
"""``AnyGeneration``: the learner that does not compare generations."""


def _unoffered(system: PowTree, state: pow_actions.State, place: int) -> Iterator[Step]:
    """``Foreign``: the first draw of each correct process."""
    generation, first = system.height(state, place) + 1, single(0, system.landscapes.draws)
    yield from (frozenset([Ticket(generation, process, first)]) for process in system.correct)


class UnofferedTickets(PowSystem):
    """``Foreign``: the adversary names tickets of correct processes that have not offered them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.steps = _unoffered


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
