"""The counterexample to a dropped assumption, as an attack on the implementation.

Where the assumption is dropped, the implementation follows TLC state by state, and the property
is violated in the state in which TLC says so.  Where it is kept, the same moves are impossible
or the property holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_consensus.conformance.necessity import NECESSITY, real_system, weak_system
from model_consensus.conformance.properties import LIVENESS, first_failure
from model_consensus.conformance.replay import Replay, replay
from model_consensus.systems import streamlet as streamlet_system
from model_consensus.systems.pow_actions import ByzantineForge
from model_consensus.systems.system import System
from model_consensus.systems.tob import ByzantineOffer, Deliver
from model_consensus.tla.manifest import SpecModel
from model_consensus.tla.tlc_output import Step


@dataclass(frozen=True)
class Attack:
    """What came of a counterexample.

    :ivar replayed: how far the implementation without the assumption followed it.
    :ivar violated: the index of the state in which the property first did not hold there, or None.
    :ivar real_states: how many states the same moves gave where the assumption is kept.
    :ivar impossible: the index of the first of the moves that was impossible there, or None.
    :ivar real_violated: the index of the state in which the property first did not hold there, or
        None.
    """

    replayed: Replay
    violated: int | None
    real_states: int
    impossible: int | None
    real_violated: int | None

    @property
    def is_as_expected(self) -> bool:
        """Whether the property is violated in the last state, and only without the assumption."""
        last = len(self.replayed.states) - 1
        return not self.replayed.failure and self.violated == last and self.real_violated is None


def attack(model: SpecModel, steps: Sequence[Step]) -> Attack:
    """Replay the counterexample ``steps`` of a necessity model, and repeat its moves.

    A lasso is replayed up to its last state.
    """
    row, name = NECESSITY[model.name], model.failing
    assert name is not None
    weak, real = weak_system(model), real_system(model)
    replayed = replay(weak, steps)
    violated = None
    if replayed.states:
        # A fair behaviour that ends before its property holds cannot go on.
        states = replayed.states
        violated = first_failure(name, weak, _completed(weak, states, name) if row.fair else states)
    reached, impossible = _repeat(real, weak, replayed.actions, replayed.states)
    kept = row.instead or name
    real_violated = first_failure(kept, real, _completed(real, reached, kept))
    return Attack(replayed, violated, len(reached), impossible, real_violated)


def _repeat(
    real: System[Any, Any], weak: System[Any, Any], actions: Sequence[Any], states: Sequence[Any]
) -> tuple[list[Any], int | None]:
    """Make the moves of a behaviour of ``weak`` in ``real``.

    The result is the states of ``real``, and the index of the first action that is impossible
    there, or None.
    """
    reached = list(real.initial())[:1]
    for index, action in enumerate(actions):
        after = weak.project(states[index + 1])
        move = _same_move(real, reached[-1], action, after)
        if move is None:
            return reached, index
        reached.append(real.apply(reached[-1], move))
    return reached, None


def _same_move(real: Any, state: Any, action: Any, after: Any) -> Any:
    """The action of ``real`` that is this one of another system, or None if it is impossible.

    What the adversary sends it can send to anybody.  If the landscape has to answer otherwise than
    there, it may.
    """
    match action:
        case ByzantineOffer(offer, _):
            sends = offer.sender in real.byzantine
            options = list(real.byzantine_offers(state, offer)) if sends else []
        case Deliver(process, _):
            arrived = state.broadcast.inbox[process]
            options = list(real.deliveries(state, process)) if arrived else []
        case ByzantineForge(process, block, _):
            options = list(real.forges(state, process, block))
        case streamlet_system.Vote(process, _) | streamlet_system.Propose(process, _):
            votes = after["votes"][process]
            return next(
                (
                    each
                    for each in real.enabled(state)
                    if type(each) is type(action)
                    and each.process == process
                    and real.project(real.apply(state, each))["votes"][process] == votes
                ),
                None,
            )
        case _:
            return next((each for each in real.enabled(state) if each == action), None)
    return next((each for each in options if each == action), options[0] if options else None)


def _completed(system: System[Any, Any], states: Sequence[Any], name: str) -> list[Any]:
    """A behaviour of which a property of liveness is to be judged, gone on with to its end.

    Correct processes and the network do all that they still can; other behaviours stay.
    """
    reached = list(states)
    while name in LIVENESS:
        before = system.project(reached[-1])
        for action in system.enabled(reached[-1]):
            if type(action).__name__ in _FAIR:
                after = system.apply(reached[-1], action)
                if system.project(after) != before:
                    reached.append(after)
                    break
        else:
            break
    return reached


_FAIR = {"Offer", "Order", "Deliver", "Mine", "Receive"}
