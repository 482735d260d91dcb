"""What the state machines have in common: a schedule is kept, shown, written, and checked by TLC.

A schedule is what Hypothesis did in one example.  The part of it that the specification knows is a
trace; crashes and partitions stand between its steps.  When an example fails, the shrunk schedule
is printed as a table of steps, and its traces are written where ``check-trace`` finds them.  When
none fails, :func:`validate` gives the traces of all examples to TLC.
"""

import hashlib
import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, event, seed, settings, target
from hypothesis.control import current_build_context
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from scipy.stats import beta

from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces, describe
from model_consensus.conformance.traces import Recordable, Trace
from model_consensus.evolutionary_search import Digest
from model_consensus.tla.differences import changes
from model_consensus.tla.manifest import spec_directory
from model_consensus.tla.values import show

FAILURES = Path(__file__).resolve().parents[2] / "out" / "failures"
"""Where the traces of failing schedules go."""

SAME_EVERY_TIME = settings().derandomize
"""Whether the profile has the same examples every time."""


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    :ivar action: the action of the specification, or what the environment did.
    :ivar process: to whom; empty for nobody in particular.
    :ivar step: the module whose state it led to and that state's place in the trace; None if the
        specification does not see it.
    """

    action: str
    process: str
    step: tuple[str, int] | None = None


class Recorded(RuleBasedStateMachine):
    """A state machine that keeps its schedule.

    :cvar finished: where the traces of examples that ended well go; None to make none.
    :cvar reached: in how many of these examples each hard state was reached.
    :cvar aims: the measures (keys of ``deepest``) that Hypothesis shall make large.
    :cvar records: the largest value of each measure in any example.
    """

    finished: ClassVar[list[Trace] | None] = None
    reached: ClassVar[Counter[str]] = Counter()
    records: ClassVar[dict[str, int]] = {}
    aims: ClassVar[Sequence[str]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.hard: set[str] = set()
        self.deepest: dict[str, int] = {}
        self.models: dict[Digest, str] = {}

    def model_name(self, digest: Digest) -> str:
        """m0 for the genesis model, and so on in the order of drawing."""
        return self.models.setdefault(digest, f"m{len(self.models)}")

    def traces(self) -> list[Trace]:
        """The schedule in the terms of each specification."""
        raise NotImplementedError

    def measure(self, what: str, value: int) -> None:
        """Remember the largest value of a measure in this example."""
        self.deepest[what] = max(value, self.deepest.get(what, 0))

    def teardown(self) -> None:
        failure = sys.exception()
        if failure is None:
            self._ended_well()
        elif _is_failure(failure) and current_build_context().is_final:
            failure.add_note(report(self))

    def _ended_well(self) -> None:
        for what in sorted(self.hard):
            event(what)
        for what in self.aims:
            target(self.deepest.get(what, 0), label=what)
        kind = type(self)
        kind.reached.update(self.hard)
        for what, value in self.deepest.items():
            kind.records[what] = max(value, kind.records.get(what, 0))
        if kind.finished is not None:
            kind.finished += self.traces()


def _is_failure(error: BaseException) -> bool:
    """Not one of the exceptions by which Hypothesis ends an example."""
    return isinstance(error, Exception) and not isinstance(error, HypothesisException)


def trace(machine: Recorded, system: Recordable, steps: Sequence[tuple[Any, Any]]) -> Trace:
    """The trace of the steps of ``system`` in ``machine``, whose models it names."""
    machine.model_name(system.genesis.digest)
    for (_, before), (action, _) in pairwise(steps):
        for digest in system.drawn(before, action):
            machine.model_name(digest)
    return traces.record(type(machine).__name__, system, steps)


# ------------------------------------------------------------------ many schedules


@dataclass(frozen=True)
class Exploration:
    """What one run of a machine did.

    :ivar examples: how many examples ended well.
    :ivar steps: how many things happened in them.
    :ivar found: their distinct traces.
    :ivar reached: in how many of them each hard state was reached.
    :ivar records: the largest value of each measure.
    """

    examples: int
    steps: int
    found: list[Trace]
    reached: Mapping[str, int]
    records: Mapping[str, int]


def explore(
    machine: type[Recorded],
    how: settings,
    *,
    keep: bool = True,
    aims: Sequence[str] = (),
) -> Exploration:
    """Run a machine, and keep the traces of its examples unless told otherwise."""
    reached: Counter[str] = Counter()
    records: dict[str, int] = {}
    found: list[Trace] = []

    class Explored(machine):  # type: ignore[misc, valid-type]
        def _ended_well(self) -> None:
            super()._ended_well()
            reached["examples"] += 1
            reached["steps"] += len(self.events)

    Explored.__name__ = machine.__name__
    Explored.reached, Explored.records, Explored.aims = reached, records, aims
    Explored.finished = found if keep else None
    run_state_machine_as_test(Explored, settings=how)
    distinct = {(each.module, show_constants(each), tuple(each.states)): each for each in found}
    examples, steps = reached.pop("examples", 0), reached.pop("steps", 0)
    return Exploration(examples, steps, list(distinct.values()), reached, records)


def full_run(examples: int, steps: int) -> settings:
    """So many examples in the profile ``ci``, in others as many as these say; none is shrunk."""
    return settings(
        max_examples=examples if SAME_EVERY_TIME else settings().max_examples,
        stateful_step_count=steps,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def show_constants(trace: Trace) -> str:
    """The constants as one text, in the order of their names."""
    return "\n".join(f"{name} = {show(trace.constants[name])}" for name in sorted(trace.constants))


def validate(found: Sequence[Trace]) -> str:
    """Let TLC check distinct traces; how many behaviours of which specifications these were.

    A trace that is rejected is written.

    :raises AssertionError: TLC rejects one.
    """
    rejected = [verdict for verdict in check_traces(found) if not verdict.accepted]
    if rejected:
        first = min(rejected, key=lambda verdict: len(verdict.trace.states))
        raise AssertionError(
            f"TLC rejects {len(rejected)} of {len(found)} schedules, the shortest in "
            f"{write(first.trace)}\n{describe(first)}"
        )
    counts = Counter(trace.module for trace in found)
    return ", ".join(f"{count} distinct behaviours of {name}" for name, count in counts.items())


RUNS, EXAMPLES = 24, 20


def below(floors: Mapping[str, float], machine: type[Recorded], steps: int) -> dict[str, float]:
    """The hard states that are not, with confidence, reached often enough; with the lower bound.

    A floor is the share of runs of ``EXAMPLES`` examples in which the state is reached.  The
    examples of one run depend on each other, for Hypothesis varies what it has tried; the runs,
    each from a seed of its own, do not.
    """
    how = settings(full_run(EXAMPLES, steps), derandomize=False, database=None)
    reached: Counter[str] = Counter()
    for number in range(RUNS):
        seeded = seed(number)(type(machine.__name__, (machine,), {}))
        reached.update(set(explore(seeded, how, keep=False).reached))
    bounds = {what: at_least(reached[what], RUNS) for what in floors}
    return {what: bound for what, bound in bounds.items() if bound < floors[what]}


def unchecked(machine: type[Recorded], *configurations: str) -> set[str]:
    """What these models of ``spec/`` check, and the machine has no invariant of that name for."""
    names: set[str] = set()
    for name in configurations:
        lines = (spec_directory() / name).read_text(encoding="utf-8").splitlines()
        for line in lines:
            kind, *given = line.split() or [""]
            if kind in ("INVARIANT", "INVARIANTS", "PROPERTY", "PROPERTIES"):
                names.update(given)
    return {name for name in names if not hasattr(machine, snake_case(name))}


def snake_case(name: str) -> str:
    """``SameBans`` is ``same_bans``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*", name)
    return "_".join(words).lower()


def at_least(successes: int, trials: int, confidence: float = 0.99) -> float:
    """The lower Clopper-Pearson bound of a probability."""
    return float(beta.ppf(1 - confidence, successes, trials - successes + 1)) if successes else 0.0


def find(machine: type[RuleBasedStateMachine], how: settings) -> tuple[str, int]:
    """The check that fails, or the error that stops a learner, and after how many examples.

    The check is the innermost function of ``property_tests/`` that the failure has passed through.

    :raises AssertionError: nothing fails.
    """
    examples = 0

    class Counted(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            nonlocal examples
            examples += 1
            super().__init__()

    try:
        run_state_machine_as_test(Counted, settings=how)
    except Exception as failure:
        if not isinstance(failure, AssertionError):
            return type(failure).__name__, examples
        frames = traceback.extract_tb(failure.__traceback__)
        here = Path(__file__).parents[1]
        return [f.name for f in frames if Path(f.filename).is_relative_to(here)][-1], examples
    raise AssertionError(f"no schedule of {machine.__name__} violates a property")


def search(steps: int, most: int = 2000, *phases: Phase) -> settings:
    """Look for a failure in so many examples, the same every time; found is enough."""
    return settings(
        max_examples=most,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases or [Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


# ------------------------------------------------------------------ one schedule


def report(machine: Recorded) -> str:
    """The schedule as a table, and where its traces have been written."""
    recorded = machine.traces()
    lines = [table(machine.events, recorded)]
    for each in recorded:
        path = write(each)
        lines.append(f"Written to {path}\n  model-consensus check-trace {path}")
    return "\n".join(lines)


def write(recorded: Trace) -> Path:
    """Write the trace into ``FAILURES``, under a name that its contents determine."""
    content = repr((recorded.module, show_constants(recorded), recorded.actions, recorded.states))
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / f"{recorded.source}-{digest}.itf.json"
    traces.write(path, recorded)
    return path


def table(events: Iterable[Event], recorded: Iterable[Trace]) -> str:
    """Step number, action, process, and what changed, a line for each change."""
    by_module = {each.module: each for each in recorded}
    rows = [("step", "action", "process", "what changed")]
    for number, each in enumerate(events, 1):
        changed = [""]
        if each.step:
            module, place = each.step
            states = by_module[module].states
            changed = list(changes(states[place - 1], states[place])) or ["nothing"]
        rows.append((str(number), each.action, each.process, changed[0]))
        rows += [("", "", "", line) for line in changed[1:]]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{row[0]:>{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    )
