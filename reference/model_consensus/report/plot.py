"""The plots of a training run; they need matplotlib (extra ``plot``)."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import Row

COLOURS = {"train": "tab:orange", "validation": "tab:green", "test": "tab:red"}


def plot_convergence(rows: Sequence[Row], setting: Setting, landscape: str, folder: Path) -> bool:
    """Write ``convergence.svg``; false if matplotlib is not installed or there is nothing to show.

    By generation, one above the other: the loss on a logarithmic axis (losses of 0 are left out),
    with the accuracies where the landscape has them; the evaluations; the misbehaviour seen.

    :param landscape: the name by which the run asked for it.
    """
    if not rows or find_spec("matplotlib") is None:
        return False
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "model-consensus"  # the same bytes each time
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    figure, (learning, cost, seen) = plt.subplots(
        3, figsize=(7, 7), height_ratios=(3, 1, 1), sharex=True, layout="constrained"
    )
    generations = [row.generation for row in rows]
    marker = "." if len(rows) <= 30 else ""  # few points: a line alone hides where they are
    losses = [row.loss or float("nan") for row in rows]
    lines = learning.plot(generations, losses, marker=marker, color="tab:blue", label="loss")
    learning.set(ylabel="loss (lower is better)", yscale="log", title=_title(setting, landscape))
    if rows[0].accuracy:
        right = learning.twinx()
        for part in rows[0].accuracy:
            values = [row.accuracy[part] for row in rows]
            lines += right.plot(
                generations,
                values,
                marker=marker,
                linewidth=1,
                color=COLOURS[part],
                label=f"accuracy, {part}",
            )
        right.set(ylabel="accuracy", ylim=(0, 1))
        right.legend(handles=lines, loc="center right")
    else:
        learning.legend(handles=lines)
    cost.plot(generations, [row.evaluations for row in rows], marker=marker)
    cost.set(ylabel="evaluations\nby one process", ylim=(0, None))
    counts = [row.misbehaviour for row in rows]
    seen.step(generations, counts, where="post", marker=marker)
    what = "blocks off the\nlongest chain" if setting.protocol == "pow" else "processes\nbanned"
    seen.set(ylabel=what, xlabel="generation", ylim=(-0.1, max(1, *counts) * 1.1))
    seen.yaxis.set_major_locator(MaxNLocator(integer=True))
    seen.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(folder / "convergence.svg", metadata={"Date": None})
    plt.close(figure)
    return True


def _title(setting: Setting, landscape: str) -> str:
    return (
        f"{setting.protocol} on {landscape}, attack: {setting.attack}\n"
        f"n = {setting.processes}, f = {setting.byzantine}, λ = {setting.lambda_}, "
        f"seed {setting.seed}"
    )
