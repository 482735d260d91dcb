"""A story as a log for ShiViz, with vector clocks."""

import json
from collections.abc import Iterator

from model_consensus.conformance.trace_fields import printable
from model_consensus.report.events import Story


def clocks(story: Story) -> list[dict[str, int]]:
    """The vector clock of each event: how many events of each lifeline it may know of."""
    causes: dict[int, list[int]] = {}
    for cause, effect in story.arrows:
        causes.setdefault(effect, []).append(cause)
    found: list[dict[str, int]] = []
    last: dict[str, int] = {}
    for index, event in enumerate(story.events):
        clock: dict[str, int] = {}
        known = [last[event.process]] if event.process in last else []
        for cause in [*known, *causes.get(index, [])]:
            for process, count in found[cause].items():
                clock[process] = max(count, clock.get(process, 0))
        clock[event.process] = clock.get(event.process, 0) + 1
        last[event.process] = index
        found.append(clock)
    return found


def shiviz(story: Story) -> Iterator[str]:
    """The lines of a log for ShiViz: the expression that parses it, no delimiter, the events."""
    yield r"(?<host>\S+) (?<clock>\{.*?\}) (?<step>\d+) (?<event>.*)"
    yield ""
    for event, clock in zip(story.events, clocks(story), strict=True):
        host = host_name(event.process)
        named = {host_name(process): clock[process] for process in sorted(clock)}
        clocked = json.dumps(named, ensure_ascii=False)
        yield f"{host} {clocked} {event.step} {printable(event.text)}"


def host_name(process: str) -> str:
    """A lifeline's name as a host of ShiViz, which has no spaces and no braces.

    What cannot stand there is written as its UTF-8 bytes, ``%20`` for a space, so names that differ
    stay different.
    """
    return (
        "".join(
            c
            if c.isprintable() and not c.isspace() and c not in '{}%"\\'
            else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "surrogatepass"))
            for c in process
        )
        or "%"
    )
