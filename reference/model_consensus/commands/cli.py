"""The command ``model-consensus``: a table of commands, each of them a module.

A command's module has a docstring (its description), ``EXAMPLES`` (the end of its help),
``add_arguments(parser)`` and ``run(args) -> int``, the exit status: 0 what was checked holds, 1 it
is violated.  Bad input is a `ModelConsensusError` and a file that cannot be used is an `OSError`:
one line on standard error and the exit status 2.  130 is an interruption, 141 a reader of our
output that has gone, and 70 an error of ours, with its traceback.
"""

import argparse
import io
import os
import re
import signal
import sys
import textwrap
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

from model_consensus import __version__
from model_consensus.commands.extras import EXTRAS, missing
from model_consensus.errors import ModelConsensusError

# name: (module, summary)
COMMANDS = {
    "verify": ("verify", "check everything: the specifications, and training runs against them"),
    "models": ("models", "list and search the models of the specifications"),
    "check": ("check", "check one model, with its counterexample step by step"),
    "run": ("run", "train a model, Byzantine processes taking part, and check the trace"),
    "check-trace": ("check_trace", "check recorded executions against a specification"),
    "check-logs": ("check_logs", "check the logs of real processes, one for each"),
    "node": ("node", "run one participant as a process of its own"),
    "status": ("status", "ask a node what it has decided and with whom it is connected"),
    "cluster": ("cluster", "run a cluster of nodes on this machine, with crashes and cut links"),
    "trace": ("trace", "convert a recorded execution to plain ITF, for other tools"),
    "draw": ("draw", "draw a trace or a counterexample, and write it for ShiViz"),
    "explore": ("explore", "compare the implementation's state graph with the specification's"),
    "replay": ("replay", "replay behaviours that TLC produces on the implementation"),
    "evaluate": ("evaluate", "load a trained model and evaluate it on its landscape"),
    "settle": ("settle", "how deep a block must be before its decision is settled"),
    "prove": ("prove", "prove the theorems for every number of processes and slots"),
}

WIDTH = 80
"""The columns of the help texts."""

INTERNAL_ERROR = 70
"""The exit status of an uncaught error, after its traceback: EX_SOFTWARE, which no verdict has."""

EXAMPLES = """\
examples:
  model-consensus verify
  model-consensus check MCTobLearning
  model-consensus run tob --attack collusion
  model-consensus COMMAND --help"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are like all others: one line, and the exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise ModelConsensusError(message)

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse itself swallows it when standard output is full.
        print(message, end="", file=file, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # end as on Ctrl-C, so that no Java stays behind
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        _open_streams()
        args = _parser(given).parse_args(given)
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except ModelConsensusError as error:
        return _refused(str(error))
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        return _refused(missing(module)) if module in EXTRAS else _failed()
    except KeyboardInterrupt:
        _say("interrupted")
        # Interrupted while it ran a string, as those that make dataclasses, Python would end by the
        # signal under ``-m``, whatever is returned; running another one, it forgets that.
        exec("")
        return 130
    except BrokenPipeError:  # the reader of our output has gone
        _abandon_output()
        return 141
    except OSError as error:
        if error.filename is None:
            _abandon_output()
        return _refused(f"{error.filename or 'standard output'}: {error.strerror or error}")
    except Exception:
        return _failed()


def _refused(problem: str) -> int:
    _say(f"error: {problem}")
    return 2


def _failed() -> int:
    _say(f"unexpected error:\n{traceback.format_exc()}")
    return INTERNAL_ERROR


def _say(text: str) -> None:
    with suppress(OSError):  # the status says it too, where standard error is full or closed
        print(f"model-consensus: {text.rstrip()}", file=sys.stderr, flush=True)


def _open_streams() -> None:
    """Make standard output and error take any text, whatever the encoding of the terminal."""
    if sys.stderr is None:  # it was closed
        sys.stderr = io.StringIO()
    if sys.stdout is None:
        raise ModelConsensusError("standard output is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _abandon_output() -> None:
    """Nothing more can be written, nor shall Python try to when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the command that is asked for is imported."""
    parser = _Parser(
        prog="model-consensus",
        description="Byzantine-resilient learning without gradients: check it, run it, check runs.",
        epilog=EXAMPLES,
        formatter_class=_formatter,
    )
    parser.add_argument("--version", action="version", version=f"model-consensus {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (module_name, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, formatter_class=_formatter)
        if given[:1] == [name]:
            module = import_module(f"model_consensus.commands.{module_name}")
            command.description = _plain(module.__doc__ or "")
            command.epilog = module.EXAMPLES
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=WIDTH)


def _plain(docstring: str) -> str:
    """A docstring for a terminal: no marks of reStructuredText, and lines that fit."""
    text = re.sub(r"(?::\w+:)?`+([^`]+)`+", r"\1", docstring).strip()
    return "\n\n".join(textwrap.fill(part, WIDTH) for part in text.split("\n\n"))
