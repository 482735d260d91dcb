"""What Byzantine processes try over Total Order Broadcast, by name.

An attack looks at the whole state, as the adversary of the specification may, and says which offers
it wants to have ordered next.  Each has one sentence on what it tries and one on what stops it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from model_consensus.evolutionary_search import Process, Search, Ticket, all_drawn, least, single
from model_consensus.systems.tob import State, TobSystem
from model_consensus.tob_learner import Learner, Offer, current_generation

FLOOD = 50
"""Offers that a flooding process sends in each generation."""


@dataclass(frozen=True)
class Situation:
    """What an attacker sees when it acts.

    :ivar attacker: the Byzantine process that acts.
    :ivar rank: its place among the Byzantine processes, from 0.
    :ivar ahead: the learner that has decided most; offers are judged on its model next.
    :ivar losses: the true losses of the attacker's own draws on that model.
    """

    system: TobSystem
    search: Search
    attacker: Process
    rank: int
    ahead: Learner
    losses: tuple[int, ...]

    def ticket(self, draw: int, *, ahead: int = 0, proposer: Process | None = None) -> Ticket:
        """A ticket of the attacker, or of the process that it impersonates."""
        generation = current_generation(self.ahead) + ahead
        return Ticket(generation, proposer or self.attacker, single(draw, self.search.draws))

    def offer(self, ticket: Ticket, claim: int, parent: bytes | None = None) -> Offer:
        """An offer of the attacker."""
        return Offer(self.attacker, parent or self.ahead.model.digest, ticket, claim)

    @property
    def best(self) -> int:
        """The draw of least loss."""
        return least(self.losses)

    @property
    def worst(self) -> int:
        """The draw of greatest loss."""
        return least([-loss for loss in self.losses])


@dataclass(frozen=True)
class Attack:
    """A named behaviour of Byzantine processes; ``offers`` are wanted once each."""

    name: str
    tries: str
    stopped_by: str
    offers: Callable[[Situation], Iterable[Offer]]


def _honest(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.best), now.losses[now.best])


def _under_claim(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.worst), 0)


def _over_claim(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.best), 2 * max(now.losses) + 1)


def _worst_offspring(now: Situation) -> Iterable[Offer]:
    yield now.offer(now.ticket(now.worst), now.losses[now.worst])


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
    ahead = max(state.learner.values(), key=current_generation)
    tickets = all_drawn(current_generation(ahead), attacker, search.draws)
    losses = tuple(search.losses(ahead.model, [frozenset([ticket]) for ticket in tickets]))
    rank = system.byzantine.index(attacker)
    return list(attack.offers(Situation(system, search, attacker, rank, ahead, losses)))
