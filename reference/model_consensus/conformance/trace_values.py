"""What the states of a trace hold, and the values that stand for it in TLC.

Each variable of a module has a shape.  It finds what is malformed, by its place, before TLC sees
it; and since it knows what is a process, a message or a model, it gives each of them a name of its
own kind in TLC, so what a user calls them cannot matter.  Models become numbers, and losses that
TLC cannot hold become their ranks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import is_single, single
from model_consensus.pow_learner import NOBODY
from model_consensus.tla.differences import inner, short
from model_consensus.tla.values import Function, Value, function, ordered, show

GENESIS = 1 << 30
"""The number of the genesis model; the other models' numbers follow."""

LARGEST = (1 << 29) - 1
"""The largest number in a trace but for losses: TLC's integers have 32 bits."""


class MalformedError(ModelConsensusError):
    """A value has not its shape.

    :ivar place: where in the state, as in ``.p1.offered``; it grows while the error rises.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = ""


class TooLargeError(ModelConsensusError):
    """A number that TLC cannot hold."""


@dataclass
class Names:
    """What processes, messages, models and losses are called in TLC.

    :ivar process: a process's name in TLC.
    :ivar message: a message's name.
    :ivar model: a model's number; the genesis is ``GENESIS``.
    :ivar rank: the numbers of losses, if they are not the losses themselves.
    :ivar losses: every loss and every claim that was encoded.
    :ivar stranger: names in tickets that are no process's, which a Byzantine process may write.
    :ivar draws: how many draws a process has.
    :ivar weights: the numbers of weights; those of a single draw have the draw's.
    """

    process: Mapping[str, str]
    message: Mapping[str, str]
    model: Mapping[str, int]
    rank: Mapping[int, int] = field(default_factory=dict)
    losses: set[int] = field(default_factory=set)
    stranger: dict[str, str] = field(default_factory=dict)
    draws: int = 0
    weights: dict[tuple[int, ...], int] = field(default_factory=dict)

    def encode(self, kind: str, value: Value) -> Value:
        """What stands for a value of the trace.

        :raises MalformedError: it is not of this kind.
        :raises TooLargeError: TLC cannot hold it.
        """
        if kind in ("natural", "loss"):
            if type(value) is not int or value < 0:
                raise MalformedError(f"{short(value)} is not a natural number")
            if kind == "natural":
                if value > LARGEST:
                    raise TooLargeError(f"the number {value} is too large for TLC")
                return value
            self.losses.add(value)
            return self.rank.get(value, value)
        if kind == "weights":
            return self._weights(value)
        if kind == "drawer":
            return NOBODY if value == NOBODY else self.encode("process", value)
        if kind == "proposer" and isinstance(value, str):
            known = self.process.get(value)
            return known or self.stranger.setdefault(value, f"x{len(self.stranger)}")
        table: Mapping[str, Value] = getattr(self, "process" if kind == "proposer" else kind)
        if not isinstance(value, str):
            raise MalformedError(f"{short(value)} is not the name of a {kind}")
        if value not in table:
            raise MalformedError(f"{show(value)} is not a {kind} of this trace")
        return table[value]

    def decode(self, kind: str, value: Value) -> Value:
        """The value of the trace that a value of TLC stands for."""
        if kind not in self._back:
            table: Mapping[Any, Value] = self.rank if kind == "loss" else getattr(self, kind, {})
            if kind == "proposer":
                table = {**self.process, **self.stranger}
            if kind == "drawer":
                table = self.process
            self._back[kind] = {number: name for name, number in table.items()}
        if kind == "weights" and isinstance(value, int) and 0 < value <= self.draws:
            return single(value - 1, self.draws)
        unlisted = "(a model that is not listed)" if kind == "model" else value
        return self._back[kind].get(value, unlisted)

    def combinations(self) -> list[tuple[int, ...]]:
        """The weights that are not those of a single draw, in the order of their numbers."""
        return list(self.weights)

    def _weights(self, value: Value) -> int:
        if not isinstance(value, tuple) or not all(type(weight) is int for weight in value):
            raise MalformedError(f"{short(value)} is not a sequence of integers")
        weights = tuple(weight for weight in value if type(weight) is int)
        if any(abs(weight) > LARGEST for weight in weights):
            raise TooLargeError(f"the weight {max(weights, key=abs)} is too large for TLC")
        if len(weights) == self.draws and is_single(weights):
            return weights.index(1) + 1
        return self.weights.setdefault(weights, self.draws + 1 + len(self.weights))

    _back: dict[str, dict[Value, Value]] = field(default_factory=dict)


Convert = Callable[[str, Value], Value]
"""`Names.encode` or `Names.decode`."""


class Shape(Protocol):
    """What a value must look like."""

    def convert(self, value: Value, convert: Convert) -> Value:
        """The value with its atoms converted.

        :raises MalformedError: it has not this shape.
        """
        ...


@dataclass(frozen=True, eq=False)
class Atom:
    """A number, a loss, or the name of a process, a message or a model.

    Who stands in a ticket is a ``drawer``, a process or nobody, or a ``proposer``, any name.
    """

    kind: str

    def convert(self, value: Value, convert: Convert) -> Value:
        """See `Shape`."""
        return convert(self.kind, value)


@dataclass(frozen=True, eq=False)
class SequenceOf:
    """A sequence; ``least`` and ``most`` bound its length."""

    item: Shape
    least: int = 0
    most: int | None = None

    def convert(self, value: Value, convert: Convert) -> Value:
        """See `Shape`."""
        if not isinstance(value, tuple):
            raise MalformedError(f"{short(value)} is not a sequence")
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            raise MalformedError(f"a sequence of {len(value)} elements cannot stand here")
        return tuple(
            [inside(index, self.item, each, convert) for index, each in enumerate(value, 1)]
        )


@dataclass(frozen=True, eq=False)
class SetOf:
    """A set."""

    item: Shape

    def convert(self, value: Value, convert: Convert) -> Value:
        """See `Shape`."""
        if not isinstance(value, frozenset):
            raise MalformedError(f"{short(value)} is not a set")
        return frozenset([self.item.convert(each, convert) for each in value])


@dataclass(frozen=True, eq=False)
class Record:
    """A record with these fields."""

    fields: Mapping[str, Shape]

    def convert(self, value: Value, convert: Convert) -> Value:
        """See `Shape`."""
        items = _items(value, "record")
        for name in self.fields:
            if name not in items:
                raise MalformedError(f"the field {name} is missing")
        for given in items:
            if given not in self.fields:
                raise MalformedError(f"the field {short(given)} is not in the specification")
        return Function(
            {name: inside(name, shape, items[name], convert) for name, shape in self.fields.items()}
        )


@dataclass(frozen=True, eq=False)
class Table:
    """A function; ``domain`` is a kind of atoms."""

    domain: str
    item: Shape

    def convert(self, value: Value, convert: Convert) -> Value:
        """See `Shape`."""
        items = _items(value, "function")
        return function(
            {
                convert(self.domain, key): inside(key, self.item, items[key], convert)
                for key in items
            }
        )


def _items(value: Value, kind: str) -> Mapping[Value, Value]:
    """The items of a function; an empty one is an empty sequence."""
    if isinstance(value, Function):
        return value
    if value == ():
        return {}
    raise MalformedError(f"{short(value)} is not a {kind}")


def inside(key: Value, shape: Shape, value: Value, convert: Convert) -> Value:
    """A value that stands at ``key`` in another one, converted."""
    try:
        return shape.convert(value, convert)
    except MalformedError as error:
        error.place = inner("x", key)[1:] + error.place
        raise


NATURAL, LOSS, PROCESS = Atom("natural"), Atom("loss"), Atom("process")
MESSAGE, MODEL = Atom("message"), Atom("model")

WEIGHTS = Atom("weights")

# In a block, a ticket may be a probe, a draw of nobody.
TICKET = Record({"generation": NATURAL, "proposer": Atom("drawer"), "weights": WEIGHTS})
# A Byzantine process may write any name into its offer.
ANY_TICKET = Record({"generation": NATURAL, "proposer": Atom("proposer"), "weights": WEIGHTS})
OFFER = Record({"sender": PROCESS, "parent": MODEL, "ticket": ANY_TICKET, "claim": LOSS})
LEARNER = Record(
    {
        "decided": SequenceOf(MODEL, least=1),
        "accepted": SequenceOf(OFFER),
        "verified": SequenceOf(OFFER),
        "banned": SequenceOf(PROCESS),
        "offered": NATURAL,
        "evaluations": NATURAL,
    }
)
BLOCK = Record({"parent": NATURAL, "miner": PROCESS, "step": SetOf(TICKET), "claim": LOSS})
CHAIN = SequenceOf(Record({"epoch": NATURAL, "payload": SequenceOf(MESSAGE, most=1)}))


@dataclass(frozen=True)
class Module:
    """A specification that a trace can be of.

    :ivar constants: its constants; each is a number, TRUE or FALSE, or a set of names of processes
        or messages.
    :ivar variables: the shapes of its variables.
    :ivar per_process: those of them that are functions of the correct processes.
    :ivar actions: for each action what a trace can say of it: the process, the block, what the
        adversary forged, or the senders whose offers a leader had.
    """

    constants: Mapping[str, str]
    variables: Mapping[str, Shape]
    per_process: tuple[str, ...]
    actions: Mapping[str, tuple[str, ...]]


MODULES: Mapping[str, Module] = {
    "TobLearning": Module(
        {
            "Proc": "process",
            "Byzantine": "process",
            "Draws": "number",
            "Recombines": "truth",
            "Lambda": "number",
            "Mu": "number",
            "Generations": "number",
        },
        {
            "network": SetOf(OFFER),
            "inbox": Table("process", SequenceOf(OFFER)),
            "learner": Table("process", LEARNER),
            "loss": Table("model", LOSS),
        },
        ("inbox", "learner"),
        {"Offer": ("process",), "Order": (), "Deliver": ("process",), "ByzantineOffer": ()},
    ),
    "PowLearning": Module(
        {
            "Proc": "process",
            "Byzantine": "process",
            "Draws": "number",
            "Recombines": "truth",
            "Probes": "number",
            "Depth": "number",
            "Wins": "number",
            "ByzantineWins": "number",
        },
        {
            "blocks": SequenceOf(BLOCK),
            "known": Table("process", SetOf(NATURAL)),
            "tip": Table("process", NATURAL),
            "banned": Table("process", SetOf(PROCESS)),
            "offers": SetOf(OFFER),
            "loss": Table("model", LOSS),
            "decided": Table("process", SequenceOf(MODEL, least=1)),
        },
        ("known", "tip", "banned", "decided"),
        {
            "MakeOffer": ("process",),
            "Catch": ("process", "senders"),
            "Mine": ("process", "senders"),
            "Receive": ("process", "block"),
            "ByzantineOffer": ("process",),
            "ByzantineMine": ("process",),
            "ByzantinePublish": ("process", "block"),
            "ByzantineForge": ("process", "forged"),
        },
    ),
    "Streamlet": Module(
        {
            "Proc": "process",
            "Byzantine": "process",
            "Epochs": "number",
            "Message": "message",
            "Forgery": "message",
        },
        {
            "pool": SetOf(MESSAGE),
            "votes": Table("process", SetOf(SequenceOf(CHAIN.item, least=1))),
            "lock": Table("process", NATURAL),
            "log": Table("process", CHAIN),
            "leader": SequenceOf(PROCESS),
        },
        ("votes", "lock", "log"),
        {"Broadcast": (), "Propose": ("process",), "Vote": ("process",), "Deliver": ("process",)},
    ),
}
"""The specifications that a trace can be of, by name."""


def state_problems(
    module: Module, constants: Mapping[str, Value], state: Mapping[str, Value]
) -> Iterator[str]:
    """What is wrong in a state whose variables have their shapes, but for what TLC looks at."""
    processes, byzantine = constants["Proc"], constants["Byzantine"]
    assert isinstance(processes, frozenset)
    assert isinstance(byzantine, frozenset)
    correct = processes - byzantine
    for variable in module.per_process:
        value = state[variable]
        domain = frozenset(value) if isinstance(value, Function) else frozenset()
        for process in ordered(domain ^ correct):
            problem = "must not be there" if process in domain else "is missing"
            yield f"{inner(variable, process)} {problem}: the correct processes each have one"
    if "blocks" in state:
        yield from _places(state)
    if "leader" in state:
        leaders, epochs = state["leader"], constants["Epochs"]
        assert isinstance(leaders, tuple)
        if len(leaders) != epochs:
            yield f"leader has {len(leaders)} elements, and there are {epochs} epochs"


def _places(state: Mapping[str, Value]) -> Iterator[str]:
    """Blocks that are named and do not exist."""
    blocks = state["blocks"]
    assert isinstance(blocks, tuple)
    for place, block in enumerate(blocks, 1):
        assert isinstance(block, Function)
        if not _is_place(block["parent"], place - 1):
            yield f"blocks[{place}].parent is {block['parent']}, which is not an earlier block"
    for variable in ("known", "tip"):
        table = state[variable]
        assert isinstance(table, Function)
        for process in table:
            value = table[process]
            for place_named in ordered(value) if isinstance(value, frozenset) else [value]:
                if not _is_place(place_named, len(blocks)):
                    yield f"{inner(variable, process)} names the block {place_named}: not mined yet"


def _is_place(value: Value, last: int) -> bool:
    return isinstance(value, int) and value <= last


def numbered(prefix: str, names: Iterable[Value]) -> dict[str, str]:
    """Plain names for these: p1, p2 and so on."""
    return {str(name): f"{prefix}{number}" for number, name in enumerate(ordered(names), 1)}
