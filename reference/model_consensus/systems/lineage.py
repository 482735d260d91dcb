"""The lineage of each model: the steps that lead to it from the genesis model.

In the specifications a model is its lineage; in the implementation it is named by a digest, which
does not tell its lineage.  :class:`Lineages` finds the one from the other.
"""

from functools import lru_cache

from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Search,
    Step,
    Ticket,
    offspring_digest,
)
from model_consensus.tla.values import Function, Value, record


class Lineages:
    """Where each model comes from: its parent and its step.

    Whoever draws an offspring records it here.  The table holds facts that are the same on every
    path of an exploration, so it is not a part of any state.
    """

    def __init__(self, genesis: Digest) -> None:
        self._origin: dict[Digest, tuple[Digest, Step]] = {}
        self._digest: dict[tuple[Digest, Step], Digest] = {}
        self._generation = {genesis: 0}
        self._lineage: dict[Digest, tuple[Value, ...]] = {genesis: ()}

    def offspring(self, parent: Digest, step: Step) -> Digest:
        """The digest of the offspring, which is recorded."""
        digest = self._digest.get((parent, step))
        if digest is None:
            digest = offspring_digest(parent, step)
            self._digest[parent, step] = digest
            self._origin[digest] = (parent, step)
            self._generation[digest] = self._generation.get(parent, 0) + 1
        return digest

    def recall(self, model: Model) -> None:
        """Know the model's generation, which may be forgotten."""
        self._generation[model.digest] = model.generation

    def origin(self, digest: Digest) -> tuple[Digest, Step]:
        """The parent and the step of a recorded offspring."""
        return self._origin[digest]

    def __contains__(self, digest: Digest) -> bool:
        return digest in self._origin or digest in self._lineage

    def __len__(self) -> int:
        return len(self._origin)

    def generation(self, digest: Digest) -> int:
        """How many steps lead to the model; 0 for the genesis and for what is not recorded."""
        return self._generation.get(digest, 0)

    def path(self, digest: Digest, since: int = 0) -> tuple[Digest, ...]:
        """The models that lead to this one, which is the last, from the generation ``since`` on."""
        path = [digest]
        for _ in range(since, self._generation[digest]):
            path.append(self._origin[path[-1]][0])
        return tuple(reversed(path))

    def forget(self, generation: int) -> None:
        """Forget where the models of earlier generations come from."""
        for digest in [each for each in self._origin if self._generation[each] < generation]:
            del self._digest[self._origin.pop(digest)], self._generation[digest]

    def lineage(self, digest: Digest) -> tuple[Value, ...]:
        """The steps that lead to the model from the genesis: its value in TLA+."""
        path = []
        while digest not in self._lineage:
            path.append(digest)
            digest = self._origin[digest][0]
        for child in reversed(path):
            parent, step = self._origin[child]
            self._lineage[child] = (*self._lineage[parent], frozenset(map(ticket_value, step)))
        return self._lineage[path[0] if path else digest]

    def model(self, search: Search, digest: Digest) -> Model:
        """The model itself, by replaying its steps."""
        path = []
        while digest != search.genesis.digest:
            digest, step = self._origin[digest]
            path.append(step)
        model = search.genesis
        for step in reversed(path):
            model = search.offspring(model, step)
        return model


@lru_cache(1 << 16)
def ticket_value(ticket: Ticket) -> Function:
    """The ticket as a record of TLA+."""
    return record(
        generation=ticket.generation, proposer=ticket.proposer, weights=tuple(ticket.weights)
    )
