"""Check recorded executions, of this or any other implementation, against a specification.

A trace is a file in the ITF JSON format (docs/traces.md).  TLC follows each trace with the
specification's own actions and checks its invariants in every state.  With ``--landscape`` the
digests, losses and proofs of work are computed again too.  The exit status is 0 if all traces are
accepted, 1 if one is rejected or a property is violated in it, and 2 if one could not be checked.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from model_consensus.commands.options import seconds
from model_consensus.conformance.trace_check import TraceVerdict, check_encoded, describe
from model_consensus.conformance.trace_encoding import Encoded, encode
from model_consensus.conformance.trace_landscape import check_landscape
from model_consensus.conformance.traces import LARGEST_FILE, Trace, TraceError, read
from model_consensus.report.console import new_console
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape

EXAMPLES = """\
examples:
  model-consensus check-trace out/tob/trace.itf.json
  model-consensus check-trace out/pow/trace.itf.json --landscape digits
  model-consensus check-trace my-traces/ --json
  my-system | model-consensus check-trace -"""

STANDARD_INPUT = Path("-")

BATCH = 50_000_000
"""Bytes of files that one run of TLC checks, or one larger file."""

RATE = 40
"""States of a long trace that are checked in a second; of short ones many more."""

LONG = 30
"""Seconds; what takes longer is announced."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="a trace, a folder of *.itf.json, or - for standard input",
    )
    parser.add_argument(
        "--landscape",
        metavar="NAME",
        help="compute digests, losses and proofs of work again, on this landscape: "
        f"{', '.join(LANDSCAPES)}, or module:attribute; not for traces of Streamlet, in which "
        "messages are names",
    )
    parser.add_argument(
        "--time-limit", type=seconds, metavar="SECONDS", help="give up on a run of TLC then"
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")


def run(args: argparse.Namespace) -> int:
    """Check the traces."""
    console = Console(stderr=True) if args.json else new_console()
    landscape = load_landscape(args.landscape) if args.landscape else None
    started = time.monotonic()
    accepted = wrong = unread = states = 0
    found: list[dict[str, Any]] = []
    for batch in batches(find_files(args.paths)):
        with console.status("reading", spinner="line"):
            traces, complaints = _readable(batch)
        for verdict in check_with_progress(console, traces, args.time_limit):
            try:
                checked = check_landscape(verdict, landscape) if landscape else verdict
            except TraceError as error:
                complaints.append(str(error))
                continue
            states += len(checked.trace.states)
            found.append(as_data(checked))
            if checked.accepted:
                accepted += 1
            else:
                wrong += 1
                if not args.json:
                    console.print(describe(checked))
        for complaint in complaints:
            found.append({"accepted": None, "error": complaint})
            print(f"model-consensus: error: {complaint}", file=sys.stderr)
        unread += len(complaints)
    total = accepted + wrong + unread
    if args.json:
        print(json.dumps(found, indent=2))
    elif total > unread:
        console.print(
            f"{accepted} of {total} traces accepted: "
            f"{states:,} states in {time.monotonic() - started:.1f} s"
        )
    if unread:
        return 2
    return 1 if wrong else 0


def as_data(verdict: TraceVerdict) -> dict[str, Any]:
    """A verdict as JSON data."""
    rejection, unsafe = verdict.rejection, verdict.unsafe
    state = rejection.index if rejection else unsafe.index if unsafe else None
    return {
        "source": verdict.trace.source,
        "accepted": verdict.accepted,
        "states": len(verdict.trace.states),
        "state": state,
        "reason": None if verdict.accepted else describe(verdict),
        "differences": list(rejection.differences) if rejection else [],
        "possible": list(rejection.possible) if rejection else [],
    }


def _readable(batch: Sequence[Path]) -> tuple[list[Encoded], list[str]]:
    """The traces that are fit to be checked, and what is wrong with each of the other files."""
    traces: list[Encoded] = []
    complaints: list[str] = []
    for file in batch:
        try:
            traces.append(encode(read(file) if file != STANDARD_INPUT else _from_standard_input()))
        except TraceError as error:
            complaints.append(str(error))
    return traces, complaints


def _from_standard_input() -> Trace:
    """The trace on standard input; no more of it is kept than a file may have."""
    with TemporaryDirectory(prefix="model-consensus-") as folder:
        path = Path(folder) / "trace"
        path.write_bytes(sys.stdin.buffer.read(LARGEST_FILE + 1))
        try:
            return replace(read(path), source=str(STANDARD_INPUT))
        except TraceError as error:
            raise TraceError(str(error).replace(str(path), str(STANDARD_INPUT))) from None


def check_with_progress(
    console: Console, traces: Sequence[Encoded], time_limit: float | None = None
) -> list[TraceVerdict]:
    """The verdicts; the console says beforehand how long they take, and how far the check is."""
    total, done = sum(len(each.states) for each in traces), 0
    longest = max((len(each.states) for each in traces), default=0)
    if longest > LONG * RATE:
        console.print(
            f"checking {total:,} states: this may take {total // RATE} s and 2 GB of memory"
        )
    with console.status(f"checking {total:,} states", spinner="line") as status:

        def show(more: int) -> None:
            nonlocal done
            done += more
            status.update(f"checked {min(done, total):,} of {total:,} states")

        return check_encoded(traces, time_limit=time_limit, on_progress=show)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files given, and all ``*.itf.json`` files in the folders given.

    Links to folders are not followed.

    :raises TraceError: there is no such file.
    """
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob("*.itf.json")) if path.is_dir() else [path]
    if not files:
        raise TraceError("there is no *.itf.json file in " + ", ".join(map(str, paths)))
    return files


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
