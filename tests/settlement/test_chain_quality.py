"""Eyal and Sirer's closed form against their state machine, solved and played."""

import math
from fractions import Fraction

import numpy as np
import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.chain_quality import profitable_share, selfish_share

THIRD = Fraction(1, 3)
GAMMAS = [Fraction(0), Fraction(1, 2), Fraction(1)]

Weights = dict[tuple[int, int, int], Fraction]
"""The probability of each outcome: (private lead, adversary's blocks settled, honest ones).

A lead of -1 stands for the state 0' of the paper: two branches of one block each, both published.
"""


def transitions(lead: int, alpha: Fraction, gamma: Fraction) -> Weights:
    """One step of the state machine, with the blocks that it adds to the chain for good."""
    p = 1 - alpha
    if lead == -1:
        return {(0, 2, 0): alpha, (0, 1, 1): gamma * p, (0, 0, 2): (1 - gamma) * p}
    if lead == 0:
        return {(1, 0, 0): alpha, (0, 0, 1): p}
    if lead == 1:
        return {(2, 0, 0): alpha, (-1, 0, 0): p}
    if lead == 2:  # it publishes both blocks; the honest one is lost
        return {(3, 0, 0): alpha, (0, 2, 0): p}
    return {(lead + 1, 0, 0): alpha, (lead - 1, 1, 0): p}


def stationary(alpha: Fraction, gamma: Fraction, top: int) -> dict[int, Fraction]:
    """The stationary law of the machine cut off at lead ``top``: exact elimination.

    At the top a further private block is dropped, so every figure is that of a true chain.
    """
    states = list(range(-1, top + 1))
    size = len(states)
    # rows: balance equations, the last one replaced by "sums to 1"
    rows = [[Fraction(0)] * (size + 1) for _ in states]
    for i, state in enumerate(states):
        rows[i][i] -= 1
        for (after, _, _), chance in transitions(state, alpha, gamma).items():
            rows[states.index(min(after, top))][i] += chance
    rows[-1] = [Fraction(1)] * (size + 1)
    for column in range(size):
        pivot = next(r for r in range(column, size) if rows[r][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for r in range(size):
            if r != column and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[column], strict=True)]
    return {state: rows[i][-1] for i, state in enumerate(states)}


def share_by_markov_chain(alpha: Fraction, gamma: Fraction, top: int) -> Fraction:
    """The adversary's share of the settled blocks in the machine cut off at ``top``."""
    adversary = honest = Fraction(0)
    for state, weight in stationary(alpha, gamma, top).items():
        for (_, ours, theirs), chance in transitions(state, alpha, gamma).items():
            adversary += weight * chance * ours
            honest += weight * chance * theirs
    return adversary / (adversary + honest)


def test_a_third_of_the_wins() -> None:
    values = [selfish_share(THIRD, gamma) for gamma in GAMMAS]
    assert values == [Fraction(1, 3), Fraction(5, 13), Fraction(17, 39)]  # the design's values


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("alpha", [Fraction(1, 10), Fraction(1, 4), THIRD])
def test_the_state_machine_tends_to_the_closed_form(alpha: Fraction, gamma: Fraction) -> None:
    """Cutting off at lead L costs about (alpha/(1-alpha))^L: it must shrink like that."""
    ratio = alpha / (1 - alpha)
    closed = selfish_share(alpha, gamma)
    for top in (4, 8, 16, 24):
        assert abs(share_by_markov_chain(alpha, gamma, top) - closed) <= top * ratio**top


def test_the_check_bites() -> None:
    """A figure that is wrong by a thousandth is told from the true one."""
    wrong = selfish_share(THIRD, Fraction(0)) + Fraction(1, 1000)
    assert abs(share_by_markov_chain(THIRD, Fraction(0), 24) - wrong) > 24 * Fraction(1, 2) ** 24


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("alpha", [0.2, 1 / 3, 0.45])
def test_played_block_by_block(alpha: float, gamma: float) -> None:
    """The strategy played on two branches, block by block, in 40 batches of one long run each.

    The batches are independent: their mean is within five standard errors of the closed form.
    """
    shares = [_play(alpha, gamma, seed) for seed in range(40)]
    error = float(np.std(shares, ddof=1)) / math.sqrt(len(shares))
    assert abs(float(np.mean(shares)) - selfish_share(alpha, gamma)) < 5 * error


def _play(alpha: float, gamma: float, seed: int, wins: int = 4_000) -> float:
    random = np.random.Generator(np.random.Philox(seed))
    chain: list[bool] = []  # settled blocks: is it the adversary's?
    private: list[bool] = []  # the adversary's branch above them, whatever is published of it
    public: list[bool] = []  # the honest branch above them
    for win, on_ours in zip(random.random(wins) < alpha, random.random(wins) < gamma, strict=True):
        tie = len(private) == len(public) == 1
        if win:
            private.append(True)
            if tie:  # the tie was published: it is broken at once
                chain, private, public = chain + private, [], []
        elif tie and on_ours:
            chain, private, public = [*chain, *private, False], [], []
        else:
            public.append(False)
            if len(private) < len(public):
                chain, private, public = chain + public, [], []
            elif len(private) == len(public) + 1 and len(private) > 1:
                chain, private, public = chain + private, [], []
    return sum(chain) / len(chain)


def test_profitable_share() -> None:
    assert [profitable_share(gamma) for gamma in GAMMAS] == [THIRD, Fraction(1, 4), 0]
    for gamma in (Fraction(0), Fraction(1, 3), Fraction(2, 3)):
        edge = profitable_share(gamma)
        assert selfish_share(edge, gamma) == edge
        assert selfish_share(edge * Fraction(9, 10), gamma) < edge * Fraction(9, 10)
        above = edge * Fraction(11, 10)
        assert selfish_share(above, gamma) > above


def test_floats_and_fractions_agree() -> None:
    for alpha in (0.1, 0.25, 0.4375):
        for gamma in (0.0, 0.3, 1.0):
            exact = selfish_share(Fraction(alpha), Fraction(gamma))
            assert selfish_share(alpha, gamma) == pytest.approx(float(exact), rel=1e-12)


def test_bad_input_is_named() -> None:
    for alpha in (0.0, 0.5, 0.7, 1.0, math.nan):
        with pytest.raises(ModelConsensusError, match="alpha"):
            selfish_share(alpha, 0.5)
    for gamma in (-0.1, 1.1, math.nan):
        with pytest.raises(ModelConsensusError, match="gamma"):
            selfish_share(0.3, gamma)
        with pytest.raises(ModelConsensusError, match="gamma"):
            profitable_share(gamma)
