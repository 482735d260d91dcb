"""How results look: a row for a model, a counterexample, the report for machines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from model_consensus.tla.differences import changes
from model_consensus.tla.manifest import Model
from model_consensus.tla.tlc_output import Result, Trace, Verdict
from model_consensus.tla.values import Function, show


@dataclass(frozen=True)
class Outcome:
    """A model, what TLC found, and what should have been otherwise."""

    model: Model
    result: Result
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command line: rich itself exits with 1, which here is a verdict."""
        raise BrokenPipeError


def new_console() -> Console:
    """Standard output, on which text stands as it was given: no markup, no colour, no new lines."""
    return _Output(highlight=False, soft_wrap=True, markup=False)


# --------------------------------------------------------------------------- rows of the table


def header(width: int) -> Text:
    """The table's head; ``width`` is that of the longest model's name."""
    return Text(_columns(width, "model", "kind", "verdict", "distinct", "seconds"), style="bold")


def row(outcome: Outcome, width: int) -> Text:
    """One line for a model that was checked, and one for each thing that is wrong with it."""
    model, result = outcome.model, outcome.result
    distinct = "" if result.distinct is None else f"{result.distinct:,}"
    line = _columns(
        width, model.name, model.kind, verdict(result), distinct, f"{result.seconds:.1f}"
    )
    text = Text(line + ("  ok" if outcome.passed else "  FAILS"))
    if not outcome.passed:
        text.stylize("bold red")
    for difference in outcome.differences:
        text.append(f"\n    {difference}", style="red")
    return text


def _columns(width: int, name: str, kind: str, said: str, distinct: str, seconds: str) -> str:
    return f"{name:<{width}}  {kind:<9}  {said:<40}  {distinct:>10}  {seconds:>7}"


def verdict(result: Result) -> str:
    """The verdict in a few words: what holds, or what falls and after how many states."""
    if result.verdict == Verdict.HOLDS:
        return "holds"
    said = f"{result.property} falls" if result.property else str(result.verdict)
    return f"{said} in {len(result.trace)} states" if result.trace else said


# ------------------------------------------------------------------------------ counterexamples


def trace_lines(trace: Trace) -> Iterator[str]:
    """A counterexample: the initial state whole, then each action and what it changed."""
    previous: Function | None = None
    for number, step in enumerate(trace.steps, start=1):
        yield f"{number}: {step.action}"
        if previous is None:
            for name in step.state:
                yield f"     {name} = {show(step.state[name])}"
        else:
            changed = list(changes(previous, step.state))
            yield from (f"     {line}" for line in changed or ["nothing changes"])
        previous = step.state
    if trace.back_to == len(trace.steps):
        yield "and nothing changes any more"
    elif trace.back_to is not None:
        yield f"and again from {trace.back_to}"


# ------------------------------------------------------------------------- report for machines


Say = Callable[[str], None]


@dataclass(frozen=True)
class JobOutcome:
    """What a job after the models found: a line to print, and data for the report."""

    name: str
    passed: bool
    message: str
    seconds: float
    data: dict[str, Any]
