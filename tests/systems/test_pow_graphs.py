"""Proof-of-work: the state graph of the learners equals the specification's, defects included."""

import pytest

from model_consensus import pow_learner
from model_consensus.conformance.explore import explore
from model_consensus.conformance.weakened_systems import LateByASlot
from model_consensus.defects.pow import DEFECTS
from model_consensus.systems import bounded
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.systems.pow_tree import Learners
from model_consensus.tla.config import read_config
from model_consensus.tla.manifest import load

pytestmark = pytest.mark.tlc


@pytest.mark.parametrize(
    ("name", "learners", "equal"),
    [
        ("MCPowLearning_graph_tiny", pow_learner, True),
        ("MCPowLearning_graph_tiny", DEFECTS["unverified"], False),
        # A learner with a defect is the specification with the same assumption dropped.
        ("MCPowNecessity_claims", DEFECTS["unverified"], True),
        ("MCPowNecessity_floor", DEFECTS["no-floor"], True),
        ("MCPowNecessity_unseen_blend", DEFECTS["unevaluated-blend"], True),
        ("MCPowNecessity_claims", pow_learner, False),
    ],
)
def test_graphs_are_equal_where_the_learner_is_what_is_specified(
    name: str, learners: Learners, equal: bool
) -> None:
    model = load().find(name)
    constants = read_config(model.config).constants
    found = explore(model, bounded.pow_learning(constants, learners))
    assert (found.difference is None) is equal


@pytest.mark.parametrize(
    ("network", "only"), [(DelayedPowSystem, None), (LateByASlot, "implementation")]
)
def test_graphs_are_equal_where_blocks_are_not_late(
    network: type[DelayedPowSystem], only: str | None
) -> None:
    model = load().find("MCDelayedLearning_graph_slots")
    constants = read_config(model.config).constants
    found = explore(model, bounded.delayed_learning(constants, kind=network))
    assert (found.difference and found.difference.only) == only
