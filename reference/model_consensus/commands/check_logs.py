"""Check the logs of real processes that learn together, one log for each.

A log has what one process saw and did, in its own order (docs/logs.md).  No clocks are compared.
Each learner is computed again from its log; the logs are merged into one behaviour of the
specification: TobLearning, or DelayedLearning for logs over proof-of-work, with the least bound on
the delay that the order of the logs allows.  A process without a log is Byzantine.  With
``--landscape`` the digests and losses are computed again, too; with ``--tlc`` the merged behaviour
is recorded as a trace, and TLC checks it.

The exit status is 0 if the logs are accepted, 1 if a process contradicts itself, another one or the
landscape, and 2 if a file is not a log or lines of it are missing.  A log that a crash has cut off
is checked up to there.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from model_consensus.commands.options import seconds
from model_consensus.conformance.log_check import RejectedLogError, check_logs
from model_consensus.conformance.log_replay import Merged
from model_consensus.conformance.log_trace import merged_trace
from model_consensus.conformance.logs import Agreed, LogError, LogOf, open_logs, protocol_of
from model_consensus.conformance.pow_log_check import PowCheck, describe_blocks
from model_consensus.conformance.pow_log_replay import Taken
from model_consensus.conformance.pow_log_trace import merged_trace as merged_pow_trace
from model_consensus.conformance.pow_logs import POW, PowAgreed
from model_consensus.conformance.trace_check import check_traces, describe
from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import EvolutionarySearch, Search
from model_consensus.landscapes import Landscape
from model_consensus.report.console import new_console
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape

EXAMPLES = """\
examples:
  model-consensus check-logs out/tob/logs
  model-consensus check-logs p1.log p2.log p3.log --landscape onemax
  model-consensus check-logs out/tob/logs --tlc
  model-consensus check-logs out/cluster-pow/logs --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="the log of a process, or a folder of *.log; all of one run",
    )
    parser.add_argument(
        "--landscape",
        metavar="NAME",
        help="compute digests and losses again, on this landscape: "
        f"{', '.join(LANDSCAPES)}, or module:attribute",
    )
    parser.add_argument("--tlc", action="store_true", help="let TLC check the merged behaviour")
    parser.add_argument(
        "--time-limit", type=seconds, metavar="SECONDS", help="give up on TLC after that time"
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def run(args: argparse.Namespace) -> int:
    """Check the logs."""
    paths = find_logs(args.paths)
    landscape = load_landscape(args.landscape) if args.landscape else None
    over_work = protocol_of(paths[0]) == POW.protocol
    opened = (_over_work if over_work else _over_broadcast)(paths, landscape)
    started = time.monotonic()
    with opened as checking:
        steps: list[Any] = []
        verdict: dict[str, Any]
        try:
            for step in checking.steps():
                if args.tlc:
                    steps.append(step)
        except RejectedLogError as rejected:
            where = {"source": rejected.source, "process": rejected.process, "line": rejected.line}
            verdict = {"accepted": False, **where, "reason": rejected.reason}
            text = f"{rejected.source}: line {rejected.line}: {rejected.process}: {rejected.reason}"
        else:
            said = _accepted(checking.logs, time.monotonic() - started)
            verdict = {"accepted": True, "reason": None, **checking.measured()}
            text = "\n".join([*said, *checking.said()])
        if args.tlc and verdict["accepted"]:
            console = Console(stderr=True) if args.json else new_console()
            trace, origins = checking.trace(steps)
            refused = _referee(console, trace, origins, args.time_limit)
            verdict, text = refused or (verdict, text)
        if args.json:
            verdict["logs"] = [_as_data(log) for log in checking.logs]
            text = json.dumps(verdict, indent=2)
    print(text)
    return 0 if verdict["accepted"] else 1


@dataclass
class _Checking:
    """The check of logs over one protocol.

    :ivar steps: the merged behaviour.
    :ivar trace: the same as a trace, and what each step of it was read from.
    :ivar measured: what an acceptance comes with, as JSON data.
    :ivar said: the same in words.
    """

    logs: Sequence[LogOf[Any, Any]]
    steps: Callable[[], Iterator[Any]]
    trace: Callable[[Sequence[Any]], tuple[Trace, Sequence[Any]]]
    measured: Callable[[], dict[str, Any]] = dict
    said: Callable[[], Sequence[str]] = list


@contextmanager
def _over_broadcast(paths: Sequence[Path], landscape: Landscape | None) -> Iterator[_Checking]:
    with open_logs(paths) as logs:
        agreed = logs[0].agreed
        search = _searched(agreed, landscape, agreed.lambda_, agreed.mu)

        def trace(steps: Sequence[Merged]) -> tuple[Trace, Sequence[Merged]]:
            return merged_trace([log.process for log in logs], agreed, steps), steps

        yield _Checking(logs, lambda: check_logs(logs, search), trace)


@contextmanager
def _over_work(paths: Sequence[Path], landscape: Landscape | None) -> Iterator[_Checking]:
    with POW.open(paths) as logs:
        check = PowCheck(logs, _searched(logs[0].agreed, landscape))

        def trace(steps: Sequence[Taken]) -> tuple[Trace, Sequence[Taken]]:
            return merged_pow_trace(check, steps)

        yield _Checking(logs, check.steps, trace, check.measured, lambda: describe_blocks(check))


def find_logs(paths: Sequence[Path]) -> list[Path]:
    """The files given, and all ``*.log`` files in the folders given.

    :raises LogError: there is no such file.
    """
    files: list[Path] = []
    for path in paths:
        files += sorted(path.glob("*.log")) if path.is_dir() else [path]
    if not files:
        raise LogError("there is no *.log file in " + ", ".join(map(str, paths)))
    return files


def _searched(
    agreed: Agreed | PowAgreed, landscape: Landscape | None, lambda_: int = 1, mu: int = 1
) -> Search | None:
    """The search that the processes of a run agreed on, if its landscape is known."""
    if landscape is None:
        return None
    rules = agreed.draws, lambda_, mu, agreed.recombines, agreed.elitist
    return CachedSearch(EvolutionarySearch(landscape, *rules))


def _accepted(logs: Sequence[LogOf[Any, Any]], elapsed: float) -> Iterator[str]:
    for log in logs:
        if log.cut:
            yield f"{log.source}: cut off in line {log.line}: what is before it was checked"
    agreed = logs[0].agreed
    others = sorted(set(agreed.processes) - {log.process for log in logs})
    if others:
        yield f"without a log, and so taken for Byzantine: {', '.join(others)}"
    lines = sum(_count(log) for log in logs)
    yield f"{len(logs)} logs accepted: {lines:,} lines in {elapsed:.1f} s"


def _count(log: LogOf[Any, Any]) -> int:
    """How many lines were read."""
    return log.line - 1


def _as_data(log: LogOf[Any, Any]) -> dict[str, Any]:
    return {
        "source": log.source,
        "process": log.process,
        "lines": _count(log),
        "cutOff": log.cut,
    }


def _referee(
    console: Console, trace: Trace, origins: Sequence[Any], time_limit: float | None
) -> tuple[dict[str, Any], str] | None:
    """What is wrong with the merged behaviour by TLC's verdict; None if it accepts it."""
    with console.status(f"TLC checks {len(trace.states):,} states", spinner="line"):
        (checked,) = check_traces([trace], time_limit=time_limit)
    if checked.accepted:
        console.print(f"TLC has accepted {len(trace.states):,} states of {trace.module}")
        return None
    noticed = checked.rejection or checked.unsafe
    assert noticed is not None
    merged = origins[max(noticed.index - 1, 0)]
    reason = f"TLC: {describe(checked)}"
    where = {"process": merged.process, "line": merged.line}
    return {"accepted": False, **where, "reason": reason}, (
        f"{merged.process}, line {merged.line}: {reason}"
    )
