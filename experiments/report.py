"""The figure and the tables of docs/experiments.md, from the results of finished cells."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import nan
from pathlib import Path
from statistics import fmean, stdev

from experiments.cells import ATTACKS_OF, BOUND, NO_ATTACK, Result, write_results
from model_consensus.errors import ModelConsensusError

DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT, RESULTS, FIGURE = (
    DOCS / "experiments.md",
    DOCS / "experiments" / "results.csv",
    DOCS / "experiments" / "worst_attack.svg",
)
_PLACE = re.compile(r"(?s)(<!-- results -->\n).*?(<!-- end -->)")
LABELS = {
    "tob": "ours, Total Order Broadcast",
    "tob-resplit": "the same on fresh splits of the data",
    "tob-unverified": "the same, claims not verified",
    "alone": "one process alone, recombining",
    "alone-resplit": "the same on fresh splits of the data",
    "pow": "ours, proof-of-work",
    "pow-resplit": "the same on fresh splits of the data",
    "pow-alone": "the same with one process alone",
    "pow-alone-resplit": "one process alone on fresh splits of the data",
    "es-mean": "ES, mean",
    "es-median": "ES, median",
    "es-trimmed-mean": "ES, trimmed mean",
    "es-krum": "ES, Krum",
    "es-multi-krum": "ES, multi-Krum",
    "es-geometric-median": "ES, geometric median",
    "es-nnm": "ES, NNM and trimmed mean",
}


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and its 95% interval, mean ± ``half`` by Student's t; fractions of 1.

    ``half`` is nan for a single seed.
    """

    mean: float
    half: float

    def __str__(self) -> str:
        """In per cent."""
        return f"{100 * self.mean:.1f} ± {100 * self.half:.1f}"


def estimate(values: Sequence[float]) -> Estimate:
    """Of at least one value."""
    from scipy.stats import t

    if len(values) == 1:
        return Estimate(values[0], float("nan"))
    quantile = float(t.ppf(0.975, len(values) - 1))
    return Estimate(fmean(values), quantile * stdev(values) / len(values) ** 0.5)


Estimates = Mapping[tuple[str, int, str], Estimate]
"""Test accuracy by method, f and attack."""


def estimates(results: Iterable[Result]) -> Estimates:
    """Over the seeds that there are."""
    groups: dict[tuple[str, int, str], list[float]] = {}
    for result in results:
        cell = result.cell
        groups.setdefault((cell.method, cell.byzantine, cell.attack), []).append(result.test)
    return {key: estimate(values) for key, values in groups.items()}


def worst(of: Estimates, method: str, byzantine: int) -> tuple[str, Estimate] | None:
    """The attack with the least mean, and that; None if nothing has run."""
    attacks = [(key[2], value) for key, value in of.items() if key[:2] == (method, byzantine)]
    return min(attacks, key=lambda attack: (attack[1].mean, attack[0]), default=None)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def tables(results: Sequence[Result]) -> str:
    """All tables of at least one result, in Markdown."""
    of = estimates(results)
    bounds = range(1, BOUND + 1)

    def entry(method: str, byzantine: int, attack: str) -> str:
        return str(of.get((method, byzantine, attack), ""))

    def worst_entry(method: str, byzantine: int) -> str:
        found = worst(of, method, byzantine)
        return f"{found[1]} ({found[0]})" if found else ""

    methods = [method for method in LABELS if any(key[0] == method for key in of)]
    groups = Counter((r.cell.method, r.cell.byzantine, r.cell.attack) for r in results)
    fewest, most = min(groups.values()), max(groups.values())
    seeds = f"{most}" if fewest == most else f"{fewest} to {most}"
    parts = [
        f"{len(results):,} runs, {seeds} seeds each. Test accuracy in per cent, mean and 95% "
        "interval over the seeds.\n\n**Under the attack that is worst for the method**:\n",
        _table(
            ["", "no attack", *(f"f = {f}" for f in bounds)],
            (
                [
                    LABELS[method],
                    entry(method, 0, NO_ATTACK),
                    *(worst_entry(method, f) for f in bounds),
                ]
                for method in methods
            ),
        ),
        "**Over Total Order Broadcast**, claims verified, and not verified:\n",
        _table(
            ["attack", *(f"f = {f}" for f in bounds), *(f"not verified, f = {f}" for f in bounds)],
            (
                [
                    attack,
                    *(
                        entry(method, f, attack)
                        for method in ("tob", "tob-unverified")
                        for f in bounds
                    ),
                ]
                for attack in ATTACKS_OF["tob"]
            ),
        ),
        "**Over proof-of-work**, with a share f / n of the wins:\n",
        _table(
            ["attack", *(f"f = {f}" for f in bounds)],
            ([attack, *(entry("pow", f, attack) for f in bounds)] for attack in ATTACKS_OF["pow"]),
        ),
        "**Evolution strategies**:\n",
        _table(
            ["attack", *(LABELS[m].removeprefix("ES, ") for m in methods if m.startswith("es-"))],
            (
                [f"{attack}, f = {f}", *(entry(m, f, attack) for m in methods if m[:3] == "es-")]
                for attack in ATTACKS_OF["es-mean"]
                for f in bounds
            ),
        ),
    ]
    return "\n".join(parts)


def updated(text: str, results: Sequence[Result]) -> str:
    """The document with the tables between its marks made again."""
    return _PLACE.sub(lambda found: found[1] + tables(results) + found[2], text)


def draw(results: Sequence[Result], path: Path) -> None:
    """A heat map as SVG: the accuracy of each method by f, and the attack that is worst for it."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "model-consensus"  # the same bytes each time
    from matplotlib import pyplot as plt

    of = estimates(results)
    methods = [method for method in LABELS if any(key[0] == method for key in of)]
    shown = [[worst(of, method, f) for f in range(BOUND + 1)] for method in methods]
    accuracies = [[100 * found[1].mean if found else nan for found in row] for row in shown]
    figure, axes = plt.subplots(figsize=(7.5, 1.2 + 0.46 * len(methods)), layout="constrained")
    image = axes.imshow(accuracies, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for row, column in product(range(len(methods)), range(BOUND + 1)):
        found = shown[row][column]
        if found:
            attack, accuracy = found
            text = f"{100 * accuracy.mean:.1f}"
            text += f"\n{attack}" if attack != NO_ATTACK else ""
            color = "black" if accuracy.mean > 0.5 else "white"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    axes.set_title("Test accuracy in per cent under the worst attack, which is named", fontsize=10)
    axes.set_xticks(range(BOUND + 1), ["no attack", *(f"f = {f}" for f in range(1, BOUND + 1))])
    axes.set_yticks(range(len(methods)), [LABELS[method] for method in methods])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    baselines = sum(not method.startswith("es-") for method in methods)
    axes.axhline(baselines - 0.5, color="white", linewidth=4)
    figure.colorbar(image, label="test accuracy, %")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def write(results: Sequence[Result], folder: Path | None = None) -> list[Path]:
    """Write figure and tables: of a part of the experiment into ``folder``, else the document.

    :returns: the files written.
    :raises ModelConsensusError: there are no results.
    """
    if not results:
        raise ModelConsensusError("no cell is finished: python -m experiments run")
    if folder is not None:
        figure, page = folder / FIGURE.name, folder / "tables.md"
        page.write_text(tables(results), encoding="utf-8")
        draw(results, figure)
        return [page, figure]
    FIGURE.parent.mkdir(exist_ok=True)
    write_results(RESULTS, results)
    draw(results, FIGURE)
    DOCUMENT.write_text(updated(DOCUMENT.read_text(encoding="utf-8"), results), encoding="utf-8")
    return [DOCUMENT, FIGURE, RESULTS]
