"""Evolutionary search over proof-of-work leader election: ``PowLearner.tla``.

A block is one step of the search.  Between two blocks the processes send each other offers: their
best tickets, with claims to the losses.  Nobody makes an offer, too: everybody evaluates the draws
of nobody, and what is best of them is the public offer.  Who mines a block leads its generation: it
blends the public offer and those that it has, evaluates the step, and only then searches for the
nonce.  Who receives the block evaluates the step, too: it has to be as good as the public offer.
This floor holds for every block, whoever mined it and under however many names.  A learner adopts
the longest chain of accepted blocks, of equally long ones the first, and decides the models of the
blocks with ``depth`` blocks on top.

The rule of this file: everything is a pure function of its arguments, and nothing outside changes a
learner.  A block that is refused leaves the learner as it was; one that arrives before its parent
is refused, and has to be received again.  Functions and fields have the names that they have in the
specification.  A host that keeps the losses that it has found evaluates no model twice.

The algorithm is our reading of the idea of Kucharavy, Monti, Guerraoui and Dolamic (2023).
"""

import hashlib
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import count

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Step,
    best_ticket,
    is_legal_step,
    is_own_ticket,
    offspring_digest,
    tagged_digest,
)
from model_consensus.tob_learner import Offer, least_claim, offered

NOBODY = ""
"""Whose offer is public."""

EVERY_HASH = 1 << 256
"""Every hash is below this target, so work is free."""

LONGEST_NAME = 64
"""The characters, all ASCII, that a name in a block has at most."""


@dataclass(frozen=True)
class Block:
    """One step of the search with a proof of work: about 100 bytes, and 50 for each ticket.

    :ivar parent: the digest of the block that it extends, or of the genesis model.
    :ivar miner: who mined it; no check looks at whose name this is.
    :ivar step: the step of the next model; its tickets' generation is the block's height.
    :ivar claim: the loss of that model.
    :ivar nonce: what makes the hash small; 0..2^64-1.
    """

    parent: Digest
    miner: Process
    step: Step
    claim: int
    nonce: int = 0

    @cached_property
    def content(self) -> Digest:
        """The digest of all fields but the nonce."""
        step = offspring_digest(self.parent, self.step)
        return tagged_digest("model-consensus/block/3", step, self.miner, self.claim)

    @cached_property
    def digest(self) -> Digest:
        """The block's name, by which its work is measured."""
        return _sealed(self.content, self.nonce)


def _sealed(content: Digest, nonce: int) -> Digest:
    """SHA-256 over the content and then the nonce, 8 bytes, big-endian."""
    return hashlib.sha256(content + nonce.to_bytes(8, "big")).digest()


@dataclass(frozen=True)
class Rules:
    """What all processes have agreed on.

    :ivar processes: the names of all processes, each of at most ``LONGEST_NAME`` ASCII characters;
        a step has at most one ticket more than there are.
    :ivar depth: k, how many blocks on top decide a block; at least 0.
    :ivar target: a block's hash, as an integer, is below it, so a block costs 2^256 / target hashes
        on average; 2^224 to 2^256.
    :raises ModelConsensusError: a number is out of its range.
    """

    processes: tuple[Process, ...]
    depth: int
    target: int = EVERY_HASH

    def __post_init__(self) -> None:
        if self.depth < 0:
            raise ModelConsensusError(f"depth must be at least 0, not {self.depth}")
        if not 1 << 224 <= self.target <= EVERY_HASH:
            raise ModelConsensusError(f"target must be in 2^224..2^256, not {self.target:#x}")


@dataclass(frozen=True, slots=True)
class Learner:
    """The state of one process's learner: with these fields it goes on after a restart.

    :ivar process: whose learner this is.
    :ivar root: the digest of the genesis model, the parent of the first blocks.
    :ivar models: the models of the blocks that it can still revert, by block, and the genesis.
    :ivar known: the accepted blocks, by digest, in the order of their arrival.
    :ivar tip: the last block of the chain that it has adopted.
    :ivar banned: whose offers it does not use any more.
    """

    process: Process
    root: Digest
    models: Mapping[Digest, Model]
    known: ChainMap[Digest, Block]
    tip: Digest
    banned: frozenset[Process] = frozenset()


class Verdict(StrEnum):
    """A learner's answer to a block: the first check that fails, in the order of their cost."""

    ACCEPTED = "accepted"
    STRUCTURE = "its step has too many tickets, or a field is out of range"
    WORK = "its hash is not below the target"
    KNOWN = "it is accepted already"
    PARENT = "its parent is not accepted"
    STEP = "its step is not legal on its parent"
    EVALUATION = "its claim is not the loss of its model"
    FLOOR = "the public offer is better than its model"


def new_learner(search: Search, process: Process) -> Learner:
    """A learner that knows the genesis model only."""
    genesis = search.genesis
    return Learner(process, genesis.digest, {genesis.digest: genesis}, ChainMap(), genesis.digest)


def model_of_tip(learner: Learner) -> Model:
    """The model that the chain which it has adopted leads to."""
    return learner.models[learner.tip]


def model_of(search: Search, learner: Learner, block: Digest) -> Model:
    """The model of an accepted block, or of the root; one that is not kept is drawn again."""
    steps = []
    while block not in learner.models:
        steps.append(learner.known[block].step)
        block = learner.known[block].parent
    model = learner.models[block]
    for step in reversed(steps):
        model = search.offspring(model, step)
    return model


def has_work(rules: Rules, block: Block) -> bool:
    """Whether the block's hash is below the target."""
    return int.from_bytes(block.digest, "big") < rules.target


def find_nonce(rules: Rules, block: Block, start: int = 0) -> Block:
    """The block with the first nonce from ``start`` on that gives it work."""
    return replace(block, nonce=next(working_nonces(rules, block, count(start))))


def working_nonces(rules: Rules, block: Block, nonces: Iterable[int]) -> Iterator[int]:
    """Those of the nonces that give the block work, one after the other."""
    return (n for n in nonces if int.from_bytes(_sealed(block.content, n), "big") < rules.target)


# ------------------------------------------------------------------------ checking, the floor


def public_offer(search: Search, parent: Model) -> Offer:
    """The offer of nobody on ``parent``, whose claim is the floor: what a process would offer that
    has its draws.  It costs ``proposal_cost(search)`` evaluations."""
    ticket, loss = best_ticket(search, parent, NOBODY)
    return Offer(NOBODY, parent.digest, ticket, loss)


def has_structure(rules: Rules, block: Block) -> bool:
    """Whether each field of ``block`` is in its range; its parent is not looked at."""
    names = [block.miner, *(ticket.proposer for ticket in block.step)]
    weights = [weight for ticket in block.step for weight in ticket.weights]
    numbers = [block.claim, block.nonce, *(ticket.generation for ticket in block.step)]
    return (
        0 < len(block.step) <= len(rules.processes) + 1
        and all(name.isascii() and len(name) <= LONGEST_NAME for name in names)
        and all(-1 << 63 <= weight < 1 << 63 for weight in weights)
        and all(0 <= number < 1 << 64 for number in numbers)
    )


def is_own_step(search: Search, parent: Model, block: Block) -> bool:
    """Whether its step is legal on ``parent``, whosever tickets these are."""
    return is_legal_step(search, parent.generation + 1, block.step)


def is_exact(search: Search, parent: Model, block: Block) -> bool:
    """Whether its claim is the loss of its model: one evaluation."""
    return search.losses(parent, [block.step]) == [block.claim]


def is_above_floor(search: Search, parent: Model, block: Block) -> bool:
    """Whether its claim is as good as the public offer's."""
    return block.claim <= public_offer(search, parent).claim


def check(search: Search, rules: Rules, learner: Learner, block: Block) -> Verdict:
    """The learner's verdict on a block.

    Evaluation comes last, so whoever wants others to evaluate has to do the work.
    """
    if not has_structure(rules, block):
        return Verdict.STRUCTURE
    if not has_work(rules, block):
        return Verdict.WORK
    if block.digest in learner.known:
        return Verdict.KNOWN
    if block.parent not in learner.models and block.parent not in learner.known:
        return Verdict.PARENT
    parent = model_of(search, learner, block.parent)
    if not is_own_step(search, parent, block):
        return Verdict.STEP
    if not is_exact(search, parent, block):
        return Verdict.EVALUATION
    if not is_above_floor(search, parent, block):
        return Verdict.FLOOR
    return Verdict.ACCEPTED


def adopt(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """The learner that has accepted ``block``, and adopts its chain if it is longer."""
    model = search.offspring(model_of(search, learner, block.parent), block.step)
    highest = model_of_tip(learner).generation
    least = highest - rules.depth
    kept = {d: m for d, m in learner.models.items() if m.generation >= least or d == learner.root}
    # Tables, each larger than the one before it: most are those of the learner before.
    new, tables = {block.digest: block}, learner.known.maps
    while tables and len(tables[0]) <= len(new):
        new, tables = {**tables[0], **new}, tables[1:]
    return replace(
        learner,
        models={**kept, block.digest: model},
        known=ChainMap(new, *tables),
        tip=block.digest if model.generation > highest else learner.tip,
    )


def receive(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """The learner after the arrival of ``block``; the same learner if it refuses it."""
    accepted = check(search, rules, learner, block) is Verdict.ACCEPTED
    return adopt(search, rules, learner, block) if accepted else learner


def decided_block(rules: Rules, learner: Learner) -> Digest:
    """The last block that it has decided; the root if there is none."""
    block = learner.tip
    for _ in range(rules.depth):
        block = block if block == learner.root else learner.known[block].parent
    return block


def chain(learner: Learner, last: Digest | None = None) -> tuple[Digest, ...]:
    """The blocks from the first to ``last``, or to the tip of the chain that it has adopted."""
    digests = [last or learner.tip]
    while digests[-1] != learner.root:
        digests.append(learner.known[digests[-1]].parent)
    return tuple(reversed(digests[:-1]))


def decided(rules: Rules, learner: Learner) -> tuple[Digest, ...]:
    """The digests of the models decided, from the genesis model on."""
    digests = [learner.root]
    for block in chain(learner, decided_block(rules, learner)):
        digests.append(offspring_digest(digests[-1], learner.known[block].step))
    return tuple(digests)


# ------------------------------------------------------------------------------------ leading


def make_offer(search: Search, learner: Learner) -> Offer:
    """The learner's best ticket on the model of its tip: ``proposal_cost(search)`` evaluations."""
    model = model_of_tip(learner)
    ticket, loss = best_ticket(search, model, learner.process)
    return Offer(learner.process, model.digest, ticket, loss)


def keep(rules: Rules, offers: Mapping[Process, Offer], offer: Offer) -> Mapping[Process, Offer]:
    """The offers that a process keeps, of each process the last: a flood takes no more memory."""
    return {**offers, offer.sender: offer} if offer.sender in rules.processes else offers


def useful(search: Search, learner: Learner, offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """The offers that the learner may use: the public one first, and those that are better.

    The latter are their senders' own on the model of the tip, and the learner has not caught their
    senders lying.
    """
    model = model_of_tip(learner)
    public = public_offer(search, model)
    better = (
        offer
        for offer in offers
        if offer.parent == model.digest
        and is_own_ticket(search, offer.ticket, model.generation + 1, offer.sender)
        and offer.sender not in learner.banned
        and offer.claim < public.claim
    )
    return public, *better


def blend(chosen: Sequence[Offer]) -> Step:
    """The step that these offers make together."""
    return frozenset(offer.ticket for offer in chosen)


def blend_is_as_good(search: Search, learner: Learner, chosen: Sequence[Offer]) -> bool:
    """Whether the blend is as good as each of the offers is said to be: one evaluation.

    Then nobody need know which of them are true.
    """
    return search.losses(model_of_tip(learner), [blend(chosen)])[0] <= least_claim(chosen).claim


def is_true(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether the claim is the loss of the offered model: one evaluation."""
    return search.losses(model_of_tip(learner), [offered(offer)]) == [offer.claim]


def catch(search: Search, learner: Learner, chosen: Sequence[Offer]) -> Learner:
    """The learner that has evaluated the useful offers, if need be, and bans those who lied."""
    if blend_is_as_good(search, learner, chosen):
        return learner
    liars = [offer.sender for offer in chosen if not is_true(search, learner, offer)]
    return replace(learner, banned=learner.banned.union(liars)) if liars else learner


def best_step(search: Search, learner: Learner, chosen: Sequence[Offer]) -> Step:
    """The step to lead with, if none of the :func:`useful` offers is false: their blend if it is as
    good as each, else the best of them; of offers with equal claims, the first."""
    as_good = blend_is_as_good(search, learner, chosen)
    return blend(chosen) if as_good else offered(least_claim(chosen))


def block_on(search: Search, parent: Digest, model: Model, miner: Process, step: Step) -> Block:
    """The block of ``miner`` with ``step`` on the block ``parent``, of this model; no nonce yet."""
    (loss,) = search.losses(model, [step])
    return Block(parent, miner, step, loss)


def mine(
    search: Search, rules: Rules, learner: Learner, offers: Sequence[Offer], start: int = 0
) -> Block:
    """The learner's block on the chain that it has adopted, after :func:`catch`.

    ``start`` is the first nonce to be tried: it makes two blocks of one content differ.
    """
    step = best_step(search, learner, useful(search, learner, offers))
    block = block_on(search, learner.tip, model_of_tip(learner), learner.process, step)
    return find_nonce(rules, block, start)
