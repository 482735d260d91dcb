"""Compare the implementation's state graph with the one that TLC dumps of the same model."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_consensus.conformance.state_graph import Difference, Dump, Graph, Say, compare, silent
from model_consensus.errors import ModelConsensusError
from model_consensus.systems.bounded import system_of
from model_consensus.systems.system import System
from model_consensus.tla import tlc
from model_consensus.tla.config import read_config, without_checks
from model_consensus.tla.manifest import SpecModel, load
from model_consensus.tla.scratch import scratch_folder
from model_consensus.tla.tlc_output import Verdict
from model_consensus.tla.values import Function, show

HEAP = "2g"
"""The most memory that TLC may take; enough for millions of states."""


@dataclass(frozen=True)
class Exploration:
    """The comparison of one model."""

    model: SpecModel
    states: int
    edges: int
    difference: Difference | None
    seconds: float


def explore(
    model: SpecModel,
    system: System[Any, Any] | None = None,
    say: Say = silent,
    dot: Path | None = None,
) -> Exploration:
    """Compare a model's graph with that of ``system``, by default the implementation's own.

    ``dot`` is the graph that TLC dumped when it checked the model, with the figures of the
    manifest; without it TLC runs again.

    :raises ModelConsensusError: the model has no system, or see :func:`dumped` and :func:`whole`.
    """
    started = time.monotonic()
    system = system or system_of(model)
    with scratch_folder() as folder:
        if dot is None:
            dump, theirs = dumped(model, folder, say)
        else:
            _refuse_reductions(model)
            recorded = model.figures.distinct if model.figures else None
            dump, theirs = whole(model, dot, recorded, say)
        say("exploring the implementation")
        difference = compare(system, dump, theirs, say)
    return Exploration(model, *theirs.size, difference, time.monotonic() - started)


def dumped(model: SpecModel, folder: Path, say: Say = silent) -> tuple[Dump, Graph]:
    """TLC's graph of a model, which it dumps into ``folder`` as ``graph.dot``.

    :raises ModelConsensusError: the model reduces its graph by SYMMETRY or VIEW, TLC fails or is
        killed, or its graph is not whole.
    """
    _refuse_reductions(model)
    # Only the graph is wanted: no property is checked again.
    config, dot = folder / model.config.name, folder / "graph.dot"
    text = model.config.read_text(encoding="utf-8")
    config.write_text(without_checks(text), encoding="utf-8")
    say("TLC explores the specification")
    run = tlc.Run(model.module, config, dump=dot, heap=HEAP, quick=model.is_short)
    result = tlc.check(run, on_progress=lambda done: say(f"TLC: {done.distinct:,} states"))
    if result.verdict is not Verdict.HOLDS:
        raise ModelConsensusError(f"{model.name}: {result.message}")
    return whole(model, dot, result.distinct, say)


def _refuse_reductions(model: SpecModel) -> None:
    if reductions := read_config(model.config).reductions:
        raise ModelConsensusError(
            f"{model.name}: its configuration has {' and '.join(reductions)}, with which TLC "
            "explores a part of the state graph only: there is nothing to compare with"
        )


def whole(
    model: SpecModel, dot: Path, distinct: int | None, say: Say = silent
) -> tuple[Dump, Graph]:
    """The graph of a model that TLC dumped as ``dot``, having found ``distinct`` states.

    :raises ModelConsensusError: the graph is not whole.
    """
    dump = Dump(dot)
    graph = dump.graph(say)
    if graph.states != distinct:
        raise ModelConsensusError(
            f"{model.name}: TLC found {distinct} states and dumped {graph.states}"
        )
    return dump, graph


def graph_models(tier: str = "fast") -> list[SpecModel]:
    """The models of a tier, or of "all", made to be compared: ``*_tiny`` and ``*_graph*``."""
    return [
        model
        for model in load().models
        if re.search("_tiny|_graph", model.name) and tier in (model.tier, "all")
    ]


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
