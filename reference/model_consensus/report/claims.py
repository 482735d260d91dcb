"""What is claimed, and what shows it: the table of README.md, and the claims of the report.

A claim is *proved* by z3 (for every number of processes, generations, losses and schedules),
*checked* by TLC or by the comparison of graphs and traces (on bounded instances), or *tested*
(by Hypothesis or a seeded simulation).  Assumptions and what is out of scope are listed as well.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.manifest import Manifest, SpecModel

PROOFS, GRAPHS, TRAININGS = (
    "proofs with z3",
    "state graphs of implementation and specification",
    "digits over both protocols",
)
"""The names of the jobs that ``verify`` does after the models."""


@dataclass(frozen=True)
class Claim:
    """One claim and its evidence.

    :ivar name: as in the documentation: T for Total Order Broadcast, P for proof-of-work, S for
        Streamlet, M for model-consensus itself, C for what ties code to specification.
    :ivar models: patterns of the names of models in ``spec/manifest.json``.
    :ivar theories: those of ``model-consensus prove``.
    :ivar jobs: those of ``model-consensus verify``.
    :ivar tests: files, relative to the repository.
    :ivar note: what the evidence leaves open, in a few words.
    :ivar command: arguments of ``model-consensus`` that show it to a reader.
    """

    name: str
    statement: str
    models: tuple[str, ...] = ()
    theories: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    note: str = ""
    command: str = ""

    @property
    def sure(self) -> str:
        """Which kinds of evidence it has, in words."""
        kinds = [
            *(["proved"] if self.theories else []),
            *(["checked"] if self.models or self.jobs else []),
            *(["tested"] if self.tests else []),
        ]
        return ", ".join(kinds) + (f" ({self.note})" if self.note else "")

    def evidence(self, manifest: Manifest) -> list[SpecModel]:
        """Its models."""
        return [m for m in manifest.models if any(fnmatchcase(m.name, p) for p in self.models)]


_TOB = "tests/reference/test_tob_learner.py"
_TOB_MACHINE = "property_tests/test_tob_machine.py"
_POW_MACHINE = "property_tests/test_pow_machine.py"
_DELAYED_MACHINE = "property_tests/test_delayed_machine.py"

CLAIMS = (
    Claim(
        "M1",
        "Classical consensus is model-consensus with one generation and a constant loss: each "
        "refines the other. Without a message a process matches no more proposals than it "
        "evaluates.",
        models=("MCConsensus*", "MCModelConsensus*", "MCLocalLearning*", "MCLearningAlone*"),
        command="check MCLocalLearning_work",
    ),
    Claim(
        "T1",
        "Learning over Total Order Broadcast refines ModelConsensus, fairness included, with "
        "Agreement, Lineage, Validity and Integrity.",
        models=(
            "MCTobLearning",
            "MCTobLearning_solves",
            "MCTobHonest",
            "MCTobFrontier",
            "MCTobFrontier_[rg]*",
        ),
        theories=("tob_learning",),
        tests=(_TOB, _TOB_MACHINE),
        command="check MCTobLearning",
    ),
    Claim(
        "T2",
        "No correct process is banned; all correct processes ban the same processes in the "
        "same order, at most f of them.",
        models=("MCTobLearning", "MCTobFrontier*", "MCTobWitness_ban", "MCTobNecessity_fo*"),
        theories=("tob_learning",),
        tests=(_TOB_MACHINE,),
        command="check MCTobWitness_ban",
    ),
    Claim(
        "T3",
        "At most n - λ correct processes had a better proposal than the decided model, which is "
        "as good as draws · (λ - f) honest ones. Both bounds are tight. Who they are the adversary "
        "may choose, after it has seen the losses.",
        models=(
            "MCTobLearning",
            "MCTobFrontier_draws2",
            "MCTobFrontier_n7*",
            "MCTobElitist*",
            "MCTobNecessity_r[ah]*",
            "MCTobNecessity_no_floor",
            "MCTobNecessity_wrong_way",
            "MCTobNecessity_tolerated",
        ),
        theories=("tob_learning",),
        tests=(_TOB_MACHINE,),
        command="check MCTobNecessity_rho",
    ),
    Claim(
        "T4",
        "Under fair delivery, every correct process decides every generation iff λ <= n - f.",
        models=("MCTobLearning_live", "MCTobFrontier_live", "MCTobNecessity_lambda"),
        theories=("termination",),
        note="the proof shows if, a counterexample only if",
        command="check MCTobNecessity_lambda",
    ),
    Claim(
        "T5",
        "In G generations a correct process evaluates at most (draws + 1 + μ + 1) · G + f models; "
        "without recombination, or with μ = 1, one less a generation for each.",
        models=(
            "MCTobLearning",
            "MCTobNecessity_unbanned",
            "MCTobNecessity_mu",
            "MCTobWitness_overclaim",
        ),
        theories=("tob_learning",),
        tests=(_TOB_MACHINE,),
        command="check MCTobNecessity_unbanned",
    ),
    Claim(
        "T6",
        "The decided models are a path in a finite public tree. The adversary can be silent, "
        "order the offers, look ahead, offer another point of that tree at its true loss, or lie "
        "once for each of its processes.",
        models=("MCTobLearning", "MCTobNecessity_draws", "MCTobNecessity_stale"),
        theories=("tob_learning",),
        tests=("tests/reference/test_evolutionary_search.py", _TOB_MACHINE),
    ),
    Claim(
        "T7",
        "Each assumption of learning over Total Order Broadcast is needed, and no theorem "
        "about it is vacuous.",
        models=("MCTobNecessity*", "MCTobWitness*", "MCTobFrontier_laggard", "MCTobFrontier_full*"),
        note="by one counterexample each",
        command="check MCTobNecessity_unverified",
    ),
    Claim(
        "T8",
        "The direct and the reduced formulation have the same decided behaviours.",
        models=("MCTobLearningAgrees*", "MCTobFrontierAgrees*"),
    ),
    Claim(
        "S1",
        "Streamlet is consistent for every n > 3f; with n = 3 and f = 1 it is not.",
        models=("MCStreamlet_*", "MCStreamletWitness*"),
        theories=("streamlet",),
        tests=("tests/streamlet/test_node.py", "property_tests/test_streamlet_machine.py"),
        command="check MCStreamlet_three",
    ),
    Claim(
        "S2",
        "Streamlet refines TotalOrderBroadcast, in batches; a broadcast in batches is one message "
        "by message, and learning needs no more than that. After synchrony a waiting message is "
        "ordered.",
        models=(
            "MCStreamlet",
            "MCStreamlet_batch",
            "MCStreamlet_repeat",
            "MCStreamlet_made_up",
            "MCTotalOrderBroadcast*",
            "MCApartBroadcast*",
            "MCStreamletOneByOne",
            "MCStreamletSynchrony",
            "MCStreamletSynchrony_nothing",
            "MCTobLearning_broadcast",
        ),
        tests=("tests/simulation/test_streamlet_network.py",),
        command="check MCStreamlet",
    ),
    Claim(
        "S3",
        "Once the network is synchronous, five consecutive epochs with correct leaders "
        "finalize a block; four may not.",
        models=("MCStreamletSynchrony*",),
    ),
    Claim(
        "P1",
        "Over proof-of-work, every block that a correct process accepts is as good as the public "
        "offer, which is what one more process would offer, whoever mined it and under however "
        "many names. That of a correct miner is as good as every true offer that it had. Both hold "
        "for every delay.",
        models=("MCPowLearning*", "MCDelayedLearning*"),
        theories=("pow_learning",),
        tests=(
            "tests/reference/test_pow_check.py",
            "tests/reference/test_pow_leading.py",
            _POW_MACHINE,
        ),
        command="check MCPowLearning_byzantine_leader",
    ),
    Claim(
        "P2",
        "While no factor of the string of wins is bad, all decisions at depth k agree, for every "
        "delay Δ: of the wins of correct processes only pacers count then. Without delay, where "
        "the adversary decides ties, a bad factor also suffices for a disagreement; where what was "
        "received first stays, a condition is exact that fewer strings satisfy.",
        models=(
            "MCLongestChain*",
            "MCDelayed*",
            "MCPowLearning_settles*",
            "MCPowLearningIsDelayed*",
            "MCSettlement",
            "MCSlotGamePlays",
            "MCSlotGamePlays_[lsma]*",
            "MCSlotGameFirstStays*",
            "MCSlotGameAttack",
            "MCSlotGame",
            "MCSlotGame_[mhrdfl]*",
            "MCSlotGame_any_chain",
        ),
        theories=("slot_game", "longest_chain", "delayed_chain", "private_attack"),
        tests=(
            "tests/settlement/test_condition.py",
            "tests/settlement/test_slot_game_matches_settlement.py",
            "tests/settlement/test_pacers.py",
            _DELAYED_MACHINE,
        ),
        command="check MCSlotGamePlays",
    ),
    Claim(
        "P3",
        "Without delay, if at most a of at most T wins are the adversary's, Agreement at depth k "
        "holds iff a <= k or T <= 2k + 1. For every delay Δ the same suffices, if at most a wins "
        "are not those of pacers.",
        models=("MCSettlement", "MCSlotGame_few", "MCSlotGame_short", "MCSlotGame_threshold"),
        theories=("slot_game", "delayed_chain"),
        note="that it is tight is checked without delay",
        command="check MCSettlement",
    ),
    Claim(
        "P4",
        "With concurrent honest blocks in one slot and no delay beyond it, a recurrence says when "
        "two decisions can differ, under both conventions for what the adversary shows.",
        models=(
            "MCSettlementWithH*",
            "MCSlotGamePlays_[et]*",
            "MCSlotGameAttack_*",
            "MCSlotGame_each",
            "MCSlotGame_together",
            "MCSlotGame_aha*",
            "MCSlotGame_nobody",
        ),
        tests=("tests/settlement/test_concurrent.py",),
        note="the argument is on paper",
        command="check MCSlotGame_aha",
    ),
    Claim(
        "P5",
        "Without delay, a condition on the wins says exactly when the block of a given slot can be "
        "reverted.",
        models=("MCSlotGameTarget*",),
        tests=("tests/settlement/test_condition.py",),
        command="check MCSlotGameTarget_same",
    ),
    Claim(
        "P6",
        "The probability that a decision is reverted is computed in exact arithmetic without "
        "delay, and bounded from both sides for every delay.",
        tests=(
            "tests/settlement/test_probability.py",
            "tests/settlement/test_seen.py",
            "tests/settlement/test_delay.py",
            "tests/settlement/test_literature.py",
            "tests/settlement/test_settlement_simulation.py",
        ),
        note="against enumeration, published tables and simulated learners",
        command="settle --alpha 0.25 --epsilon 0.001",
    ),
    Claim(
        "P7",
        "Under selfish mining, chain quality follows Eyal and Sirer's closed form, and under the "
        "best strategy it is between computed bounds.",
        tests=(
            "tests/settlement/test_chain_quality.py",
            "tests/settlement/test_selfish_mining.py",
            "tests/simulation/test_pow_simulation.py",
        ),
        command="run pow --attack selfish --share 0.3",
    ),
    Claim(
        "P8",
        "Each assumption of learning over proof-of-work is needed.",
        models=("MCPowNecessity*", "MCDelayedNecessity_late*"),
        note="by one counterexample each",
        command="check MCPowNecessity_synchrony",
    ),
    Claim(
        "P9",
        "If the adversary wins a of T blocks and correct processes go on to win, every correct "
        "process decides at least T - a - k generations, and correct miners have led at least "
        "T - 2a - k of them. Neither bound can be greater.",
        models=(
            "MCLongestChain_live",
            "MCPowLearning_live",
            "MCPowNecessity_fairness",
            "MCPowNecessity_progress",
            "MCPowNecessity_*quality",
        ),
        note="on bounded instances",
        command="check MCPowNecessity_quality",
    ),
    Claim(
        "C1",
        "The implementation's state graph equals the specification's.",
        models=("MC*_tiny", "MC*_graph*"),
        jobs=(GRAPHS,),
        tests=("tests/conformance/test_graphs_bite.py",),
        note="on bounded instances",
        command="explore --all",
    ),
    Claim(
        "C2",
        "Recorded runs of the implementation are behaviours of the specification.",
        jobs=(TRAININGS,),
        tests=("tests/conformance/test_trace_check.py",),
        note="each run by itself",
        command="run tob --attack collusion",
    ),
    Claim(
        "C3",
        "TLC's counterexamples are attacks on the implementation: they succeed where the "
        "assumption is dropped, and fail where it is kept.",
        tests=("tests/conformance/test_necessity_attacks.py", "tests/conformance/test_replay.py"),
        command="replay MCTobNecessity_unverified",
    ),
    Claim(
        "C4",
        "A correct process evaluates μ + 2 models a generation besides its own draws, and the size "
        "of a message does not depend on the dimension of the model.",
        tests=(_TOB,),
        note="`python benchmarks/cost_tob.py` counts",
        command="run tob",
    ),
)

ASSUMED = (
    "The network is a Total Order Broadcast with authenticated senders. Streamlet implements one "
    "under partial synchrony if n > 3f, and NATS JetStream if its servers only crash, fewer than "
    "half of them at a time. Offers are signed over both.",
    "Over proof-of-work, the delay is at most Δ: a correct process's block reaches every correct "
    "process within Δ slots, in each of which any number of blocks are won. P1 to P6 say for which "
    "Δ they hold; P7 and P9 are without delay, where a block arrives before the next one is won. "
    "Models show that blocks must not be later.",
    "SHA-256 has no collisions, Ed25519 signatures cannot be forged, and a block names its true "
    "miner.",
    "All processes compute the same loss for the same model, so the data are the same everywhere.",
    "The tools are right: TLC, z3, Java, CPython and numpy.",
)

NOT_COVERED = (
    "The quality of the learned model, beyond the experiments.",
    "Privacy, data poisoning, and processes with different data.",
    "The Python code on inputs beyond the explored instances, the tested schedules and the checked "
    "traces: it is compared with the specifications, not proved.",
    "The liveness of Streamlet for every n, and the rule that turns a ranking into termination "
    "(docs/proofs.md).",
)


def find(name: str) -> Claim:
    """The claim of that name.

    :raises ModelConsensusError: no claim has that name.
    """
    for claim in CLAIMS:
        if claim.name == name:
            return claim
    raise ModelConsensusError(f"no claim {name}: there are {', '.join(c.name for c in CLAIMS)}")


def table() -> str:
    """The claims, for README.md."""
    lines = ["| | claim | evidence |", "|---|---|---|"]
    for claim in CLAIMS:
        link = f"[{claim.name}](docs/theorems/{claim.name}.md)"
        lines.append(f"| {link} | {claim.statement} | {claim.sure} |")
    lines += ["", "Assumptions (not established here):", ""]
    lines += [f"- A{number}: {each}" for number, each in enumerate(ASSUMED, 1)]
    lines += ["", "Out of scope:", ""]
    lines += [f"- {each}" for each in NOT_COVERED]
    return "\n".join(lines) + "\n"
