"""A cluster of nodes on one machine, each a process of its own, with crashes and cut links."""

import asyncio
import json
import math
import os
import sys
import time
from asyncio.subprocess import PIPE
from asyncio.subprocess import Process as Child
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process
from model_consensus.node.config import Address, read_secret
from model_consensus.node.links import Links, free_addresses
from model_consensus.node.nats_servers import SERVERS, Servers
from model_consensus.node.wire import RefusedError, ask_status
from model_consensus.simulation.schedule import Schedule
from model_consensus.simulation.setting import Setting
from model_consensus.streamlet.messages import signing_key

POLL = 0.2
"""Seconds between two questions about the nodes' status."""
PATIENCE = 60.0
"""Seconds without a decision, while nothing is down, after which a cluster is given up."""
DOWN = 20
"""Epochs that a fault lasts."""


@dataclass(frozen=True)
class Fault:
    """When all correct nodes have decided ``generation``, something happens to ``process``.

    :ivar kind: ``kill`` (-9, and restart) or ``cut`` (off from all others, and healed); or
        ``server``, where ``process`` is a server of NATS that is killed and started again.
    :ivar epochs: how long it lasts.
    """

    generation: int
    kind: str
    process: Process
    epochs: int = DOWN


def drawn_faults(setting: Setting, kills: int, cuts: int) -> list[Fault]:
    """So many faults of correct processes, spread over the run; the seed says whose they are.

    Over NATS, one of the servers is killed, too.
    """
    schedule = Schedule(setting.seed)
    correct = setting.process_names[: setting.processes - setting.byzantine]
    kinds = ["kill"] * kills + ["cut"] * cuts + ["server"] * (setting.protocol == "tob")
    found = []
    parts = len(kinds) + 1
    for number in range(1, parts):
        kind = schedule.choose(kinds)
        kinds.remove(kind)
        whose = SERVERS if kind == "server" else correct
        found.append(Fault(setting.generations * number // parts, kind, schedule.choose(whose)))
    return found


@dataclass
class Member:
    """A node of the cluster: its files, its process, and what it last said of itself."""

    process: Process
    config: Path
    listen: Address
    child: Child | None = None
    restarts: int = -1
    status: dict[str, Any] = field(default_factory=dict)

    @property
    def generation(self) -> int:
        """The last generation that it has decided, as far as it is known."""
        return int(self.status.get("generation", 0))


@dataclass(frozen=True)
class Times:
    """What of the nodes' configurations is no matter of the setting.

    :ivar epoch: the length of an epoch in seconds.
    :ivar tries: over proof-of-work, how many nonces a node tries in it.
    """

    epoch: float
    tries: int = 0


class Cluster:
    """The nodes of a setting, in a folder; over NATS (the protocol ``tob``) also its servers.

    :param say: is told what happens.
    :param show: is shown the members again and again.
    :ivar members: the nodes by name.
    :ivar links: the relays between them, or between them and the servers.
    """

    def __init__(
        self,
        setting: Setting,
        landscape: str,
        folder: Path,
        times: Times,
        faults: Sequence[Fault],
        say: Callable[[str], None],
        show: Callable[[Mapping[Process, Member]], None],
    ) -> None:
        self.setting, self.landscape, self.folder = setting, landscape, folder
        self.times, self.faults = times, faults
        self.members: dict[Process, Member] = {}
        self.links = Links()
        self._servers = Servers(folder / "nodes")
        self._kept = ExitStack()
        self._say, self._show = say, show
        self._changed = time.monotonic()

    async def run(self) -> None:
        """Run until all correct nodes have decided all generations; at the end no node runs.

        :raises ModelConsensusError: a node ended by itself, or nothing is decided any more.
        """
        try:
            await self._configure()
            for member in self.members.values():
                await self._start(member)
            faults = asyncio.create_task(self._inject())
            try:
                while not faults.done() or self._decided() < self.setting.generations:
                    await self._look()
                    await asyncio.sleep(POLL)
                await faults
            finally:
                faults.cancel()
        finally:
            self.links.close()
            await self._stop()
            await self._servers.stop()
            self._kept.close()

    def correct(self) -> list[Member]:
        """The nodes that follow the protocol."""
        return [self.members[p] for p in self.members if p not in self.setting.byzantine_names]

    def _decided(self) -> int:
        """The last generation that every correct node has decided."""
        return min(member.generation for member in self.correct())

    # ----------------------------------------------------------------------- faults

    async def _inject(self) -> None:
        for fault in self.faults:
            while self._decided() < fault.generation:
                await asyncio.sleep(POLL)
            begin, end, what, again = {
                "kill": (self._kill, self._restart, "is killed", "is started again"),
                "cut": (self._cut, self._heal, "is cut off", "is connected again"),
                "server": (
                    self._servers.kill,
                    self._servers.start,
                    "(a server) is killed",
                    "(a server) is started again",
                ),
            }[fault.kind]
            self._say(f"{fault.process} {what} after generation {self._decided()}")
            await begin(fault.process)
            await asyncio.sleep(fault.epochs * self.times.epoch)
            await end(fault.process)
            self._say(f"{fault.process} {again}")

    async def _kill(self, process: Process) -> None:
        member = self.members[process]
        assert member.child is not None
        child, member.child = member.child, None
        member.status = {}  # the cluster goes on until it says again what it has decided
        child.kill()
        await child.wait()

    async def _restart(self, process: Process) -> None:
        await self._start(self.members[process])

    async def _cut(self, process: Process) -> None:
        self.links.cut_off(process)

    async def _heal(self, process: Process) -> None:
        self.links.heal()

    # ------------------------------------------------------------------------ nodes

    async def _start(self, member: Member) -> None:
        command = [sys.executable, "-m", "model_consensus", "node", "--until-eof"]
        with (self.folder / "nodes" / f"{member.process}.out").open("ab") as output:
            member.child = await asyncio.create_subprocess_exec(
                *command,
                "--config",
                str(member.config),
                stdin=PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # an interruption is for the cluster, which ends its nodes
            )
        member.restarts += 1
        self._changed = time.monotonic()

    async def _look(self) -> None:
        """Ask all nodes for their status."""
        before = self._decided()
        for member in self.members.values():
            if member.child is None:
                continue
            if member.child.returncode is not None:
                output = (self.folder / "nodes" / f"{member.process}.out").read_text("utf-8")
                last = output.strip().rpartition("\n")[2]
                raise ModelConsensusError(f"{member.process} has ended: {last}")
            with suppress(OSError, RefusedError, ValueError):
                member.status = json.loads(await ask_status(*member.listen))
        self._show(self.members)
        whole = self.links.apart is None and all(m.child for m in self.members.values())
        if self._decided() > before or not whole:
            self._changed = time.monotonic()
        if time.monotonic() > self._changed + max(PATIENCE, 100 * self.times.epoch):
            raise ModelConsensusError(
                f"the cluster stopped after {self._decided()} generations: {self.folder}"
            )

    async def _stop(self) -> None:
        children = [m.child for m in self.members.values() if m.child is not None]
        for child in children:
            if child.returncode is None:
                child.terminate()
        for child in children:
            try:
                async with asyncio.timeout(10):
                    await child.wait()
            except TimeoutError:
                child.kill()
                await child.wait()

    # --------------------------------------------------------------- configurations

    async def _configure(self) -> None:
        """Make the keys, if they have not been made, and the configurations."""
        names, nodes = self.setting.process_names, self.folder / "nodes"
        nodes.mkdir(exist_ok=True)
        (self.folder / "logs").mkdir(exist_ok=True)
        keys = {process: _key(nodes / f"{process}.pem") for process in names}
        free = self._kept.enter_context(free_addresses(len(names)))
        listen = dict(zip(names, free, strict=True))
        start = math.floor(time.time())
        first = nodes / "start"  # a cluster that is taken up again goes on counting its epochs
        if first.exists():
            start = int(first.read_text("utf-8"))
        first.write_text(str(start), encoding="utf-8")
        over_nats = self.setting.protocol == "tob"
        targets = await self._servers.start_all() if over_nats else listen
        for process in names:
            ways = {
                other: await self.links.relay((process, other), address)
                for other, address in targets.items()
                if other != process
            }
            path = nodes / f"{process}.toml"
            lines = self._lines(process, listen[process], start, keys, ways)
            text = "\n".join(lines) + "\n"
            path.write_text(text, encoding="utf-8")
            self.members[process] = Member(process, path, listen[process])

    def _lines(
        self,
        process: Process,
        listen: Address,
        start: int,
        keys: Mapping[Process, bytes],
        ways: Mapping[str, Address],
    ) -> Iterator[str]:
        """A configuration.  A string of JSON is one of TOML.

        :param ways: where the node reaches the others, or the servers.
        """
        setting = self.setting
        fields = {
            "process": process,
            "key": f"{process}.pem",
            "listen": _place(listen),
            "log": f"../logs/{process}.log",
            "landscape": self.landscape,
            "byzantine": setting.byzantine,
            "draws": setting.draws,
            "generations": setting.generations,
            "recombines": setting.recombines,
            "elitist": setting.elitist,
            "start": start,
            "epoch": self.times.epoch,
        }
        if setting.protocol == "pow":
            # They do not mine all at the same moment.
            turn = setting.process_names.index(process) / setting.processes
            fields["start"] = start + turn * self.times.epoch
        else:
            fields |= {"lambda": setting.lambda_, "mu": setting.mu}
        if setting.protocol == "streamlet":
            fields["journal"] = f"{process}.journal"
        for name, value in fields.items():
            yield f"{name} = {json.dumps(value)}"
        if setting.protocol == "pow":
            yield "\n[pow]"
            yield f"depth = {setting.depth}"
            yield f"hashes = {setting.hashes}"
            yield f"tries = {self.times.tries}"
        if setting.protocol == "tob":
            yield "\n[nats]"
            yield f"servers = {json.dumps([*map(_place, ways.values())])}"
        if process in setting.byzantine_names:
            yield "\n[attack]"
            yield f"name = {json.dumps(setting.attack)}"
            yield f"processes = {json.dumps(setting.byzantine_names)}"
        for other, key in keys.items():
            yield f"\n[processes.{json.dumps(other)}]"
            yield f"key = {json.dumps(key.hex())}"
            if setting.protocol != "tob":
                yield f"address = {json.dumps(_place(ways.get(other, listen)))}"


def _place(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


def _key(path: Path) -> bytes:
    """The public key of the private key in a file, which is made if it is not there."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(pem)
    return signing_key(read_secret(path))[0]
