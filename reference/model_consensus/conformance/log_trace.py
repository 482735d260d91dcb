"""The merged behaviour of logs as a trace, which TLC can check."""

from collections.abc import Iterator, Sequence

from model_consensus.conformance.log_replay import LoggedLandscape, Merged
from model_consensus.conformance.logs import Agreed
from model_consensus.conformance.traces import Trace, record
from model_consensus.evolutionary_search import Digest, Process, offspring_digest
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Action, ByzantineOffer, Deliver, Offer, State, TobSystem
from model_consensus.tob_learner import Rules, offered


def merged_system(
    logging: Sequence[Process], agreed: Agreed, merged: Sequence[Merged]
) -> TobSystem:
    """The system of which the merged steps are a behaviour.

    A Byzantine offer that nobody evaluated may have any loss; it is given the one that it claims.

    :param logging: the processes that have logs; all others are Byzantine.
    """
    losses: dict[Digest, int] = {}
    for each in merged:
        if isinstance(each.action, ByzantineOffer):
            offer = each.action.offer
            losses[offspring_digest(offer.parent, offered(offer))] = offer.claim
    generations = 1
    for each in merged:
        for (parent, step), loss in each.evaluated:
            losses[offspring_digest(parent, step)] = loss
            generations = max(generations, *(ticket.generation for ticket in step))
    return TobSystem(
        agreed.processes,
        [process for process in agreed.processes if process not in logging],
        Rules(agreed.lambda_, agreed.mu),
        OneLandscape(LoggedLandscape(agreed.draws, agreed.recombines, losses, agreed.genesis)),
        generations,
        name=bytes.hex,
    )


def merged_steps(
    system: TobSystem, merged: Sequence[Merged]
) -> Iterator[tuple[Action | None, State]]:
    """Each action of the merged behaviour with the state after it; first the initial state."""
    state = next(system.initial())
    yield None, state
    for each in merged:
        action: Action
        match each.action:
            case Offer(process, _):
                action = next(system.offers(state, process))
            case Deliver(process, _):
                action = next(system.deliveries(state, process))
            case ByzantineOffer(offer, _):
                action = next(system.byzantine_offers(state, offer))
            case order:
                action = order
        state = system.apply(state, action)
        yield action, state


def merged_trace(logging: Sequence[Process], agreed: Agreed, merged: Sequence[Merged]) -> Trace:
    """The merged behaviour as a trace of TobLearning."""
    system = merged_system(logging, agreed, merged)
    return record("the merged logs", system, merged_steps(system, merged))
