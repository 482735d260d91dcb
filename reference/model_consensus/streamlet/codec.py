"""The canonical binary codec of Streamlet's packets.

The rule of this file: two different byte strings never decode to the same packet, and whatever
:func:`decode` accepts, :func:`encode` writes again byte for byte.  It checks the form alone; the
node checks signatures (:mod:`model_consensus.streamlet.node`).

Integers have 8 bytes, big-endian; a name is preceded by its length in one byte, a body in two;
digests have 32 bytes and signatures 64; what can be computed from other fields is left out.
"""

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process
from model_consensus.streamlet.messages import (
    MAX_BODY,
    MAX_LINKS,
    MAX_PROCESSES,
    Block,
    Chain,
    Message,
    Notarization,
    Packet,
    Proposal,
    Request,
    Vote,
)


class CodecError(ModelConsensusError):
    """The bytes are not a packet, or the packet has no encoding."""


def encode(packet: Packet) -> bytes:
    """The one encoding of a packet: a byte for its kind, then its fields in their order.

    :raises CodecError: a field does not fit, or the parts of the packet contradict each other.
    """
    try:
        match packet:
            case Message():
                return b"\x01" + _message(packet)
            case Proposal(block, vote):
                _demand(_is_for(vote, block), "the leader's vote is for another block")
                return b"\x02" + _block(block) + _name(vote.voter) + _signature(vote.signature)
            case Vote(voter, epoch, block, signature):
                return (
                    b"\x03"
                    + _name(voter)
                    + _integer(epoch)
                    + _digest(block)
                    + _signature(signature)
                )
            case Chain(links):
                _demand(len(links) <= MAX_LINKS, f"a chain has at most {MAX_LINKS} links")
                return b"\x04" + bytes([len(links)]) + b"".join(map(_notarization, links))
            case Request(sender, epoch, length, signature):
                return (
                    b"\x05"
                    + _name(sender)
                    + _integer(epoch)
                    + _integer(length)
                    + _signature(signature)
                )
    except (OverflowError, UnicodeEncodeError) as error:
        raise CodecError(f"a field cannot be encoded: {error}") from None


def decode(data: bytes) -> Packet:
    """The packet that ``data`` is the encoding of.

    :raises CodecError: there is none.
    """
    reader = _Reader(data)
    packet = reader.packet()
    _demand(reader.rest == b"", f"{len(reader.rest)} bytes after the end")
    return packet


def _demand(condition: bool, complaint: str) -> None:
    if not condition:
        raise CodecError(complaint)


def _is_for(vote: Vote, block: Block) -> bool:
    return vote.block == block.digest and vote.epoch == block.epoch


def _integer(value: int) -> bytes:
    return value.to_bytes(8, "big")


def _sized(value: bytes, size: int, what: str) -> bytes:
    _demand(len(value) == size, f"a {what} has {size} bytes, not {len(value)}")
    return value


def _digest(value: bytes) -> bytes:
    return _sized(value, 32, "digest")


def _signature(value: bytes) -> bytes:
    return _sized(value, 64, "signature")


def _name(process: Process) -> bytes:
    name = process.encode()
    _demand(1 <= len(name) <= 255, f"a name has 1 to 255 bytes, not {len(name)}")
    return bytes([len(name)]) + name


def _message(message: Message) -> bytes:
    _demand(len(message.body) <= MAX_BODY, f"a body has at most {MAX_BODY} bytes")
    length = len(message.body).to_bytes(2, "big")
    return _name(message.sender) + length + message.body + _signature(message.signature)


def _block(block: Block) -> bytes:
    payload = b"\x00" if block.payload is None else b"\x01" + _message(block.payload)
    return _integer(block.epoch) + _digest(block.parent) + payload


def _notarization(link: Notarization) -> bytes:
    block, votes = link.block, link.votes
    _check_voters(votes)
    _demand(len(votes) <= MAX_PROCESSES, f"more than {MAX_PROCESSES} votes")
    _demand(all(_is_for(vote, block) for vote in votes), "a vote is for another block")
    signed = (_name(vote.voter) + _signature(vote.signature) for vote in votes)
    return _block(block) + bytes([len(votes)]) + b"".join(signed)


def _check_voters(votes: tuple[Vote, ...]) -> None:
    voters = [vote.voter for vote in votes]
    _demand(voters == sorted(set(voters)), "voters must be distinct and sorted")


class _Reader:
    """Takes fields from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, size: int) -> bytes:
        _demand(len(self.rest) >= size, f"{size} bytes expected, {len(self.rest)} left")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def integer(self, size: int = 8) -> int:
        return int.from_bytes(self.take(size), "big")

    def name(self) -> Process:
        length = self.integer(1)
        _demand(length > 0, "a name is empty")
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            raise CodecError("a name is not UTF-8") from None

    def message(self) -> Message:
        sender = self.name()
        length = self.integer(2)
        _demand(length <= MAX_BODY, f"a body has at most {MAX_BODY} bytes, not {length}")
        return Message(sender, self.take(length), self.take(64))

    def block(self) -> Block:
        epoch, parent, full = self.integer(), self.take(32), self.integer(1)
        _demand(full <= 1, f"a block has 0 or 1 messages, not {full}")
        return Block(epoch, parent, self.message() if full else None)

    def vote_for(self, block: Block) -> Vote:
        return Vote(self.name(), block.epoch, block.digest, self.take(64))

    def notarization(self) -> Notarization:
        block = self.block()
        votes = tuple(self.vote_for(block) for _ in range(self.integer(1)))
        _check_voters(votes)
        return Notarization(block, votes)

    def packet(self) -> Packet:
        kind = self.integer(1)
        match kind:
            case 1:
                return self.message()
            case 2:
                block = self.block()
                return Proposal(block, self.vote_for(block))
            case 3:
                return Vote(self.name(), self.integer(), self.take(32), self.take(64))
            case 4:
                links = self.integer(1)
                _demand(links <= MAX_LINKS, f"a chain has at most {MAX_LINKS} links, not {links}")
                return Chain(tuple(self.notarization() for _ in range(links)))
            case 5:
                return Request(self.name(), self.integer(), self.integer(), self.take(64))
        raise CodecError(f"no kind of packet has the number {kind}")
