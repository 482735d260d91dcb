"""The blocks of a state, which share their storage and never change."""

import pytest

from model_consensus.evolutionary_search import Ticket, offspring_digest
from model_consensus.pow_learner import Block
from model_consensus.systems.block_tree import BlockTree, Growing

ROOT = bytes(32)


def block(parent: bytes, miner: str, height: int) -> Block:
    return Block(parent, miner, frozenset([Ticket(height, miner, (1,))]), 0)


A1 = block(ROOT, "a", 1)
B1 = block(ROOT, "b", 1)
A2 = block(A1.digest, "a", 2)
B2 = block(A1.digest, "b", 2)
B3 = block(B2.digest, "b", 3)


def test_a_sequence_grows_and_those_before_it_stay_as_they_are() -> None:
    empty = Growing[int]()
    one = empty.appended(1)
    two, other = one.appended(2), one.appended(3)
    assert [tuple(each) for each in (empty, one, two, other)] == [(), (1,), (1, 2), (1, 3)]
    assert two.appended(4) == (1, 2, 4)
    assert other[-1] == 3
    assert two[0:1] == (1,)
    assert one == (1,)
    assert one != (2,)
    with pytest.raises(IndexError):
        one[1]


def test_a_tree_knows_places_heights_and_whose_blocks_there_are() -> None:
    tree = BlockTree(ROOT, ["b"])
    for each in (A1, B1, A2, B2, B3):
        tree = tree.appended(each)
    assert [*tree] == [A1, B1, A2, B2, B3]
    assert [tree.place(each.digest) for each in tree] == [1, 2, 3, 4, 5]
    assert [tree.parent(place) for place in range(1, 6)] == [0, 0, 1, 1, 4]
    assert [tree.height(place) for place in range(6)] == [0, 1, 1, 2, 2, 3]
    assert [tree.at_height(height) for height in range(5)] == [[0], [1, 2], [3, 4], [5], []]
    assert (tree.highest, tree.stolen) == (3, 3)
    model = offspring_digest(ROOT, A1.step)
    assert tree.model(1) == model
    assert tree.model(4) == offspring_digest(model, B2.step)
    assert tree.place_of_model(tree.model(4)) == 4


def test_branches_of_a_history_do_not_see_each_other() -> None:
    base = BlockTree(ROOT, ["b"]).appended(A1)
    one, other = base.appended(A2), base.appended(B1).appended(B2)
    assert [len(tree) for tree in (base, one, other)] == [1, 2, 3]
    assert (base.highest, one.stolen, other.stolen) == (1, 0, 2)
    assert base.at_height(2) == []
    assert one.at_height(2) == [2]
    assert other.at_height(2) == [3]
    for tree, gone in ((base, A2), (one, B2), (other, A2)):
        with pytest.raises(KeyError):
            tree.place(gone.digest)
    with pytest.raises(KeyError):
        base.place_of_model(one.model(2))
