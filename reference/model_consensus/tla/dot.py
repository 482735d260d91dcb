"""Reading the state graph that TLC dumps for Graphviz (``-dump dot,actionlabels``).

Releases differ: newer ones repeat a state in a node's ``tooltip`` and write an action's arguments
after its name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.values import Value, parse_state


@dataclass(frozen=True, slots=True)
class Node:
    """A state.

    :ivar name: TLC's number of it.
    :ivar label: how TLC writes it, escaped for Graphviz.
    :ivar initial: whether it is an initial one.
    :ivar offset: where in the file its line begins, in bytes.
    """

    name: int
    label: str
    initial: bool
    offset: int

    def state(self) -> dict[str, Value]:
        """The variables by name.

        :raises ModelConsensusError: the label is not a state.
        """
        return parse_state(_unescaped(self.label))


@dataclass(frozen=True, slots=True)
class Edge:
    """A step from one state to another, by TLC's numbers; ``action`` has no arguments."""

    source: int
    target: int
    action: str


_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_NODE = re.compile(rf"^(-?\d+) \[label={_QUOTED}(.*)\];?$")
_EDGE = re.compile(rf"^(-?\d+) -> (-?\d+) \[label={_QUOTED}")
_ESCAPED = re.compile(r"\\(.)")
_ANY_QUOTED = re.compile(_QUOTED)


def read_dot(path: Path) -> Iterator[Node | Edge]:
    """The nodes and edges in the order of the file.

    :raises ModelConsensusError: the file is not whole.
    """
    offset, line = 0, b""
    with path.open("rb") as file:
        for line in file:
            text = line.decode()
            if edge := _EDGE.match(text):
                yield Edge(int(edge[1]), int(edge[2]), _unescaped(edge[3]).partition("(")[0])
            elif (node := _node(text, offset)) is not None:
                yield node
            offset += len(line)
    if not line.rstrip().endswith(b"}"):
        raise ModelConsensusError(f"{path}: TLC did not write the whole graph")


def read_node(path: Path, offset: int) -> Node:
    """The node whose line begins at ``offset``."""
    with path.open("rb") as file:
        file.seek(offset)
        node = _node(file.readline().decode(), offset)
    assert node is not None
    return node


def _node(line: str, offset: int) -> Node | None:
    if (found := _NODE.match(line)) is None:
        return None
    more = found[3]  # attributes other than the label; text in quotes could look like one
    initial = "style = filled" in (_ANY_QUOTED.sub("", more) if '"' in more else more)
    return Node(int(found[1]), found[2], initial, offset)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], text)
