"""What the comparison of two state graphs costs in memory and in time.

    python benchmarks/explore_memory.py [--states N ...] [MODEL ...]

First synthetic systems, whose graphs are written as TLC would dump them: state n has an edge to
each of b*n, ..., b*n + b - 1 modulo the number of states, with b = 2, and once with b = 10.  They
show what states and edges cost the comparison; there is no TLC in it, and a state of such a system
is one integer.  Then, for each MODEL of the manifest, the real comparison: the implementation's
states of the frontier are in memory as well, and the time is that of TLC too.  Each row is measured
in a process of its own; the peak is the largest resident set of that process, and TLC's that of its
child.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_consensus.conformance.explore import explore
from model_consensus.conformance.state_graph import Dump, compare
from model_consensus.tla.manifest import load
from model_consensus.tla.values import Function, record

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts a resident set."""

DIGITS = 12


@dataclass(frozen=True)
class Step:
    """The step to one of the next states."""

    choice: int


@dataclass(frozen=True)
class Synthetic:
    """A system of so many states with so many edges each."""

    states: int
    branches: int

    def initial(self) -> Iterator[int]:
        """The state 0."""
        yield 0

    def enabled(self, state: int) -> Iterator[Step]:
        """A step for each branch."""
        return map(Step, range(self.branches))

    def apply(self, state: int, action: Step) -> int:
        """The state after it."""
        return (state * self.branches + action.choice) % self.states

    def project(self, state: int) -> Function:
        """Two variables: the number, and its digits to the base 4, the last first."""
        return record(n=state, digits=tuple(digits(state)))

    def write(self, path: Path) -> None:
        """The graph as TLC dumps it."""
        with path.open("w", encoding="utf-8") as file:
            file.write("strict digraph DiskGraph {\n")
            for state in range(self.states):
                sequence = ", ".join(map(str, digits(state)))
                style = "" if state else ",style = filled"
                file.write(
                    f'{state} [label="/\\\\ n = {state}\\n/\\\\ digits = <<{sequence}>>"{style}];\n'
                )
                for action in self.enabled(state):
                    file.write(f'{state} -> {self.apply(state, action)} [label="Step",')
                    file.write('color="black",fontcolor="black"];\n')
            file.write("}\n")


def digits(state: int) -> Iterator[int]:
    """The digits of a number to the base 4, the last first."""
    for _ in range(DIGITS):
        yield state % 4
        state //= 4


def peak(who: int) -> int:
    """The largest resident set so far, in bytes."""
    return resource.getrusage(who).ru_maxrss * UNIT


def synthetic(states: int, branches: int) -> tuple[str, ...]:
    """A row: the comparison of a synthetic system with its own dump."""
    system, before = Synthetic(states, branches), peak(resource.RUSAGE_SELF)
    with tempfile.TemporaryDirectory(prefix="model-consensus-") as folder:
        dot = Path(folder) / "graph.dot"
        system.write(dot)
        started = time.perf_counter()
        dump = Dump(dot)
        graph = dump.graph()
        read = time.perf_counter()
        if compare(system, dump, graph) is not None:
            raise AssertionError("the graphs differ")
        compared = time.perf_counter()
    most = peak(resource.RUSAGE_SELF)
    return (
        f"{graph.size[0]:,}",
        f"{graph.size[1]:,}",
        f"{most / 2**20:,.0f}",
        f"{(most - before) / states:,.0f}",
        f"{states / (read - started):,.0f}",
        f"{states / (compared - read):,.0f}",
    )


def real(name: str) -> tuple[str, ...]:
    """A row: the comparison of a model of the manifest."""
    before = peak(resource.RUSAGE_SELF)
    found = explore(load().find(name))
    most = peak(resource.RUSAGE_SELF)
    return (
        name + ("" if found.difference is None else " DIFFERS"),
        f"{found.states:,}",
        f"{found.edges:,}",
        f"{most / 2**20:,.0f}",
        f"{(most - before) / found.states:,.0f}",
        f"{peak(resource.RUSAGE_CHILDREN) / 2**20:,.0f}",
        f"{found.states / found.seconds:,.0f}",
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", metavar="MODEL", nargs="*", help="a model of the manifest")
    parser.add_argument(
        "--states",
        metavar="N",
        type=int,
        nargs="*",
        default=[100_000, 1_000_000],
        help="sizes of the synthetic graphs, with two edges a state; the first also with ten",
    )
    args = parser.parse_args()
    console = Console(width=130)
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        if args.states:
            table = Table(title="synthetic graphs")
            for column in ("states", "edges", "peak MiB", "bytes/state", "read/s", "explored/s"):
                table.add_column(column, justify="right")
            for states, branches in [*((n, 2) for n in args.states), (args.states[0], 10)]:
                table.add_row(*pool.submit(synthetic, states, branches).result())
            console.print(table)
        if args.models:
            table = Table(title="models, TLC's time included")
            for column in ("model", "states", "edges", "peak MiB", "bytes/state", "TLC MiB", "/s"):
                table.add_column(column, justify="left" if column == "model" else "right")
            for name in args.models:
                table.add_row(*pool.submit(real, name).result())
            console.print(table)


if __name__ == "__main__":
    main()
