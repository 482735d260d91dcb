"""What nodes over proof-of-work send each other.

Blocks are JSON, as in the logs; they bear their work and no signature.  Offers, and questions after
blocks that are missing, are the bodies of messages, as Streamlet has them, signed by their senders.
"""

import json
from dataclasses import dataclass

from model_consensus.conformance.pow_log_writing import block_data
from model_consensus.conformance.pow_logs import block_of
from model_consensus.evolutionary_search import Process
from model_consensus.pow_learner import LONGEST_NAME, Block
from model_consensus.streamlet import codec
from model_consensus.streamlet.codec import CodecError
from model_consensus.streamlet.messages import MAX_BODY, Message

Packet = Message | Block
"""A message with an offer or a question, or a block."""


@dataclass(frozen=True, slots=True)
class Send:
    """A packet to one process, or to all others."""

    to: Process | None
    packet: Packet


def encode(packet: Packet) -> bytes:
    """The bytes of a packet.

    :raises CodecError: a field does not fit.
    """
    if isinstance(packet, Block):
        return json.dumps({"block": block_data(packet)}).encode()
    return codec.encode(packet)


def decode(data: bytes) -> Packet:
    """The packet that ``data`` is an encoding of.

    :raises CodecError: there is none.
    """
    if not data.startswith(b"{"):
        packet = codec.decode(data)
        if not isinstance(packet, Message):
            raise CodecError("a packet of Streamlet alone")
        return packet
    try:
        return block_of(json.loads(data))
    except (ValueError, RecursionError) as problem:
        raise CodecError(f"not a block: {problem}") from None


def longest_packet(processes: int, draws: int) -> int:
    """The bytes that a packet may have: those of the longest block, or of the longest message."""
    ticket = 6 * LONGEST_NAME + 24 * draws + 128  # a character may be written as \u0000
    return max((processes + 1) * ticket + 6 * LONGEST_NAME + 512, MAX_BODY + 512)
