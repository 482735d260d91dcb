"""Convert a trace of changes to plain ITF, for other tools.

The file NAME.itf.json beside it, or the one that --out names, has every state whole, so it grows
with the square of the run.
"""

import argparse
from pathlib import Path

from model_consensus.conformance import traces
from model_consensus.conformance.trace_lines import stem
from model_consensus.conformance.trace_windows import read
from model_consensus.report.console import new_console

EXAMPLES = """\
examples:
  model-consensus trace --itf out/tob/trace.ndjson
  model-consensus trace --itf out/tob/trace.ndjson.gz --out run.itf.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("trace", metavar="TRACE", type=Path, help="a trace, of either format")
    parser.add_argument("--itf", action="store_true", required=True, help="to the ITF JSON format")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file to write")


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    path: Path = args.trace
    out = args.out or path.with_name(f"{stem(path)}.itf.json")
    traces.write(out, read(path))
    new_console().print(str(out))
    return 0
