"""Learning over Streamlet as a state machine: any schedule, any loss, an adversary that says all.

Real nodes exchange encoded packets through a network that hands over, repeats and forgets them at
will; processes are cut off, crash at any time and restart from what they had persisted.  On top of
each node is a learner, which takes what the node delivers.  The machine checks the safety of both
specifications in every state, and keeps a trace of each.  Its other job is to fail: with a rule
taken out of the node it has to find the property that falls.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
)

from model_consensus import tob_learner
from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import Digest, Process, Ticket
from model_consensus.simulation.streamlet_record import Record
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet import state as streamlet_state
from model_consensus.streamlet.codec import CodecError, decode, encode
from model_consensus.streamlet.messages import (
    Block,
    Chain,
    Committee,
    Message,
    Notarization,
    Packet,
    Proposal,
    Vote,
    simulation_key,
    sorted_votes,
)
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.streamlet.state import Durable, Identity, Node, Send, Step
from model_consensus.systems.tob import Deliver, Order, Receive, TobSystem
from model_consensus.tla.values import Function, Value
from model_consensus.tob_learner import current_generation
from property_tests.machines.drawn import claims, landscapes, sizes
from property_tests.machines.schedules import (
    SAME_EVERY_TIME,
    Event,
)
from property_tests.machines.tob_properties import TobProperties

CORRECT = ("p1", "p2", "p3")
"""They take part in every instance, as does the Byzantine process; larger ones have others."""
BYZANTINE = "b1"
BODIES = (b"x", b"y")
EPOCHS = 24
GENERATIONS = 10
NAMES = 60
"""Messages that a schedule may name; it has far fewer."""
KEYS = {name: simulation_key(3, name) for name in (*CORRECT, "p4", "p5", "b1", "b2")}

# Correct and Byzantine processes and λ.
FEW = ((3, 1, 2), (5, 2, 4))
ALL = ((3, 1, 2), (3, 1, 3), (4, 1, 2), (4, 1, 4), (5, 2, 3), (5, 2, 4))


class StreamletMachine(TobProperties):
    """Byzantine processes lead the epochs that Hypothesis gives them.

    To test another learner or another node, give a subclass another ``receive`` or ``react``.
    """

    receive: Receive = staticmethod(tob_learner.receive)
    react: Callable[[Identity, Node, Packet], Step] = staticmethod(streamlet.receive)
    nodes: dict[Process, Node]

    @initialize(size=sizes(FEW, ALL), data=st.data())
    def start(self, size: tuple[int, int, int], data: st.DataObject) -> None:
        correct, byzantine, lambda_ = size
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
        self.nodes = {p: streamlet.restart(self.me[p], Durable()) for p in self.correct}
        self.disks = dict.fromkeys(self.correct, Durable())
        self.packets: list[bytes] = []
        self.senders: list[Process] = []
        self.blocks: dict[Digest, Block] = {}
        self.votes: dict[Digest, dict[Process, Vote]] = {}
        self.logs: dict[Process, tuple[Block, ...]] = dict.fromkeys(self.correct, ())
        self.broadcast_by_correct: set[Message] = set()
        self.down: set[Process] = set()
        self.cut: frozenset[Process] = frozenset()
        self.healed = False
        self.record = Record(self.committee, self.correct)
        self.seen: list[tuple[str, Function]] = [("Init", self.record.state())]
        self.set_up(
            TobSystem(
                names,
                self.byzantine,
                lambda_,
                data.draw(landscapes(1, lambda_)),
                GENERATIONS,
                name=self.model_name,
                receive=type(self).receive,
            )
        )

    # ------------------------------------------------------------------ the specification's steps

    def saw(self, action: str, process: Process) -> None:
        """A step of Streamlet.tla, if it changed anything."""
        state, step = self.record.state(), None
        if state != self.seen[-1][1]:
            self.seen.append((action, state))
            step = "Streamlet", len(self.seen) - 1
        self.events.append(Event(action, process, step))

    def voted(self, action: str, process: Process, block: Block) -> None:
        """A correct process has voted; messages that this finalizes get their places."""
        ordered = self.record.voted(process, block)
        self.saw(action, process)
        for message in ordered:
            offer = decode_offer(message.sender, message.body)
            if offer is None:
                continue
            if message.sender in self.correct:
                self.take(Order(offer))
            else:
                actions = list(self.system.byzantine_offers(self.state, offer))
                self.take(self.data.draw(st.sampled_from(actions)))

    def delivered(self, process: Process, block: Block, lock: int) -> None:
        """A node has delivered a block: its message goes to the learner."""
        self.record.delivered(process, block, lock)
        self.saw("Deliver", process)
        if self.healed:
            self.hard.add("a finalization after a partition")
        if self.committee.leader(block.epoch) in self.byzantine:
            self.hard.add("a Byzantine leader's decision")
        message = block.payload
        offer = None if message is None else decode_offer(message.sender, message.body)
        if offer is not None:
            assert self.state.broadcast.inbox[process][:1] == (offer,), "RefinesTotalOrderBroadcast"
            self.take(Deliver(process))
            self.hard.add("an offer reaches a learner")

    # ------------------------------------------------------------------ what correct processes do

    def moved(self, process: Process, node: Node, out: tuple[Send, ...]) -> None:
        """Deliver, persist, and only then send."""
        for send in out:
            match send.packet:
                case Proposal(block, vote) if vote.voter == process:
                    self.blocks[block.digest] = block
                    self.cast(vote)
                    self.voted("Propose", process, block)
                case Vote(voter, _, digest) as vote if voter == process:
                    self.cast(vote)
                    self.voted("Vote", process, self.blocks[digest])
        while True:
            node, delivered = streamlet.deliver(node)
            if delivered is None:
                break
            self.delivered(process, delivered, node.durable.lock)
        self.nodes[process], self.disks[process] = node, node.durable
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
            me = self.me[process]
            self.moved(process, *type(self).react(me, self.nodes[process], packet))

    def enter(self, process: Process, epoch: int) -> None:
        """The clock of a process goes on."""
        if process not in self.down and self.nodes[process].epoch < epoch <= EPOCHS:
            self.events.append(Event(f"epoch {epoch}", process))
            self.moved(process, *streamlet.begin(self.me[process], self.nodes[process], epoch))

    def connected(self, position: int, process: Process) -> bool:
        """Whether no partition lies between the sender of a packet and a process."""
        return (self.senders[position] in self.cut) == (process in self.cut)

    @rule(process=st.sampled_from(CORRECT), ahead=st.integers(1, 2))
    def begin(self, process: Process, ahead: int) -> None:
        self.enter(process, self.nodes[process].epoch + ahead)

    @rule()
    def begin_together(self) -> None:
        epoch = max(node.epoch for node in self.nodes.values()) + 1
        for process in self.correct:
            self.enter(process, epoch)

    @rule(epochs=st.integers(1, 4), repaired=st.booleans(), data=st.data())
    def good_epochs(self, epochs: int, repaired: bool, data: st.DataObject) -> None:
        """In each of some epochs all packets arrive that no partition stops; perhaps none does.

        A Byzantine leader does as a correct one would, except for what it proposes.
        """
        if repaired:
            self.split(frozenset())
            for process in sorted(self.down):
                self.started(process)
        for _ in range(epochs):
            if repaired and self.offering():
                self.offer_all(data)
            position = len(self.packets)
            self.begin_together()
            epoch = max(node.epoch for node in self.nodes.values())
            leader = self.committee.leader(epoch)
            if leader in self.byzantine:
                parent = streamlet_state.best(self.nodes[data.draw(st.sampled_from(CORRECT))])
                block = Block(epoch, parent, self.byzantine_message(data))
                self.blocks.setdefault(block.digest, block)
                proposal = Proposal(block, self.byzantine_vote(block, leader))
                for process in self.correct:
                    self.hand_over(process, proposal)
            for block in [each for each in self.blocks.values() if each.epoch == epoch]:
                for voter in self.byzantine:
                    for process in self.correct:
                        self.hand_over(process, self.byzantine_vote(block, voter))
            while position < len(self.packets):
                for process in self.correct:
                    if self.connected(position, process):
                        self.hand_over(process, decode(self.packets[position]))
                position += 1

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
        """The application has a message that is no offer."""
        self.broadcast_body(process, body)

    def broadcast_body(self, process: Process, body: bytes) -> None:
        if process in self.down or len(self.nodes[process].durable.outgoing) == streamlet.PENDING:
            return
        node, out = streamlet.broadcast(self.me[process], self.nodes[process], body)
        message = self.message(process, body)
        self.broadcast_by_correct.add(message)
        self.record.broadcast(message)
        self.saw("Broadcast", process)
        self.moved(process, node, out)

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
        self.broadcast_body(process, encode_offer(offer))

    def offering(self) -> list[Process]:
        return [
            p
            for p in self.correct
            if p not in self.down
            and self.system.can_offer(self.state, p)
            and len(self.nodes[p].durable.outgoing) < streamlet.PENDING
        ]

    # ------------------------------------------------------------------ what goes wrong

    @rule(side=st.frozensets(st.sampled_from(CORRECT), max_size=2))
    def partition(self, side: frozenset[Process]) -> None:
        """Some processes and the others do not hear each other; with no such side it heals."""
        self.split(side)

    def split(self, side: frozenset[Process]) -> None:
        self.healed = self.healed or (bool(self.cut) and not side)
        self.cut = side
        self.events.append(Event("partition" if side else "heal", " ".join(sorted(side))))

    @rule(process=st.sampled_from(CORRECT))
    def crash(self, process: Process) -> None:
        self.down.add(process)
        self.events.append(Event("crash", process))

    @precondition(lambda self: self.down)
    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        """It starts from its disk; the learner's state is what it made of the log on it."""
        self.started(data.draw(st.sampled_from(sorted(self.down))))

    def started(self, process: Process) -> None:
        self.down.remove(process)
        self.events.append(Event("restart", process))
        self.nodes[process] = streamlet.restart(self.me[process], self.disks[process])
        self.hard.add("a restart")

    # ------------------------------------------------------------------ what the adversary does

    def message(self, sender: Process, body: bytes) -> Message:
        return self.committee.message(sender, self.me[sender].sign, body)

    def byzantine_vote(self, block: Block, voter: Process = BYZANTINE) -> Vote:
        return self.committee.vote(voter, self.me[voter].sign, block)

    def byzantine_message(self, data: st.DataObject) -> Message:
        """An offer on some learner's model, with a claim that may be false; or no offer at all."""
        sender = data.draw(st.sampled_from(self.byzantine))
        if data.draw(st.integers(0, 3)) == 0:
            return self.message(sender, data.draw(st.sampled_from(BODIES)))
        learner = self.state.learner[data.draw(st.sampled_from(self.correct))]
        ticket = Ticket(
            current_generation(learner) + data.draw(st.sampled_from((0, 0, 0, 1))), sender, 0
        )
        claim = data.draw(claims(self.state.loss))
        lie = tob_learner.Offer(sender, learner.model.digest, ticket, claim)
        return self.message(sender, encode_offer(lie))

    @rule(
        voters=st.sets(st.sampled_from(CORRECT), min_size=2),
        back=st.sampled_from([1, 1, 1, 1, 2, 3, 4]),
        ahead=st.sampled_from([1, 1, 1, 0, 2]),
        equivocate=st.booleans(),
        data=st.data(),
    )
    def byzantine_propose(
        self, voters: set[Process], back: int, ahead: int, equivocate: bool, data: st.DataObject
    ) -> None:
        """The adversary leads some processes to vote for a block of its choice, if they can.

        It shows them the parent with all votes, and the block, perhaps with a forged message; and
        perhaps another block to the others.
        """
        voters = voters | set(self.correct[3:4])
        epoch = max(self.nodes[process].epoch for process in voters) + ahead
        if not 0 < epoch <= EPOCHS:
            return
        leader = self.committee.leader(epoch)
        leader = leader if leader in self.byzantine else BYZANTINE
        parents = [self.committee.genesis, *self.blocks]
        parent = parents[-min(back, len(parents))]
        broadcast = sorted(self.broadcast_by_correct, key=lambda m: (m.sender, m.body))
        payload = data.draw(
            st.sampled_from(
                [
                    None,
                    self.byzantine_message(data),
                    replace(self.message(BYZANTINE, b"forged"), sender="p1"),
                    *broadcast,
                ]
            )
        )
        second = self.message(BYZANTINE, b"a second block")
        shown = {process: Block(epoch, parent, payload) for process in voters}
        if equivocate:
            shown = {p: Block(epoch, parent, second) for p in self.correct} | shown
        for process, block in sorted(shown.items()):
            self.blocks.setdefault(block.digest, block)
            self.enter(process, epoch)
            self.hand_over(process, self.evidence(parent))
            self.hand_over(process, Proposal(block, self.byzantine_vote(block, leader)))

    @precondition(lambda self: self.blocks)
    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def byzantine_show(self, process: Process, data: st.DataObject) -> None:
        """The adversary votes for a block and shows its chain, with all votes, to one process."""
        blocks = list(self.blocks)
        back = data.draw(st.integers(1, len(blocks)))
        self.hand_over(process, self.evidence(blocks[-back]))

    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def byzantine_broadcast(self, process: Process, data: st.DataObject) -> None:
        """A correct leader may come to propose what the adversary has to say."""
        self.hand_over(process, self.byzantine_message(data))

    def evidence(self, digest: Digest) -> Chain:
        links: list[Notarization] = []
        while digest in self.blocks:
            block = self.blocks[digest]
            own = {voter: self.byzantine_vote(block, voter) for voter in self.byzantine}
            votes = {**self.votes.get(digest, {}), **own}
            links.append(Notarization(block, sorted_votes(votes.values())))
            digest = block.parent
        return Chain(tuple(reversed(links)))

    @rule(process=st.sampled_from(CORRECT), data=st.binary(max_size=200))
    def byzantine_rubbish(self, process: Process, data: bytes) -> None:
        try:
            packet = decode(data)
        except CodecError:
            return
        node = self.nodes[process]
        assert type(self).react(self.me[process], node, packet)[0] is node

    # ------------------------------------------ the properties, as Streamlet.tla has them

    def traces(self) -> list[Trace]:
        if not hasattr(self, "state"):
            return []
        leader = tuple(map(self.committee.leader, range(1, EPOCHS + 1)))
        constants: dict[str, Value] = {
            "Proc": frozenset(self.committee.processes),
            "Byzantine": frozenset(self.byzantine),
            "Epochs": EPOCHS,
            "Message": frozenset(f"{p}:{i}" for p in self.correct for i in range(1, NAMES)),
            "Forgery": frozenset(f"{p}:{i}" for p in self.byzantine for i in range(1, NAMES)),
        }
        states = [Function({**state, "leader": leader}) for _, state in self.seen]
        actions = [action for action, _ in self.seen]
        source = type(self).__name__
        nodes = Trace(source, "Streamlet", constants, "", {}, actions, states)
        return [nodes, *super().traces()]

    @invariant()
    def integrity(self) -> None:
        for process in self.correct:
            log = tuple(link.block for link in self.nodes[process].durable.log)
            before = self.logs[process]
            assert log[: len(before)] == before
            self.logs[process] = log

    @invariant()
    def consistency(self) -> None:
        for short, long in combinations(sorted(self.logs.values(), key=len), 2):
            assert long[: len(short)] == short
        lengths = list(map(len, self.logs.values()))
        if max(lengths) - min(lengths) > 1:
            self.hard.add("a lagging process")

    @invariant()
    def one_vote(self) -> None:
        cast = {
            (v.voter, v.epoch, v.block) for votes in self.votes.values() for v in votes.values()
        }
        assert len({(voter, epoch) for voter, epoch, _ in cast}) == len(cast)

    @invariant()
    def one_notarized(self) -> None:
        notarized = {
            (link.block.epoch, digest)
            for node in self.nodes.values()
            for digest, link in node.notarized.items()
        }
        assert len({epoch for epoch, _ in notarized}) == len(notarized)

    @invariant()
    def no_rival(self) -> None:
        """Only the second of three blocks in a row is meant: one below it may have a rival."""
        final: dict[int, Digest] = {}
        for node in self.nodes.values():
            for digest, link in node.notarized.items():
                if streamlet_state.is_consecutive(node, digest):
                    parent = link.block.parent
                    assert final.setdefault(node.lengths[parent], parent) == parent
        for node in self.nodes.values():
            for digest in node.notarized:
                length = node.lengths[digest]
                assert final.get(length, digest) == digest

    @invariant()
    def refines_total_order_broadcast(self) -> None:
        """What is delivered was broadcast and comes once; the learners have had it in order."""
        for process, log in self.logs.items():
            messages = [block.payload for block in log if block.payload is not None]
            assert len(set(messages)) == len(messages), "a message comes twice"
            correct = {message for message in messages if message.sender not in self.byzantine}
            assert correct <= self.broadcast_by_correct, "a message is made up"
            assert self.disks[process].log == self.nodes[process].durable.log

    @invariant()
    def what_a_node_knows_hangs_together(self) -> None:
        for process, node in self.nodes.items():
            assert node.durable == self.disks[process]
            assert set(node.lengths) == {self.committee.genesis, *node.notarized}
            for digest, link in node.notarized.items():
                assert node.lengths[digest] == node.lengths[link.block.parent] + 1


if not SAME_EVERY_TIME:  # otherwise the full run below does as much
    TestStreamletMachine = StreamletMachine.TestCase
    TestStreamletMachine.settings = settings(stateful_step_count=40)


class ForgingMachine(StreamletMachine):
    """The adversary votes in others' names too: one signature check stands against that."""

    @precondition(lambda self: self.blocks)
    @rule(process=st.sampled_from(CORRECT), back=st.integers(1, 3))
    def vote_for_others(self, process: Process, back: int) -> None:
        blocks = list(self.blocks)
        *below, last = self.evidence(blocks[-min(back, len(blocks))]).links
        own = self.byzantine_vote(last.block)
        forged = [replace(own, voter=voter) for voter in self.committee.processes]
        self.hand_over(process, Chain((*below, Notarization(last.block, sorted_votes(forged)))))
