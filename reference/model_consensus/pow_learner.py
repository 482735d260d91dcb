"""(1,λ) evolutionary search over proof-of-work leader election: the learner of ``PowLearning.tla``.

A block is one step of the search.  The process that wants to mine on a block evaluates its λ
tickets on that block's model, puts the ticket of least loss and its loss into the new block, and
only then searches for the nonce.  Whoever receives the block evaluates the same λ tickets and
refuses it if it says anything else: a block on a chain is an exact (1,λ) step, whoever mined it.
A learner adopts the longest chain of accepted blocks, of equally long ones the first, and decides
the models of the blocks with ``depth`` blocks on top.

The functions and fields here have the names that they have in the specification; λ is the number
of a process's tickets, ``search.draws``.  Everything is a pure function of its arguments, and a
block that is refused leaves the learner as it was.  Not in the specification: the hash itself, and
:class:`Orphans`, the bounded memory for blocks that arrive before their parents.

The algorithm is our reading of the idea of Kucharavy, Monti, Guerraoui and Dolamic (2023).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Ticket,
    least,
    own_tickets,
    tagged_digest,
)

EVERY_HASH = 1 << 256
"""The target that every hash is below: proof-of-work for nothing."""

MOST_HASHES = 1 << 32
"""No block may be expected to cost more hashes than this."""


@dataclass(frozen=True, order=True)
class Block:
    """One step of the search: an offer with a proof of work; 150 bytes or so.

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
        """Its name: SHA-256 over the digest of everything but the nonce, and the nonce."""
        sha = _hash_without_nonce(self)
        sha.update(self.nonce.to_bytes(8, "big"))
        return sha.digest()


def _hash_without_nonce(block: Block) -> "hashlib._Hash":
    """The hash of a block, to be continued by the nonce: 8 bytes, big-endian."""
    ticket = block.ticket
    header = tagged_digest(
        "model-consensus/block/1",
        block.parent,
        ticket.generation,
        ticket.proposer,
        ticket.draw,
        block.claim,
    )
    return hashlib.sha256(header)


@dataclass(frozen=True)
class Rules:
    """What all processes have agreed on.

    :ivar processes: the names of all miners.
    :ivar depth: k, how many blocks on top decide a block; at least 0.
    :ivar target: a block's hash, as an integer, is below it: a block costs 2^256 / target hashes
        on average.
    :ivar orphans: how many blocks a process keeps that arrived before their parents.
    :raises ModelConsensusError: a value is out of its range; a target that cannot be met.
    """

    processes: tuple[Process, ...]
    depth: int
    target: int = EVERY_HASH
    orphans: int = 100

    def __post_init__(self) -> None:
        if self.depth < 0:
            raise ModelConsensusError(f"depth must be at least 0, not {self.depth}")
        if not EVERY_HASH // MOST_HASHES <= self.target <= EVERY_HASH:
            raise ModelConsensusError(
                f"target must be in 2^224..2^256, so that a hash is below it: {self.target:#x}"
            )
        if self.orphans < 0:
            raise ModelConsensusError(f"orphans must be at least 0, not {self.orphans}")


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
    """What a learner says to a block; the refusals are in the order of the checks' cost."""

    ACCEPTED = "accepted"
    STRUCTURE = "its ticket or its claim is none"
    WORK = "its hash is not below the target"
    KNOWN = "it is accepted already"
    PARENT = "its parent is not accepted"
    GENERATION = "its generation does not follow its parent's"
    EVALUATION = "the evaluation of its miner's tickets gives another winner or another loss"


def new_learner(search: Search, process: Process) -> Learner:
    """A learner that knows the genesis model only."""
    genesis = search.genesis
    return Learner(process, genesis.digest, {genesis.digest: genesis}, {}, genesis.digest)


# ------------------------------------------------------------------------------ proof of work


def has_work(rules: Rules, block: Block) -> bool:
    """Whether the block's hash is below the target."""
    return int.from_bytes(block.digest, "big") < rules.target


def find_nonce(rules: Rules, block: Block, start: int = 0, *, work: bool = True) -> Block:
    """The block with the first nonce from ``start`` on that gives it work, or, if not so, none.

    :raises ModelConsensusError: a block without work is wanted and the rules ask for none.
    """
    if not work and rules.target == EVERY_HASH:
        raise ModelConsensusError("no block is without work when every hash is below the target")
    sha = _hash_without_nonce(block)
    nonce = start
    while True:
        attempt = sha.copy()
        attempt.update(nonce.to_bytes(8, "big"))
        if (int.from_bytes(attempt.digest(), "big") < rules.target) is work:
            return replace(block, nonce=nonce)
        nonce += 1


# ------------------------------------------------------------------------------------- mining


def best_ticket(search: Search, parent: Model, miner: Process) -> tuple[Ticket, int]:
    """The miner's ticket of least loss on ``parent``, and that loss: λ evaluations.

    Ties go to the least draw.
    """
    tickets = own_tickets(parent.generation + 1, miner, search.draws)
    losses = search.losses(parent, tickets)
    best = least(losses)
    return tickets[best], losses[best]


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
    """Whether its fields are in their ranges, whatever its parent is."""
    ticket = block.ticket
    return (
        ticket.proposer in rules.processes
        and 0 < ticket.generation < 1 << 64
        and 0 <= ticket.draw < search.draws
        and 0 <= block.claim < 1 << 64
        and 0 <= block.nonce < 1 << 64
    )


def is_exact(search: Search, model: Model, block: Block) -> bool:
    """Whether λ evaluations on the parent's model give the block's ticket and its claim."""
    return best_ticket(search, model, block.ticket.proposer) == (block.ticket, block.claim)


def check(search: Search, rules: Rules, learner: Learner, block: Block) -> Verdict:
    """What the learner says to the block.  Who wants it to evaluate has to find a nonce first."""
    if not has_structure(search, rules, block):
        return Verdict.STRUCTURE
    if not has_work(rules, block):
        return Verdict.WORK
    if block.digest in learner.known:
        return Verdict.KNOWN
    parent = learner.models.get(block.parent)
    if parent is None:
        return Verdict.PARENT
    if block.ticket.generation != parent.generation + 1:
        return Verdict.GENERATION
    if not is_exact(search, parent, block):
        return Verdict.EVALUATION
    return Verdict.ACCEPTED


def accept(search: Search, learner: Learner, block: Block) -> Learner:
    """The learner with a block that passed the checks; it adopts the block's chain if longer."""
    model = search.offspring(learner.models[block.parent], block.ticket)
    longer = model.generation > learner.models[learner.tip].generation
    return replace(
        learner,
        models={**learner.models, block.digest: model},
        known={**learner.known, block.digest: block},
        tip=block.digest if longer else learner.tip,
    )


def receive(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """The learner after the arrival of ``block``; the same learner if it refuses it."""
    if check(search, rules, learner, block) is not Verdict.ACCEPTED:
        return learner
    return accept(search, learner, block)


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


# ------------------------------------------------------------------------------------ orphans


@dataclass(frozen=True, slots=True)
class Orphans:
    """Blocks that arrived before their parents, the oldest first; never more than the rules allow.

    Only blocks with work are kept: to push another one out costs a proof of work.  A block that was
    pushed out has to be sent again.
    """

    blocks: tuple[Block, ...] = field(default=())

    def keep(self, rules: Rules, block: Block) -> "Orphans":
        """These and ``block``, which a learner refused for its parent."""
        if block in self.blocks or rules.orphans == 0:
            return self
        return Orphans((*self.blocks, block)[-rules.orphans :])

    def release(self, parent: Digest) -> "tuple[Orphans, tuple[Block, ...]]":
        """Those that stay, and those that were waiting for the block ``parent``."""
        waiting = tuple(block for block in self.blocks if block.parent == parent)
        if not waiting:
            return self, ()
        return Orphans(tuple(block for block in self.blocks if block.parent != parent)), waiting


def arrive(
    search: Search, rules: Rules, learner: Learner, orphans: Orphans, block: Block
) -> tuple[Learner, Orphans, tuple[Block, ...]]:
    """A block arrives: receive it and every orphan that it connects, or keep it as an orphan.

    The last result is the blocks accepted, in their order.
    """
    accepted: list[Block] = []
    arrived = [block]
    while arrived:
        block = arrived.pop(0)
        verdict = check(search, rules, learner, block)
        if verdict is Verdict.PARENT:
            orphans = orphans.keep(rules, block)
        if verdict is Verdict.ACCEPTED:
            learner = accept(search, learner, block)
            accepted.append(block)
            orphans, waiting = orphans.release(block.digest)
            arrived.extend(waiting)
    return learner, orphans, tuple(accepted)
