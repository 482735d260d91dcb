"""Settlement probabilities as a table and as a plot."""

import argparse
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from model_consensus.conformance.files import naming
from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.comparison import MOST_DELAYED, Question, Row
from model_consensus.settlement.delay import late_share, reversal_upper_bound
from model_consensus.settlement.probability import has_majority, least_depth_of

LEAST = Fraction(1, 10**300)
"""The least probability that floating-point numbers tell apart with all their digits."""


def evaluated(row: Row, depth: int, epsilon: Fraction | None, alpha: Fraction) -> dict[str, Any]:
    """The entries of a row, as they are printed and put into JSON; None for what is left out."""
    value = row.probability(depth)
    within = row.within(depth) if row.within else None
    given = row.given(depth) if row.given else None
    least = None
    if row.least and epsilon is not None and not has_majority(alpha):
        least = row.least(float(epsilon))
    return {
        "name": row.name,
        "counts": row.counts,
        "probability": None if value is None else float(value),
        "within_horizon": None if within is None else float(within),
        "given_seen": None if given is None else float(given),
        "least_depth": least,
        "exact": _in_full(value) if isinstance(value, Fraction) else None,
        "exact_given_seen": _in_full(given) if isinstance(given, Fraction) else None,
    }


def _in_full(value: Fraction) -> str:
    try:
        return str(value)
    except ValueError as error:  # Python refuses to print very long integers
        raise ModelConsensusError(f"--exact: the fraction is too long to print: {error}") from None


def print_table(
    args: argparse.Namespace, table: list[dict[str, Any]], epsilon: Fraction | None
) -> None:
    depth = args.depth
    print(f"The adversary wins {float(args.alpha):g} of the slots (alpha).")
    if has_majority(args.alpha):
        print("That is half of them or more: a decision at any depth is reverted in the end.")
    elif epsilon is not None:
        bound = "" if args.delay is None else ", by the upper bound"
        print(
            f"Depth k = {table[0]['least_depth']} is the least at which a decision is ever "
            f"reverted with probability at most {float(epsilon):g}{bound}."
        )
    if args.delay is not None:
        print(
            f"A block comes every {args.interval:g} s on average, and takes up to {args.delay:g} s "
            "to arrive:\nthe probability is at most that of the first line below, at least that of "
            "the second."
        )
        if table[0]["probability"] == 1 and not has_majority(args.alpha):
            print("Half of the blocks or more count as the adversary's: the upper bound is void.")
    if args.seen is not None:
        print(f"The slots seen, from the target's own on: {args.seen or 'none'}.")
    print(f"At depth k = {depth}, with k + 1 = {depth + 1} confirmations:\n")
    columns: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("convention or formula", lambda row: row["name"]),
        ("counts", lambda row: row["counts"]),
        ("ever reverted", lambda row: _number(row["probability"])),
    ]
    if args.seen is not None:
        columns.append(("given the slots seen", lambda row: _number(row["given_seen"])))
    if args.horizon is not None:
        columns.append((f"in {args.horizon} slots", lambda row: _number(row["within_horizon"])))
    if epsilon is not None:
        columns.append(("least k", lambda row: str(row["least_depth"]).replace("None", "-")))
    cells = [
        [title for title, _ in columns],
        *([cell(row) for _, cell in columns] for row in table),
    ]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip())
    if args.exact:
        print()
        for row in table:
            if row["exact"] is not None:
                print(f"{row['name']}: {row['exact']}")
            if row["exact_given_seen"] is not None:
                print(f"{row['name']}, given the slots seen: {row['exact_given_seen']}")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if value >= LEAST else "< 1e-300"


def plot(
    path: Path, rows: list[Row], question: Question, depth: int, epsilon: Fraction | None
) -> None:
    """Write probability against depth, one line for each row, as a .svg, .png or .pdf.

    Under a delay, and with a target, also the depth to wait for against delays up to twice as long.

    :raises ModelConsensusError: another suffix, or the file cannot be written.
    """
    if path.suffix not in (".svg", ".png", ".pdf"):
        raise ModelConsensusError(f"--plot {path}: not a .svg, .png or .pdf")
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "model-consensus"  # the same file every time
    with_delays = question.late is not None and epsilon is not None
    figure = Figure(figsize=(14 if with_delays else 9, 6), layout="constrained")
    panels = figure.subplots(1, 2 if with_delays else 1, squeeze=False)[0]
    axes = panels[0]
    last = max(2 * depth, 10)
    depths = range(0, last + 1, max(last // 200, 1))
    for row, style in zip(rows, ["-", "--", "-.", ":"] * 3, strict=False):
        points = [(k, row.probability(k)) for k in depths]
        drawn = [(k, float(value)) for k, value in points if value]
        axes.plot(*zip(*drawn, strict=True), style, label=row.name)
    axes.axvline(depth, color="grey", linewidth=0.8)
    if epsilon is not None:
        axes.axhline(float(epsilon), color="grey", linewidth=0.8)
    axes.set(yscale="log", xlabel="depth k", ylabel="probability that a decision is ever reverted")
    axes.set_title(f"The adversary wins {float(question.alpha):g} of the slots")
    axes.legend(fontsize="small")
    if question.late is not None and epsilon is not None:
        longest = -2 * math.log1p(-question.late)
        delays = [longest * i / 20 for i in range(21)]
        needed = [_least_depth(question, delay, epsilon) for delay in delays]
        panels[1].plot(delays, needed, marker=".")
        panels[1].axvline(longest / 2, color="grey", linewidth=0.8)
        panels[1].set(xlabel="delay / interval", ylabel="depth k, by the upper bound")
        panels[1].set_title(f"Reverted with probability at most {float(epsilon):g}")
    with naming(path):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _least_depth(question: Question, delay: float, epsilon: Fraction) -> float:
    """The least depth by the upper bound, if blocks take ``delay`` intervals; NaN if none is found.

    None up to the depth where the program ends is found.
    """
    alpha, late = float(question.alpha), late_share(delay, 1.0)

    def bound(depth: int) -> float:
        return reversal_upper_bound(alpha, late, depth, pre_mining=question.convention.pre_mining)

    try:
        return least_depth_of(bound, float(epsilon), MOST_DELAYED)
    except ModelConsensusError:
        return math.nan
