"""Landscapes by name, digits included, and those of other modules, whose answers are checked."""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.landscapes import Landscape, Vector
from model_consensus.simulation.benchmark_functions import OneMax, Rosenbrock, Sphere
from model_consensus.simulation.setting import unknown


def _digits() -> Landscape:
    from model_consensus.simulation.digits import Digits

    return Digits()


def _digits_mlp() -> Landscape:
    from model_consensus.simulation.digits import DigitsMLP

    return DigitsMLP()


LANDSCAPES: Mapping[str, Callable[[], Landscape]] = {
    "onemax": OneMax,
    "sphere": Sphere,
    "rosenbrock": Rosenbrock,
    "digits": _digits,
    "digits-mlp": _digits_mlp,
}
"""Every landscape that has a name.  The digits need scikit-learn (extra ``learn``)."""


def load_landscape(name: str) -> Landscape:
    """The landscape of that name, or what ``module:attribute`` makes when it is called.

    A module is looked for in the current folder too, after all others.  The answers of what it
    makes are checked: see :class:`CheckedLandscape`.

    :raises ModelConsensusError: there is none, or what the attribute makes is not a landscape.
    """
    if name in LANDSCAPES:
        return LANDSCAPES[name]()
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ModelConsensusError(
            f"{unknown('landscape', name, list(LANDSCAPES))} (one of your own is module:attribute)"
        )
    if os.getcwd() not in sys.path:  # that of a console script has not the current folder
        sys.path.append(os.getcwd())
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError, ValueError, SyntaxError) as error:
        raise ModelConsensusError(f"landscape {name!r} cannot be loaded: {error}") from error
    for needed in ("name", "describe", "initial", "mutate", "losses"):
        if not hasattr(made, needed):
            raise ModelConsensusError(f"landscape {name!r} has no {needed!r}")
    return CheckedLandscape(made, name)


class CheckedLandscape:
    """A landscape of somebody else's whose answers are checked as they come.

    Every method raises `ModelConsensusError` where the answer is not what :class:`Landscape` asks
    for.  In each call of ``losses`` the first model is evaluated twice: a landscape whose losses
    are not the same twice has no place in a consensus.

    :param asked: the name by which it was asked for, for messages.
    """

    def __init__(self, landscape: Landscape, asked: str) -> None:
        self._landscape = landscape
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._landscape, name)

    @property
    def name(self) -> str:
        """See :class:`Landscape`."""
        return self._landscape.name

    def describe(self) -> str:
        """See :class:`Landscape`."""
        text: object = self._landscape.describe()
        if not isinstance(text, str):
            raise self._error(f"describe() must be a string, not {text!r}")
        return text

    def initial(self) -> Vector:
        """See :class:`Landscape`."""
        model = self._landscape.initial()
        self._check_array("initial()", model, np.shape(model)[:1] or (1,))
        return model

    def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
        """See :class:`Landscape`."""
        offspring = self._landscape.mutate(parent, noise, generation)
        self._check_array("mutate()", offspring, noise.shape)
        return offspring

    def losses(self, models: Vector) -> list[int]:
        """See :class:`Landscape`."""
        losses = list(self._landscape.losses(models))
        if len(losses) != len(models):
            raise self._error(f"losses() has {len(losses)} losses for {len(models)} models")
        for loss in losses:
            if type(loss) is not int:
                kind = f"{type(loss).__module__}.{type(loss).__name__}".removeprefix("builtins.")
                raise self._error(f"a loss must be a Python int, not {loss} of type {kind}")
            if loss < 0:
                raise self._error(f"a loss must be at least 0, not {loss}")
        again = list(self._landscape.losses(models[:1])) if losses else []
        if again != losses[:1]:
            raise self._error(f"one model has the loss {losses[0]}, and then {again[0]}")
        return losses

    def _check_array(self, what: str, array: object, shape: tuple[int, ...]) -> None:
        if not isinstance(array, np.ndarray) or array.dtype != np.int64 or array.shape != shape:
            kind = getattr(array, "dtype", type(array).__name__)
            found = f"{kind}{list(getattr(array, 'shape', ()))}"
            raise self._error(f"{what} must be an array int64{list(shape)}, not {found}")

    def _error(self, problem: str) -> ModelConsensusError:
        return ModelConsensusError(f"landscape {self._asked!r}: {problem}")
