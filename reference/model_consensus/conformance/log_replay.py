"""One process, computed again from its log: the learner of a log is a fold over its deliveries.

What the process says that it offered, evaluated and decided must be what its learner does, the
learner of :mod:`model_consensus.tob_learner`.  Its evaluations are answered with the losses of the
log; where the landscape is known, they are computed, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from model_consensus import tob_learner
from model_consensus.conformance.logs import (
    Agreed,
    Decided,
    Delivered,
    Event,
    Log,
    LogError,
    Offered,
    Restarted,
)
from model_consensus.conformance.pow_logs import PowAgreed
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Step,
)
from model_consensus.systems.answers import AroundSearch, OpenLandscape
from model_consensus.systems.tob import Action, Deliver, Offer
from model_consensus.tob_learner import Learner, Rules, current_generation

Evaluated = tuple[tuple[tuple[Digest, Step], int], ...]
"""Models that were evaluated, each by its parent and step, with their losses."""


@dataclass(frozen=True)
class Merged:
    """A step of the merged behaviour, and the line of a log that it was read from.

    :ivar evaluated: the models that were evaluated in the step.
    """

    action: Action
    process: Process
    line: int
    evaluated: Evaluated = ()


class ContradictionError(Exception):
    """What is wrong with the line that is read."""


# ------------------------------------------------------------------------------------- losses


@dataclass(frozen=True)
class LoggedLandscape(OpenLandscape):
    """An open landscape whose genesis model has the digest ``root``."""

    root: Digest = b""

    @property
    def genesis(self) -> Model:
        """A model without coordinates."""
        return Model(0, self.root, np.empty(0, np.int64))


@dataclass
class Told(AroundSearch):
    """A search that answers with the losses that a line of a log tells.

    :ivar computes: whether ``search`` can compute the losses, so that they are compared.
    :ivar told: the losses of the line.
    :ivar evaluated: what was evaluated since the line was read.
    """

    computes: bool
    told: tuple[int, ...] = ()
    evaluated: list[tuple[tuple[Digest, Step], int]] = field(default_factory=list)

    @classmethod
    def by(cls, agreed: Agreed | PowAgreed, computed: Search | None) -> "Told":
        """Told by a log that begins like this; ``computed`` is there if the landscape is known."""
        if computed is not None:
            return cls(computed, computes=True)
        of_logs = LoggedLandscape(agreed.draws, agreed.recombines, {}, agreed.genesis)
        return cls(of_logs, computes=False)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        begin = len(self.evaluated)
        answers = list(self.told[begin : begin + len(steps)])
        if len(answers) < len(steps):
            raise ContradictionError(
                f"it has {len(self.told)} losses, and its process evaluated "
                f"{begin + len(steps)} models or more"
            )
        for step, loss in zip(steps, answers, strict=True):
            self.evaluated.append(((parent.digest, step), loss))
        if self.computes:
            right = super().losses(parent, steps)
            for index, (loss, other) in enumerate(zip(right, answers, strict=True), begin + 1):
                if loss != other:
                    raise ContradictionError(
                        f"loss {index} is {loss} on the landscape, not {other}"
                    )
        return answers

    def read(self, told: tuple[int, ...]) -> None:
        """Answer with these losses from now on."""
        self.told = told
        self.evaluated.clear()

    def all_used(self) -> Evaluated:
        """What was evaluated on this line: as many models as it has losses."""
        if len(self.evaluated) != len(self.told):
            raise ContradictionError(
                f"it has {len(self.told)} losses, and its process evaluated "
                f"{len(self.evaluated)} models"
            )
        return tuple(self.evaluated)


@dataclass
class Known:
    """Which process first told a loss of which model, as long as others may tell it again."""

    told: dict[int, dict[tuple[Digest, Step], tuple[int, Process, int]]] = field(
        default_factory=dict
    )

    def compare(self, generation: int, process: Process, line: int, evaluated: Evaluated) -> None:
        """Refuse a loss that is another one than was told before (assumption A4)."""
        models = self.told.setdefault(generation, {})
        for model, loss in evaluated:
            other, first, where = models.setdefault(model, (loss, process, line))
            if other != loss:
                parent, step = model
                raise ContradictionError(
                    f"{process} evaluated the offspring of {parent.hex()[:12]} by {_names(step)} "
                    f"to the loss {loss}, and {first} to {other} at its line {where}"
                )

    def forget(self, before: int) -> None:
        """Forget what was told in generations before this one."""
        for generation in [each for each in self.told if each < before]:
            del self.told[generation]


def _names(step: Step) -> str:
    tickets = sorted((ticket.proposer, list(ticket.weights)) for ticket in step)
    return " and ".join(f"{proposer} {weights}" for proposer, weights in tickets)


# ------------------------------------------------------------------------------------ processes


class Replay:
    """One process: its log, read as far as the line ``next``, and its learner computed again."""

    def __init__(self, log: Log, search: Told, known: Known) -> None:
        self.log = log
        self.process = log.process
        self.rules = Rules(log.agreed.lambda_, log.agreed.mu)
        self.search = search
        self.known = known
        self.learner: Learner = tob_learner.new_learner(search, log.process)
        self.delivered = 0
        self.made: tob_learner.Offer | None = None
        self.restarted = False
        self.due: Decided | None = None
        self._events = log.events()
        self.next: Event | None = next(self._events, None)

    def up_to_delivery(self) -> Iterator[Merged]:
        """The offers that it makes before its next delivery."""
        while self.next is not None:
            event = self.next
            if self.due is not None and not isinstance(event, Decided | Restarted):
                raise ContradictionError(
                    f"by its log {self.process} has decided generation {self.due.generation}, the "
                    f"model {self.due.model.hex()[:12]}, before this, and the log does not say so"
                )
            if isinstance(event, Delivered):
                return
            if isinstance(event, Offered):
                yield from self._offer(event)
            elif isinstance(event, Decided):
                self._decide(event)
            else:
                self._restart(event)
            self.next = next(self._events, None)

    def _offer(self, event: Offered) -> Iterator[Merged]:
        generation = current_generation(self.learner)
        if self.learner.offered == generation and not (self.restarted and event.offer == self.made):
            raise ContradictionError(f"it made its offer of generation {generation} before")
        self.search.read(event.losses)
        learner, offer = tob_learner.offer(self.search, self.learner)
        evaluated = self.search.all_used()
        if offer != event.offer:
            raise ContradictionError(
                f"by its losses its offer of generation {generation} has "
                f"{differences(offer, event.offer)}"
            )
        self.known.compare(generation, self.process, self.log.line, evaluated)
        if self.learner.offered < generation:
            self.learner, self.made = learner, offer
            action = Offer(self.process, event.losses)
            yield Merged(action, self.process, self.log.line, evaluated)

    def _decide(self, event: Decided) -> None:
        if self.due is None:
            raise ContradictionError("by its log it has decided nothing here")
        if event.generation != self.due.generation:
            raise ContradictionError(
                f"it has decided generation {self.due.generation}, not {event.generation}"
            )
        if event.model != self.due.model:
            raise ContradictionError(
                f"by its log it has decided the model {self.due.model.hex()[:12]}, not "
                f"{event.model.hex()[:12]}"
            )
        self.due = None

    def _restart(self, event: Restarted) -> None:
        if event.delivered > self.delivered:
            raise LogError(
                f"{self.log.source}: line {self.log.line}: lines are missing: {event.delivered} "
                f"offers were delivered before it, and {self.delivered} are in the log"
            )
        if event.delivered < self.delivered:
            raise ContradictionError(
                f"it remembers {event.delivered} deliveries, and {self.delivered} are in its log"
            )
        self.restarted = True

    @property
    def offer(self) -> tob_learner.Offer:
        """What it takes next; it must have a next delivery."""
        assert isinstance(self.next, Delivered)
        return self.next.offer

    def deliver(self) -> Merged:
        """Its next delivery."""
        event = self.next
        assert isinstance(event, Delivered)
        generation = current_generation(self.learner)
        self.search.read(event.losses)
        learner = tob_learner.receive(self.search, self.rules, self.learner, event.offer)
        evaluated = self.search.all_used()
        self.known.compare(generation, self.process, self.log.line, evaluated)
        if learner.model is not self.learner.model:
            self.due = Decided(generation, learner.model.digest)
        self.learner = learner
        self.delivered += 1
        merged = Merged(Deliver(self.process, event.losses), self.process, self.log.line, evaluated)
        self.next = next(self._events, None)
        return merged


def differences(right: tob_learner.Offer, wrong: tob_learner.Offer) -> str:
    """How two offers differ: "the claim 7, not 8"."""
    pairs = (
        ("sender", right.sender, wrong.sender),
        ("parent", right.parent.hex()[:12], wrong.parent.hex()[:12]),
        ("generation", right.ticket.generation, wrong.ticket.generation),
        ("proposer", right.ticket.proposer, wrong.ticket.proposer),
        ("weights", list(right.ticket.weights), list(wrong.ticket.weights)),
        ("claim", right.claim, wrong.claim),
    )
    return ", ".join(f"the {name} {one}, not {two}" for name, one, two in pairs if one != two)
