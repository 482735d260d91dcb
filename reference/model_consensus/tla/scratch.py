"""Temporary folders that do not stay behind, even if the program that made them is killed.

Each holds a lock as long as its maker lives.  The first folder that a process makes removes those
whose lock is free.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: folders of a killed program stay, as those of others do there
    fcntl = None  # type: ignore[assignment]

PREFIX = "model-consensus-"
_LOCK = "lock"


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Wait until no other process or thread is in such a block; ``file`` is made for it."""
    with file.open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder, removed with all that is in it at the end of the block."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as outer,
        # Locked before it has its name: so a lock that can be found is held, or abandoned.
        (Path(outer) / "unlocked").open("w") as lock,
    ):
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        Path(lock.name).rename(Path(outer) / _LOCK)
        folder = Path(outer) / "work"
        folder.mkdir()
        yield folder


@cache
def _remove_abandoned(parent: Path) -> None:
    """Remove the folders in ``parent`` whose makers are no more."""
    if fcntl is None:
        return
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
