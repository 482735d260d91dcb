"""The safety of ``PowLearning.tla``, checked in a state machine after every step.

Each property has the name that it has there.  ``RefinesModelConsensus`` and ``RefinesLongestChain``
are properties of steps, not of states; TLC checks them.
"""

from itertools import combinations, pairwise

from hypothesis.stateful import invariant

from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import Digest, Process, Step, is_legal_step
from model_consensus.pow_learner import NOBODY, Learner, chain
from model_consensus.systems.answers import proposal_stages
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import Action, Mine, State
from model_consensus.tob_learner import offered
from property_tests.machines.faults import Faulty
from property_tests.machines.schedules import Event, trace


class PowProperties(Faulty):
    """A machine with learners over proof-of-work; :meth:`set_up` comes first."""

    system: PowSystem
    state: State

    def set_up(self, system: PowSystem) -> None:
        """Begin in the initial state of ``system``."""
        self.system = system
        (self.state,) = system.initial()
        self.steps: list[tuple[Action | None, State]] = [(None, self.state)]
        self.losses: dict[Digest, int] = {}
        self.outputs = self.decided()
        self.all_are_up(system.correct)

    def take(self, action: Action) -> None:
        self.events.append(Event(type(action).__name__, action.process))
        self.losses.update(self.system.drawn(self.state, action))
        before, self.state = self.state, self.system.apply(self.state, action)
        self.steps.append((action, self.state))
        step = self.system.module, len(self.steps) - 1
        self.events[-1] = Event(type(action).__name__, action.process, step)
        if isinstance(action, Mine):
            self.led(action)
        if self.state.learner != before.learner:
            self.observe(before.learner[action.process], self.state.learner[action.process])

    def led(self, action: Mine) -> None:
        """What a correct process has made of the offers that it had."""
        self.shares_search(action)
        step = self.state.blocks[-1].step
        names = {ticket.proposer for ticket in step}
        if len(step) > 1:
            self.hard.add("a blend")
        elif names == {NOBODY}:
            self.hard.add("the public offer")
        elif action.process not in names:
            self.hard.add("the offer of another process")

    def observe(self, before: Learner, after: Learner) -> None:
        """What the arrival of a block did, or a look at the offers."""
        if before.banned != after.banned:
            self.hard.add("a ban")
        old, new = chain(before), chain(after)
        left = len(old) - common(old, new)
        if left:
            self.hard.add("a reorganisation")
        self.measure("depth of a reorganisation", left)
        chains = [chain(learner) for learner in self.state.learner.values()]
        depth = self.system.rules.depth
        for one, other in combinations(chains, 2):
            if depth and max(len(one), len(other)) - common(one, other) >= depth:
                self.hard.add("a fork of depth k > 0")
        for digest in new[: max(0, len(new) - depth)]:
            if after.known[digest].miner in self.system.byzantine:
                self.hard.add("a Byzantine leader's decision")

    def decided(self) -> dict[Process, tuple[Digest, ...]]:
        return {p: self.system.decided(learner) for p, learner in self.state.learner.items()}

    def traces(self) -> list[Trace]:
        return [trace(self, self.system, self.steps)] if hasattr(self, "state") else []

    @invariant()
    def agreement(self) -> None:
        outputs = self.decided().values()
        longest = max(outputs, key=len)
        assert all(longest[: len(output)] == output for output in outputs)

    @invariant()
    def integrity(self) -> None:
        outputs = self.decided()
        for process, output in outputs.items():
            before = self.outputs[process]
            assert output[: len(before)] == before
        self.outputs = outputs

    @invariant()
    def lineage(self) -> None:
        for output in self.decided().values():
            assert output[0] == self.system.genesis.digest
            for parent, child in pairwise(output):
                origin, step = self.system.lineages.origin(child)
                assert origin == parent
                generation = self.system.lineages.generation(parent) + 1
                assert is_legal_step(self.system.landscapes.search({}), generation, step)

    @invariant()
    def accuracy(self) -> None:
        for learner in self.state.learner.values():
            assert learner.banned <= set(self.system.byzantine)

    @invariant()
    def resilience(self) -> None:
        """Every block, whoever mined it, is as good as nobody's draws and their recombination."""
        for block in self.state.blocks:
            parent = self.system.model(self.state, self.system.place(self.state, block.parent))
            stages = proposal_stages(self.system.landscapes, self.system.lineages, parent, NOBODY)
            for step in (step for stage in stages for step in stage(self.losses)):
                loss = self.losses.get(self.offspring(parent.digest, step))
                assert loss is not None
                assert block.claim <= loss

    def offspring(self, parent: Digest, step: Step) -> Digest:
        return self.system.lineages.offspring(parent, step)

    @invariant()
    def is_mined_at_floor(self) -> None:
        """What a block says of its loss is true; the rest is resilience."""
        for block in self.state.blocks:
            parent = self.system.model(self.state, self.system.place(self.state, block.parent))
            assert block.claim == self.losses.get(self.offspring(parent.digest, block.step))

    def shares_search(self, action: Mine) -> None:
        """A correct leader's block is as good as each true offer that it had, its own with them.

        Those of whom it has caught lying do not count.
        """
        block, banned = self.state.blocks[-1], self.state.learner[action.process].banned
        for offer in action.offers:
            model = self.offspring(offer.parent, offered(offer))
            if offer.sender not in banned and self.losses[model] == offer.claim:
                assert block.claim <= offer.claim

    @invariant()
    def type_ok(self) -> None:
        for place, block in enumerate(self.state.blocks, 1):
            parent = self.system.place(self.state, block.parent)
            assert parent < place
            height = self.system.height(self.state, parent) + 1
            assert self.system.height(self.state, place) == height
            assert block.miner in self.system.rules.processes

    @invariant()
    def known_is_tree(self) -> None:
        for learner in self.state.learner.values():
            above = {learner.root, *learner.known}
            assert all(block.parent in above for block in learner.known.values())

    @invariant()
    def models_are_kept_while_they_can_be_reverted(self) -> None:
        """One more level is kept, and what was accepted last."""
        for learner in self.state.learner.values():
            heights = {d: self.height_of(d) for d in learner.known}
            last = heights[learner.tip] - self.system.rules.depth if learner.known else 0
            recent = {digest for digest in learner.known if heights[digest] >= last}
            assert recent <= learner.models.keys()
            old = learner.models.keys() - recent - {learner.root, *[*learner.known][-1:]}
            assert all(heights[digest] >= last - 1 for digest in old)
            for digest in learner.models.keys() - {learner.root}:
                place = self.system.place(self.state, digest)
                assert learner.models[digest] == self.system.model(self.state, place)

    def height_of(self, digest: Digest) -> int:
        return self.system.height(self.state, self.system.place(self.state, digest))

    @invariant()
    def tip_is_longest(self) -> None:
        for learner in self.state.learner.values():
            height = learner.models[learner.tip].generation
            assert all(self.height_of(digest) <= height for digest in learner.known)

    @invariant()
    def distinct_heights(self) -> None:
        """Of the blocks of correct processes, by the synchrony of the network."""
        heights = [
            self.system.height(self.state, place)
            for place, block in enumerate(self.state.blocks, 1)
            if block.miner not in self.system.byzantine
        ]
        assert all(low < high for low, high in pairwise(heights))


def common(one: tuple[Digest, ...], other: tuple[Digest, ...]) -> int:
    """How many blocks two chains share."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
