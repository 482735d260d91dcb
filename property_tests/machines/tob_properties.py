"""The safety of ``TobLearning.tla``, checked in a state machine after every step.

Each property has the name that it has there.  ``RefinesModelConsensus`` and
``RefinesTotalOrderBroadcast`` are properties of steps, not of states; TLC checks them.
"""

from itertools import pairwise

import numpy as np
from hypothesis.stateful import invariant

from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import (
    Digest,
    Process,
    Step,
    all_drawn,
    is_legal,
    proposal_cost,
)
from model_consensus.systems.answers import Losses, OneLandscape
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
from property_tests.machines.drawn import SPHERE, Elitist
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
        self.outdone: list[str] = []
        self.below: list[str] = []
        self.worse: list[str] = []
        self.steps: list[tuple[Action | None, State]] = [(None, self.state)]

    def take(self, action: Action) -> None:
        """One step of the specification."""
        process = action.offer.sender if isinstance(action, Order | ByzantineOffer) else ""
        process = action.process if isinstance(action, Offer | Deliver) else process
        self.events.append(Event(type(action).__name__, process))
        self.before, loss = self.state.learner, self.state.loss
        if isinstance(action, Deliver):
            loss = self.system.drawn(self.state, action)
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
        if current_generation(after) > current_generation(before):
            self.judge(before, after.model.digest, loss)
            self.judge_floor(before, after.model.digest, delivered, loss)
            self.judge_elitist(before, after)
            claims = [offer.claim for offer in (*before.accepted, *before.verified, delivered)]
            if claims.count(loss.get(after.model.digest, -1)) > 1:
                self.hard.add("a tie")
            step = self.step_of(after.model.digest)
            if any(ticket.proposer in self.system.byzantine for ticket in step):
                self.hard.add("a Byzantine proposer's decision")
            if len(step) > 1:
                self.hard.add("a blend")
            elif self.system.rules.mu > 1:
                self.hard.add("a floor")
            if before.verified:
                self.hard.add("a decision after a ban among the verified")
        decisions = [current_generation(learner) for learner in self.state.learner.values()]
        if max(decisions) - min(decisions) > 1:
            self.hard.add("a lagging process")

    def step_of(self, model: Digest) -> Step:
        return self.system.lineages.origin(model)[1]

    def judge(self, before: Learner, chosen: Digest, loss: Losses) -> None:
        """Compare the chosen one with the honest proposals that are known at the decision."""
        system, parent = self.system, before.model.digest
        drawn = [
            system.lineages.offspring(parent, step)
            for process in system.correct
            for step in all_drawn(current_generation(before), process, system.landscapes.draws)
        ]
        wanted = system.landscapes.draws * (system.rules.lambda_ - self.f)
        matched = sum(chosen in loss and d in loss and loss[chosen] <= loss[d] for d in drawn)
        if matched < wanted:
            self.poor.append(f"{before.process} chose a model that matches {matched}, not {wanted}")
        had_better = {
            ticket.proposer
            for digest, each in loss.items()
            if digest in self.system.lineages and digest != system.genesis.digest
            for origin, step in [system.lineages.origin(digest)]
            if origin == parent and len(step) == 1 and not each >= loss.get(chosen, each + 1)
            for ticket in step
            if ticket.proposer in system.correct
        }
        most = len(system.processes) - system.rules.lambda_
        if len(had_better) > most:
            self.outdone.append(f"{before.process}: {sorted(had_better)} had better, not {most}")

    def judge_floor(
        self, before: Learner, chosen: Digest, delivered: Message, loss: Losses
    ) -> None:
        """Of the true claims of this generation, none may be less than the chosen one's loss."""
        senders = {offer.sender for offer in (*before.accepted, *before.verified)}
        offers = [*before.accepted, *before.verified]
        if delivered.sender not in {*senders, *before.banned}:
            offers.append(delivered)
        for offer in offers:
            model = self.system.lineages.offspring(offer.parent, frozenset([offer.ticket]))
            if loss.get(model) == offer.claim and loss.get(chosen, offer.claim + 1) > offer.claim:
                self.below.append(f"{before.process} chose a model that loses more than {offer}")

    def judge_elitist(self, before: Learner, after: Learner) -> None:
        """With the parent among the honest draws, no step may lose more than it."""
        landscapes = self.system.landscapes
        if not (isinstance(landscapes, OneLandscape) and isinstance(landscapes.searched, Elitist)):
            return
        parent, child = SPHERE.losses(np.stack([before.model.vector, after.model.vector]))
        if child > parent and self.system.rules.lambda_ > self.f:
            self.worse.append(f"{before.process} went from {parent} to {child}")

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
            decided = self.system.decided(before)
            assert self.system.decided(learner)[: len(decided)] == decided
            assert current_generation(learner) <= current_generation(before) + 1
            assert learner.banned[: len(before.banned)] == before.banned
            assert len(learner.accepted) + len(learner.verified) < self.system.rules.lambda_
            assert len(learner.verified) < self.system.rules.mu
            assert 0 <= learner.offered <= current_generation(learner)
            assert set(learner.banned) <= set(self.system.processes)

    @invariant()
    def agreement(self) -> None:
        outputs = list(map(self.system.decided, self.learners.values()))
        longest = max(outputs, key=len)
        assert all(longest[: len(each)] == each for each in outputs)

    @invariant()
    def lineage(self) -> None:
        for learner in self.learners.values():
            decided = self.system.decided(learner)
            assert decided[0] == self.system.genesis.digest
            for generation, (parent, child) in enumerate(pairwise(decided), 1):
                origin, step = self.system.lineages.origin(child)
                assert origin == parent
                assert len({ticket.proposer for ticket in step}) == len(step) > 0
                for ticket in step:
                    assert ticket.generation == generation
                    assert ticket.proposer in self.system.processes
                    assert is_legal(self.system.landscapes.search({}), ticket.weights)

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
    def rank_resilience(self) -> None:
        assert not self.outdone

    @invariant()
    def floor(self) -> None:
        assert not self.below

    @invariant()
    def elitist_is_never_worse(self) -> None:
        assert not self.worse

    @invariant()
    def evaluations_are_exact(self) -> None:
        mu, cost = self.system.rules.mu, proposal_cost(self.system.landscapes.search({}))
        offered = [action.process for action, _ in self.steps if isinstance(action, Offer)]
        for each in self.learners.values():
            own = cost * offered.count(each.process)
            decisions = (mu + (mu > 1)) * each.model.generation
            assert each.evaluations == own + decisions + len(each.banned) + len(each.verified)

    @invariant()
    def evaluation_bound(self) -> None:
        mu, cost = self.system.rules.mu, proposal_cost(self.system.landscapes.search({}))
        for each in self.learners.values():
            begun = (cost + mu + (mu > 1)) * current_generation(each)
            assert each.evaluations <= begun + self.f

    @invariant()
    def no_deadlock(self) -> None:
        system, state = self.system, self.state
        if system.rules.lambda_ <= len(system.correct):
            ends = system.generations
            assert (
                all(each.model.generation == ends for each in self.learners.values())
                or any(system.can_offer(state, process) for process in system.correct)
                or state.broadcast.network
                or any(state.broadcast.inbox.values())
            )
