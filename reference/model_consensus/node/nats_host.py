"""A node over NATS JetStream: its offers go into a stream, and it takes what the stream has.

The stream is made by the first node, has three replicas, and bears the name of the committee and
the problem.  A node that has no connection, or whose servers have no majority, goes on asking.
"""

from __future__ import annotations  # the client is imported where it is used

import asyncio
import json
from asyncio import Queue, QueueFull
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import tagged_digest
from model_consensus.node.config import NatsConfig
from model_consensus.node.host import AGAIN, Host, Sent
from model_consensus.node.stream_order import Stored
from model_consensus.node.wire import PATIENCE
from model_consensus.streamlet.messages import MAX_BODY

if TYPE_CHECKING:
    from nats.aio.client import Client

REPLICAS = 3
"""Servers that hold the stream, of which one may crash."""

ASKED = 64
"""Messages that a node asks for at once, and so has waiting."""

EXPIRES = 1.0
"""Seconds until a question for messages is asked again."""

LONGEST = MAX_BODY + 1024
"""Bytes of a message, its headers included; the engine refuses a longer one."""

ANOTHER_CONFIGURATION = 10058
"""The engine's number of the error that a stream with this name has another configuration."""

UNSENT = 64
"""Messages that may wait to be published; they are sent again in the next epoch."""


def stream_name(config: NatsConfig) -> str:
    """The name of the stream, and of the subject of its messages."""
    digest = tagged_digest(
        "model-consensus/node/stream/1", config.identity.committee.genesis, config.problem
    )
    return f"offers-{digest.hex()[:32]}"


class NatsHost(Host):
    """A running node over the stream.  At its address it tells its status, and nothing else."""

    config: NatsConfig

    def __init__(self, config: NatsConfig, *parts: Any) -> None:
        super().__init__(config, *parts)
        self._server: str | None = None
        self._unsent: Queue[bytes] = Queue(UNSENT)

    def _connect(self) -> None:
        self._tasks.create_task(self._stay_connected())

    def _send(self, out: Sequence[Sent]) -> None:
        for send in out:
            with suppress(QueueFull):
                self._unsent.put_nowait(self._speech.encode(send.packet))

    def _peers(self) -> dict[str, dict[str, bool]]:
        places = [f"{host}:{port}" for host, port in self.config.servers]
        return {place: dict.fromkeys(("sends", "hears"), place == self._server) for place in places}

    async def _stay_connected(self) -> None:
        import nats
        from nats.errors import Error

        servers = [f"nats://{host}:{port}" for host, port in self.config.servers]
        while True:
            closed = asyncio.Event()

            async def note_closed(closed: asyncio.Event = closed) -> None:
                closed.set()

            with suppress(Error, OSError, TimeoutError):
                client = await nats.connect(
                    servers,
                    allow_reconnect=False,
                    connect_timeout=PATIENCE,
                    error_cb=_ignore,
                    closed_cb=note_closed,
                )
                try:
                    self._server = client.connected_url.netloc if client.connected_url else None
                    await self._take_part(client, closed)
                finally:
                    self._server = None
            await asyncio.sleep(AGAIN)

    async def _take_part(self, client: Client, closed: asyncio.Event) -> None:
        """Publish, and take what the stream has, until that fails; then close the connection."""
        ways = {
            asyncio.create_task(way)
            for way in (self._publish(client), self._follow(client), closed.wait())
        }
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await client.close()  # the client may swallow a cancellation, and goes on until then
            await asyncio.gather(*ways, return_exceptions=True)

    async def _publish(self, client: Client) -> None:
        subject = stream_name(self.config)
        while True:
            data = await self._unsent.get()
            # The engine drops what it has had in the last minutes.  Nobody else can put something
            # under this name before, since it covers the signature.
            headers = {"Nats-Msg-Id": sha256(data).hexdigest()}
            await client.publish(subject, data, headers=headers)

    async def _follow(self, client: Client) -> None:
        """Take the messages from the last one on that has been taken."""
        stream, consumer = await self._consumer(client)
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox, pending_msgs_limit=2 * ASKED)
        question = {"batch": ASKED, "expires": int(EXPIRES * 1e9)}
        while True:
            await client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}",
                json.dumps(question).encode(),
                inbox,
            )
            for _ in range(ASKED):
                message = await answers.next_msg(timeout=EXPIRES + PATIENCE)
                if not message.reply:  # a status
                    if (message.headers or {}).get("Status") == "408":  # nothing more in this time
                        break
                    return
                number = message.metadata.sequence.stream
                self._finish(self.participant.receive(Stored(number, message.data)))
                await asyncio.sleep(0)  # the others have their turn

    async def _consumer(self, client: Client) -> tuple[str, str]:
        """Make the stream, if nobody has, and a consumer of it: their names.

        :raises ModelConsensusError: there is another stream with this name.
        """
        from nats.js.api import (
            AckPolicy,
            ConsumerConfig,
            DeliverPolicy,
            DiscardPolicy,
            StreamConfig,
        )
        from nats.js.errors import BadRequestError

        engine, name = client.jetstream(), stream_name(self.config)
        stream = StreamConfig(
            name=name,
            subjects=[name],
            num_replicas=REPLICAS,
            discard=DiscardPolicy.NEW,
            max_msg_size=LONGEST,
            deny_delete=True,
            deny_purge=True,
        )
        try:
            await engine.add_stream(stream)
        except BadRequestError as problem:
            if problem.err_code != ANOTHER_CONFIGURATION:
                raise
            raise ModelConsensusError(f"the stream {name}: {problem.description}") from None
        consumer = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=max(self.participant.status()["sequence"], 1),
            ack_policy=AckPolicy.NONE,
            inactive_threshold=10 * PATIENCE,
            num_replicas=1,
            mem_storage=True,
        )
        made = await engine.add_consumer(name, consumer)
        return name, made.name


async def _ignore(problem: Exception) -> None:
    """What fails is tried again."""
