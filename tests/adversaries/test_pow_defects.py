"""Each part of the learner over proof-of-work is needed: without it something goes wrong.

The same is done with the defective learner, where a property is violated, and with the real one,
where nothing happens.
"""

from collections.abc import Callable, Mapping

import pytest

from model_consensus import pow_learner
from model_consensus.defects.pow import DEFECTS
from tests.adversaries import harm_to_blocks as blocks
from tests.adversaries import harm_to_leaders as leaders
from tests.adversaries.harm_to_blocks import Learners

HARM: Mapping[str, Callable[[Learners], bool]] = {
    "workless": blocks.free_chain,
    "half-work": blocks.half_price_chain,
    "reversed-order": blocks.flood,
    "any-generation": blocks.another_generation,
    "any-weights": blocks.greater_weights,
    "repeated-names": blocks.two_tickets_of_one_name,
    "unverified": blocks.false_claim,
    "under-claims": blocks.false_claim,
    "over-claims": blocks.modest_claim,
    "no-floor": blocks.below_floor,
    "wrong-floor": blocks.below_floor,
    "worst-draw": blocks.between_the_draws,
    "best-draw": blocks.below_the_recombination,
    "strict-floor": blocks.refuses_the_public_offer,
    "own-floor": blocks.ground_floor,
    "known-names": blocks.refuses_the_public_offer,
    "own-miner": blocks.refuses_the_public_offer,
    "refuses-the-banned": blocks.divided_by_a_ban,
    "rootless": blocks.on_an_unknown_parent,
    "forkless": blocks.misses_the_longer,
    "on-the-tip": blocks.refuses_a_fork,
    "last-block": blocks.shortened,
    "last-of-longest": blocks.swayed_by_a_tie,
    "shortest": blocks.misses_the_longer,
    "least-loss": blocks.better_but_shorter,
    "decided-early": blocks.undone_by_two,
    "stale-offers": leaders.bans_for_another_model,
    "foreign-tickets": leaders.stopped_by_a_stolen_ticket,
    "uses-the-banned": leaders.costs_again,
    "below-the-floor": leaders.costs_though_it_is_bad,
    "trusting": leaders.misled,
    "unbanned": leaders.misled,
    "blames-all": leaders.bans_the_honest,
    "unevaluated-blend": leaders.bad_blend,
    "as-good-as-some": leaders.middling_blend,
    "own-offer": leaders.bad_blend,
    "first-offer": leaders.bad_blend,
    "first-draw": leaders.leads_with_a_bad_draw,
    "no-public-offer": leaders.leads_without_the_public_offer,
    "claims-the-least-claim": leaders.claims_what_others_claim,
}
"""What each defect does: the function says whether it happens with these learners."""


@pytest.mark.parametrize("name", HARM)
def test_a_defect_does_harm(name: str) -> None:
    assert HARM[name](DEFECTS[name])


@pytest.mark.parametrize("harm", dict.fromkeys(HARM.values()), ids=lambda harm: harm.__name__)
def test_nothing_happens_to_the_real_learner(harm: Callable[[Learners], bool]) -> None:
    assert not harm(pow_learner)


def test_every_defect_is_accounted_for() -> None:
    assert {*HARM} == {*DEFECTS}
    assert all(defect.__doc__ != pow_learner.__doc__ for defect in DEFECTS.values())
