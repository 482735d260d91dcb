"""Learning over proof-of-work as a state machine: arbitrary schedules, adversaries and landscapes.

The machine takes any step that the specification allows and checks the specification's properties
in every state, on instances far beyond what can be explored.  Its other job is to fail: with a
check taken out of the learner it has to find the property that falls.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from model_consensus import pow_learning
from model_consensus.evolutionary_search import (
    Digest,
    OpenLandscape,
    Process,
    Search,
    Ticket,
    own_tickets,
)
from model_consensus.lineages import EveryLandscape
from model_consensus.pow_learning import EVERY_HASH, Block, Learner, Rules
from model_consensus.pow_system import (
    Action,
    ByzantineMine,
    ByzantinePublish,
    Mine,
    PowSystem,
    Receive,
    Receiver,
    State,
)

PROCESSES = ("p1", "p2", "p3", "b1", "b2")
BYZANTINE = ("b1", "b2")
CORRECT = PROCESSES[:3]
LOSSES = (0, 1, 2)


class PowMachine(RuleBasedStateMachine):
    """Any schedule in which the adversary wins no more blocks than the depth allows."""

    receive: Receiver = staticmethod(pow_learning.receive)
    system: PowSystem
    state: State

    @initialize(depth=st.integers(0, 3), draws=st.integers(1, 3))
    def start(self, depth: int, draws: int) -> None:
        rules = Rules(PROCESSES, depth, EVERY_HASH // 2)
        landscape = EveryLandscape(draws, LOSSES)
        receive = type(self).receive
        self.system = PowSystem(rules, BYZANTINE, landscape, byzantine_wins=depth, receive=receive)
        (self.state,) = self.system.initial()
        self.outputs = self.decided()

    # ---------------------------------------------------------------------------- the steps

    def take(self, action: Action) -> None:
        self.state = self.system.apply(self.state, action)

    def decided(self) -> dict[Process, tuple[Digest, ...]]:
        return {p: self.system.decided(learner) for p, learner in self.state.learner.items()}

    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def mine(self, process: Process, data: st.DataObject) -> None:
        self.deliver_everything()
        tip = self.system.place(self.state, self.state.learner[process].tip)
        answers = list(self.system.answers(self.state, process, tip))
        self.take(Mine(process, data.draw(st.sampled_from(answers))))

    @precondition(lambda self: self.wins_left())
    @rule(process=st.sampled_from(BYZANTINE), back=st.integers(0, 5), data=st.data())
    def byzantine_mine(self, process: Process, back: int, data: st.DataObject) -> None:
        self.deliver_everything()
        parent = max(0, len(self.state.blocks) - back)
        answers = list(self.system.answers(self.state, process, parent))
        self.take(ByzantineMine(process, parent, data.draw(st.sampled_from(answers))))

    def wins_left(self) -> bool:
        """Whether the adversary may still win a block, once all is delivered."""
        won = sum(block.ticket.proposer in BYZANTINE for block in self.state.blocks)
        return won < self.system.rules.depth

    def send(self, process: Process, place: int) -> None:
        withheld = self.system.is_withheld(self.state, place)
        self.take((ByzantinePublish if withheld else Receive)(process, place))

    @precondition(lambda self: bool(self.state.blocks))
    @rule(process=st.sampled_from(CORRECT), back=st.integers(0, 5))
    def arrive(self, process: Process, back: int) -> None:
        """A block arrives, or arrives again, before or after its parent."""
        self.send(process, max(1, len(self.state.blocks) - back))

    @precondition(lambda self: bool(self.state.blocks))
    @rule(process=st.sampled_from(CORRECT), back=st.integers(0, 5))
    def arrive_with_its_chain(self, process: Process, back: int) -> None:
        """A block arrives after everything that is below it."""
        place = max(1, len(self.state.blocks) - back)
        places = []
        while place:
            places.append(place)
            place = self.system.place(self.state, self.state.blocks[place - 1].parent)
        for each in reversed(places):
            self.send(process, each)

    def deliver_everything(self) -> None:
        """Between two wins there is time for the blocks of correct processes, and those below."""
        hidden = {
            place
            for place in range(1, len(self.state.blocks) + 1)
            if self.system.is_withheld(self.state, place)
        }
        for process in CORRECT:
            for place in range(1, len(self.state.blocks) + 1):
                if place not in hidden:
                    self.take(Receive(process, place))

    @rule(
        process=st.sampled_from(CORRECT),
        miner=st.sampled_from(PROCESSES),
        up=st.integers(0, 2),
        draw=st.integers(0, 3),
        claim=st.integers(0, 3),
        back=st.integers(0, 5),
        work=st.booleans(),
        data=st.data(),
    )
    def forge(
        self,
        process: Process,
        miner: Process,
        up: int,
        draw: int,
        claim: int,
        back: int,
        work: bool,
        data: st.DataObject,
    ) -> None:
        """A block of arbitrary content; the adversary may even sign with a correct one's name."""
        place = max(0, len(self.state.blocks) - back)
        ticket = Ticket(self.system.height(self.state, place) + up, miner, draw)
        block = Block(self.system.digest(self.state, place), ticket, claim)
        forged = self.system.with_nonce(self.state, block, work)
        if int.from_bytes(forged.digest, "big") >= self.system.rules.target:
            # Whatever it says, nobody evaluates it: no loss has to be known.
            blind, learner = (
                OpenLandscape(self.system.landscapes.draws),
                self.state.learner[process],
            )
            assert pow_learning.receive(blind, self.system.rules, learner, forged) is learner
        actions = list(self.system.forges(self.state, process, forged))
        if actions:
            before = self.state.learner
            self.take(data.draw(st.sampled_from(actions)))
            assert all(self.state.learner[p] is before[p] for p in CORRECT), "accepted a forgery"

    # ------------------------------------------------------------------------ the properties

    @invariant()
    def outputs_only_grow_and_agree(self) -> None:
        outputs = self.decided()
        longest = max(outputs.values(), key=len)
        for process, output in outputs.items():
            before = self.outputs[process]
            assert output[: len(before)] == before, "Integrity"
            assert longest[: len(output)] == output, "Agreement"
        self.outputs = outputs

    @invariant()
    def outputs_are_paths_of_offspring(self) -> None:
        for output in self.outputs.values():
            assert output[0] == self.system.genesis.digest
            for parent, child in pairwise(output):
                origin, ticket = self.system.lineages.origin(child)
                assert origin == parent, "Lineage"
                assert ticket.generation == self.system.lineages.generation(parent) + 1
                assert 0 <= ticket.draw < self.system.landscapes.draws

    @invariant()
    def accepted_blocks_are_exact_steps(self) -> None:
        for block in self.state.blocks:
            parent = self.system.model(self.state, self.system.place(self.state, block.parent))
            own = own_tickets(
                parent.generation + 1, block.ticket.proposer, self.system.landscapes.draws
            )
            models = [self.system.lineages.offspring(parent.digest, ticket) for ticket in own]
            if all(model in self.state.loss for model in models):
                losses = [self.state.loss[model] for model in models]
                assert block.claim == min(losses), "Resilience"
                assert block.ticket == own[losses.index(min(losses))]

    @invariant()
    def tips_are_on_longest_known_chains(self) -> None:
        for learner in self.state.learner.values():
            height = learner.models[learner.tip].generation
            for digest, block in learner.known.items():
                assert block.parent in learner.models, "KnownIsTree"
                assert learner.models[digest].generation <= height, "TipIsLongest"

    @invariant()
    def correct_blocks_have_distinct_heights(self) -> None:
        heights = [b.ticket.generation for b in self.state.blocks if b.ticket.proposer in CORRECT]
        assert all(low < high for low, high in pairwise(heights))


TestPowMachine = PowMachine.TestCase
TestPowMachine.settings = settings(max_examples=60, stateful_step_count=30)


# --------------------------------------------------------------------------- it must find bugs


Function = Callable[..., Any]


def last_block_is_tip(accept: Function) -> Function:
    """A fork choice that takes the last block whatever its height."""

    def broken(search: Search, learner: Learner, block: Block) -> Learner:
        accepted: Learner = accept(search, learner, block)
        return replace(accepted, tip=block.digest)

    return broken


def decides_early(decided: Function) -> Function:
    """A decision that counts the block itself among those on top of it."""

    def broken(rules: Rules, learner: Learner) -> Any:
        return decided(replace(rules, depth=max(0, rules.depth - 1)), learner)

    return broken


FAULTS: dict[str, tuple[str, Callable[[Function], Function]]] = {
    "claims are believed": ("is_exact", lambda real: lambda search, model, block: True),
    "work is not checked": ("has_work", lambda real: lambda rules, block: True),
    "the last block is the tip": ("accept", last_block_is_tip),
    "depth k - 1": ("decided", decides_early),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds_a_learner_with_a_fault(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, broken = FAULTS[fault]
    monkeypatch.setattr(pow_learning, name, broken(getattr(pow_learning, name)))
    found = settings(
        max_examples=2000,
        stateful_step_count=30,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # found is enough: it need not be shrunk
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(Exception):  # noqa: B017, PT011 - whichever check falls first
        run_state_machine_as_test(PowMachine, settings=found)
