"""A seeded run of learning over Total Order Broadcast: a schedule for :class:`TobSystem`.

The schedule is a sequence of choices made by raw words of numpy's Philox generator, so the same
seed gives the same run on every machine.  Every enabled move of a correct process is as likely as
any other, hence the schedule is fair with probability 1 and processes do lag behind each other.
Where an attack decides the order, correct processes make all their other moves first.
"""

from collections.abc import Iterator

from model_consensus.adversaries.tob import Attack, wanted
from model_consensus.adversaries.tob_situation import situation
from model_consensus.simulation.schedule import Schedule
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Action, Deliver, Order, State, TobSystem
from model_consensus.tob_learner import Learner, current_generation
from model_consensus.tob_learner import Offer as OfferMessage


def simulate(
    system: TobSystem, landscape: OneLandscape, attack: Attack, seed: int
) -> Iterator[tuple[Action | None, State]]:
    """The states of a run and the actions that lead to them, the initial state first.

    It ends when every correct process has decided ``system.generations``.
    """
    schedule = Schedule(seed)
    state = next(system.initial())
    yield None, state
    ordered: set[OfferMessage] = set()
    forged: list[OfferMessage] = []
    planned: list[OfferMessage] = []
    seen: Learner | None = None
    while True:
        ahead = max(state.learner.values(), key=current_generation)
        if ahead is not seen:  # the attackers see nothing else that changes
            if seen is None or current_generation(ahead) != current_generation(seen):
                ordered = set()  # what was wanted in earlier generations is history
                planned = []
            seen = ahead
            forged = [
                offer
                for attacker in system.byzantine
                for offer in wanted(attack, system, landscape.searched, state, attacker)
                if attack.order is None and offer not in ordered
            ]
        moves: list[tuple[str, object]] = []
        for process in system.correct:
            if system.can_offer(state, process):
                moves.append(("offer", process))
            if state.broadcast.inbox[process]:
                moves.append(("deliver", process))
        if attack.order is None or not system.byzantine:
            moves += [("order", offer) for offer in sorted(state.broadcast.network)]
            moves += [("forge", offer) for offer in forged] if moves else []
        elif not moves:
            late = sorted(
                offer for offer in state.broadcast.network if offer.parent != ahead.model.digest
            )
            if not (late or planned) and state.broadcast.network:
                planned = _in_order(system, landscape, attack, state)
            if not (late or planned):
                return
            offer = late[0] if late else planned.pop(0)
            moves = [("forge" if offer.sender in system.byzantine else "order", offer)]
        if not moves:
            return
        action: Action
        match schedule.choose(moves):
            case ("offer", str(process)):
                action = next(system.offers(state, process))
            case ("deliver", str(process)):
                action = Deliver(process)
            case ("order", OfferMessage() as offer):
                action = Order(offer)
            case ("forge", OfferMessage() as offer):
                ordered.add(offer)
                forged = [other for other in forged if other not in ordered]
                action = next(system.byzantine_offers(state, offer))
            case other:
                raise AssertionError(other)
        state = system.apply(state, action)
        yield action, state


def _in_order(
    system: TobSystem, landscape: OneLandscape, attack: Attack, state: State
) -> list[OfferMessage]:
    """The offers of a generation in the order in which the attack wants them."""
    search = landscape.searched
    forged = [
        offer
        for attacker in system.byzantine
        for offer in wanted(attack, system, search, state, attacker)
    ]
    assert attack.order is not None
    return [*forged, *attack.order(situation(system, search, state, system.byzantine[0]))]
