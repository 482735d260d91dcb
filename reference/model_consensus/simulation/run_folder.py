"""The folder of a training run: one run in it at a time, and the files of one run only.

While a run goes on, its files are in the folder ``unfinished`` inside.  When everything is written
they take the place of those of an earlier run, together; so whatever stands in the folder itself
is of one run that ended.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model_consensus.conformance.files import naming
from model_consensus.errors import ModelConsensusError

OUTPUTS = (
    "summary.json",
    "metrics.json",
    "metrics.csv",
    "logs",
    "trace.ndjson",
    "trace.ndjson.gz",
    "convergence.svg",
    "model.npz",
)
"""What a run leaves; ``logs`` is a folder.

The summary goes first and comes last: files without it are not a run.
"""
UNFINISHED = "unfinished"
CHECKPOINT = "checkpoint"


@contextmanager
def run_folder(folder: Path, *, resume: bool) -> Iterator[Path]:
    """The folder ``unfinished`` in ``folder``, for one run; its files move up when the run ends.

    Of a run that begins here and ends with a `ModelConsensusError` nothing stays: to take it up
    again would end in the same way.

    :param resume: whether an unfinished run may be there already.
    :raises ModelConsensusError: another process is using the folder, or an unfinished run is there
        and ``resume`` is false.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock", f"{folder}: another run is writing here"):
        stage = folder / UNFINISHED
        begun = (stage / CHECKPOINT).exists()
        if begun and not resume:
            raise ModelConsensusError(
                f"{folder}: an unfinished run is here: --resume goes on with it; to give it up, "
                f"delete {stage}"
            )
        stage.mkdir(exist_ok=True)
        try:
            with naming(stage):
                yield stage
        except ModelConsensusError:
            if not begun:
                _remove(stage)
            raise
        for name in OUTPUTS:
            _remove(folder / name)
        for name in reversed(OUTPUTS):
            if (stage / name).exists():
                (stage / name).replace(folder / name)
        _remove(stage)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, problem: str) -> Iterator[None]:
    """Have the file ``path`` as a lock; the system ends a lock with the process that has it.

    :raises ModelConsensusError: another process has it; ``problem`` is the message.
    """
    with path.open("a") as file:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The file may be one that another run has deleted since it was opened.
                if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    raise BlockingIOError
        except OSError:
            raise ModelConsensusError(problem) from None
        try:
            yield
        finally:
            if sys.platform != "win32":
                path.unlink()
