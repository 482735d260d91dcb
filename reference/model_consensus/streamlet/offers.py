"""Offers of :mod:`model_consensus.tob_learner` as the bodies of Streamlet messages.

The rule of this file: a body says nothing about its sender, who is authenticated by the message.
"""

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process, Ticket
from model_consensus.streamlet.messages import MAX_BODY
from model_consensus.tob_learner import Offer

HEADER = 52
"""Bytes before the weights."""
WEIGHT = 4
"""Bytes of a weight."""


def most_draws(proposer: Process) -> int:
    """How many draws a process may have, so that a message holds its offers."""
    return (MAX_BODY - HEADER - len(proposer.encode(errors="surrogatepass"))) // WEIGHT


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
        weights = (weight.to_bytes(WEIGHT, "big", signed=True) for weight in ticket.weights)
        count = len(ticket.weights).to_bytes(4, "big")
        body = (offer.parent, *numbers, count, *weights, ticket.proposer.encode())
        return b"".join(body)
    except (OverflowError, UnicodeEncodeError):
        raise ModelConsensusError(f"an offer that has no encoding: {offer}") from None


def decode_offer(sender: Process, body: bytes) -> Offer | None:
    """The offer that a message of ``sender`` carries; None if the body is not an offer."""
    generation, claim = (int.from_bytes(body[i : i + 8], "big") for i in (32, 40))
    end = HEADER + WEIGHT * int.from_bytes(body[48:HEADER], "big")
    if len(body) < max(HEADER, end):
        return None
    weights = tuple(
        int.from_bytes(body[i : i + WEIGHT], "big", signed=True) for i in range(HEADER, end, WEIGHT)
    )
    try:
        proposer = body[end:].decode()
    except UnicodeDecodeError:
        return None
    return Offer(sender, body[:32], Ticket(generation, proposer, weights), claim)
