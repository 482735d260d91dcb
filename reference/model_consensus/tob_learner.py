"""Evolutionary search over Total Order Broadcast: ``TobLearner.tla``.

In each generation a process evaluates its own draws on its current model and broadcasts one offer:
its best ticket, with its claim to that loss.  A learner takes the offers in the order of delivery.
Once it has λ of them it evaluates those of the least claims, one after the other.  An offer whose
claim is false is dropped, and its proposer is banned for ever.  Once μ offers are verified, the
next model is their blend, if that is better than the best of them, and else the best of them: the
floor.  With μ = 1 and single draws this is (1,λ) evolutionary search.

The learner is a fold of :func:`receive` over what has been delivered, and all correct learners
fold the same sequence: that is the whole argument.

The rule of this file: everything is a pure function of its arguments, and nothing outside changes a
learner.  An offer that is not acceptable leaves the learner as it was.  Functions and fields have
the names that they have in the specification; docs/side-by-side.md shows both texts in two columns.

The algorithm is our reading of the idea of Kucharavy, Monti, Guerraoui and Dolamic (2023).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Step,
    Ticket,
    best_ticket,
    is_own_ticket,
    least,
    proposal_cost,
)


@dataclass(frozen=True)
class Rules:
    """What all processes have agreed on.

    :ivar lambda_: λ, how many offers a selection needs; at least 1.
    :ivar mu: μ, how many of them are blended; 1 to λ.
    :raises ModelConsensusError: μ is out of this range.
    """

    lambda_: int
    mu: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.mu <= self.lambda_:
            raise ModelConsensusError(f"mu must be in 1..{self.lambda_} (lambda), not {self.mu}")


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
    """The state of one process's learner, as large after a million generations as after one.

    :ivar process: whose learner this is.
    :ivar model: the current model, the last one decided.  Its digest is over its parent's, and so
        names all that was decided.
    :ivar accepted: the offers of this generation that wait for evaluation, in order of delivery.
    :ivar verified: those that were found true, in order of evaluation.
    :ivar banned: the proposers caught lying, in order.
    :ivar offered: the last generation for which it made its own offer.
    :ivar evaluations: how many models it has evaluated.
    """

    process: Process
    model: Model
    accepted: tuple[Offer, ...] = ()
    verified: tuple[Offer, ...] = ()
    banned: tuple[Process, ...] = ()
    offered: int = 0
    evaluations: int = 0


def new_learner(search: Search, process: Process) -> Learner:
    """A learner that has decided nothing but the genesis model."""
    return Learner(process, search.genesis)


def current_generation(learner: Learner) -> int:
    """The generation that ``learner`` is about to decide, from 1."""
    return learner.model.generation + 1


def offer(search: Search, learner: Learner) -> tuple[Learner, Offer]:
    """Evaluate the learner's own draws on its current model; the best ticket becomes its offer.

    It costs ``proposal_cost(search)`` evaluations.
    """
    ticket, loss = best_ticket(search, learner.model, learner.process)
    after = replace(
        learner,
        offered=current_generation(learner),
        evaluations=learner.evaluations + proposal_cost(search),
    )
    return after, Offer(learner.process, learner.model.digest, ticket, loss)


def offered(offer: Offer) -> Step:
    """The step that an offer is about."""
    return frozenset([offer.ticket])


# --------------------------------------------------------------- which offers it accepts


def is_on_parent(learner: Learner, offer: Offer) -> bool:
    """Whether ``offer`` is on the learner's current model."""
    return offer.parent == learner.model.digest


def is_own_draw(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether the ticket is one that the sender may draw in the learner's generation."""
    return is_own_ticket(search, offer.ticket, current_generation(learner), offer.sender)


def is_legal_offer(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether its sender drew ``offer`` legally on the learner's current model."""
    return is_on_parent(learner, offer) and is_own_draw(search, learner, offer)


def is_first(learner: Learner, offer: Offer) -> bool:
    """Whether no offer of the same sender is accepted or verified in this generation."""
    return all(other.sender != offer.sender for other in learner.accepted + learner.verified)


def is_banned(learner: Learner, process: Process) -> bool:
    """Whether ``process`` was caught lying."""
    return process in learner.banned


def is_acceptable(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether ``offer`` is legal, its sender's first in the generation, and its sender trusted."""
    return (
        is_legal_offer(search, learner, offer)
        and is_first(learner, offer)
        and not is_banned(learner, offer.sender)
    )


# ----------------------------------------------------------------------- what it verifies


def least_claim(offers: Sequence[Offer]) -> Offer:
    """The offer of the least claim; of equal claims, the earliest."""
    return offers[least([offer.claim for offer in offers])]


def is_true_claim(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether the claim is the loss of the offered model: one evaluation."""
    return search.losses(learner.model, [offered(offer)]) == [offer.claim]


def evaluate(search: Search, learner: Learner, chosen: Offer) -> Learner:
    """Evaluate ``chosen``, an accepted offer: it is verified, or its proposer is banned."""
    evaluated = replace(
        learner,
        accepted=tuple(offer for offer in learner.accepted if offer is not chosen),
        evaluations=learner.evaluations + 1,
    )
    if is_true_claim(search, learner, chosen):
        return replace(evaluated, verified=(*learner.verified, chosen))
    return replace(evaluated, banned=(*learner.banned, chosen.sender))


def has_enough(rules: Rules, learner: Learner) -> bool:
    """Whether it has λ offers."""
    return len(learner.accepted) + len(learner.verified) >= rules.lambda_


def is_verified(rules: Rules, learner: Learner) -> bool:
    """Whether μ offers are verified."""
    return len(learner.verified) >= rules.mu


def verify(search: Search, rules: Rules, learner: Learner) -> Learner:
    """With λ offers: evaluate the least claims, one after the other, until μ are verified.

    A false claim leaves fewer than λ offers, and the learner waits for another one.
    """
    while has_enough(rules, learner) and not is_verified(rules, learner):
        learner = evaluate(search, learner, least_claim(learner.accepted))
    return learner


# ------------------------------------------------------------------------ what it decides


def floor(learner: Learner) -> Offer:
    """The verified offer of the least claim."""
    return least_claim(learner.verified)


def blend(learner: Learner) -> Step:
    """The step of all verified offers."""
    return frozenset(offer.ticket for offer in learner.verified)


def decide(search: Search, rules: Rules, learner: Learner) -> Learner:
    """With μ verified offers: decide their blend if it is better than the floor, else the floor.

    The blend costs one evaluation, or none if it is of one offer and so that offer itself.
    """
    if not is_verified(rules, learner):
        return learner
    step, evaluations = offered(floor(learner)), learner.evaluations
    if rules.mu > 1:
        evaluations += 1
        if search.losses(learner.model, [blend(learner)])[0] < floor(learner).claim:
            step = blend(learner)
    return replace(
        learner,
        model=search.offspring(learner.model, step),
        accepted=(),
        verified=(),
        evaluations=evaluations,
    )


def accept(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """The learner after the delivery of ``offer``, but for the decision that may follow."""
    if not is_acceptable(search, learner, offer):
        return learner
    return verify(search, rules, replace(learner, accepted=(*learner.accepted, offer)))


def receive(search: Search, rules: Rules, learner: Learner, offer: Offer) -> Learner:
    """The learner after the delivery of ``offer``; the same learner if it is not acceptable."""
    return decide(search, rules, accept(search, rules, learner, offer))
