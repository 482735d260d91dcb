"""The implementation follows what TLC does: random behaviours, and how witnesses are reached."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from model_consensus.commands import cli
from model_consensus.conformance.necessity import table
from model_consensus.conformance.properties import accuracy, agreement, evaluation_bound, lineage
from model_consensus.conformance.replay import counterexample, replay, simulate
from model_consensus.errors import ModelConsensusError
from model_consensus.systems.bounded import SYSTEMS, system_of
from model_consensus.tla.manifest import load
from model_consensus.tla.tlc_output import Step
from model_consensus.tla.values import Function
from tests.support.places import DOCS

MANIFEST = load()
WITNESSES = [
    model.name
    for model in MANIFEST.models
    if model.kind == "witness" and model.module.stem in SYSTEMS
]


LEADING = {
    "MakeOffer",
    "Mine",
    "Receive",
    "ByzantineOffer",
    "ByzantineMine",
    "ByzantinePublish",
}

# The actions of those behaviours, which are always the same.
RANDOM = {
    "MCTobLearning_graph_weights": {"Offer", "Order", "Deliver", "ByzantineOffer"},
    # Most steps here are forgeries, and nobody is caught; there a forgery changes nothing.
    "MCPowLearning_forge": LEADING | {"ByzantineForge"},
    "MCPowLearning_graph_middle": LEADING | {"Catch"},
    "MCStreamlet_graph2": {"Broadcast", "Propose", "Vote", "Deliver"},
}


@pytest.mark.tlc
@pytest.mark.parametrize("name", RANDOM)
def test_random_behaviours_are_followed_and_altered_ones_are_not(name: str) -> None:
    model = MANIFEST.find(name)
    system = system_of(model)
    behaviours = simulate(model, 40, 30, seed=7)
    assert len(behaviours) == 40
    assert {step.action for each in behaviours for step in each[1:]} == RANDOM[name]
    for behaviour in behaviours:
        assert 1 < len(behaviour) <= 30
        followed = replay(system, behaviour)
        assert followed.failure == ()
        assert [*map(system.project, followed.states)] == [step.state for step in behaviour]
        # Nothing leads from the first to the last state in one step.
        jump = replay(system, [behaviour[0], behaviour[-1]])
        assert len(jump.states) == 1
        assert jump.failure


@pytest.mark.tlc
@pytest.mark.parametrize("name", WITNESSES)
def test_the_way_to_each_witness_is_followed(name: str) -> None:
    model = MANIFEST.find(name)
    trace = counterexample(model)
    followed = replay(system_of(model), trace.steps)
    assert followed.failure == ()
    assert model.figures is not None
    assert len(followed.states) == model.figures.trace_length


# --------------------------------------------------------------------------------- without TLC


def test_every_protocol_has_witnesses() -> None:
    modules = {MANIFEST.find(name).module.stem for name in WITNESSES}
    assert modules == {"MCTobWitness", "MCPowLearning", "MCDelayedLearning", "MCStreamletWitness"}


def own_behaviour(name: str, length: int) -> tuple[Any, list[Any], list[Step]]:
    """A model's system, and a behaviour of it that takes the first action each time."""
    system = system_of(MANIFEST.find(name))
    states, actions = [next(iter(system.initial()))], ["Init"]
    while len(states) < length:
        action = next(iter(system.enabled(states[-1])))
        states.append(system.apply(states[-1], action))
        actions.append(type(action).__name__)
    steps = [
        Step(action, system.project(state)) for action, state in zip(actions, states, strict=True)
    ]
    return system, states, steps


def test_a_behaviour_is_followed_up_to_the_first_state_that_is_another() -> None:
    system, states, steps = own_behaviour("MCTobLearning_tiny", 4)
    assert [step.action for step in steps] == ["Init", "Offer", "Order", "Deliver"]
    assert replay(system, steps).states == tuple(states)

    learner: Any = steps[3].state["learner"]
    wrong = Function({**learner["p1"], "evaluations": 7})
    altered = Function({**steps[3].state, "learner": Function({"p1": wrong})})
    followed = replay(system, [*steps[:3], Step("Deliver", altered)])
    assert followed.states == tuple(states[:3])
    assert followed.failure == (
        "state 4 is not reached by Deliver",
        "learner.p1.evaluations is 2, not 7",
    )


def test_the_action_has_to_be_the_same_as_well() -> None:
    system, states, steps = own_behaviour("MCTobLearning_tiny", 4)
    misnamed = replace(steps[2], action="Offer")
    assert replay(system, [*steps[:2], misnamed]).failure == (
        "state 3 is not reached by Offer",
        "possible were ByzantineOffer, Order",
    )
    longer = replace(steps[2], action="OrderAnyhow")
    assert replay(system, [*steps[:2], longer]).states == tuple(states[:3])
    assert replay(system, steps[1:]).failure == ("state 1 is not initial",)


def test_what_has_no_counterexample_is_not_replayed() -> None:
    with pytest.raises(ModelConsensusError, match=r"MCConsensus has no counterexample"):
        counterexample(MANIFEST.find("MCConsensus"))


def everything(name: str, most: int) -> Iterator[tuple[Any, Any]]:
    """A model's system with each of its first states, breadth first."""
    system = system_of(MANIFEST.find(name))
    todo = list(system.initial())
    for state in islice(todo, most):
        yield system, state
        todo.extend(system.apply(state, action) for action in system.enabled(state))


def test_properties_hold_in_the_real_learners_states() -> None:
    """That they can fall is what tests/test_necessity_attacks.py shows."""
    for system, state in everything("MCTobLearning_tiny", 500):
        for holds in (agreement, lineage, accuracy, evaluation_bound):
            assert holds(system, state)


# ------------------------------------------------------------------------------- the command


@pytest.mark.tlc
def test_the_command_tells_an_attack(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", "MCTobNecessity_repeated"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-5:] == [
        "dropped (learner): Several offers of one sender count in a generation.",
        "5 states: the implementation has the same",
        "Resilience is violated in state 5",
        "kept: Only its first is accepted.",
        "Resilience holds after 4 moves",
    ]


def test_bad_arguments_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay"]) == 2
    assert "name a model, or --assumptions" in capsys.readouterr().err
    assert cli.main(["replay", "MCSlotGame_half"]) == 2
    assert "have an implementation" in capsys.readouterr().err
    capsys.readouterr()
    assert cli.main(["replay", "MCTobLearning", "--simulate", "0"]) == 2
    assert capsys.readouterr().err == (
        "model-consensus: error: argument --simulate: not an integer in 1..2147483647: '0'\n"
    )


def test_the_table_of_assumptions_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", "--assumptions"]) == 0
    page = DOCS / "replay.md"
    assert capsys.readouterr().out == table()
    assert table() in page.read_text(encoding="utf-8"), (
        "paste: model-consensus replay --assumptions"
    )
