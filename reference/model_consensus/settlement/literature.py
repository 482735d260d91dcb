"""The best known formulas for a reversal, as their authors printed them, beside our own.

All three start the attack with the payment (no pre-mining) and call a tie a success; ours with
``ATTACK_FROM_THE_SLOT`` is then the same event.  What they count is not the same:

``rosenfeld``                 n confirmations: the block itself is the first, so n = k + 1;
``grunspan_perez_marco``      z blocks mined by the honest, equal to Rosenfeld's n;
``nakamoto``                  z blocks "linked after" the payment's block, so z = k as he words it,
                              but his race is over z honest blocks, as the others' over n: his
                              figure is to be compared at z = k + 1.  It puts a Poisson variable
                              for the adversary's progress, which is an approximation.
"""

import math
from fractions import Fraction

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.probability import central_term, check_alpha, has_majority


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
    behind, term = 0.0, at_z
    for j in range(z, -1, -1):  # Poisson(j) ratio^(z-j)
        behind += term
        term *= j / z
    ahead, term, j = 0.0, at_z, z
    while term > 1e-20 * ahead:  # Poisson(j) for j > z
        j += 1
        term *= mean / j
        ahead += term
    return behind + ahead


def rosenfeld(alpha: Fraction, n: int) -> Fraction:
    """Rosenfeld, "Analysis of Hashrate-Based Double Spending", arXiv 1402.2009: r(q, n), exact."""
    _check(alpha, n)
    if has_majority(alpha):
        return Fraction(1)
    q, p = alpha, 1 - alpha
    return 1 - sum(
        (math.comb(m + n - 1, m) * (p**n * q**m - p**m * q**n) for m in range(n + 1 if n else 0)),
        Fraction(0),
    )


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
    total, term, j = 0.0, central_term(alpha, z), z
    while term > 1e-20 * gap * total:
        total += term
        term *= (1 - gap) * (2 * j + 1) / (2 * j + 2)
        j += 1
    return (1 - 2 * alpha) * total


def _check(alpha: float | Fraction, confirmations: int) -> None:
    check_alpha(alpha)
    if confirmations < 0:
        raise ModelConsensusError(f"{confirmations} confirmations: the number is negative")
