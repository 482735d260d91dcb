"""What is searched: models are integer vectors, and a landscape gives each an exact integer loss.

The rule of this file: a landscape is public and deterministic.  It never sees a random generator,
for the noise of a ticket comes from :mod:`model_consensus.evolutionary_search`, and everything here
is integer arithmetic whose result is the same on every machine.  Coordinates saturate at a limit,
so that no sum of squares overflows however long a search runs.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.int64]
"""A model's coordinates, or several models' as the rows of a matrix."""

NOISE_UNIT = 64
"""Noise comes in units of 1/64: a single draw's has multiples of 64, with a deviation of 256."""


class Landscape(Protocol):
    """A search problem: the genesis, how noise makes offspring of a parent, and the loss."""

    @property
    def name(self) -> str:
        """The name under which people ask for it."""

    def describe(self) -> str:
        """Everything that fixes the problem (constants, schedule, data), for the genesis digest."""

    def initial(self) -> Vector:
        """The genesis model: int64[d]."""

    def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
        """The offspring, int64[m, d], of ``parent``, int64[d], by ``noise``, int64[m, d].

        The noise is in units of 1/``NOISE_UNIT``.  Exact, a function of its arguments alone, and
        row i depends on row i of the noise alone.
        """

    def losses(self, models: Vector) -> list[int]:
        """The exact loss of each row of ``models``, int64[m, d]; never negative, less is better."""


def add_noise(parent: Vector, noise: Vector, step: int, limit: int) -> Vector:
    """``parent + step * noise / NOISE_UNIT``, rounded to the nearest and within the limit."""
    added = (step * noise + NOISE_UNIT // 2) // NOISE_UNIT
    offspring: Vector = np.clip(parent + added, -limit, limit)
    return offspring


@dataclass(frozen=True)
class OneMax:
    """Bits, all zero at first; the loss is the number of zeros.

    A bit flips when its noise is at least 9, which has the probability 1.64%: one of 64 bits.
    """

    bits: int = 64
    name = "onemax"

    def describe(self) -> str:
        """See :class:`Landscape`."""
        return f"onemax/1 bits={self.bits} flip=9"

    def initial(self) -> Vector:
        """All zero."""
        return np.zeros(self.bits, np.int64)

    def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
        """Flip the bits whose noise is at least 9; the same in every generation."""
        return parent ^ (noise >= 9 * NOISE_UNIT)

    def losses(self, models: Vector) -> list[int]:
        """See :class:`Landscape`."""
        return [int(loss) for loss in self.bits - models.sum(axis=1)]


@dataclass(frozen=True)
class Sphere:
    """The sum of the squares of the coordinates, which all start at 1000.

    The step halves every ten generations, from 32 down to 1.  With coordinates within 2^20 the
    loss is at most ``dimension * 2^40``.
    """

    dimension: int = 10
    name = "sphere"
    limit = 2**20

    def describe(self) -> str:
        """See :class:`Landscape`."""
        return f"sphere/1 dimension={self.dimension} start=1000 step=32/10 limit={self.limit}"

    def initial(self) -> Vector:
        """1000 everywhere."""
        return np.full(self.dimension, 1000, np.int64)

    def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
        """See :class:`Landscape`."""
        return add_noise(parent, noise, max(1, 32 >> (generation - 1) // 10), self.limit)

    def losses(self, models: Vector) -> list[int]:
        """See :class:`Landscape`."""
        return [int(loss) for loss in (models * models).sum(axis=1)]
