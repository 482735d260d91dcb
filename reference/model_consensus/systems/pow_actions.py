"""The states and the actions of ``PowLearning.tla``, under the names that they have there."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_consensus.evolutionary_search import Process
from model_consensus.pow_learner import Block, Learner
from model_consensus.systems.answers import Answer, Losses


@dataclass(frozen=True)
class State:
    """The blocks, the correct processes' learners, and the losses revealed and of interest.

    :ivar blocks: every block mined, in the order of mining.  A block is named by its place, from 1;
        0 is the genesis.
    """

    blocks: tuple[Block, ...]
    learner: Mapping[Process, Learner]
    loss: Losses


@dataclass(frozen=True)
class Mine:
    """``process`` evaluates its tickets, is answered ``losses``, and wins a block on its tip."""

    process: Process
    losses: Answer


@dataclass(frozen=True)
class Receive:
    """``process`` receives a block of a correct process, or one that a correct process knows."""

    process: Process
    block: int


@dataclass(frozen=True)
class ByzantineMine:
    """``process`` wins a block on the block ``parent`` and withholds it."""

    process: Process
    parent: int
    losses: Answer


@dataclass(frozen=True)
class ByzantinePublish:
    """The adversary shows its block to ``process``, the first correct one to see it."""

    process: Process
    block: int


@dataclass(frozen=True)
class ByzantineForge:
    """The adversary sends ``process`` a block that no correct process would have made.

    The hash of the block tells whether it has work.  ``losses`` are what ``process`` finds if it
    comes to evaluate the block.
    """

    process: Process
    block: Block
    losses: Answer


Action = Mine | Receive | ByzantineMine | ByzantinePublish | ByzantineForge
