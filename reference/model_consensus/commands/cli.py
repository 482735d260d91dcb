"""The command ``model-consensus``: a table of commands, each of them a module.

A command's module has a docstring (its description), ``EXAMPLES`` (the end of its help),
``add_arguments(parser)`` and ``run(args) -> int``, the exit status: 0 what was checked holds, 1 it
is violated.  Bad input is a `ModelConsensusError`: one line on standard error and the exit status
2.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from model_consensus import __version__
from model_consensus.errors import ModelConsensusError

# name: (module, summary)
COMMANDS = {
    "verify": ("verify", "check everything: the specifications, and training runs against them"),
    "models": ("models", "list and search the models of the specifications"),
    "check": ("check", "check one model, with its counterexample step by step"),
    "run": ("run", "train a model, Byzantine processes taking part, and check the trace"),
    "check-trace": ("check_trace", "check recorded executions against a specification"),
    "draw": ("draw", "draw a trace or a counterexample, and write it for ShiViz"),
    "explore": ("explore", "compare the implementation's state graph with the specification's"),
    "replay": ("replay", "replay behaviours that TLC produces on the implementation"),
    "settle": ("settle", "how deep a block must be before its decision is settled"),
    "prove": ("prove", "prove the theorems for every number of processes and slots"),
}

# What comes with an extra only, by the name of its module.
EXTRAS = {"cryptography": "streamlet"}

EXAMPLES = """\
examples:
  model-consensus verify
  model-consensus check MCTobLearning
  model-consensus run tob --attack collusion
  model-consensus COMMAND --help"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # end as on Ctrl-C, so that no Java stays behind
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        args = _parser(given).parse_args(given)
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except ModelConsensusError as error:
        print(f"model-consensus: error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        print(
            f"model-consensus: error: {package} is not installed: "
            f"pip install 'model-consensus[{EXTRAS[package]}]'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("model-consensus: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the command that is asked for is imported."""
    parser = argparse.ArgumentParser(
        prog="model-consensus",
        description="Byzantine-resilient learning without gradients: check it, run it, check runs.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"model-consensus {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (module_name, summary) in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if given[:1] == [name]:
            module = import_module(f"model_consensus.commands.{module_name}")
            command.description = module.__doc__
            command.epilog = module.EXAMPLES
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
