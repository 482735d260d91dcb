"""Landscapes by name, digits included."""

import importlib
from collections.abc import Callable, Mapping
from typing import cast

from model_consensus.errors import ModelConsensusError
from model_consensus.landscapes import Landscape, OneMax, Rosenbrock, Sphere


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

    :raises ModelConsensusError: there is none, or what the attribute makes is not a landscape.
    """
    if name in LANDSCAPES:
        return LANDSCAPES[name]()
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ModelConsensusError(
            f"no landscape {name!r}: take one of {', '.join(LANDSCAPES)}, or module:attribute"
        )
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ModelConsensusError(f"landscape {name!r} cannot be loaded: {error}") from error
    for needed in ("name", "describe", "initial", "mutate", "losses"):
        if not hasattr(made, needed):
            raise ModelConsensusError(f"landscape {name!r} has no {needed!r}")
    return cast(Landscape, made)
