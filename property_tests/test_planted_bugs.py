"""Every defective learner is found: which property falls, within how many examples.

The machines are those of the three protocols, with an adversary that lies in one respect and is
right in all others.  A table says for each defect in which respect it lies and what falls.  Defects
that break no property are listed with the reason, and TLC tells them from the specification.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from model_consensus import pow_learner as pow_learning
from model_consensus import tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS, Attack
from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.traces import Trace
from model_consensus.defects import pow as pow_defects
from model_consensus.defects import streamlet as streamlet_defects
from model_consensus.defects import tob as tob_defects
from model_consensus.evolutionary_search import EvolutionarySearch, Process, Ticket
from model_consensus.landscapes import OneMax
from model_consensus.pow_learner import EVERY_HASH, Block, Rules
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import simulate_pow
from model_consensus.simulation.tob import simulate
from model_consensus.simulation.training import short_name
from model_consensus.streamlet.messages import Chain, Notarization
from model_consensus.systems.answers import EveryLandscape, OneLandscape, OpenLandscape
from model_consensus.systems.pow import ByzantineMine, ByzantinePublish, Mine, PowSystem, Receiver
from model_consensus.systems.tob import Deliver, Order, Receive, TobSystem
from model_consensus.tob_learner import Offer, current_generation
from property_tests.machines import schedules
from property_tests.machines import streamlet as streamlet_machine
from property_tests.machines.pow import BYZANTINE, CORRECT, PowMachine
from property_tests.machines.streamlet import StreamletMachine
from property_tests.machines.tob import TobMachine

EXAMPLES = 2000
"""Within so many examples each defect is found; of sixteen seeds the unluckiest took 320."""

LOSSES = (0, 1, 2)
GENERATIONS = 20


class LyingTobMachine(TobMachine):
    """Each offer is delivered at once; the adversary's are right but for one thing."""

    about = ""
    order = deliver = all_offer_and_receive = partition = crash = restart = None  # type: ignore[assignment]
    forge_plausibly = forge_anything = repeat = None  # type: ignore[assignment]

    @initialize(
        size=st.sampled_from(((3, 1, 2), (4, 1, 3), (4, 1, 2))),
        draws=st.integers(1, 2),
        wrong=st.sampled_from(("", "claim", "parent", "generation", "proposer", "draw")),
    )
    def start(self, size: tuple[int, int, int], draws: int, wrong: str) -> None:
        self.wrong = type(self).about or wrong
        self.down: set[Process] = set()
        self.cut: frozenset[Process] = frozenset()
        n, f, lambda_ = size
        names = tuple(f"p{number}" for number in range(1, n + 1))
        landscape, receive = EveryLandscape(draws, LOSSES), type(self).receive
        self.set_up(
            TobSystem(names, names[n - f :], lambda_, landscape, GENERATIONS, receive=receive)
        )

    @rule(data=st.data())
    def offer(self, data: st.DataObject) -> None:
        """Some process offers, if it can, and everybody gets the offer."""
        able = [p for p in self.system.correct if self.system.can_offer(self.state, p)]
        if able:
            process = data.draw(st.sampled_from(able))
            actions = list(self.system.offers(self.state, process))
            self.take(data.draw(st.sampled_from(actions)))
            for offer in sorted(self.state.broadcast.network):
                self.take(Order(offer))
        self.deliver_everything()

    def deliver_everything(self) -> None:
        for each in self.system.correct:
            while self.state.broadcast.inbox[each]:
                self.take(Deliver(each))

    @precondition(lambda self: self.f > 0)
    @rule(data=st.data())
    def lie(self, data: st.DataObject) -> None:
        wrong = self.wrong
        sender = data.draw(st.sampled_from(self.system.byzantine))
        learner, draws = self.state.learner[self.system.correct[0]], self.system.landscapes.draws
        draw = data.draw(st.integers(0, draws - 1))
        ticket = Ticket(current_generation(learner), sender, draw)
        if wrong == "generation":
            step = data.draw(st.sampled_from((-1, 1)))
            ticket = replace(ticket, generation=ticket.generation + step)
        elif wrong == "proposer":
            ticket = replace(ticket, proposer=data.draw(st.sampled_from(self.system.processes)))
        elif wrong == "draw":
            ticket = replace(ticket, draw=data.draw(st.sampled_from((-1, draws))))
        parent = learner.model.digest
        if wrong == "parent":
            parent = data.draw(st.sampled_from(learner.decided[:-1] or learner.decided))
        claim = data.draw(st.sampled_from(LOSSES)) if wrong == "claim" else 0
        forged = Offer(sender, parent, ticket, claim)
        action = data.draw(st.sampled_from(list(self.system.byzantine_offers(self.state, forged))))
        known = {**self.state.loss, **self.system.drawn(self.state, action)}
        if wrong != "claim" and ticket.draw >= 0:  # the truth, as far as it is known
            model = self.system.lineages.offspring(parent, ticket)
            action = replace(action, offer=replace(forged, claim=known.get(model, forged.claim)))
        self.take(action)
        self.deliver_everything()


class LyingPowMachine(PowMachine):
    """The adversary's blocks are right but for one thing."""

    about = ""
    forge = None  # type: ignore[assignment]

    @initialize(wrong=st.sampled_from(("draw", "claim", "miner", "generation", "work", "parent")))
    def choose_the_lie(self, wrong: str) -> None:
        self.wrong = type(self).about or wrong

    @rule(
        process=st.sampled_from(CORRECT),
        miner=st.sampled_from(BYZANTINE),
        back=st.integers(0, 3),
        data=st.data(),
    )
    def lie(self, process: Process, miner: Process, back: int, data: st.DataObject) -> None:
        """Only a wrong draw or a wrong claim costs the receiver an evaluation."""
        wrong = self.wrong
        place, draws = max(0, len(self.state.blocks) - back), self.system.landscapes.draws
        ticket = Ticket(self.system.height(self.state, place) + 1, miner, 0)
        claim = data.draw(st.sampled_from(LOSSES))
        block = Block(self.system.digest(self.state, place), ticket, claim)
        match wrong:
            case "draw":
                draw = data.draw(st.integers(0, draws))
                block = replace(block, ticket=replace(ticket, draw=draw))
            case "miner":
                block = replace(block, ticket=replace(ticket, proposer="nobody"))
            case "generation":
                wrongly = ticket.generation + data.draw(st.sampled_from((-1, 1)))
                block = replace(block, ticket=replace(ticket, generation=wrongly))
            case "parent":
                block = replace(block, parent=bytes(32))
        forged = self.system.with_nonce(self.state, block, wrong != "work")
        learner = self.state.learner[process]
        if wrong in ("miner", "generation", "parent", "work") or forged.ticket.draw == draws:
            blind = OpenLandscape(draws)
            assert self.system.receive(blind, self.system.rules, learner, forged) is learner
            return
        before = self.state.learner
        action = self.choose(data, self.system.forges(self.state, process, forged))
        if action:
            self.take(action)
            assert all(self.state.learner[p] is before[p] for p in CORRECT), "accepted a forgery"

    @precondition(lambda self: bool(self.state.blocks))
    @rule(process=st.sampled_from(CORRECT))
    def show_again(self, process: Process) -> None:
        """A block that is known already costs no evaluation."""
        learner = self.state.learner[process]
        blind = OpenLandscape(self.system.landscapes.draws)
        for block in learner.known.values():
            assert self.system.receive(blind, self.system.rules, learner, block) is learner

    @precondition(lambda self: self.wins_left() and len(self.state.blocks) + 1 < self.system.wins)
    @rule(
        miner=st.sampled_from(BYZANTINE),
        leader=st.sampled_from(CORRECT),
        victim=st.sampled_from(CORRECT),
        data=st.data(),
    )
    def race(self, miner: Process, leader: Process, victim: Process, data: st.DataObject) -> None:
        """The adversary and a correct process win on one block; the victim sees the former's."""
        self.deliver_everything()
        tip = self.system.place(self.state, self.state.learner[leader].tip)
        answers = self.system.answers(self.state, miner, tip)
        won = self.choose(data, (ByzantineMine(miner, tip, losses) for losses in answers))
        if won is None:
            return
        self.take(won)
        secret = len(self.state.blocks)
        answers = self.system.answers(self.state, leader, tip)
        mined = self.choose(data, (Mine(leader, losses) for losses in answers))
        if mined is None:
            return
        self.take(mined)
        if self.state.blocks[secret - 1].parent in self.state.learner[victim].models:
            self.take(ByzantinePublish(victim, secret))
        self.deliver_everything()

    @rule()
    def everybody_knows_the_longest_chain(self) -> None:
        """Once all is delivered nobody's chain is shorter than a correct process's block."""
        self.deliver_everything()
        heights = [b.ticket.generation for b in self.state.blocks if b.ticket.proposer in CORRECT]
        for learner in self.state.learner.values():
            assert learner.models[learner.tip].generation >= max(heights, default=0), "Progress"


class LyingStreamletMachine(StreamletMachine):
    """The adversary leads most epochs, and shows notarizations with too few votes."""

    @precondition(lambda self: self.blocks)
    @rule(
        process=st.sampled_from(CORRECT),
        wrong=st.sampled_from(("repeated", "for another", "few")),
        data=st.data(),
    )
    def show_too_few_votes(self, process: Process, wrong: str, data: st.DataObject) -> None:
        blocks = list(self.blocks)
        digest = blocks[-data.draw(st.integers(1, min(3, len(blocks))))]
        *below, last = self.evidence(digest).links
        votes = last.votes
        if self.committee.is_quorum(len(votes)):
            votes = votes[: len(votes) - 1]
        if self.committee.is_quorum(len(votes)):
            return
        if wrong == "repeated":
            votes = (*votes, *votes, *votes)
        if wrong == "for another":
            others = [v for cast in self.votes.values() for v in cast.values() if v.block != digest]
            votes = (
                *votes,
                *{
                    v.voter: v for v in others if v.voter not in {each.voter for each in votes}
                }.values(),
            )
        self.hand_over(process, Chain((*below, Notarization(last.block, votes))))
        known = self.nodes[process].notarized
        assert digest not in known or self.committee.is_certified(known[digest]), "Notarized"


@pytest.fixture(autouse=True)
def no_failure_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The failures here are wanted."""
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)


# ------------------------------------------------------------------ what falls


def find(machine: type[RuleBasedStateMachine], steps: int, most: int = EXAMPLES) -> tuple[str, int]:
    """The property that falls, or the error that stops a learner, and after how many examples."""
    examples = 0

    class Counted(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            nonlocal examples
            examples += 1
            super().__init__()

    how = settings(
        max_examples=most,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # found is enough: it need not be shrunk
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(Exception) as failure:  # noqa: PT011 - named by the table
        run_state_machine_as_test(Counted, settings=how)
    if not isinstance(failure.value, AssertionError):
        return type(failure.value).__name__, examples
    here = [e.name for e in failure.traceback if Path(e.path).is_relative_to(Path(__file__).parent)]
    return here[-1], examples


# Defect: in which respect the adversary lies (in any if empty), and what falls: an invariant of the
# machine, or the error that stops a learner which comes to evaluate what it should not have.  Where
# several can fall, which one does first is a matter of luck.
TOB: Mapping[str, tuple[str, str]] = {
    "any-parent": ("parent", "LossNotRevealed"),
    "stale": ("parent", "LossNotRevealed"),
    "future-generation": ("generation", "ModelConsensusError"),
    "past-generation": ("generation", "ModelConsensusError"),
    "foreign": ("proposer", "LossNotRevealed"),
    "blames-the-named": ("proposer", "LossNotRevealed or accuracy"),
    "negative-draw": ("draw", "ModelConsensusError"),
    "any-draw": ("draw", "ModelConsensusError"),
    "one-draw-more": ("draw", "ModelConsensusError"),
    "repeated": ("", "resilience"),
    "repeated-draws": ("", "resilience"),
    "trusting": ("claim", "bans_at_most_f"),
    "unlimited": ("claim", "resilience"),
    "under-claims": ("claim", "resilience"),
    "evaluates-all": ("claim", "evaluation_bound"),
    "unbanned": ("claim", "evaluation_bound"),
    "forgiving": ("claim", "type_ok"),
    "bans-the-first": ("claim", "accuracy"),
    "unverified": ("claim", "resilience"),
    "unemptied": ("", "ModelConsensusError or resilience"),
    "decides-twice": ("", "lineage"),
    "one-too-few": ("", "resilience"),
    "one-too-many": ("", "type_ok or no_deadlock"),
    "greatest": ("", "resilience"),
    "first": ("", "resilience"),
    "own-ties": ("", "agreement"),
    "own-order": ("claim", "agreement or no_deadlock"),
    "stale-unverified": ("parent", "LossNotRevealed"),
}
HEIGHTS = "distinct_heights or tip_is_longest or everybody_knows_the_longest_chain or integrity"
POW: Mapping[str, tuple[str, str]] = {
    "workless": ("work", "LossNotRevealed"),
    "half-work": ("work", "LossNotRevealed"),
    "any-draw": ("draw", "LossNotRevealed"),
    "last-block": ("work", HEIGHTS),
    "unverified": ("claim", "lie"),
    "any-claim": ("claim", "lie"),
    "under-claims": ("claim", "lie"),
    "any-ticket": ("draw", "lie"),
    "over-claims": ("claim", "lie"),
    "reversed-order": ("work", "LossNotRevealed"),
    "any-generation": ("generation", "LossNotRevealed"),
    "rootless": ("parent", "LossNotRevealed"),
    "on-the-tip": ("claim", f"LossNotRevealed or {HEIGHTS}"),
    "any-miner": ("miner", "LossNotRevealed"),
    "first-ticket": ("claim", HEIGHTS),
    "last-of-equals": ("claim", HEIGHTS),
    "least-loss": ("claim", HEIGHTS),
    "shortest": ("claim", HEIGHTS),
    "forkless": ("claim", HEIGHTS),
}
QUORUMS = ("one_notarized", "no_rival", "delivered", "show_too_few_votes")
ORDER = ("delivered", "integrity")
STREAMLET: Mapping[str, tuple[str, ...]] = {
    "votes-again": ("RecursionError",),
    "any-vote": QUORUMS,
    "half": QUORUMS,
    "one-vote-less": QUORUMS,
    "repeated-votes": QUORUMS,
    "votes-for-others": QUORUMS,
    "skips-the-first": (*ORDER, "KeyError"),  # it restarts with a log that lacks a parent
    "forgets-its-vote": ("what_a_node_knows_hangs_together",),
    "forgets-its-log": ORDER,
    "forgets-its-lock": ("what_a_node_knows_hangs_together",),
    "two-consecutive": ORDER,
}


def defective(machine: Any, **changes: Any) -> Any:
    return type("Defective", (machine,), changes)


@pytest.mark.parametrize("name", TOB)
def test_a_defective_learner_over_total_order_broadcast_is_found(name: str) -> None:
    about, property_ = TOB[name]
    receive = staticmethod(tob_defects.DEFECTS[name])
    fell, examples = find(defective(LyingTobMachine, receive=receive, about=about), 24)
    assert fell in property_.split(" or ")
    assert examples <= EXAMPLES


@pytest.mark.parametrize("name", POW)
def test_a_defective_learner_over_proof_of_work_is_found(name: str) -> None:
    about, property_ = POW[name]
    receive = staticmethod(pow_defects.DEFECTS[name])
    fell, examples = find(defective(LyingPowMachine, receive=receive, about=about), 20)
    assert fell in property_.split(" or ")
    assert examples <= EXAMPLES


@pytest.mark.parametrize("name", STREAMLET)
def test_a_defective_node_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = streamlet_defects.DEFECTS[name]
    monkeypatch.setattr(streamlet_machine, "streamlet", nodes)
    machine = defective(LyingStreamletMachine, react=staticmethod(nodes.receive))
    fell, examples = find(machine, 40)
    assert fell in STREAMLET[name]
    assert examples <= EXAMPLES


# Found in other ways: by replaying TLC's counterexamples (necessity.py), by comparing state graphs
# (tests/test_graphs_bite.py), or by an attack (tests/test_attacks.py).
ELSEWHERE = ("any-notarized", "repeats", "made-up", "everybody", "any-three", "unbounded")


@pytest.mark.parametrize("machine", [LyingTobMachine, LyingPowMachine, LyingStreamletMachine])
def test_the_real_ones_stand(machine: type[RuleBasedStateMachine]) -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        find(machine, 20, 40)


# ------------------------------------------------------------------ what only the models tell

NEARLY = Attack("", "", "", lambda now: [now.offer(now.ticket(now.best), now.losses[now.best] + 1)])

# Defects that break no property, and an attack under which the learners do something else.
UNSEEN: Mapping[str, Attack] = {
    "last-of-equals": ATTACKS["none"],  # another rule for ties is as good, if all follow it
    "replacing": ATTACKS["duplicate"],  # there is one offer of a sender all the same
    "over-claims": NEARLY,  # the step is even better than it was said to be
    "uncounted": ATTACKS["none"],  # the count is a bound from above
    "drops-all": ATTACKS["under-claim"],  # offers are lost, and only progress suffers
}


def tob_trace(name: str, attack: Attack, receive: Receive) -> Trace:
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(6), 2, 2)))
    names = ("p1", "p2", "p3")
    system = TobSystem(names, names[2:], 2, one, 6, name=short_name, receive=receive)
    return traces.record(name, system, simulate(system, one, attack, 2))


def pow_trace(name: str, receive: Receiver) -> Trace:
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(6), 2, 2)))
    rules = Rules(("p1", "p2", "p3", "b1"), 2, EVERY_HASH // 4)
    system = PowSystem(rules, ("b1",), one, 12, 12, name=short_name, receive=receive)
    return traces.record(name, system, simulate_pow(system, STRATEGIES["balance"], 0.4, 12, 1))


@pytest.mark.tlc
def test_defects_that_break_no_property_are_no_behaviours_of_the_specifications() -> None:
    pairs = [
        (tob_trace(name, attack, receive), receive is tob_learner.receive)
        for name, attack in UNSEEN.items()
        for receive in (tob_learner.receive, tob_defects.DEFECTS[name])
    ]
    for miner in (pow_learning.receive, pow_defects.DEFECTS["last-of-longest"]):
        pairs.append((pow_trace("last-of-longest", miner), miner is pow_learning.receive))
    for verdict, (trace, real) in zip(check_traces([t for t, _ in pairs]), pairs, strict=True):
        assert (verdict.rejection is None) == real, trace.source


def test_every_defect_is_accounted_for() -> None:
    assert {*TOB, *UNSEEN} == {*tob_defects.DEFECTS}
    assert {*POW, "last-of-longest"} == {*pow_defects.DEFECTS}
    assert {*STREAMLET, *ELSEWHERE} == {*streamlet_defects.DEFECTS}
    assert len(TOB) + len(POW) + len(STREAMLET) >= 30
