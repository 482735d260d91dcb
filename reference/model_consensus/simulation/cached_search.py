"""One cache of losses for many simulated processes."""

from collections.abc import Sequence

from model_consensus.evolutionary_search import Digest, Model, Search, Ticket


class CachedSearch:
    """A search that remembers the losses of the offspring of the last few parents.

    For many simulated processes in one program, which evaluate the same offspring: a loss is a
    pure function of parent and ticket, so nothing that a learner can see changes.
    """

    def __init__(self, search: Search, parents: int = 16) -> None:
        self._search = search
        self._parents = parents
        self._known: dict[Digest, dict[Ticket, int]] = {}
        self.draws = search.draws
        self.genesis = search.genesis

    def offspring(self, parent: Model, ticket: Ticket) -> Model:
        """See :class:`Search`."""
        return self._search.offspring(parent, ticket)

    def losses(self, parent: Model, tickets: Sequence[Ticket]) -> list[int]:
        """See :class:`Search`."""
        known = self._known.setdefault(parent.digest, {})
        if len(self._known) > self._parents:
            del self._known[next(iter(self._known))]
        missing = [ticket for ticket in dict.fromkeys(tickets) if ticket not in known]
        if missing:
            known.update(zip(missing, self._search.losses(parent, missing), strict=True))
        return [known[ticket] for ticket in tickets]
