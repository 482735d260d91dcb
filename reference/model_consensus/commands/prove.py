"""Prove the theorems for every number of processes, generations and slots,
with z3.

Each proof is a list of verification conditions.  One is proved when z3 says
that its hypotheses and its negated goal contradict each other (unsat), and the
hypotheses alone do not.  A condition that fails, or that z3 cannot settle in
time, makes the exit status 1.
"""

import argparse
import time
from contextlib import closing
from itertools import groupby
from pathlib import Path

from rich.console import Console

from model_consensus.commands import options
from model_consensus.conformance.files import naming
from model_consensus.proofs.theories import (
    THEORIES,
    counterexample,
    in_a_process,
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
    """Print a line for each theory as it is done; 0 if everything is proved, else 1."""
    started = time.monotonic()
    names = list(dict.fromkeys(args.names)) or list(THEORIES)
    if args.smt2:
        with naming(args.smt2):
            written = in_a_process(write_smt2, names, args.smt2)
        print(f"{written} conditions written to {args.smt2}")
    failed = []
    print(f"{'theory':14} {'conditions':>10} {'proved':>6} {'seconds':>7}", flush=True)
    answers = outcomes(names, time_limit=args.time_limit, seed=args.seed, workers=args.workers)
    with closing(answers), Console(stderr=True).status("proving") as status:
        for name, of_theory in groupby(answers, key=lambda found: found[0]):
            number, proved, total = 0, 0, 0.0
            for _, condition, answer, seconds in of_theory:
                number, total = number + 1, total + seconds
                if answer == "unsat":
                    proved += 1
                else:
                    failed.append((name, condition, answer))
                if args.verbose:
                    print(f"{answer:7} {seconds:6.2f} s  {condition}", flush=True)
                status.update(f"proved {proved} conditions of {name}")
            print(f"{name:14} {number:10} {proved:6} {total:7.1f}", flush=True)
            print(f"  {THEORIES[name]}", flush=True)
        for name, condition, answer in failed:
            print(f"NOT PROVED ({answer}): {condition}")
            if answer == "vacuous":
                print("  (its hypotheses contradict each other, so any goal would follow)")
            else:
                print(in_a_process(counterexample, name, condition, args.time_limit))
    print(
        f"{'all proved' if not failed else f'{len(failed)} not proved'}"
        f" in {time.monotonic() - started:.1f} s"
    )
    return 1 if failed else 0
