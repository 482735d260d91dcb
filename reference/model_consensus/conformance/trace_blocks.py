"""States of a trace of proof-of-work without their first blocks.

A whole state in a trace of changes may leave out the first blocks, and what was decided before
them.  Places then count from the first block that is left, whose parent becomes the genesis, 0.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, cast

from model_consensus.conformance.left_out import NOTHING, LeftOut
from model_consensus.tla.values import Function, Value


def without_blocks(state: Function, count: int, byzantine: AbstractSet[Value]) -> Function | None:
    """A state without its first ``count`` blocks.

    None if that cannot be.  All later blocks and all tips must descend from the first of these,
    which all have decided, with one above it.  No block that is left out may be higher than two
    below what all have decided, and somebody lack it unless it is the adversary's.
    """
    if not count:
        return state
    blocks, outputs = cast(tuple[Any, ...], state["blocks"]), _table(state, "decided")
    if count >= len(blocks):
        return None
    heights = [0]
    for block in blocks[: count + 1]:
        heights.append(heights[_parent(block)] + 1)
    root = _parent(blocks[count])
    parents = map(_parent, blocks[count + 1 :])
    common = min(map(len, outputs.values())) - 1
    fits = (
        min([*parents, *_table(state, "tip").values()]) > count
        and heights[-1] < common
        and max(heights[:-1]) <= common - 2
        and len({output[: heights[root] + 1] for output in outputs.values()}) == 1
        and all(
            place in known
            for place, block in enumerate(blocks[:count], 1)
            if block["miner"] not in byzantine
            for known in _table(state, "known").values()
        )
    )
    if not fits:
        return None
    cut: dict[Value, Value] = {
        "blocks": tuple(_moved(block, -count) for block in blocks[count:]),
        "known": _each(state, "known", lambda known: _later(known, count)),
        "tip": _each(state, "tip", lambda tip: tip - count),
        "decided": Function({p: output[heights[root] :] for p, output in outputs.items()}),
    }
    if "slots" in state:
        cut["slots"] = cast(tuple[Value, ...], state["slots"])[count:]
    return Function({**state, **cut})


def _parent(block: Any) -> int:
    return int(block["parent"])


def _moved(block: Any, by: int) -> Value:
    return Function({**block, "parent": max(0, block["parent"] + by)})


def _later(known: Any, count: int) -> frozenset[int]:
    return frozenset([0, *(place - count for place in known if place > count)])


def _table(state: Function, variable: str) -> Mapping[Value, Any]:
    return cast(Mapping[Value, Any], state[variable])


def _each(state: Function, variable: str, change: Any) -> Function:
    return Function({p: change(value) for p, value in _table(state, variable).items()})


class EarlierBlocks:
    """What the states at hand leave out, as it was in the last state that had it.

    :ivar byzantine: the processes that the adversary controls.
    :ivar left_out: the blocks, in numbers.
    :ivar generation: that of the genesis model of the states at hand.
    :ivar blocks: the blocks; their parents are places in the whole state.
    """

    def __init__(self, constants: Mapping[str, Value]) -> None:
        self.byzantine = cast(frozenset[Value], constants.get("Byzantine", frozenset()))
        self._delta = cast(int, constants.get("Delta", 0))
        self.forget()

    def forget(self) -> None:
        """Go on with states that leave nothing out."""
        self.left_out = NOTHING
        self.generation = 0
        self.blocks: list[Any] = []
        self._known: dict[Value, set[int]] = {}
        self._decided: tuple[Value, ...] = ()
        self._slots: list[Value] = []
        self._heights = [0]

    def add(self, state: Function, count: int) -> Sequence[Value]:
        """Note that the next states leave out ``count`` blocks more than ``state``.

        The result is the blocks.
        """
        before, gone = self.left_out.blocks, cast(tuple[Any, ...], state["blocks"])[:count]
        root = self._absolute(_parent(cast(Any, state["blocks"])[count]))
        for block in gone:
            self.blocks.append(self._with_place(block))
            self._heights.append(self._heights[_parent(self.blocks[-1])] + 1)
        for process, known in _table(state, "known").items():
            places = {place + before for place in known if 0 < place <= count}
            self._known.setdefault(process, set()).update(places)
        generation = self._heights[root]
        output = next(iter(_table(state, "decided").values()))
        self._decided += output[: generation - self.generation]
        stolen = self.left_out.stolen + sum(block["miner"] in self.byzantine for block in gone)
        paced, pacer = self.left_out.paced, self.left_out.pacer
        slots = cast(tuple[int, ...], state.get("slots", ()))[:count]
        for block, slot in zip(gone, slots, strict=False):
            is_pacer = not paced or pacer + self._delta < slot
            if block["miner"] not in self.byzantine and is_pacer:
                paced, pacer = paced + 1, slot
        self._slots += slots
        self.left_out = LeftOut(before + count, stolen, root, paced, pacer)
        self.generation = generation
        return gone

    def whole(self, state: Function) -> Function:
        """A state at hand with what it leaves out."""
        count = self.left_out.blocks
        if not count:
            return state
        blocks = cast(tuple[Any, ...], state["blocks"])
        later = map(self._with_place, blocks)
        outputs = _table(state, "decided")
        parts: dict[Value, Value] = {
            "blocks": (*self.blocks, *later),
            "known": Function(
                {p: self._all_known(p, k) for p, k in _table(state, "known").items()}
            ),
            "tip": _each(state, "tip", self._absolute),
            "decided": Function({p: (*self._decided, *each) for p, each in outputs.items()}),
        }
        if "slots" in state:
            parts["slots"] = (*self._slots, *cast(tuple[Value, ...], state["slots"]))
        return Function({**state, **parts})

    def named(self, arguments: Mapping[str, Value]) -> Mapping[str, Value]:
        """What a step says of its action, in the places of the whole states."""
        named = dict(arguments)
        if "block" in named:
            named["block"] = self._absolute(cast(int, named["block"]))
        if "forged" in named:
            named["forged"] = self._with_place(named["forged"])
        return named

    def _all_known(self, process: Value, known: Any) -> frozenset[int]:
        later = (place + self.left_out.blocks for place in known if place)
        return frozenset([0, *self._known.get(process, ()), *later])

    def _absolute(self, place: int) -> int:
        return place + self.left_out.blocks if place else self.left_out.root

    def _with_place(self, block: Any) -> Any:
        return Function({**block, "parent": self._absolute(_parent(block))})
