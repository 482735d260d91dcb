"""A killed run that is resumed ends with the bytes of one that was not; other files are refused."""

import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from model_consensus.commands.cli import main
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch, all_drawn
from model_consensus.landscapes import Vector
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.checkpoint import remembering

RUN = {
    "tob": ["run", "tob", "--landscape", "sphere", "--no-check", "--generations", "40"],
    "pow": ["run", "pow", "--landscape", "sphere", "--no-check", "--wins", "60", "--depth", "2"],
}
RUN["tob"] += ["--draws", "4"]


class Counting(Sphere):
    """Counts the models that it evaluates."""

    evaluated = 0

    def losses(self, models: Vector) -> list[int]:
        Counting.evaluated += len(models)
        return super().losses(models)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["tob", "pow"])
def test_a_killed_run_ends_with_the_same_bytes(tmp_path: Path, protocol: str) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main([*RUN[protocol], "--out", str(whole)]) == 0
    chance = random.Random(protocol)
    command = [sys.executable, "-m", "model_consensus", *RUN[protocol]]
    command += ["--out", str(killed), "--resume"]
    checkpoint, kept = killed / "unfinished" / "checkpoint", 0
    for _ in range(2):
        enough = kept + chance.randrange(200, 6_000)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while not (checkpoint.exists() and checkpoint.stat().st_size > enough):
                assert process.poll() is None, "it ended before it was killed"
                time.sleep(0.001)
            process.kill()
        assert checkpoint.stat().st_size >= kept  # a kill loses nothing
        kept = checkpoint.stat().st_size
    assert not (killed / "summary.json").exists()
    assert main([*RUN[protocol], "--out", str(killed)]) == 2  # it would be lost
    assert checkpoint.stat().st_size == kept
    assert main([*RUN[protocol], "--out", str(killed), "--resume"]) == 0
    names = sorted(path.relative_to(whole) for path in whole.rglob("*"))
    assert Path("metrics.json") in names
    assert Path("unfinished") not in names
    assert sorted(path.relative_to(killed) for path in killed.rglob("*")) == names
    for name in names:
        if (whole / name).is_file():
            assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


def search(path: Path, *, resume: bool, generations: int, seed: int = 1) -> list[int]:
    """The losses of a small search, remembered in ``path``."""
    with remembering(path, Counting(), {"seed": seed}, resume=resume) as landscape:
        own = EvolutionarySearch(landscape, 3, 3)
        model, seen = own.genesis, []
        for generation in range(1, generations + 1):
            steps = all_drawn(generation, "p", 3)
            seen += own.losses(model, steps)
            assert path.read_text().count("\n") > len(seen)  # written at once
            model = own.offspring(model, steps[0])
        return seen


def count(path: Path, *, generations: int) -> int:
    """The models that a resumed search evaluates."""
    before = Counting.evaluated
    search(path, resume=True, generations=generations)
    return Counting.evaluated - before


def test_what_was_evaluated_is_not_evaluated_again(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    whole = search(path, resume=False, generations=8)
    search(path, resume=False, generations=5)
    assert count(path, generations=8) == 9
    assert count(path, generations=8) == 0
    assert search(path, resume=True, generations=8) == whole
    assert count(tmp_path / "none yet", generations=2) == 6


def test_a_checkpoint_cut_anywhere_is_a_shorter_one(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    whole = search(path, resume=False, generations=3)
    text = path.read_bytes()
    lines = text.count(b"\n")
    for cut in range(0, len(text), 5):
        path.write_bytes(text[:cut])
        finished = text[:cut].count(b"\n")
        assert count(path, generations=3) == min(lines - finished, 9)
        assert search(path, resume=True, generations=3) == whole
        assert path.read_bytes() == text


def damaged(text: str) -> Sequence[tuple[str, str]]:
    """Files that are no checkpoints of the run, and what is said of them."""
    lines = text.splitlines(keepends=True)
    return [
        (text.replace('"seed": 1', '"seed": 2'), "another run: seed was 2, not 1"),
        (text.replace('"version": "', '"version": "9'), "another run: version was '9"),
        (text.replace('"seed"', '"sead"'), "another run: seed was None, not 1"),
        ("".join(lines[1:]), "line 1: not a checkpoint"),
        ("".join([*lines[:2], "\0" * 40 + "\n", *lines[2:]]), "line 3: not a model and its loss"),
        (lines[0] + lines[1].replace(" ", " -"), "line 2: not a model and its loss"),
    ]


def test_a_checkpoint_of_another_run_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    search(path, resume=False, generations=2)
    for text, complaint in damaged(path.read_text()):
        path.write_text(text)
        with pytest.raises(ModelConsensusError, match=complaint):
            search(path, resume=True, generations=2)
        assert path.read_text() == text
    other = remembering(path, OneMax(), {"seed": 1}, resume=True)
    search(path, resume=False, generations=2)
    with pytest.raises(ModelConsensusError, match="another run: landscape was"), other:
        pass


def interrupted(folder: Path) -> str:
    """What is said of a run that Ctrl-C ends in its second generation."""
    program = (
        "import sys\n"
        "from model_consensus.simulation.benchmark_functions import Sphere\n"
        "from model_consensus.commands.cli import main\n"
        "evaluate, calls = Sphere.losses, []\n"
        "def losses(self, models):\n"
        "    calls.append(1)\n"
        "    if len(calls) > 6:\n"
        "        raise KeyboardInterrupt\n"
        "    return evaluate(self, models)\n"
        "Sphere.losses = losses\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, *RUN["tob"], "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 130
    return done.stderr


def test_an_interruption_names_the_option_that_goes_on(tmp_path: Path) -> None:
    assert interrupted(tmp_path) == (
        f"model-consensus: the unfinished run is in {tmp_path / 'unfinished'}: "
        "the same command with --resume goes on with it\nmodel-consensus: interrupted\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["unfinished"]


def test_the_command_refuses_other_options_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(tmp_path)
    checkpoint = tmp_path / "unfinished" / "checkpoint"
    before = checkpoint.read_bytes()
    given = [*RUN["tob"], "--out", str(tmp_path)]
    assert main([*given, "--resume", "--seed", "2"]) == 2
    error = capsys.readouterr().err
    assert "another run: seed was 1, not 2" in error
    assert error.count("\n") == 1
    assert checkpoint.read_bytes() == before
    assert main([*given, "--resume"]) == 0
