"""What came of a check: four states, of which only one is green."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from model_consensus.tla.manifest import SpecModel
from model_consensus.tla.tlc_output import Result

Say = Callable[[str], None]
"""Takes a line to print."""


class Status(StrEnum):
    """Whether something was checked, and with what result."""

    OK = "ok"
    FAILS = "FAILS"
    PARTIAL = "partial"  # what was checked holds, and some of it was not checked
    NOT_RUN = "not run"


def overall(statuses: Iterable[Status]) -> Status:
    """The status of the whole, from those of its parts; of nothing it is "not run"."""
    found = set(statuses)
    if Status.FAILS in found:
        return Status.FAILS
    if not found or found == {Status.NOT_RUN}:
        return Status.NOT_RUN
    return Status.OK if found == {Status.OK} else Status.PARTIAL


@dataclass(frozen=True)
class Outcome:
    """A model, what TLC found, and what should have been otherwise."""

    model: SpecModel
    result: Result
    differences: tuple[str, ...]

    @property
    def status(self) -> Status:
        return Status.FAILS if self.differences else Status.OK


@dataclass(frozen=True)
class Found:
    """What a job after the models found: its status, a line to print, and data for the report."""

    status: Status
    message: str
    data: dict[str, Any]


@dataclass(frozen=True)
class JobOutcome:
    """The same with the job's name and the seconds that it took."""

    name: str
    found: Found
    seconds: float
