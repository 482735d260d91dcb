"""A node at work: one participant on asyncio with TCP, its clock and its files.

Every step of the participant runs to its end in the one event loop: it is persisted, and then what
it wants sent is written to the connections.  A packet that does not fit into the buffer of a
connection is dropped, as is one for a node that is not connected: the broadcast copes with loss.

A node is heard ``HEARD`` times in an epoch.  What it sends beyond that is not read before the next
epoch: it fills the buffers of its own connection, and nobody else waits for it.
"""

import asyncio
import json
import time
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Model, Process
from model_consensus.node.config import BroadcastConfig, PowConfig
from model_consensus.node.wire import (
    PATIENCE,
    RefusedError,
    accept,
    dial,
    frame,
    read_frame,
)
from model_consensus.streamlet.codec import CodecError

HEARD = 64
"""Packets of one process that are read in an epoch; a correct one sends about a dozen."""

UNSENT = 1 << 20
"""Bytes that may wait in a connection before packets are dropped; one packet always may."""

STRANGERS = 32
"""Connections that have not proved yet who they are; of more, the oldest is closed."""

AGAIN = 0.2
"""Seconds before a node is dialed again."""


class Sent(Protocol):
    """A packet to one process, or to all others."""

    @property
    def to(self) -> Process | None:
        """To whom; None if to all."""
        ...

    @property
    def packet(self) -> Any:
        """What."""
        ...


class Hosted(Protocol):
    """What a host runs: a participant without input or output.

    :ivar lines: those of its log that have not been written yet.
    """

    lines: list[str]

    @property
    def epoch(self) -> int:
        """The one that it is in."""
        ...

    @property
    def model(self) -> Model:
        """The last model that it has decided, or the genesis model."""
        ...

    def begin(self, epoch: int) -> Sequence[Sent]:
        """Enter an epoch."""
        ...

    def receive(self, packet: Any) -> Sequence[Sent]:
        """A packet has arrived, whoever sent it."""
        ...

    def status(self) -> dict[str, Any]:
        """What it says of itself beside its model and its epoch."""
        ...


@dataclass(frozen=True)
class Speech:
    """How packets are written.

    :ivar decode: refuses what is not a packet by a `CodecError`.
    :ivar longest: the bytes of the longest packet.
    """

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    longest: int


class Host:
    """A running node.

    :param speech: how its packets are written.
    :param persist: has what the participant must remember synced; that of a Byzantine one is empty.
    """

    def __init__(
        self,
        config: BroadcastConfig | PowConfig,
        participant: Hosted,
        speech: Speech,
        persist: Callable[[], None],
    ) -> None:
        self.config, self.participant = config, participant
        self._speech, self._sync = speech, persist
        self._tasks: asyncio.TaskGroup
        self._outgoing: dict[Process, StreamWriter] = {}
        self._incoming: dict[Process, asyncio.Task[None] | None] = {}
        self._strangers: dict[StreamWriter, None] = {}  # the oldest first
        self._heard: Counter[Process] = Counter()
        self._next_epoch = asyncio.Event()
        self._loss, self._measured = 0, Digest()

    async def run(self) -> None:
        """Take part until cancelled.

        :raises ExceptionGroup: of a `ModelConsensusError`: a file cannot be written, or there is no
            listening at the address.
        """
        self._persist()
        async with asyncio.TaskGroup() as self._tasks:
            host, port = self.config.listen
            try:
                server = await asyncio.start_server(self._accepted, host, port)
            except OSError as error:
                raise ModelConsensusError(f"listen: {error.strerror}") from None
            try:
                self._connect()
                await self._keep_time()
            finally:
                server.close()

    # ------------------------------------------------------------------------- steps

    async def _keep_time(self) -> None:
        start, length = self.config.start, self.config.epoch
        while True:
            epoch = int((time.time() - start) // length)
            if epoch > self.participant.epoch:
                self._heard.clear()
                self._next_epoch.set()
                self._next_epoch = asyncio.Event()
                self._finish(self.participant.begin(epoch))
                self._measure()
            await asyncio.sleep(max(start + (epoch + 1) * length - time.time(), 0.001))

    def _finish(self, out: Sequence[Sent]) -> None:
        """End a step: persist, and only then send."""
        self._persist()
        self._send(out)

    def _persist(self) -> None:
        self._sync()
        self.participant.lines.clear()

    # ------------------------------------------------------------------- connections

    def _connect(self) -> None:
        for other, address in self.config.addresses.items():
            if other != self.config.process:
                self._tasks.create_task(self._dial(other, *address))

    def _send(self, out: Sequence[Sent]) -> None:
        for send in out:
            data = frame(self._speech.encode(send.packet))
            for process in [*self._outgoing] if send.to is None else [send.to]:
                writer = self._outgoing.get(process)
                if writer is not None:
                    waiting = writer.transport.get_write_buffer_size()
                    if not waiting or waiting + len(data) <= UNSENT:
                        writer.write(data)

    async def _dial(self, other: Process, host: str, port: int) -> None:
        """Keep a connection to send on."""
        while True:
            with suppress(OSError, RefusedError):
                async with asyncio.timeout(PATIENCE):
                    reader, writer = await asyncio.open_connection(host, port)
                with _closing(writer):
                    async with asyncio.timeout(PATIENCE):
                        await dial(self.config.identity, self.config.problem, other, reader, writer)
                    self._outgoing[other] = writer
                    try:
                        await reader.read(1)  # nothing comes but the end
                    finally:
                        del self._outgoing[other]
            await asyncio.sleep(AGAIN)

    def _accepted(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._strangers[writer] = None
        if len(self._strangers) > STRANGERS:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.transport.abort()
        self._tasks.create_task(self._serve(reader, writer))

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, RefusedError), _closing(writer):
            try:
                async with asyncio.timeout(PATIENCE):
                    other = await accept(self.config.identity, self.config.problem, reader, writer)
                    if other is None:
                        writer.write(frame(json.dumps(self.status()).encode()))
                        await writer.drain()
                        return
            finally:
                self._strangers.pop(writer, None)
            before, task = self._incoming.get(other), asyncio.current_task()
            self._incoming[other] = task
            if before is not None:
                before.cancel()
            try:
                while True:
                    await self._hear(other, reader)
            finally:
                if self._incoming[other] is task:
                    del self._incoming[other]

    async def _hear(self, other: Process, reader: StreamReader) -> None:
        """Take one packet of an authenticated process."""
        while self._heard[other] >= HEARD:
            await self._next_epoch.wait()
        self._heard[other] += 1
        data = await read_frame(reader, self._speech.longest)
        try:
            packet = self._speech.decode(data)
        except CodecError as problem:
            raise RefusedError(f"{other} has sent something else than a packet") from problem
        self._finish(self.participant.receive(packet))
        await asyncio.sleep(0)  # the others have their turn

    # ------------------------------------------------------------------------ status

    def _measure(self) -> None:
        """Find the loss of a new model, so that a question about the status evaluates nothing."""
        model = self.participant.model
        if model.digest != self._measured:
            (self._loss,) = self.config.landscape.losses(model.vector[None])
            self._measured = model.digest

    def status(self) -> dict[str, Any]:
        """What the node says of itself to whoever asks."""
        return {
            "process": self.config.process,
            "generation": self.participant.model.generation,
            "generations": self.config.setting.generations,
            "loss": self._loss,
            "epoch": self.participant.epoch,
            **self.participant.status(),
            "peers": self._peers(),
        }

    def _peers(self) -> dict[str, dict[str, bool]]:
        return {
            other: {"sends": other in self._incoming, "hears": other in self._outgoing}
            for other in sorted(self.config.keys)
            if other != self.config.process
        }


@contextmanager
def _closing(writer: StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.close()
