"""Who is at the other end: strangers, replays and reflections are refused."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from model_consensus.evolutionary_search import Process
from model_consensus.node import wire
from model_consensus.node.config import Config
from model_consensus.node.wire import RefusedError, accept, dial, frame, read_frame
from model_consensus.streamlet.codec import encode
from model_consensus.streamlet.messages import Block, Chain, Notarization
from tests.support.nodes import configs

Dialer = Callable[[StreamReader, StreamWriter], Awaitable[None]]
PROBLEM = b"p" * 32


def met(acceptor: Config, dialer: Dialer, problem: bytes = PROBLEM) -> Process | str | None:
    """Who the acceptor finds at the other end of a connection, or why it refuses."""

    async def meet() -> Process | str | None:
        found: asyncio.Future[Process | str | None] = asyncio.get_running_loop().create_future()

        async def accepted(reader: StreamReader, writer: StreamWriter) -> None:
            try:
                found.set_result(await accept(acceptor.identity, problem, reader, writer))
            except RefusedError as refused:
                found.set_result(str(refused))
            writer.close()

        async with await asyncio.start_server(accepted, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                await dialer(reader, writer)
            finally:
                writer.close()
            return await found

    return asyncio.run(meet())


def dialing(me: Config, other: Process, problem: bytes = PROBLEM) -> Dialer:
    async def dialer(reader: StreamReader, writer: StreamWriter) -> None:
        await dial(me.identity, problem, other, reader, writer)

    return dialer


def test_both_ends_prove_who_they_are(tmp_path: Path) -> None:
    p1, p2, *_ = configs(tmp_path)
    assert met(p2, dialing(p1, "p2")) == "p1"


def test_whoever_is_dialed_must_be_the_one_that_was_meant(tmp_path: Path) -> None:
    p1, p2, *_ = configs(tmp_path)
    with pytest.raises(RefusedError, match="the connection has ended"):
        met(p2, dialing(p1, "p3"))


def test_nodes_with_another_problem_do_not_meet(tmp_path: Path) -> None:
    p1, p2, *_ = configs(tmp_path)
    with pytest.raises(RefusedError, match="the connection has ended"):
        met(p2, dialing(p1, "p2", b"q" * 32))


@pytest.mark.parametrize("name", [b"p3", b"nobody", b"", b"\xff", b"p2"])
def test_a_stranger_is_refused(name: bytes, tmp_path: Path) -> None:
    _, p2, *_ = configs(tmp_path)

    async def stranger(reader: StreamReader, writer: StreamWriter) -> None:
        await read_frame(reader, 32)
        writer.write(frame(bytes(32) + bytes(64) + name))

    said = f"the other end has not proved that it is {name.decode(errors='replace')}"
    assert met(p2, stranger) == said


def test_a_replayed_handshake_is_refused(tmp_path: Path) -> None:
    p1, p2, *_ = configs(tmp_path)
    sent: list[bytes] = []

    async def recorded(reader: StreamReader, writer: StreamWriter) -> None:
        write = writer.write
        writer.write = lambda data: (sent.append(bytes(data)), write(data))[1]  # type: ignore
        await dial(p1.identity, PROBLEM, "p2", reader, writer)

    async def replayed(reader: StreamReader, writer: StreamWriter) -> None:
        await read_frame(reader, 32)
        writer.write(b"".join(sent))

    assert met(p2, recorded) == "p1"
    assert met(p2, replayed) == "the other end has not proved that it is p1"


def test_a_signature_of_one_role_is_of_no_use_in_the_other(tmp_path: Path) -> None:
    p1, p2, *_ = configs(tmp_path)

    async def reflects(reader: StreamReader, writer: StreamWriter) -> None:
        ends = "p1", "p2", await read_frame(reader, 32) + bytes(32)
        signature = p1.identity.sign(wire._text("accept", PROBLEM, p1.identity, *ends))
        writer.write(frame(bytes(32) + signature + b"p1"))

    assert met(p2, reflects) == "the other end has not proved that it is p1"


@pytest.mark.parametrize("length", [352, 1 << 20, (1 << 32) - 1])
def test_a_frame_that_is_too_long_is_refused_before_it_is_read(length: int, tmp_path: Path) -> None:
    _, p2, *_ = configs(tmp_path)

    async def stranger(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(length.to_bytes(4, "big"))

    assert met(p2, stranger) == f"a frame of {length:,} bytes exceeds 351"


def test_the_longest_packet_fits(tmp_path: Path) -> None:
    config = configs(tmp_path)[0]
    committee, sign = config.identity.committee, config.identity.sign
    message = committee.message("p1", sign, bytes(1024))
    block = Block(1, bytes(32), message)
    votes = tuple(committee.vote(process, sign, block) for process in committee.processes)
    chain = Chain((Notarization(block, votes),) * 128)
    assert len(encode(chain)) == wire.longest_packet(committee)
