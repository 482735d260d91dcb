"""How probable a reversal is, given the slots that have been seen since the decision began.

The string of the slots seen starts with the target's own slot.  What it leaves open is how far
the adversary was ahead before, as ``probability.Convention`` has it, and the slots to come.  Empty,
it gives the answer that knows the depth only.
"""

from collections.abc import Iterator

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.condition import (
    Target,
    Ties,
    check_depth,
    check_slots,
    least_factor,
    needed_surplus,
)
from model_consensus.settlement.probability import (
    OURS,
    Convention,
    Number,
    binomials,
    check_alpha,
    has_majority,
    level_with_h,
)


def reversal_probability_given(
    seen: str, alpha: Number, depth: int, convention: Convention = OURS
) -> Number:
    """The probability that a decision at depth k is ever reverted, given its first slots.

    ``seen`` is over {h, A}, and its first slot is the target's.  For each lead: 1 if the slots seen
    satisfy ``condition.reversible``; else the slots in which there are not yet blocks enough,
    whatever they are (a binomial), and then the walk that catches up.  Time and memory grow as
    the square of the depth.

    :raises ModelConsensusError: ``alpha`` is not a share, ``depth`` is negative, or a slot is
        another letter; or the target is an honest block, and its slot is ``A``.
    """
    check_alpha(alpha)
    check_depth(depth)
    check_slots(seen, "hA")
    number = type(alpha)
    if convention.target is Target.BLOCK:
        if seen.startswith("A"):
            raise ModelConsensusError(f"slot 0 of {seen!r} has no honest block to revert")
        seen = seen or "h"  # the target's slot is known to be an h
    if has_majority(alpha):
        return number(1)
    length, surplus = least_factor(depth, convention.ties)
    ratio = alpha / (1 - alpha)
    total = ratio**length if convention.pre_mining else number(0)
    undecided = []  # (probability of the lead, slots to wait for, A missing by now)
    for lead in range(length if convention.pre_mining else 1):
        probability = (1 - ratio) * ratio**lead if convention.pre_mining else number(1)
        balances = list(_balances(seen, lead))
        if any(
            lead + count >= length
            and balance >= needed_surplus(surplus, seen[count - 1 : count], convention.ties)
            for count, balance in enumerate(balances)
        ):
            total += probability
        else:
            wait = length - lead - len(seen)
            undecided.append((probability, max(wait, 0), surplus - balances[-1]))
    if not undecided:
        return total
    longest = max(wait for _, wait, _ in undecided)
    most = max(wait + missing for _, wait, missing in undecided)
    first_wins = list(binomials(alpha, longest))
    catching_up = np.array([ratio**x for x in range(max(most, 0) + 1)])
    for probability, wait, missing in undecided:
        left = np.maximum(missing + wait - 2 * np.arange(wait + 1), 0)
        total += probability * (first_wins[wait] * catching_up[left]).sum()
        if convention.ties is Ties.FIRST and wait:
            level = level_with_h(alpha, first_wins, wait, surplus - missing)
            total += probability * level * (1 - ratio)
    return number(total)


def _balances(seen: str, lead: int) -> Iterator[int]:
    """The lead, plus A minus h, in each prefix of the slots seen."""
    yield lead
    for slot in seen:
        lead += 1 if slot == "A" else -1
        yield lead
