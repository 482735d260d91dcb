"""The blocks of a state: a sequence that never changes, and grows without being copied.

A sequence with an element more shares its storage with the one that it was made of.  The storage is
appended to and never changed otherwise, and each sequence is so many of its first elements.  Where
two are made of the same one, the second gets a storage of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, Self, TypeVar, overload

from model_consensus.evolutionary_search import Digest, Process, offspring_digest
from model_consensus.pow_learner import Block

Element = TypeVar("Element")


class Growing(Sequence[Element], Generic[Element]):
    """An immutable sequence."""

    def __init__(self, elements: Iterable[Element] = ()) -> None:
        self._elements = list(elements)
        self._count = len(self._elements)

    def appended(self, element: Element) -> Self:
        """The sequence with one element more."""
        is_last = self._count == len(self._elements)
        after = type(self).__new__(type(self))
        after.__dict__.update(vars(self if is_last else self._copy()))
        after._append(element)
        return after

    def _copy(self) -> Self:
        """The same with a storage of its own."""
        return type(self)(self)

    def _append(self, element: Element) -> None:
        self._elements.append(element)
        self._count += 1

    @overload
    def __getitem__(self, index: int) -> Element: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Element]: ...

    def __getitem__(self, index: int | slice) -> Element | Sequence[Element]:
        places = range(self._count)[index]
        if isinstance(places, range):
            return tuple(self._elements[place] for place in places)
        return self._elements[places]

    def __iter__(self) -> Iterator[Element]:
        return islice(self._elements, self._count)

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


class BlockTree(Growing[Block]):
    """Every block mined, in the order of mining.

    A block is named by its place, from 1; 0 is the genesis.

    :ivar byzantine: whose wins are counted.
    :ivar stolen: how many of the blocks they mined.
    :ivar highest: the height of the highest block.
    """

    def __init__(
        self, root: Digest, byzantine: Iterable[Process], blocks: Iterable[Block] = ()
    ) -> None:
        super().__init__()
        self.byzantine = frozenset(byzantine)
        self.stolen = self.highest = 0
        self._height = [0]
        self._model = [root]
        self._place = {root: 0}
        self._first_of_model = {root: 0}
        self._at_height: dict[int, list[int]] = {0: [0]}
        for block in blocks:
            self._append(block)

    def _copy(self) -> Self:
        return type(self)(self._model[0], self.byzantine, self)

    def _append(self, block: Block) -> None:
        super()._append(block)
        self.stolen += block.miner in self.byzantine
        parent = self._place[block.parent]
        height, model = self._height[parent] + 1, offspring_digest(self._model[parent], block.step)
        self.highest = max(self.highest, height)
        self._height.append(height)
        self._model.append(model)
        self._place[block.digest] = self._count
        self._first_of_model.setdefault(model, self._count)
        self._at_height.setdefault(height, []).append(self._count)

    def place(self, digest: Digest) -> int:
        """The place of a block.

        :raises KeyError: it is not there.
        """
        return self._within(digest, self._place)

    def place_of_model(self, digest: Digest) -> int:
        """The first block that leads to this model.

        :raises KeyError: no block does.
        """
        return self._within(digest, self._first_of_model)

    def _within(self, digest: Digest, places: dict[Digest, int]) -> int:
        if places[digest] > self._count:
            raise KeyError(digest)
        return places[digest]

    def parent(self, place: int) -> int:
        """The place of the block that the one at ``place`` extends."""
        return self._place[self._elements[place - 1].parent]

    def height(self, place: int) -> int:
        """The length of the chain that ends with the block."""
        return self._height[place]

    def model(self, place: int) -> Digest:
        """The digest of the model that the block leads to."""
        return self._model[place]

    def at_height(self, height: int) -> list[int]:
        """The places of the blocks of this height."""
        return [each for each in self._at_height.get(height, ()) if each <= self._count]
