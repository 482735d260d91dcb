"""Every assumption, dropped: TLC's counterexample becomes an attack on the implementation.

A *necessity* model of the manifest drops one assumption of a protocol.  A row of ``NECESSITY`` says
how the implementation drops the same one, and what stops the same adversary where it is not
dropped.  What it is about decides whose property is violated:

- ``learner``: a check of the learner.  The real learner keeps the property.
- ``network``: what the network promises.  The real learner's is violated as well, which is why it
  is an assumption; where the promise is kept, the moves are impossible.
- ``bound``: a number.  The real learner's is violated as well beyond it, and not within it.
"""

from collections.abc import Mapping
from typing import Any

from model_consensus.conformance.assumption import Necessity
from model_consensus.conformance.streamlet_necessity import OF_STREAMLET
from model_consensus.conformance.weakened_systems import (
    ANY_GENERATION,
    AnyWeights,
    Asynchronous,
    Equivocal,
    ForeignDraw,
    ForgedSenders,
    LateByASlot,
    OrderAnyhow,
    UnofferedTickets,
    any_weights,
)
from model_consensus.defects import pow as pow_defects
from model_consensus.defects import tob as tob_defects
from model_consensus.systems.bounded import SYSTEMS
from model_consensus.systems.system import System
from model_consensus.tla.config import read_config
from model_consensus.tla.manifest import SpecModel, load
from model_consensus.tla.values import Value

ANY_ORDER = Necessity(
    "network",
    "Processes need not get the offers in the same order.",
    "An offer has one place in the order of all.",
    system=OrderAnyhow,
)

BELIEVED = Necessity(
    "learner",
    "A claim below the true loss is believed.",
    "The claim is evaluated, and the liar banned.",
    learner=tob_defects.DEFECTS["under-claims"],
)

NOBODY_WINS = Necessity(
    "network",
    "Nobody has to win, and no block has to arrive.",
    "Once correct processes win and their blocks arrive, the run goes on to its end.",
    fair=False,
)
LATE = Necessity(
    "network",
    "Blocks take a slot more than is allowed.",
    "Nobody wins while a block is on its way that should have arrived.",
    system=LateByASlot,
)
NECESSITY: dict[str, Necessity] = {
    "MCTobNecessity_order": ANY_ORDER,
    "MCTobNecessity_bans": ANY_ORDER,
    "MCTobNecessity_equivocation": Necessity(
        "network",
        "A sender may tell different things to different processes.",
        "A broadcast offer is the same for all.",
        system=Equivocal,
    ),
    "MCTobNecessity_unverified": BELIEVED,
    "MCTobNecessity_refinement": BELIEVED,
    "MCTobNecessity_repeated": Necessity(
        "learner",
        "Several offers of one sender count in a generation.",
        "Only its first is accepted.",
        learner=tob_defects.DEFECTS["repeated"],
    ),
    "MCTobNecessity_draws": Necessity(
        "learner",
        "A process may give its draws any weights.",
        "A ticket whose weights are not legal is no ticket.",
        learner=any_weights,
        system=AnyWeights,
    ),
    "MCTobNecessity_foreign": Necessity(
        "learner",
        "A process may offer a ticket of another, who is blamed for the claim.",
        "A ticket counts only if it is its sender's own.",
        learner=tob_defects.DEFECTS["blames-the-named"],
        system=ForeignDraw,
    ),
    "MCTobNecessity_blamed": Necessity(
        "learner",
        "A process may offer a ticket of another, who is blamed for the claim.",
        "A ticket counts only if it is its sender's own.",
        learner=tob_defects.DEFECTS["blames-the-named"],
        system=ForeignDraw,
    ),
    "MCTobNecessity_tie": Necessity(
        "learner",
        "Of equal claims a process prefers its own.",
        "Of equal claims all take the one that was ordered first.",
        learner=tob_defects.DEFECTS["own-ties"],
    ),
    "MCTobNecessity_lambda": Necessity(
        "bound",
        "λ is n - f + 1: with f silent processes a selection never has enough offers.",
        "With λ = n - f the same run goes on to its end.",
        within={"Lambda": 2},
    ),
    "MCTobNecessity_silent": Necessity(
        "bound",
        "λ is n - f + 1: all have offered and wait for more.",
        "With λ = n - f the same run goes on to its end.",
        within={"Lambda": 2},
    ),
    "MCTobNecessity_unbanned": Necessity(
        "learner",
        "Offers of banned processes are accepted, and cost an evaluation each time.",
        "A banned process's offers are ignored.",
        learner=tob_defects.DEFECTS["trusting"],
    ),
    "MCTobNecessity_rho": Necessity(
        "bound",
        "A decided model is to match one honest offspring more.",
        "It matches every draw of λ - f correct processes.",
        instead="Resilience",
    ),
    "MCTobNecessity_rho2": Necessity(
        "bound",
        "A decided model is to match one honest offspring more, where each process draws twice.",
        "It matches every draw of λ - f correct processes.",
        instead="Resilience",
    ),
    "MCTobNecessity_forged_sender": Necessity(
        "network",
        "The adversary sends offers in anybody's name.",
        "The broadcast says who the sender of an offer is.",
        system=ForgedSenders,
    ),
    "MCTobNecessity_rank": Necessity(
        "bound",
        "One process fewer is to have had something better than a decided model.",
        "At most n - λ correct processes had.",
        instead="RankResilience",
    ),
    "MCTobNecessity_tolerated": Necessity(
        "learner",
        "An offer with a false claim counts, at the loss that was found.",
        "It is dropped, and the liar banned.",
        learner=tob_defects.DEFECTS["tolerates"],
    ),
    "MCTobNecessity_no_floor": Necessity(
        "learner",
        "The blend is decided even where the best offer is better.",
        "The best offer is decided.",
        learner=tob_defects.DEFECTS["no-floor"],
    ),
    "MCTobNecessity_wrong_way": Necessity(
        "learner",
        "The blend is decided where it is worse than the best offer.",
        "The best offer is decided.",
        learner=tob_defects.DEFECTS["wrong-floor"],
    ),
    "MCTobNecessity_unseen_blend": Necessity(
        "learner",
        "The blend is decided and nobody has evaluated it.",
        "It is evaluated, and decided if it is better than the best offer.",
        learner=tob_defects.DEFECTS["unevaluated-blend"],
    ),
    "MCTobNecessity_mu": Necessity(
        "learner",
        "One verified offer less than μ is enough.",
        "All μ are verified before one is decided.",
        learner=tob_defects.DEFECTS["blends-one-fewer"],
    ),
    "MCPowNecessity_work": Necessity(
        "learner",
        "The hash is not looked at: blocks are free.",
        "A block without work is refused.",
        learner=pow_defects.DEFECTS["workless"],
    ),
    "MCPowNecessity_claims": Necessity(
        "learner",
        "The miner is believed about the loss of its step.",
        "One evaluation shows the lie, and the block is refused.",
        learner=pow_defects.DEFECTS["unverified"],
    ),
    "MCPowNecessity_floor": Necessity(
        "learner",
        "A block's claim is not compared with the public offer's.",
        "The draws of nobody are evaluated: one is better, and the block is refused.",
        learner=pow_defects.DEFECTS["no-floor"],
    ),
    "MCPowNecessity_own_floor": Necessity(
        "learner",
        "The floor is made of the draws of the miner, who chooses his name.",
        "It is made of the draws of nobody, and the block is refused.",
        learner=pow_defects.DEFECTS["own-floor"],
    ),
    "MCPowNecessity_parents": Necessity(
        "learner",
        "A ticket's generation is not compared with the height of the block's parent.",
        "The block is refused before anything is evaluated.",
        learner=ANY_GENERATION,
    ),
    "MCPowNecessity_unoffered": Necessity(
        "network",
        "A block uses tickets that a correct process has not offered.",
        "Only what is offered can be used.",
        system=UnofferedTickets,
    ),
    "MCPowNecessity_blamed": Necessity(
        "learner",
        "Who told the truth is banned with those who lied.",
        "Only those are banned whose offers are false.",
        learner=pow_defects.DEFECTS["blames-all"],
    ),
    "MCPowNecessity_unseen_blend": Necessity(
        "learner",
        "The blend is not compared with the offers.",
        "It is evaluated, and the best offer is taken if the blend is worse.",
        learner=pow_defects.DEFECTS["unevaluated-blend"],
    ),
    "MCPowNecessity_trusted": Necessity(
        "learner",
        "Offers are believed.",
        "A false offer is evaluated, and its sender banned.",
        learner=pow_defects.DEFECTS["trusting"],
    ),
    "MCPowNecessity_miners": Necessity(
        "learner",
        "A block without a ticket of its miner is refused.",
        "It does not matter whose tickets a step has.",
        learner=pow_defects.DEFECTS["own-miner"],
    ),
    "MCPowNecessity_synchrony": Necessity(
        "network",
        "The next block may be mined before the last one has arrived everywhere.",
        "Nobody wins while a correct process's block is on its way.",
        system=Asynchronous,
    ),
    "MCPowNecessity_chain": Necessity(
        "network",
        "The next block may be mined before the last one has arrived everywhere.",
        "Nobody wins while a correct process's block is on its way.",
        system=Asynchronous,
    ),
    "MCDelayedNecessity_late": LATE,
    "MCDelayedNecessity_late_chain": LATE,
    "MCPowNecessity_shallow": Necessity(
        "bound",
        "Depth 0 with one adversarial win of two.",
        "At depth 1 nothing has been decided yet.",
        within={"Depth": 1},
    ),
    "MCPowNecessity_refinement": Necessity(
        "bound",
        "Depth 0 with one adversarial win of two.",
        "At depth 1 nothing has been decided yet.",
        within={"Depth": 1},
    ),
    "MCPowNecessity_half": Necessity(
        "bound",
        "Depth 1 with two adversarial wins of four.",
        "At depth 2 the two chains have decided nothing that differs.",
        within={"Depth": 2},
    ),
    "MCPowNecessity_overtaken": Necessity(
        "bound",
        "Depth 0 with two adversarial wins of three.",
        "At depth 2 the chain that is left has decided nothing.",
        within={"Depth": 2},
    ),
    "MCPowNecessity_fairness": NOBODY_WINS,
    "MCPowNecessity_progress": Necessity(
        "bound",
        "One generation more is promised than correct processes win.",
        "As many as they win, less the depth, are decided.",
        instead="Progress",
    ),
    "MCPowNecessity_unfair_quality": NOBODY_WINS,
    "MCPowNecessity_quality": Necessity(
        "bound",
        "One step more led by correct miners is promised than the adversary can leave them.",
        "All decided steps but as many as the adversary has won are led by correct miners.",
        instead="ChainQuality",
    ),
    **OF_STREAMLET,
}
"""The assumptions by model."""


def weak_system(model: SpecModel) -> System[Any, Any]:
    """The implementation's system with the model's assumption dropped."""
    row = NECESSITY[model.name]
    return _system(model, {}, row.learner, row.system)


def real_system(model: SpecModel) -> System[Any, Any]:
    """The implementation's system with the real learners and the assumption kept."""
    row = NECESSITY[model.name]
    return _system(model, row.within, None, row.real_system)


def _system(
    model: SpecModel, within: Mapping[str, Value], learner: Any, kind: type[Any] | None
) -> System[Any, Any]:
    constants = read_config(model.config).constants
    options = [learner] if learner is not None else []
    made: System[Any, Any] = SYSTEMS[model.module.stem](
        {**constants, **within}, *options, **({"kind": kind} if kind else {})
    )
    return made


def table() -> str:
    """The assumptions as a table of Markdown, for docs/replay.md."""
    models = load()
    lines = [
        "| model | is violated | about | what is dropped | where it is kept |",
        "|---|---|---|---|---|",
    ]
    for name, row in NECESSITY.items():
        failing = models.find(name).failing
        lines.append(f"| {name} | `{failing}` | {row.about} | {row.dropped} | {row.kept} |")
    return "\n".join(lines) + "\n"
