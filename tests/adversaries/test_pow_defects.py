"""Each check of the learner over proof-of-work is needed: without it a named attack succeeds.

The same attack is made on the learner with the defect, where a property is violated, and on the
real one, where nothing happens.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from model_consensus import pow_learner
from model_consensus.defects.pow import any_generation, unverified, workless
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    all_drawn,
    best_ticket,
    least,
)
from model_consensus.pow_learner import EVERY_HASH, Block, Rules
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem, Receiver
from model_consensus.systems.pow_actions import Mine, Receive, State

SEARCH = EvolutionarySearch(OneMax(128), draws=4, lambda_=4, recombines=True)
RULES = Rules(("p1", "p2", "b1"), depth=1, target=EVERY_HASH // 4)


def start(receive: Receiver, depth: int = 1) -> tuple[PowSystem, State]:
    rules = replace(RULES, depth=depth)
    system = PowSystem(rules, ("b1",), OneLandscape(SEARCH), receive=receive)
    return system, next(system.initial())


def win(system: PowSystem, state: State, process: str, *receivers: str) -> State:
    """A win of a correct process, and who receives the block."""
    (losses,) = system.answers(state, process, system.place(state, state.learner[process].tip))
    state = system.apply(state, Mine(process, losses))
    for receiver in receivers:
        state = system.apply(state, Receive(receiver, len(state.blocks)))
    return state


def forge(system: PowSystem, state: State, process: str, block: Block, work: bool) -> State:
    (action,) = system.forges(state, process, system.with_nonce(state, block, work))
    return system.apply(state, action)


def free_chain(receive: Receiver) -> bool:
    """Whether two blocks without work, shown to p2, undo what p1 has decided."""
    system, state = start(receive)
    state = win(system, state, "p1", "p1", "p2")
    state = win(system, state, "p1", "p1")
    decided = system.decided(state.learner["p1"])
    assert len(decided) == 2
    parent, model = system.genesis.digest, system.genesis
    for _ in range(2):
        ticket, loss = best_ticket(SEARCH, model, "b1")
        before = state
        state = forge(system, state, "p2", Block(parent, ticket, loss), work=False)
        if state.learner == before.learner:
            break
        parent, model = state.blocks[-1].digest, SEARCH.offspring(model, frozenset([ticket]))
    other = system.decided(state.learner["p2"])
    return other[:2] != decided[: len(other)][:2]


def worst_offspring(receive: Receiver) -> bool:
    """Whether a miner gets its worst ticket decided by claiming the loss 0 for it."""
    system, state = start(receive, depth=0)
    tickets = all_drawn(1, "b1", 4)
    steps = [frozenset([ticket]) for ticket in tickets]
    losses = SEARCH.losses(SEARCH.genesis, steps)
    worst = least([-loss for loss in losses])
    assert losses[worst] > min(losses)
    block = Block(system.genesis.digest, tickets[worst], 0)
    state = forge(system, state, "p1", block, work=True)
    worst_model = SEARCH.offspring(SEARCH.genesis, steps[worst]).digest
    return system.decided(state.learner["p1"])[1:] == (worst_model,)


def high_block(receive: Receiver) -> bool:
    """Whether one block that says it is the fifth outdoes a chain of two."""
    system, state = start(receive)
    for _ in range(2):
        state = win(system, state, "p2", "p1", "p2")
    ticket, loss = best_ticket(SEARCH, SEARCH.genesis, "b1")
    lie = Block(system.genesis.digest, replace(ticket, generation=5), loss)
    state = forge(system, state, "p1", lie, work=True)
    tip = state.learner["p1"].tip
    return state.learner["p1"].models[tip].generation == 5


ATTACKS: dict[Callable[[Receiver], bool], Receiver] = {
    free_chain: workless,
    worst_offspring: unverified,
    high_block: any_generation,
}


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
def test_an_attack_succeeds_without_the_check_that_stops_it_and_only_then(
    attack: Callable[[Receiver], bool],
) -> None:
    assert attack(ATTACKS[attack])
    assert not attack(pow_learner.receive)
    for defect in ATTACKS.values():
        if defect is not ATTACKS[attack]:
            assert not attack(defect)
