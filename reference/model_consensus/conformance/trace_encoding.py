"""A trace as TLC gets it: its constants, models, labels and states in TLC's own names.

What TLC would only answer with an error of its own, or not at all, is found here and said in the
terms of the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_specifications import (
    BLOCK,
    MODULES,
    PROCESS,
    Module,
    state_problems,
)
from model_consensus.conformance.trace_values import (
    GENESIS,
    LARGEST,
    Conversion,
    MalformedError,
    Names,
    SetOf,
    TooLargeError,
    converted,
    inside,
    numbered,
)
from model_consensus.conformance.traces import Trace
from model_consensus.evolutionary_search import Search, is_legal
from model_consensus.pow_learner import NOBODY
from model_consensus.systems.answers import OpenLandscape
from model_consensus.tla.differences import inner, short
from model_consensus.tla.values import Boolean, Function, Value, ordered, record, show

MOST_DRAWS = 1 << 16
"""TLC looks at all tickets of a process, one after the other."""

MOST_GUESSED = 12
"""Processes; with more of them a leader can have had too many sets of offers to try them all."""


@dataclass(frozen=True)
class EncodedModel:
    """A model in TLC: its parent's number, its step and its loss.

    :ivar step: the tickets, as pairs of the proposer and the number of the weights.
    """

    parent: int
    generation: int
    step: frozenset[tuple[str, int]]
    loss: int


@dataclass(frozen=True)
class Encoded:
    """A trace in TLC's names, up to the first state that is malformed.

    :ivar trace: the trace itself.
    :ivar constants: their values, in TLC's names; traces in which these are equal can be checked
        together.
    :ivar labels: what is said of the action that led to each state.
    :ivar losses: the numbers of all losses and claims.
    :ivar problem: what is malformed in the state that follows the last one here; None if nothing.
    """

    trace: Trace
    names: Names
    constants: Mapping[str, Value]
    models: Sequence[EncodedModel]
    labels: Sequence[Function]
    states: Sequence[Mapping[str, Value]]
    losses: frozenset[int]
    problem: str | None

    def original(self, state: Mapping[str, Value]) -> dict[str, Value]:
        """The variables of a state of TLC, in the names of the trace."""
        shapes = MODULES[self.trace.module].variables
        decoding = Conversion(self.names.decode)
        return {name: converted(shapes[name], state[name], decoding) for name in shapes}


def encode(trace: Trace) -> Encoded:
    """The trace in TLC's names.

    :raises TraceError: it is not fit to be checked: an unknown module, wrong constants or models.
    """
    module = MODULES.get(trace.module)
    if module is None:
        raise TraceError(
            f"{trace.source}: there is no module {trace.module[:60]!r}; traces can be of "
            f"{', '.join(sorted(MODULES))}"
        )
    _check_names(trace, module)
    _check_constants(trace, module)
    names = Names(
        numbered("p", _names_in(trace, "Proc")),
        numbered("m", _names_in(trace, "Message") | _names_in(trace, "Forgery")),
        {name: GENESIS + index for index, name in enumerate([trace.genesis, *trace.models])},
        draws=_draws(trace),
        past=trace.past,
    )
    names.losses.update(origin.loss for origin in trace.models.values())
    labels, states, problem = _states(trace, module, names)
    if max(names.losses, default=0) > LARGEST:
        # A specification only compares losses: numbers in the same order stand for them.
        ranks = {loss: LARGEST + 1 + index for index, loss in enumerate(sorted(names.losses))}
        names = Names(
            names.process,
            names.message,
            names.model,
            ranks,
            draws=_draws(trace),
            past=trace.past,
            elder=names.elder,
        )
        labels, states, problem = _states(trace, module, names)
    return Encoded(
        trace,
        names,
        _constants(trace, module, names),
        _models(trace, names),
        labels,
        states,
        frozenset(names.rank.values() or names.losses),
        problem,
    )


def _names_in(trace: Trace, constant: str) -> frozenset[Value]:
    names = trace.constants.get(constant, frozenset())
    assert isinstance(names, frozenset)
    return names


# ------------------------------------------------------------------------------------ constants


def _check_names(trace: Trace, module: Module) -> None:
    """Refuse a trace that has not exactly the constants and variables of its module."""
    variables = frozenset(map(str, trace.states[0]))
    for kind, wanted, given in (
        ("constant", module.constants.keys(), frozenset(trace.constants)),
        ("variable", module.variables.keys(), variables),
    ):
        for name in sorted(wanted ^ given):
            what = f"the {kind} {name} is missing"
            if name in given:
                what = f"the {kind} {name[:60]!r} is unknown"
            raise TraceError(f"{trace.source}: {what}; {trace.module} has {', '.join(wanted)}")


def _check_constants(trace: Trace, module: Module) -> None:
    """Refuse constants that the specification does not allow, and those that TLC cannot hold."""

    def refuse(name: str, problem: str) -> TraceError:
        return TraceError(f"{trace.source}: constant {name}: {problem}")

    numbers: dict[str, int] = {}
    for name, kind in module.constants.items():
        value = trace.constants[name]
        if kind == "number":
            if type(value) is not int or value < 0:
                raise refuse(name, f"{short(value)} is not a natural number")
            if value > LARGEST:
                raise refuse(name, f"{value} is larger than {LARGEST}, the most that TLC can take")
            numbers[name] = value
        elif kind == "truth":
            if not isinstance(value, Boolean):
                raise refuse(name, f"{short(value)} is not TRUE or FALSE")
        elif not isinstance(value, frozenset):
            raise refuse(name, f"{short(value)} is not a set of names")
        else:
            for element in ordered(value):
                if not isinstance(element, str):
                    raise refuse(name, f"{short(element)} is not a name: a string is expected")
    processes, byzantine = _names_in(trace, "Proc"), _names_in(trace, "Byzantine")
    if not byzantine <= processes:
        raise refuse("Byzantine", f"{short(ordered(byzantine - processes)[0])} is not in Proc")
    if byzantine == processes:
        raise refuse("Byzantine", "no process is correct")
    if not 1 <= numbers.get("Lambda", 1) <= len(processes):
        raise refuse("Lambda", f"{numbers['Lambda']} is not in 1..{len(processes)}")
    if not 1 <= numbers.get("Mu", 1) <= numbers.get("Lambda", 1):
        raise refuse("Mu", f"{numbers['Mu']} is not in 1..{numbers['Lambda']} (Lambda)")
    if not 1 <= numbers.get("Draws", 1) <= MOST_DRAWS:
        raise refuse("Draws", f"{numbers['Draws']} is not in 1..{MOST_DRAWS}")
    if "Depth" in numbers and NOBODY in processes:
        raise refuse("Proc", f"{show(NOBODY)} is the name of nobody, whose offer is public")


def _constants(trace: Trace, module: Module, names: Names) -> dict[str, Value]:
    encoded: dict[str, Value] = {}
    for name, kind in module.constants.items():
        value = trace.constants[name]
        if isinstance(value, frozenset):
            encoded[name] = frozenset(names.encode(kind, each) for each in value)
        else:
            encoded[name] = value
    return encoded


# --------------------------------------------------------------------------------------- models


def _draws(trace: Trace) -> int:
    draws = trace.constants.get("Draws", 0)
    assert isinstance(draws, int)
    return draws


def _models(trace: Trace, names: Names) -> list[EncodedModel]:
    """The models, in the order of their numbers.

    :raises TraceError: a parent is unknown or stands later, or a step is not legal.
    """
    search = OpenLandscape(max(1, _draws(trace)), trace.constants.get("Recombines") is Boolean.TRUE)
    drawers = {**names.process, **({NOBODY: NOBODY} if "Depth" in trace.constants else {})}
    models: list[EncodedModel] = []
    for name, origin in trace.models.items():
        where = f"{trace.source}: model {name}"
        parent = names.model.get(origin.parent)
        if origin.parent in trace.past:
            parent = GENESIS - 1
        if parent is None or parent - GENESIS > len(models):
            raise TraceError(f"{where}: its parent {origin.parent} does not stand before it")
        generation = trace.since + (1 if parent == GENESIS else 0)
        if parent > GENESIS:
            generation = models[parent - GENESIS - 1].generation + 1
        tickets = [_ticket(where, each, generation, names, drawers, search) for each in origin.step]
        if not tickets or len({proposer for proposer, _ in tickets}) < len(tickets):
            raise TraceError(f"{where}: its step has not one ticket of each of some processes")
        loss = names.rank.get(origin.loss, origin.loss)
        models.append(EncodedModel(parent, generation, frozenset(tickets), loss))
    return models


def _ticket(
    where: str,
    ticket: Value,
    expected: int,
    names: Names,
    drawers: Mapping[str, str],
    search: Search,
) -> tuple[str, int]:
    """The proposer, one of ``drawers``, and the number of the weights of a legal ticket."""
    fields = {"generation", "proposer", "weights"}
    if not isinstance(ticket, Function) or set(ticket) != fields:
        raise TraceError(f"{where}: a ticket does not have just generation, proposer and weights")
    generation, proposer, weights = (ticket[f] for f in ("generation", "proposer", "weights"))
    if generation != expected:
        raise TraceError(
            f"{where}: the generation {short(generation)} of a ticket is not {expected}, which "
            f"follows its parent's"
        )
    if not isinstance(proposer, str) or proposer not in drawers:
        raise TraceError(f"{where}: the proposer {short(proposer)} of a ticket is not in Proc")
    try:
        number = names.encode("weights", weights)
    except (MalformedError, TooLargeError) as error:
        raise TraceError(f"{where}: the weights of a ticket: {error}") from None
    assert isinstance(number, int)
    assert isinstance(weights, tuple)
    if not is_legal(search, weights):  # type: ignore[arg-type]
        raise TraceError(f"{where}: the weights {short(weights)} of a ticket are not legal")
    return drawers[proposer], number


# --------------------------------------------------------------------------- states and actions


def _states(
    trace: Trace, module: Module, names: Names
) -> tuple[list[Function], list[dict[str, Value]], str | None]:
    """The labels and the states before the first malformed one, and what is malformed there."""
    labels: list[Function] = []
    states: list[dict[str, Value]] = []
    encoding, losses = Conversion(names.encode), None
    for index, state in enumerate(trace.states):
        arguments = trace.arguments[index] if trace.arguments else {}
        try:
            encoded = {
                name: inside(name, shape, state[name], encoding)
                for name, shape in module.variables.items()
            }
            label = _label(module, index, trace.actions[index], arguments, encoding)
            _check_guesses(trace, module, index, arguments)
        except MalformedError as error:
            problem = f"{error.place.removeprefix('.')}: {error.problem}".removeprefix(": ")
            return labels, states, problem
        except TooLargeError as error:
            raise TraceError(f"{trace.source}: state {index}: {error}") from None
        variables = {str(name): state[name] for name in state}
        wrong = next(state_problems(module, trace.constants, variables), None)
        if variables.get("loss") is not losses:
            losses = variables["loss"]
            wrong = wrong or _wrong_loss(trace, losses)
        if wrong:
            return labels, states, wrong
        labels.append(label)
        states.append(encoded)
    return labels, states, None


def _wrong_loss(trace: Trace, losses: Value) -> str | None:
    """Where the variable ``loss`` contradicts the list of the models."""
    if not isinstance(losses, Function):
        return None
    for name in losses:
        if name in trace.past or (trace.since and name == trace.genesis):
            continue  # it is not remembered any more, which TLC finds
        if name == trace.genesis:
            return f"{inner('loss', name)}: the genesis model is not drawn"
        listed = trace.models[str(name)].loss
        if losses[name] != listed:
            return f"{inner('loss', name)} is {losses[name]}, and {listed} in the list of models"
    return None


def _label(
    module: Module, index: int, action: str, arguments: Mapping[str, Value], encoding: Conversion
) -> Function:
    """What a state says of the action that led to it; "", 0 and {} stand for nothing.

    :raises MalformedError: there is no such action, or it has no such argument.
    """
    known = {"Init": ()} if index == 0 else module.actions
    if action and action not in known:
        raise MalformedError(f"the action {action!r} is not one of {', '.join(known)}")
    for argument in arguments:
        if argument not in known.get(action, ()):
            raise MalformedError(f"{argument} is given, which the action {action!r} does not have")
    process, block = arguments.get("process"), arguments.get("block", 0)
    forged, work = arguments.get("forged"), Boolean.FALSE
    senders = arguments.get("senders")
    if senders == frozenset():
        raise MalformedError("senders is empty, and a leader has its own offer")
    if forged is not None:
        if not isinstance(forged, Function) or not isinstance(forged.get("work"), Boolean):
            raise MalformedError(f"forged is {short(forged)}, not a block with the field work")
        work = Boolean.of(bool(forged["work"]))
        unlabelled = Function({field: forged[field] for field in forged if field != "work"})
        forged = inside("forged", BLOCK, unlabelled, encoding)
    return record(
        action=action,
        process="" if process is None else encoding.atom("process", process),
        block=encoding.atom("natural", block),
        forged=frozenset() if forged is None else frozenset([forged]),
        work=work,
        senders=frozenset()
        if senders is None
        else inside("senders", SetOf(PROCESS), senders, encoding),
    )


def _check_guesses(
    trace: Trace, module: Module, index: int, arguments: Mapping[str, Value]
) -> None:
    """Refuse a leader of whom it is not said, among many processes, whose offers it had."""
    action = trace.actions[index]
    leads = [name for name, known in module.actions.items() if "senders" in known]
    if (
        index
        and (action in leads or (leads and not action))
        and "senders" not in arguments
        and len(_names_in(trace, "Proc")) > MOST_GUESSED
    ):
        raise TraceError(
            f"{trace.source}: state {index}: with more than {MOST_GUESSED} processes the #meta of "
            f"{' and '.join(leads)} must have senders, whose offers the process had"
        )
