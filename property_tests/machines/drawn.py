"""What Hypothesis draws for every protocol: sizes, landscapes and claims."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Weights,
    is_legal,
    largest_weight,
    single,
)
from model_consensus.landscapes import Landscape
from model_consensus.simulation.benchmark_functions import OneMax, Rosenbrock, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.systems.answers import EveryLandscape, Landscapes, Losses, OneLandscape
from model_consensus.systems.bounded import legal_weights
from property_tests.machines.schedules import SAME_EVERY_TIME

T = TypeVar("T")

OPEN = ((1,), (0, 1), (1, 2, 3), (2, 5, 9))
"""Losses of landscapes drawn answer by answer; where there is no 0, a claim to 0 is a lie."""
SPHERE = Sphere(2)
REAL: tuple[Landscape, ...] = (OneMax(8), SPHERE, Rosenbrock(2))


def sizes(few: Sequence[T], every: Iterable[T]) -> st.SearchStrategy[T]:
    """The instances of a protocol: all of them, or few where examples are the same every time.

    There TLC checks every schedule whenever the tests run, and it needs a run for each instance.
    """
    return st.sampled_from(few if SAME_EVERY_TIME else list(every))


class Elitist(CachedSearch):
    """A search in which everybody's first draw is the parent again."""


def landscapes(
    draws: int, lambda_: int, mu: int = 1, recombines: bool = True
) -> st.SearchStrategy[Landscapes]:
    """Any landscape with a few losses, or a real one."""

    def real(landscape: Landscape, *, elitist: bool = False) -> OneLandscape:
        problem = EvolutionarySearch(landscape, draws, lambda_, mu, recombines, elitist)
        return OneLandscape((Elitist if elitist else CachedSearch)(problem))

    return st.sampled_from(
        [
            *(EveryLandscape(draws, losses, recombines) for losses in OPEN),
            *map(real, REAL),
            real(SPHERE, elitist=True),
        ]
    )


def legal(landscapes: Landscapes) -> st.SearchStrategy[Weights]:
    """Weights that a ticket may have: those of a single draw, or any."""
    search = landscapes.search({})
    singles = [single(draw, search.draws) for draw in range(search.draws)]
    return st.sampled_from(singles) | st.sampled_from(legal_weights(search))


def illegal(landscapes: Landscapes) -> st.SearchStrategy[Weights]:
    """Weights that no ticket may have, most of them nearly legal."""
    search = landscapes.search({})
    most = largest_weight(search.draws)
    sizes = st.sampled_from((search.draws,) * 3 + (search.draws - 1, search.draws + 1))
    bounds = st.sampled_from((0, most, most + 1))
    return (
        st.tuples(sizes, bounds)
        .flatmap(lambda each: st.tuples(*[st.integers(-each[1], each[1])] * each[0]))
        .filter(lambda weights: not is_legal(search, weights))
    )


def claims(loss: Losses) -> st.SearchStrategy[int]:
    """A claim to a loss: true or nearly so for some model, the best possible one, or absurd."""
    near = {value + error for value in loss.values() for error in (-1, 0, 1)}
    return st.sampled_from([*sorted({0, *(value for value in near if value >= 0)}), 1 << 40])
