"""What a run takes by its length: the exponent of growth is 1 where it is linear.

    python benchmarks/growth.py [tob|pow] [--lengths N ...] [--check]

Each run is a process of its own, `model-consensus run` on OneMax with four processes, of so many
generations (tob) or wins (pow).  The exponent compares the processor's time of a run with that of
the one before it, both without the start that the shortest of all runs takes.  With --check TLC
checks each trace, too, as the command does by default; the memory is that of the largest process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from rich.console import Console
from rich.table import Table

LENGTH_OPTION = {"tob": "--generations", "pow": "--wins"}


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds by the clock and the processor, MB of memory, steps, bytes of trace."""

    seconds: float
    processor: float
    megabytes: float
    steps: int
    trace: int


def measure(protocol: str, length: int, *, check: bool) -> Cost:
    """Run once, in a folder that is removed again."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "model_consensus", "run", protocol]
        command += ["--landscape", "onemax", LENGTH_OPTION[protocol], str(length)]
        command += ["--out", str(out), *([] if check else ["--no-check"])]
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        if status != 0:
            raise SystemExit(
                f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}"
            )
        trace = out / "trace.ndjson"
        steps = json.loads((out / "summary.json").read_text("utf-8"))["steps"]
        processor = usage.ru_utime + usage.ru_stime
        return Cost(seconds, processor, usage.ru_maxrss / 1024, steps, trace.stat().st_size)


def table(protocol: str, lengths: Sequence[int], *, check: bool) -> Table:
    """A row for each length."""
    start = measure(protocol, 1, check=False)
    found = Table(title=f"{protocol}, OneMax, n = 4{', checked by TLC' if check else ''}")
    unit = "generation" if protocol == "tob" else "win"
    columns = (
        "seconds",
        "steps/s",
        "processor s",
        f"ms a {unit}",
        "exponent",
        "MB",
        "bytes a step",
    )
    found.add_column(f"{unit}s", justify="right")
    for column in columns:
        found.add_column(column, justify="right")
    before: tuple[int, float] | None = None
    for length in sorted(lengths):
        cost = measure(protocol, length, check=check)
        net = cost.processor - start.processor
        exponent = ""
        if before is not None:
            exponent = f"{log(net / before[1]) / log(length / before[0]):.2f}"
        before = length, net
        found.add_row(
            f"{length:,}",
            f"{cost.seconds:.1f}",
            f"{cost.steps / (cost.seconds - start.seconds):,.0f}",
            f"{cost.processor:.1f}",
            f"{1000 * net / length:.1f}",
            exponent,
            f"{cost.megabytes:.0f}",
            f"{cost.trace / cost.steps:,.0f}",
        )
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("protocol", nargs="?", choices=LENGTH_OPTION, default="tob")
    parser.add_argument("--lengths", metavar="N", nargs="+", type=int, default=[100, 1000, 10000])
    parser.add_argument("--check", action="store_true", help="let TLC check the traces")
    args = parser.parse_args()
    Console(width=100).print(table(args.protocol, args.lengths, check=args.check))


if __name__ == "__main__":
    main()
