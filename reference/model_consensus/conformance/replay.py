"""Behaviours that TLC produces, followed by the implementation step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.systems.system import System
from model_consensus.tla import tlc
from model_consensus.tla.config import without_checks
from model_consensus.tla.differences import differences
from model_consensus.tla.manifest import SpecModel
from model_consensus.tla.scratch import scratch_folder
from model_consensus.tla.tlc_output import Counterexample, Step
from model_consensus.tla.values import Function


@dataclass(frozen=True)
class Replay:
    """How far the implementation followed a behaviour.

    :ivar states: its states, one for each state of the behaviour that it could follow.
    :ivar actions: its actions, one fewer.
    :ivar failure: why the next step was impossible, in lines; none if it followed to the end.
    """

    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    failure: tuple[str, ...] = ()


def replay(system: System[Any, Any], steps: Sequence[Step]) -> Replay:
    """Follow a behaviour of TLC's with ``system``.

    The implementation's action must be named like TLC's, and lead to TLC's state.  (An operator
    that a model puts in the place of an action begins with the action's name.)
    """
    states = [each for each in system.initial() if system.project(each) == steps[0].state]
    if not states:
        return Replay((), (), ("state 1 is not initial",))
    states, actions = states[:1], []
    for number, step in enumerate(steps[1:], start=2):
        nearest: list[str] | None = None
        possible = set()
        for action in system.enabled(states[-1]):
            name = type(action).__name__
            possible.add(name)
            if not step.action.startswith(name):
                continue
            after = system.apply(states[-1], action)
            found = _differences(system.project(after), step.state)
            if not found:
                states.append(after)
                actions.append(action)
                break
            if nearest is None or len(found) < len(nearest):
                nearest = found
        else:
            why = f"state {number} is not reached by {step.action}"
            names = f"possible were {', '.join(sorted(possible)) or 'no actions'}"
            return Replay(tuple(states), tuple(actions), (why, *(nearest or [names])))
    return Replay(tuple(states), tuple(actions))


def _differences(ours: Function, theirs: Function) -> list[str]:
    """Where the implementation's state differs from TLC's."""
    if ours == theirs:
        return []
    return [line for name in theirs for line in differences(str(name), ours[name], theirs[name])]


# ----------------------------------------------------------------------- what TLC produces


class _EnoughError(Exception):
    """TLC has printed as many behaviours as are wanted."""


def simulate(model: SpecModel, number: int, depth: int, seed: int) -> list[tuple[Step, ...]]:
    """Random behaviours of a model: to a state without successors, or of ``depth`` states.

    TLC prints behaviours that violate something: here that is to be so long, or to end.

    :raises ModelConsensusError: TLC ends before it has found so many.
    """
    found: list[list[Step]] = []

    def note(step: Step) -> None:
        if step.action == "Init":
            if len(found) == number:
                raise _EnoughError
            found.append([])
        found[-1].append(step)

    with scratch_folder() as folder:
        root = folder / "RandomBehaviours.tla"
        root.write_text(
            f"---- MODULE {root.stem} ----\nEXTENDS {model.module.stem}, TLC\n"
            f'IsShort == TLCGet("level") < {depth - 1}\n====\n',
            encoding="utf-8",
        )
        config = root.with_suffix(".cfg")
        text = without_checks(model.config.read_text(encoding="utf-8"))
        config.write_text(f"{text}\nINVARIANT IsShort\n", encoding="utf-8")
        options = ("-simulate", "-depth", str(depth + 1), "-seed", str(seed), "-continue")
        run = tlc.Run(
            root, config, deadlock=True, quick=True, library=model.module.parent, options=options
        )
        try:
            result = tlc.check(run, on_step=note)
        except _EnoughError:
            return [tuple(behaviour) for behaviour in found]
    raise ModelConsensusError(f"{model.name}: TLC simulated no more: {result.message}")


def counterexample(model: SpecModel) -> Counterexample:
    """The counterexample of a model, as TLC finds it now.

    :raises ModelConsensusError: TLC finds none, or one of another property.
    """
    if model.failing is None:
        raise ModelConsensusError(f"{model.name} has no counterexample: use --simulate")
    result = tlc.check(model.run())
    if result.property != model.failing or result.trace is None:
        raise ModelConsensusError(f"{model.name}: {result.message}, not {model.failing}")
    return result.trace
