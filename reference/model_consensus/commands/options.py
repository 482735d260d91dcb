"""Types of options that several commands have: what they accept, and how they refuse the rest."""

import argparse
import math
import re

from model_consensus.conformance.traces import MOST_TIMES

GREATEST = (1 << 31) - 1  # of Java's integers


def positive(text: str) -> int:
    """An integer that is at least 1."""
    return _integer(1, text)


def natural(text: str) -> int:
    """An integer that is at least 0."""
    return _integer(0, text)


def times(text: str) -> int:
    """By how much the limits on what is read are raised."""
    value = positive(text)
    if value > MOST_TIMES:
        raise argparse.ArgumentTypeError(f"not an integer in 1..{MOST_TIMES}: {text!r}")
    return value


def _integer(least: int, text: str) -> int:
    value = int(text) if re.fullmatch("[0-9]{1,10}", text) else -1
    if not least <= value <= GREATEST:
        raise argparse.ArgumentTypeError(f"not an integer in {least}..{GREATEST}: {text!r}")
    return value


def seconds(text: str) -> float:
    """A time that z3 takes too: its limits are milliseconds in 32 bits."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.001 <= value <= 4_000_000:
        raise argparse.ArgumentTypeError(f"not a number of seconds in 0.001..4000000: {text!r}")
    return value


def heap(text: str) -> str:
    """A size for Java's heap, such as 512m or 4g."""
    if not re.fullmatch("[1-9][0-9]*[kmgtKMGT]?", text):
        raise argparse.ArgumentTypeError(f"not a size of memory such as 512m or 4g: {text!r}")
    return text
