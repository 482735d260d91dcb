"""What ``verify`` does after the models: proofs, state graphs, and training runs with their traces.

What cannot be run, for an extra is not installed, is "not run", and a part of it "partial".

The training runs are the main job on real input: a classifier of handwritten digits learns over
both protocols while Byzantine processes take part, and TLC checks every step of both runs.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

from model_consensus.commands.extras import missing
from model_consensus.conformance import explore, trace_check
from model_consensus.conformance.file_check import check_files
from model_consensus.conformance.trace_writer import trace_file
from model_consensus.errors import ModelConsensusError
from model_consensus.proofs import theories
from model_consensus.report.claims import GRAPHS, PROOFS, TRAININGS
from model_consensus.report.outcomes import Found, JobOutcome, Say, Status, overall
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import Training, describe, train
from model_consensus.tla.manifest import SpecModel

FLOOR = 0.93
"""The least accuracy on the test rows that a training run must reach."""
OUT = Path("out")
WORKERS = min(4, os.cpu_count() or 1)


def train_over_tob(landscape: str = "digits", trace: TextIO | None = None) -> Training:
    """n = 4, f = 1, λ = 3: 48 honest offspring in each of 200 generations, against a liar."""
    return train(
        Setting(protocol="tob", lambda_=3, mu=2, attack="under-claim"),
        load_landscape(landscape),
        trace=trace,
    )


def train_over_pow(landscape: str = "digits", trace: TextIO | None = None) -> Training:
    """n = 4, f = 1, eight draws: 120 wins, a fifth of them by a miner of private chains."""
    return train(
        Setting(protocol="pow", draws=8, wins=120, attack="private-chain"),
        load_landscape(landscape),
        trace=trace,
    )


Job = Callable[[Say, Path], JobOutcome]
"""Gets the folder with the state graphs that TLC dumped when it checked their models."""


def _timed(name: str, job: Callable[[Say, Path], Found]) -> Job:
    def timed(say: Say, graphs: Path) -> JobOutcome:
        started = time.monotonic()
        found = job(say, graphs)
        return JobOutcome(name, found, time.monotonic() - started)

    return timed


# ----------------------------------------------------------------------------- training runs

_TRAIN = {"tob": train_over_tob, "pow": train_over_pow}


def _train_and_check(protocol: str) -> "Trained":
    """Train, write the trace and let TLC check what was written."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{protocol}-digits.ndjson"
    with trace_file(path) as file:
        training = _TRAIN[protocol](trace=file)
    (found,) = check_files([path], workers=1)
    if found.verdict is None:
        raise ModelConsensusError(found.problem)
    return Trained(
        protocol,
        accuracy=training.rows[-1].accuracy["test"],
        steps=training.steps,
        accepted=found.verdict.accepted,
        lines=f"  {describe(training)}\n  {trace_check.describe(found.verdict)}",
    )


@dataclass(frozen=True)
class Trained:
    """A training run.

    :ivar accuracy: on the rows of the test set, from 0 to 1.
    :ivar steps: those of its trace.
    :ivar accepted: whether TLC accepts the trace.
    :ivar lines: what to print of it.
    """

    protocol: str
    accuracy: float
    steps: int
    accepted: bool
    lines: str = ""


def judged_trainings(runs: Sequence[Trained]) -> Found:
    """Each protocol must have a run, whose trace is accepted, and whose accuracy is high enough."""
    statuses = [
        Status.OK if run.accepted and run.accuracy >= FLOOR else Status.FAILS for run in runs
    ]
    statuses += [Status.FAILS] * len(_TRAIN.keys() - {run.protocol for run in runs})
    messages = [
        f"{run.protocol} {run.accuracy:.1%}, trace of {run.steps:,} steps "
        f"{'accepted' if run.accepted else 'REJECTED'}"
        for run in runs
    ]
    data = {
        run.protocol: {"accuracy": run.accuracy, "steps": run.steps, "accepted": run.accepted}
        for run in runs
    }
    message = f"test accuracy (floor {FLOOR:.0%}): {'; '.join(messages)}"
    return Found(overall(statuses), message, data)


def _trainings(say: Say, graphs: Path) -> Found:
    if find_spec("sklearn") is None:
        return Found(Status.NOT_RUN, missing("sklearn"), {})
    runs = []
    with ProcessPoolExecutor(min(2, WORKERS), mp_context=get_context("spawn")) as pool:
        for run in pool.map(_train_and_check, _TRAIN):
            say(run.lines)
            runs.append(run)
    return judged_trainings(runs)


# ----------------------------------------------------------------------------- state graphs


def dot_of(model: SpecModel, graphs: Path) -> Path:
    """Where in the folder ``graphs`` the state graph of a model is, if TLC has dumped it."""
    return graphs / f"{model.name}.dot"


def _explored(model: SpecModel, graphs: Path) -> explore.Exploration:
    dot = dot_of(model, graphs)
    return explore.explore(model, dot=dot if dot.exists() else None)


def _graphs(say: Say, graphs: Path) -> Found:
    found = []
    # The largest first: in the end no worker waits long for the other.
    models = sorted(explore.graph_models(), key=lambda model: -model.runtime)
    left_out = []
    if find_spec("cryptography") is None:
        left_out = [model for model in models if "Streamlet" in model.name]
        models = [model for model in models if model not in left_out]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for each in pool.map(partial(_explored, graphs=graphs), models):
            found.append(each)
            say("  " + explore.describe(each).replace("\n", "\n  "))
    return judged_graphs(found, len(left_out))


def judged_graphs(found: Sequence[explore.Exploration], left_out: int) -> Found:
    """All graphs must be equal; ``left_out`` of them, Streamlet's, were not compared."""
    equal = sum(each.difference is None for each in found)
    statuses = [Status.FAILS if each.difference else Status.OK for each in found]
    message = f"{equal} of {len(found)} graphs are equal"
    if left_out:
        message += f"; {left_out} of Streamlet not run: {missing('cryptography')}"
    data = {each.model.name: {"states": each.states, "edges": each.edges} for each in found}
    return Found(overall([*statuses, *[Status.NOT_RUN] * left_out]), message, data)


# ----------------------------------------------------------------------------- proofs


def _proofs(say: Say, graphs: Path) -> Found:
    if find_spec("z3") is None:
        return Found(Status.NOT_RUN, missing("z3"), {})
    outcomes = theories.outcomes(list(theories.THEORIES), time_limit=60.0, seed=0, workers=WORKERS)
    found = judged_proofs(outcomes)
    for theory, count in found.data["proved"].items():
        say(f"  {theory:16} {count:4} conditions proved  {theories.THEORIES[theory]}")
    return found


def judged_proofs(outcomes: Iterable[tuple[str, str, str, float]]) -> Found:
    """Every theory must have conditions, and the negation of each must be unsatisfiable.

    An outcome is the theory, the condition, z3's answer and the seconds.
    """
    proved = dict.fromkeys(theories.THEORIES, 0)
    seconds = dict.fromkeys(theories.THEORIES, 0.0)
    failed = []
    for theory, condition, answer, took in outcomes:
        proved[theory] += answer == "unsat"
        seconds[theory] += took
        if answer != "unsat":
            failed.append(f"{condition} ({answer})")
    failed += [f"{theory} has no condition" for theory, count in proved.items() if count == 0]
    message = f"{sum(proved.values())} conditions proved, {len(failed)} not"
    data = {"proved": proved, "failed": failed, "runtimes": seconds}
    return Found(Status.FAILS if failed else Status.OK, ": ".join([message, *failed[:1]]), data)


JOBS: Mapping[str, Job] = {
    name: _timed(name, job)
    for name, job in ((PROOFS, _proofs), (GRAPHS, _graphs), (TRAININGS, _trainings))
}
