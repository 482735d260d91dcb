"""(1,λ) evolutionary search with public tickets: ``EvolutionarySearch.tla``.

A *ticket* (generation, proposer, draw) fixes one offspring of a parent, so the offspring that can
ever be offered form a finite, public set: a process can withhold a draw or lie about its loss, and
nothing else.  A model is named by its lineage: its digest is SHA-256 over its parent's digest and
its ticket, and the genesis digest covers the whole problem statement.

Noise is made of raw 64-bit words of numpy's Philox generator (its streams are stable across
releases; the distribution methods are not, and are not used).  ``popcount(word) - 32`` is an exact
Binomial(64, 1/2) - 32 variate (mean 0, variance 16) and the same integer on every machine.

The rule of this file: a model and a loss are functions of the landscape, the parent and the ticket,
the same on every machine.  Nothing here draws a random number, reads a clock or keeps a state.
Learners see a :class:`Search` and never a vector.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.landscapes import Landscape, Vector

__all__ = [
    "Digest",
    "EvolutionarySearch",
    "Model",
    "Process",
    "Search",
    "Ticket",
    "best_ticket",
    "check_ticket",
    "least",
    "noise",
    "offspring_digest",
    "own_tickets",
    "tagged_digest",
]

Process = str
Digest = bytes
"""32 bytes: a SHA-256."""


@dataclass(frozen=True, order=True, slots=True)
class Ticket:
    """One draw of one process in one generation.  Generations count from 1, draws from 0."""

    generation: int
    proposer: Process
    draw: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model, named by its digest; ``vector`` is read-only int64[d].  The genesis is generation 0.

    Two models are equal when their digests are: the digest fixes the vector.
    """

    generation: int
    digest: Digest
    vector: Vector = field(compare=False, repr=False)


class Search(Protocol):
    """What a learner needs to know of the problem."""

    @property
    def draws(self) -> int:
        """How many tickets a process has in a generation."""
        ...

    @property
    def genesis(self) -> Model:
        """The model that every search starts from."""
        ...

    def offspring(self, parent: Model, ticket: Ticket) -> Model:
        """The offspring of ``parent`` by ``ticket``; ModelConsensusError if it is not legal."""
        ...

    def losses(self, parent: Model, tickets: Sequence[Ticket]) -> list[int]:
        """The exact losses of the offspring of ``parent`` by ``tickets``: one evaluation each."""
        ...


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


def offspring_digest(parent: Digest, ticket: Ticket) -> Digest:
    """The name of the offspring of ``parent`` by ``ticket``."""
    return tagged_digest(
        "model-consensus/offspring/1", parent, ticket.generation, ticket.proposer, ticket.draw
    )


def noise(parent: Digest, tickets: Sequence[Ticket], dimension: int) -> Vector:
    """The noise of each ticket on the parent with this digest: int64[len(tickets), dimension].

    A ticket's words are the first ``dimension`` words of Philox4x64-10 on the counters 1, 2, ...,
    four words each, keyed by the first 16 bytes of the offspring's digest (two words, little-
    endian).  Each coordinate is ``popcount(word) - 32``, so it lies in -32..32.
    """
    words = np.empty((len(tickets), dimension), np.uint64)
    for row, ticket in zip(words, tickets, strict=True):
        key = int.from_bytes(offspring_digest(parent, ticket)[:16], "little")
        row[:] = np.random.Philox(key=key).random_raw(dimension)
    return np.bitwise_count(words).astype(np.int64) - 32


def own_tickets(generation: int, process: Process, draws: int) -> tuple[Ticket, ...]:
    """Every ticket of ``process`` in ``generation``, in the order of its draws."""
    return tuple(Ticket(generation, process, draw) for draw in range(draws))


def least(losses: Sequence[int]) -> int:
    """The index of the least loss; of equal losses, the first.

    :raises ModelConsensusError: ``losses`` is empty.
    """
    if not losses:
        raise ModelConsensusError("no losses were given")
    return min(range(len(losses)), key=losses.__getitem__)


def best_ticket(search: Search, parent: Model, process: Process) -> tuple[Ticket, int]:
    """The ticket of least loss that ``process`` can draw on ``parent``, and that loss.

    It costs ``search.draws`` evaluations.  Ties go to the least draw.
    """
    tickets = own_tickets(parent.generation + 1, process, search.draws)
    losses = search.losses(parent, tickets)
    best = least(losses)
    return tickets[best], losses[best]


def check_ticket(parent: Model, ticket: Ticket, draws: int) -> None:
    """Refuse a ticket that makes no offspring of ``parent``.

    :raises ModelConsensusError: its generation does not follow the parent's, or its draw is not
        in ``0 .. draws - 1``.
    """
    if ticket.generation != parent.generation + 1:
        raise ModelConsensusError(
            f"a ticket of generation {ticket.generation} on a parent of {parent.generation}"
        )
    if not 0 <= ticket.draw < draws:
        raise ModelConsensusError(f"draw {ticket.draw} is not in 0..{draws - 1}")


@dataclass(frozen=True)
class EvolutionarySearch:
    """The search of a real landscape, in batches.

    :param draws: tickets of a process in a generation, at least 1.
    :param lambda_: λ, the offspring that a selection compares, at least 1.  It is part of the
        problem statement that the genesis digest covers; the learners apply it.
    """

    landscape: Landscape
    draws: int
    lambda_: int

    def __post_init__(self) -> None:
        for name, value in (("draws", self.draws), ("lambda", self.lambda_)):
            if value < 1:
                raise ModelConsensusError(f"{name} must be at least 1, not {value}")

    @cached_property
    def genesis(self) -> Model:
        """The landscape's initial model; its digest covers the problem, the vector, λ and draws."""
        vector = _read_only(self.landscape.initial().astype(np.int64))
        digest = tagged_digest(
            "model-consensus/genesis/1",
            self.landscape.describe(),
            vector.astype("<i8").tobytes(),
            self.lambda_,
            self.draws,
        )
        return Model(0, digest, vector)

    def offspring(self, parent: Model, ticket: Ticket) -> Model:
        """See :class:`Search`."""
        vector = _read_only(self._vectors(parent, [ticket])[0])
        return Model(ticket.generation, offspring_digest(parent.digest, ticket), vector)

    def losses(self, parent: Model, tickets: Sequence[Ticket]) -> list[int]:
        """See :class:`Search`."""
        return self.landscape.losses(self._vectors(parent, tickets)) if tickets else []

    def _vectors(self, parent: Model, tickets: Sequence[Ticket]) -> Vector:
        for ticket in tickets:
            check_ticket(parent, ticket, self.draws)
        drawn = noise(parent.digest, tickets, len(parent.vector))
        return self.landscape.mutate(parent.vector, drawn, parent.generation + 1)


def _read_only(vector: Vector) -> Vector:
    vector.setflags(write=False)
    return vector
