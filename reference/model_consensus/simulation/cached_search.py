"""One cache of losses for many simulated processes."""

from collections.abc import Sequence

from model_consensus.evolutionary_search import Digest, Model, Search, Step
from model_consensus.systems.answers import AroundSearch


class CachedSearch(AroundSearch):
    """A search that remembers the losses of the offspring of the last few parents.

    For many simulated processes in one program, which evaluate the same offspring: a loss is a
    pure function of parent and ticket, so nothing that a learner can see changes.
    """

    def __init__(self, search: Search, parents: int = 16) -> None:
        super().__init__(search)
        self._parents = parents
        self._known: dict[Digest, dict[Step, int]] = {}

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        known = self._known.setdefault(parent.digest, {})
        if len(self._known) > self._parents:
            del self._known[next(iter(self._known))]
        missing = [step for step in dict.fromkeys(steps) if step not in known]
        if missing:
            known.update(zip(missing, super().losses(parent, missing), strict=True))
        return [known[step] for step in steps]
