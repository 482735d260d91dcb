"""Checking recorded executions against a specification, with TLC.

All traces with the same constants go into one run of ``spec/Trace*.tla``: TLC follows each with
the specification's own Next and checks its invariants in every state.  For a trace that is
rejected two short runs more find the last good state and what was possible there.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from model_consensus.conformance.trace_module import Numbers, is_name, module_text
from model_consensus.conformance.traces import Trace, TraceError
from model_consensus.errors import ModelConsensusError
from model_consensus.tla.differences import differences
from model_consensus.tla.manifest import spec_directory
from model_consensus.tla.tlc import Run, check
from model_consensus.tla.tlc_output import Progress, Result, Verdict
from model_consensus.tla.values import Function, Value, parse_state, show

OnProgress = Callable[[Progress], None]

FEW = 50_000
"""States; TLC is over sooner if Java compiles lightly, which does not pay for more."""


@dataclass(frozen=True)
class Rejection:
    """Why a trace is no behaviour of its specification.

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
class TraceVerdict:
    """What TLC says of one trace; accepted if there is no rejection."""

    trace: Trace
    rejection: Rejection | None


def check_traces(
    traces: Iterable[Trace],
    *,
    time_limit: float | None = None,
    on_progress: OnProgress | None = None,
) -> list[TraceVerdict]:
    """Check traces; the verdicts come in their order.

    :raises TraceError: a trace is not fit to be checked at all (unknown module, missing constant).
    :raises ModelConsensusError: TLC failed.
    """
    given = list(traces)
    for trace in given:
        _check_names(trace)
    verdicts: dict[int, TraceVerdict] = {}
    order = sorted(range(len(given)), key=lambda index: _setting(given[index]))
    for _, group in groupby(order, key=lambda index: _setting(given[index])):
        numbers = list(group)
        checker = _Checker([given[n] for n in numbers], time_limit, on_progress)
        for number, rejection in zip(numbers, checker.rejections(), strict=True):
            verdicts[number] = TraceVerdict(given[number], rejection)
    return [verdicts[index] for index in range(len(given))]


def _setting(trace: Trace) -> tuple[str, str]:
    """What traces of one run of TLC have in common: the module and the constants."""
    return trace.module, "\n".join(
        f"    {name} = {show(value)}"
        for name, value in sorted(trace.constants.items())
        if name != "Losses"
    )


@dataclass(frozen=True)
class _Checker:
    """Some traces of one module with the same constants."""

    traces: Sequence[Trace]
    time_limit: float | None
    on_progress: OnProgress | None

    def rejections(self) -> list[Rejection | None]:
        """For each trace why it is rejected, or None."""
        accepted: set[int] = set()
        result = self._run(
            "SPECIFICATION TraceSpec",
            on_print=lambda line: accepted.update(_printed_numbers(line)[:1]),
        )
        if result.verdict is Verdict.HOLDS:
            rejected = sorted(set(range(1, len(self.traces) + 1)) - accepted)
            found = dict(zip(rejected, self._diagnose(rejected), strict=True))
            return [found.get(number) for number in range(1, len(self.traces) + 1)]
        if result.verdict is Verdict.SAFETY and result.trace is not None:
            return self._without(_violation(result))
        if result.verdict is Verdict.EVALUATION:
            return self._apart(result)
        if result.verdict in (Verdict.PARSE, Verdict.ASSUMPTION):
            raise TraceError(f"{self.traces[0].source}: {result.message}")
        raise ModelConsensusError(f"TLC: {result.message}")

    def _without(self, violation: tuple[int, Rejection]) -> list[Rejection | None]:
        """TLC stops at a violated invariant: go on with the traces before and after it."""
        number, rejection = violation
        before, after = self.traces[: number - 1], self.traces[number:]
        return [*self._others(before), rejection, *self._others(after)]

    def _apart(self, result: Result) -> list[Rejection | None]:
        """TLC stops at a value of a wrong type: find the trace that has it."""
        if "assumption" in result.message and result.trace is None:
            raise TraceError(f"{self.traces[0].source}: its constants: {result.message}")
        if len(self.traces) > 1:
            middle = len(self.traces) // 2
            return [*self._others(self.traces[:middle]), *self._others(self.traces[middle:])]
        reached = len(result.trace) if result.trace else 0
        reason = f"TLC cannot evaluate the step to it: {result.message}"
        return [Rejection(min(reached, len(self.traces[0].states) - 1), reason)]

    def _others(self, traces: Sequence[Trace]) -> list[Rejection | None]:
        if not traces:
            return []
        return _Checker(traces, self.time_limit, self.on_progress).rejections()

    def _diagnose(self, rejected: Sequence[int]) -> list[Rejection]:
        """Why the traces of these numbers were not accepted."""
        if not rejected:
            return []
        bad = _Checker([self.traces[n - 1] for n in rejected], self.time_limit, self.on_progress)
        last_good = dict.fromkeys(range(1, len(rejected) + 1), 0)

        def note(line: str) -> None:
            if len(numbers := _printed_numbers(line)) == 2:
                last_good[numbers[0]] = max(last_good[numbers[0]], numbers[1])

        bad._run("SPECIFICATION TraceSpec\nCONSTANT Accept <- AcceptEach", on_print=note)
        possible: dict[int, list[tuple[str, Function]]] = {number: [] for number in last_good}
        with tempfile.TemporaryDirectory(prefix="model-consensus-") as folder:
            dump = Path(folder) / "states.dump"
            result = bad._run(
                "INIT DiagnoseInit\nNEXT DiagnoseNext",
                last_good=tuple(last_good.items()),
                invariants=False,
                dump=dump,
            )
            if result.verdict is Verdict.HOLDS:
                for state in _dumped(dump):
                    if state["by"]:
                        successor = Function(
                            {name: state[name] for name in state if name not in _BOOKKEEPING}
                        )
                        number = state["trace"]
                        assert isinstance(number, int)
                        possible[number].append((str(state["by"]), successor))
        return [
            _explain(bad.traces[number - 1], good, possible[number])
            for number, good in last_good.items()
        ]

    def _run(
        self,
        behaviour: str,
        *,
        last_good: Value = (),
        invariants: bool = True,
        on_print: Callable[[str], None] | None = None,
        dump: Path | None = None,
    ) -> Result:
        module, constants = _setting(self.traces[0])
        specification = spec_directory() / f"Trace{module}.tla"
        config = specification.with_suffix(".cfg").read_text(encoding="utf-8")
        if not invariants:
            config = re.sub(r"(?m)^INVARIANTS?\b.*$", "", config)
        with tempfile.TemporaryDirectory(prefix="model-consensus-") as folder:
            root = Path(folder) / "RecordedTraces.tla"
            root.write_text(
                "\n".join(module_text(root.stem, f"Trace{module}", self.traces, show(last_good))),
                encoding="utf-8",
            )
            root.with_suffix(".cfg").write_text(
                f"{config}\nCONSTANTS\n{constants}\n{behaviour}\n", encoding="utf-8"
            )
            return check(
                Run(
                    root,
                    root.with_suffix(".cfg"),
                    library=specification.parent,
                    quick=sum(len(trace.states) for trace in self.traces) < FEW,
                    options=("-dump", str(dump)) if dump else (),
                ),
                time_limit=self.time_limit,
                on_progress=self.on_progress,
                on_print=on_print,
            )


def _check_names(trace: Trace) -> None:
    """Refuse a trace that has not exactly the constants and variables of its module.

    Their names go into the module and the configuration as they are, where others could redefine
    Next or an invariant.
    """
    constants, variables = names_of(trace.module) or (None, None)
    if constants is None or variables is None:
        known = sorted(file.stem[5:] for file in spec_directory().glob("Trace*.cfg"))
        raise TraceError(
            f"{trace.source}: no module {trace.module[:60]!r}; traces can be of {', '.join(known)}"
        )
    for kind, wanted, given in (
        ("constant", constants, frozenset(trace.constants) - {"Losses"}),
        ("variable", variables, frozenset(map(str, trace.states[0]))),
    ):
        for name in sorted(wanted ^ given):
            wrong = f"it has no {name}" if name in wanted else f"{name[:60]!r} is none"
            raise TraceError(f"{trace.source}: {wrong}, a {kind} of {trace.module}")
    for name, value in trace.constants.items():
        elements = value if isinstance(value, frozenset) else [value]
        if not all(_is_natural(element) or is_name(element) for element in elements):
            raise TraceError(
                f"{trace.source}: constant {name}: a number or a set of names expected"
            )


def _is_natural(value: Value) -> bool:
    return type(value) is int and 0 <= value < 1 << 31


@cache
def names_of(module: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """The constants and the variables of a trace of ``module``; None if there are no such traces.

    The constants are those that the configuration leaves open.
    """
    specification = spec_directory() / f"Trace{module}.tla"
    config = specification.with_suffix(".cfg")
    if not re.fullmatch(r"\w+", module) or not config.is_file():
        return None
    substituted = re.findall(r"(?m)^\s*(\w+) <-", config.read_text(encoding="utf-8"))
    return (
        _declared("CONSTANT", specification) - frozenset(substituted),
        _declared("VARIABLE", specification) - _BOOKKEEPING,
    )


def _declared(kind: str, specification: Path) -> frozenset[str]:
    """The constants or variables that a module and those of this folder that it extends declare."""
    text = re.sub(r"\\\*.*|\(\*.*?\*\)", "", specification.read_text(encoding="utf-8"))
    found = set()
    for keyword, names in re.findall(rf"(?m)^(EXTENDS|{kind}S?)\s+(\w+(?:\s*,\s*\w+)*)", text):
        for name in re.findall(r"\w+", names):
            if keyword != "EXTENDS":
                found.add(name)
            elif (extended := specification.with_name(f"{name}.tla")).is_file():
                found |= _declared(kind, extended)
    return frozenset(found)


_BOOKKEEPING = frozenset(["trace", "step", "by"])


def _printed_numbers(line: str) -> list[int]:
    """The numbers in a line such as ``<<"accepted", 3, 17>>``; none in any other line."""
    found = re.fullmatch(r'<<"accepted", ([\d, ]+)>>', line.strip())
    return [int(number) for number in found[1].split(",")] if found else []


def _dumped(dump: Path) -> Iterator[Mapping[str, Value]]:
    """The states in a file that TLC's ``-dump`` wrote."""
    for text in re.split(r"(?m)^State \d+:$", dump.read_text(encoding="utf-8"))[1:]:
        yield parse_state(text.strip())


def _violation(result: Result) -> tuple[int, Rejection]:
    assert result.trace is not None
    last = result.trace.steps[-1].state
    number, step = last["trace"], last["step"]
    assert isinstance(number, int)
    assert isinstance(step, int)
    return number, Rejection(step - 1, f"{result.property} does not hold in it")


def _explain(trace: Trace, good: int, possible: Sequence[tuple[str, Function]]) -> Rejection:
    """Why the state after the first ``good`` states of ``trace`` is none of the possible ones."""
    good = min(good, len(trace.states) - 1)
    original = Numbers(trace).original
    recorded = trace.states[good]
    action = trace.actions[good] if good < len(trace.actions) else ""
    if not possible:
        return Rejection(good, "nothing was possible before it")
    successors = [(name, {v: original(state[v]) for v in recorded}) for name, state in possible]
    _, nearest = min(
        successors,
        key=lambda each: (each[0] != action, sum(recorded[v] != each[1][v] for v in recorded)),
    )
    lines = [
        line
        for variable in recorded
        for line in differences(str(variable), recorded[variable], nearest[variable])
    ]
    return Rejection(
        good,
        f"no step of {trace.module} leads to it"
        if good
        else f"it is not initial in {trace.module}",
        tuple(lines[:10]),
        tuple(sorted({name for name, _ in possible})),
    )


def describe(verdict: TraceVerdict) -> str:
    """A verdict in words."""
    trace, rejection = verdict.trace, verdict.rejection
    if rejection is None:
        return f"{trace.source}: accepted"
    action = trace.actions[rejection.index] or "an action without a name"
    lines = [f"{trace.source}: rejected at state {rejection.index} ({action}): {rejection.reason}"]
    lines += [f"  {line}" for line in rejection.differences]
    if rejection.possible:
        lines.append(f"  possible were: {', '.join(rejection.possible)}")
    return "\n".join(lines)
