"""Prove the theorems for every number of processes, generations and slots, with z3.

Each proof is a list of verification conditions.  One is proved when z3 says that its hypotheses and
its negated goal contradict each other (unsat).  A condition that fails, or that z3 cannot settle in
time, makes the exit status 1.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from model_consensus.errors import ModelConsensusError

if TYPE_CHECKING:
    from model_consensus.proofs.kit import Condition

EXAMPLES = """\
examples:
  model-consensus prove
  model-consensus prove streamlet --verbose
  model-consensus prove slot_game --smt2 out/smt2"""

# name: what it proves
THEORIES = {
    "counting": "cardinalities of sets of any size, by induction",
    "tob_learning": "T1, T2, T3, T5: learning over Total Order Broadcast",
    "termination": "T4: every correct process decides every generation",
    "streamlet": "consistency of Streamlet for every n > 3f",
    "pow_learning": "P1: every accepted block is an exact step",
    "slot_game": "P2, P3: no disagreement without a bad factor of wins",
    "longest_chain": "P2 for processes on a network: Agreement and Integrity",
    "private_attack": "P2: a disagreement on every bad factor",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``model-consensus prove``."""
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(THEORIES)}")
    parser.add_argument("--smt2", type=Path, metavar="DIR", help="write each condition there")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for a condition")
    parser.add_argument("--seed", type=int, default=0, help="of the solver")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--verbose", action="store_true", help="show every condition")


def conditions(name: str) -> "list[Condition]":
    """The verification conditions of a theory.

    Raises:
        ModelConsensusError: there is no such theory, or z3 is not installed.
    """
    if name not in THEORIES:
        raise ModelConsensusError(f"no theory {name!r}: there are {', '.join(THEORIES)}")
    try:
        module = import_module(f"model_consensus.proofs.{name}")
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        raise ModelConsensusError(
            "z3 is not installed: pip install 'model-consensus[proofs]'"
        ) from None
    return list(module.conditions())


def _discharge(name: str, index: int, time_limit: float, seed: int) -> tuple[str, str, float]:
    """In a worker: the name of a condition, z3's answer, and its time."""
    from model_consensus.proofs.kit import discharge

    if name not in _loaded:
        _loaded[name] = conditions(name)
    outcome = discharge(_loaded[name][index], time_limit=time_limit, seed=seed)
    return outcome.condition.name, outcome.answer, outcome.seconds


_loaded: "dict[str, list[Condition]]" = {}  # of this process


def outcomes(
    names: list[str], *, time_limit: float, seed: int, workers: int
) -> Iterator[tuple[str, str, str, float]]:
    """Theory, condition, answer and seconds of each condition, in order."""
    jobs = [(name, index) for name in names for index in range(len(conditions(name)))]
    # z3 shares nothing between processes that are started afresh.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = [
            (name, pool.submit(_discharge, name, index, time_limit, seed)) for name, index in jobs
        ]
        for name, future in futures:
            yield (name, *future.result())


def write_smt2(names: list[str], folder: Path) -> int:
    """Write each condition to a file of its own; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for name in names:
        for number, condition in enumerate(conditions(name), 1):
            path = folder / f"{name}_{number:03}.smt2"
            path.write_text(condition.smt2(), encoding="utf-8")
            written += 1
    return written


def _counterexample(name: str, condition_name: str, time_limit: float) -> str:
    """A counterexample on a small instance, if there is one, to read."""
    from model_consensus.proofs import counterexample, instances

    small = instances.small(name)
    condition = next((c for c in conditions(name) if c.name == condition_name), None)
    if small is None or condition is None:
        return "  (no small instance of this theory)"
    system, instance = small
    found = counterexample.find(condition, system, instance, time_limit=time_limit)
    return str(found or "  (no counterexample on a small instance)")


def run(args: argparse.Namespace) -> int:
    """Print the table; 0 if everything is proved, else 1."""
    names = args.names or list(THEORIES)
    if args.time_limit <= 0 or args.workers < 1:
        raise ModelConsensusError("--time-limit and --workers must be positive")
    if args.smt2:
        print(f"{write_smt2(names, args.smt2)} conditions written to {args.smt2}")
    started = time.monotonic()
    tally = {name: [0, 0, 0.0] for name in names}  # conditions, proved, seconds
    failed = []
    for name, condition, answer, seconds in outcomes(
        names, time_limit=args.time_limit, seed=args.seed, workers=args.workers
    ):
        row = tally[name]
        row[0] += 1
        row[1] += answer == "unsat"
        row[2] += seconds
        if answer != "unsat":
            failed.append((name, condition, answer))
        if args.verbose:
            print(f"{answer:8} {seconds:7.2f} s  {condition}")
            sys.stdout.flush()
    print(f"{'theory':16} {'conditions':>10} {'proved':>7} {'seconds':>8}  theorems")
    for name, (count, proved, seconds) in tally.items():
        print(f"{name:16} {count:10} {proved:7} {seconds:8.1f}  {THEORIES[name]}")
    for name, condition, answer in failed:
        print(f"NOT PROVED ({answer}): {condition}")
        print(_counterexample(name, condition, args.time_limit))
    print(
        f"{'all proved' if not failed else f'{len(failed)} not proved'}"
        f" in {time.monotonic() - started:.1f} s"
    )
    return 1 if failed else 0
