"""States of PowLearning.tla for `pow_learning`: see `states`.

The constants must be such that no loss is forgotten (no more wins than the depth): then a state's
losses are the landscape.
"""

from collections.abc import Iterator
from typing import Any

from model_consensus.proofs.evaluate import FUNCTIONS, Environment, Table
from tests.proofs.tlc_states import EMPTY, GENESIS, NOTHING, Tickets, Variables, members


class PowStates:
    """The block tree, with the model of each block."""

    def __init__(self, constants: Variables) -> None:
        assert constants["Wins"] <= constants["Depth"]
        self.tickets = Tickets(constants)
        self.number = self.tickets.number
        self.constants: Environment = {
            **FUNCTIONS,
            "N": len(self.number),
            "Byzantine": members(constants["Byzantine"], self.number),
        }

    def environment(self, state: Variables, landscape: Any = None) -> Environment:
        """The variables in ``state``, with the losses of a later one if they are given."""
        losses = state["loss"] if landscape is None else landscape
        blocks, models = {}, {0: GENESIS}
        for i, block in enumerate(state["blocks"], 1):
            ticket = self.tickets.ticket(block["ticket"])
            blocks[i] = ("make", block["parent"], ticket, block["claim"])
            step = NOTHING.store(ticket[2], ticket)
            models[i] = ("offspring", models[block["parent"]], step)
        known = {
            self.number[p]: Table(False, dict.fromkeys(numbers, True))
            for p, numbers in state["known"].items()
        }
        return {
            **self.constants,
            **self.tickets.landscape(losses),
            "length": len(blocks),
            "blocks": Table(None, blocks),
            "model": Table(None, models),
            "known": Table(EMPTY, known),
            "tip": Table(0, {self.number[p]: i for p, i in state["tip"].items()}),
        }

    def pair(self, before: Variables, after: Variables) -> tuple[Environment, Environment]:
        """Both ends of an edge in the landscape of the second."""
        return self.environment(before, after["loss"]), self.environment(after)

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]:
        """Parameters that the step may have had; a refused block may be any without work."""
        new = after["blocks"][after["length"]]
        if action == "Mine":
            yield (new,)
        for p in self.number.values():
            if action == "Receive":
                yield from ((p, i) for i in range(1, before["length"] + 1))
            if action == "ByzantineForge":
                yield (p, ("make", 0, ("make", 1, p, ("single", 0)), 0), False)
