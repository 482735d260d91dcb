"""What ``verify`` does after the models: proofs, state graphs, and training runs with their traces.

The training runs are the main job on real input: a classifier of handwritten digits learns over
both protocols while Byzantine processes take part, and TLC checks every step of both runs.
"""

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from model_consensus.commands.extras import missing
from model_consensus.conformance import explore, trace_check, traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.proofs import theories
from model_consensus.report.claims import GRAPHS, PROOFS, TRAININGS
from model_consensus.report.console import JobOutcome, Say
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import Training, describe, train

FLOOR = 0.93
"""The least accuracy on the test rows that a training run must reach."""
OUT = Path("out")
WORKERS = min(4, os.cpu_count() or 1)


def train_over_tob(landscape: str = "digits") -> Training:
    """n = 4, f = 1, λ = 3: 48 honest offspring in each of 200 generations, against a liar."""
    return train(
        Setting(protocol="tob", lambda_=3, attack="under-claim"), load_landscape(landscape)
    )


def train_over_pow(landscape: str = "digits") -> Training:
    """n = 4, f = 1, λ = 48: 150 wins, a fifth of them by a miner of private chains."""
    return train(
        Setting(protocol="pow", lambda_=48, wins=150, attack="private-chain"),
        load_landscape(landscape),
    )


Found = tuple[bool, str, dict[str, Any]]
"""Whether it passed, what to print, and data for the report."""


def _left_out(module: str) -> Found:
    return True, f"NOT RUN: {missing(module)}", {}


def _timed(name: str, job: Callable[[Say], Found]) -> Callable[[Say], JobOutcome]:
    def timed(say: Say) -> JobOutcome:
        started = time.monotonic()
        passed, message, data = job(say)
        return JobOutcome(name, passed, message, time.monotonic() - started, data)

    return timed


_TRAIN = {"tob": train_over_tob, "pow": train_over_pow}


def _train_and_check(protocol: str) -> tuple[float, bool, int, str]:
    """Train, write the trace and let TLC check what was written.

    The accuracy on the test rows, whether the trace is accepted, its steps, and lines to print.
    """
    training = _TRAIN[protocol]()
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{protocol}-digits.itf.json"
    traces.write(path, training.trace)
    (verdict,) = check_traces([traces.read(path)])
    lines = f"  {describe(training)}\n  {trace_check.describe(verdict)}"
    accuracy = training.rows[-1].accuracy["test"]
    return accuracy, verdict.accepted, len(training.trace.states) - 1, lines


def _trainings(say: Say) -> Found:
    if find_spec("sklearn") is None:
        return _left_out("sklearn")
    passed, messages, data = True, [], {}
    with ProcessPoolExecutor(min(2, WORKERS), mp_context=get_context("spawn")) as pool:
        for protocol, (accuracy, accepted, steps, lines) in zip(
            _TRAIN, pool.map(_train_and_check, _TRAIN), strict=True
        ):
            say(lines)
            passed &= accepted and accuracy >= FLOOR
            verdict = "accepted" if accepted else "REJECTED"
            messages.append(f"{protocol} {accuracy:.1%}, trace of {steps:,} steps {verdict}")
            data[protocol] = {"accuracy": accuracy, "steps": steps, "accepted": accepted}
    return passed, f"test accuracy (floor {FLOOR:.0%}): {'; '.join(messages)}", data


def _graphs(say: Say) -> Found:
    found = []
    # The largest first: in the end no worker waits long for the other.
    models = sorted(explore.graph_models(), key=lambda model: -model.runtime)
    left_out = ""
    if find_spec("cryptography") is None:
        models = [model for model in models if "Streamlet" not in model.name]
        left_out = f"; Streamlet: {_left_out('cryptography')[1]}"
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for each in pool.map(explore.explore, models):
            found.append(each)
            say("  " + explore.describe(each).replace("\n", "\n  "))
    equal = sum(each.difference is None for each in found)
    data = {each.model.name: {"states": each.states, "edges": each.edges} for each in found}
    return equal == len(found), f"{equal} of {len(found)} graphs are equal{left_out}", data


def _proofs(say: Say) -> Found:
    if find_spec("z3") is None:
        return _left_out("z3")
    proved: dict[str, int] = {}
    seconds: dict[str, float] = {}
    failed = []
    for theory, condition, answer, took in theories.outcomes(
        list(theories.THEORIES), time_limit=60.0, seed=0, workers=WORKERS
    ):
        proved[theory] = proved.get(theory, 0) + (answer == "unsat")
        seconds[theory] = seconds.get(theory, 0.0) + took
        if answer != "unsat":
            failed.append(f"{condition} ({answer})")
    for theory, count in proved.items():
        say(f"  {theory:16} {count:4} conditions proved  {theories.THEORIES[theory]}")
    message = f"{sum(proved.values())} conditions proved, {len(failed)} not"
    data = {"proved": proved, "failed": failed, "runtimes": seconds}
    return not failed, ": ".join([message, *failed[:1]]), data


JOBS: Mapping[str, Callable[[Say], JobOutcome]] = {
    name: _timed(name, job)
    for name, job in ((PROOFS, _proofs), (GRAPHS, _graphs), (TRAININGS, _trainings))
}
