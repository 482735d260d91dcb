"""Small instances of the theories, to look for counterexamples in, and how to show those."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import z3

from model_consensus.proofs import (
    counting,
    delayed_chain,
    longest_chain,
    pow_learning,
    private_attack,
    slot_game,
    streamlet,
    streamlet_chains,
    termination,
    tob_learning,
)
from model_consensus.proofs.counterexample import Instance
from model_consensus.proofs.counting import INT
from model_consensus.proofs.induction import System, Term, between
from model_consensus.proofs.search import (
    BYZANTINE,
    COMBINATIONS,
    DRAWS,
    GENERATIONS,
    LAMBDA,
    RECOMBINES,
    F,
    Model,
    N,
    Ticket,
    by_rank,
    nothing,
)
from model_consensus.proofs.tob_learner import (
    BLEND_COST,
    MU,
    PROPOSAL_COST,
    Learner,
    Offer,
    floor,
    least,
    new_learner,
    nobody,
    nowhere,
)

_FALSE = z3.BoolVal(False)
NO_SET = z3.K(INT, _FALSE)


def members(names: list[int]) -> Term:
    """A set of processes."""
    result = NO_SET
    for name in names:
        result = z3.Store(result, name, True)
    return result


# ---------------------------------------------------------------------- learning over TOB

_NOTHING = z3.K(INT, Ticket.absent)
_NO_OFFER = Offer.make(-1, Model.genesis, Ticket.absent, 0)
_NOWHERE = z3.K(INT, z3.IntVal(-1))
_NEW_LEARNER = Learner.make(
    z3.K(INT, Model.genesis),
    0,
    NO_SET,
    NO_SET,
    NO_SET,
    z3.K(INT, _NO_OFFER),
    _NOWHERE,
    _NOWHERE,
    _NOTHING,
    NO_SET,
    _NOWHERE,
    0,
    z3.K(INT, NO_SET),
    z3.K(INT, Model.genesis),
    0,
)


def _least(processes: int, members_of: Any, place_of: Any) -> Any:
    """The sender of the least claim, of so many processes."""

    def body(learner: Term) -> Term:
        offers, place = Learner.offers(learner), place_of(learner)

        def better(a: Term, b: Term) -> Term:
            first, second = Offer.claim(offers[a]), Offer.claim(offers[b])
            return z3.Or(first < second, z3.And(first == second, place[a] <= place[b]))

        best: Term = z3.IntVal(-1)
        for number in range(processes):
            p = z3.IntVal(number)
            wins = z3.And(members_of(learner)[p], z3.Or(best == -1, better(p, best)))
            best = z3.If(wins, p, best)
        return best

    return body


def searched(draws: int, recombines: bool) -> dict[Term, Term | int]:
    """The constants of a search in which two combinations are legal, if any are."""
    return {
        DRAWS: draws,
        RECOMBINES: z3.BoolVal(recombines),
        COMBINATIONS: members([0, 1]),
        nothing: _NOTHING,
    }


def _rank(model: Term, generation: Term, process: Term) -> Term:
    """All recombine to the combination 0."""
    return z3.IntVal(0)


def tob(
    processes: int = 3,
    byzantine: int = 1,
    size: int = 2,
    draws: int = 1,
    generations: int = 1,
    mu: int = 1,
    recombines: bool = False,
) -> Instance:
    """Learning over TOB; the last processes are Byzantine, ``size`` is lambda."""
    liars = list(range(processes - byzantine, processes))
    return Instance(
        constants={
            N: processes,
            F: byzantine,
            LAMBDA: size,
            MU: mu,
            PROPOSAL_COST: draws + (recombines and draws > 1),
            BLEND_COST: int(mu > 1),
            **searched(draws, recombines),
            GENERATIONS: generations,
            BYZANTINE: members(liars),
            counting.EMPTY: NO_SET,
            nobody: z3.K(INT, _NO_OFFER),
            nowhere: _NOWHERE,
            new_learner: _NEW_LEARNER,
        },
        size=3,
        functions={
            least: _least(processes, Learner.accepted, Learner.arrival),
            floor: _least(processes, Learner.verified, Learner.turn),
            by_rank: _rank,
        },
        limits=_readable(processes),
        describe=_describe_tob,
    )


def _readable(processes: int) -> tuple[Term, ...]:
    """A short order, and small numbers."""
    s, offer = tob_learning.SYSTEM.state(), z3.Const("offer", Offer)
    claims = [offer, *(s.order[i] for i in range(2))]
    return (
        s.length <= 2,
        s.moves <= 3,
        *(between(0, Offer.claim(claim), 10) for claim in claims),
        *(between(0, s.evaluations[p], 10) for p in range(processes)),
    )


def _model(value: Any) -> str:
    if value == ("genesis",):
        return "m0"
    if value[0] != "offspring":
        return str(value)
    _, parent, step = value
    tickets = [_ticket(step[p]) for p in sorted(step.entries) if step[p] and len(step[p]) > 1]
    return f"{_model(parent)}.{'+'.join(tickets)}"


def _ticket(value: Any) -> str:
    if len(value) == 1:
        return "no ticket"
    _, generation, proposer, (kind, number) = value
    return f"{generation}/p{proposer}/{'c' * (kind == 'combination')}{number}"


def _offer(value: Any) -> str:
    _, sender, parent, ticket, claim = value
    return f"p{sender} offers {_model(parent)}.{_ticket(ticket)} claiming {claim}"


def _who(table: Any, processes: int) -> str:
    return "{" + ", ".join(f"p{q}" for q in range(processes) if table[q]) + "}"


def _learner(value: Any, processes: int) -> str:
    fields = {Learner.accessor(0, i).name().rpartition(".")[2]: x for i, x in enumerate(value[1:])}
    generations = range(1, max(0, min(fields["generation"], 3)) + 1)
    path = " ".join(_model(fields["decided"][g]) for g in (0, *generations))

    def offers(members_of: str) -> str:
        of = [_offer(fields["offers"][q]) for q in range(processes) if fields[members_of][q]]
        return "; ".join(of)

    backed = " ".join(_who(fields["backers"][g], processes) for g in generations)
    return (
        f"decided {path} | accepted [{offers('accepted')}] | verified [{offers('verified')}]"
        f" | banned {_who(fields['isBanned'], processes)}"
        f" | backers {backed or '-'} | delivered {fields['delivered']}"
    )


def _describe_tob(values: Mapping[str, Any]) -> Mapping[str, str]:
    processes = values["N"]
    shown: dict[str, str] = {}
    if "offer" in values:
        shown["offer"] = _offer(values["offer"])
    length = values.get("length", 0)
    for i in range(max(0, min(length, 4))):
        if "order" in values:
            shown[f"order[{i}]"] = _offer(values["order"][i])
    for name, count in (
        ("history", values.get("moves", 0) + 1),
        ("learner", processes - values["F"]),
    ):
        for i in range(max(0, min(count, 4))):
            if name in values:
                shown[f"{name}[{i}]"] = _learner(values[name][i], processes)
    for p in range(processes - values["F"]):
        for name in ("offered", "evaluations"):
            if name in values:
                shown[f"{name}[p{p}]"] = str(values[name][p])
        for g in range(1, values["Generations"] + 1):
            if "sent" in values and values["sent"][p][g] and "made" in values:
                waits = "waiting" in values and values["waiting"][p][g]
                shown[f"made[p{p}][{g}]"] = _offer(values["made"][p][g]) + (
                    " (waiting)" if waits else ""
                )
    return shown


# -------------------------------------------------------------------------------- Streamlet


def streamlet_instance(processes: int = 4, byzantine: int = 1, epochs: int = 3) -> Instance:
    """Streamlet; the last processes are Byzantine and lead every epoch."""
    block = streamlet_chains.Block
    chains = [[block.genesis]]  # each with all its prefixes, the shortest first
    for length in range(1, epochs + 1):
        for numbers in combinations(range(1, epochs + 1), length):
            prefixes = [block.genesis]
            for number in numbers:
                prefixes.append(block.extend(prefixes[-1], number, 0))
            chains.append(prefixes)
    liars = list(range(processes - byzantine, processes))

    def length_of(b: Term) -> Term:
        result: Term = z3.IntVal(0)
        for prefixes in chains:
            result = z3.If(b == prefixes[-1], len(prefixes) - 1, result)
        return result

    def ancestor_of(b: Term, height: Term) -> Term:
        result = b
        for prefixes in chains:
            for number, prefix in enumerate(prefixes):
                result = z3.If(z3.And(b == prefixes[-1], height == number), prefix, result)
        return result

    return Instance(
        constants={
            N: processes,
            F: byzantine,
            streamlet.EPOCHS: epochs,
            BYZANTINE: members(liars),
        },
        size=max(processes, epochs + 1),
        universe={"Block": [prefixes[-1] for prefixes in chains]},
        functions={streamlet_chains.length: length_of, streamlet_chains.ancestor: ancestor_of},
        describe=_describe_streamlet,
    )


def _chain(value: Any) -> str:
    return "genesis" if value[0] == "genesis" else f"{_chain(value[1])}-{value[2]}"


def _describe_streamlet(values: Mapping[str, Any]) -> Mapping[str, str]:
    processes = values["N"]
    shown = {}
    if "votes" in values:
        for block, voters in values["votes"].entries.items():
            if any(voters[p] for p in range(processes - values["F"])):
                shown[f"votes[{_chain(block)}]"] = _who(voters, processes)
    for p in range(processes - values["F"]):
        if "lock" in values:
            shown[f"lock[p{p}]"] = str(values["lock"][p])
        if "log" in values:
            shown[f"log[p{p}]"] = _chain(values["log"][p])
    return shown


# ------------------------------------------------------------------------- the longest chain


def chain(
    depth: int = 0, wins: int = 3, settles: bool = True, delta: int | None = None
) -> Instance:
    """Two correct processes and a Byzantine one mine a few blocks, with a delay or without."""
    return Instance(
        constants={
            N: 3,
            slot_game.DEPTH: depth,
            slot_game.WINS: wins,
            slot_game.BYZANTINE_WINS: wins,
            BYZANTINE: members([2]),
            slot_game.SETTLES: z3.BoolVal(settles),
            **({} if delta is None else {delayed_chain.DELTA: delta}),
        },
        size=wins + 1,
        limits=(slot_game.SYSTEM.state().length <= wins - 1,),
        describe=_describe_chain,
    )


def _describe_chain(values: Mapping[str, Any]) -> Mapping[str, str]:
    shown = {}
    blocks = range(min(values.get("length", 0), values["Wins"]) + 1)
    if "parent" in values and "miner" in values and "height" in values:
        for i in blocks[1:]:
            miner, parent, height = (values[name][i] for name in ("miner", "parent", "height"))
            shown[f"block {i}"] = f"by p{miner} on {parent}, height {height}"
            if "slot" in values and "paces" in values:
                shown[f"block {i}"] += f", slot {values['slot'][i]}"
                shown[f"block {i}"] += ", a pacer" * values["paces"][i]
    for p in range(values["N"] - 1):
        if "tip" in values:
            shown[f"tip[p{p}]"] = str(values["tip"][p])
        if "known" in values:
            known = [str(i) for i in blocks if values["known"][p][i]]
            shown[f"known[p{p}]"] = "{" + ", ".join(known) + "}"
    for name in ("top", "reached", "best"):
        if name in values:
            shown[name] = str(values[name])
    return shown


def work() -> Instance:
    """Learning over proof-of-work: two correct processes and a Byzantine one."""
    return Instance(
        constants={N: 3, BYZANTINE: members([2]), **searched(2, True)},
        size=4,
        functions={by_rank: _rank},
        limits=(pow_learning.SYSTEM.state().length <= 2,),
        describe=_describe_work,
    )


def _describe_work(values: Mapping[str, Any]) -> Mapping[str, str]:
    shown = {}
    if "blocks" in values and "model" in values:
        for i in range(1, min(values["length"], 3) + 1):
            _, parent, _, claim = values["blocks"][i]
            shown[f"block {i}"] = f"on {parent}: {_model(values['model'][i])} claiming {claim}"
    for p in range(2):
        if "tip" in values:
            shown[f"tip[p{p}]"] = str(values["tip"][p])
    return shown


def attack(depth: int = 0, honest: int = 1, adversary: int = 1) -> Instance:
    """The private attack on a factor with so many wins of each kind."""
    return Instance(
        constants={
            private_attack.DEPTH: depth,
            private_attack.HONEST: honest,
            private_attack.ADVERSARY: adversary,
        },
        size=3,
    )


def small(theory: str) -> tuple[System, Instance] | None:
    """The system of a theory and an instance of it; None if the theory is no system."""
    theories: dict[str, tuple[System, Callable[[], Instance]]] = {
        "tob_learning": (tob_learning.SYSTEM, tob),
        "termination": (termination.SYSTEM, tob),
        "streamlet": (streamlet.SYSTEM, streamlet_instance),
        "pow_learning": (pow_learning.SYSTEM, work),
        "slot_game": (slot_game.SYSTEM, chain),
        "longest_chain": (longest_chain.SYSTEM, chain),
        "delayed_chain": (delayed_chain.SYSTEM, lambda: chain(delta=1)),
        "private_attack": (private_attack.SYSTEM, attack),
    }
    if theory not in theories:
        return None
    system, instance = theories[theory]
    return system, instance()
