"""Every assumption dropped: TLC's counterexample succeeds on the implementation without it.

One row of :data:`model_consensus.conformance.necessity.NECESSITY` for each necessity model of a
protocol.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from model_consensus.conformance.necessity import NECESSITY
from model_consensus.conformance.necessity_attack import attack
from model_consensus.conformance.replay import counterexample
from model_consensus.systems.bounded import SYSTEMS
from model_consensus.tla import tlc
from model_consensus.tla.manifest import SpecModel, load
from model_consensus.tla.tlc_output import Counterexample

MODELS = load().models
NECESSARY = [model for model in MODELS if model.kind == "necessity"]

# What these specify has no implementation: learning in general and alone, elitist landscapes, the
# bare broadcast and the bare chain, the game, and Streamlet's liveness, whose epoch is a step.
WITHOUT_IMPLEMENTATION = {
    "MCConsensus",
    "MCModelConsensus",
    "MCLocalLearning",
    "MCTobElitist",
    "MCApartBroadcast",
    "MCTotalOrderBroadcast",
    "MCDelayedChain",
    "MCLongestChain",
    "MCLongestChainIsDelayed",
    "MCLongestChainString",
    "MCPowLearningIsDelayed",
    "MCSlotGame",
    "MCSlotGameFirstStays",
    "MCSlotGameNecessity",
    "MCSlotGamePlays",
    "MCSlotGameTarget",
    "MCStreamletSynchrony",
}

# TLC takes minutes to find these counterexamples.  It is given the votes that are cast in them: a
# block is written as the epochs of its chain.
VOTES = {
    "MCStreamlet_vote_late_final": {"p1": "1 12 3 34 345", "p2": "1 12 34 345", "p3": "3"},
    "MCStreamlet_any_notarized_final": {"p1": "1 3 34 345", "p2": "1 12 3 34 345", "p3": "12"},
    "MCStreamlet_two_consecutive_final": {"p1": "1 14 145 2", "p2": "1 14 145 2 23", "p3": "23"},
}


NOT_REPLAYED = {
    "MCTobNecessity_stale": "an output is the lineage of the last model, and so a lineage always",
    "MCTobNecessity_noisy": "one loss is computed by one function: no learner sees another",
    "MCTobNecessity_more_liars": "f is a number of the theorem, which no learner knows",
    "MCDelayedNecessity_slots": "that only one block is won in a slot is no rule of the network",
    "MCDelayedNecessity_offers": "that offers wait for blocks is no rule of the network",
}
"""Necessity models of a protocol whose assumption the implementation cannot drop, and why."""


def test_no_necessity_model_is_forgotten() -> None:
    replayed, unreplayed = set(NECESSITY), set(NOT_REPLAYED)
    assert not replayed & unreplayed
    assert replayed | unreplayed == {m.name for m in NECESSARY if m.module.stem in SYSTEMS}
    assert {m.module.stem for m in NECESSARY} == WITHOUT_IMPLEMENTATION | {
        m for m in SYSTEMS if m.endswith("Necessity")
    }
    assert {m.name for m in NECESSARY if m.name in NECESSITY and m.tier == "long"} == set(VOTES)


@pytest.mark.parametrize("name", NECESSITY)
def test_what_is_defective_is_what_should_be(name: str) -> None:
    """Where the network or a bound is at fault, the learner is the real one."""
    row = NECESSITY[name]
    assert (row.learner is None) == (row.about != "learner")
    assert row.about in ("learner", "network", "bound")
    assert bool(row.within or row.instead) == (row.about == "bound")


def among_these_votes(model: SpecModel, votes: dict[str, str], folder: Path) -> Counterexample:
    """The counterexample of a Streamlet model in which no other votes are cast."""
    chains = {
        process: ", ".join(
            "<<" + ", ".join(f"[epoch |-> {e}, payload |-> <<{e}>>]" for e in chain) + ">>"
            for chain in blocks.split()
        )
        for process, blocks in votes.items()
    }
    given = " /\\ ".join(f'votes["{p}"] \\subseteq {{{blocks}}}' for p, blocks in chains.items())
    root = folder / "TheseVotes.tla"
    root.write_text(
        f"---- MODULE TheseVotes ----\nEXTENDS {model.module.stem}\nTheseVotes == {given}\n====\n"
    )
    config = model.config.read_text(encoding="utf-8").replace("SYMMETRY Symmetric", "")
    for process in (*votes, "b1"):
        config = config.replace(f"    {process} = {process}\n", "")
        config = config.replace(f"{process},", f'"{process}",').replace(
            f"{process}}}", f'"{process}"}}'
        )
    root.with_suffix(".cfg").write_text(f"{config}\nCONSTRAINT TheseVotes\n")
    run = tlc.Run(root, root.with_suffix(".cfg"), library=model.module.parent, quick=True)
    result = tlc.check(run)
    assert result.property == model.failing, result.message
    assert result.trace is not None
    return result.trace


@pytest.mark.tlc
@pytest.mark.parametrize("name", NECESSITY)
def test_a_counterexample_is_an_attack_where_the_assumption_is_dropped_and_only_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = next(model for model in MODELS if model.name == name)
    if name in VOTES:
        trace = among_these_votes(model, VOTES[name], tmp_path)
    else:
        trace = counterexample(model)
    assert model.figures is not None
    assert len(trace) == model.figures.trace_length
    found = attack(model, trace.steps)
    assert found.replayed.failure == ()
    assert found.violated == len(trace) - 1  # there first: it is a shortest counterexample
    assert found.real_violated is None
    assert found.is_as_expected
    assert (found.impossible is not None) == (name in IMPOSSIBLE)

    # The check bites: where nothing is dropped, the counterexample is none.
    row = NECESSITY[name]
    if row.about != "bound":
        kept = replace(row, learner=None, system=row.real_system, fair=True)
        monkeypatch.setitem(NECESSITY, name, kept)
        assert not attack(model, trace.steps).is_as_expected


# Where the assumption is kept, a move of these is impossible; of the others all are possible, and
# come to nothing.
IMPOSSIBLE = {
    "MCTobNecessity_order",
    "MCTobNecessity_bans",
    "MCTobNecessity_equivocation",
    "MCTobNecessity_forged_sender",
    "MCPowNecessity_unoffered",
    "MCPowNecessity_trusted",
    "MCPowNecessity_synchrony",
    "MCPowNecessity_chain",
    "MCDelayedNecessity_late",
    "MCDelayedNecessity_late_chain",
    "MCStreamlet_three",
    "MCStreamlet_half",
    "MCStreamlet_half_notarized",
    "MCStreamlet_vote_twice",
    "MCStreamlet_forgotten_vote",
    "MCStreamlet_vote_late",
    "MCStreamlet_vote_late_final",
    "MCStreamlet_any_notarized",
    "MCStreamlet_any_notarized_final",
    "MCStreamlet_repeat",
    "MCStreamlet_made_up",
}
