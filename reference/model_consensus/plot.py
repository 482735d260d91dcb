"""The convergence plot of a training run; needs matplotlib (extra ``plot``)."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from model_consensus.training import Row


def plot_convergence(rows: Sequence[Row], title: str, folder: Path) -> bool:
    """Write ``convergence.svg``; false if matplotlib is not installed or there is nothing to show.

    The loss is on a logarithmic axis (losses of 0 are left out); accuracies, where the landscape
    has them, are on a second one.
    """
    if not rows or find_spec("matplotlib") is None:
        return False
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "model-consensus"  # the same bytes each time
    from matplotlib import pyplot as plt

    figure, left = plt.subplots(figsize=(7, 4), layout="constrained")
    generations = [row.generation for row in rows]
    left.plot(
        generations, [row.loss or float("nan") for row in rows], color="tab:blue", label="loss"
    )
    left.set(xlabel="generation", ylabel="loss", yscale="log", title=title)
    if rows[0].accuracy:
        right = left.twinx()
        for part in rows[0].accuracy:
            right.plot(generations, [row.accuracy[part] for row in rows], label=part, linewidth=1)
        right.set(ylabel="accuracy", ylim=(0, 1))
        right.legend(loc="center right")
    figure.savefig(folder / "convergence.svg", metadata={"Date": None})
    plt.close(figure)
    return True
