"""What Byzantine nodes do in Streamlet, by name.

A Byzantine node runs the protocol to know what is going on; its misbehaviour turns what a correct
node would send into what it does send.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from model_consensus.evolutionary_search import Process, tagged_digest
from model_consensus.streamlet.messages import (
    Block,
    Chain,
    Notarization,
    Packet,
    Proposal,
    Request,
    Vote,
)
from model_consensus.streamlet.state import Identity, Send

FLOOD = 20
"""Packets of each kind that a flooding node sends to everybody in an epoch."""


@dataclass(frozen=True)
class Occasion:
    """What a Byzantine node sees when it acts.

    :ivar received: the packet that arrived; None at the beginning of an epoch.
    :ivar out: what a correct node would send.
    :ivar others: all other processes, in an order that changes from time to time.
    """

    me: Identity
    epoch: int
    received: Packet | None
    out: Sequence[Send]
    others: Sequence[Process]

    def vote(self, block: Block) -> Vote:
        """A vote of this node."""
        return self.me.committee.vote(self.me.process, self.me.sign, block)

    @property
    def half(self) -> Sequence[Process]:
        """Some half of the others."""
        return self.others[: (len(self.others) + 1) // 2]


def _silent(now: Occasion) -> list[Send]:
    return []


def _vote_for_everything(now: Occasion) -> list[Send]:
    """Vote for each block that is proposed, also for several of one epoch."""
    match now.received:
        case Proposal(block, _):
            return [*now.out, Send(None, now.vote(block))]
    return list(now.out)


def _equivocate(now: Occasion) -> list[Send]:
    """As a leader show one block to some and another to the others; vote for both."""
    out = []
    for send in _vote_for_everything(now):
        match send.packet:
            case Proposal(block, vote):
                body = b"a second block of one epoch"
                other = now.me.committee.message(now.me.process, now.me.sign, body)
                second = replace(block, payload=None if block.payload else other)
                for process in now.others:
                    shown = block if process in now.half else second
                    out.append(Send(process, Proposal(shown, now.vote(shown))))
                out += [Send(None, vote), Send(None, now.vote(second))]
            case _:
                out.append(send)
    return out


def _split(now: Occasion) -> list[Send]:
    """Show proposals, votes and chains to some half of the others only."""
    return [
        Send(process, send.packet)
        for send in now.out
        for process in (now.half if send.to is None else [send.to])
    ]


def _flood(now: Occasion) -> list[Send]:
    """Behave, and send rubbish of every kind besides, most of it well signed."""
    if now.received is not None:
        return list(now.out)
    me, committee = now.me, now.me.committee
    rubbish: list[Packet] = []
    for number in range(FLOOD):
        parent = tagged_digest("model-consensus/streamlet/rubbish/1", now.epoch, number)
        message = committee.message(me.process, me.sign, parent)
        block = Block(now.epoch + number % 3, parent, message)
        vote = now.vote(block)
        rubbish += [
            message,
            vote,
            Proposal(block, vote),
            Chain((Notarization(block, (vote,)),)),
            committee.request(me.process, me.sign, now.epoch, number),
            Request("nobody", now.epoch, number, bytes(64)),
            Vote(now.others[0], now.epoch, parent, vote.signature),
        ]
    return [*now.out, *(Send(None, packet) for packet in rubbish)]


@dataclass(frozen=True)
class Misbehaviour:
    """A named behaviour of Byzantine nodes.

    :ivar packets: what the node sends instead of what a correct node would.
    :ivar crashes: whether the adversary also crashes the correct processes, one after the other.
    """

    tries: str
    stopped_by: str
    packets: Callable[[Occasion], list[Send]]
    crashes: bool = False


def _behave(now: Occasion) -> list[Send]:
    return list(now.out)


MISBEHAVIOURS: dict[str, Misbehaviour] = {
    "none": Misbehaviour("follow the protocol", "there is nothing to stop", _behave),
    "silent": Misbehaviour(
        "stop the others by sending nothing, in its own epochs too",
        "other leaders follow, and n - f votes are enough to notarize",
        _silent,
    ),
    "crash-and-restart": Misbehaviour(
        "have correct processes vote twice or lose decisions, by crashing each again and again",
        "votes, the lock and the log are persisted before anything is sent",
        _vote_for_everything,
        crashes=True,
    ),
    "vote-for-everything": Misbehaviour(
        "have two blocks of one epoch notarized, by voting for each",
        "any two quorums share a correct process, which votes once in an epoch",
        _vote_for_everything,
    ),
    "equivocate": Misbehaviour(
        "split the others, by showing one block to some and another to the rest as a leader",
        "any two quorums share a correct process, which votes once in an epoch",
        _equivocate,
    ),
    "split": Misbehaviour(
        "leave the others with different views, by showing each of its votes to half of them",
        "the votes of n - f are enough, and everybody shows the notarized chain that it has seen",
        _split,
    ),
    "flood": Misbehaviour(
        "exhaust memory with packets of every kind, most of them well signed",
        "one vote of a process in an epoch is kept, one proposal, few messages, and few epochs",
        _flood,
    ),
}
"""What Byzantine nodes do, by name."""
