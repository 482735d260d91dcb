"""What the tests of the learners share."""

import pytest

from tests.support.pow_blocks import Counting


@pytest.fixture
def search() -> Counting:
    """A real search for the learner over proof-of-work."""
    return Counting()
