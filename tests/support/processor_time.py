"""A test that is not marked as slow must be fast: what ``make quick`` runs takes about a minute.

Slow is what takes more than a second of processor time, that of child processes included.  The
limit leaves room for other machines; the time that a busy machine makes a test wait does not count.
"""

import os
from collections.abc import Generator

import pytest

LIMIT = 5.0
"""Seconds of processor time."""


def spent() -> float:
    """Seconds of processor time, of this process and of its children that have ended."""
    user, system, children_user, children_system, _ = os.times()
    return user + system + children_user + children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that is neither ``slow`` nor ``tlc`` and has taken too long."""
    before = spent()
    yield
    taken = spent() - before
    if taken > LIMIT and not {"slow", "tlc"} & {mark.name for mark in item.iter_markers()}:
        pytest.fail(f"this took {taken:.1f} s of processor time: mark it as slow", pytrace=False)
