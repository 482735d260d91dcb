"""The states and the actions of ``PowLearning.tla``, under the names that they have there.

Those of ``DelayedLearning.tla`` are the same, with slots; their names there end in "Timed".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model_consensus.evolutionary_search import Process, Step
from model_consensus.pow_learner import Block, Learner
from model_consensus.systems.answers import Answer, Losses
from model_consensus.systems.block_tree import BlockTree, Growing
from model_consensus.tob_learner import Offer


@dataclass(frozen=True)
class State:
    """The blocks, the correct processes' learners, the offers, and the losses of interest.

    :ivar blocks: every block mined, in the order of mining.  A block is named by its place, from 1;
        0 is the genesis.
    :ivar offers: what has been offered on models that some correct process has not left behind.
    :ivar slots: when each block was won, in the order of mining; empty where there are no slots.
    :ivar on_way: the blocks of correct processes that some correct process does not know yet.
    """

    blocks: BlockTree
    learner: Mapping[Process, Learner]
    offers: frozenset[Offer]
    loss: Losses
    slots: Growing[int] = field(default_factory=Growing)
    on_way: frozenset[int] = frozenset()


@dataclass(frozen=True)
class MakeOffer:
    """``process`` evaluates its draws, is answered ``losses``, and offers the best ticket."""

    process: Process
    losses: Answer


@dataclass(frozen=True)
class Catch:
    """``process`` evaluates ``offers``, is answered ``losses``, and bans those who lied."""

    process: Process
    offers: tuple[Offer, ...]
    losses: Answer


@dataclass(frozen=True)
class Mine:
    """``process`` wins a block on its tip, which leads on from ``offers``.

    :ivar slot: when; 0 where there are no slots.
    """

    process: Process
    offers: tuple[Offer, ...]
    losses: Answer
    slot: int = 0


@dataclass(frozen=True)
class Receive:
    """``process`` receives a block of a correct process, or one that a correct process knows."""

    process: Process
    block: int


@dataclass(frozen=True)
class ByzantineOffer:
    """The adversary sends ``offer``; ``losses`` tell what its model really loses."""

    offer: Offer
    losses: Answer

    @property
    def process(self) -> Process:
        """Who sends it."""
        return self.offer.sender


@dataclass(frozen=True)
class ByzantineMine:
    """``process`` wins a block with ``step`` on the block ``parent`` and withholds it.

    :ivar slot: when; 0 where there are no slots.
    """

    process: Process
    parent: int
    step: Step
    losses: Answer
    slot: int = 0


@dataclass(frozen=True)
class ByzantinePublish:
    """The adversary shows its block to ``process``, the first correct one to see it."""

    process: Process
    block: int


@dataclass(frozen=True)
class ByzantineForge:
    """The adversary sends ``process`` a block that is not valid.

    The hash of the block tells whether it has work.  ``losses`` are what ``process`` finds if it
    comes to evaluate the block.
    """

    process: Process
    block: Block
    losses: Answer


Action = (
    MakeOffer
    | Catch
    | Mine
    | Receive
    | ByzantineOffer
    | ByzantineMine
    | ByzantinePublish
    | ByzantineForge
)
