"""Evolutionary search over proof-of-work leader election: ``PowLearner.tla``.

A block is one step of the search.  The process that wants to mine on a block evaluates its λ draws
on that block's model, and their recombination if there is one, puts the best ticket and its loss
into the new block, and only then searches for the nonce.  Whoever receives the block evaluates the
same and refuses it if it says anything else: a block on a chain is its miner's best, whoever mined
it.
A learner adopts the longest chain of accepted blocks, of equally long ones the first, and decides
the models of the blocks with ``depth`` blocks on top.

The rule of this file: everything is a pure function of its arguments, and nothing outside changes a
learner.  A block that is refused leaves the learner as it was; one that arrives before its parent
is refused, and has to be received again.  Functions and fields have the names that they have in the
specification, where the hash is the verdict ``work``; λ is the number of a process's draws,
``search.draws``.  docs/side-by-side.md shows both texts in two columns.

The algorithm is our reading of the idea of Kucharavy, Monti, Guerraoui and Dolamic (2023).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Ticket,
    best_ticket,
    is_legal,
    is_own_ticket,
    offspring_digest,
    tagged_digest,
)

EVERY_HASH = 1 << 256
"""Every hash is below this target, so work is free."""

MOST_HASHES = 1 << 32
"""No block may be expected to cost more hashes than this."""


@dataclass(frozen=True, order=True)
class Block:
    """One step of the search: an offer with a proof of work, about 150 bytes.

    :ivar parent: the digest of the block that it extends, or of the genesis model.
    :ivar ticket: the ticket of the next model; its generation is the block's height, its proposer
        the miner.
    :ivar claim: the loss of that model.
    :ivar nonce: what makes the hash small; 0..2^64-1.
    """

    parent: Digest
    ticket: Ticket
    claim: int
    nonce: int = 0

    @cached_property
    def digest(self) -> Digest:
        """The block's name: SHA-256 over the digest of its other fields, then the nonce."""
        sha = _hash_without_nonce(self)
        sha.update(self.nonce.to_bytes(8, "big"))
        return sha.digest()


def _hash_without_nonce(block: Block) -> "hashlib._Hash":
    """The hash of a block's other fields; the nonce, 8 bytes, big-endian, has to follow."""
    step = offspring_digest(block.parent, frozenset([block.ticket]))
    return hashlib.sha256(tagged_digest("model-consensus/block/2", step, block.claim))


@dataclass(frozen=True)
class Rules:
    """What all processes have agreed on.

    :ivar processes: the names of all miners.
    :ivar depth: k, how many blocks on top decide a block; at least 0.
    :ivar target: a block's hash, as an integer, is below it: a block costs 2^256 / target hashes
        on average.
    :raises ModelConsensusError: ``depth`` is negative, or ``target`` is not in 2^224..2^256.
    """

    processes: tuple[Process, ...]
    depth: int
    target: int = EVERY_HASH

    def __post_init__(self) -> None:
        if self.depth < 0:
            raise ModelConsensusError(f"depth must be at least 0, not {self.depth}")
        if not EVERY_HASH // MOST_HASHES <= self.target <= EVERY_HASH:
            raise ModelConsensusError(f"target must be in 2^224..2^256, not {self.target:#x}")


@dataclass(frozen=True, slots=True)
class Learner:
    """The state of one process's learner.

    :ivar process: whose learner this is.
    :ivar root: the digest of the genesis model, the parent of the first blocks.
    :ivar models: the model that each accepted block leads to, and the genesis model.
    :ivar known: the accepted blocks, by digest, in the order of their arrival.
    :ivar tip: the last block of the chain that it has adopted.
    """

    process: Process
    root: Digest
    models: Mapping[Digest, Model]
    known: Mapping[Digest, Block]
    tip: Digest


class Verdict(StrEnum):
    """A learner's answer to a block: the first check that fails, in the order of their cost."""

    ACCEPTED = "accepted"
    STRUCTURE = "a field of its ticket, its claim or its nonce is out of range"
    WORK = "its hash is not below the target"
    KNOWN = "it is accepted already"
    PARENT = "its parent is not accepted"
    GENERATION = "its generation does not follow its parent's"
    EVALUATION = "the evaluation of its miner's draws gives another winner or another loss"


def new_learner(search: Search, process: Process) -> Learner:
    """A learner that knows the genesis model only."""
    genesis = search.genesis
    return Learner(process, genesis.digest, {genesis.digest: genesis}, {}, genesis.digest)


# ------------------------------------------------------------------------------ proof of work


def has_work(rules: Rules, block: Block) -> bool:
    """Whether the block's hash is below the target."""
    return int.from_bytes(block.digest, "big") < rules.target


def find_nonce(rules: Rules, block: Block, start: int = 0, *, work: bool = True) -> Block:
    """The block with the first nonce from ``start`` on that gives it work.

    With ``work=False``, the first nonce that does not.

    :raises ModelConsensusError: ``work`` is False, and every hash is below the target.
    """
    if not work and rules.target == EVERY_HASH:
        raise ModelConsensusError("every hash is below the target: no block is without work")
    sha = _hash_without_nonce(block)
    nonce = start
    while True:
        attempt = sha.copy()
        attempt.update(nonce.to_bytes(8, "big"))
        if (int.from_bytes(attempt.digest(), "big") < rules.target) is work:
            return replace(block, nonce=nonce)
        nonce += 1


# ------------------------------------------------------------------------------------- mining


def extend(
    search: Search, rules: Rules, parent: Digest, model: Model, miner: Process, start: int = 0
) -> Block:
    """The block that ``miner`` can mine on the block ``parent``, which leads to ``model``.

    ``start`` is the first nonce to be tried: it makes two blocks of one content differ.
    """
    ticket, loss = best_ticket(search, model, miner)
    return find_nonce(rules, Block(parent, ticket, loss), start)


def mine(search: Search, rules: Rules, learner: Learner, start: int = 0) -> Block:
    """The learner's own block on the chain that it has adopted."""
    model = learner.models[learner.tip]
    return extend(search, rules, learner.tip, model, learner.process, start)


# ----------------------------------------------------------------------------------- checking


def has_structure(search: Search, rules: Rules, block: Block) -> bool:
    """Whether each field of ``block`` is in its range; its parent is not looked at."""
    ticket = block.ticket
    return (
        ticket.proposer in rules.processes
        and 0 < ticket.generation < 1 << 64
        and is_legal(search, ticket.weights)
        and 0 <= block.claim < 1 << 64
        and 0 <= block.nonce < 1 << 64
    )


def is_own_draw(search: Search, parent: Model, block: Block) -> bool:
    """Whether the ticket is one that its miner may draw on ``parent``."""
    return is_own_ticket(search, block.ticket, parent.generation + 1, block.ticket.proposer)


def is_exact(search: Search, parent: Model, block: Block) -> bool:
    """Whether the miner's evaluations on ``parent`` give the block's ticket and its claim."""
    return best_ticket(search, parent, block.ticket.proposer) == (block.ticket, block.claim)


def check(search: Search, rules: Rules, learner: Learner, block: Block) -> Verdict:
    """The learner's verdict on a block.

    Evaluation comes last, so whoever wants others to evaluate has to do the work.
    """
    if not has_structure(search, rules, block):
        return Verdict.STRUCTURE
    if not has_work(rules, block):
        return Verdict.WORK
    if block.digest in learner.known:
        return Verdict.KNOWN
    parent = learner.models.get(block.parent)
    if parent is None:
        return Verdict.PARENT
    if not is_own_draw(search, parent, block):
        return Verdict.GENERATION
    if not is_exact(search, parent, block):
        return Verdict.EVALUATION
    return Verdict.ACCEPTED


def adopt(search: Search, learner: Learner, block: Block) -> Learner:
    """The learner that has accepted ``block``, and adopts its chain if it is longer."""
    model = search.offspring(learner.models[block.parent], frozenset([block.ticket]))
    longer = model.generation > learner.models[learner.tip].generation
    return replace(
        learner,
        models={**learner.models, block.digest: model},
        known={**learner.known, block.digest: block},
        tip=block.digest if longer else learner.tip,
    )


def receive(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """The learner after the arrival of ``block``; the same learner if it refuses it."""
    accepted = check(search, rules, learner, block) is Verdict.ACCEPTED
    return adopt(search, learner, block) if accepted else learner


def chain(learner: Learner) -> tuple[Digest, ...]:
    """The blocks of the chain that the learner has adopted, from the first to the tip."""
    digests = []
    digest = learner.tip
    while digest != learner.root:
        digests.append(digest)
        digest = learner.known[digest].parent
    return tuple(reversed(digests))


def decided(rules: Rules, learner: Learner) -> tuple[Digest, ...]:
    """The digests of the models decided, from the genesis model on."""
    blocks = chain(learner)
    settled = blocks[: max(0, len(blocks) - rules.depth)]
    return (learner.root, *(learner.models[digest].digest for digest in settled))
