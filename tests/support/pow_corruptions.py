"""Corruptions of recorded runs over proof-of-work, of all the kinds of ``corruptions.py``.

Each is made of a run in which the thing that it gets wrong happens, so it is rejected at that very
step and at no other.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import by_rank, single
from model_consensus.pow_learner import NOBODY
from model_consensus.tla.values import Boolean, Value, function, record
from tests.support.corruptions import (
    Corruption,
    altered,
    dropped,
    first,
    inserted,
    put,
    set_in,
    swapped,
)

Runs = Iterable[Trace]


def models(trace: Trace, state: Any) -> list[str]:
    """The names of the models of the genesis and of the blocks, by their places."""
    names = {(origin.parent, origin.step): name for name, origin in trace.models.items()}
    found = [trace.genesis]
    for block in state["blocks"]:
        found.append(names[found[block["parent"]], block["step"]])
    return found


def loss(trace: Trace, parent: str, step: frozenset[Value]) -> int | None:
    """The loss of an offspring, if it was evaluated."""
    found = (o.loss for o in trace.models.values() if (o.parent, o.step) == (parent, step))
    return next(found, None)


def drawn(trace: Trace, parent: str, proposer: str) -> list[tuple[frozenset[Value], int]]:
    """The steps and the losses of the single draws of ``proposer`` that were evaluated."""
    draws = trace.constants["Draws"]
    assert isinstance(draws, int)
    generation = 1
    name = parent
    while name != trace.genesis:
        name, generation = trace.models[name].parent, generation + 1
    steps = [
        frozenset([record(generation=generation, proposer=proposer, weights=single(j, draws))])
        for j in range(draws)
    ]
    losses = [(step, loss(trace, parent, step)) for step in steps]
    return [(step, found) for step, found in losses if found is not None]


def public_offer(trace: Trace, parent: str) -> Any:
    """The ticket and the claim of nobody's offer."""
    draws = drawn(trace, parent, NOBODY)
    step, claim = min(draws, key=lambda each: each[1])
    if trace.constants["Recombines"] is Boolean.TRUE and len(draws) > 1:
        (ticket,) = step
        weights = by_rank([found for _, found in draws])
        combined = frozenset([function({**ticket, "weights": weights})])  # type: ignore[dict-item]
        found = loss(trace, parent, combined)
        assert found is not None
        if found < claim:
            step, claim = combined, found
    (ticket,) = step
    return {"ticket": ticket, "claim": claim}


class Lead:
    """A win of a correct process: on what, and with what."""

    def __init__(self, trace: Trace, index: int) -> None:
        before: Any = trace.states[index - 1]
        after: Any = trace.states[index]
        arguments: Any = trace.arguments[index]
        self.trace, self.index, self.miner = trace, index, arguments["process"]
        self.block = after["blocks"][-1]
        self.step = self.block["step"]
        self.parent = models(trace, after)[self.block["parent"]]
        self.drawn = drawn(trace, self.parent, NOBODY)
        self.public = public_offer(trace, self.parent)
        self.better = [
            offer
            for offer in before["offers"]
            if offer["parent"] == self.parent
            and offer["sender"] in arguments["senders"]
            and offer["sender"] not in before["banned"][self.miner]
            and offer["claim"] < self.public["claim"]
        ]
        self.useful = [self.public, *self.better]

    def instead(self, step: frozenset[Value], claim: int) -> Trace:
        """The trace with this step in the place of the one that was led with."""
        block = function({**self.block, "step": step, "claim": claim})
        change = lambda blocks: (*blocks[:-1], block)  # noqa: E731
        return altered(self.trace, self.index, ("blocks",), change)


def lead(runs: Runs, where: Callable[[Lead], bool]) -> Lead:
    """The first win of a correct process of which ``where`` holds."""
    for trace in runs:
        for index, action in enumerate(trace.actions):
            if action == "Mine" and where(found := Lead(trace, index)):
                return found
    raise AssertionError("there is no such win in the runs")


def best_instead_of_blend(runs: Runs) -> Corruption:
    """A leader takes the best offer, and should blend."""
    found = lead(runs, lambda each: len(each.step) > 1)
    best = min(found.useful, key=lambda offer: int(offer["claim"]))
    wrong = found.instead(frozenset([best["ticket"]]), best["claim"])
    return "a blend that is as good is not taken", wrong, found.index, "blocks"


def blend_instead_of_best(runs: Runs) -> Corruption:
    """A leader blends, and the blend is worse than the best offer."""
    found = lead(runs, lambda each: len(each.step) == 1 and len(each.useful) > 1)
    step = frozenset(offer["ticket"] for offer in found.useful)
    claim = loss(found.trace, found.parent, step)
    assert claim is not None
    assert claim > found.block["claim"]
    wrong = found.instead(step, claim)
    return "a blend that is not as good is taken", wrong, found.index, "blocks"


def worse_of_offers(runs: Runs) -> Corruption:
    """A leader takes an offer that is not the best."""
    found = lead(
        runs,
        lambda each: len(each.step) == 1 and len({offer["claim"] for offer in each.better}) > 1,
    )
    worst = max(found.better, key=lambda offer: int(offer["claim"]))
    wrong = found.instead(frozenset([worst["ticket"]]), worst["claim"])
    return "not the best offer is taken", wrong, found.index, "blocks"


def public_instead_of_best(runs: Runs) -> Corruption:
    """A leader takes the public offer, and another one is better."""
    found = lead(runs, lambda each: bool(each.better))
    wrong = found.instead(frozenset([found.public["ticket"]]), found.public["claim"])
    return "the public offer is taken in the place of a better one", wrong, found.index, "blocks"


def later_draw_of_nobody(runs: Runs) -> Corruption:
    """Of equal draws of nobody a leader takes the later one."""
    found = lead(
        runs,
        lambda each: not each.better and [b for _, b in each.drawn].count(each.block["claim"]) > 1,
    )
    later = next(
        step for step, claim in found.drawn if claim == found.block["claim"] and step != found.step
    )
    wrong = found.instead(later, found.block["claim"])
    return "of equal draws of nobody the later one is taken", wrong, found.index, "blocks"


def later_draw(runs: Runs) -> Corruption:
    """Of equal draws a process offers the later one."""
    for trace in runs:
        for index, action in enumerate(trace.actions):
            if action != "MakeOffer":
                continue
            before: Any = trace.states[index - 1]
            after: Any = trace.states[index]
            (offer,) = after["offers"] - before["offers"]
            draws = drawn(trace, offer["parent"], offer["sender"])
            equal = [
                step
                for step, claim in draws
                if claim == offer["claim"] and step != frozenset([offer["ticket"]])
            ]
            if equal and frozenset([offer["ticket"]]) in dict(draws):
                (ticket,) = equal[0]
                other = function({**offer, "ticket": ticket})
                wrong = altered(trace, index, ("offers",), lambda o: (o - {offer}) | {other})  # noqa: B023
                return "of equal draws the later one is offered", wrong, index, "offers"
    raise AssertionError("no process has two best draws of one loss")


def below_floor(worst: Trace) -> Corruption:
    """A Byzantine miner leads with the offer of its own that is worse than the public offer."""
    index = worst.actions.index("ByzantineMine")
    state: Any = worst.states[index]
    block = state["blocks"][-1]
    parent = models(worst, state)[block["parent"]]
    offer = next(
        each
        for each in state["offers"]
        if each["sender"] == block["miner"] and each["parent"] == parent
    )
    assert offer["claim"] > block["claim"]
    bad = {**block, "step": frozenset([offer["ticket"]]), "claim": offer["claim"]}
    change = lambda blocks: (*blocks[:-1], function(bad))  # noqa: E731
    return (
        "a block is below the floor",
        altered(worst, index, ("blocks",), change),
        index,
        "",
    )


def later_of_equal_chains(selfish: Trace) -> Corruption:
    """A process adopts a chain that is as long as its own."""

    def height(state: Any, block: int) -> int:
        return int(height(state, state["blocks"][block - 1]["parent"]) + 1 if block else 0)

    def tie(before: Any, after: Any) -> list[tuple[str, int]]:
        """Who has received a block as high as its tip, and which."""
        return [
            (process, block)
            for process in after["known"]
            for block in after["known"][process] - before["known"][process]
            if height(after, block) == height(after, before["tip"][process])
        ]

    fork = first(selfish, lambda before, after: bool(tie(before, after)))
    ((process, block), *_) = tie(selfish.states[fork - 1], selfish.states[fork])
    return (
        "of equal chains the later one is adopted",
        altered(selfish, fork, ("tip", process), put(block)),
        fork,
        f"tip.{process}",
    )


def of_offers(honest: Trace) -> list[Corruption]:
    """An offer is missing, changed, made twice, or at another place."""
    index = honest.actions.index("MakeOffer")
    sender = honest.arguments[index]["process"]
    state: Any = honest.states[index]
    (offer,) = state["offers"]
    other = next(
        step
        for step, _ in drawn(honest, offer["parent"], offer["sender"])
        if step != frozenset([offer["ticket"]])
    )
    (ticket,) = other
    claim = loss(honest, offer["parent"], other)
    assert claim is not None
    second = function({**offer, "ticket": ticket, "claim": claim})
    again = set_in(honest.states[index], ("offers",), lambda offers: offers | {second})
    better = function({**offer, "claim": offer["claim"] - 1})
    return [
        ("an offer is missing", dropped(honest, index), index, ""),
        ("two offers are swapped", swapped(honest, index), index, ""),
        (
            "the claim of an offer is changed",
            altered(honest, index, ("offers",), put(frozenset([better]))),
            index,
            "offers",
        ),
        (
            "a process offers twice on one model",
            inserted(honest, index + 1, "MakeOffer", {"process": sender}, again),
            index + 1,
            "",
        ),
    ]


def of_blocks(honest: Trace) -> list[Corruption]:
    """A block, or its arrival, is missing, changed or at another place."""
    mined, received = honest.actions.index("Mine"), honest.actions.index("Receive")
    second = honest.actions.index("Mine", mined + 1)
    last: Any = honest.states[second]
    tip = len(last["blocks"])
    forged = record(
        parent=0,
        miner="p4",
        step=frozenset([record(generation=1, proposer="p4", weights=single(0, 4))]),
        claim=0,
    )
    place = len(honest.states[received]["blocks"]) + 1  # type: ignore[arg-type]
    accepted = set_in(honest.states[received], ("blocks",), lambda blocks: (*blocks, forged))
    accepted = set_in(accepted, ("known", "p1"), lambda known: known | {place})
    sent_to_p1 = {"process": "p1", "forged": function({**forged, "work": Boolean.TRUE})}
    return [
        ("a win is missing", dropped(honest, mined), mined, ""),
        ("a delivery is missing", dropped(honest, received), received, ""),
        ("two steps are swapped", swapped(honest, mined), mined, ""),
        (
            "a claim is changed",
            altered(honest, mined, ("blocks", 0, "claim"), lambda claim: claim - 1),
            mined,
            "",
        ),
        (
            "another miner is named",
            altered(honest, mined, ("blocks", 0, "miner"), put("p4")),
            mined,
            "",
        ),
        (
            "a block received is no tip",
            altered(honest, received, ("tip",), put(honest.states[mined]["tip"])),
            received,
            "tip",
        ),
        (
            "a decision is forged: its depth is there before the block is received",
            altered(honest, second, ("tip", "p1"), put(tip)),
            second,
            "tip.p1",
        ),
        (
            "a forged block is accepted",
            inserted(honest, received + 1, "ByzantineForge", sent_to_p1, accepted),
            received + 1,
            "",
        ),
    ]


def of_bans(lies: Trace) -> list[Corruption]:
    """An honest process is banned, or a liar is not."""
    ban = lies.actions.index("Catch")
    process = lies.arguments[ban]["process"]
    state: Any = lies.states[ban]
    assert state["banned"][process] == {"p4"}
    path = ("banned", process)
    return [
        ("an honest process is banned", altered(lies, ban, path, put(frozenset(["p2"]))), ban, ""),
        ("a liar is not banned", altered(lies, ban, path, put(frozenset())), ban, ""),
        ("a ban is missing", dropped(lies, ban), ban, ""),
    ]


def of_mining(good: Mapping[str, Trace], runs: Runs) -> list[Corruption]:
    """Corruptions of runs of the strategies, by name, and of ``runs``, in which more happens."""
    return [
        *of_offers(good["honest"]),
        *of_blocks(good["honest"]),
        *of_bans(good["false-offers"]),
        best_instead_of_blend(runs),
        blend_instead_of_best(runs),
        worse_of_offers(runs),
        public_instead_of_best(runs),
        later_draw_of_nobody(runs),
        later_draw(runs),
        below_floor(good["worst-offers"]),
        later_of_equal_chains(good["selfish"]),
    ]
