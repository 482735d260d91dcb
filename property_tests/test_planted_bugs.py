"""Every defective learner is found: which property is violated, within how many examples.

The machines are those of the three protocols, and some with an adversary that lies in one respect
and is right in all others.  A table says for each defect in which respect it lies and what is
violated.  Defects that break no property are listed with the reason, and TLC tells them from the
specification.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import (
    RuleBasedStateMachine,
)

from model_consensus import pow_learner, tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS, Attack
from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.traces import Trace
from model_consensus.defects import pow as pow_defects
from model_consensus.defects import streamlet as streamlet_defects
from model_consensus.defects import tob as tob_defects
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.pow_learner import EVERY_HASH
from model_consensus.pow_learner import Rules as PowRules
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.tob import simulate
from model_consensus.simulation.training import short_name
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_tree import Learners
from model_consensus.systems.tob import Receive, TobSystem
from model_consensus.tob_learner import Rules
from property_tests.machines import schedules
from property_tests.machines.lying import LyingPowMachine, LyingStreamletMachine, LyingTobMachine
from property_tests.machines.pow import PowMachine
from property_tests.machines.schedules import find, search
from property_tests.machines.streamlet import ForgingMachine, StreamletMachine
from property_tests.machines.tob import TobMachine
from tests.support.hosts import SendsFirst

pytestmark = pytest.mark.slow

EXAMPLES = 2000
"""Within so many examples each defect is found."""


@pytest.fixture(autouse=True)
def no_failure_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The failures here are wanted."""
    monkeypatch.setattr(schedules, "FAILURES", tmp_path)


# ------------------------------------------------------------------ what is violated


# Defect: in which respect the adversary lies (in any if empty), and what is violated: an invariant
# of the machine, or the error that stops a learner which comes to evaluate what it should not have.
# Where several can be, which one is first is a matter of luck.
TOB: Mapping[str, tuple[str, str]] = {
    "stale": ("parent", "LossNotRevealed or lineage"),
    "future-generation": ("generation", "ModelConsensusError"),
    "past-generation": ("generation", "ModelConsensusError"),
    "foreign": ("proposer", "LossNotRevealed or ModelConsensusError"),
    "blames-the-named": ("proposer", "LossNotRevealed or accuracy"),
    "any-weights": ("weights", "ModelConsensusError"),
    "larger-weights": ("weights", "ModelConsensusError"),
    "singles-only": ("", "no_deadlock"),
    "repeated": ("", "resilience"),
    "repeated-draws": ("", "resilience"),
    "trusting": ("claim", "bans_at_most_f"),
    "unlimited": ("claim", "resilience"),
    "under-claims": ("claim", "resilience or floor"),
    "evaluates-all": ("claim", "evaluations_are_exact"),
    "uncounted": ("", "evaluations_are_exact"),
    "unbanned": ("claim", "evaluations_are_exact"),
    "forgiving": ("claim", "type_ok or evaluations_are_exact"),
    "bans-the-first": ("claim", "accuracy"),
    "unverified": ("claim", "evaluations_are_exact"),
    "tolerates": ("claim", "resilience or floor"),
    "blends-unverified": ("", "evaluations_are_exact"),
    "unevaluated-blend": ("", "resilience or floor"),
    "no-floor": ("", "resilience or floor"),
    "wrong-floor": ("", "resilience or floor"),
    "first-floor": ("claim", "resilience or floor"),
    "blends-one-fewer": ("", "evaluations_are_exact"),
    "blends-one-more": ("", "type_ok or evaluations_are_exact"),
    "unemptied": ("", "ModelConsensusError or resilience"),
    "one-too-few": ("", "resilience"),
    "one-too-many": ("", "type_ok or no_deadlock"),
    "greatest": ("", "resilience or floor"),
    "first": ("", "resilience or floor"),
    "own-ties": ("", "agreement"),
    "own-order": ("claim", "agreement or no_deadlock"),
    "stale-unverified": ("parent", "LossNotRevealed or floor"),
}
# A valid block is refused, or the tip is not what it should be.
HEIGHTS = (
    "distinct_heights or tip_is_longest or everybody_knows_the_longest_chain or integrity "
    "or deliver_everything"
)
POW: Mapping[str, tuple[str, str]] = {
    "workless": ("work", "LossNotRevealed"),
    "half-work": ("work", "LossNotRevealed"),
    "reversed-order": ("work", "LossNotRevealed"),
    "any-generation": ("generation", "ModelConsensusError"),
    "any-weights": ("weights", "ModelConsensusError"),
    "repeated-names": ("step", "ModelConsensusError"),
    "unverified": ("claim", "lie"),
    "under-claims": ("claim", "lie"),
    "over-claims": ("claim", "lie"),
    "no-floor": ("floor", "lie"),
    "wrong-floor": ("floor", f"lie or {HEIGHTS}"),
    "worst-draw": ("floor", "lie"),
    "best-draw": ("floor", "lie"),
    "strict-floor": ("offer", HEIGHTS),
    "own-floor": ("floor", "lie"),
    "known-names": ("offer", HEIGHTS),
    "own-miner": ("offer", HEIGHTS),
    "refuses-the-banned": ("offer", HEIGHTS),
    "rootless": ("parent", "LossNotRevealed"),
    "forkless": ("offer", HEIGHTS),
    "on-the-tip": ("offer", f"LossNotRevealed or {HEIGHTS}"),
    "last-block": ("offer", HEIGHTS),
    "shortest": ("offer", HEIGHTS),
    "least-loss": ("offer", HEIGHTS),
    "decided-early": ("offer", "agreement or integrity"),
    "stale-offers": ("offer", "byzantine_offer"),
    "foreign-tickets": ("offer", "byzantine_offer"),
    "uses-the-banned": ("offer", "byzantine_offer or LossNotRevealed"),
    "below-the-floor": ("offer", "LossNotRevealed or resilience or is_mined_at_floor"),
    "trusting": ("offer", "shares_search or resilience or deliver_everything"),
    "unbanned": ("offer", "shares_search or resilience or deliver_everything"),
    "blames-all": ("offer", "accuracy"),
    "unevaluated-blend": ("offer", "shares_search or resilience"),
    "as-good-as-some": ("offer", "shares_search or resilience"),
    "own-offer": ("offer", "shares_search"),
    "first-offer": ("offer", "shares_search or resilience"),
    "first-draw": ("offer", "shares_search or resilience"),
    "no-public-offer": ("offer", "shares_search or resilience or byzantine_offer"),
    "claims-the-least-claim": ("offer", "is_mined_at_floor or deliver_everything"),
}
QUORUMS = ("one_notarized", "no_rival", "delivered", "show_too_few_votes")
ORDER = ("delivered", "integrity")
DISK = "what_a_node_knows_hangs_together"
STREAMLET: Mapping[str, tuple[str, ...]] = {
    "votes-again": ("RecursionError",),
    "any-vote": QUORUMS,
    "half": QUORUMS,
    "one-vote-less": QUORUMS,
    "repeated-votes": QUORUMS,
    "votes-for-others": QUORUMS,
    "skips-the-first": (*ORDER, "KeyError"),  # it restarts with a log that lacks a parent
    "forgets-its-vote": (DISK,),
    "forgets-its-log": ORDER,
    "forgets-its-lock": (DISK,),
    "two-consecutive": ORDER,
}


# What the machines find whose adversary lies in every respect at once.
PLAIN: Mapping[str, tuple[type[RuleBasedStateMachine], Mapping[str, Any], str]] = {
    **{
        f"tob {name}": (TobMachine, {"receive": staticmethod(tob_defects.DEFECTS[name])}, violated)
        for name, violated in {
            "unverified": "evaluations_are_exact",
            "unbanned": "evaluations_are_exact or type_ok",
            "repeated": "resilience or bans_at_most_f or evaluation_bound",
            # λ = 1: the least of no offers
            "one-too-few": "resilience or rank_resilience or ModelConsensusError "
            "or evaluations_are_exact",
            "no-floor": "resilience or floor",
            "unevaluated-blend": "resilience or floor",
        }.items()
    },
    **{
        f"pow {name}": (PowMachine, {"learners": pow_defects.DEFECTS[name]}, violated)
        for name, violated in {
            "unverified": "forge or LossNotRevealed",
            "workless": "forge or LossNotRevealed",
            "last-block": HEIGHTS,
        }.items()
    },
    **{
        f"streamlet {name}": (machine, {"nodes": streamlet_defects.DEFECTS[name]}, violated)
        for machine, name, violated in (
            (StreamletMachine, "forgets-its-vote", DISK),
            (StreamletMachine, "any-vote", " or ".join(QUORUMS)),
            (StreamletMachine, "half", " or ".join(QUORUMS)),
            (StreamletMachine, "any-notarized", "no_rival or delivered or integrity"),
            (StreamletMachine, "repeats", "refines_total_order_broadcast or delivered"),
            (StreamletMachine, "two-consecutive", " or ".join(ORDER)),
            (ForgingMachine, "unsigned", "one_notarized or no_rival or delivered"),
        )
    },
    "streamlet sends first": (StreamletMachine, {"host": SendsFirst}, DISK),
}


def assert_found(machine: type[RuleBasedStateMachine], steps: int, violated: str) -> None:
    found, examples = find(machine, search(steps, EXAMPLES))
    assert found in violated.split(" or ")
    assert examples <= EXAMPLES


def defective(machine: Any, **changes: Any) -> Any:
    return type("Defective", (machine,), changes)


@pytest.mark.parametrize("name", PLAIN)
def test_a_machine_without_a_hint_finds_a_defect(name: str) -> None:
    machine, changes, violated = PLAIN[name]
    assert_found(defective(machine, **changes), 40, violated)


@pytest.mark.parametrize("name", TOB)
def test_a_defective_learner_over_total_order_broadcast_is_found(name: str) -> None:
    about, violated = TOB[name]
    receive = staticmethod(tob_defects.DEFECTS[name])
    assert_found(defective(LyingTobMachine, receive=receive, about=about), 24, violated)


@pytest.mark.parametrize("name", POW)
def test_a_defective_learner_over_proof_of_work_is_found(name: str) -> None:
    about, violated = POW[name]
    learners = pow_defects.DEFECTS[name]
    assert_found(defective(LyingPowMachine, learners=learners, about=about), 20, violated)


@pytest.mark.parametrize("name", STREAMLET)
def test_a_defective_node_is_found(name: str) -> None:
    nodes = streamlet_defects.DEFECTS[name]
    assert_found(defective(LyingStreamletMachine, nodes=nodes), 40, " or ".join(STREAMLET[name]))


# Found in other ways: by replaying TLC's counterexamples (necessity.py), by comparing state graphs
# (tests/conformance/test_graphs_bite.py), or by an attack (tests/adversaries/test_attacks.py).
ELSEWHERE = ("made-up", "everybody", "any-three", "unbounded")


@pytest.mark.parametrize("machine", [LyingTobMachine, LyingPowMachine, LyingStreamletMachine])
def test_the_real_ones_are_not_refused(machine: type[RuleBasedStateMachine]) -> None:
    with pytest.raises(AssertionError, match=f"no schedule of {machine.__name__} violates"):
        find(machine, search(20, 40))


# ------------------------------------------------------------------ what only the models tell

NEARLY = Attack("", "", "", lambda now: [now.offer(now.ticket(now.best), now.losses[now.best] + 1)])

# Defects that break no property, and an attack under which the learners do something else.
WRONG_PARENT = Attack(
    "wrong-parent",
    "have an offer on an older model judged on the current one",
    "an offer must be on the current model",
    lambda now: [
        now.offer(now.ticket(now.worst), 0, parent)
        for parent in now.system.decided(now.ahead)[-2:-1]
    ],
)
UNSEEN: Mapping[str, Attack] = {
    "any-parent": WRONG_PARENT,  # the adversary's own offers, and its own bans
    "last-of-equals": ATTACKS["none"],  # another rule for ties is as good, if all follow it
    "replacing": ATTACKS["duplicate"],  # there is one offer of a sender all the same
    "over-claims": NEARLY,  # the step is even better than it was said to be
    "equal-to-the-floor": ATTACKS["none"],  # the blend is as good as the best offer
    "never-blends": ATTACKS["none"],  # the blend is a gift
    "blends-two": ATTACKS["none"],  # so is another blend
    "drops-all": ATTACKS["under-claim"],  # offers are lost, and only progress suffers
}


def tob_trace(name: str, attack: Attack, receive: Receive) -> Trace:
    # On the sphere a blend is often better than the best offer.
    landscape = Sphere(20) if name in ("never-blends", "blends-two") else OneMax(6)
    searched = EvolutionarySearch(landscape, 2, 3, 3, recombines=True)
    one, rules = OneLandscape(CachedSearch(searched)), Rules(3, 3)
    names = ("p1", "p2", "p3", "p4")
    system = TobSystem(names, names[3:], rules, one, 6, name=short_name, receive=receive)
    return traces.record(name, system, simulate(system, one, attack, 2))


def pow_trace(name: str, learners: Learners) -> Trace:
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(6), 2, 2)))
    rules = PowRules(("p1", "p2", "p3", "b1"), depth=2, target=EVERY_HASH // 4)
    system = PowSystem(rules, ("b1",), one, 12, 12, name=short_name, learners=learners)
    return traces.record(name, system, PowSimulation(system, STRATEGIES["balance"], 0.4, 1).run(12))


@pytest.mark.tlc
def test_defects_that_break_no_property_are_no_behaviours_of_the_specifications() -> None:
    pairs = [
        (tob_trace(name, attack, receive), receive is tob_learner.receive)
        for name, attack in UNSEEN.items()
        for receive in (tob_learner.receive, tob_defects.DEFECTS[name])
    ]
    for learners in (pow_learner, pow_defects.DEFECTS["last-of-longest"]):
        pairs.append((pow_trace("last-of-longest", learners), learners is pow_learner))
    for verdict, (trace, real) in zip(check_traces([t for t, _ in pairs]), pairs, strict=True):
        assert (verdict.rejection is None) == real, trace.source


def test_every_defect_is_accounted_for() -> None:
    assert {*TOB, *UNSEEN} == {*tob_defects.DEFECTS}
    assert {*POW, "last-of-longest"} == {*pow_defects.DEFECTS}
    plain = {name.removeprefix("streamlet ") for name in PLAIN if name.startswith("streamlet ")}
    assert {*STREAMLET, *plain, *ELSEWHERE} - {"sends first"} == {*streamlet_defects.DEFECTS}
    assert len(TOB) + len(POW) + len(STREAMLET) >= 30
