"""The specifications' properties, evaluated in the implementation's states.

Each has its name in the specification.  An invariant takes a System and one of its states, a
property of steps two states, a property of liveness the last state of a behaviour that is over.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations, pairwise
from typing import Any

from model_consensus.conformance.chain_properties import (
    no_bad_factor,
    refines_delayed_chain,
    refines_longest_chain,
)
from model_consensus.conformance.streamlet_properties import (
    are_compatible,
    consistency,
    delivers_what_was_broadcast,
    no_rival,
    one_notarized,
    one_vote,
)
from model_consensus.evolutionary_search import (
    Ticket,
    Weights,
    by_rank,
    is_legal,
    proposal_cost,
    single,
)
from model_consensus.pow_learner import NOBODY, chain
from model_consensus.systems import tob
from model_consensus.systems.lineage import ticket_value
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import Mine
from model_consensus.systems.pow_actions import State as PowState
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.systems.system import System
from model_consensus.systems.tob import State as TobState
from model_consensus.systems.tob import TobSystem
from model_consensus.tob_learner import Offer

Path = tuple[Any, ...]
"""A model as in TLA+: the steps that lead to it."""


# -------------------------------------------------------------------------- learning, both ways


def _decided(system: Any, state: Any) -> dict[str, tuple[Path, ...]]:
    """``Decided``: each correct process's output."""
    return {
        p: tuple(map(system.name, system.decided(learner))) for p, learner in state.learner.items()
    }


def agreement(system: TobSystem | PowSystem, state: TobState | PowState) -> bool:
    """No two outputs disagree."""
    return all(are_compatible(*two) for two in combinations(_decided(system, state).values(), 2))


def lineage(system: TobSystem | PowSystem, state: TobState | PowState) -> bool:
    """Each decided model is an offspring, by a legal step, of the one decided before it."""
    search = system.landscapes.search({})
    return all(
        after[:-1] == before
        and after[-1]
        and len({ticket["proposer"] for ticket in after[-1]}) == len(after[-1])
        and all(
            ticket["generation"] == len(after) and is_legal(search, ticket["weights"])
            for ticket in after[-1]
        )
        for decided in _decided(system, state).values()
        for before, after in pairwise(decided)
    )


def _losses(system: TobSystem | PowSystem, state: TobState | PowState) -> Mapping[Path, int]:
    return {system.name(digest): loss for digest, loss in state.loss.items()}  # type: ignore[misc]


def _of_proposers(models: Iterable[Path], parent: Path, proposers: Iterable[str]) -> list[Path]:
    """Those of ``models`` that are proposals on ``parent``, by a ticket of ``proposers``."""
    return [
        model
        for model in models
        if model and model[:-1] == parent and len(model[-1]) == 1
        for ticket in model[-1]
        if ticket["proposer"] in proposers
    ]


# ------------------------------------------------------------------------ Total Order Broadcast


def _resilience(system: TobSystem, state: TobState, one_more: bool) -> bool:
    loss = _losses(system, state)
    draws = system.landscapes.draws
    matches = draws * (system.rules.lambda_ - len(system.byzantine)) + one_more
    for decided in _decided(system, state).values():
        for parent, model in pairwise(decided):
            honest = _of_proposers(loss, parent, system.correct)
            if one_more and len(honest) < draws * len(system.correct):
                continue
            if model in loss and sum(loss[model] <= loss[m] for m in honest) < matches:
                return False
    return True


def resilience_over_broadcast(system: TobSystem, state: TobState) -> bool:
    """A decided model matches every draw of λ - f correct processes."""
    return _resilience(system, state, one_more=False)


def resilience_and_one_more(system: TobSystem, state: TobState) -> bool:
    """A decided model matches one more honest offspring, once all of them have been drawn."""
    return _resilience(system, state, one_more=True)


def accuracy(system: TobSystem | PowSystem, state: TobState | PowState) -> bool:
    """No correct process is banned."""
    return all(set(each.banned) <= set(system.byzantine) for each in state.learner.values())


def _rank_resilience(system: TobSystem, state: TobState, most: int) -> bool:
    loss = _losses(system, state)
    return all(
        sum(
            any(loss[m] < loss[model] for m in _of_proposers(loss, parent, [process]))
            for process in system.correct
        )
        <= most
        for decided in _decided(system, state).values()
        for parent, model in pairwise(decided)
        if model in loss
    )


def rank_resilience(system: TobSystem, state: TobState) -> bool:
    """At most n - λ correct processes had something better than a decided model."""
    return _rank_resilience(system, state, len(system.processes) - system.rules.lambda_)


def rank_and_one_fewer(system: TobSystem, state: TobState) -> bool:
    """At most n - λ - 1 had: this is one too few."""
    return _rank_resilience(system, state, len(system.processes) - system.rules.lambda_ - 1)


def evaluations_are_exact(system: TobSystem, state: TobState) -> bool:
    """Evaluated are own proposals, and μ offers and a blend a decision, and a lie a ban."""
    cost = proposal_cost(system.landscapes.search({}))
    each_decision = system.rules.mu + (system.rules.mu > 1)
    return all(
        each.evaluations
        - each_decision * each.model.generation
        - len(each.verified)
        - len(each.banned)
        in [cost * made for made in range(each.offered + 1)]
        for each in state.learner.values()
    )


def evaluation_bound(system: TobSystem, state: TobState) -> bool:
    """The evaluations of each generation begun, and one for each Byzantine process."""
    each_generation = proposal_cost(system.landscapes.search({})) + system.rules.mu
    each_generation += system.rules.mu > 1
    return all(
        each.evaluations <= each_generation * (each.model.generation + 1) + len(system.byzantine)
        for each in state.learner.values()
    )


def same_bans(system: TobSystem, state: TobState) -> bool:
    """All correct processes ban the same ones in the same order, as far as they have come."""
    return all(
        are_compatible(one.banned, other.banned)
        for one, other in combinations(state.learner.values(), 2)
    )


def bans_at_most_f(system: TobSystem, state: TobState) -> bool:
    """No correct process bans more processes than are Byzantine."""
    return all(len(each.banned) <= len(system.byzantine) for each in state.learner.values())


def no_deadlock(system: TobSystem, state: TobState) -> bool:
    """Before the last generation is decided, a correct process or the network can go on."""
    return termination(system, state) or any(
        type(action) in (tob.Offer, tob.Order, tob.Deliver) for action in system.enabled(state)
    )


def termination(system: TobSystem, state: TobState) -> bool:
    """Every correct process has decided every generation."""
    return all(each.model.generation == system.generations for each in state.learner.values())


# -------------------------------------------------------------------------------- proof-of-work


def _is_at_floor(system: PowSystem, loss: Mapping[Path, int], model: Path) -> bool:
    """Whether the model is as good as the public offer on its parent."""

    def made(weights: Weights) -> Path:
        return (*model[:-1], frozenset([ticket_value(Ticket(len(model), NOBODY, weights))]))

    draws = system.landscapes.draws
    public = [made(single(draw, draws)) for draw in range(draws)]
    if not loss.keys() >= set(public):
        return False
    if system.landscapes.recombines and draws > 1:
        public.append(made(by_rank([loss[each] for each in public])))
    return all(loss[model] <= loss[each] for each in public)


def resilience_over_work(system: PowSystem, state: PowState) -> bool:
    """Each decided model is as good as the public offer, while its loss is remembered."""
    loss = _losses(system, state)
    return all(
        model not in loss or _is_at_floor(system, loss, model)
        for decided in _decided(system, state).values()
        for model in decided[1:]
    )


def is_mined_at_floor(system: PowSystem, before: PowState, after: PowState) -> bool:
    """A new block's claim is its loss, and reaches the floor, while the loss is remembered."""
    loss = _losses(system, after)
    for place in range(len(before.blocks) + 1, len(after.blocks) + 1):
        claim = after.blocks[place - 1].claim
        model: Any = system.name(system.model(after, place).digest)
        if model in loss and not (loss[model] == claim and _is_at_floor(system, loss, model)):
            return False
    return True


def validity(system: PowSystem, before: PowState, after: PowState) -> bool:
    """What a newly decided model uses of a correct process, that process has offered."""
    offered = {(system.name(offer.parent), ticket_value(offer.ticket)) for offer in before.offers}
    old = _decided(system, before)
    return all(
        (model[:-1], ticket) in offered
        for process, decided in _decided(system, after).items()
        for model in decided[len(old[process]) :]
        for ticket in model[-1]
        if ticket["proposer"] in system.correct
    )


def shares_search(system: PowSystem, before: PowState, after: PowState) -> bool:
    """A correct miner's block is as good as its own offer, and as the true ones that it had."""
    if len(after.blocks) == len(before.blocks) or after.blocks[-1].miner not in system.correct:
        return True
    block = after.blocks[-1]
    process, banned = block.miner, before.learner[block.miner].banned

    def is_worthy(offer: Offer) -> bool:
        model = system.lineages.offspring(offer.parent, frozenset([offer.ticket]))
        is_true = before.loss[model] == offer.claim
        return offer.sender == process or (offer.sender not in banned and is_true)

    def can_lead(seen: tuple[Offer, ...]) -> bool:
        leads = system.leads(before, process, seen)
        return any(isinstance(a, Mine) and system.apply(before, a) == after for a in leads)

    return all(
        block.claim <= offer.claim
        for seen in system.collected(before, process)
        if can_lead(seen)
        for offer in seen
        if is_worthy(offer)
    )


def integrity(
    system: TobSystem | PowSystem, before: TobState | PowState, after: TobState | PowState
) -> bool:
    """Outputs only grow."""
    old, new = _decided(system, before), _decided(system, after)
    return all(new[process][: len(old[process])] == old[process] for process in old)


def refines_model_consensus(
    system: TobSystem | PowSystem, before: TobState | PowState, after: TobState | PowState
) -> bool:
    """What ``RefinesModelConsensus`` says of a step: outputs only grow, and as they may."""
    over_broadcast = isinstance(system, TobSystem)
    resilience = resilience_over_broadcast if over_broadcast else resilience_over_work
    return (
        integrity(system, before, after)
        and agreement(system, after)
        and lineage(system, after)
        and resilience(system, after)  # type: ignore[arg-type]
        and (not over_broadcast or _is_evaluated(system, before, after))
    )


def _is_evaluated(
    system: TobSystem | PowSystem, before: TobState | PowState, after: TobState | PowState
) -> bool:
    """Whether somebody has evaluated what is newly decided."""
    loss, earlier = _losses(system, after), _decided(system, before)
    return all(
        model in loss
        for process, decided in _decided(system, after).items()
        for model in decided[len(earlier[process]) :]
    )


def settled(system: DelayedPowSystem, state: PowState) -> bool:
    """Outputs agree while no factor of the wins is bad."""
    return agreement(system, state) or not no_bad_factor(system, state)


def progress(system: PowSystem, state: PowState, more: int = 0) -> bool:
    """All but ``Depth`` of the generations that correct processes won are decided."""
    promised = (system.wins or 0) - (system.byzantine_wins or 0) - system.rules.depth + more
    return all(len(each) - 1 >= promised for each in _decided(system, state).values())


def chain_quality(system: PowSystem, state: PowState, more: int = 0) -> bool:
    """Correct miners have led all decided steps but as many as the adversary has won."""
    promised = (system.wins or 0) - 2 * (system.byzantine_wins or 0) - system.rules.depth + more
    for learner in state.learner.values():
        led = chain(learner)[: len(system.decided(learner)) - 1]
        if sum(learner.known[digest].miner in system.correct for digest in led) < promised:
            return False
    return True


# ------------------------------------------------------------------------------------- by name

Invariant = Callable[[Any, Any], bool]

_OVER_BROADCAST: dict[str, Invariant] = {
    "Agreement": agreement,
    "Lineage": lineage,
    "Resilience": resilience_over_broadcast,
    "ResilienceAndOneMore": resilience_and_one_more,
    "Accuracy": accuracy,
    "RankResilience": rank_resilience,
    "RankAndOneFewer": rank_and_one_fewer,
    "EvaluationsAreExact": evaluations_are_exact,
    "EvaluationBound": evaluation_bound,
    "SameBans": same_bans,
    "BansAtMostF": bans_at_most_f,
    "NoDeadlock": no_deadlock,
}
_OVER_WORK: dict[str, Invariant] = {
    "Agreement": agreement,
    "Lineage": lineage,
    "Accuracy": accuracy,
    "Resilience": resilience_over_work,
    "Settled": settled,
}
_STREAMLET: dict[str, Invariant] = {
    "OneVote": one_vote,
    "OneNotarized": one_notarized,
    "NoRival": no_rival,
    "Consistency": consistency,
    "RefinesTotalOrderBroadcast": delivers_what_was_broadcast,
}
_OF_STEPS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "Integrity": integrity,
    "RefinesModelConsensus": refines_model_consensus,
    "RefinesLongestChain": refines_longest_chain,
    "RefinesDelayedChain": refines_delayed_chain,
    "Validity": validity,
    "IsMinedAtFloor": is_mined_at_floor,
    "SharesSearch": shares_search,
}
LIVENESS: dict[str, Invariant] = {
    "Termination": termination,
    "Progress": progress,
    "MoreProgress": partial(progress, more=1),
    "ChainQuality": chain_quality,
    "MoreQuality": partial(chain_quality, more=1),
}
"""What must come to hold in a behaviour that is fair and over."""


def first_failure(name: str, system: System[Any, Any], states: Sequence[Any]) -> int | None:
    """The index of the first state of a behaviour in which a property does not hold, or None."""
    if name in LIVENESS:
        return None if LIVENESS[name](system, states[-1]) else len(states) - 1
    if name in _OF_STEPS:
        fine = [True, *(_OF_STEPS[name](system, *two) for two in pairwise(states))]
    else:
        invariants = _STREAMLET
        if isinstance(system, TobSystem):
            invariants = _OVER_BROADCAST
        elif isinstance(system, PowSystem):
            invariants = _OVER_WORK
        fine = [invariants[name](system, state) for state in states]
    return fine.index(False) if False in fine else None
