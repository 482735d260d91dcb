"""Check recorded executions, of this or any other implementation, against a specification.

A trace is a file in the ITF JSON format (docs/traces.md).  TLC follows each trace with the
specification's own next-state relation and checks its invariants in every state.  The exit status
is 0 if all traces are accepted and 1 if one is rejected: then the first bad state is named, what is
wrong in it, and which actions were possible instead.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from model_consensus.conformance.trace_check import check_traces, describe
from model_consensus.conformance.traces import find_files, read
from model_consensus.report.console import new_console

EXAMPLES = """\
examples:
  model-consensus check-trace out/tob/trace.itf.json
  model-consensus check-trace my-traces/"""

BATCH = 50_000_000
"""Bytes of files that one run of TLC checks, or one larger file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", type=Path, help="a trace, or a folder of *.itf.json"
    )
    parser.add_argument("--time-limit", type=float, metavar="SECONDS", help="give up then")


def run(args: argparse.Namespace) -> int:
    """Check the traces."""
    console = new_console()
    started = time.monotonic()
    traces = rejected = states = 0
    with console.status("reading", spinner="line") as status:
        for batch in batches(find_files(args.paths)):
            verdicts = check_traces(
                map(read, batch),
                time_limit=args.time_limit,
                on_progress=lambda progress: status.update(f"checked {progress.distinct:,} states"),
            )
            for verdict in verdicts:
                traces, states = traces + 1, states + len(verdict.trace.states)
                if verdict.rejection:
                    rejected += 1
                    console.print(describe(verdict))
    console.print(
        f"{traces - rejected} of {traces} traces accepted: "
        f"{states:,} states in {time.monotonic() - started:.1f} s"
    )
    return 1 if rejected else 0


def batches(files: Iterable[Path]) -> Iterator[list[Path]]:
    """The files, in their order, in parts that are read and checked together."""
    batch: list[Path] = []
    room = BATCH
    for file in files:
        size = file.stat().st_size if file.is_file() else 0
        if batch and size > room:
            yield batch
            batch, room = [], BATCH
        batch.append(file)
        room -= size
    yield batch
