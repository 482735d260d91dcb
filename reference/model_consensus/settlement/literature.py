"""The best known formulas for a reversal, as their authors printed them, beside our own.

The first three start the attack with the payment (no pre-mining) and call a tie a success; ours
with ``ATTACK_FROM_THE_SLOT`` is then the same event.  What they count is not the same:

``rosenfeld``                 n confirmations: the block itself is the first, so n = k + 1;
``grunspan_perez_marco``      z blocks mined by the honest, equal to Rosenfeld's n;
``nakamoto``                  z blocks "linked after" the payment's block, so z = k as he words it,
                              but his race is over z honest blocks, as the others' over n: his
                              figure is to be compared at z = k + 1.  It puts a Poisson variable
                              for the adversary's progress, which is an approximation.

``guo_ren_upper`` and ``guo_ren_lower`` bound the probability under a network delay, with
pre-mining and ties to the adversary; their k counts the block itself, so it is our k + 1.
"""

import math
from fractions import Fraction

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.probability import (
    Number,
    binomials,
    central_term,
    check_alpha,
    has_majority,
)


def nakamoto(alpha: float, z: int) -> float:
    """Nakamoto, "Bitcoin: A Peer-to-Peer Electronic Cash System" (2008), section 11.

    His sum is 1 - sum_{j<=z} Poisson(j; z ratio) (1 - ratio^(z-j)); here without the cancellation.
    """
    _check(alpha, z)
    if has_majority(alpha) or z == 0:
        return 1.0
    ratio = alpha / (1 - alpha)
    mean = z * ratio
    at_z = math.exp(z * math.log(mean) - mean - math.lgamma(z + 1))
    # Both sums are relative to this term, which can be too small for a float.
    behind, term = 0.0, 1.0
    for j in range(z, -1, -1):  # Poisson(j) ratio^(z-j)
        behind += term
        term *= j / z
        if term * j < 1e-20:  # what is left is less than j times this, and the first term is 1
            break
    ahead, term, j = 0.0, 1.0, z
    while term > 1e-20 * ahead:  # Poisson(j) for j > z
        j += 1
        term *= mean / j
        ahead += term
    return at_z * (behind + ahead)


def rosenfeld(alpha: Fraction, n: int) -> Fraction:
    """Rosenfeld, "Analysis of Hashrate-Based Double Spending", arXiv 1402.2009: r(q, n), exact."""
    _check(alpha, n)
    if has_majority(alpha):
        return Fraction(1)
    if n == 0:
        return Fraction(1)
    # In units of 1/whole q and p are integers, and so is his sum in units of 1/whole^2n: a common
    # denominator, for which fractions would look in each addition.
    q, whole = alpha.numerator, alpha.denominator
    p = whole - q
    total = 0
    for m in range(n + 1):
        ways = math.comb(m + n - 1, m) * whole ** (n - m)
        total += ways * (p**n * q**m - p**m * q**n)
    return 1 - Fraction(total, whole ** (2 * n))


def grunspan_perez_marco(alpha: float, z: int) -> float:
    """Grunspan and Pérez-Marco, "Double Spend Races", arXiv 1702.02867: I_{4pq}(z, 1/2).

    The regularised incomplete beta function at an integer z is (1 - 2q) sum_{j>=z} C(2j,j) (pq)^j.
    Close to alpha = 1/2 that series is slow, and one minus the sum of j < z is accurate.
    """
    _check(alpha, z)
    if has_majority(alpha) or z == 0:
        return 1.0
    gap = (1 - 2 * alpha) ** 2  # 1 - 4pq
    if z * gap < 1:
        return 1.0 - (1 - 2 * alpha) * math.fsum(central_term(alpha, j) for j in range(z))
    # The sum is relative to its first term: a term of the least float, times 0.99, is that again.
    total, term, j = 0.0, 1.0, z
    while term > 1e-20 * gap * total:
        total += term
        term *= (1 - gap) * (2 * j + 1) / (2 * j + 2)
        j += 1
    return (1 - 2 * alpha) * total * central_term(alpha, z)


def guo_ren_upper(alpha: Number, late: Number, confirmations: int) -> Number:
    """Guo and Ren, "Bitcoin's Latency-Security Analysis Made Simple", arXiv 2203.06357, Theorem 2.

    ``late`` is the probability that a block comes within the delay after the one before it
    (``delay.late_share``): such blocks count as the adversary's.
    """
    _check(alpha, confirmations)
    return _guo_ren((1 - alpha) * (1 - late), confirmations, 1)


def guo_ren_lower(alpha: Number, confirmations: int) -> Number:
    """The lower bound of the same theorem, by the private attack; no delay helps the adversary."""
    _check(alpha, confirmations)
    return _guo_ren(1 - alpha, confirmations, 2)


def _guo_ren(honest: Number, confirmations: int, behind: int) -> Number:
    """Their sum over the lead and the adversary's blocks among the next 2k + 1, minus the lead.

    With ``honest`` the share of the slots, P1 and P2 their geometric and binomial laws and F1 the
    tail of the first, which is 1 below 0.
    """
    number = type(honest)
    if 2 * honest <= 1 or confirmations == 0:
        return number(1)
    ratio = (1 - honest) / honest
    total = ratio**confirmations
    blocks = 2 * confirmations + 1
    laws = list(binomials(1 - honest, blocks - 1))
    tail = np.array([ratio**x for x in range(blocks + behind)])
    for lead in range(1, confirmations + 1):
        missing = blocks - 1 + behind - 2 * lead - 2 * np.arange(blocks - lead + 1)
        caught_up = (laws[blocks - lead] * tail[np.maximum(missing, 0)]).sum()
        total += ratio ** (lead - 1) * (1 - ratio) * caught_up
    return number(total)


def _check(alpha: float | Fraction, confirmations: int) -> None:
    check_alpha(alpha)
    if confirmations < 0:
        raise ModelConsensusError(f"{confirmations} confirmations: the number is negative")
