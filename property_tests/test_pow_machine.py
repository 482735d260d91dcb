"""Learning over proof-of-work as a state machine: arbitrary schedules, adversaries and landscapes.

The machine takes any step that the specification allows and checks the specification's properties
in every state, on instances far beyond what can be explored.  Processes are cut off, crash, and
restart from the blocks that they had accepted.  The synchrony that the specification assumes bounds
this: between two wins all receive the blocks of correct processes.  Its other job is to fail: with
a check taken out of the learner it has to find the property that falls.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from model_consensus import pow_learner as pow_learning
from model_consensus.evolutionary_search import Search
from model_consensus.pow_learner import Block, Learner, Rules
from property_tests.machines import schedules
from property_tests.machines.pow import PowMachine
from property_tests.machines.schedules import (
    below,
    explore,
    full_run,
    unchecked,
    validate,
)

# ----------------------------------------------------------------------------- a full run

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


# --------------------------------------------------------------------------- it must find bugs
Function = Callable[..., Any]


def last_block_is_tip(adopt: Function) -> Function:
    """A fork choice that takes the last block whatever its height."""

    def broken(search: Search, learner: Learner, block: Block) -> Learner:
        adopted: Learner = adopt(search, learner, block)
        return replace(adopted, tip=block.digest)

    return broken


def decides_early(decided: Function) -> Function:
    """A decision that counts the block itself among those on top of it."""

    def broken(rules: Rules, learner: Learner) -> Any:
        return decided(replace(rules, depth=max(0, rules.depth - 1)), learner)

    return broken


FAULTS: dict[str, tuple[str, Callable[[Function], Function]]] = {
    "claims are believed": ("is_exact", lambda real: lambda search, model, block: True),
    "work is not checked": ("has_work", lambda real: lambda rules, block: True),
    "the last block is the tip": ("adopt", last_block_is_tip),
    "depth k - 1": ("decided", decides_early),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds_a_learner_with_a_fault(
    fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)
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
