"""What a landscape may answer when models are evaluated: the ``Landscapes`` of the specifications.

It is a parameter of a system.  :class:`EveryLandscape` branches over all losses, each revealed to
an :class:`OpenLandscape` one by one; :class:`OneLandscape` searches a real landscape.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Protocol

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Step,
    all_drawn,
    check_step,
    offspring_digest,
    recombined,
    tagged_digest,
)
from model_consensus.systems.lineage import Lineages


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
    recombines: bool = False
    revealed: Mapping[Digest, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise ModelConsensusError(f"draws must be at least 1, not {self.draws}")

    def __hash__(self) -> int:
        return hash((self.draws, self.recombines, frozenset(self.revealed.items())))

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
        return replace(self, revealed={**self.revealed, **losses})

    def offspring(self, parent: Model, step: Step) -> Model:
        """See :class:`Search`."""
        check_step(self, parent, step)
        return _without_coordinates(parent.generation + 1, offspring_digest(parent.digest, step))

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`.

        :raises LossNotRevealed: naming every model whose loss is not known.
        """
        digests = [self.offspring(parent, step).digest for step in steps]
        unknown = [digest for digest in digests if digest not in self.revealed]
        if unknown:
            raise LossNotRevealed(unknown)
        return [self.revealed[digest] for digest in digests]


def _without_coordinates(generation: int, digest: Digest) -> Model:
    return Model(generation, digest, np.empty(0, np.int64))


Losses = Mapping[Digest, int]
"""The losses that have been revealed, by the model's digest: the variable ``loss``."""

Answer = tuple[int, ...]
"""The losses of some models, in the order in which they are asked for."""


class Landscapes(Protocol):
    """What is searched: ``Landscapes`` of EvolutionarySearch.tla."""

    @property
    def draws(self) -> int:
        """The draws of a process in a generation."""
        ...

    @property
    def recombines(self) -> bool:
        """Whether draws may be combined."""
        ...

    def search(self, loss: Losses) -> Search:
        """The search of a learner, when the losses ``loss`` have been revealed."""
        ...

    def answers(self, parent: Model, steps: Sequence[Step]) -> Iterable[Answer]:
        """Every answer that the landscape may give to the evaluation of ``steps``."""
        ...


@dataclass(frozen=True)
class EveryLandscape:
    """All landscapes with values in ``losses`` at once: the explorer branches over the answers."""

    draws: int
    losses: tuple[int, ...]
    recombines: bool = False

    def search(self, loss: Losses) -> Search:
        """See :class:`Landscapes`."""
        return OpenLandscape(self.draws, self.recombines, loss)

    def answers(self, parent: Model, steps: Sequence[Step]) -> Iterable[Answer]:
        """See :class:`Landscapes`."""
        return product(self.losses, repeat=len(steps))


@dataclass(frozen=True)
class OneLandscape:
    """One real landscape."""

    searched: Search

    @property
    def draws(self) -> int:
        """See :class:`Landscapes`."""
        return self.searched.draws

    @property
    def recombines(self) -> bool:
        """See :class:`Landscapes`."""
        return self.searched.recombines

    def search(self, loss: Losses) -> Search:
        """See :class:`Landscapes`."""
        return self.searched

    def answers(self, parent: Model, steps: Sequence[Step]) -> Iterable[Answer]:
        """See :class:`Landscapes`."""
        return [tuple(self.searched.losses(parent, steps))]


@dataclass
class Asked:
    """A search that notes which models were evaluated, with their losses."""

    search: Search
    lineages: Lineages
    found: dict[Digest, int] = field(default_factory=dict)

    @property
    def draws(self) -> int:
        """See :class:`Search`."""
        return self.search.draws

    @property
    def recombines(self) -> bool:
        """See :class:`Search`."""
        return self.search.recombines

    @property
    def genesis(self) -> Model:
        """See :class:`Search`."""
        return self.search.genesis

    def offspring(self, parent: Model, step: Step) -> Model:
        """See :class:`Search`."""
        self.lineages.offspring(parent.digest, step)
        return self.search.offspring(parent, step)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        digests = [self.lineages.offspring(parent.digest, step) for step in steps]
        losses = self.search.losses(parent, steps)
        self.found.update(zip(digests, losses, strict=True))
        return losses


def explored(
    landscapes: Landscapes, lineages: Lineages, loss: Losses, parent: Model, process: Process
) -> Iterator[tuple[Answer, Losses]]:
    """``Explored``: what a process may find when it evaluates its draws and their recombination.

    An answer has the losses of those that are not in ``loss``, in this order; with it comes
    ``loss`` with these revealed.
    """
    drawn = [
        frozenset([ticket])
        for ticket in all_drawn(parent.generation + 1, process, landscapes.draws)
    ]
    for first, after in revealed(landscapes, lineages, loss, parent, drawn):
        losses = [after[lineages.offspring(parent.digest, step)] for step in drawn]
        search = landscapes.search(after)
        combined = recombined(search, parent, process, losses)
        for second, last in revealed(landscapes, lineages, after, parent, combined):
            yield first + second, last


def revealed(
    landscapes: Landscapes,
    lineages: Lineages,
    loss: Losses,
    parent: Model,
    steps: Sequence[Step],
) -> Iterator[tuple[Answer, Losses]]:
    """``Revealed``: every answer about those offspring whose loss is not known yet."""
    digests = [lineages.offspring(parent.digest, step) for step in steps]
    unknown = [(s, d) for s, d in zip(steps, digests, strict=True) if d not in loss]
    for answer in landscapes.answers(parent, [step for step, _ in unknown]):
        yield answer, {**loss, **dict(zip([digest for _, digest in unknown], answer, strict=True))}
