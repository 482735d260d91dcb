"""The safety of ``TobLearning.tla``, checked in a state machine after every step.

Each property has the name that it has there.  ``RefinesModelConsensus`` and
``RefinesTotalOrderBroadcast`` are properties of steps, not of states; TLC checks them.
"""

from itertools import pairwise

from hypothesis.stateful import invariant

from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import Digest, Process, own_tickets
from model_consensus.systems.answers import Losses
from model_consensus.systems.tob import (
    Action,
    ByzantineOffer,
    Deliver,
    Offer,
    Order,
    State,
    TobSystem,
)
from model_consensus.tob_learner import Learner, current_generation
from model_consensus.tob_learner import Offer as Message
from property_tests.machines.faults import Faulty
from property_tests.machines.schedules import Event, trace


class TobProperties(Faulty):
    """A machine with learners over Total Order Broadcast; :meth:`set_up` comes first."""

    system: TobSystem
    state: State

    def set_up(self, system: TobSystem) -> None:
        """Begin in the initial state of ``system``."""
        self.system, self.f = system, len(system.byzantine)
        self.all_are_up(system.correct)
        (self.state,) = system.initial()
        self.before = self.state.learner
        self.poor: list[str] = []
        self.steps: list[tuple[Action | None, State]] = [(None, self.state)]

    def take(self, action: Action) -> None:
        """One step of the specification."""
        process = action.offer.sender if isinstance(action, Order | ByzantineOffer) else ""
        process = action.process if isinstance(action, Offer | Deliver) else process
        self.events.append(Event(type(action).__name__, process))
        self.before, loss = self.state.learner, self.state.loss
        self.state = self.system.apply(self.state, action)
        self.steps.append((action, self.state))
        step = self.system.module, len(self.steps) - 1
        self.events[-1] = Event(type(action).__name__, process, step)
        if isinstance(action, Deliver):
            delivered = self.steps[-2][1].broadcast.inbox[process][0]
            self.observe(self.before[process], self.state.learner[process], delivered, loss)

    def observe(self, before: Learner, after: Learner, delivered: Message, loss: Losses) -> None:
        """What a delivery did."""
        self.measure("evaluations of a process", after.evaluations)
        if len(after.banned) > len(before.banned):
            self.hard.add("a ban")
            if self.f > 1 and len(after.banned) == self.f:
                self.hard.add("f > 1 bans")
        if len(after.decided) > len(before.decided):
            self.judge(before, after.model.digest, loss)
            claims = [offer.claim for offer in (*before.accepted, delivered)]
            if claims.count(loss.get(after.model.digest, -1)) > 1:
                self.hard.add("a tie")
            if self.system.lineages.origin(after.model.digest)[1].proposer in self.system.byzantine:
                self.hard.add("a Byzantine proposer's decision")
        decisions = [len(learner.decided) for learner in self.state.learner.values()]
        if max(decisions) - min(decisions) > 1:
            self.hard.add("a lagging process")

    def judge(self, before: Learner, chosen: Digest, loss: Losses) -> None:
        """Count the honest offspring known at the decision that the chosen one matches."""
        tickets = [
            ticket
            for process in self.system.correct
            for ticket in own_tickets(
                current_generation(before), process, self.system.landscapes.draws
            )
        ]
        digests = [self.system.lineages.offspring(before.model.digest, t) for t in tickets]
        matched = sum(d in loss and loss[chosen] <= loss[d] for d in digests)
        wanted = self.system.landscapes.draws * (self.system.lambda_ - self.f)
        if matched < wanted:
            self.poor.append(f"{before.process} chose a model that matches {matched}, not {wanted}")

    def traces(self) -> list[Trace]:
        return [trace(self, self.system, self.steps)] if hasattr(self, "system") else []

    @property
    def learners(self) -> dict[Process, Learner]:
        """The learners of the correct processes."""
        return dict(self.state.learner)

    @invariant()
    def type_ok(self) -> None:
        for process, learner in self.learners.items():
            before = self.before[process]
            assert learner.decided[: len(before.decided)] == before.decided
            assert len(learner.decided) <= len(before.decided) + 1
            assert learner.banned[: len(before.banned)] == before.banned
            assert learner.model.digest == learner.decided[-1]
            assert len(learner.accepted) < self.system.lambda_
            assert 0 <= learner.offered <= current_generation(learner)
            assert set(learner.banned) <= set(self.system.processes)

    @invariant()
    def agreement(self) -> None:
        outputs = [learner.decided for learner in self.learners.values()]
        longest = max(outputs, key=len)
        assert all(longest[: len(each)] == each for each in outputs)

    @invariant()
    def lineage(self) -> None:
        for learner in self.learners.values():
            assert learner.decided[0] == self.system.genesis.digest
            for generation, (parent, child) in enumerate(pairwise(learner.decided), 1):
                origin, ticket = self.system.lineages.origin(child)
                assert origin == parent
                assert ticket.generation == generation
                assert ticket.proposer in self.system.processes
                assert 0 <= ticket.draw < self.system.landscapes.draws

    @invariant()
    def accuracy(self) -> None:
        for learner in self.learners.values():
            assert set(learner.banned) <= set(self.system.byzantine)

    @invariant()
    def same_bans(self) -> None:
        bans = [learner.banned for learner in self.learners.values()]
        longest = max(bans, key=len)
        assert all(longest[: len(each)] == each for each in bans)

    @invariant()
    def bans_at_most_f(self) -> None:
        assert all(len(learner.banned) <= self.f for learner in self.learners.values())

    @invariant()
    def resilience(self) -> None:
        assert not self.poor

    @invariant()
    def evaluation_bound(self) -> None:
        for each in self.learners.values():
            own = self.system.landscapes.draws * each.offered
            assert each.evaluations <= own + len(each.decided) - 1 + self.f

    @invariant()
    def no_deadlock(self) -> None:
        system, state = self.system, self.state
        if system.lambda_ <= len(system.correct):
            ends = system.generations
            assert (
                all(len(each.decided) - 1 == ends for each in self.learners.values())
                or any(system.can_offer(state, process) for process in system.correct)
                or state.broadcast.network
                or any(state.broadcast.inbox.values())
            )
