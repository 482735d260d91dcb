"""Distributed evolution strategies with a central server, the baseline with gradient estimates.

As Salimans et al. (2017): a worker evaluates antithetic pairs of Gaussian perturbations, shapes its
losses by rank, and sends its estimate of the gradient.  The server aggregates the estimates and
takes a step.  Byzantine workers see what all others send and then send what they like; they send
the same vector, as in the literature's attacks.  The model is the linear classifier of
:class:`model_consensus.simulation.digits.Digits` with real weights; the loss and the limit of a
weight are the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from experiments.aggregators import Aggregate, Vectors
from model_consensus.landscapes import Vector
from model_consensus.simulation.digits import Digits

Floats = NDArray[np.float64]
GradientAttack = Callable[[Floats, np.random.Generator], Floats]
"""What a Byzantine worker sends, float64[d], when the others send float64[h, d]."""

NOISE, ALIE, IPM = 100.0, 1.5, 2.0
"""Factors: of the noise's standard deviation, and byzfl's customary ones of two attacks."""
AVERAGED, SQUARED, TINY = 0.9, 0.999, 1e-8
"""Decay of averages of estimates and of their squares, as is customary; Adam's epsilon."""


def _deviation(honest: Floats) -> Floats:
    """The standard deviation of each coordinate; 0 if one worker alone is honest."""
    if len(honest) == 1:
        return np.zeros(honest.shape[1])
    deviation: Floats = honest.std(axis=0, ddof=1)
    return deviation


def _mean(honest: Floats) -> Floats:
    average: Floats = honest.mean(axis=0)
    return average


def _mimic(honest: Floats, generator: np.random.Generator) -> Floats:
    first: Floats = honest[0]
    return first


GRADIENT_ATTACKS: Mapping[str, GradientAttack] = {
    "zero": lambda honest, generator: np.zeros(honest.shape[1]),
    "noise": lambda honest, generator: (
        NOISE * _deviation(honest) * generator.standard_normal(honest.shape[1])
    ),
    "sign-flip": lambda honest, generator: -_mean(honest),
    "ipm": lambda honest, generator: -IPM * _mean(honest),
    "alie": lambda honest, generator: _mean(honest) + ALIE * _deviation(honest),
    "mimic": _mimic,
}
"""Zeros; large noise; the mean turned around; inner-product manipulation (Xie et al. 2020); a
little is enough (Baruch et al. 2019); the first honest worker's (Karimireddy et al. 2022)."""


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters.

    :ivar sigma: the standard deviation of the perturbations.
    :ivar rate: the learning rate.
    :ivar optimizer: "adam": the server's; "momentum": plain steps by the server, and each worker
        sends an average of its estimates over time (Karimireddy et al. 2021).
    """

    sigma: float
    rate: float
    optimizer: str


def shaped(losses: Floats) -> Floats:
    """Centred ranks in -0.5 .. 0.5 of each row of float64[workers, evaluations]."""
    ranks = losses.argsort(axis=1).argsort(axis=1)
    centred: Floats = ranks / (losses.shape[1] - 1) - 0.5
    return centred


def train(
    aggregate: Aggregate,
    attack: GradientAttack | None,
    settings: Settings,
    *,
    processes: int,
    byzantine: int,
    draws: int,
    generations: int,
    seed: int,
) -> Floats:
    """The weights, float64[650], after the last generation.

    :param draws: evaluations of a worker in a generation, an even number.
    """
    landscape = Digits()
    generator = np.random.default_rng(seed)
    honest, pairs = processes - byzantine, draws // 2
    weights = landscape.initial().astype(np.float64)
    averages = np.zeros((honest, len(weights)))
    first = second = np.zeros(len(weights))
    for generation in range(1, generations + 1):
        directions = generator.standard_normal((honest, pairs, len(weights)))
        steps = settings.sigma * np.concatenate([directions, -directions], axis=1)
        losses = _losses(landscape, weights + steps.reshape(-1, len(weights)))
        ranks = shaped(losses.reshape(honest, draws))
        signs = ranks[:, :pairs] - ranks[:, pairs:]
        sent = np.einsum("hp,hpd->hd", signs, directions) / pairs
        if settings.optimizer == "momentum":
            averages = AVERAGED * averages + (1 - AVERAGED) * sent
            sent = averages
        if byzantine and attack is not None:
            forged = attack(sent, generator)
            sent = np.concatenate([np.tile(forged, (byzantine, 1)), sent])
        step = aggregate(sent, byzantine)
        if settings.optimizer == "adam":
            first = AVERAGED * first + (1 - AVERAGED) * step
            second = SQUARED * second + (1 - SQUARED) * step**2
            unbiased = first / (1 - AVERAGED**generation)
            step = unbiased / (np.sqrt(second / (1 - SQUARED**generation)) + TINY)
        weights = np.clip(weights - settings.rate * step, -landscape.limit, landscape.limit)
    return weights


def _losses(landscape: Digits, models: Vectors) -> Floats:
    """The losses of models with real weights, float64[m, 650]; beyond the limit they are cut.

    The landscape's arithmetic is float32 inside: exact for integers, close enough for ranks here.
    """
    within = np.clip(models, -landscape.limit, landscape.limit)
    return np.array(landscape.losses(cast(Vector, within)), np.float64)


def accuracy(weights: Floats, part: str) -> float:
    """The share of the rows of ``part`` that real weights, float64[650], classify rightly."""
    return Digits().accuracy(cast(Vector, weights), part)
