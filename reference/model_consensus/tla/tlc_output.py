"""Reading what TLC prints in its ``-tool`` mode.

Every message stands between a line ``@!@!@STARTMSG code:severity @!@!@`` and a line
``@!@!@ENDMSG code @!@!@``; messages nest.  What stands outside comes from the parser (SANY), from
the specification's own ``PrintT``, or from a dying Java.  The codes are those of ``tlc2.output.EC``
in TLC's sources and have been stable since TLC 2.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.values import Function, parse_state


class Verdict(StrEnum):
    """How a run of TLC ended; the first five in the words of tlaplus/Examples."""

    HOLDS = "success"
    SAFETY = "safety failure"
    LIVENESS = "liveness failure"
    DEADLOCK = "deadlock failure"
    ASSUMPTION = "assumption failure"
    PARSE = "parse error"
    EVALUATION = "evaluation error"
    TOOL = "tool failure"


@dataclass(frozen=True)
class Step:
    """One state of a counterexample and the action that led to it.

    ``arguments`` are the action's as newer releases of TLC print them, in parentheses, else "".
    """

    action: str
    state: Function
    arguments: str = ""


@dataclass(frozen=True)
class Warned:
    """A warning of TLC's; the codes are those of ``tlc2.output.EC``."""

    code: int
    text: str


@dataclass(frozen=True)
class Counterexample:
    """A behaviour that violates a property: its states in order, the initial one first.

    An infinite behaviour goes on from the state number ``back_to`` (counted from 1) after its last
    state: that number is the last state's own if the behaviour stutters for ever.
    """

    steps: tuple[Step, ...]
    back_to: int | None = None

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class ActionCoverage:
    """How often an action led to a new state and to any state at all."""

    name: str
    module: str
    line: int
    distinct: int
    generated: int


@dataclass(frozen=True)
class Progress:
    """What TLC has done so far."""

    generated: int
    distinct: int
    queue: int


@dataclass(frozen=True)
class Result:
    """What a run of TLC found.

    ``property`` is the name of what failed, ``message`` says it in one line with the file and the
    line where there is one.  Counts that TLC did not come to print are None.  ``printed`` is the
    end of what came outside TLC's messages, the specification's ``PrintT`` above all.
    """

    verdict: Verdict
    message: str = ""
    property: str | None = None
    trace: Counterexample | None = None
    generated: int | None = None
    distinct: int | None = None
    depth: int | None = None
    coverage: tuple[ActionCoverage, ...] = ()
    warnings: tuple[Warned, ...] = ()
    printed: tuple[str, ...] = ()
    seconds: float = 0.0
    temporal: bool = False  # whether temporal properties, such as liveness, were checked


_START = re.compile(r"@!@!@STARTMSG (\d+):(\d+) @!@!@")
_END = re.compile(r"@!@!@ENDMSG (\d+) @!@!@")
_PROGRESS = re.compile(
    r"([\d,]+) states generated.*?([\d,]+) distinct states.*?([\d,]+) states left"
)
_DEPTH = re.compile(r"depth of the complete state graph search is ([\d,]+)")
_COVERAGE = re.compile(r"<(\w+) line (\d+), .* of module (\w+).*>: ([\d,]+):([\d,]+)")
_STATE = re.compile(r"\d+: <(Initial predicate|\w+)(\(.*\))?(?: .*)?>\s*\n")
_BACK = re.compile(r"(\d+): Back to state|Back to state:? (\d+)")
_VIOLATED = re.compile(r"(?:Invariant|Action property|Property) (.+?) is violated|"
                       r"Temporal property (\w+) was violated")  # fmt: skip

_MEMORY = re.compile("OutOfMemoryError|^Java heap space|^GC overhead limit exceeded")

_ERROR, _BUG, _WARNING = 1, 2, 3  # severities

_INITIAL = {2107, 2108}  # violated by an initial state, which is in the message
_SAFETY = {2107, 2108, 2110, 2112}
_LIVENESS, _DEADLOCK, _ASSUMPTION, _SUCCESS, _FINISHED = 2116, 2114, 2104, 2193, 2186
_BAD_MODULE = {3002, 2171}
_BAD_CONFIG = {1101, 1102, 2280, 2281, *range(2222, 2246), *range(5001, 5007)}
_OUT_OF_MEMORY, _STACK_OVERFLOW = {1001, 1002}, 1005
_TRACE_STATE, _STUTTERING, _BACK_TO_STATE = 2217, 2218, 2122
_PROGRESS_STATISTICS, _STATISTICS, _SEARCH_DEPTH = 2200, 2199, 2194
_COVERAGE_START, _COVERAGE_ACTION = 2201, 2772
_TEMPORAL = 2192
_WHERE = 2103  # the nested expressions at which an evaluation failed
_COVERAGE_DETAIL = {2221, 2775}
_HEADINGS = {2121, 2264}  # of a counterexample

NO_FAIRNESS = 2259
"""The code of the hint that a behaviour may stutter for ever, for nothing is said of fairness."""

_PARSER_PROGRESS = ("Parsing file ", "Semantic processing of module ", "Linting of module ")

LONGEST_MESSAGE = 1 << 24  # characters; what exceeds it is dropped
PRINTED_LINES = 10_000


def _number(text: str) -> int:
    return int(text.replace(",", ""))


class Reader:
    """Takes TLC's output line by line and keeps what a `Result` needs, in bounded memory.

    (The trace apart: it is as long as TLC makes it.)
    """

    def __init__(
        self,
        on_print: Callable[[str], None] | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        self.progress: Progress | None = None
        self._on_print = on_print
        self._on_step = on_step
        self._open: list[tuple[int, int, list[str]]] = []
        self._length = 0
        self._errors: list[tuple[int, str]] = []
        self._warnings: list[Warned] = []
        self._steps: list[Step] = []
        self._back_to: int | None = None
        self._depth: int | None = None
        self._coverage: list[ActionCoverage] = []
        self._seen: set[int] = set()
        self._unread: str | None = None
        self._printed: deque[str] = deque(maxlen=PRINTED_LINES)

    def feed(self, line: str) -> bool:
        """Take one line; True if it brought news of the progress."""
        if start := _START.search(line):
            self._text(line[: start.start()])
            self._open.append((int(start[1]), int(start[2]), []))
            self._length = 0
        elif self._open and (end := _END.search(line)) and int(end[1]) == self._open[-1][0]:
            code, severity, lines = self._open.pop()
            return self._message(code, severity, "".join(lines).strip())
        else:
            self._text(line)
        return False

    def _text(self, text: str) -> None:
        if not self._open:
            if text.strip() and not text.startswith(_PARSER_PROGRESS):
                self._printed.append(text.rstrip("\n")[:LONGEST_MESSAGE])
                if self._on_print is not None:
                    self._on_print(self._printed[-1])
        elif self._length + len(text) <= LONGEST_MESSAGE:
            self._open[-1][2].append(text)
            self._length += len(text)

    def _message(self, code: int, severity: int, text: str) -> bool:
        if code in _COVERAGE_DETAIL:
            return False
        self._seen.add(code)
        if severity in (_ERROR, _BUG) and code not in _HEADINGS:
            self._errors.append((code, text))
        elif severity == _WARNING:
            self._warnings.append(Warned(code, _one_line(text)))
        elif severity == 0 and self._open:
            self._open[-1][2].append(text + "\n")  # a cause inside an error's message
            self._errors.append((code, text))
        if code == _TRACE_STATE or code in _INITIAL:
            self._state(text)
        elif code == _STUTTERING:
            self._back_to = len(self._steps)
        elif code == _BACK_TO_STATE and (back := _BACK.search(text)):
            self._back_to = int(back[1] or back[2])
        elif code == _COVERAGE_START:
            self._coverage.clear()  # TLC prints it anew every minute
        elif code == _COVERAGE_ACTION and (found := _COVERAGE.search(text)):
            name, line, module, distinct, generated = found.groups()
            self._coverage.append(
                ActionCoverage(name, module, int(line), _number(distinct), _number(generated))
            )
        elif code == _SEARCH_DEPTH and (found := _DEPTH.search(text)):
            self._depth = _number(found[1])
        elif code in (_STATISTICS, _PROGRESS_STATISTICS) and (found := _PROGRESS.search(text)):
            self.progress = Progress(*map(_number, found.groups()))
            return True
        return False

    def _state(self, text: str) -> None:
        """Keep a state of the counterexample; an initial one may follow the error's sentence."""
        head, _, body = text.partition("\n")
        action = _STATE.match(text)
        name = action[1] if action else "Initial predicate"
        try:
            state = Function(parse_state(body))
        except ModelConsensusError as error:
            self._unread = self._unread or f"{head[:80]}: {error}"
        else:
            name = "Init" if name == "Initial predicate" else name
            self._steps.append(Step(name, state, (action[2] or "") if action else ""))
            if self._on_step is not None:
                self._on_step(self._steps[-1])

    def result(
        self, exit_status: int, *, properties: Iterable[str], config: str, seconds: float
    ) -> Result:
        """What the output amounts to, once TLC has ended with ``exit_status``.

        ``properties`` are those that the configuration file checks: TLC 2.15 does not say which
        temporal property is violated, nor, of a refinement, more than the place of the formula,
        and of a property that is defined as one of an instance it names that one; so the name is
        known if there is one alone.
        """
        verdict, name, message = self._judge(exit_status, config)
        if verdict in (Verdict.SAFETY, Verdict.LIVENESS) and (name is None or "!" in name):
            named = list(properties)
            name = named[0] if len(named) == 1 else name
        return Result(
            verdict=verdict,
            message=message,
            property=name,
            trace=Counterexample(tuple(self._steps), self._back_to) if self._steps else None,
            generated=self.progress.generated if self.progress else None,
            distinct=self.progress.distinct if self.progress else None,
            depth=self._depth,
            coverage=tuple(self._coverage),
            warnings=tuple(self._warnings),
            printed=tuple(self._printed),
            seconds=seconds,
            temporal=_TEMPORAL in self._seen,
        )

    def _judge(self, exit_status: int, config: str) -> tuple[Verdict, str | None, str]:
        """The verdict, the name of what failed and a line about it."""
        codes = {code for code, _ in self._errors}
        text = next((text for _, text in self._errors), "")
        if codes & _OUT_OF_MEMORY or any(map(_MEMORY.search, [text, *self._printed])):
            return Verdict.TOOL, None, "out of memory: give Java more with --heap"
        if exit_status < 0:
            return Verdict.TOOL, None, f"TLC was killed by signal {-exit_status}"
        if _STACK_OVERFLOW in codes:
            return Verdict.TOOL, None, "stack overflow: " + _one_line(text)
        if codes & _BAD_CONFIG:
            cause = next(text for code, text in self._errors if code in _BAD_CONFIG)
            return Verdict.PARSE, None, f"{config}: {_one_line(cause)}"
        if codes & _BAD_MODULE:
            return Verdict.PARSE, None, _parse_error("\n".join(self._printed))
        if _FINISHED not in self._seen or self._open:
            last = self._printed[-1] if self._printed else "it printed nothing"
            return Verdict.TOOL, None, f"TLC broke off with status {exit_status}: {last[:200]}"
        if self._unread:
            return (
                Verdict.TOOL,
                None,
                f"a state of the counterexample is unreadable: {self._unread}",
            )
        if not self._errors:
            if exit_status == 0 and _SUCCESS in self._seen:
                return Verdict.HOLDS, None, ""
            return Verdict.TOOL, None, f"TLC came to no verdict and ended with status {exit_status}"
        return self._violation(codes, text)

    def _violation(self, codes: set[int], text: str) -> tuple[Verdict, str | None, str]:
        first = self._errors[0][0]
        verdict = Verdict.EVALUATION
        if first in _SAFETY:
            verdict = Verdict.SAFETY
        elif first == _LIVENESS:
            verdict = Verdict.LIVENESS
        elif first == _DEADLOCK:
            verdict = Verdict.DEADLOCK
        elif first == _ASSUMPTION:
            return Verdict.ASSUMPTION, None, _one_line(text).rstrip(".")
        if verdict == Verdict.EVALUATION or _WHERE in codes:
            return Verdict.EVALUATION, None, _evaluation_error(self._errors)
        if not self._steps:
            return Verdict.TOOL, None, f"TLC printed no counterexample: {_one_line(text)}"
        found = _VIOLATED.search(text)
        name = (found[1] or found[2]) if found else None
        named = name if name and re.fullmatch(r"[\w!]+", name) else None
        return verdict, named, _one_line(text.split("\n")[0]).rstrip(":.")


def _one_line(text: str, longest: int = 400) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def _evaluation_error(errors: list[tuple[int, str]]) -> str:
    """The cause, and where it was: the innermost expression that TLC names."""
    causes = [text for code, text in errors if code != _WHERE]
    where = next((text for code, text in errors if code == _WHERE), "")
    places = re.findall(r"\d+\. Line (\d+), column \d+ to line \d+, column \d+ in (\w+)", where)
    # A message contains its causes; the boilerplate of the outermost says nothing.
    cause = re.sub(r"(?s)TLC threw an unexpected exception\..*?The exception was a \S+\s*:?", "",
                   max(causes, key=len, default=""))  # fmt: skip
    place = f"{places[-1][1]}.tla line {places[-1][0]}: " if places else ""
    return place + _one_line(cause)


def _parse_error(printed: str) -> str:
    """The parser's first complaint, with its file and line."""
    broken = re.search(r"Could not parse module (\w+)", printed)
    line = re.search(r"at line (\d+), col", printed)
    if broken and line:
        complaint = re.search(r"\*\*\*Parse Error\*\*\*\n(.+)|(Lexical error.*)", printed)
        said = (complaint[1] or complaint[2]) if complaint else "it does not parse"
        return f"{broken[1]}.tla line {line[1]}: {_one_line(said)}"
    semantic = re.search(
        r"line (\d+), col \d+ to line \d+, col \d+ of module (\w+)\s+(.+?)(?:\n|$)", printed
    )
    if semantic:
        return f"{semantic[2]}.tla line {semantic[1]}: {_one_line(semantic[3])}"
    missing = re.search(r"Cannot find source file for module (.+)", printed)
    return _one_line(missing[0] if missing else "the module does not parse: " + printed[-300:])
