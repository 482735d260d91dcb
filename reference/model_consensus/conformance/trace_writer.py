"""Writing a trace of changes while the run goes on; `trace_lines` reads it again."""

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from model_consensus.conformance.files import naming
from model_consensus.conformance.trace_changes import change
from model_consensus.conformance.trace_lines import FORMAT, VERSION, without_decided
from model_consensus.conformance.traces import Origin, Recordable, model_data
from model_consensus.evolutionary_search import Digest
from model_consensus.systems.lineage import ticket_value
from model_consensus.systems.pow_tree import PowTree
from model_consensus.systems.tob import TobSystem, last_common_generation
from model_consensus.tla.values import Function, Value, to_itf

WHOLE = 1 << 18
"""Bytes of changes after which a whole state follows, if it does not take more than they do."""


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
            binary = cast(BinaryIO, stream)
            with io.TextIOWrapper(binary, encoding="utf-8", newline="") as file:
                yield file
        finally:
            stream.close()


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
        self._since = self._left_out = 0
        self._models: dict[Digest, dict[str, Any]] = {}
        self._nonces = 0
        self._room = 0

    def step(self, action: Any, state: Any) -> None:
        """Write the step ``action`` that led to ``state``; the initial state has no action."""
        self.steps += 1
        if action is None:
            self._begin(state)
            return
        if isinstance(self._system, PowTree):
            self._go_back(self._system, action)
        arguments = self._arguments(action)
        line: dict[str, Any] = {"index": self.steps, "action": type(action).__name__}
        line |= {name: to_itf(given) for name, given in arguments.items()}
        if new := self._new_models(action):
            line["models"] = new
        if work := self._system.work(state, self._nonces):
            self._nonces += len(work[1])
            if work[1]:
                line["nonces"] = list(work[1])
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
                system.lineages.forget(oldest)
            line["generation"] = self._since
        if isinstance(system, PowTree):
            self._leave_out(system)
            line |= {"generation": self._since, "left_out": self._left_out}
        line |= {"models": list(self._models.values()), "state": to_itf(self._recorded)}
        self._room = max(WHOLE, self._write(line))

    def _leave_out(self, system: PowTree) -> None:
        """Leave out the blocks to which nothing will refer any more, as it seems."""
        blocks = self._state.blocks
        margin = system.rules.depth + 2  # an adversary may still extend a chain so far behind
        left_out = system.settled(self._state, self._left_out, margin)
        if left_out > self._left_out:
            self._left_out = left_out
            self._since = blocks.height(blocks.parent(left_out + 1))
            self._recorded = self._record(self._state)
            generation = system.lineages.generation
            self._models = {d: m for d, m in self._models.items() if generation(d) >= self._since}
            system.lineages.forget(self._since)

    def _go_back(self, system: PowTree, action: Any) -> None:
        """If the action refers to a block that is left out, write a state that has them all."""
        place = system.refers_to(self._state, action)
        if place is None or place > self._left_out or not self._left_out:
            return
        blocks, name = self._state.blocks, system.name
        models = {}
        for each in range(1, len(blocks) + 1):
            parent, block = blocks.model(blocks.parent(each)), blocks[each - 1]
            origin = Origin(
                str(name(parent)), frozenset(map(ticket_value, block.step)), block.claim
            )
            models[blocks.model(each)] = model_data(str(name(blocks.model(each))), origin)
        self._models = models | self._models
        self._left_out = self._since = 0
        self._recorded = self._record(self._state)
        line = {"index": self.steps - 1, "generation": 0, "left_out": 0}
        listed = {"models": list(self._models.values()), "state": to_itf(self._recorded)}
        self._write(line | listed)
        self._room = WHOLE  # steps with all blocks are slow

    def _arguments(self, action: Any) -> Mapping[str, Value]:
        if isinstance(self._system, PowTree):
            return self._system.arguments(self._state, action, self._left_out)
        return self._system.arguments(self._state, action)

    def _record(self, state: Any) -> Function:
        if isinstance(self._system, TobSystem):
            return self._system.recorded(state, self._since)
        if isinstance(self._system, PowTree):
            return self._system.recorded(state, self._left_out)
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
