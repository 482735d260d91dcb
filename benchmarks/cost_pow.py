"""What learning over proof-of-work costs a correct process, and what ``settle`` costs.

    python benchmarks/cost_pow.py

Counted, not timed, on the sphere, with offers recombined: the models that a process evaluates to
receive a block, to make its offer, and to lead when it wins, and in all for a block that is mined,
each model once; the bytes of a block and of the offers that it receives between two blocks, and
what the block would have if it shipped the model (8 bytes a coordinate).  The adversary wins its
share f/n of the blocks.  Measured side by side in this one process: the time of a reversal
probability against the depth and the horizon, relative to the first row.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean

from rich.console import Console
from rich.table import Table

from model_consensus import pow_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.evolutionary_search import Digest, EvolutionarySearch, Model, Step
from model_consensus.pow_learner import Block, Rules
from model_consensus.settlement.probability import reversal_probability, reversal_probability_within
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.setting import process_names
from model_consensus.streamlet.offers import HEADER, WEIGHT, encode_offer
from model_consensus.systems.answers import AroundSearch, OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import ByzantinePublish, MakeOffer, Mine, Receive
from model_consensus.tob_learner import offered

WINS, DEPTH = 30, 3
FIELDS, COORDINATE = 48, 8
"""Bytes of a block's parent, claim and nonce; and of a coordinate of a shipped model, an int64."""
PARENT_AND_CLAIM = 40
"""Bytes of an offer that are not its ticket's."""


@dataclass
class Asked(AroundSearch):
    """A search that notes which models it is asked for, each time."""

    models: list[Digest] = field(default_factory=list)

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        """See :class:`Search`."""
        self.models += [self.offspring(parent, step).digest for step in steps]
        return super().losses(parent, steps)


@dataclass(frozen=True)
class Instance:
    """A run: n processes, f of them Byzantine with the share f/n of the wins, and a sphere."""

    n: int
    f: int
    draws: int
    dimension: int
    strategy: str


@dataclass(frozen=True)
class Cost:
    """For a correct process and a block: evaluations, and bytes from ``bytes`` on.

    Each block costs each receiver the same; the other values are means.
    """

    receive: int
    offer: float
    lead: float
    block: float
    bytes: float
    offers: float


def size(block: Block) -> int:
    """The bytes of a block: its fields, and its tickets as in the encoding of offers."""
    tickets = sum(
        HEADER - PARENT_AND_CLAIM + WEIGHT * len(ticket.weights) + len(ticket.proposer)
        for ticket in block.step
    )
    return FIELDS + len(block.miner) + tickets


def measure(instance: Instance) -> Cost:
    """Run and count."""
    names, draws = process_names(instance.n), instance.draws
    correct = names[: instance.n - instance.f]
    sphere = Sphere(instance.dimension)
    cached = CachedSearch(EvolutionarySearch(sphere, draws, lambda_=1, recombines=True))
    rules = Rules(names, DEPTH)
    system = PowSystem(rules, names[len(correct) :], OneLandscape(cached))
    share = instance.f / instance.n
    simulation = PowSimulation(system, STRATEGIES[instance.strategy], share, seed=1)
    steps = list(simulation.run(WINS))
    received, made, led = set[int](), list[int](), list[int]()
    for (_, before), (action, _) in pairwise(steps):
        search = Asked(cached)
        match action:
            case Receive(process, place) | ByzantinePublish(process, place):
                pow_learner.receive(
                    search, rules, before.learner[process], before.blocks[place - 1]
                )
                received.add(len(search.models))
            case MakeOffer(process):
                pow_learner.make_offer(search, before.learner[process])
                made.append(len(search.models))
            case Mine(process, seen):
                learner = before.learner[process]
                pow_learner.catch(search, learner, pow_learner.useful(search, learner, seen))
                pow_learner.mine(search, rules, learner, seen)
                # It knows its own offer; and whoever keeps the losses evaluates no model twice.
                own = next(offer for offer in seen if offer.sender == process)
                model = pow_learner.model_of_tip(learner)
                known = search.offspring(model, offered(own)).digest
                led.append(len({*search.models} - {known}))
    (receive,) = received
    last = steps[-1][1]
    offers = {offer: len(encode_offer(offer)) for _, state in steps for offer in state.offers}
    return Cost(
        receive,
        mean(made),
        mean(led),
        mean(simulation.evaluations.values()) / WINS,
        mean(map(size, last.blocks)),
        sum(offers.values()) / WINS,
    )


INSTANCES: Sequence[Instance] = (
    Instance(4, 1, 8, 10, "honest"),
    Instance(4, 1, 8, 10, "least-step"),
    Instance(4, 1, 8, 10, "false-offers"),
    Instance(4, 1, 16, 10, "honest"),
    Instance(4, 1, 64, 10, "honest"),
    Instance(4, 1, 8, 1_000, "honest"),
    Instance(4, 1, 8, 30_000, "honest"),
    Instance(7, 2, 8, 10, "honest"),
    Instance(7, 2, 8, 10, "false-offers"),
    Instance(7, 2, 8, 10, "private-chain"),
    Instance(16, 5, 8, 10, "honest"),
)


def main() -> None:
    """Print both tables."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    console = Console(width=130)
    table = Table(
        title=f"a correct process, a block: evaluations, and then bytes (means of {WINS})"
    )
    for column in ("n", "f", "draws", "dimension", "strategy"):
        table.add_column(column, justify="right")
    for column in ("receive", "offer", "lead", "in all", "block", "model shipped", "offers"):
        table.add_column(column, justify="right")
    for each in INSTANCES:
        cost = measure(each)
        table.add_row(
            *map(str, (each.n, each.f, each.draws, each.dimension, each.strategy)),
            str(cost.receive),
            f"{cost.offer:.0f}",
            f"{cost.lead:.1f}",
            f"{cost.block:.1f}",
            f"{cost.bytes:,.0f}",
            f"{FIELDS + COORDINATE * each.dimension:,}",
            f"{cost.offers:,.0f}",
        )
    console.print(table)

    def timed(depth: int, horizon: int | None) -> float:
        started = time.perf_counter()
        if horizon is None:
            reversal_probability(0.3, depth)
        else:
            reversal_probability_within(0.3, depth, horizon)
        return time.perf_counter() - started

    table = Table(title="time of a reversal probability, q = 0.3, relative to the first row")
    for column in ("k", "horizon", "time"):
        table.add_column(column, justify="right")
    rows = [(10, None), (100, None), (1000, None), (10, 100), (10, 400), (100, 400)]
    first = min(timed(*rows[0]) for _ in range(20))
    for depth, horizon in rows:
        best = min(timed(depth, horizon) for _ in range(3))
        table.add_row(
            str(depth), "none" if horizon is None else str(horizon), f"{best / first:,.1f}"
        )
    console.print(table)


if __name__ == "__main__":
    main()
