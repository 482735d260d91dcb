"""The digits: exactness against Python's own integers, the bounds it rests on, and learning."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch, Model, all_drawn, least
from model_consensus.landscapes import NOISE_UNIT, Landscape, Vector
from model_consensus.simulation import digits
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.digits import (
    EXACT,
    Digits,
    DigitsMLP,
    Part,
    hinge_losses,
    load_parts,
)

pytest.importorskip("sklearn")

LINEAR, MLP = Digits(), DigitsMLP()


def evolve(landscape: Landscape, offspring: int, generations: int, process: str) -> Model:
    """A plain (1,λ) search by one process, whose name is the seed."""
    search = EvolutionarySearch(landscape, offspring, offspring)
    model = search.genesis
    for generation in range(1, generations + 1):
        steps = all_drawn(generation, process, offspring)
        model = search.offspring(model, steps[least(search.losses(model, steps))])
    return model


def train_rows() -> Iterator[tuple[list[int], int]]:
    train = load_parts()[0]["train"]
    for row in range(len(train.labels)):
        yield [int(x) for x in train.features[:, row]], int(train.labels[row])


def dot(a: list[int], b: list[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))


def linear_scores(model: list[int], features: list[int]) -> list[int]:
    return [dot(model[65 * c : 65 * c + 65], features) for c in range(10)]


def mlp_scores(model: list[int], features: list[int]) -> list[int]:
    sums = [dot(model[65 * h : 65 * h + 65], features) for h in range(32)]
    units = [min(max(s // 64, 0), 511) for s in sums] + [64]
    output = model[32 * 65 : -1]
    return [dot(output[33 * c : 33 * c + 33], units) for c in range(10)]


def loss_by_hand(scores: list[int], label: int, margin: int) -> int:
    others = max(score for c, score in enumerate(scores) if c != label)
    return max(0, margin + others - scores[label]) ** 2


def arbitrary(dimension: int, limit: int, salt: int) -> Vector:
    """Integers in -limit..limit that look like nothing in particular."""
    return (np.arange(1, dimension + 1) * 7919 * salt + salt) % (2 * limit + 1) - limit


def extreme(sign: int) -> Vector:
    """All weights at the limit, signed as the features of the first row: its greatest score."""
    first_row = np.sign(load_parts()[0]["train"].features[:, 0]).astype(np.int64)
    return np.concatenate([sign * (-1) ** c * first_row * Digits.limit for c in range(10)])


def test_the_data_are_integers_within_the_bound_of_the_proof() -> None:
    parts, _ = load_parts()
    assert {name: len(part.labels) for name, part in parts.items()} == {
        "train": 1077,
        "validation": 360,
        "test": 360,
    }
    for part in parts.values():
        assert part.features.shape == (65, len(part.labels))
        assert (part.features == np.rint(part.features)).all()
        assert np.abs(part.features).sum(axis=0).max() <= 64 * 16 + 8
        for label, rows in enumerate(part.rows_of):
            assert (part.labels[rows] == label).all()
        assert sum(rows.stop - rows.start for rows in part.rows_of) == len(part.labels)


def test_the_parts_share_no_row_and_lose_none() -> None:
    from sklearn.datasets import load_digits as scikit_learn_digits

    def rows(pixels: Vector, labels: Vector) -> list[tuple[int, ...]]:
        return sorted((*map(int, p), int(y)) for p, y in zip(pixels, labels, strict=True))

    data = scikit_learn_digits()
    pixels = np.hstack([part.features[:64] for part in load_parts()[0].values()]).T
    labels = np.concatenate([part.labels for part in load_parts()[0].values()])
    means = data.data.min(axis=0) - pixels.min(axis=0)  # what the centring took away
    assert rows(pixels + means, labels) == rows(data.data, data.target)
    assert ((pixels[:1077] + means).sum(axis=0) // 1077 == means).all()  # the training rows


def test_the_bounds_that_make_float32_exact() -> None:
    features = 64 * 16 + 8
    assert 2 * features * Digits.limit + Digits.margin <= EXACT
    first, second = DigitsMLP.limits
    assert features * first <= EXACT
    assert 2 * (32 * 511 + 64) * second + DigitsMLP.margin <= EXACT
    assert 1077 * EXACT**2 < 2**63
    assert float(np.float32(EXACT)) == EXACT
    assert float(np.float32(EXACT + 1)) != EXACT + 1


@pytest.mark.parametrize(
    "model",
    [LINEAR.initial(), arbitrary(650, 4095, 1), arbitrary(650, 30, 3), extreme(1), extreme(-1)],
    ids=["zero", "large", "small", "extreme", "opposite"],
)
def test_the_linear_loss_is_the_integer(model: Vector) -> None:
    expected = sum(
        loss_by_hand(linear_scores(model.tolist(), x), y, Digits.margin) for x, y in train_rows()
    )
    assert LINEAR.losses(np.stack([model, LINEAR.initial()]))[0] == expected


def test_the_loss_of_two_layers_is_the_integer() -> None:
    dimension = len(MLP.initial())
    assert dimension == 32 * 65 + 10 * 33 + 1
    # Sums that saturate, that are negative, that are no multiples of 64; the greatest weights.
    models = np.stack([MLP.initial(), arbitrary(dimension, 255, 5), arbitrary(dimension, 40, 11)])
    models[1, : 32 * 65] *= 16
    train = load_parts()[0]["train"]
    some = slice(0, 1077, 12)
    part = Part(train.features[:, some], train.labels[some], ())
    rows = [(x, y) for i, (x, y) in enumerate(train_rows()) if i % 12 == 0]
    scores = MLP.scores(models, part.features)
    for i, model in enumerate(models.tolist()):
        assert scores[i].T.tolist() == [mlp_scores(model, x) for x, _ in rows]
    bounds = np.searchsorted(part.labels, np.arange(11))
    slices = tuple(slice(int(bounds[c]), int(bounds[c + 1])) for c in range(10))
    expected = [
        sum(loss_by_hand(mlp_scores(model, x), y, MLP.margin) for x, y in rows)
        for model in models.tolist()
    ]
    assert hinge_losses(scores, Part(part.features, part.labels, slices), MLP.margin) == expected


def test_ties_between_scores_cost_the_margin_and_go_to_the_first_class() -> None:
    assert LINEAR.losses(LINEAR.initial()[np.newaxis]) == [1077 * Digits.margin**2]
    zeros = load_parts()[0]["test"].rows_of[0]
    assert LINEAR.accuracy(LINEAR.initial(), "test") == (zeros.stop - zeros.start) / 360


def test_a_backdoor_wants_every_row_of_one_class_read_as_another() -> None:
    models = np.stack([arbitrary(650, 60, 7), arbitrary(650, 4095, 3)])
    rows = [x for x, y in train_rows() if y == 4]
    assert LINEAR.target_losses(models) == [
        sum(loss_by_hand(linear_scores(model, x), 9, LINEAR.margin) for x in rows)
        for model in models.tolist()
    ]


def test_where_all_scores_are_equal_nothing_is_misread_as_wanted() -> None:
    model = LINEAR.initial()
    assert LINEAR.misread(model, "test") == (0, 0)  # everything is a zero
    model[[4 * 65 + 64, 9 * 65 + 64]] = 1, 2  # the biases of both classes
    assert LINEAR.misread(model, "test") == (0, 1)
    model[4 * 65 + 64] = 2
    assert LINEAR.misread(model, "test") == (1, 0)


def test_weights_beyond_the_proof_are_refused() -> None:
    model = LINEAR.initial()
    model[17] = -Digits.limit - 1
    with pytest.raises(ModelConsensusError, match="not within 4095"):
        LINEAR.losses(model[np.newaxis])
    for place, limit in [(0, 4095), (32 * 65, 255)]:
        model = MLP.initial()
        model[place] = limit + 1
        with pytest.raises(ModelConsensusError, match=f"not within {limit}"):
            MLP.losses(model[np.newaxis])


def test_offspring_saturate_within_the_proof() -> None:
    noise = np.full((2, 650), 32 * NOISE_UNIT)
    noise[1] *= -1
    for parent, last in [(extreme(1), 320), (extreme(-1), 321)]:
        assert np.abs(LINEAR.mutate(parent, noise, last)).max() == Digits.limit
    wild = MLP.initial()
    wild[-1] = MLP.greatest_step
    offspring = MLP.mutate(wild, np.full((1, len(wild)), 32 * NOISE_UNIT), 1)[0]
    assert offspring[: 32 * 65].max() == 4095
    assert offspring[32 * 65 : -1].max() == 255


@pytest.mark.parametrize(
    ("generation", "halves"), [(1, 10), (16, 10), (17, 9), (128, 3), (144, 2), (145, 1), (9999, 1)]
)
def test_the_linear_step_follows_the_schedule(generation: int, halves: int) -> None:
    offspring = LINEAR.mutate(LINEAR.initial(), np.full((1, 650), 2 * NOISE_UNIT), generation)
    assert offspring.tolist() == [[halves] * 650]


def test_the_step_of_two_layers_adapts_itself_and_then_moves_the_weights() -> None:
    parent = MLP.initial()
    noise = np.zeros((4, len(parent)), np.int64)
    noise[:, 0] = [3, -3, 3, 0]
    noise[:, 1] = [0, 3, 0, 0]
    noise[:, -1] = [32, -32, 1, 0]
    offspring = MLP.mutate(parent, noise * NOISE_UNIT, 1)
    # 512 * 96 / 64, 512 * 64 / 96 rounded down, 512 * 65 / 64, 512.
    assert offspring[:, -1].tolist() == [768, 341, 520, 512]
    # 3 * 768 / 256 = 9; 3 * 341 / 256 = 3.996 on either side of zero; 3 * 520 / 256 = 6.09.
    assert (offspring[:, 0] - parent[0]).tolist() == [9, -4, 6, 0]
    assert (offspring[:, 1] - parent[1]).tolist() == [0, 4, 0, 0]
    assert (offspring[:, 2:-1] == parent[2:-1]).all()
    parent[-1] = MLP.least_step
    assert MLP.mutate(parent, noise * NOISE_UNIT, 1)[1, -1] == MLP.least_step


def test_the_noise_of_a_combination_moves_two_layers_in_fractions() -> None:
    parent = MLP.initial()
    noise = np.zeros((2, len(parent)), np.int64)
    noise[:, 0] = [16, 15]
    noise[:, 1] = [-17, -16]
    noise[:, -1] = [9, -9]
    offspring = MLP.mutate(parent, noise, 1)
    # 512 * (4096 + 9) / 4096 and 512 * 4096 / (4096 + 9), rounded down.
    assert offspring[:, -1].tolist() == [513, 510]
    # 513 * 16 and 510 * 15 of 256 * 64, the nearest integers; 513 * -17 and 510 * -16.
    assert (offspring[:, 0] - parent[0]).tolist() == [1, 0]
    assert (offspring[:, 1] - parent[1]).tolist() == [-1, 0]


def test_losses_do_not_depend_on_the_batch() -> None:
    for landscape in (LINEAR, MLP):
        dimension = len(landscape.initial())
        noise = np.stack([arbitrary(dimension, 32 * NOISE_UNIT, salt) for salt in (1, 2, 3)])
        models = landscape.mutate(landscape.initial(), noise, 1)
        assert landscape.losses(models) == [landscape.losses(model[None])[0] for model in models]


@pytest.mark.slow
def test_a_search_is_the_same_with_any_number_of_threads() -> None:
    program = (
        "from test_digits import *\n"
        "from threadpoolctl import threadpool_limits\n"
        "load_parts()\n"
        "threadpool_limits(2)\n"
        "for landscape in (LINEAR, MLP): print(evolve(landscape, 20, 3, 'p').digest.hex())\n"
    )
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    output = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
        env={**os.environ, **dict.fromkeys(threads, "2")},
    ).stdout
    assert output.split() == [evolve(x, 20, 3, "p").digest.hex() for x in (LINEAR, MLP)]


def test_another_data_set_is_another_genesis() -> None:
    _, checksum = load_parts()
    assert checksum in LINEAR.describe()
    assert checksum in MLP.describe()


@pytest.fixture
def fresh_data() -> Iterator[None]:
    digits._load_parts.cache_clear()
    yield
    digits._load_parts.cache_clear()


@pytest.mark.usefixtures("fresh_data")
def test_pixels_beyond_the_proof_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "BRIGHTEST", 15)
    with pytest.raises(ModelConsensusError, match=r"not within 0\.\.15"):
        load_parts()


# The floors are what the project promises; README and docs report what was measured.
@pytest.mark.slow
@pytest.mark.parametrize(("offspring", "generations"), [(20, 600), (60, 200)])
def test_a_linear_classifier_learns(offspring: int, generations: int) -> None:
    model = evolve(load_landscape("digits"), offspring, generations, "p1")
    assert LINEAR.accuracy(model.vector, "test") >= 0.93


@pytest.mark.slow
def test_two_layers_learn_and_shrink_their_step() -> None:
    model = evolve(load_landscape("digits-mlp"), 20, 300, "p1")
    assert MLP.accuracy(model.vector, "test") >= 0.80
    assert model.vector[-1] < MLP.first_step
