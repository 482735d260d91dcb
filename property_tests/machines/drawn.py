"""What Hypothesis draws for every protocol: sizes, landscapes and claims."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.landscapes import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.rosenbrock import Rosenbrock
from model_consensus.systems.answers import EveryLandscape, Landscapes, Losses, OneLandscape
from property_tests.machines.schedules import SAME_EVERY_TIME

T = TypeVar("T")

OPEN = ((1,), (0, 1), (1, 2, 3), (2, 5, 9))
"""Losses of landscapes drawn answer by answer; where there is no 0, a claim to 0 is a lie."""
REAL = (OneMax(8), Sphere(2), Rosenbrock(2))


def sizes(few: Sequence[T], every: Iterable[T]) -> st.SearchStrategy[T]:
    """The instances of a protocol: all of them, or few where examples are the same every time.

    There TLC checks every schedule whenever the tests run, and it needs a run for each instance.
    """
    return st.sampled_from(few if SAME_EVERY_TIME else list(every))


def landscapes(draws: int, lambda_: int) -> st.SearchStrategy[Landscapes]:
    """Any landscape with a few losses, or a real one."""
    return st.sampled_from(
        [
            *(EveryLandscape(draws, losses) for losses in OPEN),
            *(OneLandscape(CachedSearch(EvolutionarySearch(r, draws, lambda_))) for r in REAL),
        ]
    )


def claims(loss: Losses) -> st.SearchStrategy[int]:
    """A claim to a loss: true or nearly so for some model, the best possible one, or absurd."""
    near = {value + error for value in loss.values() for error in (-1, 0, 1)}
    return st.sampled_from([*sorted({0, *(value for value in near if value >= 0)}), 1 << 40])
