"""Defects over proof-of-work, and where the state graphs part because of them."""

from model_consensus.defects.pow import DEFECTS
from model_consensus.systems import bounded
from tests.support.graph_bites import OURS, THEIRS, Implementation, Instance, Shows, Specification

# One correct process and one Byzantine, of one draw each, and two blocks; a block decides.
POW = Instance("MCPowLearning_graph_tiny", {"Proc": "{p1, b1}", "Wins": "2"}, bounded.pow_learning)
INSTANCES = {"pow": POW}

IMPLEMENTATION: Implementation = {
    "pow-workless": (
        "pow",
        DEFECTS["workless"],
        Shows("Init", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "An exact block without work is accepted; its loss is revealed as by one with work.",
    ),
    "pow-reversed-order": (
        "pow",
        DEFECTS["reversed-order"],
        Shows("Init ByzantineMine ByzantinePublish", "ByzantineForge", OURS, "loss"),
        "b1 has no win left, and its block without work on its own reveals a loss of nobody's.",
    ),
    "pow-unverified": (
        "pow",
        DEFECTS["unverified"],
        Shows("Init", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "Nobody's draw, claimed to lose 0 and losing 1, is accepted, where it is refused.",
    ),
    "pow-over-claims": (
        "pow",
        DEFECTS["over-claims"],
        Shows("Init ByzantineOffer", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "b1's ticket, claimed to lose 1 and losing 0, is accepted, for nobody's draw loses 1.",
    ),
    "pow-no-floor": (
        "pow",
        DEFECTS["no-floor"],
        Shows("Init ByzantineOffer", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "b1's ticket, which truly loses 1, is accepted where nobody's draw loses 0.",
    ),
    "pow-own-floor": (
        "pow",
        DEFECTS["own-floor"],
        Shows("Init ByzantineOffer", "ByzantineForge", OURS, "blocks known.p1 tip.p1"),
        "b1's ticket is its first draw and so its own floor, and is worse than nobody's.",
    ),
    "pow-own-miner": (
        "pow",
        DEFECTS["own-miner"],
        Shows("Init ByzantineMine", "ByzantinePublish", OURS, "known.p1 tip.p1"),
        "b1 leads with the public offer, and its block is refused.",
    ),
    "pow-refuses-the-banned": (
        "pow",
        DEFECTS["refuses-the-banned"],
        Shows(
            "Init MakeOffer ByzantineOffer Catch ByzantineMine",
            "ByzantinePublish",
            OURS,
            "known.p1 offers tip.p1",
        ),
        "b1's ticket loses what the public offer loses; its block is refused, so the offers stay.",
    ),
    "pow-forkless": (
        "pow",
        DEFECTS["forkless"],
        Shows("Init MakeOffer Mine Receive ByzantineMine", "ByzantinePublish", OURS, "known.p1"),
        "b1's block stands on the genesis and p1 on its own block, so it is refused.",
    ),
    "pow-last-of-longest": (
        "pow",
        DEFECTS["last-of-longest"],
        Shows("Init MakeOffer Mine Receive ByzantineMine", "ByzantinePublish", OURS, "tip.p1"),
        "b1's block is as high as the one that p1 has adopted, and is adopted.",
    ),
    "pow-trusting": (
        "pow",
        DEFECTS["trusting"],
        Shows("Init MakeOffer ByzantineOffer", "Mine", OURS, "loss"),
        "The blend is worse than b1's false claim: p1 leads with its own ticket and bans nobody.",
    ),
    "pow-blames-all": (
        "pow",
        DEFECTS["blames-all"],
        Shows("Init MakeOffer", "Catch", OURS),
        "p1's offer is true, its blend with the public one is worse, and there nobody is banned.",
    ),
    "pow-uses-the-banned": (
        "pow",
        DEFECTS["uses-the-banned"],
        Shows("Init MakeOffer ByzantineOffer Catch", "Catch", OURS),
        "b1 is caught a second time, which changes nothing.",
    ),
}

SPECIFICATION: Specification = {
    "pow-idle": (
        "pow",
        "PowLearning.tla",
        "    /\\ work => MayWin(block.miner)\n",
        "    /\\ MayWin(block.miner)\n",
        Shows("Init ByzantineMine", "ByzantineForge", OURS),
        "b1 has no win left, and there does not even send worthless blocks.",
    ),
    "pow-unverified": (
        "pow",
        "PowLearner.tla",
        "IsVerified(exact) == exact",
        "IsVerified(exact) == TRUE",
        Shows("Init", "ByzantineForge", OURS, "loss"),
        "Where nobody's draw loses 1 every claim is accepted there, so no block is refused.",
    ),
    "pow-no-floor": (
        "pow",
        "PowLearner.tla",
        "HasFloor(above) == above",
        "HasFloor(above) == TRUE",
        Shows("Init ByzantineOffer", "ByzantineForge", THEIRS, "blocks known.p1 tip.p1"),
        "b1's ticket, which truly loses 1, is accepted where nobody's draw loses 0.",
    ),
    "pow-useless": (
        "pow",
        "PowLearner.tla",
        "o.claim < public.claim",
        "o.claim <= public.claim",
        Shows("Init MakeOffer", "Mine", OURS, "loss"),
        "p1's ticket and the public one lose the same: their blend is evaluated there.",
    ),
    "pow-blames-all": (
        "pow",
        "PowLearner.tla",
        "ELSE {o.sender : o \\in {o \\in useful : ~IsTrue(o, landscape)}}",
        "ELSE {o.sender : o \\in useful}",
        Shows("Init MakeOffer", "Mine", OURS, "blocks loss"),
        "p1's offer is true and the blend is worse: p1 leads with its own, and bans itself there.",
    ),
    "pow-last-of-equals": (
        "pow",
        "PowLearner.tla",
        "IF height > Height(@) THEN i ELSE @",
        "IF height >= Height(@) THEN i ELSE @",
        Shows("Init MakeOffer Mine Receive ByzantineMine", "ByzantinePublish", OURS, "tip.p1"),
        "The specification adopts b1's block, which is as high as p1's own.",
    ),
    "pow-asynchronous": (
        "pow",
        "PowLearning.tla",
        "MayWin(q) == HasWinsLeft(q) /\\ Synchronous",
        "MayWin(q) == HasWinsLeft(q)",
        Shows("Init MakeOffer Mine", "ByzantineMine", THEIRS),
        "b1 may win before p1's block has arrived.",
    ),
    "pow-leaked": (
        "pow",
        "PowLearning.tla",
        "    /\\ ~IsWithheld(i)\n",
        "",
        Shows("Init ByzantineMine", "Receive", THEIRS),
        "A withheld block is received as if a correct process had passed it on.",
    ),
    "pow-deeper": (
        "pow",
        "PowLearner.tla",
        "DecidedBlock(p) == Ancestor(tip[p], Depth)",
        "DecidedBlock(p) == Ancestor(tip[p], Depth + 1)",
        Shows("Init MakeOffer Mine", "Receive", OURS, "offers"),
        "The block decides a generation later there: p1's offer is still of interest.",
    ),
}
