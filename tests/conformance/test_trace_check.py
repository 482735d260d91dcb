"""Recorded runs against the specifications: true ones are accepted, and corrupted ones are not.

All traces with the same constants go through TLC together, in one test for each protocol: starting
Java costs more than the traces do.
"""

from contextlib import suppress
from typing import Any, cast

import pytest

from model_consensus import tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.trace_encoding import encode
from model_consensus.conformance.trace_module import LINE, module_text
from model_consensus.conformance.traces import Trace
from model_consensus.defects.tob import DEFECTS
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.landscapes import Landscape
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.tob import simulate
from model_consensus.simulation.training import short_name
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Receive, TobSystem
from model_consensus.tla.differences import differences
from model_consensus.tla.values import record
from model_consensus.tob_learner import Rules
from tests.support.corruptions import (
    Corruption,
    altered,
    decided,
    first,
    of_learning,
    put,
)
from tests.support.pow_corruptions import later_draw_of_nobody, of_mining
from tests.support.trained import trained_trace

BITS = [OneMax(bits) for bits in range(64, 16, -1)]
"""In each landscape other losses are equal."""
SPHERES = [Sphere(dimension) for dimension in range(2, 20)]
"""In some a blend is the best."""


def tob(
    attack: str,
    seed: int,
    receive: Receive = tob_learner.receive,
    landscape: Landscape = BITS[0],
) -> Trace:
    names = process_names(4)
    searched = EvolutionarySearch(landscape, 2, 3, 2, recombines=True)
    one, rules = OneLandscape(CachedSearch(searched)), Rules(3, 2)
    system = TobSystem(names, names[3:], rules, one, 2, name=short_name, receive=receive)
    return traces.record(f"{attack} {seed}", system, simulate(system, one, ATTACKS[attack], seed))


def proof_of_work(
    strategy: str, seed: int, landscape: Landscape = BITS[0], processes: int = 4
) -> Trace:
    return trained_trace(
        Setting(
            protocol="pow",
            processes=processes,
            draws=4,
            depth=1,
            wins=6,
            hashes=2,
            attack=strategy,
            share=0.3,
            seed=seed,
        ),
        landscape,
    )


# ------------------------------------------------------------------------ Total Order Broadcast


def wrong_tie() -> Corruption:
    """A run in which p1 decides the later one of two equal claims instead of the earlier one."""
    for landscape in BITS:
        trace = tob("silent", 1, landscape=landscape)
        index = first(trace, lambda before, after: len(decided(after, "p1")) == 2)
        before: Any = trace.states[index - 1]
        offers = [*before["learner"]["p1"]["accepted"], before["inbox"]["p1"][0]]
        best = [each for each in offers if each["claim"] == min(o["claim"] for o in offers)]
        chosen = decided(trace.states[index], "p1")[1]
        if len(best) > 1 and len(trace.models[chosen].step) == 1:
            other = best[1]["parent"], frozenset([best[1]["ticket"]])
            later = next(
                name
                for name, origin in trace.models.items()
                if (origin.parent, origin.step) == other
            )
            path = ("learner", "p1", "decided", 1)
            assert later != chosen
            wrong = altered(trace, index, path, put(later))
            return "the wrong one of equals", wrong, index, "learner.p1.decided"
    raise AssertionError("no landscape has a tie")


# An attack under which a learner with the defect does something else than it should.
SHOWN_BY = {
    "unverified": "under-claim",
    "unbanned": "under-claim",
    "repeated": "duplicate",
    "foreign": "foreign-ticket",
    "last-of-equals": "none",
    "one-too-few": "none",
    "no-floor": "none",
    "wrong-floor": "none",
    "equal-to-the-floor": "none",
    "never-blends": "none",
    "blends-one-fewer": "none",
}

FAR = {"one-too-few", "last-of-equals"}
"""So much differs from the true step that another one is nearer."""


def defective(name: str) -> Corruption:
    """A run of defective learners; it is a true one until it differs from that of true learners.

    The schedule of a seed depends on nothing but the states.
    """
    landscapes: list[Landscape] = [*BITS[:8], OneMax(2), *SPHERES]
    for landscape in landscapes:
        trace = tob(SHOWN_BY[name], 3, DEFECTS[name], landscape)
        true = tob(SHOWN_BY[name], 3, landscape=landscape)
        for index, (bad, good) in enumerate(zip(trace.states, true.states, strict=False)):
            if bad != good:
                # No step is like this one if the true learner evaluates what nobody evaluated here.
                known = {*cast(Any, good)["loss"]} <= {*trace.models}
                return name, trace, index, "learner" if known and name not in FAR else ""
    raise AssertionError(f"no landscape shows {name}")


@pytest.mark.tlc
def test_runs_over_total_order_broadcast_are_behaviours_and_corrupted_ones_are_not() -> None:
    good = [tob(attack, seed) for seed, attack in enumerate([*ATTACKS, "none", "under-claim"])]
    bad = [
        *of_learning(tob("none", 3), tob("under-claim", 3), "p4"),
        wrong_tie(),
        *map(defective, SHOWN_BY),
    ]
    verdicts = check_traces([*good, *(trace for _, trace, _, _ in bad)])
    assert [v.trace.source for v in verdicts[: len(good)] if v.rejection] == []
    for (what, trace, index, about), verdict in zip(bad, verdicts[len(good) :], strict=True):
        assert verdict.trace is trace
        assert verdict.rejection is not None, what
        assert verdict.rejection.index == index, (what, verdict.rejection)
        assert not about or verdict.rejection.differences[0].startswith(about), verdict.rejection


# ------------------------------------------------------------------------------- proof-of-work


def blending() -> Trace:
    """A run in which a correct process leads with a blend."""
    for dimension in range(16, 64):
        trace = proof_of_work("honest", 1, Sphere(dimension))
        last: Any = trace.states[-1]
        if any(len(block["step"]) > 1 and block["miner"] != "p4" for block in last["blocks"]):
            return trace
    raise AssertionError("there is no blend in the runs")


def tied() -> Trace:
    """A run in which a leader has a choice of equally good draws of nobody, and nothing better."""
    for dimension in range(8, 64):
        trace = proof_of_work("honest", 1, OneMax(dimension))
        with suppress(AssertionError):
            later_draw_of_nobody([trace])
            return trace
    raise AssertionError("there is no such choice in the runs")


@pytest.mark.tlc
def test_runs_over_proof_of_work_are_behaviours_and_corrupted_ones_are_not() -> None:
    runs = {name: proof_of_work(name, seed) for seed, name in enumerate(STRATEGIES)}
    good = [*runs.values(), blending(), tied()]
    bad = of_mining(runs, good)
    verdicts = check_traces([*good, *(trace for _, trace, _, _ in bad)])
    rejections = [verdict.rejection for verdict in verdicts]
    assert rejections[: len(good)] == [None] * len(good)
    for (what, _, index, about), rejection in zip(bad, rejections[len(good) :], strict=True):
        assert rejection is not None, what
        assert rejection.index == index, (what, rejection)
        assert not about or rejection.differences[0].startswith(about), (what, rejection)


# --------------------------------------------------------------------------------- without TLC


def test_differences_are_the_innermost_ones() -> None:
    recorded = record(tip=record(p=1, q=2), known=frozenset({1}))
    expected = record(tip=record(p=1, q=3), known=frozenset({1}))
    assert list(differences("state", recorded, expected)) == ["state.tip.q is 2, not 3"]
    assert list(differences("state", recorded, recorded)) == []


def test_no_traces_have_no_verdicts() -> None:
    assert check_traces([]) == []


def test_what_tlc_reads_has_no_long_line() -> None:
    """TLC takes a time that grows with the square of a line's length, so lists are broken."""
    setting = Setting(protocol="tob", lambda_=3, mu=2, draws=16, generations=12, attack="none")
    text = "\n".join(
        module_text("M", "TraceTobLearning", [encode(trained_trace(setting, BITS[0]))], "<<>>")
    )
    assert len(text) > 50 * LINE
    assert max(map(len, text.splitlines())) < 2 * LINE
