"""What more processes are worth over proof-of-work, if each evaluates as many models as before."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from rich.table import Column, Table

from experiments.cells import BUDGET, POW_DRAWS, workers
from experiments.learners import over_pow
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.simulation.digits import Digits

SIZES = (1, 2, 4, 8, 16, 32)
SEEDS = range(1, 6)
"""Half of those of the experiment: 32 processes take ten times as long as 7."""
ATTACK = "least-step"


@dataclass(frozen=True)
class Training:
    """What came of one run.

    :ivar losses: of the decided models, the genesis first.
    :ivar accuracy: of the last of them on the test rows, a fraction of 1.
    """

    losses: list[int]
    accuracy: float

    def generations_to(self, loss: float) -> int:
        """How many decisions it took to be there or below; all and one more if it never was."""
        reached = (number for number, each in enumerate(self.losses) if each <= loss)
        return next(reached, len(self.losses))


def measure(run: tuple[int, int, int]) -> Training:
    """So many processes, so many of them Byzantine, and the seed."""
    processes, byzantine, seed = run
    landscape = Digits()
    models = over_pow(
        landscape,
        STRATEGIES[ATTACK],
        processes=processes,
        byzantine=byzantine,
        draws=POW_DRAWS,
        budget=BUDGET,
        seed=seed,
    )
    losses = landscape.losses(np.stack([model.vector for model in models]))
    return Training(losses, landscape.accuracy(models[-1].vector, "test"))


def table(jobs: int) -> Table:
    """The mean over all seeds by the number of processes, a quarter of them Byzantine or none."""
    figures = ("generations", "test accuracy", "loss", "generations to the loss of one alone")
    found = Table("n", "f", *(Column(figure, justify="right") for figure in figures))
    for row in _rows(jobs):
        found.add_row(*row)
    return found


def _rows(jobs: int) -> Iterator[tuple[str, ...]]:
    compared = [(n, f) for n in SIZES for f in sorted({0, n // 4})]
    runs = [(*each, seed) for each in compared for seed in SEEDS]
    with workers(jobs) as pool:
        measured = dict(zip(runs, pool.map(measure, runs, chunksize=1), strict=True))
    alone = fmean(measured[1, 0, seed].losses[-1] for seed in SEEDS)
    for processes, byzantine in compared:
        trained = [measured[processes, byzantine, seed] for seed in SEEDS]
        yield (
            str(processes),
            str(byzantine),
            f"{fmean(len(each.losses) - 1 for each in trained):.1f}",
            f"{100 * fmean(each.accuracy for each in trained):.1f}",
            f"{fmean(each.losses[-1] for each in trained) / alone:.2f}",
            f"{fmean(each.generations_to(alone) for each in trained):.1f}",
        )
