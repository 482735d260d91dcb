"""What a Byzantine process sees over Total Order Broadcast when it acts, and can compute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Process,
    Search,
    Step,
    Ticket,
    Weights,
    all_drawn,
    by_rank,
    largest_weight,
    least,
    single,
    tagged_digest,
)
from model_consensus.landscapes import Vector
from model_consensus.systems.answers import AroundSearch
from model_consensus.systems.tob import State, TobSystem
from model_consensus.tob_learner import Learner, Offer, current_generation, offered

TRIED = 64
"""Weights that an adaptive process tries in each generation."""
SHARES = 8
"""Shares of its target, from none to all, by which a process with a target ranks its draws."""


@runtime_checkable
class WithTarget(Protocol):
    """What a landscape may have that the search does not need: something for colluders to want."""

    def target_losses(self, models: Vector) -> list[int]:
        """How far each row of ``models``, int64[m, d], is from what they want; less is nearer."""
        ...


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


def situation(system: TobSystem, search: Search, state: State, attacker: Process) -> Situation:
    """What ``attacker`` sees in ``state``."""
    ahead = max(state.learner.values(), key=current_generation)
    drawn = all_drawn(current_generation(ahead), attacker, search.draws)
    losses = search.losses(ahead.model, drawn)
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


def _singles(now: Situation) -> list[Weights]:
    return [single(draw, now.search.draws) for draw in range(now.search.draws)]


def some_weights(now: Situation) -> list[Weights]:
    """Single draws, their recombination both ways, and legal weights drawn at random."""
    draws, singles = now.search.draws, _singles(now)
    if not now.search.recombines or draws < 2:
        return singles
    ranks = by_rank(now.losses)
    key = tagged_digest("model-consensus/adaptive/1", now.ahead.model.digest, now.attacker)
    words = np.random.Philox(key=int.from_bytes(key[:16], "little")).random_raw((TRIED, draws))
    largest = largest_weight(draws)
    drawn = (words % (2 * largest + 1)).astype(np.int64) - largest
    rows = [tuple(int(weight) for weight in row) for row in drawn if row.any()]
    return [*singles, ranks, tuple(-weight for weight in ranks), *rows]


def target_losses(now: Situation, steps: Sequence[Step]) -> list[int]:
    """How far from what colluders want these steps on the current model lead.

    A landscape that has no target gets one: its first coordinate is to be small.
    """
    models = np.array([now.search.offspring(now.ahead.model, step).vector for step in steps])
    search = now.search
    while isinstance(search, AroundSearch):
        search = search.search
    landscape = search.landscape if isinstance(search, EvolutionarySearch) else None
    if isinstance(landscape, WithTarget):
        return landscape.target_losses(models)
    return [int(model[0]) for model in models]


def weights_for_target(now: Situation) -> list[Weights]:
    """Single draws, and recombinations by loss, by distance from the target, or by both."""
    singles = _singles(now)
    if not now.search.recombines or len(singles) < 2:
        return singles
    near = target_losses(now, [frozenset([now.combined(weights)]) for weights in singles])
    ranks = list(zip(by_rank(now.losses), by_rank(near), strict=True))
    mixed = [
        [-(SHARES - share) * of_loss - share * of_target for of_loss, of_target in ranks]
        for share in range(SHARES + 1)
    ]
    return [*singles, *map(by_rank, mixed)]


def mean_move(now: Situation, steps: Sequence[Step]) -> NDArray[np.float64]:
    """How far these steps lead from the current model, on average: float64[d]."""
    model = now.ahead.model
    moves = [now.search.offspring(model, step).vector - model.vector for step in steps]
    mean: NDArray[np.float64] = np.mean(moves, axis=0, dtype=np.float64)
    return mean


def selected(search: Search, mu: int, parent: Model, offers: Sequence[Offer]) -> Model:
    """What a learner decides that has these true offers and false ones of greater claims."""
    best = sorted(offers, key=lambda offer: offer.claim)[:mu]
    step = frozenset(offer.ticket for offer in best)
    if search.losses(parent, [step])[0] >= best[0].claim:
        step = offered(best[0])
    return search.offspring(parent, step)
