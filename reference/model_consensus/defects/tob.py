"""Learners over Total Order Broadcast with one thing wrong in each, to show what it is for.

Nobody should run these.  Each takes the place of :func:`model_consensus.tob_learner.receive`, and
has a name under which tests and the command line ask for it.  Most are the real learner with one
step replaced.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from model_consensus import tob_learner
from model_consensus.defects.replaced import replaced
from model_consensus.evolutionary_search import (
    Model,
    Search,
    Step,
    Weights,
    is_legal,
    is_single,
    least,
)
from model_consensus.systems.tob import Receive
from model_consensus.tob_learner import Learner, Offer, Rules, current_generation, offered, receive


def with_steps(what: str, **steps: Any) -> Receive:
    """The learner with those functions of ``tob_learner`` replaced; ``what`` is wrong with it."""
    broken: Receive = replaced(tob_learner, **steps).receive
    broken.__doc__ = what
    return broken


# ------------------------------------------------------------------ which offers are accepted


def _legal(
    parent: Callable[[Learner, Offer], bool] = lambda now, offer: offer.parent == now.model.digest,
    generation: Callable[[int, int], bool] = lambda ticket, now: ticket == now,
    proposer: Callable[[Offer], bool] = lambda offer: offer.ticket.proposer == offer.sender,
    weights: Callable[[Search, Weights], bool] = is_legal,
) -> Callable[[Search, Learner, Offer], bool]:
    """``is_legal_offer`` with one of its comparisons replaced."""

    def is_legal_offer(search: Search, learner: Learner, offer: Offer) -> bool:
        return (
            parent(learner, offer)
            and generation(offer.ticket.generation, current_generation(learner))
            and proposer(offer)
            and weights(search, offer.ticket.weights)
        )

    return is_legal_offer


def replacing(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """A later offer of a sender takes the place of its earlier one."""
    if tob_learner.is_legal_offer(search, learner, offer):
        others = tuple(each for each in learner.accepted if each.sender != offer.sender)
        learner = replace(learner, accepted=others)
    return receive(search, rules, learner, offer)


def own_order(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Every second process takes a sender's last offer: as without a common order."""
    return (replacing if learner.process[-1] in "02468" else receive)(search, rules, learner, offer)


# ------------------------------------------------------------------ when and what it selects


def one_too_few(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Selects when λ - 1 offers are there."""
    fewer = rules.lambda_ - 1
    return receive(search, Rules(fewer, min(rules.mu, fewer)), learner, offer)


def one_too_many(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Selects when λ + 1 offers are there."""
    return receive(search, Rules(rules.lambda_ + 1, rules.mu), learner, offer)


def last_of_equals(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Of equal claims it takes the one that was delivered last."""
    if not tob_learner.is_acceptable(search, learner, offer):
        return learner
    turned = replace(learner, accepted=(offer, *learner.accepted))
    return tob_learner.decide(search, rules, tob_learner.verify(search, rules, turned))


def own_ties(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Of equal claims it takes its own."""
    take = last_of_equals if offer.sender == learner.process else receive
    return take(search, rules, learner, offer)


def _others(learner: Learner, chosen: Offer) -> tuple[Offer, ...]:
    return tuple(offer for offer in learner.accepted if offer is not chosen)


def _named_parent(learner: Learner, chosen: Offer) -> Model:
    return Model(chosen.ticket.generation - 1, chosen.parent, learner.model.vector)


def _evaluate(
    true: Callable[[int, int], bool] = lambda loss, claim: loss == claim,
    blamed: Callable[[Learner, Offer], str] = lambda learner, chosen: chosen.sender,
    evaluated: Callable[[Learner], int] = lambda learner: 1,
    kept: Callable[[Learner, Offer], tuple[Offer, ...]] = _others,
    parent: Callable[[Learner, Offer], Model] = lambda learner, chosen: learner.model,
) -> Callable[[Search, Learner, Offer], Learner]:
    """``evaluate`` with one of its parts replaced."""

    def evaluate(search: Search, learner: Learner, chosen: Offer) -> Learner:
        counted = replace(learner, evaluations=learner.evaluations + evaluated(learner))
        (loss,) = search.losses(parent(learner, chosen), [offered(chosen)])
        if true(loss, chosen.claim):
            verified = (*learner.verified, chosen)
            return replace(counted, accepted=_others(learner, chosen), verified=verified)
        banned = (*learner.banned, blamed(learner, chosen))
        return replace(counted, accepted=kept(learner, chosen), banned=banned)

    return evaluate


def _decided(learner: Learner, model: Model, evaluations: int) -> Learner:
    """The learner that decides ``model``, after so many evaluations."""
    return replace(learner, model=model, accepted=(), verified=(), evaluations=evaluations)


def _decide(
    steps: Callable[[Learner], tuple[Step, ...]] = lambda learner: (tob_learner.blend(learner),),
    better: Callable[[int, int], bool] = lambda loss, floor: loss < floor,
    floor: Callable[[Learner], Offer] = tob_learner.floor,
    parent: Callable[[Learner, Offer], Model] = lambda learner, chosen: learner.model,
) -> Callable[[Search, Rules, Learner], Learner]:
    """``decide`` with one of its parts replaced; ``steps`` are what it may prefer to the floor."""

    def decide(search: Search, rules: Rules, learner: Learner) -> Learner:
        if not tob_learner.is_verified(rules, learner):
            return learner
        chosen = floor(learner)
        before, step = parent(learner, chosen), offered(chosen)
        evaluations = learner.evaluations
        if rules.mu > 1:
            evaluations += 1
            for other in steps(learner):
                if better(search.losses(before, [other])[0], chosen.claim):
                    step = other
        return _decided(learner, search.offspring(before, step), evaluations)

    return decide


def _believe(search: Search, learner: Learner, chosen: Offer) -> Learner:
    """In place of ``evaluate``: nothing is evaluated."""
    return replace(learner, accepted=_others(learner, chosen), verified=(*learner.verified, chosen))


unverified = with_steps("Believes the least claims without evaluating them.", evaluate=_believe)


def believes_all_but_the_least(
    search: Search, rules: Rules, learner: Learner, offer: Offer
) -> Learner:
    """Evaluates the least claim alone, and blends it with others that nobody has verified."""
    if not tob_learner.is_acceptable(search, learner, offer):
        return learner
    learner = replace(learner, accepted=(*learner.accepted, offer))
    first = tob_learner.verify(search, replace(rules, mu=1), learner)
    if not tob_learner.is_verified(Rules(1), first):
        return first
    rest = replaced(tob_learner, evaluate=_believe).verify(search, rules, first)
    return tob_learner.decide(search, rules, rest)


def unevaluated_blend(search: Search, rules: Rules, learner: Learner) -> Learner:
    """In place of ``decide``: the blend is decided without being evaluated."""
    if not tob_learner.is_verified(rules, learner):
        return learner
    model = search.offspring(learner.model, tob_learner.blend(learner))
    return _decided(learner, model, learner.evaluations + (rules.mu > 1))


def _tolerate(search: Search, learner: Learner, chosen: Offer) -> Learner:
    """In place of ``evaluate``: an offer with a false claim counts, at the loss that was found."""
    (loss,) = search.losses(learner.model, [offered(chosen)])
    return replace(
        learner,
        accepted=_others(learner, chosen),
        verified=(*learner.verified, replace(chosen, claim=loss)),
        evaluations=learner.evaluations + 1,
    )


def _best_two(learner: Learner) -> tuple[Step, ...]:
    """The blend of the two best verified offers, whatever μ is."""
    best = sorted(learner.verified, key=lambda offer: offer.claim)[:2]
    return (frozenset(offer.ticket for offer in best),)


def _of_one_parent(learner: Learner) -> tuple[Step, ...]:
    """The blend of those verified offers that are on the floor's parent."""
    parent = tob_learner.floor(learner).parent
    return (frozenset(offer.ticket for offer in learner.verified if offer.parent == parent),)


def unbanned(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Drops a false offer, but lets its proposer go on."""
    after = receive(search, rules, learner, offer)
    return replace(after, banned=()) if after.banned else after


def forgiving(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Forgets in the next generation who was banned."""
    after = receive(search, rules, learner, offer)
    return after if after.model is learner.model else replace(after, banned=())


def unemptied(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """Keeps the offers of a generation that it has decided."""
    after = receive(search, rules, learner, offer)
    return after if after.model is learner.model else replace(after, accepted=learner.accepted)


def _greatest(claims: Sequence[int]) -> int:
    return least([-claim for claim in claims])


DEFECTS: dict[str, Receive] = {
    "any-parent": with_steps(
        "Does not compare the offer's parent with its model.",
        is_legal_offer=_legal(parent=lambda learner, offer: True),
    ),
    "stale": with_steps(
        "Accepts an offer on a model of an earlier generation, and takes the step from there.",
        is_legal_offer=_legal(
            parent=lambda learner, offer: True,
            generation=lambda ticket, now: ticket <= now,
        ),
        evaluate=_evaluate(parent=_named_parent),
        decide=_decide(steps=_of_one_parent, parent=_named_parent),
    ),
    "stale-unverified": with_steps(
        "Takes the step from a model of an earlier generation, and believes the claim.",
        is_legal_offer=_legal(
            parent=lambda learner, offer: True,
            generation=lambda ticket, now: ticket <= now,
        ),
        evaluate=_evaluate(parent=_named_parent, true=lambda loss, claim: True),
        decide=_decide(steps=_of_one_parent, parent=_named_parent),
    ),
    "future-generation": with_steps(
        "Accepts a ticket of a later generation.",
        is_legal_offer=_legal(generation=lambda ticket, now: ticket >= now),
    ),
    "past-generation": with_steps(
        "Accepts a ticket of an earlier generation.",
        is_legal_offer=_legal(generation=lambda ticket, now: ticket <= now),
    ),
    "foreign": with_steps(
        "Accepts tickets that are not the sender's own.",
        is_legal_offer=_legal(proposer=lambda offer: True),
    ),
    "blames-the-named": with_steps(
        "Accepts tickets that are not the sender's own, and bans whom a false one names.",
        is_legal_offer=_legal(proposer=lambda offer: True),
        evaluate=_evaluate(blamed=lambda learner, chosen: chosen.ticket.proposer),
    ),
    "any-weights": with_steps(
        "Accepts weights beyond those that are legal.",
        is_legal_offer=_legal(weights=lambda search, weights: len(weights) == search.draws),
    ),
    "larger-weights": with_steps(
        "Accepts weights that are larger by one than the largest.",
        is_legal_offer=_legal(
            weights=lambda search, weights: (
                len(weights) == search.draws and 0 < max(map(abs, weights)) <= max(2, search.draws)
            )
        ),
    ),
    "singles-only": with_steps(
        "Accepts single draws only.",
        is_legal_offer=_legal(
            weights=lambda search, weights: is_legal(search, weights) and is_single(weights)
        ),
    ),
    "repeated": with_steps(
        "Accepts several offers of one sender in a generation.",
        is_first=lambda learner, offer: True,
    ),
    "repeated-draws": with_steps(
        "Accepts several offers of one sender if their tickets differ.",
        is_first=lambda learner, offer: all(
            other.ticket != offer.ticket for other in learner.accepted + learner.verified
        ),
    ),
    "unlimited": with_steps(
        "Accepts any number of offers of a sender, of one that it has banned too.",
        is_first=lambda learner, offer: True,
        is_banned=lambda learner, process: False,
    ),
    "replacing": replacing,
    "own-order": own_order,
    "trusting": with_steps(
        "Accepts offers of processes that it has banned.",
        is_banned=lambda learner, process: False,
    ),
    "one-too-few": one_too_few,
    "one-too-many": one_too_many,
    "greatest": with_steps("Takes the greatest claim.", least=_greatest),
    "first": with_steps("Takes the first offer whatever it claims.", least=lambda claims: 0),
    "last-of-equals": last_of_equals,
    "own-ties": own_ties,
    "unverified": unverified,
    "under-claims": with_steps(
        "Accepts a claim that is less than the loss.",
        evaluate=_evaluate(true=lambda loss, claim: loss >= claim),
    ),
    "over-claims": with_steps(
        "Accepts a claim that is greater than the loss.",
        evaluate=_evaluate(true=lambda loss, claim: loss <= claim),
    ),
    "evaluates-all": with_steps(
        "Evaluates every accepted offer, each time.",
        evaluate=_evaluate(evaluated=lambda learner: len(learner.accepted)),
    ),
    "uncounted": with_steps(
        "Does not count the evaluation of the chosen offer.",
        evaluate=_evaluate(evaluated=lambda learner: 0),
    ),
    "unbanned": unbanned,
    "forgiving": forgiving,
    "blends-unverified": believes_all_but_the_least,
    "unevaluated-blend": with_steps(
        "Decides the blend without evaluating it.", decide=unevaluated_blend
    ),
    "no-floor": with_steps(
        "Decides the blend even where the best offer is better.",
        decide=_decide(better=lambda loss, floor: True),
    ),
    "wrong-floor": with_steps(
        "Decides the blend where it is worse than the best offer.",
        decide=_decide(better=lambda loss, floor: loss > floor),
    ),
    "equal-to-the-floor": with_steps(
        "Decides the blend where it is only as good as the best offer.",
        decide=_decide(better=lambda loss, floor: loss <= floor),
    ),
    "first-floor": with_steps(
        "Takes the first verified offer for the best.",
        decide=_decide(floor=lambda learner: learner.verified[0]),
    ),
    "never-blends": with_steps(
        "Decides the best offer, whatever the blend loses.",
        decide=_decide(better=lambda loss, floor: False),
    ),
    "blends-two": with_steps("Blends the best two offers only.", decide=_decide(steps=_best_two)),
    "blends-one-fewer": with_steps(
        "Is content with μ - 1 verified offers.",
        is_verified=lambda rules, learner: len(learner.verified) >= max(1, rules.mu - 1),
    ),
    "blends-one-more": with_steps(
        "Wants μ + 1 verified offers.",
        is_verified=lambda rules, learner: (
            len(learner.verified) >= min(rules.lambda_, rules.mu + 1)
        ),
    ),
    "tolerates": with_steps(
        "Counts an offer with a false claim at the loss that was found.", evaluate=_tolerate
    ),
    "bans-the-first": with_steps(
        "Bans the sender of the first accepted offer for the chosen one's false claim.",
        evaluate=_evaluate(blamed=lambda learner, chosen: learner.accepted[0].sender),
    ),
    "drops-all": with_steps(
        "Drops all accepted offers with a false one.",
        evaluate=_evaluate(kept=lambda learner, chosen: ()),
    ),
    "unemptied": unemptied,
}
"""The defective learners by name."""
