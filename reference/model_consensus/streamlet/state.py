"""The state of a Streamlet node, and what can be read from it.

The rule of this file: a state is a value, and every function is a pure function of it.  Whether a
step is allowed is decided in :mod:`model_consensus.streamlet.node`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from model_consensus.evolutionary_search import Digest, Process
from model_consensus.streamlet.messages import (
    Block,
    Committee,
    Message,
    Notarization,
    Packet,
    Sign,
    Vote,
)


@dataclass(frozen=True)
class Identity:
    """Who a node is: its name, its committee and the secret that it signs with."""

    process: Process
    committee: Committee
    sign: Sign


@dataclass(frozen=True, slots=True)
class Durable:
    """What must survive a crash of fewer than all nodes.

    If all nodes stop at once, nobody may have the chain whose length is ``lock`` any more, and
    then nobody votes again: a host whose nodes can all stop together keeps the notarized blocks,
    too.

    :ivar voted: the last epoch for which the node voted.
    :ivar lock: the length of the longest notarized chain that it acted on.
    :ivar log: the blocks finalized and delivered, from the first one, with their votes.
    :ivar outgoing: its own messages that have not been delivered.
    """

    voted: int = 0
    lock: int = 0
    log: tuple[Notarization, ...] = ()
    outgoing: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """The state of a node: what must survive a crash, and what it has seen since it started.

    :ivar epoch: the current epoch, 0 before the first.
    :ivar notarized: the notarized blocks it has seen; with a block, all blocks that it stands on.
    :ivar lengths: the length of the chain that ends in each of those, and in the genesis block.
    :ivar finalizing: the last of the three blocks that finalize the longest chain known to be
        final; the genesis block before the first chain is final.
    :ivar proposals: by epoch, the first block that the leader proposed.
    :ivar votes: by epoch and voter, the first vote seen.
    :ivar pending: by sender, the messages that wait for a block.
    :ivar asked: whom it asked for blocks in this epoch.
    :ivar answered: whose requests it has answered in this epoch.
    """

    durable: Durable
    lengths: Mapping[Digest, int]
    finalizing: Digest
    epoch: int = 0
    notarized: Mapping[Digest, Notarization] = field(default_factory=dict)
    proposals: Mapping[int, Block] = field(default_factory=dict)
    votes: Mapping[tuple[int, Process], Vote] = field(default_factory=dict)
    pending: Mapping[Process, tuple[Message, ...]] = field(default_factory=dict)
    asked: frozenset[Process] = frozenset()
    answered: frozenset[Process] = frozenset()


@dataclass(frozen=True, slots=True)
class Send:
    """A packet to one process, or to all others."""

    to: Process | None
    packet: Packet


Step = tuple[Node, tuple[Send, ...]]
"""A node after a step, and what it wants sent."""


def epoch_of(node: Node, block: Digest) -> int:
    """The epoch of a notarized block; the genesis block has epoch 0."""
    return node.notarized[block].block.epoch if block in node.notarized else 0


def chain(node: Node, block: Digest) -> tuple[Notarization, ...]:
    """The chain that ends in a notarized block, without the genesis block."""
    links = []
    while block in node.notarized:
        links.append(node.notarized[block])
        block = links[-1].block.parent
    return tuple(reversed(links))


def best(node: Node) -> Digest:
    """A longest notarized chain; of several, the one of the latest epoch."""
    return max(node.lengths, key=lambda d: (node.lengths[d], epoch_of(node, d), d))


def is_longest(node: Node, parent: Digest) -> bool:
    """Whether a notarized chain is not shorter than another seen, or acted on before a crash."""
    return node.lengths[parent] >= max(node.durable.lock, *node.lengths.values())


def is_consecutive(node: Node, block: Digest) -> bool:
    """Whether a notarized block is the last of three in a row of consecutive epochs."""
    if node.lengths[block] < 2:
        return False
    parent = node.notarized[block].block.parent
    grandparent = node.notarized[parent].block.parent
    epoch = epoch_of(node, block)
    return epoch_of(node, parent) == epoch - 1 and epoch_of(node, grandparent) == epoch - 2


def is_fresh(node: Node, parent: Digest, message: Message) -> bool:
    """Whether a message does not yet stand in the chain that ends in ``parent``."""
    return all(link.block.payload != message for link in chain(node, parent))


def stands(node: Node, block: Block) -> bool:
    """Whether a block stands on a known notarized one of an earlier epoch."""
    return block.parent in node.lengths and epoch_of(node, block.parent) < block.epoch


def add(node: Node, link: Notarization) -> Node:
    """The node that has seen this block notarized; it stands on a known one."""
    block, digest = link.block, link.block.digest
    node = replace(
        node,
        notarized={**node.notarized, digest: link},
        lengths={**node.lengths, digest: node.lengths[block.parent] + 1},
    )
    log = node.durable.log
    if (
        is_consecutive(node, digest)
        and node.lengths[digest] > node.lengths[node.finalizing]
        and chain(node, block.parent)[: len(log)] == log  # always, if n > 3f
    ):
        node = replace(node, finalizing=digest)
    return node
