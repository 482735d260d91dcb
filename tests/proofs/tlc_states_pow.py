"""States of PowLearning.tla for `pow_learning`: see `PowStates`.

The constants must be such that no loss is forgotten (no more wins than the depth): then a state's
losses are the landscape.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Any

import z3

from model_consensus.proofs import pow_learner, pow_learning, pow_steps, tob_learner
from model_consensus.proofs.evaluate import FUNCTIONS, Environment, Evaluator, Table
from model_consensus.proofs.search import Model
from model_consensus.tla.values import ordered
from tests.proofs.tlc_states import (
    ABSENT,
    EMPTY,
    GENESIS,
    NOTHING,
    Tickets,
    Variables,
    members,
    model_generation,
)

Offer = tuple[Any, ...]
_NO_OFFER: Offer = ("make", -1, GENESIS, ABSENT, 0)


class PowStates:
    """The offers, the block tree with the model of each block, and the learners.

    An edge's evaluations are counted from 0: TLC's states do not hold them.
    """

    def __init__(self, constants: Variables) -> None:
        assert constants["Wins"] <= constants["Depth"]
        self.tickets = Tickets(constants)
        self.number = dict(self.tickets.number)
        self.nobody = self.tickets.number[""] = len(self.number)
        draws = constants["Draws"]
        cost = draws + (self.tickets.constants["Recombines"] and draws > 1)
        self.constants: Environment = {
            **FUNCTIONS,
            "N": len(self.number),
            "F": len(constants["Byzantine"]),
            "Byzantine": members(constants["Byzantine"], self.number),
            "Wins": constants["Wins"],
            "ProposalCost": cost,
            "LeadCost": cost + 1 + len(self.number),
            "ReceiveCost": cost + 1,
            "Generation": model_generation,
        }
        s, p, view, q = (
            pow_learning.SYSTEM.state(),
            z3.Int("p"),
            z3.Const("view", pow_learner.View),
            z3.Int("q"),
        )
        parent, offer = z3.Const("parent", Model), z3.Const("offer", tob_learner.Offer)
        compiled = Evaluator().compile
        self._is_public = compiled(pow_steps.is_best_offer(parent, pow_learner.NOBODY, offer))
        self._is_useful = compiled(pow_learner.is_useful(s, p, view, q))
        self._lead_cost = compiled(pow_learner.lead_cost(s, p, view))
        self.offer = lru_cache(None)(self._offer)
        self.offers = lru_cache(None)(self._offers)

    def _offer(self, offer: Any) -> Offer:
        return (
            "make",
            self.number[offer["sender"]],
            self.tickets.model(offer["parent"]),
            self.tickets.ticket(offer["ticket"]),
            offer["claim"],
        )

    def environment(
        self, state: Variables, earlier: Variables | None = None, losses: Any = None
    ) -> Environment:
        """The variables in ``state``; the offers of an ``earlier`` state come first."""
        before = self.offers(earlier["offers"]) if earlier else []
        offers = before + [o for o in self.offers(state["offers"]) if o not in before]
        blocks, models = {}, {0: GENESIS}
        for i, block in enumerate(state["blocks"], 1):
            tickets = [self.tickets.ticket(ticket) for ticket in block["step"]]
            step = Table(ABSENT, {ticket[2]: ticket for ticket in tickets})
            blocks[i] = ("make", block["parent"], self.number[block["miner"]], step, block["claim"])
            models[i] = ("offspring", models[block["parent"]], step)
        known = {
            self.number[p]: Table(False, dict.fromkeys(numbers, True))
            for p, numbers in state["known"].items()
        }
        banned = {self.number[p]: members(q, self.number) for p, q in state["banned"].items()}
        offered = {p: _offered(p, offers, known[p], models) for p in known}
        led = {p: sum(block[2] == p for block in blocks.values()) for p in known}
        return {
            **self.constants,
            **self.tickets.landscape(state["loss"] if losses is None else losses),
            "sent": len(offers),
            "offers": Table(_NO_OFFER, dict(enumerate(offers))),
            "length": len(blocks),
            "blocks": Table(None, blocks),
            "model": Table(None, models),
            "known": Table(EMPTY, known),
            "tip": Table(0, {self.number[p]: i for p, i in state["tip"].items()}),
            "banned": Table(EMPTY, banned),
            "offered": Table(EMPTY, offered),
            "led": Table(0, led),
            "refused": Table(0),
            "evaluations": Table(0),
        }

    def _offers(self, offers: frozenset[Any]) -> list[Offer]:
        """The offers in an order of their own: TLC holds a set."""
        return [self.offer(offer) for offer in ordered(offers)]

    def pair(self, before: Variables, after: Variables) -> tuple[Environment, Environment]:
        """Both ends of an edge in the landscape of the second."""
        return self.environment(before, losses=after["loss"]), self.environment(after, before)

    def adjust(
        self, action: str, before: Environment, after: Environment, parameters: tuple[Any, ...]
    ) -> Environment:
        """The state after a step of these parameters, with what it evaluates."""
        p, cost = parameters[0], 0
        if action == "MakeOffer":
            cost = self.constants["ProposalCost"]
        elif action in ("Catch", "Mine"):
            cost = self._lead_cost({**before, "p": p, "view": parameters[1]})
        elif action == "Receive" and after["known"] != before["known"]:
            cost = self.constants["ReceiveCost"]
        return {**after, "evaluations": Table(0, {p: cost})} if cost else after

    def public_offer(self, before: Environment, parent: Any) -> Offer:
        """The one offer on ``parent`` that is nobody's best."""
        generation, nobody = model_generation(parent) + 1, self.nobody
        by_rank = before["ByRank"](parent, generation, nobody)
        single = [("single", draw) for draw in range(self.tickets.draws)]
        offers = []
        for weights in (*single, ("combination", by_rank)):
            ticket = ("make", generation, nobody, weights)
            claim = before["loss"](("offspring", parent, NOTHING.store(nobody, ticket)))
            offers.append(("make", nobody, parent, ticket, claim))
        (public,) = (o for o in offers if self._is_public({**before, "parent": parent, "offer": o}))
        return public

    def views(self, before: Environment, p: int) -> Iterator[Any]:
        """What p may see of the offers on its tip: nobody's, its own, and of each other at most
        one."""
        parent = before["model"][before["tip"][p]]
        public = self.public_offer(before, parent)
        on_tip = [offer for offer in before["offers"].entries.values() if offer[2] == parent]
        of = {q: [offer for offer in on_tip if offer[1] == q] for q in self.number.values()}
        for chosen in product(*(of[q] + [None] * (q != p) for q in of)):
            sent = {offer[1]: offer for offer in chosen if offer}
            offers = {**sent, self.nobody: public}
            view = ("make", _set(sent), Table(_NO_OFFER, offers), EMPTY, NOTHING)
            scope = {**before, "p": p, "view": view}
            useful = [q for q in sent if self._is_useful({**scope, "q": q})] + [self.nobody]
            blend = Table(ABSENT, {q: offers[q][3] for q in useful})
            yield (*view[:3], _set(useful), blend)

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]:
        """Parameters that the step may have had; a refused block may be any without work."""
        processes = self.number.values()
        offer, block = after["offers"][before["sent"]], after["blocks"][after["length"]]
        if action == "MakeOffer":
            yield (offer[1], offer)
        elif action == "ByzantineOffer":
            yield (offer,)
        elif action == "ByzantineMine":
            yield (block,)
        elif action == "Mine":
            senders = self.tickets.number.values()
            yield from product([block[2]], self.views(before, block[2]), [block[3]], senders)
        for p in processes:
            if action == "Catch" and after["banned"][p] != before["banned"][p]:
                yield from product([p], self.views(before, p), processes)
            elif action == "Receive":
                yield from ((p, i) for i in range(1, before["length"] + 1))
            elif action == "ByzantineForge":
                yield (p, ("make", 0, p, NOTHING, 0), False)


def _set(numbers: Iterable[int]) -> Table:
    return Table(False, dict.fromkeys(numbers, True))


def _offered(p: int, offers: list[Offer], known: Table, models: dict[int, Any]) -> Table:
    """The blocks on which p has made its offers: the first that it knows of each model."""
    return _set(
        min(i for i in known.entries if models[i] == offer[2]) for offer in offers if offer[1] == p
    )
