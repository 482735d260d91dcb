"""Offers of :mod:`model_consensus.tob_learner` as the bodies of Streamlet messages.

The rule of this file: a body says nothing about its sender, who is authenticated by the message.
"""

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process, Ticket
from model_consensus.tob_learner import Offer


def encode_offer(offer: Offer) -> bytes:
    """The body of the message that carries ``offer``; its sender is the message's.

    The parent's digest; generation and claim with 8 bytes each; the number of the weights with 4
    bytes, and each of them with 4, signed; the proposer.  Integers are big-endian.

    :raises ModelConsensusError: a field does not fit.
    """
    ticket = offer.ticket
    try:
        if len(offer.parent) != 32:
            raise OverflowError
        numbers = (n.to_bytes(8, "big") for n in (ticket.generation, offer.claim))
        weights = (weight.to_bytes(4, "big", signed=True) for weight in ticket.weights)
        count = len(ticket.weights).to_bytes(4, "big")
        body = (offer.parent, *numbers, count, *weights, ticket.proposer.encode())
        return b"".join(body)
    except (OverflowError, UnicodeEncodeError):
        raise ModelConsensusError(f"an offer that has no encoding: {offer}") from None


def decode_offer(sender: Process, body: bytes) -> Offer | None:
    """The offer that a message of ``sender`` carries; None if the body is not an offer."""
    generation, claim = (int.from_bytes(body[i : i + 8], "big") for i in (32, 40))
    end = 52 + 4 * int.from_bytes(body[48:52], "big")
    if len(body) < max(52, end):
        return None
    weights = tuple(int.from_bytes(body[i : i + 4], "big", signed=True) for i in range(52, end, 4))
    try:
        proposer = body[end:].decode()
    except UnicodeDecodeError:
        return None
    return Offer(sender, body[:32], Ticket(generation, proposer, weights), claim)
