"""Model-check the specifications, then train and check the recorded traces against them.

Every model of the manifest is run again with TLC.  It passes if the result, the property that fails
and the length of its counterexample, the numbers of states and the actions that fired are all as
recorded; there is no "unknown", and a run that is cut short fails.  The exit status is 0 if
everything passes and 1 if anything does not.
"""

import argparse
import os
import shlex
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from model_consensus.commands.verify_jobs import JOBS
from model_consensus.errors import ModelConsensusError
from model_consensus.report import claims, html_report, json_report
from model_consensus.report import console as report
from model_consensus.report.claims import PROOFS, Claim
from model_consensus.report.console import Outcome
from model_consensus.tla import distributed, tlc
from model_consensus.tla import manifest as manifests
from model_consensus.tla.manifest import Model
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
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="models checked at once"
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
    if args.jobs < (0 if args.distributed else 1):
        raise ModelConsensusError("--jobs: not a positive number")
    if args.distributed and args.record:
        raise ModelConsensusError("--record: not with --distributed, which counts no actions")
    for option in ("json", "html"):
        file: Path | None = getattr(args, option)
        if file and not file.parent.is_dir():
            raise ModelConsensusError(f"--{option}: no such folder: {file.parent}")
        if file and file.is_dir():
            raise ModelConsensusError(f"--{option}: {file} is a folder")
    if args.json and args.json == args.html:
        raise ModelConsensusError(f"--json and --html: both into {args.json}")
    console = report.new_console()
    started = time.monotonic()
    manifest = manifests.load()
    wanted = [claims.find(name) for name in args.claim]
    models = selected(manifest, args.models, args.tier, wanted)
    if args.distributed:
        for model in models:
            if args.models and not distributed.is_possible(model):
                raise ModelConsensusError(
                    f"{model.name}: the distributed mode checks no temporal properties, "
                    "and no models that must fail"
                )
        models = [model for model in models if distributed.is_possible(model)]
    jobs = selected_jobs(args, wanted)
    toolchain = find_toolchain()
    console.print(toolchain.describe())
    if manifest.tool_sha256 not in ("", toolchain.jar_sha256):
        console.print("note: the figures of the manifest were recorded with another TLC")
    document: dict[str, Any] = {
        **json_report.origin(manifest.path.parent, toolchain),
        "tier": args.tier,
        "complete": False,
        "models": [],
        "jobs": [],
    }

    def save() -> None:
        document["seconds"] = round(time.monotonic() - started, 1)
        whole = json_report.with_checksum(document)
        if args.json:
            json_report.write(args.json, whole)
        if args.html:
            html_report.write(args.html, whole)

    passed = True
    measured = []
    width = max((len(model.name) for model in models), default=0)
    console.print(report.header(width))
    if args.distributed:
        cluster = distributed.Cluster(args.distributed, workers=args.jobs)
        console.print(f"to join: {shlex.join(cluster.worker_command('java', 'tla2tools.jar'))}")
        outcomes = check_distributed(models, toolchain, cluster)
    else:
        outcomes = check_models(models, toolchain, args.jobs, recording=args.record)
    with _progress(console, len(models)) as advance, closing(outcomes):
        for outcome in outcomes:
            passed &= outcome.passed
            if outcome.passed:
                measured.append((outcome.model, outcome.result))
            console.print(report.row(outcome, width))
            advance()
            document["models"].append(json_report.as_data(outcome))
            save()
    if args.record:
        tool = {"version": toolchain.tlc_version, "sha256": toolchain.jar_sha256}
        manifests.record(manifest, measured, tool)
        console.print(f"recorded {len(measured)} of {len(models)} models in {manifest.path}")
        return 0 if passed else 1
    for job in jobs:
        done = JOBS[job](console.print)
        passed &= done.passed
        console.print(f"{done.name}: {done.message} after {done.seconds:.1f} s"
                      f"  {'ok' if done.passed else 'FAILS'}")  # fmt: skip
        document["jobs"].append(
            {"name": done.name, "passed": done.passed, "message": done.message, **done.data}
            | {"seconds": round(done.seconds, 2)}
        )
        save()
    document |= {"complete": True, "passed": passed}
    save()
    failed = sum(not entry["passed"] for entry in [*document["models"], *document["jobs"]])
    total = len(document["models"]) + len(document["jobs"])
    console.print(f"{total - failed} passed, {failed} failed in {document['seconds']} s")
    return 0 if passed else 1


def selected(
    manifest: manifests.Manifest, names: list[str], tier: str, wanted: Sequence[Claim] = ()
) -> list[Model]:
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
    models: list[Model], toolchain: Toolchain, jobs: int, *, recording: bool = False
) -> Generator[Outcome, None, None]:
    """Check the models, ``jobs`` at once, the longest first; in the order in which they end.

    Every TLC has ended when this does, be it by an exception.
    """
    stop = threading.Event()
    waiting = sorted(models, key=lambda model: -model.runtime)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            check = partial(_check, toolchain=toolchain, stop=stop, recording=recording)
            for future in as_completed([pool.submit(check, model) for model in waiting]):
                yield future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def check_distributed(
    models: list[Model], toolchain: Toolchain, cluster: distributed.Cluster
) -> Generator[Outcome, None, None]:
    """Check one model after another with TLC's distributed mode."""
    for model in models:
        result = distributed.check(model, toolchain, cluster)
        wrong = manifests.differences(model, result, distinct_only=True)
        yield Outcome(model, result, tuple(wrong))


def _check(model: Model, toolchain: Toolchain, stop: threading.Event, recording: bool) -> Outcome:
    result = tlc.check(model.run(), toolchain=toolchain, stop=stop)
    wrong = manifests.differences(model, result, recording=recording)
    return Outcome(model, result, tuple(wrong))
