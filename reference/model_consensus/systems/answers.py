"""What a landscape may answer when models are evaluated: the ``Landscapes`` of the specifications.

It is a parameter of a system.  :class:`EveryLandscape` branches over all losses, each revealed to
an :class:`OpenLandscape` one by one; :class:`OneLandscape` searches a real landscape.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
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
        return _without_coordinates(parent.generation + 1, _digest(parent.digest, step))

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


_digest = lru_cache(1 << 16)(offspring_digest.__wrapped__)
"""An explorer asks for the same offspring in thousands of states."""

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
class AroundSearch:
    """A search that does what another one does; those made of it do one thing differently."""

    search: Search

    @cached_property
    def draws(self) -> int:
        """See :class:`Search`."""
        return self.search.draws

    @cached_property
    def recombines(self) -> bool:
        """See :class:`Search`."""
        return self.search.recombines

    @cached_property
    def genesis(self) -> Model:
        """See :class:`Search`."""
        return self.search.genesis

    def offspring(self, parent: Model, step: Step) -> Model:
        """See :class:`Search`."""
        return self.search.offspring(parent, step)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        return self.search.losses(parent, steps)


@dataclass
class Remembering(AroundSearch):
    """A search that evaluates no offspring of a parent twice before it forgets the parent."""

    _known: dict[Digest, dict[Step, int]] = field(default_factory=dict, compare=False)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        known = self._known.setdefault(parent.digest, {})
        missing = list({step: None for step in steps if step not in known})
        if missing:
            known.update(zip(missing, super().losses(parent, missing), strict=True))
        return [known[step] for step in steps]

    def forget(self, kept: Set[Digest]) -> None:
        """Forget the losses of the offspring of all parents but these."""
        self._known = {digest: known for digest, known in self._known.items() if digest in kept}


@dataclass
class Asked(AroundSearch):
    """A search that notes which models were evaluated, with their losses."""

    lineages: Lineages
    found: dict[Digest, int] = field(default_factory=dict)

    def offspring(self, parent: Model, step: Step) -> Model:
        """See :class:`Search`."""
        self.lineages.offspring(parent.digest, step)
        return super().offspring(parent, step)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        digests = [self.lineages.offspring(parent.digest, step) for step in steps]
        losses = super().losses(parent, steps)
        self.found.update(zip(digests, losses, strict=True))
        return losses


Stage = Callable[[Losses], Sequence[Step]]
"""What is evaluated next, when these losses are known."""


def proposal_stages(
    landscapes: Landscapes, lineages: Lineages, parent: Model, process: Process
) -> tuple[Stage, Stage]:
    """A process evaluates its draws, and then their recombination."""
    drawn = all_drawn(parent.generation + 1, process, landscapes.draws)

    def combined(loss: Losses) -> list[Step]:
        losses = [loss[lineages.offspring(parent.digest, step)] for step in drawn]
        return recombined(landscapes.search(loss), parent, process, losses)

    return lambda loss: drawn, combined


def explored(
    landscapes: Landscapes, lineages: Lineages, loss: Losses, parent: Model, stages: Sequence[Stage]
) -> Iterator[Answer]:
    """``Explored``: what may be found when the offspring of each stage are evaluated.

    An answer has the losses of those that are not in ``loss``, in this order.
    """
    if not stages:
        yield ()
        return
    steps = stages[0](loss)
    for first in revealed(landscapes, lineages, loss, parent, steps):
        after, _ = _answered(lineages, loss, parent, steps, first)
        for rest in explored(landscapes, lineages, after, parent, stages[1:]):
            yield tuple(first) + rest


def explored_losses(
    lineages: Lineages, loss: Losses, parent: Model, stages: Sequence[Stage], answer: Answer
) -> Losses:
    """``loss`` with the losses that are revealed by this answer, one of :func:`explored`."""
    for stage in stages:
        loss, answer = _answered(lineages, loss, parent, stage(loss), answer)
    return loss


def revealed(
    landscapes: Landscapes, lineages: Lineages, loss: Losses, parent: Model, steps: Sequence[Step]
) -> Iterable[Answer]:
    """``Revealed``: every answer about those offspring whose loss is not known yet."""
    unknown = [step for step in steps if lineages.offspring(parent.digest, step) not in loss]
    return landscapes.answers(parent, unknown)


def revealed_losses(
    lineages: Lineages, loss: Losses, parent: Model, steps: Sequence[Step], answer: Answer
) -> Losses:
    """``loss`` with the losses that are revealed by this answer, one of :func:`revealed`."""
    return _answered(lineages, loss, parent, steps, answer)[0]


def _answered(
    lineages: Lineages, loss: Losses, parent: Model, steps: Sequence[Step], answer: Answer
) -> tuple[Losses, Answer]:
    """The losses after these offspring were evaluated, and what is left of the answer."""
    digests = [lineages.offspring(parent.digest, step) for step in steps]
    unknown = [digest for digest in digests if digest not in loss]
    return {**loss, **dict(zip(unknown, answer, strict=False))}, answer[len(unknown) :]
