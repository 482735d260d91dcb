"""How many lines of logs are checked in a second, without TLC, and how much memory that takes.

    python benchmarks/log_rate.py

The logs are those of simulated runs of four processes on the sphere, one of which lies, with few
and with many draws.  The times are of one core, and losses are believed: with a landscape, its
evaluations come on top.
"""

import argparse
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.log_check import check_logs
from model_consensus.conformance.log_writing import Logs
from model_consensus.conformance.logs import open_logs
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import process_names
from model_consensus.simulation.tob import simulate
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tob_learner import Rules

RUNS = ((2, 400), (2, 1_600), (16, 400), (16, 1_600))
"""Draws and generations."""


def write(folder: Path, draws: int, generations: int) -> tuple[list[Path], int]:
    """Write the logs of a run; the files, and the number of lines."""
    names = process_names(4)
    one = OneLandscape(CachedSearch(EvolutionarySearch(Sphere(), draws, 3, 2, recombines=True)))
    system = TobSystem(names, names[3:], Rules(3, 2), one, generations)
    logs, lines = Logs(system, elitist=False), 0
    paths = {process: folder / f"{process}.ndjson" for process in system.correct}
    with ExitStack() as stack:
        files = {process: stack.enter_context(path.open("w")) for process, path in paths.items()}
        for action, state in simulate(system, one, ATTACKS["under-claim"], seed=1):
            for process, line in logs.lines(action, state):
                files[process].write(line)
                lines += 1
    return list(paths.values()), lines


def check(paths: Sequence[Path]) -> None:
    """Check the logs, and keep nothing."""
    with open_logs(paths) as logs:
        for _ in check_logs(logs):
            pass


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    table = Table("draws", "generations", "lines", "lines a second", "most memory, kB")
    for draws, generations in RUNS:
        with TemporaryDirectory(prefix="model-consensus-") as folder:
            paths, lines = write(Path(folder), draws, generations)
            started = time.process_time()
            check(paths)
            seconds = time.process_time() - started
            tracemalloc.start()
            check(paths)
            memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        rate = f"{lines / seconds:,.0f}"
        table.add_row(*map(str, (draws, generations, lines)), rate, f"{memory / 1000:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
