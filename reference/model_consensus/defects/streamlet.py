"""Streamlet nodes with one thing wrong in each, to show what it is for.

Nobody should run these.  Each takes the place of the module
:mod:`model_consensus.streamlet.node`: it is that module with some functions replaced, as
``StreamletSystem(nodes=...)`` takes it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from types import FunctionType, SimpleNamespace
from typing import Any

from model_consensus.defects.replaced import replaced
from model_consensus.evolutionary_search import Digest
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet import state as streamlet_state
from model_consensus.streamlet.messages import (
    Block,
    Committee,
    Message,
    Notarization,
    Request,
    Vote,
)
from model_consensus.streamlet.state import (
    Durable,
    Identity,
    Node,
    chain,
    epoch_of,
    is_fresh,
    is_longest,
)


def with_steps(what: str, **steps: Any) -> SimpleNamespace:
    """The nodes with those functions of ``streamlet`` replaced; ``what`` is wrong with them."""
    return SimpleNamespace(**{**vars(replaced(streamlet, **steps)), "__doc__": what})


# ------------------------------------------------------------------ when a node votes


def _may_vote(
    once: Callable[[int, int], bool] = lambda voted, block: voted < block,
    longest: Callable[[Node, Digest], bool] = is_longest,
    fresh: Callable[[Node, Digest, Message], bool] = is_fresh,
    authentic: Callable[[Committee, Message], bool] = Committee.is_authentic,
) -> Callable[[Identity, Node, Block], bool]:
    """``may_vote`` with one of its conditions replaced."""

    def may_vote(me: Identity, node: Node, block: Block) -> bool:
        return (
            block.epoch == node.epoch
            and once(node.durable.voted, block.epoch)
            and block.parent in node.lengths
            and epoch_of(node, block.parent) < block.epoch
            and longest(node, block.parent)
            and (
                block.payload is None
                or (
                    fresh(node, block.parent, block.payload)
                    and authentic(me.committee, block.payload)
                )
            )
        )

    return may_vote


# ------------------------------------------------------------------ what is notarized and final


class _Everybody(Committee):
    def is_quorum(self, voters: int) -> bool:
        return voters >= len(self.keys)


class _AnyVote(Committee):
    def is_quorum(self, voters: int) -> bool:
        return voters > 0


class _Half(Committee):
    def is_quorum(self, voters: int) -> bool:
        return 2 * voters >= len(self.keys)


class _OneVoteLess(Committee):
    def is_quorum(self, voters: int) -> bool:
        return super().is_quorum(voters + 1)


class _Repeated(Committee):
    def is_certified(self, notarization: Notarization) -> bool:
        votes = notarization.votes
        return self.is_quorum(len(votes)) and all(
            vote.block == notarization.block.digest and self.is_authentic(vote) for vote in votes
        )


class _AnyBlock(Committee):
    def is_certified(self, notarization: Notarization) -> bool:
        votes = notarization.votes
        return self.is_quorum(len({vote.voter for vote in votes})) and all(
            map(self.is_authentic, votes)
        )


class _Unsigned(Committee):
    def is_authentic(self, signed: Message | Vote | Request) -> bool:
        return True


def _committee(what: str, kind: type[Committee]) -> SimpleNamespace:
    """The nodes of a committee with other rules; ``what`` is wrong with them."""

    @lru_cache(maxsize=64)
    def weak(committee: Committee) -> Committee:
        return kind(committee.keys, committee.leader_of, committee.verify)

    def weakly(function: FunctionType) -> Callable[..., Any]:
        return lambda me, *rest: function(replace(me, committee=weak(me.committee)), *rest)

    nodes = SimpleNamespace(**{**vars(streamlet), "__doc__": what})
    for name, value in vars(streamlet).items():
        if isinstance(value, FunctionType) and value.__code__.co_varnames[:1] == ("me",):
            setattr(nodes, name, weakly(value))
    return nodes


def _finalizes(three: Callable[[int, int, int], bool]) -> Any:
    """``add`` with another condition on the epochs of three notarized blocks in a row."""

    def is_consecutive(node: Node, block: Digest) -> bool:
        if node.lengths[block] < 2:
            return False
        parent = node.notarized[block].block.parent
        grandparent = node.notarized[parent].block.parent
        return three(*(epoch_of(node, each) for each in (grandparent, parent, block)))

    return replaced(streamlet_state, is_consecutive=is_consecutive).add


def _without_the_first(node: Node, block: Digest) -> tuple[Notarization, ...]:
    return chain(node, block)[1:]


# ------------------------------------------------------------------ what survives a crash


def _forgetting(**forgotten: Any) -> Callable[[Identity, Durable], Node]:
    """``restart`` from a disk on which something was not written."""
    return lambda me, durable: streamlet.restart(me, replace(durable, **forgotten))


DEFECTS: dict[str, SimpleNamespace] = {
    "votes-again": with_steps(
        "Votes several times in an epoch.",
        may_vote=_may_vote(once=lambda voted, block: voted <= block),
    ),
    "any-notarized": with_steps(
        "Votes on notarized chains that are not longest.",
        may_vote=_may_vote(longest=lambda node, parent: True),
    ),
    "repeats": with_steps(
        "Votes for a message that stands in the chain already.",
        may_vote=_may_vote(fresh=lambda node, parent, message: True),
    ),
    "made-up": with_steps(
        "Does not verify who broadcast the message in a block.",
        may_vote=_may_vote(authentic=lambda committee, message: True),
    ),
    "everybody": _committee("Notarizing takes the votes of all.", _Everybody),
    "any-vote": _committee("One vote notarizes.", _AnyVote),
    "half": _committee("Half of the votes notarize.", _Half),
    "one-vote-less": _committee("One vote less than two thirds notarizes.", _OneVoteLess),
    "repeated-votes": _committee("Counts several votes of one process.", _Repeated),
    "unsigned": _committee("Does not verify signatures.", _Unsigned),
    "votes-for-others": _committee("Counts votes for other blocks.", _AnyBlock),
    "any-three": with_steps(
        "Any three notarized blocks in a row finalize.", add=_finalizes(lambda a, b, c: True)
    ),
    "two-consecutive": with_steps(
        "Two blocks of consecutive epochs finalize.", add=_finalizes(lambda a, b, c: b == c - 1)
    ),
    "skips-the-first": with_steps(
        "Does not deliver the first block.",
        deliver=replaced(streamlet, chain=_without_the_first).deliver,
    ),
    "unbounded": with_steps(
        "Keeps votes, proposals and messages however old and many they are.",
        WINDOW=1 << 30,
        PENDING=1 << 30,
    ),
    "forgets-its-vote": with_steps(
        "Does not persist for which epoch it voted.", restart=_forgetting(voted=0)
    ),
    "forgets-its-lock": with_steps(
        "Does not persist the chain that it acted on.", restart=_forgetting(lock=0)
    ),
    "forgets-its-log": with_steps(
        "Does not persist what it delivered.", restart=_forgetting(log=())
    ),
}
"""The defective nodes by name."""
