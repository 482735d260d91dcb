"""The state machine of learning over Streamlet: what it reaches, and what TLC says of it."""

from collections.abc import Callable

import pytest
from hypothesis import settings

from property_tests.machines.schedules import (
    SAME_EVERY_TIME,
    below,
    explore,
    full_run,
    unchecked,
    validate,
)
from property_tests.machines.streamlet import ForgingMachine, StreamletMachine

pytestmark = pytest.mark.slow

if not SAME_EVERY_TIME:  # otherwise the full run below does as much
    TestStreamletMachine = StreamletMachine.TestCase
    TestStreamletMachine.settings = settings(stateful_step_count=40)

# In what share of all examples at least a hard state is reached.
FLOORS = {
    "a finalization after a partition": 0.15,
    "a Byzantine leader's decision": 0.35,
    "an equivocation": 0.15,
    "an offer reaches a learner": 0.5,
    "a restart": 0.5,
}
"""Of runs of 20 examples (see ``below``), far below what was seen in 24: all reach a restart and
an offer; most a Byzantine leader's decision, two thirds an equivocation, and a finalization."""


def test_hard_states_are_reached() -> None:
    assert below(FLOORS, StreamletMachine, steps=24) == {}


@pytest.mark.tlc
def test_every_schedule_is_a_behaviour_of_both_specifications(
    record_property: Callable[[str, object], None],
) -> None:
    run = explore(StreamletMachine, full_run(80, 24))
    record_property("validated by TLC", validate(run.found))


def test_the_machine_has_every_safety_property_of_the_specifications() -> None:
    # The refinement says of a step what the invariants say of states.
    assert unchecked(StreamletMachine, "MCStreamlet.cfg", "MCTobLearning.cfg") == {
        "RefinesModelConsensus"
    }


def test_votes_in_the_names_of_others_do_no_harm() -> None:
    run = explore(ForgingMachine, full_run(20, 24), keep=False)
    assert run.examples
