"""The lineage of each model: the tickets that lead to it from the genesis model.

In the specifications a model is its lineage; in the implementation it is named by a digest, which
does not tell its lineage.  :class:`Lineages` finds the one from the other.
"""

from model_consensus.evolutionary_search import Digest, Model, Search, Ticket, offspring_digest
from model_consensus.tla.values import Function, record


class Lineages:
    """Where each model comes from: its parent and its ticket.

    Whoever draws an offspring records it here.  The table holds facts that are the same on every
    path of an exploration, so it is not a part of any state.
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
