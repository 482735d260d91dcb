"""The transition system of learning over proof-of-work: small instances, explored completely."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import pytest

from model_consensus import pow_learner
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.traces import record
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Model, Step, Ticket
from model_consensus.pow_learner import EVERY_HASH, Rules, model_of_tip
from model_consensus.simulation.training import short_name
from model_consensus.systems import bounded
from model_consensus.systems.answers import Answer, EveryLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import (
    Action,
    ByzantineForge,
    ByzantineMine,
    ByzantinePublish,
    Catch,
    MakeOffer,
    Mine,
    Receive,
    State,
)
from model_consensus.tla.values import Value
from model_consensus.tob_learner import Offer

PROCESSES = ("p1", "p2", "b1")


class NobodyIsWorse(EveryLandscape):
    """What nobody takes part in is worse than what others drew: for what is about chains."""

    def answers(self, parent: Model, steps: Sequence[Step]) -> Iterable[Answer]:
        """See :class:`EveryLandscape`."""
        names = [{ticket.proposer for ticket in step} for step in steps]
        return [tuple(int(pow_learner.NOBODY in each) for each in names)]


class OwnOffers(PowSystem):
    """Offers are lost, so a leader has its own only: for what is about chains."""

    def collected(self, state: State, process: str) -> Iterator[tuple[Offer, ...]]:
        """See :class:`PowSystem`."""
        return (seen for seen in super().collected(state, process) if len(seen) == 1)


def system(
    depth: int,
    wins: int,
    byzantine_wins: int,
    each: bool = False,
    losses: tuple[int, ...] = (0, 1),
    lying: int = 0,
    landscape: type[EveryLandscape] = EveryLandscape,
    kind: type[PowSystem] = PowSystem,
) -> PowSystem:
    """Two correct processes and b1, each of one draw; the bounds are those of the models."""
    return kind(
        Rules(PROCESSES, depth, target=EVERY_HASH // 2),
        ("b1",),
        landscape(1, losses),
        wins,
        byzantine_wins,
        bounded.few_pow_forgeries(losses, each),
        bounded.few_lies(losses, each, lying),
        bounded.few_steps(each=False),
    )


def after(explored: PowSystem, *actions: Action) -> State:
    """The state after these actions from the initial one; each must be enabled."""
    (state,) = explored.initial()
    for action in actions:
        assert action in explored.enabled(state)
        state = explored.apply(state, action)
    return state


def offered(explored: PowSystem, state: State, sender: str) -> Offer:
    """What ``sender`` has offered."""
    (offer,) = (offer for offer in state.offers if offer.sender == sender)
    return offer


def reachable(explored: PowSystem, *start: State) -> Iterator[State]:
    """One state for each projected state that can be reached, from the initial one or ``start``."""
    todo = list(start or explored.initial())
    seen = set(map(explored.project, todo))
    while todo:
        state = todo.pop()
        yield state
        for action in explored.enabled(state):
            then = explored.apply(state, action)
            if explored.project(then) not in seen:
                seen.add(explored.project(then))
                todo.append(then)


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
    explored = system(depth, wins, byzantine_wins, landscape=NobodyIsWorse, kind=OwnOffers)
    assert all(agree(outputs(explored, state)) for state in reachable(explored)) is holds


@pytest.mark.slow
def test_every_block_on_a_chain_is_exact_and_above_its_floor_whoever_mined_it() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=1, lying=1)
    led = set()
    for state in reachable(explored):
        for learner in state.learner.values():
            for digest in pow_learner.chain(learner):
                block = learner.known[digest]
                nobody = frozenset([Ticket(1, pow_learner.NOBODY, (1,))])
                own, floor = (
                    state.loss[explored.lineages.offspring(block.parent, step)]
                    for step in (block.step, nobody)
                )
                assert block.claim == own <= floor
                names = frozenset(ticket.proposer for ticket in block.step)
                led.add((block.miner, names, own < floor))
    alone, both = frozenset([pow_learner.NOBODY]), frozenset(["p1", "p2"])
    assert {(p, alone, False) for p in PROCESSES} <= led
    assert {(p, frozenset([p]), True) for p in PROCESSES} <= led
    everybody = both | alone | {"b1"}
    assert {(p, both | alone, True) for p in both} | {("p1", everybody, True)} <= led


@pytest.mark.slow
def test_only_liars_are_banned_and_their_offers_are_not_used_again() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=0, lying=1)
    banned = Counter[str]()
    for state in reachable(explored):
        for process, learner in state.learner.items():
            banned.update(learner.banned)
            for action in explored.enabled(state):
                if isinstance(action, Catch) and action.process == process:
                    assert "b1" not in learner.banned
                if isinstance(action, Mine) and action.process == process and learner.banned:
                    mined = explored.apply(state, action).blocks[-1]
                    assert "b1" not in {ticket.proposer for ticket in mined.step}
    assert banned.keys() == {"b1"}


@pytest.mark.slow
def test_whatever_is_forged_leaves_every_learner_untouched() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=1, each=True)
    forged = {True: 0, False: 0}
    for state in reachable(explored):
        for action in explored.enabled(state):
            if isinstance(action, ByzantineForge):
                then = explored.apply(state, action)
                assert then.blocks is state.blocks
                for process, learner in state.learner.items():
                    assert then.learner[process] is learner
                forged[pow_learner.has_work(explored.rules, action.block)] += 1
    assert min(forged.values()) > 0


def test_applying_an_action_leaves_the_state_as_it_was() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=1, lying=1)
    for state in islice(reachable(explored), 300):
        before = explored.project(state)
        for action in explored.enabled(state):
            explored.apply(state, action)
        assert explored.project(state) == before


def test_a_win_needs_synchrony_and_the_bounds() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=1, losses=(0,))
    state = after(explored, MakeOffer("p1", (0,)))
    leads = Mine("p1", (offered(explored, state, "p1"),), (0,))
    mined = after(explored, MakeOffer("p1", (0,)), leads)
    assert not any(explored.may_win(mined, process) for process in PROCESSES)
    assert not explored.may_offer(mined)
    half = explored.apply(mined, Receive("p1", 1))
    assert not explored.may_win(half, "p1")
    state = explored.apply(half, Receive("p2", 1))
    assert explored.may_offer(state)
    assert all(explored.may_win(state, process) for process in PROCESSES)
    nobody = frozenset([Ticket(1, pow_learner.NOBODY, (1,))])
    ended = explored.apply(state, ByzantineMine("b1", 0, nobody, ()))
    assert not any(explored.may_win(ended, process) for process in PROCESSES)
    assert not system(depth=0, wins=2, byzantine_wins=0).may_win(state, "b1")


def test_a_correct_process_offers_once_on_a_model_and_leads_with_its_own_offer_only() -> None:
    explored = system(depth=0, wins=1, byzantine_wins=0)
    (state,) = explored.initial()
    assert not any(isinstance(action, Mine) for action in explored.enabled(state))
    state = after(explored, MakeOffer("p1", (0,)))
    enabled = list(explored.enabled(state))
    assert {a.process for a in enabled if isinstance(a, MakeOffer)} == {"p2"}
    assert {a.process for a in enabled if isinstance(a, Mine)} == {"p1"}


@pytest.mark.slow
def test_a_process_mines_what_the_system_mines_on_its_tip_whoever_mined_that() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=1, landscape=NobodyIsWorse)
    miners = set()
    for state in reachable(explored):
        for action in explored.enabled(state):
            if isinstance(action, Mine):
                learner = state.learner[action.process]
                search = explored.landscapes.search(explored.drawn(state, action))
                block = pow_learner.mine(search, explored.rules, learner, action.offers)
                mined = explored.apply(state, action).blocks[-1]
                assert replace(block, nonce=mined.nonce) == mined
                assert block.parent == learner.tip
                assert pow_learner.has_work(explored.rules, block)
                if learner.tip in learner.known:
                    miners.add((action.process, learner.known[learner.tip].miner))
    assert {("p1", "p1"), ("p1", "p2"), ("p1", "b1")} <= miners


FIRST = frozenset([Ticket(1, pow_learner.NOBODY, (1,))])
SECOND = frozenset([Ticket(2, pow_learner.NOBODY, (1,))])


def test_a_withheld_block_stays_out_of_sight_until_it_is_published() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=2)
    state = after(explored, ByzantineMine("b1", 0, FIRST, (0,)))
    actions = list(explored.enabled(state))
    assert ByzantinePublish("p1", 1) in actions
    assert Receive("p1", 1) not in actions
    state = explored.apply(state, ByzantinePublish("p1", 1))
    actions = list(explored.enabled(state))
    assert Receive("p2", 1) in actions
    assert ByzantinePublish("p2", 1) not in actions


def test_a_block_that_arrives_before_its_parent_is_refused_and_may_come_again() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=2)
    state = after(
        explored,
        ByzantineMine("b1", 0, FIRST, (0,)),
        ByzantineMine("b1", 1, SECOND, (0,)),
    )
    early = explored.apply(state, ByzantinePublish("p1", 2))
    assert explored.project(early) == explored.project(state)
    late = explored.apply(
        explored.apply(early, ByzantinePublish("p1", 1)), ByzantinePublish("p1", 2)
    )
    assert explored.height(late, explored.place(late, late.learner["p1"].tip)) == 2


def test_losses_and_offers_that_all_have_left_behind_are_forgotten() -> None:
    explored = system(depth=0, wins=2, byzantine_wins=1, losses=(0,))
    forgotten = 0
    for state in reachable(explored):
        oldest = min(len(decided) for decided in outputs(explored, state)) - 1
        models = [*state.loss, *(offer.parent for offer in state.offers)]
        assert all(explored.lineages.generation(model) >= oldest for model in models)
        forgotten += oldest > 0
    assert forgotten


def steps_to_a_longer_chain(explored: PowSystem) -> list[tuple[Action | None, State]]:
    """Both decide two blocks, and then there are three on a secret chain from the genesis.

    What that chain led to is forgotten by then.
    """
    (state,) = explored.initial()
    steps: list[tuple[Action | None, State]] = [(None, state)]

    def take(action: Action) -> None:
        steps.append((action, explored.apply(steps[-1][1], action)))

    for height in (1, 2):
        take(next(explored.own_offers(steps[-1][1], "p1")))
        seen = next(explored.collected(steps[-1][1], "p1"))
        *_, lead = explored.leads(steps[-1][1], "p1", seen)  # nobody's is worse
        take(lead)
        for process in ("p1", "p2"):
            take(Receive(process, height))
    for parent in (0, 3, 4):
        take(mined_with_nobody(explored, steps[-1][1], parent))
    return steps


def mined_with_nobody(explored: PowSystem, state: State, parent: int) -> ByzantineMine:
    """b1 wins on the block ``parent`` and leads with nobody's draw, of the greatest loss."""
    step = frozenset([Ticket(explored.height(state, parent) + 1, pow_learner.NOBODY, (1,))])
    *_, mined = explored.byzantine_blocks(state, "b1", parent, step)
    return mined


def publications() -> list[Action]:
    """b1 shows that chain to p1, and p2 receives it."""
    places = (3, 4, 5)
    return [each for i in places for each in (ByzantinePublish("p1", i), Receive("p2", i))]


@pytest.mark.slow
def test_whose_decisions_are_taken_back_goes_on_with_what_was_forgotten() -> None:
    explored = system(depth=0, wins=6, byzantine_wins=3, lying=4)
    *_, (_, state) = steps_to_a_longer_chain(explored)
    withheld = explored.model(state, 5)
    assert withheld.digest not in state.loss
    lie = Offer("b1", withheld.digest, Ticket(4, "b1", (1,)), 0)
    assert not list(explored.byzantine_offers(state, lie))
    for action in publications():
        state = explored.apply(state, action)
    assert {model_of_tip(learner) for learner in state.learner.values()} == {withheld}
    assert list(explored.byzantine_offers(state, lie))

    banned, mined_by = set[str](), Counter[str]()
    for then in reachable(explored, state):
        known = {explored.lineages.offspring(o.parent, frozenset([o.ticket])) for o in then.offers}
        assert known <= then.loss.keys()
        for learner in then.learner.values():
            banned |= learner.banned
        if len(then.blocks) == explored.wins:
            mined_by[then.blocks[-1].miner] += 1
    assert banned == {"b1"}
    assert mined_by.keys() == {"p1", "p2"}


@pytest.mark.tlc
def test_what_is_drawn_on_a_block_is_remembered_if_another_one_of_its_model_is_a_tip() -> None:
    explored = system(depth=0, wins=7, byzantine_wins=5)
    explored.name = short_name
    steps = steps_to_a_longer_chain(explored)
    for action in publications():
        steps.append((action, explored.apply(steps[-1][1], action)))
    for parent in (4, 6):  # the sixth block has the model of the fifth, which is the tip
        mined = mined_with_nobody(explored, steps[-1][1], parent)
        steps.append((mined, explored.apply(steps[-1][1], mined)))
    last = steps[-1][1]
    assert explored.model(last, 6) == explored.model(last, 5)
    assert explored.model(last, 7).digest in last.loss
    (verdict,) = check_traces([record("two blocks of one model", explored, steps)])
    assert verdict.rejection is None


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
    "EachStep": True,
    "EachForgery": False,
    "LyingGenerations": 1,
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
