"""The logs that the correct processes of a simulated run would write, line by line."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from model_consensus import tob_learner
from model_consensus.conformance.logs import EXACT, VERSION
from model_consensus.evolutionary_search import Model, Process, Step
from model_consensus.systems.answers import AroundSearch
from model_consensus.systems.tob import Action, Deliver, Offer, State, TobSystem


@dataclass
class _Noting(AroundSearch):
    """A search that notes the losses of what was evaluated, in this order."""

    noted: list[int] = field(default_factory=list)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        losses = super().losses(parent, steps)
        self.noted += losses
        return losses


class Logs:
    """What the correct processes of a run of ``system`` log.

    :param elitist: whether everybody's first draw is the parent again.
    """

    def __init__(self, system: TobSystem, elitist: bool) -> None:
        self._system = system
        self._elitist = elitist
        self._numbers = dict.fromkeys(system.correct, 0)
        self._before: State | None = None

    def lines(self, action: Action | None, state: State) -> Iterator[tuple[Process, str]]:
        """The lines of a step, each after the name of its process.

        :param action: the step; None for the initial state, which is the first.
        :param state: the state after it.
        """
        before, self._before = self._before, state
        if before is None:
            for process in self._system.correct:
                yield self._line(process, "start", **self._start(process))
        elif isinstance(action, Offer | Deliver):
            process = action.process
            yield self._taken(before, action, state)
            model = state.learner[process].model
            if model is not before.learner[process].model:
                decided = {"generation": model.generation, "model": model.digest.hex()}
                yield self._line(process, "decided", **decided)

    def _start(self, process: Process) -> dict[str, object]:
        system = self._system
        return {
            "version": VERSION,
            "process": process,
            "processes": system.processes,
            "lambda": system.rules.lambda_,
            "mu": system.rules.mu,
            "draws": system.landscapes.draws,
            "recombines": system.landscapes.recombines,
            "elitist": self._elitist,
            "genesis": system.genesis.digest.hex(),
        }

    def _taken(self, before: State, action: Offer | Deliver, after: State) -> tuple[Process, str]:
        system, process = self._system, action.process
        search = _Noting(system.landscapes.search({**before.loss, **after.loss}))
        learner = before.learner[process]
        if isinstance(action, Offer):
            event, offer = "offered", tob_learner.offer(search, learner)[1]
        else:
            event, offer = "delivered", before.broadcast.inbox[process][0]
            system.receive(search, system.rules, learner, offer)
        losses = [_as_json(loss) for loss in search.noted]
        return self._line(process, event, offer=_offer_as_json(offer), losses=losses)

    def _line(self, whose: Process, event: str, **fields: object) -> tuple[Process, str]:
        self._numbers[whose] += 1
        line = {"number": self._numbers[whose], "event": event, **fields}
        return whose, json.dumps(line) + "\n"


def _offer_as_json(offer: tob_learner.Offer) -> dict[str, object]:
    ticket = offer.ticket
    return {
        "sender": offer.sender,
        "parent": offer.parent.hex(),
        "ticket": {
            "generation": ticket.generation,
            "proposer": ticket.proposer,
            "weights": ticket.weights,
        },
        "claim": _as_json(offer.claim),
    }


def _as_json(number: int) -> int | str:
    return number if number < EXACT else str(number)
