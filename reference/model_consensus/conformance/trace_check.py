"""Checking recorded executions against a specification, with TLC.

All traces with the same constants go into one run of ``spec/Trace*.tla``: TLC follows each with
the specification's own actions and checks its invariants in every state.  For a trace that is
rejected one short run more finds what was possible after its last good state.
"""

import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from model_consensus.conformance.trace_encoding import Encoded, encode
from model_consensus.conformance.trace_fields import printable
from model_consensus.conformance.trace_module import module_text
from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.tla.config import without_checks
from model_consensus.tla.differences import differences
from model_consensus.tla.manifest import spec_directory
from model_consensus.tla.tlc import Run, check
from model_consensus.tla.tlc_output import Counterexample, Result, Verdict
from model_consensus.tla.values import Value, parse_state, show

OnProgress = Callable[[int], None]
"""Takes how many more states have been checked."""

FEW = 50_000
"""States; TLC is over sooner if Java compiles lightly, which does not pay for more."""


SMALL, HEAP = 2_000_000, "1g"
"""Characters of a module that Java parses and checks in this much memory."""


@dataclass(frozen=True)
class Rejection:
    """Why a trace is not a behaviour of its specification.

    :ivar index: the index, from 0, of the first state that is wrong.
    :ivar reason: one sentence.
    :ivar differences: where that state differs from the nearest one that was possible, a line each.
    :ivar possible: the names of the actions that were possible.
    """

    index: int
    reason: str
    differences: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unsafe:
    """A property that correct processes lose where the depth of proof-of-work is not safe.

    :ivar index: the index, from 0, of the first state in which it is violated.
    :ivar violated: the property's name.
    """

    index: int
    violated: str


@dataclass(frozen=True)
class TraceVerdict:
    """What TLC says of one trace.

    :ivar rejection: why it is not a behaviour of its specification; None if it is one.
    :ivar unsafe: of a behaviour: what the depth was too small for.
    """

    trace: Trace
    rejection: Rejection | None
    unsafe: Unsafe | None = None

    @property
    def accepted(self) -> bool:
        """Whether the trace is a behaviour in which every property holds."""
        return self.rejection is None and self.unsafe is None


def check_traces(
    traces: Iterable[Trace],
    *,
    time_limit: float | None = None,
    on_progress: OnProgress = lambda states: None,
) -> list[TraceVerdict]:
    """Check traces; the verdicts come in their order.

    :raises TraceError: a trace is not fit to be checked at all (unknown module, missing constant).
    :raises ModelConsensusError: TLC failed.
    """
    given = list(map(encode, traces))
    return check_encoded(given, time_limit=time_limit, on_progress=on_progress)


def check_encoded(
    given: Sequence[Encoded],
    *,
    time_limit: float | None = None,
    on_progress: OnProgress = lambda states: None,
    stop: threading.Event | None = None,
) -> list[TraceVerdict]:
    """Check traces that are in TLC's names already; see `check_traces`.

    Windows of one file that follow each other may all be rejected with the first that is.

    :param stop: ends TLC from another thread, which raises `StoppedError` here.
    """
    verdicts: dict[int, TraceVerdict] = {}
    order = sorted(range(len(given)), key=lambda index: setting(given[index]))
    for _, group in groupby(order, key=lambda index: setting(given[index])):
        numbers = list(group)
        checker = _Checker([given[n] for n in numbers], time_limit, on_progress, stop)
        verdicts.update(zip(numbers, checker.verdicts(), strict=True))
    return [verdicts[index] for index in range(len(given))]


def setting(encoded: Encoded) -> tuple[str, str]:
    """What traces of one run of TLC have in common: the module and the constants.

    The constants are those that TLC gets: the names that users give to processes do not matter.
    """
    return encoded.trace.module, "\n".join(
        f"    {name} = {show(encoded.constants[name])}" for name in sorted(encoded.constants)
    )


@dataclass(frozen=True)
class _Checker:
    """Some traces of one module with the same constants."""

    traces: Sequence[Encoded]
    time_limit: float | None
    on_progress: OnProgress
    stop: threading.Event | None

    def verdicts(self) -> list[TraceVerdict]:
        """The verdict on each trace.  TLC runs again on those on which it has come to none."""
        found = {
            index: TraceVerdict(each.trace, _malformed(each))
            for index, each in enumerate(self.traces)
            if not each.states
        }
        while left := [index for index in range(len(self.traces)) if index not in found]:
            some = self._on([self.traces[index] for index in left])._verdicts()
            found.update((left[index], verdict) for index, verdict in some.items())
        return [found[index] for index in range(len(self.traces))]

    def _on(self, traces: Sequence[Encoded]) -> "_Checker":
        """The same for other traces, each with a state before the first malformed one."""
        return replace(self, traces=traces)

    def _verdicts(self) -> dict[int, TraceVerdict]:
        """The verdicts that one run of TLC comes to, by place: on all if nothing stops it."""
        reached = dict.fromkeys(range(1, len(self.traces) + 1), 0)
        unsafe: dict[int, Unsafe] = {}

        def note(line: str) -> None:
            if found := re.fullmatch(r'<<"reached", (\d+), (\d+)>>', line.strip()):
                number, step = int(found[1]), int(found[2])
                self.on_progress(step - reached[number])
                reached[number] = step
            elif found := re.fullmatch(r'<<"unsafe", (\d+), (\d+), "(\w+)">>', line.strip()):
                unsafe.setdefault(int(found[1]), Unsafe(int(found[2]) - 1, found[3]))

        result = self._run("SPECIFICATION TraceSpec", on_print=note)
        if result.verdict in (Verdict.SAFETY, Verdict.EVALUATION) and result.trace is not None:
            return self._stopped(result, result.trace)
        if result.verdict is Verdict.EVALUATION:  # in a first state, and nobody knows in which
            if len(self.traces) > 1:
                return self._on(self.traces[: len(self.traces) // 2])._verdicts()
            return {0: TraceVerdict(self.traces[0].trace, Rejection(0, _unevaluated(result)))}
        if result.verdict is not Verdict.HOLDS:
            sources = ", ".join(each.trace.source for each in self.traces[:3])
            raise ModelConsensusError(f"TLC, checking {sources}: {result.message}")
        rejected = [n for n, each in enumerate(self.traces, 1) if reached[n] < len(each.states)]
        diagnosed = self._diagnose({n: reached[n] for n in rejected})
        rejections = dict(zip(rejected, diagnosed, strict=True))
        verdicts = {}
        for number, each in enumerate(self.traces, 1):
            rejection = rejections.get(number) or _malformed(each)
            noticed = None if rejection else unsafe.get(number)
            verdicts[number - 1] = TraceVerdict(each.trace, rejection, noticed)
        return verdicts

    def _stopped(self, result: Result, behaviour: Counterexample) -> dict[int, TraceVerdict]:
        """TLC stops at a violated property, or at an expression that it cannot evaluate.

        Nothing that comes later in the same file matters any more.
        """
        state = behaviour.steps[-1].state
        number, step = state["trace"], state["step"]
        assert isinstance(number, int)
        assert isinstance(step, int)
        stopped = self.traces[number - 1]
        if result.verdict is Verdict.SAFETY:
            name = (result.property or "a property").removeprefix("Trace")
            rejection = Rejection(step - 1, f"{name} does not hold in it")
        else:
            rejection = Rejection(min(step, len(stopped.states) - 1), _unevaluated(result))
        verdicts = {number - 1: TraceVerdict(stopped.trace, rejection)}
        for later in range(number, len(self.traces)):
            before, window = self.traces[later - 1].trace, self.traces[later].trace
            if window.source != before.source or window.first <= before.first:
                break
            verdicts[later] = TraceVerdict(window, Rejection(0, "a window before it is rejected"))
        return verdicts

    def _diagnose(self, reached: Mapping[int, int]) -> list[Rejection]:
        """Why the traces of these numbers were accepted so far, and no further."""
        if not reached:
            return []
        bad = replace(self, traces=[self.traces[n - 1] for n in reached])
        last_good = dict(enumerate(reached.values(), 1))
        possible: dict[int, list[tuple[str, Mapping[str, Value]]]] = {n: [] for n in last_good}
        with tempfile.TemporaryDirectory(prefix="model-consensus-") as folder:
            dump = Path(folder) / "states.dump"
            result = bad._run(
                "INIT DiagnoseInit\nNEXT DiagnoseNext",
                last_good=tuple(last_good.items()),
                properties=False,
                dump=dump,
            )
            if result.verdict is Verdict.HOLDS:
                for state in _dumped(dump):
                    number = state["trace"]
                    assert isinstance(number, int)
                    if state["by"]:
                        possible[number].append((str(state["by"]), state))
        return [
            _explain(bad.traces[number - 1], good, possible[number])
            for number, good in last_good.items()
        ]

    def _run(
        self,
        behaviour: str,
        *,
        last_good: Value = (),
        properties: bool = True,
        on_print: Callable[[str], None] | None = None,
        dump: Path | None = None,
    ) -> Result:
        module, constants = setting(self.traces[0])
        specification = spec_directory() / f"Trace{module}.tla"
        config = specification.with_suffix(".cfg").read_text(encoding="utf-8")
        if not properties:
            config = without_checks(config)
        with tempfile.TemporaryDirectory(prefix="model-consensus-") as folder:
            root = Path(folder) / "RecordedTraces.tla"
            lines = module_text(root.stem, f"Trace{module}", self.traces, show(last_good))
            written = root.write_text("\n".join(lines), encoding="utf-8")
            root.with_suffix(".cfg").write_text(
                f"{config}\nCONSTANTS\n{constants}\n{behaviour}\n", encoding="utf-8"
            )
            return check(
                Run(
                    root,
                    root.with_suffix(".cfg"),
                    library=specification.parent,
                    quick=sum(len(each.states) for each in self.traces) < FEW,
                    heap=HEAP if written < SMALL else None,
                    options=("-dump", str(dump)) if dump else (),
                ),
                time_limit=self.time_limit,
                on_print=on_print,
                stop=self.stop,
            )


def _dumped(dump: Path) -> Iterator[Mapping[str, Value]]:
    """The states in a file that TLC's ``-dump`` wrote."""
    for text in re.split(r"(?m)^State \d+:$", dump.read_text(encoding="utf-8"))[1:]:
        yield parse_state(text.strip())


def _unevaluated(result: Result) -> str:
    return f"TLC cannot evaluate the step to it: {result.message}"


def _malformed(encoded: Encoded) -> Rejection | None:
    """Why the state after the last one that TLC has seen is wrong; None if it was the last."""
    if encoded.problem is None:
        return None
    return Rejection(len(encoded.states), encoded.problem)


def _explain(
    encoded: Encoded, good: int, possible: Sequence[tuple[str, Mapping[str, Value]]]
) -> Rejection:
    """Why no possible step leads to the state after the first ``good`` states of a trace."""
    trace = encoded.trace
    recorded, action = trace.states[good], trace.actions[good]
    names = tuple(sorted({name for name, _ in possible}))
    reason = (
        f"no step of {trace.module} leads to it" if good else f"it is not initial in {trace.module}"
    )
    if good and recorded == trace.states[good - 1]:
        repeated = f"it repeats the state before it, and {reason}"
        return Rejection(good, repeated, (), names)
    if not possible:
        return Rejection(good, f"no action of {trace.module} was possible before it")
    found = [
        (name, [line for v in recorded for line in differences(str(v), recorded[v], state[str(v)])])
        for name, state in ((name, encoded.original(state)) for name, state in possible)
    ]
    others = sorted({name for name, lines in found if not lines})
    if others:
        said = ", ".join(f"{key} {show(v)}" for key, v in trace.arguments[good].items())
        label = f"{action} ({said})" if said else action
        reason = f"the step to it is not {label}, as the trace says, but {' or '.join(others)}"
        return Rejection(good, reason, (), names)
    _, lines = min(found, key=lambda each: (each[0] != action, len(each[1])))
    return Rejection(good, reason, tuple(lines[:10]), names)


def describe(verdict: TraceVerdict) -> str:
    """A verdict in words."""
    trace, rejection, unsafe = verdict.trace, verdict.rejection, verdict.unsafe
    if rejection is not None:
        place = _place(trace, rejection.index)
        lines = [f"{trace.source}: rejected at {place}: {rejection.reason}"]
        lines += [f"  {line}" for line in rejection.differences]
        if rejection.possible:
            lines.append(f"  possible were: {', '.join(rejection.possible)}")
    elif unsafe is not None:
        blocks = trace.states[unsafe.index]["blocks"]
        assert isinstance(blocks, tuple)
        byzantine = trace.constants["Byzantine"]
        assert isinstance(byzantine, frozenset)
        stolen = sum(block["miner"] in byzantine for block in blocks)  # type: ignore
        stolen, won = stolen + trace.left_out.stolen, len(blocks) + trace.left_out.blocks
        lines = [
            f"{trace.source}: {unsafe.violated} is violated at {_place(trace, unsafe.index)}: "
            f"the depth was not safe",
            f"  The adversary had {stolen} of {won} wins at the depth "
            f"{trace.constants['Depth']}, where this can happen (docs/settlement.md)."
            if "slots" not in trace.states[0]
            else f"  Of {won} wins too few were pacers at the depth "
            f"{trace.constants['Depth']}, where this can happen (docs/settlement-delay.md).",
            f"  Every step is one of {trace.module}: this is not a fault of the learners.",
        ]
    else:
        lines = [f"{trace.source}: accepted"]
    return "\n".join(map(printable, lines))


def _place(trace: Trace, index: int) -> str:
    return f"state {trace.first + index} ({trace.actions[index] or 'an unnamed action'})"
