"""The comparison of state graphs bites: each planted defect is reported where it shows first.

A defect is planted on one side: in the implementation's learners, or in a copy of the specification
in which one piece of text is replaced.  Where the graphs must part first, and in what, was worked
out by hand from the rules of the protocol; ``why`` says how.  If both sides have an action and it
leads to different states, the implementation's is reported, and what differs in it.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model_consensus import pow_learner
from model_consensus.conformance.explore import dumped
from model_consensus.conformance.state_graph import Difference, Dump, compare
from model_consensus.defects import pow as pow_defects
from model_consensus.defects import streamlet as streamlet_defects
from model_consensus.defects import tob as tob_defects
from model_consensus.evolutionary_search import Search
from model_consensus.pow_learner import Block, Learner, Rules
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.messages import Chain
from model_consensus.streamlet.state import Identity, Node, Step
from model_consensus.systems import bounded
from model_consensus.systems.system import System
from model_consensus.tla.config import read_config
from model_consensus.tla.manifest import SpecModel, load, spec_directory

pytestmark = pytest.mark.tlc

Make = Callable[..., System[Any, Any]]


@dataclass(frozen=True)
class Instance:
    """A small model of a protocol: one of the manifest with some constants replaced.

    :ivar make: makes the system from the constants, and from a defective learner.
    """

    name: str
    constants: Mapping[str, str]
    make: Make

    def model(self, folder: Path) -> SpecModel:
        """The model; its configuration is written into ``folder``."""
        model = load().find(self.name)
        text = model.config.read_text(encoding="utf-8")
        for constant, value in self.constants.items():
            text, times = re.subn(rf"(?m)^( +{constant} =) .*$", rf"\1 {value}", text)
            assert times == 1, constant
        config = folder / model.config.name
        config.write_text(text, encoding="utf-8")
        return replace(model, config=config)

    def system(self, model: SpecModel, *defect: Any) -> System[Any, Any]:
        """The implementation's system, with the defect if one is given."""
        constants = dict(read_config(model.config).constants)
        return self.make(constants, *defect)


# One correct process and one Byzantine: all that can go wrong with one learner, in a few states.
TOB = Instance("MCTobLearning_tiny", {"Lambda": "2"}, bounded.tob_learning)
POW = Instance(
    "MCPowLearning_graph_tiny",
    {"Proc": "{p1, b1}", "Draws": "1", "Wins": "2"},
    bounded.pow_learning,
)
# Three correct processes; epoch 1 has a Byzantine leader, epoch 2 the leader p1.
STREAMLET = Instance("MCStreamlet_graph1", {}, bounded.streamlet)
# As the first, and two verified offers are blended.
BLEND = Instance("MCTobLearning_tiny", {"Lambda": "2", "Mu": "2"}, bounded.tob_learning)
INSTANCES = {"tob": TOB, "blend": BLEND, "pow": POW, "streamlet": STREAMLET}


@dataclass(frozen=True)
class Shows:
    """Where a defect shows first.

    :ivar before: the actions of a shortest path to the state where the graphs part.
    :ivar action: what only one of them has there.
    :ivar only: which.
    :ivar differing: the variables in which it differs from what the other does by that action;
        none if the other does nothing by it.
    """

    before: str
    action: str
    only: str
    differing: str = ""


def shows(found: Difference | None) -> Shows:
    """The same of a difference that was found."""
    assert found is not None
    places = sorted(re.sub(r"^state\.| is .*", "", line) for line in found.differences)
    before = " ".join(action for action, _ in found.path)
    return Shows(before, found.action, found.only, " ".join(places))


OURS, THEIRS = "implementation", "specification"

# ------------------------------------------------------------------ defects of the implementation


def last_of_equals(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    after = pow_learner.receive(search, rules, learner, block)
    if after is learner:
        return learner
    heights = [after.models[tip].generation for tip in (block.digest, after.tip)]
    return replace(after, tip=block.digest) if heights[0] == heights[1] else after


def first_chain(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    after = pow_learner.receive(search, rules, learner, block)
    if after is learner or learner.tip == learner.root:
        return after
    return replace(after, tip=learner.tip)


def suspicious(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    if block.ticket.proposer.startswith("b"):
        return learner
    return pow_learner.receive(search, rules, learner, block)


def blind(me: Identity, node: Node, packet: Chain) -> Step:
    return node, ()


def mute(me: Identity, node: Node, *block: Any) -> Step:
    return node, ()


def proposing_again(me: Identity, node: Node, *block: Any) -> Step:
    free = replace(node, durable=replace(node.durable, voted=0))
    return streamlet.propose(me, free, *block)


def without_lock(node: Node) -> Any:
    after, block = streamlet.deliver(node)
    return replace(after, durable=replace(after.durable, lock=node.durable.lock)), block


def nodes(**steps: Any) -> SimpleNamespace:
    """The functions of a Streamlet node, some of them replaced."""
    return SimpleNamespace(**{**vars(streamlet), **steps})


TWO_OFFERS = "Init Offer Order Deliver ByzantineOffer"
"""p1's offer is accepted, and b1's, which is true, is about to be delivered."""

NOTARIZED = "Init Vote Vote Propose Vote"
"""p1 and another vote for the block of epoch 1, p1 proposes on it and a third vote notarizes."""

IMPLEMENTATION: dict[str, tuple[str, Any, Shows, str]] = {
    "tob-unverified": (
        "tob",
        tob_defects.DEFECTS["unverified"],
        Shows("Init Offer Order Deliver ByzantineOffer", "Deliver", OURS, "learner.p1.evaluations"),
        "The second accepted offer completes a selection; even a true claim is not evaluated.",
    ),
    "tob-unbanned": (
        "tob",
        tob_defects.DEFECTS["unbanned"],
        Shows("Init Offer ByzantineOffer Order Deliver", "Deliver", OURS, "learner.p1.banned"),
        "A false claim is found out if it is least, so if b1's of 0 comes before p1's of 0.",
    ),
    "tob-repeated": (
        "tob",
        tob_defects.DEFECTS["repeated"],
        Shows(
            "Init ByzantineOffer Deliver ByzantineOffer",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.decided learner.p1.evaluations",
        ),
        "Two offers of b1 are two accepted offers: a selection, where one alone is none.",
    ),
    "tob-foreign": (
        "tob",
        tob_defects.DEFECTS["foreign"],
        Shows("Init ByzantineOffer", "Deliver", OURS, "learner.p1.accepted"),
        "b1 offers p1's ticket, which is accepted.",
    ),
    "tob-last-of-equals": (
        "tob",
        tob_defects.DEFECTS["last-of-equals"],
        Shows("Init Offer Order Deliver ByzantineOffer", "Deliver", OURS, "learner.p1.decided"),
        "Both claim 0, p1 first and b1 truly: b1's is decided, and all the rest is the same.",
    ),
    "tob-one-too-few": (
        "tob",
        tob_defects.DEFECTS["one-too-few"],
        Shows(
            "Init ByzantineOffer",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.decided learner.p1.evaluations",
        ),
        "One accepted offer is a selection.",
    ),
    "blend-unverified": (
        "blend",
        tob_defects.DEFECTS["blends-unverified"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations"),
        "The second of two true claims is not evaluated.",
    ),
    "blend-unevaluated": (
        "blend",
        tob_defects.DEFECTS["unevaluated-blend"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided loss"),
        "The blend is decided and its loss is not revealed.",
    ),
    "blend-no-floor": (
        "blend",
        tob_defects.DEFECTS["no-floor"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is no better than an offer, and is decided.",
    ),
    "blend-wrong-floor": (
        "blend",
        tob_defects.DEFECTS["wrong-floor"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is worse than an offer, and is decided.",
    ),
    "blend-equal-to-the-floor": (
        "blend",
        tob_defects.DEFECTS["equal-to-the-floor"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is as good as the better offer, and is decided.",
    ),
    "blend-never": (
        "blend",
        tob_defects.DEFECTS["never-blends"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend loses 0 and both offers 1, and an offer is decided.",
    ),
    "blend-one-fewer": (
        "blend",
        tob_defects.DEFECTS["blends-one-fewer"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations loss"),
        "One offer is evaluated and decided; there is no blend whose loss could be revealed.",
    ),
    "pow-workless": (
        "pow",
        pow_defects.DEFECTS["workless"],
        Shows("Init", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "An exact block without work is accepted; its loss is revealed as by one with work.",
    ),
    "pow-unverified": (
        "pow",
        pow_defects.DEFECTS["unverified"],
        Shows("Init", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "A block with work and a false claim is accepted, where it is refused and its loss known.",
    ),
    "pow-any-generation": (
        "pow",
        pow_defects.DEFECTS["any-generation"],
        Shows("Init", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "The forged block of generation 2 on the genesis is accepted.",
    ),
    "pow-last-of-equals": (
        "pow",
        last_of_equals,
        Shows("Init Mine Receive ByzantineMine", "ByzantinePublish", OURS, "tip.p1"),
        "b1's block is as high as the one that p1 has adopted, and is adopted.",
    ),
    "pow-first-chain": (
        "pow",
        first_chain,
        Shows("Init Mine Receive Mine", "Receive", OURS, "loss tip.p1"),
        "The second block is not adopted, so the first generation's loss is not left behind.",
    ),
    "pow-suspicious": (
        "pow",
        suspicious,
        Shows("Init ByzantineMine", "ByzantinePublish", OURS, "known.p1 tip.p1"),
        "A legal block of a Byzantine miner is refused.",
    ),
    "streamlet-half": (
        "streamlet",
        streamlet_defects.DEFECTS["half"],
        Shows("Init Vote", "Propose", OURS, "lock.p1 votes.p1"),
        "p1's vote and b1's notarize the block of epoch 1, and p1 proposes on it.",
    ),
    "streamlet-any-notarized": (
        "streamlet",
        streamlet_defects.DEFECTS["any-notarized"],
        Shows(f"{NOTARIZED} Deliver", "Vote", OURS),
        "Who delivers has seen two blocks, and still votes on a shorter chain; nobody else votes.",
    ),
    "streamlet-skips-the-first": (
        "streamlet",
        streamlet_defects.DEFECTS["skips-the-first"],
        Shows(NOTARIZED, "Deliver", THEIRS),
        "The one final block is not delivered.",
    ),
    "streamlet-proposing-again": (
        "streamlet",
        nodes(propose=proposing_again),
        Shows("Init Propose", "Propose", OURS),
        "p1 proposes again in its epoch.",
    ),
    "streamlet-mute": (
        "streamlet",
        nodes(propose=mute),
        Shows("Init", "Propose", THEIRS),
        "p1 leads epoch 2 and does not propose.",
    ),
    "streamlet-blind": (
        "streamlet",
        nodes(on_chain=blind),
        Shows("Init Vote Vote", "Propose", THEIRS, "lock.p1 votes.p1"),
        "p1 does not see the notarized block and can propose on the genesis block only.",
    ),
    "streamlet-without-lock": (
        "streamlet",
        nodes(deliver=without_lock),
        Shows(NOTARIZED, "Deliver", OURS, "lock.p1"),
        "p1, which voted on a chain of one block, delivers because of two and forgets it.",
    ),
}


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[SpecModel, Path]]:
    """Of each instance the model, and the folder with TLC's graph of it."""
    made = {}
    for name, instance in INSTANCES.items():
        folder = tmp_path_factory.mktemp(name)
        model = instance.model(folder)
        graph = tmp_path_factory.mktemp(f"{name}-graph")
        dumped(model, graph)
        made[name] = model, graph / "graph.dot"
    return made


@pytest.mark.parametrize("name", INSTANCES)
def test_without_a_defect_the_graphs_are_equal(
    name: str, dumps: dict[str, tuple[SpecModel, Path]]
) -> None:
    model, dot = dumps[name]
    dump = Dump(dot)
    assert compare(INSTANCES[name].system(model), dump, dump.graph()) is None


@pytest.mark.parametrize("name", IMPLEMENTATION)
def test_a_defect_of_the_implementation_shows(
    name: str, dumps: dict[str, tuple[SpecModel, Path]]
) -> None:
    instance, defect, expected, why = IMPLEMENTATION[name]
    model, dot = dumps[instance]
    dump = Dump(dot)
    found = compare(INSTANCES[instance].system(model, defect), dump, dump.graph())
    assert shows(found) == expected, why


# ------------------------------------------------------------------- defects of the specification

SPECIFICATION: dict[str, tuple[str, str, str, str, Shows, str]] = {
    "tob-repeated": (
        "tob",
        "TobLearner.tla",
        "IsLegalOffer(l, offer) /\\ IsFirst(l, offer) /\\ ~IsBanned",
        "IsLegalOffer(l, offer) /\\ ~IsBanned",
        Shows(
            "Init ByzantineOffer Deliver ByzantineOffer",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.decided learner.p1.evaluations",
        ),
        "The specification accepts b1's second offer and selects.",
    ),
    "tob-last-of-equals": (
        "tob",
        "TobLearner.tla",
        "offers[i].claim = offers[k].claim /\\ i <= k",
        "offers[i].claim = offers[k].claim /\\ i >= k",
        Shows("Init Offer Order Deliver ByzantineOffer", "Deliver", OURS, "learner.p1.decided"),
        "Of two true claims of 0 the specification takes b1's, which came second.",
    ),
    "tob-modest": (
        "tob",
        "TobLearner.tla",
        "landscape[Offered(offer)] = offer.claim",
        "landscape[Offered(offer)] >= offer.claim",
        Shows(
            "Init Offer ByzantineOffer Order Deliver",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.banned learner.p1.decided",
        ),
        "b1's claim of 0 for a loss of 1 comes first and is least: there decided, here banned.",
    ),
    "tob-uncounted": (
        "tob",
        "TobLearning.tla",
        "![p].evaluations = @ + ProposalCost]",
        "![p].evaluations = @]",
        Shows("Init", "Offer", OURS, "learner.p1.evaluations"),
        "The specification does not count a process's own draws.",
    ),
    "tob-initial": (
        "tob",
        "TobLearner.tla",
        "offered |-> 0, evaluations |-> 0]",
        "offered |-> 1, evaluations |-> 0]",
        Shows("", "Init", OURS, "learner.p1.offered"),
        "The initial states differ.",
    ),
    "tob-illegal": (
        "tob",
        "TobLearning.tla",
        "matters == /\\ IsOwnDraw(offer)\n",
        "matters == /\\ TRUE\n",
        Shows("Init", "ByzantineOffer", OURS, "loss"),
        "An illegal offer reveals a loss in the specification; the implementation reveals none.",
    ),
    "blend-no-floor": (
        "blend",
        "TobLearner.tla",
        "IF landscape[Blend(l)] < Floor(l).claim THEN",
        "IF TRUE THEN",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is no better than an offer, and the specification decides it.",
    ),
    "blend-equal-to-the-floor": (
        "blend",
        "TobLearner.tla",
        "IF landscape[Blend(l)] < Floor(l).claim THEN",
        "IF landscape[Blend(l)] <= Floor(l).claim THEN",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is as good as the better offer, and the specification decides it.",
    ),
    "blend-free": (
        "blend",
        "TobLearner.tla",
        "BlendCost == IF Mu > 1 THEN 1 ELSE 0",
        "BlendCost == 0",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations"),
        "The specification does not count the evaluation of the blend.",
    ),
    "blend-one-fewer": (
        "blend",
        "TobLearner.tla",
        "IsVerified(l) == Len(l.verified) >= Mu",
        "IsVerified(l) == Len(l.verified) >= Mu - 1",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations loss"),
        "The specification evaluates one offer and has nothing to blend it with.",
    ),
    "pow-idle": (
        "pow",
        "PowLearning.tla",
        "IN  /\\ work => MayWin(q)",
        "IN  /\\ MayWin(q)",
        Shows("Init Mine", "ByzantineForge", OURS),
        "While p1's block is on its way nobody may win, and there not even send worthless blocks.",
    ),
    "pow-unverified": (
        "pow",
        "PowLearner.tla",
        "IsVerified(exact) == exact",
        "IsVerified(exact) == TRUE",
        Shows("Init", "ByzantineForge", OURS, "loss"),
        "What is evaluated is accepted: no step reveals a loss and refuses the block.",
    ),
    "pow-last-of-equals": (
        "pow",
        "PowLearner.tla",
        "IF height > Height(@) THEN i ELSE @",
        "IF height >= Height(@) THEN i ELSE @",
        Shows("Init Mine Receive ByzantineMine", "ByzantinePublish", OURS, "tip.p1"),
        "The specification adopts b1's block, which is as high as p1's own.",
    ),
    "pow-asynchronous": (
        "pow",
        "PowLearning.tla",
        "< ByzantineWins\n    /\\ Synchronous",
        "< ByzantineWins",
        Shows("Init Mine", "ByzantineForge", THEIRS, "loss"),
        "b1 may win before p1's block has arrived: first of all a forged block, evaluated.",
    ),
    "pow-leaked": (
        "pow",
        "PowLearning.tla",
        "    /\\ Miner(i) \\in Correct \\/ IsKnown(i)\n",
        "",
        Shows("Init ByzantineMine", "Receive", THEIRS),
        "A withheld block is received as if a correct process had passed it on.",
    ),
    "pow-deeper": (
        "pow",
        "PowLearner.tla",
        "DecidedBlock(p) == Ancestor(tip[p], Depth)",
        "DecidedBlock(p) == Ancestor(tip[p], Depth + 1)",
        Shows("Init Mine Receive Mine", "Receive", OURS, "loss"),
        "The second block decides a generation later there: the first's loss is still remembered.",
    ),
    "streamlet-half": (
        "streamlet",
        "Streamlet.tla",
        "IsQuorum(n) == 3 * n >= 2 * N",
        "IsQuorum(n) == 2 * n >= N",
        Shows("Init Vote", "Propose", THEIRS, "lock.p1 votes.p1"),
        "Two votes notarize the block of epoch 1, and p1 may propose on it.",
    ),
    "streamlet-any-notarized": (
        "streamlet",
        "Streamlet.tla",
        "IsLongest(p, parent) == Len(parent) >= lock[p]",
        "IsLongest(p, parent) == TRUE",
        Shows(f"{NOTARIZED} Deliver", "Vote", THEIRS),
        "The third process, which has seen two blocks, may still vote on a shorter chain.",
    ),
    "streamlet-low-lock": (
        "streamlet",
        "Streamlet.tla",
        "![p] = Max(@, Len(b))]",
        "![p] = Max(@, Len(b) - 1)]",
        Shows(NOTARIZED, "Deliver", OURS, "lock.p1"),
        "p1, whose lock is 1, delivers because of a chain of two.",
    ),
    "streamlet-late": (
        "streamlet",
        "Streamlet.tla",
        "IsConsecutive(b) == /\\ Len(b) >= 2",
        "IsConsecutive(b) == /\\ Len(b) >= 3",
        Shows(NOTARIZED, "Deliver", OURS),
        "The genesis block and two others do not finalize there.",
    ),
    "streamlet-unproposed": (
        "streamlet",
        "Streamlet.tla",
        "/\\ LeaderOf(e) \\in Correct => Extend(",
        "/\\ LeaderOf(e) \\in {} => Extend(",
        Shows("Init", "Vote", THEIRS, "votes.p2"),
        "p2 votes in epoch 2 before p1 proposes, where it can vote in epoch 1 only.",
    ),
    "streamlet-echo": (
        "streamlet",
        "Streamlet.tla",
        "    /\\ m \\notin pool\n",
        "",
        Shows("Init Broadcast", "Broadcast", THEIRS),
        "The only message is broadcast again, which changes nothing.",
    ),
}


@pytest.mark.parametrize("name", SPECIFICATION)
def test_a_defect_of_the_specification_shows(name: str, tmp_path: Path) -> None:
    instance, module, text, instead, expected, why = SPECIFICATION[name]
    shutil.copytree(spec_directory(), tmp_path / "spec", ignore=shutil.ignore_patterns("*.cfg"))
    file = tmp_path / "spec" / module
    original = file.read_text(encoding="utf-8")
    assert original.count(text) == 1
    file.write_text(original.replace(text, instead), encoding="utf-8")
    model = INSTANCES[instance].model(tmp_path)
    (tmp_path / "graph").mkdir()
    model = replace(model, module=tmp_path / "spec" / model.module.name)
    dump, graph = dumped(model, tmp_path / "graph")
    assert shows(compare(INSTANCES[instance].system(model), dump, graph)) == expected, why
