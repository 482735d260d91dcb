"""The lines of a log, as a process writes them; and those of the processes of a simulated run."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from model_consensus import tob_learner
from model_consensus.conformance.logs import EXACT, TOB, VERSION, Agreed
from model_consensus.conformance.pow_logs import PowAgreed
from model_consensus.evolutionary_search import Digest, Model, Process, Step, Ticket
from model_consensus.systems.answers import AroundSearch
from model_consensus.systems.tob import Action, Deliver, Offer, State, TobSystem


@dataclass
class Noting(AroundSearch):
    """A search that notes the losses of what was evaluated, in this order."""

    noted: list[int] = field(default_factory=list)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        losses = super().losses(parent, steps)
        self.noted += losses
        return losses


@dataclass
class Lines:
    """The lines of one process's log, each with its newline: what the protocols have in common.

    :ivar number: that of the last line.
    """

    process: Process
    number: int = 0

    def begun(self, agreed: Agreed | PowAgreed, protocol: str | None, **rules: int) -> str:
        """The first line, with the rules of the protocol."""
        named = {} if protocol is None else {"protocol": protocol}
        return self.line(
            "start",
            version=VERSION,
            **named,
            process=self.process,
            processes=agreed.processes,
            **rules,
            draws=agreed.draws,
            recombines=agreed.recombines,
            elitist=agreed.elitist,
            genesis=agreed.genesis.hex(),
        )

    def offered(self, offer: tob_learner.Offer, losses: Sequence[int]) -> str:
        """The process makes an offer, for which it has evaluated models of these losses."""
        return self.about("offered", offer, losses)

    def decided(self, generation: int, model: Digest) -> str:
        """The process has decided a generation."""
        return self.line("decided", generation=generation, model=model.hex())

    def about(
        self, event: str, offer: tob_learner.Offer, losses: Sequence[int], **more: object
    ) -> str:
        """An event with an offer and losses."""
        return self.line(event, offer=_as_data(offer), losses=[*map(number_data, losses)], **more)

    def line(self, event: str, **fields: object) -> str:
        """The next line."""
        self.number += 1
        return json.dumps({"number": self.number, "event": event, **fields}) + "\n"


@dataclass
class LogLines(Lines):
    """The lines of one process's log over Total Order Broadcast."""

    def start(self, agreed: Agreed) -> str:
        """The first line."""
        return self.begun(agreed, TOB.protocol, **{"lambda": agreed.lambda_}, mu=agreed.mu)

    def delivered(self, offer: tob_learner.Offer, losses: Sequence[int], **place: int) -> str:
        """The process has taken an offer, and evaluated models of these losses upon it.

        :param place: where in the broadcast the offer stands, as the process finds it again.
        """
        return self.about("delivered", offer, losses, **place)

    def restarted(self, delivered: int) -> str:
        """The process has started again, and remembers so many deliveries."""
        return self.line("restarted", delivered=delivered)


class Logs:
    """What the correct processes of a run of ``system`` log.

    :param elitist: whether everybody's first draw is the parent again.
    """

    def __init__(self, system: TobSystem, elitist: bool) -> None:
        self._system = system
        self._agreed = Agreed(
            system.processes,
            system.rules.lambda_,
            system.rules.mu,
            system.landscapes.draws,
            system.landscapes.recombines,
            elitist,
            system.genesis.digest,
        )
        self._of = {process: LogLines(process) for process in system.correct}
        self._before: State | None = None

    def lines(self, action: Action | None, state: State) -> Iterator[tuple[Process, str]]:
        """The lines of a step, each after the name of its process.

        :param action: the step; None for the initial state, which is the first.
        :param state: the state after it.
        """
        before, self._before = self._before, state
        if before is None:
            for process, lines in self._of.items():
                yield process, lines.start(self._agreed)
        elif isinstance(action, Offer | Deliver):
            process = action.process
            yield process, self._taken(before, action, state)
            model = state.learner[process].model
            if model is not before.learner[process].model:
                yield process, self._of[process].decided(model.generation, model.digest)

    def _taken(self, before: State, action: Offer | Deliver, after: State) -> str:
        system, process = self._system, action.process
        search = Noting(system.landscapes.search({**before.loss, **after.loss}))
        learner = before.learner[process]
        if isinstance(action, Offer):
            _, offer = tob_learner.offer(search, learner)
            return self._of[process].offered(offer, search.noted)
        offer = before.broadcast.inbox[process][0]
        system.receive(search, system.rules, learner, offer)
        return self._of[process].delivered(offer, search.noted)


def _as_data(offer: tob_learner.Offer) -> dict[str, object]:
    return {
        "sender": offer.sender,
        "parent": offer.parent.hex(),
        "ticket": ticket_data(offer.ticket),
        "claim": number_data(offer.claim),
    }


def ticket_data(ticket: Ticket) -> dict[str, object]:
    """A ticket as JSON data."""
    return {
        "generation": number_data(ticket.generation),
        "proposer": ticket.proposer,
        "weights": ticket.weights,
    }


def number_data(number: int) -> int | str:
    """A number as JSON data."""
    return number if number < EXACT else str(number)
