"""The state machine of learning over proof-of-work: what it reaches, and what TLC says of it."""

from collections.abc import Callable

import pytest
from hypothesis import settings

from property_tests.machines.pow import PowMachine
from property_tests.machines.schedules import (
    SAME_EVERY_TIME,
    below,
    explore,
    full_run,
    unchecked,
    validate,
)

pytestmark = pytest.mark.slow

if not SAME_EVERY_TIME:  # otherwise the full run below does as much
    TestPowMachine = PowMachine.TestCase
    TestPowMachine.settings = settings(stateful_step_count=30)

# In what share of all examples at least a hard state is reached.
FLOORS = {
    "a fork of depth k > 0": 0.4,
    "a reorganisation": 0.15,
    "a Byzantine leader's decision": 0.05,
    "a restart": 0.5,
}
"""Of runs of 20 examples (see ``below``), far below what was seen in 24: all, or nearly all, reach
a fork and a restart; two thirds a reorganisation, half a Byzantine leader's decision."""


def test_hard_states_are_reached() -> None:
    assert below(FLOORS, PowMachine, steps=40) == {}


@pytest.mark.tlc
def test_every_schedule_is_a_behaviour_of_the_specification(
    record_property: Callable[[str, object], None],
) -> None:
    run = explore(PowMachine, full_run(240, 40))
    record_property("validated by TLC", validate(run.found))


def test_the_machine_has_every_safety_property_of_the_specification() -> None:
    # The refinements say of a step what the invariants say of states.
    assert unchecked(PowMachine, "MCPowLearning.cfg", "MCLongestChain.cfg") == {
        "RefinesModelConsensus",
        "RefinesLongestChain",
    }
