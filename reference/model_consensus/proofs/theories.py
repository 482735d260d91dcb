"""The theories by name, and discharging them."""

import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from multiprocessing import active_children, get_context, resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from model_consensus.errors import ModelConsensusError

if TYPE_CHECKING:
    from model_consensus.proofs.induction import Condition

# name: what it proves
THEORIES = {
    "counting": "cardinalities of sets of any size, by induction",
    "tob_learning": "T1, T2, T3, T5: learning over Total Order Broadcast",
    "termination": "T4: every correct process decides every generation",
    "streamlet": "consistency of Streamlet for every n > 3f",
    "pow_learning": "P1: every accepted block is above its floor, and shared offers are not lost",
    "slot_game": "P2, P3: no disagreement without a bad factor of wins",
    "longest_chain": "P2 for processes on a network: Agreement and Integrity",
    "delayed_chain": "P2 under a network delay: Agreement, Integrity and chain growth",
    "private_attack": "P2: a disagreement on every bad factor",
}


def conditions(name: str) -> "list[Condition]":
    """The verification conditions of a theory.

    Raises:
        ModelConsensusError: there is no such theory.
    """
    if name not in THEORIES:
        near = get_close_matches(name, THEORIES, 1, 0.0)[0]
        raise ModelConsensusError(f"no theory {name!r}; did you mean {near}?")
    return list(import_module(f"model_consensus.proofs.{name}").conditions())


# In a worker: z3 runs in processes of their own only, which can be ended at any time.

_loaded: "dict[str, list[Condition]]" = {}


def _load(name: str) -> int:
    """The number of conditions of a theory."""
    if name not in _loaded:
        _loaded[name] = conditions(name)
    return len(_loaded[name])


def _discharge(name: str, index: int, time_limit: float, seed: int) -> tuple[str, str, float]:
    """The name of a condition, the answer to it, and the seconds that it took."""
    from model_consensus.proofs.induction import discharge

    _load(name)
    outcome = discharge(_loaded[name][index], time_limit=time_limit, seed=seed)
    return outcome.condition.name, outcome.answer, outcome.seconds


@contextmanager
def _processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes, which end with it whatever they are doing.

    A terminal sends Ctrl-C to all processes, but z3 would not stop for it, and an interpreter that
    starts would complain: to them it is blocked.
    """
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, get_context("spawn"))
    resource_tracker.ensure_running()  # it would unblock the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(workers):  # a worker starts with each job that finds none idle
            pool.submit(bool)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield pool
    except BrokenProcessPool:
        raise ModelConsensusError(
            "a process that runs z3 was killed or ran out of memory; try fewer --workers"
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(active_children()) - others:
            process.kill()
            process.join()


Result = TypeVar("Result")


def in_a_process(function: Callable[..., Result], *arguments: object) -> Result:
    """The result of a function of a module that uses z3, so that Ctrl-C ends it."""
    with _processes(1) as pool:
        return pool.submit(function, *arguments).result()


def outcomes(
    names: list[str], *, time_limit: float, seed: int, workers: int
) -> Generator[tuple[str, str, str, float], None, None]:
    """Theory, condition, answer (of `induction.Outcome`) and seconds of each condition, in order.

    Raises:
        ModelConsensusError: there is no such theory, or a worker died.
    """
    with _processes(workers) as pool:
        futures = [
            (name, pool.submit(_discharge, name, index, time_limit, seed))
            for name, size in zip(names, pool.map(_load, names), strict=True)
            for index in range(size)
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
