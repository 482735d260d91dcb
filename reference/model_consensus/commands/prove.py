"""Prove the theorems for every number of processes, generations and slots, with z3.

Each proof is a list of verification conditions.  One is proved when z3 says that its hypotheses and
its negated goal contradict each other (unsat).  A condition that fails, or that z3 cannot settle in
time, makes the exit status 1.
"""

import argparse
import sys
import time
from pathlib import Path

from model_consensus.commands import options
from model_consensus.conformance.files import naming
from model_consensus.proofs.theories import (
    THEORIES,
    counterexample,
    outcomes,
    write_smt2,
)

EXAMPLES = """\
examples:
  model-consensus prove
  model-consensus prove streamlet --verbose
  model-consensus prove slot_game --smt2 out/smt2"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``model-consensus prove``."""
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(THEORIES)}")
    parser.add_argument("--smt2", type=Path, metavar="DIR", help="write each condition there")
    parser.add_argument(
        "--time-limit", type=options.seconds, default=60.0, help="seconds a condition"
    )
    parser.add_argument("--seed", type=options.natural, default=0, help="of the solver")
    parser.add_argument("--workers", type=options.positive, default=2, help="processes at a time")
    parser.add_argument("--verbose", action="store_true", help="show every condition")


def run(args: argparse.Namespace) -> int:
    """Print the table; 0 if everything is proved, else 1."""
    names = args.names or list(THEORIES)
    if args.smt2:
        with naming(args.smt2):
            count = write_smt2(names, args.smt2)
        print(f"{count} conditions written to {args.smt2}")
    started = time.monotonic()
    tally = {name: [0, 0, 0.0] for name in names}  # conditions, proved, seconds
    failed = []
    for name, condition, answer, took in outcomes(
        names, time_limit=args.time_limit, seed=args.seed, workers=args.workers
    ):
        row = tally[name]
        row[0] += 1
        row[1] += answer == "unsat"
        row[2] += took
        if answer != "unsat":
            failed.append((name, condition, answer))
        if args.verbose:
            print(f"{answer:8} {took:7.2f} s  {condition}")
            sys.stdout.flush()
    print(f"{'theory':16} {'conditions':>10} {'proved':>7} {'seconds':>8}  theorems")
    for name, (many, proved, seconds) in tally.items():
        print(f"{name:16} {many:10} {proved:7} {seconds:8.1f}  {THEORIES[name]}")
    for name, condition, answer in failed:
        print(f"NOT PROVED ({answer}): {condition}")
        print(counterexample(name, condition, args.time_limit))
    print(
        f"{'all proved' if not failed else f'{len(failed)} not proved'}"
        f" in {time.monotonic() - started:.1f} s"
    )
    return 1 if failed else 0
