"""Learning over Total Order Broadcast with its adversary, as one labelled transition system.

:class:`TobSystem` is ``TobLearning.tla`` run with the real learners: its actions are those of the
specification, and :meth:`TobSystem.project` gives the specification's variables.  What the
landscape may answer is a parameter, as the operator ``Landscapes`` is in TLA+:
:class:`EveryLandscape` branches over all losses, :class:`OneLandscape` searches a real one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Protocol

from model_consensus import tob_learning
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    OpenLandscape,
    Process,
    Search,
    Ticket,
    offspring_digest,
    own_tickets,
)
from model_consensus.tob_learning import Learner, current_generation
from model_consensus.total_order_broadcast import Broadcast
from model_consensus.values import Function, Value, function, record

Losses = Mapping[Digest, int]
Answer = tuple[int, ...]
"""The losses of some tickets, in the tickets' order."""


class Landscapes(Protocol):
    """What is searched: ``Landscapes`` of EvolutionarySearch.tla."""

    @property
    def draws(self) -> int:
        """Tickets of a process in a generation."""
        ...

    def search(self, loss: Losses) -> Search:
        """The search of a learner, when the losses ``loss`` have been revealed."""
        ...

    def answers(self, parent: Model, tickets: Sequence[Ticket]) -> Iterable[Answer]:
        """Every answer that the landscape may give to the evaluation of ``tickets``."""
        ...


@dataclass(frozen=True)
class EveryLandscape:
    """All landscapes with values in ``losses`` at once: the explorer branches over the answers."""

    draws: int
    losses: tuple[int, ...]

    def search(self, loss: Losses) -> Search:
        """See :class:`Landscapes`."""
        return OpenLandscape(self.draws, loss)

    def answers(self, parent: Model, tickets: Sequence[Ticket]) -> Iterable[Answer]:
        """See :class:`Landscapes`."""
        return product(self.losses, repeat=len(tickets))


@dataclass(frozen=True)
class OneLandscape:
    """One real landscape."""

    searched: Search

    @property
    def draws(self) -> int:
        """See :class:`Landscapes`."""
        return self.searched.draws

    def search(self, loss: Losses) -> Search:
        """See :class:`Landscapes`."""
        return self.searched

    def answers(self, parent: Model, tickets: Sequence[Ticket]) -> Iterable[Answer]:
        """See :class:`Landscapes`."""
        return [tuple(self.searched.losses(parent, tickets))]


class Lineages:
    """Where each model comes from: its parent and its ticket.

    A digest does not tell its own lineage; whoever draws an offspring records it here.  This is a
    table of facts, the same whatever path the exploration takes, and not a part of any state.
    """

    def __init__(self, genesis: Digest) -> None:
        self._origin: dict[Digest, tuple[Digest, Ticket]] = {}
        self._lineage: dict[Digest, tuple[Function, ...]] = {genesis: ()}

    def offspring(self, parent: Digest, ticket: Ticket) -> Digest:
        """The digest of the offspring, which is recorded."""
        digest = offspring_digest(parent, ticket)
        self._origin.setdefault(digest, (parent, ticket))
        return digest

    def origin(self, digest: Digest) -> tuple[Digest, Ticket]:
        """The parent and the ticket of a recorded offspring."""
        return self._origin[digest]

    def __contains__(self, digest: Digest) -> bool:
        return digest in self._origin or digest in self._lineage

    def generation(self, digest: Digest) -> int:
        """How many tickets lead to the model; 0 for the genesis."""
        return self._origin[digest][1].generation if digest in self._origin else 0

    def lineage(self, digest: Digest) -> tuple[Function, ...]:
        """The tickets that lead to the model from the genesis: its value in TLA+."""
        path = []
        while digest not in self._lineage:
            path.append(digest)
            digest = self._origin[digest][0]
        for child in reversed(path):
            parent, ticket = self._origin[child]
            self._lineage[child] = (*self._lineage[parent], ticket_value(ticket))
        return self._lineage[path[0] if path else digest]

    def model(self, search: Search, digest: Digest) -> Model:
        """The model itself, by replaying its tickets."""
        path = []
        while digest != search.genesis.digest:
            digest, ticket = self._origin[digest]
            path.append(ticket)
        model = search.genesis
        for ticket in reversed(path):
            model = search.offspring(model, ticket)
        return model


def ticket_value(ticket: Ticket) -> Function:
    """The ticket as a record of TLA+."""
    return record(generation=ticket.generation, proposer=ticket.proposer, draw=ticket.draw)


@dataclass(frozen=True)
class State:
    """The broadcast, the correct processes' learners, and the losses revealed and of interest."""

    broadcast: Broadcast[tob_learning.Offer]
    learner: Mapping[Process, Learner]
    loss: Losses


@dataclass(frozen=True)
class Offer:
    """``process`` draws its tickets, is answered ``losses``, and broadcasts its best."""

    process: Process
    losses: Answer


@dataclass(frozen=True)
class Order:
    """A broadcast offer gets its place in the total order."""

    offer: tob_learning.Offer


@dataclass(frozen=True)
class Deliver:
    """``process`` takes the next offer of the order."""

    process: Process


@dataclass(frozen=True)
class ByzantineOffer:
    """A Byzantine offer gets its place; its true loss, if it may matter, is ``losses``."""

    offer: tob_learning.Offer
    losses: Answer


Action = Offer | Order | Deliver | ByzantineOffer
Receive = Callable[[Search, int, Learner, tob_learning.Offer], Learner]
Forgeries = Callable[["TobSystem", State], Iterable[tob_learning.Offer]]


class TobSystem:
    """n learners over Total Order Broadcast, some processes Byzantine.

    :param processes: the names of all processes.
    :param byzantine: those that the adversary controls.
    :param lambda_: λ, the offers that a selection needs; 1 to n.
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
        lambda_: int,
        landscapes: Landscapes,
        generations: int | None = None,
        forgeries: Forgeries = lambda system, state: (),
        name: Callable[[Digest], Value] | None = None,
        receive: Receive = tob_learning.receive,
    ) -> None:
        if len(set(processes)) != len(processes) or not set(byzantine) < set(processes):
            raise ModelConsensusError(
                "processes must be distinct, the Byzantine ones among them, and one correct"
            )
        if not 1 <= lambda_ <= len(processes):
            raise ModelConsensusError(f"lambda must be in 1..{len(processes)}, not {lambda_}")
        self.processes = tuple(processes)
        self.byzantine = tuple(byzantine)
        self.correct = tuple(p for p in processes if p not in byzantine)
        self.lambda_ = lambda_
        self.landscapes = landscapes
        self.generations = generations
        self.forgeries = forgeries
        self.genesis = landscapes.search({}).genesis
        self.lineages = Lineages(self.genesis.digest)
        self.name = name or self.lineages.lineage
        self.receive = receive

    module = "TobLearning"

    def constants(self) -> dict[str, Value]:
        """The constants of the specification, except what the landscape may answer.

        :raises ModelConsensusError: the number of generations is not bounded.
        """
        if self.generations is None:
            raise ModelConsensusError("a specification needs a number of generations")
        return {
            "Proc": frozenset(self.processes),
            "Byzantine": frozenset(self.byzantine),
            "Draws": self.landscapes.draws,
            "Lambda": self.lambda_,
            "Generations": self.generations,
        }

    def initial(self) -> Iterator[State]:
        """The one initial state."""
        search = self.landscapes.search({})
        yield State(
            Broadcast(dict.fromkeys(self.correct, ())),
            {p: tob_learning.new_learner(search, p) for p in self.correct},
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
                yield Deliver(process)
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
        learner = state.learner[process]
        tickets = self._undrawn(
            state,
            learner.model.digest,
            own_tickets(current_generation(learner), process, self.landscapes.draws),
        )
        for answer in self.landscapes.answers(learner.model, tickets):
            yield Offer(process, answer)

    def byzantine_offers(self, state: State, offer: tob_learning.Offer) -> Iterator[ByzantineOffer]:
        """The action ``ByzantineOffer`` of this offer, for every answer of the landscape."""
        tickets = self._matters(state, offer)
        answers: Iterable[Answer] = [()]
        if tickets:
            search = self.landscapes.search(state.loss)
            answers = self.landscapes.answers(self._model(search, state, offer.parent), tickets)
        for answer in answers:
            yield ByzantineOffer(offer, answer)

    def apply(self, state: State, action: Action) -> State:
        """The state after ``action``, which must be enabled."""
        match action:
            case Offer(process, losses):
                learner = state.learner[process]
                tickets = self._undrawn(
                    state,
                    learner.model.digest,
                    own_tickets(current_generation(learner), process, self.landscapes.draws),
                )
                loss = self._reveal(state, learner.model.digest, tickets, losses)
                learner, offer = tob_learning.offer(self.landscapes.search(loss), learner)
                return State(
                    state.broadcast.broadcast(offer), {**state.learner, process: learner}, loss
                )
            case Order(offer):
                return replace(state, broadcast=state.broadcast.order(offer))
            case ByzantineOffer(offer, losses):
                loss = self._reveal(state, offer.parent, self._matters(state, offer), losses)
                return replace(state, broadcast=state.broadcast.order(offer), loss=loss)
            case Deliver(process):
                broadcast, offer = state.broadcast.deliver(process)
                search = self.landscapes.search(state.loss)
                before = state.learner[process]
                after = self.receive(search, self.lambda_, before, offer)
                learners = {**state.learner, process: after}
                return State(broadcast, learners, self._remembered(state.loss, learners))

    def drawn(self, state: State, action: Action) -> Losses:
        """The losses that ``action`` reveals; all of them are in the next state."""
        return self.apply(state, action).loss if isinstance(action, Offer | ByzantineOffer) else {}

    def project(self, state: State) -> Function:
        """The variables network, inbox, learner and loss of ``TobLearning.tla``."""
        return record(
            network=frozenset(map(self.offer_value, state.broadcast.network)),
            inbox=function(
                {p: tuple(map(self.offer_value, q)) for p, q in state.broadcast.inbox.items()}
            ),
            learner=function(
                {p: self._learner_value(learner) for p, learner in state.learner.items()}
            ),
            loss=function({self.name(digest): loss for digest, loss in state.loss.items()}),
        )

    def offer_value(self, offer: tob_learning.Offer) -> Value:
        """An offer as a record of TLA+."""
        return record(
            sender=offer.sender,
            parent=self.name(offer.parent),
            ticket=ticket_value(offer.ticket),
            claim=offer.claim,
        )

    def _learner_value(self, learner: Learner) -> Value:
        return record(
            decided=tuple(map(self.name, learner.decided)),
            accepted=tuple(map(self.offer_value, learner.accepted)),
            banned=learner.banned,
            offered=learner.offered,
            evaluations=learner.evaluations,
        )

    def _model(self, search: Search, state: State, digest: Digest) -> Model:
        """A model; those that a learner holds are at hand."""
        for learner in state.learner.values():
            if learner.model.digest == digest:
                return learner.model
        return self.lineages.model(search, digest)

    def _undrawn(
        self, state: State, parent: Digest, tickets: Iterable[Ticket]
    ) -> tuple[Ticket, ...]:
        """Those tickets on ``parent`` whose losses have not been revealed."""
        return tuple(t for t in tickets if self.lineages.offspring(parent, t) not in state.loss)

    def _matters(self, state: State, offer: tob_learning.Offer) -> tuple[Ticket, ...]:
        """The ticket of a Byzantine offer that some learner may come to evaluate, or none."""
        parent, ticket = offer.parent, offer.ticket
        legal = (
            (parent in state.loss or parent == self.genesis.digest)
            and ticket.generation == self.lineages.generation(parent) + 1
            and ticket.proposer == offer.sender
            and 0 <= ticket.draw < self.landscapes.draws
        )
        if not legal or ticket.generation < _last_common_generation(state.learner):
            return ()
        return self._undrawn(state, parent, [ticket])

    def _reveal(
        self, state: State, parent: Digest, tickets: Sequence[Ticket], losses: Answer
    ) -> Losses:
        digests = [self.lineages.offspring(parent, ticket) for ticket in tickets]
        return {**state.loss, **dict(zip(digests, losses, strict=True))}

    def _remembered(self, loss: Losses, learner: Mapping[Process, Learner]) -> Losses:
        """``Remembered``: the losses of models that some correct process has not left behind."""
        oldest = _last_common_generation(learner)
        return {d: value for d, value in loss.items() if self.lineages.generation(d) >= oldest}


def _last_common_generation(learner: Mapping[Process, Learner]) -> int:
    """The last generation that every correct process has decided."""
    return min(len(each.decided) for each in learner.values()) - 1


def from_constants(
    constants: Mapping[str, Value], receive: Receive = tob_learning.receive
) -> TobSystem:
    """The system of a model of ``MCTobLearning.tla``, given the constants of its configuration.

    :raises ModelConsensusError: one is missing or of a wrong type.
    """
    try:
        losses = sorted(constants["Losses"])  # type: ignore[arg-type, type-var]
        return TobSystem(
            sorted(constants["Proc"]),  # type: ignore[arg-type]
            sorted(constants["Byzantine"]),  # type: ignore[arg-type]
            constants["Lambda"],  # type: ignore[arg-type]
            EveryLandscape(constants["Draws"], tuple(losses)),  # type: ignore[arg-type]
            constants["Generations"],  # type: ignore[arg-type]
            few_forgeries(losses, constants["Forged"]),  # type: ignore[arg-type]
            receive=receive,
        )
    except KeyError as error:
        raise ModelConsensusError(f"the constant {error} is missing") from None
    except TypeError as error:
        raise ModelConsensusError(f"a constant is of a wrong type: {error}") from None


def few_forgeries(losses: Sequence[int], forged: int) -> Forgeries:
    """``FewForgeries`` and ``FewForged`` of ``MCTobLearning.tla``, the bounds on the adversary.

    On each model drawn, which may be or become somebody's parent, every legal offer; on each current
    model also every kind of illegal ones; while fewer than ``forged`` Byzantine offers wait in any
    inbox.
    """

    def forgeries(system: TobSystem, state: State) -> Iterator[tob_learning.Offer]:
        waiting = max(
            sum(offer.sender in system.byzantine for offer in queue)
            for queue in state.broadcast.inbox.values()
        )
        if waiting >= forged:
            return
        draws = system.landscapes.draws
        current = {learner.model.digest for learner in state.learner.values()}
        for parent in sorted({system.genesis.digest, *state.loss}):
            generation = system.lineages.generation(parent) + 1
            if system.generations is not None and generation > system.generations:
                continue
            for sender in system.byzantine:
                tickets = [
                    (Ticket(generation, sender, draw), claim)
                    for draw in range(draws)
                    for claim in losses
                ]
                if parent in current:
                    tickets.append((Ticket(generation, sender, draws), 0))
                    tickets.extend((Ticket(generation, p, 0), 0) for p in system.processes)
                for ticket, claim in dict.fromkeys(tickets):
                    yield tob_learning.Offer(sender, parent, ticket, claim)

    return forgeries
