"""Check recorded executions, of this or any other implementation, against a specification.

A trace is a file in the ITF JSON format (docs/traces.md).  TLC follows each trace with the
specification's own next-state relation and checks its invariants in every state.  The exit status
is 0 if all traces are accepted and 1 if one is rejected: then the first bad state is named, what is
wrong in it, and which actions were possible instead.
"""

import argparse
import time
from pathlib import Path

from rich.console import Console

from model_consensus.conformance import TraceVerdict, check_traces
from model_consensus.traces import read_all

EXAMPLES = """\
examples:
  model-consensus check-trace out/tob/trace.itf.json
  model-consensus check-trace my-traces/"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", type=Path, help="a trace, or a folder of *.itf.json"
    )
    parser.add_argument("--time-limit", type=float, metavar="SECONDS", help="give up then")


def run(args: argparse.Namespace) -> int:
    """Check the traces."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    started = time.monotonic()
    with console.status("reading") as status:
        traces = read_all(args.paths)
        verdicts = check_traces(
            traces,
            time_limit=args.time_limit,
            on_progress=lambda progress: status.update(f"checked {progress.distinct:,} states"),
        )
    rejected = [verdict for verdict in verdicts if verdict.rejection]
    for verdict in rejected:
        console.print(describe(verdict))
    states = sum(len(trace.states) for trace in traces)
    console.print(
        f"{len(verdicts) - len(rejected)} of {len(verdicts)} traces accepted: "
        f"{states:,} states in {time.monotonic() - started:.1f} s"
    )
    return 1 if rejected else 0


def describe(verdict: TraceVerdict) -> str:
    """A verdict in words."""
    trace, rejection = verdict.trace, verdict.rejection
    if rejection is None:
        return f"{trace.source}: accepted"
    action = trace.actions[rejection.index] or "an action without a name"
    lines = [f"{trace.source}: rejected at state {rejection.index} ({action}): {rejection.reason}"]
    lines += [f"  {line}" for line in rejection.differences]
    if rejection.possible:
        lines.append(f"  possible were: {', '.join(rejection.possible)}")
    return "\n".join(lines)
