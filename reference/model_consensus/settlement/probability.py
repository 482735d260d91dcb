"""How probable is it that a decision at depth k is ever reverted?

Each slot is the adversary's (``A``) with probability ``alpha``, independently, and one honest
block (``h``) otherwise.  ``settlement.reversible`` says, slot by slot, when a decision can be
reverted; here is the probability of it, under named conventions.  Published tables differ mostly
in these conventions: ``settlement_literature`` has the best known formulas as they were printed.

Every function takes ``alpha`` as a ``Fraction`` and is then exact, or as a ``float`` and is then
accurate to a relative error of 1e-12 down to results of 1e-300: all sums have positive terms
only, so nothing cancels.  For alpha >= 1/2 every decision is reverted in the end.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.condition import Target, Ties, check_depth, least_factor

Number = TypeVar("Number", float, Fraction)

DEEPEST = 1_000_000
"""The greatest depth at which a least depth is looked for: nineteen years of Bitcoin's blocks."""


@dataclass(frozen=True)
class Convention:
    """What a settlement probability is the probability of.

    ``pre_mining``: the adversary has been mining in private for ever when the target's slot
    comes, and has the stationary lead; else it starts with that slot.
    """

    pre_mining: bool = True
    ties: Ties = Ties.ADVERSARY
    target: Target = Target.HEIGHT

    def __str__(self) -> str:
        """The convention in words."""
        ties = (
            "first received stays" if self.ties is Ties.FIRST else f"ties to the {self.ties.value}"
        )
        return ", ".join(
            (
                "pre-mining" if self.pre_mining else "no pre-mining",
                ties,
                "any block at the height" if self.target is Target.HEIGHT else "an honest block",
            )
        )


OURS = Convention()
"""The strongest adversary that the model allows: what this project promises agreement against."""

ATTACK_FROM_THE_SLOT = Convention(pre_mining=False)
"""Rosenfeld's and Grunspan and Pérez-Marco's convention, with n = z = k + 1 confirmations."""


def check_alpha(alpha: float | Fraction) -> None:
    """Raise ``ModelConsensusError`` unless 0 < ``alpha`` < 1 (NaN is refused too)."""
    if not 0 < alpha < 1:
        raise ModelConsensusError(f"alpha {alpha} is not a share of the wins between 0 and 1")


def has_majority(alpha: float | Fraction) -> bool:
    """Whether the adversary wins at least half of the slots: then nothing ever settles."""
    return 2 * alpha >= 1


def reversal_probability(alpha: Number, depth: int, convention: Convention = OURS) -> Number:
    """The probability that a decision at depth k is ever reverted.

    With n honest wins to come until the decision has its depth, d blocks that the adversary
    needs by then, and ratio = alpha / (1 - alpha), condition on whether the d-th A comes before
    the n-th h; if not, the lead before and the best of the walk after make up for what is missing::

        alpha^d ( sum_{i<n} C(d-1+i, i) p^i  +  sum_{m<d} C(n-1+m, m) p^(n+m-d) w(d-m) )

    where w(x) = 1 without pre-mining, 1 + x (1 - ratio) with it.  For ``OURS`` n = d = k+1, and
    it is  alpha^(k+1) sum_{m<=k} C(k+m, m) p^m (2 + (k+1-m)(1 - ratio)).  If the chain received
    first stays, the open ties are added (``_open_ties``).
    """
    check_alpha(alpha)
    check_depth(depth)
    number = type(alpha)
    if has_majority(alpha):
        return number(1)
    p = 1 - alpha
    drift = (1 - 2 * alpha) / p  # 1 - ratio, without cancellation
    n = depth + 1 if convention.target is Target.HEIGHT else depth
    d = depth + 1 + least_factor(depth, convention.ties)[1]

    def weight(missing: int) -> Number:
        return 1 + missing * drift if convention.pre_mining else number(1)

    if n == 0:  # an honest block is decided as soon as it is mined
        return (alpha / p) ** d * weight(d) + _open_ties(alpha, depth, convention)
    largest = _largest_term(alpha, n, d)
    before = sum((term for _, term in _descending(largest, n - 1, d - 1, p)), number(0))
    after = sum(
        (term * weight(d - m) for m, term in _descending(largest, d - 1, n - 1, p)), number(0)
    )
    return before + after + _open_ties(alpha, depth, convention)


def _open_ties(alpha: Number, depth: int, convention: Convention) -> Number:
    """The probability that the decision is reverted by a tie only, if the first received stays.

    That is: with the last of 2(k + 1) blocks, an honest one, the chains are level, and from then
    on the adversary never gets ahead.  With honest blocks to come as in ``reversal_probability``
    (n) and m <= k + 1 blocks that are not there yet when the target's slot comes, the sum of

        (1 - ratio) w C(n-1+m, m) alpha^m p^n,   w = (1 - ratio) ratio^(k+1-m) for the lead

    with pre-mining; without, its last term, w = 1.
    """
    number = type(alpha)
    if convention.ties is not Ties.FIRST:
        return number(0)
    p = 1 - alpha
    drift = (1 - 2 * alpha) / p
    top = depth + 1
    n = depth + 1 if convention.target is Target.HEIGHT else depth
    if n == 0:  # level with the block itself, which is there already
        return drift * drift * (alpha / p) if convention.pre_mining else number(0)
    # C(n+k, k+1) alpha^(k+1) p^n, from C(2k+2, k+1) or C(2k, k)
    if isinstance(alpha, Fraction):
        last = math.comb(n + depth, top) * alpha**top * p**n
    elif n == top:
        last = central_term(alpha, top) / 2
    else:
        last = central_term(alpha, depth) * alpha * depth / top
    if not convention.pre_mining:
        return drift * last
    return drift * drift * sum((term for _, term in _descending(last, top, n - 1, p)), number(0))


def _largest_term(alpha: Number, n: int, d: int) -> Number:
    """C(n+d-2, n-1) alpha^d (1-alpha)^(n-1): where both sums of the closed form are greatest.

    For a float, (4 alpha p)^(n-1) is the part that can be tiny, and the rest of order one.
    """
    if isinstance(alpha, Fraction):
        return math.comb(n + d - 2, n - 1) * alpha**d * (1 - alpha) ** (n - 1)
    term = central_term(alpha, n - 1) * math.pow(alpha, d - n + 1)
    for i in range(1, d - n + 1):
        term *= (2 * (n - 1) + i) / (n - 1 + i)
    return term


def central_term(alpha: float, n: int) -> float:
    """C(2n, n) (alpha (1 - alpha))^n, to nearly full relative accuracy while it is above 1e-300."""
    if alpha >= 0.25:  # log(4 alpha (1 - alpha)) without cancellation near 1/2, and near 0
        log_4pq = math.log1p(-((1 - 2 * alpha) ** 2))
    else:
        log_4pq = math.log(4 * alpha) + math.log1p(-alpha)
    if n < 100:
        central = math.comb(2 * n, n) / (1 << 2 * n)
    else:  # Stirling's series; the next term is below 1e-17
        central = math.exp(-1 / (8 * n) + 1 / (192 * n**3) - 1 / (640 * n**5))
        central /= math.sqrt(math.pi * n)
    return central * math.exp(n * log_4pq)


def _descending(term: Number, top: int, offset: int, p: Number) -> Iterator[tuple[int, Number]]:
    """(j, C(offset+j, j) p^j times a constant) for j = top, ..., 0, the first being ``term``.

    Floats stop where all that is left is below 1e-20 of the first term.
    """
    negligible = term * 1e-20 / (top + 2) ** 2 if isinstance(term, float) else 0
    for j in range(top, -1, -1):
        yield j, term
        term = term * j / (p * (j + offset)) if j else term
        if term <= negligible:  # equal, if the first one was too small for a float
            return


def least_depth(alpha: Number, epsilon: Number, convention: Convention = OURS) -> int:
    """The least depth k at which a decision is ever reverted with probability at most ``epsilon``.

    Raises ``ModelConsensusError`` if no depth up to ``DEEPEST`` will do, as for alpha >= 1/2.
    """
    check_alpha(alpha)
    if not 0 < epsilon < 1:
        raise ModelConsensusError(f"epsilon {epsilon} is not a probability between 0 and 1")
    if has_majority(alpha):
        raise ModelConsensusError(
            f"epsilon {epsilon} cannot be met: with alpha {alpha} >= 1/2 a decision at any depth "
            "is reverted with probability 1"
        )
    return least_depth_of(lambda depth: reversal_probability(alpha, depth, convention), epsilon)


def least_depth_of(
    probability: Callable[[int], Number], epsilon: Number, most: int = DEEPEST
) -> int:
    """The least k with ``probability(k) <= epsilon``, for one that falls with k towards 0.

    Raises ``ModelConsensusError`` if it is more than ``most``.
    """
    low, high = -1, 0  # not enough, enough
    while probability(high) > epsilon:
        if high == most:
            raise ModelConsensusError(
                f"epsilon {float(epsilon):g} is not met at any depth up to {most:,}"
            )
        low, high = high, min(2 * high + 1, most)
    while high - low > 1:
        middle = (low + high) // 2
        if probability(middle) > epsilon:
            low = middle
        else:
            high = middle
    return high


def reversal_probability_within(
    alpha: Number, depth: int, horizon: int, convention: Convention = OURS
) -> Number:
    """The probability that a decision at depth k is reverted within ``horizon`` slots.

    They count from the target's slot, inclusive; for ``Target.BLOCK``, after the block's own.
    A dynamic program: for each lead, the first slots in which there are not yet blocks enough,
    whatever they are (a binomial); then the walk has what is left of the horizon to catch up.
    """
    check_alpha(alpha)
    check_depth(depth)
    if horizon < 0:
        raise ModelConsensusError(f"horizon {horizon} is negative: it counts slots")
    number = type(alpha)
    if convention.pre_mining and has_majority(alpha):
        return number(1)  # the lead has grown without bound
    length, surplus = least_factor(depth, convention.ties)
    own = 1 if convention.target is Target.BLOCK else 0  # the block itself is there already
    # with a lead of ``sure`` the decision is reverted as soon as it is made, ``least_wait`` later
    sure, least_wait = (depth + 1 + surplus, depth) if own else (length, 0)
    ratio = alpha / (1 - alpha)
    total = number(0)
    if convention.pre_mining and horizon >= least_wait:
        total += ratio**sure
    waits = {lead: length - own - lead for lead in range(sure if convention.pre_mining else 1)}
    waits = {lead: wait for lead, wait in waits.items() if wait <= horizon}
    if not waits:
        return total
    longest = max(waits.values())
    first_wins = list(binomials(alpha, longest))
    catching_up = dict(_catching_up(alpha, horizon, longest + 2, horizon - longest))
    for lead, wait in waits.items():
        probability = (1 - ratio) * ratio**lead if convention.pre_mining else number(1)
        wins = np.arange(wait + 1)
        missing = np.maximum(surplus + own + wait - lead - 2 * wins, 0)
        after = catching_up[horizon - wait]
        total += probability * (first_wins[wait] * after[missing]).sum()
        if convention.ties is Ties.FIRST:
            level = level_with_h(alpha, first_wins, wait, lead - own)
            total += probability * level * (1 - after[1])
    return number(total)


def level_with_h(alpha: Number, first_wins: list[NDArray[Any]], slots: int, ahead: int) -> Number:
    """The probability that after ``slots`` slots the adversary is level, and the last is an ``h``.

    ``first_wins`` are `binomials`; before them it is ``ahead``.  Without slots it is level or not.
    """
    number = type(alpha)
    wins, odd = divmod(slots - ahead, 2)
    if odd or not 0 <= wins < max(slots, 1):
        return number(0)
    return number(first_wins[slots - 1][wins]) * (1 - alpha) if slots else number(1)


def binomials(alpha: Number, slots: int) -> Iterator[NDArray[Any]]:
    """For n = 0, ..., slots: the probabilities of 0, ..., n wins of the adversary in n slots."""
    chances: NDArray[Any] = np.array([type(alpha)(1)])
    none = chances * 0
    for _ in range(slots + 1):
        yield chances
        longer = np.concatenate([chances, none]), np.concatenate([none, chances])
        chances = longer[0] * (1 - alpha) + longer[1] * alpha


def _catching_up(
    alpha: Number, slots: int, width: int, since: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """(n, f) for n = since, ..., slots: f[x] is the probability to win x more than lose by then.

    It need be so at one of the times 0, ..., n; f has entries for x = 0, ..., width at least.
    """
    sure: NDArray[Any] = np.array([type(alpha)(1)])
    reached = np.concatenate([sure, np.repeat(sure * 0, width + slots)])
    for n in range(slots + 1):
        if n >= since:
            yield n, reached
        reached = np.concatenate([sure, reached[:-2] * alpha + reached[2:] * (1 - alpha)])
