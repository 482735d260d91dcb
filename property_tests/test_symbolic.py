"""The pure parts once more with symbolic inputs: a solver looks for a counterexample.

Needs ``hypothesis-crosshair``.  Few examples: each stands for all inputs that take the same path.
"""

import importlib.util
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_consensus import pow_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Model,
    Ticket,
    by_rank,
    check_step,
    least,
    offspring_digest,
)
from model_consensus.pow_learner import Block
from model_consensus.settlement.condition import violates
from model_consensus.systems.answers import OpenLandscape
from model_consensus.tob_learner import Offer, is_first, is_legal_offer, new_learner

pytestmark = pytest.mark.slow

if importlib.util.find_spec("hypothesis_crosshair_provider") is None:
    pytest.skip("hypothesis-crosshair is not installed", allow_module_level=True)

DRAWS = 2
SEARCH = OpenLandscape(DRAWS, recombines=True)
GENESIS = SEARCH.genesis

symbolic = settings(
    backend="crosshair",
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@symbolic
@given(losses=st.lists(st.integers(), min_size=1, max_size=4))
def test_the_selected_is_the_first_of_the_least(losses: list[int]) -> None:
    chosen = least(losses)
    assert all(losses[chosen] < loss for loss in losses[:chosen])
    assert all(losses[chosen] <= loss for loss in losses[chosen:])


@symbolic
@given(generation=st.integers(), weights=st.tuples(st.integers(), st.integers()), own=st.booleans())
def test_a_legal_ticket_makes_an_offspring_and_another_none(
    generation: int, weights: tuple[int, int], own: bool
) -> None:
    ticket = Ticket(generation, "p" if own else "q", weights)
    offer = Offer("p", GENESIS.digest, ticket, 0)
    legal = is_legal_offer(SEARCH, new_learner(SEARCH, "p"), offer)
    try:
        check_step(SEARCH, GENESIS, frozenset([ticket]))
        makes = True
    except ModelConsensusError:
        makes = False
    assert legal == (makes and own)
    within = set(weights) <= {-1, 0, 1} and weights != (0, 0)
    assert makes == (generation == 1 and within)


@symbolic
@given(losses=st.lists(st.integers(), min_size=1, max_size=4))
def test_a_better_draw_weighs_more_and_of_equal_ones_the_first(losses: list[int]) -> None:
    weights = by_rank(losses)
    order = sorted(range(len(losses)), key=lambda draw: (losses[draw], draw))
    assert [weights[draw] for draw in order] == list(range(len(losses) - 1, -len(losses), -2))


@symbolic
@given(before=st.lists(st.integers(0, 2), max_size=3), sender=st.integers(0, 2))
def test_the_first_offer_of_a_sender_and_no_other_is_its_first(
    before: list[int], sender: int
) -> None:
    offers = tuple(Offer(str(n), GENESIS.digest, Ticket(1, str(n), (1, 0)), 0) for n in before)
    learner = replace(new_learner(SEARCH, "p"), accepted=offers)
    offer = Offer(str(sender), GENESIS.digest, Ticket(1, str(sender), (0, 1)), 0)
    assert is_first(learner, offer) == (sender not in before)


@symbolic
@given(tip=st.integers(0, 4), parent=st.integers(0, 4))
def test_a_longer_chain_is_adopted_and_an_equally_long_one_is_not(tip: int, parent: int) -> None:
    heights = {b"tip": tip, b"parent": parent}
    models = {name: Model(height, name, GENESIS.vector) for name, height in heights.items()}
    learner = replace(pow_learner.new_learner(SEARCH, "p"), models=models, tip=b"tip")
    block = Block(b"parent", "p", frozenset([Ticket(parent + 1, "p", (1, 0))]), 0)
    after = pow_learner.adopt(SEARCH, pow_learner.Rules(("p",), 0), learner, block)
    assert (after.tip == block.digest) == (parent + 1 > tip)
    assert after.models[block.digest].digest == offspring_digest(b"parent", block.step)


@symbolic
@given(wins=st.lists(st.booleans(), max_size=6), depth=st.integers(0, 2))
def test_the_one_pass_finds_a_factor_if_and_only_if_there_is_one(
    wins: list[bool], depth: int
) -> None:
    slots = "".join("A" if win else "h" for win in wins)
    factors = [
        wins[i:j] for i in range(len(wins)) for j in range(i + 2 * (depth + 1), len(wins) + 1)
    ]
    assert violates(slots, depth) == any(2 * sum(factor) >= len(factor) for factor in factors)
