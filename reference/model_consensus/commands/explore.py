"""Explore the implementation exhaustively and compare its state graph with the specification's.

The real learners, driven through their System, are explored from the initial states, the adversary
and the landscape branched over.  TLC dumps the graph of the same model.  Both must have the same
initial states, the same states and the same edges, each labelled with its action.  The exit status
is 0 if the graphs are equal, and 1 if they are not: then the first difference is printed, at the
end of a shortest path.
"""

import argparse
from functools import partial

from rich.status import Status

from model_consensus.conformance.explore import describe, explore, graph_models
from model_consensus.errors import ModelConsensusError
from model_consensus.report.console import new_console
from model_consensus.tla.manifest import TIERS, load

EXAMPLES = """\
examples:
  model-consensus explore MCTobLearning_tiny
  model-consensus explore --all
  model-consensus explore --all --tier long"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("models", metavar="MODEL", nargs="*", help="a model of the manifest")
    parser.add_argument(
        "--all", action="store_true", help="every model of the tier that is made for this"
    )
    parser.add_argument(
        "--tier",
        choices=(*TIERS, "all"),
        default="fast",
        help="which models --all means (default: fast)",
    )


def run(args: argparse.Namespace) -> int:
    """Compare the graphs."""
    console = new_console()
    manifest = load()
    models = [manifest.find(name) for name in args.models]
    models += graph_models(args.tier) if args.all else []
    if not models:
        raise ModelConsensusError("name a model, or --all")
    equal = True
    for model in models:
        with console.status(model.name, spinner="line") as status:
            found = explore(model, say=partial(_say, status, model.name))
        console.print(describe(found))
        equal = equal and found.difference is None
    return 0 if equal else 1


def _say(status: Status, name: str, words: str) -> None:
    status.update(f"{name}: {words}")
