"""What all tests share; pytest takes plugins from this folder only."""

import os

import pytest

pytest_plugins = ["tests.support.processor_time"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, for some tests wait for processes of their own."""
    return (os.cpu_count() or 1) + 1
