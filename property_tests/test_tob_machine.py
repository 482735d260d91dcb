"""The state machine of learning over Total Order Broadcast: what it reaches, and its failures."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.defects.tob import DEFECTS
from property_tests.machines import schedules
from property_tests.machines.schedules import (
    SAME_EVERY_TIME,
    below,
    explore,
    full_run,
    search,
    show_constants,
    unchecked,
    validate,
)
from property_tests.machines.tob import TobMachine

pytestmark = pytest.mark.slow

if not SAME_EVERY_TIME:  # otherwise the full run below does as much
    TestTobMachine = TobMachine.TestCase
    TestTobMachine.settings = settings(stateful_step_count=40)

# In what share of all examples at least a hard state is reached.
FLOORS = {
    "a ban": 0.5,
    "f > 1 bans": 0.4,
    "a tie": 0.4,
    "a lagging process": 0.03,
    "an equivocation": 0.5,
    "a Byzantine proposer's decision": 0.5,
    "a floor": 0.5,
    "a blend": 0.15,
    "a restart": 0.5,
}
"""Of runs of 20 examples (see ``below``), below what was seen in 24: all, or nearly all, reach most
of these; three quarters a lagging process, two thirds f > 1 bans, and half a blend."""


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


# --------------------------------------------------------------------------- a failure is shown


def defective(defect: str) -> type[TobMachine]:
    return type("Defective", (TobMachine,), {"receive": staticmethod(DEFECTS[defect])})


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
        how = settings(search(6, 2000, Phase.generate, Phase.shrink), derandomize=False)
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
def test_tlc_rejects_schedules_in_which_no_property_is_violated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)
    found = explore(defective("last-of-equals"), settings(max_examples=150)).found
    (constants, _), *_ = Counter(map(show_constants, found)).most_common(1)
    some = [trace for trace in found if show_constants(trace) == constants]
    with pytest.raises(AssertionError, match=r"TLC rejects [1-9]\d* of \d+ schedules"):
        validate(some)
    assert list(tmp_path.glob("*.itf.json"))
