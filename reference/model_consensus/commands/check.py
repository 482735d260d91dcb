"""Check one model with TLC and print the counterexample, if there is one, step by step.

The exit status is 0 if the model's properties hold, 1 if one is violated, and 2 if TLC came to no
verdict (the specification does not parse, an expression has no value, the time limit was reached).
"""

import argparse
from dataclasses import replace
from pathlib import Path

from model_consensus.commands.options import heap, positive, seconds
from model_consensus.errors import ModelConsensusError
from model_consensus.report import console as report
from model_consensus.tla import manifest as manifests
from model_consensus.tla import tlc
from model_consensus.tla.tlc_output import Verdict
from model_consensus.tla.toolchain import find_toolchain

EXAMPLES = """\
examples:
  model-consensus check MCTobLearning
  model-consensus check MCTobLearning --show-command
  model-consensus check my/Model.cfg --workers 2 --time-limit 600"""

_NO_VERDICT = (Verdict.PARSE, Verdict.EVALUATION, Verdict.TOOL)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a model of the manifest, or a .cfg file of your own; the module of X_variant.cfg "
        "is X_variant.tla or X.tla beside it",
    )
    parser.add_argument("--workers", type=positive, metavar="N", help="threads of TLC (default: 1)")
    parser.add_argument("--time-limit", type=seconds, metavar="SECONDS", help="give up then")
    parser.add_argument(
        "--heap", type=heap, metavar="SIZE", help="the most memory for Java, such as 4g"
    )
    parser.add_argument(
        "--deadlock", action="store_true", help="a state without successors is an error"
    )
    parser.add_argument(
        "--show-command", action="store_true", help="print the Java command and do not run it"
    )


def run(args: argparse.Namespace) -> int:
    """Check the model."""
    console = report.new_console()
    job, expected = find_model(args.model)
    job = replace(
        job,
        workers=args.workers or job.workers,
        deadlock=args.deadlock or job.deadlock,
        heap=args.heap,
    )
    toolchain = find_toolchain()
    if args.show_command:
        console.print(tlc.show_command(job, toolchain))
        return 0
    console.print(toolchain.describe())
    if expected:
        console.print(f"{expected.name} ({expected.kind}): {expected.claim}")
    with console.status("TLC is starting", spinner="line") as status:
        result = tlc.check(
            job,
            toolchain=toolchain,
            time_limit=args.time_limit,
            on_progress=lambda p: status.update(
                f"{p.distinct:,} distinct states, {p.queue:,} to expand"
            ),
        )
    if result.trace:
        for line in report.counterexample_lines(result.trace):
            console.print(line)
    dead = manifests.dead_actions(result) if result.verdict == Verdict.HOLDS else []
    for line in [*(warning.text for warning in result.warnings), *dead]:
        console.print(f"note: {line}")
    if result.distinct is not None:
        console.print(f"{result.distinct:,} distinct states of {result.generated:,} generated")
    console.print(
        f"{report.verdict(result)} after {result.seconds:.1f} s"
        + (f": {result.message}" if result.message else "")
    )
    if result.verdict in _NO_VERDICT:
        return 2
    return 0 if result.verdict == Verdict.HOLDS else 1


def find_model(name: str) -> tuple[tlc.Run, manifests.SpecModel | None]:
    """The run of a model of the manifest, or of a configuration file.

    Raises:
        ModelConsensusError: there is neither, or no module to the configuration file.
    """
    config = Path(name)
    if config.suffix == ".cfg" and config.is_file():
        stem = config.stem
        while not (module := config.with_name(stem + ".tla")).is_file():
            stem, separator, _ = stem.rpartition("_")
            if not separator:
                raise ModelConsensusError(f"{config}: no module {config.stem}.tla beside it")
        return tlc.Run(module, config, coverage=True), None
    if len(config.parts) > 1:
        raise ModelConsensusError(f"no such file: {name}")
    manifest = manifests.load()
    model = manifest.find(name)
    return model.run(), model
