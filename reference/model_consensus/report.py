"""How results look: a row for a model, a counterexample, the report for machines."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from model_consensus import __version__
from model_consensus.manifest import Figures, Model
from model_consensus.tlc_output import Result, Trace, Verdict
from model_consensus.toolchain import Toolchain
from model_consensus.values import Function, Value, ordered, show


@dataclass(frozen=True)
class Outcome:
    """A model, what TLC found, and what should have been otherwise."""

    model: Model
    result: Result
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


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


def changes(before: Value, after: Value, place: str = "") -> Iterator[str]:
    """What is different in ``after``, at the smallest places that differ."""
    if before == after:
        return
    if isinstance(before, Function) and isinstance(after, Function) and set(before) == set(after):
        for key in before:
            yield from changes(before[key], after[key], _at(place, key))
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) <= len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=False), start=1):
            yield from changes(old, new, _at(place, index))
        for index, new in enumerate(after[len(before) :], start=len(before) + 1):
            yield f"{_at(place, index)} = {show(new)}  (new)"
    elif isinstance(before, frozenset) and isinstance(after, frozenset):
        yield from (f"{place}: {show(gone)} leaves" for gone in ordered(before - after))
        yield from (f"{place}: {show(new)} joins" for new in ordered(after - before))
    else:
        yield f"{place} = {show(after)}  (was {show(before)})"


def _at(place: str, key: Value) -> str:
    if not place:
        return str(key)
    return f"{place}[{show(key)}]"


# ------------------------------------------------------------------------- report for machines


def origin(folder: Path, toolchain: Toolchain) -> dict[str, Any]:
    """What was checked with which tools: versions and SHA-256 checksums."""
    files = sorted(p for p in folder.iterdir() if p.suffix in (".tla", ".cfg", ".json"))
    return {
        "modelConsensus": __version__,
        "commit": _commit(folder),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "tlc": {"version": toolchain.tlc_version, "sha256": toolchain.jar_sha256},
        "java": toolchain.java_version,
        "specifications": {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }


def _commit(folder: Path) -> str | None:
    """The commit of the checkout that contains ``folder``, marked if files were changed."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def as_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome for the report."""
    model, result = outcome.model, outcome.result
    figures = Figures.of(result)
    return {
        "path": model.config.name,
        "module": model.module.name,
        "kind": model.kind,
        "claim": model.claim,
        "result": result.verdict,
        "property": result.property,
        "distinctStates": figures.distinct,
        "totalStates": figures.total,
        "traceLength": figures.trace_length,
        "actions": list(figures.actions),
        "runtime": round(result.seconds, 2),
        "passed": outcome.passed,
        "differences": list(outcome.differences),
    }


_TIMES = ("runtime", "runtimes", "seconds")


def write(path: Path, report: dict[str, Any]) -> None:
    """Write a report at once or not at all."""
    replace_file(path, json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def with_checksum(report: dict[str, Any]) -> dict[str, Any]:
    """The report, with a checksum of its results (times left out)."""
    results = [
        {key: value for key, value in entry.items() if key not in _TIMES}
        for entry in [*report["models"], *report["jobs"]]
    ]
    canonical = json.dumps(sorted(results, key=str), sort_keys=True).encode()
    return {**report, "resultsSha256": hashlib.sha256(canonical).hexdigest()}


def replace_file(path: Path, text: str) -> None:
    """Write a file at once or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


Say = Callable[[str], None]


@dataclass(frozen=True)
class JobOutcome:
    """What a job after the models found: a line to print, and data for the report."""

    name: str
    passed: bool
    message: str
    seconds: float
    data: dict[str, Any]
