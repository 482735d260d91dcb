"""Streamlet nodes with their adversary, as one labelled transition system.

:class:`StreamletSystem` is ``Streamlet.tla`` run with the real nodes of
:mod:`model_consensus.streamlet.node`: their rules and their signatures decide what is possible.
The system only shows them what the specification says that they may see, as late as possible: right
before a node votes or delivers it gets the blocks that this needs, with every vote that exists
for them and those of all Byzantine processes.

With ``restart`` each process crashes after each action and starts again from what it persisted.
The specification has no crashes, and the graph of transitions is the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Process
from model_consensus.streamlet import messages as streamlet_messages
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.messages import Block, Chain, Committee, Notarization, Proposal
from model_consensus.streamlet.state import Durable, Identity, Node, Send
from model_consensus.tla.values import Function, Value, function, record

Name = str | int
"""What stands for a message in the specification."""


@dataclass(frozen=True)
class State:
    """The correct processes' nodes, the votes that they have cast, the messages broadcast."""

    nodes: Mapping[Process, Node]
    votes: Mapping[Process, tuple[streamlet_messages.Vote, ...]]
    pool: frozenset[Name]


@dataclass(frozen=True)
class Broadcast:
    """A correct process broadcasts a message."""

    message: Name


@dataclass(frozen=True)
class Propose:
    """``process``, the leader of the block's epoch, proposes it."""

    process: Process
    block: Block


@dataclass(frozen=True)
class Vote:
    """``process`` votes for a block of another leader."""

    process: Process
    block: Block


@dataclass(frozen=True)
class Deliver:
    """``process`` sees that ``block`` finalizes its parent, and delivers the next block."""

    process: Process
    block: Digest


Action = Broadcast | Propose | Vote | Deliver
Payloads = Callable[["StreamletSystem", State, int], Iterable[Name | None]]
"""What the blocks of an epoch may carry in a state; None is nothing."""


def _few(system: "StreamletSystem", state: State, epoch: int) -> Iterable[Name | None]:
    if epoch == 1:
        return system.forgeries
    return (*state.pool, None) if epoch == 2 else state.pool


PAYLOADS: dict[str, Payloads] = {
    "own": lambda system, state, epoch: (epoch,),
    "few": _few,
    "all": lambda system, state, epoch: (None, *state.pool, *system.forgeries),
}
"""``ChosenPayloads`` of MCStreamlet.tla."""


class StreamletSystem:
    """n nodes, some of them Byzantine, for some epochs.

    :param processes: the names of all processes.
    :param byzantine: those that the adversary controls.
    :param leaders: who leads epochs 1, 2 and so on.
    :param messages: what correct processes can broadcast, and who broadcasts each.
    :param forgeries: what the adversary can broadcast in its own name.
    :param choice: what blocks may carry: a key of ``PAYLOADS``.
    :param restart: whether each process crashes and restarts after each action.
    :param nodes: the functions of the nodes; defective ones show what goes wrong.
    :raises ModelConsensusError: the parameters contradict each other.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        byzantine: Sequence[Process],
        leaders: Sequence[Process],
        messages: Mapping[Name, Process],
        forgeries: Sequence[Name],
        choice: str = "all",
        restart: bool = False,
        nodes: ModuleType | SimpleNamespace = streamlet,
    ) -> None:
        if not byzantine or not set(byzantine) < set(processes) or not set(leaders) <= {*processes}:
            raise ModelConsensusError(
                "one process at least is Byzantine, one correct, and a leader is one of them"
            )
        if not set(messages.values()) <= set(processes) - set(byzantine):
            raise ModelConsensusError("messages are broadcast by correct processes")
        self.correct = tuple(p for p in processes if p not in byzantine)
        self.byzantine = tuple(byzantine)
        self.epochs = len(leaders)
        self.payloads = PAYLOADS[choice]
        self.restart = restart
        self.nodes = nodes
        keys = {p: streamlet_messages.simulation_key(0, p) for p in processes}
        self.committee = Committee(
            {p: public for p, (public, _) in keys.items()}, lambda _, epoch: leaders[epoch - 1]
        )
        self.identity = {p: Identity(p, self.committee, sign) for p, (_, sign) in keys.items()}
        self.messages = messages
        self.forgeries: tuple[Name, ...] = tuple(forgeries)
        senders = {**messages, **dict.fromkeys(forgeries, byzantine[0])}
        self._message = {
            name: self.committee.message(p, self.identity[p].sign, str(name).encode())
            for name, p in senders.items()
        }
        self._name = {message: name for name, message in self._message.items()}
        self._blocks: dict[Digest, Block] = {}
        self._lineages: dict[Digest, tuple[Function, ...]] = {self.committee.genesis: ()}

    def initial(self) -> Iterator[State]:
        """The one initial state."""
        nodes = {p: self.nodes.restart(self.identity[p], Durable()) for p in self.correct}
        yield State(nodes, dict.fromkeys(self.correct, ()), frozenset())

    def enabled(self, state: State) -> Iterator[Action]:
        """Every action that the nodes are ready for."""
        yield from (Broadcast(name) for name in self.messages if name not in state.pool)
        voted = {vote.block: None for votes in state.votes.values() for vote in votes}
        candidates = [
            self._block(epoch, parent, name)
            for epoch in range(1, self.epochs + 1)
            for name in self.payloads(self, state, epoch)
            for parent in (self.committee.genesis, *voted)
        ]
        for process in self.correct:
            for block in candidates:
                if self._cast(state, process, block) is not None:
                    leads = self.committee.leader(block.epoch) == process
                    yield (Propose if leads else Vote)(process, block)
            for digest in voted:
                if self._deliver(state, process, digest) is not None:
                    yield Deliver(process, digest)

    def apply(self, state: State, action: Action) -> State:
        """The state after ``action``, which must be enabled.

        :raises ModelConsensusError: the node refuses.
        """
        match action:
            case Broadcast(name):
                process = self.messages[name]
                me = self.identity[process]
                node, _ = self.nodes.broadcast(me, state.nodes[process], str(name).encode())
                return self._moved(replace(state, pool=state.pool | {name}), process, node)
            case Propose(process, block) | Vote(process, block):
                cast = self._cast(state, process, block)
                if cast is not None:
                    node, vote = cast
                    votes = {**state.votes, process: (*state.votes[process], vote)}
                    return self._moved(replace(state, votes=votes), process, node)
            case Deliver(process, digest):
                delivered = self._deliver(state, process, digest)
                if delivered is not None:
                    return self._moved(state, process, delivered)
        raise ModelConsensusError(f"{action} is not enabled")

    def project(self, state: State) -> Function:
        """The variables pool, votes, lock and log of ``Streamlet.tla``."""
        durable = {p: node.durable for p, node in state.nodes.items()}
        return record(
            pool=frozenset(state.pool),
            votes=function(
                {
                    p: frozenset(self.lineage(v.block) for v in cast)
                    for p, cast in state.votes.items()
                }
            ),
            lock=function({p: each.lock for p, each in durable.items()}),
            log=function(
                {p: tuple(self._link(each.block) for each in d.log) for p, d in durable.items()}
            ),
        )

    def _moved(self, state: State, process: Process, node: Node) -> State:
        if self.restart:
            node = self.nodes.restart(self.identity[process], node.durable)
        return replace(state, nodes={**state.nodes, process: node})

    def _block(self, epoch: int, parent: Digest, name: Name | None) -> Block:
        block = Block(epoch, parent, None if name is None else self._message[name])
        self._blocks.setdefault(block.digest, block)
        return block

    def _link(self, block: Block) -> Function:
        payload: Value = () if block.payload is None else (self._name[block.payload],)
        return record(epoch=block.epoch, payload=payload)

    def lineage(self, digest: Digest) -> tuple[Function, ...]:
        """The links from the first block to this one: the block's name in the specification."""
        if digest not in self._lineages:
            block = self._blocks[digest]
            self._lineages[digest] = (*self.lineage(block.parent), self._link(block))
        return self._lineages[digest]

    def _evidence(self, state: State, digest: Digest) -> Chain:
        """The chain that ends in a block, with every vote for it that anybody could show."""
        links: list[Notarization] = []
        while digest in self._blocks:
            block = self._blocks[digest]
            votes = [
                vote for cast in state.votes.values() for vote in cast if vote.block == digest
            ] + [self._sign(p, block) for p in self.byzantine]
            links.append(Notarization(block, streamlet_messages.sorted_votes(votes)))
            digest = block.parent
        return Chain(tuple(reversed(links)))

    def shown(self, state: State, digest: Digest) -> Node:
        """A new node that has seen a block, those before it, and every vote for them."""
        me = self.identity[self.correct[0]]
        node: Node = self.nodes.restart(me, Durable())
        node, _ = self.nodes.on_chain(me, node, self._evidence(state, digest))
        return node

    def _sign(self, process: Process, block: Block) -> streamlet_messages.Vote:
        return self.committee.vote(process, self.identity[process].sign, block)

    def _cast(
        self, state: State, process: Process, block: Block
    ) -> tuple[Node, streamlet_messages.Vote] | None:
        """The process after its vote for ``block`` and that vote; None if it does not vote."""
        me, node = self.identity[process], state.nodes[process]
        leader = self.committee.leader(block.epoch)
        if block.epoch > node.epoch:
            node = self.nodes.enter(node, block.epoch)
        out: tuple[Send, ...]
        node, _ = self.nodes.on_chain(me, node, self._evidence(state, block.parent))
        if leader == process:
            if node.epoch != block.epoch:
                return None
            node, out = self.nodes.propose(me, node, block.parent, block.payload)
        else:
            if leader in self.byzantine:
                proposed = self._sign(leader, block)
            else:
                digest = block.digest
                cast = [vote for vote in state.votes[leader] if vote.block == digest]
                if not cast:
                    return None
                proposed = cast[0]
            node, out = self.nodes.on_proposal(me, node, Proposal(block, proposed))
        for send in out:
            match send.packet:
                case streamlet_messages.Vote() as vote if vote.block == block.digest:
                    return node, vote
                case Proposal(_, vote):
                    return node, vote
        return None

    def _deliver(self, state: State, process: Process, digest: Digest) -> Node | None:
        """The process after a delivery that the block with this digest makes possible, or None."""
        node, _ = self.nodes.on_chain(
            self.identity[process], state.nodes[process], self._evidence(state, digest)
        )
        if node.finalizing != digest:
            return None
        node, delivered = self.nodes.deliver(node)
        return None if delivered is None else node
