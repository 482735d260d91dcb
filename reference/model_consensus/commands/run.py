"""Train a model with the reference implementation, Byzantine processes taking part.

The run is deterministic: the same options give the same bytes.  At the end TLC checks its trace
against the specification; the exit status is 1 if it is rejected.

Unless --out names another, the output folder is out/PROTOCOL-LANDSCAPE-ATTACK-seedSEED.  A finished
run leaves there: ``trace.ndjson`` (or ``trace.ndjson.gz``, with --gzip), ``metrics.csv`` (a line
for each generation), ``metrics.json`` (the same), ``summary.json``, ``model.npz`` (the last decided
model: see ``model-consensus evaluate``) and, where matplotlib is installed, ``convergence.svg``.
Of tob and streamlet, ``logs`` has the log of each correct process: see ``model-consensus
check-logs``.

While it goes on, everything is in the folder ``unfinished`` inside, and the trace and the rows of
``metrics.csv`` are written as the run goes.  The same command with --resume takes an unfinished run
up again: whenever it was killed, it ends with the same bytes as if it had not been.

A trace takes about a kilobyte a step.  The check of it takes TLC longer than the run, and
--no-check leaves it out.

The seed fixes the schedule alone: with another one the same offspring come in another order.  To
have other offspring drawn, give the processes other names: --names q.
"""

import argparse
import csv
import json
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from model_consensus import __version__, tob_learner
from model_consensus.adversaries import catalogue as attacks
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.commands.check_trace import check_with_progress
from model_consensus.commands.options import natural, positive
from model_consensus.conformance import trace_check
from model_consensus.conformance.trace_writer import trace_file
from model_consensus.conformance.traces import MOST_TIMES
from model_consensus.defects import tob as tob_defects
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process
from model_consensus.landscapes import Landscape
from model_consensus.report.console import new_console
from model_consensus.report.plot import plot_convergence
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape
from model_consensus.simulation.checkpoint import remembering
from model_consensus.simulation.run_folder import CHECKPOINT, OUTPUTS, run_folder
from model_consensus.simulation.saved_model import save_model
from model_consensus.simulation.setting import ATTACKS_ON, WITHOUT_EFFECT, Setting
from model_consensus.simulation.training import Row, Training, describe, train
from model_consensus.tla.toolchain import Toolchain, find_toolchain

EXAMPLES = """\
examples:
  model-consensus run tob
  model-consensus run tob --attack under-claim --unverified --no-check
  model-consensus run tob --landscape onemax --processes 7 --byzantine 2
  model-consensus run streamlet --landscape onemax --generations 20
  model-consensus run pow --attack selfish --share 0.3 --depth 6
  model-consensus run pow --attack partition --share 0 --delay 2 --interval 13
  model-consensus run tob --landscape digits-mlp --generations 600 --resume

""" + attacks.listing()

DEFAULT_ATTACK = {"tob": "under-claim", "streamlet": "equivocate", "pow": "private-chain"}
NO_ATTACK = {"tob": "none", "streamlet": "none", "pow": "honest"}
POW_DRAWS = 8
"""The draws over proof-of-work, where nothing is given: a process evaluates nobody's, too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command; those of the setting are in the result only if given."""
    parser.add_argument("protocol", choices=ATTACKS_ON, help="which consensus is underneath")
    parser.add_argument(
        "--landscape",
        default="digits",
        metavar="NAME",
        help=f"{', '.join(LANDSCAPES)}, or module:attribute (default: digits)",
    )
    _setting(parser, "processes", positive, "N", "n, the Byzantine ones included")
    _setting(parser, "byzantine", natural, "F", "f")
    _setting(
        parser,
        "lambda_",
        positive,
        "L",
        "tob, streamlet: offers that a selection needs (default: n - f)",
    )
    _setting(
        parser,
        "draws",
        positive,
        "D",
        f"draws of a process in a generation; for pow the default is {POW_DRAWS}",
    )
    _setting(
        parser,
        "attack",
        str,
        "NAME",
        f"one of those below (default: {', '.join(DEFAULT_ATTACK.values())})",
    )
    _setting(parser, "seed", natural, "S", "of the schedule")
    _setting(parser, "names", str, "P", "processes are P1, P2, ...: others draw other offspring")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the results go")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the unfinished run in FOLDER, if there is one",
    )
    parser.add_argument("--gzip", action="store_true", help="compress the trace")
    parser.add_argument("--no-check", action="store_true", help="do not check the trace")
    for name, text in (
        ("recombines", "a process may offer its draws recombined by their ranks"),
        ("elitist", "everybody's first draw is the parent again: no step loses more than it"),
    ):
        parser.add_argument(
            f"--{name}",
            action=argparse.BooleanOptionalAction,
            default=argparse.SUPPRESS,
            help=f"{text} (default: {'yes' if getattr(Setting, name) else 'no'})",
        )
    tob = parser.add_argument_group("Total Order Broadcast, Streamlet")
    _setting(tob, "mu", positive, "M", "verified offers that are blended (default: λ - f)")
    _setting(tob, "generations", positive, "G", "generations to decide")
    tob.add_argument(
        "--unverified",
        action="store_true",
        help="a defect: believe every claim (the trace will be rejected)",
    )
    work = parser.add_argument_group("proof-of-work")
    _setting(work, "depth", natural, "K", "blocks on top that decide a block")
    _setting(work, "wins", positive, "T", "blocks mined in all")
    _setting(work, "share", float, "Q", "the adversary's share of the wins")
    _setting(work, "hashes", positive, "H", "hashes that a block costs on average")
    _setting(work, "delay", natural, "SLOTS", "a block takes up to so many slots to arrive")
    _setting(work, "interval", natural, "SLOTS", "with --delay: between two wins on average")


def _setting(
    parser: argparse._ActionsContainer,
    name: str,
    kind: Callable[[str], Any],
    metavar: str,
    text: str,
) -> None:
    default = None if name == "mu" else getattr(Setting, name, None)
    parser.add_argument(
        f"--{name.rstrip('_')}",
        dest=name,
        type=kind,
        metavar=metavar,
        default=argparse.SUPPRESS,
        help=text if default is None else f"{text} (default: {default})",
    )


def setting_of(args: argparse.Namespace) -> Setting:
    """The setting that the options ask for.

    :raises ModelConsensusError: an option is out of its range, or changes nothing beside others.
    """
    protocol = args.protocol
    given = {f.name: getattr(args, f.name) for f in fields(Setting) if f.name in args}
    for name in sorted(given.keys() & WITHOUT_EFFECT[protocol]):
        option = name.rstrip("_")
        raise ModelConsensusError(f"--{option} changes nothing in a run of {protocol}")
    if "interval" in given and not given.get("delay"):
        raise ModelConsensusError("--interval changes nothing without --delay")
    if protocol == "pow" and args.unverified:
        raise ModelConsensusError("--unverified changes nothing in a run of pow")
    attack = given.get("attack", NO_ATTACK[protocol])
    if given.get("byzantine") == 0:
        crashes = attack in MISBEHAVIOURS and MISBEHAVIOURS[attack].crashes
        if attack != NO_ATTACK[protocol] and not crashes:
            raise ModelConsensusError(
                f"--attack {attack} changes nothing with --byzantine 0: nobody is Byzantine"
            )
        if given.get("share"):
            raise ModelConsensusError(
                f"--share {given['share']} changes nothing with --byzantine 0: nobody is Byzantine"
            )
        given = {"attack": attack, "share": 0.0, **given}
    if protocol == "pow":
        given.setdefault("draws", POW_DRAWS)
    else:
        n, f = (given.get(name, getattr(Setting, name)) for name in ("processes", "byzantine"))
        given.setdefault("lambda_", max(n - f, 1))
        given.setdefault("mu", max(given["lambda_"] - f, 1))
    return Setting(**{"attack": DEFAULT_ATTACK[protocol], **given})


def run(args: argparse.Namespace) -> int:
    """Train, record, check."""
    console = new_console()
    setting = setting_of(args)
    landscape = load_landscape(args.landscape)
    toolchain = None if args.no_check else find_toolchain()
    variant = "-unverified" if args.unverified else ""
    place = args.landscape.replace(":", "-")
    name = f"{setting.protocol}-{place}-{setting.attack}{variant}-seed{setting.seed}"
    trace_name = "trace.ndjson.gz" if args.gzip else "trace.ndjson"
    folder = args.out or Path("out") / name
    settings = settings_of(args, setting)
    console.print(announce(args, setting))
    with run_folder(folder, resume=args.resume) as stage, _resumable(stage):
        with (
            remembering(stage / CHECKPOINT, landscape, settings, resume=args.resume) as remembered,
            metrics_file(stage / "metrics.csv") as write,
            _bar(console, setting) as show,
            _logs(stage / "logs", setting) as on_log,
            trace_file(stage / trace_name) as trace,
        ):

            def on_row(row: Row) -> None:
                write(row)
                show(row)

            receive = tob_defects.unverified if args.unverified else tob_learner.receive
            training = train(
                setting, remembered, on_row=on_row, receive=receive, on_log=on_log, trace=trace
            )
        summary = summarize(settings, setting, training, toolchain)
        write_results(stage, landscape, setting, training, summary)
    console.print(describe(training))
    accepted = True
    if not args.no_check:
        (found,) = check_with_progress(
            console,
            [folder / trace_name],
            limits=MOST_TIMES,  # it is not a stranger's
        )
        if found.verdict is None:
            raise ModelConsensusError(found.problem)
        console.print(trace_check.describe(found.verdict))
        accepted = found.verdict.accepted
    written = [name for name in OUTPUTS if (folder / name).exists()]
    console.print(f"written to {folder}: {', '.join(written)}")
    return 0 if accepted else 1


@contextmanager
def _resumable(stage: Path) -> Iterator[None]:
    """Say how an interrupted run can be taken up again."""
    try:
        yield
    except KeyboardInterrupt:
        print(
            f"model-consensus: the unfinished run is in {stage}: "
            "the same command with --resume goes on with it",
            file=sys.stderr,
        )
        raise


def announce(args: argparse.Namespace, setting: Setting) -> str:
    """What will be run, in one line."""
    who = ", ".join(setting.byzantine_names) or "nobody"
    verb = "are" if setting.byzantine > 1 else "is"
    return (
        f"{setting.protocol} on {args.landscape}: n = {setting.processes}, "
        f"f = {setting.byzantine}"
        + ("" if setting.protocol == "pow" else f", λ = {setting.lambda_}, μ = {setting.mu}")
        + f", seed {setting.seed}; "
        f"{who} {verb} Byzantine: {setting.attack}"
    )


def settings_of(args: argparse.Namespace, setting: Setting) -> dict[str, Any]:
    """Everything that determines what is written, as JSON data."""
    used = asdict(setting)
    used["lambda"] = used.pop("lambda_")
    for name in WITHOUT_EFFECT[setting.protocol]:
        del used[name.rstrip("_")]
    return {"landscape": args.landscape, **used, "unverified": args.unverified}


def summarize(
    settings: dict[str, Any], setting: Setting, training: Training, toolchain: Toolchain | None
) -> dict[str, Any]:
    """The settings, the versions and the outcome, as JSON data."""
    last = training.rows[-1] if training.rows else None
    return {
        "settings": settings,
        "versions": {
            "modelConsensus": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "tlc": toolchain.tlc_version if toolchain else None,
        },
        "generations": len(training.rows),
        "digest": training.model.digest.hex(),
        "loss": last.loss if last else None,
        "accuracy": last.accuracy if last else {},
        "steps": training.steps,
        "byzantine": setting.byzantine_names,
        "banned": training.banned,
    }


def write_results(
    folder: Path,
    landscape: Landscape,
    setting: Setting,
    training: Training,
    summary: dict[str, Any],
) -> None:
    """Write what a run leaves at its end; ``summary`` is that of :func:`summarize`."""
    name = summary["settings"]["landscape"]
    save_model(folder / "model.npz", training.model, landscape, name)
    _write_json(folder / "metrics.json", [asdict(row) for row in training.rows])
    plot_convergence(training.rows, setting, name, folder)
    _write_json(folder / "summary.json", summary)


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


@contextmanager
def metrics_file(path: Path) -> Iterator[Callable[[Row], None]]:
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
def _logs(folder: Path, setting: Setting) -> Iterator[Callable[[Process, str], None]]:
    """Writes what each correct process logs to a file of its own; over proof-of-work, nothing."""
    with ExitStack() as stack:
        files: dict[Process, TextIO] = {}
        if setting.protocol != "pow":
            folder.mkdir(exist_ok=True)
            for name in set(setting.process_names) - set(setting.byzantine_names):
                file = (folder / f"{name}.log").open("w", encoding="utf-8", newline="")
                files[name] = stack.enter_context(file)

        def write(process: Process, line: str) -> None:
            files[process].write(line)

        yield write


@contextmanager
def _bar(console: Console, setting: Setting) -> Iterator[Callable[[Row], None]]:
    """A progress bar, with the latest row beside it."""
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[news]}"),
    )
    total = setting.wins if setting.protocol == "pow" else setting.generations
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=total, news="")

        def show(row: Row) -> None:
            accuracy = row.accuracy.get("validation")
            news = f"loss {row.loss:,}" + (f"  validation {accuracy:.1%}" if accuracy else "")
            progress.update(task, completed=row.generation, news=news)

        yield show
