"""Logs of simulated runs, as lists of JSON objects that a test can change."""

import json
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.log_check import RejectedLogError, check_logs
from model_consensus.conformance.log_replay import Merged
from model_consensus.conformance.log_writing import Logs
from model_consensus.conformance.logs import Log, LogError, open_logs
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


def places(logs: Lines, process: str, event: str) -> list[int]:
    """The indices of the events of this kind in the log of ``process``."""
    return [index for index, line in enumerate(logs[process]) if line["event"] == event]


Merge = Callable[[Path, Lines], object]
"""Writes logs into a folder and checks them."""


def assert_named(merge: Merge, folder: Path, logs: Lines, fault: tuple[str, int, str]) -> None:
    """The logs are rejected for this process, at the event of this index, for this reason."""
    process, index, reason = fault
    with pytest.raises(RejectedLogError) as rejected:
        merge(folder, logs)
    found = rejected.value
    assert (found.process, found.line) == (process, index + 1), found.reason
    assert found.source == str(folder / f"{process}.log")
    assert found.reason.startswith(reason), found.reason


def assert_missing(merge: Merge, folder: Path, logs: Lines, process: str, index: int) -> None:
    """A line that is left out is told from a lie; not the first, and not the last one."""
    where = 1 + index % (len(logs[process]) - 2)
    del logs[process][where]
    with pytest.raises(LogError) as missing:
        merge(folder, logs)
    assert str(missing.value) == (
        f"{folder / process}.log: line {where + 1}: lines are missing: number is "
        f"{where + 2}, and must be {where + 1}"
    )


def assert_noticed_there_or_harmless(
    merge: Merge,
    folder: Path,
    true: Lines,
    data: st.DataObject,
    *,
    unchecked: Sequence[tuple[Any, ...]] = (),
    is_harmless: Callable[[Any], bool] = lambda line: False,
) -> None:
    """Whatever is changed in one line.

    :param unchecked: the places of what is not checked.
    :param is_harmless: whether nobody can know that a changed line is wrong.
    """
    logs = {process: [dict(line) for line in lines] for process, lines in true.items()}
    process = data.draw(st.sampled_from(["p1", "p2", "p3"]))
    index = data.draw(st.integers(0, len(logs[process]) - 1))
    line: Any = json.loads(json.dumps(logs[process][index]))
    path = data.draw(st.sampled_from([leaf for leaf in _leaves(line) if leaf not in unchecked]))
    at = line
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = data.draw(_others(at[path[-1]]).filter(lambda new: new != at[path[-1]]))
    logs[process][index] = line
    found: RejectedLogError | LogError | None = None
    try:
        merge(folder, logs)
    except (RejectedLogError, LogError) as error:
        found = error
    if isinstance(found, LogError):
        assert str(found).startswith(f"{folder / process}.log: line {index + 1}: ")
    elif found is not None and path != ("process",):  # then it is another process's log
        assert (found.process, found.line) == (process, index + 1), found.reason
    elif found is None and not is_harmless(line):
        assert _same_numbers(logs) == _same_numbers(true)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of everything in a JSON value that is no list or object."""
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in _leaves(each, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, each in enumerate(value) for leaf in _leaves(each, (*path, i))]
    return [path]


def _others(value: Any) -> st.SearchStrategy[Any]:
    """Other values for a leaf, most of them of its kind."""
    names = st.sampled_from(
        ["p1", "p2", "p3", "p4", "p5", "offered", "delivered", "decided", "restarted", "0" * 64]
    )
    kinds = st.integers(0, 20) | st.booleans() | names | st.none()
    if type(value) is int:
        near = st.sampled_from([value - 1, value + 1, -value, value // 2, value << 40, str(value)])
        return near | kinds
    return kinds


def _same_numbers(value: Any) -> Any:
    """The same, with numbers as strings: they may be written so."""
    if isinstance(value, dict):
        return {key: _same_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_same_numbers(each) for each in value]
    return str(value) if type(value) is int else value
