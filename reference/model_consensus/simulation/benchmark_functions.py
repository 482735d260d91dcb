"""Benchmark functions of the field, in integers: OneMax, the sphere, Rosenbrock's valley."""

from dataclasses import dataclass

import numpy as np

from model_consensus.landscapes import NOISE_UNIT, Vector


def add_noise(
    parent: Vector, noise: Vector, step: int, limit: int, unit: int = NOISE_UNIT
) -> Vector:
    """``parent + step * noise / unit``, rounded to the nearest and within the limit."""
    added = (step * noise + unit // 2) // unit
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


@dataclass(frozen=True)
class Rosenbrock:
    """Rosenbrock's valley on the grid of multiples of 1/256, times 256^4 to stay in integers.

    With ``x = v / 256`` the loss ``sum 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2`` becomes
    ``sum 100 (256 v[i+1] - v[i]^2)^2 + (256 (256 - v[i]))^2``.  Within the limit, 8 = 2048/256, a
    term is below 2^51, so int64 holds the sum of four thousand of them.  Every run starts at the
    customary (-1.2, 1, -1.2, 1, ...), rounded.
    """

    dimension: int = 4
    name = "rosenbrock"
    limit = 2048

    def describe(self) -> str:
        """See :class:`Landscape`."""
        return f"rosenbrock/1 dimension={self.dimension} scale=256 step=8/50 limit={self.limit}"

    def initial(self) -> Vector:
        """(-307, 256, -307, 256, ...)."""
        return np.resize(np.array([-307, 256], np.int64), self.dimension)

    def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
        """The step halves every fifty generations, from 8 down to 1."""
        return add_noise(parent, noise, max(1, 8 >> (generation - 1) // 50), self.limit)

    def losses(self, models: Vector) -> list[int]:
        """See :class:`Landscape`."""
        here, following = models[:, :-1], models[:, 1:]
        valley, slope = 256 * following - here * here, 256 * (256 - here)
        return [int(loss) for loss in (100 * valley * valley + slope * slope).sum(axis=1)]
