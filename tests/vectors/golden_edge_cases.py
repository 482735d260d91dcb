"""Golden vectors of edges: ties, limits, steps in late generations; see ``golden_vectors.py``."""

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby, product

import numpy as np

from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Step,
    Ticket,
    Weights,
    all_drawn,
    best_ticket,
    by_rank,
    single,
)
from model_consensus.landscapes import Landscape, Vector
from model_consensus.simulation.benchmark_functions import OneMax, Rosenbrock, Sphere
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.streamlet.messages import Block as EpochBlock
from model_consensus.streamlet.messages import Chain, Committee, Notarization, simulation_key
from model_consensus.tob_learner import Offer
from tests.vectors.golden_blocks import NAMES, block_edges
from tests.vectors.golden_json import Json, number, sha256, ticket_fields
from tests.vectors.golden_runs import learning, mining, problem
from tests.vectors.golden_streamlet import committee_fields, packet_fields

PARENT = bytes(range(32))
BITS = EvolutionarySearch(OneMax(16), draws=4, lambda_=3)
BLENDED = EvolutionarySearch(OneMax(16), 4, 3, 2, recombines=True)
MINED = EvolutionarySearch(OneMax(16), 4, 4, recombines=True)
"""Few bits flip, so most offspring of a parent have equal losses."""
SPHERE = EvolutionarySearch(Sphere(5), 4, 3, 2, recombines=True)
ELITIST = EvolutionarySearch(Sphere(5), 4, 3, 2, recombines=True, elitist=True)
"""Nearly all offspring have different losses, and about half of the blends beat the floor."""


def edge_case_vectors() -> Json:
    """Cases in which a rule could be read in two ways."""
    return {
        "offspring": [*map(_offspring, _late_steps() + _limits() + _flips())],
        "proposals": [_proposal(*each) for each in _proposals()],
        "tob": [{"reason": why, **learning(*order)} for order, why in (*_orders(), *_blends())],
        **block_edges(mining),
        "quorum": _quorum(),
    }


# ------------------------------------------------------------------ one offspring

Case = tuple[EvolutionarySearch, int, Vector, int, str]
"""A search, a parent's generation and vector, the draw of an offspring, and what is at stake."""


def _drawn(search: EvolutionarySearch, generation: int, draw: int) -> Step:
    """The step of one draw alone."""
    return frozenset([Ticket(generation, "p1", single(draw, search.draws))])


def _search(name: str) -> EvolutionarySearch:
    small: dict[str, Landscape] = {
        "onemax": OneMax(16),
        "sphere": Sphere(5),
        "rosenbrock": Rosenbrock(4),
    }
    return EvolutionarySearch(small.get(name) or load_landscape(name), 128, 3)


def _late_steps() -> list[Case]:
    """Offspring on both sides of each change of the step, and long after the last."""
    changes = {
        "sphere": range(10, 60, 10),
        "rosenbrock": range(50, 200, 50),
        "digits": range(16, 160, 16),
    }
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
        step = search.offspring(model, _drawn(search, 1, draw)).vector[-1]
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
            if (search.offspring(model, _drawn(search, 1, draw)).vector != bit).any()
        ]
        cases.append((search, 0, vector, changed[0], f"a bit {bit} flips"))
    return cases


def _offspring(case: Case) -> Json:
    search, generation, vector, draw, reason = case
    parent, step = Model(generation, PARENT, vector), _drawn(search, generation + 1, draw)
    model = search.offspring(parent, step)
    (loss,) = search.losses(parent, [step])
    return {
        "reason": reason,
        **problem(search),
        "parent": {"digest": PARENT.hex(), "runs": _runs(vector)},
        "ticket": {"generation": generation + 1, "proposer": "p1", "draw": draw},
        "digest": model.digest.hex(),
        "loss": number(loss),
        "sha256": sha256(model.vector),
    }


def _runs(vector: Vector) -> list[list[int]]:
    """Each value and how often it is repeated."""
    return [[value, len([*same])] for value, same in groupby(vector.tolist())]


# ------------------------------------------------------------------ offers in a given order


Order = tuple[EvolutionarySearch, list[Offer]]


def _loss(search: EvolutionarySearch, *tickets: Ticket) -> int:
    return search.losses(search.genesis, [frozenset(tickets)])[0]


def _offer(
    search: EvolutionarySearch, proposer: str, weights: Weights, claim: int | None = None
) -> Offer:
    """The offer on the genesis model, truthful unless it claims something else."""
    ticket = Ticket(1, proposer, weights)
    said = _loss(search, ticket) if claim is None else claim
    return Offer(proposer, search.genesis.digest, ticket, said)


def _tied(search: EvolutionarySearch) -> list[Offer]:
    """Offers of three processes, not in their order, each by its last draw that flips no bit."""
    offers = []
    for proposer in NAMES[:6]:
        drawn = all_drawn(1, proposer, search.draws)
        same = [ticket for (ticket,) in drawn if _loss(search, ticket) == 16]
        if same:
            offers.append(_offer(search, proposer, same[-1].weights))
    first, second, third, *_ = offers
    return [third, first, second]


def _orders() -> list[tuple[Order, str]]:
    """With one verified offer, and so without blends."""
    one, two, three = _tied(BITS)
    first = single(0, BITS.draws)

    def said(claims: dict[str, int | None]) -> Order:
        return BITS, [_offer(BITS, name, first, claim) for name, claim in claims.items()]

    true = dict.fromkeys(("p1", "p3", "p5"), None)
    return [
        ((BITS, [one, two, three]), "of equal claims the first delivered is taken"),
        ((BITS, [three, two, one]), "the same in another order"),
        (
            said({"p2": 18, "p1": 17, "p3": 19, "p4": None}),
            "a claim that is greater than the loss is false, if it is the least",
        ),
        (said({"p4": 2, "p2": 1, **true}), "banned in the order of the claims"),
        (said({"p4": 1, "p2": 1, **true}), "of equal false claims the first delivered is banned"),
        (
            (SINGLE, [_offer(SINGLE, name, (1, 1, -1, -3)) for name in ("p1", "p2", "p3")]),
            "with one verified offer that offer is decided, and nothing more is evaluated",
        ),
    ]


SINGLE = EvolutionarySearch(Sphere(5), 4, 3, 1, recombines=True)


def _pair(*, better: bool) -> tuple[Offer, Offer, Offer]:
    """Offers of p1 and p2 whose blend is better than both, or not; and a worse one of p3."""
    every = [single(draw, SPHERE.draws) for draw in range(SPHERE.draws)] + [(3, -1, 1, -3)]
    for one, two in product(every, repeat=2):
        offers = _offer(SPHERE, "p1", one), _offer(SPHERE, "p2", two)
        blend = _loss(SPHERE, *(offer.ticket for offer in offers))
        if (blend < min(offer.claim for offer in offers)) is better:
            for three in every:
                worse = _offer(SPHERE, "p3", three)
                if worse.claim > max(offer.claim for offer in offers):
                    return (*offers, worse)
    raise AssertionError(better)


def _blends() -> list[tuple[Order, str]]:
    """With two verified offers."""
    tied = _tied(BLENDED)
    good, bad = _pair(better=True), _pair(better=False)
    least, most = sorted(good[:2], key=lambda offer: offer.claim)
    better, worse = sorted(bad[:2], key=lambda offer: offer.claim)
    between = replace(_offer(SPHERE, "p4", (0, 1, 0, 0)), claim=least.claim + 1)
    early = replace(between, claim=least.claim - 1)
    firsts = [_offer(ELITIST, name, (1, 0, 0, 0)) for name in ("p1", "p2", "p3")]
    assert _loss(BLENDED, *(offer.ticket for offer in tied[:2])) == 16
    assert len({offer.claim for offer in firsts}) == 1
    return [
        ((SPHERE, [*good]), "the blend is better than the floor"),
        ((SPHERE, [*good[::-1]]), "the same in another order"),
        ((SPHERE, [*bad]), "the blend is worse than the floor"),
        ((BLENDED, tied), "the blend is equal to the floor, the first of which is decided"),
        ((BLENDED, tied[::-1]), "the same in another order"),
        (
            (SPHERE, [least, between, good[2], most]),
            "banned in the middle: what was verified before stays so",
        ),
        ((SPHERE, [least, early, good[2], most]), "banned before anything was verified"),
        (
            (SPHERE, [worse, replace(between, claim=worse.claim), bad[2], better]),
            "the floor is the least verified claim and not the first verified",
        ),
        ((ELITIST, firsts), "the first draw is the parent again, and so is the blend of two"),
        (
            (ELITIST, [_offer(ELITIST, name, (3, -1, 1, -3)) for name in ("p1", "p2", "p3")]),
            "a combination in which the first draw is the parent again",
        ),
    ]


# ------------------------------------------------------------------ what a process proposes


def _proposals() -> list[tuple[EvolutionarySearch, str, str]]:
    """A search, a process, and what is at stake."""

    def losses(process: str) -> list[int]:
        return [_loss(MINED, ticket) for (ticket,) in all_drawn(1, process, MINED.draws)]

    def first(search: EvolutionarySearch, where: Callable[[str, list[int], int], bool]) -> str:
        for process in NAMES:
            lost = losses(process)
            if where(process, lost, _loss(search, Ticket(1, process, by_rank(lost)))):
                return process
        raise AssertionError(search)

    ranks = first(MINED, lambda _, lost, loss: loss < min(lost) and len(set(lost)) < len(lost))
    equal = first(MINED, lambda _, lost, loss: loss == min(lost) < max(lost))
    ties = first(MINED, lambda _, lost, loss: loss > min(lost) == sorted(lost)[1] < lost[0])
    return [
        (
            MINED,
            ranks,
            "it is the recombination; of equal losses the first has the better rank",
        ),
        (MINED, equal, "the recombination is only as good as the best draw, which is offered"),
        (MINED, ties, "of equal draws the first is offered"),
        (BITS, ranks, "without recombination the best draw is offered"),
        (ELITIST, "p1", "the first draw is the parent again"),
    ]


def _proposal(search: EvolutionarySearch, process: str, reason: str) -> Json:
    ticket, loss = best_ticket(search, search.genesis, process)
    return {
        "reason": reason,
        **problem(search),
        "genesis": search.genesis.digest.hex(),
        "ticket": ticket_fields(ticket),
        "loss": number(loss),
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
