"""Learning over Streamlet as a state machine: any schedule, any loss, an adversary that says all.

Real nodes exchange encoded packets through a network that hands over, repeats and forgets them at
will; processes are cut off, crash at any time and restart from what they had persisted.  On top of
each node is a learner, which takes what the node delivers.  The machine checks the safety of both
specifications in every state, and keeps a trace of each.  Its other job is to fail: with a rule
taken out of the node it has to find the property that falls.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet import state as streamlet_state
from model_consensus.streamlet.codec import CodecError, decode, encode
from model_consensus.streamlet.messages import (
    Committee,
)
from property_tests.machines import schedules
from property_tests.machines.schedules import (
    below,
    explore,
    full_run,
    unchecked,
    validate,
)
from property_tests.machines.streamlet import ForgingMachine, StreamletMachine

# ----------------------------------------------------------------------------- a full run

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


@settings(max_examples=500)
@given(st.binary(max_size=400) | st.builds(bytes.__add__, st.sampled_from([b"\x01\x01p\x00\x01a", b"\x03\x01p", b"\x04\x00", b"\x05\x01p"]), st.binary(min_size=60, max_size=120)))  # noqa: E501  # fmt: skip
def test_bytes_decode_to_a_packet_that_encodes_to_them_or_not_at_all(data: bytes) -> None:
    try:
        packet = decode(data)
    except CodecError:
        return
    assert encode(packet) == data


# ------------------------------------------------------------------ it must find bugs


AnyFunction = Callable[..., Any]


def forgets_votes(restart: AnyFunction) -> AnyFunction:
    return lambda me, durable: restart(me, replace(durable, voted=0))


FAULTS: dict[str, tuple[Any, str, Callable[[AnyFunction], AnyFunction]]] = {
    "a restart forgets the last vote": (streamlet, "restart", forgets_votes),
    "any vote notarizes": (Committee, "is_quorum", lambda real: lambda self, voters: voters > 0),
    "half of the votes notarize": (
        Committee,
        "is_quorum",
        lambda real: lambda self, voters: 2 * voters >= len(self.keys),
    ),
    "votes on chains that are not longest": (
        streamlet,
        "is_longest",
        lambda real: lambda node, parent: True,
    ),
    "messages may come twice": (
        streamlet,
        "is_fresh",
        lambda real: lambda node, parent, message: True,
    ),
    "signatures are not checked": (
        Committee,
        "is_authentic",
        lambda real: lambda self, signed: True,
    ),
    "two epochs in a row finalize": (
        streamlet_state,
        "is_consecutive",
        lambda real: (
            lambda node, block: (
                streamlet_state.epoch_of(node, node.notarized[block].block.parent)
                == streamlet_state.epoch_of(node, block) - 1
            )
        ),
    ),
}


def test_votes_in_the_names_of_others_do_no_harm() -> None:
    run = explore(ForgingMachine, full_run(20, 24), keep=False)
    assert run.examples


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds_a_node_with_a_fault(
    fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)
    where, name, broken = FAULTS[fault]
    monkeypatch.setattr(where, name, broken(getattr(where, name)))
    found = settings(
        max_examples=2000,
        stateful_step_count=40,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # found is enough: it need not be shrunk
        suppress_health_check=list(HealthCheck),
    )
    machine = ForgingMachine if fault == "signatures are not checked" else StreamletMachine
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=found)
