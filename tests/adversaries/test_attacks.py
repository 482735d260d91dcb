"""Each attack by name does real harm where the mechanism that stops it is off, and only there.

The harm is what the attack tries: a worse loss, a correct process banned, a decision that is no
offspring, evaluations beyond the bound, a learner stopped, memory that grows, or two outputs that
contradict each other.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import pytest

from model_consensus import pow_learner, tob_learner
from model_consensus.adversaries.pow import STRATEGIES, Shown
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.properties import agreement
from model_consensus.defects.pow import DEFECTS as POW
from model_consensus.defects.streamlet import DEFECTS as STREAMLET
from model_consensus.defects.tob import DEFECTS as TOB
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    EvolutionarySearch,
    Model,
    Ticket,
    all_drawn,
    is_legal,
    offspring_digest,
    proposal_cost,
)
from model_consensus.landscapes import Vector
from model_consensus.pow_learner import EVERY_HASH, Rules
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.pow_delayed import DelayedSimulation
from model_consensus.simulation.streamlet import Conditions, Simulation
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet import node as streamlet
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import Mine
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.systems.pow_tree import Learners
from model_consensus.systems.tob import Receive, TobSystem

# ------------------------------------------------------------------ Total Order Broadcast

GENERATIONS, DRAWS = 12, 2
SEARCH = CachedSearch(EvolutionarySearch(OneMax(), DRAWS, 3, 2, recombines=True))
NAMES = ("p1", "p2", "p3", "p4")


KINDS = ("loss", "resilience", "banned", "lineage", "evaluations", "stopped", "agreement")


def is_resilient(parent: Model, chosen: Model, lambda_: int) -> bool:
    """Whether a step matches the draws of λ - f correct processes."""
    steps = [
        step for process in NAMES[:3] for step in all_drawn(parent.generation + 1, process, DRAWS)
    ]
    (loss,) = OneMax().losses(chosen.vector[None])
    return sum(loss <= each for each in SEARCH.losses(parent, steps)) >= DRAWS * (lambda_ - 1)


@cache
def offspring(parent: Digest, generation: int, mu: int) -> frozenset[Digest]:
    """The offspring by all legal steps of one ticket or of ``mu``."""
    every = product(range(1 - DRAWS, DRAWS), repeat=DRAWS)
    legal = [weights for weights in every if is_legal(SEARCH, weights)]
    return frozenset(
        offspring_digest(
            parent, frozenset(Ticket(generation, *each) for each in zip(who, chosen, strict=True))
        )
        for size in {1, mu}
        for who in combinations(NAMES, size)
        for chosen in product(legal, repeat=size)
    )


def harm_to_learners(attack: str, receive: Receive, lambda_: int = 3) -> dict[str, int]:
    """What an attack did in three runs of four processes, one of them Byzantine; 0 is no harm.

    As always where f = 1, λ - 1 verified offers are blended.
    """
    harm = dict.fromkeys(KINDS, 0)
    rules = tob_learner.Rules(lambda_, lambda_ - 1)
    for seed in range(3):
        one = OneLandscape(SEARCH)
        system = TobSystem(NAMES, NAMES[3:], rules, one, GENERATIONS, receive=receive)
        state = next(system.initial())
        models = {process: [system.genesis] for process in system.correct}
        try:
            for _, state in simulate(system, one, ATTACKS[attack], seed):
                for process, learner in state.learner.items():
                    if learner.model != models[process][-1]:
                        models[process].append(learner.model)
        except ModelConsensusError:
            harm["stopped"] += 1
        for learner in state.learner.values():
            harm["stopped"] += learner.model.generation < GENERATIONS
            harm["banned"] += bool(set(learner.banned) - {"p4"})
            each = rules.mu + (rules.mu > 1)
            bound = proposal_cost(SEARCH) * learner.offered + each * learner.model.generation
            harm["evaluations"] += learner.evaluations > bound + len(learner.verified) + 1
            for generation, (parent, child) in enumerate(pairwise(models[learner.process]), 1):
                legal = offspring(parent.digest, generation, rules.mu)
                harm["lineage"] += child.digest not in legal
        if not harm["lineage"]:
            steps = pairwise(models["p1"])
            harm["resilience"] += sum(not is_resilient(a, b, lambda_) for a, b in steps)
        harm["loss"] += OneMax().losses(state.learner["p1"].model.vector[None])[0]
        outputs = sorted(map(system.decided, state.learner.values()), key=len)
        harm["agreement"] += any(b[: len(a)] != a for a, b in pairwise(outputs))
    return harm


UNVERIFIED = TOB["unverified"]

# attack: the learner without the mechanism, λ (n - f = 3 at most for the real one), the harm.
TOB_HARM: Mapping[str, tuple[Receive, int, str]] = {
    "silent": (tob_learner.receive, 4, "stopped"),
    "under-claim": (UNVERIFIED, 3, "loss"),
    "over-claim": (TOB["evaluates-all"], 3, "evaluations"),
    "worst-offspring": (TOB["greatest"], 3, "loss"),
    "inside-claim": (TOB["blends-unverified"], 3, "loss"),
    "adaptive": (TOB["no-floor"], 3, "resilience"),
    "adaptive-order": (TOB["no-floor"], 3, "resilience"),
    "backdoor": (TOB["no-floor"], 3, "resilience"),
    "stale-parent": (TOB["stale-unverified"], 3, "lineage"),
    "future-generation": (TOB["future-generation"], 3, "stopped"),
    "foreign-ticket": (TOB["blames-the-named"], 3, "banned"),
    "illegal-weights": (TOB["any-weights"], 3, "stopped"),
    "late-offer": (UNVERIFIED, 3, "loss"),
    "equivocation": (TOB["own-order"], 3, "agreement"),
    "duplicate": (TOB["repeated"], 2, "resilience"),
    "flood": (TOB["unlimited"], 3, "evaluations"),
    "collusion": (TOB["unbanned"], 3, "evaluations"),
}


@pytest.mark.slow
@pytest.mark.parametrize("attack", TOB_HARM)
def test_an_attack_on_learners_does_harm_without_its_mechanism(attack: str) -> None:
    receive, lambda_, what = TOB_HARM[attack]
    without, real = (
        harm_to_learners(attack, receive, lambda_),
        harm_to_learners(attack, tob_learner.receive, min(lambda_, 3)),
    )
    assert without[what] > real[what]
    assert {**real, "loss": 0} == dict.fromkeys(real, 0)


ORDERING = ("worst-order", "look-ahead")


@pytest.mark.slow
@pytest.mark.parametrize("attack", ORDERING)
def test_an_order_that_nothing_stops_costs_progress_and_no_more(attack: str) -> None:
    honest = harm_to_learners("none", tob_learner.receive)
    harmed = harm_to_learners(attack, tob_learner.receive)
    assert harmed["loss"] > honest["loss"]
    assert {**harmed, "loss": 0} == dict.fromkeys(harmed, 0)


class WithTarget(Sphere):
    """Colluders want the first coordinate to stay at 1000, where all start; the sphere wants 0."""

    def target_losses(self, models: Vector) -> list[int]:
        return [abs(int(model[0]) - 1000) for model in models]


def after_attack(attack: str, receive: Receive, landscape: Sphere, named: int = 0) -> Vector:
    """What seven processes, two of them Byzantine, decide in the tenth generation."""
    names, rules = tuple(f"{letter}{named}" for letter in "abcdefg"), tob_learner.Rules(5, 3)
    one = OneLandscape(CachedSearch(EvolutionarySearch(landscape, 8, 5, 3, recombines=True)))
    system = TobSystem(names, names[5:], rules, one, 10, receive=receive)
    *_, (_, last) = simulate(system, one, ATTACKS[attack], 1)
    assert all(learner.banned == () for learner in last.learner.values())
    return last.learner[names[0]].model.vector


def backdoored(receive: Receive, landscape: WithTarget) -> tuple[float, float]:
    """By what the backdoor multiplies the loss of its target, and the loss: geometric means."""
    made = [
        after_attack(a, receive, landscape, n) for n in range(8) for a in ("silent", "backdoor")
    ]
    models = np.array(made)
    of_target, of_all = (
        float(np.exp(np.mean(np.log(np.array(losses[1::2]) / np.array(losses[::2])))))
        for losses in (landscape.target_losses(models), landscape.losses(models))
    )
    return of_target, of_all


@pytest.mark.slow
def test_a_backdoor_leads_to_its_target_by_true_offers() -> None:
    of_target, of_all = backdoored(tob_learner.receive, WithTarget(40))
    assert of_target < 2 / 3
    assert of_all > 1


@pytest.mark.slow
def test_a_backdoor_costs_more_without_the_floor() -> None:
    (_, without), (_, real) = (
        backdoored(receive, WithTarget(10)) for receive in (TOB["no-floor"], tob_learner.receive)
    )
    assert without > max(1, real)


@pytest.mark.slow
def test_without_a_target_a_backdoor_is_a_small_first_coordinate() -> None:
    models = [after_attack(a, tob_learner.receive, Sphere(40)) for a in ("silent", "backdoor")]
    assert models[1][0] < models[0][0]


# ------------------------------------------------------------------ Streamlet

EPOCHS = 60
UNSTABLE = Conditions(stable=12, lateness=2)


def harm_to_nodes(attack: str, nodes: Any, seeds: int) -> dict[str, int]:
    """What misbehaviour did to three correct nodes with learners on top."""
    harm = dict.fromkeys(("stopped", "agreement", "memory"), 0)
    names = ("b1", "p1", "p2", "p3")
    search = CachedSearch(EvolutionarySearch(OneMax(), 1, 3, 2))
    for seed in range(seeds):
        one = OneLandscape(search)
        rules = tob_learner.Rules(3, 2)
        system = TobSystem(names, ("b1",), rules, one, 3, name=bytes.hex)
        misbehaviour = MISBEHAVIOURS[attack]
        run = Simulation(system, one, UNSTABLE, misbehaviour, ATTACKS["none"], seed, nodes=nodes)
        correct = [run.hosts[p] for p in system.correct]
        try:
            for _ in run.run(EPOCHS):
                logs = sorted((h.node.durable.log for h in correct), key=len)
                if any(b[: len(a)] != a for a, b in pairwise(logs)):
                    harm["agreement"] += 1
                    break
                harm["memory"] = max(harm["memory"], *(len(h.node.votes) for h in correct))
        except (ModelConsensusError, ValueError, KeyError):  # nodes deliver in different orders
            harm["agreement"] += 1
        harm["stopped"] += not run.is_done()
    return harm


NODE_HARM: Mapping[str, tuple[str, str]] = {
    "silent": ("everybody", "stopped"),
    "crash-and-restart": ("forgets-its-log", "agreement"),
    "vote-for-everything": ("half", "agreement"),
    "equivocate": ("any-vote", "agreement"),
    "split": ("everybody", "stopped"),
    "flood": ("unbounded", "memory"),
}


@pytest.mark.slow
@pytest.mark.parametrize("attack", NODE_HARM)
def test_an_attack_on_nodes_does_harm_without_its_mechanism(attack: str) -> None:
    defect, what = NODE_HARM[attack]
    seeds = 1 if attack == "flood" else 3  # thousands of packets
    without, real = (
        harm_to_nodes(attack, STREAMLET[defect], seeds),
        harm_to_nodes(attack, streamlet, seeds),
    )
    assert without[what] > real[what]
    assert (real["stopped"], real["agreement"]) == (0, 0)


# ------------------------------------------------------------------ proof-of-work


class HastyHosts(PowSimulation):
    """Hosts that hand over each block as soon as they have it."""

    def _awaited(self) -> Iterable[Shown]:
        return ()


def harm_to_miners(
    attack: str,
    learners: Learners,
    depth: int,
    share: float,
    simulated: type[PowSimulation] = PowSimulation,
) -> dict[str, float]:
    """What a strategy did in runs of 30 wins of four correct processes and an adversary.

    Evaluated: how many of the adversary's offers leaders evaluate, because a blend is not as good.
    """
    kinds = ("reverted", "loss", "share", "wasted", "false", "below", "evaluated")
    harm: dict[str, float] = dict.fromkeys(kinds, 0)
    search = CachedSearch(EvolutionarySearch(SPHERE, draws=4, lambda_=1, recombines=True))
    for seed in range(3):
        rules = Rules(("p1", "p2", "p3", "p4", "b1"), depth, EVERY_HASH // 4)
        system = PowSystem(rules, ("b1",), OneLandscape(search), learners=learners)
        longest: tuple[bytes, ...] = ()
        simulation = simulated(system, STRATEGIES[attack], share, seed)
        before = simulation.state
        for action, state in simulation.run(30):
            if isinstance(action, Mine):
                miner = before.learner[action.process]
                chosen = learners.useful(search, miner, action.offers)
                if not pow_learner.blend_is_as_good(search, miner, chosen):
                    harm["evaluated"] += sum(offer.sender == "b1" for offer in chosen)
            before = state
            for learner in state.learner.values():
                short, long = sorted((system.decided(learner), longest), key=len)
                harm["reverted"] += long[: len(short)] != short
                longest = long
        learner = state.learner["p1"]
        harm["loss"] += SPHERE.losses(pow_learner.model_of_tip(learner).vector[None])[0]
        blocks = [learner.known[digest] for digest in pow_learner.chain(learner)]
        harm["share"] += sum(block.miner == "b1" for block in blocks) / max(1, len(blocks)) / 3
        harm["wasted"] += 30 - len(blocks)
        for block in blocks:
            parent = pow_learner.model_of(search, learner, block.parent)
            (loss,) = search.losses(parent, [block.step])
            harm["false"] += loss != block.claim
            harm["below"] += loss > pow_learner.public_offer(search, parent).claim
    return harm


SPHERE = Sphere(30)

# strategy: the learner without the mechanism, its depth, the adversary's share, the harm.
POW_HARM: Mapping[str, tuple[Learners, int, float, str]] = {
    "private-chain": (pow_learner, 0, 0.4, "reverted"),
    "false-claim": (POW["unverified"], 12, 0.4, "false"),
    "below-floor": (POW["no-floor"], 12, 0.4, "below"),
    "no-work": (POW["workless"], 12, 0.2, "share"),
    "false-offers": (POW["unevaluated-blend"], 12, 0.2, "wasted"),
    "worst-offers": (POW["below-the-floor"], 12, 0.2, "evaluated"),
}


@pytest.mark.parametrize("attack", POW_HARM)
def test_an_attack_on_miners_does_harm_without_its_mechanism(attack: str) -> None:
    learners, depth, share, what = POW_HARM[attack]
    without = harm_to_miners(attack, learners, depth, share)
    real = harm_to_miners(attack, pow_learner, 12, share)
    assert without[what] > real[what]
    assert (real["reverted"], real["false"], real["below"]) == (0, 0, 0)
    assert attack != "worst-offers" or real["evaluated"] == 0


def test_balancing_does_harm_where_hosts_do_not_wait() -> None:
    hasty = harm_to_miners("balance", pow_learner, 0, 0.4, HastyHosts)
    waiting = harm_to_miners("balance", pow_learner, 0, 0.4)
    deep = harm_to_miners("balance", pow_learner, 12, 0.4, HastyHosts)
    assert hasty["reverted"] > waiting["reverted"]
    assert hasty["loss"] > waiting["loss"]
    assert hasty["share"] > waiting["share"]
    assert hasty["reverted"] > deep["reverted"] == 0


# strategy: what it costs, although every block that stands is above its floor.
UNSTOPPED = {
    "selfish": "wasted",
    "withhold-by-loss": "wasted",
    "least-step": "loss",
    "barely-useful": "loss",
}


@pytest.mark.parametrize("attack", UNSTOPPED)
def test_what_nothing_stops_is_slow_and_no_more(attack: str) -> None:
    honest = harm_to_miners("honest", pow_learner, 12, 0.4)
    harmed = harm_to_miners(attack, pow_learner, 12, 0.4)
    assert harmed[UNSTOPPED[attack]] > honest[UNSTOPPED[attack]]
    assert (harmed["reverted"], harmed["false"], harmed["below"]) == (0, 0, 0)


def disagreements(attack: str, delta: int, interval: int) -> int:
    """In how many of six runs of four correct processes outputs at depth 2 disagree."""
    search = CachedSearch(EvolutionarySearch(OneMax(24), draws=2, lambda_=1, recombines=True))
    found = 0
    for seed in range(6):
        rules = Rules(("p1", "p2", "p3", "p4"), 2, EVERY_HASH // 4)
        system = DelayedPowSystem(rules, (), OneLandscape(search), delta=delta)
        run = DelayedSimulation(system, STRATEGIES[attack], 0, seed, interval).run(20)
        found += any(not agreement(system, state) for _, state in run)
    return found


def test_a_partition_does_harm_where_blocks_take_longer_than_the_pauses() -> None:
    assert disagreements("partition", 4, 1) > disagreements("honest", 4, 1) > 0
    assert disagreements("partition", 4, 40) == 0
    assert disagreements("partition", 0, 40) == 0


def test_every_attack_is_shown_to_do_harm() -> None:
    assert {*TOB_HARM, *ORDERING} == {*ATTACKS} - {"none"}
    assert {*NODE_HARM} == {*MISBEHAVIOURS} - {"none"}
    assert {*POW_HARM, *UNSTOPPED, "balance", "partition"} == {*STRATEGIES} - {"honest"}
