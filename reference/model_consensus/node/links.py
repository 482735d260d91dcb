"""The links between the nodes of a cluster: each goes through a relay that can be cut.

The nodes know nothing of it: the addresses in their configurations are those of the relays.
"""

import asyncio
import random
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process
from model_consensus.node.config import Address

Link = tuple[Process, Process]
"""Who dials, and who is dialed."""


class Links:
    """The relays.

    :ivar apart: who is cut off from all others.
    :ivar carried: the bytes that have gone through them.
    """

    def __init__(self) -> None:
        self.apart: Process | None = None
        self.carried = 0
        self._servers: list[asyncio.Server] = []
        self._open: dict[StreamWriter, Link] = {}

    async def relay(self, link: Link, target: Address) -> Address:
        """Open a relay to ``target``, and say where it listens."""

        async def connected(reader: StreamReader, writer: StreamWriter) -> None:
            with suppress(OSError):
                try:
                    if self.apart not in link:
                        await self._forward(link, reader, writer, target)
                finally:
                    writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self._servers.append(server)
        host, port = server.sockets[0].getsockname()
        return host, port

    async def _forward(
        self, link: Link, reader: StreamReader, writer: StreamWriter, target: Address
    ) -> None:
        there, back = await asyncio.open_connection(*target)
        self._open |= {writer: link, back: link}
        try:
            ways = {
                asyncio.create_task(self._copy(reader, back)),
                asyncio.create_task(self._copy(there, writer)),
            }
            _, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in rest:
                way.cancel()
        finally:
            del self._open[writer], self._open[back]
            back.close()

    async def _copy(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                self.carried += len(data)
                writer.write(data)
                await writer.drain()

    def cut_off(self, process: Process) -> None:
        """End the connections of ``process``, and let it have no others until :meth:`heal`."""
        self.apart = process
        for writer, link in self._open.items():
            if process in link:
                writer.transport.abort()

    def heal(self) -> None:
        """Let everybody connect again."""
        self.apart = None

    def close(self) -> None:
        """End all."""
        for server in self._servers:
            server.close()
        for writer in self._open:
            writer.transport.abort()


@contextmanager
def free_addresses(count: int) -> Iterator[list[Address]]:
    """Addresses on this machine at which nobody listens, and which nobody else is given meanwhile.

    Their ports are below those that systems give to outgoing connections, so that a node that is
    started again finds its own still free.  The port before each is taken in its place: so nobody
    who asks here, in whatever program, gets the same.

    :raises ModelConsensusError: there are not so many.
    """
    with ExitStack() as kept:
        addresses: list[Address] = []
        for port in random.sample(range(20_000, 32_000, 2), 6_000):
            if len(addresses) == count:
                break
            with suppress(OSError), ExitStack() as tried:
                tried.enter_context(socket.socket()).bind(("127.0.0.1", port))
                with socket.socket() as listener:
                    listener.bind(("127.0.0.1", port + 1))
                kept.enter_context(tried.pop_all())
                addresses.append(("127.0.0.1", port + 1))
        if len(addresses) < count:
            raise ModelConsensusError(f"there are no {count} free ports from 20000 to 32000")
        yield addresses
