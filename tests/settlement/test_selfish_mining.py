"""The best selfish strategy: against every strategy, in small, and against what is known of it."""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.chain_quality import selfish_share
from model_consensus.settlement.selfish_mining import optimal_selfish_share

THIRD = Fraction(1, 3)

State = tuple[int, int, str]
"""Lengths of the private and the public branch; what the last block was, "matched" in a match."""
Outcomes = list[tuple[Fraction, int, int, State]]
"""Probability, the adversary's blocks and honest ones that are settled, the next state."""


def outcomes(state: State, action: str, alpha: Fraction, gamma: Fraction) -> Outcomes:
    """Table 1 of the paper, with one slot in each outcome."""
    a, h, last = state
    p = 1 - alpha
    if action == "adopt":
        return [(alpha, 0, h, (1, 0, "ours")), (p, 0, h, (0, 1, "theirs"))]
    if action == "override":
        return [
            (alpha, h + 1, 0, (a - h, 0, "ours")),
            (p, h + 1, 0, (a - h - 1, 1, "theirs")),
        ]
    if action == "match" or last == "matched":
        return [
            (alpha, 0, 0, (a + 1, h, "matched")),
            (gamma * p, h, 0, (a - h, 1, "theirs")),
            ((1 - gamma) * p, 0, 0, (a, h + 1, "theirs")),
        ]
    return [(alpha, 0, 0, (a + 1, h, "ours")), (p, 0, 0, (a, h + 1, "theirs"))]


def actions(state: State, longest: int) -> list[str]:
    a, h, last = state
    found = ["adopt"]
    if a > h:
        found.append("override")
    if max(a, h) < longest:
        found.append("wait")
        if last == "theirs" and a >= h:
            found.append("match")
    return found


def policies(
    open_states: list[State], chosen: dict[State, str], longest: int
) -> Iterator[dict[State, str]]:
    """Every choice of an action in each state that the choices reach."""
    if not open_states:
        yield chosen
        return
    state, *others = open_states
    for action in actions(state, longest):
        after = {**chosen, state: action}
        reached = [s for *_, s in outcomes(state, action, THIRD, THIRD)]
        new = [s for s in dict.fromkeys(reached) if s not in after and s not in others]
        yield from policies(others + new, after, longest)


def share(policy: dict[State, str], alpha: Fraction, gamma: Fraction) -> Fraction:
    """By the stationary law of the policy's chain, in exact elimination."""
    states = list(policy)
    size = len(states)
    steps = [outcomes(state, policy[state], alpha, gamma) for state in states]
    rows = [[Fraction(0)] * (size + 1) for _ in states]
    for i, step in enumerate(steps):
        rows[i][i] -= 1
        for chance, _, _, after in step:
            rows[states.index(after)][i] += chance
    rows[-1] = [Fraction(1)] * (size + 1)
    for column in range(size):
        pivot = next(r for r in range(column, size) if rows[r][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for r in range(size):
            if r != column and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[column], strict=True)]
    ours = theirs = Fraction(0)
    for i, step in enumerate(steps):
        for chance, mine, honest, _ in step:
            ours += rows[i][-1] * chance * mine
            theirs += rows[i][-1] * chance * honest
    return ours / (ours + theirs)


@pytest.mark.parametrize("gamma", [Fraction(0), Fraction(1, 2), Fraction(1)])
@pytest.mark.parametrize("alpha", [Fraction(1, 4), Fraction(2, 5), Fraction(9, 20)])
def test_no_strategy_with_branches_of_two_blocks_is_better(
    alpha: Fraction, gamma: Fraction
) -> None:
    start: list[State] = [(1, 0, "ours"), (0, 1, "theirs")]
    found = [share(policy, alpha, gamma) for policy in policies(start, {}, 2)]
    assert len(found) == 44
    best = optimal_selfish_share(alpha, gamma, 2)
    assert best.lower == max(found)
    assert best.upper >= best.lower


def test_the_figures_of_sapirshtein_sompolinsky_and_zohar() -> None:
    """Two entries of their table for gamma = 0, as they are quoted; the paper was not at hand."""
    for alpha, printed in ((1 / 3, 0.33705), (0.35, 0.37077)):
        best = optimal_selfish_share(alpha, 0.0, 40)
        assert best.lower - 5e-6 < printed < best.upper + 5e-6
        assert best.upper - best.lower < 5e-5


@pytest.mark.parametrize("alpha", [0.2, 0.3, 0.4])
def test_where_all_the_honest_help_it_has_one_block_for_each_of_theirs(alpha: float) -> None:
    """With gamma = 1 each block of the adversary's can replace an honest one: alpha/(1 - alpha)."""
    best = optimal_selfish_share(alpha, 1.0, 30)
    assert best.lower - 1e-9 <= alpha / (1 - alpha) <= best.upper + 1e-9
    assert best.lower == pytest.approx(alpha / (1 - alpha), rel=2e-3)


def test_with_few_wins_honest_mining_is_best() -> None:
    best = optimal_selfish_share(Fraction(1, 4), Fraction(0), 4)
    assert best.lower == Fraction(1, 4)
    assert optimal_selfish_share(0.25, 0.0, 30).upper == pytest.approx(0.25, abs=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("alpha", [0.3, 1 / 3, 0.4])
def test_it_is_at_least_eyal_and_sirer_s_and_longer_branches_narrow_it(
    alpha: float, gamma: float
) -> None:
    bounds = [optimal_selfish_share(alpha, gamma, longest) for longest in (5, 10, 20)]
    lower = [found.lower for found in bounds]
    upper = [found.upper for found in bounds]
    assert lower == sorted(lower)
    assert upper == pytest.approx(sorted(upper, reverse=True), abs=1e-9)
    assert max(alpha, selfish_share(alpha, gamma)) <= upper[-1] + 1e-9
    assert lower[-1] >= alpha - 1e-9
    if alpha < 0.4:  # closer to 1/2, branches of 20 blocks are too short
        assert lower[-1] > selfish_share(alpha, gamma) - 1e-6


def test_floats_and_fractions_agree() -> None:
    for generous in ("lower", "upper"):
        exact = getattr(optimal_selfish_share(Fraction(3, 8), Fraction(1, 4), 5), generous)
        value = getattr(optimal_selfish_share(3 / 8, 1 / 4, 5), generous)
        assert value == pytest.approx(float(exact), rel=1e-10)


def test_bad_input_is_named() -> None:
    for alpha, gamma, longest, named in (
        (0.5, 0.0, 4, "alpha 0.5 is at least 1/2"),
        (0.0, 0.0, 4, "alpha 0.0 is not a share"),
        (0.3, 1.5, 4, "gamma 1.5 is not a share"),
        (0.3, 0.0, 1, "longest 1 is not the length of a branch: 2 or more"),
    ):
        with pytest.raises(ModelConsensusError, match=named):
            optimal_selfish_share(alpha, gamma, longest)
