"""Golden vectors of blocks and of the steps that leaders take; see ``golden_vectors.py``."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

from model_consensus import pow_learner
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Step,
    Ticket,
    all_drawn,
    best_ticket,
    single,
)
from model_consensus.pow_learner import (
    LONGEST_NAME,
    Block,
    Learner,
    Rules,
    Verdict,
    block_on,
    find_nonce,
    mine,
    model_of_tip,
    new_learner,
    public_offer,
)
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.systems.pow_tree import nonce_without_work
from model_consensus.tob_learner import Offer
from tests.vectors.golden_json import Json, number, offer_fields, pow_fields, statement, step_fields

ZERO = bytes(32)
ONES = bytes([255] * 32)
GREATEST = (1 << 64) - 1
NAMES = tuple(f"p{number}" for number in range(1, 200))

SEARCH = EvolutionarySearch(Sphere(3), 4, lambda_=1, recombines=True)
"""Nearly all offspring have different losses."""
RULES = Rules(("p1", "p2", "p3"), depth=1, target=1 << 248)
BITS = EvolutionarySearch(OneMax(12), 4, lambda_=1, recombines=True)
"""Few bits flip, so many offspring have equal losses."""
WIDE = EvolutionarySearch(OneMax(64), 4, lambda_=1, recombines=True)
"""Some offspring are a little worse than the public offer."""
EASY = Rules(NAMES[:9], depth=0, target=1 << 253)


def problem(search: EvolutionarySearch, rules: Rules) -> Json:
    """What a learner has to know before the first block."""
    return {
        "landscape": search.landscape.name,
        "dimension": len(search.genesis.vector),
        **statement(search),
        "processes": len(rules.processes),
        "target": f"{rules.target:064x}",
        "genesis": search.genesis.digest.hex(),
    }


def block_vectors() -> Json:
    """Blocks with their digests; blocks that a learner refuses; the steps that leaders take."""
    start = new_learner(SEARCH, "p1")
    first = mine(SEARCH, RULES, replace(start, process="p2"), ())
    learner = pow_learner.receive(SEARCH, RULES, start, first)
    second = _block(learner, "nobody that is known", _above_floor(learner), start=1 << 40)
    step = frozenset([Ticket(GREATEST, "Zoë", (-3, 0, 3, 1)), Ticket(0, "", (GREATEST >> 1, 0))])
    greatest = Block(ONES, "Zoë 🦉", step, GREATEST, GREATEST)
    refused = _refused(learner, first, second)
    assert pow_learner.check(SEARCH, RULES, learner, second) is Verdict.ACCEPTED
    verdicts = [pow_learner.check(SEARCH, RULES, learner, block) for block, _ in refused]
    assert {*verdicts} == {*Verdict} - {Verdict.ACCEPTED}
    return {
        **problem(SEARCH, RULES),
        "valid": [
            {
                "block": pow_fields(block),
                "digest": block.digest.hex(),
                "work": pow_learner.has_work(RULES, block),
            }
            for block in (first, second, greatest)
        ],
        "refused": [
            {"block": pow_fields(block), "reason": reason, "verdict": verdict.name.lower()}
            for (block, reason), verdict in zip(refused, verdicts, strict=True)
        ],
        "led": [_led(*case) for case in _led_on()],
    }


def _block(learner: Learner, miner: str, step: Step, start: int = 0) -> Block:
    block = block_on(SEARCH, learner.tip, model_of_tip(learner), miner, step)
    return find_nonce(RULES, block, start)


def _strangers(learner: Learner) -> list[Ticket]:
    """Tickets of processes that nobody knows, on the model of the tip."""
    model = model_of_tip(learner)
    return [best_ticket(SEARCH, model, f"s{count}")[0] for count in range(9)]


def _above_floor(learner: Learner) -> Step:
    """The blend of two tickets that is better than the public offer."""
    model = model_of_tip(learner)
    floor = public_offer(SEARCH, model).claim
    steps = map(frozenset, combinations(_strangers(learner), 2))
    return next(step for step in steps if SEARCH.losses(model, [step])[0] < floor)


def _refused(learner: Learner, first: Block, second: Block) -> list[tuple[Block, str]]:
    """What a learner refuses that has accepted the first block, and why."""
    one, two = sorted(second.step)
    model = model_of_tip(learner)
    floor = public_offer(SEARCH, model).claim
    drawn = {
        step: SEARCH.losses(model, [step])[0]
        for name in ("", *NAMES[:9])
        for step in all_drawn(2, name, SEARCH.draws)
    }
    nobodys = all_drawn(2, "", SEARCH.draws)
    nobodys_first, nobodys_best = nobodys[0], min(nobodys, key=drawn.__getitem__)
    assert floor < drawn[nobodys_best]
    next_below = min((loss, step) for step, loss in drawn.items() if loss > floor)[1]

    def stepping(*tickets: Ticket) -> Block:
        return replace(second, step=frozenset(tickets))

    def worked(block: Block, **changes: Any) -> Block:
        """The block with other fields, and work."""
        return find_nonce(RULES, replace(block, nonce=0, **changes))

    as_many = [replace(one, proposer=name) for name in NAMES[:5]]
    long = "x" * (LONGEST_NAME + 1)
    return [
        (stepping(), "there is no ticket"),
        (stepping(*as_many), "there are more tickets than processes and nobody have"),
        (replace(second, miner=long), "the miner's name is too long"),
        (replace(second, miner="Zoë"), "the miner's name is not ASCII"),
        (stepping(one, replace(two, proposer=long)), "a proposer's name is too long"),
        (stepping(one, replace(two, proposer="Zoë")), "a proposer's name is not ASCII"),
        (stepping(one, replace(two, generation=GREATEST + 1)), "a generation is 2^64"),
        (stepping(one, replace(two, weights=(1 << 63, 0, 0, 0))), "a weight is 2^63"),
        (replace(second, claim=-1), "the claim is negative"),
        (replace(second, nonce=GREATEST + 1), "the nonce is 2^64"),
        (nonce_without_work(RULES, second), "the hash is not below the target"),
        (first, "it is accepted already"),
        (worked(second, parent=ZERO), "the parent is unknown"),
        (worked(stepping(one, replace(two, generation=1))), "a generation is the parent's"),
        (worked(stepping(one, replace(two, generation=3))), "a generation is one too late"),
        (worked(second, parent=learner.root), "a step of generation 2 on the genesis"),
        (worked(stepping(one, replace(two, weights=(4, 0, 0, 0)))), "a weight is above 3"),
        (worked(stepping(one, replace(two, weights=(0, 0, 0, 0)))), "all weights are 0"),
        (worked(stepping(one, replace(two, weights=(1, 0, 0)))), "a weight is missing"),
        (
            worked(stepping(one, replace(one, weights=(1, 0, 0, 0)))),
            "two tickets of one process",
        ),
        (worked(second, claim=second.claim - 1), "the claim is too low"),
        (worked(second, claim=second.claim + 1), "the claim is too high"),
        (worked(second, step=next_below, claim=floor), "a claim that reaches the floor, and false"),
        (
            worked(second, step=next_below, claim=drawn[next_below]),
            "the public offer is better",
        ),
        (worked(second, step=nobodys_first), "the claim is that of another step"),
        (
            worked(second, step=nobodys_best, claim=drawn[nobodys_best]),
            "nobody's best draw, and their recombination is better",
        ),
    ]


# ------------------------------------------------------------------ leading

Case = tuple[EvolutionarySearch, Rules, Sequence[Offer], Sequence[str], str]
"""A leader on the genesis, the offers that it has, whom it has banned, and what is at stake."""


def _led(
    search: EvolutionarySearch,
    rules: Rules,
    offers: Sequence[Offer],
    banned: Sequence[str],
    reason: str,
) -> Json:
    learner = replace(new_learner(search, "p1"), banned=frozenset(banned))
    before = None
    while learner is not before:
        before, chosen = learner, pow_learner.useful(search, learner, offers)
        learner = pow_learner.catch(search, learner, chosen)
    block = mine(search, rules, learner, offers)
    others = pow_learner.check(search, rules, new_learner(search, "p2"), block)
    assert others is Verdict.ACCEPTED
    return {
        "reason": reason,
        **problem(search, rules),
        "offers": [*map(offer_fields, offers)],
        "banned": sorted(banned),
        "banned_then": sorted(learner.banned),
        "step": step_fields(block.step),
        "loss": number(block.claim),
    }


def _true_offers(search: EvolutionarySearch) -> list[Offer]:
    """The draws and the best tickets of some processes that are better than the public offer."""
    genesis = search.genesis
    floor = public_offer(search, genesis).claim
    offers = []
    for name in NAMES[:120]:
        best = frozenset([best_ticket(search, genesis, name)[0]])
        for step in (*all_drawn(1, name, search.draws), best):
            (loss,), (ticket,) = search.losses(genesis, [step]), step
            offers.append(Offer(name, genesis.digest, ticket, loss))
    return [offer for offer in offers if offer.claim < floor]


def _pair(
    search: EvolutionarySearch, wanted: Callable[[int, Offer, Offer], bool]
) -> tuple[Offer, Offer]:
    """Two true offers whose blend with the public one has the loss that is wanted."""
    public = public_offer(search, search.genesis).ticket
    for one, two in permutations(_true_offers(search), 2):
        if one.sender == two.sender:
            continue
        (loss,) = search.losses(search.genesis, [frozenset([public, one.ticket, two.ticket])])
        if wanted(loss, one, two):
            return one, two
    raise AssertionError(wanted)


def _led_on() -> list[Case]:
    genesis = SEARCH.genesis
    floor = public_offer(SEARCH, genesis).claim
    good = _pair(SEARCH, lambda loss, one, two: loss < one.claim < two.claim < floor - 1)
    bad = _pair(
        SEARCH,
        lambda loss, one, two: one.claim < min(loss, two.claim) < floor - 1 > two.claim,
    )
    public = public_offer(SEARCH, genesis).ticket
    alone = next(
        offer
        for offer in _true_offers(SEARCH)
        if SEARCH.losses(genesis, [frozenset([public, offer.ticket])])[0] < offer.claim
    )
    tied = _pair(BITS, lambda loss, one, two: loss > one.claim == two.claim)
    as_good = _pair(BITS, lambda loss, one, two: loss == one.claim <= two.claim)
    backwards = Ticket(1, "b1", tuple(-weight for weight in good[0].ticket.weights))
    lie = Offer("b1", genesis.digest, backwards, 1)
    modest = replace(bad[1], claim=bad[1].claim + 1)
    unusable = [
        replace(lie, parent=ZERO),
        replace(lie, ticket=replace(lie.ticket, generation=2)),
        replace(lie, ticket=replace(lie.ticket, proposer="p9")),
        replace(lie, ticket=replace(lie.ticket, weights=(4, 0, 0, 0))),
        replace(lie, ticket=replace(lie.ticket, weights=(0, 0, 0, 0))),
        replace(lie, claim=floor),
        replace(lie, claim=floor + 1),
    ]

    def case(offers: Sequence[Offer], reason: str, *banned: str) -> Case:
        return SEARCH, RULES, offers, banned, reason

    return [
        case([], "without an offer the public one leads"),
        (BITS, EASY, [], [], "the same where losses are equal"),
        case(good[:1], "one offer, and its blend with the public one is worse"),
        case([alone], "one offer is blended with the public one"),
        case(good, "the blend is better than all offers"),
        case(good[::-1], "the order does not matter to the blend"),
        case(bad, "the blend is worse than the better offer, which leads"),
        (BITS, EASY, tied, [], "of equal claims the first leads"),
        (BITS, EASY, tied[::-1], [], "the same in another order"),
        (BITS, EASY, as_good, [], "a blend that is only as good leads"),
        case([*good, lie], "who claims too little is banned, and the others are blended"),
        case([bad[0], modest], "who claims too much is banned, too"),
        case(
            [good[0], replace(good[1], claim=good[1].claim + 1)],
            "a false claim is not looked at where the blend is as good as all claims",
        ),
        case([lie], "all have lied, and the public offer leads"),
        case([*good, lie], "who was banned before is not looked at", "b1"),
        *(
            case([offer], f"not useful: {why}")
            for offer, why in zip(
                unusable,
                [
                    "another model",
                    "another generation",
                    "another process's ticket",
                    "a weight is above 3",
                    "all weights are 0",
                    "the claim is only as good as the public offer's",
                    "the claim is worse than the public offer's",
                ],
                strict=True,
            )
        ),
    ]


# ------------------------------------------------------------------ edges


def block_edges(mining: Callable[[EvolutionarySearch, Rules, Learner], Json]) -> Json:
    """Which of equally long chains is kept, and blocks at the floor and at the target."""
    start = new_learner(WIDE, "p1")

    def mined(miner: str, parent: Block | None = None) -> Block:
        learner = pow_learner.receive(WIDE, EASY, start, parent) if parent else start
        return mine(WIDE, EASY, replace(learner, process=miner), ())

    def received(blocks: Sequence[Block]) -> Json:
        learner = start
        for block in blocks:
            learner = pow_learner.receive(WIDE, EASY, learner, block)
        assert len(learner.known) == len(blocks)
        return mining(WIDE, EASY, learner)

    one, two = mined("p1"), mined("p2")
    third = mined("p3", two)
    hash_ = int.from_bytes(one.digest, "big")
    floor = public_offer(WIDE, WIDE.genesis).claim
    steps = [frozenset([Ticket(1, name, single(0, 4))]) for name in NAMES]
    losses = WIDE.losses(WIDE.genesis, steps)
    at_floor = {
        loss: find_nonce(EASY, block_on(WIDE, start.root, WIDE.genesis, "p1", step))
        for loss, step in zip(losses, steps, strict=True)
    }
    return {
        "pow": [
            {"reason": "of equally long chains the first received is kept", **received([one, two])},
            {"reason": "the same in another order", **received([two, one])},
            {"reason": "a longer chain is taken", **received([one, two, third])},
        ],
        "floor": [
            {
                "reason": reason,
                **problem(WIDE, EASY),
                "block": pow_fields(at_floor[loss]),
                "verdict": pow_learner.check(WIDE, EASY, start, at_floor[loss]).name.lower(),
            }
            for loss, reason in [
                (floor - 1, "better than the public offer by one"),
                (floor, "as good as the public offer"),
                (floor + 1, "worse than the public offer by one"),
            ]
        ],
        "work": [
            {
                "reason": reason,
                "block": pow_fields(one),
                "target": f"{target:064x}",
                "work": pow_learner.has_work(replace(EASY, target=target), one),
            }
            for target, reason in [
                (hash_ + 1, "the hash is below the target by one"),
                (hash_, "the hash is the target"),
            ]
        ],
    }
