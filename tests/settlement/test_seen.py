"""The probability given the slots seen: against every future, and against what it is made of."""

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import product

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.concurrent import Foresight, concurrent_reversal_probability
from model_consensus.settlement.condition import Shown, Target, Ties, least_factor, reversible
from model_consensus.settlement.probability import (
    OURS,
    Convention,
    reversal_probability,
)
from model_consensus.settlement.seen import reversal_probability_given
from tests.support import settlement_games as games

ALPHA = Fraction(1, 4)
RATIO = ALPHA / (1 - ALPHA)
CONVENTIONS = [
    Convention(before, ties, target)
    for before, ties, target in product((True, False), Ties, Target)
]


def strings(length: int, alphabet: str = "hA") -> Iterator[str]:
    return ("".join(slots) for slots in product(alphabet, repeat=length))


def chance(slots: str) -> Fraction:
    return ALPHA ** slots.count("A") * (1 - ALPHA) ** slots.count("h")


def by_every_future(seen: str, lead: int, depth: int, convention: Convention) -> Fraction:
    """All futures of 2k + 3 slots, after which only a walk is left, with ``reversible``."""
    length, surplus = least_factor(depth, convention.ties)
    total = Fraction(0)
    for future in strings(length):
        slots = "A" * lead + seen + future
        if reversible(slots, lead, depth, convention.ties, convention.target):
            total += chance(future)
        else:
            missing = surplus - slots.count("A") + slots.count("h")
            total += chance(future) * RATIO**missing
    return total


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("depth", range(3))
def test_every_future(depth: int, convention: Convention) -> None:
    for seen in (s for n in range(1, 4) for s in strings(n)):
        if convention.target is Target.BLOCK and seen[0] == "A":
            continue
        given = reversal_probability_given(seen, ALPHA, depth, convention)
        if not convention.pre_mining:
            assert given == by_every_future(seen, 0, depth, convention), seen
            continue
        most = 2 * depth + 3 + len(seen)  # with more in hand the slots do not matter
        leads = (
            (1 - RATIO) * RATIO**lead * by_every_future(seen, lead, depth, convention)
            for lead in range(most)
        )
        assert given == sum(leads, RATIO**most), seen


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("depth", range(4))
def test_the_mean_over_what_can_be_seen_is_the_answer_by_depth(
    depth: int, convention: Convention
) -> None:
    expected = reversal_probability(ALPHA, depth, convention)
    assert reversal_probability_given("", ALPHA, depth, convention) == expected
    for length in (1, 2, 6):
        if convention.target is Target.BLOCK:  # its slot is known to be an h
            seen = ["h" + rest for rest in strings(length - 1)]
        else:
            seen = list(strings(length))
        weight = sum(chance(slots) for slots in seen)
        mean = sum(
            chance(slots) * reversal_probability_given(slots, ALPHA, depth, convention)
            for slots in seen
        )
        assert mean / weight == expected


@pytest.mark.parametrize("pre_mining", [True, False])
@pytest.mark.parametrize("depth", range(4))
def test_the_program_on_forks_says_the_same(depth: int, pre_mining: bool) -> None:
    for seen in (s for n in range(7) for s in strings(n)):
        on_forks = concurrent_reversal_probability(
            ALPHA, Fraction(0), depth, pre_mining=pre_mining, seen=seen
        )
        given = reversal_probability_given(seen, ALPHA, depth, Convention(pre_mining))
        assert on_forks == given, seen


@pytest.mark.parametrize("shown", Shown)
@pytest.mark.parametrize("depth", range(3))
def test_slots_h_seen_against_the_game(depth: int, shown: Shown) -> None:
    """The best play of what was seen, and then of slots to come: a horizon gives a lower bound.

    To know one slot before it comes is of no use, and no more is to be known than all of them.
    """
    rate = Fraction(1, 3)
    chances = {"A": ALPHA, "h": (1 - ALPHA) * (1 - rate), "H": (1 - ALPHA) * rate}
    at_once = shown is Shown.ALL

    @cache
    def value(position: games.TreePosition, left: int) -> Fraction:
        if games.tree_fork_at_root(*position) > depth:
            return Fraction(1)
        if not left:
            return Fraction(0)
        return sum(
            (
                share
                * max(value(p, left - 1) for p in games.tree_moves(position, slot, at_once=at_once))
                for slot, share in chances.items()
            ),
            Fraction(0),
        )

    def given(seen: str) -> Fraction:
        return concurrent_reversal_probability(ALPHA, rate, depth, shown=shown, seen=seen)

    certain = 0
    for seen in (s for n in range(1, 4) for s in strings(n, "hHA")):
        positions: set[games.TreePosition] = {(games.LONE, 0)}
        for slot in seen:
            positions = {q for p in positions for q in games.tree_moves(p, slot, at_once=at_once)}
        within = max(value(position, 3) for position in positions)
        assert within <= given(seen), seen
        certain += within == 1
    assert certain > 0
    means = [
        sum(
            math.prod(chances[slot] for slot in seen) * given(seen)
            for seen in strings(length, "hHA")
        )
        for length in range(4)
    ]
    assert means[0] == means[1] <= means[2] <= means[3]
    assert means[3] <= concurrent_reversal_probability(
        ALPHA, rate, depth, shown=shown, foresight=Foresight.ALL
    )


def test_floats() -> None:
    for convention in CONVENTIONS:
        for depth in (0, 5, 40):
            exact = reversal_probability_given("hhAhh", Fraction(1, 8), depth, convention)
            value = reversal_probability_given("hhAhh", 1 / 8, depth, convention)
            assert value == pytest.approx(float(exact), rel=1e-12)


def test_majority_and_bad_input() -> None:
    assert reversal_probability_given("hhh", 0.5, 3) == 1
    for seen, depth, convention, named in (
        ("hH", 1, OURS, "slot 1 of 'hH' is 'H': expected one of h, A"),
        ("h", -1, OURS, "depth -1 is negative"),
        ("Ah", 1, Convention(target=Target.BLOCK), "slot 0 of 'Ah' has no honest block to revert"),
    ):
        with pytest.raises(ModelConsensusError, match=named):
            reversal_probability_given(seen, 0.1, depth, convention)
    with pytest.raises(ModelConsensusError, match="a string of slots seen with foresight"):
        concurrent_reversal_probability(0.1, 0.1, 1, foresight=Foresight.ALL, seen="h")
