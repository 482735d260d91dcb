"""What learning over proof-of-work costs a correct process, and what ``settle`` costs.

    python benchmarks/cost_pow.py

Counted: models evaluated for a decided generation, against λ and the adversary's share of the wins,
when it mines in private.  Measured side by side in this one process: the time of a reversal
probability against the depth and the horizon, relative to the first row.
"""

import argparse
import time

from rich.console import Console
from rich.table import Table

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.pow_learner import Rules
from model_consensus.settlement.probability import reversal_probability, reversal_probability_within
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.setting import process_names
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem

WINS, DEPTH = 120, 3


def evaluations(lambda_: int, share: float) -> float:
    """Models that a correct process evaluates for each generation that it has decided.

    Every accepted block costs λ evaluations, the own ones included; so do refused blocks with
    work, of which there are none here.
    """
    names = process_names(4)
    one = OneLandscape(CachedSearch(EvolutionarySearch(Sphere(10), lambda_, lambda_)))
    system = PowSystem(Rules(names, DEPTH), names[3:], one, wins=WINS, byzantine_wins=WINS)
    *_, (_, last) = PowSimulation(system, STRATEGIES["private-chain"], share, seed=1).run(WINS)
    accepted = sum(len(learner.known) for learner in last.learner.values())
    decided = sum(len(system.decided(learner)) - 1 for learner in last.learner.values())
    return lambda_ * accepted / decided


def main() -> None:
    """Print both tables."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    console = Console(width=130)
    shares = (0.0, 0.1, 0.2, 0.3, 0.4)
    table = Table(title=f"evaluations of a process for a decided generation ({WINS} wins, k = 3)")
    for column in ("λ", *(f"share {share:g}" for share in shares)):
        table.add_column(column, justify="right")
    for lambda_ in (5, 20, 80):
        table.add_row(str(lambda_), *(f"{evaluations(lambda_, share):.1f}" for share in shares))
    console.print(table)

    def timed(depth: int, horizon: int | None) -> float:
        started = time.perf_counter()
        if horizon is None:
            reversal_probability(0.3, depth)
        else:
            reversal_probability_within(0.3, depth, horizon)
        return time.perf_counter() - started

    table = Table(title="time of a reversal probability, q = 0.3, relative to the first row")
    for column in ("k", "horizon", "time"):
        table.add_column(column, justify="right")
    rows = [(10, None), (100, None), (1000, None), (10, 100), (10, 400), (100, 400)]
    first = min(timed(*rows[0]) for _ in range(20))
    for depth, horizon in rows:
        best = min(timed(depth, horizon) for _ in range(3))
        table.add_row(
            str(depth), "none" if horizon is None else str(horizon), f"{best / first:,.1f}"
        )
    console.print(table)


if __name__ == "__main__":
    main()
