"""Evolutionary search with public tickets: ``EvolutionarySearch.tla``.

In each generation every process has some *draws*, each a fixed noise.  A *ticket* (generation,
proposer, weights) names a combination of the draws of one process: one draw alone, or all of them
recombined.  A *step* is a set of tickets of different processes, whose sum it takes, scaled to the
length of one.  So the offspring of a model form a finite, public set: a process can withhold a
ticket or lie about its loss, and nothing else.  A model is named by its lineage: its digest is
SHA-256 over its parent's digest and its step; the genesis digest covers the problem statement.

Noise is made of raw words of numpy's Philox generator, whose streams are stable across releases:
``popcount(word) - 32`` is exactly Binomial(64, 1/2) - 32, with the mean 0 and the variance 16.

The rule of this file: a model and a loss are functions of the landscape, the parent and the step,
the same on every machine.  Nothing here draws a random number, reads a clock or keeps a state.
Learners see a :class:`Search` and never a vector.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from math import isqrt
from typing import Protocol

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.landscapes import NOISE_UNIT, Landscape, Vector

Process = str
Digest = bytes
"""32 bytes: a SHA-256."""

Weights = tuple[int, ...]
"""One integer for each draw; only their proportions matter to the offspring."""


@dataclass(frozen=True, order=True, slots=True)
class Ticket:
    """A combination of the draws of one process in one generation.  Generations count from 1."""

    generation: int
    proposer: Process
    weights: Weights


Step = frozenset[Ticket]
"""What makes an offspring of a parent: the sum of its tickets, scaled to the length of one."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model, named by its digest; ``vector`` is int64[d].  The genesis is generation 0.

    Two models are equal when their digests are: the digest fixes the vector, which is read-only.
    """

    generation: int
    digest: Digest
    vector: Vector = field(compare=False, repr=False)

    def __post_init__(self) -> None:
        self.vector.setflags(write=False)


class Search(Protocol):
    """What a learner needs to know of the problem."""

    @property
    def draws(self) -> int:
        """How many draws a process has in a generation."""

    @property
    def recombines(self) -> bool:
        """Whether draws may be combined."""

    @property
    def genesis(self) -> Model:
        """The model that every search starts from."""

    def offspring(self, parent: Model, step: Step) -> Model:
        """The offspring of ``parent`` by ``step``; ModelConsensusError if it is not legal."""

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """The exact losses of the offspring of ``parent`` by ``steps``: one evaluation each."""


def tagged_digest(tag: str, *fields: bytes | str | int) -> Digest:
    """SHA-256 over a tag and fields, each preceded by its length in 8 bytes, big-endian.

    A tag is used for one list of field types only, so the encoding is unambiguous.  A string is
    encoded in UTF-8, an integer in 8 bytes, big-endian.

    :raises ModelConsensusError: an integer is outside 0..2^64-1 or a string is not Unicode text.
    """
    sha = hashlib.sha256()
    try:
        for item in (tag, *fields):
            if isinstance(item, str):
                item = item.encode()
            elif isinstance(item, int):
                item = item.to_bytes(8, "big")
            sha.update(len(item).to_bytes(8, "big") + item)
    except (OverflowError, UnicodeEncodeError) as error:
        raise ModelConsensusError(f"{tag}: {item!r} cannot be encoded: {error}") from None
    return sha.digest()


@lru_cache(maxsize=64)  # all processes name the same offspring
def offspring_digest(parent: Digest, step: Step) -> Digest:
    """The name of the offspring of ``parent`` by ``step``; a weight counts from -2^63."""
    tickets = []
    for ticket in sorted(step):
        weights = [weight + (1 << 63) for weight in ticket.weights]
        named = ticket.generation, ticket.proposer
        tickets.append(tagged_digest("model-consensus/ticket/1", *named, *weights))
    return tagged_digest("model-consensus/offspring/3", parent, *tickets)


def noise(parent: Digest, ticket: Ticket, draws: Iterable[int], dimension: int) -> Vector:
    """The noise of the ticket's process by each of these draws: int64[draws, dimension].

    Draws count from 0.  The words of a draw are the first ``dimension`` words of Philox4x64-10 on
    the counters 1, 2, ..., four words each, keyed by the first 16 bytes of a digest of the parent,
    the generation, the process and the draw (two words, little-endian).  Each coordinate is
    ``popcount(word) - 32``, so it lies in -32..32.
    """
    owner = parent, ticket.generation, ticket.proposer
    drawn = [_draw(*owner, draw, dimension) for draw in draws]
    return np.array(drawn, np.int64).reshape(len(drawn), dimension)


@lru_cache(maxsize=256)  # a proposal has each draw twice: alone and recombined
def _draw(parent: Digest, generation: int, proposer: Process, draw: int, dimension: int) -> Vector:
    digest = tagged_digest("model-consensus/noise/2", parent, generation, proposer, draw)
    words = np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(dimension)
    return np.bitwise_count(words).astype(np.int64) - 32


def move(parent: Digest, step: Step, dimension: int, *, elitist: bool = False) -> Vector:
    """The noise of a step, in units of 1/``NOISE_UNIT``: int64[dimension].

    A ticket's is the weighted sum of its draws' over the length of the weights, a step's the sum of
    its tickets' over the root of their number: about the variance of a draw.  All are rounded down.

    :param elitist: whether everybody's first draw is the parent again: no noise at all.
    """
    total = np.zeros(dimension, np.int64)
    for ticket in step:
        used = [draw for draw, weight in enumerate(ticket.weights) if weight]
        weights = np.array([ticket.weights[draw] for draw in used])
        drawn = noise(parent, ticket, used, dimension)
        if elitist and used[0] == 0:
            drawn[0] = 0
        total += NOISE_UNIT * (weights @ drawn) // isqrt(int(weights @ weights))
    moved: Vector = NOISE_UNIT * total // isqrt(NOISE_UNIT**2 * len(step))
    return moved


@cache
def single(draw: int, draws: int) -> Weights:
    """The weights of one draw alone; draws count from 0."""
    return tuple(int(other == draw) for other in range(draws))


def is_single(weights: Weights) -> bool:
    """Whether these are the weights of one draw alone."""
    return sum(weights) == 1 and min(weights) >= 0


def largest_weight(draws: int) -> int:
    """How large a weight may be, up or down, that combines ``draws`` draws."""
    return max(1, draws - 1)


def is_combination(weights: Weights, draws: int) -> bool:
    """Whether the weights combine ``draws`` draws: some is not 0, and none is too large."""
    return len(weights) == draws and 0 < max(map(abs, weights), default=0) <= largest_weight(draws)


def is_legal(search: Search, weights: Weights) -> bool:
    """Whether a ticket may have these weights."""
    return is_combination(weights, search.draws) and (search.recombines or is_single(weights))


def is_own_ticket(search: Search, ticket: Ticket, generation: int, process: Process) -> bool:
    """Whether ``ticket`` is one of those of ``process`` in ``generation``."""
    return (
        ticket.generation == generation
        and ticket.proposer == process
        and is_legal(search, ticket.weights)
    )


def is_legal_step(search: Search, generation: int, step: Step) -> bool:
    """Whether ``step`` has legal tickets of ``generation``, each of another process."""
    return 0 < len({ticket.proposer for ticket in step}) == len(step) and all(
        is_own_ticket(search, ticket, generation, ticket.proposer) for ticket in step
    )


def check_step(search: Search, parent: Model, step: Step) -> None:
    """Refuse a step that makes no offspring of ``parent``.

    :raises ModelConsensusError: it has no ticket, two of one process, or one that is not legal.
    """
    if not step or len({ticket.proposer for ticket in step}) < len(step):
        raise ModelConsensusError("a step has tickets of different processes, and at least one")
    for ticket in step:
        if not is_own_ticket(search, ticket, parent.generation + 1, ticket.proposer):
            raise ModelConsensusError(f"not legal in generation {parent.generation + 1}: {ticket}")


@lru_cache(maxsize=64)  # whoever receives a block asks again for the draws of nobody
def all_drawn(generation: int, process: Process, draws: int) -> tuple[Step, ...]:
    """The steps by single draws of ``process`` in ``generation``, in the order of the draws."""
    return tuple(frozenset([Ticket(generation, process, single(d, draws))]) for d in range(draws))


def least(losses: Sequence[int]) -> int:
    """The index of the least loss; of equal losses, the first.

    :raises ModelConsensusError: ``losses`` is empty.
    """
    if not losses:
        raise ModelConsensusError("no losses were given")
    return min(range(len(losses)), key=losses.__getitem__)


def by_rank(losses: Sequence[int]) -> Weights:
    """The weights of the recombination of draws with these losses, at least two.

    ``len(losses) - 1`` for the least loss, two less for each rank; of equal losses the first has
    the better rank.
    """
    draws = range(len(losses))
    ranks = {draw: rank for rank, draw in enumerate(sorted(draws, key=losses.__getitem__))}
    return tuple(len(losses) - 1 - 2 * ranks[draw] for draw in draws)


def recombined(
    search: Search, parent: Model, process: Process, losses: Sequence[int]
) -> list[Step]:
    """The step of the recombination of all draws, which lost ``losses``; empty if there is none."""
    if not search.recombines or len(losses) < 2:
        return []
    return [frozenset([Ticket(parent.generation + 1, process, by_rank(losses))])]


def proposal_cost(search: Search) -> int:
    """How many models a process evaluates to find its proposal."""
    return search.draws + (search.recombines and search.draws > 1)


def best_ticket(search: Search, parent: Model, process: Process) -> tuple[Ticket, int]:
    """The ticket that ``process`` proposes on ``parent``, and its loss.

    It is the recombination of its draws, if that is better than the best of them.  It costs
    ``proposal_cost`` evaluations.  Ties go to the least draw.
    """
    drawn = all_drawn(parent.generation + 1, process, search.draws)
    losses = search.losses(parent, drawn)
    combined = recombined(search, parent, process, losses)
    losses = [*losses, *search.losses(parent, combined)]
    best = least(losses)
    (ticket,) = (*drawn, *combined)[best]
    return ticket, losses[best]


@dataclass(frozen=True)
class EvolutionarySearch:
    """The search of a real landscape, in batches.

    The genesis digest covers all of it, the problem statement; λ and μ are applied by learners.

    :param draws: the draws of a process in a generation, at least 1.
    :param lambda_: λ, the offers that a selection compares, at least 1.
    :param mu: μ, how many of them are blended, 1 to λ.
    :param recombines: whether draws may be combined.
    :param elitist: whether everybody's first draw is the parent again, so that no step loses more.
    """

    landscape: Landscape
    draws: int
    lambda_: int
    mu: int = 1
    recombines: bool = False
    elitist: bool = False

    def __post_init__(self) -> None:
        for name, value in (("draws", self.draws), ("lambda", self.lambda_), ("mu", self.mu)):
            if value < 1:
                raise ModelConsensusError(f"{name} must be at least 1, not {value}")

    @cached_property
    def genesis(self) -> Model:
        """The landscape's initial model; its digest covers the problem and the vector."""
        vector = self.landscape.initial().astype(np.int64)
        problem = self.landscape.describe(), vector.astype("<i8").tobytes()
        rules = self.lambda_, self.mu, self.draws, int(self.recombines), int(self.elitist)
        return Model(0, tagged_digest("model-consensus/genesis/2", *problem, *rules), vector)

    def offspring(self, parent: Model, step: Step) -> Model:
        """See :class:`Search`."""
        vector = self._vectors(parent, [step])[0]
        return Model(parent.generation + 1, offspring_digest(parent.digest, step), vector)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        return self.landscape.losses(self._vectors(parent, steps)) if steps else []

    def _vectors(self, parent: Model, steps: Sequence[Step]) -> Vector:
        for step in steps:
            check_step(self, parent, step)
        dimension = len(parent.vector)
        moves = [move(parent.digest, step, dimension, elitist=self.elitist) for step in steps]
        return self.landscape.mutate(parent.vector, np.array(moves), parent.generation + 1)
