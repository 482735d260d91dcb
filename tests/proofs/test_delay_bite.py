"""Planted errors in the proof of the longest chain under a delay: each gives a counterexample."""

from typing import Any

import pytest
import z3

from model_consensus.proofs import delayed_chain, instances, slot_game
from model_consensus.proofs.counting import one
from model_consensus.proofs.induction import AFTER
from tests.proofs.planted import broken_action, counterexample


def _a_slot_later(s: Any, t: Any, p: Any, now: Any, paces: Any) -> Any:
    return delayed_chain.has_arrived(s, now - 1)


@pytest.mark.parametrize("instead", [None, _a_slot_later], ids=["never", "a slot later"])
def test_blocks_arrive_later_than_pacers_are_apart(instead: Any) -> None:
    """Two pacers fork, as far apart as the delay allows for, and neither miner is Byzantine."""
    before, after_ = delayed_chain.SYSTEM.state(), delayed_chain.SYSTEM.state(AFTER)
    parameters = next(a for a in delayed_chain.SYSTEM.actions if a.name == "Mine").constants()
    system = broken_action(
        delayed_chain.SYSTEM,
        "Mine",
        lambda s, t, p, now, paces: delayed_chain.has_arrived(s, now),
        instead and instead(before, after_, *parameters),
    )
    values = counterexample(system, "Mine => PacersRise'", instances.chain(wins=2, delta=1))
    heights, miners, slots = (values[name + AFTER] for name in ("height", "miner", "slot"))
    assert heights[1] == heights[2] == 1
    assert {miners[1], miners[2]} <= {0, 1}
    assert slots[2] - slots[1] > 1
    if instead:
        assert slots[2] - slots[1] == 2


def test_pacers_are_too_close() -> None:
    system = broken_action(
        delayed_chain.SYSTEM,
        "Mine",
        lambda s, t, p, now, paces: delayed_chain.may_pace(s, p, now),
        z3.BoolVal(True),
    )
    values = counterexample(system, "Mine => PacersRise'", instances.chain(wins=2, delta=1))
    heights, slots = values["height" + AFTER], values["slot" + AFTER]
    assert heights[1] == heights[2] == 1
    assert slots[2] - slots[1] <= 1


def test_ties_are_open_for_the_last_pacer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are without delay: another block arrives while the pacer is on its way."""

    def is_bad(s: Any, start: Any, end: Any) -> Any:
        wins, adversary = end - start, s.advance[end] - s.advance[start]
        enough = 2 * adversary >= wins + one(z3.Not(s.paces[end]))
        return z3.And(wins >= 2 * (slot_game.DEPTH + 1), enough)

    monkeypatch.setattr(delayed_chain, "is_bad", is_bad)
    values = counterexample(
        delayed_chain.SYSTEM, "ByzantineMine => Settled'", instances.chain(wins=2, delta=1)
    )
    heights, opened, paces = (values[name + AFTER] for name in ("height", "open", "paces"))
    assert heights[1] == heights[2] == 1
    assert (opened[2], paces[2]) == (True, False)
