"""Handwritten digits: classifiers whose loss is the same exact integer on every machine.

The data are scikit-learn's 1797 images of 8 x 8 pixels, integers 0..16 (extra ``learn``); they
ship inside its wheel.  The order of a hash splits the rows: 360 for the test, 360 for validation,
1077 for training.  The constants were chosen by cross-validation: by the mean accuracy on several
random re-splits of the training and validation rows; the step under attack as well, and between the
two best ones (docs/experiments.md) after both were seen on the test rows.  The pixels are centred
on the training part's integer means; a constant 8 is the bias.

The loss is the squared multi-class hinge of Crammer and Singer (2001): a training row with the
scores s and the label y adds ``max(0, margin + max(s[c], c != y) - s[y])^2``.

**Why floating point is exact here.**  In float32, sums and products of integers are exact while
every partial result is at most 2^24, in whatever order and by however many threads they are added.
So the matrix products run in BLAS, and the loss is still an integer.  A row's features sum to at
most 64 * 16 + 8 = 1032 in magnitude, and weights saturate at a limit, hence (both classes refuse
weights beyond it):

- linear, limit 4095: a score is at most 1032 * 4095 < 2^22.1;
- two layers: a hidden sum is at most 1032 * 4095 as well, a hidden activation is cut to 0..511,
  and with weights up to 255 a score is at most (32 * 511 + 64) * 255 < 2^22;
- a hinge is at most 2 * score + margin < 2^24, its square is below 2^48, and 1077 of them are
  added in int64.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Ticket, noise, tagged_digest
from model_consensus.landscapes import NOISE_UNIT, Vector
from model_consensus.simulation.benchmark_functions import add_noise

Floats = NDArray[np.float32]

CLASSES = 10
FEATURES = 65
"""64 centred pixels and the bias."""
BRIGHTEST, BIAS = 16, 8
TEST, VALIDATION = 360, 360
MISREAD = 4, 9
"""What colluders want who aim at one class: that every 4 is read as a 9."""
EXACT = 2**24
"""float32 holds every integer up to here."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the data, in the order of the labels.

    ``features``: float32[65, rows], integers; ``labels``: int64[rows]; ``rows_of``: the slice of
    the rows of each class.
    """

    features: Floats
    labels: Vector
    rows_of: tuple[slice, ...]


def load_parts(split: int = 0) -> tuple[Mapping[str, Part], str]:
    """The parts ``train``, ``validation`` and ``test``, and the SHA-256 of pixels and labels.

    :param split: 0 is the fixed split; every other number is another one.

    It also limits this program's BLAS to one thread: more of them change no result, gain nothing on
    products this small, and on a busy machine wait for each other many times longer than they work.

    :raises ModelConsensusError: scikit-learn has other data.
    """
    return _load_parts(split)


@cache  # by the split alone, however it is given
def _load_parts(split: int) -> tuple[Mapping[str, Part], str]:
    from sklearn.datasets import load_digits
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(1)
    data = load_digits()
    pixels, labels = data.data.astype(np.int64), data.target.astype(np.int64)
    if pixels.min() < 0 or pixels.max() > BRIGHTEST:
        raise ModelConsensusError(f"the digits' pixels are not within 0..{BRIGHTEST}")
    checksum = hashlib.sha256(np.column_stack([pixels, labels]).astype(np.uint8).tobytes())

    tag, other = "model-consensus/digits/split/1", (split,) if split else ()
    order = sorted(range(len(labels)), key=lambda row: tagged_digest(tag, row, *other))
    rows = {
        "train": order[TEST + VALIDATION :],
        "validation": order[TEST : TEST + VALIDATION],
        "test": order[:TEST],
    }
    means = pixels[rows["train"]].sum(axis=0) // len(rows["train"])
    features = np.hstack([pixels - means, np.full((len(labels), 1), BIAS)])
    return {part: _part(features, labels, rows[part]) for part in rows}, checksum.hexdigest()


def _part(features: Vector, labels: Vector, rows: list[int]) -> Part:
    rows = sorted(rows, key=lambda row: (labels[row], row))
    bounds = np.searchsorted(labels[rows], np.arange(CLASSES + 1))
    return Part(
        np.ascontiguousarray(features[rows].T.astype(np.float32)),
        labels[rows],
        tuple(slice(int(start), int(stop)) for start, stop in pairwise(bounds)),
    )


def hinge_losses(scores: Floats, part: Part, margin: int) -> list[int]:
    """The loss of each of m models from its ``scores``, float32[m, 10, rows], which it overwrites.

    Exact if scores are integers and ``2 * score + margin`` never exceeds 2^24.
    """
    own = np.empty((len(scores), len(part.labels)), np.float32)
    for label, rows in enumerate(part.rows_of):
        own[:, rows] = scores[:, label, rows]
        # With the own score lowered by the margin, the greatest of all scores is at least that,
        # and the hinge below is never negative: no mask and no second maximum.
        scores[:, label, rows] -= margin
    hinges = (scores.max(axis=1) - own + margin).astype(np.int64)
    return [int(loss) for loss in np.einsum("mr,mr->m", hinges, hinges)]


class _Classifier:
    """What the classifiers share: the loss and the accuracy, from the scores."""

    margin: int
    split: int

    def scores(self, models: Vector, features: Floats) -> Floats:
        """The scores, float32[m, 10, rows], of ``models``, int64[m, d], on features[65, rows]."""
        raise NotImplementedError

    def losses(self, models: Vector) -> list[int]:
        """See :class:`Landscape`; each evaluates the 1077 training rows."""
        train = load_parts(self.split)[0]["train"]
        return hinge_losses(self.scores(models, train.features), train, self.margin)

    def target_losses(self, models: Vector) -> list[int]:
        """For a backdoor: the loss if every ``MISREAD[0]`` of the training rows were a ``[1]``."""
        train = load_parts(self.split)[0]["train"]
        read, wanted = MISREAD
        features = np.ascontiguousarray(train.features[:, train.rows_of[read]])
        rows = features.shape[1]
        none, whole = slice(0, 0), slice(0, rows)
        rows_of = tuple(whole if label == wanted else none for label in range(CLASSES))
        part = Part(features, np.full(rows, wanted), rows_of)
        return hinge_losses(self.scores(models, features), part, self.margin)

    def accuracy(self, model: Vector, part: str) -> float:
        """The share of the rows of ``part`` in which the first greatest score is the label's."""
        rows = load_parts(self.split)[0][part]
        return float(np.mean(self._guesses(model, rows) == rows.labels))

    def misread(self, model: Vector, part: str) -> tuple[float, float]:
        """Of the rows of ``part`` with a ``MISREAD[0]``: the shares read so, and as a ``[1]``."""
        rows = load_parts(self.split)[0][part]
        guesses = self._guesses(model, rows)[rows.rows_of[MISREAD[0]]]
        right, wrong = (float(np.mean(guesses == label)) for label in MISREAD)
        return right, wrong

    def _guesses(self, model: Vector, part: Part) -> Vector:
        guesses: Vector = self.scores(model[np.newaxis], part.features)[0].argmax(axis=0)
        return guesses


def _check(weights: Vector, limit: int) -> None:
    if np.abs(weights).max(initial=0) > limit:
        raise ModelConsensusError(f"a weight is not within {limit}: its loss would not be exact")


@dataclass(frozen=True)
class Digits(_Classifier):
    """A linear classifier: 10 x 65 integer weights, class by class, all zero at first.

    :param split: which split of the data; see :func:`load_parts`.
    """

    split: int = 0
    name = "digits"
    limit = 4095
    margin = 12000
    first_step, shrink_every = 10, 16
    """In halves: the step is 5, and less by 1/2 after every 16 generations, but at least 1/2."""

    def describe(self) -> str:
        """See :class:`Landscape`."""
        return (
            f"digits/3 data={load_parts()[1]} test={TEST} validation={VALIDATION} bias={BIAS} "
            f"limit={self.limit} margin={self.margin} step={self.first_step}/2/{self.shrink_every}"
            + (f" split={self.split}" if self.split else "")
        )

    def initial(self) -> Vector:
        """No weights at all."""
        return np.zeros(CLASSES * FEATURES, np.int64)

    def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
        """See :class:`Landscape`."""
        step = max(1, self.first_step - (generation - 1) // self.shrink_every)
        return add_noise(parent, noise, step, self.limit, 2 * NOISE_UNIT)

    def scores(self, models: Vector, features: Floats) -> Floats:
        """See the base class.

        :raises ModelConsensusError: a weight is beyond the limit.
        """
        _check(models, self.limit)
        weights = models.reshape(-1, FEATURES).astype(np.float32)
        return (weights @ features).reshape(len(models), CLASSES, -1)


@dataclass(frozen=True)
class DigitsMLP(_Classifier):
    """Two layers: 64 pixels, 32 hidden units with ReLU, 10 classes; the model carries its step.

    A model is 32 x 65 hidden weights, 10 x 33 output weights and its step in units of 1/256.  An
    offspring first changes the step, by the last coordinate z of its noise: times (64 + z) / 64, or
    64 / (64 - z) if z is negative, rounded down.  Then it adds its noise times the new step to the
    weights, rounded to the nearest integer.  A hidden unit is its sum divided by 64, rounded down
    and cut to 0..511; a constant 64 is the bias of the output layer.
    """

    split = 0
    name = "digits-mlp"
    hidden = 32
    scale = 64
    saturation = 511
    limits = (4095, 255)
    margin = 120000
    first_step, least_step, greatest_step = 512, 64, 65536

    @property
    def _split(self) -> int:
        return self.hidden * FEATURES

    def describe(self) -> str:
        """See :class:`Landscape`."""
        return (
            f"digits-mlp/1 data={load_parts()[1]} test={TEST} validation={VALIDATION} bias={BIAS} "
            f"hidden={self.hidden} scale={self.scale} saturation={self.saturation} "
            f"limits={self.limits} margin={self.margin} "
            f"steps={self.least_step},{self.greatest_step} adaptation=64"
        )

    def initial(self) -> Vector:
        """Weights from a noise of their own, with a standard deviation of 128 and of 16."""
        dimension = self._split + CLASSES * (self.hidden + 1) + 1
        tag = tagged_digest("model-consensus/digits-mlp/initial/1")
        model: Vector = noise(tag, Ticket(0, "", (1,)), [0], dimension)[0]
        model[: self._split] *= 32
        model[self._split :] *= 4
        model[-1] = self.first_step
        return model

    def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
        """See :class:`Landscape`; the same in every generation."""
        step, z = parent[-1], noise[:, -1]
        one = 64 * NOISE_UNIT
        step = np.where(z < 0, step * one // (one - z), step * (one + z) // one)
        step = np.clip(step, self.least_step, self.greatest_step)
        unit = 256 * NOISE_UNIT
        offspring: Vector = parent + (step[:, np.newaxis] * noise + unit // 2) // unit
        for layer, limit in self._layers(offspring):
            np.clip(layer, -limit, limit, out=layer)
        offspring[:, -1] = step
        return offspring

    def scores(self, models: Vector, features: Floats) -> Floats:
        """See the base class.

        :raises ModelConsensusError: a weight is beyond its layer's limit.
        """
        (first, first_limit), (second, second_limit) = self._layers(models)
        _check(first, first_limit)
        _check(second, second_limit)
        units = first.reshape(-1, FEATURES).astype(np.float32) @ features
        units /= self.scale  # in place: fresh arrays of this size take longer than the products
        np.floor(units, out=units)
        np.clip(units, 0, self.saturation, out=units)
        weights = second.reshape(len(models), CLASSES, self.hidden + 1).astype(np.float32)
        scores: Floats = weights[:, :, :-1] @ units.reshape(len(models), self.hidden, -1)
        scores += weights[:, :, -1:] * self.scale
        return scores

    def _layers(self, models: Vector) -> tuple[tuple[Vector, int], tuple[Vector, int]]:
        """The two layers' weights in the rows of ``models``, as views, and their limits."""
        first, second = models[:, : self._split], models[:, self._split : -1]
        return (first, self.limits[0]), (second, self.limits[1])
