"""Rendering results on the terminal, in eighty columns: rows and counterexamples."""

import re
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from model_consensus.report.outcomes import JobOutcome, Outcome, Status
from model_consensus.tla.differences import changes
from model_consensus.tla.tlc_output import Counterexample, Result, Verdict
from model_consensus.tla.values import Function, show

WIDTH = 80
"""The columns that a line may take, unless it is one token that is longer."""


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command line: rich itself exits with 1, which here is a verdict."""
        raise BrokenPipeError


def new_console() -> Console:
    """Standard output, on which text stands as it was given: no markup, no colour, no new lines."""
    return _Output(highlight=False, soft_wrap=True, markup=False)


_TOKEN = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"]|"(?=\S*$))+')


def wrapped(text: str, first: str, rest: str) -> str:
    """``text`` in lines of at most `WIDTH`, broken between tokens only.

    A string in quotes is a part of its token.  The first line begins with ``first``, the others
    with ``rest``.
    """
    lines, line = [], first
    for token in _TOKEN.findall(text):
        if line.strip() and line not in (first, rest):
            if len(line) + 1 + len(token) > WIDTH:
                lines.append(line)
                line = rest
            else:
                token = f" {token}"
        line += token
    return "\n".join([*lines, line])


# --------------------------------------------------------------------------- rows of the table

_STYLES = {Status.FAILS: "bold red", Status.NOT_RUN: "yellow", Status.PARTIAL: "yellow"}
_INDENT = " " * 9


def header() -> Text:
    """The table's head."""
    return Text(_columns("", "model", "distinct", "seconds", "kind"), style="bold")


def row(outcome: Outcome) -> Text:
    """A line for a model that was checked, one on what it violates, one for each difference."""
    model, result = outcome.model, outcome.result
    distinct = "" if result.distinct is None else f"{result.distinct:,}"
    text = Text(
        _columns(outcome.status, model.name, distinct, f"{result.seconds:.1f}", model.kind),
        style=_STYLES.get(outcome.status, ""),
    )
    if result.verdict is not Verdict.HOLDS:
        text.append("\n" + wrapped(verdict(result), _INDENT, _INDENT))
    for difference in outcome.differences:
        text.append("\n" + wrapped(difference, f"{_INDENT}! ", f"{_INDENT}  "), style="red")
    return text


def job_row(done: JobOutcome) -> Text:
    """The outcome of a job after the models."""
    line = f"{done.name}: {done.found.message} ({done.seconds:.1f} s)"
    first = f"{done.found.status:<9}"
    return Text(wrapped(line, first, _INDENT), style=_STYLES.get(done.found.status, ""))


def _columns(status: str, name: str, distinct: str, seconds: str, kind: str) -> str:
    return f"{status:<8} {name:<40} {distinct:>11} {seconds:>7} {kind}"


def verdict(result: Result) -> str:
    """The verdict in a few words: what holds, or what is violated and after how many states."""
    if result.verdict == Verdict.HOLDS:
        return "holds"
    said = f"{result.property} is violated" if result.property else str(result.verdict)
    if result.trace is None:
        return said
    return f"{said} in {len(result.trace)} state{'s' if len(result.trace) > 1 else ''}"


# ------------------------------------------------------------------------------ counterexamples


def counterexample_lines(trace: Counterexample) -> Iterator[str]:
    """A counterexample: the initial state whole, then each action and what it changed.

    States are counted from 1, as TLC counts them.
    """
    previous: Function | None = None
    for number, step in enumerate(trace.steps, start=1):
        yield wrapped(f"{number}: {step.action}{step.arguments}", "", " " * 5)
        if previous is None:
            found = [f"{name} = {show(step.state[name])}" for name in step.state]
        else:
            found = list(changes(previous, step.state)) or ["nothing changes"]
        yield from (wrapped(line, " " * 5, " " * 9) for line in found)
        previous = step.state
    if trace.back_to == len(trace.steps):
        yield "and nothing changes any more"
    elif trace.back_to is not None:
        yield f"and again from {trace.back_to}"
