"""The proofs bite: each planted error makes a named condition fail, with a counterexample that is
the error."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import z3

from model_consensus.proofs import (
    instances,
    longest_chain,
    pow_learning,
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
from model_consensus.proofs.counterexample import Counterexample, Instance, find
from model_consensus.proofs.counting import count, times
from model_consensus.proofs.induction import AFTER, Condition, Defined, System, between, inductive
from model_consensus.proofs.search import LAMBDA, F, N, Ticket
from model_consensus.proofs.tob_learner import Learner, Offer
from tests.proofs.planted import dropped

Values = dict[str, Any]
# A learner, an offer and a ticket as the counterexamples have them.
DECIDED, GENERATION, ACCEPTED, OFFERS, BANNED, BANS = 1, 2, 3, 4, 6, 8
PARENT, CLAIM = 2, 4


def condition(system: System, name: str) -> Condition:
    """The condition of that name."""
    return next(c for c in inductive(system) if c.name.endswith(name))


def counterexample(system: System, name: str, instance: Instance) -> Values:
    """The values of a counterexample that must exist, and must be printable."""
    found = find(condition(system, name), system, instance)
    assert isinstance(found, Counterexample), f"{name} still holds"
    assert name in str(found)
    return dict(found.values)


def broken_learner(part: Callable[[], Any], instead: Any) -> System:
    """Learning over TOB with a part of ``Receive`` replaced."""
    definition = tob_learner.FUNCTIONS[0]
    body = z3.substitute(definition.body, (part(), instead))
    assert not body.eq(definition.body)
    return replace(
        tob_learning.SYSTEM, functions=(Defined(definition.function, definition.arguments, body),)
    )


def broken_action(
    system: System, name: str, part: Callable[..., Any], instead: Any = None
) -> System:
    """The system with a part of an action replaced, by True if nothing else is given."""
    return replace(
        system,
        actions=tuple(
            dropped(action, part, instead) if action.name == name else action
            for action in system.actions
        ),
    )


def _quantified(relation: Callable[..., Any]) -> Callable[..., Any]:
    """The first conjunct of a relation that is a quantifier."""
    return lambda *arguments: next(
        part for part in relation(*arguments).children() if z3.is_quantifier(part)
    )


LEARNER, OFFER = tob_learner.FUNCTIONS[0].arguments


# --------------------------------------------------------------------- learning over TOB


def test_a_banned_sender_is_accepted_again() -> None:
    system = broken_learner(
        lambda: z3.Not(Learner.isBanned(LEARNER)[Offer.sender(OFFER)]), z3.BoolVal(True)
    )
    values = counterexample(system, "ByzantineOffer => BannedCounted'", instances.tob())
    learner = values["history" + AFTER][values["length" + AFTER]]
    assert learner[BANS] == 2  # one liar is banned twice
    assert [q for q in range(3) if learner[BANNED][q]] == [2]


def test_an_offer_on_another_parent_is_accepted() -> None:
    system = broken_learner(
        lambda: Offer.parent(OFFER) == tob_learner.parent_of(LEARNER), z3.BoolVal(True)
    )
    values = counterexample(system, "ByzantineOffer => Accepted'", instances.tob())
    learner = values["history" + AFTER][values["length" + AFTER]]
    model = learner[DECIDED][learner[GENERATION]]
    assert any(learner[ACCEPTED][q] and learner[OFFERS][q][PARENT] != model for q in range(3))


def test_a_claim_is_not_verified() -> None:
    full = tob_learner.accept(LEARNER, OFFER)
    best = Learner.offers(full)[tob_learner.least(full)]
    true_claim = search.loss(tob_learner.offered_model(best)) == Offer.claim(best)
    system = broken_learner(lambda: true_claim, z3.BoolVal(True))
    values = counterexample(system, "ByzantineOffer => Backed'", instances.tob())
    before, after = (values["history" + suffix] for suffix in ("", AFTER))
    length = values["length"]
    # A liar's model is decided.
    assert after[length + 1][GENERATION] == before[length][GENERATION] + 1
    assert values["offer"][1] == 2


def test_a_selection_with_one_offer_too_few() -> None:
    full = tob_learner.accept(LEARNER, OFFER)
    size = count(Learner.accepted(full), N)
    system = broken_learner(lambda: size < LAMBDA, size < LAMBDA - 1)
    values = counterexample(system, "ByzantineOffer => Backed'", instances.tob())
    learner = values["history" + AFTER][values["length"] + 1]
    assert sum(learner[9][learner[GENERATION]][q] for q in range(3)) == 1  # its backers


def test_a_correct_process_offers_not_its_best() -> None:
    system = broken_action(tob_learning.SYSTEM, "Offer", _quantified(tob_steps.offer))
    instance = instances.tob(draws=2)
    values = counterexample(system, "Offer => HonestOffers'", instance)
    assert values["offered" + AFTER][values["p"]] == values["offered"][values["p"]] + 1


def test_a_correct_process_makes_a_false_claim() -> None:
    def best(s: Any, t: Any, p: Any, draw: Any) -> Any:
        learner = s.learner[p]
        return search.loss(
            search.own(tob_learner.parent_of(learner), Learner.generation(learner) + 1, p, draw)
        )

    system = broken_action(tob_learning.SYSTEM, "Offer", best, z3.Int("claim"))
    values = counterexample(system, "Offer => HonestOffers'", instances.tob())
    assert values["made" + AFTER][values["p"]][1][CLAIM] == values["claim"]


def test_messages_are_delivered_in_another_order() -> None:
    system = broken_action(
        tob_learning.SYSTEM,
        "Deliver",
        lambda s, t, p: s.order[Learner.delivered(s.learner[p])],
        tob_learning.SYSTEM.state().order[z3.Int("other")],
    )
    values = counterexample(system, "Deliver => LearnerIsFold'", instances.tob())
    assert values["other"] != values["learner"][values["p"]][10]  # not the next one


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("BansAtMostF", lambda p, s: Learner.bans(s.learner[p]) <= F - 1),
        (
            "EvaluationBound",
            lambda p, s: (
                s.evaluations[p]
                <= times(search.DRAWS, s.offered[p]) + Learner.generation(s.learner[p]) + F - 1
            ),
        ),
    ],
)
def test_a_bound_is_tight_in_f(name: str, formula: Callable[[Any, Any], Any]) -> None:
    properties = {name: lambda s: search.correct(lambda p: formula(p, s))}
    system = replace(tob_learning.SYSTEM, properties=properties)
    values = counterexample(system, f"Invariant => {name}", instances.tob())
    assert any(values["learner"][p][BANS] == 1 for p in (0, 1))


def test_resilience_is_tight() -> None:
    some, when = tob_learning.some, tob_learning.when
    whole = tob_learning.resilience(tob_learning.SYSTEM.state())
    bound = times(search.DRAWS, LAMBDA - F)
    more = z3.substitute(whole, (bound, times(search.DRAWS, LAMBDA - F + 1)))
    assert not more.eq(whole)
    system = replace(tob_learning.SYSTEM, properties={"Resilience": lambda s: more})
    instance = replace(
        instances.tob(), limits=(tob_learning.SYSTEM.state().length <= 2, some == 0, when == 1)
    )
    values = counterexample(system, "Invariant => Resilience", instance)
    assert sum(values["matched"][q][0] for q in range(3)) == 1  # lambda - f, and no more


def test_with_a_larger_lambda_nothing_need_happen() -> None:
    name = "termination: until everybody is done, a helpful step is possible"
    stuck = next(c for c in termination.conditions() if c.name == name)
    assumptions = {k: v for k, v in stuck.hypotheses.items() if k != "Lambda <= N - F"}
    found = find(replace(stuck, hypotheses=assumptions), termination.SYSTEM, instances.tob(size=3))
    assert found is not None
    accepted = found.values["history"][found.values["length"]][ACCEPTED]
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


def _one_win_longer(adversary: Any, wins: Any) -> Any:
    return z3.And(wins >= 2 * slot_game.DEPTH + 3, 2 * adversary >= wins)


def _more_than_half(adversary: Any, wins: Any) -> Any:
    return z3.And(wins >= 2 * slot_game.DEPTH + 2, 2 * adversary > wins)


@pytest.mark.parametrize("bad", [_one_win_longer, _more_than_half])
def test_the_condition_of_settlement_is_exact(
    bad: Callable[[Any, Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_bad(s: Any, start: Any, end: Any) -> Any:
        return bad(s.advance[end] - s.advance[start], end - start)

    monkeypatch.setattr(slot_game, "is_bad", is_bad)
    found = counterexample(
        slot_game.SYSTEM, "AdversaryWin => Unique'", instances.chain(depth=0, wins=2)
    )
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


def test_a_forged_block_is_not_evaluated() -> None:
    system = broken_action(
        pow_learning.SYSTEM,
        "ByzantineForge",
        lambda s, t, p, block, work: pow_learning.is_exact(s, block),
    )
    values = counterexample(system, "ByzantineForge => Steps'", instances.work())
    assert values["length" + AFTER] == values["length"] + 1  # it is in the tree


def test_a_miner_uses_a_ticket_that_it_does_not_have() -> None:
    system = broken_action(
        pow_learning.SYSTEM,
        "Mine",
        lambda s, t, block: between(0, Ticket.draw(pow_learning.Block.ticket(block)), LAMBDA),
    )
    values = counterexample(system, "Mine => Steps'", instances.work())
    assert not 0 <= values["block"][2][3] < 2


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
        (tob_learning.SYSTEM, "Order => NoForgery'", "WaitingIsSent", instances.tob()),
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
    name = "ByzantineOffer => BannedByzantine'"
    assert find(condition(tob_learning.SYSTEM, name), tob_learning.SYSTEM, instances.tob()) is None
