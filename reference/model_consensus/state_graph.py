"""Labelled state graphs: of the implementation, of TLC's dump, and where two of them differ.

A state is a number, found by 16 bytes of a hash of its projection, and an edge is one number of 64
bits: a graph of a million states needs little memory.  docs/graphs.md has the figures.
"""

import re
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from model_consensus.conformance import differences
from model_consensus.errors import ModelConsensusError
from model_consensus.system import System
from model_consensus.values import Value, function, parse_state, show

Say = Callable[[str], None]
"""Takes a few words on what is being done."""

Key = TypeVar("Key")


def silent(words: str) -> None:
    """Say nothing."""


class Numbering(dict[Key, int]):
    """A number for everything that is asked for: 0, 1, 2, in the order of the first questions."""

    def __missing__(self, key: Key) -> int:
        number = self[key] = len(self)
        return number


@dataclass(frozen=True)
class Names:
    """What the numbers in graphs stand for; graphs that are compared share it.

    :ivar states: the number of each state, by :func:`fingerprint`.
    :ivar actions: the number of each action.
    """

    states: Numbering[bytes] = field(default_factory=Numbering)
    actions: Numbering[str] = field(default_factory=Numbering)


def fingerprint(state: Value) -> bytes:
    """16 bytes that stand for a projected state."""
    return blake2b(show(state).encode(), digest_size=16).digest()


Edge = tuple[str, int]
"""An action and the state that it leads to."""

# An edge is one number of 64 bits, so that a graph of millions is an array: source, action, target.
_SOURCE, _ACTION, _TARGET = 36, 28, (1 << 28) - 1


def _pack(source: int, action: int, target: int) -> int:
    return source << _SOURCE | action << _ACTION | target


@dataclass(frozen=True)
class Graph:
    """A labelled transition system.

    :ivar names: the states and actions behind the numbers.
    :ivar states: how many states there are.
    :ivar initial: the initial ones.
    :ivar edges: the edges, packed, sorted, each once.
    """

    names: Names
    states: int
    initial: frozenset[int]
    edges: "array[int]"

    @property
    def size(self) -> tuple[int, int]:
        """How many states and edges there are."""
        return self.states, len(self.edges)

    def leaving(self, state: int) -> set[Edge]:
        """The edges that leave a state."""
        actions = list(self.names.actions)
        first = bisect_left(self.edges, _pack(state, 0, 0))
        last = bisect_left(self.edges, _pack(state + 1, 0, 0))
        return {
            (actions[edge >> _ACTION & 0xFF], edge & _TARGET) for edge in self.edges[first:last]
        }

    def path(self, state: int) -> tuple[Edge, ...]:
        """The edges of a shortest path from an initial state; the numbers are breadth first."""
        actions = list(self.names.actions)
        targets = np.frombuffer(self.edges, np.uint64) & np.uint64(_TARGET)
        path: list[Edge] = []
        while state not in self.initial:
            edge = self.edges[int(np.argmax(targets == state))]  # the first, of a nearest source
            path.append((actions[edge >> _ACTION & 0xFF], state))
            state = edge >> _SOURCE
        return ("Init", state), *reversed(path)


def _sorted(edges: "array[int]") -> "array[int]":
    """The edges in order, each once."""
    return array("Q", np.unique(np.frombuffer(edges, np.uint64)).tobytes())


def implementation_graph(system: System[Any, Any], say: Say = silent) -> Graph:
    """The graph of ``system``, breadth first; only the states of the frontier are in memory."""
    names = Names()
    edges = array("Q")
    todo: deque[Any] = deque()  # as they are numbered

    def visit(state: Any) -> int:
        known = len(names.states)
        number = names.states[fingerprint(system.project(state))]
        if number == known:
            todo.append(state)
        return number

    initial = frozenset(visit(state) for state in system.initial())
    source = 0
    while todo:
        state = todo.popleft()
        for action in system.enabled(state):
            target = visit(system.apply(state, action))
            edges.append(_pack(source, names.actions[type(action).__name__], target))
        source += 1
        if source % 1000 == 0:
            say(f"exploring the implementation: {source:,} states")
    return Graph(names, source, initial, _sorted(edges))


_NODE = re.compile(r'^(-?\d+) \[label="(.*?)"(,style = filled)?\];?$')
_EDGE = re.compile(r'^(-?\d+) -> (-?\d+) \[label="([^"]*)"')
_ESCAPED = re.compile(r"\\(.)")


def _node_state(label: str) -> Value:
    text = _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], label)
    return function(parse_state(text))


class Dump:
    """A graph that TLC dumped for Graphviz: read line by line, states again when asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._states = array("Q")  # their numbers, and where in the file they are
        self._offsets = array("Q")

    def graph(self, names: Names, say: Say = silent) -> Graph:
        """The graph, with the numbers of the graph that it will be compared with.

        :raises ModelConsensusError: the file is not whole.
        """
        known: dict[int, int] = {}  # TLC's name of a state: its number
        initial = set()
        ends, actions = array("q"), bytearray()  # source and target by TLC's names
        offset = 0
        with self._path.open("rb") as file:
            for line in file:
                if found := _EDGE.match(line.decode()):
                    ends.extend((int(found[1]), int(found[2])))
                    actions.append(names.actions[found[3]])
                elif found := _NODE.match(line.decode()):
                    number = names.states[fingerprint(_node_state(found[2]))]
                    known[int(found[1])] = number
                    self._states.append(number)
                    self._offsets.append(offset)
                    if found[3]:
                        initial.add(number)
                    if len(known) % 1000 == 0:
                        say(f"reading TLC's graph: {len(known):,} states")
                offset += len(line)
        whole = known and line.rstrip().endswith(b"}") and all(map(known.__contains__, ends))
        if not whole:
            raise ModelConsensusError(f"{self._path}: TLC did not write the whole graph")
        edges = array("Q")
        for source, action, target in zip(ends[::2], actions, ends[1::2], strict=True):
            edges.append(_pack(known[source], action, known[target]))
        return Graph(names, len(known), frozenset(initial), _sorted(edges))

    def state(self, number: int) -> Value:
        """The state of that number."""
        with self._path.open("rb") as file:
            file.seek(self._offsets[self._states.index(number)])
            found = _NODE.match(file.readline().decode())
        assert found is not None
        return _node_state(found[2])


@dataclass(frozen=True)
class Difference:
    """The first place where the graphs differ.

    :ivar path: the actions and states that lead there, the same in both graphs.
    :ivar action: the action that only one of them has there.
    :ivar only: "implementation" or "specification".
    :ivar after: the state after it.
    :ivar differences: where that state differs from the nearest that the other reaches by the same
        action, a line each; empty if the other has no such action there.
    """

    path: tuple[tuple[str, Value], ...]
    action: str
    only: str
    after: Value
    differences: tuple[str, ...]


def compare(system: System[Any, Any], ours: Graph, dump: Dump, theirs: Graph) -> Difference | None:
    """The first difference, at the end of a shortest path, or None if the graphs are equal.

    :raises ModelConsensusError: TLC's graph has states to which nothing leads.
    """
    differ = _Differ(system, dump, ours.names)
    if ours.initial != theirs.initial:
        graphs = (ours, theirs)
        return differ.difference((), *({("Init", each) for each in g.initial} for g in graphs))
    if ours.edges != theirs.edges:
        # Our states are numbered breadth first and states that only TLC has come after them all:
        # the edge with the least source leaves one of our nearest states.
        edges = (np.frombuffer(graph.edges, np.uint64) for graph in (ours, theirs))
        source = int(np.setxor1d(*edges, assume_unique=True)[0]) >> _SOURCE
        return differ.difference(ours.path(source), ours.leaving(source), theirs.leaving(source))
    if ours.states != theirs.states:
        raise ModelConsensusError("TLC's graph has states to which nothing leads")
    return None


@dataclass(frozen=True)
class _Differ:
    system: System[Any, Any]
    dump: Dump
    names: Names

    def difference(self, path: tuple[Edge, ...], ours: set[Edge], theirs: set[Edge]) -> Difference:
        """The difference between the edges that leave the end of ``path``."""
        reached = self._successors(path)
        only = "implementation" if ours - theirs else "specification"
        action, target = min(ours - theirs or theirs - ours)
        after = reached[action, target] if only == "implementation" else self.dump.state(target)
        others = [self.dump.state(other) for name, other in theirs if name == action]
        if only == "specification":
            others = [state for (name, _), state in reached.items() if name == action]
        lines = min(
            (tuple(differences("state", after, other)) for other in others), key=len, default=()
        )
        states = tuple((name, self.dump.state(state)) for name, state in path)
        return Difference(states, action, only, after, lines)

    def _successors(self, path: tuple[Edge, ...]) -> dict[Edge, Value]:
        """What the implementation does after ``path``, each edge with the state it leads to."""
        reached = [("Init", state) for state in self.system.initial()]
        for edge in path:
            state = next(state for action, state in reached if self._edge(action, state) == edge)
            reached = [
                (type(action).__name__, self.system.apply(state, action))
                for action in self.system.enabled(state)
            ]
        return {self._edge(action, state): self.system.project(state) for action, state in reached}

    def _edge(self, action: str, state: Any) -> Edge:
        return action, self.names.states[fingerprint(self.system.project(state))]
