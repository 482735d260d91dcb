"""Slots with two concurrent honest blocks: the programs against the game and against each other."""

from fractions import Fraction
from functools import cache

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.concurrent import (
    NO_FORK,
    Foresight,
    concurrent_reversal_probability,
)
from model_consensus.settlement.condition import ForkState, Shown, fork_moves, settled_apart
from model_consensus.settlement.probability import ATTACK_FROM_THE_SLOT, reversal_probability
from tests.support import settlement_games as games

ALPHA, RATE = Fraction(1, 4), Fraction(1, 3)
CHANCES = {"A": ALPHA, "h": (1 - ALPHA) * (1 - RATE), "H": (1 - ALPHA) * RATE}


def online_in_the_game(depth: int, horizon: int, *, at_once: bool) -> Fraction:
    """The best that an adversary without foresight can do on trees, for a fork at the root."""

    @cache
    def value(position: games.TreePosition, left: int) -> Fraction:
        tree, honest = position
        if games.tree_fork_at_root(tree, honest) > depth:
            return Fraction(1)
        if not left:
            return Fraction(0)
        total = Fraction(0)
        for slot, chance in CHANCES.items():
            moves = games.tree_moves(position, slot, at_once=at_once)
            total += chance * max(value(move, left - 1) for move in moves)
        return total

    return value((games.LONE, 0), horizon)


def online_on_forks(depth: int, horizon: int, shown: Shown) -> Fraction:
    """The same on (x, y, g)."""

    @cache
    def value(fork: ForkState, left: int) -> Fraction:
        if settled_apart(fork, depth):
            return Fraction(1)
        if not left:
            return Fraction(0)
        total = Fraction(0)
        for slot, chance in CHANCES.items():
            total += chance * max(value(move, left - 1) for move in fork_moves(fork, slot, shown))
        return total

    return value(NO_FORK, horizon)


@pytest.mark.parametrize("shown", Shown)
def test_x_y_g_is_enough_for_the_best_adversary_without_foresight(shown: Shown) -> None:
    for depth in range(3):
        for horizon in range(7):
            game = online_in_the_game(depth, horizon, at_once=shown is Shown.ALL)
            assert online_on_forks(depth, horizon, shown) == game


@pytest.mark.parametrize("shown", Shown)
@pytest.mark.parametrize("depth", range(3))
def test_the_program_is_the_limit_of_finite_horizons(depth: int, shown: Shown) -> None:
    limit = concurrent_reversal_probability(ALPHA, RATE, depth, shown=shown)
    within = [online_on_forks(depth, horizon, shown) for horizon in (4, 12, 24)]
    assert within == sorted(within)
    gap = limit - within[-1]
    assert 0 <= gap < Fraction(1, 50)


def by_strings(depth: int, shown: Shown) -> Fraction:
    """With foresight, string by string and move by move: no fork is cut off or pruned.

    After k + 1 honest slots the rest is one walk: it succeeds if j more A in a row would have, and
    gets that far with probability ratio^j.
    """
    ratio = ALPHA / (1 - ALPHA)

    def apart(forks: frozenset[ForkState]) -> bool:
        return any(settled_apart(fork, depth) for fork in forks)

    def after(forks: frozenset[ForkState], slot: str) -> frozenset[ForkState]:
        return frozenset(move for fork in forks for move in fork_moves(fork, slot, shown))

    @cache
    def value(forks: frozenset[ForkState], honest: int) -> Fraction:
        if apart(forks):
            return Fraction(1)
        if honest == depth + 1:
            more = 0
            while not apart(forks):
                forks, more = after(forks, "A"), more + 1
            return ratio**more
        total = Fraction(0)
        for slot, chance in CHANCES.items():
            total += chance * value(after(forks, slot), honest + (slot != "A"))
        return total

    return value(frozenset({NO_FORK}), 0)


@pytest.mark.parametrize("shown", Shown)
@pytest.mark.parametrize("depth", range(4))
def test_foresight_equals_the_enumeration_of_all_strings(depth: int, shown: Shown) -> None:
    program = concurrent_reversal_probability(
        ALPHA, RATE, depth, shown=shown, foresight=Foresight.ALL
    )
    assert program == by_strings(depth, shown)


def test_without_concurrent_blocks_it_is_the_closed_form() -> None:
    for depth in range(7):
        for foresight in Foresight:
            value = concurrent_reversal_probability(ALPHA, Fraction(0), depth, foresight=foresight)
            assert value == reversal_probability(ALPHA, depth, ATTACK_FROM_THE_SLOT)
        value = concurrent_reversal_probability(ALPHA, Fraction(0), depth, pre_mining=True)
        assert value == reversal_probability(ALPHA, depth)


@pytest.mark.parametrize("depth", range(6))
def test_order(depth: int) -> None:
    """Foresight helps; so do concurrent blocks, and pre-mining; who sees which block, only then."""
    rates = [Fraction(i, 5) for i in range(6)]
    online = [concurrent_reversal_probability(ALPHA, rate, depth) for rate in rates]
    assert online == sorted(online)
    assert online[-1] == 1  # two honest chains side by side for ever
    for rate, value in zip(rates, online, strict=True):
        foreseen = [
            concurrent_reversal_probability(
                ALPHA, rate, depth, shown=shown, foresight=Foresight.ALL
            )
            for shown in (Shown.ALL, Shown.EACH)
        ]
        assert value <= foreseen[0] <= foreseen[1]
        assert value == concurrent_reversal_probability(ALPHA, rate, depth, shown=Shown.ALL)
        assert value <= concurrent_reversal_probability(ALPHA, rate, depth, pre_mining=True)
    if depth >= 2:
        assert online[1] < concurrent_reversal_probability(
            ALPHA, rates[1], depth, foresight=Foresight.ALL
        )


def test_floats() -> None:
    for depth in (0, 4, 12):
        exact = concurrent_reversal_probability(Fraction(1 / 8), Fraction(1 / 4), depth)
        value = concurrent_reversal_probability(1 / 8, 1 / 4, depth)
        assert value == pytest.approx(float(exact), rel=1e-12)


def test_majority_and_bad_input() -> None:
    assert concurrent_reversal_probability(0.5, 0.1, 3) == 1
    for alpha, rate, depth in ((0.0, 0.1, 1), (0.1, -0.1, 1), (0.1, 1.1, 1), (0.1, 0.1, -1)):
        with pytest.raises(ModelConsensusError):
            concurrent_reversal_probability(alpha, rate, depth)
    with pytest.raises(ModelConsensusError, match="foresight"):
        concurrent_reversal_probability(0.1, 0.1, 1, foresight=Foresight.ALL, pre_mining=True)
