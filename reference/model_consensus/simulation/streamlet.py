"""Learning over Streamlet in a simulated network: the learner of the paper on a real broadcast.

Each process is a Streamlet node with the unchanged learner of
:mod:`model_consensus.tob_learner` on top: an offer is broadcast as a message, and what the node
delivers is handed to the learner.  The network is partially synchronous.  Before its stabilization
it delays, reorders, duplicates and loses packets, and partitions hold back what crosses them until
they heal; from then on packets arrive within half an epoch.  Processes crash, also between
persisting and sending, and come back with what they had persisted.  All chances come from raw words
of Philox, so a seed gives one run.

A run is watched in the two specifications' own terms.  Its steps are those of ``Streamlet.tla`` and
of ``TobLearning.tla``, each with the whole state, ready to be recorded and checked by TLC.
"""

import heapq
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

from model_consensus import tob_learner
from model_consensus.adversaries.streamlet import Misbehaviour, Occasion
from model_consensus.adversaries.tob import Attack, wanted
from model_consensus.conformance import traces
from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process
from model_consensus.simulation.schedule import Schedule
from model_consensus.simulation.streamlet_host import (
    Delivered,
    Host,
    Ordered,
    Seen,
    StreamletStep,
    reactions,
)
from model_consensus.simulation.streamlet_record import Record
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.codec import CodecError, decode, encode
from model_consensus.streamlet.messages import Committee, simulation_key
from model_consensus.streamlet.node import PENDING
from model_consensus.streamlet.offers import encode_offer
from model_consensus.streamlet.state import Durable, Identity, Send
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Action, Deliver, Order, State, TobSystem
from model_consensus.tla.values import Function, Value
from model_consensus.tob_learner import Offer, current_generation

TICKS = 8
"""Units of time in an epoch; after the stabilization a packet takes at most half of them."""

CRASH_PERIOD, CRASHED = 10, 2
"""Of so many epochs, in how many an adversary that crashes processes keeps one of them down."""


@dataclass(frozen=True)
class Partition:
    """In these epochs (both included) nothing passes between ``side`` and the others."""

    first: int
    last: int
    side: frozenset[Process]


@dataclass(frozen=True)
class Crash:
    """``process`` is down in these epochs (both included) and then restarts."""

    process: Process
    first: int
    last: int


@dataclass(frozen=True)
class Conditions:
    """What the network does.

    :ivar stable: the epoch from which it is synchronous; partitions and crashes should be over.
    :ivar lateness: the greatest delay before that, in epochs.
    :ivar loss: one packet in so many is lost before that, and as many are duplicated; 0 for none.
    :ivar cut_short: before that, one step of a correct process in so many is cut short by a crash
        between persisting and sending, and the process restarts at once; 0 for none.
    """

    stable: int = 1
    lateness: int = 3
    loss: int = 8
    cut_short: int = 0
    partitions: tuple[Partition, ...] = ()
    crashes: tuple[Crash, ...] = ()


@dataclass(frozen=True)
class TobStep:
    """A step of ``TobLearning.tla``, as :class:`TobSystem` has it; the first has no action."""

    action: Action | None
    state: State


Step = StreamletStep | TobStep


def round_robin(processes: tuple[Process, ...], epoch: int) -> Process:
    """The processes lead by turns."""
    return processes[(epoch - 1) % len(processes)]


class Simulation:
    """One run.

    :param system: the processes and what they learn; ``generations`` must be given.
    :param misbehaviour: what Byzantine nodes do to Streamlet.
    :param attack: what Byzantine learners offer.
    :param nodes: the functions of the correct nodes; defective ones show what goes wrong.
    :param host: the hosts; those of a subclass may be defective.
    :ivar packets: how many packets arrive, duplicates too; ``bytes``: how many bytes they have;
        ``lost``: how many packets are lost on their way.
    :raises ModelConsensusError: ``system`` has no end.
    """

    def __init__(
        self,
        system: TobSystem,
        landscape: OneLandscape,
        conditions: Conditions,
        misbehaviour: Misbehaviour,
        attack: Attack,
        seed: int,
        nodes: ModuleType | SimpleNamespace = streamlet,
        host: type[Host] = Host,
    ) -> None:
        if system.generations is None:
            raise ModelConsensusError("a simulation needs a number of generations")
        self.system, self.landscape, self.conditions = system, landscape, conditions
        self.misbehaviour, self.attack = misbehaviour, attack
        self.schedule = Schedule(seed)
        keys = {p: simulation_key(seed, p) for p in system.processes}
        self.committee = Committee({p: key for p, (key, _) in keys.items()}, round_robin)
        search = landscape.searched
        self.hosts: dict[Process, Host] = {}
        for process, (_, sign) in keys.items():
            me = Identity(process, self.committee, sign)
            learner = tob_learner.new_learner(search, process)
            functions = nodes if process in system.correct else streamlet
            self.hosts[process] = host(me, functions.restart(me, Durable()), learner, functions)
        self.state: State = next(iter(system.initial()))
        self.record = Record(self.committee, system.correct)
        self.packets = self.bytes = self.lost = 0
        self._queue: list[tuple[int, int, Process, bytes]] = []
        self._wanted: set[Offer] = set()

    def run(self, epochs: int) -> Iterator[Step]:
        """The steps of so many epochs, or fewer if all has been decided before."""
        yield StreamletStep("Init", self.record.state())
        yield TobStep(None, self.state)
        for epoch in range(1, epochs + 1):
            yield from self._arrivals(epoch * TICKS, epoch - 1)
            if self.is_done():
                return
            for process in self._shuffled():
                host = self.hosts[process]
                down = self._is_down(process, epoch)
                if not down and not host.up:
                    host.restart()
                host.up = not down
                if host.up:
                    yield from self._begin(host, epoch)

    def traces(self, source: str, epochs: int) -> tuple[Trace, Trace]:
        """A whole run of so many epochs, as a trace of Streamlet and one of TobLearning."""
        nodes: list[StreamletStep] = []
        learners: list[TobStep] = []
        for step in self.run(epochs):
            if isinstance(step, StreamletStep):
                nodes.append(step)
            else:
                learners.append(step)
        correct, names = self.system.correct, self.record.names
        constants: dict[str, Value] = {
            "Proc": frozenset(self.system.processes),
            "Byzantine": frozenset(self.system.byzantine),
            "Epochs": epochs,
            "Message": frozenset(name for sender, name in names if sender in correct),
            "Forgery": frozenset(name for sender, name in names if sender not in correct),
        }
        leader = tuple(map(self.committee.leader, range(1, epochs + 1)))
        states = [Function({**step.state, "leader": leader}) for step in nodes]
        actions = [step.action for step in nodes]
        arguments: list[dict[str, Value]] = [
            {"process": step.process} if step.action in ("Propose", "Vote", "Deliver") else {}
            for step in nodes
        ]
        return (
            Trace(source, "Streamlet", constants, "", {}, actions, states, arguments),
            traces.record(source, self.system, ((step.action, step.state) for step in learners)),
        )

    def is_done(self) -> bool:
        """Whether every correct process has decided every generation."""
        return all(
            current_generation(self.hosts[p].learner) > (self.system.generations or 0)
            for p in self.system.correct
        )

    def _is_down(self, process: Process, epoch: int) -> bool:
        crashes, correct = self.conditions.crashes, self.system.correct
        if any(c.process == process and c.first <= epoch <= c.last for c in crashes):
            return True
        turn, rest = divmod(epoch, CRASH_PERIOD)
        victim = correct[turn % len(correct)]
        return self.misbehaviour.crashes and process == victim and 0 < rest <= CRASHED

    def _begin(self, host: Host, epoch: int) -> Iterator[Step]:
        out: tuple[Send, ...] = ()
        if host.me.process in self.system.correct:
            if self._may_offer(host):
                out = yield from self._offer(host)
        else:
            out = self._byzantine_offers(host)
        host.node, sent = host.nodes.begin(host.me, host.node, epoch)
        yield from self._after(host, (*out, *sent), None)

    def _arrivals(self, until: int, epoch: int) -> Iterator[Step]:
        while self._queue and self._queue[0][0] <= until:
            time, _, process, data = heapq.heappop(self._queue)
            host = self.hosts[process]
            if not host.up:
                continue
            try:
                packet = decode(data)
            except CodecError:
                continue
            host.node, out = host.nodes.receive(host.me, host.node, packet)
            yield from self._after(host, out, packet, time)

    def _after(
        self, host: Host, out: Sequence[Send], received: object, time: int | None = None
    ) -> Iterator[Step]:
        """What a host does after each step of its node: deliver, persist, and only then send."""
        process, epoch = host.me.process, host.node.epoch
        time = epoch * TICKS if time is None else time
        if process not in self.system.correct:
            while True:
                host.node, block = host.nodes.deliver(host.node)
                if block is None:
                    break
            occasion = Occasion(host.me, epoch, received, out, self._others(process))  # type: ignore[arg-type]
            self._send(process, self.misbehaviour.packets(occasion), time)
            return
        for seen in reactions(self.record, host, out):
            yield from self._saw(host, seen)
        stable = time >= self.conditions.stable * TICKS
        crashes = not stable and self._chance(self.conditions.cut_short)
        host.finish(lambda: self._send(process, out, time), crashes)
        if crashes:
            host.restart()
            yield from self._begin(host, epoch)

    # -------------------------------------------------------------- the two specifications' steps

    def _apply(self, action: Action) -> Step:
        self.state = self.system.apply(self.state, action)
        return TobStep(action, self.state)

    def _may_offer(self, host: Host) -> bool:
        generation = current_generation(host.learner)
        return (
            host.learner.offered < generation <= (self.system.generations or 0)
            and len(host.node.durable.outgoing) < PENDING
        )

    def _offer(self, host: Host) -> Generator[Step, None, tuple[Send, ...]]:
        """A correct learner makes its offer, and its node broadcasts it."""
        process = host.me.process
        yield self._apply(next(self.system.offers(self.state, process)))
        host.learner, offer = tob_learner.offer(self.landscape.searched, host.learner)
        out: tuple[Send, ...]
        host.node, out = host.nodes.broadcast(host.me, host.node, encode_offer(offer))
        host.persist()
        self.record.broadcast(host.node.durable.outgoing[-1])
        yield StreamletStep("Broadcast", self.record.state(), process)
        return out

    def _byzantine_offers(self, host: Host) -> tuple[Send, ...]:
        out: tuple[Send, ...] = ()
        process, search = host.me.process, self.landscape.searched
        for offer in wanted(self.attack, self.system, search, self.state, process):
            if offer not in self._wanted and len(host.node.durable.outgoing) < PENDING:
                self._wanted.add(offer)
                host.node, sent = host.nodes.broadcast(host.me, host.node, encode_offer(offer))
                out += sent
        return out

    def _saw(self, host: Host, seen: Seen) -> Iterator[Step]:
        """What a correct host has done, as steps of both specifications."""
        match seen:
            case StreamletStep():
                yield seen
            case Ordered(offer) if offer.sender in self.system.correct:
                yield self._apply(Order(offer))
            case Ordered(offer):
                yield self._apply(next(self.system.byzantine_offers(self.state, offer)))
            case Delivered(process, _, offer) if offer is not None:
                search = self.landscape.searched
                host.learner = self.system.receive(search, self.system.rules, host.learner, offer)
                yield self._apply(Deliver(process))
                if self.state.learner[process] != host.learner:
                    raise ModelConsensusError(f"{process} has delivered messages out of order")

    # -------------------------------------------------------------- the network

    def _shuffled(self) -> list[Process]:
        rest = list(self.system.processes)
        order = []
        while rest:
            order.append(self.schedule.choose(rest))
            rest.remove(order[-1])
        return order

    def _others(self, process: Process) -> list[Process]:
        return [p for p in self._shuffled() if p != process]

    def _send(self, sender: Process, out: Sequence[Send], time: int) -> None:
        for send in out:
            data = encode(send.packet)
            for to in self.system.processes if send.to is None else (send.to,):
                if to == sender or to not in self.hosts:
                    continue
                copies = self._copies(time)
                self.lost += not copies
                for _ in range(copies):
                    self.packets, self.bytes = self.packets + 1, self.bytes + len(data)
                    arrival = self._arrival(sender, to, time)
                    heapq.heappush(self._queue, (arrival, self.packets, to, data))

    def _chance(self, one_in: int) -> bool:
        return one_in > 0 and self.schedule.choose(range(one_in)) == 0

    def _copies(self, time: int) -> int:
        if time < self.conditions.stable * TICKS and self._chance(self.conditions.loss):
            return 0
        return 2 if self._chance(self.conditions.loss) else 1

    def _arrival(self, sender: Process, to: Process, time: int) -> int:
        for partition in self.conditions.partitions:
            apart = (sender in partition.side) != (to in partition.side)
            if apart and partition.first * TICKS <= time < (partition.last + 1) * TICKS:
                time = (partition.last + 1) * TICKS
        stable = time >= self.conditions.stable * TICKS
        longest = TICKS // 2 if stable else self.conditions.lateness * TICKS
        return time + 1 + self.schedule.choose(range(longest))
