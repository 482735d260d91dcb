"""Reading recorded executions, whole or in windows.

A long trace of changes is cut at its whole states.  Each window begins in the state in which the
last one ended.  The steps of TobLearning depend on what was decided long ago through the last
decided models only: the genesis of its window is the last model but one that all had decided.  One
over proof-of-work has those blocks alone to which its steps refer, and its genesis is the model
below them.  docs/traces.md says why nothing is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from model_consensus.conformance import traces
from model_consensus.conformance.left_out import NOTHING, LeftOut
from model_consensus.conformance.trace_blocks import EarlierBlocks
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_lines import (
    LEFT_OUT,
    Head,
    RecordedStep,
    Seam,
    is_trace_of_changes,
    read_lines,
)
from model_consensus.conformance.traces import LARGEST_FILE, Origin, Trace, Work
from model_consensus.tla.values import Function, Value


def read(path: Path) -> Trace:
    """A trace of either format, whole.

    :raises TraceError: the file cannot be read, or it is not a trace.
    """
    if not is_trace_of_changes(path):
        return traces.read(path)
    head, lines = read_lines(path)
    window, size = _Window(head), 0
    for line in lines:
        if isinstance(line, Seam):
            window.check_models(line)
            window.leaves_out(line)
            continue
        size += line.size
        if size > LARGEST_FILE:
            raise TraceError(f"{path}: larger than {LARGEST_FILE:,} bytes")
        window.add(line)
    return window.trace()


def read_windows(path: Path, times: int = 1) -> Iterator[Trace]:
    """The windows of a trace of either format, in order; one that cannot be cut is one window.

    :param times: by how much the limits on what is read are raised.
    :raises TraceError: the file cannot be read, or it is not a trace; also while windows are asked
        for.
    """
    if not is_trace_of_changes(path):
        yield traces.read(path, times)
        return
    head, lines = read_lines(path, times)
    window, size = _Window(head), 0
    for line in lines:
        if isinstance(line, Seam):
            window.check_models(line)
            if head.module in LEFT_OUT:
                yield window.trace()
                window, size = window.after(line), 0
            continue
        size += line.size
        if size > LARGEST_FILE * times:
            raise TraceError(
                f"{path}: larger than {LARGEST_FILE * times:,} bytes without a state where it can "
                "be cut"
            )
        window.add(line)
    if len(window.states) > 1 or not window.first:
        yield window.trace()


@dataclass
class _Window:
    """What has been read of a window.

    :ivar genesis: its genesis model, of the generation ``since``.
    :ivar first: the index of its first state in the trace.
    :ivar models: those of this generation and later ones.
    :ivar generation: that of each of them, and of the genesis.
    :ivar past: the names of earlier models.
    :ivar current: the models of the last whole state, and those that came since then.
    :ivar of_blocks: the models of blocks that are left out, and more.
    :ivar decided: what the states' outputs lack at their beginning, where the trace is read whole.
    :ivar earlier: the blocks that the states lack, where the trace is read whole.
    :ivar again: whether models that were left out may be evaluated again.
    :ivar nonces: of all blocks so far.
    """

    head: Head
    genesis: str = ""
    since: int = 0
    first: int = 0
    models: dict[str, Origin] = field(default_factory=dict)
    generation: dict[str, int] = field(default_factory=dict)
    drawn: dict[tuple[str, Value], str] = field(default_factory=dict)
    past: set[str] = field(default_factory=set)
    current: set[str] = field(default_factory=set)
    of_blocks: dict[str, Origin] = field(default_factory=dict)
    left_out: LeftOut = NOTHING
    decided: tuple[Value, ...] = ()
    earlier: EarlierBlocks | None = None
    again: bool = False
    actions: list[str] = field(default_factory=list)
    arguments: list[dict[str, Value]] = field(default_factory=list)
    states: list[Function] = field(default_factory=list)
    nonces: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.genesis:
            self.genesis = self.head.genesis
            self.generation[self.genesis] = 0

    def add(self, step: RecordedStep) -> None:
        """Take a step."""
        for name, origin in step.models.items():
            self._add_model(f"{self.head.source}: step {step.index}: model {name}", name, origin)
        self.actions.append(step.action)
        arguments, state = step.arguments, _with_decided(step.state, self.decided)
        if self.earlier is not None:
            arguments, state = self.earlier.named(arguments), self.earlier.whole(state)
        self.arguments.append(dict(arguments))
        self.states.append(state)
        self.nonces += step.nonces

    def _add_model(self, where: str, name: str, origin: Origin) -> None:
        if self.again and self.models.get(name) == origin:
            self.current.add(name)
            return
        if name in self.generation or name in self.past:
            raise TraceError(f"{where}: another model is called {name} too")
        if origin.parent in self.past:  # it comes too late to matter
            self.past.add(name)
            return
        if origin.parent not in self.generation:
            raise TraceError(f"{where}: its parent {origin.parent} does not stand before it")
        other = self.drawn.setdefault((origin.parent, origin.step), name)
        if other != name:
            raise TraceError(
                f"{self.head.source}: the models {other} and {name} have the same parent and the "
                f"same step, which fix one offspring"
            )
        self.models[name] = origin
        self.current.add(name)
        self.generation[name] = self.generation[origin.parent] + 1

    def check_models(self, seam: Seam) -> None:
        """Refuse a whole state with other models than the steps before it had."""
        listed = {*seam.models.items()}
        current = (name for name in self.current if self.generation[name] >= seam.generation)
        known = {(name, self.models[name]) for name in current}
        old = set() if seam.left_out else {*self.of_blocks.items()}
        if not known <= listed <= known | old:
            raise TraceError(f"{seam.where}: the models are not those of the steps before it")
        self.current = {*seam.models}
        steps = {block["step"] for block in seam.gone}  # type: ignore
        of_blocks = {n: o for n, o in self.models.items() if o.step in steps}
        self.of_blocks.update(of_blocks)

    def after(self, seam: Seam) -> "_Window":
        """The window that begins at ``seam``."""
        if seam.generation < self.since:
            return self._from_the_beginning(seam)
        genesis: Value = self.genesis
        if seam.generation > self.since:
            genesis = _outputs(seam.state)[0][0]
        assert isinstance(genesis, str)
        kept = {n: g for n, g in self.generation.items() if g >= seam.generation}
        self.past.update(self.generation.keys() - kept.keys())
        return _Window(
            self.head,
            genesis,
            seam.generation,
            self.first + len(self.states) - 1,
            {n: o for n, o in self.models.items() if n in kept},
            kept,
            {key: n for key, n in self.drawn.items() if n in kept},
            self.past,
            self.current,
            self.of_blocks,
            seam.earlier.left_out,
            actions=[""],
            arguments=[{}],
            states=[seam.state],
            nonces=self.nonces,
        )

    def _from_the_beginning(self, seam: Seam) -> "_Window":
        """The window that begins at ``seam``, which leaves nothing out."""
        window = _Window(
            self.head,
            first=self.first + len(self.states) - 1,
            of_blocks=self.of_blocks,
            actions=[""],
            arguments=[{}],
            states=[seam.state],
            nonces=self.nonces,
        )
        for name, origin in seam.models.items():
            window._add_model(f"{seam.where}: model {name}", name, origin)
        return window

    def leaves_out(self, seam: Seam) -> None:
        """Note what the states after ``seam`` have not."""
        if self.head.module == "TobLearning":
            self.decided = _outputs(self.states[-1])[0][: seam.generation]
        else:
            self.earlier, self.again = seam.earlier, seam.left_out == 0

    def trace(self) -> Trace:
        """The window as a trace."""
        target = self.head.target
        return Trace(
            self.head.source,
            self.head.module,
            self.head.constants,
            self.genesis,
            {n: o for n, o in self.models.items() if n != self.genesis},
            self.actions,
            self.states,
            self.arguments,
            Work(target, self.nonces[self.left_out.blocks :]) if target is not None else None,
            self.first,
            self.since,
            self.past,
            self.left_out,
        )


def _outputs(state: Function) -> list[tuple[Value, ...]]:
    """What the learners of a state have decided."""
    if "decided" in state:
        return list(state["decided"].values())  # type: ignore
    learners, outputs = state["learner"], []
    assert isinstance(learners, Function)
    for learner in learners.values():
        assert isinstance(learner, Function)
        outputs.append(learner["decided"])
    return outputs  # type: ignore[return-value]


def _with_decided(state: Function, decided: tuple[Value, ...]) -> Function:
    """A state of TobLearning whose learners' outputs begin with ``decided``."""
    if not decided:
        return state
    learners = state["learner"]
    if not isinstance(learners, Function):
        return state
    records: dict[Value, Value] = {}
    for process, learner in learners.items():
        records[process] = learner
        if isinstance(learner, Function) and isinstance(learner.get("decided"), tuple):
            output = (*decided, *learner["decided"])  # type: ignore[misc]
            records[process] = Function({**learner, "decided": output})
    return Function({**state, "learner": Function(records)})
