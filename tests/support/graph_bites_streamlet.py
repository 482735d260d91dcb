"""Defects of Streamlet's nodes, and where the state graphs part because of them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from model_consensus.defects.streamlet import DEFECTS
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.messages import Chain
from model_consensus.streamlet.state import Identity, Node, Step
from model_consensus.systems import bounded
from tests.support.graph_bites import OURS, THEIRS, Implementation, Instance, Shows, Specification

# Three correct processes; epoch 1 has a Byzantine leader, epoch 2 the leader p1.
STREAMLET = Instance("MCStreamlet_graph1", {}, bounded.streamlet)
INSTANCES = {"streamlet": STREAMLET}


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


NOTARIZED = "Init Vote Vote Propose Vote"
"""p1 and another vote for the block of epoch 1, p1 proposes on it and a third vote notarizes."""

IMPLEMENTATION: Implementation = {
    "streamlet-half": (
        "streamlet",
        DEFECTS["half"],
        Shows("Init Vote", "Propose", OURS, "lock.p1 votes.p1"),
        "p1's vote and b1's notarize the block of epoch 1, and p1 proposes on it.",
    ),
    "streamlet-any-notarized": (
        "streamlet",
        DEFECTS["any-notarized"],
        Shows(f"{NOTARIZED} Deliver", "Vote", OURS),
        "Who delivers has seen two blocks, and still votes on a shorter chain; nobody else votes.",
    ),
    "streamlet-skips-the-first": (
        "streamlet",
        DEFECTS["skips-the-first"],
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

SPECIFICATION: Specification = {
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
