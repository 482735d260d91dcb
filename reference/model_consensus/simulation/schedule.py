"""Who moves next in a simulated run: schedules drawn from a seed."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from model_consensus.evolutionary_search import tagged_digest

Choice = TypeVar("Choice")


class Schedule:
    """Choices from a seed."""

    def __init__(self, seed: int) -> None:
        key = int.from_bytes(tagged_digest("model-consensus/schedule/1", seed)[:16], "little")
        self._words = np.random.Philox(key=key)

    def choose(self, among: Sequence[Choice]) -> Choice:
        """One of them; the bias towards the first ones is below len(among) / 2^64."""
        return among[int(self._words.random_raw()) % len(among)]
