"""The folder of a run: one run at a time, and the files of one run only."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.simulation.run_folder import CHECKPOINT, OUTPUTS, UNFINISHED, run_folder


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def write(
    folder: Path,
    text: str,
    names: Sequence[str] = OUTPUTS,
    error: BaseException | None = None,
    *,
    resume: bool = False,
) -> None:
    """A run whose files hold ``text``, and which ends with ``error``."""
    with run_folder(folder, resume=resume) as stage:
        for name in (CHECKPOINT, *names):
            (stage / name).write_text(text)
        if error:
            raise error


def test_a_second_run_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write(tmp_path, "first")
    assert contents(tmp_path) == {"notes.txt": "mine"} | dict.fromkeys(OUTPUTS, "first")
    write(tmp_path, "second", OUTPUTS[:3])
    assert contents(tmp_path) == {"notes.txt": "mine"} | dict.fromkeys(OUTPUTS[:3], "second")


def test_an_interrupted_run_stands_apart_from_an_earlier_one(tmp_path: Path) -> None:
    write(tmp_path, "first")
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, "second", (CHECKPOINT, "metrics.csv"), KeyboardInterrupt())
    unfinished = {f"{UNFINISHED}/{name}": "second" for name in (CHECKPOINT, "metrics.csv")}
    assert contents(tmp_path) == dict.fromkeys(OUTPUTS, "first") | unfinished

    with (
        pytest.raises(ModelConsensusError) as refused,
        run_folder(tmp_path, resume=False),
    ):
        pass
    assert str(refused.value) == (
        f"{tmp_path}: an unfinished run is here: --resume goes on with it; to give it up, "
        f"delete {tmp_path / UNFINISHED}"
    )
    assert contents(tmp_path) == dict.fromkeys(OUTPUTS, "first") | unfinished
    with run_folder(tmp_path, resume=True) as stage:
        assert (stage / CHECKPOINT).read_text() == "second"
    assert contents(tmp_path) == {"metrics.csv": "second"}


@pytest.mark.parametrize("begun", [False, True])
def test_a_run_that_is_refused_leaves_what_was_there(tmp_path: Path, begun: bool) -> None:
    write(tmp_path, "first")
    if begun:
        (tmp_path / UNFINISHED).mkdir()
        for name in (CHECKPOINT, *OUTPUTS[:2]):
            (tmp_path / UNFINISHED / name).write_text("second")
    before = contents(tmp_path)
    with pytest.raises(ModelConsensusError):
        write(tmp_path, "second", OUTPUTS[:2], ModelConsensusError("refused"), resume=begun)
    assert contents(tmp_path) == before


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with run_folder(tmp_path, resume=False) as stage:
        (stage / "summary.json").write_text("first")
        with pytest.raises(ModelConsensusError) as refused, run_folder(tmp_path, resume=True):
            pass
        assert str(refused.value) == f"{tmp_path}: another run is writing here"
    write(tmp_path, "second")  # the lock has gone with the run
    assert contents(tmp_path) == dict.fromkeys(OUTPUTS, "second")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as a write on a full disk raises it
    with pytest.raises(OSError, match="No space left on device") as failed:
        write(tmp_path, "first", error=full)
    assert failed.value.filename == str(tmp_path / UNFINISHED)
