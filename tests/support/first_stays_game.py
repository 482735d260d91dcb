"""The game for processes that keep what they received first: independent of ``settlement``.

Two processes have one tip each, and leave it for a higher block only.  The adversary delivers
blocks to either as it likes; but before each slot all honest blocks have arrived, so no tip is
lower than one of them.  An ``h`` goes on a tip, an ``A`` on any block.  Every choice is followed.

A block is (tips on it, whether it is the target, its children, sorted): of two positions with one
shape one is kept, and the two processes are interchangeable.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

Block = tuple[int, bool, tuple["Block", ...]]
Position = tuple[Block, int]
"""The genesis block, and the greatest height of an honest one."""

START: Position = ((2, False, ()), 0)


class _Tree:
    """A position taken apart: the blocks by number, each after its parent."""

    def __init__(self, genesis: Block) -> None:
        self.parents: list[int] = []
        self.heights: list[int] = []
        self.target: int | None = None
        self.tips: list[int] = []
        self._add(genesis, 0, 0)

    def _add(self, block: Block, parent: int, height: int) -> None:
        tips, is_target, children = block
        number = len(self.parents)
        self.parents.append(parent)
        self.heights.append(height)
        self.tips += [number] * tips
        if is_target:
            self.target = number
        for child in children:
            self._add(child, number, height + 1)

    def above(self, tip: int) -> list[int]:
        """Where a process with this tip can be, after deliveries."""
        height = self.heights[tip]
        return [b for b in range(len(self.parents)) if b == tip or self.heights[b] > height]

    def chain(self, block: int) -> list[int]:
        """The numbers from the block down to the genesis block."""
        blocks = [block]
        while blocks[-1]:
            blocks.append(self.parents[blocks[-1]])
        return blocks

    def folded(
        self, tips: tuple[int, ...], parent: int | None = None, target: int | None = None
    ) -> Block:
        """The genesis block again, with these tips and with one more block on ``parent``."""
        parents = self.parents if parent is None else [*self.parents, parent]
        children: list[list[Block]] = [[] for _ in parents]
        for number in reversed(range(1, len(parents))):
            block = tips.count(number), number == target, tuple(sorted(children[number]))
            children[parents[number]].append(block)
        return tips.count(0), False, tuple(sorted(children[0]))


@cache
def deliveries(genesis: Block, least: int) -> frozenset[tuple[int, ...]]:
    """The tips that the processes can have once none is lower than ``least``."""
    tree = _Tree(genesis)
    ways = product(*(tree.above(tip) for tip in tree.tips))
    return frozenset(tips for tips in ways if all(tree.heights[tip] >= least for tip in tips))


@cache
def moves(position: Position, slot: str, is_target: bool = False) -> frozenset[Position]:
    """Every outcome of one slot, whose block is the target or not."""
    genesis, honest = position
    tree = _Tree(genesis)
    new = len(tree.parents)
    after = set()
    for tips in deliveries(genesis, honest):
        parents = set(tips) if slot == "h" else range(new)
        for parent in parents:
            target = new if is_target else tree.target
            height = tree.heights[parent] + 1 if slot == "h" else honest
            after.add((tree.folded(tips, parent, target), height))
    return frozenset(after)


@cache
def deepest(genesis: Block, base: int) -> tuple[int, int, int]:
    """The greatest L such that two tips can have L blocks each above where they part.

    Anywhere; from the height above ``base`` on, where they differ at it; and from the target on,
    where one has it and the other has not.
    """
    tree = _Tree(genesis)
    anywhere = at_height = of_target = 0
    for tips in deliveries(genesis, 0):
        lower = min(tree.heights[tip] for tip in tips)
        chains = [tree.chain(tip) for tip in tips]
        common = len(set(chains[0]) & set(chains[1])) - 1
        anywhere = max(anywhere, lower - common)
        if common <= base:
            at_height = max(at_height, lower - base)
        if tree.target is not None and (tree.target in chains[0]) != (tree.target in chains[1]):
            of_target = max(of_target, lower - tree.heights[tree.target] + 1)
    return anywhere, at_height, of_target


def deepest_forks(length: int) -> Iterator[tuple[str, int]]:
    """Every string up to ``length`` with the deepest fork of any play.

    Agreement at depth k can be violated if and only if it is k + 1 or more.
    """

    def play(slots: str, positions: frozenset[Position], fork: int) -> Iterator[tuple[str, int]]:
        yield slots, fork
        if len(slots) < length:
            for slot in "hA":
                after = frozenset(q for p in positions for q in moves(p, slot))
                now = max(deepest(genesis, 0)[0] for genesis, _ in after)
                yield from play(slots + slot, after, max(fork, now))

    return play("", frozenset({START}), 0)


def deepest_forks_at(slots: str, slot: int) -> tuple[int, int]:
    """The same for the height above the honest blocks before ``slot``, and for the slot's block."""
    positions = {START}
    for win in slots[:slot]:
        positions = {q for p in positions for q in moves(p, win)}
    at_height = of_block = 0
    for base in {honest for _, honest in positions}:
        plays = {p for p in positions if p[1] == base}
        for now, win in enumerate(slots[slot:]):
            plays = {q for p in plays for q in moves(p, win, now == 0)}
            for genesis, _ in plays:
                _, height, block = deepest(genesis, base)
                at_height, of_block = max(at_height, height), max(of_block, block)
    return at_height, of_block
