"""What is searched: models are integer vectors, and a landscape gives each an exact integer loss.

The rule of this file: a landscape is public and deterministic.  It never sees a random generator,
for the noise of a ticket comes from :mod:`model_consensus.evolutionary_search`, and everything here
is integer arithmetic whose result is the same on every machine.  Coordinates saturate at a limit,
so that no sum of squares overflows however long a search runs.
"""

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
