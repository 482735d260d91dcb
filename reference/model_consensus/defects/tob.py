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
from model_consensus.evolutionary_search import Model, Search, least
from model_consensus.systems.tob import Receive
from model_consensus.tob_learner import Learner, Offer, current_generation, receive


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
    draw: Callable[[int, int], bool] = lambda draw, draws: 0 <= draw < draws,
) -> Callable[[Search, Learner, Offer], bool]:
    """``is_legal`` with one of its comparisons replaced."""

    def is_legal(search: Search, learner: Learner, offer: Offer) -> bool:
        return (
            parent(learner, offer)
            and generation(offer.ticket.generation, current_generation(learner))
            and proposer(offer)
            and draw(offer.ticket.draw, search.draws)
        )

    return is_legal


def replacing(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """A later offer of a sender takes the place of its earlier one."""
    if tob_learner.is_legal(search, learner, offer):
        others = tuple(each for each in learner.accepted if each.sender != offer.sender)
        learner = replace(learner, accepted=others)
    return receive(search, lambda_, learner, offer)


def own_order(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Every second process takes a sender's last offer: as without a common order."""
    second = learner.process[-1] in "02468"
    return (replacing if second else receive)(search, lambda_, learner, offer)


# ------------------------------------------------------------------ when and what it selects


def one_too_few(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Selects when λ - 1 offers are accepted."""
    return receive(search, lambda_ - 1, learner, offer)


def one_too_many(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Selects when λ + 1 offers are accepted."""
    return receive(search, lambda_ + 1, learner, offer)


def last_of_equals(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Of equal claims it takes the one that was delivered last."""
    if not tob_learner.is_acceptable(search, learner, offer):
        return learner
    turned = replace(learner, accepted=(offer, *learner.accepted))
    return tob_learner.select(search, lambda_, turned)


def own_ties(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Of equal claims it takes its own."""
    if offer.sender != learner.process:
        return receive(search, lambda_, learner, offer)
    return last_of_equals(search, lambda_, learner, offer)


# ------------------------------------------------------------------ what becomes of a claim


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
        (loss,) = search.losses(parent(learner, chosen), [chosen.ticket])
        if true(loss, chosen.claim):
            model = search.offspring(parent(learner, chosen), chosen.ticket)
            return replace(
                counted, model=model, decided=(*learner.decided, model.digest), accepted=()
            )
        banned = (*learner.banned, blamed(learner, chosen))
        return replace(counted, accepted=kept(learner, chosen), banned=banned)

    return evaluate


def unverified(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Believes the least claim without evaluating it."""
    if not tob_learner.is_acceptable(search, learner, offer):
        return learner
    accepted = (*learner.accepted, offer)
    if len(accepted) < lambda_:
        return replace(learner, accepted=accepted)
    chosen = accepted[least([each.claim for each in accepted])]
    model = search.offspring(learner.model, chosen.ticket)
    return replace(learner, model=model, decided=(*learner.decided, model.digest), accepted=())


def unbanned(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Drops a false offer, but lets its proposer go on."""
    after = receive(search, lambda_, learner, offer)
    return replace(after, banned=()) if after.banned else after


def forgiving(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Forgets in the next generation who was banned."""
    after = receive(search, lambda_, learner, offer)
    return after if len(after.decided) == len(learner.decided) else replace(after, banned=())


def unemptied(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Keeps the offers of a generation that it has decided."""
    after = receive(search, lambda_, learner, offer)
    if len(after.decided) == len(learner.decided):
        return after
    return replace(after, accepted=learner.accepted)


def decides_twice(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Puts a decision into its output twice."""
    after = receive(search, lambda_, learner, offer)
    if len(after.decided) == len(learner.decided):
        return after
    return replace(after, decided=(*after.decided, after.decided[-1]))


def _greatest(claims: Sequence[int]) -> int:
    return least([-claim for claim in claims])


DEFECTS: dict[str, Receive] = {
    "any-parent": with_steps(
        "Does not compare the offer's parent with its model.",
        is_legal=_legal(parent=lambda learner, offer: True),
    ),
    "stale": with_steps(
        "Accepts an offer on any model decided, and takes the step from there.",
        is_legal=_legal(
            parent=lambda learner, offer: offer.parent in learner.decided,
            generation=lambda ticket, now: ticket <= now,
        ),
        evaluate=_evaluate(parent=_named_parent),
    ),
    "stale-unverified": with_steps(
        "Takes the step from any model decided, and believes the claim.",
        is_legal=_legal(
            parent=lambda learner, offer: offer.parent in learner.decided,
            generation=lambda ticket, now: ticket <= now,
        ),
        evaluate=_evaluate(parent=_named_parent, true=lambda loss, claim: True),
    ),
    "future-generation": with_steps(
        "Accepts a ticket of a later generation.",
        is_legal=_legal(generation=lambda ticket, now: ticket >= now),
    ),
    "past-generation": with_steps(
        "Accepts a ticket of an earlier generation.",
        is_legal=_legal(generation=lambda ticket, now: ticket <= now),
    ),
    "foreign": with_steps(
        "Accepts tickets that are not the sender's own.",
        is_legal=_legal(proposer=lambda offer: True),
    ),
    "blames-the-named": with_steps(
        "Accepts tickets that are not the sender's own, and bans whom a false one names.",
        is_legal=_legal(proposer=lambda offer: True),
        evaluate=_evaluate(blamed=lambda learner, chosen: chosen.ticket.proposer),
    ),
    "negative-draw": with_steps(
        "Accepts a negative draw.", is_legal=_legal(draw=lambda draw, draws: draw < draws)
    ),
    "any-draw": with_steps(
        "Accepts a draw beyond those that a process has.",
        is_legal=_legal(draw=lambda draw, draws: draw >= 0),
    ),
    "one-draw-more": with_steps(
        "Accepts one draw more than a process has.",
        is_legal=_legal(draw=lambda draw, draws: 0 <= draw <= draws),
    ),
    "repeated": with_steps(
        "Accepts several offers of one sender in a generation.",
        is_first=lambda learner, offer: True,
    ),
    "repeated-draws": with_steps(
        "Accepts several offers of one sender if their tickets differ.",
        is_first=lambda learner, offer: all(a.ticket != offer.ticket for a in learner.accepted),
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
        "Evaluates every accepted offer.",
        evaluate=_evaluate(evaluated=lambda learner: len(learner.accepted)),
    ),
    "uncounted": with_steps(
        "Does not count the evaluation of the chosen offer.",
        evaluate=_evaluate(evaluated=lambda learner: 0),
    ),
    "unbanned": unbanned,
    "forgiving": forgiving,
    "bans-the-first": with_steps(
        "Bans the sender of the first accepted offer for the chosen one's false claim.",
        evaluate=_evaluate(blamed=lambda learner, chosen: learner.accepted[0].sender),
    ),
    "drops-all": with_steps(
        "Drops all accepted offers with a false one.",
        evaluate=_evaluate(kept=lambda learner, chosen: ()),
    ),
    "unemptied": unemptied,
    "decides-twice": decides_twice,
}
"""The defective learners by name."""
