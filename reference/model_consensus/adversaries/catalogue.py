"""The attacks by name, as ``model-consensus run --attack`` takes them, and the table of them."""

from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import Protocol

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS


class Described(Protocol):
    """What an attack says of itself."""

    @property
    def tries(self) -> str:
        """What it tries."""
        ...

    @property
    def stopped_by(self) -> str:
        """The mechanism that stops it."""
        ...


KINDS: Mapping[str, Mapping[str, Described]] = {
    "on learners over Total Order Broadcast (tob, streamlet)": ATTACKS,
    "on nodes of Streamlet (streamlet)": MISBEHAVIOURS,
    "on proof-of-work (pow)": STRATEGIES,
}
"""The attacks by what they are on; in brackets, the runs that take them."""


def listing() -> str:
    """The attacks as text, for the help of the command line."""
    return "\n\n".join("\n".join(_lines(kind)) for kind in KINDS)


def _lines(kind: str) -> Iterator[str]:
    yield f"attacks {kind}:"
    for name, attack in KINDS[kind].items():
        first = f"  {name:20} "
        text = f"{attack.tries}; {attack.stopped_by}"
        yield fill(text, 80, initial_indent=first, subsequent_indent=" " * len(first))


def table() -> str:
    """The attacks as tables of a document."""
    parts = []
    for kind, attacks in KINDS.items():
        rows = [f"| `{name}` | {a.tries} | {a.stopped_by} |" for name, a in attacks.items()]
        head = ["| attack | it tries to | what stops it |", "|---|---|---|"]
        parts.append("\n".join([f"### Attacks {kind}", "", *head, *rows]) + "\n")
    return "\n".join(parts)
