r"""Reading TLC's configuration files, in one place.

A file is a sequence of sections, each a keyword with what belongs to it, and comments: ``\*`` to
the end of the line, and ``(* ... *)``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.values import Value, parse

_SECTION = re.compile(
    "CONSTANTS?|INIT|NEXT|SPECIFICATION|INVARIANTS?|PROPERTY|PROPERTIES|VIEW|SYMMETRY|ALIAS|"
    "CONSTRAINTS?|ACTION_CONSTRAINTS?|CHECK_DEADLOCK|POSTCONDITION|TYPE|TYPE_CONSTRAINT|_PERIODIC"
)
_INVARIANTS = ("INVARIANT", "INVARIANTS")
_PROPERTIES = ("PROPERTY", "PROPERTIES")
_REDUCTIONS = ("SYMMETRY", "VIEW")

_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(rf"{_STRING}|<-|-?[\w!]+|\S")
COMMENT = re.compile(rf"({_STRING})|\(\*.*?\*\)|\\\*[^\n]*", re.DOTALL)
"""A comment of TLA+ or of a configuration, or a string, which is the group."""


@dataclass(frozen=True)
class Config:
    """What a configuration file says.

    :ivar constants: the constants that it gives a value to.
    :ivar replaced: the constants and operators that it replaces by an operator (``<-``).
    :ivar invariants: the names of the invariants that TLC checks.
    :ivar properties: the names of the temporal properties, and of the properties of steps.
    :ivar reductions: ``SYMMETRY`` and ``VIEW`` as far as it has them: with one of them TLC
        explores a quotient of the state graph.
    """

    constants: Mapping[str, Value]
    replaced: tuple[str, ...]
    invariants: tuple[str, ...]
    properties: tuple[str, ...]
    reductions: tuple[str, ...]

    @property
    def checked(self) -> tuple[str, ...]:
        """The names of all that TLC checks, sorted."""
        return tuple(sorted({*self.invariants, *self.properties}))


def read_config(path: Path) -> Config:
    """What the file says.

    :raises ModelConsensusError: it cannot be read; the message names the file.
    """
    try:
        return parse_config(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelConsensusError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ModelConsensusError(f"{path}: the file is not UTF-8 text") from None
    except ModelConsensusError as error:
        raise ModelConsensusError(f"{path}: {error}") from None


def parse_config(text: str) -> Config:
    """What the text of a configuration file says.

    :raises ModelConsensusError: a constant is given no value, or one that cannot be read.
    """
    constants: dict[str, Value] = {}
    replaced: list[str] = []
    invariants: list[str] = []
    properties: list[str] = []
    reductions: list[str] = []
    for keyword, tokens, _ in _sections(text):
        if keyword in ("CONSTANT", "CONSTANTS"):
            for name, arrow, value in _assignments(tokens):
                if arrow == "=":
                    constants[name] = parse(value)
                else:
                    replaced.append(name)
        elif keyword in _INVARIANTS:
            invariants += tokens
        elif keyword in _PROPERTIES:
            properties += tokens
        elif keyword in _REDUCTIONS:
            reductions.append(keyword)
    return Config(
        constants,
        tuple(replaced),
        tuple(invariants),
        tuple(properties),
        tuple(reductions),
    )


def without_checks(text: str) -> str:
    """The configuration without its invariants and properties, and without comments."""
    return "\n".join(
        source
        for keyword, _, source in _sections(text)
        if keyword not in (*_INVARIANTS, *_PROPERTIES)
    )


def _sections(text: str) -> Iterator[tuple[str, list[str], str]]:
    """The keyword, the tokens after it, and the text of each section."""
    plain = COMMENT.sub(lambda found: found[1] or " ", text)
    found = list(_TOKEN.finditer(plain))
    starts = [i for i, token in enumerate(found) if _SECTION.fullmatch(token[0])]
    if found and (not starts or starts[0] > 0):
        raise ModelConsensusError(f"{found[0][0]!r} stands before the first section")
    for start, end in pairwise([*starts, len(found)]):
        tokens = [token[0] for token in found[start + 1 : end]]
        yield found[start][0], tokens, plain[found[start].start() : found[end - 1].end()]


def _assignments(tokens: list[str]) -> Iterator[tuple[str, str, str]]:
    """``name = value``, ``name <- operator`` and ``name <- [module] operator``, one after another.

    A value is one token, or a set in braces; the parameters of an operator are left out.
    """
    at = 0
    while at < len(tokens):
        name = tokens[at]
        at = _closed(tokens, at + 1, "(", ")")
        arrow = tokens[at] if at < len(tokens) else ""
        if arrow not in ("=", "<-"):
            raise ModelConsensusError(f"the constant {name} is given no value")
        start = at + 1
        end = _closed(tokens, start, "{", "}")
        if arrow == "<-":
            end = _closed(tokens, start, "[", "]") + 1
        elif end == start:
            end += 1
        yield name, arrow, " ".join(tokens[start:end])
        at = end


def _closed(tokens: list[str], at: int, opening: str, closing: str) -> int:
    """The index after the bracket that closes the one at ``at``; ``at`` if none opens there."""
    depth = 0
    for index in range(at, len(tokens)):
        depth += (tokens[index] == opening) - (tokens[index] == closing)
        if depth == 0:
            return index + 1 if index > at else at
    return len(tokens)
