"""Check the logs of real processes that learn over Total Order Broadcast, one log for each.

A log has what one process saw and did, in its own order: what it offered, what was delivered to it
and what it decided (docs/logs.md).  No clocks are compared.  Each learner is computed again from
its log; the logs are merged into one behaviour of the specification.  A process without a log is
Byzantine.  With ``--landscape`` the digests and losses are computed again, too; with ``--tlc`` the
merged behaviour is recorded as a trace, and TLC checks it.

The exit status is 0 if the logs are accepted, 1 if a process contradicts itself, another one or the
landscape, and 2 if a file is not a log or lines of it are missing.  A log that a crash has cut off
is checked up to there.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from model_consensus.commands.options import seconds
from model_consensus.conformance.log_check import RejectedLogError, check_logs
from model_consensus.conformance.log_replay import Merged
from model_consensus.conformance.log_trace import merged_trace
from model_consensus.conformance.logs import Log, LogError, open_logs
from model_consensus.conformance.trace_check import check_traces, describe
from model_consensus.evolutionary_search import EvolutionarySearch, Search
from model_consensus.landscapes import Landscape
from model_consensus.report.console import new_console
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape

EXAMPLES = """\
examples:
  model-consensus check-logs out/tob/logs
  model-consensus check-logs p1.log p2.log p3.log --landscape onemax
  model-consensus check-logs out/tob/logs --tlc"""


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
    landscape = load_landscape(args.landscape) if args.landscape else None
    started = time.monotonic()
    with open_logs(find_logs(args.paths)) as logs:
        steps: list[Merged] = []
        try:
            for merged in check_logs(logs, searched(logs[0], landscape)):
                if args.tlc:
                    steps.append(merged)
        except RejectedLogError as rejected:
            where = {"source": rejected.source, "process": rejected.process, "line": rejected.line}
            verdict = {"accepted": False, **where, "reason": rejected.reason}
            text = f"{rejected.source}: line {rejected.line}: {rejected.process}: {rejected.reason}"
        else:
            verdict = {"accepted": True, "reason": None}
            text = "\n".join(_accepted(logs, time.monotonic() - started))
    if args.tlc and verdict["accepted"]:
        console = Console(stderr=True) if args.json else new_console()
        verdict, text = _referee(console, logs, steps, args.time_limit) or (verdict, text)
    if args.json:
        verdict["logs"] = [_as_data(log) for log in logs]
        text = json.dumps(verdict, indent=2)
    print(text)
    return 0 if verdict["accepted"] else 1


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


def searched(log: Log, landscape: Landscape | None) -> Search | None:
    """The search that the processes of a run agreed on, if its landscape is known."""
    if landscape is None:
        return None
    agreed = log.agreed
    rules = agreed.draws, agreed.lambda_, agreed.mu, agreed.recombines, agreed.elitist
    return CachedSearch(EvolutionarySearch(landscape, *rules))


def _accepted(logs: Sequence[Log], elapsed: float) -> Iterator[str]:
    for log in logs:
        if log.cut:
            yield f"{log.source}: cut off in line {log.line}: what is before it was checked"
    agreed = logs[0].agreed
    others = sorted(set(agreed.processes) - {log.process for log in logs})
    if others:
        yield f"without a log, and so taken for Byzantine: {', '.join(others)}"
    lines = sum(_count(log) for log in logs)
    yield f"{len(logs)} logs accepted: {lines:,} lines in {elapsed:.1f} s"


def _count(log: Log) -> int:
    """How many lines were read."""
    return log.line - 1


def _as_data(log: Log) -> dict[str, Any]:
    return {
        "source": log.source,
        "process": log.process,
        "lines": _count(log),
        "cutOff": log.cut,
    }


def _referee(
    console: Console, logs: Sequence[Log], steps: Sequence[Merged], time_limit: float | None
) -> tuple[dict[str, Any], str] | None:
    """What is wrong with the merged behaviour by TLC's verdict; None if it accepts it."""
    trace = merged_trace([log.process for log in logs], logs[0].agreed, steps)
    with console.status(f"TLC checks {len(trace.states):,} states", spinner="line"):
        (checked,) = check_traces([trace], time_limit=time_limit)
    if checked.rejection is None:
        console.print(f"TLC has accepted {len(trace.states):,} states")
        return None
    merged = steps[max(checked.rejection.index - 1, 0)]
    reason = f"TLC: {describe(checked)}"
    where = {"process": merged.process, "line": merged.line}
    return {"accepted": False, **where, "reason": reason}, (
        f"{merged.process}, line {merged.line}: {reason}"
    )
