"""Byzantine-robust aggregators of gradient estimates, as the literature defines them.

Each takes the vectors of n workers, float64[n, d], and f, the number of them that may be Byzantine,
with n > 2f, and gives one vector.  The definitions are those of the library byzfl 0.0.11, which is
not used because it brings several gigabytes of torch; ``python -m experiments confirm`` compares
these with it where it is installed.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]
Aggregate = Callable[[Vectors, int], Vectors]

WEISZFELD_STEPS, WEISZFELD_FLOOR = 10, 0.1
"""Of the geometric median: iterations, and the least distance that is divided by."""


def mean(vectors: Vectors, f: int) -> Vectors:
    """The mean, which withstands nothing."""
    average: Vectors = vectors.mean(axis=0)
    return average


def median(vectors: Vectors, f: int) -> Vectors:
    """The median of each coordinate (Yin et al. 2018)."""
    middle: Vectors = np.median(vectors, axis=0)
    return middle


def trimmed_mean(vectors: Vectors, f: int) -> Vectors:
    """The mean of each coordinate without its f least and f greatest (Yin et al. 2018)."""
    return mean(np.sort(vectors, axis=0)[f : len(vectors) - f], f)


def _distances(vectors: Vectors) -> Vectors:
    """float64[n, n]; the differences are small and few, so they are taken directly."""
    distances: Vectors = np.linalg.norm(vectors[:, np.newaxis] - vectors, axis=2)
    return distances


def _krum_scores(vectors: Vectors, f: int) -> Vectors:
    """The mean squared distance of each vector to its n - f - 1 nearest others."""
    nearest = np.sort(_distances(vectors) ** 2, axis=1)[:, 1 : len(vectors) - f]
    scores: Vectors = nearest.mean(axis=1)
    return scores


def krum(vectors: Vectors, f: int) -> Vectors:
    """The vector with the least score (Blanchard et al. 2017)."""
    chosen: Vectors = vectors[_krum_scores(vectors, f).argmin()]
    return chosen


def multi_krum(vectors: Vectors, f: int) -> Vectors:
    """The mean of the n - f vectors with the least scores (Blanchard et al. 2017)."""
    return mean(vectors[np.argsort(_krum_scores(vectors, f))[: len(vectors) - f]], f)


def geometric_median(vectors: Vectors, f: int) -> Vectors:
    """The point with the least sum of distances, by smoothed Weiszfeld (Pillutla et al. 2022)."""
    point = np.zeros(vectors.shape[1])
    for _ in range(WEISZFELD_STEPS):
        distances = np.linalg.norm(vectors - point, axis=1)
        weights = 1 / np.maximum(distances, WEISZFELD_FLOOR)
        point = weights @ vectors / weights.sum()
    return point


def nnm_trimmed_mean(vectors: Vectors, f: int) -> Vectors:
    """The trimmed mean of nearest-neighbour means (Allouah et al. 2023).

    Each vector is first replaced by the mean of its n - f nearest, itself included.
    """
    nearest = np.argsort(_distances(vectors), axis=1)[:, : len(vectors) - f]
    return trimmed_mean(vectors[nearest].mean(axis=1), f)


AGGREGATORS: Mapping[str, Aggregate] = {
    "mean": mean,
    "median": median,
    "trimmed-mean": trimmed_mean,
    "krum": krum,
    "multi-krum": multi_krum,
    "geometric-median": geometric_median,
    "nnm": nnm_trimmed_mean,
}
"""By name; ``nnm`` is followed by the trimmed mean."""


def confirm() -> str:
    """Compare all of them with byzfl's on random vectors, outliers among them; a line to print.

    :raises ImportError: byzfl is not installed.
    :raises AssertionError: a vector differs by more than rounding.
    """
    from byzfl import (
        NNM,
        Average,
        GeometricMedian,
        Krum,
        Median,
        MultiKrum,
        TrMean,
    )

    generator = np.random.default_rng(1)
    compared = 0
    for n, f in [(4, 1), (7, 0), (7, 1), (7, 2), (7, 3), (12, 5)]:
        theirs = {
            "mean": Average(),
            "median": Median(),
            "trimmed-mean": TrMean(f),
            "krum": Krum(f),
            "multi-krum": MultiKrum(f),
            "geometric-median": GeometricMedian(nu=WEISZFELD_FLOOR, T=WEISZFELD_STEPS),
            "nnm": lambda vectors, f=f: TrMean(f)(NNM(f)(vectors)),
        }
        for outlier in (1.0, 100.0):
            vectors = generator.standard_normal((n, 50))
            vectors[:f] *= outlier
            for name, aggregate in AGGREGATORS.items():
                np.testing.assert_allclose(
                    aggregate(vectors, f), theirs[name](vectors), rtol=1e-9, atol=1e-12
                )
                compared += 1
    return f"{compared} aggregates equal byzfl's"
