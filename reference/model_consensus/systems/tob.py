"""Learning over Total Order Broadcast with its adversary, as one labelled transition system.

:class:`TobSystem` is ``TobLearning.tla`` run with the real learners: its actions are those of the
specification, and :meth:`TobSystem.project` gives the specification's variables."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from model_consensus import tob_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Model, Process, Search, Ticket, own_tickets
from model_consensus.systems.answers import Answer, Landscapes, Losses
from model_consensus.systems.lineage import Lineages, ticket_value
from model_consensus.tla.values import Function, Value, function, record
from model_consensus.tob_learner import Learner, current_generation
from model_consensus.total_order_broadcast import Broadcast


@dataclass(frozen=True)
class State:
    """The broadcast, the correct processes' learners, and the losses revealed and of interest."""

    broadcast: Broadcast[tob_learner.Offer]
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

    offer: tob_learner.Offer


@dataclass(frozen=True)
class Deliver:
    """``process`` takes the next offer of the order."""

    process: Process


@dataclass(frozen=True)
class ByzantineOffer:
    """A Byzantine offer gets its place; its true loss, if it may matter, is ``losses``."""

    offer: tob_learner.Offer
    losses: Answer


Action = Offer | Order | Deliver | ByzantineOffer
Receive = Callable[[Search, int, Learner, tob_learner.Offer], Learner]
Forgeries = Callable[["TobSystem", State], Iterable[tob_learner.Offer]]


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
        receive: Receive = tob_learner.receive,
    ) -> None:
        if len(set(processes)) != len(processes) or not set(byzantine) < set(processes):
            raise ModelConsensusError(
                "processes must be distinct, with the Byzantine ones among them and one correct"
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
            raise ModelConsensusError("the specification needs a bounded number of generations")
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
        for answer in self.landscapes.answers(learner.model, self._own(state, learner)):
            yield Offer(process, answer)

    def byzantine_offers(self, state: State, offer: tob_learner.Offer) -> Iterator[ByzantineOffer]:
        """The action ``ByzantineOffer`` of this offer, for every answer of the landscape."""
        tickets = self._matters(state, offer)
        answers: Iterable[Answer] = [()]
        if tickets:
            search = self.landscapes.search(state.loss)
            answers = self.landscapes.answers(self._model(search, state, offer.parent), tickets)
        for answer in answers:
            yield ByzantineOffer(offer, answer)

    def is_own_draw(self, offer: tob_learner.Offer) -> bool:
        """Whether the sender could draw the offer's ticket on its parent."""
        return offer.ticket in own_tickets(
            self.lineages.generation(offer.parent) + 1, offer.sender, self.landscapes.draws
        )

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
            case Deliver(process):
                broadcast, offer = state.broadcast.deliver(process)
                search = self.landscapes.search(state.loss)
                before = state.learner[process]
                after = self.receive(search, self.lambda_, before, offer)
                learners = {**state.learner, process: after}
                if len(after.decided) == len(before.decided):  # nothing is left behind
                    return State(broadcast, learners, state.loss)
                return State(broadcast, learners, self._remembered(state.loss, learners))

    def drawn(self, state: State, action: Action) -> Losses:
        """The losses known after ``action``, or no losses at all if it reveals nothing."""
        match action:
            case Offer(process, losses):
                learner = state.learner[process]
                tickets = self._own(state, learner)
                return self._reveal(state, learner.model.digest, tickets, losses)
            case ByzantineOffer(offer, losses):
                return self._reveal(state, offer.parent, self._matters(state, offer), losses)
            case _:
                return {}

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

    recorded = project

    def arguments(self, before: State, action: Action) -> dict[str, Value]:
        """What a trace says of an action besides its name."""
        return {"process": action.process} if isinstance(action, Offer | Deliver) else {}

    def work(self, state: State) -> None:
        """There are no blocks."""

    def offer_value(self, offer: tob_learner.Offer) -> Value:
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
        """The model with this digest; a model that a learner holds need not be made again."""
        for learner in state.learner.values():
            if learner.model.digest == digest:
                return learner.model
        return self.lineages.model(search, digest)

    def _own(self, state: State, learner: Learner) -> tuple[Ticket, ...]:
        """The learner's own tickets whose losses have not been revealed."""
        generation = current_generation(learner)
        tickets = own_tickets(generation, learner.process, self.landscapes.draws)
        return self._undrawn(state, learner.model.digest, tickets)

    def _undrawn(
        self, state: State, parent: Digest, tickets: Iterable[Ticket]
    ) -> tuple[Ticket, ...]:
        """Those tickets on ``parent`` whose losses have not been revealed."""
        return tuple(t for t in tickets if self.lineages.offspring(parent, t) not in state.loss)

    def _matters(self, state: State, offer: tob_learner.Offer) -> tuple[Ticket, ...]:
        """The ticket of a Byzantine offer that some learner may come to evaluate, or none."""
        parent, ticket = offer.parent, offer.ticket
        drawn = parent in state.loss or parent == self.genesis.digest
        if not drawn or not self.is_own_draw(offer):
            return ()
        if ticket.generation < _last_common_generation(state.learner):
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
