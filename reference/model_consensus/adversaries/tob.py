"""What Byzantine processes try over Total Order Broadcast, by name.

An attack looks at the whole state, as the adversary of the specification may, and says which offers
it wants to have ordered next.  Some also say in which order the correct processes' offers get their
places, after all of them are known.  Each has one sentence on what it tries and one on what stops
it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from model_consensus.adversaries.tob_situation import (
    Situation,
    mean_move,
    selected,
    situation,
    some_weights,
    target_losses,
    weights_for_target,
)
from model_consensus.evolutionary_search import (
    Process,
    Search,
    Ticket,
    Weights,
    best_ticket,
    least,
)
from model_consensus.systems.tob import State, TobSystem
from model_consensus.tob_learner import Offer, current_generation, offered

FLOOD = 50
"""Offers that a flooding process sends in each generation."""

Order = Callable[[Situation], Sequence[Offer]]
"""In which order the known offers of correct processes get their places."""


@dataclass(frozen=True)
class Attack:
    """A named behaviour of Byzantine processes; ``offers`` are wanted once each.

    :ivar order: if given, the offers of a generation are ordered when all of them are known: first
        those of the Byzantine processes, and then in this order.
    """

    name: str
    tries: str
    stopped_by: str
    offers: Callable[[Situation], Iterable[Offer]]
    order: Order | None = None


def _honest(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.best), now.losses[now.best])


def _under_claim(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.worst), 0)


def _over_claim(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.best), 2 * max(now.losses) + 1)


def _worst_offspring(now: Situation) -> Iterable[Offer]:
    worst = now.ticket(now.worst), now.reversed_ranks
    yield now.offer(*max(((ticket, now.loss(ticket)) for ticket in worst), key=lambda o: o[1]))


def _inside_claim(now: Situation) -> Iterable[Offer]:
    if now.honest:
        yield now.offer(now.reversed_ranks, min(offer.claim for offer in now.honest) + 1)


def _huge_claim(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.worst), 2**62)


def _blended(now: Situation, choice: Iterable[Weights]) -> list[tuple[Ticket, int]]:
    """The tickets with their losses that are blended, if there are any, else all of ``choice``."""
    tickets = [now.combined(weights) for weights in choice]
    losses = now.search.losses(now.ahead.model, [frozenset([ticket]) for ticket in tickets])
    options = list(zip(tickets, losses, strict=True))
    return [option for option in options if option[1] <= now.blended] or options


def _adaptive(now: Situation) -> Iterable[Offer]:
    """Of many combinations the one that is blended and leads most away from the honest ones."""
    if not now.honest:
        return
    honest = mean_move(now, [offered(offer) for offer in now.honest])

    def along(option: tuple[Ticket, int]) -> float:
        move = mean_move(now, [frozenset([option[0]])])
        length = float(np.linalg.norm(move))
        return float(move @ honest) / length if length else 0.0

    yield now.offer(*min(_blended(now, some_weights(now)), key=along))


def _backdoor(now: Situation) -> Iterable[Offer]:
    """Of many combinations the one that is blended and leads nearest to the target."""
    if now.honest:
        options = _blended(now, weights_for_target(now))
        near = target_losses(now, [frozenset([ticket]) for ticket, _ in options])
        yield now.offer(*options[least(near)])


def _worst_first(now: Situation) -> Sequence[Offer]:
    return sorted(now.honest, key=lambda offer: (-offer.claim, offer.sender))


def _nearest_first(now: Situation) -> Sequence[Offer]:
    near = target_losses(now, [offered(offer) for offer in now.honest])
    return [offer for _, offer in sorted(zip(near, now.honest, strict=True))]


def _look_ahead(now: Situation) -> Sequence[Offer]:
    """First those whose selection leaves the worst offers for the generation after it."""
    rules, honest = now.system.rules, len(now.honest)
    needed = rules.lambda_ - len(now.system.byzantine)
    if not 0 < needed <= honest:
        return now.honest

    def best_after(first: tuple[Offer, ...]) -> int:
        model = selected(now.search, rules.mu, now.ahead.model, first)
        return min(best_ticket(now.search, model, p)[1] for p in now.system.correct)

    first = max(combinations(_worst_first(now), needed), key=best_after)
    return [*first, *(offer for offer in now.honest if offer not in first)]


def _stale_parent(now: Situation) -> Iterable[Offer]:
    model = now.ahead.model
    if model.generation > 0:
        parent, _ = now.system.lineages.origin(model.digest)
        yield now.offer(now.ticket(now.worst, ahead=-1), 0, parent)


def _future_generation(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(0, ahead=1), 0)


def _foreign_ticket(now: Situation) -> Iterable[Offer]:
    for victim in now.system.correct:
        yield now.offer(now.ticket(0, proposer=victim), 0)


def _illegal_weights(now: Situation) -> Iterable[Offer]:
    beyond = (now.search.draws + 1,) * now.search.draws
    yield now.offer(Ticket(current_generation(now.ahead), now.attacker, beyond), 0)


def _late_offer(now: Situation) -> Iterable[Offer]:
    if len(now.ahead.accepted + now.ahead.verified) == now.system.rules.lambda_ - 1:
        claim = min((offer.claim for offer in now.ahead.accepted), default=1)
        yield now.offer(now.ticket(now.worst), max(0, claim - 1))


def _equivocation(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.best), now.losses[now.best])
    yield now.offer(now.ticket(now.best), 0)


def _duplicate(now: Situation) -> Iterable[Offer]:
    for draw, loss in enumerate(now.losses):
        yield now.offer(now.ticket(draw), loss)


def _flood(now: Situation) -> Iterable[Offer]:
    for claim in range(FLOOD):
        yield now.offer(now.ticket(claim % now.search.draws), claim)


def _collusion(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.worst), now.rank)


ATTACKS = {
    attack.name: attack
    for attack in (
        Attack("none", "follow the protocol", "there is nothing to stop", _honest),
        Attack(
            "silent",
            "stop the others by sending nothing",
            "a selection waits for λ <= n - f offers only",
            lambda now: (),
        ),
        Attack(
            "under-claim",
            "win with the worst offspring by claiming the loss 0",
            "an offer is evaluated before it takes part, and a liar is banned for ever",
            _under_claim,
        ),
        Attack(
            "over-claim",
            "waste the others' evaluations by claiming too large a loss",
            "only the μ least claims are evaluated, and a false one bans its proposer",
            _over_claim,
        ),
        Attack(
            "worst-offspring",
            "slow the search down by truthfully offering the worst offspring",
            "the step is no worse than the least of λ claims, of which at least λ - f are honest",
            _worst_offspring,
        ),
        Attack(
            "inside-claim",
            "spoil the blend by the reversed recombination, with a claim among the least",
            "whatever is blended is evaluated before, and a liar is banned for ever",
            _inside_claim,
        ),
        Attack(
            "adaptive",
            "offer, at its true loss, the combination that is blended and most against the others",
            "the blend is decided only if it is better than the best offer",
            _adaptive,
        ),
        Attack(
            "worst-order",
            "have the worst honest offers ordered first, after all losses are known",
            "nothing: n - λ processes' offers are late, and they may be the best",
            _huge_claim,
            _worst_first,
        ),
        Attack(
            "look-ahead",
            "have those honest offers ordered first that leave the worst next generation",
            "nothing: draws are public, but only those of n - λ processes can be kept out",
            _huge_claim,
            _look_ahead,
        ),
        Attack(
            "adaptive-order",
            "do both: the worst honest offers first, beside adaptive combinations",
            "the floor: at most n - λ correct processes had a better offer than what is decided",
            _adaptive,
            _worst_first,
        ),
        Attack(
            "backdoor",
            "lead the blend, by true offers and the order, to a target such as one digit misread",
            "the floor, in part: only what is as good as honest offers takes part in a step",
            _backdoor,
            _nearest_first,
        ),
        Attack(
            "stale-parent",
            "have an offspring of an older model decided",
            "an offer must be on the current model",
            _stale_parent,
        ),
        Attack(
            "future-generation",
            "be the first in a generation that nobody has reached",
            "a ticket must be of the current generation",
            _future_generation,
        ),
        Attack(
            "foreign-ticket",
            "lie in another process's name and have it banned",
            "a ticket must be its sender's own",
            _foreign_ticket,
        ),
        Attack(
            "illegal-weights",
            "find a lucky point beyond the weights that a ticket may have",
            "weights must be legal",
            _illegal_weights,
        ),
        Attack(
            "late-offer",
            "wait for the other claims, and then undercut the least with the worst offspring",
            "an offer is evaluated before it takes part, and a liar is banned for ever",
            _late_offer,
        ),
        Attack(
            "equivocation",
            "divide the others by two offers with one ticket and two claims",
            "everybody has the same order, and the first offer of a sender counts",
            _equivocation,
        ),
        Attack(
            "duplicate",
            "fill the selection with several offers of one process",
            "the first offer of a sender in a generation counts, and no other",
            _duplicate,
        ),
        Attack(
            "flood",
            "exhaust memory and evaluations with many offers",
            "one accepted offer for each sender: others are dropped on delivery, unevaluated",
            _flood,
        ),
        Attack(
            "collusion",
            "cost as many evaluations as possible: all liars under-claim at once",
            "each lie is found out once in the whole run, for one evaluation",
            _collusion,
        ),
    )
}


def wanted(
    attack: Attack, system: TobSystem, search: Search, state: State, attacker: Process
) -> list[Offer]:
    """The offers that ``attacker`` wants to have ordered in ``state``."""
    return list(attack.offers(situation(system, search, state, attacker)))
