"""Golden vectors of whole runs and of settlement; see ``golden_vectors.py``."""

import hashlib
from fractions import Fraction
from itertools import product

from model_consensus import pow_learner as pow_learning
from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.evolutionary_search import EvolutionarySearch, Model
from model_consensus.landscapes import Sphere
from model_consensus.pow_learner import Rules
from model_consensus.settlement.chain_quality import selfish_share
from model_consensus.settlement.condition import Target, Ties, violates
from model_consensus.settlement.literature import rosenfeld
from model_consensus.settlement.probability import (
    Convention,
    reversal_probability,
    reversal_probability_within,
)
from model_consensus.simulation.pow import simulate_pow
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet.offers import encode_offer
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.tob import ByzantineOffer, Order, TobSystem
from tests.vectors.golden_json import Json, number, offer_fields, pow_fields, refusal, ticket_fields


def decided_vectors() -> Json:
    """Whole runs: what a process is given, in order, and what it decides."""
    return {
        "tob": [tob_run("none", 1), tob_run("under-claim", 2), tob_run("duplicate", 3)],
        "pow": [pow_run("private-chain", 0.45, 5), pow_run("honest", 0.25, 2)],
    }


def tob_run(attack: str, seed: int) -> Json:
    names = ("p1", "p2", "p3", "p4")
    one = OneLandscape(EvolutionarySearch(Sphere(4), draws=2, lambda_=3))
    system = TobSystem(names, names[3:], 3, one, 4)
    order = []
    for action, state in simulate(system, one, ATTACKS[attack], seed):  # noqa: B007
        if isinstance(action, Order | ByzantineOffer):
            order.append(action.offer)
    learners = list(state.learner.values())
    assert len({learner.decided for learner in learners}) == 1
    decided = [system.lineages.origin(digest) for digest in learners[0].decided[1:]]
    return {
        "attack": attack,
        "landscape": "sphere",
        "dimension": 4,
        "draws": 2,
        "lambda": 3,
        "genesis": system.genesis.digest.hex(),
        "order": [{**offer_fields(offer), "bytes": encode_offer(offer).hex()} for offer in order],
        "decided": [
            {
                "ticket": ticket_fields(ticket),
                "loss": number(*one.searched.losses(_model(system, parent), [ticket])),
                "digest": digest.hex(),
            }
            for digest, (parent, ticket) in zip(learners[0].decided[1:], decided, strict=True)
        ],
        "banned": list(learners[0].banned),
    }


def _model(system: TobSystem, digest: bytes) -> Model:
    return system.lineages.model(system.landscapes.search({}), digest)


def pow_run(strategy: str, share: float, seed: int) -> Json:
    names = ("p1", "p2", "p3", "p4")
    search = EvolutionarySearch(Sphere(4), draws=3, lambda_=3)
    rules = Rules(names, depth=1, target=1 << 250)
    system = PowSystem(rules, names[3:], OneLandscape(search), 12, 12)
    steps = list(simulate_pow(system, STRATEGIES[strategy], share, 12, seed))
    state = steps[-1][1]
    learner = state.learner["p1"]
    models = {model.digest: model for model in learner.models.values()}
    decided = pow_learning.decided(rules, learner)[1:]
    return {
        "strategy": strategy,
        "landscape": "sphere",
        "dimension": 4,
        "lambda": 3,
        "depth": rules.depth,
        "target": f"{rules.target:064x}",
        "genesis": search.genesis.digest.hex(),
        "received": [
            {**pow_fields(block), "digest": block.digest.hex()} for block in learner.known.values()
        ],
        "tip": learner.tip.hex(),
        "decided": [
            {
                "ticket": ticket_fields(block.ticket),
                "loss": number(block.claim),
                "digest": digest.hex(),
                "sha256": hashlib.sha256(models[digest].vector.astype("<i8").tobytes()).hexdigest(),
            }
            for block, digest in zip(
                (learner.known[each] for each in pow_learning.chain(learner)), decided, strict=False
            )
        ],
    }


def settlement_vectors() -> Json:
    """Which strings of slots settle at which depth, and probabilities as exact fractions."""
    shares = [Fraction(1, 10), Fraction(1, 4), Fraction(1, 3), Fraction(9, 20)]
    strings = ["", "h", "A", "hA", "hhAA", "AhAh", "hhhAAA", "hhhhAhA", "AAhhhhhhh", "hAhhAAhA"]
    conventions = {
        f"{name}, ties {ties.value}, {target.value}": Convention(pre, ties, target)
        for (name, pre), ties, target in product(
            (("pre-mining", True), ("no pre-mining", False)), Ties, Target
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
            for slots, depth, ties in product(strings, range(3), Ties)
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
