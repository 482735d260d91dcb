"""``make quick`` stays quick: a slow test without the mark fails."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

SLOW = """
import time

import pytest

from tests.support import processor_time

processor_time.LIMIT = 0.1


def burn():
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass


def test_unmarked():
    burn()


def test_waits():
    time.sleep(0.3)


@pytest.mark.slow
def test_slow():
    burn()


@pytest.mark.tlc
def test_tlc():
    burn()
"""


@pytest.mark.slow
def test_a_slow_test_without_the_mark_fails_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW, encoding="utf-8")
    arguments = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    arguments += ["-p", "no:cacheprovider", "-p", "tests.support.processor_time"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(tmp_path / "test_slow.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1, done.stdout + done.stderr
    assert "::test_unmarked - " in failed[0]
    assert re.search(r"\nthis took 0\.\d s of processor time: mark it as slow\n", done.stdout)
