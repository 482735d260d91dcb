"""What learning over Total Order Broadcast costs a correct process, beside two baselines.

    python benchmarks/cost_tob.py

Counted, not timed, in fault-free and in attacked runs on the sphere, all in one process: models
evaluated besides the own draws, offers handled and bytes received, for a process and a generation.
The baselines: learners that evaluate all λ accepted offers instead of the winner alone, and a
broadcast that ships whole models (8 bytes a coordinate) instead of their lineage.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table

from model_consensus import tob_learner
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.evolutionary_search import EvolutionarySearch, Search
from model_consensus.landscapes import Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import process_names
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet.offers import encode_offer
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Deliver, Receive, TobSystem
from model_consensus.tob_learner import Learner, Offer

GENERATIONS = 15
COORDINATE = 8
"""Bytes of a coordinate of a shipped model, an int64."""


def evaluate_all(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """The baseline: every accepted offer is evaluated when a selection is made."""
    after = tob_learner.receive(search, lambda_, learner, offer)
    if len(after.decided) == len(learner.decided):
        return after
    return replace(after, evaluations=after.evaluations + lambda_ - 1)


@dataclass(frozen=True)
class Cost:
    """For a correct process and a generation, on average."""

    evaluations: float
    offers: float
    bytes: float


def measure(
    n: int, f: int, lambda_: int, dimension: int, attack: str, receive: Receive, *, whole: bool
) -> Cost:
    """Run and count; ``whole`` ships models with the offers."""
    names = process_names(n)
    one = OneLandscape(CachedSearch(EvolutionarySearch(Sphere(dimension), 1, lambda_)))
    system = TobSystem(names, names[n - f :], lambda_, one, GENERATIONS, receive=receive)
    offers = size = 0
    before = None
    for action, state in simulate(system, one, ATTACKS[attack], seed=1):
        if isinstance(action, Deliver):
            assert before is not None
            offer = before.broadcast.inbox[action.process][0]
            offers += 1
            size += len(encode_offer(offer)) + (COORDINATE * dimension if whole else 0)
        before = state
    assert before is not None
    learners = before.learner.values()
    evaluations = sum(learner.evaluations - learner.offered for learner in learners)
    each = len(learners) * GENERATIONS
    return Cost(evaluations / each, offers / each, size / each)


SETTINGS: Sequence[tuple[int, int, int, int]] = (
    # n, f, λ, dimension
    (4, 1, 3, 10),
    (4, 1, 3, 1_000),
    (4, 1, 3, 30_000),
    (10, 3, 7, 1_000),
    (16, 5, 11, 1_000),
)


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    table = Table(title=f"a correct process, a generation (mean of {GENERATIONS})")
    for column in ("n", "f", "λ", "dimension", "attack"):
        table.add_column(column, justify="right")
    for column in ("evaluations", "if all λ are", "offers", "bytes", "if models are shipped"):
        table.add_column(column, justify="right")
    for n, f, lambda_, dimension in SETTINGS:
        for attack in ("none", "under-claim", "flood"):
            if attack == "flood" and (n, dimension) != (4, 1_000):
                continue
            setting = (n, f, lambda_, dimension, attack)
            ours = measure(*setting, tob_learner.receive, whole=False)
            everything = measure(*setting, evaluate_all, whole=False)
            shipped = measure(*setting, tob_learner.receive, whole=True)
            table.add_row(
                *map(str, setting),
                f"{ours.evaluations:.2f}",
                f"{everything.evaluations:.2f}",
                f"{ours.offers:.1f}",
                f"{ours.bytes:,.0f}",
                f"{shipped.bytes:,.0f}",
            )
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
