"""The theories by name, and discharging them."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from model_consensus.errors import ModelConsensusError

if TYPE_CHECKING:
    from model_consensus.proofs.induction import Condition

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


def conditions(name: str) -> "list[Condition]":
    """The verification conditions of a theory.

    Raises:
        ModelConsensusError: there is no such theory.
    """
    if name not in THEORIES:
        raise ModelConsensusError(f"no theory {name!r}: there are {', '.join(THEORIES)}")
    return list(import_module(f"model_consensus.proofs.{name}").conditions())


def _discharge(name: str, index: int, time_limit: float, seed: int) -> tuple[str, str, float]:
    """In a worker: the name of a condition, z3's answer, and its time."""
    from model_consensus.proofs.induction import discharge

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


def counterexample(name: str, condition_name: str, time_limit: float) -> str:
    """A counterexample on a small instance, if there is one, to read."""
    from model_consensus.proofs import instances
    from model_consensus.proofs.counterexample import find

    small = instances.small(name)
    condition = next((c for c in conditions(name) if c.name == condition_name), None)
    if small is None or condition is None:
        return "  (no small instance of this theory)"
    system, instance = small
    found = find(condition, system, instance, time_limit=time_limit)
    return str(found or "  (no counterexample on a small instance)")
