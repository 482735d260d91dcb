"""The lines of the log of a process over proof-of-work, as it writes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model_consensus.conformance.log_writing import Lines, number_data, ticket_data
from model_consensus.conformance.pow_logs import POW, PowAgreed
from model_consensus.pow_learner import Block
from model_consensus.tob_learner import Offer


@dataclass(kw_only=True)
class PowLogLines(Lines):
    """The lines of one process's log over proof-of-work.

    :ivar clock: tells the time in seconds since 1970, which stands beside blocks and restarts.
    """

    clock: Callable[[], float]

    def start(self, agreed: PowAgreed) -> str:
        """The first line."""
        return self.begun(agreed, POW.protocol, depth=agreed.depth, hashes=agreed.hashes)

    def heard(self, offer: Offer, losses: Sequence[int]) -> str:
        """The process takes an offer of another one, and has evaluated models of these losses."""
        return self.about("heard", offer, losses)

    def mined(self, block: Block) -> str:
        """The process has found the nonce of its block."""
        return self.line("mined", block=block_data(block), time=self._now())

    def received(self, block: Block, losses: Sequence[int]) -> str:
        """A block has arrived, and the process has evaluated models of these losses upon it."""
        told = [*map(number_data, losses)]
        return self.line("received", block=block_data(block), losses=told, time=self._now())

    def restarted(self, blocks: int) -> str:
        """The process has started again, and remembers so many blocks."""
        return self.line("restarted", blocks=blocks, time=self._now())

    def _now(self) -> float:
        return round(self.clock(), 6)


def block_data(block: Block) -> dict[str, object]:
    """A block as JSON data."""
    return {
        "parent": block.parent.hex(),
        "miner": block.miner,
        "step": [*map(ticket_data, sorted(block.step))],
        "claim": number_data(block.claim),
        "nonce": number_data(block.nonce),
    }
