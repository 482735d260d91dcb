"""Which landscapes a System explores, and where its models come from.

What a landscape may answer is a parameter of a System, as the operator ``Landscapes`` is in TLA+:
:class:`EveryLandscape` branches over all losses, :class:`OneLandscape` searches a real one.  In the
specifications a model is its lineage; :class:`Lineages` finds the lineage of a digest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from model_consensus.evolutionary_search import (
    Digest,
    Model,
    OpenLandscape,
    Search,
    Ticket,
    offspring_digest,
)
from model_consensus.values import Function, record

Losses = Mapping[Digest, int]
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


class Lineages:
    """Where each model comes from: its parent and its ticket.

    A digest does not tell its own lineage; whoever draws an offspring records it here.  This is a
    table of facts, the same whatever path the exploration takes, and not a part of any state.
    """

    def __init__(self, genesis: Digest) -> None:
        self._origin: dict[Digest, tuple[Digest, Ticket]] = {}
        self._lineage: dict[Digest, tuple[Function, ...]] = {genesis: ()}

    def offspring(self, parent: Digest, ticket: Ticket) -> Digest:
        """The digest of the offspring, which is recorded."""
        digest = offspring_digest(parent, ticket)
        self._origin.setdefault(digest, (parent, ticket))
        return digest

    def origin(self, digest: Digest) -> tuple[Digest, Ticket]:
        """The parent and the ticket of a recorded offspring."""
        return self._origin[digest]

    def __contains__(self, digest: Digest) -> bool:
        return digest in self._origin or digest in self._lineage

    def generation(self, digest: Digest) -> int:
        """How many tickets lead to the model; 0 for the genesis."""
        return self._origin[digest][1].generation if digest in self._origin else 0

    def lineage(self, digest: Digest) -> tuple[Function, ...]:
        """The tickets that lead to the model from the genesis: its value in TLA+."""
        path = []
        while digest not in self._lineage:
            path.append(digest)
            digest = self._origin[digest][0]
        for child in reversed(path):
            parent, ticket = self._origin[child]
            self._lineage[child] = (*self._lineage[parent], ticket_value(ticket))
        return self._lineage[path[0] if path else digest]

    def model(self, search: Search, digest: Digest) -> Model:
        """The model itself, by replaying its tickets."""
        path = []
        while digest != search.genesis.digest:
            digest, ticket = self._origin[digest]
            path.append(ticket)
        model = search.genesis
        for ticket in reversed(path):
            model = search.offspring(model, ticket)
        return model


def ticket_value(ticket: Ticket) -> Function:
    """The ticket as a record of TLA+."""
    return record(generation=ticket.generation, proposer=ticket.proposer, draw=ticket.draw)
