"""When can two decisions at one height differ?  The settlement condition, on strings of slots.

Theory of operation
-------------------
Time is a sequence of slots, written as a string:

``h``  one honest block, on a longest chain that its miner has seen; everybody has it before the
       next slot (no network delay between slots);
``A``  one win of the adversary: one block, on any existing block, published at any later time;
``H``  two concurrent honest blocks: neither miner has seen the other's.

A process adopts a longest chain that it has seen; who decides between equally long ones is the
convention ``Ties``.  It decides the block at height m when its chain has length at least m + k:
k blocks on top, k + 1 confirmations.  ``depth`` is that k everywhere in this package.

Agreement at depth k can fail if and only if two adopted chains have more than k blocks each above
their last common block.  The functions below decide whether the adversary can bring that about;
they say nothing of probability (``settlement.probability`` does).  Statements, proofs and what is
merely checked: ``docs/settlement.md``.
"""

from collections.abc import Iterable
from enum import Enum

from model_consensus.errors import ModelConsensusError

ForkState = tuple[int, int, int]
"""(x, y, g) above the block where two chains part: the longer chain's height, the shorter's, and
the greatest height of an honest block (negative if that is below the block).  x >= y, x >= g."""


class Ties(Enum):
    """Which of two longest chains a process follows."""

    ADVERSARY = "adversary"  # the adversary chooses, for each process and again at any time
    FIRST = "first"  # the one that the process received first; the adversary orders deliveries
    HONEST = "honest"  # the one that everybody adopted first: a reversal needs a longer chain


class Shown(Enum):
    """What the adversary may show to the two miners of a slot ``H`` before they mine."""

    EACH = "each"  # to either miner what it likes; everybody has it before the next slot
    ALL = "all"  # what it shows to one it shows to all, at once


class Target(Enum):
    """What it is that is reverted."""

    HEIGHT = "height"  # the decision at the height above the honest chain, whoever mines it
    BLOCK = "block"  # the honest block of the slot itself: the slot is known to be an ``h``


def check_depth(depth: int) -> None:
    """Raise ``ModelConsensusError`` unless ``depth`` is a possible k."""
    if depth < 0:
        raise ModelConsensusError(f"depth {depth} is negative: it counts the blocks on top")


def check_slots(slots: str, alphabet: str = "hHA") -> None:
    """Raise ``ModelConsensusError`` unless every slot is in ``alphabet``."""
    for position, slot in enumerate(slots):
        if slot not in alphabet:
            allowed = ", ".join(alphabet)
            raise ModelConsensusError(
                f"slot {position} of {slots!r} is {slot!r}: expected one of {allowed}"
            )


def least_factor(depth: int, ties: Ties) -> tuple[int, int]:
    """(length, surplus): a factor violates with that many slots and that many more A than h.

    Two chains with k + 1 blocks each above the fork need 2(k + 1); if ties go to the honest, the
    second one needs one block more than the first.  If the chain received first stays, the surplus
    is that of a factor that ends with ``A`` (``needed_surplus``).
    """
    length = 2 * (depth + 1)
    return {
        Ties.ADVERSARY: (length, 0),
        Ties.FIRST: (length, 1),
        Ties.HONEST: (length + 1, 1),
    }[ties]


def needed_surplus(surplus: int, slot: str, ties: Ties) -> int:
    """How many more A than h a factor needs if ``slot`` is its last, ``surplus`` if that is ``A``.

    If the chain received first stays, a tie is open while the last honest block is on its way.
    """
    return 0 if ties is Ties.FIRST and slot == "h" else surplus


def violates(slots: str, depth: int, ties: Ties = Ties.ADVERSARY) -> bool:
    """Whether two decisions at one height can differ, for ``slots`` over {h, A}: one pass.

    They can if and only if some factor is long enough and has enough A (``least_factor``): with
    ties to the adversary, length at least 2(k + 1) and at least as many A as h; if the chain
    received first stays, more A than h, or as many and an h at its end.
    """
    return _factor_of_wins(slots, depth, ties) is not None


def _factor_of_wins(slots: str, depth: int, ties: Ties) -> tuple[int, int] | None:
    check_depth(depth)
    check_slots(slots, "hA")
    length, surplus = least_factor(depth, ties)
    balance = [0]  # A minus h in each prefix
    least = 0  # the least balance at a start that is old enough
    for end, slot in enumerate(slots, 1):
        balance.append(balance[-1] + (1 if slot == "A" else -1))
        needed = needed_surplus(surplus, slot, ties)
        latest = end - length
        if latest >= 0:
            least = min(least, balance[latest])
            if balance[end] - least >= needed:
                starts = range(latest, -1, -1)
                return next(s for s in starts if balance[end] - balance[s] >= needed), end
    return None


def fork_moves(state: ForkState, slot: str, shown: Shown = Shown.EACH) -> set[ForkState]:
    """What one slot can make of a fork: the recurrence for {h, H, A}.

    ``A`` extends either chain.  ``h`` extends a chain at least as high as every honest block, or,
    where a chain is higher than that, goes beside both.  ``H`` does as ``h``, or extends both:
    each miner has been shown its own chain, so with ``Shown.ALL`` they are equally long.
    """
    x, y, g = state
    if slot == "A":
        return {_fork(x + 1, y, g), _fork(x, y + 1, g)}
    moves = {_fork(x + 1, y, x + 1)}
    if y >= g:
        moves.add(_fork(x, y + 1, y + 1))
        if slot == "H" and (shown is Shown.EACH or x == y):
            moves.add(_fork(x + 1, y + 1, x + 1))
    if x > g:
        moves.add(_fork(x, y, g + 1))
    return moves


def _fork(x: int, y: int, g: int) -> ForkState:
    return max(x, y), min(x, y), g


def settled_apart(state: ForkState, depth: int) -> bool:
    """Whether both chains of the fork can be adopted, and decide at depth k, apart."""
    _, y, g = state
    return y >= max(g, depth + 1)


def without_excess(fork: ForkState, depth: int) -> ForkState:
    """The fork without heights that no longer matter at depth k: finitely many forks are left.

    With an honest block above k, all that matters is how far the lower chain is below it; before,
    a chain of k + 1 blocks is long enough, and from then on grows with the honest blocks.
    """
    x, y, g = fork
    excess = max(g - (depth + 1), 0)
    return min(x - excess, depth + 1), y - excess, g - excess


def best_forks(states: Iterable[ForkState]) -> frozenset[ForkState]:
    """``states`` without those that another one dominates: higher chains, lower honest blocks."""
    found = set(states)
    return frozenset(
        s
        for s in found
        if not any(t != s and t[0] >= s[0] and t[1] >= s[1] and t[2] <= s[2] for t in found)
    )


def disagreement_possible(slots: str, depth: int, shown: Shown = Shown.EACH) -> bool:
    """Whether two decisions at one height can differ, for ``slots`` over {h, H, A}.

    Ties to the adversary.  A fork may start at any time; all its futures are followed.
    """
    return _first_disagreement(slots, depth, shown) is not None


def _first_disagreement(slots: str, depth: int, shown: Shown) -> int | None:
    """The number of slots after which the first fork can be settled apart."""
    check_depth(depth)
    check_slots(slots)
    forks: frozenset[ForkState] = frozenset()
    lead = 0
    for end, slot in enumerate(slots, 1):
        # a fork starts here, on a block as far above the honest ones as there can be one
        forks = best_forks(forks | {(0, 0, -lead)})
        moves = {move for fork in forks for move in fork_moves(fork, slot, shown)}
        forks = frozenset(without_excess(move, depth) for move in moves)
        if any(settled_apart(fork, depth) for fork in forks):
            return end
        lead = lead + 1 if slot == "A" else max(lead - 1, 0)
    return None


def violating_factor(
    slots: str, depth: int, ties: Ties = Ties.ADVERSARY, shown: Shown = Shown.EACH
) -> tuple[int, int] | None:
    """(start, end) of a factor on which two decisions can come to differ, or None if none can.

    It ends as early as possible, and then it starts as late as possible.
    """
    if "H" not in slots:
        return _factor_of_wins(slots, depth, ties)
    if ties is not Ties.ADVERSARY:
        raise ModelConsensusError("slots H need ties to the adversary: their blocks tie")
    end = _first_disagreement(slots, depth, shown)
    if end is None:
        return None
    start = end - 1
    while _first_disagreement(slots[start:end], depth, shown) is None:
        start -= 1
    return start, end


def agreement_guaranteed(wins: int, adversarial: int, depth: int) -> bool:
    """Whether agreement at depth k holds for every string over {h, A} within two budgets.

    ``wins`` slots at most, of which at most ``adversarial`` are A.
    """
    check_depth(depth)
    return adversarial <= depth or wins <= 2 * depth + 1


def pre_mining_lead(slots: str) -> int:
    """How far above every honest block the adversary can have got, unpublished, after ``slots``."""
    check_slots(slots, "hA")
    lead = 0
    for slot in slots:
        lead = lead + 1 if slot == "A" else max(lead - 1, 0)
    return lead


def reversible(
    slots: str,
    slot: int,
    depth: int,
    ties: Ties = Ties.ADVERSARY,
    target: Target = Target.HEIGHT,
) -> bool:
    """Whether, over {h, A}, the decision that ``slot`` begins can be reverted at depth k.

    ``slot`` counts from 0; the slots before it are the adversary's time to pre-mine.  The target
    is the height above the honest chain before ``slot``; or, for ``Target.BLOCK``, the honest
    block of ``slot`` itself.  Never name a target by a count of honest wins: the honest chain can
    also grow by the adversary's published blocks.
    """
    check_depth(depth)
    check_slots(slots, "hA")
    if not 0 <= slot < len(slots):
        raise ModelConsensusError(f"slot {slot} is outside {slots!r}, which has {len(slots)} slots")
    if target is Target.BLOCK and slots[slot] != "h":
        raise ModelConsensusError(f"slot {slot} of {slots!r} has no honest block")
    length, surplus = least_factor(depth, ties)
    since = depth + 1 if target is Target.BLOCK else 0  # nobody mines on a block before it is there
    lead = pre_mining_lead(slots[:slot])
    balance = lead
    for count, win in enumerate(slots[slot:], 1):
        balance += 1 if win == "A" else -1
        needed = needed_surplus(surplus, win, ties)
        if lead + count >= length and count >= since and balance >= needed:
            return True
    return False
