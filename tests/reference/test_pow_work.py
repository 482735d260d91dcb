"""Proofs of work: what is hashed, nonces, and targets."""

import hashlib
from dataclasses import replace

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Ticket,
    single,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    Block,
    Rules,
    find_nonce,
    has_work,
    mine,
    new_learner,
)
from model_consensus.systems.pow_tree import nonce_without_work
from tests.support.pow_blocks import PROCESSES, RULES, Counting
from tests.support.told_landscape import DRAWS


def test_the_digest_is_what_its_documentation_says() -> None:
    """Computed here from the bytes: 8-byte lengths before each field, then the nonce."""
    tickets = [Ticket(7, "p1", (0, -2, 1)), Ticket(7, "", (1, 0, 0))]
    made = Block(b"\x11" * 32, "p2", frozenset(tickets), 1234, 99)

    def hashed(*fields: bytes | int) -> bytes:
        encoded = (f.to_bytes(8, "big") if isinstance(f, int) else f for f in fields)
        return hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in encoded)).digest()

    one = hashed(b"model-consensus/ticket/1", 7, b"p1", 2**63, 2**63 - 2, 2**63 + 1)
    two = hashed(b"model-consensus/ticket/1", 7, b"", 2**63 + 1, 2**63, 2**63)
    step = hashed(b"model-consensus/offspring/3", b"\x11" * 32, two, one)
    content = hashed(b"model-consensus/block/3", step, b"p2", 1234)
    assert made.content == content
    assert made.digest == hashlib.sha256(content + (99).to_bytes(8, "big")).digest()


SOMETHING = Block(b"\x00" * 32, "p1", frozenset([Ticket(1, "p1", single(0, DRAWS))]), 5)


@pytest.mark.parametrize("bits", [0, 1, 4, 9])
@pytest.mark.parametrize("start", [1000, 1001])
def test_a_nonce_is_the_first_that_gives_work(bits: int, start: int) -> None:
    rules = replace(RULES, target=EVERY_HASH >> bits)
    found = find_nonce(rules, SOMETHING, start)
    assert int.from_bytes(found.digest, "big") < 1 << 256 - bits
    assert found == replace(SOMETHING, nonce=found.nonce)
    assert not any(has_work(rules, replace(found, nonce=n)) for n in range(start, found.nonce))


def test_a_nonce_without_work_can_be_found_unless_all_have_work() -> None:
    found = nonce_without_work(RULES, SOMETHING, start=1000)
    assert not has_work(RULES, found)
    assert all(has_work(RULES, replace(found, nonce=n)) for n in range(1000, found.nonce))
    with pytest.raises(
        ModelConsensusError, match=r"^every hash is below the target: no block is without work$"
    ):
        nonce_without_work(replace(RULES, target=EVERY_HASH), SOMETHING)


def test_the_first_nonce_tried_is_0_and_a_hash_equal_to_the_target_is_no_work(
    search: Counting,
) -> None:
    easy, learner = replace(RULES, target=EVERY_HASH), new_learner(search, "p1")
    first = mine(search, easy, learner, ())
    assert first.nonce == 0
    assert find_nonce(easy, replace(first, nonce=7)) == first
    exactly = replace(RULES, target=int.from_bytes(first.digest, "big"))
    assert not has_work(exactly, first)
    assert find_nonce(exactly, first).nonce > 0
    assert has_work(replace(exactly, target=exactly.target + 1), first)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"depth": -1}, "depth must be at least 0, not -1"),
        ({"depth": 0, "target": 0}, "target must be in 2^224..2^256, not 0x0"),
        ({"depth": 0, "target": 1 << 200}, f"target must be in 2^224..2^256, not 0x1{50 * '0'}"),
        (
            {"depth": 0, "target": EVERY_HASH + 1},
            f"target must be in 2^224..2^256, not 0x1{63 * '0'}1",
        ),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(ModelConsensusError) as caught:
        Rules(PROCESSES, **values)
    assert str(caught.value) == message


def test_a_block_may_cost_2_to_the_32_hashes_and_no_more() -> None:
    assert Rules(PROCESSES, 0, target=1 << 224).target == 1 << 224
    with pytest.raises(ModelConsensusError, match="target must be in"):
        Rules(PROCESSES, 0, target=(1 << 224) - 1)
