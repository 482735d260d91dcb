"""Check recorded executions, of this or any other implementation, against a specification.

A trace is a file of changes (``*.ndjson``, ``*.ndjson.gz``) or in the ITF JSON format
(``*.itf.json``; docs/traces.md has both).  TLC follows each trace with the specification's own
actions and checks its invariants in every state; a long trace is checked in windows, as many at a
time as there are processors.  With ``--landscape`` the digests, losses and proofs of work are
computed again too.  The exit status is 0 if all traces are accepted, 1 if one is rejected or a
property is violated in it, and 2 if one could not be checked.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from model_consensus.commands.options import seconds, times
from model_consensus.conformance.accepted import Accepted
from model_consensus.conformance.file_check import FileVerdict, Recheck, check_files
from model_consensus.conformance.trace_check import describe
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_landscape import on_landscape
from model_consensus.conformance.trace_lines import FORMAT, SUFFIXES, count_steps
from model_consensus.conformance.traces import MOST_TIMES
from model_consensus.report.console import new_console
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape

EXAMPLES = """\
examples:
  model-consensus check-trace out/tob/trace.ndjson
  model-consensus check-trace out/pow/trace.ndjson --landscape digits
  model-consensus check-trace my-traces/ --json
  model-consensus check-trace long.ndjson.gz --accepted long.accepted
  my-system | model-consensus check-trace -"""

STANDARD_INPUT = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="a trace, a folder of traces, or - for standard input",
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
    parser.add_argument(
        "--limits",
        metavar="TIMES",
        type=times,
        default=1,
        help="read files so many times as large as by default, up to "
        f"{MOST_TIMES}; it takes as many times the memory",
    )
    parser.add_argument(
        "--accepted",
        metavar="FILE",
        type=Path,
        help="note there which windows TLC has accepted, and do not check them again: "
        "so a check that was interrupted goes on",
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")


def run(args: argparse.Namespace) -> int:
    """Check the traces."""
    console = Console(stderr=True) if args.json else new_console()
    landscape = load_landscape(args.landscape) if args.landscape else None
    started = time.monotonic()
    accepted = wrong = unread = states = 0
    data: list[dict[str, Any]] = []
    recheck = on_landscape(landscape) if landscape else None
    noted = Accepted(args.accepted) if args.accepted else None
    with _without_pipes(find_files(args.paths)) as (files, names):
        for each in check_with_progress(
            console, files, args.time_limit, recheck, args.limits, noted
        ):
            found = _named(each, names)
            states += found.states
            data.append(as_data(found))
            if found.verdict is None:
                unread += 1
                print(f"model-consensus: error: {found.problem}", file=sys.stderr)
            elif found.verdict.accepted:
                accepted += 1
            else:
                wrong += 1
                if not args.json:
                    console.print(describe(found.verdict))
    total = accepted + wrong + unread
    if args.json:
        print(json.dumps(data, indent=2))
    elif total > unread:
        console.print(
            f"{accepted} of {total} traces accepted: "
            f"{states:,} states in {time.monotonic() - started:.1f} s"
        )
    if unread:
        return 2
    return 1 if wrong else 0


def as_data(found: FileVerdict) -> dict[str, Any]:
    """A verdict as JSON data; states count from the beginning of the file."""
    verdict = found.verdict
    if verdict is None:
        return {"source": str(found.path), "accepted": None, "error": found.problem}
    fault = verdict.rejection or verdict.unsafe
    return {
        "source": str(found.path),
        "accepted": verdict.accepted,
        "states": found.states,
        "state": verdict.trace.first + fault.index if fault else None,
        "reason": None if verdict.accepted else describe(verdict),
        "differences": list(verdict.rejection.differences) if verdict.rejection else [],
        "possible": list(verdict.rejection.possible) if verdict.rejection else [],
    }


@contextmanager
def _without_pipes(files: Sequence[Path]) -> Iterator[tuple[list[Path], dict[Path, Path]]]:
    """The files, with a copy in the place of standard input; and the names of such copies."""
    if STANDARD_INPUT not in files:
        yield list(files), {}
        return
    with TemporaryDirectory(prefix="model-consensus-") as folder:
        data = sys.stdin.buffer
        head = data.readline(1 << 16)
        changes = FORMAT.encode() in head
        copy = Path(folder) / ("trace.ndjson" if changes else "trace.itf.json")
        with copy.open("wb") as written:
            written.write(head)
            shutil.copyfileobj(data, written)
        yield [copy if file == STANDARD_INPUT else file for file in files], {copy: STANDARD_INPUT}


def _named(found: FileVerdict, names: dict[Path, Path]) -> FileVerdict:
    """The verdict, with the name that the user knows."""
    if found.path not in names:
        return found
    name, verdict = names[found.path], found.verdict
    if verdict is not None:
        verdict = replace(verdict, trace=replace(verdict.trace, source=str(name)))
    problem = found.problem.replace(str(found.path), str(name))
    return replace(found, path=name, verdict=verdict, problem=problem)


def check_with_progress(
    console: Console,
    files: Sequence[Path],
    time_limit: float | None = None,
    recheck: Callable[[], Recheck] | None = None,
    limits: int = 1,
    accepted: Accepted | None = None,
) -> Iterator[FileVerdict]:
    """The verdicts; the console says how far the check is, and how long the rest may take."""
    total, done, started = count_steps(files), 0, time.monotonic()
    with console.status("reading", spinner="line") as status:

        def show(more: int) -> None:
            nonlocal done
            done += more
            news = f"checked {done:,} states"
            if total > done > 0:
                left = (time.monotonic() - started) * (total - done) / done
                news += f" of {total:,}: {left:.0f} s left"
            status.update(news)

        yield from check_files(
            files,
            recheck=recheck or (lambda: lambda verdict: verdict),
            time_limit=time_limit,
            on_progress=show,
            times=limits,
            accepted=accepted,
        )


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files given, and all traces in the folders given, known by their names.

    Links to folders are not followed.

    :raises TraceError: there is no such file.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            names = (".itf.json", *SUFFIXES)
            files += sorted(each for each in path.rglob("*") if each.name.endswith(names))
        else:
            files.append(path)
    if not files:
        raise TraceError("there is no *.itf.json or *.ndjson file in " + ", ".join(map(str, paths)))
    return files
