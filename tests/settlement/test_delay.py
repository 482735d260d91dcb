"""Bounds under a delay: the condition against the game, the program against the condition."""

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.delay import (
    late_share,
    reversal_upper_bound,
    reversible_with_delay,
)
from model_consensus.settlement.literature import guo_ren_lower, guo_ren_upper
from model_consensus.settlement.probability import Convention, reversal_probability
from tests.support.delay_game import deepest_reversal

ALPHA, LATE = Fraction(1, 5), Fraction(1, 10)


def strings(length: int) -> Iterator[str]:
    return ("".join(slots) for slots in product("hTA", repeat=length))


@pytest.mark.parametrize("length", range(1, 6))
def test_the_condition_is_that_of_the_game(length: int) -> None:
    for slots in strings(length):
        for slot in range(length):
            fork = deepest_reversal(slots, slot)
            for depth in range(3):
                possible = reversible_with_delay(slots, slot, depth)
                assert possible == (fork > depth), (slots, slot, depth)


def test_what_a_delay_adds() -> None:
    """The last h may be on its way, while blocks come within the delay of it."""
    assert reversible_with_delay("hhT", 0, 0)
    assert not reversible_with_delay("hhA", 0, 0)  # by then both h have arrived
    assert not reversible_with_delay("hhhT", 0, 0)  # the second has arrived
    assert not reversible_with_delay("hT", 0, 1)  # four blocks are needed


def within(
    alpha: Fraction, late: Fraction, depth: int, lead: int, horizon: int
) -> tuple[Fraction, Fraction]:
    """By every string of the horizon: the probability of success, and of what may still come.

    The second is that of the strings without success, weighted with the probability that A and T
    ever make up for what is missing but one: no success is without that.
    """
    honest, own = (1 - alpha) * (1 - late), alpha * (1 - late)
    chances = {"h": honest, "T": late, "A": own}
    ratio = (1 - honest) / honest
    done = left = Fraction(0)
    for slots in strings(horizon):
        chance = math.prod(chances[slot] for slot in slots)
        if reversible_with_delay("A" * lead + slots, lead, depth):
            done += chance
        else:
            missing = 2 * slots.count("h") - horizon - lead
            left += chance * ratio ** max(missing - 1, 0)
    return done, left


@pytest.mark.parametrize("depth", range(2))
def test_the_program_lies_between_what_strings_of_a_horizon_allow(depth: int) -> None:
    bound = reversal_upper_bound(ALPHA, LATE, depth, pre_mining=False)
    gaps = []
    for horizon in (4, 6, 8):
        done, left = within(ALPHA, LATE, depth, 0, horizon)
        assert done < bound <= done + left
        gaps.append(left)
    assert gaps[2] < gaps[1] < gaps[0]
    ratio = 1 / ((1 - ALPHA) * (1 - LATE)) - 1
    low = high = ratio ** (2 * depth + 2)
    for lead in range(2 * depth + 2):
        done, left = within(ALPHA, LATE, depth, lead, 6)
        weight = (1 - ratio) * ratio**lead
        low, high = low + weight * done, high + weight * (done + left)
    assert low <= reversal_upper_bound(ALPHA, LATE, depth) <= high


@pytest.mark.parametrize("pre_mining", [True, False])
@pytest.mark.parametrize("depth", range(4))
def test_the_program_is_the_limit_of_the_chain_run_step_by_step(
    depth: int, pre_mining: bool
) -> None:
    """The Markov chain on (balance, flag), run for 500 slots from each lead."""
    alpha, late = 0.2, 0.1
    honest, own = (1 - alpha) * (1 - late), alpha * (1 - late)
    ratio = (1 - honest) / honest
    enough = 2 * (depth + 1)
    expected = ratio**enough if pre_mining else 0.0
    for lead in range(enough if pre_mining else 1):
        states = {(lead, ""): 1.0}  # the suffix: "" or "h" or "hT"
        success = 0.0
        for count in range(1, 501):
            after: dict[tuple[int, str], float] = {}
            for (balance, suffix), weight in states.items():
                moves = (
                    (balance - 1, "h", honest),
                    (balance + 1, "hT" if suffix else "", late),
                    (balance + 1, "", own),
                )
                for now, ending, chance in moves:
                    if lead + count >= enough and now >= (-1 if ending == "hT" else 0):
                        success += weight * chance
                    else:
                        after[now, ending] = after.get((now, ending), 0.0) + weight * chance
            states = {state: weight for state, weight in after.items() if weight > 1e-18}
        expected += success * ((1 - ratio) * ratio**lead if pre_mining else 1.0)
    bound = reversal_upper_bound(alpha, late, depth, pre_mining=pre_mining)
    assert bound == pytest.approx(expected, rel=1e-9)


def test_without_delay_it_is_the_closed_form() -> None:
    for alpha in (Fraction(1, 10), Fraction(1, 4), Fraction(9, 20)):
        for depth in range(8):
            for pre_mining in (True, False):
                bound = reversal_upper_bound(alpha, Fraction(0), depth, pre_mining=pre_mining)
                assert bound == reversal_probability(alpha, depth, Convention(pre_mining))
            assert guo_ren_lower(alpha, depth + 1) == reversal_probability(alpha, depth)


def test_guo_and_ren_s_printed_figure() -> None:
    """Abstract of arXiv 2203.06357: 10 minutes, 10 s, 10 %, 6 blocks: "between 0.11% and 0.35%"."""
    late = late_share(10, 600)
    assert f"{100 * guo_ren_lower(0.1, 6):.2f}" == "0.11"
    assert f"{100 * guo_ren_upper(0.1, late, 6):.2f}" == "0.35"
    ours = reversal_upper_bound(0.1, late, 5)
    assert guo_ren_lower(0.1, 6) < ours < guo_ren_upper(0.1, late, 6)


def test_guo_and_ren_s_sum_as_it_is_written() -> None:
    """Term by term, with the tail F1 and the law P2 apart, in exact fractions."""

    def written(p: Fraction, k: int, behind: int) -> Fraction:
        q = 1 - p

        def law(j: int, n: int) -> Fraction:
            return math.comb(n, j) * q**j * p ** (n - j)

        total = (q / p) ** k
        for i in range(1, k + 1):
            n = 2 * k + 1 - i
            more = sum(law(j, n) for j in range(k - i + 1, n + 1))
            fewer = sum(
                law(j, n) * (q / p) ** (2 * k + behind - 2 * i - 2 * j) for j in range(k - i + 1)
            )
            total += (q / p) ** (i - 1) * (1 - q / p) * (more + fewer)
        return total

    for k in range(1, 6):
        assert guo_ren_upper(ALPHA, LATE, k) == written((1 - ALPHA) * (1 - LATE), k, 1)
        assert guo_ren_lower(ALPHA, k) == written(1 - ALPHA, k, 2)


def test_order() -> None:
    """The bound grows with the delay and the share, and falls with the depth."""
    delays = [Fraction(i, 20) for i in range(6)]
    by_delay = [reversal_upper_bound(ALPHA, late, 3) for late in delays]
    assert by_delay == sorted(by_delay)
    assert len(set(by_delay)) == len(by_delay)
    by_depth = [reversal_upper_bound(ALPHA, LATE, depth) for depth in range(8)]
    assert by_depth == sorted(by_depth, reverse=True)
    for depth in range(8):
        assert by_depth[depth] < guo_ren_upper(ALPHA, LATE, depth + 1)


def test_floats() -> None:
    for depth in (0, 5, 40):
        exact = reversal_upper_bound(Fraction(1 / 8), Fraction(1 / 32), depth)
        assert reversal_upper_bound(1 / 8, 1 / 32, depth) == pytest.approx(float(exact), rel=1e-12)
        exact = guo_ren_upper(Fraction(1 / 8), Fraction(1 / 32), depth + 1)
        assert guo_ren_upper(1 / 8, 1 / 32, depth + 1) == pytest.approx(float(exact), rel=1e-12)


def test_late_share() -> None:
    assert late_share(0, 13) == 0
    assert late_share(13, 13) == pytest.approx(1 - 1 / math.e, rel=1e-15)
    assert late_share(1e-9, 1) == pytest.approx(1e-9, rel=1e-8)


def test_majority_and_bad_input() -> None:
    assert reversal_upper_bound(0.4, 0.2, 3) == 1  # 0.6 * 0.8 is less than half
    assert guo_ren_upper(0.4, 0.2, 3) == 1
    for alpha, late, depth in ((0.0, 0.1, 1), (0.1, -0.1, 1), (0.1, 1.0, 1), (0.1, 0.1, -1)):
        with pytest.raises(ModelConsensusError):
            reversal_upper_bound(alpha, late, depth)
    for delay, interval in ((-1.0, 1.0), (1.0, 0.0), (math.inf, 1.0), (1.0, math.nan)):
        with pytest.raises(ModelConsensusError, match="are not times"):
            late_share(delay, interval)
    for slots, slot, depth in (("hH", 0, 1), ("hT", 2, 1), ("hT", 0, -1)):
        with pytest.raises(ModelConsensusError):
            reversible_with_delay(slots, slot, depth)
