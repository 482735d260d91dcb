"""Explore the implementation exhaustively and compare its state graph with the specification's.

The real learners, driven through their System, are explored from the initial states, the adversary
and the landscape branched over.  TLC dumps the graph of the same model.  Both must have the same
initial states, the same states and the same edges, each labelled with its action.  The exit status
is 0 if the graphs are equal, and 1 if they are not: then the first difference is printed, at the
end of a shortest path.
"""

import argparse
import re
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from model_consensus import tlc
from model_consensus.errors import ModelConsensusError
from model_consensus.manifest import TIERS, Model, load, spec_directory
from model_consensus.state_graph import Difference, Dump, Graph, Say, compare, silent
from model_consensus.system import System
from model_consensus.tlc_output import Verdict
from model_consensus.values import Function, Value, parse, show

EXAMPLES = """\
examples:
  model-consensus explore MCTobLearning_tiny
  model-consensus explore --all
  model-consensus explore --all --tier long"""

# The System of each model module, made from the constants of a configuration.
SYSTEMS = {
    "MCTobLearning": "mc_tob_learning",
    "MCTobWitness": "mc_tob_learning",
    "MCPowLearning": "mc_pow_learning",
    "MCStreamlet": "streamlet_system",
    "MCStreamletWitness": "streamlet_system",
}

HEAP = "2g"
"""The most memory that TLC may take; enough for millions of states."""


def constants_of(config: str) -> dict[str, Value]:
    """The constants that the text of a configuration gives values to.

    :raises ModelConsensusError: a value cannot be read.
    """
    constants: dict[str, Value] = {}
    for line in re.sub(r"\\\*.*", "", config).splitlines():
        if found := re.fullmatch(r"\s*(?:CONSTANTS?\s+)?(\w+)\s*=\s*(.+?)\s*", line):
            constants[found[1]] = parse(found[2])
    return constants


def system_of(model: Model) -> System[Any, Any]:
    """The implementation's System of a model.

    :raises ModelConsensusError: its module has none.
    """
    name = SYSTEMS.get(model.module.stem)
    if name is None:
        raise ModelConsensusError(
            f"{model.name}: only models of {', '.join(SYSTEMS)} have an implementation to explore"
        )
    constants = constants_of(model.config.read_text(encoding="utf-8"))
    made: System[Any, Any] = import_module(f"model_consensus.{name}").from_constants(constants)
    return made


@dataclass(frozen=True)
class Exploration:
    """The comparison of one model."""

    model: Model
    states: int
    edges: int
    difference: Difference | None
    seconds: float


def explore(model: Model, system: System[Any, Any] | None = None, say: Say = silent) -> Exploration:
    """Compare a model's graph with that of ``system``, by default the implementation's own.

    :raises ModelConsensusError: the model has no system, or see :func:`dumped`.
    """
    started = time.monotonic()
    system = system or system_of(model)
    with tempfile.TemporaryDirectory(prefix="model-consensus-") as folder:
        dump, theirs = dumped(model, Path(folder), say)
        say("exploring the implementation")
        difference = compare(system, dump, theirs, say)
    return Exploration(model, *theirs.size, difference, time.monotonic() - started)


def dumped(model: Model, folder: Path, say: Say = silent) -> tuple[Dump, Graph]:
    """TLC's graph of a model, which it dumps into ``folder`` as ``graph.dot``.

    :raises ModelConsensusError: TLC fails or is killed, or its graph is not whole.
    """
    # Only the graph is wanted: no property is checked again.
    config, dot = folder / model.config.name, folder / "graph.dot"
    text = model.config.read_text(encoding="utf-8")
    config.write_text(PROPERTIES.sub("", text), encoding="utf-8")
    say("TLC explores the specification")
    run = tlc.Run(model.module, config, dump=dot, heap=HEAP, quick=model.runtime < 8)
    result = tlc.check(run, on_progress=lambda done: say(f"TLC: {done.distinct:,} states"))
    if result.verdict is not Verdict.HOLDS:
        raise ModelConsensusError(f"{model.name}: {result.message}")
    dump = Dump(dot)
    graph = dump.graph(say)
    if graph.states != result.distinct:
        raise ModelConsensusError(
            f"{model.name}: TLC found {result.distinct} states and dumped {graph.states}"
        )
    return dump, graph


PROPERTIES = re.compile(r"(?ms)^(INVARIANTS?|PROPERTY|PROPERTIES)\b.*?(?=^(?:[A-Z]{4,}|\\\*)|\Z)")
"""The part of a configuration that says what TLC is to check."""


def graph_models(tier: str = "fast") -> list[Model]:
    """The models of a tier, or of "all", made to be compared: ``*_tiny`` and ``*_graph*``."""
    return [
        model
        for model in load(spec_directory() / "manifest.json").models
        if re.search("_tiny|_graph", model.name) and tier in (model.tier, "all")
    ]


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
    console = Console(highlight=False, soft_wrap=True, markup=False)
    manifest = load(spec_directory() / "manifest.json")
    models = [manifest.find(name) for name in args.models]
    models += graph_models(args.tier) if args.all else []
    if not models:
        raise ModelConsensusError("name a model, or --all")
    equal = True
    for model in models:
        with console.status(model.name) as status:
            found = explore(model, say=partial(_say, status, model.name))
        console.print(describe(found))
        equal = equal and found.difference is None
    return 0 if equal else 1


def _say(status: Status, name: str, words: str) -> None:
    status.update(f"{name}: {words}")


def describe(found: Exploration) -> str:
    """The outcome in words: one line if the graphs are equal."""
    if found.difference is None:
        return (
            f"{found.model.name}: the graphs are equal: "
            f"{found.states:,} states, {found.edges:,} edges ({found.seconds:.0f} s)"
        )
    difference = found.difference
    lines = [f"{found.model.name}: THE GRAPHS DIFFER after {len(difference.path)} states"]
    for number, (action, state) in enumerate(difference.path, 1):
        lines.append(f"{number}. {action}")
        if number == len(difference.path):
            assert isinstance(state, Function)
            lines += [f"     {name} = {show(state[name])}" for name in state]
    lines.append(f"then only the {difference.only} has {difference.action}, which leads to")
    assert isinstance(difference.after, Function)
    lines += [f"     {name} = {show(difference.after[name])}" for name in difference.after]
    lines += [f"   {line} as the other has it" for line in difference.differences]
    return "\n".join(lines)
