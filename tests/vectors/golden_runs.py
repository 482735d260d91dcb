"""Golden vectors of whole runs and of settlement; see ``golden_vectors.py``."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from model_consensus import pow_learner, tob_learner
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.pow_learner import Learner, Rules
from model_consensus.settlement.chain_quality import selfish_share
from model_consensus.settlement.condition import Target, Ties, violates
from model_consensus.settlement.literature import rosenfeld
from model_consensus.settlement.probability import (
    Convention,
    reversal_probability,
    reversal_probability_within,
)
from model_consensus.simulation.benchmark_functions import Sphere
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet.offers import encode_offer
from model_consensus.systems.answers import Asked, OneLandscape
from model_consensus.systems.lineage import Lineages
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.tob import ByzantineOffer, Order, TobSystem
from model_consensus.tob_learner import Offer
from tests.vectors.golden_json import (
    Json,
    number,
    offer_fields,
    pow_fields,
    refusal,
    sha256,
    statement,
    step_fields,
)


def decided_vectors() -> Json:
    """Whole runs: what a process is given, in order, and what it decides."""
    return {
        "tob": [
            tob_run("none", 1),
            tob_run("none", 1, draws=3, mu=3),
            tob_run("under-claim", 2),
            tob_run("duplicate", 3, mu=1),
        ],
        "pow": [pow_run("private-chain", 0.45, 5), pow_run("honest", 0.25, 2)],
    }


def tob_run(attack: str, seed: int, draws: int = 2, mu: int = 2) -> Json:
    names = ("p1", "p2", "p3", "p4")
    search = EvolutionarySearch(Sphere(4), draws, 3, mu, recombines=mu > 1)
    one = OneLandscape(search)
    system = TobSystem(names, names[3:], tob_learner.Rules(3, mu), one, 4)
    steps = simulate(system, one, ATTACKS[attack], seed)
    order = [a.offer for a, _ in steps if isinstance(a, Order | ByzantineOffer)]
    return {"attack": attack, **learning(search, order)}


def problem(search: EvolutionarySearch) -> Json:
    """The landscape, which has a vector of a given dimension, and the rest of the statement."""
    dimension = len(search.genesis.vector)
    return {"landscape": search.landscape.name, "dimension": dimension, **statement(search)}


def learning(search: EvolutionarySearch, order: Sequence[Offer]) -> Json:
    """What a learner decides that is delivered these offers, in order."""
    asked = Asked(search, Lineages(search.genesis.digest))
    learner = tob_learner.new_learner(asked, "p1")
    decided = []
    for offer in order:
        before = learner
        rules = tob_learner.Rules(search.lambda_, search.mu)
        learner = tob_learner.receive(asked, rules, before, offer)
        if learner.model is not before.model:
            _, step = asked.lineages.origin(learner.model.digest)
            (loss,) = search.losses(before.model, [step])
            digest = learner.model.digest.hex()
            decided.append({"step": step_fields(step), "loss": number(loss), "digest": digest})
    return {
        **problem(search),
        "genesis": search.genesis.digest.hex(),
        "order": [{**offer_fields(offer), "bytes": encode_offer(offer).hex()} for offer in order],
        "decided": decided,
        "banned": list(learner.banned),
        "evaluations": learner.evaluations,
    }


def pow_run(strategy: str, share: float, seed: int) -> Json:
    names = ("p1", "p2", "p3", "p4")
    search = EvolutionarySearch(Sphere(4), 3, lambda_=1, recombines=True)
    rules = Rules(names, depth=1, target=1 << 250)
    system = PowSystem(rules, names[3:], OneLandscape(search), 12, 12)
    *_, (_, state) = PowSimulation(system, STRATEGIES[strategy], share, seed).run(12)
    return {"strategy": strategy, **mining(search, rules, state.learner["p1"])}


def mining(search: EvolutionarySearch, rules: Rules, learner: Learner) -> Json:
    """What a learner has accepted, in order, and decided."""
    decided = pow_learner.chain(learner, pow_learner.decided_block(rules, learner))
    models = [pow_learner.model_of(search, learner, digest) for digest in decided]
    return {
        **problem(search),
        "processes": len(rules.processes),
        "depth": rules.depth,
        "target": f"{rules.target:064x}",
        "genesis": search.genesis.digest.hex(),
        "received": [
            {**pow_fields(block), "digest": block.digest.hex()} for block in learner.known.values()
        ],
        "tip": learner.tip.hex(),
        "decided": [
            {
                "step": step_fields(block.step),
                "loss": number(block.claim),
                "digest": model.digest.hex(),
                "sha256": sha256(model.vector),
            }
            for block, model in zip((learner.known[d] for d in decided), models, strict=True)
        ],
    }


def settlement_vectors() -> Json:
    """Which strings of slots settle at which depth, and probabilities as exact fractions."""
    shares = [Fraction(1, 10), Fraction(1, 4), Fraction(1, 3), Fraction(9, 20)]
    strings = ["", "h", "A", "hA", "hhAA", "AhAh", "hhhAAA", "hhhhAhA", "AAhhhhhhh", "hAhhAAhA"]
    ties_of_the_vectors = (Ties.ADVERSARY, Ties.HONEST)
    conventions = {
        f"{name}, ties {ties.value}, {target.value}": Convention(pre, ties, target)
        for (name, pre), ties, target in product(
            (("pre-mining", True), ("no pre-mining", False)), ties_of_the_vectors, Target
        )
    }
    bad = [
        (lambda: violates("hxA", 1), {"slots": "hxA", "depth": 1}, "no such slot"),
        (lambda: violates("hA", -1), {"slots": "hA", "depth": -1}, "a negative depth"),
        (
            lambda: reversal_probability(Fraction(1), 1),
            {"alpha": "1", "depth": 1},
            "a share of the wins is below 1",
        ),
        (
            lambda: reversal_probability(Fraction(0), 1),
            {"alpha": "0", "depth": 1},
            "a share of the wins is above 0",
        ),
    ]
    return {
        "violates": [
            {
                "slots": slots,
                "depth": depth,
                "ties": ties.value,
                "violates": violates(slots, depth, ties),
            }
            for slots, depth, ties in product(strings, range(3), ties_of_the_vectors)
        ],
        "violating_strings_of_length_8": {
            str(depth): sum(violates("".join(each), depth) for each in product("hA", repeat=8))
            for depth in range(4)
        },
        "reversal": [
            {
                "alpha": str(alpha),
                "depth": depth,
                "convention": name,
                "probability": str(reversal_probability(alpha, depth, convention)),
            }
            for name, convention in conventions.items()
            for alpha in shares
            for depth in (0, 1, 2, 6)
        ],
        "reversal_within": [
            {
                "alpha": str(alpha),
                "depth": depth,
                "horizon": horizon,
                "probability": str(reversal_probability_within(alpha, depth, horizon)),
            }
            for alpha in shares[1:2]
            for depth in (0, 1, 2)
            for horizon in (0, 2, 4, 6, 10)
        ],
        "rosenfeld": [
            {"alpha": str(alpha), "confirmations": n, "probability": str(rosenfeld(alpha, n))}
            for alpha in shares
            for n in (0, 1, 2, 6)
        ],
        "selfish_share": [
            {"alpha": str(alpha), "gamma": str(gamma), "share": str(selfish_share(alpha, gamma))}
            for alpha in shares
            for gamma in (Fraction(0), Fraction(1, 2), Fraction(1))
        ],
        "invalid": [
            {**given, "reason": reason, "error": refusal(attempt)} for attempt, given, reason in bad
        ],
    }
