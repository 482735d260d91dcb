"""How many generations OneMax takes under the worst order, beside the bound that is proved.

    python benchmarks/convergence.py

Elitist, single draws, μ = 1.  The bound is that of ``model_consensus.simulation.convergence``: the
expected number of generations is at most this, for every adversary that does not look ahead.
Measured are runs of the real learners under the attack ``worst-order``.
"""

import argparse
from statistics import fmean

from rich.console import Console
from rich.table import Table

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.convergence import Instance, leaves_by_union, most_generations
from model_consensus.simulation.setting import process_names
from model_consensus.simulation.tob import simulate
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tob_learner import Rules

INSTANCES = (
    Instance(1, 0, 1, 17, 16),
    Instance(4, 0, 4, 17, 16),
    Instance(4, 1, 3, 17, 16),
    Instance(7, 2, 5, 17, 16),
    Instance(7, 3, 4, 17, 16),
    Instance(7, 3, 4, 65, 16),
)


def generations(instance: Instance, seed: int) -> int:
    """The generations that a run takes until all bits are one."""
    names = process_names(instance.n, f"seed {seed} p")
    search = EvolutionarySearch(
        OneMax(instance.bits), instance.draws, instance.lambda_, elitist=True
    )
    one = OneLandscape(CachedSearch(search))
    byzantine = names[instance.n - instance.f :]
    system = TobSystem(names, byzantine, Rules(instance.lambda_), one, name=bytes.hex)
    for _, state in simulate(system, one, ATTACKS["worst-order"], seed):
        model = max((each.model for each in state.learner.values()), key=lambda m: m.generation)
        if model.vector.all():
            return model.generation
    raise AssertionError("the run has no end")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10, help="runs (default: %(default)s)")
    seeds = range(parser.parse_args().seeds)
    table = Table(title="generations until all bits are one")
    for column in ("n", "f", "λ", "draws", "bits", "measured", "bound", "by the union bound"):
        table.add_column(column, justify="right")
    for instance in INSTANCES:
        try:
            union = f"{float(most_generations(instance, leaves_by_union)):,.1f}"
        except ZeroDivisionError:
            union = "none"
        table.add_row(
            *map(str, (instance.n, instance.f, instance.lambda_, instance.draws, instance.bits)),
            f"{fmean(generations(instance, seed) for seed in seeds):.1f}",
            f"{float(most_generations(instance)):,.1f}",
            union,
        )
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
