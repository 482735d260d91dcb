"""Recorded executions, in the ITF JSON format, with the whole projected state at each step.

A trace is a JSON object (Apalache's ADR-015, "Informal Trace Format")::

    {"#meta": {"version": 4,                       of this format
               "module": "TobLearning",            the specification
               "constants": {"Proc": ..., ...},    its constants, as ITF values
               "genesis": "name",
               "models": [{"name": ..., "parent": "name", "step": {...}, "loss": 7}, ...]},
     "vars": ["network", ...],
     "states": [{"#meta": {"action": "Init"}, "network": ..., ...},
                {"#meta": {"action": "Deliver", "process": "p1"}, ...}, ...]}

A model is named by any string, such as its digest in hexadecimal; ``models`` tells for every model
that was evaluated from which parent by which step, and what its loss is.  The variables are those
of the specification.  What a state says of the action that led to it is optional, and checked.
docs/traces.md describes the format in full.
"""

import json
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from model_consensus.conformance.files import whole_file
from model_consensus.conformance.left_out import NOTHING, LeftOut
from model_consensus.conformance.trace_fields import TraceError, field, natural, unique, value
from model_consensus.evolutionary_search import Digest, Model
from model_consensus.systems.lineage import Lineages, ticket_value
from model_consensus.tla.values import Function, Value, to_itf

VERSION = 4
"""Of the format; before, a block of PowLearning had one ticket, its miner's own."""

LARGEST_FILE = 100 << 20
"""Bytes; a larger file is refused unread."""

MOST_VALUES = 6_000_000
"""Brackets and commas; a file with more of them is refused unparsed.

A value takes up to 250 bytes of memory, however few it takes in the file: this bounds the memory,
and the size of the file alone would not.
"""

MOST_TIMES = 100
"""A user can raise both limits to so many times; TLC can number so many models and losses."""


@dataclass(frozen=True)
class Origin:
    """Where a model comes from, and its loss on the landscape of the run."""

    parent: str
    step: frozenset[Value]
    loss: int


@dataclass(frozen=True)
class Work:
    """What shows that work was done for the blocks of a trace of PowLearning.

    :ivar target: a block's hash is below it.
    :ivar nonces: the nonce of each block of the last state.
    """

    target: int
    nonces: Sequence[int]


@dataclass(frozen=True)
class Trace:
    """A recorded execution of one module.

    :ivar source: where it comes from, for messages.
    :ivar constants: the specification's constants.
    :ivar models: the origin of each model but the genesis.
    :ivar actions: the name of the action that led to each state; "Init" first.
    :ivar states: the projected states; a model stands in them as its name.
    :ivar arguments: of each action what the trace says of it: the ``process`` that took it, the
        ``block`` that was received, what was ``forged``, or the ``senders`` whose offers a leader
        had.  Empty if it says nothing of any.
    :ivar work: the nonces of the blocks, if they are recorded.
    :ivar first: of a window: the index of its first state in the trace; 0 where it begins.
    :ivar since: of a window: the generation of its genesis model.
    :ivar past: of a window: the names of earlier models; it grows while later windows are read.
    :ivar left_out: of a window over proof-of-work: the blocks that come before its own.
    """

    source: str
    module: str
    constants: Mapping[str, Value]
    genesis: str
    models: Mapping[str, Origin]
    actions: Sequence[str]
    states: Sequence[Function]
    arguments: Sequence[Mapping[str, Value]] = ()
    work: Work | None = None
    first: int = 0
    since: int = 0
    past: AbstractSet[str] = frozenset()
    left_out: LeftOut = NOTHING


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

    def recorded(self, state: Any) -> Function:
        """The variables that a trace has."""
        ...

    def arguments(self, before: Any, action: Any) -> Mapping[str, Value]:
        """What a trace says of an action besides its name; ``before`` is the state before it."""
        ...

    def work(self, state: Any, since: int = 0) -> tuple[int, Sequence[int]] | None:
        """The target of the proofs of work and the nonces of all blocks but the first ``since``.

        None where there are no blocks.
        """
        ...


def record(source: str, system: Recordable, steps: Iterable[tuple[Any, Any]]) -> Trace:
    """The trace of a run of ``system``, given as pairs of an action and the state after it.

    The first pair has no action.  ``system.name`` must name a model by a string.
    """
    actions: list[str] = []
    states: list[Function] = []
    arguments: list[Mapping[str, Value]] = []
    losses: dict[Digest, int] = {}  # in the order of drawing
    before: Any = None
    for action, state in steps:
        actions.append(type(action).__name__ if states else "Init")
        arguments.append(system.arguments(before, action) if states else {})
        states.append(system.recorded(state))
        if action is not None:
            losses.update(system.drawn(before, action))
        before = state
    models = {}
    for digest, loss in losses.items():
        parent, step = system.lineages.origin(digest)
        models[str(system.name(digest))] = Origin(
            str(system.name(parent)), frozenset(map(ticket_value, step)), loss
        )
    genesis = str(system.name(system.genesis.digest))
    done = system.work(before)
    return Trace(
        source,
        system.module,
        system.constants(),
        genesis,
        models,
        actions,
        states,
        arguments,
        Work(*done) if done else None,
    )


def write(path: Path, trace: Trace) -> None:
    """Write ``trace``, one state to a line; the file appears whole or not at all."""
    meta: dict[str, Any] = {
        "format": "ITF",
        "version": VERSION,
        "module": trace.module,
        "constants": {name: to_itf(value) for name, value in trace.constants.items()},
        "genesis": trace.genesis,
        "models": [model_data(name, origin) for name, origin in trace.models.items()],
    }
    if trace.work:
        meta |= {"target": hex(trace.work.target), "nonces": [*trace.work.nonces]}
    variables = list(trace.states[0])
    arguments = trace.arguments or [{}] * len(trace.states)
    with whole_file(path) as file:
        file.write(f'{{"#meta": {json.dumps(meta)},\n"vars": {json.dumps(variables)},\n"states": [')
        for index, (action, given, state) in enumerate(
            zip(trace.actions, arguments, trace.states, strict=True)
        ):
            note = {"index": index, "action": action}
            note |= {name: to_itf(value) for name, value in given.items()}
            line = {"#meta": note, **to_itf(state)}
            file.write(f"{',' if index else ''}\n{json.dumps(line)}")
        file.write("\n]}\n")


def read(path: Path, times: int = 1) -> Trace:
    """Read a trace.

    :param times: by how much the limits on what is read are raised.
    :raises TraceError: the file cannot be read or is not a trace; a wrong state is named by its
        index.
    """
    text = _text(path, times)
    try:
        return _trace(str(path), json.loads(text, object_pairs_hook=unique))
    except RecursionError:
        raise TraceError(f"{path}: nested too deeply") from None
    except TraceError:
        raise
    except ValueError as error:
        if str(error).startswith("Extra data") and "\n" in text.strip():
            raise TraceError(
                f"{path}: not a trace: it has several JSON values (NDJSON), and a trace is one "
                f"JSON object"
            ) from None
        raise TraceError(f"{path}: not JSON: {error}") from None


def _text(path: Path, times: int) -> str:
    """The text of a file that is small enough to be parsed."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise TraceError(f"{path}: not a file")  # a pipe, say, may never end
        with path.open("rb") as file:  # as much memory is taken as is asked for
            data = file.read(min(LARGEST_FILE * times, found.st_size) + 1)
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from None
    if len(data) > LARGEST_FILE * times:
        raise TraceError(f"{path}: larger than {LARGEST_FILE * times:,} bytes")
    if sum(map(data.count, (b"{", b"[", b","))) > MOST_VALUES * times:
        raise TraceError(f"{path}: more than {MOST_VALUES * times:,} values")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise TraceError(f"{path}: not UTF-8 text") from None


def _trace(source: str, data: Any) -> Trace:
    meta = _meta(source, data)
    states = field(source, data, "states", list)
    variables = field(source, data, "vars", list)
    if not all(isinstance(variable, str) for variable in variables):
        raise TraceError(f"{source}: vars has something else than names")
    if not states:
        raise TraceError(f"{source}: states is empty")
    actions, arguments, parsed = [], [], []
    for index, state in enumerate(states):
        where = f"{source}: state {index}"
        if not isinstance(state, dict):
            raise TraceError(f"{where}: not an object")
        note = state.get("#meta", {})
        if not isinstance(note, dict) or not isinstance(note.get("action", ""), str):
            raise TraceError(f"{where}: its #meta is not an object with the name of an action")
        actions.append(note.get("action", ""))
        arguments.append(arguments_of(f"{where}: #meta", note))
        given = {key: item for key, item in state.items() if not key.startswith("#")}
        for name in variables:
            if name not in given:
                raise TraceError(f"{where}: the variable {name} is missing")
        for name in given:
            if name not in variables:
                raise TraceError(f"{where}: {name} is not one of the variables in vars")
        parsed.append(
            Function({key: value(f"{where}: {key}", item) for key, item in given.items()})
        )
        states[index] = None  # its JSON is not needed any more, and may be large
    constants = {
        name: value(f"{source}: constant {name}", item)
        for name, item in field(source, meta, "constants", dict).items()
    }
    return Trace(
        source,
        field(source, meta, "module", str),
        constants,
        field(source, meta, "genesis", str),
        _models(source, meta),
        actions,
        parsed,
        arguments,
        _work(source, meta),
    )


def _meta(source: str, data: Any) -> Any:
    """The ``#meta`` of a trace; a file of another kind is called what it is."""
    if not isinstance(data, dict):
        raise TraceError(f"{source}: not a trace: it is not a JSON object")
    if "#meta" not in data and "states" not in data:
        raise TraceError(f"{source}: not a trace: #meta and states are missing")
    meta = field(source, data, "#meta", dict)
    if not {"module", "constants", "models"} & set(meta):
        raise TraceError(
            f"{source}: an ITF trace of another specification or tool: its #meta has no module, "
            f"constants and models (docs/traces.md)"
        )
    if "loop" in data:
        raise TraceError(
            f"{source}: it has a loop: only finite executions can be checked, so leave loop out"
        )
    if meta.get("version", VERSION) != VERSION:
        raise TraceError(
            f"{source}: it is of version {str(meta['version'])[:20]} of the format, and only "
            f"version {VERSION} can be read"
        )
    return meta


def model_of(where: str, data: Any) -> tuple[str, Origin]:
    """A model's name and its origin.

    :raises TraceError: it is malformed.
    """
    step = value(where, field(where, data, "step", dict))
    if not isinstance(step, frozenset):
        raise TraceError(f"{where}: step is not a set")
    name, parent = field(where, data, "name", str), field(where, data, "parent", str)
    return name, Origin(parent, step, natural(where, data, "loss"))


def model_data(name: str, origin: Origin) -> dict[str, Any]:
    """A model as JSON data, which `model_of` reads."""
    return {
        "name": name,
        "parent": origin.parent,
        "step": to_itf(origin.step),
        "loss": origin.loss,
    }


def arguments_of(where: str, note: Mapping[str, Any]) -> dict[str, Value]:
    """What a state says of the action that led to it, besides its name."""
    return {
        name: value(f"{where}: {name}", note[name])
        for name in ("process", "block", "forged", "senders")
        if name in note
    }


def target_of(source: str, target: str) -> int:
    """The target of the proofs of work, from hexadecimal.

    :raises TraceError: it is not a number.
    """
    try:
        return int(target, 16)
    except ValueError:
        raise TraceError(f"{source}: target is not a number in hexadecimal") from None


def check_nonces(source: str, nonces: Sequence[Any]) -> None:
    """:raises TraceError: they are not nonces."""
    if not all(type(nonce) is int and 0 <= nonce < 1 << 64 for nonce in nonces):
        raise TraceError(f"{source}: nonces has something else than numbers in 0..2^64-1")


def _models(source: str, meta: Any) -> dict[str, Origin]:
    """The models by name.

    :raises TraceError: one is malformed, or two have one name or one parent and one step.
    """
    models: dict[str, Origin] = {}
    drawn: dict[tuple[str, Value], str] = {}
    for index, data in enumerate(field(source, meta, "models", list)):
        where = f"{source}: model {index}"
        name, origin = model_of(where, data)
        if name in models or name == meta.get("genesis"):
            raise TraceError(f"{where}: another model is called {name} too")
        other = drawn.setdefault((origin.parent, origin.step), name)
        if other != name:
            raise TraceError(
                f"{source}: the models {other} and {name} have the same parent and the same "
                f"step, which fix one offspring"
            )
        models[name] = origin
    return models


def _work(source: str, meta: Any) -> Work | None:
    """The target and the nonces, if they are there."""
    if "target" not in meta and "nonces" not in meta:
        return None
    target, nonces = field(source, meta, "target", str), field(source, meta, "nonces", list)
    number = target_of(source, target)
    check_nonces(source, nonces)
    return Work(number, nonces)
