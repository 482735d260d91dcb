"""Recomputing what a trace says of the landscape: digests, offspring, losses and proofs of work.

A trace is checked by TLC against its own list of models, so noise and losses that are wrong in the
same way everywhere pass.  Here they are computed again from the landscape.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from model_consensus.conformance.trace_check import Rejection, TraceVerdict
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.traces import Origin, Trace
from model_consensus.evolutionary_search import Digest, EvolutionarySearch, Model, Step, Ticket
from model_consensus.landscapes import Landscape
from model_consensus.pow_learner import Block
from model_consensus.tla.values import Boolean, Function, Value

SHORTEST_NAME = 16
"""Hexadecimal digits of its digest that a model's name must have."""


def check_landscape(verdict: TraceVerdict, landscape: Landscape) -> TraceVerdict:
    """The verdict, or the rejection of a trace that contradicts the landscape.

    :raises TraceError: the trace has not what is needed: names that are digests, and for blocks
        the target and the nonces.
    """
    return on_landscape(landscape)()(verdict)


def on_landscape(landscape: Landscape) -> Callable[[], Callable[[TraceVerdict], TraceVerdict]]:
    """`check_landscape` for traces in windows: called for a trace, it gives what checks each."""

    def begin() -> Callable[[TraceVerdict], TraceVerdict]:
        found = _Found()

        def check(verdict: TraceVerdict) -> TraceVerdict:
            if verdict.rejection is not None:
                return verdict
            problem = next(_problems(verdict.trace, landscape, found), None)
            return verdict if problem is None else replace(verdict, rejection=problem, unsafe=None)

        return check

    return begin


@dataclass
class _Found:
    """What is known when a window begins.

    :ivar search: that of the trace; None before its first window.
    :ivar models: those by whose offspring the window may begin.
    :ivar digests: of the genesis model and the blocks so far.
    """

    search: EvolutionarySearch | None = None
    models: dict[str, Model] = field(default_factory=dict)
    digests: list[Digest] = field(default_factory=list)


def _problems(trace: Trace, landscape: Landscape, found: _Found) -> Iterator[Rejection]:
    if trace.module == "Streamlet":
        raise TraceError(
            f"{trace.source}: a landscape cannot be compared with a trace of Streamlet: its "
            f"messages are names, and it has no models and no losses"
        )
    for name in (trace.genesis, *trace.models):
        if len(name) < SHORTEST_NAME or any(digit not in "0123456789abcdef" for digit in name):
            raise TraceError(
                f"{trace.source}: model {name}: with a landscape a model's name must be its digest "
                f"in hexadecimal, {SHORTEST_NAME} digits of it or more"
            )
    draws = trace.constants["Draws"]
    lambda_ = trace.constants.get("Lambda", 1)
    mu = trace.constants.get("Mu", 1)
    assert isinstance(draws, int)
    assert isinstance(lambda_, int)
    assert isinstance(mu, int)
    recombines = trace.constants["Recombines"] is Boolean.TRUE
    comma, elitist = (
        EvolutionarySearch(landscape, draws, lambda_, mu, recombines, elitist)
        for elitist in (False, True)
    )
    if not trace.first:
        found.search = elitist if _is_genesis(trace, elitist) else comma
        found.models = {trace.genesis: found.search.genesis}
        found.digests = [found.search.genesis.digest]
    search = found.search
    assert search is not None
    if not trace.first and not _is_genesis(trace, search):
        yield Rejection(
            0,
            f"the genesis model is {comma.genesis.digest.hex()[: len(trace.genesis)]} (or "
            f"{elitist.genesis.digest.hex()[: len(trace.genesis)]}, if elitist) for this "
            f"landscape and these constants, not {trace.genesis}",
        )
        return
    yield from _wrong_models(trace, search, found.models)
    if "blocks" in trace.states[0]:
        yield from _without_work(trace, found.digests)


def _is_genesis(trace: Trace, search: EvolutionarySearch) -> bool:
    return search.genesis.digest.hex().startswith(trace.genesis)


# --------------------------------------------------------------------------------------- models


def _wrong_models(
    trace: Trace, search: EvolutionarySearch, known: dict[str, Model]
) -> Iterator[Rejection]:
    """The models whose names or losses are not what their steps make of their parents.

    :param known: the models on which these are drawn; at the end, those on which a next window is.
    """
    children: dict[str, dict[str, Origin]] = {}
    for name, origin in trace.models.items():
        if name in known:  # the window before has it, too
            continue
        children.setdefault(origin.parent, {})[name] = origin
    kept = _first_generation_after(trace)
    for parent, drawn in children.items():  # a parent stands before its offspring
        steps = [step_of(origin.step) for origin in drawn.values()]
        if any(ticket.generation <= trace.since for step in steps for ticket in step):
            continue  # these are no later than the genesis: the window before has them, too
        model = known.pop(parent)
        losses = search.losses(model, steps)
        for (name, origin), step, loss in zip(drawn.items(), steps, losses, strict=True):
            offspring = search.offspring(model, step)
            digest = offspring.digest.hex()[: len(name)]
            if digest != name:
                problem = f"the digest of the model {name} is {digest}, by its parent and step"
                yield Rejection(_first(trace, name), problem)
                return
            if loss != origin.loss:
                problem = f"the loss of the model {name} is {loss}, not {origin.loss}"
                yield Rejection(_first(trace, name), problem)
                return
            if name in children or offspring.generation >= kept:
                known[name] = offspring
        if model.generation >= kept:
            known[parent] = model


def _first_generation_after(trace: Trace) -> int:
    """The generation of the genesis model of a window that follows, or an earlier one."""
    learners = trace.states[-1].get("learner")
    if not isinstance(learners, Function):
        return 0  # a block can refer to any older one
    lengths = [len(learner["decided"]) for learner in learners.values()]  # type: ignore
    return trace.since + min(lengths) - 2


def ticket_of(value: Value) -> Ticket:
    """A ticket from its record in TLA+."""
    assert isinstance(value, Function)
    generation, proposer, weights = (value[f] for f in ("generation", "proposer", "weights"))
    assert isinstance(generation, int)
    assert isinstance(proposer, str)
    assert isinstance(weights, tuple)
    return Ticket(generation, proposer, tuple(w for w in weights if isinstance(w, int)))


def step_of(step: frozenset[Value]) -> Step:
    """A step from its value in TLA+."""
    return frozenset(map(ticket_of, step))


def _first(trace: Trace, name: str) -> int:
    """The first state in which the model's loss is known; the last one if there is none."""
    for index, state in enumerate(trace.states):
        losses = state["loss"]
        if isinstance(losses, Function) and name in losses:
            return index
    return len(trace.states) - 1


# ----------------------------------------------------------------------------------------- work


def _without_work(trace: Trace, known: list[Digest]) -> Iterator[Rejection]:
    """The first block whose hash is not below the target.

    :param known: the digests of the genesis model and of blocks; those of the others come to them.
    """
    blocks = trace.states[-1]["blocks"]
    assert isinstance(blocks, tuple)
    if trace.work is None:
        raise TraceError(
            f"{trace.source}: target and nonces are missing in #meta: without them the proofs of "
            f"work cannot be computed again"
        )
    if len(trace.work.nonces) != len(blocks):
        raise TraceError(
            f"{trace.source}: there are {len(trace.work.nonces)} nonces and {len(blocks)} blocks"
        )
    digests = [known[trace.left_out.root]]
    for place, (value, nonce) in enumerate(zip(blocks, trace.work.nonces, strict=True), 1):
        digests.append(_block(value, nonce, digests).digest)
        if int.from_bytes(digests[-1], "big") >= trace.work.target:
            index = next(i for i, each in enumerate(trace.states) if _count(each) >= place)
            number = trace.left_out.blocks + place
            yield Rejection(index, f"block {number} has no work: its hash is not below the target")
            return
    known += digests[len(known) - trace.left_out.blocks :]


def _block(value: Value, nonce: int, digests: list[Digest]) -> Block:
    assert isinstance(value, Function)
    parent, miner, step, claim = (value[f] for f in ("parent", "miner", "step", "claim"))
    assert isinstance(parent, int)
    assert isinstance(miner, str)
    assert isinstance(step, frozenset)
    assert isinstance(claim, int)
    return Block(digests[parent], miner, step_of(step), claim, nonce)


def _count(state: Mapping[Value, Value]) -> int:
    blocks = state["blocks"]
    assert isinstance(blocks, tuple)
    return len(blocks)
