"""Run the state machines with new seeds until interrupted: ``make fuzz``.

A round is one machine with one seed.  Each finished round is one line of ``out/fuzz/rounds.jsonl``,
written before the next begins: an interrupted search goes on where it stopped.  Hypothesis keeps
what failed in ``.hypothesis/examples`` and tries it again first; the schedules that failed are in
``out/failures``.  Of each round's schedules those of the commonest instance are given to TLC.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

os.environ["HYPOTHESIS_PROFILE"] = "deep"

from hypothesis import seed, settings

import property_tests.conftest  # noqa: F401 - it loads the profile, which must come first
from property_tests.machines.pow import PowMachine
from property_tests.machines.schedules import FAILURES, explore, show_constants, validate
from property_tests.machines.streamlet import StreamletMachine
from property_tests.machines.tob import TobMachine

MACHINES = (TobMachine, PowMachine, StreamletMachine)
AIMS: tuple[list[str], ...] = (["evaluations of a process"], ["depth of a reorganisation"], [])
ROUNDS = FAILURES.parent / "fuzz" / "rounds.jsonl"


def round_of(number: int, examples: int, tlc: bool) -> dict[str, object]:
    """One round, and what is to be kept of it."""
    machine = MACHINES[number % len(MACHINES)]
    aims = AIMS[number % len(MACHINES)]
    kept: dict[str, object] = {"round": number, "machine": machine.__name__, "failure": None}
    started = time.monotonic()
    seed(number)(machine)
    try:
        run = explore(machine, settings(max_examples=examples, stateful_step_count=40), aims=aims)
        kept |= {"examples": run.examples, "steps": run.steps, "behaviours": len(run.found)}
        kept |= {"seconds": round(time.monotonic() - started, 1), "validated": 0}
        groups = Counter((each.module, show_constants(each)) for each in run.found)
        if tlc and groups:
            (most, _) = groups.most_common(1)[0]
            some = [each for each in run.found if (each.module, show_constants(each)) == most]
            validate(some)
            kept["validated"] = len(some)
    except Exception as error:
        notes = getattr(error, "__notes__", [])
        kept["failure"] = "\n".join([f"{type(error).__name__}: {error}", *notes])
    return kept


def done() -> list[dict[str, object]]:
    """The rounds of this and of earlier searches; half a line at the end does not count."""
    if not ROUNDS.exists():
        return []
    lines = ROUNDS.read_text(encoding="utf-8").split("\n")
    whole = lines[:-1]
    if lines[-1]:
        ROUNDS.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
    return [json.loads(line) for line in whole]


def progress(rounds: list[dict[str, object]]) -> str:
    """One line for the last round, with the sum of all."""
    last = rounds[-1]
    if last["failure"]:
        return f"round {last['round']}  {last['machine']}  FAILED\n{last['failure']}"
    seconds = max(float(str(last["seconds"])), 0.1)
    examples, steps, validated = (
        sum(int(str(each.get(what, 0))) for each in rounds)
        for what in ("examples", "steps", "validated")
    )
    return (
        f"round {last['round']}  {last['machine']}  {last['examples']} schedules, "
        f"{int(str(last['steps'])) / seconds:,.0f} steps/s  "
        f"{last['validated']} of {last['behaviours']} behaviours validated by TLC  |  in all "
        f"{examples:,} schedules, {steps:,} steps, {validated:,} validated"
    )


def main() -> int:
    """Go on until interrupted, or for so many rounds; 1 if a round failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, help="how many; without it, until interrupted")
    parser.add_argument("--examples", type=int, default=300, help="schedules in a round")
    parser.add_argument("--no-tlc", action="store_true", help="do not give schedules to TLC")
    args = parser.parse_args()
    rounds = done()
    ROUNDS.parent.mkdir(parents=True, exist_ok=True)
    first = len(rounds)
    try:
        while args.rounds is None or len(rounds) < first + args.rounds:
            rounds.append(round_of(len(rounds), args.examples, not args.no_tlc))
            with ROUNDS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rounds[-1]) + "\n")
            print(progress(rounds), flush=True)
    except KeyboardInterrupt:
        print(f"stopped after {len(rounds)} rounds, which are in {shown(ROUNDS)}")
    return 1 if any(each["failure"] for each in rounds[first:]) else 0


def shown(path: Path) -> Path:
    """The path as seen from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
