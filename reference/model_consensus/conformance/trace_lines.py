"""Traces as changes: a file to which a run of any length is written as it goes.

It has a JSON object on each line, and ends in ``.ndjson``, or in ``.ndjson.gz`` if it is
compressed.  The first line says what the trace is of.  Each other line is a step, with what it
changed, or the whole state that the line before it led to, from which a reader can begin.  The
first state is whole.  docs/traces.md describes the format in full.
"""

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from model_consensus.conformance.files import naming
from model_consensus.conformance.trace_changes import change, changed
from model_consensus.conformance.trace_fields import TraceError, field, natural, unique, value
from model_consensus.conformance.traces import (
    LARGEST_FILE,
    MOST_VALUES,
    Origin,
    Recordable,
    arguments_of,
    check_nonces,
    model_data,
    model_of,
    target_of,
)
from model_consensus.evolutionary_search import Digest
from model_consensus.systems.lineage import ticket_value
from model_consensus.systems.tob import TobSystem, last_common_generation
from model_consensus.tla.values import Function, Value, to_itf

FORMAT, VERSION = "trace of changes", 1
SUFFIXES = (".ndjson", ".ndjson.gz")

WHOLE = 1 << 18
"""Bytes of changes after which a whole state follows, if it does not take more than they do."""


# -------------------------------------------------------------------------------------- writing


@contextmanager
def trace_file(path: Path) -> Iterator[TextIO]:
    """A file to write a trace into, compressed if its name ends in ``.gz``.

    The same trace gives the same bytes.  What is written stays if the block is left by an
    exception.
    """
    with naming(path), path.open("wb") as raw:
        packed = path.suffix == ".gz"
        stream = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if packed else raw
        try:
            with open_text(cast(BinaryIO, stream)) as file:
                yield file
        finally:
            stream.close()


def open_text(stream: BinaryIO) -> TextIO:
    """Text, UTF-8 with the newlines as given, into ``stream``."""
    return io.TextIOWrapper(stream, encoding="utf-8", newline="")


class TraceWriter:
    """Writes the steps of a run of ``system`` into ``file`` as they are taken.

    The state at hand is all that it keeps, with the models on which it may still depend.

    :ivar steps: how many steps are written.
    """

    def __init__(self, file: TextIO, system: Recordable) -> None:
        self.steps = -1
        self._file = file
        self._system = system
        self._state: Any = None
        self._recorded = Function({"": 0})
        self._since = 0
        self._models: dict[Digest, dict[str, Any]] = {}
        self._nonces = 0
        self._room = 0

    def step(self, action: Any, state: Any) -> None:
        """Write the step ``action`` that led to ``state``; the initial state has no action."""
        self.steps += 1
        if action is None:
            self._begin(state)
            return
        arguments = self._system.arguments(self._state, action)
        line: dict[str, Any] = {"index": self.steps, "action": type(action).__name__}
        line |= {name: to_itf(given) for name, given in arguments.items()}
        if new := self._new_models(action):
            line["models"] = new
        if work := self._system.work(state):
            nonces = work[1][self._nonces :]
            self._nonces += len(nonces)
            if nonces:
                line["nonces"] = list(nonces)
        recorded = self._record(state)
        changes = change(self._recorded, recorded)
        line["changes"] = changes.get("at", {}) | {
            name: {"to": new} for name, new in changes.get("with", {}).items()
        }
        self._state, self._recorded = state, recorded
        self._room -= self._write(line)
        if self._room <= 0:
            self._write_whole()

    def _begin(self, state: Any) -> None:
        system = self._system
        head: dict[str, Any] = {"format": FORMAT, "version": VERSION, "module": system.module}
        head["constants"] = {name: to_itf(given) for name, given in system.constants().items()}
        head["genesis"] = str(system.name(system.genesis.digest))
        if work := system.work(state):
            head["target"] = hex(work[0])
        self._state, self._recorded = state, self._record(state)
        self._write({**head, "vars": list(self._recorded)})
        first = {"index": 0, "action": "Init", "state": to_itf(self._recorded)}
        self._room = max(WHOLE, self._write(first))

    def _write_whole(self) -> None:
        """A whole state, in which what all have decided is left out but for its end."""
        system = self._system
        line: dict[str, Any] = {"index": self.steps}
        if isinstance(system, TobSystem):
            oldest = max(self._since, last_common_generation(self._state.learner) - 1)
            cut = without_decided(self._recorded, oldest - self._since)
            if cut is not None:
                generation = system.lineages.generation
                self._models = {d: m for d, m in self._models.items() if generation(d) >= oldest}
                self._since, self._recorded = oldest, cut
            line["generation"] = self._since
        line |= {"models": list(self._models.values()), "state": to_itf(self._recorded)}
        self._room = max(WHOLE, self._write(line))

    def _record(self, state: Any) -> Function:
        if isinstance(self._system, TobSystem):
            return self._system.recorded(state, self._since)
        return self._system.recorded(state)

    def _new_models(self, action: Any) -> list[dict[str, Any]]:
        """The models that are evaluated for the first time."""
        system, new = self._system, []
        for digest, loss in system.drawn(self._state, action).items():
            if digest not in self._models:
                parent, step = system.lineages.origin(digest)
                origin = Origin(str(system.name(parent)), frozenset(map(ticket_value, step)), loss)
                self._models[digest] = model_data(str(system.name(digest)), origin)
                new.append(self._models[digest])
        return new

    def _write(self, line: Mapping[str, Any]) -> int:
        text = json.dumps(line, separators=(",", ":")) + "\n"
        self._file.write(text)
        return len(text)


# -------------------------------------------------------------------------------------- reading


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
    """

    where: str
    generation: int
    models: Mapping[str, Origin]
    state: Function


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


def read_lines(path: Path) -> tuple[Head, Iterator[RecordedStep | Seam]]:
    """What a trace is of, and its steps, the initial state first, read as they are asked for.

    :raises TraceError: a line cannot be read or is not what it must be; also while the steps are
        asked for.
    """
    lines = _lines(path)
    first = next(lines, None)
    if first is None:
        raise TraceError(f"{path}: not a trace: it is empty")
    head = _head(str(path), first[2])
    return head, _steps(head, lines)


def _lines(path: Path) -> Iterator[tuple[str, int, Any]]:
    """Where each line is, its length in bytes, and what it holds."""
    if not path.is_file():
        raise TraceError(f"{path}: not a file" if path.exists() else f"{path}: no such file")
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            number = 0
            while data := file.readline(LARGEST_FILE + 1):
                number += 1
                yield f"{path}: line {number}", len(data), _parsed(f"{path}: line {number}", data)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        problem = getattr(error, "strerror", None) or f"cannot be uncompressed: {error}"
        raise TraceError(f"{path}: {problem}") from None


def _parsed(where: str, data: bytes) -> Any:
    if len(data) > LARGEST_FILE:
        raise TraceError(f"{where}: larger than {LARGEST_FILE:,} bytes")
    if sum(map(data.count, (b"{", b"[", b","))) > MOST_VALUES:
        raise TraceError(f"{where}: more than {MOST_VALUES:,} values")
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
    state, index, since = Function({"": 0}), -1, 0
    for where, size, line in lines:
        if not isinstance(line, dict):
            raise TraceError(f"{where}: not an object")
        number = natural(where, line, "index")
        if "state" in line and index >= 0:
            seam = _seam(head, where, line, since)
            if number != index or seam.state != without_decided(state, seam.generation - since):
                raise TraceError(
                    f"{where}: the whole state is not the one that the steps before it lead to"
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


def _seam(head: Head, where: str, line: Mapping[str, Any], since: int) -> Seam:
    generation = natural(where, line, "generation") if "generation" in line else since
    if generation < since or (generation and head.module != "TobLearning"):
        raise TraceError(f"{where}: decisions of generation {generation} cannot be the first here")
    return Seam(where, generation, _models(where, line), _whole(head, where, line))


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
