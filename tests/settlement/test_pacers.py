"""The condition under a delay against the game that it is about, string by string."""

from itertools import product

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.condition import Ties, violates
from model_consensus.settlement.pacers import may_violate
from tests.support.delayed_chain_game import deepest_forks
from tests.support.first_stays_game import deepest_forks as undelayed_forks


@pytest.mark.parametrize(("wins", "delta", "processes"), [(4, 0, 3), (4, 1, 3), (4, 2, 2)])
def test_no_two_decisions_differ_without_a_bad_factor(
    wins: int, delta: int, processes: int
) -> None:
    count = 0
    for slots, fork in deepest_forks(wins, delta, processes):
        count += 1
        for depth in range(3):
            assert may_violate(slots, delta, depth) or fork <= depth, (slots, depth)
    assert count == 1 + sum(2**n * (delta + 2) ** (n - 1) for n in range(1, wins + 1))


@pytest.mark.slow
@pytest.mark.parametrize("delta", [0, 1])
def test_nor_in_longer_strings(delta: int) -> None:
    for slots, fork in deepest_forks(5, delta):
        for depth in range(3):
            assert may_violate(slots, delta, depth) or fork <= depth, (slots, depth)


def test_without_delay_and_with_one_win_a_slot_it_is_the_condition_without_delay() -> None:
    for length in range(10):
        for slots in product("hA", repeat=length):
            for depth in range(4):
                expected = violates("".join(slots), depth, Ties.FIRST)
                assert may_violate("|".join(slots), 0, depth) == expected, (slots, depth)


def test_then_the_game_is_the_one_without_delay() -> None:
    undelayed = dict(undelayed_forks(4))
    compared = 0
    for slots, fork in deepest_forks(4, 0):
        if slots == "|".join(slots.replace("|", "")):
            assert fork == undelayed[slots.replace("|", "")], slots
            compared += 1
    assert compared == len(undelayed)


@pytest.mark.parametrize(
    ("slots", "delta", "depth"),
    [
        ("h|h", 1, 0),  # the second miner need not have the first block
        ("h||A", 2, 0),  # another block arrives while the first is on its way
        ("h|h|h|h", 1, 1),  # two forks of correct processes alone
        ("hh|hh", 0, 1),
    ],
)
def test_what_a_delay_breaks(slots: str, delta: int, depth: int) -> None:
    """The game violates it too; a slot less of delay, or wins in slots of their own, does not."""
    assert dict(deepest_forks(len(slots.replace("|", "")), delta))[slots] > depth
    assert may_violate(slots, delta, depth)
    if delta:
        assert not may_violate(slots, delta - 1, depth)
    assert not may_violate(slots.replace("|", "").replace("h", "h|||").rstrip("|"), delta, depth)


def test_a_bad_factor_can_begin_anywhere() -> None:
    assert may_violate("h||h||h||h||A|A|h", 1, 1)
    assert not may_violate("h||h||h||h||A||h", 1, 1)
    assert not may_violate("h||A||h||A|", 1, 1)  # the last pacer has arrived
    assert may_violate("h||A||h|A", 1, 1)


def test_bad_input() -> None:
    for slots, delta, depth, message in (
        ("hH", 0, 0, "slot 1 of 'hH' is 'H': expected one of h, A, |"),
        ("h", -1, 0, "delta -1 is negative: it counts the slots of a delay"),
        ("h", 0, -1, "depth -1 is negative: it counts the blocks on top"),
    ):
        with pytest.raises(ModelConsensusError) as error:
            may_violate(slots, delta, depth)
        assert str(error.value) == message
