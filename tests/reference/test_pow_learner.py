"""The learner over proof-of-work: what it accepts, refuses and decides, and what that costs."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Search,
    Step,
    Ticket,
    Weights,
    all_drawn,
    single,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    Block,
    Learner,
    Rules,
    Verdict,
    chain,
    check,
    decided,
    extend,
    find_nonce,
    has_work,
    mine,
    new_learner,
    receive,
)
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.systems.answers import AroundSearch

PROCESSES = ("p1", "p2", "b1")
RULES = Rules(PROCESSES, depth=1, target=EVERY_HASH // 8)
DRAWS = 3
COST = DRAWS + 1
"""Evaluations of a miner: its draws and their recombination."""
FIRST = single(0, DRAWS)


@dataclass
class Counting(AroundSearch):
    """A real search that counts evaluations."""

    search: Search = field(
        default_factory=lambda: EvolutionarySearch(OneMax(16), DRAWS, DRAWS, recombines=True)
    )
    evaluations: int = 0

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        self.evaluations += len(steps)
        return super().losses(parent, steps)


@pytest.fixture
def search() -> Counting:
    return Counting()


def grow(
    search: Search, learner: Learner, miners: str, start: int = 0
) -> tuple[Learner, list[Block]]:
    """A chain on the learner's tip by these miners (p: p1, q: p2, b: b1), and the learner on it."""
    names = {"p": "p1", "q": "p2", "b": "b1"}
    blocks = []
    for miner in miners:
        model = learner.models[learner.tip]
        block = extend(search, RULES, learner.tip, model, names[miner], start)
        learner = receive(search, RULES, learner, block)
        blocks.append(block)
    return learner, blocks


# ------------------------------------------------------------------------------ proof of work


def test_the_digest_is_what_its_documentation_says() -> None:
    """Computed here from the bytes: 8-byte lengths before each field, then the nonce."""
    block = Block(b"\x11" * 32, Ticket(7, "p1", (0, -2, 1)), 1234, 99)

    def hashed(*fields: bytes | int) -> bytes:
        encoded = (f.to_bytes(8, "big") if isinstance(f, int) else f for f in fields)
        return hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in encoded)).digest()

    weights = (2**63, 2**63 - 2, 2**63 + 1)
    ticket = hashed(b"model-consensus/ticket/1", 7, b"p1", *weights)
    step = hashed(b"model-consensus/offspring/2", b"\x11" * 32, ticket)
    header = hashed(b"model-consensus/block/2", step, 1234)
    assert block.digest == hashlib.sha256(header + (99).to_bytes(8, "big")).digest()


@pytest.mark.parametrize("bits", [0, 1, 4, 9])
def test_a_nonce_is_the_first_that_gives_work(bits: int) -> None:
    rules = replace(RULES, target=EVERY_HASH >> bits)
    block = find_nonce(rules, Block(b"\x00" * 32, Ticket(1, "p1", FIRST), 5), start=1000)
    assert int.from_bytes(block.digest, "big") < 1 << 256 - bits
    assert not any(has_work(rules, replace(block, nonce=n)) for n in range(1000, block.nonce))


def test_a_nonce_without_work_can_be_found_unless_all_have_work() -> None:
    block = Block(b"\x00" * 32, Ticket(1, "p1", FIRST), 5)
    assert not has_work(RULES, find_nonce(RULES, block, work=False))
    with pytest.raises(
        ModelConsensusError, match=r"^every hash is below the target: no block is without work$"
    ):
        find_nonce(replace(RULES, target=EVERY_HASH), block, work=False)


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
    assert Rules(PROCESSES, 0, 1 << 224).target == 1 << 224
    with pytest.raises(ModelConsensusError, match="target must be in"):
        Rules(PROCESSES, 0, (1 << 224) - 1)


# ---------------------------------------------------------------------------- mining, checking


def test_a_mined_block_is_the_best_of_its_miners_draws_and_their_recombination(
    search: Counting,
) -> None:
    block = mine(search, RULES, new_learner(search, "p1"))
    assert search.evaluations == COST
    tickets = list(all_drawn(1, "p1", DRAWS))
    losses = [search.losses(search.genesis, [frozenset([ticket])])[0] for ticket in tickets]
    order = sorted(range(DRAWS), key=lambda draw: (losses[draw], draw))
    weights = tuple(2 - 2 * order.index(draw) for draw in range(DRAWS))
    tickets.append(Ticket(1, "p1", weights))
    losses += search.losses(search.genesis, [frozenset(tickets[DRAWS:])])
    assert block.ticket == tickets[losses.index(min(losses))]
    assert block.claim == min(losses)
    assert block.parent == search.genesis.digest
    assert has_work(RULES, block)


def test_everybody_accepts_an_exact_block_for_its_miners_evaluations(search: Counting) -> None:
    for miner in PROCESSES:
        block = mine(search, RULES, new_learner(search, miner))
        for process in ("p1", "p2"):
            learner = new_learner(search, process)
            before = search.evaluations
            after = receive(search, RULES, learner, block)
            assert search.evaluations - before == COST
            assert after.tip == block.digest
            assert after.models[after.tip].digest == (
                search.offspring(search.genesis, frozenset([block.ticket])).digest
            )


def with_weights(search: Search, parent: Model, block: Block, weights: Weights) -> Block:
    """The same miner's ticket of other weights with its true loss: a lie about the winner only."""
    ticket = replace(block.ticket, weights=weights)
    (loss,) = search.losses(parent, [frozenset([ticket])])
    return replace(block, ticket=ticket, claim=loss)


REFUSED: list[tuple[str, Verdict, Callable[[Block], Block]]] = [
    ("claims less", Verdict.EVALUATION, lambda b: replace(b, claim=b.claim - 1)),
    ("claims more", Verdict.EVALUATION, lambda b: replace(b, claim=b.claim + 1)),
    ("unknown parent", Verdict.PARENT, lambda b: replace(b, parent=b"\x05" * 32)),
    (
        "skips a generation",
        Verdict.GENERATION,
        lambda b: replace(b, ticket=replace(b.ticket, generation=2)),
    ),
    (
        "generation 0",
        Verdict.STRUCTURE,
        lambda b: replace(b, ticket=replace(b.ticket, generation=0)),
    ),
    *(
        (
            f"the weights {list(weights)}",
            Verdict.STRUCTURE,
            lambda b, weights=weights: replace(b, ticket=replace(b.ticket, weights=weights)),
        )
        for weights in [(3, 0, 0), (0, -3, 1), (0, 0, 0), (1, 0), (1, 0, 0, 0)]
    ),
    (
        "an unknown miner",
        Verdict.STRUCTURE,
        lambda b: replace(b, ticket=replace(b.ticket, proposer="q9")),
    ),
    ("claims -1", Verdict.STRUCTURE, lambda b: replace(b, claim=-1)),
    ("claims 2^64", Verdict.STRUCTURE, lambda b: replace(b, claim=1 << 64)),
    ("nonce -1", Verdict.STRUCTURE, lambda b: replace(b, nonce=-1)),
    ("nonce 2^64", Verdict.STRUCTURE, lambda b: replace(b, nonce=1 << 64)),
    (
        "height 2^64",
        Verdict.STRUCTURE,
        lambda b: replace(b, ticket=replace(b.ticket, generation=1 << 64)),
    ),
]


@pytest.mark.parametrize(
    ("verdict", "forge"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_forged_block_is_refused_and_leaves_the_learner_untouched(
    search: Counting, verdict: Verdict, forge: Callable[[Block], Block]
) -> None:
    block = forge(mine(search, RULES, new_learner(search, "b1")))
    if verdict is not Verdict.STRUCTURE:
        block = find_nonce(RULES, block)
    learner, _ = grow(search, new_learner(search, "p1"), "")
    before = search.evaluations
    assert check(search, RULES, learner, block) is verdict
    cost = search.evaluations - before
    assert cost == (COST if verdict is Verdict.EVALUATION else 0)
    assert receive(search, RULES, learner, block) is learner


def test_the_first_nonce_tried_is_0_and_a_hash_equal_to_the_target_is_no_work(
    search: Counting,
) -> None:
    easy, learner = replace(RULES, target=EVERY_HASH), new_learner(search, "p1")
    first = mine(search, easy, learner)
    assert first.nonce == 0
    assert extend(search, easy, learner.root, search.genesis, "p1") == first
    assert find_nonce(easy, replace(first, nonce=7)) == first
    exactly = replace(RULES, target=int.from_bytes(first.digest, "big"))
    assert not has_work(exactly, first)
    assert find_nonce(exactly, first).nonce > 0
    assert has_work(replace(exactly, target=exactly.target + 1), first)


def test_a_lie_about_the_winner_alone_is_refused(search: Counting) -> None:
    learner = new_learner(search, "p1")
    exact = mine(search, RULES, new_learner(search, "b1"))
    options = [single(draw, DRAWS) for draw in range(DRAWS)] + [(2, 0, -2), (-2, 0, 2), (1, 1, 0)]
    for weights in options:
        block = find_nonce(RULES, with_weights(search, search.genesis, exact, weights))
        if block.ticket != exact.ticket:
            assert check(search, RULES, learner, block) is Verdict.EVALUATION
            assert receive(search, RULES, learner, block) is learner


def test_a_block_without_work_costs_nobody_an_evaluation(search: Counting) -> None:
    learner = new_learner(search, "p1")
    block = find_nonce(RULES, mine(search, RULES, new_learner(search, "b1")), work=False)
    before = search.evaluations
    assert check(search, RULES, learner, block) is Verdict.WORK
    assert receive(search, RULES, learner, block) is learner
    assert search.evaluations == before


def test_a_block_is_accepted_once(search: Counting) -> None:
    learner, (block,) = grow(search, new_learner(search, "p1"), "q")
    before = search.evaluations
    assert check(search, RULES, learner, block) is Verdict.KNOWN
    assert receive(search, RULES, learner, block) is learner
    assert search.evaluations == before


@dataclass
class Flat(Counting):
    """A landscape of one value: every draw ties, and so does their recombination."""

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        return [7] * len(steps)


@pytest.mark.parametrize("weights", [single(1, DRAWS), single(2, DRAWS), (2, 0, -2)])
def test_ties_go_to_the_first_draw(weights: Weights) -> None:
    flat = Flat()
    block = mine(flat, RULES, new_learner(flat, "p1"))
    assert block.ticket == Ticket(1, "p1", FIRST)
    other = find_nonce(RULES, replace(block, ticket=Ticket(1, "p1", weights)))
    assert check(flat, RULES, new_learner(flat, "p2"), other) is Verdict.EVALUATION


def test_without_recombination_the_best_draw_is_mined_and_a_combination_is_malformed() -> None:
    plain = Counting(EvolutionarySearch(OneMax(16), DRAWS, DRAWS))
    block = mine(plain, RULES, new_learner(plain, "p1"))
    assert plain.evaluations == DRAWS
    assert sorted(block.ticket.weights) == [0, 0, 1]
    combined = find_nonce(RULES, with_weights(Counting(), plain.genesis, block, (2, 0, -2)))
    assert check(plain, RULES, new_learner(plain, "p2"), combined) is Verdict.STRUCTURE


# ------------------------------------------------------------------------- choice and decision


def test_a_longer_chain_is_adopted_and_an_equally_long_one_is_not(search: Counting) -> None:
    base = new_learner(search, "p1")
    _, first = grow(search, base, "pp")
    _, second = grow(search, base, "bbb")
    learner = base
    for block in [*first, *second[:2]]:
        learner = receive(search, RULES, learner, block)
    assert chain(learner) == tuple(block.digest for block in first)
    learner = receive(search, RULES, learner, second[2])
    assert chain(learner) == tuple(block.digest for block in second)
    # And back again: nothing of the first chain is forgotten.
    _, longer = grow(search, replace(learner, tip=first[1].digest), "qq")
    for block in longer:
        learner = receive(search, RULES, learner, block)
    assert chain(learner) == tuple(block.digest for block in [*first, *longer])


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_a_block_is_decided_with_depth_blocks_on_top(search: Counting, depth: int) -> None:
    rules = replace(RULES, depth=depth)
    learner = new_learner(search, "p1")
    model, lineage = search.genesis, [search.genesis.digest]
    for length, miner in enumerate("pqbpq", 1):
        learner, (block,) = grow(search, learner, miner)
        model = search.offspring(model, frozenset([block.ticket]))
        lineage.append(model.digest)
        assert list(decided(rules, learner)) == lineage[: max(0, length - depth) + 1]


def test_two_blocks_of_one_content_lead_to_one_model(search: Counting) -> None:
    base = new_learner(search, "p1")
    learner, (one,) = grow(search, base, "b")
    _, (other,) = grow(search, base, "b", start=one.nonce + 1)
    assert one.digest != other.digest
    learner = receive(search, RULES, learner, other)
    assert learner.models[one.digest] == learner.models[other.digest]


def test_a_block_before_its_parent_is_refused_and_accepted_when_it_comes_again(
    search: Counting,
) -> None:
    base = new_learner(search, "p1")
    _, (first, second) = grow(search, base, "pb")
    before = search.evaluations
    assert receive(search, RULES, base, second) is base
    assert search.evaluations == before
    learner = receive(search, RULES, receive(search, RULES, base, first), second)
    assert chain(learner) == (first.digest, second.digest)
