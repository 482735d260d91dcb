"""Reading TLC's state graphs, as the bundled release writes them and as newer ones do."""

from pathlib import Path

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.dot import Edge, Node, read_dot, read_node

# The first form is that of TLC 2.15 (2020), the second that of the sources of April 2026.
OLD = (
    "strict digraph DiskGraph {",
    r'-7 [label="/\\ x = \"a\"\n/\\ y = <<1,\n  2>>",style = filled]',
    r'8 [label="/\\ x = \"style = filled\"\n/\\ y = <<>>"];',
    '-7 -> 8 [label="Deliver",color="black",fontcolor="black"];',
    "}",
)
_FIRST = r"/\\ x = \"a\"\n/\\ y = <<1,\n  2>>"
_SECOND = r"/\\ x = \"style = filled\"\n/\\ y = <<>>"
NEW = (
    "strict digraph DiskGraph {",
    f'-7 [label="{_FIRST}",tooltip="{_FIRST}",style = filled]',
    f'8 [label="{_SECOND}",tooltip="{_SECOND}"];',
    r'-7 -> 8 [label="Deliver(p1, \"a\")",tooltip="Deliver",color="black",fontcolor="black"];',
    "}",
)


def write(path: Path, lines: tuple[str, ...]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("lines", [OLD, NEW], ids=["old", "new"])
def test_both_forms_are_read(lines: tuple[str, ...], tmp_path: Path) -> None:
    path = write(tmp_path / "graph.dot", lines)
    one, two, edge = read_dot(path)
    assert isinstance(one, Node)
    assert isinstance(two, Node)
    assert (one.name, one.initial, one.state()) == (-7, True, {"x": "a", "y": (1, 2)})
    assert (two.name, two.initial, two.state()) == (8, False, {"x": "style = filled", "y": ()})
    assert edge == Edge(-7, 8, "Deliver")
    assert read_node(path, two.offset) == two


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    for count in (1, 2, 4):
        with pytest.raises(ModelConsensusError, match="did not write the whole graph"):
            list(read_dot(write(tmp_path / "graph.dot", OLD[:count])))
