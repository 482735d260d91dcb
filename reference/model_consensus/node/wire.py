"""Connections: who is at the other end, and frames.

A node dials every other one, and sends on the connections that it has dialed and receives on those
that it has accepted.  Each frame is preceded by its length in 4 bytes, big-endian.  At the
beginning both ends prove who they are::

    accepting node  -> a nonce of 32 bytes
    dialing node    -> its nonce, its signature, its name
    accepting node  -> its signature

A signature is over the role of its signer, both names, both nonces, the committee and the problem
that is solved.  A nonce is never used twice, so nothing of one handshake is of use in another, and
nodes of different settings do not come together.

What follows is not encrypted: whoever can change packets on the way can put his own into it.  Each
packet is signed by its author, and is checked whoever sent it.
"""

import asyncio
import os
from asyncio import IncompleteReadError, StreamReader, StreamWriter

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Process, tagged_digest
from model_consensus.streamlet.messages import MAX_BODY, MAX_LINKS, Committee
from model_consensus.streamlet.state import Identity

NONCE, SIGNATURE = 32, 64
"""Bytes."""
PATIENCE = 5.0
"""Seconds that a handshake, or the answer to a question about the status, may take."""
STATUS = b"status"
"""What somebody sends instead of a nonce, signature and name to be told the status."""


class RefusedError(ModelConsensusError):
    """The other end is not who it should be, or does not speak as it should."""


def longest_packet(committee: Committee) -> int:
    """The bytes that a packet may have: those of the longest chain."""
    name = 1 + max(len(process.encode()) for process in committee.processes)
    message = name + 2 + MAX_BODY + SIGNATURE
    block = 8 + 32 + 1 + message
    votes = 1 + len(committee.processes) * (name + SIGNATURE)
    return 2 + MAX_LINKS * (block + votes)


def frame(data: bytes) -> bytes:
    """What is written for ``data``."""
    return len(data).to_bytes(4, "big") + data


async def read_frame(reader: StreamReader, longest: int) -> bytes:
    """The next frame.

    :raises RefusedError: it is longer than ``longest``, or the connection ends before it does.
    """
    try:
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > longest:
            raise RefusedError(f"a frame of {length:,} bytes exceeds {longest:,}")
        return await reader.readexactly(length)
    except (IncompleteReadError, ConnectionError):
        raise RefusedError("the connection has ended") from None


def _text(role: str, problem: Digest, me: Identity, dialing: Process, accepting: Process,
          nonces: bytes) -> Digest:  # fmt: skip
    names = dialing, accepting
    tag = f"model-consensus/node/{role}/1"
    return tagged_digest(tag, me.committee.genesis, problem, *names, nonces)


async def dial(
    me: Identity, problem: Digest, other: Process, reader: StreamReader, writer: StreamWriter
) -> None:
    """Prove who this node is to ``other``, and have that proved by the other end.

    :param problem: the digest of the genesis model, which covers the landscape and the rules.
    :raises RefusedError: it is not ``other``, or does not take this node for what it is.
    """
    theirs = await read_frame(reader, NONCE)
    mine = os.urandom(NONCE)
    ends = me.process, other, theirs + mine
    signature = me.sign(_text("dial", problem, me, *ends))
    writer.write(frame(mine + signature + me.process.encode()))
    answer = await read_frame(reader, SIGNATURE)
    _check(me.committee, other, answer, _text("accept", problem, me, *ends))


async def accept(
    me: Identity, problem: Digest, reader: StreamReader, writer: StreamWriter
) -> Process | None:
    """Who has dialed, after both ends have proved who they are; None if it asks for the status.

    :raises RefusedError: it is nobody of the committee, or does not prove it.
    """
    mine = os.urandom(NONCE)
    writer.write(frame(mine))
    hello = await read_frame(reader, NONCE + SIGNATURE + 255)
    if hello == STATUS:
        return None
    theirs, signature = hello[:NONCE], hello[NONCE : NONCE + SIGNATURE]
    other = hello[NONCE + SIGNATURE :].decode(errors="replace")
    ends = other, me.process, mine + theirs
    _check(me.committee, other, signature, _text("dial", problem, me, *ends))
    writer.write(frame(me.sign(_text("accept", problem, me, *ends))))
    return other


def _check(committee: Committee, process: Process, signature: bytes, text: Digest) -> None:
    public = committee.keys.get(process)
    if public is None or not committee.verify(public, signature, text):
        raise RefusedError(f"the other end has not proved that it is {process}")


async def ask_status(host: str, port: int) -> bytes:
    """What the node at this address says of itself: JSON.

    :raises RefusedError: it is not a node, or takes too long.
    :raises OSError: there is nothing at this address.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                await read_frame(reader, NONCE)
                writer.write(frame(STATUS))
                return await read_frame(reader, 1 << 16)
            finally:
                writer.close()
    except TimeoutError:
        raise RefusedError("there was no answer") from None
