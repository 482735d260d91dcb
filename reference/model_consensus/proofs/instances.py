"""Small instances of the theories, to look for counterexamples in."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import z3

from model_consensus.proofs import (
    counting,
    delayed_chain,
    longest_chain,
    pow_learner,
    pow_learning,
    pow_steps,
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
from model_consensus.proofs.pow_learner import View
from model_consensus.proofs.readable import (
    describe_chain,
    describe_streamlet,
    describe_tob,
    describe_work,
)
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
    is_process,
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
        describe=describe_tob,
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
        describe=describe_streamlet,
    )


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
        describe=describe_chain,
    )


def work(
    processes: int = 3,
    byzantine: int = 1,
    draws: int = 1,
    recombines: bool = False,
) -> Instance:
    """Learning over proof-of-work, with two wins; the last processes are Byzantine."""
    s, view, offer = pow_learning.SYSTEM.state(), z3.Const("view", View), z3.Const("offer", Offer)
    seen = [View.offers(view)[q] for q in range(processes + 1)]
    cost = draws + (recombines and draws > 1)
    claims = [offer, *seen, *(s.offers[k] for k in range(3))]
    return Instance(
        constants={
            N: processes,
            F: byzantine,
            BYZANTINE: members(list(range(processes - byzantine, processes))),
            pow_steps.WINS: 2,
            **searched(draws, recombines),
            counting.EMPTY: NO_SET,
            PROPOSAL_COST: cost,
            pow_learning.LEAD_COST: cost + 1 + processes,
            pow_learning.RECEIVE_COST: cost + 1,
        },
        size=processes,
        functions={by_rank: _rank, pow_learner.generation: _generation},
        limits=(
            s.sent <= 3,
            *(is_process(Offer.sender(s.offers[k])) for k in range(3)),
            *(between(0, Offer.claim(claim), 10) for claim in claims),
            *(between(0, s.evaluations[p], 20) for p in range(processes)),
        ),
        describe=describe_work,
    )


def _generation(model: Term, most: int = 4) -> Term:
    """How many steps led to a model, but ``most`` where there are more."""
    if most == 0:
        return z3.IntVal(0)
    return z3.If(Model.is_offspring(model), 1 + _generation(Model.parent(model), most - 1), 0)


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
