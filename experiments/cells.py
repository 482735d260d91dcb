"""The cells of the experiment, each one training run, and the file of results that they fill.

A finished cell is a line of a CSV file, appended at once: an interrupted experiment goes on where
it stopped.  A cell is a pure function of its line's first five columns.
"""

import csv
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from multiprocessing.pool import Pool
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from experiments import strategies
from experiments.aggregators import AGGREGATORS
from experiments.learners import over_pow, over_tob
from experiments.strategies import GRADIENT_ATTACKS, Settings
from model_consensus import tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.files import whole_file
from model_consensus.defects.tob import unverified
from model_consensus.errors import ModelConsensusError
from model_consensus.simulation.digits import Digits

PROCESSES, BUDGET, DRAWS = 7, 1600, 16
"""n; the models that a correct process may evaluate in a run, and its draws in a generation."""
POW_DRAWS = DRAWS // 2
"""Over proof-of-work, where a process evaluates as many of nobody's."""
BOUND = (PROCESSES - 1) // 2
"""The greatest f: n > 2f is what λ - f >= 1, the aggregators and proof-of-work all need."""
SEEDS = range(1, 11)
NO_ATTACK = "none"
ATTACKS_OF: Mapping[str, Sequence[str]] = {
    "tob": [
        "silent",
        "under-claim",
        "inside-claim",
        "over-claim",
        "worst-offspring",
        "late-offer",
        "collusion",
        "adaptive",
        "worst-order",
        "look-ahead",
        "adaptive-order",
        "backdoor",
    ],
    "tob-unverified": ["under-claim", "inside-claim", "late-offer", "collusion"],
    "tob-resplit": ["worst-order", "look-ahead"],
    "alone": [],
    "alone-resplit": [],
    "pow": [name for name in STRATEGIES if name not in ("honest", "partition")],
    "pow-resplit": ["selfish", "balance"],
    "pow-alone": [],
    "pow-alone-resplit": [],
    **{f"es-{name}": list(GRADIENT_ATTACKS) for name in AGGREGATORS},
}
"""The methods, and the attacks on each.

Attacks that are refused at once, before anything is evaluated, come to the same as silence and are
left out, as is the one that needs a network with delay.
"""


@dataclass(frozen=True, order=True)
class Cell:
    """One run: which learner, with what settings, attacked by whom and how."""

    method: str
    settings: str
    byzantine: int
    attack: str
    seed: int


@dataclass(frozen=True)
class Result:
    """The accuracies that a cell reached, fractions of 1."""

    cell: Cell
    validation: float
    test: float


HEADER = [*(field.name for field in fields(Cell)), "validation", "test"]


def settings_text(settings: Settings | None = None, draws: int = DRAWS) -> str:
    """What fixes a cell besides its method, attack and seed."""
    text = f"n={PROCESSES} budget={BUDGET} draws={draws}"
    if settings is None:
        text += " recombined"
    else:
        text += f" sigma={settings.sigma:g} rate={settings.rate:g} {settings.optimizer}"
    return text


def draws_of(method: str) -> int:
    """The draws of a process in a generation."""
    return POW_DRAWS if method.startswith("pow") else DRAWS


def cells_of(
    method: str, seeds: Iterable[int], bounds: Iterable[int], settings: Settings | None
) -> list[Cell]:
    """Without an attack and then, for each f in ``bounds``, under each attack."""
    seeds, text = list(seeds), settings_text(settings, draws_of(method))
    attacked = product(bounds, ATTACKS_OF[method])
    return [
        Cell(method, text, f, attack, seed)
        for f, attack in [(0, NO_ATTACK), *attacked]
        for seed in seeds
    ]


def run_cell(cell: Cell) -> Result:
    """Train and measure."""
    landscape = Digits(cell.seed if cell.method.endswith("-resplit") else 0)
    processes = 1 if "alone" in cell.method else PROCESSES
    common = {"processes": processes, "byzantine": cell.byzantine, "draws": draws_of(cell.method)}
    if cell.method.startswith("es-"):
        *_, sigma, rate, optimizer = cell.settings.split()
        weights = strategies.train(
            AGGREGATORS[cell.method.removeprefix("es-")],
            GRADIENT_ATTACKS.get(cell.attack),
            Settings(float(sigma.partition("=")[2]), float(rate.partition("=")[2]), optimizer),
            generations=BUDGET // DRAWS,
            seed=cell.seed,
            **common,
        )
        return Result(
            cell,
            strategies.accuracy(weights, "validation"),
            strategies.accuracy(weights, "test"),
        )
    if cell.method.startswith("pow"):
        strategy = STRATEGIES["honest" if cell.attack == NO_ATTACK else cell.attack]
        *_, model = over_pow(landscape, strategy, budget=BUDGET, seed=cell.seed, **common)
    else:
        receive = unverified if cell.method == "tob-unverified" else tob_learner.receive
        attack = ATTACKS[cell.attack]
        model = over_tob(
            landscape, attack, budget=BUDGET, seed=cell.seed, receive=receive, **common
        )
    return Result(
        cell,
        landscape.accuracy(model.vector, "validation"),
        landscape.accuracy(model.vector, "test"),
    )


def read_results(path: Path) -> list[Result]:
    """The finished cells; a last line that was cut off does not count.

    :raises ModelConsensusError: the file cannot be read or is something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelConsensusError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ModelConsensusError(f"{path}: not a text file in UTF-8") from None
    try:
        lines = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
    except csv.Error as error:
        raise ModelConsensusError(f"{path}: not a CSV file: {error}") from None
    if lines and lines[0] != HEADER:
        raise ModelConsensusError(f"{path}: line 1: not the results of an experiment")
    results = []
    for number, line in enumerate(lines[1:], 2):
        try:
            method, settings, byzantine, attack, seed, validation, test = line
            cell = Cell(method, settings, int(byzantine), attack, int(seed))
            results.append(Result(cell, float(validation), float(test)))
        except ValueError:
            raise ModelConsensusError(f"{path}: line {number}: not a result") from None
    return results


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write them in the order of their cells; the file appears whole or not at all."""
    with whole_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(map(_line, sorted(results, key=lambda result: result.cell)))


def _line(result: Result) -> list[object]:
    return [*asdict(result.cell).values(), f"{result.validation:.6f}", f"{result.test:.6f}"]


def workers(jobs: int) -> Pool:
    """So many processes, which leave Ctrl-C to this one."""
    # A spawned process has no copy of this one's threads, and is the same on every system.
    context = multiprocessing.get_context("spawn")
    return context.Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN))


def run_cells(
    path: Path,
    cells: Sequence[Cell],
    jobs: int,
    console: Console,
    run: Callable[[Cell], Result] = run_cell,
) -> dict[Cell, Result]:
    """Run the cells that ``path`` does not have, in ``jobs`` processes; the results of all cells.

    :param run: what is done with a cell; importable, as it is called in other processes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {result.cell: result for result in read_results(path)} if path.exists() else {}
    write_results(path, known.values())  # a line that was cut off is gone
    missing = [cell for cell in cells if cell not in known]
    columns = (
        TextColumn("cells"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with (
        path.open("a", encoding="utf-8", newline="") as file,
        workers(jobs) as pool,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("", total=len(cells), completed=len(cells) - len(missing))
        writer = csv.writer(file, lineterminator="\n")
        for result in pool.imap_unordered(run, missing):
            writer.writerow(_line(result))
            file.flush()
            known[result.cell] = result
            cell = result.cell
            news = f"{cell.method} f={cell.byzantine} {cell.attack}: test {result.test:.1%}"
            progress.update(task, advance=1, description=news)
    return {cell: known[cell] for cell in cells}
