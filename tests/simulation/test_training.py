"""Training runs on real landscapes: what is reached, what one liar does, what is written."""

import argparse
import csv
import json
from pathlib import Path

import pytest

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.commands import proofs_graphs_trainings as jobs
from model_consensus.commands import run
from model_consensus.commands.cli import main
from model_consensus.defects.tob import DEFECTS
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape
from model_consensus.simulation.training import PARTS, Row, Training, process_names, train_tob
from model_consensus.systems.tob import Receive
from model_consensus.tob_learner import receive


def learn(receive: Receive, attack: str = "under-claim", generations: int = 60) -> Training:
    """Digits over Total Order Broadcast, as in the main job but shorter."""
    return train_tob(
        load_landscape("digits"),
        processes=4,
        byzantine=1,
        lambda_=3,
        draws=16,
        generations=generations,
        attack=ATTACKS[attack],
        seed=1,
        receive=receive,
    )


def test_digits_over_total_order_broadcast_reach_the_floor_against_a_liar() -> None:
    training = jobs.train_over_tob()
    assert training.rows[-1].accuracy["test"] >= 0.93
    assert training.rows[-1].misbehaviour == 1  # the liar is banned
    assert len(training.rows) == 200


def test_digits_over_proof_of_work_reach_the_floor_against_a_private_chain() -> None:
    training = jobs.train_over_pow()
    assert training.rows[-1].accuracy["test"] >= 0.93
    assert any(action.startswith("Byzantine") for action in training.trace.actions)


def test_one_liar_ruins_learners_that_do_not_verify() -> None:
    credulous, careful = learn(DEFECTS["unverified"]), learn(receive)
    honest = learn(receive, attack="none")
    assert credulous.rows[-1].accuracy["test"] < 0.2  # ten classes: chance is 0.1
    assert careful.rows[-1].accuracy["test"] > 0.8
    assert abs(careful.rows[-1].accuracy["test"] - honest.rows[-1].accuracy["test"]) < 0.1


def test_a_process_evaluates_its_draws_and_one_model_a_generation() -> None:
    training = learn(receive, generations=10)
    assert training.rows[-1].evaluations <= 16 * 11 + 10 + 1  # draws of the next one may be made


def test_names_sort_like_numbers() -> None:
    assert process_names(10)[0] == "p01"
    assert list(process_names(12)) == sorted(process_names(12))


@pytest.mark.parametrize("protocol", ["tob", "pow"])
def test_a_run_writes_the_same_bytes_twice(tmp_path: Path, protocol: str) -> None:
    small = ["--landscape", "sphere", "--generations", "5", "--wins", "12", "--depth", "2"]
    for folder in ("first", "second"):
        out = str(tmp_path / folder)
        assert main(["run", protocol, *small, "--no-check", "--out", out]) == 0
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert names == {
        "trace.itf.json",
        "metrics.csv",
        "metrics.json",
        "summary.json",
        "convergence.svg",
    }
    for name in names:
        first, second = ((tmp_path / run / name).read_bytes() for run in ("first", "second"))
        assert first == second
    summary = json.loads((tmp_path / "first" / "summary.json").read_text())
    with (tmp_path / "first" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert summary["generations"] == len(rows) > 0
    assert int(rows[-1]["loss"]) == summary["loss"]
    metrics = json.loads((tmp_path / "first" / "metrics.json").read_text())
    for column in ("generation", "loss", "evaluations", "misbehaviour"):
        assert [str(row[column]) for row in metrics] == [row[column] for row in rows]


@pytest.mark.parametrize("protocol", ["tob", "streamlet", "pow"])
@pytest.mark.parametrize("landscape", [*LANDSCAPES, "model_consensus.landscapes:OneMax"])
def test_every_landscape_is_searched_over_every_protocol(landscape: str, protocol: str) -> None:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    small = ["--generations", "3", "--draws", "4", "--wins", "9", "--depth", "2", "--lambda", "3"]
    args = parser.parse_args([protocol, "--landscape", landscape, *small])
    searched = load_landscape(landscape)
    rows: list[Row] = []
    training = run.train(args, searched, rows.append)
    assert list(training.rows) == rows
    assert len(rows) >= 3
    assert searched.losses(training.model.vector[None]) == [rows[-1].loss]
    assert set(rows[-1].accuracy) == (set(PARTS) if landscape.startswith("digits") else set())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["tob", "--attack", "nonsense"], "--attack"),
        (["tob", "--byzantine", "4"], "--byzantine"),
        (["tob", "--lambda", "5"], "lambda"),
        (["tob", "--generations", "0"], "--generations"),
        (["tob", "--landscape", "nowhere"], "nowhere"),
        (["tob", "--draws", "-1"], "draws"),
        (["tob", "--lambda", "4", "--attack", "silent"], "4 offers are needed"),
        (["pow", "--share", "1.5"], "1.5"),
        (["pow", "--depth", "-1"], "depth"),
        (["pow", "--hashes", "0"], "--hashes"),
    ],
)
def test_bad_options_are_named_in_one_line(
    arguments: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["run", *arguments, "--no-check", "--out", str(tmp_path)]
    if "--landscape" not in arguments:
        given += ["--landscape", "onemax"]
    assert main(given) == 2
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1
