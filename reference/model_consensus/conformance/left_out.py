"""What a window of a trace of proof-of-work leaves out, in numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """The blocks that come before those of a window.

    :ivar blocks: how many they are.
    :ivar stolen: how many of them the adversary won.
    :ivar root: the place of the block that leads to the genesis model of the window; 0 for none.
    :ivar paced: with slots: how many of them are pacers.
    :ivar pacer: the slot of the last of these.
    """

    blocks: int = 0
    stolen: int = 0
    root: int = 0
    paced: int = 0
    pacer: int = 0


NOTHING = LeftOut()
"""A window that has all blocks."""
