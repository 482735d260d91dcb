"""The game of ``spec/DelayedChain.tla``, played out: independent of ``settlement.pacers``.

Processes have one tip each, and leave it for a higher block only.  The adversary delivers blocks to
each as it likes; but before a win in slot t, what was won by an ``h`` more than delta slots before
has arrived, so no tip is lower than one of these blocks, nor than one that the process has mined
itself.  An ``h`` goes on a tip, an ``A`` on any block.  Every choice is followed.
"""

from collections.abc import Iterator
from functools import cache
from itertools import combinations, product

Parents = tuple[int, ...]
"""The parent of each block, by index; block 0 is the genesis block, its own parent."""

Process = tuple[int, int]
"""The tip, and the height of the highest block that the process has mined."""

Position = tuple[Parents, tuple[Process, ...], tuple[int, ...]]
"""The blocks; the processes, which are interchangeable; and the greatest height of an ``h`` of the
last delta + 1 slots each, the current one first, and last of all slots before."""


@cache
def heights(parents: Parents) -> tuple[int, ...]:
    """The height of each block."""
    found = [0]
    for parent in parents[1:]:
        found.append(found[parent] + 1)
    return tuple(found)


def chain(parents: Parents, block: int) -> set[int]:
    """The blocks down to the genesis block."""
    blocks = {0}
    while block:
        blocks.add(block)
        block = parents[block]
    return blocks


def received(parents: Parents, tip: int, least: int) -> list[int]:
    """The tips that a process can have after deliveries, none lower than ``least``."""
    height = heights(parents)
    return [b for b, new in enumerate(height) if new >= least and (b == tip or new > height[tip])]


@cache
def deepest(parents: Parents, tips: tuple[int, ...]) -> int:
    """The greatest L such that two processes can have L blocks each above where they part."""
    height = heights(parents)
    greatest = 0
    for one, two in combinations(tips, 2):
        for a, b in product(received(parents, one, 0), received(parents, two, 0)):
            common = len(chain(parents, a) & chain(parents, b)) - 1
            greatest = max(greatest, min(height[a], height[b]) - common)
    return greatest


def moves(position: Position, gap: int, win: str) -> Iterator[Position]:
    """Every outcome of the next win, ``gap`` slots after the one before."""
    parents, processes, recent = position
    height, new = heights(parents), len(parents)
    for _ in range(gap):
        recent = (0, *recent[:-2], max(recent[-2:]))
    ways = (received(parents, tip, max(own, recent[-1])) for tip, own in processes)
    for tips in product(*ways):
        now = [(tip, own) for tip, (_, own) in zip(tips, processes, strict=True)]
        if win == "A":
            for parent in range(new):
                yield (*parents, parent), tuple(sorted(now)), recent
            continue
        for p, tip in enumerate(tips):
            mined = height[tip] + 1
            after = [*now[:p], (tip, mined), *now[p + 1 :]]
            yield (*parents, tip), tuple(sorted(after)), (max(recent[0], mined), *recent[1:])


def deepest_forks(wins: int, delta: int, processes: int = 2) -> Iterator[tuple[str, int]]:
    """Every string up to so many wins with the deepest fork of any play.

    Agreement at depth k can be violated if and only if it is k + 1 or more.  Pauses of more than
    delta slots without a win are left out: after these everything has arrived.
    """

    def play(
        slots: str, count: int, positions: set[Position], fork: int
    ) -> Iterator[tuple[str, int]]:
        yield slots, fork
        if count == wins:
            return
        for gap in range(delta + 2) if count else [0]:
            for win in "hA":
                after = {q for p in positions for q in moves(p, gap, win)}
                now = max(deepest(tree, tuple(tip for tip, _ in all_)) for tree, all_, _ in after)
                yield from play(slots + "|" * gap + win, count + 1, after, max(fork, now))

    start: Position = ((0,), ((0, 0),) * processes, (0,) * (delta + 2))
    return play("", 0, {start}, 0)
