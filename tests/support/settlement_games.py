"""The game behind the settlement condition, played out: independent of ``settlement/condition.py``.

``plain_*`` is the game as the documentation tells it: blocks with parents, what each process has
seen, the chain it has adopted, what has been decided; every choice of the adversary is followed.
It is slow.  ``tree_*`` keeps of a position only the shape of the block tree and the greatest
height of an honest block; that loses nothing (the plain game agrees on all strings it can reach),
and goes far enough to compare with the closed condition.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, product

# --- The plain game, ties to the adversary ------------------------------------------------------

Parents = tuple[int, ...]
"""The parent of each block, by index; block 0 is the genesis block, its own parent."""

Position = tuple[Parents, tuple[frozenset[int], frozenset[int]], frozenset[tuple[int, int]]]
"""Blocks, what each of two processes has seen, and the decisions so far: (height, block)."""


def chain(parents: Parents, block: int) -> tuple[int, ...]:
    """The blocks from the genesis block to ``block``; the index is the height."""
    blocks = [block]
    while blocks[-1] != 0:
        blocks.append(parents[blocks[-1]])
    return tuple(reversed(blocks))


def longest(parents: Parents, seen: frozenset[int]) -> list[int]:
    """The tips of the longest chains among the blocks ``seen``."""
    height = {block: len(chain(parents, block)) for block in seen}
    return [block for block in seen if height[block] == max(height.values())]


def plain_differ(decided: frozenset[tuple[int, int]]) -> bool:
    """Whether two different blocks have been decided at one height."""
    return len({height for height, _ in decided}) < len(decided)


def plain_adopt(position: Position, depth: int) -> Position:
    """Each process adopts each of its longest chains in turn, and decides.

    The adversary breaks ties, so it can bring every one of these decisions about.
    """
    parents, seen, decided = position
    for view in seen:
        for tip in longest(parents, view):
            adopted = chain(parents, tip)
            decided |= {
                (m, block) for m, block in enumerate(adopted) if len(adopted) - 1 >= m + depth
            }
    return parents, seen, decided


def plain_published(position: Position, *, at_once: bool) -> Iterator[Position]:
    """Every position after showing one more chain to one process, or to both (``at_once``)."""
    parents, (one, two), decided = position
    for tip in range(len(parents)):
        shown = frozenset(chain(parents, tip))
        views = [(one | shown, two | shown)]
        if not at_once:
            views += [(one | shown, two), (one, two | shown)]
        for view in views:
            if view != (one, two):
                yield parents, view, decided


def plain_before_slot(positions: set[Position], depth: int, *, at_once: bool) -> set[Position]:
    """All positions after any number of publications, each with its decisions."""
    reached: set[Position] = set()
    todo = [plain_adopt(position, depth) for position in positions]
    while todo:
        position = todo.pop()
        if position not in reached:
            reached.add(position)
            todo += [plain_adopt(q, depth) for q in plain_published(position, at_once=at_once)]
    return reached


def plain_slot(position: Position, slot: str) -> Iterator[Position]:
    """Every outcome of one slot, before what anybody has seen reaches everybody."""
    parents, (one, two), decided = position
    seen = one | two
    if slot == "A":
        for parent in range(len(parents)):
            yield (*parents, parent), (seen, seen), decided
        return
    for first, second in product(longest(parents, one), longest(parents, two)):
        for mined in [(first,), (second,)] if slot == "h" else [(first, second)]:
            # in the middle of the slot, each miner has its own block but not the other's
            views = (one, two) if slot == "H" else (seen,)
            apart = [view | {len(parents) + i} for i, view in enumerate(views)]
            yield (*parents, *mined), (apart[0], apart[-1]), decided


def plain_violates(slots: str, depth: int, *, at_once: bool) -> bool:
    """Whether some play of the plain game on ``slots`` decides two blocks at one height."""
    genesis = frozenset({0})
    positions: set[Position] = {((0,), (genesis, genesis), frozenset())}
    for slot in [*slots, ""]:
        positions = plain_before_slot(positions, depth, at_once=at_once)
        if any(plain_differ(decided) for _, _, decided in positions):
            return True
        if slot:
            after = [plain_adopt(q, depth) for p in positions for q in plain_slot(p, slot)]
            positions = {(blocks, (one | two, one | two), d) for blocks, (one, two), d in after}
    return False


# --- The same game on unlabelled trees ----------------------------------------------------------

Tree = tuple["Tree", ...]
"""A block is the sorted tuple of its children: two positions with one shape are one."""

LONE: Tree = ()


@cache
def tree_with_leaf(tree: Tree) -> frozenset[tuple[Tree, int]]:
    """Every tree with one more block, and the new block's height."""
    grown = {(_sorted(*tree, LONE), 1)}
    for i, child in enumerate(tree):
        rest = tree[:i] + tree[i + 1 :]
        grown |= {(_sorted(*rest, c), height + 1) for c, height in tree_with_leaf(child)}
    return frozenset(grown)


@cache
def tree_with_two_leaves(tree: Tree) -> frozenset[tuple[Tree, int, int]]:
    """Every tree with two more blocks, neither on the other, and their heights, lower first."""
    grown = {(_sorted(*tree, LONE, LONE), 1, 1)}
    for i, child in enumerate(tree):
        rest = tree[:i] + tree[i + 1 :]
        for c, height in tree_with_leaf(child):
            grown.add((_sorted(*rest, c, LONE), 1, height + 1))
        for c, low, high in tree_with_two_leaves(child):
            grown.add((_sorted(*rest, c), low + 1, high + 1))
    for i, j in combinations(range(len(tree)), 2):
        rest = tree[:i] + tree[i + 1 : j] + tree[j + 1 :]
        for (c, one), (d, two) in product(tree_with_leaf(tree[i]), tree_with_leaf(tree[j])):
            grown.add((_sorted(*rest, c, d), min(one, two) + 1, max(one, two) + 1))
    return frozenset(grown)


def _sorted(*children: Tree) -> Tree:
    return tuple(sorted(children))


@cache
def tree_height(tree: Tree) -> int:
    """The length of the longest chain above the root."""
    return max((1 + tree_height(child) for child in tree), default=0)


def tree_fork_at_root(tree: Tree, honest: int) -> int:
    """The greatest L such that two chains of L blocks or more part at the root and can be adopted.

    A chain can be adopted, published if need be, if it is no lower than the ``honest`` blocks.
    """
    heights = sorted(1 + tree_height(child) for child in tree)
    return heights[-2] if len(heights) >= 2 and heights[-2] >= honest else 0


@cache
def tree_fork(tree: Tree, honest: int) -> int:
    """The same for two chains that part anywhere."""
    deeper = (tree_fork(child, max(honest - 1, 0)) for child in tree)
    return max(tree_fork_at_root(tree, honest), max(deeper, default=0))


TreePosition = tuple[Tree, int]
"""The tree of blocks and the greatest height of an honest one."""


def tree_moves(position: TreePosition, slot: str, *, at_once: bool) -> set[TreePosition]:
    """Every outcome of one slot.  An honest parent is published, so no honest block is higher."""
    tree, honest = position
    if slot == "A":
        return {(grown, honest) for grown, _ in tree_with_leaf(tree)}
    if slot == "h":
        return {(grown, h) for grown, h in tree_with_leaf(tree) if h > honest}
    return {
        (grown, high)
        for grown, low, high in tree_with_two_leaves(tree)
        if low > honest and (low == high or not at_once)
    }


def tree_deepest_forks(
    alphabet: str,
    length: int,
    *,
    at_once: bool = False,
    fork: Callable[[Tree, int], int] = tree_fork,
) -> Iterator[tuple[str, int]]:
    """Every string up to ``length`` with the deepest fork of any play: decisions differ below it.

    Agreement at depth k can be violated if and only if the deepest fork is k + 1 or more.
    """

    def play(slots: str, positions: set[TreePosition], deepest: int) -> Iterator[tuple[str, int]]:
        yield slots, deepest
        if len(slots) < length:
            for slot in alphabet:
                after = {q for p in positions for q in tree_moves(p, slot, at_once=at_once)}
                now = max(fork(tree, honest) for tree, honest in after)
                yield from play(slots + slot, after, max(deepest, now))

    return play("", {(LONE, 0)}, 0)


def tree_fork_below(tree: Tree, honest: int, height: int) -> int:
    """The greatest L such that two adoptable chains with L blocks from ``height`` on part below."""
    heights = sorted(1 + tree_height(child) for child in tree)
    here = heights[-2] if len(heights) >= 2 and heights[-2] >= honest else 0
    deeper = (tree_fork_below(child, max(honest - 1, 0), height - 1) for child in tree)
    return max(here - (height - 1), max(deeper, default=0) if height > 1 else 0)


def tree_deepest_fork_at_slot(slots: str, slot: int) -> int:
    """The deepest fork about the height above the honest blocks before ``slot``, in any play."""
    positions = {(LONE, 0)}
    for win in slots[:slot]:
        positions = {q for p in positions for q in tree_moves(p, win, at_once=False)}
    deepest = 0
    for target in {honest for _, honest in positions}:
        plays = {(tree, honest) for tree, honest in positions if honest == target}
        for win in slots[slot:]:
            plays = {q for p in plays for q in tree_moves(p, win, at_once=False)}
            forks = (tree_fork_below(tree, honest, target + 1) for tree, honest in plays)
            deepest = max(deepest, *forks)
    return deepest


# --- The game on labelled blocks: a block as the target, and ties to the honest -----------------


def block_deepest_fork(slots: str, slot: int) -> int:
    """The deepest fork about the honest block of ``slot``: one chain has it and another has not.

    Ties to the adversary.  L counts the blocks of the lower chain from that block's height on.
    """
    positions: set[tuple[Parents, int]] = {((0,), 0)}  # blocks, greatest honest height
    target = 0
    deepest = 0
    for now, win in enumerate(slots):
        if now == slot:
            target = now + 1  # blocks are numbered by their slots
        after = set()
        for parents, honest in positions:
            for parent in range(len(parents)):
                height = len(chain(parents, parent))
                if win == "A":
                    after.add(((*parents, parent), honest))
                elif height > honest:
                    after.add(((*parents, parent), height))
        positions = after
        if target:
            for parents, honest in positions:
                chains = [chain(parents, block) for block in range(len(parents))]
                chains = [c for c in chains if len(c) - 1 >= honest]
                least = len(chain(parents, target)) - 2
                with_it = max((len(c) - 1 - least for c in chains if target in c), default=0)
                without = max((len(c) - 1 - least for c in chains if target not in c), default=0)
                deepest = max(deepest, min(with_it, without))
    return deepest


def first_seen_deepest_reversals(slots: str, slot: int | None = None) -> tuple[int, int, int]:
    """The deepest reversal: anywhere, at the height of ``slot``, of its block; ties to the honest.

    Everybody follows the chain that was adopted first until a longer one is shown, so that there
    is one adopted chain at a time; L counts its blocks above the last common one, or from the
    target's height on.
    """
    # blocks, adopted tip, greatest honest height, target height (0: before the slot)
    positions: set[tuple[Parents, int, int, int]] = {((0,), 0, 0, 0)}
    anywhere = at_height = of_block = 0
    for now, win in enumerate(slots):
        after = set()
        for parents, tip, honest, target in positions:
            aim = honest + 1 if now == slot else target
            if win == "A":
                after |= {((*parents, parent), tip, honest, aim) for parent in range(len(parents))}
            else:
                new = len(parents)
                after.add(((*parents, tip), new, len(chain(parents, tip)), aim))
        positions = set()
        todo = list(after)
        while todo:
            position = todo.pop()
            if position in positions:
                continue
            positions.add(position)
            parents, tip, honest, target = position
            adopted = chain(parents, tip)
            for block in range(len(parents)):
                longer = chain(parents, block)
                if len(longer) <= len(adopted):
                    continue
                todo.append((parents, block, honest, target))
                common = sum(a == b for a, b in zip(adopted, longer, strict=False)) - 1
                anywhere = max(anywhere, len(adopted) - 1 - common)
                if target and common < target:
                    at_height = max(at_height, len(adopted) - target)
                if slot is not None and now >= slot:
                    its = slot + 1
                    height = len(chain(parents, its)) - 1
                    if (its in adopted) != (its in longer):
                        of_block = max(of_block, len(adopted) - height)
    return anywhere, at_height, of_block
