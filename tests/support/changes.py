"""A trace written as changes, with whole states where a test wants them."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from model_consensus.conformance.trace_changes import change
from model_consensus.conformance.trace_lines import FORMAT, VERSION, without_decided
from model_consensus.conformance.traces import Trace, model_data
from model_consensus.tla.values import Function, to_itf


def write_changes(path: Path, trace: Trace, whole: Collection[int] = ()) -> list[int]:
    """Write a trace; whole states follow the steps ``whole``, where they can.

    The result has those of them at which the trace is cut, and one of TobLearning has something
    left out.
    """
    learns = trace.module == "TobLearning"
    head = {"format": FORMAT, "version": VERSION, "module": trace.module, "genesis": trace.genesis}
    constants = {name: to_itf(value) for name, value in trace.constants.items()}
    lines: list[Any] = [{**head, "constants": constants, "vars": list(trace.states[0])}]
    listed, since, cuts = _listed(trace), 0, []
    state = trace.states[0]
    lines.append({"index": 0, "action": trace.actions[0], "state": to_itf(state)})
    for index in range(1, len(trace.states)):
        after = _since(trace.states[index], since) if learns else trace.states[index]
        changes = {
            name: {"to": to_itf(after[name])}
            if change(state[name], after[name]).keys() == {"to"}
            else change(state[name], after[name])
            for name in after
        }
        said = {name: to_itf(value) for name, value in trace.arguments[index].items()}
        new = [model_data(n, o) for n, o in trace.models.items() if listed[n] == index]
        line = {"index": index, "action": trace.actions[index], **said, "models": new}
        lines.append({**line, "changes": changes})
        state = after
        if index in whole and not learns:
            cuts.append(index)
            kept = [model_data(n, o) for n, o in trace.models.items() if listed[n] <= index]
            lines.append({"index": index, "models": kept, "state": to_itf(state)})
        elif index in whole:
            count = max(0, min(map(len, _outputs(state))) - 2)
            cut = without_decided(state, count)
            if cut is not None:
                since, state = since + count, cut
                cuts += [index] if since else []
                kept = [
                    model_data(n, o)
                    for n, o in trace.models.items()
                    if listed[n] <= index and generation(trace, n) >= since
                ]
                lines.append(
                    {"index": index, "generation": since, "models": kept, "state": to_itf(state)}
                )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return cuts


def generation(trace: Trace, name: str) -> int:
    """How many steps lead to a model."""
    count = 0
    while name != trace.genesis:
        name, count = trace.models[name].parent, count + 1
    return count


def _since(state: Any, generation: int) -> Function:
    """A state without what was decided before a generation, however wrong it is."""
    learner = {
        process: Function({**learner, "decided": learner["decided"][generation:]})
        for process, learner in state["learner"].items()
    }
    return Function({**state, "learner": Function(learner)})


def _outputs(state: Function) -> list[Any]:
    learners: Any = state["learner"]
    return [learner["decided"] for learner in learners.values()]


def _listed(trace: Trace) -> Mapping[str, int]:
    """The step that lists each model: the first whose state has its loss, or an earlier one.

    The loss of a block's model may never be remembered, so of blocks all are listed at once.
    """
    if "blocks" in trace.states[0]:
        return dict.fromkeys(trace.models, 1)
    last = len(trace.states) - 1
    listed: dict[str, int] = {}
    for name in reversed([*trace.models]):
        losses = (index for index, state in enumerate(trace.states) if name in state["loss"])  # type: ignore
        last = listed[name] = max(1, min(last, next(losses, last)))  # no step is before the first
    return listed
