"""Labelled state graphs: of the implementation, of TLC's dump, and where two of them differ.

A state is a number, found by 16 bytes of a hash of its projection, and an edge is one number of 64
bits: a graph of a million states needs little memory.  docs/graphs.md has the figures.
"""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.systems.system import System
from model_consensus.tla import dot
from model_consensus.tla.differences import differences
from model_consensus.tla.dot import read_dot, read_node
from model_consensus.tla.values import Value, function, show

Say = Callable[[str], None]
"""Takes a few words on what is being done."""

Key = TypeVar("Key")


def silent(words: str) -> None:
    """Say nothing."""


class Numbering(dict[Key, int]):
    """Numbers keys 0, 1, 2, ... in the order of first lookup."""

    def __missing__(self, key: Key) -> int:
        number = self[key] = len(self)
        return number


@dataclass(frozen=True)
class Names:
    """What the numbers in a graph stand for; what is compared with it uses the same ones.

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

    def leaving(self, state: int | None) -> set[Edge]:
        """The edges that leave a state; those that lead to the initial ones for None."""
        if state is None:
            return {("Init", each) for each in self.initial}
        actions = list(self.names.actions)
        first = bisect_left(self.edges, _pack(state, 0, 0))
        last = bisect_left(self.edges, _pack(state + 1, 0, 0), first)
        return {
            (actions[edge >> _ACTION & 0xFF], edge & _TARGET) for edge in self.edges[first:last]
        }


def explored(
    system: System[Any, Any], names: Names
) -> Iterator[tuple[int | None, dict[Edge, Any]]]:
    """Every state of the implementation, breadth first, and the edges that leave it.

    Each edge comes with the state that it leads to.  The first of all are those of ``Init``.  Only
    the states of the frontier are in memory: of states with equal projections one is followed.
    """
    seen: set[int] = set()
    todo: deque[tuple[int, Any]] = deque()

    def numbered(steps: Iterable[tuple[str, Any]]) -> dict[Edge, Any]:
        edges = {}
        for action, after in steps:
            number = names.states[fingerprint(system.project(after))]
            if number not in seen:
                seen.add(number)
                todo.append((number, after))
            edges[action, number] = after
        return edges

    yield None, numbered(("Init", state) for state in system.initial())
    while todo:
        number, state = todo.popleft()
        yield (
            number,
            numbered(
                (type(action).__name__, system.apply(state, action))
                for action in system.enabled(state)
            ),
        )


TIMED = "Timed"
"""What ``DelayedLearning.tla`` adds to the name of an action of ``PowLearning.tla``."""


class Dump:
    """A graph that TLC dumped for Graphviz: read line by line, states again when asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._states = array("Q")  # the numbers of the states, as they come in the file,
        self._offsets = array("Q")  # and where in the file

    def graph(self, say: Say = silent) -> Graph:
        """The graph.

        :raises ModelConsensusError: the file is not whole.
        """
        names = Names()
        known: dict[int, int] = {}  # TLC's name of a state: its number
        initial = set()
        ends, actions = array("q"), bytearray()  # source and target by TLC's names
        for each in read_dot(self._path):
            if isinstance(each, dot.Edge):
                ends.extend((each.source, each.target))
                actions.append(names.actions[each.action.removesuffix(TIMED)])
            else:
                number = names.states[fingerprint(function(each.state()))]
                known[each.name] = number
                self._states.append(number)
                self._offsets.append(each.offset)
                if each.initial:
                    initial.add(number)
                if len(known) % 1000 == 0:
                    say(f"reading TLC's graph: {len(known):,} states")
        if not (known and all(map(known.__contains__, ends))):
            raise ModelConsensusError(f"{self._path}: TLC did not write the whole graph")
        edges = array("Q")
        for source, action, target in zip(ends[::2], actions, ends[1::2], strict=True):
            edges.append(_pack(known[source], action, known[target]))
        edges = array("Q", np.unique(np.frombuffer(edges, np.uint64)).tobytes())
        return Graph(names, len(known), frozenset(initial), edges)

    def state(self, number: int) -> Value:
        """The state of that number."""
        node = read_node(self._path, self._offsets[self._states.index(number)])
        return function(node.state())


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


def compare(
    system: System[Any, Any], dump: Dump, theirs: Graph, say: Say = silent
) -> Difference | None:
    """The first difference, at the end of a shortest path, or None if the graphs are equal.

    The implementation is explored as far as the first difference.  If each of its states has the
    edges that TLC's graph has there, no state of TLC's graph is left out: all are reachable.

    :raises ModelConsensusError: TLC's graph has states to which nothing leads.
    """
    # The predecessor through which each state was first reached.
    predecessor: dict[int, int | None] = {}
    for source, edges in explored(system, theirs.names):
        expected = theirs.leaving(source)
        if edges.keys() != expected:
            reached = {edge: system.project(state) for edge, state in edges.items()}
            return _difference(_path(theirs, predecessor, source), dump, reached, expected)
        for _, target in edges:
            predecessor.setdefault(target, source)
        if source is not None and source % 1000 == 999:
            say(f"exploring the implementation: {len(predecessor):,} states found")
    if len(predecessor) != theirs.states:
        raise ModelConsensusError("TLC's graph has states to which nothing leads")
    return None


def _path(
    graph: Graph, predecessor: Mapping[int, int | None], state: int | None
) -> tuple[Edge, ...]:
    """The edges from the start to a state that was reached."""
    path: list[Edge] = []
    while state is not None:
        source = predecessor[state]
        path.append(min(edge for edge in graph.leaving(source) if edge[1] == state))
        state = source
    return tuple(reversed(path))


def _difference(
    path: tuple[Edge, ...], dump: Dump, ours: Mapping[Edge, Value], theirs: Set[Edge]
) -> Difference:
    """The difference between the edges that leave the end of ``path``."""
    only = "implementation" if ours.keys() - theirs else "specification"
    action, target = edge = min(ours.keys() - theirs or theirs - ours.keys())
    after = ours[edge] if edge in ours else dump.state(target)
    others = (
        [dump.state(other) for name, other in sorted(theirs) if name == action]
        if edge in ours
        else [state for (name, _), state in ours.items() if name == action]
    )
    lines = min(
        (tuple(differences("state", after, other)) for other in others), key=len, default=()
    )
    states = tuple((name, dump.state(state)) for name, state in path)
    return Difference(states, action, only, after, lines)
