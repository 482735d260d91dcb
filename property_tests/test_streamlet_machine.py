"""Streamlet as a state machine: any schedule, any loss, any crash, an adversary that says anything.

Real nodes exchange encoded packets through a network that hands over, repeats and forgets them at
will.  Correct processes crash at any time and restart from what they had persisted.  The machine
checks the specification's safety in every state.  Its other job is to fail: with a rule taken out
of the node it has to find the property that falls.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from model_consensus import streamlet, streamlet_state
from model_consensus.evolutionary_search import Digest, Process
from model_consensus.streamlet_codec import CodecError, decode, encode
from model_consensus.streamlet_messages import (
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
from model_consensus.streamlet_state import Durable, Identity, Node, Send, Step

CORRECT = ("p1", "p2", "p3")
BYZANTINE = "b1"
KEYS = {name: simulation_key(3, name) for name in (*CORRECT, BYZANTINE)}
BODIES = (b"x", b"y")
EPOCHS = 12


class StreamletMachine(RuleBasedStateMachine):
    """Four processes, one of them Byzantine; it leads the epochs that Hypothesis gives it."""

    react: Callable[[Identity, Node, Packet], Step] = staticmethod(streamlet.receive)
    nodes: dict[Process, Node]

    @initialize(
        leaders=st.just([BYZANTINE])
        | st.lists(st.sampled_from((BYZANTINE, BYZANTINE, *CORRECT)), min_size=EPOCHS)
    )
    def start(self, leaders: list[Process]) -> None:
        self.committee = Committee(
            {name: public for name, (public, _) in KEYS.items()},
            lambda _, epoch: leaders[epoch % len(leaders)],
        )
        self.me = {p: Identity(p, self.committee, sign) for p, (_, sign) in KEYS.items()}
        self.nodes = {p: streamlet.restart(self.me[p], Durable()) for p in CORRECT}
        self.disks = {p: Durable() for p in CORRECT}
        self.packets: list[bytes] = []
        self.blocks: dict[Digest, Block] = {}
        self.votes: dict[Digest, dict[Process, Vote]] = {}
        self.logs: dict[Process, tuple[Block, ...]] = dict.fromkeys(CORRECT, ())
        self.broadcast_by_correct: set[Message] = set()

    # ------------------------------------------------------------------ what correct processes do

    def moved(self, process: Process, node: Node, out: tuple[Send, ...]) -> None:
        """Deliver, persist, and only then send."""
        while True:
            node, block = streamlet.deliver(node)
            if block is None:
                break
        self.nodes[process], self.disks[process] = node, node.durable
        for send in out:
            match send.packet:
                case Proposal(block, vote):
                    self.blocks[block.digest] = block
                    self.cast(vote)
                case Vote() as vote:
                    self.cast(vote)
            self.packets.append(encode(send.packet))

    def cast(self, vote: Vote) -> None:
        self.votes.setdefault(vote.block, {})[vote.voter] = vote

    def hand_over(self, process: Process, packet: Packet) -> None:
        me = self.me[process]
        self.moved(process, *type(self).react(me, self.nodes[process], packet))

    @rule(process=st.sampled_from(CORRECT), ahead=st.integers(1, 2))
    def begin(self, process: Process, ahead: int) -> None:
        node = self.nodes[process]
        self.moved(process, *streamlet.begin(self.me[process], node, node.epoch + ahead))

    @rule()
    def begin_together(self) -> None:
        epoch = max(node.epoch for node in self.nodes.values()) + 1
        for process in CORRECT:
            self.moved(process, *streamlet.begin(self.me[process], self.nodes[process], epoch))

    @precondition(lambda self: self.packets)
    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def arrive(self, process: Process, data: st.DataObject) -> None:
        """A packet arrives, perhaps not for the first time."""
        back = data.draw(st.integers(1, min(len(self.packets), 40)))
        self.hand_over(process, decode(self.packets[-back]))

    @rule(process=st.sampled_from(CORRECT), last=st.integers(1, 20))
    def arrive_the_last(self, process: Process, last: int) -> None:
        for packet in self.packets[-last:]:
            self.hand_over(process, decode(packet))

    @rule(process=st.sampled_from(CORRECT))
    def crash_and_restart(self, process: Process) -> None:
        self.nodes[process] = streamlet.restart(self.me[process], self.disks[process])

    @rule(process=st.sampled_from(CORRECT), body=st.sampled_from(BODIES))
    def broadcast(self, process: Process, body: bytes) -> None:
        node, out = streamlet.broadcast(self.me[process], self.nodes[process], body)
        self.broadcast_by_correct.add(self.message(process, body))
        self.moved(process, node, out)

    # ------------------------------------------------------------------ what the adversary does

    def message(self, sender: Process, body: bytes) -> Message:
        return self.committee.message(sender, self.me[sender].sign, body)

    def byzantine_vote(self, block: Block) -> Vote:
        return self.committee.vote(BYZANTINE, self.me[BYZANTINE].sign, block)

    @rule(
        voters=st.sets(st.sampled_from(CORRECT), min_size=2),
        back=st.sampled_from([1, 1, 1, 1, 2, 3, 4]),
        ahead=st.sampled_from([1, 1, 1, 0, 2]),
        data=st.data(),
    )
    def byzantine_propose(
        self, voters: set[Process], back: int, ahead: int, data: st.DataObject
    ) -> None:
        """The adversary leads some processes to vote for a block of its choice, if they can.

        It shows them the parent with all votes, and the block, perhaps with a forged message.
        """
        epoch = max(self.nodes[process].epoch for process in voters) + ahead
        parents = [self.committee.genesis, *self.blocks]
        parent = parents[-min(back, len(parents))]
        broadcast = sorted(self.broadcast_by_correct, key=lambda m: (m.sender, m.body))
        payload = data.draw(
            st.sampled_from(
                [
                    None,
                    self.message(BYZANTINE, b"x"),
                    replace(self.message(BYZANTINE, b"forged"), sender="p1"),
                    *broadcast,
                ]
            )
        )
        block = Block(epoch, parent, payload)
        self.blocks.setdefault(block.digest, block)
        for process in sorted(voters):
            me = self.me[process]
            self.moved(process, *streamlet.begin(me, self.nodes[process], epoch))
            self.hand_over(process, self.evidence(parent))
            self.hand_over(process, Proposal(block, self.byzantine_vote(block)))

    @precondition(lambda self: self.blocks)
    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def byzantine_show(self, process: Process, data: st.DataObject) -> None:
        """The adversary votes for a block and shows its chain, with all votes, to one process."""
        blocks = list(self.blocks)
        back = data.draw(st.integers(1, len(blocks)))
        self.hand_over(process, self.evidence(blocks[-back]))

    def evidence(self, digest: Digest) -> Chain:
        links: list[Notarization] = []
        while digest in self.blocks:
            block = self.blocks[digest]
            votes = {**self.votes.get(digest, {}), BYZANTINE: self.byzantine_vote(block)}
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
        assert streamlet.receive(self.me[process], node, packet)[0] is node

    # ------------------------------------------------------------------ the properties

    @invariant()
    def logs_only_grow_and_agree(self) -> None:
        for process in CORRECT:
            log = tuple(link.block for link in self.nodes[process].durable.log)
            before = self.logs[process]
            assert log[: len(before)] == before, "Integrity"
            self.logs[process] = log
        for short, long in combinations(sorted(self.logs.values(), key=len), 2):
            assert long[: len(short)] == short, "Consistency"

    @invariant()
    def a_process_votes_once_in_an_epoch(self) -> None:
        cast = {
            (v.voter, v.epoch, v.block) for votes in self.votes.values() for v in votes.values()
        }
        assert len({(voter, epoch) for voter, epoch, _ in cast}) == len(cast), "OneVote"

    @invariant()
    def one_block_of_an_epoch_is_notarized(self) -> None:
        notarized = {
            (link.block.epoch, digest)
            for node in self.nodes.values()
            for digest, link in node.notarized.items()
        }
        assert len({epoch for epoch, _ in notarized}) == len(notarized), "OneNotarized"

    @invariant()
    def where_a_block_is_final_no_other_is_notarized(self) -> None:
        final = max(self.logs.values(), key=len)
        for node in self.nodes.values():
            for digest in node.notarized:
                length = node.lengths[digest]
                assert length > len(final) or final[length - 1].digest == digest, "NoRival"

    @invariant()
    def delivered_messages_were_broadcast_and_come_once(self) -> None:
        for log in self.logs.values():
            messages = [block.payload for block in log if block.payload is not None]
            assert len(set(messages)) == len(messages), "a message comes twice"
            correct = {message for message in messages if message.sender != BYZANTINE}
            assert correct <= self.broadcast_by_correct, "a message is made up"

    @invariant()
    def what_a_node_knows_hangs_together(self) -> None:
        for process, node in self.nodes.items():
            assert node.durable == self.disks[process]
            assert set(node.lengths) == {self.committee.genesis, *node.notarized}
            for digest, link in node.notarized.items():
                assert node.lengths[digest] == node.lengths[link.block.parent] + 1


TestStreamletMachine = StreamletMachine.TestCase
TestStreamletMachine.settings = settings(max_examples=60, stateful_step_count=50)


@settings(max_examples=500)
@given(st.binary(max_size=400) | st.builds(bytes.__add__, st.sampled_from([b"\x01\x01p\x00\x01a", b"\x03\x01p", b"\x04\x00", b"\x05\x01p"]), st.binary(min_size=60, max_size=120)))  # noqa: E501  # fmt: skip
def test_bytes_decode_to_a_packet_that_encodes_to_them_or_not_at_all(data: bytes) -> None:
    try:
        packet = decode(data)
    except CodecError:
        return
    assert encode(packet) == data


# ------------------------------------------------------------------ it must find bugs


Function = Callable[..., Any]


def forgets_votes(restart: Function) -> Function:
    return lambda me, durable: restart(me, replace(durable, voted=0))


FAULTS: dict[str, tuple[Any, str, Callable[[Function], Function]]] = {
    "a restart forgets the last vote": (streamlet, "restart", forgets_votes),
    "any vote notarizes": (Committee, "is_quorum", lambda real: lambda self, voters: voters > 0),
    "half of the votes notarize": (
        Committee,
        "is_quorum",
        lambda real: lambda self, voters: 2 * voters >= len(self.keys),
    ),
    "votes on chains that are not longest": (
        streamlet,
        "is_longest",
        lambda real: lambda node, parent: True,
    ),
    "messages may come twice": (
        streamlet,
        "is_fresh",
        lambda real: lambda node, parent, message: True,
    ),
    "signatures are not checked": (
        Committee,
        "is_authentic",
        lambda real: lambda self, signed: True,
    ),
    "two epochs in a row finalize": (
        streamlet_state,
        "is_consecutive",
        lambda real: (
            lambda node, block: (
                streamlet_state.epoch_of(node, node.notarized[block].block.parent)
                == streamlet_state.epoch_of(node, block) - 1
            )
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds_a_node_with_a_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, broken = FAULTS[fault]
    monkeypatch.setattr(where, name, broken(getattr(where, name)))
    found = settings(
        max_examples=2000,
        stateful_step_count=50,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # found is enough: it need not be shrunk
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(StreamletMachine, settings=found)
