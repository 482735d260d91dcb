"""Proof-of-work: the state graph of the learners equals the specification's, defects included."""

import pytest

from model_consensus import pow_learning
from model_consensus.explore import constants_of, explore
from model_consensus.manifest import load, spec_directory
from model_consensus.mc_pow_learning import from_constants
from model_consensus.pow_defects import any_generation, unverified
from model_consensus.pow_system import Receiver

pytestmark = pytest.mark.tlc


@pytest.mark.parametrize(
    ("name", "receive", "equal"),
    [
        ("MCPowLearning_graph_tiny", pow_learning.receive, True),
        ("MCPowLearning_graph_tiny", unverified, False),
        # A learner with a defect is the specification with the same assumption dropped.
        ("MCPowNecessity_claims", unverified, True),
        ("MCPowNecessity_parents", any_generation, True),
        ("MCPowNecessity_claims", pow_learning.receive, False),
    ],
)
def test_graphs_are_equal_where_the_learner_is_what_is_specified(
    name: str, receive: Receiver, equal: bool
) -> None:
    model = load(spec_directory() / "manifest.json").find(name)
    constants = constants_of(model.config.read_text(encoding="utf-8"))
    found = explore(model, from_constants(constants, receive))
    assert (found.difference is None) is equal
