"""What learning over Total Order Broadcast costs a correct process, beside (1,λ) and whole models.

    python benchmarks/cost_tob.py

Counted, not timed, in fault-free and in attacked runs on the sphere, all in one process: models
evaluated, offers handled and bytes received, for a process and a generation.  Beside the learner
with recombined draws and a blend of μ = λ - f offers stands the one with single draws and μ = 1,
which is (1,λ); and a broadcast that ships whole models (8 bytes a coordinate) instead of tickets.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import process_names
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet.offers import encode_offer
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Deliver, TobSystem
from model_consensus.tob_learner import Rules

GENERATIONS = 15
COORDINATE = 8
"""Bytes of a coordinate of a shipped model, an int64."""


@dataclass(frozen=True)
class Cost:
    """For a correct process and a generation, on average."""

    evaluations: float
    offers: float
    bytes: float


@dataclass(frozen=True)
class Instance:
    """A run: n processes, f of them Byzantine, λ = n - f, and a sphere."""

    n: int
    f: int
    draws: int
    dimension: int
    attack: str


def measure(instance: Instance, mu: int, *, recombines: bool) -> Cost:
    """Run and count."""
    names, lambda_ = process_names(instance.n), instance.n - instance.f
    sphere = Sphere(instance.dimension)
    search = EvolutionarySearch(sphere, instance.draws, lambda_, mu, recombines)
    one = OneLandscape(CachedSearch(search))
    system = TobSystem(names, names[lambda_:], Rules(lambda_, mu), one, GENERATIONS)
    offers = size = 0
    before = None
    for action, state in simulate(system, one, ATTACKS[instance.attack], seed=1):
        if isinstance(action, Deliver):
            assert before is not None
            offers += 1
            size += len(encode_offer(before.broadcast.inbox[action.process][0]))
        before = state
    assert before is not None
    learners = before.learner.values()
    evaluations = sum(learner.evaluations for learner in learners)
    each = len(learners) * GENERATIONS
    return Cost(evaluations / each, offers / each, size / each)


INSTANCES: Sequence[Instance] = (
    Instance(4, 1, 16, 10, "none"),
    Instance(4, 1, 16, 10, "under-claim"),
    Instance(4, 1, 16, 10, "flood"),
    Instance(4, 1, 4, 10, "none"),
    Instance(4, 1, 64, 10, "none"),
    Instance(4, 1, 16, 1_000, "none"),
    Instance(4, 1, 16, 30_000, "none"),
    Instance(7, 2, 16, 10, "none"),
    Instance(7, 2, 16, 10, "under-claim"),
    Instance(10, 3, 16, 10, "none"),
    Instance(16, 5, 16, 10, "none"),
)


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    table = Table(title=f"a correct process, a generation (mean of {GENERATIONS})")
    for column in ("n", "f", "λ", "μ", "draws", "dimension", "attack"):
        table.add_column(column, justify="right")
    for column in ("evaluations", "(1,λ)", "offers", "bytes", "(1,λ)", "if models are shipped"):
        table.add_column(column, justify="right")
    for instance in INSTANCES:
        n, f, dimension = instance.n, instance.f, instance.dimension
        mu = n - 2 * f
        ours = measure(instance, mu, recombines=True)
        single = measure(instance, 1, recombines=False)
        shipped = single.bytes + COORDINATE * dimension * single.offers
        table.add_row(
            *map(str, (n, f, n - f, mu, instance.draws, dimension, instance.attack)),
            f"{ours.evaluations:.2f}",
            f"{single.evaluations:.2f}",
            f"{ours.offers:.1f}",
            f"{ours.bytes:,.0f}",
            f"{single.bytes:,.0f}",
            f"{shipped:,.0f}",
        )
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
