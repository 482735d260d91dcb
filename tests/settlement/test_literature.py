"""Values printed in the literature, and the identities between the formulas.

Nakamoto's tables were compared with several copies of his paper.  Rosenfeld's Table 1 and Grunspan
and Pérez-Marco's table for 0.1 % were compared with quotations of them, not with the papers.
"""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from scipy.special import betainc

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.literature import grunspan_perez_marco, nakamoto, rosenfeld
from model_consensus.settlement.probability import (
    ATTACK_FROM_THE_SLOT,
    least_depth,
    least_depth_of,
    reversal_probability,
)
from tests.support.places import DOCS

# Nakamoto 2008, section 11, page 8: q = 0.1, z = 0 to 10
NAKAMOTO_TENTH = [
    "1.0000000",
    "0.2045873",
    "0.0509779",
    "0.0131722",
    "0.0034552",
    "0.0009137",
    "0.0002428",
    "0.0000647",
    "0.0000173",
    "0.0000046",
    "0.0000012",
]
# the same, q = 0.3, z = 0, 5, ..., 50
NAKAMOTO_THREE_TENTHS = [
    "1.0000000",
    "0.1773523",
    "0.0416605",
    "0.0101008",
    "0.0024804",
    "0.0006132",
    "0.0001522",
    "0.0000379",
    "0.0000095",
    "0.0000024",
    "0.0000006",
]
SHARES = [0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45]
# the same, "P < 0.001"
NAKAMOTO_Z = [5, 8, 11, 15, 24, 41, 89, 340]
# Grunspan and Pérez-Marco, "Double Spend Races", the same table by their formula
GRUNSPAN_PEREZ_MARCO_Z = [6, 9, 13, 20, 32, 58, 133, 539]
# Rosenfeld 2014, Table 1: percent by (hashrate in percent, confirmations)
ROSENFELD_PERCENT = {
    (10, 1): 20,
    (10, 2): 5.6,
    (10, 3): 1.712,
    (10, 4): 0.546,
    (10, 6): 0.059,
    (20, 1): 40,
    (20, 2): 20.8,
    (20, 6): 2.331,
    (30, 1): 60,
    (30, 2): 43.2,
    (30, 6): 15.645,
    (40, 1): 80,
    (40, 2): 70.4,
}


def test_nakamoto_s_tables() -> None:
    assert [f"{nakamoto(0.1, z):.7f}" for z in range(11)] == NAKAMOTO_TENTH
    assert [f"{nakamoto(0.3, z):.7f}" for z in range(0, 51, 5)] == NAKAMOTO_THREE_TENTHS
    assert [least_depth_of(lambda z: nakamoto(q, z), 0.001) for q in SHARES] == NAKAMOTO_Z  # noqa: B023


def test_rosenfeld_s_table() -> None:
    for (percent, n), printed in ROSENFELD_PERCENT.items():
        assert round(100 * float(rosenfeld(Fraction(percent, 100), n)), 3) == printed


def test_grunspan_and_perez_marco_s_table() -> None:
    z = [least_depth_of(lambda z: grunspan_perez_marco(q, z), 0.001) for q in SHARES]  # noqa: B023
    assert z == GRUNSPAN_PEREZ_MARCO_Z
    assert [least_depth(q, 0.001, ATTACK_FROM_THE_SLOT) + 1 for q in SHARES] == z


def test_the_table_of_the_documentation() -> None:
    page = DOCS / "settlement.md"
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:4] == "| 0."]
    assert [line.split(" | ")[:3] for line in lines] == [
        [f"| {q:.2f}", str(nakamoto_z), str(z)]
        for q, nakamoto_z, z in zip(SHARES, NAKAMOTO_Z, GRUNSPAN_PEREZ_MARCO_Z, strict=True)
    ]


def test_rosenfeld_is_ours_without_pre_mining() -> None:
    for alpha in (Fraction(1, 10), Fraction(1, 4), Fraction(5, 11)):
        for depth in range(20):
            ours = reversal_probability(alpha, depth, ATTACK_FROM_THE_SLOT)
            assert rosenfeld(alpha, depth + 1) == ours


def test_grunspan_and_perez_marco_is_the_incomplete_beta_function_and_rosenfeld() -> None:
    for alpha in (0.01, 0.125, 0.25, 0.4375, 0.484375, 0.4990234375):
        for z in (1, 2, 5, 50, 200, 3000):
            value = grunspan_perez_marco(alpha, z)
            if value < 1e-300:
                continue
            assert value == pytest.approx(betainc(z, 0.5, 4 * alpha * (1 - alpha)), rel=1e-10)
            if z <= 50:
                exact = rosenfeld(Fraction(alpha), z)
                assert abs(Fraction(value) / exact - 1) < Fraction(1, 10**12)


def test_nakamoto_without_cancellation() -> None:
    for alpha, z in ((0.1, 3), (0.3, 20), (0.45, 100)):
        ratio = alpha / (1 - alpha)
        mean = z * ratio
        printed = 1 - math.fsum(
            math.exp(-mean) * mean**k / math.factorial(k) * (1 - ratio ** (z - k))
            for k in range(z + 1)
        )
        assert nakamoto(alpha, z) == pytest.approx(printed, rel=1e-9)
    assert 0 < nakamoto(0.1, 300) < 1e-150


def test_majority_and_no_confirmation() -> None:
    for alpha, z in ((0.5, 7), (0.75, 7), (0.2, 0)):
        assert nakamoto(alpha, z) == grunspan_perez_marco(alpha, z) == 1
        assert rosenfeld(Fraction(alpha), z) == 1


def test_bad_input_is_named() -> None:
    for formula in (nakamoto, grunspan_perez_marco):
        with pytest.raises(ModelConsensusError, match="alpha"):
            formula(1.5, 2)
        with pytest.raises(ModelConsensusError, match="-1 confirmations"):
            formula(0.1, -1)
    with pytest.raises(ModelConsensusError, match="-1 confirmations"):
        rosenfeld(Fraction(1, 10), -1)


def poisson_as_printed(alpha: Fraction, z: int) -> float:
    """Nakamoto's sum word for word, in decimal numbers of a thousand digits."""
    with localcontext(prec=1000):
        ratio = Decimal(alpha.numerator) / (alpha.denominator - alpha.numerator)
        mean, total, term = z * ratio, Decimal(0), (-z * ratio).exp()
        for j in range(z + 1):
            total += term * (1 - ratio ** (z - j))
            term *= mean / (j + 1)
        return float(1 - total)


@pytest.mark.parametrize("alpha", [Fraction(1, 4), Fraction(1, 10), Fraction(9, 20)])
@pytest.mark.parametrize("z", [1, 2, 7, 40, 400])
def test_far_below_one_the_floats_are_those_of_exact_sums(alpha: Fraction, z: int) -> None:
    exact = reversal_probability(alpha, z - 1, ATTACK_FROM_THE_SLOT)
    assert grunspan_perez_marco(float(alpha), z) == pytest.approx(float(exact), rel=1e-9)
    assert rosenfeld(alpha, z) == exact
    assert nakamoto(float(alpha), z) == pytest.approx(poisson_as_printed(alpha, z), rel=1e-9)


@pytest.mark.parametrize("z", [2390, 2500, 5000, 10**6])
def test_below_the_least_float_the_sums_end(z: int) -> None:
    exact = 4 * Fraction(3, 16) ** z  # more than the probability: C(2j, j) < 4^j, summed from z
    assert grunspan_perez_marco(0.25, z) <= max(float(exact) if z < 3000 else 0.0, 1e-300)
    assert nakamoto(0.25, z) <= 1e-300
