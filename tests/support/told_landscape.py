"""An open landscape in which a test tells the losses, and offers on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from model_consensus.evolutionary_search import Model, Process, Step, Ticket, Weights, single
from model_consensus.pow_learner import NOBODY
from model_consensus.systems.answers import AroundSearch, OpenLandscape
from model_consensus.tob_learner import Offer

DRAWS = 3
ONE, OTHER, THIRD = (single(draw, DRAWS) for draw in range(DRAWS))
GENESIS = OpenLandscape(DRAWS).genesis
FLOOR = 10
PUBLIC = Offer(NOBODY, GENESIS.digest, Ticket(1, NOBODY, OTHER), FLOOR)
"""The public offer on the genesis model."""


@dataclass
class Told(AroundSearch):
    """Its floor on the genesis model is 10, which the second draw of nobody makes.

    :ivar evaluations: how many models were evaluated.
    """

    search: OpenLandscape = field(default_factory=lambda: OpenLandscape(DRAWS))
    evaluations: int = 0

    def __post_init__(self) -> None:
        for loss, weights in ((FLOOR + 2, ONE), (FLOOR, OTHER), (FLOOR + 1, THIRD)):
            self.tell(loss, Ticket(1, NOBODY, weights))

    def tell(self, loss: int, *tickets: Ticket, parent: Model = GENESIS) -> None:
        """The offspring of ``parent`` by these tickets has this loss."""
        model = self.search.offspring(parent, frozenset(tickets))
        self.search = self.search.reveal({model.digest: loss})

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """The losses that were told; ``LossNotRevealed`` where none was."""
        self.evaluations += len(steps)
        return super().losses(parent, steps)


def offer_of(
    sender: Process,
    claim: int,
    parent: Model = GENESIS,
    *,
    generation: int | None = None,
    proposer: Process | None = None,
    weights: Weights = ONE,
) -> Offer:
    """The sender's offer of its first draw on ``parent``, or of another ticket."""
    ticket = Ticket(
        parent.generation + 1 if generation is None else generation,
        sender if proposer is None else proposer,
        weights,
    )
    return Offer(sender, parent.digest, ticket, claim)
