"""The proofs bite: each planted error makes a named condition fail, with a counterexample that is
the error."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import z3

from model_consensus.proofs import (
    delayed_chain,
    instances,
    longest_chain,
    private_attack,
    search,
    slot_game,
    streamlet,
    streamlet_chains,
    termination,
    tob_learner,
    tob_learning,
    tob_steps,
)
from model_consensus.proofs.counterexample import Instance, find
from model_consensus.proofs.counting import count, times
from model_consensus.proofs.induction import AFTER, Defined, System, between
from model_consensus.proofs.search import LAMBDA, F, N, Ticket
from model_consensus.proofs.tob_learner import MU, Learner, Offer
from tests.proofs.planted import Values, broken_action, condition, counterexample
from tests.proofs.tlc_states import field

PARENT, CLAIM = 2, 4  # of an offer, as the counterexamples have it


def broken_learner(part: Any, instead: Any) -> System:
    """Learning over TOB with a part of ``Advance`` replaced."""
    definition = tob_learner.FUNCTIONS[0]
    body = z3.substitute(definition.body, (part, instead))
    assert not body.eq(definition.body)
    return replace(
        tob_learning.SYSTEM, functions=(Defined(definition.function, definition.arguments, body),)
    )


def after(length: int, moves: int, **options: Any) -> Instance:
    """Learning over TOB, with an order of that length, after so many moves of the ghost."""
    instance, s = instances.tob(**options), tob_learning.SYSTEM.state()
    constants = {**instance.constants, s.length: length, s.moves: moves}
    limits = (between(0, Offer.claim(z3.Const("offer", Offer)), 10),)
    return replace(instance, constants=constants, size=max(3, moves + 1), limits=limits)


def frontier(values: Values) -> Any:
    """The ghost after its move."""
    return values["history" + AFTER][values["moves" + AFTER]]


def _quantified(relation: Callable[..., Any]) -> Callable[..., Any]:
    """The first conjunct of a relation that is a quantifier."""
    return lambda *arguments: next(
        part for part in relation(*arguments).children() if z3.is_quantifier(part)
    )


LEARNER, OFFER = tob_learner.FUNCTIONS[0].arguments


# --------------------------------------------------------------------- learning over TOB


def test_a_banned_sender_is_accepted_again() -> None:
    not_banned = z3.Not(Learner.isBanned(LEARNER)[Offer.sender(OFFER)])
    system = broken_learner(not_banned, z3.BoolVal(True))
    learner = frontier(counterexample(system, "Move => Held'", after(2, 2, size=1)))
    assert [q for q in range(3) if field(learner, "isBanned")[q]] == [2]
    assert field(learner, "accepted")[2]


def test_an_offer_on_another_parent_is_accepted() -> None:
    on_parent = Offer.parent(OFFER) == tob_learner.parent_of(LEARNER)
    system = broken_learner(on_parent, z3.BoolVal(True))
    learner = frontier(counterexample(system, "Move => Held'", after(1, 0)))
    offers = [field(learner, "offers")[q] for q in range(3) if field(learner, "accepted")[q]]
    assert not all(offer[PARENT] == ("genesis",) for offer in offers)


EVALUATED = Learner.offers(LEARNER)[tob_learner.least(LEARNER)]


def test_a_false_claim_is_tolerated() -> None:
    system = broken_learner(tob_learner.is_true_claim(EVALUATED), z3.BoolVal(True))
    learner = frontier(counterexample(system, "Move => Verified'", after(1, 1, size=1)))
    assert [q for q in range(3) if field(learner, "verified")[q]] == [2]  # the liar


def test_a_selection_with_one_offer_too_few() -> None:
    enough = tob_learner.has_enough(LEARNER)
    system = broken_learner(enough, enough.arg(0) >= LAMBDA - 1)
    learner = frontier(counterexample(system, "Move => Sizes'", after(2, 1)))
    assert sum(field(learner, "held")[q] for q in range(3)) == 1
    assert sum(field(learner, "verified")[q] for q in range(3)) == 1


@pytest.mark.parametrize(
    ("goal", "bound", "instance"),
    [
        pytest.param("Backers'", MU - 1, after(1, 0), id="one too few"),
        pytest.param("Sizes'", MU + 1, after(2, 3), id="one too many"),
    ],
)
def test_mu_is_off_by_one(goal: str, bound: Any, instance: Instance) -> None:
    verified = count(Learner.verified(LEARNER), N)
    system = broken_learner(tob_learner.is_verified(LEARNER), verified >= bound)
    values = counterexample(system, f"Move => {goal}", instance)
    learner = frontier(values)
    before = values["history"][values["moves"]]
    if goal == "Backers'":  # a decision without a verified offer
        assert field(learner, "generation") == field(before, "generation") + 1
        assert not any(field(before, "verified")[q] for q in range(3))
    else:  # it has μ = 1 verified offers or more, and has not decided
        assert any(field(learner, "verified")[q] for q in range(3))
        assert field(learner, "generation") == field(before, "generation")


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(z3.BoolVal(True), id="no floor"),
        pytest.param(z3.Not(tob_learner.is_better(LEARNER)), id="the wrong way"),
    ],
)
def test_a_blend_is_decided_that_is_worse_than_the_floor(instead: Any) -> None:
    system = broken_learner(tob_learner.is_better(LEARNER), instead)
    learner = frontier(counterexample(system, "Move => AboveFloor'", after(0, 0, mu=2)))
    generation = field(learner, "generation")
    assert field(learner, "decided")[generation] != field(learner, "floors")[generation]


def test_a_correct_process_offers_not_its_best() -> None:
    def is_best(s: Any, t: Any, p: Any, weights: Any) -> Any:
        learner = s.learner[p]
        parent, generation = tob_learner.parent_of(learner), Learner.generation(learner) + 1
        return search.is_best(parent, generation, p, weights)

    system = broken_action(tob_learning.SYSTEM, "Offer", is_best)
    instance = after(0, 0, draws=2, recombines=True)
    values = counterexample(system, "Offer => HonestOffers'", instance)
    assert values["offered" + AFTER][values["p"]] == values["offered"][values["p"]] + 1


def test_a_correct_process_makes_a_false_claim() -> None:
    def best(s: Any, t: Any, p: Any, weights: Any) -> Any:
        learner = s.learner[p]
        ticket = Ticket.make(Learner.generation(learner) + 1, p, weights)
        return search.loss(search.proposal(tob_learner.parent_of(learner), ticket))

    def claims(*arguments: Any) -> Any:
        relation = tob_steps.offer(*arguments)
        return z3.substitute(relation, (made(*arguments), lie(*arguments)))

    def message(claim: Any, s: Any, p: Any, weights: Any) -> Any:
        learner = s.learner[p]
        ticket = Ticket.make(Learner.generation(learner) + 1, p, weights)
        return Offer.make(p, tob_learner.parent_of(learner), ticket, claim)

    def made(s: Any, t: Any, p: Any, weights: Any) -> Any:
        return message(best(s, t, p, weights), s, p, weights)

    def lie(s: Any, t: Any, p: Any, weights: Any) -> Any:
        return message(z3.Int("claim"), s, p, weights)

    system = replace(
        tob_learning.SYSTEM,
        actions=tuple(
            replace(action, relation=claims) if action.name == "Offer" else action
            for action in tob_learning.SYSTEM.actions
        ),
    )
    values = counterexample(system, "Offer => HonestOffers'", after(0, 0))
    assert values["made" + AFTER][values["p"]][1][CLAIM] == values["claim"]


def test_messages_are_delivered_in_another_order() -> None:
    system = broken_action(
        tob_learning.SYSTEM,
        "Deliver",
        lambda s, t, p: s.order[Learner.delivered(s.learner[p])],
        tob_learning.SYSTEM.state().order[z3.Int("other")],
    )
    values = counterexample(system, "Deliver => LearnerIsFold'", after(1, 1))
    assert values["other"] != field(values["learner"][values["p"]], "delivered")  # not the next one


@pytest.mark.parametrize(
    ("name", "formula", "instance"),
    [
        ("BansAtMostF", lambda p, s: Learner.bans(s.learner[p]) <= F - 1, after(1, 2, size=1)),
        (
            "EvaluationBound",
            lambda p, s: (
                s.evaluations[p]
                <= times(tob_learning.GENERATION_COST, Learner.generation(s.learner[p]) + 1) + F - 1
            ),
            after(2, 4, size=1),
        ),
    ],
    ids=["BansAtMostF", "EvaluationBound"],
)
def test_a_bound_is_tight_in_f(
    name: str, formula: Callable[[Any, Any], Any], instance: Instance
) -> None:
    properties = {name: lambda s: search.correct(lambda p: formula(p, s))}
    system = replace(tob_learning.SYSTEM, properties=properties)
    values = counterexample(system, f"Invariant => {name}", instance)
    assert any(field(values["learner"][p], "bans") == 1 for p in (0, 1))


@pytest.mark.parametrize(
    ("name", "bound", "less"),
    [
        ("Resilience", times(search.DRAWS, LAMBDA - F), times(search.DRAWS, LAMBDA - F + 1)),
        ("RankResilience", N - LAMBDA, N - LAMBDA - 1),
    ],
    ids=["Resilience", "RankResilience"],
)
def test_resilience_is_tight(name: str, bound: Any, less: Any) -> None:
    whole = tob_learning.SYSTEM.properties[name](tob_learning.SYSTEM.state())
    more = z3.substitute(whole, (bound, less))
    assert not more.eq(whole)
    system = replace(tob_learning.SYSTEM, properties={name: lambda s: more})
    instance = after(2, 4)
    constants = {**instance.constants, tob_learning.some: 0, tob_learning.when: 1}
    values = counterexample(system, f"Invariant => {name}", replace(instance, constants=constants))
    if name == "Resilience":
        assert sum(values["matched"][q][0] for q in range(3)) == 1  # lambda - f, and no more
    else:
        assert sum(values["better"][q] for q in range(3)) == 1  # n - lambda, and no fewer


def test_with_a_larger_lambda_nothing_need_happen() -> None:
    name = "termination: until everybody is done, a helpful step is possible"
    stuck = next(c for c in termination.conditions() if c.name == name)
    assumptions = {k: v for k, v in stuck.hypotheses.items() if k != "Lambda <= N - F"}
    stuck = replace(stuck, hypotheses=assumptions)
    found = find(stuck, termination.SYSTEM, after(2, 2, size=3))
    assert found is not None
    accepted = field(found.values["history"][found.values["moves"]], "accepted")
    assert accepted[0]
    assert accepted[1]  # both correct processes have offered, and wait for the Byzantine one
    assert not accepted[2]


# -------------------------------------------------------------------------------- Streamlet


def test_with_three_processes_and_one_byzantine_quorums_do_not_meet() -> None:
    instance = instances.streamlet_instance(processes=3, byzantine=1, epochs=2)
    assumptions = {k: v for k, v in streamlet.SYSTEM.assumptions.items() if "Thirds" not in k}
    system = replace(streamlet.SYSTEM, assumptions=assumptions)
    values = counterexample(system, "Vote => QuorumsMeet'", instance)
    quorums = [
        {p for p in range(3) if voters[p]} for voters in values["votes" + AFTER].entries.values()
    ]
    assert any(
        len(a) >= 2 and len(b) >= 2 and a & b <= {2} for a in quorums for b in quorums
    )  # two of three, and only the liar in common


def test_a_process_votes_twice_in_an_epoch() -> None:
    system = broken_action(streamlet.SYSTEM, "Vote", _quantified(streamlet.cast))
    values = counterexample(system, "Vote => OneVote'", instances.streamlet_instance(epochs=2))
    votes, voter = values["votes" + AFTER].entries, values["p"]
    epochs = [block[2] for block, voters in votes.items() if len(block) > 1 and voters[voter]]
    assert len(epochs) > len(set(epochs))


def test_a_process_votes_on_a_chain_that_is_not_longest() -> None:
    system = broken_action(
        streamlet.SYSTEM,
        "Vote",
        lambda s, t, p, parent, e, payload: streamlet_chains.length(parent) >= s.lock[p],
    )
    values = counterexample(system, "Vote => NeverShorter'", instances.streamlet_instance())
    votes, voter = values["votes" + AFTER].entries, values["p"]
    cast = sorted(
        (block[2], _length(block))
        for block, voters in votes.items()
        if len(block) > 1 and voters[voter]
    )
    assert [length for _, length in cast] != sorted(length for _, length in cast)


def _length(block: Any) -> int:
    return 0 if len(block) == 1 else 1 + _length(block[1])


# ------------------------------------------------------------------------------ proof of work


def _one_win_longer(s: Any, start: Any, end: Any) -> Any:
    wins, adversary = end - start, s.advance[end] - s.advance[start]
    return z3.And(wins >= 2 * slot_game.DEPTH + 3, 2 * adversary >= wins)


def _more_than_half(s: Any, start: Any, end: Any) -> Any:
    wins, adversary = end - start, s.advance[end] - s.advance[start]
    return z3.And(wins >= 2 * slot_game.DEPTH + 2, 2 * adversary > wins)


@pytest.mark.parametrize("bad", [_one_win_longer, _more_than_half])
@pytest.mark.parametrize(
    ("theory", "goal", "instance"),
    [
        (slot_game, "AdversaryWin => Unique'", instances.chain(depth=0, wins=2)),
        (delayed_chain, "ByzantineMine => Settled'", instances.chain(depth=0, wins=2, delta=1)),
    ],
    ids=["slot_game", "delayed_chain"],
)
def test_the_condition_of_settlement_is_exact(
    bad: Callable[[Any, Any, Any], Any],
    theory: ModuleType,
    goal: str,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(theory, "is_bad", bad)
    system = theory.SYSTEM
    found = counterexample(system, goal, instance)
    heights = [found["height" + AFTER][i] for i in range(1, found["length" + AFTER] + 1)]
    assert heights == [1, 1]  # a fork at the first block, after one win of each kind


def test_blocks_of_correct_processes_arrive_too_late() -> None:
    system = broken_action(
        longest_chain.SYSTEM, "Mine", lambda s, t, p: longest_chain.synchronous(s)
    )
    values = counterexample(system, "Mine => DistinctHeights'", instances.chain(wins=2))
    heights, miners = values["height" + AFTER], values["miner" + AFTER]
    assert heights[1] == heights[2] == 1
    assert {miners[1], miners[2]} <= {0, 1}


def test_the_private_attack_needs_half_of_the_wins() -> None:
    assumptions = dict(private_attack.SYSTEM.assumptions)
    assumptions["the factor is bad"] = private_attack.HONEST + private_attack.ADVERSARY >= 2 * (
        private_attack.DEPTH + 1
    )
    system = replace(private_attack.SYSTEM, assumptions=assumptions)
    values = counterexample(
        system, "Invariant => Disagreement", instances.attack(honest=2, adversary=1)
    )
    assert values["y"] < values["g"]


# ------------------------------------------------------------------------ weakened invariants


@pytest.mark.parametrize(
    ("system", "goal", "needed", "instance"),
    [
        (streamlet.SYSTEM, "Vote => NeverShorter'", "Lock", instances.streamlet_instance()),
        (longest_chain.SYSTEM, "Mine => DistinctHeights'", "TipIsLongest", instances.chain(wins=2)),
        (delayed_chain.SYSTEM, "Mine => Settled'", "Old'", instances.chain(wins=2, delta=1)),
        (tob_learning.SYSTEM, "Order => NoForgery'", "WaitingIsSent", after(0, 0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_conjunct_is_needed(system: System, goal: str, needed: str, instance: Instance) -> None:
    needs = system.needs.get(goal.split("=> ")[1].rstrip("'"), tuple(system.invariant))
    weaker = tuple(name for name in needs if name != needed)
    assert weaker != needs
    system = replace(system, needs={**system.needs, goal.split("=> ")[1].rstrip("'"): weaker})
    counterexample(system, goal, instance)


def test_what_is_proved_has_no_counterexample() -> None:
    """The search itself: it finds nothing where there is nothing."""
    name = "Move => BannedByzantine'"
    assert find(condition(tob_learning.SYSTEM, name), tob_learning.SYSTEM, after(1, 1)) is None
