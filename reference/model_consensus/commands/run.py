"""Train a model with the reference implementation, Byzantine processes taking part.

The run is deterministic: the same options give the same bytes.  Its trace is checked by TLC against
the specification at the end.  In the output folder: ``trace.itf.json``, ``metrics.csv`` (a line for
each generation, written as it is decided), ``metrics.json`` (the same), ``summary.json`` and, where
matplotlib is installed, ``convergence.svg``.  The exit status is 1 if the trace is rejected.

An unfinished run leaves ``checkpoint`` there, and ``--resume`` with the same options takes it up
again: whenever it was killed, it ends with the same bytes as if it had not been.
"""

import argparse
import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from model_consensus import tob_learner
from model_consensus.adversaries import catalogue as attacks
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance import trace_check, traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.defects import tob as tob_defects
from model_consensus.errors import ModelConsensusError
from model_consensus.landscapes import Landscape
from model_consensus.report.console import new_console
from model_consensus.report.plot import plot_convergence
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape
from model_consensus.simulation.checkpoint import remembering
from model_consensus.simulation.training import (
    OnRow,
    Row,
    Training,
    describe,
    train_pow,
    train_streamlet,
    train_tob,
)

EXAMPLES = """\
examples:
  model-consensus run tob
  model-consensus run tob --attack under-claim --unverified --no-check
  model-consensus run tob --landscape onemax --processes 7 --byzantine 2 --lambda 5 --draws 4
  model-consensus run streamlet --landscape onemax --generations 20 --attack equivocate
  model-consensus run pow --attack selfish --share 0.3 --depth 6
  model-consensus run tob --landscape digits-mlp --generations 600 --resume

""" + attacks.listing()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "protocol", choices=("tob", "streamlet", "pow"), help="which consensus is underneath"
    )
    add = parser.add_argument
    add(
        "--landscape",
        default="digits",
        metavar="NAME",
        help=f"{', '.join(LANDSCAPES)}, or module:attribute (default: %(default)s)",
    )
    add("--processes", type=int, default=4, metavar="N", help="n (default: %(default)s)")
    add("--byzantine", type=int, default=1, metavar="F", help="f (default: %(default)s)")
    add(
        "--lambda",
        dest="lambda_",
        type=int,
        metavar="L",
        help="tob, streamlet: offers that a selection needs (default: n - f); "
        "pow: tickets of a miner (default: 48)",
    )
    add(
        "--attack",
        default=None,
        metavar="NAME",
        help="one of those below (default: under-claim, equivocate, private-chain)",
    )
    add("--seed", type=int, default=1, help="of the schedule (default: %(default)s)")
    add("--out", type=Path, metavar="FOLDER", help="where the results go (default: out/PROTOCOL)")
    add(
        "--resume",
        action="store_true",
        help="go on with the unfinished run in FOLDER, if there is one",
    )
    add("--no-check", action="store_true", help="do not check the trace")
    tob = parser.add_argument_group("Total Order Broadcast, Streamlet")
    tob.add_argument(
        "--draws",
        type=int,
        default=16,
        metavar="D",
        help="tickets of a process in a generation (default: %(default)s)",
    )
    tob.add_argument(
        "--generations",
        type=int,
        default=200,
        metavar="G",
        help="generations to decide (default: %(default)s)",
    )
    tob.add_argument(
        "--unverified",
        action="store_true",
        help="a defect: believe every claim (the trace will be rejected)",
    )
    work = parser.add_argument_group("proof-of-work")
    work.add_argument(
        "--depth",
        type=int,
        default=6,
        metavar="K",
        help="blocks on top that decide a block (default: %(default)s)",
    )
    work.add_argument(
        "--wins",
        type=int,
        default=250,
        metavar="T",
        help="blocks mined in all (default: %(default)s)",
    )
    work.add_argument(
        "--share",
        type=float,
        default=0.2,
        metavar="Q",
        help="the adversary's share of the wins (default: %(default)s)",
    )
    work.add_argument(
        "--hashes",
        type=int,
        default=256,
        metavar="H",
        help="hashes that a block costs on average (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Train, record, check."""
    console = new_console()
    folder = args.out or Path("out") / args.protocol
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelConsensusError(f"--out: {folder}: {error.strerror}") from None
    total = args.wins if args.protocol == "pow" else args.generations
    checkpoint = folder / "checkpoint"
    with (
        remembering(
            checkpoint, load_landscape(args.landscape), options(args), resume=args.resume
        ) as landscape,
        _metrics(folder / "metrics.csv") as write,
        _bar(console, total) as show,
    ):

        def on_row(row: Row) -> None:
            write(row)
            show(row)

        training = train(args, landscape, on_row)
    trace = folder / "trace.itf.json"
    traces.write(trace, training.trace)
    _write_json(folder / "metrics.json", [asdict(row) for row in training.rows])
    _write_json(folder / "summary.json", summarize(args, training))
    written = ["metrics.csv", "metrics.json", "summary.json", trace.name]
    misbehaviour = "forked blocks" if args.protocol == "pow" else "bans"
    title = f"{args.protocol}, {args.landscape}"
    if plot_convergence(training.rows, title, misbehaviour, folder):
        written.append("convergence.svg")
    checkpoint.unlink()  # everything is written
    console.print(describe(training))
    accepted = True
    if not args.no_check:
        with console.status("TLC checks the trace"):
            (verdict,) = check_traces([traces.read(trace)])
        console.print(trace_check.describe(verdict))
        accepted = verdict.rejection is None
    console.print(f"written to {folder}: {', '.join(written)}")
    return 0 if accepted else 1


def train(args: argparse.Namespace, landscape: Landscape, on_row: OnRow) -> Training:
    """The run on ``landscape`` that the options ask for.

    :raises ModelConsensusError: an option is out of its range.
    """
    for option in ("generations", "wins", "hashes"):
        if getattr(args, option) < 1:
            raise ModelConsensusError(f"--{option}: must be at least 1")
    if not 0 <= args.byzantine < args.processes:
        raise ModelConsensusError(f"--byzantine: must be in 0..{args.processes - 1}")
    if args.protocol == "tob":
        return train_tob(
            landscape,
            processes=args.processes,
            byzantine=args.byzantine,
            lambda_=args.lambda_ or args.processes - args.byzantine,
            draws=args.draws,
            generations=args.generations,
            attack=_named(ATTACKS, args.attack or "under-claim"),
            seed=args.seed,
            receive=tob_defects.unverified if args.unverified else tob_learner.receive,
            on_row=on_row,
        )
    if args.protocol == "streamlet":
        name = args.attack or "equivocate"
        node = name in MISBEHAVIOURS
        return train_streamlet(
            landscape,
            processes=args.processes,
            byzantine=args.byzantine,
            lambda_=args.lambda_ or args.processes - args.byzantine,
            draws=args.draws,
            generations=args.generations,
            misbehaviour=MISBEHAVIOURS[name if node else "none"],
            attack=ATTACKS["none"] if node else _named({**MISBEHAVIOURS, **ATTACKS}, name),
            seed=args.seed,
            receive=tob_defects.unverified if args.unverified else tob_learner.receive,
            on_row=on_row,
        )
    return train_pow(
        landscape,
        processes=args.processes,
        byzantine=args.byzantine,
        lambda_=args.lambda_ or 48,
        depth=args.depth,
        wins=args.wins,
        target=(1 << 256) // args.hashes,
        strategy=_named(STRATEGIES, args.attack or "private-chain"),
        share=args.share if args.byzantine else 0.0,
        seed=args.seed,
        on_row=on_row,
    )


def _named(table: Any, name: str) -> Any:
    if name not in table:
        raise ModelConsensusError(f"--attack: no {name}; there are {', '.join(table)}")
    return table[name]


def options(args: argparse.Namespace) -> dict[str, Any]:
    """The options that determine what is written, as JSON data."""
    others = ("run", "out", "resume", "no_check")
    return {name: value for name, value in vars(args).items() if name not in others}


def summarize(args: argparse.Namespace, training: Training) -> dict[str, Any]:
    """The options and the outcome, as JSON data."""
    last = training.rows[-1] if training.rows else None
    return {
        "options": options(args),
        "generations": len(training.rows),
        "digest": training.model.digest.hex(),
        "loss": last.loss if last else None,
        "accuracy": last.accuracy if last else {},
        "steps": len(training.trace.states) - 1,
    }


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _metrics(path: Path) -> Iterator[Callable[[Row], None]]:
    """Writes rows to a CSV file as they come, so that an interrupted run keeps its own."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        header = ["generation", "loss", "evaluations", "misbehaviour"]

        def write(row: Row) -> None:
            if row.generation == 1:
                writer.writerow([*header, *row.accuracy])
            writer.writerow(
                [row.generation, row.loss, row.evaluations, row.misbehaviour]
                + [f"{value:.6f}" for value in row.accuracy.values()]
            )
            file.flush()

        yield write


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[Row], None]]:
    """A progress bar, with the latest row beside it."""
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[news]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total, news="")

        def show(row: Row) -> None:
            accuracy = row.accuracy.get("validation")
            news = f"loss {row.loss:,}" + (f"  validation {accuracy:.1%}" if accuracy else "")
            progress.update(task, completed=row.generation, news=news)

        yield show
