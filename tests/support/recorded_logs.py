"""Logs of simulated runs, as lists of JSON objects that a test can change."""

import json
from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.log_check import check_logs
from model_consensus.conformance.log_replay import Merged
from model_consensus.conformance.log_writing import Logs
from model_consensus.conformance.logs import Log, open_logs
from model_consensus.evolutionary_search import EvolutionarySearch, Process
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import process_names
from model_consensus.simulation.tob import simulate
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tob_learner import Rules

Lines = dict[Process, list[dict[str, Any]]]
SEARCH = CachedSearch(EvolutionarySearch(Sphere(3), 2, 3, 2, recombines=True))


def run_of(attack: str, seed: int, generations: int = 3) -> Iterable[tuple[Process, str]]:
    """The lines of a run of four processes, of which p4 is Byzantine, in the order of writing."""
    names, one = process_names(4), OneLandscape(SEARCH)
    system = TobSystem(names, names[3:], Rules(3, 2), one, generations)
    logs = Logs(system, elitist=False)
    for action, state in simulate(system, one, ATTACKS[attack], seed):
        yield from logs.lines(action, state)


@cache
def _recorded(attack: str, seed: int) -> Lines:
    return parsed(run_of(attack, seed))


def recorded(attack: str = "under-claim", seed: int = 1) -> Lines:
    """The logs of a run, which may be changed."""
    return deepcopy(_recorded(attack, seed))


def parsed(lines: Iterable[tuple[Process, str]]) -> Lines:
    """The lines of each process."""
    logs: Lines = {}
    for process, line in lines:
        logs.setdefault(process, []).append(json.loads(line))
    return logs


def write(folder: Path, logs: Lines) -> list[Path]:
    """Write the logs to files."""
    paths = []
    for process, lines in logs.items():
        paths.append(folder / f"{process}.log")
        text = "".join(json.dumps(line) + "\n" for line in lines)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def merge(folder: Path, logs: Lines, *, computes: bool = False) -> tuple[Log, list[Merged]]:
    """The first log and the merged behaviour; with ``computes``, losses are computed again."""
    with open_logs(write(folder, logs)) as opened:
        return opened[0], list(check_logs(opened, SEARCH if computes else None))


def numbered(lines: list[dict[str, Any]]) -> None:
    """Count the lines again, as a process that lies about what it did would."""
    for number, line in enumerate(lines, 1):
        line["number"] = number


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of everything in a JSON value that is no list or object."""
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, each in enumerate(value) for leaf in leaves(each, (*path, i))]
    return [path]


def others(value: Any) -> st.SearchStrategy[Any]:
    """Other values for a leaf, most of them of its kind."""
    names = st.sampled_from(
        ["p1", "p2", "p3", "p4", "p5", "offered", "delivered", "decided", "restarted", "0" * 64]
    )
    kinds = st.integers(0, 20) | st.booleans() | names | st.none()
    if type(value) is int:
        near = st.sampled_from([value - 1, value + 1, -value, value // 2, value << 40, str(value)])
        return near | kinds
    return kinds


def same_numbers(value: Any) -> Any:
    """The same, with numbers as strings: they may be written so."""
    if isinstance(value, dict):
        return {key: same_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [same_numbers(each) for each in value]
    return str(value) if type(value) is int else value
