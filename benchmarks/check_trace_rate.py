"""How fast recorded executions are checked: steps per second, in batches of growing size.

    python benchmarks/check_trace_rate.py [TRACES ...]

Small runs of each protocol under attack, recorded, written to files and then checked from the files
as ``check-trace`` does, in one run of TLC.  The time of one trace alone is the start of Java and
TLC; the rates are those of the rest.  They are given by the clock and by the processor's time,
Java's included: on a busy machine the latter says more.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.trace_windows import read
from model_consensus.conformance.trace_writer import trace_file
from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.landscapes import Landscape
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.streamlet import Conditions, Simulation
from model_consensus.simulation.training import train
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tob_learner import Rules

BATCHES = (50, 200, 800)
DIFFERENT = 50
"""Runs that are recorded; greater batches repeat them."""


def trained(setting: Setting, landscape: Landscape) -> Trace:
    """The trace of a training run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.ndjson"
        with trace_file(path) as file:
            train(setting, landscape, trace=file)
        return read(path)


def tob(seed: int) -> Trace:
    """Two generations of four processes."""
    attacks = [name for name in ATTACKS if name != "flood"]  # not a small run
    attack = attacks[seed % len(attacks)]
    return trained(
        Setting(protocol="tob", lambda_=3, draws=1, generations=2, attack=attack, seed=seed),
        OneMax(),
    )


def proof_of_work(seed: int) -> Trace:
    """Six blocks of four processes, at a depth at which they agree."""
    strategy = [*STRATEGIES][seed % len(STRATEGIES)]
    return trained(
        Setting(
            protocol="pow",
            lambda_=2,
            depth=3,
            wins=6,
            hashes=2,
            attack=strategy,
            share=0.3,
            seed=seed,
        ),
        OneMax(),
    )


def streamlet(seed: int) -> Trace:
    """Up to twelve epochs of four nodes."""
    names = process_names(4)
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(), 1, 3)))
    system = TobSystem(names, names[3:], Rules(3), one, 1, name=bytes.hex)
    misbehaviour = [*MISBEHAVIOURS.values()][seed % len(MISBEHAVIOURS)]
    run = Simulation(system, one, Conditions(), misbehaviour, ATTACKS["silent"], seed)
    trace, _ = run.traces(f"streamlet {seed}", 12)
    # One run of TLC has one setting: all messages that could be, instead of those that were.
    all_messages = {
        "Message": frozenset(f"{p}:{i}" for p in names[:3] for i in range(1, 9)),
        "Forgery": frozenset(f"{names[3]}:{i}" for i in range(1, 9)),
    }
    return replace(trace, constants={**trace.constants, **all_messages})


PROTOCOLS: Mapping[str, Callable[[int], Trace]] = {
    "TOB": tob,
    "PoW": proof_of_work,
    "Streamlet": streamlet,
}


@dataclass(frozen=True)
class Cost:
    """Of reading and checking some files; both times in seconds."""

    states: int
    clock: float
    processor: float


def check(files: Sequence[Path]) -> Cost:
    """Read and check the files."""
    started, used = time.monotonic(), sum(os.times()[:4])
    verdicts = check_traces(map(traces.read, files))
    assert not any(verdict.rejection for verdict in verdicts)
    states = sum(len(each.trace.states) for each in verdicts)
    return Cost(states, time.monotonic() - started, sum(os.times()[:4]) - used)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "traces", metavar="TRACES", nargs="*", type=int, default=BATCHES, help="sizes of batches"
    )
    batches = parser.parse_args().traces
    table = Table(title="recorded executions checked by TLC")
    rates = ("traces/min", "steps/s")
    columns = ("traces", "steps", "seconds", *rates, "processor s", *rates)
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    with tempfile.TemporaryDirectory() as folder:
        for name, run in PROTOCOLS.items():
            files = []
            for seed in range(DIFFERENT):
                files.append(Path(folder) / f"{seed}.itf.json")
                traces.write(files[-1], run(seed))
            start = check(files[:1])
            table.add_row(f"{name}, start", *_figures(1, start, None))
            for size in batches:
                cost = check([*islice(cycle(files), size)])
                table.add_row(name, *_figures(size, cost, start))
    Console(width=120).print(table)


def _figures(size: int, cost: Cost, start: Cost | None) -> list[str]:
    row = [f"{size:,}", f"{cost.states:,}"]
    clock = cost.clock - (start.clock if start else 0)
    processor = cost.processor - (start.processor if start else 0)
    for seconds, rest in ((cost.clock, clock), (cost.processor, processor)):
        row.append(f"{seconds:.1f}")
        if start and rest > 0:
            row += [f"{60 * size / rest:,.0f}", f"{cost.states / rest:,.0f}"]
        else:
            row += ["", ""]
    return row


if __name__ == "__main__":
    main()
