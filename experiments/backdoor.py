"""What colluders who aim at one class reach: accuracies that no cell of the experiment has."""

from collections.abc import Iterator
from itertools import product
from statistics import fmean

from rich.table import Column, Table

from experiments.cells import BOUND, BUDGET, DRAWS, PROCESSES, SEEDS, workers
from experiments.learners import over_tob
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.simulation.digits import MISREAD, Digits

COMPARED = ("silent", "backdoor")


def measure(run: tuple[int, str, int]) -> list[float]:
    """Of one training: test accuracy, the shares of the class, and the loss of the target."""
    byzantine, attack, seed = run
    landscape = Digits()
    model = over_tob(
        landscape,
        ATTACKS[attack],
        processes=PROCESSES,
        byzantine=byzantine,
        draws=DRAWS,
        budget=BUDGET,
        seed=seed,
    ).vector
    right, wrong = landscape.misread(model, "test")
    (target,) = landscape.target_losses(model[None])
    return [landscape.accuracy(model, "test"), right, wrong, target]


def table(jobs: int) -> Table:
    """The mean over all seeds, for each f, beside Byzantine processes that are silent."""
    read, wanted = MISREAD
    figures = ("test accuracy", f"{read} right", f"{read} as {wanted}", "target")
    found = Table("f", "attack", *(Column(figure, justify="right") for figure in figures))
    for row in _rows(jobs):
        found.add_row(*row)
    return found


def _rows(jobs: int) -> Iterator[tuple[str, ...]]:
    compared = list(product(range(1, BOUND + 1), COMPARED))
    with workers(jobs) as pool:
        measured = pool.map(measure, [(*each, seed) for each in compared for seed in SEEDS])
    for number, (byzantine, attack) in enumerate(compared):
        runs = measured[number * len(SEEDS) : (number + 1) * len(SEEDS)]
        accuracy, right, wrong, target = map(fmean, zip(*runs, strict=True))
        shares = (f"{100 * share:.1f}" for share in (accuracy, right, wrong))
        yield str(byzantine), attack, *shares, f"{target:.3g}"
