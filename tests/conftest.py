"""What all tests of this folder share."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: no deadline for one example, nor for drawing it.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def modules_in(folder: Path) -> list[str]:
    """The modules that have been imported from ``folder``."""
    return [
        name
        for name, module in list(sys.modules.items())
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(folder)
    ]


@pytest.fixture(autouse=True)
def _no_module_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A module that one test has written must not be found by the next that imports its name."""
    yield
    assert modules_in(tmp_path_factory.getbasetemp()) == []


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder from which modules can be imported until the test ends."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in modules_in(tmp_path):
        del sys.modules[name]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let Ctrl-C reach the processes that a test starts.

    nohup, and a shell without job control, start pytest with SIGINT ignored; children inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
