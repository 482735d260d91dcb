"""Pictures of recorded executions, as SVG: a sequence diagram, and the tree of the blocks.

Plain text, the same bytes each time; states are counted from 1.  Colours: correct processes blue,
Byzantine ones red; decisions and what is final are green, bans and false claims red.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from model_consensus.conformance.trace_fields import printable
from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.report.events import (
    SHARED_PLACES,
    Story,
    block_names,
    chain_of,
    parent_of,
    tell,
    well_formed,
)

CORRECT, ADVERSE, FINAL, SHARED, FAINT = "#1d5d9b", "#c1121f", "#2b8a3e", "#495057", "#adb5bd"
ROW, COLUMN, MARGIN = 26, 290, 76
LETTER = 6.3
"""Pixels, about, that a letter takes."""

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" \
height="{height}" font-family="sans-serif" font-size="12">
<title>{title}</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M0,1 L8,4 L0,7 z" fill="#868e96"/></marker></defs>
<rect width="100%" height="100%" fill="white"/>"""


def _svg(title: str, width: int, height: int, body: Iterable[str]) -> str:
    title = printable(title)
    width = max(width, round(LETTER * len(title)) + 2 * 8)
    head = _HEAD.format(title=escape(title), width=width, height=height)
    heading = _element("text", title, class_="title", x=8, y=16, fill=SHARED, font_weight="bold")
    return "\n".join([head, heading, *body, "</svg>", ""])


def _element(name: str, content: str = "", **attributes: object) -> str:
    """An element; ``class_`` and ``stroke_width`` stand for ``class`` and ``stroke-width``."""
    written = " ".join(
        f"{key.rstrip('_').replace('_', '-')}={quoteattr(printable(str(value)))}"
        for key, value in attributes.items()
    )
    return (
        f"<{name} {written}>{escape(printable(content))}</{name}>"
        if content
        else f"<{name} {written}/>"
    )


def sequence_diagram(trace: Trace) -> str:
    """The processes as lifelines, downwards; a row for each event; messages as arrows.

    :raises ModelConsensusError: it is no trace of a protocol.
    """
    story = tell(trace)
    height = MARGIN + ROW * (len(story.events) + 1)
    width = MARGIN + COLUMN * len(story.lifelines)
    return _svg(trace.source, width, height, _sequence(story, height))


def _sequence(story: Story, height: int) -> Iterator[str]:
    column = {name: MARGIN + COLUMN * i for i, name in enumerate(story.lifelines)}
    row = [MARGIN + ROW * (index + 1) for index in range(len(story.events))]
    for name, x in column.items():
        colour = ADVERSE if name in story.byzantine else CORRECT
        if name in SHARED_PLACES:
            colour = SHARED
        yield _element("line", x1=x, y1=MARGIN - 14, x2=x, y2=height - 8, stroke=FAINT)
        yield _element(
            "text", name, class_="lifeline", x=x - 6, y=MARGIN - 22, fill=colour, font_weight="bold"
        )
    for cause, effect in story.arrows:
        yield _element(
            "line",
            class_="message",
            x1=column[story.events[cause].process],
            y1=row[cause],
            x2=column[story.events[effect].process],
            y2=row[effect],
            stroke="#868e96",
            marker_end="url(#arrow)",
        )
    last = None
    for y, event in zip(row, story.events, strict=True):
        x = column[event.process]
        colour = {"decision": FINAL, "ban": ADVERSE, "lie": ADVERSE}.get(event.kind, SHARED)
        if event.step != last:
            yield _element("text", str(event.step), x=8, y=y + 4, fill=FAINT)
            last = event.step
        yield _mark(event.kind, x, y, ADVERSE if event.process in story.byzantine else colour)
        yield _element(
            "rect",
            x=x + 8,
            y=y - 8,
            width=round(LETTER * len(event.text) + 4),
            height=16,
            fill="white",
            fill_opacity=0.85,
        )
        weight = "bold" if event.kind != "step" else "normal"
        yield _element(
            "text", event.text, class_="event", x=x + 10, y=y + 4, fill=colour, font_weight=weight
        )


def _mark(kind: str, x: int, y: int, colour: str) -> str:
    if kind == "decision":
        path = f"M{x - 6},{y} L{x},{y - 6} L{x + 6},{y} L{x},{y + 6} z"
    elif kind == "ban":
        path = f"M{x - 5},{y - 5} L{x + 5},{y + 5} M{x - 5},{y + 5} L{x + 5},{y - 5}"
        return _element("path", class_=kind, d=path, stroke=colour, stroke_width=3)
    else:
        return _element("circle", class_=kind, cx=x, cy=y, r=4, fill=colour)
    return _element("path", class_=kind, d=path, fill=colour)


# ------------------------------------------------------------------ the tree of the blocks


@dataclass(frozen=True)
class Node:
    """A block in the tree.

    :ivar parent: the index of another node; None for the genesis.
    :ivar place: how far from the genesis it stands: its height, or its epoch.
    :ivar notes: lines under its name.
    """

    name: str
    parent: int | None
    place: int
    byzantine: bool = False
    final: bool = False
    notes: tuple[str, ...] = ()


def has_tree(trace: Trace) -> bool:
    """Whether the trace has blocks."""
    return bool({"blocks", "votes"} & set(trace.states[0]))


def block_tree(trace: Trace) -> str:
    """The blocks of the last state, each right of its parent, by height or epoch.

    :raises ModelConsensusError: the trace has no blocks.
    """
    if not has_tree(trace):
        raise ModelConsensusError(f"{trace.source}: it has no blocks to be drawn")
    byzantine = tell(trace).byzantine
    last: Any = trace.states[-1]
    with well_formed(trace):
        nodes = _pow_nodes(trace, last, byzantine) if "blocks" in last else _votes(trace, last)
    return _svg(trace.source, *_tree(nodes, "height" if "blocks" in last else "epoch"))


def _pow_nodes(trace: Trace, state: Any, byzantine: frozenset[str]) -> list[Node]:
    blocks, depth = state["blocks"], trace.constants.get("Depth")
    decided: dict[int, list[str]] = {}
    for p in sorted(state["tip"]):
        chain = chain_of(blocks, state["tip"][p])
        for block in chain[: max(0, len(chain) - depth)] if isinstance(depth, int) else []:
            decided.setdefault(block, []).append(str(p))
    nodes = [Node("genesis", None, 0, notes=_tips(state, 0))]
    for place, block in enumerate(blocks, 1):
        miner = str(block["miner"])
        notes = [f"by {miner}" + (f", loss {block['claim']}" if "claim" in block else "")]
        if "step" in block:
            names = [str(ticket["proposer"]) or "nobody" for ticket in block["step"]]
            notes.append("with " + " ".join(sorted(names)))
        if place in decided:
            notes.append("decided by " + " ".join(decided[place]))
        parent = parent_of(blocks, place)
        nodes.append(
            Node(
                str(place),
                parent,
                nodes[parent].place + 1,
                miner in byzantine,
                place in decided,
                (*notes, *_tips(state, place)),
            )
        )
    return nodes


def _tips(state: Any, place: int) -> tuple[str, ...]:
    tips = [str(p) for p in sorted(state["tip"]) if state["tip"][p] == place]
    return ("tip of " + " ".join(tips),) if tips else ()


def _votes(trace: Trace, state: Any) -> list[Node]:
    """The blocks that correct processes voted for; a Byzantine process votes for all of them."""
    everybody = trace.constants.get("Proc", frozenset())
    correct = sorted(state["votes"])
    n = len(everybody) if isinstance(everybody, frozenset) and everybody else len(correct)
    voters: dict[Any, list[str]] = {}
    for p in correct:
        for chain in state["votes"][p]:
            for length in range(1, len(chain) + 1):
                voters.setdefault(chain[:length], [])
            voters[chain].append(str(p))

    def notarized(chain: Any) -> bool:
        return not chain or 3 * (len(voters[chain]) + n - len(correct)) >= 2 * n

    final: set[Any] = set()
    for chain in voters:
        three = [0, *(link["epoch"] for link in chain)][-3:]
        if three == [three[-1] - 2, three[-1] - 1, three[-1]] and notarized(chain):
            final |= {chain[:length] for length in range(1, len(chain))}
    index = {chain: i for i, chain in enumerate([(), *sorted(voters, key=_by_epochs)])}
    leaders = state.get("leader", ())
    names = block_names(trace)
    nodes = [Node("genesis", None, 0)]
    for chain in list(index)[1:]:
        epoch = chain[-1]["epoch"]
        leader = str(leaders[epoch - 1]) if epoch <= len(leaders) else None
        notes = [f"led by {leader}"] if leader else []
        notes.append("votes: " + (" ".join(voters[chain]) or "none"))
        notes.append(
            "finalized" if chain in final else "notarized" if notarized(chain) else "not notarized"
        )
        logs = [str(p) for p in correct if state["log"][p][: len(chain)] == chain]
        notes += [f"delivered by {' '.join(logs)}"] if logs else []
        adverse = leader is not None and leader not in map(str, correct)
        nodes.append(
            Node(names[chain], index[chain[:-1]], epoch, adverse, chain in final, (*notes,))
        )
    return nodes


def _by_epochs(chain: Any) -> list[tuple[int, str]]:
    return [(link["epoch"], str(link["payload"])) for link in chain]


WIDTH, HEIGHT, TOP = 170, 96, 60
"""Pixels between the blocks of a chain, between two that stand one above the other, and above."""


def _tree(nodes: Sequence[Node], axis: str) -> tuple[int, int, list[str]]:
    """Width, height and elements.

    The first child stands beside its parent, another one in a line of its own below.
    """
    line: list[int] = []
    taken: dict[int, int] = {}  # in each line, the last place that is taken
    for node in nodes:
        wanted = 0 if node.parent is None else line[node.parent]
        start = -1 if node.parent is None else nodes[node.parent].place
        while taken.get(wanted, -1) > start:
            wanted += 1
        line.append(wanted)
        taken[wanted] = node.place
    spots = [(20 + WIDTH * n.place, TOP + HEIGHT * y) for n, y in zip(nodes, line, strict=True)]
    body = [
        _element("text", f"{axis} {place}", x=20 + WIDTH * place, y=TOP - 20, fill=FAINT)
        for place in range(max(node.place for node in nodes) + 1)
    ]
    for node, (x, y) in zip(nodes, spots, strict=True):
        if node.parent is not None:
            px, py = spots[node.parent]
            body.append(
                _element(
                    "line",
                    class_="edge",
                    x1=px + 100,
                    y1=py + 14,
                    x2=x,
                    y2=y + 14,
                    stroke="#868e96",
                    marker_end="url(#arrow)",
                )
            )
    for node, (x, y) in zip(nodes, spots, strict=True):
        colour = ADVERSE if node.byzantine else SHARED if node.parent is None else CORRECT
        kind = "genesis" if node.parent is None else "byzantine" if node.byzantine else "correct"
        fill = {"byzantine": "#ffe3e3", "correct": "#e7f1fb"}.get(kind, "#f1f3f5")
        body.append(
            _element(
                "rect",
                class_=f"block {kind}" + (" final" if node.final else ""),
                x=x,
                y=y,
                width=100,
                height=28,
                rx=4,
                fill=fill,
                stroke=FINAL if node.final else colour,
                stroke_width=4 if node.final else 1,
            )
        )
        body.append(_element("text", node.name, x=x + 8, y=y + 18, fill=colour, font_weight="bold"))
        for number, note in enumerate(node.notes):
            green = note.startswith(("decided", "final", "delivered"))
            body.append(
                _element(
                    "text",
                    note,
                    x=x,
                    y=y + 42 + 14 * number,
                    fill=FINAL if green else SHARED,
                    font_size=11,
                )
            )
    height = TOP + HEIGHT * (max(line) + 1)
    return 40 + WIDTH * (max(node.place for node in nodes) + 1), height, body
