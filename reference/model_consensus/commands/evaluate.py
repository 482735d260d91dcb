"""Load the model that a training run left, and evaluate it on the landscape that it learned on.

The exit status is 0 if its loss is the one that the run recorded, and 1 if it is another one.  A
landscape of that name that is not the same any more is refused.
"""

import argparse
from pathlib import Path

from model_consensus.report.console import new_console
from model_consensus.simulation.saved_model import landscape_of, load_model
from model_consensus.simulation.training import accuracies

EXAMPLES = """\
examples:
  model-consensus evaluate out/tob-digits-under-claim-seed1/model.npz"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("model", type=Path, metavar="FILE", help="model.npz of a run")


def run(args: argparse.Namespace) -> int:
    """Evaluate the model."""
    console = new_console()
    saved = load_model(args.model)
    landscape = landscape_of(saved)
    (loss,) = landscape.losses(saved.vector[None])
    console.print(
        f"{saved.landscape}, generation {saved.generation}, {saved.vector.size:,} coordinates, "
        f"digest {saved.digest}"
    )
    for part, value in accuracies(landscape, saved.vector).items():
        console.print(f"accuracy, {part}: {value:.1%}")
    if loss == saved.loss:
        console.print(f"loss: {loss:,}, as the run recorded it")
        return 0
    console.print(f"loss: {loss:,}, but the run recorded {saved.loss:,}")
    return 1
