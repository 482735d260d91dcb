"""Learners over Total Order Broadcast with one mechanism left out, to show what it is for.

Nobody should run these.  Each takes the place of :func:`model_consensus.tob_learner.receive`, and
has a name under which tests and the command line ask for it.
"""

from dataclasses import replace

from model_consensus.evolutionary_search import Search, least
from model_consensus.tob_learner import (
    Learner,
    Offer,
    is_banned,
    is_first,
    is_legal,
    receive,
    select,
)
from model_consensus.tob_system import Receive


def _accept(learner: Learner, offer: Offer) -> Learner:
    return replace(learner, accepted=(*learner.accepted, offer))


def unverified(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Believes the least claim without evaluating it."""
    if not is_legal(search, learner, offer) or not is_first(learner, offer):
        return learner
    learner = _accept(learner, offer)
    if len(learner.accepted) < lambda_:
        return learner
    chosen = learner.accepted[least([each.claim for each in learner.accepted])]
    model = search.offspring(learner.model, chosen.ticket)
    return replace(learner, model=model, decided=(*learner.decided, model.digest), accepted=())


def unbanned(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Drops a false offer, but lets its proposer go on."""
    after = receive(search, lambda_, learner, offer)
    return replace(after, banned=()) if after.banned else after


def repeated(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Accepts several offers of one sender in a generation."""
    if not is_legal(search, learner, offer) or is_banned(learner, offer.sender):
        return learner
    return select(search, lambda_, _accept(learner, offer))


def foreign(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Accepts tickets that are not the sender's own."""
    own = replace(offer, sender=offer.ticket.proposer)
    if not is_legal(search, learner, own) or not is_first(learner, offer):
        return learner
    if is_banned(learner, offer.sender):
        return learner
    return select(search, lambda_, _accept(learner, offer))


def last_of_equals(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Of equal claims it takes the one that was delivered last."""
    if not is_legal(search, learner, offer) or not is_first(learner, offer):
        return learner
    if is_banned(learner, offer.sender):
        return learner
    turned = replace(learner, accepted=(offer, *learner.accepted))
    return select(search, lambda_, turned)


def one_too_few(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """Selects when λ - 1 offers are accepted."""
    return receive(search, lambda_ - 1, learner, offer)


DEFECTS: dict[str, Receive] = {
    "unverified": unverified,
    "unbanned": unbanned,
    "repeated": repeated,
    "foreign": foreign,
    "last-of-equals": last_of_equals,
    "one-too-few": one_too_few,
}
