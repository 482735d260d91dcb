"""Which chain a learner adopts, and what it decides."""

from dataclasses import replace

import pytest

from model_consensus.pow_learner import (
    chain,
    decided,
    new_learner,
    receive,
)
from tests.support.pow_blocks import RULES, Counting, grow


def test_a_longer_chain_is_adopted_and_an_equally_long_one_is_not(search: Counting) -> None:
    base = new_learner(search, "p1")
    _, first = grow(search, base, "pp")
    _, second = grow(search, base, "bbb")
    learner = base
    for each in [*first, *second[:2]]:
        learner = receive(search, RULES, learner, each)
    assert chain(learner) == tuple(each.digest for each in first)
    learner = receive(search, RULES, learner, second[2])
    assert chain(learner) == tuple(each.digest for each in second)
    # And back again: nothing of the first chain is forgotten.
    _, longer = grow(search, replace(learner, tip=first[1].digest), "qq")
    for each in longer:
        learner = receive(search, RULES, learner, each)
    assert chain(learner) == tuple(each.digest for each in [*first, *longer])


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_a_block_is_decided_with_depth_blocks_on_top(search: Counting, depth: int) -> None:
    rules = replace(RULES, depth=depth)
    learner = new_learner(search, "p1")
    model, lineage = search.genesis, [search.genesis.digest]
    assert list(decided(rules, learner)) == lineage
    for length, miner in enumerate("pqbpq", 1):
        learner, (led,) = grow(search, learner, miner)
        model = search.offspring(model, led.step)
        lineage.append(model.digest)
        assert list(decided(rules, learner)) == lineage[: max(0, length - depth) + 1]


def test_two_blocks_of_one_content_lead_to_one_model(search: Counting) -> None:
    base = new_learner(search, "p1")
    learner, (one,) = grow(search, base, "b")
    _, (other,) = grow(search, base, "b", start=one.nonce + 1)
    assert one.digest != other.digest
    assert one.content == other.content
    learner = receive(search, RULES, learner, other)
    assert learner.models[one.digest] == learner.models[other.digest]


def test_a_block_before_its_parent_is_refused_and_accepted_when_it_comes_again(
    search: Counting,
) -> None:
    base = new_learner(search, "p1")
    _, (first, second) = grow(search, base, "pb")
    before = search.evaluations
    assert receive(search, RULES, base, second) is base
    assert search.evaluations == before
    learner = receive(search, RULES, receive(search, RULES, base, first), second)
    assert chain(learner) == (first.digest, second.digest)
