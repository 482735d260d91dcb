"""Traces as changes: a file to which a run of any length is written as it goes.

It has a JSON object on each line, and ends in ``.ndjson``, or in ``.ndjson.gz`` if it is
compressed.  The first line says what the trace is of.  Each other line is a step, with what it
changed, or the whole state that the line before it led to, from which a reader can begin.  The
first state is whole.  docs/traces.md describes the format in full.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model_consensus.conformance.trace_blocks import EarlierBlocks, without_blocks
from model_consensus.conformance.trace_changes import changed
from model_consensus.conformance.trace_fields import TraceError, field, natural, unique, value
from model_consensus.conformance.traces import (
    LARGEST_FILE,
    MOST_VALUES,
    Origin,
    arguments_of,
    check_nonces,
    model_of,
    target_of,
)
from model_consensus.tla.values import Function, Value

FORMAT, VERSION = "trace of changes", 1
LEFT_OUT = ("TobLearning", "PowLearning", "DelayedLearning")
"""The modules of whose whole states what was decided long ago is left out."""

SUFFIXES = (".ndjson", ".ndjson.gz")


@dataclass(frozen=True)
class Head:
    """The first line of a trace: what it is of.

    :ivar source: where it comes from, for messages.
    :ivar target: of the proofs of work, if it says one.
    """

    source: str
    module: str
    constants: Mapping[str, Value]
    genesis: str
    variables: Sequence[str]
    target: int | None


@dataclass(frozen=True)
class RecordedStep:
    """A step of a trace.

    :ivar size: the bytes of its line.
    :ivar models: those that are listed here for the first time.
    :ivar state: the state after it; decided sequences begin where the last seam says.
    :ivar nonces: of the blocks that are mined by it.
    """

    index: int
    size: int
    action: str
    arguments: Mapping[str, Value]
    models: Mapping[str, Origin]
    state: Function
    nonces: Sequence[int]


@dataclass(frozen=True)
class Seam:
    """A whole state, from which a reader can begin: the one that the last step led to.

    :ivar generation: what all correct processes had decided before it is left out.
    :ivar models: all those of this generation and later ones.
    :ivar left_out: how many blocks are left out.
    :ivar gone: those of them that the last step still had.
    :ivar earlier: what is left out, until the next whole state.
    """

    where: str
    generation: int
    models: Mapping[str, Origin]
    state: Function
    left_out: int
    gone: Sequence[Value]
    earlier: EarlierBlocks


def is_trace_of_changes(path: Path) -> bool:
    """Whether a file with this name is one."""
    return path.name.endswith(SUFFIXES)


def stem(path: Path) -> str:
    """The name of a trace of either format without what says which format it is."""
    name = path.name
    for suffix in (".gz", ".ndjson", ".json", ".itf"):
        name = name.removesuffix(suffix)
    return name


def count_steps(paths: Iterable[Path]) -> int:
    """About how many steps there are to check in those of these files that are not compressed."""
    count = 0
    for path in paths:
        if path.name.endswith(SUFFIXES[0]) and path.is_file():
            with path.open("rb") as file:
                count += sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return count


def read_lines(path: Path, times: int = 1) -> tuple[Head, Iterator[RecordedStep | Seam]]:
    """What a trace is of, and its steps, the initial state first, read as they are asked for.

    :param times: by how much the limits on what is read are raised.
    :raises TraceError: a line cannot be read or is not what it must be; also while the steps are
        asked for.
    """
    lines = _lines(path, times)
    first = next(lines, None)
    if first is None:
        raise TraceError(f"{path}: not a trace: it is empty")
    head = _head(str(path), first[2])
    return head, _steps(head, lines)


def _lines(path: Path, times: int) -> Iterator[tuple[str, int, Any]]:
    """Where each line is, its length in bytes, and what it holds."""
    if not path.is_file():
        raise TraceError(f"{path}: not a file" if path.exists() else f"{path}: no such file")
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            number = 0
            while data := file.readline(LARGEST_FILE * times + 1):
                number += 1
                yield (
                    f"{path}: line {number}",
                    len(data),
                    _parsed(f"{path}: line {number}", data, times),
                )
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        problem = getattr(error, "strerror", None) or f"cannot be uncompressed: {error}"
        raise TraceError(f"{path}: {problem}") from None


def _parsed(where: str, data: bytes, times: int) -> Any:
    if len(data) > LARGEST_FILE * times:
        raise TraceError(f"{where}: larger than {LARGEST_FILE * times:,} bytes")
    if sum(map(data.count, (b"{", b"[", b","))) > MOST_VALUES * times:
        raise TraceError(f"{where}: more than {MOST_VALUES * times:,} values")
    if not data.endswith(b"\n"):
        raise TraceError(f"{where}: the line has no end: the file was cut off")
    try:
        return json.loads(data.decode(), object_pairs_hook=unique)
    except UnicodeDecodeError:
        raise TraceError(f"{where}: not UTF-8 text") from None
    except RecursionError:
        raise TraceError(f"{where}: nested too deeply") from None
    except ValueError as error:
        raise TraceError(f"{where}: not JSON: {error}") from None


def _head(source: str, data: Any) -> Head:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise TraceError(f"{source}: not a trace: its first line has no format {FORMAT!r}")
    if data.get("version") != VERSION:
        raise TraceError(
            f"{source}: it is of version {str(data.get('version'))[:20]} of the format, and only "
            f"version {VERSION} can be read"
        )
    variables = field(source, data, "vars", list)
    if not all(isinstance(variable, str) for variable in variables):
        raise TraceError(f"{source}: vars has something else than names")
    constants = {
        name: value(f"{source}: constant {name}", item)
        for name, item in field(source, data, "constants", dict).items()
    }
    given = field(source, data, "target", str) if "target" in data else None
    return Head(
        source,
        field(source, data, "module", str),
        constants,
        field(source, data, "genesis", str),
        variables,
        None if given is None else target_of(source, given),
    )


def _steps(head: Head, lines: Iterator[tuple[str, int, Any]]) -> Iterator[RecordedStep | Seam]:
    state, index, earlier = Function({"": 0}), -1, EarlierBlocks(head.constants)
    since = 0
    for where, size, line in lines:
        if not isinstance(line, dict):
            raise TraceError(f"{where}: not an object")
        number = natural(where, line, "index")
        if "state" in line and index >= 0:
            seam = _seam(head, where, line, since, earlier)
            try:
                wanted = _wanted(state, seam, since)
                seam = _passed(seam, state)
            except (TypeError, ValueError, KeyError, IndexError, AttributeError):
                wanted = None
            if number != index or seam.state != wanted:
                raise TraceError(
                    f"{where}: the whole state is not the one that the steps before it lead to"
                )
            if "blocks" in head.variables and earlier.generation != seam.generation:
                raise TraceError(
                    f"{where}: generation is {seam.generation}, and the blocks that are left out "
                    f"lead to {earlier.generation}"
                )
            since, state = seam.generation, seam.state
            yield seam
            continue
        index += 1
        if number != index:
            raise TraceError(f"{where}: index is {number}, and it is the line of step {index}")
        state = _whole(head, where, line) if index == 0 else _changed(head, where, state, line)
        nonces = field(where, line, "nonces", list) if "nonces" in line else []
        check_nonces(where, nonces)
        action = line.get("action", "")
        if not isinstance(action, str):
            raise TraceError(f"{where}: action is not a string")
        yield RecordedStep(
            index,
            size,
            action,
            arguments_of(where, line),
            _models(where, line),
            state,
            nonces,
        )
    if index < 0:
        raise TraceError(f"{head.source}: it has no states")


def _models(where: str, line: Mapping[str, Any]) -> dict[str, Origin]:
    models = field(where, line, "models", list) if "models" in line else []
    return dict(model_of(f"{where}: model {i}", each) for i, each in enumerate(models))


def _seam(
    head: Head, where: str, line: Mapping[str, Any], since: int, earlier: EarlierBlocks
) -> Seam:
    generation = natural(where, line, "generation") if "generation" in line else since
    left_out = natural(where, line, "left_out") if "left_out" in line else 0
    can_go_back = left_out == 0 and earlier.left_out.blocks
    if (generation < since and not can_go_back) or (generation and head.module not in LEFT_OUT):
        raise TraceError(f"{where}: decisions of generation {generation} cannot be the first here")
    if left_out and "blocks" not in head.variables:
        raise TraceError(f"{where}: blocks are left out, and {head.module} has none")
    models, state = _models(where, line), _whole(head, where, line)
    return Seam(where, generation, models, state, left_out, (), earlier)


def _wanted(state: Function, seam: Seam, since: int) -> Function | None:
    """The whole state that there must be after ``state``."""
    if "blocks" not in state:
        return without_decided(state, seam.generation - since)
    more = seam.left_out - seam.earlier.left_out.blocks
    if more >= 0:
        return without_blocks(state, more, seam.earlier.byzantine)
    return seam.earlier.whole(state) if seam.left_out == 0 else None


def _passed(seam: Seam, state: Function) -> Seam:
    """``seam`` with what is left out from now on."""
    more = seam.left_out - seam.earlier.left_out.blocks
    if more > 0:
        return replace(seam, gone=seam.earlier.add(state, more))
    if more < 0:
        seam.earlier.forget()
    return seam


def without_decided(state: Function, count: int) -> Function | None:
    """A state of TobLearning whose learners' outputs have lost their first models.

    None if that cannot be: a reader needs the last model that all have decided and the one before
    it, and nobody may have decided other models before.
    """
    if not count:
        return state
    learners = state["learner"]
    if not isinstance(learners, Function):
        return None
    records, left_out = {}, set()
    for process, learner in learners.items():
        decided = learner.get("decided") if isinstance(learner, Function) else None
        if not isinstance(decided, tuple) or len(decided) < count + 2:
            return None
        left_out.add(decided[: count + 1])
        records[process] = Function({**learner, "decided": decided[count:]})  # type: ignore
    if len(left_out) != 1:
        return None
    return Function({**state, "learner": Function(records)})


def _whole(head: Head, where: str, line: Mapping[str, Any]) -> Function:
    given = field(where, line, "state", dict)
    for name in sorted(given.keys() ^ set(head.variables)):
        problem = "is not one of the variables in vars" if name in given else "is missing"
        raise TraceError(f"{where}: the variable {name} {problem}")
    return Function({name: value(f"{where}: {name}", item) for name, item in given.items()})


def _changed(head: Head, where: str, state: Function, line: Mapping[str, Any]) -> Function:
    changes = field(where, line, "changes", dict)
    for name in changes:
        if name not in head.variables:
            raise TraceError(f"{where}: {name} is not one of the variables in vars")
    items = {
        name: changed(f"{where}: {name}", state[name], changes[name])
        if name in changes
        else state[name]
        for name in head.variables
    }
    return Function(items)
