"""The state machine of learning over proof-of-work under a delay; networks that are too slow."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.weakened_systems import LateByASlot
from property_tests.machines import schedules
from property_tests.machines.pow_delayed import DelayedMachine
from property_tests.machines.schedules import (
    SAME_EVERY_TIME,
    below,
    explore,
    find,
    full_run,
    search,
    unchecked,
)

pytestmark = pytest.mark.slow

if not SAME_EVERY_TIME:  # otherwise the full run below does as much
    TestDelayedMachine = DelayedMachine.TestCase
    TestDelayedMachine.settings = settings(stateful_step_count=30)


@pytest.fixture(autouse=True)
def no_failure_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The failures of networks that are too slow are wanted."""
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)


FLOORS = {
    "correct processes that may disagree": 0.5,
    "a reorganisation": 0.5,
    "a fork of depth k > 0": 0.4,
}


def test_hard_states_are_reached() -> None:
    assert below(FLOORS, DelayedMachine, steps=40) == {}


@pytest.mark.tlc
def test_every_schedule_is_a_behaviour_of_the_specification(
    record_property: Callable[[str, object], None],
) -> None:
    """Where a factor was bad, decisions may differ; the steps are those of the specification."""
    found = explore(DelayedMachine, full_run(120, 40)).found
    assert [each for each in check_traces(found) if each.rejection] == []
    record_property("validated by TLC", f"{len(found)} distinct behaviours of DelayedLearning")


def test_the_machine_has_every_safety_property_of_the_specification() -> None:
    # The refinements say of a step what the invariants say of states.
    assert unchecked(DelayedMachine, "MCDelayedLearning.cfg", "MCDelayedChain.cfg") == {
        "RefinesDelayedChain"
    }


# ----------------------------------------------------------------- a network that is too slow


class HonestMachine(DelayedMachine):
    """No win is the adversary's: all that it does is to delay blocks; decisions are looked at."""

    sizes = st.just((0, 1, 0))

    def pacers_rise(self) -> None:
        """Not looked at."""

    def chain_growth(self) -> None:
        """Not looked at."""


class LateMachine(HonestMachine):
    """Blocks take a slot more than is allowed."""

    network = LateByASlot


class LateAnyhow(DelayedMachine):
    """The same with everything looked at."""

    network = LateByASlot


def test_correct_processes_disagree_if_blocks_are_a_slot_late() -> None:
    found, _ = find(LateMachine, search(60))
    assert found in ("settled", "settled_for_ever")


def test_a_slot_late_is_found_by_what_holds_whatever_the_wins_are() -> None:
    found, _ = find(LateAnyhow, search(40))
    assert found in ("pacers_rise", "chain_growth", "settled", "settled_for_ever")


def test_they_do_not_within_the_bound() -> None:
    with pytest.raises(AssertionError, match="no schedule of HonestMachine violates a property"):
        find(HonestMachine, search(60, 300))
