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

from model_consensus.evolutionary_search import (
    Model,
    Process,
    Search,
    Step,
    Ticket,
    Weights,
    all_drawn,
    best_ticket,
    by_rank,
    least,
    single,
    tagged_digest,
)
from model_consensus.systems.tob import State, TobSystem
from model_consensus.tob_learner import Learner, Offer, current_generation, offered

FLOOD = 50
"""Offers that a flooding process sends in each generation."""

TRIED = 64
"""Weights that an adaptive process tries in each generation."""


@dataclass(frozen=True)
class Situation:
    """What an attacker sees when it acts.

    :ivar attacker: the Byzantine process that acts.
    :ivar rank: its place among the Byzantine processes, from 0.
    :ivar ahead: the learner that has decided most; offers are judged on its model next.
    :ivar losses: the true losses of the attacker's own draws on that model.
    :ivar honest: the offers of correct processes on that model that are known.
    """

    system: TobSystem
    search: Search
    attacker: Process
    rank: int
    ahead: Learner
    losses: tuple[int, ...]
    honest: tuple[Offer, ...]

    def ticket(self, draw: int, *, ahead: int = 0, proposer: Process | None = None) -> Ticket:
        """A ticket of the attacker, or of the process that it impersonates."""
        generation = current_generation(self.ahead) + ahead
        return Ticket(generation, proposer or self.attacker, single(draw, self.search.draws))

    def combined(self, weights: Weights) -> Ticket:
        """A ticket of the attacker with these weights."""
        return Ticket(current_generation(self.ahead), self.attacker, weights)

    def offer(self, ticket: Ticket, claim: int, parent: bytes | None = None) -> Offer:
        """An offer of the attacker."""
        return Offer(self.attacker, parent or self.ahead.model.digest, ticket, claim)

    def loss(self, ticket: Ticket) -> int:
        """The true loss of a ticket on the model that offers are judged on."""
        return self.search.losses(self.ahead.model, [frozenset([ticket])])[0]

    @property
    def best(self) -> int:
        """The draw of least loss."""
        return least(self.losses)

    @property
    def worst(self) -> int:
        """The draw of greatest loss."""
        return least([-loss for loss in self.losses])

    @property
    def reversed_ranks(self) -> Ticket:
        """The recombination with the weights of the least loss for the greatest, and so on.

        The worst draw, where draws cannot be recombined.
        """
        if not self.search.recombines or len(self.losses) < 2:
            return self.ticket(self.worst)
        return self.combined(tuple(-weight for weight in by_rank(self.losses)))

    @property
    def blended(self) -> int:
        """The greatest claim that is blended if all known offers of correct processes are there."""
        claims = sorted(offer.claim for offer in self.honest)
        return claims[min(self.system.rules.mu, len(claims)) - 1] if claims else 0


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


def _adaptive(now: Situation) -> Iterable[Offer]:
    """Of many combinations the one that is blended and leads most away from the honest ones."""
    if not now.honest:
        return
    honest = _mean_move(now, [offered(offer) for offer in now.honest])
    tickets = [now.combined(weights) for weights in _some_weights(now)]
    losses = now.search.losses(now.ahead.model, [frozenset([ticket]) for ticket in tickets])
    inside = [(t, loss) for t, loss in zip(tickets, losses, strict=True) if loss <= now.blended]

    def along(option: tuple[Ticket, int]) -> float:
        move = _mean_move(now, [frozenset([option[0]])])
        length = float(np.linalg.norm(move))
        return float(move @ honest) / length if length else 0.0

    yield now.offer(*min(inside or list(zip(tickets, losses, strict=True)), key=along))


def _some_weights(now: Situation) -> list[Weights]:
    """Single draws, their recombination both ways, and legal weights drawn at random."""
    draws = now.search.draws
    singles = [single(draw, draws) for draw in range(draws)]
    if not now.search.recombines or draws < 2:
        return singles
    ranks = by_rank(now.losses)
    key = tagged_digest("model-consensus/adaptive/1", now.ahead.model.digest, now.attacker)
    words = np.random.Philox(key=int.from_bytes(key[:16], "little")).random_raw((TRIED, draws))
    drawn = (words % (2 * draws - 1)).astype(np.int64) - (draws - 1)
    rows = [tuple(int(weight) for weight in row) for row in drawn if row.any()]
    return [*singles, ranks, tuple(-weight for weight in ranks), *rows]


def _mean_move(
    now: Situation, steps: Sequence[Step]
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """How far these steps lead from the current model, on average: float64[d]."""
    model = now.ahead.model
    moves = [now.search.offspring(model, step).vector - model.vector for step in steps]
    mean: np.ndarray[tuple[int], np.dtype[np.float64]] = np.mean(moves, axis=0, dtype=np.float64)
    return mean


def _worst_first(now: Situation) -> Sequence[Offer]:
    return sorted(now.honest, key=lambda offer: (-offer.claim, offer.sender))


def _look_ahead(now: Situation) -> Sequence[Offer]:
    """First those whose selection leaves the worst offers for the generation after it."""
    rules, honest = now.system.rules, len(now.honest)
    needed = rules.lambda_ - len(now.system.byzantine)
    if not 0 < needed <= honest:
        return now.honest

    def best_after(first: tuple[Offer, ...]) -> int:
        model = _selected(now.search, rules.mu, now.ahead.model, first)
        return min(best_ticket(now.search, model, p)[1] for p in now.system.correct)

    first = max(combinations(_worst_first(now), needed), key=best_after)
    return [*first, *(offer for offer in now.honest if offer not in first)]


def _selected(search: Search, mu: int, parent: Model, offers: Sequence[Offer]) -> Model:
    """What a learner decides that has these true offers and false ones of greater claims."""
    best = sorted(offers, key=lambda offer: offer.claim)[:mu]
    step = frozenset(offer.ticket for offer in best)
    if search.losses(parent, [step])[0] >= best[0].claim:
        step = offered(best[0])
    return search.offspring(parent, step)


def _stale_parent(now: Situation) -> Iterable[Offer]:
    decided = now.ahead.decided
    if len(decided) > 1:
        yield now.offer(now.ticket(now.worst, ahead=-1), 0, decided[-2])


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


def situation(system: TobSystem, search: Search, state: State, attacker: Process) -> Situation:
    """What ``attacker`` sees in ``state``."""
    ahead = max(state.learner.values(), key=current_generation)
    tickets = all_drawn(current_generation(ahead), attacker, search.draws)
    losses = search.losses(ahead.model, [frozenset([ticket]) for ticket in tickets])
    known = state.broadcast.network.union(
        ahead.accepted, ahead.verified, state.broadcast.inbox[ahead.process]
    )
    honest = sorted(
        offer
        for offer in known
        if offer.sender in system.correct and offer.parent == ahead.model.digest
    )
    rank = system.byzantine.index(attacker)
    return Situation(system, search, attacker, rank, ahead, tuple(losses), tuple(honest))


def wanted(
    attack: Attack, system: TobSystem, search: Search, state: State, attacker: Process
) -> list[Offer]:
    """The offers that ``attacker`` wants to have ordered in ``state``."""
    return list(attack.offers(situation(system, search, state, attacker)))
