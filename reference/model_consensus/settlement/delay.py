"""Bounds on the probability of a reversal if a block takes up to a known delay to arrive.

Blocks are found as a Poisson process.  Each gap between two of them is longer than the delay or
not, independently, and each block is the adversary's with probability ``alpha``.  So the blocks
are a string of independent slots:

``h``  an honest block that comes more than the delay after the block before it, so that its miner
       has every honest block before it: these have distinct, growing heights;
``T``  a block that comes within the delay after the one before, whoever mined it: it counts as the
       adversary's, which may let an honest miner do what it likes (Guo and Ren call these
       tailgaters);
``A``  any other block of the adversary's.

Lower bound: the adversary delays nothing, and what holds without delay holds
(``probability.reversal_probability``).  Upper bound: the condition on strings of
`reversible_with_delay`, which is necessary for a reversal.  Without delay there are no ``T``, and
the two are equal.  Statements and proofs: ``docs/settlement.md``.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.condition import check_depth, check_slots
from model_consensus.settlement.probability import Number, check_alpha


def late_share(delay: float, interval: float) -> float:
    """The probability that a block comes within ``delay`` after the one before.

    ``interval`` is the mean time between two blocks, whoever mines them, in the unit of ``delay``.
    """
    if not (0 <= delay < math.inf and 0 < interval < math.inf):
        raise ModelConsensusError(
            f"delay {delay:g} and interval {interval:g} are not times: at least 0, and more than 0"
        )
    return -math.expm1(-delay / interval)


def reversible_with_delay(slots: str, slot: int, depth: int) -> bool:
    """Whether the decision that ``slot`` begins can be reverted, if ``T`` is the adversary's too.

    ``slots`` is over {h, T, A}; the target is the height above the blocks ``h`` before ``slot``,
    or any greater one.  Ties go to the adversary.  As ``condition.reversible`` has it, with ``T``
    for ``A``; or with one more h than A, if since the last h there have been no slots but T: that h
    may not have arrived yet.

    :raises ModelConsensusError: ``slot`` is outside ``slots``, ``depth`` is negative, or a slot is
        another letter.
    """
    check_depth(depth)
    check_slots(slots, "hTA")
    if not 0 <= slot < len(slots):
        raise ModelConsensusError(f"slot {slot} is outside {slots!r}, which has {len(slots)} slots")
    lead = 0
    for each in slots[:slot]:
        lead = max(lead - 1, 0) if each == "h" else lead + 1
    balance = lead
    for end in range(slot + 1, len(slots) + 1):
        balance += -1 if slots[end - 1] == "h" else 1
        on_its_way = slots[slot:end].rstrip("T").endswith("h")
        if lead + end - slot >= 2 * (depth + 1) and balance >= (-1 if on_its_way else 0):
            return True
    return False


def reversal_upper_bound(
    alpha: Number, late: Number, depth: int, *, pre_mining: bool = True
) -> Number:
    """At least the probability that a decision at depth k is ever reverted, under a delay.

    ``late`` is the share of the slots ``T``, see `late_share`.  For each lead of the adversary, a
    Markov chain on (A and T so far, whether only T came since the last h) runs until there are
    2(k + 1) blocks; from then on the walk of A and T minus h goes up one level at a time, and the
    probabilities to get up one level, by that flag, are known in closed form.  Exact for fractions.
    Time grows as the square of the depth.

    :raises ModelConsensusError: ``alpha`` or ``late`` is not a share, or ``depth`` is negative.
    """
    check_alpha(alpha)
    check_depth(depth)
    if not 0 <= late < 1:
        raise ModelConsensusError(f"late {late} is not a share of the slots: 0 or more, below 1")
    number = type(alpha)
    honest = (1 - alpha) * (1 - late)
    own = alpha * (1 - late)
    if 2 * honest <= 1:
        return number(1)
    ratio = (1 - honest) / honest
    enough = 2 * (depth + 1)
    caught_up = _catching_up(honest, own, late, enough)
    flag_off: NDArray[Any] = np.array([number(1)])
    flag_on = flag_off * 0
    nothing = flag_off * 0
    total = ratio**enough if pre_mining else number(0)
    for slots in range(1, enough + 1):
        stay = np.concatenate([flag_off, nothing]), np.concatenate([flag_on, nothing])
        win = np.concatenate([nothing, flag_off]), np.concatenate([nothing, flag_on])
        flag_off = win[0] * (own + late) + win[1] * own
        flag_on = win[1] * late + (stay[0] + stay[1]) * honest
        lead = enough - slots
        if lead and not pre_mining:
            continue
        missing = np.maximum(slots - lead - 2 * np.arange(slots + 1), 0)
        value = (flag_off * caught_up[0][missing] + flag_on * caught_up[1][missing]).sum()
        total += value * (ratio**lead * (1 - ratio) if pre_mining else number(1))
    return number(total)


def _catching_up(honest: Number, own: Number, late: Number, most: int) -> list[NDArray[Any]]:
    """By the flag (off, on), for x = 0, ..., most: the probability of success if x more A are due.

    The flag is on if since the last h there were slots T only.  Success is to have as many A and T
    as are due; or, for x = 1, to lack one after a T with the flag on (to lack one right after the
    h, there must have been success before it).  From a level the walk comes to the next one with
    the flag on or off: v and u, if it was on before.
    """
    number = type(honest)
    wins = own + late
    v = late / (1 - late)
    u = own / (honest * (1 - late))
    up_off = wins + u * wins + v * own, v * late  # to the next level with the flag off, on
    up_on = u, v
    # one due: a win, or an h and then back up from two due with the flag on (two_on)
    weight = honest * u * late
    from_two = (late + own * wins - honest * weight) / (1 - own - weight)
    one = wins + from_two
    two_on = from_two / honest
    two_off = two_on - late * (1 - one)
    off, on = [number(1), one, two_off], [number(1), one, two_on]
    for _ in range(3, most + 1):
        last = off[-1], on[-1]
        off.append(up_off[0] * last[0] + up_off[1] * last[1])
        on.append(up_on[0] * last[0] + up_on[1] * last[1])
    return [np.array(off), np.array(on)]
