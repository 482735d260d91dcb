"""The specifications that a trace can be of: their constants, variables and actions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from model_consensus.conformance.trace_values import Atom, Record, SequenceOf, SetOf, Shape, Table
from model_consensus.tla.differences import inner
from model_consensus.tla.values import Function, Value, ordered

NATURAL, LOSS, PROCESS = Atom("natural"), Atom("loss"), Atom("process")
MESSAGE, MODEL = Atom("message"), Atom("model")

WEIGHTS = Atom("weights")

# In a block, a ticket may be nobody's.
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


_POW = Module(
    {
        "Proc": "process",
        "Byzantine": "process",
        "Draws": "number",
        "Recombines": "truth",
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
)

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
    "PowLearning": _POW,
    "DelayedLearning": replace(
        _POW,
        constants={**_POW.constants, "Delta": "number"},
        variables={**_POW.variables, "slots": SequenceOf(NATURAL)},
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
    if "slots" in state:
        slots, blocks = state["slots"], state["blocks"]
        assert isinstance(slots, tuple)
        assert isinstance(blocks, tuple)
        if len(slots) != len(blocks):
            yield f"slots has {len(slots)} elements, and there are {len(blocks)} blocks"
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
