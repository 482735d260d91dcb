"""What happened in a recorded execution: events at processes, and which message led to which.

Only the states are looked at, and what changed from one to the next, so the trace of another
implementation or a counterexample of TLC tells its story as well as one of ours.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import is_single
from model_consensus.tla.values import Value, show

SHARED_PLACES = ORDER, MESSAGES, LEADER = "order", "messages", "leader"
"""Lifelines for events that belong to no process, or to an unknown one."""


@dataclass(frozen=True)
class Event:
    """Something that happened at a process, or to the order or the messages.

    :ivar step: the number of the state after it; the initial state is number 1, as for TLC.
    :ivar kind: "step", "decision", "ban", or "lie": an offer whose claim is not its loss.
    """

    step: int
    process: str
    text: str
    kind: str = "step"


@dataclass(frozen=True)
class Story:
    """An execution.

    :ivar lifelines: the processes and the other places, from left to right.
    :ivar byzantine: those of them that are Byzantine.
    :ivar arrows: pairs of indices of events: a message was sent at the first one and received at
        the second one, which is later.
    """

    lifelines: Sequence[str]
    byzantine: frozenset[str]
    events: Sequence[Event]
    arrows: Sequence[tuple[int, int]]


class _Teller:
    """Collects events and arrows.

    ``sent`` keeps at which event a message was sent, ``queues`` at which events the offers that
    wait for a process were ordered, and ``models`` to which model each block leads.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.arrows: list[tuple[int, int]] = []
        self.sent: dict[Value, int] = {}
        self.queues: dict[str, list[int]] = {}
        self.models: dict[int, Value | None] = {}

    def tell(self, event: Event, *causes: int | None) -> int:
        """Add an event after those that led to it; its index."""
        self.events.append(event)
        index = len(self.events) - 1
        self.arrows += [(cause, index) for cause in causes if cause is not None]
        return index


def tell(trace: Trace) -> Story:
    """The story of a trace of TobLearning, PowLearning or Streamlet, or one with their variables.

    :raises ModelConsensusError: it has not the variables of one of them.
    """
    first = trace.states[0]
    kinds = (("inbox", "inbox", _tob), ("blocks", "known", _pow), ("votes", "votes", _streamlet))
    found = [(of, look) for variable, of, look in kinds if {variable, of} <= set(first)]
    if not found:
        raise ModelConsensusError(f"{trace.source}: no inbox, blocks or votes to be drawn")
    ((of, look),) = found
    teller = _Teller()
    with well_formed(trace):
        correct = sorted(map(str, first[of]))  # type: ignore[arg-type]
        for step, (before, after) in enumerate(pairwise(trace.states), 2):
            look(teller, trace, step, before, after)
    named = trace.constants.get("Byzantine", frozenset())
    byzantine = set(map(str, named)) if isinstance(named, frozenset) else set()
    places = {event.process for event in teller.events}
    byzantine |= places - {*correct, *SHARED_PLACES}
    shared = [place for place in SHARED_PLACES if place in places]
    lifelines = [*shared, *correct, *sorted(byzantine)]
    return Story(lifelines, frozenset(byzantine), teller.events, teller.arrows)


@contextmanager
def well_formed(trace: Trace) -> Iterator[None]:
    """Say plainly that ``trace`` has other values than expected."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, StopIteration) as error:
        raise ModelConsensusError(
            f"{trace.source}: it has not the values of its specification: {error!r}"
        ) from None


# ------------------------------------------------------------------ Total Order Broadcast


def _tob(teller: _Teller, trace: Trace, step: int, before: Any, after: Any) -> None:
    for offer in _sorted(after["network"] - before["network"]):
        teller.sent["offer", offer] = teller.tell(_offered(trace, step, offer, after))
    ordered: dict[Value, int] = {}
    for p in sorted(after["inbox"]):
        old, new = before["inbox"][p], after["inbox"][p]
        queue = teller.queues.setdefault(p, [])
        if len(new) > len(old) and new[: len(old)] != old:
            raise ModelConsensusError(
                f"{trace.source}: at state {step} an offer comes before others that had their "
                f"place at {p}: a run without an order has no picture"
            )
        for offer in new[len(old) :]:
            if offer not in ordered:
                ordered[offer] = _ordered(teller, trace, step, offer, after)
            queue.append(ordered[offer])
        if len(new) < len(old):  # some specifications with a defect do not take the first one
            place = next(i for i in range(len(old)) if old[:i] + old[i + 1 :] == new)
            text, kind = _learned(trace, before["learner"][p], after["learner"][p])
            text = f"delivers {old[place]['sender']}'s{text}"
            teller.tell(Event(step, str(p), text, kind), queue.pop(place))


def _ordered(teller: _Teller, trace: Trace, step: int, offer: Any, after: Any) -> int:
    """An offer gets its place; the adversary's is sent in the same step."""
    sent = teller.sent.pop(("offer", offer), None)
    if sent is None:
        sent = teller.tell(_offered(trace, step, offer, after))
    return teller.tell(Event(step, ORDER, f"orders {offer['sender']}'s"), sent)


def _offered(trace: Trace, step: int, offer: Any, after: Any) -> Event:
    """An offer is sent; a false claim stands beside the true loss, where the trace has it."""
    ticket, claim = offer["ticket"], offer["claim"]
    text = f"offers {_ticket(ticket)}, claim {claim}"
    if ticket["proposer"] != offer["sender"]:
        text += f", a ticket of {ticket['proposer']}"
    loss = next(
        (
            loss
            for model, loss in after.get("loss", {}).items()
            if _origin(trace, model) == (offer["parent"], frozenset([ticket]))
        ),
        claim,
    )
    if loss == claim:
        return Event(step, str(offer["sender"]), text)
    return Event(step, str(offer["sender"]), f"{text}, true loss {loss}", "lie")


def _ticket(ticket: Any) -> str:
    """A ticket without its proposer: the number of a single draw, or weights."""
    weights = ticket["weights"]
    if is_single(weights):
        return f"g{ticket['generation']} draw {weights.index(1)}"
    return f"g{ticket['generation']} weights {','.join(map(str, weights))}"


def _brief(ticket: Any) -> str:
    """A ticket in a few letters: p1.0 is the first draw of p1."""
    weights = ticket["weights"]
    named = weights.index(1) if is_single(weights) else ",".join(map(str, weights))
    return f"{ticket['proposer']}.{named}"


def _origin(trace: Trace, model: Any) -> tuple[Value, Any] | None:
    """Parent and step of a model; None if the trace does not say."""
    if isinstance(model, tuple):
        return (model[:-1], model[-1]) if model else None
    origin = trace.models.get(model)
    return (origin.parent, origin.step) if origin else None


def _learned(trace: Trace, before: Any, after: Any) -> tuple[str, str]:
    banned = after["banned"][len(before["banned"]) :]
    decided = after["decided"][len(before["decided"]) :]
    text = "".join(f", bans {p}" for p in banned)
    for model in decided:
        if origin := _origin(trace, model):
            steps = [f"{ticket['proposer']}'s {_ticket(ticket)}" for ticket in _sorted(origin[1])]
            text += f", decides {'the blend of ' if len(steps) > 1 else ''}{' and '.join(steps)}"
        else:
            text += f", decides {short(model)}"
    return text, "ban" if banned else "decision" if decided else "step"


# ------------------------------------------------------------------ proof of work


def _pow(teller: _Teller, trace: Trace, step: int, before: Any, after: Any) -> None:
    for offer in _sorted(after.get("offers", frozenset()) - before.get("offers", frozenset())):
        key = "offer", offer["parent"], offer["ticket"]
        teller.sent[key] = teller.tell(_offered(trace, step, offer, after))
    for place in range(len(before["blocks"]) + 1, len(after["blocks"]) + 1):
        block = after["blocks"][place - 1]
        text, used = f"mines {place} on {block['parent']}", _sorted(block.get("step", ()))
        if used:
            text += f" with {made_of(used)}"
        parent = _model_of(teller, trace, after["blocks"], block["parent"])
        offers = [teller.sent.get(("offer", parent, ticket)) for ticket in used]
        teller.sent["block", place] = teller.tell(Event(step, str(block["miner"]), text), *offers)
    for p in sorted(after.get("banned", ())):
        banned = sorted(after["banned"][p] - before["banned"][p])
        if banned:
            teller.tell(Event(step, str(p), "bans " + " and ".join(map(str, banned)), "ban"))
    for p in sorted(after["known"]):
        for place in sorted(after["known"][p] - before["known"][p]):
            text, kind = f"receives {place}", "step"
            if after["tip"][p] == place:
                old = chain_of(after["blocks"], before["tip"][p])
                new = chain_of(after["blocks"], place)
                text += ", reorganises" if old != new[: len(old)] else ""
                depth = trace.constants.get("Depth")
                if isinstance(depth, int) and len(new) > depth:
                    text, kind = f"{text}, decides {new[len(new) - depth - 1]}", "decision"
            teller.tell(Event(step, str(p), text, kind), teller.sent.get(("block", place)))


def made_of(step: Any) -> str:
    """The tickets of a step in a few words: p1.0 is the first draw of p1."""

    def named(ticket: Any) -> str:
        proposer = ticket["proposer"] or "nobody"
        if not is_single(ticket["weights"]):
            return f"{proposer}'s recombination"
        return f"{proposer}.{ticket['weights'].index(1)}"

    return ("the blend of " if len(step) > 1 else "") + " and ".join(map(named, _sorted(step)))


def _model_of(teller: _Teller, trace: Trace, blocks: Any, place: int) -> Any:
    """The model that a block leads to; None if the trace does not say."""
    if place == 0:
        return trace.genesis if trace.models else ()
    if place not in teller.models:
        block = blocks[place - 1]
        parent = _model_of(teller, trace, blocks, parent_of(blocks, place))
        if isinstance(parent, tuple):  # a lineage
            teller.models[place] = (*parent, block["step"])
        else:
            origin = parent, block["step"]
            found = (name for name, o in trace.models.items() if (o.parent, o.step) == origin)
            teller.models[place] = next(found, None)
    return teller.models[place]


def parent_of(blocks: Any, place: int) -> int:
    """The place of a block's parent; IndexError if it does not stand before the block."""
    parent: int = blocks[place - 1]["parent"]
    if not 0 <= parent < place:
        raise IndexError(f"the parent of block {place}")
    return parent


def chain_of(blocks: Any, place: int) -> list[int]:
    """The places of the blocks from the first one to ``place``."""
    chain = []
    while place:
        chain.append(place)
        place = parent_of(blocks, place)
    return chain[::-1]


# ------------------------------------------------------------------ Streamlet


def _streamlet(teller: _Teller, trace: Trace, step: int, before: Any, after: Any) -> None:
    names = block_names(trace)
    for message in _sorted(after["pool"] - before["pool"]):
        text = f"broadcasts {short(message)}"
        teller.sent["message", message] = teller.tell(Event(step, MESSAGES, text))
    for p in sorted(after["votes"]):
        for chain in _sorted(after["votes"][p] - before["votes"][p]):
            name, epoch = names[chain], chain[-1]["epoch"]
            payload = chain[-1]["payload"]
            message = teller.sent.get(("message", payload[0])) if payload else None
            proposed = teller.sent.get(("chain", chain))
            leader = _leader(after, epoch)
            if proposed is None and leader == p:
                teller.sent["chain", chain] = teller.tell(
                    Event(step, str(p), f"proposes {name}"), message
                )
                continue
            if proposed is None:  # the leader is Byzantine, or not known: its step is not recorded
                proposed = teller.sent["chain", chain] = teller.tell(
                    Event(step, leader or LEADER, f"proposes {name}"), message
                )
            teller.tell(Event(step, str(p), f"votes for {name}"), proposed)
        for link in after["log"][p][len(before["log"][p]) :]:
            what = short(link["payload"][0]) if link["payload"] else "an empty block"
            text = f"delivers epoch {link['epoch']}: {what}"
            teller.tell(Event(step, str(p), text, "decision"))


def _leader(state: Any, epoch: int) -> str | None:
    leaders = state.get("leader")
    return str(leaders[epoch - 1]) if leaders and 1 <= epoch <= len(leaders) else None


def block_names(trace: Trace) -> dict[Any, str]:
    """A name in a few letters for each block that got a vote: its epoch and its message.

    Blocks that would have one name are numbered.
    """
    last: Any = trace.states[-1]
    chains = {
        chain[:length]
        for p in last["votes"]
        for chain in last["votes"][p]
        for length in range(1, len(chain) + 1)
    }
    alike: dict[str, list[Any]] = {}
    for chain in _sorted(chains):
        payload = chain[-1]["payload"]
        name = f"e{chain[-1]['epoch']}" + (f" ({short(payload[0])})" if payload else "")
        alike.setdefault(name, []).append(chain)
    return {
        chain: name if len(same) == 1 else f"{name} #{number}"
        for name, same in alike.items()
        for number, chain in enumerate(same, start=1)
    }


# ------------------------------------------------------------------ for all


def short(value: Value, longest: int = 9) -> str:
    """A value in a few letters; a model in TLA+ is the steps that lead to it."""
    if isinstance(value, tuple) and value and all(isinstance(step, frozenset) for step in value):
        return "/".join("+".join(_brief(t) for t in _sorted(step)) for step in value)
    text = value if isinstance(value, str) else show(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _sorted(values: Any) -> list[Any]:
    return sorted(values, key=show)
