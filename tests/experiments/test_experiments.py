"""The experiment of docs/experiments.md: its aggregators, its file of results, its tables."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from experiments import backdoor, report, speed_up, strategies
from experiments.__main__ import GRID, TUNED, experiment, main
from experiments.aggregators import AGGREGATORS, geometric_median, krum, multi_krum
from experiments.cells import (
    ATTACKS_OF,
    BOUND,
    BUDGET,
    DRAWS,
    HEADER,
    Cell,
    Result,
    cells_of,
    read_results,
    run_cells,
    settings_text,
    write_results,
)
from experiments.learners import over_pow, over_tob
from experiments.strategies import GRADIENT_ATTACKS, Settings
from model_consensus import tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.defects.tob import unverified
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Model
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.systems.tob import Receive

RESULT = Result(Cell("tob", "s", 1, "silent", 2), 0.5, 0.25)
OTHER = Result(Cell("pow", "s", 0, "none", 1), 0.75, 1.0)


# By hand: two clusters, {0, 1, 2} and the outlier 30, on a line and embedded in a plane.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", 33 / 4),
        ("median", 1.5),
        ("trimmed-mean", 1.5),
        ("krum", 1.0),  # distances to the two nearest: 1 + 4, 1 + 1, 1 + 4, ...
        ("multi-krum", 1.0),  # the mean of 0, 1, 2
        # Each of the three becomes the mean of 0, 1, 2 and 30 that of 1, 2, 30: 1, 1, 1, 11.
        ("nnm", 1.0),
    ],
)
def test_aggregators_by_hand(name: str, expected: float) -> None:
    line = np.array([[0.0], [1.0], [2.0], [30.0]])
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]):
        assert AGGREGATORS[name](line[order], 1) == pytest.approx([expected])
        plane = line[order] * np.array([3.0, 4.0])
        assert AGGREGATORS[name](plane, 1) == pytest.approx([3 * expected, 4 * expected])


def test_the_geometric_median_is_where_the_directions_cancel() -> None:
    square = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [0.0, 0.0]])
    assert geometric_median(square + 5, 2) == pytest.approx([5.0, 5.0], abs=0.05)
    far = np.vstack([square + 5, [[1e6, 1e6]]])
    assert np.abs(geometric_median(far, 1) - 5).max() < 1


def test_without_byzantine_workers_the_robust_means_are_the_mean() -> None:
    vectors = np.random.default_rng(1).standard_normal((5, 7))
    for name in ("trimmed-mean", "multi-krum", "nnm"):
        assert AGGREGATORS[name](vectors, 0) == pytest.approx(vectors.mean(axis=0))
    assert any((krum(vectors, 1) == vector).all() for vector in vectors)
    assert not (krum(vectors, 1) == multi_krum(vectors, 1)).any()


def test_attacks_on_estimates_are_those_of_the_literature() -> None:
    honest = np.array([[1.0, 2.0], [3.0, 2.0]])
    chance = np.random.default_rng(1)
    sent = {name: attack(honest, chance).tolist() for name, attack in GRADIENT_ATTACKS.items()}
    assert sent["zero"] == [0, 0]
    assert sent["sign-flip"] == [-2, -2]
    assert sent["ipm"] == [-4, -4]
    assert sent["mimic"] == [1, 2]
    assert sent["alie"] == pytest.approx([2 + 1.5 * 2**0.5, 2])  # sample deviation
    assert sent["noise"][1] == 0
    assert abs(sent["noise"][0]) > 1


def test_ranks_do_not_depend_on_the_size_of_losses() -> None:
    losses = np.array([[5.0, 1e9, 7.0], [3.0, 2.0, 1.0]])
    assert strategies.shaped(losses).tolist() == [[-0.5, 0.5, 0.0], [0.5, 0.0, -0.5]]


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_an_evolution_strategy_learns_and_one_worker_ruins_its_mean(optimizer: str) -> None:
    pytest.importorskip("sklearn")

    def accuracy(aggregator: str, attack: str | None) -> float:
        rate = {"adam": 12.0, "momentum": 160.0}[optimizer]
        weights = strategies.train(
            AGGREGATORS[aggregator],
            GRADIENT_ATTACKS[attack] if attack else None,
            Settings(16, rate, optimizer),
            processes=4,
            byzantine=1 if attack else 0,
            draws=8,
            generations=25,
            seed=3,
        )
        return strategies.accuracy(weights, "validation")

    assert accuracy("mean", None) > 0.75
    assert accuracy("mean", "noise") < 0.5
    assert accuracy("median", "noise") > 0.55


def tob(attack: str, byzantine: int, seed: int, receive: Receive = tob_learner.receive) -> Model:
    """The last of a small search by four processes, with four draws each and a budget of 62."""
    return over_tob(
        Sphere(),
        ATTACKS[attack],
        processes=4,
        byzantine=byzantine,
        draws=4,
        budget=62,
        seed=seed,
        receive=receive,
    )


def test_our_learners_keep_to_the_budget() -> None:
    # Four draws and their recombination, two offers and their blend.
    assert tob("silent", 1, 1).generation == 62 // (5 + 2 + 1)
    assert tob("silent", 1, 1, unverified).generation == 62 // (5 + 1)
    # Four draws and their recombination, nobody's, the blend, and the block of somebody else.
    *_, mined = over_pow(
        OneMax(), STRATEGIES["honest"], processes=4, byzantine=0, draws=4, budget=110, seed=1
    )
    assert 110 // (5 + 5 + 1 + 4 + 1) <= mined.generation + 6 <= 110 // (5 + 5)  # the depth


@pytest.mark.slow
def test_a_backdoor_lowers_the_loss_of_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backdoor, "BUDGET", 400)
    silent, attacked = (backdoor.measure((2, attack, 1)) for attack in backdoor.COMPARED)
    assert attacked[-1] < silent[-1]
    assert all(0 <= share <= 1 for share in [*silent[:-1], *attacked[:-1]])


@pytest.mark.slow
def test_more_miners_learn_more_and_weak_leaders_cost_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed_up, "BUDGET", 400)
    alone, shared, attacked = map(speed_up.measure, [(1, 0, 1), (8, 0, 1), (8, 3, 1)])
    assert shared.losses[-1] < min(attacked.losses[-1], alone.losses[-1])
    assert len(shared.losses) <= len(alone.losses)
    assert shared.generations_to(alone.losses[-1]) < len(shared.losses) - 1


def test_generations_to_a_loss_are_counted_to_the_first_that_reaches_it() -> None:
    training = speed_up.Training([9, 4, 6, 3], accuracy=1.0)
    assert [training.generations_to(loss) for loss in (9, 4.5, 4, 3, 2)] == [0, 1, 1, 3, 4]


def test_a_seed_makes_another_search() -> None:
    assert tob("none", 0, 1) == tob("none", 0, 1) != tob("none", 0, 2)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    write_results(path, [RESULT, OTHER])
    assert read_results(path) == [OTHER, RESULT]  # in the order of the cells
    whole = path.read_text()
    path.write_text(whole[:-3])
    assert read_results(path) == [OTHER]
    for text, complaint in [
        ("x,y\n", "line 1: not the results"),
        (whole + "tob,s,one,silent,2,0.5,0.5\n", "line 4: not a result"),
        (whole + "tob,s\n", "line 4: not a result"),
    ]:
        path.write_text(text)
        with pytest.raises(ModelConsensusError, match=complaint):
            read_results(path)


def test_a_file_that_is_not_of_results_is_one_line_and_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.csv"
    monkeypatch.setattr("sys.argv", ["experiments", "report", "--out", str(tmp_path)])
    for content, complaint in [
        (bytes(range(256)), "not a text file in UTF-8"),
        (b'"' + b"x" * 200_000 + b'"\n', "not a CSV file: field larger than field limit (131072)"),
    ]:
        path.write_bytes(content)
        assert main() == 2
        assert capsys.readouterr().err == f"experiments: error: {path}: {complaint}\n"


def test_a_part_of_the_experiment_is_reported_beside_its_results_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    committed = (report.DOCUMENT, report.RESULTS, report.FIGURE)
    before = [path.read_bytes() for path in committed]
    some = [each for each in read_results(report.RESULTS) if each.cell.method in ("tob", "pow")]
    write_results(tmp_path / "results.csv", some)
    monkeypatch.setattr("sys.argv", ["experiments", "report", "--out", str(tmp_path)])
    assert main() == 0
    assert [path.read_bytes() for path in committed] == before
    assert (tmp_path / "tables.md").read_text(encoding="utf-8") == report.tables(some)
    assert (tmp_path / "worst_attack.svg").stat().st_size > 1000


def test_the_whole_experiment_is_reported_in_the_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    for name in ("DOCUMENT", "RESULTS", "FIGURE"):
        copy = tmp_path / getattr(report, name).name
        copy.write_bytes(getattr(report, name).read_bytes())
        monkeypatch.setattr(report, name, copy)
    before = report.DOCUMENT.read_text(encoding="utf-8")
    prose, rest = before.split("<!-- results -->")
    tables, end = rest.split("<!-- end -->")
    damaged = f"{prose}<!-- results -->{tables.replace('97.', '0.')}<!-- end -->{end}"
    assert damaged != before
    report.DOCUMENT.write_text(damaged, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["experiments", "report", "--out", str(tmp_path)])
    assert main() == 0
    assert report.DOCUMENT.read_text(encoding="utf-8") == before
    assert not (tmp_path / "tables.md").exists()


def test_the_figure_has_every_figure_of_the_first_table_and_names_the_attacks(
    tmp_path: Path,
) -> None:
    pytest.importorskip("matplotlib")
    results = read_results(report.RESULTS)
    report.draw(results, tmp_path / "figure.svg")
    shown = re.findall(r"<!-- (.*?) -->", (tmp_path / "figure.svg").read_text(), re.DOTALL)
    lines = report.tables(results).splitlines()[6 : 6 + len(report.LABELS)]
    rows = [line.removesuffix(" |").split(" | ") for line in lines]
    assert len(rows) == len(report.LABELS)
    for label, *cells in rows:
        assert label.removeprefix("| ") in shown
        for cell in cells:
            said = re.match(r"([\d.]+) ± [\d.]+(?: \((.*)\))?", cell)
            if not cell.strip():
                continue  # one process alone has nobody to attack it
            assert said is not None, cell
            wanted = [each for each in said.groups() if each]
            assert wanted in [shown[at : at + len(wanted)] for at in range(len(shown))]


def fake(cell: Cell) -> Result:
    """A cell that takes no time."""
    return Result(cell, 0.5, cell.seed / 100)


def test_only_missing_cells_are_run(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    cells = cells_of("pow", [1, 2], [1], None)
    assert len(cells) == 2 + 2 * len(ATTACKS_OF["pow"])
    known = Result(cells[3], 0.125, 0.125)
    write_results(path, [known])
    path.write_text(path.read_text() + "pow,cut o")
    results = run_cells(path, cells, 1, Console(file=io.StringIO()), fake)
    assert results == {cell: fake(cell) for cell in cells} | {known.cell: known}
    assert sorted(read_results(path), key=lambda r: r.cell) == sorted(
        results.values(), key=lambda r: r.cell
    )


def test_the_experiment_has_every_method_attack_bound_and_seed() -> None:
    cells = experiment(list(ATTACKS_OF))
    assert len(set(cells)) == len(cells)
    assert set(report.LABELS) == set(ATTACKS_OF)
    for method, attacks in ATTACKS_OF.items():
        own = [cell for cell in cells if cell.method == method]
        assert len({cell.seed for cell in own}) >= 5
        assert {(c.byzantine, c.attack) for c in own} == {(0, "none")} | {
            (f, attack) for f in range(1, BOUND + 1) for attack in attacks
        }
        over_pow = method.startswith("pow")
        draws = DRAWS // 2 if over_pow else DRAWS  # there, nobody draws as many
        start = f"n=7 budget={BUDGET} draws={draws} "
        assert all(cell.settings.startswith(start) for cell in own)


def test_the_chosen_settings_are_of_the_grid() -> None:
    tuned = {name: Settings(**values) for name, values in json.loads(TUNED.read_text()).items()}
    assert set(tuned) == {method for method in ATTACKS_OF if method.startswith("es-")}
    assert set(tuned.values()) <= set(GRID)
    assert len({settings_text(settings) for settings in GRID}) == len(GRID)


def test_intervals_are_students() -> None:
    # The quantile of t for 4 degrees of freedom is 2.776 in every table.
    estimate = report.estimate([0.1, 0.2, 0.3, 0.4, 0.5])
    assert estimate.mean == pytest.approx(0.3)
    assert estimate.half == pytest.approx(2.776 * 0.025**0.5 / 5**0.5, rel=1e-3)
    assert str(report.Estimate(0.5, 0.0123)) == "50.0 ± 1.2"


def test_the_worst_attack_has_the_least_mean() -> None:
    def result(attack: str, seed: int, test: float) -> Result:
        return Result(Cell("tob", "s", 1, attack, seed), 0.0, test)

    results = [result("silent", 1, 0.9), result("silent", 2, 0.5), result("flood", 1, 0.8)]
    found = report.worst(report.estimates(results), "tob", 1)
    assert found is not None
    assert found[0] == "silent"
    assert report.worst({}, "tob", 1) is None


def test_the_tables_of_the_document_are_those_of_its_results() -> None:
    text = report.DOCUMENT.read_text(encoding="utf-8")
    results = read_results(report.RESULTS)
    assert report.RESULTS.read_text(encoding="utf-8").startswith(",".join(HEADER))
    assert report.updated(text, results) == text
    assert report.updated(text, results[1:]) != text
