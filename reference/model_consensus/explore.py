"""Explore the implementation exhaustively and compare its state graph with the specification's.

The real learners, driven through their System, are explored from the initial states, the adversary
and the landscape branched over.  TLC dumps the graph of the same model.  Both must have the same
initial states, the same states and the same edges, each labelled with its action.  The exit status
is 0 if the graphs are equal, and 1 if they are not: then the first difference is printed, at the
end of a shortest path.
"""

import argparse
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from model_consensus import tlc
from model_consensus.conformance import differences
from model_consensus.errors import ModelConsensusError
from model_consensus.manifest import Model, load, spec_directory
from model_consensus.system import System
from model_consensus.tlc_output import Verdict
from model_consensus.values import Function, Value, function, parse, parse_state, show

EXAMPLES = """\
examples:
  model-consensus explore MCTobLearning_tiny
  model-consensus explore --all"""

# The System of each model module, made from the constants of a configuration.
SYSTEMS = {
    "MCTobLearning": "mc_tob_learning",
    "MCPowLearning": "mc_pow_learning",
    "MCStreamlet": "streamlet_system",
}

Fingerprint = bytes
Edge = tuple[str, Fingerprint]


def fingerprint(state: Value) -> Fingerprint:
    """16 bytes that stand for a projected state."""
    return blake2b(show(state).encode(), digest_size=16).digest()


@dataclass
class Graph:
    """A labelled transition system; states are kept as fingerprints only.

    :ivar edges: for each state its outgoing edges, action and target.
    """

    initial: set[Edge] = field(default_factory=set)
    edges: dict[Fingerprint, frozenset[Edge]] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """How many states and edges there are."""
        return len(self.edges), sum(map(len, self.edges.values()))


def implementation_graph(
    system: System[Any, Any], on_progress: Callable[[int], None] = lambda states: None
) -> Graph:
    """The graph of ``system``, breadth first; only the states of the frontier are in memory."""
    graph = Graph()
    todo: deque[tuple[Fingerprint, Any]] = deque()
    seen: dict[Fingerprint, Fingerprint] = {}  # one object for each, or memory doubles

    def visit(state: Any) -> Fingerprint:
        name = fingerprint(system.project(state))
        if name not in seen:
            seen[name] = name
            todo.append((name, state))
        return seen[name]

    graph.initial.update(("Init", visit(state)) for state in system.initial())
    while todo:
        source, state = todo.popleft()
        graph.edges[source] = frozenset(
            (type(action).__name__, visit(system.apply(state, action)))
            for action in system.enabled(state)
        )
        if len(graph.edges) % 1000 == 0:
            on_progress(len(graph.edges))
    return graph


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
        self._offset: dict[Fingerprint, int] = {}

    def graph(self) -> Graph:
        """The graph.

        :raises ModelConsensusError: the file is not whole.
        """
        graph = Graph()
        names: dict[bytes, Fingerprint] = {}
        edges: dict[bytes, set[tuple[str, bytes]]] = {}
        offset = 0
        with self._path.open("rb") as file:
            for line in file:
                if found := _EDGE.match(line.decode()):
                    target = found[2].encode()
                    edges.setdefault(found[1].encode(), set()).add((found[3], target))
                elif found := _NODE.match(line.decode()):
                    name = fingerprint(_node_state(found[2]))
                    names[found[1].encode()] = name
                    self._offset[name] = offset
                    if found[3]:
                        graph.initial.add(("Init", name))
                offset += len(line)
        if not names or not line.rstrip().endswith(b"}"):
            raise ModelConsensusError(f"{self._path}: TLC did not write the whole graph")
        for node, name in names.items():
            graph.edges[name] = frozenset(
                (action, names[target]) for action, target in edges.pop(node, ())
            )
        return graph

    def state(self, name: Fingerprint) -> Value:
        """The state of that fingerprint."""
        with self._path.open("rb") as file:
            file.seek(self._offset[name])
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
    """The first difference, at the end of a shortest path, or None if the graphs are equal."""
    if ours.initial == theirs.initial and ours.edges == theirs.edges:
        return None
    differ = _Differ(system, dump)
    if ours.initial != theirs.initial:
        return differ.difference((), ours.initial, theirs.initial)
    todo: deque[tuple[Edge, ...]] = deque((edge,) for edge in sorted(ours.initial))
    seen = {name for _, name in ours.initial}
    while todo:
        path = todo.popleft()
        name = path[-1][1]
        if ours.edges[name] != theirs.edges[name]:
            return differ.difference(path, ours.edges[name], theirs.edges[name])
        for action, target in sorted(ours.edges[name]):
            if target not in seen:
                seen.add(target)
                todo.append((*path, (action, target)))
    raise AssertionError("the graphs differ in no reachable state")


@dataclass(frozen=True)
class _Differ:
    system: System[Any, Any]
    dump: Dump

    def difference(
        self, path: tuple[Edge, ...], ours: AbstractSet[Edge], theirs: AbstractSet[Edge]
    ) -> Difference:
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
        return action, fingerprint(self.system.project(state))


# ------------------------------------------------------------------------------- the command


def constants_of(config: str) -> dict[str, Value]:
    """The constants that the text of a configuration gives values to.

    :raises ModelConsensusError: a value cannot be read.
    """
    constants: dict[str, Value] = {}
    for line in re.sub(r"\\\*.*", "", config).splitlines():
        if found := re.fullmatch(r"\s*(?:CONSTANTS?\s+)?(\w+)\s*=\s*(.+?)\s*", line):
            constants[found[1]] = parse(found[2])
    return constants


def system_of(model: Model) -> System[Any, Any]:
    """The implementation's System of a model.

    :raises ModelConsensusError: its module has none.
    """
    name = SYSTEMS.get(model.module.stem)
    if name is None:
        raise ModelConsensusError(
            f"{model.name}: only models of {', '.join(SYSTEMS)} have an implementation to explore"
        )
    constants = constants_of(model.config.read_text(encoding="utf-8"))
    made: System[Any, Any] = import_module(f"model_consensus.{name}").from_constants(constants)
    return made


@dataclass(frozen=True)
class Exploration:
    """The comparison of one model."""

    model: Model
    states: int
    edges: int
    difference: Difference | None
    seconds: float


def explore(
    model: Model,
    system: System[Any, Any] | None = None,
    on_progress: Callable[[int], None] = lambda states: None,
) -> Exploration:
    """Compare a model's graph with that of ``system``, by default the implementation's own.

    :raises ModelConsensusError: TLC fails, or the model has no system.
    """
    started = time.monotonic()
    system = system or system_of(model)
    ours = implementation_graph(system, on_progress)
    with tempfile.TemporaryDirectory(prefix="model-consensus-") as folder:
        # Only the graph is wanted: no property is checked again.
        config = Path(folder) / model.config.name
        text = model.config.read_text(encoding="utf-8")
        config.write_text(_PROPERTIES.sub("", text), encoding="utf-8")
        dump = Dump(Path(folder) / "graph.dot")
        result = tlc.check(tlc.Run(model.module, config, dump=Path(folder) / "graph.dot"))
        if result.verdict is not Verdict.HOLDS:
            raise ModelConsensusError(f"{model.name}: {result.message}")
        theirs = dump.graph()
        difference = compare(system, ours, dump, theirs)
    return Exploration(model, *theirs.size, difference, time.monotonic() - started)


_PROPERTIES = re.compile(r"(?ms)^(INVARIANTS?|PROPERTY|PROPERTIES)\b.*?(?=^(?:[A-Z]{4,}|\\\*)|\Z)")


def graph_models() -> list[Model]:
    """The models of the fast tier that are there to be compared: ``*_tiny`` and ``*_graph*``."""
    models = load(spec_directory() / "manifest.json").models
    return [
        model for model in models if re.search("_tiny|_graph", model.name) and model.tier == "fast"
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("models", metavar="MODEL", nargs="*", help="a model of the manifest")
    parser.add_argument(
        "--all", action="store_true", help="every model of the fast tier made for this"
    )


def run(args: argparse.Namespace) -> int:
    """Compare the graphs."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    manifest = load(spec_directory() / "manifest.json")
    models = [manifest.find(name) for name in args.models] + (graph_models() if args.all else [])
    if not models:
        raise ModelConsensusError("name a model, or --all")
    equal = True
    for model in models:
        with console.status(f"{model.name}: exploring") as status:
            found = explore(model, on_progress=lambda n: status.update(f"exploring: {n:,} states"))
        console.print(describe(found))
        equal = equal and found.difference is None
    return 0 if equal else 1


def describe(found: Exploration) -> str:
    """The outcome in words: one line if the graphs are equal."""
    if found.difference is None:
        return (
            f"{found.model.name}: the graphs are equal: "
            f"{found.states:,} states, {found.edges:,} edges ({found.seconds:.0f} s)"
        )
    difference = found.difference
    lines = [f"{found.model.name}: THE GRAPHS DIFFER after {len(difference.path)} states"]
    for number, (action, state) in enumerate(difference.path, 1):
        lines.append(f"{number}. {action}")
        if number == len(difference.path):
            assert isinstance(state, Function)
            lines += [f"     {name} = {show(state[name])}" for name in state]
    lines.append(f"then only the {difference.only} has {difference.action}, which leads to")
    assert isinstance(difference.after, Function)
    lines += [f"     {name} = {show(difference.after[name])}" for name in difference.after]
    lines += [f"   {line} as the other has it" for line in difference.differences]
    return "\n".join(lines)
