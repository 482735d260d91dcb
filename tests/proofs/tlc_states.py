"""What TLC visits, as the proofs' transition systems see it: their variables, ghosts included.

For each theory a function turns the states of a graph that TLC dumped into an `Environment`.
Everything that is not in TLC's state is computed from it: a ghost is a function of the history.
Processes are numbered in the order of their names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from model_consensus.evolutionary_search import largest_weight
from model_consensus.proofs import tob_learner
from model_consensus.proofs.evaluate import FUNCTIONS, Environment, Evaluator, Table
from model_consensus.tla.values import Value, ordered
from tests.proofs.against_tlc import Step

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
ABSENT = ("absent",)
NOTHING = Table(ABSENT)
_NO_OFFER = ("make", -1, GENESIS, ABSENT, 0)
_FIELDS = {
    "decided": Table(GENESIS),
    "generation": 0,
    "accepted": EMPTY,
    "verified": EMPTY,
    "held": EMPTY,
    "offers": Table(_NO_OFFER),
    "arrival": Table(-1),
    "turn": Table(-1),
    "tickets": NOTHING,
    "isBanned": EMPTY,
    "banned": Table(-1),
    "bans": 0,
    "backers": Table(EMPTY),
    "floors": Table(GENESIS),
    "delivered": 0,
}
NEW_LEARNER = ("make", *_FIELDS.values())


def field(learner: Any, name: str) -> Any:
    """A field of a learner."""
    return learner[1 + list(_FIELDS).index(name)]


def least_claim(members_of: str, place: str, processes: Iterable[int]) -> Callable[[Any], int]:
    """The sender of the least claim, of equal ones of the first."""

    def chosen(learner: Any) -> int:
        offers, places = field(learner, "offers"), field(learner, place)
        members = [q for q in processes if field(learner, members_of)[q]]
        return min(members, key=lambda q: (offers[q][4], places[q]), default=-1)

    return chosen


def model_generation(model: Any) -> int:
    """How many steps led to a model."""
    generation = 0
    while model[0] == "offspring":
        model, generation = model[1], generation + 1
    return generation


class Tickets:
    """Tickets, steps and models of TLC; a combination is numbered by its weights."""

    def __init__(self, constants: Variables) -> None:
        self.number = numbered(constants["Proc"])
        self.draws = constants["Draws"]
        self.largest = largest_weight(self.draws)
        legal = product(range(-self.largest, self.largest + 1), repeat=self.draws)
        self.constants: Environment = {
            "Draws": self.draws,
            "Recombines": bool(constants["Recombines"]),
            "Combinations": Table(False, {self.combination(w): True for w in legal if any(w)}),
            "nothing": NOTHING,
        }
        self.model = lru_cache(None)(self._model)

    def combination(self, weights: Sequence[int]) -> int:
        """A number for weights, which may be one too large."""
        base, number = 2 * self.largest + 3, 0
        for weight in weights:
            number = number * base + weight + self.largest + 1
        return number

    def weights(self, weights: Any) -> Any:
        """A single draw, or a combination."""
        in_order = sorted(weights)
        if in_order == [0] * (self.draws - 1) + [1]:
            return ("single", weights.index(1))
        return ("combination", self.combination(weights))

    def ticket(self, ticket: Any) -> Any:
        """A ticket of TLC."""
        proposer = self.number[ticket["proposer"]]
        return ("make", ticket["generation"], proposer, self.weights(ticket["weights"]))

    def _model(self, lineage: tuple[Any, ...]) -> Any:
        if not lineage:
            return GENESIS
        tickets = [self.ticket(ticket) for ticket in lineage[-1]]
        return ("offspring", self.model(lineage[:-1]), Table(ABSENT, {t[2]: t for t in tickets}))

    def landscape(self, landscape: Any, unknown: int = 0) -> Environment:
        """The losses of models, and the combinations by rank; others lose ``unknown``."""
        losses = {self.model(model): landscape[model] for model in landscape or {}}

        def loss(model: Any) -> Any:
            return losses.get(model, unknown)

        def by_rank(parent: Any, generation: int, process: int) -> int:
            drawn = []
            for draw in range(self.draws):
                ticket = ("make", generation, process, ("single", draw))
                drawn.append(loss(("offspring", parent, NOTHING.store(process, ticket))))
            order = sorted(range(self.draws), key=drawn.__getitem__)
            return self.combination(
                [self.draws - 1 - 2 * order.index(j) for j in range(self.draws)]
            )

        return {**self.constants, "loss": loss, "ByRank": by_rank}


class TobStates:
    """States of MCTobLearningHistory.tla for `tob_learning` and `termination`.

    The landscape of a state holds the models that have been evaluated.  What the ghost evaluates
    before any process does loses ``unknown``.
    """

    def __init__(self, constants: Variables, unknown: int = 0) -> None:
        self.unknown = unknown
        self.tickets = Tickets(constants)
        self.number = self.tickets.number
        self.byzantine = members(constants["Byzantine"], self.number)
        processes = tuple(self.number.values())
        draws, mu = constants["Draws"], constants["Mu"]
        self.constants: Environment = {
            **FUNCTIONS,
            "N": len(constants["Proc"]),
            "F": len(constants["Byzantine"]),
            "Lambda": constants["Lambda"],
            "Mu": mu,
            "ProposalCost": draws + (self.tickets.constants["Recombines"] and draws > 1),
            "BlendCost": int(mu > 1),
            "Generations": constants["Generations"],
            "Byzantine": self.byzantine,
            "NewLearner": NEW_LEARNER,
            "nobody": Table(_NO_OFFER),
            "nowhere": Table(-1),
            "LeastClaim": least_claim("accepted", "arrival", processes),
            "Floor": least_claim("verified", "turn", processes),
        }
        definition = tob_learner.FUNCTIONS[0]
        evaluator, learner = Evaluator(), definition.arguments[0]
        self._advance = evaluator.compile(definition.body)
        self._pending = evaluator.compile(tob_learner.is_pending(learner))
        self._cost = evaluator.compile(tob_learner.cost(learner))
        self._names = [argument.decl().name() for argument in definition.arguments]
        self.offer = lru_cache(None)(self._offer)
        self.landscape = lru_cache(None)(self._landscape)

    def _offer(self, offer: Any) -> Any:
        return (
            "make",
            self.number[offer["sender"]],
            self.tickets.model(offer["parent"]),
            self.tickets.ticket(offer["ticket"]),
            offer["claim"],
        )

    def _landscape(self, landscape: Any) -> Environment:
        """The constants and functions, where models have these losses."""
        environment = {**self.constants, **self.tickets.landscape(landscape, self.unknown)}

        @lru_cache(None)
        def advance(learner: Any, offer: Any) -> Any:
            arguments = dict(zip(self._names, (learner, offer), strict=True))
            return self._advance({**environment, **arguments})

        environment["Advance"] = advance
        return environment

    def _of(self, code: Callable[[Environment], Any], learner: Any) -> Any:
        """The value of an expression of a learner."""
        return code({**self.constants, self._names[0]: learner})

    def moves(self, rigid: Environment, order: list[Any]) -> list[Any]:
        """The learners of the order, after each move."""
        history = [NEW_LEARNER]
        while True:
            position = field(history[-1], "delivered")
            if position < len(order):
                following = order[position]
            elif self._of(self._pending, history[-1]):
                following = None
            else:
                return history
            history.append(rigid["Advance"](history[-1], following))

    def environment(self, state: Variables, landscape: Any = None) -> Environment:
        """The variables in ``state``; a later state's landscape extends an earlier one's."""
        rigid = self.landscape(state["landscape"] if landscape is None else landscape)
        order = [self.offer(offer) for offer in state["order"]]
        history = self.moves(rigid, order)
        learners, at, waiting, made = {}, {}, {}, {}
        for name, learner in state["learner"].items():
            p, delivered = self.number[name], len(order) - len(state["inbox"][name])
            at[p] = max(k for k, x in enumerate(history) if field(x, "delivered") == delivered)
            learners[p] = self._learner(learner, history[at[p]], delivered)
        network = [self.offer(offer) for offer in state["network"]]
        for offer in network:
            waiting[offer[1], offer[3][1]] = True
        for offer in (*network, *order):
            if not self.byzantine[offer[1]]:
                made[offer[1], offer[3][1]] = offer
        return {
            **rigid,
            "length": len(order),
            "order": Table(None, dict(enumerate(order))),
            **_ghost(history),
            "learner": Table(None, learners),
            "at": Table(0, at),
            "offered": self._numbers(state, "offered"),
            "evaluations": self._numbers(state, "evaluations"),
            "sent": _table(dict.fromkeys(made, True), False),
            "waiting": _table(waiting, False),
            "made": _table(made, None),
        }

    def _numbers(self, state: Variables, name: str) -> Table:
        learners = state["learner"].items()
        return Table(0, {self.number[p]: learner[name] for p, learner in learners})

    def _learner(self, learner: Any, ghost: Any, delivered: int) -> Any:
        """A learner of TLC; when an offer came, and what backed a decision, is history's."""
        offers = {
            name: [self.offer(offer) for offer in learner[name]]
            for name in ("accepted", "verified")
        }
        every = [*offers["accepted"], *offers["verified"]]

        def places(name: str, members_of: str) -> Table:
            of, table = offers[members_of], field(ghost, name)
            in_order = sorted(of, key=lambda offer: table[offer[1]]) == of
            return table if in_order else Table(-2)

        def senders(of: list[Any]) -> Table:
            return Table(False, {offer[1]: True for offer in of})

        banned = [self.number[name] for name in learner["banned"]]
        fields = {
            "decided": Table(
                GENESIS, {g: self.tickets.model(m) for g, m in enumerate(learner["decided"])}
            ),
            "generation": len(learner["decided"]) - 1,
            "accepted": senders(offers["accepted"]),
            "verified": senders(offers["verified"]),
            "held": senders(every),
            "offers": Table(_NO_OFFER, {offer[1]: offer for offer in every}),
            "arrival": places("arrival", "accepted"),
            "turn": places("turn", "verified"),
            "tickets": Table(ABSENT, {offer[1]: offer[3] for offer in offers["verified"]}),
            "isBanned": Table(False, dict.fromkeys(banned, True)),
            "banned": Table(-1, dict(enumerate(banned))),
            "bans": len(banned),
            "backers": field(ghost, "backers"),
            "floors": field(ghost, "floors"),
            "delivered": delivered,
        }
        return ("make", *(fields[name] for name in _FIELDS))

    def path(self, action: str, before: Environment, after: Environment) -> Iterator[Step]:
        """The steps of an edge: the ghost moves after an offer is ordered, and a delivery is as
        many moves of its process."""
        if action == "Deliver":
            (p,) = (p for p in self.number.values() if before["at"][p] != after["at"][p])
            for k in range(before["at"][p] + 1, after["at"][p]):
                spent = self._of(self._cost, before["learner"][p])
                amid = {
                    **before,
                    "learner": before["learner"].store(p, after["history"][k]),
                    "at": before["at"].store(p, k),
                    "evaluations": before["evaluations"].store(p, before["evaluations"][p] + spent),
                }
                yield action, before, amid
                before = amid
            yield action, before, after
        elif action == "Offer":
            yield action, before, after
        else:
            history = [after["history"][k] for k in range(after["moves"] + 1)]
            step = action
            for number in range(before["moves"], after["moves"] + 1):
                amid = {**after, **_ghost(history[: number + 1])}
                yield step, before, amid
                step, before = "Move", amid

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]:
        """Parameters that the step may have had."""
        processes = self.number.values()
        if action == "ByzantineOffer":
            yield (after["order"][after["length"] - 1],)
        elif action == "Move":
            yield ()
        elif action == "Deliver":
            yield from ((p,) for p in processes)
        elif action == "Order":
            generations = range(1, self.constants["Generations"] + 1)
            yield from ((p, g) for p in processes for g in generations)
        else:  # Offer
            for p in processes:
                generation = after["offered"][p]
                if generation != before["offered"][p]:
                    yield (p, after["made"][p][generation][3][3])


def _ghost(history: list[Any]) -> Environment:
    """The ghosts of an order, from the learners after each move."""
    generations = [field(learner, "generation") for learner in history]
    return {
        "moves": len(history) - 1,
        "history": Table(None, dict(enumerate(history))),
        "decidedAt": generations.index(generations[-1]),
    }


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
        s, block = self.ghosts(blocks[:-1]), blocks[-1]
        after = self.after_win(s, block, honest=not self.byzantine[self.number[block["miner"]]])
        return {**after, "reached": s["top"]}

    def after_win(self, s: Environment, block: Any, *, honest: bool) -> Environment:
        """The tree and its ghosts with one more block; a win that is not honest is adversarial."""
        new = s["length"] + 1
        i, q, height = block["parent"], self.number[block["miner"]], block["height"]
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


class DelayedStates(ChainStates):
    """States of DelayedChain.tla for `delayed_chain`: the first win that may be a pacer is one."""

    def __init__(self, constants: Variables, settles: bool) -> None:
        super().__init__(constants, settles)
        self.delta = constants["Delta"]
        self.constants = {**self.constants, "Delta": self.delta}

    def environment(self, state: Variables) -> Environment:
        """The variables in ``state``."""
        wins = tuple(zip(state["blocks"], state["slots"], strict=True))
        return super().environment({**state, "blocks": wins})

    def _ghosts(self, blocks: tuple[Any, ...]) -> Environment:
        """The same for pacers, and what there is without the last of them."""
        if not blocks:
            sets = dict.fromkeys(("paces", "open", "over"), Table(False))
            tree = super()._ghosts(())
            return {
                **tree,
                **sets,
                "slot": Table(0),
                "begin": tree["start"],
                "level": 0,
                "mark": 0,
            }
        s, (block, slot), new = self.ghosts(blocks[:-1]), blocks[-1], len(blocks)
        i, last = block["parent"], s["topBlock"]
        is_correct = not self.byzantine[self.number[block["miner"]]]
        arrived = last == 0 or s["slot"][last] + self.delta < slot
        paces = is_correct and arrived
        begin = before = s["start" if paces else "begin"]
        fresh = not paces and s["height"][i] - s["over"][i] < s["reached"]
        for u in range(new + 1):
            for v in range(new + 1):
                if new in (u, v):
                    a, b = (i if w == new else w for w in (u, v))
                    value = new if fresh and u == v else before[a][b]
                    begin = begin.store(u, begin[u].store(v, value))
        return {
            **self.after_win(s, block, honest=paces),
            "reached": s["top"] if paces else s["reached"],
            "slot": s["slot"].store(new, slot),
            "paces": s["paces"].store(new, paces),
            "open": s["open"].store(new, paces or not arrived),
            "level": s["top"] if arrived else s["level"],
            "mark": s["length"] if arrived and s["level"] < s["top"] else s["mark"],
            "over": Table(False).store(new, True) if paces else s["over"].store(new, s["over"][i]),
            "begin": begin,
        }

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]:
        """Parameters that the step may have had."""
        new = after["length"]
        for parameters in super().candidates(action, before, after):
            if action == "Mine":
                yield (*parameters, after["slot"][new], after["paces"][new])
            elif action == "ByzantineMine":
                yield (*parameters, after["slot"][new])
            else:
                yield parameters


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
