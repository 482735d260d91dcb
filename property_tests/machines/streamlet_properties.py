"""The safety of ``Streamlet.tla``, checked in a state machine after every step.

Each property has the name that it has there.
"""

from itertools import combinations

from hypothesis.stateful import (
    invariant,
)

from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import Digest, Process
from model_consensus.simulation.streamlet_host import (
    Host,
)
from model_consensus.streamlet import state as streamlet_state
from model_consensus.streamlet.messages import (
    Block,
    Committee,
    Message,
    Vote,
)
from model_consensus.tla.values import Function, Value
from property_tests.machines.tob_properties import TobProperties

EPOCHS = 24
NAMES = 60
"""Messages that a schedule may name; it has far fewer."""


class StreamletProperties(TobProperties):
    """A machine of Streamlet nodes with learners on top."""

    committee: Committee
    correct: tuple[Process, ...]
    byzantine: tuple[Process, ...]
    hosts: dict[Process, Host]
    votes: dict[Digest, dict[Process, Vote]]
    logs: dict[Process, tuple[Block, ...]]
    broadcast_by_correct: set[Message]
    seen: list[tuple[str, Function]]

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
            log = tuple(link.block for link in self.hosts[process].node.durable.log)
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
            for host in self.hosts.values()
            for digest, link in host.node.notarized.items()
        }
        assert len({epoch for epoch, _ in notarized}) == len(notarized)

    @invariant()
    def no_rival(self) -> None:
        """Only the second of three blocks in a row is meant: one below it may have a rival."""
        final: dict[int, Digest] = {}
        nodes = [host.node for host in self.hosts.values()]
        for node in nodes:
            for digest, link in node.notarized.items():
                if streamlet_state.is_consecutive(node, digest):
                    parent = link.block.parent
                    assert final.setdefault(node.lengths[parent], parent) == parent
        for node in nodes:
            for digest in node.notarized:
                length = node.lengths[digest]
                assert final.get(length, digest) == digest

    @invariant()
    def refines_total_order_broadcast(self) -> None:
        """What is delivered was broadcast and comes once; the learners have had it in order."""
        for log in self.logs.values():
            messages = [block.payload for block in log if block.payload is not None]
            assert len(set(messages)) == len(messages), "a message comes twice"
            correct = {message for message in messages if message.sender not in self.byzantine}
            assert correct <= self.broadcast_by_correct, "a message is made up"

    @invariant()
    def what_a_node_knows_hangs_together(self) -> None:
        for host in self.hosts.values():
            node = host.node
            assert (node.durable, host.learner) == host.disk
            assert set(node.lengths) == {self.committee.genesis, *node.notarized}
            for digest, link in node.notarized.items():
                assert node.lengths[digest] == node.lengths[link.block.parent] + 1
