"""Correct processes over Streamlet in a state machine: nodes, learners, packets and crashes.

Real nodes exchange encoded packets through a network that hands over, repeats and forgets them at
will; processes are cut off, crash at any time, also between persisting and sending, and restart
from what they had persisted.  On top of each node is a learner, which takes what the node delivers.
"""

from types import ModuleType, SimpleNamespace

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
)

from model_consensus import tob_learner
from model_consensus.evolutionary_search import Digest, Process
from model_consensus.simulation.streamlet_host import (
    Delivered,
    Host,
    Ordered,
    StreamletStep,
    reactions,
)
from model_consensus.simulation.streamlet_record import Record
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.codec import decode, encode
from model_consensus.streamlet.messages import (
    Block,
    Committee,
    Message,
    Packet,
    Proposal,
    Vote,
    simulation_key,
)
from model_consensus.streamlet.offers import encode_offer
from model_consensus.streamlet.state import Durable, Identity, Node, Send
from model_consensus.systems.tob import Order, Receive, TobSystem
from model_consensus.tla.values import Function
from property_tests.machines.drawn import landscapes, sizes
from property_tests.machines.schedules import Event
from property_tests.machines.streamlet_properties import EPOCHS, StreamletProperties

CORRECT = ("p1", "p2", "p3")
"""They take part in every instance, as does the Byzantine process; larger ones have others."""
BYZANTINE = "b1"
BODIES = (b"x", b"y")
GENERATIONS = 10
KEYS = {name: simulation_key(3, name) for name in (*CORRECT, "p4", "p5", "b1", "b2")}

# Correct and Byzantine processes and λ.
FEW = ((3, 1, 2, 1), (5, 2, 4, 2))
ALL = ((3, 1, 2, 1), (3, 1, 3, 2), (4, 1, 2, 2), (4, 1, 4, 3), (5, 2, 3, 1), (5, 2, 4, 2))


class StreamletProcesses(StreamletProperties):
    """What correct processes do, and what goes wrong with them."""

    receive: Receive = staticmethod(tob_learner.receive)
    nodes: ModuleType | SimpleNamespace = streamlet
    host: type[Host] = Host

    @initialize(size=sizes(FEW, ALL), data=st.data())
    def start(self, size: tuple[int, int, int, int], data: st.DataObject) -> None:
        correct, byzantine, lambda_, mu = size
        self.correct = tuple(f"p{i}" for i in range(1, correct + 1))
        self.byzantine = tuple(f"b{i}" for i in range(1, byzantine + 1))
        self.data = data
        names = (*self.correct, *self.byzantine)
        mixed = st.lists(st.sampled_from((BYZANTINE, *names)), min_size=6, max_size=12)
        leaders = data.draw(st.just([BYZANTINE]) | st.just(list(self.correct)) | mixed)
        self.committee = Committee(
            {name: KEYS[name][0] for name in names},
            lambda _, epoch: leaders[epoch % len(leaders)],
        )
        self.me = {p: Identity(p, self.committee, KEYS[p][1]) for p in names}
        self.packets: list[bytes] = []
        self.senders: list[Process] = []
        self.blocks: dict[Digest, Block] = {}
        self.votes: dict[Digest, dict[Process, Vote]] = {}
        self.logs: dict[Process, tuple[Block, ...]] = dict.fromkeys(self.correct, ())
        self.broadcast_by_correct: set[Message] = set()
        self.healed = False
        self.doomed: set[Process] = set()
        self.record = Record(self.committee, self.correct)
        self.seen: list[tuple[str, Function]] = [("Init", self.record.state())]
        self.set_up(
            TobSystem(
                names,
                self.byzantine,
                tob_learner.Rules(lambda_, mu),
                data.draw(landscapes(1, lambda_, mu)),
                GENERATIONS,
                name=self.model_name,
                receive=type(self).receive,
            )
        )
        self.hosts = {
            p: type(self).host(
                self.me[p],
                self.nodes.restart(self.me[p], Durable()),
                self.state.learner[p],
                self.nodes,
            )
            for p in self.correct
        }

    # ------------------------------------------------------------------ the specification's steps

    def saw(self, step: StreamletStep) -> None:
        """A step of Streamlet.tla, if it changed anything."""
        place = None
        if step.state != self.seen[-1][1]:
            self.seen.append((step.action, step.state))
            place = "Streamlet", len(self.seen) - 1
        self.events.append(Event(step.action, step.process, place))

    def ordered(self, offer: tob_learner.Offer) -> None:
        """A message that has become final gets its place."""
        if offer.sender in self.correct:
            self.take(Order(offer))
        else:
            actions = list(self.system.byzantine_offers(self.state, offer))
            self.take(self.data.draw(st.sampled_from(actions)))

    def delivered(self, process: Process, block: Block, offer: tob_learner.Offer | None) -> None:
        """A node has delivered a block: its message goes to the learner."""
        if self.healed:
            self.hard.add("a finalization after a partition")
        if self.committee.leader(block.epoch) in self.byzantine:
            self.hard.add("a Byzantine leader's decision")
        if offer is not None:
            assert self.state.broadcast.inbox[process][:1] == (offer,), "RefinesTotalOrderBroadcast"
            actions = list(self.system.deliveries(self.state, process))
            self.take(self.data.draw(st.sampled_from(actions)))
            self.hosts[process].learner = self.state.learner[process]
            self.hard.add("an offer reaches a learner")

    # ------------------------------------------------------------------ what correct processes do

    def moved(self, process: Process, node: Node, out: tuple[Send, ...]) -> None:
        """Deliver, persist, and only then send, unless a crash comes in between."""
        host = self.hosts[process]
        host.node = node
        for send in out:
            match send.packet:
                case Proposal(block, vote) if vote.voter == process:
                    self.blocks[block.digest] = block
                    self.cast(vote)
                case Vote(voter) as vote if voter == process:
                    self.cast(vote)
        for seen in reactions(self.record, host, out):
            match seen:
                case StreamletStep():
                    self.saw(seen)
                case Ordered(offer):
                    self.ordered(offer)
                case Delivered(_, delivered, offer):
                    self.delivered(process, delivered, offer)
        crashes = process in self.doomed and bool(out)
        host.finish(lambda: self.post(process, out), crashes)
        if crashes:
            self.doomed.remove(process)
            self.crashed(process)

    def post(self, process: Process, out: tuple[Send, ...]) -> None:
        """Packets are on their way."""
        self.packets += [encode(send.packet) for send in out]
        self.senders += [process] * len(out)

    def cast(self, vote: Vote) -> None:
        for digest, votes in self.votes.items():
            if votes and digest != vote.block and self.blocks[digest].epoch == vote.epoch:
                self.hard.add("an equivocation")
        self.votes.setdefault(vote.block, {})[vote.voter] = vote

    def hand_over(self, process: Process, packet: Packet) -> None:
        """A packet arrives; it is lost if the process is down."""
        if process not in self.down:
            node = self.hosts[process].node
            self.moved(process, *self.nodes.receive(self.me[process], node, packet))

    def enter(self, process: Process, epoch: int) -> None:
        """The clock of a process goes on."""
        node = self.hosts[process].node
        if process not in self.down and node.epoch < epoch <= EPOCHS:
            self.events.append(Event(f"epoch {epoch}", process))
            self.moved(process, *self.nodes.begin(self.me[process], node, epoch))

    def epoch(self) -> int:
        """The latest epoch of any node."""
        return max(host.node.epoch for host in self.hosts.values())

    def connected(self, position: int, process: Process) -> bool:
        """Whether no partition lies between the sender of a packet and a process."""
        return (self.senders[position] in self.cut) == (process in self.cut)

    @rule(process=st.sampled_from(CORRECT), ahead=st.integers(1, 2))
    def begin(self, process: Process, ahead: int) -> None:
        self.enter(process, self.hosts[process].node.epoch + ahead)

    @rule()
    def begin_together(self) -> None:
        epoch = self.epoch() + 1
        for process in self.correct:
            self.enter(process, epoch)

    @precondition(lambda self: self.packets)
    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def arrive(self, process: Process, data: st.DataObject) -> None:
        """A packet arrives, perhaps not for the first time."""
        back = data.draw(st.integers(1, min(len(self.packets), 40)))
        if self.connected(-back, process):
            self.hand_over(process, decode(self.packets[-back]))

    @rule(process=st.sampled_from(CORRECT), last=st.integers(1, 20))
    def arrive_the_last(self, process: Process, last: int) -> None:
        end = len(self.packets)
        for position in range(max(0, end - last), end):
            if self.connected(position, process):
                self.hand_over(process, decode(self.packets[position]))

    @rule(process=st.sampled_from(CORRECT), body=st.sampled_from(BODIES))
    def broadcast(self, process: Process, body: bytes) -> None:
        """The application has a message that is not an offer."""
        self.broadcast_body(process, body)

    def broadcast_body(self, process: Process, body: bytes) -> None:
        host = self.hosts[process]
        if process in self.down or len(host.node.durable.outgoing) == streamlet.PENDING:
            return
        node, out = self.nodes.broadcast(host.me, host.node, body)
        message = self.message(process, body)
        self.broadcast_by_correct.add(message)
        self.record.broadcast(message)
        self.saw(StreamletStep("Broadcast", self.record.state(), process))
        self.moved(process, node, out)

    def message(self, sender: Process, body: bytes) -> Message:
        """A message that ``sender`` has signed."""
        return self.committee.message(sender, self.me[sender].sign, body)

    @precondition(lambda self: self.offering())
    @rule(data=st.data())
    def offer(self, data: st.DataObject) -> None:
        self.offer_of(data, data.draw(st.sampled_from(self.offering())))

    def offer_all(self, data: st.DataObject) -> None:
        for process in self.offering():
            self.offer_of(data, process)

    def offer_of(self, data: st.DataObject, process: Process) -> None:
        """A learner makes its offer, and its node broadcasts it."""
        before = self.state.broadcast.network
        self.take(data.draw(st.sampled_from(list(self.system.offers(self.state, process)))))
        (offer,) = self.state.broadcast.network - before
        self.hosts[process].learner = self.state.learner[process]
        self.broadcast_body(process, encode_offer(offer))

    def offering(self) -> list[Process]:
        return [
            p
            for p in self.correct
            if p not in self.down
            and self.system.can_offer(self.state, p)
            and len(self.hosts[p].node.durable.outgoing) < streamlet.PENDING
        ]

    # ------------------------------------------------------------------ what goes wrong

    def split(self, side: frozenset[Process]) -> None:
        self.healed = self.healed or (bool(self.cut) and not side)
        super().split(side)

    @precondition(lambda self: self.up())
    @rule(data=st.data())
    def crash_before_sending(self, data: st.DataObject) -> None:
        """The next time that a process wants to send something, it persists it and crashes."""
        self.doomed.add(data.draw(st.sampled_from(self.up())))

    def recovered(self, process: Process) -> None:
        """It starts from its disk; the learner's state is what it made of the log on it."""
        self.hosts[process].restart()
        assert self.hosts[process].learner == self.state.learner[process]
