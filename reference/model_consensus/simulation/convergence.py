"""How long learning over Total Order Broadcast takes at most on OneMax, whoever orders the offers.

For the elitist rule with single draws and μ = 1.  The adversary sees all losses of a generation,
orders the offers, and offers what it likes; it does not look ahead at the noise of later ones.

By T3 a generation is no worse than the best offer of all but n - λ correct processes, whichever the
adversary leaves out.  So it is better than its parent if more than n - λ correct processes have an
offer that is.  These are independent, as the noise of each draw is that of a hash of its own, and
the loss never increases: by the method of fitness levels (Wegener 2001), the expected number of
generations is at most the sum, over the losses on the way, of one over the chance to leave it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import comb

FLIPS = Fraction(sum(comb(64, ones) for ones in range(32 + 9, 65)), 2**64)
"""The chance that a draw flips a bit of OneMax: a noise of at least 9."""


@dataclass(frozen=True)
class Instance:
    """n processes, f of them Byzantine, λ, the draws of each, and the bits of OneMax."""

    n: int
    f: int
    lambda_: int
    draws: int
    bits: int


def binomial(trials: int, chance: Fraction, successes: int) -> Fraction:
    """The chance of so many successes."""
    failures = trials - successes
    return comb(trials, successes) * chance**successes * (1 - chance) ** failures


def better_draw(bits: int, zeros: int, flips: Fraction = FLIPS) -> Fraction:
    """The chance that a draw on a model with so many zeros has fewer."""
    return sum(
        (
            binomial(zeros, flips, gained) * binomial(bits - zeros, flips, lost)
            for gained in range(1, zeros + 1)
            for lost in range(min(gained, bits - zeros + 1))
        ),
        Fraction(0),
    )


def leaves(instance: Instance, zeros: int, flips: Fraction = FLIPS) -> Fraction:
    """The chance that a generation has fewer zeros than its parent: exact against the worst order.

    A process's first draw is the parent again, so it has ``draws - 1`` others.
    """
    offer = 1 - (1 - better_draw(instance.bits, zeros, flips)) ** (instance.draws - 1)
    correct, late = instance.n - instance.f, instance.n - instance.lambda_
    return sum((binomial(correct, offer, k) for k in range(late + 1, correct + 1)), Fraction(0))


def leaves_by_union(instance: Instance, zeros: int, flips: Fraction = FLIPS) -> Fraction:
    """A lower bound of it: the union bound over the sets of λ - f processes that may be left."""
    correct, counted = instance.n - instance.f, instance.lambda_ - instance.f
    none = (1 - better_draw(instance.bits, zeros, flips)) ** ((instance.draws - 1) * counted)
    return max(Fraction(0), 1 - comb(correct, counted) * none)


def most_generations(
    instance: Instance,
    leave: Callable[[Instance, int], Fraction] = leaves,
) -> Fraction:
    """An upper bound of the expected number of generations from all zeros to all ones.

    :raises ZeroDivisionError: a chance in the sum is 0.
    """
    return sum((1 / leave(instance, zeros) for zeros in range(1, instance.bits + 1)), Fraction(0))
