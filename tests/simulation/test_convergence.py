"""The bound on the generations that OneMax takes under the worst order."""

from fractions import Fraction
from itertools import product
from statistics import fmean

import numpy as np
import pytest

from benchmarks.convergence import generations
from model_consensus.landscapes import NOISE_UNIT
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.convergence import (
    FLIPS,
    Instance,
    better_draw,
    leaves,
    leaves_by_union,
    most_generations,
)

HALF = Fraction(1, 3)


def test_a_bit_flips_as_often_as_the_landscape_says() -> None:
    """Each of the 2^64 words is as likely, and the landscape flips at a noise of at least 9."""
    noise = np.arange(-32, 33, dtype=np.int64)[:, np.newaxis] * NOISE_UNIT
    flipped = OneMax(1).mutate(np.zeros(1, np.int64), noise, 1)[:, 0]
    row = [1]
    for _ in range(64):  # Pascal's triangle
        row = [a + b for a, b in zip([0, *row], [*row, 0], strict=True)]
    assert Fraction(sum(row[i] for i in range(65) if flipped[i]), 2**64) == FLIPS


@pytest.mark.parametrize("zeros", range(5))
def test_a_better_draw_by_enumeration(zeros: int) -> None:
    chance = Fraction(0)
    for flips in product((False, True), repeat=4):
        gained, lost = sum(flips[:zeros]), sum(flips[zeros:])
        if gained > lost:
            chance += HALF ** sum(flips) * (1 - HALF) ** (4 - sum(flips))
    assert better_draw(4, zeros, HALF) == chance


def test_the_chance_to_leave_is_exact_against_the_worst_order() -> None:
    """All outcomes of all draws of all correct processes, of which the adversary hides the best."""
    instance = Instance(n=4, f=1, lambda_=3, draws=2, bits=2)
    for zeros in (1, 2):
        chance = Fraction(0)
        outcomes = list(product((False, True), repeat=2))
        for drawn in product(outcomes, repeat=3):  # one draw besides the parent, of three processes
            losses = sorted(
                min(zeros, zeros - sum(flips[:zeros]) + sum(flips[zeros:])) for flips in drawn
            )
            left = losses[instance.n - instance.lambda_ :]  # λ - f of them
            flipped = sum(map(sum, drawn))
            if min(left) < zeros:
                chance += HALF**flipped * (1 - HALF) ** (6 - flipped)
        assert leaves(instance, zeros, HALF) == chance
        assert leaves_by_union(instance, zeros, HALF) <= chance


def test_the_bound_grows_with_what_the_adversary_may_hide() -> None:
    hidden = [most_generations(Instance(7, f, 7 - f, 17, 8)) for f in range(4)]
    assert hidden == sorted(hidden)
    assert len(set(hidden)) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "instance", [Instance(4, 1, 3, 17, 16), Instance(7, 3, 4, 17, 16)], ids=str
)
def test_real_learners_take_about_as_long_under_the_worst_order(instance: Instance) -> None:
    """The attack is the adversary of the bound, and few generations leave out a level."""
    seeds = 12
    measured = fmean(generations(instance, seed) for seed in range(seeds))
    chances = [float(leaves(instance, zeros)) for zeros in range(1, instance.bits + 1)]
    deviation = (sum((1 - chance) / chance**2 for chance in chances) / seeds) ** 0.5
    bound = float(most_generations(instance))
    assert bound / 2 < measured <= bound + 3 * deviation
