"""Training runs of the two learners on a real landscape, with Byzantine processes taking part.

A run is driven step by step through the protocol's System, so that it can be recorded and checked
against the specification.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from model_consensus import tob_learner
from model_consensus.adversaries.pow import Strategy
from model_consensus.adversaries.streamlet import Misbehaviour
from model_consensus.adversaries.tob import Attack
from model_consensus.conformance.traces import Trace, record
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, EvolutionarySearch, Model, Process
from model_consensus.landscapes import Landscape
from model_consensus.pow_learner import Rules
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import simulate_pow
from model_consensus.simulation.streamlet import Conditions, Simulation, TobStep
from model_consensus.simulation.tob import simulate
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
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
    """A finished run: its trace, a row for each generation, and the last decided model."""

    trace: Trace
    rows: Sequence[Row]
    model: Model


OnRow = Callable[[Row], None]
PARTS = ("train", "validation", "test")


def process_names(count: int) -> tuple[Process, ...]:
    """p1, p2, ..., zero-padded so that their order is that of their numbers.

    :raises ModelConsensusError: fewer than one.
    """
    if count < 1:
        raise ModelConsensusError(f"there must be at least one process, not {count}")
    width = len(str(count))
    return tuple(f"p{number:0{width}}" for number in range(1, count + 1))


def short_name(digest: Digest) -> str:
    """What a model is called in a trace: 8 bytes of its digest in hexadecimal."""
    return digest.hex()[:16]


def accuracies(landscape: Landscape, model: Model) -> dict[str, float]:
    """The accuracy of ``model`` on each part of the data; empty if the landscape has none."""
    accuracy = getattr(landscape, "accuracy", None)
    return {part: accuracy(model.vector, part) for part in PARTS} if accuracy else {}


def train_tob(
    landscape: Landscape,
    *,
    processes: int,
    byzantine: int,
    lambda_: int,
    draws: int,
    generations: int,
    attack: Attack,
    seed: int,
    on_row: OnRow = lambda row: None,
    receive: Receive = tob_learner.receive,
) -> Training:
    """Learn over Total Order Broadcast; ``receive`` may be that of a defective learner.

    :raises ModelConsensusError: a parameter is out of its range, or no correct process can go on.
    """
    system, one = _tob_system(landscape, processes, byzantine, lambda_, draws, generations, receive)
    return _train_tob(system, landscape, simulate(system, one, attack, seed), on_row)


def train_streamlet(
    landscape: Landscape,
    *,
    processes: int,
    byzantine: int,
    lambda_: int,
    draws: int,
    generations: int,
    misbehaviour: Misbehaviour,
    attack: Attack,
    seed: int,
    on_row: OnRow = lambda row: None,
    receive: Receive = tob_learner.receive,
) -> Training:
    """Learn over Streamlet, in a simulated network that loses and delays packets at first.

    :raises ModelConsensusError: see :func:`train_tob`.
    """
    system, one = _tob_system(landscape, processes, byzantine, lambda_, draws, generations, receive)
    run = Simulation(system, one, Conditions(stable=8), misbehaviour, attack, seed)
    epochs = 20 * processes * (generations + 1)
    taken = ((each.action, each.state) for each in run.run(epochs) if isinstance(each, TobStep))
    return _train_tob(system, landscape, taken, on_row)


def _tob_system(
    landscape: Landscape,
    processes: int,
    byzantine: int,
    lambda_: int,
    draws: int,
    generations: int,
    receive: Receive,
) -> tuple[TobSystem, OneLandscape]:
    names = process_names(processes)
    one = OneLandscape(CachedSearch(EvolutionarySearch(landscape, draws, lambda_)))
    faulty = names[processes - byzantine :]
    system = TobSystem(names, faulty, lambda_, one, generations, name=short_name, receive=receive)
    return system, one


def _train_tob(
    system: TobSystem, landscape: Landscape, taken: Iterator[tuple[Any, Any]], on_row: OnRow
) -> Training:
    """Record the steps of a run, and what it decides."""
    rows: list[Row] = []
    models = [system.genesis]

    def steps() -> Iterator[tuple[Any, Any]]:
        for action, state in taken:
            yield action, state
            ahead = max(state.learner.values(), key=lambda learner: len(learner.decided))
            if len(ahead.decided) > len(rows) + 1:
                rows.append(
                    Row(
                        len(rows) + 1,
                        landscape.losses(ahead.model.vector[None])[0],
                        max(learner.evaluations for learner in state.learner.values()),
                        len(ahead.banned),
                        accuracies(landscape, ahead.model),
                    )
                )
                models[0] = ahead.model
                on_row(rows[-1])

    trace = record("this run", system, steps())
    if len(rows) < (system.generations or 0):
        raise ModelConsensusError(
            f"the run stopped after {len(rows)} generations: {system.lambda_} offers are needed "
            f"and {len(system.correct)} processes are correct"
        )
    return Training(trace, rows, models[0])


def train_pow(
    landscape: Landscape,
    *,
    processes: int,
    byzantine: int,
    lambda_: int,
    depth: int,
    wins: int,
    target: int,
    strategy: Strategy,
    share: float,
    seed: int,
    on_row: OnRow = lambda row: None,
) -> Training:
    """Learn over proof-of-work leader election.

    :raises ModelConsensusError: a parameter is out of its range.
    """
    names = process_names(processes)
    one = OneLandscape(CachedSearch(EvolutionarySearch(landscape, lambda_, lambda_)))
    system = PowSystem(
        Rules(names, depth, target),
        names[processes - byzantine :],
        one,
        wins=wins,
        byzantine_wins=wins,
        name=short_name,
    )
    rows: list[Row] = []
    models = [system.genesis]

    def steps() -> Iterator[tuple[Any, Any]]:
        for action, state in simulate_pow(system, strategy, share, wins, seed):
            yield action, state
            ahead = max(
                state.learner.values(), key=lambda learner: learner.models[learner.tip].generation
            )
            named = {model.digest: model for model in ahead.models.values()}
            for digest in system.decided(ahead)[len(rows) + 1 :]:
                models[0] = named[digest]
                rows.append(
                    Row(
                        len(rows) + 1,
                        landscape.losses(models[0].vector[None])[0],
                        lambda_ * max(len(each.known) for each in state.learner.values()),
                        len(state.blocks) - ahead.models[ahead.tip].generation,
                        accuracies(landscape, models[0]),
                    )
                )
                on_row(rows[-1])

    return Training(record("this run", system, steps()), rows, models[0])


def describe(training: Training) -> str:
    """The outcome in one line."""
    if not training.rows:
        return "nothing was decided"
    last = training.rows[-1]
    accuracy = "".join(f", {part} {value:.1%}" for part, value in last.accuracy.items())
    return (
        f"{last.generation} generations in {len(training.trace.states) - 1:,} steps: "
        f"loss {last.loss:,}{accuracy}; {last.evaluations:,} evaluations by one process"
    )
