"""What a run of the state machines costs, and whose work it is.

    python benchmarks/schedule_rate.py [SCHEDULES]

For each machine: schedules and steps in a second of processor time, and under a profiler the share
of Hypothesis' own work (choosing, recording and checking its own data) and of ours (the protocol,
the System and the properties).  Time in third-party code is charged to its callers.
"""

import argparse
import cProfile
import os
import pstats
import sys
import time
from pathlib import Path
from typing import Any

os.environ["HYPOTHESIS_PROFILE"] = "ci"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import property_tests.conftest  # noqa: F401 - it loads the profile
from property_tests.machines.pow import PowMachine
from property_tests.machines.schedules import Recorded, explore, full_run
from property_tests.machines.streamlet import StreamletMachine
from property_tests.machines.tob import TobMachine

Name = tuple[str, int, str]
OURS = ("model_consensus", "property_tests")


def owner(function: Name) -> str | None:
    """Whose a function is; None if it is another library's."""
    path = function[0]
    if "hypothesis" in Path(path).parts:
        return "hypothesis"
    return "ours" if any(part in OURS for part in Path(path).parts) else None


def shares(stats: dict[Name, Any]) -> dict[str, float]:
    """Seconds by owner; a library's go to its callers in proportion, to the tenth level."""
    total = {"hypothesis": 0.0, "ours": 0.0, "neither": 0.0}
    left = {function: entry[2] for function, entry in stats.items()}
    for _ in range(10):
        passed_on: dict[Name, float] = {}
        for function, seconds in left.items():
            who, callers = owner(function), stats[function][4]
            if who:
                total[who] += seconds
                continue
            weight = sum(caller[2] for caller in callers.values())
            if not weight:
                total["neither"] += seconds
                continue
            for caller, entry in callers.items():
                passed_on[caller] = passed_on.get(caller, 0.0) + seconds * entry[2] / weight
        left = passed_on
    total["neither"] += sum(left.values())
    return total


def measure(machine: type[Recorded], examples: int, steps: int) -> str:
    """One line about one machine."""
    how = full_run(examples, steps)
    started = time.process_time()
    run = explore(machine, how, keep=False)
    seconds = time.process_time() - started
    profile = cProfile.Profile()
    profile.runcall(explore, machine, how, keep=False)
    by = shares(pstats.Stats(profile).stats)  # type: ignore[attr-defined]
    whole = sum(by.values())
    return (
        f"{machine.__name__:<18}{run.examples / seconds:>12.1f}{run.steps / seconds:>10.0f}"
        f"{by['hypothesis'] / whole:>14.0%}{by['ours'] / whole:>8.0%}{by['neither'] / whole:>10.0%}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "schedules",
        metavar="SCHEDULES",
        nargs="?",
        type=int,
        default=100,
        help="for each machine (default: %(default)s)",
    )
    examples = parser.parse_args().schedules
    print("machine             schedules/s   steps/s    Hypothesis    ours   neither")
    for machine, steps in ((TobMachine, 24), (PowMachine, 40), (StreamletMachine, 24)):
        print(measure(machine, examples, steps), flush=True)


if __name__ == "__main__":
    main()
