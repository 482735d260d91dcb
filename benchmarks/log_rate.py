"""How many lines of logs are checked in a second, without TLC, and how much memory that takes.

    python benchmarks/log_rate.py

The logs are those of four processes on the sphere, one of which lies, with few and with many draws:
of simulated runs over Total Order Broadcast, and of miners that win in turn over proof-of-work,
whose messages arrive at once.  The times are of one core, and losses are believed: with a
landscape, its evaluations come on top.  The memory over proof-of-work has the blocks in it.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from rich.console import Console
from rich.table import Table

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.log_check import check_logs
from model_consensus.conformance.log_writing import Logs, Noting
from model_consensus.conformance.logs import open_logs
from model_consensus.conformance.pow_log_check import PowCheck
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.conformance.pow_logs import POW, PowAgreed
from model_consensus.conformance.pow_miner import Miner
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import process_names
from model_consensus.simulation.tob import simulate
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tob_learner import Offer, Rules

GENERATIONS = 400, 1_600
NAMES = process_names(4)
DEPTH = 6


def write_tob(files: Sequence[TextIO], draws: int, generations: int) -> None:
    """Write the logs of a run over Total Order Broadcast."""
    one = OneLandscape(CachedSearch(EvolutionarySearch(Sphere(), draws, 3, 2, recombines=True)))
    system = TobSystem(NAMES, NAMES[3:], Rules(3, 2), one, generations)
    logs = Logs(system, elitist=False)
    for action, state in simulate(system, one, ATTACKS["under-claim"], seed=1):
        for process, line in logs.lines(action, state):
            files[NAMES.index(process)].write(line)


def write_pow(files: Sequence[TextIO], draws: int, generations: int) -> None:
    """Write the logs of miners that win in turn; the last one claims less than it has found."""
    cached = CachedSearch(EvolutionarySearch(Sphere(), draws, 1, recombines=True))
    agreed = PowAgreed(NAMES, DEPTH, 1, draws, True, False, cached.genesis.digest)
    searches = [Noting(cached) for _ in NAMES]
    miners = [Miner(noted, agreed.rules, name) for noted, name in zip(searches, NAMES, strict=True)]
    logs = [PowLogLines(name, clock=lambda: 0.0) for name in NAMES]
    for file, log in zip(files, logs, strict=True):
        file.write(log.start(agreed))
    for height in range(generations + DEPTH):
        for search in searches:
            search.noted.clear()
        made = [miner.offer() for miner in miners]
        for place, (file, log) in enumerate(zip(files, logs, strict=True)):
            file.write(log.offered(made[place], searches[place].noted))
            for offer in made:
                if offer.sender == NAMES[3]:
                    offer = Offer(offer.sender, offer.parent, offer.ticket, offer.claim // 2)
                if miners[place].hears(offer):
                    searches[place].noted.clear()
                    miners[place].hear(offer)
                    file.write(log.heard(offer, searches[place].noted))
        winner = height % len(NAMES)
        block = miners[winner].block
        assert block is not None
        for place, (file, log) in enumerate(zip(files, logs, strict=True)):
            searches[place].noted.clear()
            if place == winner:
                miners[place].win(block)
                file.write(log.mined(block))
            else:
                miners[place].receive(block)
                file.write(log.received(block, searches[place].noted))
            for due in miners[place].decisions():
                file.write(log.decided(due.generation, due.model))


def check_tob(paths: Sequence[Path]) -> None:
    """Check the logs, and keep nothing."""
    with open_logs(paths) as logs:
        for _ in check_logs(logs):
            pass


def check_pow(paths: Sequence[Path]) -> None:
    """Check the logs, and keep nothing but the blocks."""
    with POW.open(paths) as logs:
        for _ in PowCheck(logs).steps():
            pass


PROTOCOLS = (
    ("Total Order Broadcast", 2, write_tob, check_tob),
    ("Total Order Broadcast", 16, write_tob, check_tob),
    ("proof-of-work", 2, write_pow, check_pow),
    ("proof-of-work", 8, write_pow, check_pow),
    ("proof-of-work", 16, write_pow, check_pow),
)


def measured(
    write: Callable[[Sequence[TextIO], int, int], None],
    check: Callable[[Sequence[Path]], None],
    draws: int,
    generations: int,
) -> tuple[int, float, int]:
    """The lines of the logs, how many of them are checked in a second, and the most memory."""
    with TemporaryDirectory(prefix="model-consensus-") as folder:
        paths = [Path(folder, f"{process}.ndjson") for process in NAMES[:3]]
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("w")) for path in paths]
            write([*files, stack.enter_context(Path(folder, "liar").open("w"))], draws, generations)
        lines = sum(path.read_bytes().count(b"\n") for path in paths)
        tracemalloc.start()
        check(paths)
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        started = time.process_time()
        check(paths)
        seconds = time.process_time() - started
    return lines, lines / seconds, memory


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    table = Table("over", "draws", "generations", "lines", "lines a second", "most memory, kB")
    for name, draws, write, check in PROTOCOLS:
        for generations in GENERATIONS:
            lines, rate, memory = measured(write, check, draws, generations)
            numbers = f"{lines:,}", f"{rate:,.0f}", f"{memory / 1000:,.0f}"
            table.add_row(name, str(draws), f"{generations:,}", *numbers)
    Console().print(table)


if __name__ == "__main__":
    main()
