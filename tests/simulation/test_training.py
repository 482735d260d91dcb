"""Training runs on real landscapes: what is reached, what one liar does, what is written."""

import csv
import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from model_consensus.commands import proofs_graphs_trainings as jobs
from model_consensus.commands import run
from model_consensus.commands.cli import main
from model_consensus.defects.tob import DEFECTS
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Ticket
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.training import PARTS, Row, Training, describe, train
from model_consensus.streamlet.messages import MAX_BODY
from model_consensus.streamlet.offers import encode_offer, most_draws
from model_consensus.systems.tob import Receive
from model_consensus.tob_learner import Offer, receive


def learn(receive: Receive, attack: str = "under-claim", generations: int = 60) -> Training:
    """Digits over Total Order Broadcast, as in the main job but shorter."""
    return train(
        Setting(protocol="tob", lambda_=3, mu=2, generations=generations, attack=attack),
        load_landscape("digits"),
        receive=receive,
    )


@pytest.mark.slow
def test_digits_over_total_order_broadcast_reach_the_floor_against_a_liar() -> None:
    training = jobs.train_over_tob()
    assert training.rows[-1].accuracy["test"] >= 0.93
    assert training.rows[-1].misbehaviour == 1  # the liar is banned
    assert len(training.rows) == 200


@pytest.mark.slow
def test_digits_over_proof_of_work_reach_the_floor_against_a_private_chain() -> None:
    trace = StringIO()
    training = jobs.train_over_pow(trace=trace)
    assert training.rows[-1].accuracy["test"] >= 0.93
    assert '"action":"Byzantine' in trace.getvalue()


@pytest.mark.slow
def test_one_liar_ruins_learners_that_do_not_verify() -> None:
    credulous, careful = learn(DEFECTS["unverified"]), learn(receive)
    honest = learn(receive, attack="none")
    assert credulous.rows[-1].accuracy["test"] < 0.2  # ten classes: chance is 0.1
    assert careful.rows[-1].accuracy["test"] > 0.8
    assert abs(careful.rows[-1].accuracy["test"] - honest.rows[-1].accuracy["test"]) < 0.1


def test_a_process_evaluates_its_draws_two_offers_and_their_blend_in_a_generation() -> None:
    training = learn(receive, generations=10)
    own = 16 + 1  # and their recombination; those of the next generation may be made
    assert training.rows[-1].evaluations <= own * 11 + (2 + 1) * 10 + 1


def test_names_sort_like_numbers() -> None:
    assert process_names(10)[0] == "p01"
    assert list(process_names(12)) == sorted(process_names(12))


@pytest.mark.parametrize("protocol", ["tob", "pow"])
def test_a_run_writes_the_same_bytes_twice(tmp_path: Path, protocol: str) -> None:
    small = ["--landscape", "sphere"]
    small += ["--generations", "5"] if protocol == "tob" else ["--wins", "12", "--depth", "2"]
    for folder in ("first", "second"):
        out = str(tmp_path / folder)
        assert main(["run", protocol, *small, "--no-check", "--out", out]) == 0
    first = tmp_path / "first"
    names = {str(path.relative_to(first)) for path in first.rglob("*") if path.is_file()}
    logs = {f"logs/p{number}.log" for number in (1, 2, 3)} if protocol == "tob" else set()
    assert names == logs | {
        "trace.ndjson",
        "metrics.csv",
        "metrics.json",
        "summary.json",
        "convergence.svg",
        "model.npz",
    }
    for name in names:
        assert (first / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    summary = json.loads((tmp_path / "first" / "summary.json").read_text())
    with (tmp_path / "first" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert summary["generations"] == len(rows) > 0
    assert int(rows[-1]["loss"]) == summary["loss"]
    metrics = json.loads((tmp_path / "first" / "metrics.json").read_text())
    for column in ("generation", "loss", "evaluations", "misbehaviour"):
        assert [str(row[column]) for row in metrics] == [row[column] for row in rows]


@pytest.mark.parametrize("protocol", ["tob", "streamlet", "pow"])
@pytest.mark.parametrize(
    "landscape", [*LANDSCAPES, "model_consensus.simulation.benchmark_functions:OneMax"]
)
def test_every_landscape_is_searched_over_every_protocol(landscape: str, protocol: str) -> None:
    attack = run.DEFAULT_ATTACK[protocol]
    setting = Setting(
        protocol=protocol,
        attack=attack,
        lambda_=3,
        mu=2,
        generations=3,
        draws=4,
        wins=9,
        depth=2,
    )
    searched = load_landscape(landscape)
    rows: list[Row] = []
    training = train(setting, searched, on_row=rows.append)
    assert list(training.rows) == rows
    assert len(rows) >= 3
    assert searched.losses(training.model.vector[None]) == [rows[-1].loss]
    assert set(rows[-1].accuracy) == (set(PARTS) if landscape.startswith("digits") else set())


def test_processes_of_other_names_draw_other_offspring() -> None:
    def losses(**given: Any) -> list[int]:
        setting = Setting(protocol="tob", attack="none", lambda_=4, mu=2, generations=6, **given)
        return [row.loss for row in train(setting, load_landscape("sphere")).rows]

    assert losses(seed=1) == losses(seed=2)  # every process's offer is among the four
    assert losses(names="q") != losses()


def test_the_banned_are_named_with_the_generation_of_their_lie() -> None:
    setting = Setting(protocol="tob", attack="under-claim", lambda_=3, mu=2, generations=3)
    training = train(setting, load_landscape("onemax"))
    assert training.banned == ["p4"]
    first = next(row.generation for row in training.rows if row.misbehaviour)
    assert describe(training).endswith(f"; banned: p4 (in generation {first})")
    honest = replace(setting, attack="none")
    assert "banned" not in describe(train(honest, load_landscape("onemax")))


def test_the_greatest_offer_that_streamlet_allows_fits_into_a_message() -> None:
    setting = Setting(protocol="streamlet", attack="none", lambda_=3, draws=242)
    for name, fits in (("p4", True), ("p4567", False)):
        assert (most_draws(name) >= setting.draws) is fits
        offer = Offer(name, bytes(32), Ticket(1, name, (1,) * setting.draws), 0)
        assert (len(encode_offer(offer)) <= MAX_BODY) is fits


GOOD = Setting(protocol="tob", attack="under-claim", lambda_=3)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"protocol": "stremlet"}, "no protocol 'stremlet': did you mean streamlet?"),
        ({"attack": "colusion"}, "no attack on tob 'colusion': did you mean collusion?"),
        ({"attack": "selfish"}, "no attack on tob 'selfish': there are none, silent, "),
        ({"processes": 0}, "processes must be at least 1, not 0"),
        ({"byzantine": 4}, "byzantine must be in 0..3, as one of 4 processes is correct: not 4"),
        ({"byzantine": -1}, "byzantine must be in 0..3, as one of 4 processes is correct: not -1"),
        ({"lambda_": 0}, "lambda must be at least 1, not 0"),
        ({"lambda_": 5}, "lambda must be in 1..4, the number of processes: not 5"),
        ({"mu": 0}, "mu must be at least 1, not 0"),
        ({"mu": 4}, "mu must be in 1..3, as lambda is 3: not 4"),
        ({"draws": 0}, "draws must be at least 1, not 0"),
        ({"generations": 0}, "generations must be at least 1, not 0"),
        ({"seed": -1}, "seed must be in 0..2^64-1, not -1"),
        (
            {"protocol": "streamlet", "processes": 3},
            "streamlet needs processes > 3 byzantine (n > 3f), and 3 > 3 * 1 is false",
        ),
        (
            {"protocol": "streamlet", "draws": 243},
            "streamlet's messages hold offers of at most 242 draws, not 243",
        ),
        ({"protocol": "pow", "attack": "selfish", "wins": 0}, "wins must be at least 1, not 0"),
        ({"protocol": "pow", "attack": "selfish", "depth": -1}, "depth must be at least 0, not -1"),
        (
            {"protocol": "pow", "attack": "selfish", "share": float("nan")},
            "share must be at least 0 and below 1, not nan",
        ),
        (
            {"protocol": "pow", "attack": "honest", "byzantine": 0},
            "share must be 0 where nobody is Byzantine, not 0.2",
        ),
        (
            {"protocol": "pow", "attack": "selfish", "hashes": 1 << 33},
            "hashes must be at most 2^32, so that a hash is found: not 8589934592",
        ),
    ],
)
def test_a_setting_that_cannot_be_run_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ModelConsensusError, match=re.escape(complaint)):
        replace(GOOD, **changes)
