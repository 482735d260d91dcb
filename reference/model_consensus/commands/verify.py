"""Model-check the specifications, then train and check the recorded traces against them.

Every model of the manifest is run again with TLC.  It passes if the result, the property that is
violated and the length of its counterexample, the numbers of states, the actions that fired and the
properties that were checked are all as recorded; there is no "unknown", and a run that is cut short
fails.  The exit status is 0 if all that was asked for was checked and passes, 1 if anything fails,
and 2 if nothing fails and something could not be run, such as the proofs without z3.
"""

import argparse
import os
import shlex
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from model_consensus.commands.options import natural
from model_consensus.commands.proofs_graphs_trainings import JOBS, dot_of
from model_consensus.conformance.explore import graph_models
from model_consensus.errors import ModelConsensusError
from model_consensus.report import claims, html_report, json_report
from model_consensus.report import console as report
from model_consensus.report.claims import GRAPHS, PROOFS, Claim
from model_consensus.report.outcomes import Outcome, Status, overall
from model_consensus.tla import distributed, tlc
from model_consensus.tla import manifest as manifests
from model_consensus.tla.manifest import SpecModel
from model_consensus.tla.scratch import scratch_folder
from model_consensus.tla.toolchain import Toolchain, find_toolchain

EXAMPLES = """\
examples:
  model-consensus verify
  model-consensus verify --claim T3 --claim T4
  model-consensus verify --tier all --json report.json --html report.html
  model-consensus verify --distributed 192.0.2.7 --jobs 8 MCTobFrontier_g3l3"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "models", metavar="MODEL", nargs="*", help="check only these, whatever their tier"
    )
    parser.add_argument(
        "--tier",
        choices=(*manifests.TIERS, "all"),
        default="fast",
        help="the models to check (default: fast)",
    )
    parser.add_argument(
        "--claim",
        metavar="NAME",
        action="append",
        default=[],
        help="check only what shows this claim, such as T3 (may be repeated)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--html", type=Path, metavar="FILE", help="the same, to be read")
    parser.add_argument(
        "--jobs",
        type=natural,
        metavar="N",
        help="models checked at once (default: one more than there are processors, for Java waits "
        "a third of a second at its end)",
    )
    parser.add_argument(
        "--models-only", action="store_true", help="leave out the training runs after the models"
    )
    parser.add_argument(
        "--distributed",
        metavar="HOST",
        help="check one model after another with TLC's distributed mode: a server, which workers "
        "reach by this name or address, and --jobs local workers (0: remote ones only)",
    )
    # For maintainers (make manifest): write the figures into the manifest instead of comparing.
    parser.add_argument("--record", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Check everything that is asked for."""
    if args.jobs is None:
        args.jobs = (os.cpu_count() or 1) + (0 if args.distributed else 1)
    _check_options(args)
    console = report.new_console()
    manifest = manifests.load()
    wanted = [claims.find(name) for name in args.claim]
    models = selected(manifest, args.models, args.tier, wanted)
    if args.distributed:
        models = _fit_for_distribution(models, named=bool(args.models))
    jobs = selected_jobs(args, wanted)
    toolchain = find_toolchain()
    console.print(toolchain.describe())
    if manifest.tool_sha256 not in ("", toolchain.jar_sha256):
        console.print("note: the figures of the manifest were recorded with another TLC")
    record = _Record(args, json_report.new_report(manifest.path.parent, toolchain))
    with scratch_folder() as graphs:
        if args.distributed:
            cluster = distributed.Cluster(args.distributed, workers=args.jobs)
            console.print(f"to join: {shlex.join(cluster.worker_command('java', 'tla2tools.jar'))}")
            outcomes = check_distributed(models, toolchain, cluster)
        else:
            outcomes = check_models(
                models,
                toolchain,
                args.jobs,
                recording=args.record,
                graphs=graphs if GRAPHS in jobs else None,
            )
        found = _check_models(console, outcomes, len(models), record)
        if args.record:
            measured = [(each.model, each.result) for each in found if each.status is Status.OK]
            tool = {"version": toolchain.tlc_version, "sha256": toolchain.jar_sha256}
            manifests.record(manifest, measured, tool)
            console.print(f"recorded {len(measured)} of {len(models)} models in {manifest.path}")
            return 0 if len(measured) == len(models) else 1
        for job in jobs:
            done = JOBS[job](console.print, graphs)
            console.print(report.job_row(done))
            record.add("jobs", json_report.job_as_data(done))
    return record.finish(console)


def _check_options(args: argparse.Namespace) -> None:
    if args.jobs < (0 if args.distributed else 1):
        raise ModelConsensusError("--jobs: not a positive number")
    if args.distributed and args.record:
        raise ModelConsensusError("--record: not with --distributed, which counts no actions")
    if args.json and args.html and args.json.absolute() == args.html.absolute():
        raise ModelConsensusError("--json and --html: one file cannot hold both")
    for option in ("json", "html"):
        file: Path | None = getattr(args, option)
        if file and file.is_dir():
            raise ModelConsensusError(f"--{option}: {file} is a folder")
        if file and not file.parent.is_dir():
            raise ModelConsensusError(f"--{option}: no such folder: {file.parent}")


def _fit_for_distribution(models: list[SpecModel], *, named: bool) -> list[SpecModel]:
    """Those that the distributed mode can check; one that was named must be.

    :raises ModelConsensusError: it is not.
    """
    fit = [model for model in models if distributed.is_possible(model)]
    if named and len(fit) < len(models):
        (unfit, *_) = (model for model in models if model not in fit)
        raise ModelConsensusError(
            f"{unfit.name}: the distributed mode checks no temporal properties, "
            "and no models that must fail"
        )
    return fit


def _check_models(
    console: Console, outcomes: Generator[Outcome, None, None], total: int, record: "_Record"
) -> list[Outcome]:
    """Print and keep the outcome of each model."""
    found = []
    if total:
        console.print(report.header())
    with _progress(console, total) as advance, closing(outcomes):
        for outcome in outcomes:
            found.append(outcome)
            console.print(report.row(outcome))
            advance()
            record.add("models", json_report.as_data(outcome))
    return found


class _Record:
    """The report as it grows; written after each result, so that an interruption loses nothing."""

    def __init__(self, args: argparse.Namespace, document: dict[str, Any]) -> None:
        self._json: Path | None = args.json
        self._html: Path | None = args.html
        self._started = time.monotonic()
        # Whoever names models does not ask for a tier.
        self._document = {**document, "tier": None if args.models else args.tier}

    def add(self, kind: str, entry: dict[str, Any]) -> None:
        """Add the outcome of a model (``models``) or of a job (``jobs``)."""
        self._document[kind].append(entry)
        self._save()

    def _save(self) -> None:
        self._document["seconds"] = round(time.monotonic() - self._started, 1)
        whole = json_report.with_checksum(self._document)
        if self._json:
            json_report.write(self._json, whole)
        if self._html:
            html_report.write(self._html, whole)

    def finish(self, console: Console) -> int:
        """Say what came of it all; the exit status."""
        statuses = [Status(e["status"]) for e in self._document["models"] + self._document["jobs"]]
        status = overall(statuses)
        self._document |= {"complete": True, "status": status}
        self._save()
        counts = [
            f"{statuses.count(Status.OK)} passed",
            f"{statuses.count(Status.FAILS)} failed",
            *(
                f"{statuses.count(each)} {each}"
                for each in (Status.PARTIAL, Status.NOT_RUN)
                if each in statuses
            ),
        ]
        console.print(f"{', '.join(counts)} in {self._document['seconds']} s")
        return {Status.OK: 0, Status.FAILS: 1}.get(status, 2)


def selected(
    manifest: manifests.Manifest, names: list[str], tier: str, wanted: Sequence[Claim] = ()
) -> list[SpecModel]:
    """The models of these names, else of this tier, of a manifest that lists all there are.

    With ``wanted`` only those of the tier that are evidence for these claims.
    """
    if names:
        return [manifest.find(name) for name in names]
    if complaints := manifests.incomplete(manifest):
        raise ModelConsensusError("; ".join(complaints))
    models = [model for model in manifest.models if tier in (model.tier, "all")]
    if not wanted:
        return models
    shown = {model.name for claim in wanted for model in claim.evidence(manifest)}
    return [model for model in models if model.name in shown]


def selected_jobs(args: argparse.Namespace, wanted: Sequence[Claim]) -> list[str]:
    """The names of the jobs to do after the models.

    :raises ModelConsensusError: a claim has no other evidence than tests.
    """
    if args.models_only or args.models or args.distributed:
        return []
    if not wanted:
        return list(JOBS)
    for claim in wanted:
        if not (claim.models or claim.theories or claim.jobs):
            raise ModelConsensusError(
                f"--claim: {claim.name} is shown by tests: pytest {' '.join(claim.tests)}"
            )
    return [
        job
        for job in JOBS
        if any(job in claim.jobs or (claim.theories and job == PROOFS) for claim in wanted)
    ]


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[], None]]:
    """A bar below the rows, on a terminal only."""
    columns = (TextColumn("model checking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def check_models(
    models: list[SpecModel],
    toolchain: Toolchain,
    jobs: int,
    *,
    recording: bool = False,
    graphs: Path | None = None,
) -> Generator[Outcome, None, None]:
    """Check the models, ``jobs`` at once, the longest first; in the order in which they end.

    In the folder ``graphs``, if there is one, the state graphs stay that are to be compared.
    Every TLC has ended when this does, be it by an exception.
    """
    stop = threading.Event()
    waiting = sorted(models, key=lambda model: -model.runtime)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            check = partial(_check, toolchain=toolchain, stop=stop, recording=recording)
            compared = {model.name for model in graph_models()} if graphs else set()
            dumps = [
                dot_of(model, graphs) if graphs and model.name in compared else None
                for model in waiting
            ]
            for future in as_completed(map(partial(pool.submit, check), waiting, dumps)):
                yield future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def check_distributed(
    models: list[SpecModel], toolchain: Toolchain, cluster: distributed.Cluster
) -> Generator[Outcome, None, None]:
    """Check one model after another with TLC's distributed mode."""
    for model in models:
        result = distributed.check(model, toolchain, cluster)
        wrong = manifests.differences(model, result, distinct_only=True)
        yield Outcome(model, result, (*wrong, *manifests.stale(model)))


def _check(
    model: SpecModel,
    dump: Path | None,
    toolchain: Toolchain,
    stop: threading.Event,
    recording: bool,
) -> Outcome:
    result = tlc.check(replace(model.run(), dump=dump), toolchain=toolchain, stop=stop)
    wrong = manifests.differences(model, result, recording=recording)
    if dump and wrong:
        dump.unlink(missing_ok=True)  # the job compares with what TLC finds then
    return Outcome(model, result, (*wrong, *([] if recording else manifests.stale(model))))
