"""Reversal with concurrent honest blocks: slots ``H`` at a rate.  A dynamic program, no formula.

A slot is ``A`` with probability ``alpha``; else it is ``H`` with probability ``rate`` and ``h``
with 1 - ``rate``.  Ties go to the adversary; the target is the height at which the fork starts,
whoever mines it.  The fork is the (x, y, g) of ``settlement.fork_moves``.

With ``H`` it matters what the adversary knows.  One that sees each slot only when it has come
(``Foresight.NONE``) chooses by the probability of winning in the end: that is a decision process
on (x, y, g).  One that knows all the slots in advance (``Foresight.ALL``) wins on every string on
which a disagreement is possible: that is a walk on sets of (x, y, g).  The second bounds the
first, and is what the condition on strings gives.  Without ``H`` they are equal.

Once an honest block is higher than the depth, all that is left is one walk: the lower chain gains
one on ``A`` and loses one on ``h`` or ``H``, and it gets level again with probability ratio^gap.
"""

from collections.abc import Iterable
from enum import Enum
from itertools import product

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.condition import (
    ForkState,
    Shown,
    best_forks,
    check_depth,
    check_slots,
    fork_moves,
    settled_apart,
    without_excess,
)
from model_consensus.settlement.probability import Number, check_alpha, has_majority

NO_FORK: ForkState = (0, 0, 0)


class Foresight(Enum):
    """What the adversary knows of the slots to come."""

    NONE = "none"
    ALL = "all"


def concurrent_reversal_probability(
    alpha: Number,
    rate: Number,
    depth: int,
    *,
    foresight: Foresight = Foresight.NONE,
    shown: Shown = Shown.EACH,
    pre_mining: bool = False,
    seen: str = "",
) -> Number:
    """The probability that a decision at depth k is ever reverted, by the best adversary.

    ``pre_mining`` (only without foresight): the adversary starts with the stationary lead of one
    private chain.  ``seen`` (likewise): the first slots, from the target's on; the adversary has
    made the best of them.  Time and memory grow as depth^3 without foresight, exponentially with
    it.

    :raises ModelConsensusError: a number is out of its range, or a slot is another letter; or
        something is asked for with foresight that has no program.
    """
    check_alpha(alpha)
    check_depth(depth)
    check_slots(seen)
    if not 0 <= rate <= 1:
        raise ModelConsensusError(f"rate {rate} of concurrent slots is not between 0 and 1")
    if (pre_mining or seen) and foresight is Foresight.ALL:
        what = "pre-mining" if pre_mining else "a string of slots seen"
        raise ModelConsensusError(f"{what} with foresight of all slots is not covered")
    number = type(alpha)
    if has_majority(alpha):
        return number(1)
    ratio = alpha / (1 - alpha)
    slots = {"A": alpha, "h": (1 - alpha) * (1 - rate), "H": (1 - alpha) * rate}
    if foresight is Foresight.ALL:
        return _foreseen_value(slots, ratio, depth, shown)
    values = _online_values(slots, ratio, depth, shown)

    def after_seen(lead: int) -> Number:
        forks = frozenset({(lead, 0, 0)})
        for slot in seen:
            forks = best_forks(move for fork in forks for move in _moves(fork, slot, depth, shown))
            if any(settled_apart(fork, depth) for fork in forks):
                return number(1)
        return max(_value(fork, values, ratio, depth) for fork in forks)

    if not pre_mining:
        return after_seen(0)
    leads = ((1 - ratio) * ratio**lead * after_seen(lead) for lead in range(depth + 1))
    return sum(leads, number(0)) + ratio ** (depth + 1)  # with more than k in hand it always wins


def _moves(state: ForkState, slot: str, depth: int, shown: Shown) -> Iterable[ForkState]:
    """The moves of the fork that change anything, without excess heights."""
    for move in fork_moves(state, slot, shown):
        reduced = without_excess(move, depth)
        if reduced != state:
            yield reduced


def _online_values(
    slots: dict[str, Number], ratio: Number, depth: int, shown: Shown
) -> dict[ForkState, Number]:
    """The best probability of reversal from each fork; every slot raises x + y + g."""
    number = type(ratio)
    values: dict[ForkState, Number] = {}
    heights = range(depth + 2)
    forks = [
        (x, y, g)
        for x, y, g in product(heights, heights, heights)
        if x >= y and x >= g and g <= depth and y <= depth
    ]
    for fork in sorted(forks, key=sum, reverse=True):
        values[fork] = sum(
            (
                chance
                * max(
                    _value(move, values, ratio, depth) for move in _moves(fork, slot, depth, shown)
                )
                for slot, chance in slots.items()
                if chance
            ),
            number(0),
        )
    return values


def _value(fork: ForkState, values: dict[ForkState, Number], ratio: Number, depth: int) -> Number:
    """The probability from a fork: in ``values`` unless it is settled, or one walk is left."""
    _, y, g = fork
    if settled_apart(fork, depth):
        return type(ratio)(1)
    return ratio ** (g - y) if g > depth else values[fork]


def _foreseen_value(slots: dict[str, Number], ratio: Number, depth: int, shown: Shown) -> Number:
    """The probability that the slots to come allow a reversal of the fork that starts now."""
    number = type(ratio)
    known: dict[tuple[frozenset[ForkState], int | None], Number] = {}

    def value(forks: frozenset[ForkState], gap: int | None) -> Number:
        """From the forks with no high honest block, or from the least gap of the others."""
        if not forks:
            assert gap is not None  # a fork goes on, settles apart or leaves a gap
            return ratio**gap
        if (forks, gap) not in known:
            known[forks, gap] = sum(
                (chance * after(slot, forks, gap) for slot, chance in slots.items() if chance),
                number(0),
            )
        return known[forks, gap]

    def after(slot: str, forks: frozenset[ForkState], gap: int | None) -> Number:
        moves = {move for fork in forks for move in _moves(fork, slot, depth, shown)}
        gaps = [g - y for _, y, g in moves if g > depth]
        if gap is not None:
            gaps.append(gap - 1 if slot == "A" else gap + 1)
        if 0 in gaps or any(settled_apart(move, depth) for move in moves):
            return number(1)
        return value(best_forks(m for m in moves if m[2] <= depth), min(gaps, default=None))

    return value(frozenset({NO_FORK}), None)
