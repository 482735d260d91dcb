"""Learning over Streamlet as a state machine: any schedule, any loss, an adversary that says all.

The machine checks the safety of both specifications in every state, and keeps a trace of each.  Its
other job is to fail: with a rule taken out of the node it has to find which is violated.
"""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from model_consensus import tob_learner
from model_consensus.evolutionary_search import Digest, Process, Ticket
from model_consensus.streamlet import state as streamlet_state
from model_consensus.streamlet.codec import CodecError, decode
from model_consensus.streamlet.messages import (
    Block,
    Chain,
    Message,
    Notarization,
    Proposal,
    Vote,
    sorted_votes,
)
from model_consensus.streamlet.offers import encode_offer
from model_consensus.tob_learner import current_generation
from property_tests.machines.drawn import claims, legal
from property_tests.machines.streamlet_processes import (
    BODIES,
    BYZANTINE,
    CORRECT,
    StreamletProcesses,
)
from property_tests.machines.streamlet_properties import EPOCHS


class StreamletMachine(StreamletProcesses):
    """Byzantine processes lead the epochs that Hypothesis gives them.

    To test another learner, another node or another host, give a subclass another ``receive``,
    ``nodes`` or ``host``.
    """

    @rule(epochs=st.integers(1, 4), repaired=st.booleans(), data=st.data())
    def good_epochs(self, epochs: int, repaired: bool, data: st.DataObject) -> None:
        """In each of some epochs all packets arrive that no partition stops; perhaps none does.

        A Byzantine leader does as a correct one would, except for what it proposes.
        """
        if repaired:
            self.split(frozenset())
            for process in sorted(self.down):
                self.restarted(process)
        for _ in range(epochs):
            if repaired and self.offering():
                self.offer_all(data)
            position = len(self.packets)
            self.begin_together()
            epoch = self.epoch()
            leader = self.committee.leader(epoch)
            if leader in self.byzantine:
                parent = streamlet_state.best(self.hosts[data.draw(st.sampled_from(CORRECT))].node)
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

    # ------------------------------------------------------------------ what the adversary does

    def byzantine_vote(self, block: Block, voter: Process = BYZANTINE) -> Vote:
        return self.committee.vote(voter, self.me[voter].sign, block)

    def byzantine_message(self, data: st.DataObject) -> Message:
        """An offer on some learner's model, perhaps with a false claim; or another message."""
        sender = data.draw(st.sampled_from(self.byzantine))
        if data.draw(st.integers(0, 3)) == 0:
            return self.message(sender, data.draw(st.sampled_from(BODIES)))
        learner = self.state.learner[data.draw(st.sampled_from(self.correct))]
        ahead = data.draw(st.sampled_from((0, 0, 0, 1)))
        weights = data.draw(legal(self.system.landscapes))
        ticket = Ticket(current_generation(learner) + ahead, sender, weights)
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
        epoch = max(self.hosts[process].node.epoch for process in voters) + ahead
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
        node = self.hosts[process].node
        assert self.nodes.receive(self.me[process], node, packet)[0] is node


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
