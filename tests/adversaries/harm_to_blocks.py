"""What goes wrong with which blocks are accepted and which chain is adopted, if a part is missing.

Each function does the same with the learner that it is given, and says whether the harm is done.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from types import ModuleType, SimpleNamespace

from model_consensus import pow_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Step,
    Ticket,
    all_drawn,
    best_ticket,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    NOBODY,
    Block,
    Learner,
    Rules,
    block_on,
    chain,
    decided,
    find_nonce,
    mine,
    model_of_tip,
    new_learner,
    public_offer,
)
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.systems.pow_tree import nonce_without_work
from tests.support.pow_blocks import Counting
from tests.support.told_landscape import DRAWS, ONE, OTHER

Learners = ModuleType | SimpleNamespace
SEARCH = EvolutionarySearch(Sphere(4), DRAWS, lambda_=1, recombines=True)
GENESIS = SEARCH.genesis
RULES = Rules(("p1", "p2", "b1"), depth=1, target=EVERY_HASH // 4)
START = new_learner(SEARCH, "p1")


def loss_of(parent: Model, *tickets: Ticket) -> int:
    return SEARCH.losses(parent, [frozenset(tickets)])[0]


@cache
def drawn_by_strangers() -> list[Ticket]:
    """Tickets on the genesis model of names that nobody has, the best first."""
    tickets = [t for name in range(100) for (t,) in all_drawn(1, f"s{name}", DRAWS)]
    return sorted(tickets, key=lambda ticket: loss_of(GENESIS, ticket))


def block(*tickets: Ticket, **changes: object) -> Block:
    """A block of b1 with these tickets on the genesis, true and with work but for the changes."""
    made = block_on(SEARCH, GENESIS.digest, GENESIS, "b1", frozenset(tickets))
    return find_nonce(RULES, replace(made, **changes))  # type: ignore[arg-type]


def received(pow_: Learners, learner: Learner, blocks: Sequence[Block]) -> Learner:
    for each in blocks:
        learner = pow_.receive(SEARCH, RULES, learner, each)
    return learner


def chain_of(miner: str, length: int) -> list[Block]:
    """Blocks on the genesis that lead with the public offers."""
    learner, blocks = replace(START, process=miner), []
    for _ in range(length):
        blocks.append(mine(SEARCH, RULES, learner, ()))
        learner = pow_learner.receive(SEARCH, RULES, learner, blocks[-1])
    return blocks


def is_reverted(before: tuple[bytes, ...], after: tuple[bytes, ...]) -> bool:
    return after[: len(before)] != before


# ------------------------------------------------------------------ which blocks are accepted


def undone_by(pow_: Learners, cheapen: Callable[[Block], Block]) -> bool:
    """Agreement: whether a chain of cheap blocks replaces what has been decided."""
    learner = received(pow_, START, chain_of("p2", 2))
    before = decided(RULES, learner)
    assert len(before) == 2
    tip, model = GENESIS.digest, GENESIS
    for _ in range(3):
        # Another step than the public offer, so that another model is decided.
        step = next(s for s in strangers_above_floor(model))
        cheap = cheapen(block_on(SEARCH, tip, model, "b1", step))
        learner = pow_.receive(SEARCH, RULES, learner, cheap)
        tip, model = cheap.digest, SEARCH.offspring(model, step)
    return is_reverted(before, decided(RULES, learner))


def strangers_above_floor(model: Model) -> list[Step]:
    floor = public_offer(SEARCH, model).claim
    steps = [s for n in range(200) for s in all_drawn(model.generation + 1, f"s{n}", DRAWS)]
    return [step for step in steps if SEARCH.losses(model, [step])[0] <= floor]


def free_chain(pow_: Learners) -> bool:
    return undone_by(pow_, lambda each: nonce_without_work(RULES, each))


def half_price_chain(pow_: Learners) -> bool:
    def halved(each: Block) -> Block:
        nonces = (replace(each, nonce=nonce) for nonce in range(10_000))
        return next(
            b for b in nonces if RULES.target <= int.from_bytes(b.digest, "big") < 2 * RULES.target
        )

    return undone_by(pow_, halved)


def flood(pow_: Learners) -> bool:
    """Work: whether a block without a proof of work costs an evaluation."""
    counting = Counting(SEARCH)
    false = nonce_without_work(RULES, block(drawn_by_strangers()[0], claim=0))
    pow_.receive(counting, RULES, START, false)
    return counting.evaluations > 0


def worst_with_a_claim(pow_: Learners, claim: Callable[[int], int]) -> bool:
    """Resilience: whether a step below the floor is accepted, with a claim made from the floor."""
    floor = public_offer(SEARCH, GENESIS).claim
    worst = drawn_by_strangers()[-1]
    learner = received(pow_, START, [block(worst, claim=claim(floor))])
    return model_of_tip(learner) == SEARCH.offspring(GENESIS, frozenset([worst]))


def false_claim(pow_: Learners) -> bool:
    return worst_with_a_claim(pow_, lambda floor: floor)


def modest_claim(pow_: Learners) -> bool:
    """Exactness: whether a claim above the loss is accepted, which spoils what others compare."""
    best = drawn_by_strangers()[0]
    learner = received(pow_, START, [block(best, claim=loss_of(GENESIS, best) + 1)])
    return learner.tip != learner.root


def below_floor(pow_: Learners) -> bool:
    """Resilience: whether a true step below the floor is accepted."""
    worst = drawn_by_strangers()[-1]
    return received(pow_, START, [block(worst)]).tip != GENESIS.digest


def between_the_draws(pow_: Learners) -> bool:
    """Resilience: whether a step is accepted that is better than nobody's worst draw only."""
    losses = [loss_of(GENESIS, ticket) for (ticket,) in all_drawn(1, NOBODY, DRAWS)]
    between = next(t for t in drawn_by_strangers() if min(losses) < loss_of(GENESIS, t))
    assert loss_of(GENESIS, between) < max(losses)
    return received(pow_, START, [block(between)]).tip != GENESIS.digest


def below_the_recombination(pow_: Learners) -> bool:
    """Resilience: whether nobody's best draw is accepted where their recombination is better."""
    learner = START
    while True:
        model = model_of_tip(learner)
        drawn = [t for (t,) in all_drawn(model.generation + 1, NOBODY, DRAWS)]
        best = min(drawn, key=lambda ticket: loss_of(model, ticket))
        if public_offer(SEARCH, model).claim < loss_of(model, best):
            break
        learner = received(pow_learner, learner, [mine(SEARCH, RULES, learner, ())])
    made = find_nonce(RULES, block_on(SEARCH, learner.tip, model, "b1", frozenset([best])))
    return received(pow_, learner, [made]).tip == made.digest


def ground_floor(pow_: Learners) -> bool:
    """Resilience: whether some name of a miner makes a step below the floor acceptable."""
    floor = public_offer(SEARCH, GENESIS).claim
    below = next(t for t in drawn_by_strangers() if loss_of(GENESIS, t) > floor)
    blocks = (block(below, miner=f"n{name}") for name in range(1000))
    return any(received(pow_, START, [each]).tip != GENESIS.digest for each in blocks)


def refuses_the_public_offer(pow_: Learners) -> bool:
    """Progress: whether an honest block without offers is refused."""
    return received(pow_, START, chain_of("p2", 1)).tip == GENESIS.digest


def stopped(pow_: Learners, *tickets: Ticket) -> bool:
    """Termination: whether an illegal step stops who receives it, by an error."""
    step = frozenset(tickets)
    illegal = find_nonce(RULES, Block(GENESIS.digest, "b1", step, 1))
    try:
        return pow_.receive(SEARCH, RULES, START, illegal) is not START
    except ModelConsensusError:
        return True


def another_generation(pow_: Learners) -> bool:
    return stopped(pow_, Ticket(5, "b1", ONE))


def greater_weights(pow_: Learners) -> bool:
    return stopped(pow_, Ticket(1, "b1", (9, 0, 0)))


def two_tickets_of_one_name(pow_: Learners) -> bool:
    return stopped(pow_, Ticket(1, "b1", ONE), Ticket(1, "b1", OTHER))


def divided_by_a_ban(pow_: Learners) -> bool:
    """Progress: whether who has caught a liar refuses the honest block of one who has not."""
    best = drawn_by_strangers()[0]
    banned = replace(START, banned=frozenset([best.proposer]))
    return received(pow_, banned, [block(best)]).tip == GENESIS.digest


# ------------------------------------------------------------------------------ which chain


def on_an_unknown_parent(pow_: Learners) -> bool:
    """Lineage: whether a block is accepted on a block that nobody has."""
    return bool(received(pow_, START, [block(drawn_by_strangers()[0], parent=bytes(32))]).known)


def misses_the_longer(pow_: Learners) -> bool:
    """Agreement: whether it stays on its chain when a longer one comes."""
    short, long = chain_of("p1", 1), chain_of("p2", 3)
    return chain(received(pow_, START, [*short, *long])) != tuple(each.digest for each in long)


def refuses_a_fork(pow_: Learners) -> bool:
    """Agreement: whether a valid block on another block than its tip is refused."""
    learner = received(pow_, START, [block(drawn_by_strangers()[0])])
    rivals = chain_of("p2", 2)
    return not {each.digest for each in rivals} <= set(received(pow_, learner, rivals).known)


def shortened(pow_: Learners) -> bool:
    """Integrity: whether a shorter chain replaces what has been decided."""
    learner = received(pow_, START, chain_of("p1", 3))
    after = received(pow_, learner, [block(drawn_by_strangers()[0])])
    return is_reverted(decided(RULES, learner), decided(RULES, after))


def swayed_by_a_tie(pow_: Learners) -> bool:
    """What the exact condition assumes: whether an equally long chain replaces the first."""
    learner = received(pow_, START, chain_of("p1", 2))
    return received(pow_, learner, chain_of("p2", 2)).tip != learner.tip


def better_but_shorter(pow_: Learners) -> bool:
    """Integrity: whether a shorter chain replaces what has been decided, as its loss is less."""
    first = mine(SEARCH, RULES, START, ())
    learner = received(pow_learner, START, [first])
    model = model_of_tip(learner)
    losses = {step: SEARCH.losses(model, [step])[0] for step in strangers_above_floor(model)}
    worse = max((s for s in losses if losses[s] <= first.claim), key=losses.__getitem__)
    second = find_nonce(RULES, block_on(SEARCH, first.digest, model, "p1", worse))
    best = block(*blended())
    assert best.claim < second.claim
    learner = received(pow_, START, [first, second])
    return is_reverted(decided(RULES, learner), decided(RULES, received(pow_, learner, [best])))


@cache
def blended() -> tuple[Ticket, ...]:
    """Three tickets on the genesis model that are good together."""
    found = (best_ticket(SEARCH, GENESIS, f"s{name}") for name in range(300))
    best = [ticket for ticket, _ in sorted(found, key=lambda each: each[1])[:12]]
    return min(
        (c for c in combinations(best, 3) if len({ticket.proposer for ticket in c}) == 3),
        key=lambda tickets: loss_of(GENESIS, *tickets),
    )


def undone_by_two(pow_: Learners) -> bool:
    """Agreement: whether a decision at depth 1 is reverted by one block more than it has."""
    learner = received(pow_, START, chain_of("p1", 1))
    other = block(drawn_by_strangers()[0])
    on_it = received(pow_learner, START, [other])
    after = received(pow_, learner, [other, mine(SEARCH, RULES, on_it, ())])
    return is_reverted(pow_.decided(RULES, learner), pow_.decided(RULES, after))
