"""One cache of losses for many simulated processes."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_consensus.evolutionary_search import Model, Search, Step
from model_consensus.systems.answers import Remembering


class CachedSearch(Remembering):
    """A search that remembers the losses of the offspring of the last few parents.

    For many simulated processes in one program, which evaluate the same offspring: a loss is a
    pure function of parent and ticket, so nothing that a learner can see changes.
    """

    def __init__(self, search: Search, parents: int = 16) -> None:
        super().__init__(search)
        self._parents = parents

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        losses = super().losses(parent, steps)
        if len(self._known) > self._parents:
            del self._known[next(iter(self._known))]
        return losses


@dataclass
class CountedSearch(Remembering):
    """What one of these processes evaluates: a model that it has not forgotten counts once.

    :ivar evaluations: how many models.
    """

    evaluations: int = 0

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        before = len(self._known.get(parent.digest, ()))
        losses = super().losses(parent, steps)
        self.evaluations += len(self._known[parent.digest]) - before
        return losses
