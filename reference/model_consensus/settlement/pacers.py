"""The settlement condition over a network with delay, on strings of slots.

A string is over {h, A, |}: ``h`` a win of a correct process, ``A`` one of the adversary's, in the
order in which they are won; ``|`` ends a slot, and a slot has any number of wins.  A correct
process's block of slot s has reached every correct process when slot s + delta is over, or earlier
if the adversary likes.  A process keeps the chain that it received first.

A *pacer* is an ``h`` that is won more than delta slots after the pacer before it.  Its miner has
every earlier pacer, so their heights grow.  Every other win counts as the adversary's.  A factor is
bad if it has at least 2(k + 1) wins and fewer than half of them are pacers; or half of them, if its
last win is at most delta slots after the last pacer, which may then be on its way.

Without a bad factor no two decisions at depth k differ.  That is proved for strings of any length,
with z3 (``proofs.delayed_chain``).  It is not necessary: ``docs/settlement-delay.md`` shows how far
from it the condition is.  Without delay and with one win in each slot it is that of
``condition.violates`` for ``Ties.FIRST``, which is exact.
"""

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.condition import check_depth, check_slots


def may_violate(slots: str, delta: int, depth: int) -> bool:
    """Whether some factor of the wins is bad; if not, no two decisions at depth k differ.

    :raises ModelConsensusError: a symbol is another one than h, A and |, or ``delta``, a number of
        slots, or ``depth`` is negative.
    """
    check_depth(depth)
    check_slots(slots, "hA|")
    if delta < 0:
        raise ModelConsensusError(f"delta {delta} is negative: it counts the slots of a delay")
    balance = [0]  # of each prefix: the wins that are no pacers, minus the pacers
    least = 0  # the least balance at a start that is old enough
    arrives = -1  # the slot at whose end the last pacer must have arrived
    for now, slot in enumerate(slots.split("|")):
        for win in slot:
            paces = win == "h" and now > arrives
            if paces:
                arrives = now + delta
            balance.append(balance[-1] + (-1 if paces else 1))
            latest = len(balance) - 1 - 2 * (depth + 1)
            if latest >= 0:
                least = min(least, balance[latest])
                if balance[-1] - least >= (0 if now <= arrives else 1):
                    return True
    return False
