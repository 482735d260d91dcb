"""The longest chain with a bounded delay, played out: independent of ``settlement.delay``.

An ``h`` is an honest block more than the delay after the block before it, so its miner has all
earlier ones.  ``T``, within the delay, and ``A`` go on any block.  A process adopts any chain that
is as high as every ``h`` that has arrived: all but the last while only T came since.  Whoever has
adopted one chain may keep it, so decisions are compared over all times.
"""

from tests.support.settlement_games import Parents, chain

Position = tuple[Parents, int, int, frozenset[tuple[int, int]]]
"""The blocks' parents; the height of the highest h, and that of the highest h that has arrived; the
depths to which blocks of the target's height have been decided."""


def deepest_reversal(slots: str, slot: int) -> int:
    """The greatest L such that two blocks at the target's height can be decided with L - 1 on top.

    The target is the height above the blocks h before ``slot``.
    """
    positions: set[tuple[Parents, int, int]] = {((0,), 0, 0)}
    for win in slots[:slot]:
        positions = {(p, new, old) for p, new, old in _after(positions, win)}
    deepest = 0
    for target in {newest + 1 for _, newest, _ in positions}:
        at_target = {p for p in positions if p[1] + 1 == target}
        plays: set[Position] = {(*p, frozenset()) for p in at_target}
        for win in slots[slot:]:
            after: set[Position] = set()
            for parents, newest, arrived, decided in plays:
                for grown, new, old in _after({(parents, newest, arrived)}, win):
                    after.add((grown, new, old, _decided(grown, old, target, decided)))
            plays = after
            for *_, decided in plays:
                depths = sorted(depth for _, depth in decided)
                if len(depths) > 1:
                    deepest = max(deepest, depths[-2])
    return deepest


def _after(positions: set[tuple[Parents, int, int]], win: str) -> set[tuple[Parents, int, int]]:
    """Every outcome of one slot."""
    after = set()
    for parents, newest, arrived in positions:
        for parent in range(len(parents)):
            height = len(chain(parents, parent))
            if win != "h":
                after.add(((*parents, parent), newest, arrived if win == "T" else newest))
            elif height > newest:
                after.add(((*parents, parent), height, newest))
    return after


def _decided(
    parents: Parents, arrived: int, target: int, before: frozenset[tuple[int, int]]
) -> frozenset[tuple[int, int]]:
    """The target's blocks with the greatest depth to which each has been decided by now."""
    depths = dict(before)
    for tip in range(len(parents)):
        adopted = chain(parents, tip)
        if len(adopted) > max(target, arrived):
            block = adopted[target]
            depths[block] = max(depths.get(block, 0), len(adopted) - target)
    return frozenset(depths.items())
