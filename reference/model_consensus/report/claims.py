"""What is claimed, and what shows it: the table of README.md, and the claims of the report.

A claim is *proved* by z3 (for every number of processes, generations, losses and schedules),
*checked* by TLC or by the comparison of graphs and traces (on bounded instances), or *tested*
(by Hypothesis or a seeded simulation).  What is assumed or not covered is listed as well.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.manifest import Manifest, Model

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
        """How sure it is, in words."""
        kinds = [
            *(["proved"] if self.theories else []),
            *(["checked"] if self.models or self.jobs else []),
            *(["tested"] if self.tests else []),
        ]
        return ", ".join(kinds) + (f" ({self.note})" if self.note else "")

    def evidence(self, manifest: Manifest) -> list[Model]:
        """Its models."""
        return [m for m in manifest.models if any(fnmatchcase(m.name, p) for p in self.models)]


_TOB = "tests/reference/test_tob_learner.py"
_TOB_MACHINE = "property_tests/test_tob_machine.py"
_POW_MACHINE = "property_tests/test_pow_machine.py"

CLAIMS = (
    Claim(
        "M1",
        "classical consensus is model-consensus with one generation and a constant loss, both ways",
        models=("MCConsensus*", "MCModelConsensus*"),
    ),
    Claim(
        "T1",
        "learning over Total Order Broadcast refines ModelConsensus: Agreement, Lineage, Integrity",
        models=("MCTobLearning", "MCTobFrontier", "MCTobFrontier_refines*", "MCTobFrontier_g*"),
        theories=("tob_learning",),
        tests=(_TOB, _TOB_MACHINE),
        command="check MCTobLearning",
    ),
    Claim(
        "T2",
        "no correct process is banned, all ban the same ones in the same order, at most f",
        models=("MCTobLearning", "MCTobFrontier*", "MCTobWitness_ban", "MCTobNecessity_foreign"),
        theories=("tob_learning",),
        tests=(_TOB_MACHINE,),
        command="check MCTobWitness_ban",
    ),
    Claim(
        "T3",
        "Resilience(draws · (λ - f)), tight: one honest offspring more fails",
        models=("MCTobLearning", "MCTobFrontier_draws2", "MCTobFrontier_n7*", "MCTobNecessity_rho"),
        theories=("tob_learning",),
        tests=(_TOB_MACHINE,),
        command="check MCTobNecessity_rho",
    ),
    Claim(
        "T4",
        "Termination iff λ <= n - f, under fair delivery",
        models=("MCTobLearning_live", "MCTobFrontier_live", "MCTobNecessity_lambda"),
        theories=("termination",),
        note="proved: if; the counterexample: only if",
        command="check MCTobNecessity_lambda",
    ),
    Claim(
        "T5",
        "at most draws · G + G + f evaluations in G generations",
        models=("MCTobLearning", "MCTobNecessity_unbanned", "MCTobWitness_overclaim"),
        theories=("tob_learning",),
        tests=(_TOB_MACHINE,),
        command="check MCTobNecessity_unbanned",
    ),
    Claim(
        "T6",
        "the decided models are a path in the public tree of offspring: the adversary can withhold "
        "and lie, nothing else",
        models=("MCTobLearning", "MCTobNecessity_draws", "MCTobNecessity_stale"),
        theories=("tob_learning",),
        tests=("tests/reference/test_evolutionary_search.py", _TOB_MACHINE),
    ),
    Claim(
        "T7",
        "each assumption of learning over Total Order Broadcast is needed, and nothing is vacuous",
        models=("MCTobNecessity*", "MCTobWitness*", "MCTobFrontier_laggard", "MCTobFrontier_full*"),
        note="one counterexample each",
        command="check MCTobNecessity_unverified",
    ),
    Claim(
        "T8",
        "the direct and the reduced formulation have the same decided behaviours",
        models=("MCTobLearningAgrees*", "MCTobFrontierAgrees*"),
    ),
    Claim(
        "S1",
        "Streamlet is consistent for every n > 3f; with n = 3, f = 1 it is not",
        models=("MCStreamlet_*", "MCStreamletWitness*"),
        theories=("streamlet",),
        tests=("tests/streamlet/test_node.py", "property_tests/test_streamlet_machine.py"),
        command="check MCStreamlet_three",
    ),
    Claim(
        "S2",
        "Streamlet refines TotalOrderBroadcast, and TobLearning uses it as such",
        models=(
            "MCStreamlet",
            "MCStreamlet_batch",
            "MCStreamlet_repeat",
            "MCStreamlet_made_up",
            "MCTotalOrderBroadcast*",
            "MCTobLearning_broadcast",
        ),
        tests=("tests/simulation/test_streamlet_network.py",),
        command="check MCStreamlet",
    ),
    Claim(
        "S3",
        "after synchrony returns, five epochs with correct leaders finalize a block; four may not",
        models=("MCStreamletSynchrony*",),
    ),
    Claim(
        "P1",
        "proof-of-work: every accepted block is an exact (1,λ) step, a Byzantine miner's too",
        models=("MCPowLearning*",),
        theories=("pow_learning",),
        tests=("tests/reference/test_pow_learner.py", _POW_MACHINE),
        command="check MCPowLearning_byzantine_leader",
    ),
    Claim(
        "P2",
        "two decisions at depth k can differ iff some factor of the wins is bad, on {h, A}",
        models=(
            "MCLongestChain*",
            "MCSettlement",
            "MCSlotGamePlays",
            "MCSlotGamePlays_[lsma]*",
            "MCSlotGamePlays_first",
            "MCSlotGameAttack",
            "MCSlotGame",
            "MCSlotGame_[mhrdf]*",
            "MCSlotGame_any_chain",
        ),
        theories=("slot_game", "longest_chain", "private_attack"),
        tests=(
            "tests/settlement/test_condition.py",
            "tests/settlement/test_slot_game_matches_settlement.py",
        ),
        command="check MCSlotGamePlays",
    ),
    Claim(
        "P3",
        "thresholds: agreement holds iff a <= k or T <= 2k + 1",
        models=("MCSettlement", "MCSlotGame_few", "MCSlotGame_short", "MCSlotGame_threshold"),
        theories=("slot_game",),
        command="check MCSettlement",
    ),
    Claim(
        "P4",
        "the recurrence with concurrent honest blocks (H), for both conventions",
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
        note="on paper: docs/settlement.md",
        command="check MCSlotGame_aha",
    ),
    Claim(
        "P5",
        "when the block of a given slot can be reverted",
        models=("MCSlotGameTarget*",),
        tests=("tests/settlement/test_condition.py",),
        command="check MCSlotGameTarget_same",
    ),
    Claim(
        "P6",
        "probabilities of a reversal, in exact arithmetic",
        tests=(
            "tests/settlement/test_probability.py",
            "tests/settlement/test_literature.py",
            "tests/settlement/test_settlement_simulation.py",
        ),
        note="against enumeration, print and the real learners",
        command="settle --alpha 0.25 --epsilon 0.001",
    ),
    Claim(
        "P7",
        "chain quality under selfish mining follows Eyal and Sirer's closed form",
        tests=("tests/settlement/test_chain_quality.py",),
        command="run pow --attack selfish --share 0.3",
    ),
    Claim(
        "P8",
        "each assumption of learning over proof-of-work is needed",
        models=("MCPowNecessity*",),
        note="one counterexample each",
        command="check MCPowNecessity_synchrony",
    ),
    Claim(
        "C1",
        "the implementation's state graph equals the specification's",
        models=("MC*_tiny", "MC*_graph*"),
        jobs=(GRAPHS,),
        tests=("tests/conformance/test_graphs_bite.py",),
        note="on bounded instances",
        command="explore --all",
    ),
    Claim(
        "C2",
        "recorded runs are behaviours of the specification",
        jobs=(TRAININGS,),
        tests=("tests/conformance/test_trace_check.py",),
        note="each run",
        command="run tob --attack collusion",
    ),
    Claim(
        "C3",
        "TLC's counterexamples are attacks: they succeed on the implementation without the "
        "assumption, and fail with it",
        tests=("tests/conformance/test_necessity_attacks.py", "tests/conformance/test_replay.py"),
        command="replay MCTobNecessity_unverified",
    ),
    Claim(
        "C4",
        "about one evaluation a generation besides the own draws, and messages of constant size",
        tests=(_TOB,),
        note="counted: `python benchmarks/cost_tob.py`",
        command="run tob",
    ),
)

ASSUMED = (
    "Total Order Broadcast, authenticated senders; Streamlet implements it under partial synchrony "
    "and n > 3f",
    "no delay between wins (proof-of-work); its need is checked",
    "SHA-256 has no collisions, Ed25519 signatures are not forged; a block names its true miner",
    "all processes compute the same loss for the same model: the data are the same everywhere",
    "the tools: TLC, z3, Java, CPython, numpy",
)

NOT_COVERED = (
    "the quality of the learned model beyond the experiments",
    "privacy, data poisoning, differing data at the processes",
    "the Python code on inputs beyond the explored instances, the tested schedules and the checked "
    "traces: it is compared, not proved",
    "liveness of Streamlet for every n; the rule from a ranking to termination (docs/proofs.md)",
)


def find(name: str) -> Claim:
    """The claim of that name.

    :raises ModelConsensusError: there is none.
    """
    for claim in CLAIMS:
        if claim.name == name:
            return claim
    raise ModelConsensusError(f"no claim {name}: there are {', '.join(c.name for c in CLAIMS)}")


def table() -> str:
    """The claims, for README.md."""
    lines = ["| | claim | how sure | see it |", "|---|---|---|---|"]
    for claim in CLAIMS:
        command = f"`{claim.command}`" if claim.command else ""
        lines.append(f"| {claim.name} | {claim.statement} | {claim.sure} | {command} |")
    lines += ["", "Assumed, and shown by nothing here:", ""]
    lines += [f"- A{number}: {each}." for number, each in enumerate(ASSUMED, 1)]
    lines += ["", "Not shown:", ""]
    lines += [f"- {each}." for each in NOT_COVERED]
    return "\n".join(lines) + "\n"
