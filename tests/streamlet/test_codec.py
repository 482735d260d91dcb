"""The canonical codec of Streamlet's packets, byte by byte."""

import pytest

from model_consensus.streamlet.codec import CodecError, decode, encode
from model_consensus.streamlet.messages import (
    MAX_BODY,
    MAX_LINKS,
    Block,
    Chain,
    Message,
    Notarization,
    Packet,
    Proposal,
    Request,
    Vote,
)

SIGNATURE = bytes(range(64))
PARENT = bytes(32)
MESSAGE = Message("p", b"hi", SIGNATURE)
EMPTY, FULL = Block(1, PARENT, None), Block(258, PARENT, MESSAGE)


def vote(voter: str, block: Block) -> Vote:
    return Vote(voter, block.epoch, block.digest, SIGNATURE)


MESSAGE_BYTES = b"\x01p" + b"\x00\x02hi" + SIGNATURE
EMPTY_BYTES = bytes(7) + b"\x01" + PARENT + b"\x00"
FULL_BYTES = bytes(6) + b"\x01\x02" + PARENT + b"\x01" + MESSAGE_BYTES
VOTES = b"\x02" + b"\x01a" + SIGNATURE + b"\x01b" + SIGNATURE

# Each packet with its bytes, laid out by hand from the description in the module.
PACKETS: list[tuple[Packet, bytes]] = [
    (MESSAGE, b"\x01" + MESSAGE_BYTES),
    (Proposal(EMPTY, vote("p", EMPTY)), b"\x02" + EMPTY_BYTES + b"\x01p" + SIGNATURE),
    (Proposal(FULL, vote("é", FULL)), b"\x02" + FULL_BYTES + b"\x02\xc3\xa9" + SIGNATURE),
    (
        Vote("p", 258, PARENT, SIGNATURE),
        b"\x03\x01p" + bytes(6) + b"\x01\x02" + PARENT + SIGNATURE,
    ),
    (
        Chain((Notarization(EMPTY, (vote("a", EMPTY), vote("b", EMPTY))), Notarization(FULL, ()))),
        b"\x04\x02" + EMPTY_BYTES + VOTES + FULL_BYTES + b"\x00",
    ),
    (Chain(()), b"\x04\x00"),
    (
        Request("p", 1, 2, SIGNATURE),
        b"\x05\x01p" + bytes(7) + b"\x01" + bytes(7) + b"\x02" + SIGNATURE,
    ),
]


@pytest.mark.parametrize(("packet", "data"), PACKETS)
def test_each_packet_has_the_bytes_that_the_format_says(packet: Packet, data: bytes) -> None:
    assert encode(packet) == data
    decoded = decode(data)
    assert decoded == packet
    assert encode(decoded) == data  # the signatures too, which do not count as equal or not


@pytest.mark.parametrize(("packet", "data"), PACKETS)
def test_truncated_or_continued_bytes_are_no_packet(packet: Packet, data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(CodecError):
            decode(data[:length])
    with pytest.raises(CodecError, match="1 bytes after the end"):
        decode(data + b"\x00")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\x00", "no kind of packet has the number 0"),
        (b"\x06", "no kind of packet has the number 6"),
        (b"\x01\x00", "a name is empty"),
        (b"\x01\x01\xff" + bytes(66), "not UTF-8"),
        (b"\x01\x01p\x04\x01", f"a body has at most {MAX_BODY} bytes, not 1025"),
        (b"\x02" + EMPTY_BYTES[:-1] + b"\x02", "0 or 1 messages, not 2"),
        (bytes([4, MAX_LINKS + 1]), f"at most {MAX_LINKS} links"),
        (
            b"\x04\x01" + EMPTY_BYTES + b"\x02" + b"\x01b" + SIGNATURE + b"\x01a" + SIGNATURE,
            "distinct and sorted",
        ),
        (
            b"\x04\x01" + EMPTY_BYTES + b"\x02" + b"\x01a" + SIGNATURE + b"\x01a" + SIGNATURE,
            "distinct and sorted",
        ),
    ],
)
def test_bytes_of_the_wrong_form_are_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(CodecError, match=complaint):
        decode(data)


@pytest.mark.parametrize(
    "packet",
    [
        Message("", b"", SIGNATURE),
        Message("p" * 256, b"", SIGNATURE),
        Message("\udc80", b"", SIGNATURE),
        Message("p", bytes(MAX_BODY + 1), SIGNATURE),
        Message("p", b"", SIGNATURE[1:]),
        Vote("p", 1, PARENT[1:], SIGNATURE),
        Vote("p", -1, PARENT, SIGNATURE),
        Vote("p", 1 << 64, PARENT, SIGNATURE),
        Proposal(EMPTY, vote("p", FULL)),
        Chain((Notarization(EMPTY, (vote("a", FULL),)),)),
        Chain((Notarization(EMPTY, (vote("b", EMPTY), vote("a", EMPTY))),)),
        Chain((Notarization(EMPTY, ()),) * (MAX_LINKS + 1)),
    ],
)
def test_what_has_no_encoding_is_refused(packet: Packet) -> None:
    with pytest.raises(CodecError):
        encode(packet)
