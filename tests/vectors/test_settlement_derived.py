"""Settlement by the second derivation."""

import math
from fractions import Fraction
from itertools import product

from tests.vectors.derivation import vectors


def differs(slots: str, depth: int, ties: str) -> bool:
    surplus = 1 if ties == "honest" else 0
    return any(
        slots[i:j].count("A") >= slots[i:j].count("h") + surplus
        for i in range(len(slots))
        for j in range(i + 2 * (depth + 1) + surplus, len(slots) + 1)
    )


def ever_reverted(
    alpha: Fraction, depth: int, *, pre_mining: bool, ties: str, block: bool
) -> Fraction:
    """The race, won or lost, until the decision has its depth; then the walk for ever.

    The honest need n wins; the adversary is then behind by so much, its lead before and the best of
    the walk after being geometric with the ratio alpha / (1 - alpha).
    """
    p, ratio = 1 - alpha, alpha / (1 - alpha)
    n = depth if block else depth + 1
    needed = depth + 1 + (1 if ties == "honest" else 0)

    def caught_up(missing: int) -> Fraction:
        """The probability that lead and walk together make up for what is missing."""
        if missing <= 0:
            return Fraction(1)
        walk = [ratio**x for x in range(missing + 1)]
        if not pre_mining:
            return walk[missing]
        exactly = [ratio**x * (1 - ratio) for x in range(missing)]
        return (
            sum((lead * walk[missing - x] for x, lead in enumerate(exactly)), Fraction(0))
            + ratio**missing
        )

    return (
        sum(
            (
                math.comb(n - 1 + m, m) * p**n * alpha**m * caught_up(needed - m)
                for m in range(needed)
            ),
            Fraction(0),
        )
        + (1 - sum((math.comb(n - 1 + m, m) * p**n * alpha**m for m in range(needed)), Fraction(0)))
        if n
        else caught_up(needed)
    )


def reverted_within(alpha: Fraction, depth: int, horizon: int) -> Fraction:
    """Over all strings of slots: pre-mining, ties to the adversary, the height."""
    ratio = alpha / (1 - alpha)
    total = Fraction(0)
    for slots in product((1, -1), repeat=horizon):
        chance = math.prod((alpha if slot > 0 else 1 - alpha for slot in slots), start=Fraction(1))
        # The least lead with which this string reverts the decision.
        balance = 0
        least = 2 * (depth + 1)
        for count, slot in enumerate(slots, 1):
            balance += slot
            least = min(least, max(0, -balance, 2 * (depth + 1) - count))
        total += chance * ratio**least
    return total


def test_settlement_by_a_second_derivation() -> None:
    found = vectors("settlement")
    for case in found["violates"]:
        assert differs(case["slots"], case["depth"], case["ties"]) == case["violates"]
    for depth, count in found["violating_strings_of_length_8"].items():
        strings = map("".join, product("hA", repeat=8))
        assert sum(differs(each, int(depth), "adversary") for each in strings) == count
    for case in found["reversal"]:
        before, ties, target = case["convention"].split(", ")
        expected = ever_reverted(
            Fraction(case["alpha"]),
            case["depth"],
            pre_mining=before == "pre-mining",
            ties=ties.split()[1],
            block=target == "block",
        )
        assert Fraction(case["probability"]) == expected, case
    for case in found["reversal_within"]:
        expected = reverted_within(Fraction(case["alpha"]), case["depth"], case["horizon"])
        assert Fraction(case["probability"]) == expected, case
    for case in found["rosenfeld"]:
        q, n = Fraction(case["alpha"]), case["confirmations"]
        given = sum(
            (
                math.comb(m + n - 1, m) * (1 - q) ** n * q**m * (1 - (q / (1 - q)) ** (n - m))
                for m in range(n)
            ),
            Fraction(0),
        )
        assert Fraction(case["probability"]) == 1 - given, case
    for case in found["selfish_share"]:
        a, g = Fraction(case["alpha"]), Fraction(case["gamma"])  # Eyal and Sirer, equation (8)
        above = a * (1 - a) ** 2 * (4 * a + g * (1 - 2 * a)) - a**3
        assert Fraction(case["share"]) == above / (1 - a * (1 + (2 - a) * a))
