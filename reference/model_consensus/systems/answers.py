"""What a landscape may answer when models are evaluated: the ``Landscapes`` of the specifications.

It is a parameter of a system.  :class:`EveryLandscape` branches over all losses, each revealed to
an :class:`OpenLandscape` one by one; :class:`OneLandscape` searches a real landscape.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Search,
    Ticket,
    check_ticket,
    offspring_digest,
    tagged_digest,
)


class LossNotRevealed(ModelConsensusError):  # noqa: N818 - a question asked too early, not a fault
    """An :class:`OpenLandscape` was asked for losses that nobody revealed; it names the models."""

    def __init__(self, digests: Sequence[Digest]) -> None:
        super().__init__(f"no loss was revealed for {', '.join(d.hex()[:12] for d in digests)}")
        self.digests = tuple(digests)


@dataclass(frozen=True)
class OpenLandscape:
    """An oracle: any landscape at all, of which some losses are revealed.

    Models have no coordinates.  It is a value: revealing makes another one, so that a protocol's
    state can hold it and an explorer can branch over the losses.
    """

    draws: int
    revealed: Mapping[Digest, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise ModelConsensusError(f"draws must be at least 1, not {self.draws}")

    def __hash__(self) -> int:
        return hash((self.draws, frozenset(self.revealed.items())))

    @property
    def genesis(self) -> Model:
        """A model without coordinates."""
        return _without_coordinates(0, tagged_digest("model-consensus/open/1", self.draws))

    def reveal(self, losses: Mapping[Digest, int]) -> "OpenLandscape":
        """This landscape with more losses known.

        :raises ModelConsensusError: a loss is negative, or another loss of the model is known.
        """
        for digest, loss in losses.items():
            if loss < 0 or self.revealed.get(digest, loss) != loss:
                raise ModelConsensusError(f"{digest.hex()[:12]} cannot have the loss {loss}")
        return OpenLandscape(self.draws, {**self.revealed, **losses})

    def offspring(self, parent: Model, ticket: Ticket) -> Model:
        """See :class:`Search`."""
        check_ticket(parent, ticket, self.draws)
        return _without_coordinates(ticket.generation, offspring_digest(parent.digest, ticket))

    def losses(self, parent: Model, tickets: Sequence[Ticket]) -> list[int]:
        """See :class:`Search`.

        :raises LossNotRevealed: naming every model whose loss is not known.
        """
        digests = [self.offspring(parent, ticket).digest for ticket in tickets]
        unknown = [digest for digest in digests if digest not in self.revealed]
        if unknown:
            raise LossNotRevealed(unknown)
        return [self.revealed[digest] for digest in digests]


def _without_coordinates(generation: int, digest: Digest) -> Model:
    return Model(generation, digest, np.empty(0, np.int64))


Losses = Mapping[Digest, int]
"""The losses that have been revealed, by the model's digest: the variable ``loss``."""

Answer = tuple[int, ...]
"""The losses of some tickets, in the tickets' order."""


class Landscapes(Protocol):
    """What is searched: ``Landscapes`` of EvolutionarySearch.tla."""

    @property
    def draws(self) -> int:
        """Tickets of a process in a generation."""
        ...

    def search(self, loss: Losses) -> Search:
        """The search of a learner, when the losses ``loss`` have been revealed."""
        ...

    def answers(self, parent: Model, tickets: Sequence[Ticket]) -> Iterable[Answer]:
        """Every answer that the landscape may give to the evaluation of ``tickets``."""
        ...


@dataclass(frozen=True)
class EveryLandscape:
    """All landscapes with values in ``losses`` at once: the explorer branches over the answers."""

    draws: int
    losses: tuple[int, ...]

    def search(self, loss: Losses) -> Search:
        """See :class:`Landscapes`."""
        return OpenLandscape(self.draws, loss)

    def answers(self, parent: Model, tickets: Sequence[Ticket]) -> Iterable[Answer]:
        """See :class:`Landscapes`."""
        return product(self.losses, repeat=len(tickets))


@dataclass(frozen=True)
class OneLandscape:
    """One real landscape."""

    searched: Search

    @property
    def draws(self) -> int:
        """See :class:`Landscapes`."""
        return self.searched.draws

    def search(self, loss: Losses) -> Search:
        """See :class:`Landscapes`."""
        return self.searched

    def answers(self, parent: Model, tickets: Sequence[Ticket]) -> Iterable[Answer]:
        """See :class:`Landscapes`."""
        return [tuple(self.searched.losses(parent, tickets))]
