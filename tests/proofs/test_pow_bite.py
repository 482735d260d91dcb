"""The proof of learning over proof-of-work bites: each planted error makes a named condition fail,
with a counterexample that is the error."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import z3

from model_consensus.proofs import instances, pow_learner, pow_learning, pow_steps, search
from model_consensus.proofs.counting import count
from model_consensus.proofs.induction import AFTER, System, each
from model_consensus.proofs.pow_learner import NOBODY, Block, View
from model_consensus.proofs.search import F, N, Ticket
from model_consensus.proofs.tob_learner import PROPOSAL_COST, Offer
from tests.proofs.planted import Values, broken_action, counterexample

PARENT, CLAIM = 2, 4  # of an offer, as the counterexamples have it


def broken_work(name: str, part: Callable[..., Any], instead: Any = None) -> System:
    """Learning over proof-of-work with a part of an action replaced."""
    return broken_action(pow_learning.SYSTEM, name, part, instead)


@pytest.mark.parametrize("action", ["ByzantineMine", "ByzantineForge"])
@pytest.mark.parametrize(
    ("check", "goal"),
    [
        (pow_learner.is_own_step, "Lineage'"),
        (pow_learner.is_exact, "Exact'"),
        (pow_learner.is_above_floor, "AboveFloor'"),
        (pow_steps.uses_offers, "UsesOffers'"),
    ],
    ids=["any step", "claim not evaluated", "floor not checked", "tickets of others"],
)
def test_a_check_of_a_block_is_left_out(
    action: str, check: Callable[[Any, Any], Any], goal: str
) -> None:
    def part(s: Any, t: Any, *parameters: Any) -> Any:
        block = z3.Const("block", Block)
        return check(s, block)

    system = broken_work(action, part)
    values = counterexample(system, f"{action} => {goal}", instances.work())
    assert values["length" + AFTER] == values["length"] + 1  # it is in the tree


def of_draws(value: Any, parent: Any, generation: Any, p: Any) -> Any:
    """The loss is at least as good as that of each draw of p; their recombination is forgotten."""
    return search.as_good_as_all(value, parent, generation, p).arg(0)


@pytest.mark.parametrize("action", ["ByzantineMine", "ByzantineForge"])
@pytest.mark.parametrize(
    ("is_as_good", "whose"),
    [(search.as_good_as_all, Block.miner), (of_draws, lambda block: NOBODY)],
    ids=["the miner's draws", "draws alone"],
)
def test_the_floor_is_another(
    action: str, is_as_good: Callable[..., Any], whose: Callable[[Any], Any]
) -> None:
    """The name in the block matters where it must not, or a recombination does not count."""
    block, s = z3.Const("block", Block), pow_learning.SYSTEM.state()
    parent, claim = pow_learner.parent_of(s, block), Block.claim(block)
    other = is_as_good(claim, parent, pow_learner.generation(parent) + 1, whose(block))
    system = broken_work(action, lambda s, t, *_: pow_learner.is_above_floor(s, block), other)
    recombining = instances.work(draws=2, recombines=True)
    values = counterexample(system, f"{action} => AboveFloor'", recombining)
    assert values["length" + AFTER] == values["length"] + 1


def test_work_is_evaluated_that_nobody_has_done() -> None:
    system = broken_work("ByzantineForge", lambda s, t, p, block, work: work)
    values = counterexample(system, "ByzantineForge => NeedsWork", instances.work())
    assert not values["work"]
    assert values["evaluations"] != values["evaluations" + AFTER]


def is_best(s: Any, p: Any, q: Any, offer: Any) -> Any:
    """The offer is of q's best ticket on the model of p's tip."""
    parent, weights = pow_learner.tip_model(s, p), Ticket.weights(Offer.ticket(offer))
    return search.is_best(parent, pow_learner.generation(parent) + 1, q, weights)


def test_a_process_offers_not_its_best() -> None:
    system = broken_work("MakeOffer", lambda s, t, p, offer: is_best(s, p, p, offer))
    counterexample(system, "MakeOffer => HonestOffers'", instances.work(draws=2))


def test_a_process_offers_twice() -> None:
    system = broken_work("MakeOffer", lambda s, t, p, offer: z3.Not(s.offered[p][s.tip[p]]))
    values = counterexample(system, "MakeOffer => Evaluations'", instances.work())
    assert values["offered"][values["p"]][values["tip"][values["p"]]]


def test_all_are_banned_when_one_has_lied(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_suspect(s: Any, p: Any, view: Any, q: Any) -> Any:
        blend = pow_learner.blend_is_as_good(s, p, view)
        return z3.And(z3.Not(blend), View.useful(view)[q])

    monkeypatch.setattr(pow_steps, "is_liar", is_suspect)
    values = counterexample(pow_learning.SYSTEM, "Catch => BannedHaveLied'", instances.work())
    assert values["banned" + AFTER][values["p"]] != values["banned"][values["p"]]


OWN, NOT_BANNED = 1, 2  # of what makes an offer useful


def broken_use(monkeypatch: pytest.MonkeyPatch, left_out: int) -> System:
    """Learning over proof-of-work where a condition on the offers that p may use is left out."""
    whole = pow_learner.is_useful

    def is_useful(s: Any, p: Any, view: Any, q: Any) -> Any:
        conjuncts = whole(s, p, view, q).children()
        assert len(conjuncts) == 4
        return z3.And(*conjuncts[:left_out], *conjuncts[left_out + 1 :])

    monkeypatch.setattr(pow_steps, "is_useful", is_useful)
    return pow_learning.SYSTEM


def test_a_banned_sender_is_caught_again(monkeypatch: pytest.MonkeyPatch) -> None:
    system = broken_use(monkeypatch, NOT_BANNED)
    values = counterexample(system, "Catch => Evaluations'", instances.work())
    assert values["banned"][values["p"]][values["liar"]]


def test_an_offer_of_another_generation_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    system = broken_use(monkeypatch, OWN)
    counterexample(system, "Mine => Lineage'", instances.work())


def test_an_offer_on_another_parent_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pow_steps.is_seen

    def is_seen(s: Any, p: Any, view: Any, q: Any) -> Any:
        offer = View.offers(view)[q]
        part = Offer.parent(offer) == pow_learner.tip_model(s, p)
        return z3.substitute(whole(s, p, view, q), (part, z3.BoolVal(True)))

    monkeypatch.setattr(pow_steps, "is_seen", is_seen)
    values = counterexample(pow_learning.SYSTEM, "Mine => UsesOffers'", instances.work())
    assert any(offer[PARENT] != ("genesis",) for offer in values["view"][2].entries.values())


def test_offers_are_believed() -> None:
    system = broken_work("Mine", _nobody_lies)
    assert is_worse_than_an_offer(counterexample(system, "Mine => SharesSearch", instances.work()))


def is_worse_than_an_offer(values: Values) -> bool:
    """Whether the new block is worse than an offer that its miner had."""
    _, seen, offers, *_ = values["view"]
    block = values["blocks" + AFTER][values["length" + AFTER]]
    return any(seen[q] and block[-1] > offers[q][CLAIM] for q in range(3))


def _nobody_lies(s: Any, t: Any, p: Any, view: Any, step: Any, best: Any) -> Any:
    return each(0, N, lambda q: z3.Not(pow_learner.is_liar(s, p, view, q)), "q")


def test_the_blend_is_not_compared_with_the_offers() -> None:
    system = broken_work(
        "Mine", lambda s, t, p, view, step, best: pow_learner.blend_is_as_good(s, p, view)
    )
    assert is_worse_than_an_offer(counterexample(system, "Mine => SharesSearch", instances.work()))


def test_the_best_offer_is_left_out() -> None:
    def is_least(s: Any, t: Any, p: Any, view: Any, step: Any, best: Any) -> Any:
        offer = View.offers(view)[best]
        return pow_learner.useful_offers(view, lambda o: Offer.claim(offer) <= Offer.claim(o))

    system = broken_work("Mine", is_least)
    assert is_worse_than_an_offer(counterexample(system, "Mine => SharesSearch", instances.work()))


def test_the_public_offer_is_left_out() -> None:
    system = broken_work("Mine", lambda s, t, p, view, step, best: View.useful(view)[NOBODY])
    counterexample(system, "Mine => AboveFloor'", instances.work())


@pytest.mark.parametrize("recombines", [False, True])
def test_the_public_offer_is_not_the_best(recombines: bool) -> None:
    def is_best_of_nobody(s: Any, t: Any, p: Any, view: Any, step: Any, best: Any) -> Any:
        return is_best(s, p, NOBODY, View.offers(view)[NOBODY])

    system = broken_work("Mine", is_best_of_nobody)
    instance = instances.work(draws=2, recombines=recombines)
    counterexample(system, "Mine => AboveFloor'", instance)


BOUNDS: dict[str, Callable[[Any, Any], Any]] = {
    "BansAtMostF": lambda s, p: count(s.banned[p], N) <= F - 1,
    "EvaluationBound": lambda s, p: (
        s.evaluations[p] <= pow_learning.work(s, p, count(s.known[p], pow_steps.WINS + 1)) - 1
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_is_tight(name: str) -> None:
    tighter = {name: lambda s: search.correct(lambda p: BOUNDS[name](s, p))}
    system = replace(pow_learning.SYSTEM, properties=tighter)
    counterexample(system, f"Invariant => {name}", instances.work())


@pytest.mark.parametrize(("draws", "recombines"), [(1, False), (2, True)])
def test_the_floor_is_tight(draws: int, recombines: bool) -> None:
    s = pow_learning.SYSTEM.state()
    whole = pow_learning.SYSTEM.properties["Resilience"](s)
    found = count(pow_learning.matched, PROPOSAL_COST)
    more = z3.substitute(whole, (found >= PROPOSAL_COST, found >= PROPOSAL_COST + 1))
    assert not more.eq(whole)
    system = replace(pow_learning.SYSTEM, properties={"Resilience": lambda s: more})
    instance = instances.work(draws=draws, recombines=recombines)
    counterexample(system, "Invariant => Resilience", instance)


NO_COST = {PROPOSAL_COST: -1, pow_learning.LEAD_COST: 3, pow_learning.RECEIVE_COST: 0}


@pytest.mark.parametrize(
    ("assumption", "goal", "instance"),
    [
        ("F = Cardinality(Byzantine)", "Invariant => BansAtMostF", {F: 0}),
        ("ProposalCost", "Invariant => EvaluationBound", NO_COST),
        ("LeadCost", "Mine => Evaluations'", {pow_learning.LEAD_COST: 1}),
        ("ReceiveCost", "Receive => Evaluations'", {pow_learning.RECEIVE_COST: 1}),
    ],
)
def test_an_assumption_is_needed(assumption: str, goal: str, instance: dict[Any, int]) -> None:
    assumptions = {k: v for k, v in pow_learning.ASSUMPTIONS.items() if k != assumption}
    assert len(assumptions) == len(pow_learning.ASSUMPTIONS) - 1
    system = replace(pow_learning.SYSTEM, assumptions=assumptions)
    small = instances.work()
    counterexample(system, goal, replace(small, constants={**small.constants, **instance}))


@pytest.mark.parametrize(
    ("needed", "goal"),
    [
        ("HonestOffers", "Invariant => Accuracy"),
        ("BannedHaveLied", "Invariant => Accuracy"),
        ("HonestOffers", "Mine => SharesSearch"),
        ("BannedHaveLied", "Mine => SharesSearch"),
        ("AboveFloor", "Invariant => Resilience"),
        ("Known", "ByzantineForge => Evaluations'"),
        ("Tips", "MakeOffer => Offered'"),
    ],
)
def test_a_conjunct_is_needed(needed: str, goal: str) -> None:
    whole = pow_learning.SYSTEM
    invariant = {name: formula for name, formula in whole.invariant.items() if name != needed}
    needs = {name: tuple(n for n in names if n != needed) for name, names in whole.needs.items()}
    counterexample(replace(whole, invariant=invariant, needs=needs), goal, instances.work())
