"""Temporary folders: gone at the end, and those of a program that was killed at the next start."""

import subprocess
import sys
from pathlib import Path

import pytest

from model_consensus.tla import scratch
from model_consensus.tla.scratch import scratch_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")

KILLED = """
import os, signal
from model_consensus.tla.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "states").mkdir()
    print(folder.parent, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    scratch._remove_abandoned.cache_clear()


def test_a_folder_is_gone_with_all_that_is_in_it(tmp_path: Path) -> None:
    with scratch_folder() as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_program_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True)
    abandoned = Path(done.stdout.strip())
    assert abandoned.is_dir()
    mine = tmp_path / "model-consensus-mine"  # nobody's lock: not one of these folders
    mine.mkdir()
    with scratch_folder() as alive:
        assert not abandoned.exists()
        scratch._remove_abandoned.cache_clear()
        with scratch_folder() as other:
            assert alive.is_dir()
            assert other.is_dir()
    assert list(tmp_path.iterdir()) == [mine]
