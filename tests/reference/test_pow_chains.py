"""Which chain a learner adopts, and what it decides."""

from collections import ChainMap
from dataclasses import replace

import pytest

from model_consensus.pow_learner import (
    EVERY_HASH,
    Learner,
    Verdict,
    chain,
    check,
    decided,
    model_of,
    model_of_tip,
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


@pytest.mark.parametrize("target", [RULES.target, EVERY_HASH])
def test_models_below_the_last_decided_block_are_not_kept(search: Counting, target: int) -> None:
    kept, rules = [], replace(RULES, target=target)
    learner = new_learner(search, "p1")
    for length in range(1, 30):
        learner, _ = grow(search, learner, "pqb"[length % 3], rules=rules)
        kept.append(sorted(model.generation for model in learner.models.values()))
    for length, generations in enumerate(kept, 1):
        last = length - RULES.depth
        assert generations == sorted({0, *range(max(0, last - 1), length + 1)})


def test_a_chain_from_below_the_last_decided_block_is_adopted_when_it_is_longer(
    search: Counting,
) -> None:
    base = new_learner(search, "p1")
    learner, first = grow(search, base, "ppppp")
    other, second = grow(search, base, "bbbbbb")
    fork, third = grow(search, replace(learner, tip=learner.root), "qqqqqqq")
    for each in second:
        assert check(search, RULES, learner, each) is Verdict.ACCEPTED
        learner = receive(search, RULES, learner, each)
    assert chain(learner) == chain(other)
    assert model_of_tip(learner) == model_of_tip(other)
    assert (model_of_tip(learner).vector == model_of_tip(other).vector).all()
    assert decided(RULES, learner) == decided(RULES, other)
    assert chain(fork) == tuple(each.digest for each in third)
    assert {each.digest for each in [*first, *second]} == {*learner.known}


def test_a_model_that_is_not_kept_is_drawn_again(search: Counting) -> None:
    learner, blocks = grow(search, new_learner(search, "p1"), "pqbpqb")
    model = search.genesis
    for each in blocks:
        model = search.offspring(model, each.step)
        assert model_of(search, learner, each.digest) == model
        assert (model_of(search, learner, each.digest).vector == model.vector).all()
    assert blocks[0].digest not in learner.models


def test_a_block_on_a_model_that_is_not_kept_is_accepted(search: Counting) -> None:
    early, (first,) = grow(search, new_learner(search, "p1"), "p")
    learner, _ = grow(search, early, "qbpqb")
    fork, (late,) = grow(search, early, "b")
    assert first.digest not in learner.models
    assert check(search, RULES, learner, late) is Verdict.ACCEPTED
    assert model_of(search, receive(search, RULES, learner, late), late.digest) == model_of_tip(
        fork
    )


def test_no_table_of_blocks_is_copied_but_for_the_small_ones(search: Counting) -> None:
    """Those that a learner has in common with the one before it are the same objects."""
    learner, copied = new_learner(search, "p1"), 0
    for length in range(1, 65):
        before = learner
        learner, _ = grow(search, learner, "p")
        shared = {id(table) for table in before.known.maps}
        copied += sum(len(table) for table in learner.known.maps if id(table) not in shared)
        assert len(learner.known) == length
        assert [*learner.known] == list(chain(learner))
        assert len(learner.known.maps) <= length.bit_length()
    assert copied <= 64 * (1 + 6)


def test_a_learner_goes_on_from_its_fields(search: Counting) -> None:
    """What it persists is what it is: nothing is evaluated or drawn when it starts again."""
    learner, _ = grow(search, new_learner(search, "p1"), "pqbpqb")
    spent = search.evaluations
    again = Learner(
        learner.process,
        learner.root,
        {**learner.models},
        ChainMap(dict(learner.known)),
        learner.tip,
        learner.banned,
    )
    assert search.evaluations == spent
    after, _ = grow(search, learner, "qb")
    assert grow(search, again, "qb")[0] == after
