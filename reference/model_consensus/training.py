"""Training runs of the two learners on a real landscape, with Byzantine processes taking part.

A run is driven step by step through the protocol's System, so that it can be recorded and checked
against the specification.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from model_consensus import tob_defects, tob_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    CachedSearch,
    Digest,
    EvolutionarySearch,
    Model,
    Process,
)
from model_consensus.landscapes import Landscape
from model_consensus.lineages import OneLandscape
from model_consensus.pow_adversary import Strategy
from model_consensus.pow_learning import Rules
from model_consensus.pow_simulation import simulate_pow
from model_consensus.pow_system import PowSystem
from model_consensus.tob_adversary import Attack
from model_consensus.tob_simulator import simulate
from model_consensus.tob_system import TobSystem
from model_consensus.traces import Trace, record


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
    verified: bool = True,
) -> Training:
    """Learn over Total Order Broadcast.

    With ``verified`` false the learners believe every claim: the defect shows what verification
    is for.

    :raises ModelConsensusError: a parameter is out of its range, or no correct process can go on.
    """
    names = process_names(processes)
    one = OneLandscape(CachedSearch(EvolutionarySearch(landscape, draws, lambda_)))
    system = TobSystem(
        names,
        names[processes - byzantine :],
        lambda_,
        one,
        generations,
        name=short_name,
        receive=tob_learner.receive if verified else tob_defects.unverified,
    )
    rows: list[Row] = []
    models = [system.genesis]

    def steps() -> Iterator[tuple[Any, Any]]:
        for action, state in simulate(system, one, attack, seed):
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
    if len(rows) < generations:
        raise ModelConsensusError(
            f"the run stopped after {len(rows)} generations: {lambda_} offers are needed and "
            f"{processes - byzantine} processes are correct"
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
