"""What the golden vectors are written with: protocol values as JSON."""

import hashlib
from collections.abc import Callable
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch, Step, Ticket
from model_consensus.landscapes import Vector
from model_consensus.pow_learner import Block
from model_consensus.tob_learner import Offer

Json = Any


def number(value: int) -> int | str:
    """A number of JSON if every reader has it exactly; else its decimal digits as a string."""
    return value if abs(value) < 1 << 53 else str(value)


def sha256(vector: Vector) -> str:
    """Of the coordinates, 8 bytes each, little-endian."""
    return hashlib.sha256(vector.astype("<i8").tobytes()).hexdigest()


def ticket_fields(ticket: Ticket) -> Json:
    return {
        "generation": number(ticket.generation),
        "proposer": ticket.proposer,
        "weights": [*map(number, ticket.weights)],
    }


def step_fields(step: Step) -> Json:
    """The tickets of a step in their order."""
    return [*map(ticket_fields, sorted(step))]


def statement(search: EvolutionarySearch) -> Json:
    """What of the problem the genesis digest covers besides the landscape."""
    return {
        "lambda": search.lambda_,
        "mu": search.mu,
        "draws": search.draws,
        "recombines": search.recombines,
        "elitist": search.elitist,
    }


def refusal(attempt: Callable[[], object]) -> str:
    """The complaint with which an attempt is refused."""
    try:
        attempt()
    except ModelConsensusError as error:
        return str(error)
    raise AssertionError("what should be refused is not")


def offer_fields(offer: Offer) -> Json:
    return {
        "sender": offer.sender,
        "parent": offer.parent.hex(),
        "ticket": ticket_fields(offer.ticket),
        "claim": number(offer.claim),
    }


def pow_fields(block: Block) -> Json:
    return {
        "parent": block.parent.hex(),
        "miner": block.miner,
        "step": step_fields(block.step),
        "claim": number(block.claim),
        "nonce": number(block.nonce),
    }
