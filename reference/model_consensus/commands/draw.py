"""Draw a recorded execution, or the counterexample of a model.

Writes a sequence diagram (``NAME.sequence.svg``), for proof-of-work and Streamlet the tree of the
blocks (``NAME.tree.svg``), and a log with vector clocks for ShiViz (``NAME.shiviz.log``: its first
line is the expression that parses it).
"""

import argparse
from dataclasses import replace
from pathlib import Path

from model_consensus.commands.check import find_model
from model_consensus.conformance.files import whole_file
from model_consensus.conformance.trace_lines import SUFFIXES, stem
from model_consensus.conformance.trace_windows import read
from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.report.console import new_console
from model_consensus.report.diagrams import block_tree, has_tree, sequence_diagram
from model_consensus.report.events import tell
from model_consensus.report.shiviz import shiviz
from model_consensus.tla import tlc
from model_consensus.tla.config import read_config

EXAMPLES = """\
examples:
  model-consensus draw out/pow/trace.ndjson --states 60
  model-consensus draw MCPowNecessity_half --out pictures"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "trace", metavar="TRACE", help="a trace, or a model of the manifest that has one"
    )
    parser.add_argument("--out", type=Path, default=Path("out/pictures"), metavar="FOLDER")
    parser.add_argument("--states", type=int, metavar="N", help="draw the first N states only")


def run(args: argparse.Namespace) -> int:
    """Write the pictures."""
    console = new_console()
    path = Path(args.trace)
    if args.states is not None and args.states < 1:
        raise ModelConsensusError("--states: must be at least 1")
    if path.name.endswith((".json", *SUFFIXES)):
        trace, name = read(path), stem(path)
    else:
        with console.status("TLC looks for the counterexample", spinner="line"):
            trace, name = counterexample(args.trace), path.stem
    trace = replace(trace, states=trace.states[: args.states])
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        for file in write_pictures(trace, args.out, name):
            console.print(str(file))
    except OSError as error:
        raise ModelConsensusError(f"--out: {args.out}: {error.strerror}") from None
    return 0


def write_pictures(trace: Trace, folder: Path, name: str) -> list[Path]:
    """Write all pictures of ``trace`` into ``folder``; the files.

    :raises ModelConsensusError: it is no trace of a protocol.
    """
    texts = {
        "sequence.svg": sequence_diagram(trace),
        **({"tree.svg": block_tree(trace)} if has_tree(trace) else {}),
        "shiviz.log": "\n".join(shiviz(tell(trace))) + "\n",
    }
    files = []
    for kind, text in texts.items():
        files.append(folder / f"{name}.{kind}")
        with whole_file(files[-1]) as file:
            file.write(text)
    return files


def counterexample(model: str) -> Trace:
    """The counterexample that TLC finds to a model of the manifest, or to a configuration file.

    :raises ModelConsensusError: there is no such model, or none is found.
    """
    job, expected = find_model(model)
    result = tlc.check(job)
    if result.trace is None:
        raise ModelConsensusError(f"{model}: TLC finds no counterexample: {result.verdict}")
    return Trace(
        f"{job.config.stem}: {expected.claim}" if expected else job.config.stem,
        job.module.stem,
        dict(read_config(job.config).constants),
        "",
        {},
        [f"{step.action}{step.arguments}" for step in result.trace.steps],
        [step.state for step in result.trace.steps],
    )
