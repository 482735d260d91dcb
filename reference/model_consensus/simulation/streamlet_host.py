"""A process that runs a Streamlet node with a learner on top, and what specifications see of it.

The host keeps the rule that binds it (see :mod:`model_consensus.streamlet.node`): it persists what
must survive a crash before it sends anything.  A crash may come in between.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace

from model_consensus.evolutionary_search import Process
from model_consensus.simulation.streamlet_record import Record
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.messages import Block, Message, Proposal, Vote
from model_consensus.streamlet.offers import decode_offer
from model_consensus.streamlet.state import Durable, Identity, Node, Send
from model_consensus.tla.values import Function
from model_consensus.tob_learner import Learner, Offer


@dataclass
class Host:
    """A running process: its node, its learner, and what it has persisted of both.

    :ivar nodes: the functions of the node, those of :mod:`model_consensus.streamlet.node`.
    """

    me: Identity
    node: Node
    learner: Learner
    nodes: ModuleType | SimpleNamespace = streamlet
    up: bool = True
    disk: tuple[Durable, Learner] = field(init=False)

    def __post_init__(self) -> None:
        self.persist()

    def persist(self) -> None:
        """Write to the disk what must survive a crash."""
        self.disk = self.node.durable, self.learner

    def finish(self, send: Callable[[], None], crashes: bool) -> None:
        """End a step: persist, and only then send; with ``crashes`` stop in between."""
        self.persist()
        if not crashes:
            send()

    def restart(self) -> None:
        """Start again from the disk."""
        durable, self.learner = self.disk
        self.node, self.up = self.nodes.restart(self.me, durable), True


@dataclass(frozen=True)
class StreamletStep:
    """A step of ``Streamlet.tla``: its action's name, the variables after it, and who took it."""

    action: str
    state: Function
    process: Process = ""


@dataclass(frozen=True)
class Ordered:
    """An offer has got its place in the order of all offers."""

    offer: Offer


@dataclass(frozen=True)
class Delivered:
    """A node has delivered a block, and the offer in it, if there is one, to its learner."""

    process: Process
    block: Block
    offer: Offer | None


Seen = StreamletStep | Ordered | Delivered


def reactions(record: Record, host: Host, out: Sequence[Send]) -> Iterator[Seen]:
    """What a correct host has done in a step: the votes among what it sends, and deliveries.

    The host's node is the one after the step; what is final is delivered to it here.
    """
    process = host.me.process
    for send in out:
        match send.packet:
            case Proposal(block, vote) if vote.voter == process:
                yield from _voted(record, "Propose", process, block)
            case Vote(voter, _, digest) if voter == process:
                block = host.node.proposals[host.node.epoch]
                assert block.digest == digest
                yield from _voted(record, "Vote", process, block)
    while True:
        host.node, delivered = host.nodes.deliver(host.node)
        if delivered is None:
            return
        record.delivered(process, delivered, host.node.durable.lock)
        yield StreamletStep("Deliver", record.state(), process)
        yield Delivered(process, delivered, _offer(delivered.payload))


def _voted(record: Record, action: str, process: Process, block: Block) -> Iterator[Seen]:
    """A correct process has voted; messages that this finalizes get their places."""
    ordered = record.voted(process, block)
    yield StreamletStep(action, record.state(), process)
    for message in ordered:
        offer = _offer(message)
        if offer is not None:
            yield Ordered(offer)


def _offer(message: Message | None) -> Offer | None:
    return None if message is None else decode_offer(message.sender, message.body)
