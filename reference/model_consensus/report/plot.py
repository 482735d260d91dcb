"""The plots of a training run; they need matplotlib (extra ``plot``)."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from model_consensus.simulation.training import Row


def plot_convergence(rows: Sequence[Row], title: str, misbehaviour: str, folder: Path) -> bool:
    """Write ``convergence.svg``; false if matplotlib is not installed or there is nothing to show.

    By generation, one above the other: the loss on a logarithmic axis (losses of 0 are left out),
    with the accuracies where the landscape has them; the evaluations; the misbehaviour seen.

    :param misbehaviour: what ``Row.misbehaviour`` counts.
    """
    if not rows or find_spec("matplotlib") is None:
        return False
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "model-consensus"  # the same bytes each time
    from matplotlib import pyplot as plt

    figure, (learning, cost, seen) = plt.subplots(
        3, figsize=(7, 7), height_ratios=(3, 1, 1), sharex=True, layout="constrained"
    )
    generations = [row.generation for row in rows]
    learning.plot(
        generations, [row.loss or float("nan") for row in rows], color="tab:blue", label="loss"
    )
    learning.set(ylabel="loss", yscale="log", title=title)
    if rows[0].accuracy:
        right = learning.twinx()
        for part in rows[0].accuracy:
            right.plot(generations, [row.accuracy[part] for row in rows], label=part, linewidth=1)
        right.set(ylabel="accuracy", ylim=(0, 1))
        right.legend(loc="center right")
    cost.plot(generations, [row.evaluations for row in rows])
    cost.set(ylabel="evaluations")
    seen.step(generations, [row.misbehaviour for row in rows], where="post")
    seen.set(ylabel=misbehaviour, xlabel="generation")
    seen.yaxis.get_major_locator().set_params(integer=True)
    figure.savefig(folder / "convergence.svg", metadata={"Date": None})
    plt.close(figure)
    return True
