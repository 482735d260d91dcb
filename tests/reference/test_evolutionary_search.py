"""Tickets, digests, noise and the searches, against derivations that share no code with them."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Search,
    Ticket,
    best_ticket,
    least,
    noise,
    offspring_digest,
    own_tickets,
    tagged_digest,
)
from model_consensus.landscapes import OneMax, Sphere, Vector
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.systems.answers import LossNotRevealed, OpenLandscape

PARENT = bytes(range(32))
TICKET = Ticket(7, "pé", 3)
SPHERE = EvolutionarySearch(Sphere(), draws=3, lambda_=5)


def digest_by_hand(parent: bytes, generation: int, proposer: str, draw: int) -> bytes:
    fields = [
        b"model-consensus/offspring/1",
        parent,
        generation.to_bytes(8, "big"),
        proposer.encode("utf-8"),
        draw.to_bytes(8, "big"),
    ]
    return hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in fields)).digest()


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


def test_an_offspring_is_named_by_its_parent_and_its_ticket() -> None:
    assert offspring_digest(PARENT, TICKET) == digest_by_hand(PARENT, 7, "pé", 3)


def test_noise_is_the_popcount_of_philox_keyed_by_the_offspring_digest() -> None:
    tickets = [TICKET, Ticket(7, "q", 0)]
    by_hand = [
        [
            word.bit_count() - 32
            for word in philox_by_hand(digest_by_hand(PARENT, t.generation, t.proposer, t.draw), 11)
        ]
        for t in tickets
    ]
    assert noise(PARENT, tickets, 11).tolist() == by_hand


def test_fields_cannot_run_into_each_other() -> None:
    assert tagged_digest("t", "ab", "c") != tagged_digest("t", "a", "bc")
    assert tagged_digest("t", b"", b"x") != tagged_digest("t", b"x", b"")
    assert tagged_digest("t", b"x") != tagged_digest("t", b"x", b"")


@pytest.mark.parametrize(
    "ticket", [Ticket(-1, "p", 0), Ticket(1, "p", 2**64), Ticket(1, "\ud800", 0)]
)
def test_a_ticket_that_cannot_be_encoded_is_refused(ticket: Ticket) -> None:
    with pytest.raises(ModelConsensusError, match="cannot be encoded"):
        offspring_digest(PARENT, ticket)


def test_noise_has_the_moments_of_the_binomial_and_no_correlation() -> None:
    drawn = noise(PARENT, own_tickets(1, "p", 200), 1000)
    # 200,000 independent variates: five standard errors of the mean, of the variance (the fourth
    # moment of a binomial is below the normal one), and of the correlation of neighbouring rows.
    assert abs(drawn.mean()) < 5 * 4 / 200_000**0.5
    assert abs(drawn.var() - 16) < 5 * 16 * (2 / 200_000) ** 0.5
    neighbours = (drawn[:-1] * drawn[1:]).mean() / 16
    assert abs(neighbours) < 5 / 199_000**0.5


def test_least_prefers_the_first() -> None:
    assert least([3, 1, 2, 1]) == 1
    assert least([2**70, 2**70 - 1]) == 1
    with pytest.raises(ModelConsensusError, match=r"^no losses were given$"):
        least([])


def test_own_tickets_are_in_the_order_of_the_draws() -> None:
    assert own_tickets(2, "p", 2) == (Ticket(2, "p", 0), Ticket(2, "p", 1))


def test_the_best_ticket_has_the_least_loss_and_of_equal_ones_the_least_draw() -> None:
    landscape = OpenLandscape(draws=3)
    digests = [
        landscape.offspring(landscape.genesis, ticket).digest for ticket in own_tickets(1, "p", 3)
    ]
    for losses, draw in (((5, 3, 4), 1), ((5, 3, 3), 1), ((2, 2, 2), 0), ((9, 8, 7), 2)):
        revealed = landscape.reveal(dict(zip(digests, losses, strict=True)))
        best = (Ticket(1, "p", draw), losses[draw])
        assert best_ticket(revealed, revealed.genesis, "p") == best


def test_the_genesis_digest_covers_the_whole_problem() -> None:
    class Steeper(Sphere):
        def describe(self) -> str:
            return "sphere with another step"

    class Elsewhere(Sphere):
        def initial(self) -> Vector:
            return super().initial() + 1

    problems: list[Search] = [
        SPHERE,
        EvolutionarySearch(Sphere(), draws=4, lambda_=5),
        EvolutionarySearch(Sphere(), draws=3, lambda_=6),
        EvolutionarySearch(Sphere(9), draws=3, lambda_=5),
        EvolutionarySearch(Steeper(), draws=3, lambda_=5),
        EvolutionarySearch(Elsewhere(), draws=3, lambda_=5),
    ]
    assert len({search.genesis for search in problems}) == len(problems)
    assert EvolutionarySearch(Sphere(), draws=3, lambda_=5).genesis == SPHERE.genesis


def test_offspring_and_losses_belong_together_in_any_batch() -> None:
    tickets = own_tickets(1, "p", 3)
    together = SPHERE.losses(SPHERE.genesis, tickets)
    for ticket, loss in zip(tickets, together, strict=True):
        child = SPHERE.offspring(SPHERE.genesis, ticket)
        assert SPHERE.losses(SPHERE.genesis, [ticket]) == [loss]
        assert sum(x * x for x in child.vector.tolist()) == loss
        assert (child.generation, child.digest) == (
            1,
            offspring_digest(SPHERE.genesis.digest, ticket),
        )
    assert SPHERE.losses(SPHERE.genesis, []) == []


def test_mutation_and_tickets_speak_of_the_same_generation() -> None:
    asked: list[int] = []

    class Listening(Sphere):
        def mutate(self, parent: Vector, noise: Vector, generation: int) -> Vector:
            asked.append(generation)
            return super().mutate(parent, noise, generation)

    search = EvolutionarySearch(Listening(), draws=1, lambda_=1)
    child = search.offspring(search.genesis, Ticket(1, "p", 0))
    search.losses(child, [Ticket(2, "p", 0)])
    assert asked == [1, 2]


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SPHERE.genesis.vector[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        SPHERE.offspring(SPHERE.genesis, Ticket(1, "p", 0)).vector[0] = 0


@pytest.mark.parametrize("search", [SPHERE, OpenLandscape(3), CachedSearch(SPHERE)])
@pytest.mark.parametrize(
    "ticket", [Ticket(0, "p", 0), Ticket(2, "p", 0), Ticket(1, "p", -1), Ticket(1, "p", 3)]
)
def test_a_ticket_that_makes_no_offspring_is_refused(search: Search, ticket: Ticket) -> None:
    with pytest.raises(ModelConsensusError, match=r"generation|draw"):
        search.offspring(search.genesis, ticket)
    with pytest.raises(ModelConsensusError, match=r"generation|draw"):
        search.losses(search.genesis, [ticket])


@pytest.mark.parametrize(("draws", "lambda_"), [(0, 1), (1, 0)])
def test_a_search_needs_draws_and_offspring(draws: int, lambda_: int) -> None:
    with pytest.raises(ModelConsensusError, match="at least 1"):
        EvolutionarySearch(OneMax(), draws, lambda_)
    with pytest.raises(ModelConsensusError, match="at least 1"):
        OpenLandscape(min(draws, 0))


def test_an_open_landscape_knows_what_was_revealed_and_names_the_rest() -> None:
    tickets = own_tickets(1, "p", 2)
    closed = OpenLandscape(2)
    first, second = (closed.offspring(closed.genesis, ticket).digest for ticket in tickets)
    partly = closed.reveal({first: 4})
    with pytest.raises(LossNotRevealed) as unknown:
        partly.losses(partly.genesis, tickets)
    assert unknown.value.digests == (second,)
    assert partly.reveal({second: 0}).losses(partly.genesis, tickets) == [4, 0]
    assert closed.revealed == {}  # revealing made another landscape


def test_an_open_landscape_is_a_value() -> None:
    digest, other = bytes(32), bytes([1]) * 32
    one = OpenLandscape(1).reveal({digest: 1}).reveal({other: 2})
    same = OpenLandscape(1).reveal({other: 2, digest: 1})
    assert (one, hash(one)) == (same, hash(same))
    assert one != OpenLandscape(1)
    with pytest.raises(ModelConsensusError, match="cannot have the loss 2"):
        one.reveal({digest: 2})
    with pytest.raises(ModelConsensusError, match="cannot have the loss -1"):
        OpenLandscape(1).reveal({digest: -1})


def test_a_cached_search_evaluates_each_offspring_once_and_forgets_old_parents() -> None:
    evaluated: list[Ticket] = []

    class Counting(Sphere):
        def losses(self, models: Vector) -> list[int]:
            evaluated.extend([TICKET] * len(models))
            return super().losses(models)

    plain = EvolutionarySearch(Counting(), draws=3, lambda_=5)
    cached = CachedSearch(plain, parents=1)
    tickets = own_tickets(1, "p", 3)
    expected = SPHERE.losses(SPHERE.genesis, tickets)
    assert cached.losses(cached.genesis, tickets[:2]) == expected[:2]
    assert cached.losses(cached.genesis, [tickets[2], tickets[0], tickets[2]]) == [
        expected[2],
        expected[0],
        expected[2],
    ]
    assert len(evaluated) == 3
    child = cached.offspring(cached.genesis, tickets[0])
    cached.losses(child, [Ticket(2, "p", 0)])
    cached.losses(cached.genesis, tickets)
    assert len(evaluated) == 3 + 1 + 3


def test_a_search_is_the_same_in_another_program() -> None:
    program = (
        "from model_consensus.evolutionary_search import *\n"
        "from model_consensus.landscapes import Sphere\n"
        "search = EvolutionarySearch(Sphere(), draws=3, lambda_=5)\n"
        "print(search.losses(search.genesis, own_tickets(1, 'p', 3)))\n"
        "print(search.offspring(search.genesis, Ticket(1, 'p', 2)).digest.hex())\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.splitlines() == [
        str(SPHERE.losses(SPHERE.genesis, own_tickets(1, "p", 3))),
        SPHERE.offspring(SPHERE.genesis, Ticket(1, "p", 2)).digest.hex(),
    ]


def test_noise_needs_no_ticket() -> None:
    assert noise(PARENT, [], 5).shape == (0, 5)
    assert noise(PARENT, [TICKET], 5).dtype == np.int64
