"""Learning over Total Order Broadcast as a state machine: any schedule, adversary and landscape.

The machine takes any step that the specification allows and checks in every state the properties
that the specification names, on instances far beyond what can be explored.  Processes are cut off,
crash, and restart by folding what had been delivered to them.  Its other job is to fail: with a
mechanism left out of the learner it has to find the property that falls.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

import schedules
from drawn import claims, landscapes, sizes
from model_consensus import tob_learner, traces
from model_consensus.conformance import check_traces
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process, Ticket
from model_consensus.tob_defects import DEFECTS
from model_consensus.tob_learner import Learner, current_generation
from model_consensus.tob_system import ByzantineOffer, Deliver, Offer, Order, Receive, TobSystem
from schedules import (
    SAME_EVERY_TIME,
    Event,
    below,
    explore,
    full_run,
    show_constants,
    unchecked,
    validate,
)
from tob_properties import TobProperties

GENERATIONS = 20

# Processes, Byzantine ones among them, λ and draws.  λ may be more than n - f: then the adversary
# can stop the run, and do nothing else.
FEW = ((3, 1, 2, 1), (4, 1, 3, 1), (5, 2, 2, 1), (5, 2, 4, 3))
ALL = (
    (n, f, lambda_, draws)
    for n in range(1, 8)
    for f in range(n)
    for lambda_ in range(1, n + 1)
    for draws in range(1, 4)
)


class TobMachine(TobProperties):
    """Any schedule; all steps after the random choice are those of :class:`TobSystem`.

    To test another learner, give a subclass another ``receive``.
    """

    receive: Receive = staticmethod(tob_learner.receive)

    @initialize(size=sizes(FEW, ALL), data=st.data())
    def start(self, size: tuple[int, int, int, int], data: st.DataObject) -> None:
        n, f, lambda_, draws = size
        names = tuple(f"p{number}" for number in range(1, n + 1))
        self.down: set[Process] = set()
        self.cut: frozenset[Process] = frozenset()
        self.set_up(
            TobSystem(
                names,
                names[n - f :],
                lambda_,
                data.draw(landscapes(draws, lambda_)),
                GENERATIONS,
                name=self.model_name,
                receive=type(self).receive,
            )
        )

    # ---------------------------------------------------------------------------- the steps

    @property
    def able(self) -> list[Process]:
        """The correct processes that are up and reach the others."""
        return [p for p in self.system.correct if p not in self.cut and p not in self.down]

    def offering(self) -> list[Process]:
        return [p for p in self.able if self.system.can_offer(self.state, p)]

    def arrived(self) -> list[tob_learner.Offer]:
        """The offers that can be ordered."""
        return [o for o in sorted(self.state.broadcast.network) if o.sender not in self.cut]

    def receiving(self) -> list[Process]:
        return [p for p in self.able if self.state.broadcast.inbox[p]]

    @precondition(lambda self: self.offering())
    @rule(data=st.data())
    def offer(self, data: st.DataObject) -> None:
        self.offer_of(data, data.draw(st.sampled_from(self.offering())))

    def offer_of(self, data: st.DataObject, process: Process) -> None:
        self.take(data.draw(st.sampled_from(list(self.system.offers(self.state, process)))))

    @precondition(lambda self: self.arrived())
    @rule(data=st.data())
    def order(self, data: st.DataObject) -> None:
        self.take(Order(data.draw(st.sampled_from(self.arrived()))))

    @precondition(lambda self: self.receiving())
    @rule(data=st.data(), times=st.integers(1, 4))
    def deliver(self, data: st.DataObject, times: int) -> None:
        for _ in range(times):
            if self.receiving():
                self.take(Deliver(data.draw(st.sampled_from(self.receiving()))))

    @precondition(lambda self: self.able)
    @rule(data=st.data(), claim=st.sampled_from((None, 0, 1, 2)))
    def all_offer_and_receive(self, data: st.DataObject, claim: int | None) -> None:
        """Whoever is able offers, perhaps the f in collusion first, and all arrives."""
        learner = self.state.learner[data.draw(st.sampled_from(self.able))]
        for sender in () if claim is None else self.system.byzantine:
            self.forge_on(data, sender, learner, claim or 0)
        for process in self.offering():
            self.offer_of(data, process)
        for offer in data.draw(st.permutations(self.arrived())):
            self.take(Order(offer))
        for process in self.able:
            while self.state.broadcast.inbox[process]:
                self.take(Deliver(process))

    # ---------------------------------------------------------------------------- what goes wrong

    @rule(data=st.data())
    def partition(self, data: st.DataObject) -> None:
        """Some processes are cut off from the broadcast; with nobody on that side it heals."""
        self.cut = data.draw(st.frozensets(st.sampled_from(self.system.correct), max_size=2))
        self.events.append(Event("partition" if self.cut else "heal", " ".join(sorted(self.cut))))

    @precondition(lambda self: len(self.down) < len(self.system.correct))
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        up = [process for process in self.system.correct if process not in self.down]
        process = data.draw(st.sampled_from(up))
        self.down.add(process)
        self.events.append(Event("crash", process))

    @precondition(lambda self: self.down)
    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        """What was delivered before is folded again: the learner is as if it had not crashed."""
        process = data.draw(st.sampled_from(sorted(self.down)))
        self.down.remove(process)
        self.events.append(Event("restart", process))
        self.hard.add("a restart")
        assert self.folded(process) == self.state.learner[process]

    def folded(self, process: Process) -> Learner:
        """The learner of ``process``, from its own offers and what was delivered to it."""
        loss = {digest: each for _, state in self.steps for digest, each in state.loss.items()}
        search = self.system.landscapes.search(loss)
        learner = tob_learner.new_learner(search, process)
        for (_, before), (action, _) in pairwise(self.steps):
            if isinstance(action, Offer) and action.process == process:
                learner, _ = tob_learner.offer(search, learner)
            if isinstance(action, Deliver) and action.process == process:
                delivered = before.broadcast.inbox[process][0]
                learner = self.system.receive(search, self.system.lambda_, learner, delivered)
        return learner

    # ---------------------------------------------------------------------------- the adversary

    @precondition(lambda self: self.f > 0)
    @rule(data=st.data())
    def forge_plausibly(self, data: st.DataObject) -> None:
        """A legal ticket on some learner's current model; the claim may be true or not."""
        learner = self.state.learner[data.draw(st.sampled_from(self.system.correct))]
        claim = data.draw(claims(self.state.loss))
        self.forge_on(data, data.draw(st.sampled_from(self.system.byzantine)), learner, claim)

    def forge_on(self, data: st.DataObject, sender: Process, learner: Learner, claim: int) -> None:
        draw = data.draw(st.integers(0, self.system.landscapes.draws - 1))
        ticket = Ticket(current_generation(learner), sender, draw)
        self.send(data, tob_learner.Offer(sender, learner.model.digest, ticket, claim))

    @precondition(lambda self: self.f > 0)
    @rule(data=st.data())
    def forge_anything(self, data: st.DataObject) -> None:
        """Any parent that was drawn or decided, any ticket; only the sender is authentic."""
        decided = {digest for each in self.state.learner.values() for digest in each.decided}
        parent = data.draw(st.sampled_from(sorted(decided | set(self.state.loss))))
        ticket = Ticket(
            max(0, self.system.lineages.generation(parent) + data.draw(st.integers(0, 2))),
            data.draw(st.sampled_from([*self.system.processes, "nobody"])),
            data.draw(st.integers(-1, self.system.landscapes.draws)),
        )
        sender = data.draw(st.sampled_from(self.system.byzantine))
        claim = data.draw(claims(self.state.loss))
        self.send(data, tob_learner.Offer(sender, parent, ticket, claim))

    @precondition(lambda self: self.sent())
    @rule(data=st.data(), again=st.booleans())
    def repeat(self, data: st.DataObject, again: bool) -> None:
        """A Byzantine offer once more: the same, or with another claim."""
        offer = self.sent()[-data.draw(st.integers(1, min(4, len(self.sent()))))]
        claim = offer.claim if again else data.draw(claims(self.state.loss))
        self.send(data, replace(offer, claim=claim))
        self.hard.add("an equivocation")

    def sent(self) -> list[tob_learner.Offer]:
        """The Byzantine offers so far."""
        return [action.offer for action, _ in self.steps if isinstance(action, ByzantineOffer)]

    def send(self, data: st.DataObject, forged: tob_learner.Offer) -> None:
        actions = list(self.system.byzantine_offers(self.state, forged))
        self.take(data.draw(st.sampled_from(actions)))


if not SAME_EVERY_TIME:  # otherwise the full run below does as much
    TestTobMachine = TobMachine.TestCase
    TestTobMachine.settings = settings(stateful_step_count=40)


# ----------------------------------------------------------------------------- a full run

# In what share of all examples at least a hard state is reached.
FLOORS = {
    "a ban": 0.5,
    "f > 1 bans": 0.4,
    "a tie": 0.4,
    "a lagging process": 0.03,
    "an equivocation": 0.5,
    "a Byzantine proposer's decision": 0.15,
    "a restart": 0.5,
}
"""Of runs of 20 examples (see ``below``), far below what was seen in 24: all, or nearly all, reach
most of these; two thirds a Byzantine proposer's decision, half a lagging process."""


def test_hard_states_are_reached() -> None:
    assert below(FLOORS, TobMachine, steps=24) == {}


@pytest.mark.tlc
def test_every_schedule_is_a_behaviour_of_the_specification(
    record_property: Callable[[str, object], None],
) -> None:
    run = explore(TobMachine, full_run(150, 24))
    record_property("validated by TLC", validate(run.found))


def test_the_machine_has_every_safety_property_of_the_specification() -> None:
    # The refinement says of a step what agreement, lineage, resilience and type_ok say of states.
    assert unchecked(TobMachine, "MCTobFrontier.cfg", "MCTobLearning.cfg") == {
        "RefinesModelConsensus"
    }


# --------------------------------------------------------------------------- it must find bugs

# Which properties fall.  With last-of-equals none does: another rule for ties is as good if all
# follow it.  With foreign none does either, only the adversary may choose among others' tickets (as
# MCTobNecessity.tla explains).  TLC shows that neither is the specification's.
FALLS = {
    "unverified": {"resilience"},
    "unbanned": {"evaluation_bound", "type_ok"},
    "repeated": {"resilience", "bans_at_most_f", "evaluation_bound"},
    "one-too-few": {"resilience", "least"},  # with λ = 1: the least of no offers
}


def defective(defect: str) -> type[TobMachine]:
    return type("Defective", (TobMachine,), {"receive": staticmethod(DEFECTS[defect])})


def searching(steps: int, *phases: Phase) -> settings:
    """Settings to find a bug with in so many steps, and to shrink it if that is a phase."""
    return settings(
        max_examples=2000,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("defect", FALLS)
def test_the_machine_finds_a_learner_with_a_defect(
    defect: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)
    with pytest.raises((AssertionError, ModelConsensusError)) as failure:
        run_state_machine_as_test(defective(defect), settings=searching(40, Phase.generate))
    assert failure.traceback[-1].name in FALLS[defect]


def rows_of(note: str) -> list[list[str]]:
    """Action and process of each row of the table of a failure."""
    return [line.split()[1:3] for line in note.splitlines() if line.split()[:1][0].isdigit()]


@pytest.mark.tlc
def test_a_failure_is_a_short_table_and_a_trace_that_tlc_rejects_where_the_defect_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notes = []
    for number in range(4):  # now and then Hypothesis is stuck at a long one
        monkeypatch.setattr(schedules, "FAILURES", tmp_path / str(number))
        how = settings(searching(6, Phase.generate, Phase.shrink), derandomize=False)
        with pytest.raises(AssertionError) as failure:
            run_state_machine_as_test(seed(number)(defective("unverified")), settings=how)
        (note,) = [each for each in failure.value.__notes__ if "what changed" in each]
        (path,) = (tmp_path / str(number)).glob("Defective-*.itf.json")
        assert f"check-trace {path}" in note
        notes.append((len(rows_of(note)), note, path))
    _, note, path = min(notes)
    rows = rows_of(note)
    trace = traces.read(path)
    taken = [
        action for action, _ in rows if action in ("Offer", "Order", "Deliver", "ByzantineOffer")
    ]
    assert taken == trace.actions[1:]
    assert len(rows) <= 20
    # The learner differs from the specification's as soon as it decides without an evaluation.
    learners = [cast(Any, state["learner"]).values() for state in trace.states]
    decides = [any(len(each["decided"]) > 1 for each in learner) for learner in learners]
    (verdict,) = check_traces([trace])
    assert verdict.rejection is not None
    assert verdict.rejection.index == decides.index(True)


@pytest.mark.tlc
def test_tlc_rejects_schedules_in_which_no_property_falls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)
    found = explore(defective("last-of-equals"), settings(max_examples=150)).found
    (constants, _), *_ = Counter(map(show_constants, found)).most_common(1)
    some = [trace for trace in found if show_constants(trace) == constants]
    with pytest.raises(AssertionError, match=r"TLC rejects [1-9]\d* of \d+ schedules"):
        validate(some)
    assert list(tmp_path.glob("*.itf.json"))
