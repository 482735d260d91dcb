"""The properties of Streamlet and of its blocks, evaluated in the implementation's states."""

from itertools import combinations
from typing import Any

from model_consensus.systems.streamlet import State as StreamletState
from model_consensus.systems.streamlet import StreamletSystem

Path = tuple[Any, ...]
"""A block as in TLA+: all blocks of its chain."""


def are_compatible(one: Path, other: Path) -> bool:
    """Whether one of two sequences continues the other."""
    return one[: len(other)] == other[: len(one)]


def _blocks(system: StreamletSystem, state: StreamletState) -> tuple[set[Path], set[Path]]:
    """``Notarized`` and the chains of ``Finalizing``, as new nodes find them that see every vote.

    The nodes' own rules decide.
    """
    notarized: set[Path] = {()}
    finalizing: set[Path] = set()
    for digest in {vote.block for cast in state.votes.values() for vote in cast}:
        node = system.shown(state, digest)
        if digest in node.lengths:
            notarized.add(system.lineage(digest))
        if node.finalizing != system.committee.genesis:
            finalizing.add(system.lineage(node.finalizing))
    return notarized, finalizing


def one_notarized(system: StreamletSystem, state: StreamletState) -> bool:
    """No two blocks of one epoch are notarized."""
    notarized, _ = _blocks(system, state)
    return all(
        one[-1]["epoch"] != other[-1]["epoch"]
        for one, other in combinations(filter(None, notarized), 2)
    )


def one_vote(system: StreamletSystem, state: StreamletState) -> bool:
    """No correct process votes for two blocks of one epoch."""
    votes: Any = system.project(state)["votes"]
    return all(
        one[-1]["epoch"] != other[-1]["epoch"]
        for process in votes
        for one, other in combinations(votes[process], 2)
    )


def no_rival(system: StreamletSystem, state: StreamletState) -> bool:
    """Where a block is finalized, no other one of that length is notarized."""
    notarized, finalizing = _blocks(system, state)
    return all(c == b[:-1] for b in finalizing for c in notarized if len(c) == len(b) - 1)


def consistency(system: StreamletSystem, state: StreamletState) -> bool:
    """What any two processes can ever come to deliver is one chain."""
    _, finalizing = _blocks(system, state)
    logs = [
        tuple(system.lineage(link.block.digest)[-1] for link in node.durable.log)
        for node in state.nodes.values()
    ]
    return all(
        are_compatible(*two) for two in combinations([*(b[:-1] for b in finalizing), *logs], 2)
    )


def delivers_what_was_broadcast(system: StreamletSystem, state: StreamletState) -> bool:
    """Final messages come once, and those of correct processes were broadcast.

    That is what ``RefinesTotalOrderBroadcast`` says of a state.
    """
    _, finalizing = _blocks(system, state)
    for block in finalizing:
        messages = [message for link in block[:-1] for message in link["payload"]]
        if len(messages) != len(set(messages)):
            return False
        if not {m for m in messages if m in system.messages} <= state.pool:
            return False
    return True
