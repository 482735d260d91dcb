"""Recorded runs against the specifications: true ones are accepted, and corrupted ones are not.

All traces with the same constants go through TLC together, in one test for each protocol: starting
Java costs more than the traces do.
"""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from model_consensus import tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance import traces
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.traces import Trace
from model_consensus.defects.tob import DEFECTS
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.landscapes import Landscape
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.tob import simulate
from model_consensus.simulation.training import short_name, train
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Receive, TobSystem
from model_consensus.tla.differences import differences
from model_consensus.tla.values import Boolean, function, record
from model_consensus.tob_learner import Rules
from tests.support.corruptions import (
    Corruption,
    altered,
    decided,
    dropped,
    first,
    inserted,
    of_learning,
    put,
    set_in,
    swapped,
)

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


def proof_of_work(strategy: str, seed: int, landscape: Landscape = BITS[0]) -> Trace:
    return train(
        Setting(
            protocol="pow",
            lambda_=2,
            depth=1,
            wins=6,
            hashes=2,
            attack=strategy,
            share=0.3,
            seed=seed,
        ),
        landscape,
    ).trace


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


def mined_tie() -> tuple[Trace, int]:
    """A run, and where a block is mined whose miner has two best draws of one loss."""
    for landscape in BITS:
        trace = proof_of_work("honest", 0, landscape)

        def equal(before: Any, after: Any, trace: Trace = trace) -> bool:
            if after["blocks"] == before["blocks"]:
                return False
            ticket = after["blocks"][-1]["ticket"]
            drawn = [frozenset([function({**ticket, "weights": w})]) for w in ((1, 0), (0, 1))]
            losses = [each.loss for each in trace.models.values() if each.step in drawn]
            return ticket["weights"] == (1, 0) and len(losses) == 2 and losses[0] == losses[1]

        for index in range(1, len(trace.states)):
            if equal(trace.states[index - 1], trace.states[index]):
                return trace, index
    raise AssertionError("no landscape has a tie")


def pow_corruptions(good: Sequence[Trace]) -> list[Corruption]:
    """Corruptions of runs of the strategies, in their order.  (There are no bans to be wrong.)"""
    honest, _, selfish, *_ = good
    mined, received = honest.actions.index("Mine"), honest.actions.index("Receive")
    second = honest.actions.index("Mine", mined + 1)
    states: list[Any] = list(honest.states)
    newest = len(states[second]["blocks"])

    def height(state: Any, block: int) -> int:
        return int(state["blocks"][block - 1]["ticket"]["generation"]) if block else 0

    def tie(before: Any, after: Any) -> list[tuple[str, int]]:
        """Who has received a block as high as its tip, and which."""
        return [
            (process, block)
            for process in after["known"]
            for block in after["known"][process] - before["known"][process]
            if height(after, block) == height(after, before["tip"][process])
        ]

    fork = first(selfish, lambda before, after: bool(tie(before, after)))
    ((process, block), *_) = tie(selfish.states[fork - 1], selfish.states[fork])
    tied, draw = mined_tie()
    forged = record(parent=0, ticket=record(generation=1, proposer="p4", weights=(1, 0)), claim=0)
    accepted = set_in(states[received], ("blocks",), lambda blocks: (*blocks, forged))
    accepted = set_in(accepted, ("known", "p1"), lambda known: known | {2})
    sent_to_p1 = {"process": "p1", "forged": function({**forged, "work": Boolean.TRUE})}
    return [
        ("a win is missing", dropped(honest, mined), mined, ""),
        ("a delivery is missing", dropped(honest, received), received, ""),
        ("two steps are swapped", swapped(honest, mined), mined, ""),
        (
            "a claim is changed",
            altered(honest, mined, ("blocks", 0, "claim"), lambda claim: claim - 1),
            mined,
            "",
        ),
        (
            "another miner is named",
            altered(honest, mined, ("blocks", 0, "ticket", "proposer"), put("p4")),
            mined,
            "",
        ),
        (
            "a block received is no tip",
            altered(honest, received, ("tip",), put(honest.states[mined]["tip"])),
            received,
            "tip",
        ),
        (
            "a decision is forged: its depth is there before the block is received",
            altered(honest, second, ("tip", "p1"), put(newest)),
            second,
            "tip.p1",
        ),
        (
            "of equal chains the later one is adopted",
            altered(selfish, fork, ("tip", process), put(block)),
            fork,
            f"tip.{process}",
        ),
        (
            "of equal tickets the later one is taken",
            altered(
                tied,
                draw,
                ("blocks", len(tied.states[draw]["blocks"]) - 1, "ticket", "weights"),  # type: ignore[arg-type]
                put((0, 1)),
            ),
            draw,
            "blocks",
        ),
        (
            "a forged block is accepted",
            inserted(honest, received + 1, "ByzantineForge", sent_to_p1, accepted),
            received + 1,
            "",
        ),
    ]


@pytest.mark.tlc
def test_runs_over_proof_of_work_are_behaviours_and_corrupted_ones_are_not() -> None:
    good = [proof_of_work(name, seed) for seed, name in enumerate(STRATEGIES)]
    bad = pow_corruptions(good)
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
