"""``model-consensus run`` and ``evaluate``: what they write, what they refuse, what they say."""

import gzip
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_consensus import __version__
from model_consensus.commands.cli import main
from model_consensus.simulation import catalogue
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.saved_model import load_model
from model_consensus.tla.toolchain import find_toolchain

Output = pytest.CaptureFixture[str]
SMALL = ["run", "tob", "--landscape", "sphere", "--generations", "4", "--draws", "2"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["tob", "--attack", "colusion"],
            "no attack on tob 'colusion': did you mean collusion?",
        ),
        (
            ["tob", "--landscape", "onemaks"],
            "no landscape 'onemaks': did you mean onemax? (one of your own is module:attribute)",
        ),
        (
            ["tob", "--landscape", "nowhere:Mine"],
            "landscape 'nowhere:Mine' cannot be loaded: No module named 'nowhere'",
        ),
        (
            ["tob", "--byzantine", "4"],
            "byzantine must be in 0..3, as one of 4 processes is correct: not 4",
        ),
        (["tob", "--lambda", "5"], "lambda must be in 1..4, the number of processes: not 5"),
        (["tob", "--mu", "4"], "mu must be in 1..3, as lambda is 3: not 4"),
        (["tob", "--mu", "0"], "argument --mu: not an integer in 1..2147483647: '0'"),
        (["tob", "--lambda", "0"], "argument --lambda: not an integer in 1..2147483647: '0'"),
        (["tob", "--seed", "-1"], "argument --seed: not an integer in 0..2147483647: '-1'"),
        (["tob", "--processes", "0"], "argument --processes: not an integer in 1..2147483647: '0'"),
        (
            ["tob", "--generations", "x"],
            "argument --generations: not an integer in 1..2147483647: 'x'",
        ),
        (["pow", "--share", "1.5"], "share must be at least 0 and below 1, not 1.5"),
        (["pow", "--interval", "5"], "--interval changes nothing without --delay"),
        (["tob", "--delay", "5"], "--delay changes nothing in a run of tob"),
        (["pow", "--unverified"], "--unverified changes nothing in a run of pow"),
        (["pow", "--generations", "5"], "--generations changes nothing in a run of pow"),
        (["tob", "--wins", "5"], "--wins changes nothing in a run of tob"),
        (["pow", "--mu", "2"], "--mu changes nothing in a run of pow"),
        (["streamlet", "--share", "0.1"], "--share changes nothing in a run of streamlet"),
        (
            ["pow", "--byzantine", "0", "--share", "0.2"],
            "--share 0.2 changes nothing with --byzantine 0: nobody is Byzantine",
        ),
        (
            ["tob", "--byzantine", "0", "--attack", "silent"],
            "--attack silent changes nothing with --byzantine 0: nobody is Byzantine",
        ),
        (
            ["streamlet", "--processes", "3"],
            "streamlet needs processes > 3 byzantine (n > 3f), and 3 > 3 * 1 is false",
        ),
        (
            ["tob", "--lambda", "4", "--attack", "silent", "--landscape", "onemax"],
            "the run stopped after 0 generations: 4 offers are needed and 3 processes are correct",
        ),
    ],
)
def test_what_is_refused_touches_no_file(
    arguments: list[str], error: str, tmp_path: Path, capsys: Output
) -> None:
    out = tmp_path / "out"
    assert main([*SMALL, "--no-check", "--out", str(out)]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(["run", *arguments, "--no-check", "--out", str(out)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {error}\n"
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("protocol", ["tob", "streamlet", "pow"])
def test_without_byzantine_processes_there_is_no_attack(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["--wins", "9"] if protocol == "pow" else ["--generations", "2"]
    given = ["run", protocol, *small, "--landscape", "onemax", "--byzantine", "0", "--no-check"]
    assert main(given) == 0
    name = "honest" if protocol == "pow" else "none"
    (folder,) = (tmp_path / "out").iterdir()
    assert folder.name == f"{protocol}-onemax-{name}-seed1"
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["byzantine"] == summary["banned"] == []


def test_a_run_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for more in ([], ["--seed", "2"], ["--attack", "collusion"], ["--unverified"]):
        assert main([*SMALL, "--no-check", *more]) == 0
    assert {path.name for path in Path("out").iterdir()} == {
        "tob-sphere-under-claim-seed1",
        "tob-sphere-under-claim-seed2",
        "tob-sphere-collusion-seed1",
        "tob-sphere-under-claim-unverified-seed1",
    }


def test_a_trace_is_compressed_on_request(tmp_path: Path) -> None:
    for folder, more in (("plain", []), ("packed", ["--gzip"])):
        assert main([*SMALL, "--no-check", *more, "--out", str(tmp_path / folder)]) == 0
    with gzip.open(tmp_path / "packed" / "trace.ndjson.gz") as file:
        assert file.read() == (tmp_path / "plain" / "trace.ndjson").read_bytes()


@pytest.mark.tlc
def test_the_summary_says_what_was_run_with_what(tmp_path: Path, capsys: Output) -> None:
    assert main([*SMALL, "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["settings"] == {
        "landscape": "sphere",
        "protocol": "tob",
        "attack": "under-claim",
        "processes": 4,
        "byzantine": 1,
        "lambda": 3,
        "mu": 2,
        "recombines": True,
        "elitist": False,
        "draws": 2,
        "generations": 4,
        "seed": 1,
        "names": "p",
        "unverified": False,
    }
    assert summary["versions"] == {
        "modelConsensus": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "tlc": find_toolchain().tlc_version,
    }
    assert summary["byzantine"] == summary["banned"] == ["p4"]
    out = capsys.readouterr().out
    assert out.startswith(
        "tob on sphere: n = 4, f = 1, λ = 3, μ = 2, seed 1; p4 is Byzantine: under-claim\n"
    )
    assert "; banned: p4 (in generation " in out


@pytest.fixture
def model(tmp_path: Path) -> Path:
    assert main([*SMALL, "--no-check", "--out", str(tmp_path)]) == 0
    return tmp_path / "model.npz"


def test_the_saved_model_has_the_loss_that_was_recorded(model: Path, capsys: Output) -> None:
    summary = json.loads(model.with_name("summary.json").read_text())
    saved = load_model(model)
    assert Sphere().losses(saved.vector[None]) == [summary["loss"]] == [saved.loss]
    assert (saved.digest, saved.generation) == (summary["digest"], 4)
    capsys.readouterr()
    assert main(["evaluate", str(model)]) == 0
    assert capsys.readouterr().out.endswith(f"loss: {summary['loss']:,}, as the run recorded it\n")


def test_a_model_that_was_changed_is_noticed(model: Path, capsys: Output) -> None:
    fields = dict(np.load(model))
    fields["vector"][0] += 1
    np.savez(model, **fields)
    assert main(["evaluate", str(model)]) == 1
    assert ", but the run recorded " in capsys.readouterr().out


def test_another_landscape_of_that_name_is_refused(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    other: Any = {**catalogue.LANDSCAPES, "sphere": lambda: Sphere(7)}
    monkeypatch.setattr(catalogue, "LANDSCAPES", other)
    assert main(["evaluate", str(model)]) == 2
    error = capsys.readouterr().err
    assert "landscape 'sphere' is not the one that the model was trained on: it says " in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04rest"])
def test_a_file_that_is_not_a_model(content: bytes, tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    assert main(["evaluate", str(path)]) == 2
    error = capsys.readouterr().err
    assert error == f"model-consensus: error: {path}: not the model.npz of a run\n"


def test_a_model_with_a_field_missing(model: Path, capsys: Output) -> None:
    fields = dict(np.load(model))
    del fields["digest"]
    np.savez(model, **fields)
    assert main(["evaluate", str(model)]) == 2
    assert f"{model}: not the model.npz of a run" in capsys.readouterr().err
