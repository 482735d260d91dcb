"""Rosenbrock's valley, in integers."""

from dataclasses import dataclass

import numpy as np

from model_consensus.landscapes import Vector, add_noise


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
