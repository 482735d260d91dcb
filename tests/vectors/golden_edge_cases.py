"""Golden vectors of edges: ties, limits, steps in late generations; see ``golden_vectors.py``."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from model_consensus import pow_learner
from model_consensus.evolutionary_search import EvolutionarySearch, Model, Ticket
from model_consensus.landscapes import Landscape, OneMax, Sphere, Vector
from model_consensus.pow_learner import Block, Rules, Verdict, find_nonce, new_learner
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.rosenbrock import Rosenbrock
from model_consensus.streamlet.messages import Block as EpochBlock
from model_consensus.streamlet.messages import Chain, Committee, Notarization, simulation_key
from model_consensus.tob_learner import Offer
from tests.vectors.golden_json import Json, number, pow_fields, sha256, ticket_fields
from tests.vectors.golden_runs import learning, mining, problem
from tests.vectors.golden_streamlet import committee_fields, packet_fields

PARENT = bytes(range(32))
TARGET = 1 << 253
BITS = EvolutionarySearch(OneMax(16), draws=4, lambda_=3)
MINED = EvolutionarySearch(OneMax(16), draws=4, lambda_=4)
"""Few bits flip, so most offspring of a parent have equal losses."""


def edge_case_vectors() -> Json:
    """Cases in which a rule could be read in two ways."""
    return {
        "offspring": [*map(_offspring, _late_steps() + _limits() + _flips())],
        "tob": [{"reason": why, **learning(BITS, order)} for order, why in _orders()],
        **_blocks(),
        "quorum": _quorum(),
    }


# ------------------------------------------------------------------ one offspring

Case = tuple[EvolutionarySearch, int, Vector, int, str]
"""A search, a parent's generation and vector, the draw of an offspring, and what is at stake."""


def _search(name: str) -> EvolutionarySearch:
    small: dict[str, Landscape] = {
        "onemax": OneMax(16),
        "sphere": Sphere(5),
        "rosenbrock": Rosenbrock(4),
    }
    return EvolutionarySearch(small.get(name) or load_landscape(name), 1 << 10, 3)


def _late_steps() -> list[Case]:
    """Offspring on both sides of each change of the step, and long after the last."""
    changes = {"sphere": range(10, 60, 10), "rosenbrock": (50, 100, 150), "digits": (80, 160, 320)}
    return [
        (search, generation - 1, search.genesis.vector, 0, f"the step of generation {generation}")
        for name, last in changes.items()
        for search in (_search(name),)
        for generation in [*(each + more for each in last for more in (0, 1)), 1000]
    ]


def _limits() -> list[Case]:
    """Offspring of parents at the limits of their coordinates."""
    digits, mlp = _search("digits"), _search("digits-mlp")
    hidden, outputs = 32 * 65, 10 * 33

    def layers(first: int, second: int, step: int) -> Vector:
        return np.repeat(np.array([first, second, step], np.int64), [hidden, outputs, 1])

    def all_at(search: EvolutionarySearch, value: int) -> Vector:
        return np.full_like(search.genesis.vector, value)

    sphere, rosenbrock = _search("sphere"), _search("rosenbrock")
    return [
        (sphere, 0, all_at(sphere, (1 << 20) - 5), 0, "coordinates are cut to 2^20"),
        (sphere, 0, all_at(sphere, 5 - (1 << 20)), 0, "coordinates are cut to -2^20"),
        (rosenbrock, 0, all_at(rosenbrock, 2040), 0, "coordinates are cut to 2048"),
        (rosenbrock, 0, all_at(rosenbrock, -2040), 0, "coordinates are cut to -2048"),
        (digits, 0, all_at(digits, 4090), 0, "weights are cut to 4095"),
        (digits, 0, all_at(digits, -4090), 0, "weights are cut to -4095"),
        (mlp, 0, layers(4090, -250, 65536), _draw(mlp, 1), "the step is cut to 65536"),
        (mlp, 0, layers(-4090, 250, 64), _draw(mlp, -1), "the step is cut to 64"),
    ]


def _draw(search: EvolutionarySearch, sign: int) -> int:
    """The first draw whose last coordinate of noise has this sign: it changes the step."""
    model = Model(0, PARENT, np.full_like(search.genesis.vector, 1024))
    for draw in range(search.draws):
        step = search.offspring(model, Ticket(1, "p1", draw)).vector[-1]
        if (int(step) - 1024) * sign > 0:
            return draw
    raise AssertionError(sign)


def _flips() -> list[Case]:
    """A bit of OneMax becomes 1, and 0."""
    search = _search("onemax")
    cases = []
    for bit in (0, 1):
        vector = np.full(16, bit, np.int64)
        model = Model(0, PARENT, vector)
        draws = range(search.draws)
        changed = [
            draw
            for draw in draws
            if (search.offspring(model, Ticket(1, "p1", draw)).vector != bit).any()
        ]
        cases.append((search, 0, vector, changed[0], f"a bit {bit} flips"))
    return cases


def _offspring(case: Case) -> Json:
    search, generation, vector, draw, reason = case
    parent, ticket = Model(generation, PARENT, vector), Ticket(generation + 1, "p1", draw)
    model = search.offspring(parent, ticket)
    (loss,) = search.losses(parent, [ticket])
    return {
        "reason": reason,
        **problem(search),
        "parent": {"digest": PARENT.hex(), "runs": _runs(vector)},
        "ticket": ticket_fields(ticket),
        "digest": model.digest.hex(),
        "loss": number(loss),
        "sha256": sha256(model.vector),
    }


def _runs(vector: Vector) -> list[list[int]]:
    """Each value and how often it is repeated."""
    return [[value, len([*same])] for value, same in groupby(vector.tolist())]


# ------------------------------------------------------------------ offers in a given order


def _orders() -> list[tuple[list[Offer], str]]:
    def true(proposer: str, draw: int) -> int:
        return BITS.losses(BITS.genesis, [Ticket(1, proposer, draw)])[0]

    def offer(proposer: str, draw: int, claim: int | None = None) -> Offer:
        said = true(proposer, draw) if claim is None else claim
        return Offer(proposer, BITS.genesis.digest, Ticket(1, proposer, draw), said)

    def tied(proposer: str) -> Offer:
        draws = [draw for draw in range(BITS.draws) if true(proposer, draw) == 16]
        return offer(proposer, draws[-1])

    one, two, three = map(tied, ("p3", "p1", "p2"))
    return [
        ([one, two, three], "of equal claims the first delivered is taken"),
        ([three, two, one], "the same in another order"),
        (
            [offer("p2", 0, 18), offer("p1", 0, 17), offer("p3", 0, 19), offer("p4", 0)],
            "a claim that is greater than the loss is false, if it is the least",
        ),
        (
            [offer("p4", 0, 2), offer("p2", 0, 1), *map(offer, ("p1", "p3", "p5"), (0, 0, 0))],
            "banned in the order of the claims",
        ),
        (
            [offer("p4", 0, 1), offer("p2", 0, 1), *map(offer, ("p1", "p3", "p5"), (0, 0, 0))],
            "of equal false claims the first delivered is banned first",
        ),
    ]


# ------------------------------------------------------------------ blocks


def _blocks() -> Json:
    rules = Rules(("p1", "p2", "p3"), depth=0, target=TARGET)
    start = new_learner(MINED, "p1")

    def mined(miner: str, parent: Block | None = None) -> Block:
        digest = parent.digest if parent else start.root
        model = MINED.offspring(MINED.genesis, parent.ticket) if parent else MINED.genesis
        return pow_learner.extend(MINED, rules, digest, model, miner)

    def received(blocks: Sequence[Block]) -> Json:
        learner = start
        for block in blocks:
            learner = pow_learner.receive(MINED, rules, learner, block)
        assert len(learner.known) == len(blocks)
        return mining(MINED, rules, learner)

    one, two = mined("p1"), mined("p2")
    third = mined("p3", two)
    losses = MINED.losses(MINED.genesis, [Ticket(1, "p1", draw) for draw in range(MINED.draws)])
    least, greater = [draw for draw, loss in enumerate(losses) if loss == min(losses)][:2]
    assert one.ticket.draw == least
    other = replace(one, ticket=replace(one.ticket, draw=greater))
    refused = find_nonce(rules, other)
    assert pow_learner.check(MINED, rules, start, refused) is Verdict.EVALUATION
    hash_ = int.from_bytes(one.digest, "big")
    return {
        "pow": [
            {"reason": "of equally long chains the first received is kept", **received([one, two])},
            {"reason": "the same in another order", **received([two, one])},
            {"reason": "a longer chain is taken", **received([one, two, third])},
        ],
        "refused": [
            {
                "reason": "of equal losses the least draw is the miner's ticket",
                **problem(MINED),
                "lambda": MINED.draws,
                "processes": list(rules.processes),
                "target": f"{TARGET:064x}",
                "genesis": start.root.hex(),
                "block": pow_fields(refused),
                "verdict": "evaluation",
            }
        ],
        "work": [
            {
                "reason": reason,
                "block": pow_fields(one),
                "target": f"{target:064x}",
                "work": pow_learner.has_work(replace(rules, target=target), one),
            }
            for target, reason in [
                (hash_ + 1, "the hash is below the target by one"),
                (hash_, "the hash is the target"),
            ]
        ],
    }


# ------------------------------------------------------------------ a quorum


def _quorum() -> Json:
    """n = 6: two thirds are 4, and n - f would be 5."""
    names = tuple(f"p{number}" for number in range(1, 7))
    keys = {name: simulation_key(1, name) for name in names}
    committee = Committee({name: public for name, (public, _) in keys.items()})
    block = EpochBlock(1, committee.genesis, None)
    votes = [committee.vote(name, keys[name][1], block) for name in names]
    links = [Notarization(block, tuple(votes[:count])) for count in (3, 4, 5)]
    return {
        "committee": committee_fields(committee),
        "links": [
            {"packet": packet_fields(Chain((link,))), "certified": committee.is_certified(link)}
            for link in links
        ],
    }
