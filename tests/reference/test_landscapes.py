"""The landscapes in integers, against their formulas in Python's own integers and fractions."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch, Model, all_drawn, least
from model_consensus.landscapes import NOISE_UNIT, Landscape
from model_consensus.simulation.benchmark_functions import OneMax, Rosenbrock, Sphere, add_noise
from model_consensus.simulation.catalogue import load_landscape

SMALL = [OneMax(), Sphere(), Rosenbrock()]


def evolve(landscape: Landscape, offspring: int, generations: int) -> Model:
    """A plain (1,λ) search by one process."""
    search = EvolutionarySearch(landscape, offspring, offspring)
    model = search.genesis
    for generation in range(1, generations + 1):
        steps = all_drawn(generation, "p", offspring)
        model = search.offspring(model, steps[least(search.losses(model, steps))])
    return model


def test_onemax_counts_zeros() -> None:
    models = np.array([[0, 0, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]])
    assert OneMax(4).losses(models) == [4, 1, 0]


def test_onemax_flips_the_bits_with_noise_of_nine_or_more() -> None:
    parent, noise = np.array([0, 0, 1, 1]), np.array([[8, 9, 32, -32], [9, -9, 9, 9]])
    assert OneMax(4).mutate(parent, 64 * noise, 1).tolist() == [[0, 1, 0, 1], [1, 0, 0, 0]]
    just_less, just_enough = np.array([[575] * 4]), np.array([[576] * 4])
    assert OneMax(4).mutate(parent, just_less, 1).tolist() == [[0, 0, 1, 1]]
    assert OneMax(4).mutate(parent, just_enough, 1).tolist() == [[1, 1, 0, 0]]


def test_sphere_at_its_limit_is_exact() -> None:
    models = np.array([[Sphere.limit] * 10, [3, -4] + [0] * 8])
    assert Sphere().losses(models) == [10 * 2**40, 25]


def test_rosenbrock_is_the_real_function_on_a_grid() -> None:
    rows = [[-307, 256, -307, 256], [256] * 4, [2048, -2048, -2048, -2048], [7, -100, 31, 500]]
    expected = []
    for row in rows:
        x = [Fraction(v, 256) for v in row]
        terms = [100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(3)]
        expected.append(sum(terms, Fraction(0)) * 256**4)
    assert Rosenbrock().losses(np.array(rows)) == expected
    assert expected[1] == 0


def test_rosenbrock_at_its_limits_is_exact_in_many_dimensions() -> None:
    row = [-2048] * 4000
    term = 100 * (256 * -2048 - 2048**2) ** 2 + (256 * (256 + 2048)) ** 2
    assert Rosenbrock(4000).losses(np.array([row])) == [3999 * term]


def test_coordinates_saturate() -> None:
    parent = np.array([99, -99, 0])
    assert add_noise(parent, 64 * np.array([[1, -1, 1]]), 5, 100).tolist() == [[100, -100, 5]]


def test_added_noise_is_rounded_to_the_nearest_and_from_the_middle_up() -> None:
    noise = [10, 11, -10, -11, 32, -32, 33, -33]
    by_hand = {
        1: [0, 0, 0, 0, 1, 0, 1, -1],
        3: [0, 1, 0, -1, 2, -1, 2, -2],  # 30, 33, -30, -33, 96, -96, 99 and -99 of 64
    }
    for step, expected in by_hand.items():
        assert add_noise(np.zeros(8, np.int64), np.array([noise]), step, 9).tolist() == [expected]


@pytest.mark.parametrize(
    ("landscape", "generation", "step"),
    [
        (Sphere(2), 1, 32),
        (Sphere(2), 10, 32),
        (Sphere(2), 11, 16),
        (Sphere(2), 51, 1),
        (Sphere(2), 10**6, 1),
        (Rosenbrock(2), 50, 8),
        (Rosenbrock(2), 51, 4),
        (Rosenbrock(2), 10**6, 1),
    ],
)
def test_the_step_is_a_public_function_of_the_generation(
    landscape: Landscape, generation: int, step: int
) -> None:
    noise = NOISE_UNIT * np.array([[3, -2]])
    mutated = landscape.mutate(np.zeros(2, np.int64), noise, generation)
    assert mutated.tolist() == [[3 * step, -2 * step]]


@pytest.mark.parametrize("landscape", SMALL, ids=lambda landscape: landscape.name)
def test_a_row_depends_on_nothing_but_its_own_noise(landscape: Landscape) -> None:
    parent = landscape.initial()
    noise = (np.arange(3 * len(parent)).reshape(3, -1) % 65 - 32) * 63
    together = landscape.mutate(parent, noise, 1)
    assert together.dtype == np.int64
    alone = [landscape.mutate(parent, noise[i : i + 1], 1)[0].tolist() for i in range(3)]
    assert together.tolist() == alone
    assert landscape.losses(together) == [landscape.losses(np.array([row]))[0] for row in alone]


@pytest.mark.parametrize("landscape", SMALL, ids=lambda landscape: landscape.name)
def test_losses_are_python_integers(landscape: Landscape) -> None:
    assert {type(loss) for loss in landscape.losses(landscape.initial()[np.newaxis])} == {int}


@pytest.mark.parametrize(
    ("landscape", "generations", "factor"),
    [(OneMax(), 100, 10), (Sphere(), 60, 10_000), (Rosenbrock(), 300, 100)],
    ids=["onemax", "sphere", "rosenbrock"],
)
def test_a_search_of_twenty_learns(landscape: Landscape, generations: int, factor: int) -> None:
    vectors = np.stack([landscape.initial(), evolve(landscape, 20, generations).vector])
    first, last = landscape.losses(vectors)
    assert last * factor <= first


@pytest.mark.parametrize("landscape", SMALL, ids=lambda landscape: landscape.name)
def test_a_landscape_is_loaded_by_its_name(landscape: Landscape) -> None:
    assert load_landscape(landscape.name) == landscape


def test_a_landscape_is_loaded_from_a_module(importable: Path) -> None:
    (importable / "my_landscape.py").write_text(
        "from model_consensus.simulation.benchmark_functions import Sphere\n"
        "class Mine(Sphere):\n"
        "    name = 'mine'\n"
        "class Half:\n"
        "    name = 'half'\n"
        "class Broken:\n"
        "    def __init__(self):\n"
        "        raise ValueError('no data')\n"
    )
    assert load_landscape("my_landscape:Mine").name == "mine"
    for name, complaint in [
        ("my_landscape:Half", "has no 'describe'"),
        ("my_landscape:Broken", "no data"),
        ("my_landscape:Missing", "Missing"),
        ("no_such_module:Mine", "no_such_module"),
        ("no-such-name", "there are onemax, sphere, rosenbrock, digits, digits-mlp"),
        (":Mine", "cannot be loaded"),
        ("my_landscape:", "cannot be loaded"),
    ]:
        with pytest.raises(ModelConsensusError, match=complaint):
            load_landscape(name)
