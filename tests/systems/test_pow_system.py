"""The transition system of learning over proof-of-work: small instances, explored completely."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from model_consensus import pow_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Ticket, Weights
from model_consensus.pow_learner import EVERY_HASH, Block, Learner, Rules
from model_consensus.systems import bounded
from model_consensus.systems.answers import EveryLandscape
from model_consensus.systems.pow import Forgeries, PowSystem
from model_consensus.systems.pow_actions import (
    ByzantineForge,
    ByzantineMine,
    ByzantinePublish,
    Mine,
    Receive,
    State,
)
from model_consensus.tla.values import Value

PROCESSES = ("p1", "p2", "b1")


def system(
    depth: int,
    wins: int,
    byzantine_wins: int,
    draws: int = 1,
    each: bool = False,
    losses: tuple[int, ...] = (0, 1),
    recombines: bool = True,
) -> PowSystem:
    rules = Rules(PROCESSES, depth, EVERY_HASH // 2)
    forgeries: Forgeries = bounded.few_pow_forgeries(losses, each)
    landscape = EveryLandscape(draws, losses, recombines)
    return PowSystem(rules, ("b1",), landscape, wins, byzantine_wins, forgeries)


def reachable(explored: PowSystem) -> Iterator[State]:
    """One state for each projected state that can be reached."""
    todo = list(explored.initial())
    seen = set(map(explored.project, todo))
    while todo:
        state = todo.pop()
        yield state
        for action in explored.enabled(state):
            after = explored.apply(state, action)
            if explored.project(after) not in seen:
                seen.add(explored.project(after))
                todo.append(after)


def outputs(explored: PowSystem, state: State) -> list[tuple[Digest, ...]]:
    return [explored.decided(learner) for learner in state.learner.values()]


def agree(decided: list[tuple[Digest, ...]]) -> bool:
    short, long = sorted(decided, key=len)
    return long[: len(short)] == short


# P3: with at most T wins, a of them adversarial, agreement holds iff a <= k or T <= 2k + 1.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "wins", "byzantine_wins", "holds"),
    [(0, 1, 1, True), (0, 2, 0, True), (0, 2, 1, False), (1, 3, 2, True), (1, 4, 1, True)],
)
def test_agreement_holds_exactly_where_the_depth_is_safe(
    depth: int, wins: int, byzantine_wins: int, holds: bool
) -> None:
    explored = system(depth, wins, byzantine_wins, losses=(0,))
    assert all(agree(outputs(explored, state)) for state in reachable(explored)) is holds


@pytest.mark.slow
def test_every_decided_block_is_an_exact_step_of_its_miner() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=1, draws=2, each=True)
    leaders = set()
    for state in reachable(explored):
        for learner in state.learner.values():
            for digest in pow_learner.chain(learner):
                block = learner.known[digest]
                miner = block.ticket.proposer

                def loss_of(weights: Weights, block: Block = block) -> int:
                    step = frozenset([replace(block.ticket, weights=weights)])
                    return state.loss[explored.lineages.offspring(block.parent, step)]  # noqa: B023

                drawn = [loss_of((1, 0)), loss_of((0, 1))]
                weights = (1, -1) if drawn[0] <= drawn[1] else (-1, 1)
                losses = [*drawn, loss_of(weights)]
                assert block.claim == min(losses)
                chosen = [(1, 0), (0, 1), weights][losses.index(min(losses))]
                assert block.ticket.weights == chosen
                leaders.add((miner, weights == chosen))
    assert leaders == {(process, best) for process in PROCESSES for best in (False, True)}


@pytest.mark.slow
def test_whatever_is_forged_leaves_every_learner_untouched() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=1, draws=2, each=True)
    forged = {True: 0, False: 0}
    for state in reachable(explored):
        for action in explored.enabled(state):
            if isinstance(action, ByzantineForge):
                after = explored.apply(state, action)
                assert after.blocks is state.blocks
                for process, learner in state.learner.items():
                    assert after.learner[process] is learner
                forged[pow_learner.has_work(explored.rules, action.block)] += 1
    assert min(forged.values()) > 0


def test_applying_an_action_leaves_the_state_as_it_was() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=1)
    for state in reachable(explored):
        before = explored.project(state)
        for action in explored.enabled(state):
            explored.apply(state, action)
        assert explored.project(state) == before


def test_a_win_needs_synchrony_and_the_bounds() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=1)
    (state,) = explored.initial()
    state = explored.apply(state, Mine("p1", (0,)))
    assert not any(explored.may_win(state, process) for process in PROCESSES)
    state = explored.apply(state, Receive("p1", 1))
    assert not explored.may_win(state, "p1")
    state = explored.apply(state, Receive("p2", 1))
    assert all(explored.may_win(state, process) for process in PROCESSES)
    mined = explored.apply(state, ByzantineMine("b1", 0, (1,)))
    assert not any(explored.may_win(mined, process) for process in PROCESSES)
    assert not system(depth=0, wins=2, byzantine_wins=0).may_win(state, "b1")


@pytest.mark.slow
def test_a_process_mines_what_the_system_mines_on_its_tip_whoever_mined_that() -> None:
    explored = system(depth=0, wins=3, byzantine_wins=1, draws=2)
    miners = set()
    for state in islice(reachable(explored), 1500):
        for action in explored.enabled(state):
            if isinstance(action, Mine):
                learner = state.learner[action.process]
                loss = {**state.loss, **explored.drawn(state, action)}
                search = explored.landscapes.search(loss)
                block = pow_learner.mine(search, explored.rules, learner)
                mined = explored.apply(state, action).blocks[-1]
                assert replace(block, nonce=mined.nonce) == mined
                assert block.parent == learner.tip
                assert pow_learner.has_work(explored.rules, block)
                if learner.tip in learner.known:
                    miners.add((action.process, learner.known[learner.tip].ticket.proposer))
    assert {("p1", "p1"), ("p1", "p2"), ("p1", "b1")} <= miners


def test_a_withheld_block_stays_out_of_sight_until_it_is_published() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=2)
    (state,) = explored.initial()
    state = explored.apply(state, ByzantineMine("b1", 0, (0,)))
    actions = list(explored.enabled(state))
    assert ByzantinePublish("p1", 1) in actions
    assert Receive("p1", 1) not in actions
    state = explored.apply(state, ByzantinePublish("p1", 1))
    actions = list(explored.enabled(state))
    assert Receive("p2", 1) in actions
    assert ByzantinePublish("p2", 1) not in actions


def test_a_block_that_arrives_before_its_parent_is_refused_and_may_come_again() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=2)
    (state,) = explored.initial()
    state = explored.apply(state, ByzantineMine("b1", 0, (0,)))
    state = explored.apply(state, ByzantineMine("b1", 1, (0,)))
    early = explored.apply(state, ByzantinePublish("p1", 2))
    assert explored.project(early) == explored.project(state)
    late = explored.apply(
        explored.apply(early, ByzantinePublish("p1", 1)), ByzantinePublish("p1", 2)
    )
    assert explored.height(late, explored.place(late, late.learner["p1"].tip)) == 2


def test_losses_that_all_have_left_behind_are_forgotten() -> None:
    explored = system(depth=0, wins=3, byzantine_wins=1, losses=(0,))
    for state in reachable(explored):
        oldest = min(len(decided) for decided in outputs(explored, state)) - 1
        assert all(explored.lineages.generation(model) >= oldest for model in state.loss)


def test_a_system_needs_a_correct_process_and_sensible_bounds() -> None:
    rules, landscape = Rules(PROCESSES, 0), EveryLandscape(1, (0,))
    for byzantine in (PROCESSES, ("b2",)):
        with pytest.raises(ModelConsensusError, match="processes must be distinct"):
            PowSystem(rules, byzantine, landscape)
    with pytest.raises(ModelConsensusError, match="wins must be at least 0"):
        PowSystem(rules, (), landscape, wins=-1)


CONSTANTS: dict[str, Value] = {
    "Proc": frozenset(PROCESSES),
    "Byzantine": frozenset(["b1"]),
    "Draws": 1,
    "Recombines": True,
    "Losses": frozenset([0, 1]),
    "Depth": 1,
    "Wins": 2,
    "ByzantineWins": 1,
    "EachForgery": False,
}


def test_a_system_is_made_from_the_constants_of_a_model() -> None:
    made = bounded.pow_learning(CONSTANTS)
    assert made.correct == ("p1", "p2")
    assert (made.rules.depth, made.wins, made.byzantine_wins) == (1, 2, 1)


@pytest.mark.parametrize("name", list(CONSTANTS))
def test_a_missing_or_a_wrong_constant_is_named(name: str) -> None:
    without = {key: value for key, value in CONSTANTS.items() if key != name}
    with pytest.raises(ModelConsensusError, match=f"'{name}' is missing"):
        bounded.pow_learning(without)


def test_a_constant_of_a_wrong_type_is_refused() -> None:
    with pytest.raises(ModelConsensusError, match="wrong type"):
        bounded.pow_learning({**CONSTANTS, "Proc": 3})


def learner_with(explored: PowSystem, blocks: list[Block]) -> Learner:
    """A learner that has received these blocks, whatever they are."""
    (state,) = explored.initial()
    learner = state.learner["p1"]
    for block in blocks:
        search = explored.landscapes.search({})
        learner = pow_learner.receive(search, explored.rules, learner, block)
    return learner


def test_a_block_that_names_nobody_is_refused() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=1)
    stranger = Block(explored.genesis.digest, Ticket(1, "x9", (1,)), 0)
    worked = pow_learner.find_nonce(explored.rules, stranger)
    assert not learner_with(explored, [worked]).known
