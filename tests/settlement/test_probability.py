"""Reversal probabilities: closed form, dynamic program, enumeration of strings, simulation."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.condition import Target, Ties, reversible
from model_consensus.settlement.probability import (
    ATTACK_FROM_THE_SLOT,
    OURS,
    Convention,
    least_depth,
    reversal_probability,
    reversal_probability_within,
)

CONVENTIONS = [Convention(*c) for c in product((True, False), Ties, Target)]
QUARTER = Fraction(1, 4)


def by_complement(alpha: Fraction, depth: int, convention: Convention) -> Fraction:
    """P6 as it is usually written, 1 minus a sum: exact here, useless in floats."""
    p, ratio = 1 - alpha, alpha / (1 - alpha)
    n = depth + (convention.target is Target.HEIGHT)
    d = depth + 1 + (convention.ties is not Ties.ADVERSARY)

    def caught_up(x: int) -> Fraction:
        return ratio**x * (1 + x * (1 - ratio) if convention.pre_mining else 1)

    open_ties = Fraction(0)
    if convention.ties is Ties.FIRST:  # level with the last of 2(k + 1) blocks, an h; never ahead
        for lead in range(depth + 2 if convention.pre_mining else 1):
            chance = (1 - ratio) * ratio**lead if convention.pre_mining else Fraction(1)
            wins = depth + 1 - lead
            orders = math.comb(wins + n - 1, wins) if n else int(wins == 0)
            open_ties += chance * orders * alpha**wins * p**n * (1 - ratio)
    if n == 0:
        return caught_up(d) + open_ties
    ways = (math.comb(m + n - 1, m) * p**n * alpha**m for m in range(d))
    missed = sum((way * (1 - caught_up(d - m)) for m, way in enumerate(ways)), Fraction(0))
    return 1 - missed + open_ties


def by_enumeration(alpha: Fraction, depth: int, horizon: int, convention: Convention) -> Fraction:
    """The probability of the strings of the horizon on which the target is ``reversible``.

    The lead comes from a string too: A^lead, in the place of all the slots before.
    """
    ratio = alpha / (1 - alpha)
    own = "h" if convention.target is Target.BLOCK else ""
    enough = 2 * depth + 3  # a greater lead changes nothing
    total = Fraction(0)
    for lead in range(enough + 1 if convention.pre_mining else 1):
        tail = ratio**lead * (1 if lead == enough else 1 - ratio)
        chance = tail if convention.pre_mining else Fraction(1)
        for slots in product("hA", repeat=horizon):
            string = "A" * lead + own + "".join(slots)
            if reversible(string, lead, depth, convention.ties, convention.target):
                wins = slots.count("A")
                total += chance * alpha**wins * (1 - alpha) ** (horizon - wins)
    return total


def test_the_design_s_values() -> None:
    values = [reversal_probability(QUARTER, depth) for depth in range(3)]
    assert values == [Fraction(2, 3), Fraction(11, 24), Fraction(41, 128)]


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
def test_positive_sums_equal_the_complement(convention: Convention) -> None:
    for alpha in (QUARTER, Fraction(3, 11), Fraction(9, 20)):
        for depth in range(12):
            expected = by_complement(alpha, depth, convention)
            assert reversal_probability(alpha, depth, convention) == expected


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
def test_the_dynamic_program_equals_the_enumeration_of_all_strings(
    convention: Convention,
) -> None:
    alpha = Fraction(2, 7)
    for depth in range(3):
        for horizon in range(1, 8):
            program = reversal_probability_within(alpha, depth, horizon, convention)
            assert program == by_enumeration(alpha, depth, horizon, convention)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
def test_the_dynamic_program_tends_to_the_closed_form(convention: Convention) -> None:
    for depth in range(5):
        within = [
            reversal_probability_within(0.25, depth, horizon, convention)
            for horizon in (0, 5, 20, 80, 400)
        ]
        assert within == sorted(within)
        closed = reversal_probability(0.25, depth, convention)
        assert within[-1] == pytest.approx(closed, rel=1e-12)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
def test_floats_are_stable_down_to_1e_300(convention: Convention) -> None:
    smallest = Fraction(1)
    # dyadic shares are the same number as a float and as a fraction
    for alpha in (2**-30, 2**-10, 1 / 8, 1 / 4, 3 / 8, 7 / 16, 31 / 64, 0.1):
        for depth in (0, 1, 2, 7, 30, 99, 100, 101, 102):
            exact = reversal_probability(Fraction(alpha), depth, convention)
            if exact > Fraction(10) ** -300:
                value = reversal_probability(alpha, depth, convention)
                assert abs(Fraction(value) / exact - 1) < Fraction(1, 10**12)
                smallest = min(smallest, exact)
    assert smallest < Fraction(10) ** -150


def test_a_value_next_to_1e_300() -> None:
    exact = reversal_probability(Fraction(1, 16), 470)
    assert Fraction(10) ** -300 < exact < Fraction(10) ** -290
    assert abs(Fraction(reversal_probability(1 / 16, 470)) / exact - 1) < Fraction(1, 10**12)


def test_one_minus_a_sum_would_not_do() -> None:
    """The check above bites: the usual form in floats fails it by far."""
    alpha, depth = 0.125, 30
    p, ratio = 1 - alpha, alpha / (1 - alpha)
    naive = 1 - math.fsum(
        math.comb(m + depth, m)
        * p ** (depth + 1)
        * alpha**m
        * (1 - ratio ** (depth + 1 - m) * (1 + (depth + 1 - m) * (1 - ratio)))
        for m in range(depth + 1)
    )
    exact = reversal_probability(Fraction(alpha), depth)
    assert abs(Fraction(naive) / exact - 1) > Fraction(1, 10**6)


def test_floats_within_a_horizon() -> None:
    for convention in CONVENTIONS:
        for depth, horizon in ((0, 0), (3, 9), (3, 40), (12, 60)):
            exact = reversal_probability_within(Fraction(1 / 8), depth, horizon, convention)
            value = reversal_probability_within(1 / 8, depth, horizon, convention)
            assert value == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("alpha", [0.1, 0.25, 0.4])
@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
def test_least_depth(alpha: float, convention: Convention) -> None:
    for epsilon in (0.9, 1e-3, 1e-9):
        depth = least_depth(alpha, epsilon, convention)
        assert reversal_probability(alpha, depth, convention) <= epsilon
        assert depth == 0 or reversal_probability(alpha, depth - 1, convention) > epsilon


def test_half_of_the_wins_settles_nothing() -> None:
    for alpha in (Fraction(1, 2), Fraction(2, 3)):
        assert reversal_probability(alpha, 5) == 1
        assert reversal_probability_within(alpha, 5, 10) == 1
        within = reversal_probability_within(alpha, 2, 6, ATTACK_FROM_THE_SLOT)
        assert within == by_enumeration(alpha, 2, 6, ATTACK_FROM_THE_SLOT) < 1
        with pytest.raises(ModelConsensusError, match="cannot be met"):
            least_depth(alpha, Fraction(1, 10))


def test_bad_input_is_named() -> None:
    for alpha in (0.0, 1.0, -0.1, math.nan, math.inf):
        with pytest.raises(ModelConsensusError, match="alpha"):
            reversal_probability(alpha, 1)
        with pytest.raises(ModelConsensusError, match="alpha"):
            reversal_probability_within(alpha, 1, 1)
    with pytest.raises(ModelConsensusError, match="depth -1"):
        reversal_probability(0.1, -1)
    with pytest.raises(ModelConsensusError, match="horizon -1"):
        reversal_probability_within(0.1, 1, -1)
    for epsilon in (0.0, 1.0, math.nan):
        with pytest.raises(ModelConsensusError, match="epsilon"):
            least_depth(0.1, epsilon)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize(("alpha", "depth"), [(0.25, 0), (0.25, 3), (0.4, 5)])
def test_simulated_slots(alpha: float, depth: int, convention: Convention) -> None:
    """The share of random strings on which the target is reversible, five deviations wide.

    Each run draws its own slots before the target too; the lead is that of those slots.
    """
    runs, before, horizon = 20_000, 300, 300
    random = np.random.Generator(np.random.Philox(2304_13540))
    past = np.where(random.random((runs, before)) < alpha, 1, -1)
    lead = np.zeros(runs, dtype=np.int64)
    if convention.pre_mining:
        for step in past.T:
            lead = np.maximum(lead + step, 0)
    steps = np.where(random.random((runs, horizon)) < alpha, 1, -1)
    if convention.target is Target.BLOCK:
        steps[:, 0] = -1
    surplus = np.where(steps < 0, 0, 1) if convention.ties is Ties.FIRST else 0
    if convention.ties is Ties.HONEST:
        surplus = 1
    least = 2 * (depth + 1) + (convention.ties is Ties.HONEST)
    balance = lead[:, None] + np.cumsum(steps, axis=1)
    count = np.arange(1, horizon + 1)
    enough = lead[:, None] + count >= least
    if convention.target is Target.BLOCK:
        enough &= count >= depth + 1
    share = float(np.mean(np.any(enough & (balance >= surplus), axis=1)))
    expected = reversal_probability(alpha, depth, convention)
    assert abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / runs)


@pytest.mark.parametrize(("alpha", "depth"), [(0.25, 1), (0.25, 4), (0.4, 3)])
def test_the_private_attack_attains_it(alpha: float, depth: int) -> None:
    """One strategy, without foresight: mine in private, and afresh on the honest tip when behind.

    Played on the two chains' heights until the fork is lost for good, with five deviations' width.
    """
    runs, before, after = 20_000, 300, 500
    random = np.random.Generator(np.random.Philox(2304_13541))
    honest = np.zeros(runs, dtype=np.int64)
    private = np.zeros(runs, dtype=np.int64)
    for _ in range(before):
        win = random.random(runs) < alpha
        private += win
        honest += ~win
        private = np.maximum(private, honest)
    target = honest + 1  # from here on the adversary stays with its fork
    reverted = np.zeros(runs, dtype=np.bool_)
    for _ in range(after):
        win = random.random(runs) < alpha
        private += win
        honest += ~win
        reverted |= (honest >= target + depth) & (private >= honest)
    expected = reversal_probability(alpha, depth)
    share = float(np.mean(reverted))
    assert abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / runs)


@pytest.mark.parametrize("pre_mining", [True, False])
@pytest.mark.parametrize("target", Target)
def test_the_adversary_loses_by_each_tie_that_it_does_not_decide(
    pre_mining: bool, target: Target
) -> None:
    for depth in range(6):
        free, first, lost = (
            reversal_probability(QUARTER, depth, Convention(pre_mining, ties, target))
            for ties in Ties
        )
        certain = not depth and not pre_mining and target is Target.BLOCK
        assert lost <= first < free
        assert (lost == first) == certain  # an honest block is decided before a tie can come


def test_ours_is_the_worst_for_the_honest() -> None:
    for depth in range(6):
        assert all(
            reversal_probability(QUARTER, depth, convention) <= reversal_probability(QUARTER, depth)
            for convention in CONVENTIONS
        )
    assert str(OURS) == "pre-mining, ties to the adversary, any block at the height"
