"""Training runs of the two learners on a real landscape, with Byzantine processes taking part.

A run is driven step by step through the protocol's System, so that it can be recorded and checked
against the specification.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TextIO, cast

from model_consensus import tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.log_writing import Logs
from model_consensus.conformance.trace_writer import TraceWriter
from model_consensus.conformance.traces import Recordable
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
)
from model_consensus.landscapes import Landscape, Vector
from model_consensus.pow_learner import Rules, model_of_tip
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.pow_delayed import DelayedSimulation
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.streamlet import Conditions, Simulation, TobStep
from model_consensus.simulation.tob import simulate
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.systems.tob import Receive, TobSystem


@dataclass(frozen=True)
class Row:
    """What is known of one decided generation.

    :ivar evaluations: models evaluated so far by the correct process that has evaluated most.
    :ivar misbehaviour: proposers banned so far (TOB), or blocks off the longest chain (PoW).
    :ivar accuracy: on the parts of the data, where the landscape has an accuracy; fractions of 1.
    """

    generation: int
    loss: int
    evaluations: int
    misbehaviour: int
    accuracy: dict[str, float]


@dataclass(frozen=True)
class Training:
    """A finished run: a row for each generation, and the last decided model.

    :ivar steps: how many steps it took.
    :ivar banned: the proposers that had been banned when that model was decided, first one first.
    """

    steps: int
    rows: Sequence[Row]
    model: Model
    banned: Sequence[Process] = ()


OnRow = Callable[[Row], None]
OnLog = Callable[[Process, str], None]
PARTS = ("train", "validation", "test")
"""The parts of the data of a landscape that has an accuracy; the search sees the first alone."""


class WithAccuracy(Protocol):
    """What a landscape may have that the search does not need: each generation then reports it."""

    def accuracy(self, model: Vector, part: str) -> float:
        """How good ``model``, int64[d], is on that one of ``PARTS``: a fraction of 1."""
        ...


def short_name(digest: Digest) -> str:
    """What a model is called in a trace: 8 bytes of its digest in hexadecimal."""
    return digest.hex()[:16]


def accuracies(landscape: Landscape, model: Vector) -> dict[str, float]:
    """The accuracy of ``model`` on each part of the data; empty if the landscape has none."""
    if not hasattr(landscape, "accuracy"):
        return {}
    measured = cast(WithAccuracy, landscape)
    return {part: measured.accuracy(model, part) for part in PARTS}


def train(
    setting: Setting,
    landscape: Landscape,
    *,
    on_row: OnRow = lambda row: None,
    receive: Receive = tob_learner.receive,
    on_log: OnLog | None = None,
    trace: TextIO | None = None,
) -> Training:
    """Learn on ``landscape`` as ``setting`` says, Byzantine processes taking part.

    :param on_row: called with each generation as it is decided.
    :param receive: what a learner over Total Order Broadcast or Streamlet does with an offer; that
        of a defective learner may be given.
    :param on_log: called with each line of each correct process's log; see
        :mod:`model_consensus.conformance.log_writing`.  Over proof-of-work there are none.
    :param trace: where the trace is written, as changes, while the run goes on.
    :raises ModelConsensusError: no correct process can go on.
    """
    if setting.protocol == "pow":
        return _train_pow(setting, landscape, on_row, trace)
    one = OneLandscape(CachedSearch(setting.search(landscape)))
    system = TobSystem(
        setting.process_names,
        setting.byzantine_names,
        tob_learner.Rules(setting.lambda_, setting.mu),
        one,
        setting.generations,
        name=short_name,
        receive=receive,
    )
    steps = (_over_streamlet if setting.protocol == "streamlet" else _over_tob)(
        setting, system, one
    )
    if on_log is not None:
        steps = _logged(system, setting, steps, on_log)
    return _train_tob(system, landscape, steps, on_row, trace)


def _logged(
    system: TobSystem, setting: Setting, steps: Iterator[tuple[Any, Any]], on_log: OnLog
) -> Iterator[tuple[Any, Any]]:
    """The same steps, the logs written as they are taken."""
    log = Logs(system, setting.elitist)
    for action, state in steps:
        for process, line in log.lines(action, state):
            on_log(process, line)
        yield action, state


def _over_tob(setting: Setting, system: TobSystem, one: OneLandscape) -> Iterator[tuple[Any, Any]]:
    return simulate(system, one, ATTACKS[setting.attack], setting.seed)


def _over_streamlet(
    setting: Setting, system: TobSystem, one: OneLandscape
) -> Iterator[tuple[Any, Any]]:
    """The learners' steps in a simulated network that loses and delays packets at first."""
    misbehaviour = MISBEHAVIOURS.get(setting.attack, MISBEHAVIOURS["none"])
    attack = ATTACKS["none" if setting.attack in MISBEHAVIOURS else setting.attack]
    run = Simulation(system, one, Conditions(stable=8), misbehaviour, attack, setting.seed)
    epochs = 20 * setting.processes * (setting.generations + 1)
    return ((each.action, each.state) for each in run.run(epochs) if isinstance(each, TobStep))


def _recorded(
    system: Recordable, steps: Iterator[tuple[Any, Any]], trace: TextIO | None
) -> Iterator[Any]:
    """The states of a run, whose steps are written into ``trace`` as they are taken."""
    writer = TraceWriter(trace, system) if trace is not None else None
    for action, state in steps:
        if writer is not None:
            writer.step(action, state)
        yield state


def _train_tob(
    system: TobSystem,
    landscape: Landscape,
    taken: Iterator[tuple[Any, Any]],
    on_row: OnRow,
    trace: TextIO | None,
) -> Training:
    """Record the steps of a run, and what it decides."""
    rows: list[Row] = []
    model = system.genesis
    banned: Sequence[Process] = ()
    steps = -1
    for state in _recorded(system, taken, trace):
        steps += 1
        ahead = max(state.learner.values(), key=lambda learner: learner.model.generation)
        if ahead.model.generation > len(rows):
            rows.append(
                Row(
                    len(rows) + 1,
                    landscape.losses(ahead.model.vector[None])[0],
                    max(learner.evaluations for learner in state.learner.values()),
                    len(ahead.banned),
                    accuracies(landscape, ahead.model.vector),
                )
            )
            model = ahead.model
            banned = ahead.banned
            on_row(rows[-1])
    if len(rows) < (system.generations or 0):
        raise ModelConsensusError(
            f"the run stopped after {len(rows)} generations: {system.rules.lambda_} offers are "
            f"needed and {len(system.correct)} processes are correct"
        )
    return Training(steps, rows, model, list(banned))


def _train_pow(
    setting: Setting, landscape: Landscape, on_row: OnRow, trace: TextIO | None
) -> Training:
    """Learn over proof-of-work leader election."""
    target = (1 << 256) // setting.hashes
    kind = partial(DelayedPowSystem, delta=setting.delay) if setting.delay else PowSystem
    system = kind(
        Rules(setting.process_names, setting.depth, target),
        setting.byzantine_names,
        OneLandscape(CachedSearch(setting.search(landscape))),
        wins=setting.wins,
        byzantine_wins=setting.wins,
        name=short_name,
    )
    chance = STRATEGIES[setting.attack], setting.share, setting.seed
    if isinstance(system, DelayedPowSystem):
        simulation: PowSimulation = DelayedSimulation(system, *chance, setting.interval)
    else:
        simulation = PowSimulation(system, *chance)
    rows: list[Row] = []
    model = system.genesis
    steps = -1
    for state in _recorded(system, simulation.run(setting.wins), trace):
        steps += 1
        ahead = max(state.learner.values(), key=lambda learner: model_of_tip(learner).generation)
        place, new = state.blocks.place(system.decided_block(ahead)), []
        while state.blocks.height(place) > len(rows):
            new.append(place)
            place = state.blocks.parent(place)
        for decided in reversed(new):
            model = system.model(state, decided)
            rows.append(
                Row(
                    len(rows) + 1,
                    landscape.losses(model.vector[None])[0],
                    max(simulation.evaluations.values()),
                    len(state.blocks) - model_of_tip(ahead).generation,
                    accuracies(landscape, model.vector),
                )
            )
            on_row(rows[-1])
    return Training(steps, rows, model)


def describe(training: Training) -> str:
    """The outcome in one line."""
    if not training.rows:
        return "nothing was decided"
    last = training.rows[-1]
    accuracy = "".join(f", {part} {value:.1%}" for part, value in last.accuracy.items())
    banned = []
    for count, name in enumerate(training.banned):
        when = next(row.generation for row in training.rows if row.misbehaviour > count)
        banned.append(f"{name} (in generation {when})")
    return (
        f"{last.generation} generations in {training.steps:,} steps: "
        f"loss {last.loss:,}{accuracy}; {last.evaluations:,} evaluations by one process"
        + (f"; banned: {', '.join(banned)}" if banned else "")
    )
