"""(1,λ) evolutionary search over Total Order Broadcast: ``TobLearner.tla``.

In each generation a process draws its own tickets on its current model and broadcasts one offer:
the ticket of least loss, with its claim to that loss.  A learner takes the offers in the order of
delivery.  Once λ of them are accepted it evaluates the one of the least claim: if the claim is
true, that is the next model; if not, its proposer is banned for ever and the offer is dropped.

The learner is a fold of :func:`receive` over what has been delivered, and all correct learners
fold the same sequence: that is the whole argument.  The functions and fields here have the names
that they have in the specification.  Everything is a pure function of its arguments; an offer that
is not acceptable leaves the learner as it was.

The algorithm is our reading of the idea of Kucharavy, Monti, Guerraoui and Dolamic (2023).
"""

from dataclasses import dataclass, replace

from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Ticket,
    least,
    own_tickets,
)


@dataclass(frozen=True, order=True, slots=True)
class Offer:
    """A proposer's best ticket on ``parent`` and its claim to the loss; 100 bytes or so.

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

    To be called once in each generation: ``learner.offered`` says for which it was.
    """
    generation = current_generation(learner)
    tickets = own_tickets(generation, learner.process, search.draws)
    losses = search.losses(learner.model, tickets)
    best = least(losses)
    offered = replace(learner, offered=generation, evaluations=learner.evaluations + len(tickets))
    return offered, Offer(learner.process, learner.model.digest, tickets[best], losses[best])


def is_legal(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether its sender drew ``offer`` legally on the learner's current model."""
    ticket = offer.ticket
    return (
        offer.parent == learner.model.digest
        and ticket.generation == current_generation(learner)
        and ticket.proposer == offer.sender
        and 0 <= ticket.draw < search.draws
    )


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


def select(search: Search, lambda_: int, learner: Learner) -> Learner:
    """While λ offers are accepted: evaluate the least claim, and decide it or ban its proposer.

    Of equal claims the earliest delivered counts.
    """
    while len(learner.accepted) >= lambda_:
        chosen = learner.accepted[least([offer.claim for offer in learner.accepted])]
        evaluated = replace(learner, evaluations=learner.evaluations + 1)
        if search.losses(learner.model, [chosen.ticket]) == [chosen.claim]:
            model = search.offspring(learner.model, chosen.ticket)
            return replace(
                evaluated, model=model, decided=(*learner.decided, model.digest), accepted=()
            )
        learner = replace(
            evaluated,
            accepted=tuple(offer for offer in learner.accepted if offer is not chosen),
            banned=(*learner.banned, chosen.sender),
        )
    return learner


def receive(search: Search, lambda_: int, learner: Learner, offer: Offer) -> Learner:
    """The learner after the delivery of ``offer``; the same learner if it is not acceptable."""
    if not is_acceptable(search, learner, offer):
        return learner
    return select(search, lambda_, replace(learner, accepted=(*learner.accepted, offer)))
