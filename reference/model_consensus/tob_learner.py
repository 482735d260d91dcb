"""(1,λ) evolutionary search over Total Order Broadcast: ``TobLearner.tla``.

In each generation a process draws its own tickets on its current model and broadcasts one offer:
the ticket of least loss, with its claim to that loss.  A learner takes the offers in the order of
delivery.  Once λ of them are accepted it evaluates the one of the least claim: if the claim is
true, that is the next model; if not, its proposer is banned for ever and the offer is dropped.

The learner is a fold of :func:`receive` over what has been delivered, and all correct learners
fold the same sequence: that is the whole argument.

The rule of this file: everything is a pure function of its arguments, and nothing outside changes a
learner.  An offer that is not acceptable leaves the learner as it was.  Functions and fields have
the names that they have in the specification; docs/side-by-side.md shows both texts in two columns.

The algorithm is our reading of the idea of Kucharavy, Monti, Guerraoui and Dolamic (2023).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Ticket,
    best_ticket,
    least,
    own_tickets,
)

__all__ = [
    "Learner",
    "Offer",
    "current_generation",
    "evaluate",
    "is_acceptable",
    "is_banned",
    "is_first",
    "is_legal",
    "is_on_parent",
    "is_own_draw",
    "is_true_claim",
    "least_claim",
    "new_learner",
    "offer",
    "receive",
    "select",
]


@dataclass(frozen=True, order=True, slots=True)
class Offer:
    """A proposer's best ticket on ``parent`` and its claim to the loss, about 100 bytes.

    ``sender`` is authenticated by the broadcast; everything else is what the sender says.
    """

    sender: Process
    parent: Digest
    ticket: Ticket
    claim: int


@dataclass(frozen=True, slots=True)
class Learner:
    """The state of one process's learner.

    :ivar process: whose learner this is.
    :ivar model: the current model, the last one decided.
    :ivar decided: the digests of the models decided, from the genesis model on.
    :ivar accepted: the offers accepted in this generation, in order of delivery; fewer than λ.
    :ivar banned: the proposers caught lying, in order.
    :ivar offered: the last generation for which it made its own offer.
    :ivar evaluations: how many models it has evaluated.
    """

    process: Process
    model: Model
    decided: tuple[Digest, ...]
    accepted: tuple[Offer, ...] = ()
    banned: tuple[Process, ...] = ()
    offered: int = 0
    evaluations: int = 0


def new_learner(search: Search, process: Process) -> Learner:
    """A learner that has decided nothing but the genesis model."""
    return Learner(process, search.genesis, (search.genesis.digest,))


def current_generation(learner: Learner) -> int:
    """The generation that ``learner`` is about to decide, from 1."""
    return len(learner.decided)


def offer(search: Search, learner: Learner) -> tuple[Learner, Offer]:
    """Draw the learner's own tickets on its current model; the best becomes its offer.

    It costs ``search.draws`` evaluations.
    """
    ticket, loss = best_ticket(search, learner.model, learner.process)
    offered = replace(
        learner,
        offered=current_generation(learner),
        evaluations=learner.evaluations + search.draws,
    )
    return offered, Offer(learner.process, learner.model.digest, ticket, loss)


def is_on_parent(learner: Learner, offer: Offer) -> bool:
    """Whether ``offer`` is on the learner's current model."""
    return offer.parent == learner.model.digest


def is_own_draw(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether the ticket is one that the sender may draw in the learner's generation."""
    return offer.ticket in own_tickets(current_generation(learner), offer.sender, search.draws)


def is_legal(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether its sender drew ``offer`` legally on the learner's current model."""
    return is_on_parent(learner, offer) and is_own_draw(search, learner, offer)


def is_first(learner: Learner, offer: Offer) -> bool:
    """Whether no offer of the same sender is accepted in this generation."""
    return all(accepted.sender != offer.sender for accepted in learner.accepted)


def is_banned(learner: Learner, process: Process) -> bool:
    """Whether ``process`` was caught lying."""
    return process in learner.banned


def is_acceptable(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether ``offer`` is legal, its sender's first in the generation, and its sender trusted."""
    return (
        is_legal(search, learner, offer)
        and is_first(learner, offer)
        and not is_banned(learner, offer.sender)
    )


def least_claim(accepted: Sequence[Offer]) -> Offer:
    """The offer of the least claim; of equal claims, the earliest delivered."""
    return accepted[least([offer.claim for offer in accepted])]


def is_true_claim(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether the claim is the loss of the offered model: one evaluation."""
    return search.losses(learner.model, [offer.ticket]) == [offer.claim]


def evaluate(search: Search, learner: Learner, chosen: Offer) -> Learner:
    """Evaluate ``chosen``, an accepted offer: decide its model, or ban its proposer and drop it."""
    evaluated = replace(learner, evaluations=learner.evaluations + 1)
    if is_true_claim(search, learner, chosen):
        model = search.offspring(learner.model, chosen.ticket)
        return replace(
            evaluated, model=model, decided=(*learner.decided, model.digest), accepted=()
        )
    return replace(
        evaluated,
        accepted=tuple(offer for offer in learner.accepted if offer is not chosen),
        banned=(*learner.banned, chosen.sender),
    )


def select(search: Search, lambda_: int, learner: Learner) -> Learner:
    """With λ offers accepted: evaluate the one of the least claim.

    An offer makes λ - 1 accepted offers λ, and either outcome leaves fewer: a delivery costs at
    most one evaluation.
    """
    if len(learner.accepted) < lambda_:
        return learner
    return evaluate(search, learner, least_claim(learner.accepted))


def receive(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """The learner after the delivery of ``offer``; the same learner if it is not acceptable."""
    if not is_acceptable(search, learner, offer):
        return learner
    return select(search, lambda_, replace(learner, accepted=(*learner.accepted, offer)))
