"""Tickets, digests, noise and the searches, against derivations that share no code with them."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from math import floor, isqrt

import numpy as np
import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Search,
    Step,
    Ticket,
    Weights,
    all_drawn,
    best_ticket,
    by_rank,
    is_legal,
    is_legal_step,
    least,
    move,
    noise,
    offspring_digest,
    proposal_cost,
    single,
    tagged_digest,
)
from model_consensus.landscapes import Vector
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.systems.answers import LossNotRevealed, OpenLandscape

PARENT = bytes(range(32))
TICKET = Ticket(7, "pé", (0, -2, 1))
SPHERE = EvolutionarySearch(Sphere(), draws=3, lambda_=5, mu=2, recombines=True)


def step(*tickets: Ticket) -> Step:
    return frozenset(tickets)


def digest_by_hand(*fields: bytes) -> bytes:
    return hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in fields)).digest()


def ticket_by_hand(ticket: Ticket) -> bytes:
    numbers = [ticket.generation, *(weight + 2**63 for weight in ticket.weights)]
    generation, *weights = (number.to_bytes(8, "big") for number in numbers)
    name = ticket.proposer.encode("utf-8")
    return digest_by_hand(b"model-consensus/ticket/1", generation, name, *weights)


def draw_by_hand(parent: bytes, ticket: Ticket, draw: int, dimension: int) -> list[int]:
    key = digest_by_hand(
        b"model-consensus/noise/2",
        parent,
        ticket.generation.to_bytes(8, "big"),
        ticket.proposer.encode("utf-8"),
        draw.to_bytes(8, "big"),
    )
    return [word.bit_count() - 32 for word in philox_by_hand(key, dimension)]


def philox_by_hand(key: bytes, words: int) -> list[int]:
    """Philox4x64-10 of Salmon et al. (SC 2011), from its definition."""
    mask, stream = 2**64 - 1, []
    for block in range(1, words // 4 + 2):  # numpy increments the counter before the first block
        x = [block, 0, 0, 0]
        k = [int.from_bytes(key[:8], "little"), int.from_bytes(key[8:16], "little")]
        for _ in range(10):
            low, high = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
            x = [high >> 64 ^ x[1] ^ k[0], high & mask, low >> 64 ^ x[3] ^ k[1], low & mask]
            k = [(k[0] + 0x9E3779B97F4A7C15) & mask, (k[1] + 0xBB67AE8584CAA73B) & mask]
        stream += x
    return stream[:words]


# ------------------------------------------------------------------------------ names


def test_an_offspring_is_named_by_its_parent_and_its_tickets() -> None:
    other = Ticket(7, "a", (1, 0, 0))
    assert offspring_digest(PARENT, step(TICKET)) == digest_by_hand(
        b"model-consensus/offspring/3", PARENT, ticket_by_hand(TICKET)
    )
    blend = digest_by_hand(
        b"model-consensus/offspring/3", PARENT, ticket_by_hand(other), ticket_by_hand(TICKET)
    )
    assert offspring_digest(PARENT, step(TICKET, other)) == blend
    assert offspring_digest(PARENT, step(other, TICKET)) == blend


def test_fields_cannot_run_into_each_other() -> None:
    assert tagged_digest("t", "ab", "c") != tagged_digest("t", "a", "bc")
    assert tagged_digest("t", b"", b"x") != tagged_digest("t", b"x", b"")
    assert tagged_digest("t", b"x") != tagged_digest("t", b"x", b"")


@pytest.mark.parametrize(
    "ticket",
    [
        Ticket(-1, "p", (1,)),
        Ticket(1, "p", (2**63,)),
        Ticket(1, "p", (-(2**63) - 1,)),
        Ticket(1, "\ud800", (1,)),
    ],
)
def test_a_ticket_that_cannot_be_encoded_is_refused(ticket: Ticket) -> None:
    with pytest.raises(ModelConsensusError, match="cannot be encoded"):
        offspring_digest(PARENT, step(ticket))


# ------------------------------------------------------------------------------ noise


def test_noise_is_the_popcount_of_philox_keyed_by_the_draw() -> None:
    by_hand = [draw_by_hand(PARENT, TICKET, draw, 11) for draw in (2, 0)]
    assert noise(PARENT, TICKET, [2, 0], 11).tolist() == by_hand


def test_the_noise_of_a_draw_does_not_depend_on_the_weights() -> None:
    other = Ticket(7, "pé", (1, 0, 0))
    assert noise(PARENT, TICKET, [1], 8).tolist() == noise(PARENT, other, [1], 8).tolist()


def test_noise_has_the_moments_of_the_binomial_and_no_correlation() -> None:
    drawn = noise(PARENT, Ticket(1, "p", (1,)), range(200), 1000)
    # 200,000 independent variates: five standard errors of the mean, of the variance (the fourth
    # moment of a binomial is below the normal one), and of the correlation of neighbouring rows.
    assert abs(drawn.mean()) < 5 * 4 / 200_000**0.5
    assert abs(drawn.var() - 16) < 5 * 16 * (2 / 200_000) ** 0.5
    neighbours = (drawn[:-1] * drawn[1:]).mean() / 16
    assert abs(neighbours) < 5 / 199_000**0.5


def test_noise_needs_no_draw() -> None:
    assert noise(PARENT, TICKET, [], 5).shape == (0, 5)
    assert noise(PARENT, TICKET, [0], 5).dtype == np.int64


# ------------------------------------------------------------------------------ moves


def move_by_hand(tickets: Sequence[Ticket], dimension: int, *, elitist: bool = False) -> list[int]:
    """The sum of the weighted sums, scaled to one, in Python's own integers; rounded down."""
    sums = [0] * dimension
    for ticket in tickets:
        length = isqrt(sum(weight**2 for weight in ticket.weights))
        for i in range(dimension):
            total = 0
            for draw, weight in enumerate(ticket.weights):
                drawn = draw_by_hand(PARENT, ticket, draw, dimension)[i]
                total += weight * (0 if elitist and draw == 0 else drawn)
            sums[i] += floor(64 * total / length)
    return [floor(64 * total / isqrt(64 * 64 * len(tickets))) for total in sums]


@pytest.mark.parametrize("elitist", [False, True])
@pytest.mark.parametrize(
    "tickets",
    [
        [Ticket(1, "p", (0, 1, 0))],
        [Ticket(1, "p", (1, 0, 0))],
        [Ticket(1, "p", (-2, 1, 2))],  # of the length 3
        [Ticket(1, "p", (2, 0, -2))],  # of the length 2.83, rounded down to 2
        [Ticket(1, "p", (-1, -1, -1)), Ticket(1, "q", (0, 0, 1))],
        [Ticket(1, "p", (0, -2, 1)), Ticket(1, "q", (1, 0, 0)), Ticket(1, "r", (1, 1, 0))],
    ],
)
def test_a_move_is_the_sum_of_the_weighted_sums_scaled_to_one(
    tickets: list[Ticket], elitist: bool
) -> None:
    by_hand = move_by_hand(tickets, 40, elitist=elitist)
    moved = move(PARENT, step(*tickets), 40, elitist=elitist)
    assert moved.tolist() == by_hand
    assert moved.dtype == np.int64


def test_quotients_of_negative_sums_are_rounded_down() -> None:
    thirds = Ticket(1, "p", (-2, 1, 2))
    weights, drawn = np.array([-2, 1, 2]), noise(PARENT, thirds, range(3), 40)
    exact = 64 * (weights @ drawn) / 3
    moved = move(PARENT, step(thirds), 40)
    assert (moved <= exact).all()
    assert (exact - moved < 1).all()
    assert ((exact < 0) & (moved < exact)).any()


@pytest.mark.parametrize(
    ("weights", "deviation"),
    [
        (single(3, 16), 256),
        (by_rank(range(16)), 256 * 1360**0.5 / 36),  # 1360 is the sum of 15^2, 13^2, ..., 15^2
        ((-1,) * 16, 256),
    ],
)
def test_a_combination_has_about_the_deviation_of_a_single_draw(
    weights: Weights, deviation: float
) -> None:
    moved = move(PARENT, step(Ticket(1, "p", weights)), 100_000)
    # Five standard errors of the deviation of 100,000 independent variates.
    assert abs(float(moved.std()) / deviation - 1) < 5 / 200_000**0.5


@pytest.mark.parametrize(("tickets", "deviation"), [(2, 256 * 2**0.5 * 64 / 90), (4, 256)])
def test_a_step_of_many_tickets_has_about_the_deviation_of_one(
    tickets: int, deviation: float
) -> None:
    moved = move(PARENT, step(*(Ticket(1, name, (1,)) for name in "pqrs"[:tickets])), 100_000)
    assert abs(float(moved.std()) / deviation - 1) < 5 / 200_000**0.5


def test_the_first_draw_of_an_elitist_search_is_the_parent_again() -> None:
    elitist = EvolutionarySearch(Sphere(), 3, 5, 2, recombines=True, elitist=True)
    first = step(Ticket(1, "p", single(0, 3)))
    assert elitist.offspring(elitist.genesis, first).vector.tolist() == [1000] * 10
    assert elitist.losses(elitist.genesis, [first]) == SPHERE.landscape.losses(
        SPHERE.genesis.vector[None]
    )
    second = step(Ticket(1, "p", single(1, 3)))
    assert elitist.offspring(elitist.genesis, second).vector.tolist() != [1000] * 10


# ------------------------------------------------------------------------------ tickets


def test_the_weights_of_a_single_draw() -> None:
    assert single(0, 1) == (1,)
    assert single(2, 4) == (0, 0, 1, 0)
    assert all_drawn(2, "p", 2) == (step(Ticket(2, "p", (1, 0))), step(Ticket(2, "p", (0, 1))))


@pytest.mark.parametrize(
    ("weights", "recombining", "plain"),
    [
        ((1, 0, 0), True, True),
        ((0, 0, 1), True, True),
        ((2, 0, 0), True, False),
        ((-1, 0, 0), True, False),
        ((2, 0, -2), True, False),
        ((2, -2, 2), True, False),
        ((0, 1, 1), True, False),
        ((1, 1, -1), True, False),
        ((0, 0, 0), False, False),
        ((3, 0, 0), False, False),
        ((1, 0, -3), False, False),
        ((1, 0), False, False),
        ((1, 0, 0, 0), False, False),
        ((), False, False),
    ],
)
def test_which_weights_are_legal(weights: Weights, recombining: bool, plain: bool) -> None:
    assert is_legal(OpenLandscape(3, recombines=True), weights) is recombining
    assert is_legal(OpenLandscape(3), weights) is plain


@pytest.mark.parametrize(
    ("tickets", "legal"),
    [
        ([], False),
        ([Ticket(4, "p", (0, 1, 0))], True),
        ([Ticket(4, "p", (0, 1, 0)), Ticket(4, "q", (2, -2, 0))], True),
        ([Ticket(4, "p", (0, 1, 0)), Ticket(4, "p", (2, -2, 0))], False),
        ([Ticket(4, "p", (0, 1, 0)), Ticket(5, "q", (2, -2, 0))], False),
        ([Ticket(4, "p", (0, 1, 0)), Ticket(4, "q", (3, 0, 0))], False),
    ],
)
def test_which_steps_are_legal(tickets: list[Ticket], legal: bool) -> None:
    assert is_legal_step(OpenLandscape(3, recombines=True), 4, step(*tickets)) is legal


def test_one_draw_can_be_taken_backwards_and_no_further() -> None:
    one = OpenLandscape(1, recombines=True)
    legal = [weight for weight in range(-3, 4) if is_legal(one, (weight,))]
    assert legal == [-1, 1]


@pytest.mark.parametrize(
    ("losses", "weights"),
    [
        ([5, 3], (-1, 1)),
        ([3, 3], (1, -1)),
        ([7, 9, 8], (2, -2, 0)),
        ([4, 4, 4, 4], (3, 1, -1, -3)),
        ([9, 4, 9, 4], (-1, 3, -3, 1)),
        ([2**70, 0, 2**70 - 1], (-2, 2, 0)),
    ],
)
def test_the_recombination_weighs_by_rank_and_of_equal_losses_the_first_is_better(
    losses: list[int], weights: Weights
) -> None:
    assert by_rank(losses) == weights


def test_least_prefers_the_first() -> None:
    assert least([3, 1, 2, 1]) == 1
    assert least([2**70, 2**70 - 1]) == 1
    with pytest.raises(ModelConsensusError, match=r"^no losses were given$"):
        least([])


def revealed(losses: Sequence[int], combined: int, *, recombines: bool = True) -> OpenLandscape:
    """The landscape in which the draws of p lost ``losses`` and their recombination this."""
    landscape = OpenLandscape(len(losses), recombines)
    drawn = all_drawn(1, "p", len(losses))
    known = [(landscape.offspring(landscape.genesis, each).digest) for each in drawn]
    order = sorted(range(len(losses)), key=lambda draw: (losses[draw], draw))
    weights = [0] * len(losses)
    for rank, draw in enumerate(order):
        weights[draw] = len(losses) - 1 - 2 * rank
    both = dict(zip(known, losses, strict=True))
    both[offspring_digest(landscape.genesis.digest, step(Ticket(1, "p", tuple(weights))))] = (
        combined
    )
    return landscape.reveal(both)


@pytest.mark.parametrize(
    ("losses", "combined", "weights", "loss"),
    [
        ((5, 3, 4), 2, (-2, 2, 0), 2),
        ((5, 3, 4), 3, (0, 1, 0), 3),  # a recombination must be better
        ((5, 3, 4), 9, (0, 1, 0), 3),
        ((5, 3, 3), 1, (-2, 2, 0), 1),
        ((5, 3, 3), 3, (0, 1, 0), 3),
        ((2, 2, 2), 0, (2, 0, -2), 0),
        ((2, 2, 2), 4, (1, 0, 0), 2),
        ((9, 8, 7), 7, (0, 0, 1), 7),
    ],
)
def test_the_best_ticket_is_the_recombination_if_it_is_better_and_else_the_best_draw(
    losses: tuple[int, ...], combined: int, weights: Weights, loss: int
) -> None:
    landscape = revealed(losses, combined)
    assert best_ticket(landscape, landscape.genesis, "p") == (Ticket(1, "p", weights), loss)
    plain = revealed(losses, combined, recombines=False)
    best = losses.index(min(losses))
    assert best_ticket(plain, plain.genesis, "p") == (Ticket(1, "p", single(best, 3)), min(losses))


@pytest.mark.parametrize(
    ("draws", "recombines", "cost"), [(1, False, 1), (1, True, 1), (3, False, 3), (3, True, 4)]
)
def test_a_proposal_costs_what_it_says(draws: int, recombines: bool, cost: int) -> None:
    evaluated: list[int] = []

    class Counting(Sphere):
        def losses(self, models: Vector) -> list[int]:
            evaluated.append(len(models))
            return super().losses(models)

    search = EvolutionarySearch(Counting(), draws, 1, recombines=recombines)
    best_ticket(search, search.genesis, "p")
    assert sum(evaluated) == proposal_cost(search) == cost


# ------------------------------------------------------------------------------ searches


def test_the_genesis_digest_covers_the_whole_problem() -> None:
    class Steeper(Sphere):
        def describe(self) -> str:
            return "sphere with another step"

    class Elsewhere(Sphere):
        def initial(self) -> Vector:
            return super().initial() + 1

    problems: list[Search] = [
        SPHERE,
        EvolutionarySearch(Sphere(), 4, 5, 2, recombines=True),
        EvolutionarySearch(Sphere(), 3, 6, 2, recombines=True),
        EvolutionarySearch(Sphere(), 3, 5, 3, recombines=True),
        EvolutionarySearch(Sphere(), 3, 5, 2),
        EvolutionarySearch(Sphere(), 3, 5, 2, recombines=True, elitist=True),
        EvolutionarySearch(Sphere(), 3, 5, 2, elitist=True),
        EvolutionarySearch(Sphere(9), 3, 5, 2, recombines=True),
        EvolutionarySearch(Steeper(), 3, 5, 2, recombines=True),
        EvolutionarySearch(Elsewhere(), 3, 5, 2, recombines=True),
    ]
    assert len({search.genesis for search in problems}) == len(problems)
    assert EvolutionarySearch(Sphere(), 3, 5, 2, recombines=True).genesis == SPHERE.genesis


STEPS = [
    *all_drawn(1, "p", 3),
    step(Ticket(1, "p", (2, 0, -2))),
    step(Ticket(1, "p", (-1, 2, 1)), Ticket(1, "q", (0, 1, 0))),
]


def test_offspring_and_losses_belong_together_in_any_batch() -> None:
    together = SPHERE.losses(SPHERE.genesis, STEPS)
    for each, loss in zip(STEPS, together, strict=True):
        child = SPHERE.offspring(SPHERE.genesis, each)
        assert SPHERE.losses(SPHERE.genesis, [each]) == [loss]
        assert sum(x * x for x in child.vector.tolist()) == loss
        assert (child.generation, child.digest) == (
            1,
            offspring_digest(SPHERE.genesis.digest, each),
        )
    assert SPHERE.losses(SPHERE.genesis, []) == []


def test_mutation_and_tickets_speak_of_the_same_generation() -> None:
    asked: list[int] = []

    class Listening(Sphere):
        def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
            asked.append(generation)
            return super().mutate(parent, noise, generation)

    search = EvolutionarySearch(Listening(), draws=1, lambda_=1)
    child = search.offspring(search.genesis, step(Ticket(1, "p", (1,))))
    search.losses(child, [step(Ticket(2, "p", (1,)))])
    assert asked == [1, 2]


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SPHERE.genesis.vector[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        SPHERE.offspring(SPHERE.genesis, STEPS[0]).vector[0] = 0


def not_legal(ticket: Ticket) -> tuple[Step, str]:
    """A step of this ticket and another, which is legal, on the genesis; what is said of it."""
    return step(Ticket(1, "q", (1, 0, 0)), ticket), f"not legal in generation 1: {ticket}"


ILLEGAL = [
    not_legal(Ticket(0, "p", (1, 0, 0))),
    not_legal(Ticket(2, "p", (1, 0, 0))),
    not_legal(Ticket(1, "p", (3, 0, 0))),
    not_legal(Ticket(1, "p", (0, 0, 0))),
    not_legal(Ticket(1, "p", (1, 0))),
    (step(), "a step has tickets of different processes, and at least one"),
    (
        step(Ticket(1, "p", (1, 0, 0)), Ticket(1, "p", (0, 1, 0))),
        "a step has tickets of different processes, and at least one",
    ),
]


@pytest.mark.parametrize("search", [SPHERE, OpenLandscape(3, True), CachedSearch(SPHERE)])
@pytest.mark.parametrize(("illegal", "complaint"), ILLEGAL)
def test_a_step_that_makes_no_offspring_is_refused(
    search: Search, illegal: Step, complaint: str
) -> None:
    for attempt in (
        lambda: search.offspring(search.genesis, illegal),
        lambda: search.losses(search.genesis, [illegal]),
    ):
        with pytest.raises(ModelConsensusError) as refusal:
            attempt()
        assert str(refusal.value) == complaint


@pytest.mark.parametrize("search", [EvolutionarySearch(Sphere(), 3, 5), OpenLandscape(3)])
def test_without_recombination_a_combination_makes_no_offspring(search: Search) -> None:
    combined = Ticket(1, "p", (2, 0, -2))
    with pytest.raises(ModelConsensusError) as refusal:
        search.offspring(search.genesis, step(combined))
    assert str(refusal.value) == f"not legal in generation 1: {combined}"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ((0, 1, 1), "draws must be at least 1, not 0"),
        ((1, 0, 1), "lambda must be at least 1, not 0"),
        ((1, 1, 0), "mu must be at least 1, not 0"),
    ],
)
def test_a_search_needs_draws_and_offers(values: tuple[int, int, int], complaint: str) -> None:
    with pytest.raises(ModelConsensusError) as refusal:
        EvolutionarySearch(OneMax(), *values)
    assert str(refusal.value) == complaint


@pytest.mark.parametrize("draws", [0, -1])
def test_an_open_landscape_needs_draws(draws: int) -> None:
    with pytest.raises(ModelConsensusError, match=rf"^draws must be at least 1, not {draws}$"):
        OpenLandscape(draws)


def test_an_open_landscape_knows_what_was_revealed_and_names_the_rest() -> None:
    steps = all_drawn(1, "p", 2)
    closed = OpenLandscape(2)
    first, second = (closed.offspring(closed.genesis, each).digest for each in steps)
    partly = closed.reveal({first: 4})
    with pytest.raises(LossNotRevealed) as unknown:
        partly.losses(partly.genesis, steps)
    assert unknown.value.digests == (second,)
    assert partly.reveal({second: 0}).losses(partly.genesis, steps) == [4, 0]
    assert closed.revealed == {}  # revealing made another landscape


def test_an_open_landscape_is_a_value() -> None:
    digest, other = bytes(32), bytes([1]) * 32
    one = OpenLandscape(1).reveal({digest: 1}).reveal({other: 2})
    same = OpenLandscape(1).reveal({other: 2, digest: 1})
    assert (one, hash(one)) == (same, hash(same))
    assert one != OpenLandscape(1)
    assert OpenLandscape(1, recombines=True) != OpenLandscape(1)
    with pytest.raises(ModelConsensusError, match="cannot have the loss 2"):
        one.reveal({digest: 2})
    with pytest.raises(ModelConsensusError, match="cannot have the loss -1"):
        OpenLandscape(1).reveal({digest: -1})


def test_a_cached_search_evaluates_each_offspring_once_and_forgets_old_parents() -> None:
    evaluated: list[int] = []

    class Counting(Sphere):
        def losses(self, models: Vector) -> list[int]:
            evaluated.append(len(models))
            return super().losses(models)

    plain = EvolutionarySearch(Counting(), draws=3, lambda_=5, mu=2, recombines=True)
    cached = CachedSearch(plain, parents=1)
    expected = SPHERE.losses(SPHERE.genesis, STEPS)
    assert cached.losses(cached.genesis, STEPS[:4]) == expected[:4]
    again = [STEPS[4], STEPS[0], STEPS[4]]
    assert cached.losses(cached.genesis, again) == [expected[4], expected[0], expected[4]]
    assert sum(evaluated) == 5
    child = cached.offspring(cached.genesis, STEPS[0])
    cached.losses(child, all_drawn(2, "p", 3)[:1])
    cached.losses(cached.genesis, STEPS)
    assert sum(evaluated) == 5 + 1 + 5


def test_a_search_is_the_same_in_another_program() -> None:
    program = (
        "from model_consensus.evolutionary_search import *\n"
        "from model_consensus.simulation.benchmark_functions import Sphere\n"
        "search = EvolutionarySearch(Sphere(), 3, 5, 2, recombines=True)\n"
        "blend = frozenset([Ticket(1, 'p', (-1, 2, 1)), Ticket(1, 'q', (0, 1, 0))])\n"
        "print(search.losses(search.genesis, [blend]))\n"
        "print(search.offspring(search.genesis, blend).digest.hex())\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.splitlines() == [
        str(SPHERE.losses(SPHERE.genesis, STEPS[4:])),
        SPHERE.offspring(SPHERE.genesis, STEPS[4]).digest.hex(),
    ]
