"""Recorded executions, in the ITF JSON format, with the whole projected state at each step.

A trace is a JSON object (Apalache's ADR-015, "Informal Trace Format")::

    {"#meta": {"module": "TobLearning",            the specification
               "constants": {"Proc": ..., ...},    its constants, as ITF values
               "genesis": "name",
               "models": [{"name": ..., "parent": "name", "ticket": {...}, "loss": 7}, ...]},
     "vars": ["network", ...],
     "states": [{"#meta": {"index": 0, "action": "Init"}, "network": ..., ...}, ...]}

A model is named by any string, such as its digest in hexadecimal; ``models`` tells for every model
that was drawn from which parent by which ticket, and what its loss is.  The variables are those of
the specification; the action's name is for readers, the checker finds out itself what it was.
"""

import json
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from model_consensus.conformance.files import whole_file
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Model
from model_consensus.systems.lineage import Lineages, ticket_value
from model_consensus.tla.values import Function, Value, from_itf, to_itf

LARGEST_FILE = 100 << 20
"""Bytes; a larger file is refused unread."""

MOST_VALUES = 6_000_000
"""Brackets and commas; a file with more of them is refused unparsed.

A value takes up to 250 bytes of memory, however few it takes in the file: this bounds the memory,
and the size of the file alone would not.
"""


class TraceError(ModelConsensusError):
    """A file that is no trace; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Origin:
    """Where a model comes from, and its loss on the landscape of the run."""

    parent: str
    ticket: Function
    loss: int


@dataclass(frozen=True)
class Trace:
    """A recorded execution of one module.

    :ivar source: where it comes from, for messages.
    :ivar constants: the specification's constants.
    :ivar models: the origin of each model but the genesis.
    :ivar actions: the name of the action that led to each state; "Init" first.
    :ivar states: the projected states; a model stands in them as its name.
    """

    source: str
    module: str
    constants: Mapping[str, Value]
    genesis: str
    models: Mapping[str, Origin]
    actions: Sequence[str]
    states: Sequence[Function]


class Recordable(Protocol):
    """A System whose runs can be recorded."""

    module: str
    lineages: Lineages
    genesis: Model
    name: Callable[[Digest], Value]

    def constants(self) -> dict[str, Value]:
        """The constants of its specification."""
        ...

    def drawn(self, state: Any, action: Any) -> Mapping[Digest, int]:
        """The losses that an action reveals."""
        ...

    def project(self, state: Any) -> Function:
        """The variables of its specification."""
        ...


def record(source: str, system: Recordable, steps: Iterable[tuple[Any, Any]]) -> Trace:
    """The trace of a run of ``system``, given as pairs of an action and the state after it.

    The first pair has no action.  ``system.name`` must name a model by a string.
    """
    actions: list[str] = []
    states: list[Function] = []
    losses: dict[Digest, int] = {}  # in the order of drawing
    before: Any = None
    for action, state in steps:
        actions.append(type(action).__name__ if states else "Init")
        states.append(system.project(state))
        if action is not None:
            losses.update(system.drawn(before, action))
        before = state
    models = {}
    for digest, loss in losses.items():
        parent, ticket = system.lineages.origin(digest)
        models[str(system.name(digest))] = Origin(
            str(system.name(parent)), ticket_value(ticket), loss
        )
    genesis = str(system.name(system.genesis.digest))
    return Trace(source, system.module, system.constants(), genesis, models, actions, states)


def write(path: Path, trace: Trace) -> None:
    """Write ``trace``, one state to a line; the file appears whole or not at all."""
    meta = {
        "format": "ITF",
        "module": trace.module,
        "constants": {name: to_itf(value) for name, value in trace.constants.items()},
        "genesis": trace.genesis,
        "models": [
            {
                "name": name,
                "parent": origin.parent,
                "ticket": to_itf(origin.ticket),
                "loss": origin.loss,
            }
            for name, origin in trace.models.items()
        ],
    }
    variables = list(trace.states[0])
    with whole_file(path) as file:
        file.write(f'{{"#meta": {json.dumps(meta)},\n"vars": {json.dumps(variables)},\n"states": [')
        for index, (action, state) in enumerate(zip(trace.actions, trace.states, strict=True)):
            line = {"#meta": {"index": index, "action": action}, **to_itf(state)}
            file.write(f"{',' if index else ''}\n{json.dumps(line)}")
        file.write("\n]}\n")


def read(path: Path) -> Trace:
    """Read a trace.

    :raises TraceError: the file cannot be read or is no trace; a wrong state is named by its index.
    """
    text = _text(path)
    try:
        return _trace(str(path), json.loads(text, object_pairs_hook=_object))
    except RecursionError:
        raise TraceError(f"{path}: nested too deeply") from None
    except TraceError:
        raise
    except ValueError as error:
        raise TraceError(f"{path}: not JSON: {error}") from None


def _text(path: Path) -> str:
    """The text of a file that is small enough to be parsed."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise TraceError(f"{path}: not a file")  # a pipe, say, may never end
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from None
    if len(data) > LARGEST_FILE:
        raise TraceError(f"{path}: larger than {LARGEST_FILE:,} bytes")
    if sum(map(data.count, (b"{", b"[", b","))) > MOST_VALUES:
        raise TraceError(f"{path}: more than {MOST_VALUES:,} values")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise TraceError(f"{path}: not UTF-8 text") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON text; ValueError if it has two items of one name."""
    items = dict(pairs)
    if len(items) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has {twice[:60]!r} twice")
    return items


def _trace(source: str, data: Any) -> Trace:
    meta = _field(source, data, "#meta", dict)
    states = _field(source, data, "states", list)
    variables = _field(source, data, "vars", list)
    if not all(isinstance(variable, str) for variable in variables):
        raise TraceError(f"{source}: vars has something else than names")
    if not states:
        raise TraceError(f"{source}: it has no states")
    models = {}
    for index, model in enumerate(_field(source, meta, "models", list)):
        where = f"{source}: model {index}"
        ticket = _value(where, _field(where, model, "ticket", dict))
        if not isinstance(ticket, Function):
            raise TraceError(f"{where}: its ticket is no record")
        name, parent = _field(where, model, "name", str), _field(where, model, "parent", str)
        if name in models:
            raise TraceError(f"{where}: {name} appears twice")
        loss = _field(where, model, "loss", int)
        if loss < 0:
            raise TraceError(f"{where}: its loss is negative")
        models[name] = Origin(parent, ticket, loss)
    actions, parsed = [], []
    for index, state in enumerate(states):
        where = f"{source}: state {index}"
        if not isinstance(state, dict):
            raise TraceError(f"{where}: not an object")
        note = state.get("#meta", {})
        actions.append(str(note.get("action", "")) if isinstance(note, dict) else "")
        given = {key: item for key, item in state.items() if not key.startswith("#")}
        if set(given) != set(variables):
            wrong = sorted(set(given) ^ set(variables))
            raise TraceError(f"{where}: it must have exactly the variables; see {wrong[0]}")
        parsed.append(
            Function({key: _value(f"{where}: {key}", item) for key, item in given.items()})
        )
        states[index] = None  # its JSON is not needed any more, and may be large
    return Trace(
        source,
        _field(source, meta, "module", str),
        {
            name: _value(f"{source}: constant {name}", item)
            for name, item in _field(source, meta, "constants", dict).items()
        },
        _field(source, meta, "genesis", str),
        models,
        actions,
        parsed,
    )


def _field(where: str, data: Any, name: str, kind: type) -> Any:
    if not isinstance(data, dict) or name not in data:
        raise TraceError(f"{where}: it has no {name}")
    if not isinstance(data[name], kind) or (kind is int and isinstance(data[name], bool)):
        raise TraceError(f"{where}: {name} is not of type {kind.__name__}")
    return data[name]


def _value(where: str, data: Any) -> Value:
    try:
        return from_itf(data)
    except ModelConsensusError as error:
        raise TraceError(f"{where}: {error}") from None


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files given, and all ``*.itf.json`` files in the folders given; links to folders do not
    count.

    :raises TraceError: there is none.
    """
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob("*.itf.json")) if path.is_dir() else [path]
    if not files:
        raise TraceError("no *.itf.json file in " + ", ".join(map(str, paths)))
    return files
