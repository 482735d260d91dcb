"""What TLC visits, as the proofs' transition systems see it: their variables, ghosts included.

For each theory a function turns the states of a graph that TLC dumped into an `Environment`.
Everything that is not in TLC's state is computed from it: a ghost is a function of the history.
Processes are numbered in the order of their names.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from model_consensus.proofs import tob_learner
from model_consensus.proofs.evaluate import FUNCTIONS, Environment, Evaluator, Table
from model_consensus.tla.values import Function, Value, ordered

Variables = dict[str, Any]  # of a TLC state
EMPTY = Table(False)


def numbered(processes: Any) -> dict[str, int]:
    """A number for each process."""
    return {str(name): index for index, name in enumerate(ordered(processes))}


def members(names: Any, number: dict[str, int]) -> Table:
    """A set of processes."""
    return Table(False, {number[name]: True for name in names})


# -------------------------------------------------------------------- learning over TOB

GENESIS: Any = ("genesis",)
_NO_OFFER = ("make", -1, GENESIS, ("make", 0, -1, -1), 0)
NEW_LEARNER = (
    "make",
    Table(GENESIS),
    0,
    EMPTY,
    Table(_NO_OFFER),
    Table(-1),
    EMPTY,
    Table(-1),
    0,
    Table(EMPTY),
    0,
)
_GENERATION, _ACCEPTED, _ARRIVAL, _BACKERS = 2, 3, 5, 9


class TobStates:
    """States of MCTobLearningHistory.tla for `tob_learning` and `termination`."""

    def __init__(self, constants: Variables) -> None:
        self.number = numbered(constants["Proc"])
        self.byzantine = members(constants["Byzantine"], self.number)
        self.constants: Environment = {
            **FUNCTIONS,
            "N": len(constants["Proc"]),
            "F": len(constants["Byzantine"]),
            "Lambda": constants["Lambda"],
            "Draws": constants["Draws"],
            "Generations": constants["Generations"],
            "Byzantine": self.byzantine,
            "NewLearner": NEW_LEARNER,
            "nobody": Table(_NO_OFFER),
            "nowhere": Table(-1),
            "LeastClaim": self._least,
        }
        definition = tob_learner.FUNCTIONS[0]
        self._receive = Evaluator().compile(definition.body)
        self._names = [argument.decl().name() for argument in definition.arguments]
        self.model = lru_cache(None)(self._model)
        self.offer = lru_cache(None)(self._offer)
        self.landscape = lru_cache(None)(self._landscape)

    def _least(self, learner: Any) -> int:
        accepted = [q for q in self.number.values() if learner[_ACCEPTED][q]]
        offers, arrival = learner[_ACCEPTED + 1], learner[_ARRIVAL]
        return min(accepted, key=lambda q: (offers[q][4], arrival[q]), default=-1)

    def _model(self, lineage: tuple[Function, ...]) -> Any:
        if not lineage:
            return GENESIS
        return ("offspring", self.model(lineage[:-1]), self._ticket(lineage[-1]))

    def _ticket(self, ticket: Any) -> Any:
        return ("make", ticket["generation"], self.number[ticket["proposer"]], ticket["draw"])

    def _offer(self, offer: Any) -> Any:
        return (
            "make",
            self.number[offer["sender"]],
            self.model(offer["parent"]),
            self._ticket(offer["ticket"]),
            offer["claim"],
        )

    def _landscape(self, landscape: Any) -> Environment:
        """The constants and functions, where models have these losses."""
        losses = {self.model(model): landscape[model] for model in landscape or {}}
        environment = {**self.constants, "loss": losses.__getitem__}

        @lru_cache(None)
        def receive(learner: Any, offer: Any) -> Any:
            arguments = dict(zip(self._names, (learner, offer), strict=True))
            return self._receive({**environment, **arguments})

        environment["Receive"] = receive
        return environment

    def environment(self, state: Variables, landscape: Any = None) -> Environment:
        """The variables in ``state``; a later state's landscape extends an earlier one's."""
        rigid = self.landscape(state["landscape"] if landscape is None else landscape)
        order = [self.offer(offer) for offer in state["order"]]
        history = [NEW_LEARNER]
        for offer in order:
            history.append(rigid["Receive"](history[-1], offer))
        learners, waiting, made = {}, {}, {}
        for name, learner in state["learner"].items():
            delivered = len(order) - len(state["inbox"][name])
            learners[self.number[name]] = self._learner(learner, history[delivered], delivered)
        network = [self.offer(offer) for offer in state["network"]]
        for offer in network:
            waiting[offer[1], offer[3][1]] = True
        for offer in (*network, *order):
            if not self.byzantine[offer[1]]:
                made[offer[1], offer[3][1]] = offer
        generation = history[-1][_GENERATION]
        return {
            **rigid,
            "length": len(order),
            "order": Table(None, dict(enumerate(order))),
            "history": Table(None, dict(enumerate(history))),
            "learner": Table(None, learners),
            "offered": self._numbers(state, "offered"),
            "evaluations": self._numbers(state, "evaluations"),
            "sent": _table(dict.fromkeys(made, True), False),
            "waiting": _table(waiting, False),
            "made": _table(made, None),
            "decidedAt": [learner[_GENERATION] for learner in history].index(generation),
        }

    def _numbers(self, state: Variables, field: str) -> Table:
        learners = state["learner"].items()
        return Table(0, {self.number[p]: learner[field] for p, learner in learners})

    def _learner(self, learner: Any, ghost: Any, delivered: int) -> Any:
        """A learner of TLC; who backed a decision, and when an offer came, is history's."""
        offers = [self.offer(offer) for offer in learner["accepted"]]
        in_order = sorted(offers, key=lambda offer: ghost[_ARRIVAL][offer[1]]) == offers
        decided = {g: self.model(model) for g, model in enumerate(learner["decided"])}
        banned = [self.number[name] for name in learner["banned"]]
        return (
            "make",
            Table(GENESIS, decided),
            len(learner["decided"]) - 1,
            Table(False, {offer[1]: True for offer in offers}),
            Table(_NO_OFFER, {offer[1]: offer for offer in offers}),
            ghost[_ARRIVAL] if in_order else Table(-2),
            Table(False, dict.fromkeys(banned, True)),
            Table(-1, dict(enumerate(banned))),
            len(banned),
            ghost[_BACKERS],
            delivered,
        )

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]:
        """Parameters that the step may have had."""
        processes = self.number.values()
        if action == "ByzantineOffer":
            yield (after["order"][after["length"] - 1],)
        elif action == "Deliver":
            yield from ((p,) for p in processes)
        elif action == "Order":
            generations = range(1, self.constants["Generations"] + 1)
            yield from ((p, g) for p in processes for g in generations)
        else:  # Offer: only of its maker's models are the losses known
            for p in processes:
                generation = after["offered"][p]
                if generation != before["offered"][p]:
                    yield (p, after["made"][p][generation][3][3])


def tob_pair(
    states: TobStates,
) -> Callable[[Variables, Variables], tuple[Environment, Environment]]:
    """Both ends of an edge in the landscape of the second, which extends that of the first."""
    return lambda before, after: (
        states.environment(before, after["landscape"]),
        states.environment(after),
    )


def _table(entries: dict[tuple[Any, Any], Any], default: Any) -> Table:
    """A table of tables."""
    rows: dict[Any, dict[Any, Any]] = {}
    for (row, column), value in entries.items():
        rows.setdefault(row, {})[column] = value
    inner = Table(default)
    return Table(inner, {row: Table(default, values) for row, values in rows.items()})


# --------------------------------------------------------------------------- the longest chain


class ChainStates:
    """States of LongestChain.tla for `longest_chain`; ``settles`` looks at safe runs only."""

    def __init__(self, constants: Variables, settles: bool) -> None:
        self.number = numbered(constants["Correct"] | constants["Byzantine"])
        self.byzantine = members(constants["Byzantine"], self.number)
        self.constants: Environment = {
            **FUNCTIONS,
            "N": len(self.number),
            "Depth": constants["Depth"],
            "Wins": constants["Wins"],
            "ByzantineWins": constants["ByzantineWins"],
            "Byzantine": self.byzantine,
            "Settles": settles,
        }
        self.ghosts = lru_cache(None)(self._ghosts)

    def environment(self, state: Variables) -> Environment:
        """The variables in ``state``."""
        known = {self.number[p]: _set(blocks) for p, blocks in state["known"].items()}
        tip = {self.number[p]: block for p, block in state["tip"].items()}
        return {
            **self.ghosts(state["blocks"]),
            "known": Table(EMPTY, known),
            "tip": Table(0, tip),
        }

    def _ghosts(self, blocks: tuple[Any, ...]) -> Environment:
        """The tree, and what the wins so far make of the ghosts, one win after the other."""
        if not blocks:
            grid = Table(Table(0), {0: Table(0)})
            zero = dict.fromkeys(("length", "top", "topBlock", "reached", "best"), 0)
            tables = dict.fromkeys(("parent", "height", "miner", "advance"), Table(0))
            grids = dict.fromkeys(("ancestor", "split", "start"), grid)
            return {**self.constants, **zero, **tables, **grids}
        s, block, new = self.ghosts(blocks[:-1]), blocks[-1], len(blocks)
        i, q, height = block["parent"], self.number[block["miner"]], block["height"]
        honest = not self.byzantine[q]
        split, start = s["split"], s["start"]
        for u in range(new + 1):
            for v in range(new + 1):
                if new in (u, v):
                    a, b = (i if w == new else w for w in (u, v))
                    fresh = u == v and (honest or s["height"][i] < s["top"])
                    value = height if u == v else s["split"][a][b]
                    split = split.store(u, split[u].store(v, value))
                    value = new if fresh else s["start"][a][b]
                    start = start.store(u, start[u].store(v, value))
        taller = height > s["height"][s["best"]]
        return {
            **s,
            "length": new,
            "parent": s["parent"].store(new, i),
            "height": s["height"].store(new, height),
            "miner": s["miner"].store(new, q),
            "top": height if honest else s["top"],
            "topBlock": new if honest else s["topBlock"],
            "reached": s["top"],
            "best": new if taller else s["best"],
            "advance": s["advance"].store(new, s["advance"][new - 1] + (not honest)),
            "ancestor": s["ancestor"].store(new, s["ancestor"][i].store(height, new)),
            "split": split,
            "start": start,
        }

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]:
        """Parameters that the step may have had."""
        if action in ("Mine", "ByzantineMine"):
            new = after["length"]
            miner, parent = after["miner"][new], after["parent"][new]
            yield (miner,) if action == "Mine" else (miner, parent)
        else:
            for p in self.number.values():
                yield from ((p, i) for i in range(1, before["length"] + 1))


def _set(numbers: Any) -> Table:
    return Table(False, dict.fromkeys(numbers, True))


# -------------------------------------------------------------------------------- Streamlet


class StreamletStates:
    """States of Streamlet.tla for `streamlet`.  A payload is numbered by its text."""

    def __init__(self, constants: Variables, leaders: dict[int, str]) -> None:
        self.number = numbered(constants["Proc"])
        self.byzantine = members(constants["Byzantine"], self.number)
        self._payloads: dict[Value, int] = {}
        self.block = lru_cache(None)(self._block)
        self.constants: Environment = {
            **FUNCTIONS,
            "N": len(self.number),
            "F": len(constants["Byzantine"]),
            "Epochs": constants["Epochs"],
            "Byzantine": self.byzantine,
            "Leader": Table(-1, {e: self.number[leader] for e, leader in leaders.items()}),
            "Len": chain_length,
            "Ancestor": chain_ancestor,
        }

    def _block(self, chain: tuple[Any, ...]) -> Any:
        if not chain:
            return GENESIS
        link = chain[-1]
        payload = self._payloads.setdefault(link["payload"], len(self._payloads))
        return ("extend", self.block(chain[:-1]), link["epoch"], payload)

    def environment(self, state: Variables) -> Environment:
        """The variables in ``state``."""
        votes: dict[Any, Table] = {}
        for p, chains in state["votes"].items():
            for chain in chains:
                block = self.block(chain)
                votes[block] = votes.get(block, self.byzantine).store(self.number[p], True)
        log = {self.number[p]: self.block(chain) for p, chain in state["log"].items()}
        source = {p: self._source(votes, block) for p, block in log.items()}
        return {
            **self.constants,
            "votes": Table(self.byzantine, votes),
            "lock": Table(0, {self.number[p]: lock for p, lock in state["lock"].items()}),
            "log": Table(GENESIS, log),
            "source": Table(GENESIS, source),
        }

    def _source(self, votes: dict[Any, Table], log: Any) -> Any:
        """A block that finalizes what has been delivered."""
        if log == GENESIS:
            return GENESIS
        return next(
            (
                block
                for block in sorted(votes)
                if 3 * sum(votes[block][p] for p in self.number.values()) >= 2 * len(self.number)
                and chain_length(block) > chain_length(log)
                and chain_ancestor(block, chain_length(log)) == log
                and _is_consecutive(block)
            ),
            GENESIS,
        )

    def universe(self, environment: Environment, sort: str) -> list[Any]:
        """Every block for which a guard can hold: those with a correct process's vote, and the
        genesis.  (No one else than the Byzantine processes votes for others.)"""
        assert sort == "Block"
        blocks = {GENESIS}
        for name in ("votes", "votes_after"):
            if name in environment:
                blocks |= set(environment[name].entries)
        return list(blocks)

    def adjust(
        self, action: str, before: Environment, after: Environment, parameters: tuple[Any, ...]
    ) -> Environment:
        """The ghost after the step: the block that a delivery acted on."""
        source = before["source"]
        if action == "Deliver":
            source = source.store(*parameters)
        return {**after, "source": source}

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]:
        """Parameters that the step may have had."""
        if action == "Broadcast":
            yield ()
        elif action == "Deliver":
            for p in self.number.values():
                yield from ((p, block) for block in before["votes"].entries)
        else:
            for block, voters in after["votes"].entries.items():
                for p in self.number.values():
                    if voters[p] and not before["votes"][block][p]:
                        yield (p, *block[1:])


def chain_length(block: Any) -> int:
    """The number of blocks in a chain."""
    length = 0
    while block != GENESIS:
        block, length = block[1], length + 1
    return length


def chain_ancestor(block: Any, height: int) -> Any:
    """The block of that length in the chain of ``block``."""
    while chain_length(block) > height:
        block = block[1]
    return block


def _is_consecutive(block: Any) -> bool:
    """The last of three blocks in a row of consecutive epochs."""
    parent = block[1]
    if parent == GENESIS:
        return False
    first = 0 if parent[1] == GENESIS else parent[1][2]
    return bool(parent[2] == block[2] - 1 and first == block[2] - 2)
