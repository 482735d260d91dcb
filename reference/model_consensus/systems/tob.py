"""Learning over Total Order Broadcast with its adversary, as one labelled transition system.

:class:`TobSystem` is ``TobLearning.tla`` run with the real learners: its actions are those of the
specification, and :meth:`TobSystem.project` gives the specification's variables."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from model_consensus import tob_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Model, Process, Search, Step, is_own_ticket
from model_consensus.systems.answers import (
    Answer,
    Asked,
    Landscapes,
    Losses,
    LossNotRevealed,
    explored,
    explored_losses,
    proposal_stages,
    revealed,
    revealed_losses,
)
from model_consensus.systems.lineage import Lineages, ticket_value
from model_consensus.systems.total_order_broadcast import Broadcast
from model_consensus.tla.values import Boolean, Function, Value, function, record
from model_consensus.tob_learner import Learner, Rules, current_generation


@dataclass(frozen=True)
class State:
    """The broadcast, the correct processes' learners, and the losses revealed and of interest."""

    broadcast: Broadcast[tob_learner.Offer]
    learner: Mapping[Process, Learner]
    loss: Losses


@dataclass(frozen=True)
class Offer:
    """``process`` evaluates its draws, is answered ``losses``, and broadcasts its best ticket."""

    process: Process
    losses: Answer


@dataclass(frozen=True)
class Order:
    """A broadcast offer gets its place in the total order."""

    offer: tob_learner.Offer


@dataclass(frozen=True)
class Deliver:
    """``process`` takes the next offer of the order; a blend's loss, if it asks, is ``losses``."""

    process: Process
    losses: Answer = ()


@dataclass(frozen=True)
class ByzantineOffer:
    """A Byzantine offer gets its place; its true loss, if it may matter, is ``losses``."""

    offer: tob_learner.Offer
    losses: Answer


Action = Offer | Order | Deliver | ByzantineOffer
Receive = Callable[[Search, Rules, Learner, tob_learner.Offer], Learner]
Forgeries = Callable[["TobSystem", State], Iterable[tob_learner.Offer]]


class TobSystem:
    """n learners over Total Order Broadcast, some processes Byzantine.

    :param processes: the names of all processes.
    :param byzantine: those that the adversary controls.
    :param rules: of the learners; λ is at most n.
    :param landscapes: what is searched.
    :param generations: how many generations are decided; None for no end.
    :param forgeries: the offers that the adversary may send in a state; none by default.
    :param name: what stands for a model in a projected state; by default its lineage.
    :param receive: the learners' reaction to a delivery; a defective one shows what goes wrong.
    :raises ModelConsensusError: a parameter is out of its range.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        byzantine: Sequence[Process],
        rules: Rules,
        landscapes: Landscapes,
        generations: int | None = None,
        forgeries: Forgeries = lambda system, state: (),
        name: Callable[[Digest], Value] | None = None,
        receive: Receive = tob_learner.receive,
    ) -> None:
        if len(set(processes)) != len(processes) or not set(byzantine) < set(processes):
            raise ModelConsensusError(
                "processes must be distinct, with the Byzantine ones among them and one correct"
            )
        if rules.lambda_ > len(processes):
            raise ModelConsensusError(f"lambda must be in 1..{len(processes)}, not {rules.lambda_}")
        self.processes = tuple(processes)
        self.byzantine = tuple(byzantine)
        self.correct = tuple(p for p in processes if p not in byzantine)
        self.rules = rules
        self.landscapes = landscapes
        self.generations = generations
        self.forgeries = forgeries
        self.genesis = landscapes.search({}).genesis
        self.lineages = Lineages(self.genesis.digest)
        self.name = name or self.lineages.lineage
        # Most parts of a state are parts of many others, too: their values in TLA+ are made once.
        self.offer_value = lru_cache(1 << 12)(self._value_of_offer)
        self._learner_value = lru_cache(1 << 12)(self._value_of_learner)
        self._loss_value = lru_cache(1 << 12)(self._value_of_losses)
        self.receive = receive
        # The last delivery: an explorer first asks whether it is enabled, and then applies it.
        self._asked: tuple[State | None, Process, Losses] = (None, "", {})
        self._answered: tuple[Learner, Losses]

    module = "TobLearning"

    def constants(self) -> dict[str, Value]:
        """The constants of the specification, except what the landscape may answer.

        :raises ModelConsensusError: the number of generations is not bounded.
        """
        if self.generations is None:
            raise ModelConsensusError("the specification needs a bounded number of generations")
        return {
            "Proc": frozenset(self.processes),
            "Byzantine": frozenset(self.byzantine),
            "Draws": self.landscapes.draws,
            "Recombines": Boolean.of(self.landscapes.recombines),
            "Lambda": self.rules.lambda_,
            "Mu": self.rules.mu,
            "Generations": self.generations,
        }

    def initial(self) -> Iterator[State]:
        """The one initial state."""
        search = self.landscapes.search({})
        yield State(
            Broadcast(dict.fromkeys(self.correct, ())),
            {p: tob_learner.new_learner(search, p) for p in self.correct},
            {},
        )

    def enabled(self, state: State) -> Iterator[Action]:
        """Every action that the specification allows, with every answer of the landscape."""
        for process in self.correct:
            if self.can_offer(state, process):
                yield from self.offers(state, process)
        yield from map(Order, sorted(state.broadcast.network))
        for process in self.correct:
            if state.broadcast.inbox[process]:
                yield from self.deliveries(state, process)
        for offer in self.forgeries(self, state):
            yield from self.byzantine_offers(state, offer)

    def can_offer(self, state: State, process: Process) -> bool:
        """Whether ``process`` still has to make its offer in the generation that it is in."""
        learner = state.learner[process]
        generation = current_generation(learner)
        return learner.offered < generation and (
            self.generations is None or generation <= self.generations
        )

    def offers(self, state: State, process: Process) -> Iterator[Offer]:
        """The action ``Offer`` of ``process``, for every answer of the landscape."""
        model = state.learner[process].model
        stages = proposal_stages(self.landscapes, self.lineages, model, process)
        for answer in explored(self.landscapes, self.lineages, state.loss, model, stages):
            yield Offer(process, answer)

    def deliveries(
        self, state: State, process: Process, losses: Answer = (), known: Losses | None = None
    ) -> Iterator[Deliver]:
        """The action ``Deliver`` of ``process``, for every answer of the landscape."""
        loss = {**state.loss, **known} if known else state.loss
        try:
            self._received(state, process, loss)
            yield Deliver(process, losses)
        except LossNotRevealed as asked:
            parent, steps = state.learner[process].model, []
            for digest in asked.digests:
                steps.append(self.lineages.origin(digest)[1])
            for answer in self.landscapes.answers(parent, steps):
                found = dict(zip(asked.digests, answer, strict=True))
                yield from self.deliveries(
                    state, process, losses + answer, {**(known or {}), **found}
                )

    def byzantine_offers(self, state: State, offer: tob_learner.Offer) -> Iterator[ByzantineOffer]:
        """The action ``ByzantineOffer`` of this offer, for every answer of the landscape."""
        parent, steps = self._disclosed(state, offer)
        for answer in revealed(self.landscapes, self.lineages, state.loss, parent, steps):
            yield ByzantineOffer(offer, answer)

    def is_own_draw(self, offer: tob_learner.Offer) -> bool:
        """Whether the sender could draw the offer's ticket on its parent."""
        search = self.landscapes.search({})
        generation = self.lineages.generation(offer.parent) + 1
        return is_own_ticket(search, offer.ticket, generation, offer.sender)

    def apply(self, state: State, action: Action) -> State:
        """The state after ``action``, which must be enabled."""
        match action:
            case Offer(process, _):
                loss = self.drawn(state, action)
                search = self.landscapes.search(loss)
                learner, offer = tob_learner.offer(search, state.learner[process])
                return State(
                    state.broadcast.broadcast(offer), {**state.learner, process: learner}, loss
                )
            case Order(offer):
                return replace(state, broadcast=state.broadcast.order(offer))
            case ByzantineOffer(offer, _):
                loss = self.drawn(state, action)
                return replace(state, broadcast=state.broadcast.order(offer), loss=loss)
            case Deliver(process, losses):
                return self._deliver(state, process, losses)

    def drawn(self, state: State, action: Action) -> Losses:
        """The losses that ``action`` reveals, also those that nobody remembers afterwards."""
        match action:
            case Offer(process, losses):
                model = state.learner[process].model
                stages = proposal_stages(self.landscapes, self.lineages, model, process)
                return explored_losses(self.lineages, state.loss, model, stages, losses)
            case ByzantineOffer(offer, losses):
                parent, steps = self._disclosed(state, offer)
                return revealed_losses(self.lineages, state.loss, parent, steps, losses)
            case Deliver(process, losses):
                return self._delivered(state, process, losses)[1]
            case _:
                return {}

    def _deliver(self, state: State, process: Process, losses: Answer) -> State:
        broadcast, _ = state.broadcast.deliver(process)
        learner, loss = self._delivered(state, process, losses)
        learners = {**state.learner, process: learner}
        if learner.model is not state.learner[process].model:
            loss = self._remembered(loss, learners)
        return State(broadcast, learners, loss)

    def _delivered(self, state: State, process: Process, losses: Answer) -> tuple[Learner, Losses]:
        """The learner after its next delivery, and the losses that are revealed then."""
        loss, rest = state.loss, losses
        while True:
            try:
                learner, found = self._received(state, process, loss)
            except LossNotRevealed as asked:
                answers, rest = rest[: len(asked.digests)], rest[len(asked.digests) :]
                loss = {**loss, **dict(zip(asked.digests, answers, strict=True))}
            else:
                new = {digest: found[digest] for digest in found if digest not in loss}
                return learner, {**loss, **new} if new else loss

    def _received(self, state: State, process: Process, loss: Losses) -> tuple[Learner, Losses]:
        """The learner after its next offer, if ``loss`` is revealed, and what it evaluated."""
        asking = state, process, loss
        if all(one is other for one, other in zip(asking, self._asked, strict=True)):
            return self._answered
        asked = Asked(self.landscapes.search(loss), self.lineages)
        offer = state.broadcast.inbox[process][0]
        learner = self.receive(asked, self.rules, state.learner[process], offer)
        self._asked, self._answered = asking, (learner, asked.found)
        return learner, asked.found

    def project(self, state: State) -> Function:
        """The variables network, inbox, learner and loss of ``TobLearning.tla``."""
        return self.recorded(state)

    def recorded(self, state: State, since: int = 0) -> Function:
        """The same, without what was decided before the generation ``since``."""
        return record(
            network=frozenset(map(self.offer_value, state.broadcast.network)),
            inbox=function(
                {p: tuple(map(self.offer_value, q)) for p, q in state.broadcast.inbox.items()}
            ),
            learner=function(
                {p: self._learner_value(learner, since) for p, learner in state.learner.items()}
            ),
            loss=self._loss_value(frozenset(state.loss.items())),
        )

    def decided(self, learner: Learner) -> tuple[Digest, ...]:
        """The digests of the models decided, from the genesis model on."""
        return self.lineages.path(learner.model.digest)

    def arguments(self, before: State, action: Action) -> dict[str, Value]:
        """What a trace says of an action besides its name."""
        return {"process": action.process} if isinstance(action, Offer | Deliver) else {}

    def work(self, state: State, since: int = 0) -> None:
        """There are no blocks."""

    def _value_of_offer(self, offer: tob_learner.Offer) -> Value:
        """An offer as a record of TLA+."""
        return record(
            sender=offer.sender,
            parent=self.name(offer.parent),
            ticket=ticket_value(offer.ticket),
            claim=offer.claim,
        )

    def _value_of_learner(self, learner: Learner, since: int) -> Value:
        return record(
            decided=tuple(map(self.name, self.lineages.path(learner.model.digest, since))),
            accepted=tuple(map(self.offer_value, learner.accepted)),
            verified=tuple(map(self.offer_value, learner.verified)),
            banned=learner.banned,
            offered=learner.offered,
            evaluations=learner.evaluations,
        )

    def _value_of_losses(self, losses: frozenset[tuple[Digest, int]]) -> Value:
        return function({self.name(digest): loss for digest, loss in losses})

    def _model(self, search: Search, state: State, digest: Digest) -> Model:
        """The model with this digest; a model that a learner holds need not be made again."""
        for learner in state.learner.values():
            if learner.model.digest == digest:
                return learner.model
        return self.lineages.model(search, digest)

    def _disclosed(self, state: State, offer: tob_learner.Offer) -> tuple[Model, list[Step]]:
        """Of a Byzantine offer, the step that a learner may come to evaluate, and its parent."""
        if not self._matters(state, offer):
            return self.genesis, []
        search = self.landscapes.search(state.loss)
        return self._model(search, state, offer.parent), [tob_learner.offered(offer)]

    def _matters(self, state: State, offer: tob_learner.Offer) -> bool:
        """Whether some learner may come to evaluate a Byzantine offer."""
        drawn = offer.parent in state.loss or offer.parent == self.genesis.digest
        return (
            drawn
            and self.is_own_draw(offer)
            and offer.ticket.generation >= last_common_generation(state.learner)
        )

    def _remembered(self, loss: Losses, learner: Mapping[Process, Learner]) -> Losses:
        """``Remembered``: the losses of models that some correct process has not left behind."""
        oldest = last_common_generation(learner)
        return {d: value for d, value in loss.items() if self.lineages.generation(d) >= oldest}


def last_common_generation(learner: Mapping[Process, Learner]) -> int:
    """The last generation that every correct process has decided."""
    return min(each.model.generation for each in learner.values())
