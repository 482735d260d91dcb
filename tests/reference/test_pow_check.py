"""Which blocks a learner accepts, and what a block makes it evaluate."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Ticket,
    single,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    LONGEST_NAME,
    NOBODY,
    Block,
    Verdict,
    block_on,
    check,
    find_nonce,
    make_offer,
    mine,
    model_of_tip,
    new_learner,
    public_offer,
    receive,
)
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.systems.answers import OpenLandscape
from model_consensus.systems.pow_tree import nonce_without_work
from model_consensus.tob_learner import Offer
from tests.support.pow_blocks import PROCESSES, RULES, Counting, block, by_loss, grow, loss_of
from tests.support.told_landscape import DRAWS

PUBLIC = DRAWS + 1
"""What the public offer costs: nobody's draws and their recombination."""


def test_everybody_accepts_a_true_step_above_the_floor_for_its_evaluation_and_nobodys(
    search: Counting,
) -> None:
    floor = public_offer(search, search.genesis).claim
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
            assert search.evaluations - before == PUBLIC + 1
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
        "more tickets than processes and nobody have",
        Verdict.STRUCTURE,
        lambda b: replace(b, step=frozenset(Ticket(1, f"s{n}", (1, 0, 0)) for n in range(5))),
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
COST = {Verdict.EVALUATION: 1, Verdict.FLOOR: 1 + PUBLIC, Verdict.ACCEPTED: 1 + PUBLIC}
"""How many models a block makes its receiver evaluate, by the verdict; the others cost nothing."""


@pytest.mark.parametrize(
    ("verdict", "forge"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_forged_block_is_refused_and_leaves_the_learner_untouched(
    search: Counting, verdict: Verdict, forge: Callable[[Block], Block]
) -> None:
    learner = new_learner(search, "p1")
    forged = forge(block(search, learner, public_offer(search, search.genesis).ticket))
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
    as_many = frozenset(Ticket(1, name, (1, 0, 0)) for name in (*PROCESSES, NOBODY))
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
    floor = public_offer(search, search.genesis).claim
    honest = mine(search, RULES, new_learner(search, "p2"), ())
    renamed = find_nonce(RULES, replace(honest, miner=name))
    assert check(search, RULES, learner, renamed) is Verdict.ACCEPTED
    for weights in [*(single(draw, DRAWS) for draw in range(DRAWS)), (2, 0, -2), (1, 1, -2)]:
        made = block(search, learner, Ticket(1, name, weights))
        expected = Verdict.ACCEPTED if made.claim <= floor else Verdict.FLOOR
        assert check(search, RULES, learner, made) is expected


def test_without_recombination_a_combination_is_no_step() -> None:
    plain = Counting(EvolutionarySearch(Sphere(4), DRAWS, lambda_=1))
    learner = new_learner(plain, "p2")
    made = Block(learner.root, "p1", frozenset([Ticket(1, "p1", (2, 0, -2))]), 1)
    assert check(plain, RULES, learner, find_nonce(RULES, made)) is Verdict.STEP


# ---------------------------------------------------------------------------------- the floor


def test_the_public_offer_is_what_a_process_of_the_name_of_nobody_would_offer(
    search: Counting,
) -> None:
    learner, _ = grow(search, new_learner(search, "p1"), "pq")
    model = model_of_tip(learner)
    before = search.evaluations
    public = public_offer(search, model)
    assert search.evaluations - before == PUBLIC
    assert public == make_offer(search, replace(learner, process=""))
    drawn = [Ticket(3, "", single(draw, DRAWS)) for draw in range(DRAWS)]
    losses = [loss_of(search, model, frozenset([ticket])) for ticket in drawn]
    order = sorted(range(DRAWS), key=losses.__getitem__)
    weights = tuple(DRAWS - 1 - 2 * order.index(draw) for draw in range(DRAWS))
    together = loss_of(search, model, frozenset([Ticket(3, "", weights)]))
    assert public.claim == min(*losses, together)


LOSSES = st.lists(st.integers(0, 3), min_size=DRAWS, max_size=DRAWS)


@given(LOSSES, st.none() | st.integers(0, 3), st.integers(0, 4))
def test_the_floor_is_the_public_offer_and_as_good_is_good_enough(
    losses: list[int], together: int | None, claim: int
) -> None:
    """Together: what the recombination of nobody's draws loses, if there is one."""
    blank = OpenLandscape(DRAWS, recombines=together is not None)
    learner = new_learner(blank, "p1")

    def model(name: str, weights: tuple[int, ...]) -> bytes:
        return blank.offspring(blank.genesis, frozenset([Ticket(1, name, weights)])).digest

    order = sorted(range(DRAWS), key=losses.__getitem__)
    weights = tuple(DRAWS - 1 - 2 * order.index(draw) for draw in range(DRAWS))
    found = {model("", single(draw, DRAWS)): losses[draw] for draw in range(DRAWS)}
    found |= {model("p2", single(0, DRAWS)): claim}
    if together is not None:
        found[model("", weights)] = together
    landscape = blank.reveal(found)
    floor = min(losses) if together is None else min(*losses, together)
    best = single(losses.index(min(losses)), DRAWS)
    expected = best if floor == min(losses) else weights
    assert public_offer(landscape, landscape.genesis) == Offer(
        "", learner.root, Ticket(1, "", expected), floor
    )
    step = frozenset([Ticket(1, "p2", single(0, DRAWS))])
    made = find_nonce(RULES, block_on(landscape, learner.root, landscape.genesis, "p2", step))
    assert made.claim == claim
    verdict = Verdict.ACCEPTED if claim <= floor else Verdict.FLOOR
    assert check(landscape, RULES, learner, made) is verdict
