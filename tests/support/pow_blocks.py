"""Blocks over proof-of-work for tests: a real search that counts, and chains of true blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Search,
    Step,
    Ticket,
    all_drawn,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    Block,
    Learner,
    Rules,
    block_on,
    find_nonce,
    mine,
    model_of_tip,
    receive,
)
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.systems.answers import AroundSearch
from tests.support.told_landscape import DRAWS

PROCESSES = ("p1", "p2", "b1")
RULES = Rules(PROCESSES, depth=1, target=EVERY_HASH // 8)


@dataclass
class Counting(AroundSearch):
    """A real search that counts evaluations."""

    search: Search = field(
        default_factory=lambda: EvolutionarySearch(Sphere(4), DRAWS, lambda_=1, recombines=True)
    )
    evaluations: int = 0

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        self.evaluations += len(steps)
        return super().losses(parent, steps)


def loss_of(search: Search, parent: Model, step: Step) -> int:
    return search.losses(parent, [step])[0]


def by_loss(search: Search, parent: Model) -> list[tuple[int, Ticket]]:
    """The draws of a dozen strangers, from the least loss to the greatest."""
    generation = parent.generation + 1
    tickets = [t for name in range(12) for (t,) in all_drawn(generation, f"s{name}", DRAWS)]
    return sorted((loss_of(search, parent, frozenset([ticket])), ticket) for ticket in tickets)


def block(
    search: Search, learner: Learner, *tickets: Ticket, miner: str = "b1", start: int = 0
) -> Block:
    """A block with work and a true claim on the learner's tip."""
    made = block_on(search, learner.tip, model_of_tip(learner), miner, frozenset(tickets))
    return find_nonce(RULES, made, start)


def grow(
    search: Search, learner: Learner, miners: str, start: int = 0, rules: Rules = RULES
) -> tuple[Learner, list[Block]]:
    """A chain on the learner's tip by these miners (p: p1, q: p2, b: b1), and the learner on it.

    No process has made an offer, so the steps are the public offers.
    """
    names = {"p": "p1", "q": "p2", "b": "b1"}
    blocks = []
    for miner in miners:
        led = mine(search, rules, replace(learner, process=names[miner]), (), start)
        learner = receive(search, rules, learner, led)
        blocks.append(led)
    return learner, blocks
