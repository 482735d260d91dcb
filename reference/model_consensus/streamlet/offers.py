"""Offers of :mod:`model_consensus.tob_learner` as the bodies of Streamlet messages.

The rule of this file: a body says nothing about its sender, who is authenticated by the message.
"""

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process, Ticket
from model_consensus.tob_learner import Offer

__all__ = [
    "decode_offer",
    "encode_offer",
]


def encode_offer(offer: Offer) -> bytes:
    """The body of the message that carries ``offer``; its sender is the message's.

    The parent's digest; generation, draw and claim with 8 bytes each, big-endian; the proposer.

    :raises ModelConsensusError: a field does not fit.
    """
    ticket = offer.ticket
    try:
        if len(offer.parent) != 32:
            raise OverflowError
        numbers = (n.to_bytes(8, "big") for n in (ticket.generation, ticket.draw, offer.claim))
        return offer.parent + b"".join(numbers) + ticket.proposer.encode()
    except (OverflowError, UnicodeEncodeError):
        raise ModelConsensusError(f"an offer that has no encoding: {offer}") from None


def decode_offer(sender: Process, body: bytes) -> Offer | None:
    """The offer that a message of ``sender`` carries; None if the body is not an offer."""
    if len(body) < 56:
        return None
    generation, draw, claim = (int.from_bytes(body[i : i + 8], "big") for i in (32, 40, 48))
    try:
        proposer = body[56:].decode()
    except UnicodeDecodeError:
        return None
    return Offer(sender, body[:32], Ticket(generation, proposer, draw), claim)
