"""The learner over proof-of-work: what it accepts, how it leads, what it decides, and the cost."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Search,
    Step,
    Ticket,
    all_drawn,
    best_ticket,
    single,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    LONGEST_NAME,
    NOBODY,
    Block,
    Learner,
    Rules,
    Verdict,
    all_probes,
    best_probe,
    best_step,
    blend,
    block_on,
    catch,
    chain,
    check,
    decided,
    find_nonce,
    has_work,
    keep,
    make_offer,
    mine,
    model_of_tip,
    new_learner,
    receive,
    useful,
)
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.systems.answers import AroundSearch, LossNotRevealed, OpenLandscape
from model_consensus.systems.pow_tree import nonce_without_work
from model_consensus.tob_learner import Offer
from tests.support.told_landscape import DRAWS, FLOOR, GENESIS, ONE, OTHER, PROBES, Told, offer_of

PROCESSES = ("p1", "p2", "b1")
RULES = Rules(PROCESSES, depth=1, probes=PROBES, target=EVERY_HASH // 8)
OFFER = DRAWS + 1
"""What an offer costs: the process's draws and their recombination."""


@dataclass
class Counting(AroundSearch):
    """A real search that counts evaluations."""

    search: Search = field(
        default_factory=lambda: EvolutionarySearch(Sphere(4), DRAWS, DRAWS, recombines=True)
    )
    evaluations: int = 0

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        self.evaluations += len(steps)
        return super().losses(parent, steps)


@pytest.fixture
def search() -> Counting:
    return Counting()


def loss_of(search: Search, parent: Model, step: Step) -> int:
    return search.losses(parent, [step])[0]


def by_loss(search: Search, parent: Model) -> list[tuple[int, Ticket]]:
    """The draws of a dozen strangers, from the least loss to the greatest."""
    generation = parent.generation + 1
    tickets = [t for name in range(12) for t in all_drawn(generation, f"s{name}", DRAWS)]
    return sorted((loss_of(search, parent, frozenset([ticket])), ticket) for ticket in tickets)


def block(
    search: Search, learner: Learner, *tickets: Ticket, miner: str = "b1", start: int = 0
) -> Block:
    """A block with work and a true claim on the learner's tip."""
    made = block_on(search, learner.tip, model_of_tip(learner), miner, frozenset(tickets))
    return find_nonce(RULES, made, start)


def grow(
    search: Search, learner: Learner, miners: str, start: int = 0
) -> tuple[Learner, list[Block]]:
    """A chain on the learner's tip by these miners (p: p1, q: p2, b: b1), and the learner on it.

    Nobody has made an offer, so the steps are the best probes.
    """
    names = {"p": "p1", "q": "p2", "b": "b1"}
    blocks = []
    for miner in miners:
        led = mine(search, RULES, replace(learner, process=names[miner]), (), start)
        learner = receive(search, RULES, learner, led)
        blocks.append(led)
    return learner, blocks


# ------------------------------------------------------------------------------ proof of work


def test_the_digest_is_what_its_documentation_says() -> None:
    """Computed here from the bytes: 8-byte lengths before each field, then the nonce."""
    tickets = [Ticket(7, "p1", (0, -2, 1)), Ticket(7, "", (1, 0, 0))]
    made = Block(b"\x11" * 32, "p2", frozenset(tickets), 1234, 99)

    def hashed(*fields: bytes | int) -> bytes:
        encoded = (f.to_bytes(8, "big") if isinstance(f, int) else f for f in fields)
        return hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in encoded)).digest()

    one = hashed(b"model-consensus/ticket/1", 7, b"p1", 2**63, 2**63 - 2, 2**63 + 1)
    two = hashed(b"model-consensus/ticket/1", 7, b"", 2**63 + 1, 2**63, 2**63)
    step = hashed(b"model-consensus/offspring/2", b"\x11" * 32, two, one)
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
        ({"depth": 0, "probes": 0}, "probes must be at least 1, not 0"),
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


# ----------------------------------------------------------------------------------- checking


def test_everybody_accepts_a_true_step_above_the_floor_for_its_evaluation_and_the_probes(
    search: Counting,
) -> None:
    _, floor = best_probe(search, RULES, search.genesis)
    drawn = [ticket for _, ticket in by_loss(search, search.genesis)]
    together = next(
        pair
        for pair in combinations(drawn, 2)
        if len({ticket.proposer for ticket in pair}) == 2
        and loss_of(search, search.genesis, frozenset(pair)) < floor
    )
    for tickets in (drawn[:1], together):
        for process in ("p1", "p2"):
            learner = new_learner(search, process)
            made = block(search, learner, *tickets)
            before = search.evaluations
            after = receive(search, RULES, learner, made)
            assert search.evaluations - before == PROBES + 1
            assert after.tip == made.digest
            model = search.offspring(search.genesis, frozenset(tickets))
            assert model_of_tip(after) == model
            assert model_of_tip(after).vector.tolist() == model.vector.tolist()


LONG = "x" * (LONGEST_NAME + 1)


def changed(made: Block, **changes: object) -> Block:
    """The block with another ticket in the place of its only one."""
    (ticket,) = made.step
    return replace(made, step=frozenset([replace(ticket, **changes)]))  # type: ignore[arg-type]


REFUSED: list[tuple[str, Verdict, Callable[[Block], Block]]] = [
    ("no ticket", Verdict.STRUCTURE, lambda b: replace(b, step=frozenset())),
    (
        "more tickets than processes",
        Verdict.STRUCTURE,
        lambda b: replace(b, step=frozenset(Ticket(1, f"s{n}", (1, 0, 0)) for n in range(4))),
    ),
    ("a long miner", Verdict.STRUCTURE, lambda b: replace(b, miner=LONG)),
    ("a miner that is not ASCII", Verdict.STRUCTURE, lambda b: replace(b, miner="Zoë")),
    ("a miner that is no text", Verdict.STRUCTURE, lambda b: replace(b, miner="\ud800")),
    ("a long proposer", Verdict.STRUCTURE, lambda b: changed(b, proposer=LONG)),
    ("a proposer that is not ASCII", Verdict.STRUCTURE, lambda b: changed(b, proposer="Zoë")),
    ("generation -1", Verdict.STRUCTURE, lambda b: changed(b, generation=-1)),
    ("generation 2^64", Verdict.STRUCTURE, lambda b: changed(b, generation=1 << 64)),
    ("a weight 2^63", Verdict.STRUCTURE, lambda b: changed(b, weights=(1 << 63, 0, 0))),
    ("a weight -2^63-1", Verdict.STRUCTURE, lambda b: changed(b, weights=(0, -1 - (1 << 63), 0))),
    ("claims -1", Verdict.STRUCTURE, lambda b: replace(b, claim=-1)),
    ("claims 2^64", Verdict.STRUCTURE, lambda b: replace(b, claim=1 << 64)),
    ("nonce -1", Verdict.STRUCTURE, lambda b: replace(b, nonce=-1)),
    ("nonce 2^64", Verdict.STRUCTURE, lambda b: replace(b, nonce=1 << 64)),
    ("without work", Verdict.WORK, lambda b: nonce_without_work(RULES, b)),
    ("unknown parent", Verdict.PARENT, lambda b: replace(b, parent=b"\x05" * 32)),
    ("generation 0", Verdict.STEP, lambda b: changed(b, generation=0)),
    ("skips a generation", Verdict.STEP, lambda b: changed(b, generation=2)),
    *(
        (
            f"the weights {list(weights)}",
            Verdict.STEP,
            lambda b, weights=weights: changed(b, weights=weights),
        )
        for weights in [(3, 0, 0), (0, -3, 1), (0, 0, 0), (1, 0), (1, 0, 0, 0), ()]
    ),
    (
        "two tickets of one process",
        Verdict.STEP,
        lambda b: replace(
            b, step=frozenset([Ticket(1, "p1", (1, 0, 0)), Ticket(1, "p1", (0, 1, 0))])
        ),
    ),
    (
        "one good ticket and one of another generation",
        Verdict.STEP,
        lambda b: replace(b, step=b.step | {Ticket(2, "p1", (1, 0, 0))}),
    ),
    ("claims less", Verdict.EVALUATION, lambda b: replace(b, claim=b.claim - 1)),
    ("claims more", Verdict.EVALUATION, lambda b: replace(b, claim=b.claim + 1)),
]
COST = {Verdict.EVALUATION: 1, Verdict.FLOOR: 1 + PROBES, Verdict.ACCEPTED: 1 + PROBES}
"""How many models a block makes its receiver evaluate, by the verdict; the others cost nothing."""


@pytest.mark.parametrize(
    ("verdict", "forge"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_forged_block_is_refused_and_leaves_the_learner_untouched(
    search: Counting, verdict: Verdict, forge: Callable[[Block], Block]
) -> None:
    learner = new_learner(search, "p1")
    forged = forge(block(search, learner, *best_probe(search, RULES, search.genesis)[0]))
    if verdict not in (Verdict.STRUCTURE, Verdict.WORK):
        forged = find_nonce(RULES, forged)
    before = search.evaluations
    assert check(search, RULES, learner, forged) is verdict
    assert search.evaluations - before == COST.get(verdict, 0)
    assert receive(search, RULES, learner, forged) is learner


@pytest.mark.parametrize("bound", [0, (1 << 64) - 1])
def test_the_least_and_the_greatest_numbers_have_structure(search: Counting, bound: int) -> None:
    weights = (bound // 2 - (1 << 63) * (bound == 0), 0, 0)
    assert weights[0] in (-(1 << 63), (1 << 63) - 1)
    made = Block(
        bytes(32), "x" * LONGEST_NAME, frozenset([Ticket(bound, "", weights)]), bound, bound
    )
    easy = replace(RULES, target=EVERY_HASH)
    assert check(search, easy, new_learner(search, "p1"), made) is Verdict.PARENT
    as_many = frozenset(Ticket(1, name, (1, 0, 0)) for name in PROCESSES)
    assert check(search, easy, new_learner(search, "p1"), replace(made, step=as_many)) is (
        Verdict.PARENT
    )


# Each makes a block fail one check; the dearest first, for the hash covers what the others change.
FAULTS: Mapping[Verdict, Callable[[Block], Block]] = {
    Verdict.EVALUATION: lambda b: replace(b, claim=b.claim + 1),
    Verdict.STEP: lambda b: changed(b, generation=2),
    Verdict.PARENT: lambda b: replace(b, parent=b"\x05" * 32),
    Verdict.STRUCTURE: lambda b: replace(b, miner=LONG),
}


@pytest.mark.parametrize("faults", range(1 << 6))
def test_the_first_check_that_fails_is_the_verdict_and_no_dearer_one_is_made(
    search: Counting, faults: int
) -> None:
    """All combinations of faults: below the floor, without work, and those above."""
    learner = new_learner(search, "p1")
    has = [bool(faults >> bit & 1) for bit in range(6)]
    (_, best), *_, (_, worst) = by_loss(search, search.genesis)
    made = block(search, learner, worst if has[0] else best)
    failing = [Verdict.FLOOR] * has[0]
    for fault, (verdict, forge) in zip(has[2:], FAULTS.items(), strict=True):
        if fault:
            made = forge(made)
            failing.append(verdict)
    made = (nonce_without_work if has[1] else find_nonce)(RULES, made)
    failing += [Verdict.WORK] * has[1]
    order = [*Verdict]
    expected = min(failing, key=order.index, default=Verdict.ACCEPTED)
    before = search.evaluations
    assert check(search, RULES, learner, made) is expected
    assert search.evaluations - before == COST.get(expected, 0)


def test_a_block_is_accepted_once(search: Counting) -> None:
    learner, (made,) = grow(search, new_learner(search, "p1"), "q")
    before = search.evaluations
    assert check(search, RULES, learner, made) is Verdict.KNOWN
    assert receive(search, RULES, learner, made) is learner
    assert search.evaluations == before


@pytest.mark.parametrize("name", ["p1", "p2", "b1", NOBODY, "q9", "x" * LONGEST_NAME])
def test_names_are_free(search: Counting, name: str) -> None:
    """No verdict depends on who mined a block, or on whose tickets those of its step are."""
    learner = replace(new_learner(search, "p1"), banned=frozenset([name]))
    _, floor = best_probe(search, RULES, search.genesis)
    honest = mine(search, RULES, new_learner(search, "p2"), ())
    renamed = find_nonce(RULES, replace(honest, miner=name))
    assert check(search, RULES, learner, renamed) is Verdict.ACCEPTED
    for weights in [*(single(draw, DRAWS) for draw in range(DRAWS)), (2, 0, -2), (1, 1, -2)]:
        made = block(search, learner, Ticket(1, name, weights))
        expected = Verdict.ACCEPTED if made.claim <= floor else Verdict.FLOOR
        assert check(search, RULES, learner, made) is expected


def test_without_recombination_a_combination_is_no_step() -> None:
    plain = Counting(EvolutionarySearch(Sphere(4), DRAWS, DRAWS))
    learner = new_learner(plain, "p2")
    made = Block(learner.root, "p1", frozenset([Ticket(1, "p1", (2, 0, -2))]), 1)
    assert check(plain, RULES, learner, find_nonce(RULES, made)) is Verdict.STEP


# ---------------------------------------------------------------------------------- the floor


def test_the_probes_are_the_first_draws_of_nobody(search: Counting) -> None:
    learner, _ = grow(search, new_learner(search, "p1"), "pq")
    model = model_of_tip(learner)
    for probes in (1, 2, DRAWS):
        rules = replace(RULES, probes=probes)
        assert all_probes(search, rules, model) == [
            frozenset([Ticket(3, "", single(draw, DRAWS))]) for draw in range(probes)
        ]
        before = search.evaluations
        step, floor = best_probe(search, rules, model)
        assert search.evaluations - before == probes
        losses = [loss_of(search, model, each) for each in all_probes(search, rules, model)]
        assert (step, floor) == (
            all_probes(search, rules, model)[losses.index(min(losses))],
            min(losses),
        )


@given(st.lists(st.integers(0, 3), min_size=PROBES, max_size=PROBES), st.integers(0, 4))
def test_the_floor_is_the_best_probe_and_as_good_is_good_enough(
    losses: list[int], claim: int
) -> None:
    blank = OpenLandscape(DRAWS)
    learner = new_learner(blank, "p1")
    step = frozenset([Ticket(1, "p2", single(0, DRAWS))])
    models = [
        blank.offspring(blank.genesis, s).digest for s in all_probes(blank, RULES, blank.genesis)
    ]
    own = blank.offspring(blank.genesis, step).digest
    landscape = blank.reveal({**dict(zip(models, losses, strict=True)), own: claim})
    made = find_nonce(RULES, block_on(landscape, learner.root, landscape.genesis, "p2", step))
    assert made.claim == claim
    above = all(claim <= loss for loss in losses)
    assert check(landscape, RULES, learner, made) is (Verdict.ACCEPTED if above else Verdict.FLOOR)
    best, floor = best_probe(landscape, RULES, landscape.genesis)
    assert floor == min(losses)
    assert best == all_probes(blank, RULES, blank.genesis)[losses.index(min(losses))]


# ----------------------------------------------------------------------------------- leading


@pytest.fixture
def told() -> Told:
    return Told()


def test_an_offer_is_the_best_ticket_on_the_model_of_the_tip(search: Counting) -> None:
    learner, _ = grow(search, new_learner(search, "p1"), "pq")
    before = search.evaluations
    offer = make_offer(search, learner)
    assert search.evaluations - before == OFFER
    ticket, loss = best_ticket(search, model_of_tip(learner), "p1")
    assert offer == Offer("p1", model_of_tip(learner).digest, ticket, loss)
    assert ticket.generation == 3


def test_a_flood_of_offers_takes_no_more_memory_and_costs_no_evaluation(told: Told) -> None:
    offers: Mapping[str, Offer] = {}
    for count in range(1000):
        offers = keep(RULES, offers, offer_of(f"s{count}", count))
        offers = keep(RULES, offers, offer_of("b1", count))
        offers = keep(RULES, offers, offer_of("p2", 5))
    assert offers == {"b1": offer_of("b1", 999), "p2": offer_of("p2", 5)}
    assert told.evaluations == 0


def test_offers_that_may_not_be_used_are_not(told: Told) -> None:
    other = told.offspring(GENESIS, frozenset([Ticket(1, NOBODY, ONE)]))
    learner = replace(new_learner(told, "p1"), banned=frozenset(["b2"]))
    good = offer_of("p2", FLOOR - 1)
    ignored = [
        replace(good, parent=other.digest),
        replace(good, parent=bytes(32)),
        offer_of("p2", 1, generation=2),
        offer_of("p2", 1, generation=0),
        offer_of("p2", 1, proposer="p3"),
        offer_of("p2", 1, weights=(1, -1, 0)),
        offer_of("p2", 1, weights=(1, 0)),
        offer_of("b2", 1),
        offer_of("p2", FLOOR),
        offer_of("p2", FLOOR + 1),
    ]
    assert useful(told, RULES, learner, [good]) == (good,)
    assert useful(told, RULES, learner, ignored) == ()
    assert useful(told, RULES, learner, [*ignored, good]) == (good,)
    assert catch(told, RULES, learner, ignored) is learner
    assert best_step(told, RULES, learner, ignored) == frozenset([Ticket(1, NOBODY, OTHER)])


def test_offers_are_on_the_model_of_the_tip(told: Told) -> None:
    told.tell(12, Ticket(1, NOBODY, ONE))
    learner = new_learner(told, "p1")
    led = mine(told, RULES, learner, ())
    learner = receive(told, RULES, learner, led)
    model = model_of_tip(learner)
    for weights in (ONE, OTHER):
        told.tell(FLOOR, Ticket(2, NOBODY, weights), parent=model)
    assert useful(told, RULES, learner, [offer_of("p2", 1)]) == ()
    later = offer_of("p2", 1, parent=model)
    assert useful(told, RULES, learner, [later]) == (later,)


def test_without_a_useful_offer_the_best_probe_leads(told: Told) -> None:
    learner = new_learner(told, "p1")
    assert catch(told, RULES, learner, ()) is learner
    led = mine(told, RULES, learner, ())
    assert led.step == frozenset([Ticket(1, NOBODY, OTHER)])
    assert (led.claim, led.miner, led.parent) == (FLOOR, "p1", learner.root)
    assert has_work(RULES, led)


@pytest.mark.parametrize("loss", [0, 4, 5])
def test_the_blend_leads_if_it_is_as_good_as_each_offer_is_said_to_be(
    told: Told, loss: int
) -> None:
    """Nobody asks whether the offers are true; that of p2, which is not revealed, need not be."""
    offers = [offer_of("p2", 7), offer_of("b1", 5)]
    told.tell(loss, offers[0].ticket, offers[1].ticket)
    learner = new_learner(told, "p1")
    assert catch(told, RULES, learner, offers) is learner
    assert told.evaluations == PROBES + 1
    led = mine(told, RULES, learner, offers)
    assert led.step == blend(offers) == frozenset(offer.ticket for offer in offers)
    assert led.claim == loss


def test_the_best_offer_leads_if_the_blend_is_worse_than_one_of_them(told: Told) -> None:
    offers = [offer_of("p2", 7), offer_of("b1", 5), offer_of("p1", 5)]
    for offer in offers:
        told.tell(offer.claim, offer.ticket)
    told.tell(6, *(offer.ticket for offer in offers))
    learner = new_learner(told, "p1")
    assert catch(told, RULES, learner, offers) is learner
    assert told.evaluations == PROBES + 1 + len(offers)
    led = mine(told, RULES, learner, offers)
    assert led.step == frozenset([offers[1].ticket])  # of equal claims the first
    assert led.claim == 5
    assert mine(told, RULES, learner, offers[::-1]).step == frozenset([offers[2].ticket])


@pytest.mark.parametrize("loss", [6, 8], ids=["claims too little", "claims too much"])
def test_a_liar_is_caught_and_banned_and_the_others_are_blended(told: Told, loss: int) -> None:
    true, also, false = offer_of("p1", 6), offer_of("p2", 8), offer_of("b1", 7)
    for offer, really in ((true, 6), (also, 8), (false, loss)):
        told.tell(really, offer.ticket)
    told.tell(9, true.ticket, also.ticket, false.ticket)
    told.tell(4, true.ticket, also.ticket)
    learner, offers = new_learner(told, "p1"), [true, also, false]
    caught = catch(told, RULES, learner, offers)
    assert caught == replace(learner, banned=frozenset(["b1"]))
    assert useful(told, RULES, caught, offers) == (true, also)
    assert catch(told, RULES, caught, offers) is caught
    led = mine(told, RULES, caught, offers)
    assert led.step == blend([true, also])
    assert led.claim == 4


def test_all_liars_are_caught_at_once_and_the_best_probe_is_left(told: Told) -> None:
    offers = [offer_of("p2", 1), offer_of("b1", 2)]
    for offer in offers:
        told.tell(11, offer.ticket)
    told.tell(11, *(offer.ticket for offer in offers))
    caught = catch(told, RULES, new_learner(told, "p1"), offers)
    assert caught.banned == {"p2", "b1"}
    assert mine(told, RULES, caught, offers).step == frozenset([Ticket(1, NOBODY, OTHER)])


def test_a_ban_is_for_ever(told: Told) -> None:
    learner = replace(new_learner(told, "p1"), banned=frozenset(["b2"]))
    false = offer_of("b1", 1)
    told.tell(11, false.ticket)
    learner = catch(told, RULES, learner, [false])
    assert learner.banned == {"b1", "b2"}
    after = receive(told, RULES, learner, mine(told, RULES, learner, [false]))
    assert after.tip != after.root
    assert after.banned == {"b1", "b2"}


class Lazy(AroundSearch):
    """An open landscape whose losses are drawn when they are asked for."""

    search: OpenLandscape

    def __init__(self, recombines: bool, draw: Callable[[], int]) -> None:
        super().__init__(OpenLandscape(2, recombines))
        self.draw = draw

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        try:
            return super().losses(parent, steps)
        except LossNotRevealed as asked:
            self.search = self.search.reveal({digest: self.draw() for digest in asked.digests})
            return super().losses(parent, steps)


@given(st.data(), st.booleans(), st.integers(1, 2))
def test_whatever_is_offered_a_leader_is_as_good_as_every_true_offer_and_everybody_accepts_it(
    data: st.DataObject, recombines: bool, probes: int
) -> None:
    landscape = Lazy(recombines, lambda: data.draw(st.integers(0, 4)))
    rules = replace(RULES, probes=probes, target=EVERY_HASH)
    leader, others = new_learner(landscape, "p1"), new_learner(landscape, "p2")
    for _ in range(data.draw(st.integers(0, 2))):  # how many blocks come before
        before = mine(landscape, rules, leader, ())
        leader = receive(landscape, rules, leader, before)
        others = receive(landscape, rules, others, before)
    model = model_of_tip(leader)
    offers = {"p1": make_offer(landscape, leader), "p2": make_offer(landscape, others)}
    weights = [(1, 0), (0, 1), *([(1, 1), (-1, 1)] if recombines else [])]
    for name in ("b1", "b2"):
        if data.draw(st.booleans()):
            ticket = Ticket(
                data.draw(st.integers(model.generation, model.generation + 1)) + 1,
                data.draw(st.sampled_from([name, name, "p2"])),
                data.draw(st.sampled_from([*weights, (2, 0)])),
            )
            parent = data.draw(
                st.sampled_from([model.digest, model.digest, landscape.genesis.digest])
            )
            offers[name] = Offer(name, parent, ticket, data.draw(st.integers(0, 4)))
    order = data.draw(st.permutations(sorted(offers.values())))

    def is_true(offer: Offer) -> bool:
        return loss_of(landscape, model, frozenset([offer.ticket])) == offer.claim

    chosen = useful(landscape, rules, leader, order)
    while (caught := catch(landscape, rules, leader, order)) is not leader:
        assert caught.banned > leader.banned
        assert caught == replace(leader, banned=caught.banned)
        leader = caught
    assert leader.banned <= {offer.sender for offer in chosen if not is_true(offer)}
    led = mine(landscape, rules, leader, order)
    assert led.claim <= best_probe(landscape, rules, model)[1]
    assert all(led.claim <= offer.claim for offer in (offers["p1"], offers["p2"]))
    assert all(led.claim <= offer.claim for offer in chosen if is_true(offer))
    assert check(landscape, rules, others, led) is Verdict.ACCEPTED
    assert model_of_tip(receive(landscape, rules, others, led)).generation == model.generation + 1


# ------------------------------------------------------------------------- choice and decision


def test_a_longer_chain_is_adopted_and_an_equally_long_one_is_not(search: Counting) -> None:
    base = new_learner(search, "p1")
    _, first = grow(search, base, "pp")
    _, second = grow(search, base, "bbb")
    learner = base
    for each in [*first, *second[:2]]:
        learner = receive(search, RULES, learner, each)
    assert chain(learner) == tuple(each.digest for each in first)
    learner = receive(search, RULES, learner, second[2])
    assert chain(learner) == tuple(each.digest for each in second)
    # And back again: nothing of the first chain is forgotten.
    _, longer = grow(search, replace(learner, tip=first[1].digest), "qq")
    for each in longer:
        learner = receive(search, RULES, learner, each)
    assert chain(learner) == tuple(each.digest for each in [*first, *longer])


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_a_block_is_decided_with_depth_blocks_on_top(search: Counting, depth: int) -> None:
    rules = replace(RULES, depth=depth)
    learner = new_learner(search, "p1")
    model, lineage = search.genesis, [search.genesis.digest]
    assert list(decided(rules, learner)) == lineage
    for length, miner in enumerate("pqbpq", 1):
        learner, (led,) = grow(search, learner, miner)
        model = search.offspring(model, led.step)
        lineage.append(model.digest)
        assert list(decided(rules, learner)) == lineage[: max(0, length - depth) + 1]


def test_two_blocks_of_one_content_lead_to_one_model(search: Counting) -> None:
    base = new_learner(search, "p1")
    learner, (one,) = grow(search, base, "b")
    _, (other,) = grow(search, base, "b", start=one.nonce + 1)
    assert one.digest != other.digest
    assert one.content == other.content
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
