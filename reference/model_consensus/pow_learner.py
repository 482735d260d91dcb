"""Evolutionary search over proof-of-work leader election: ``PowLearner.tla``.

A block is one step of the search.  Between two blocks the processes send each other offers: their
best tickets, with claims to the losses.  Who mines a block leads its generation: it blends the
offers that it has, evaluates the step, and only then searches for the nonce.  Who receives the
block evaluates the step, too, and λ0 public probes, draws of nobody: the step has to be as good as
each of them.  This floor holds for every block, whoever mined it and under however many names.
A learner adopts the longest chain of accepted blocks, of equally long ones the first, and decides
the models of the blocks with ``depth`` blocks on top.

The rule of this file: everything is a pure function of its arguments, and nothing outside changes a
learner.  A block that is refused leaves the learner as it was; one that arrives before its parent
is refused, and has to be received again.  Functions and fields have the names that they have in the
specification, where the hash is the verdict ``work``.  docs/side-by-side.md shows both texts in two
columns.  A host that keeps the losses that it has found evaluates no model twice.

The algorithm is our reading of the idea of Kucharavy, Monti, Guerraoui and Dolamic (2023).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Step,
    all_drawn,
    best_ticket,
    is_legal_step,
    is_own_ticket,
    least,
    offspring_digest,
    tagged_digest,
)
from model_consensus.tob_learner import Offer, least_claim, offered

NOBODY = ""
"""Whose draws the probes are."""

EVERY_HASH = 1 << 256
"""Every hash is below this target, so work is free."""

MOST_HASHES = 1 << 32
"""No block may be expected to cost more hashes than this."""

LONGEST_NAME = 64
"""The bytes that a name in a block has at most."""


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
    def digest(self) -> Digest:
        """The block's name: SHA-256 over the digest of its other fields, then the nonce."""
        sha = _hash_without_nonce(self)
        sha.update(self.nonce.to_bytes(8, "big"))
        return sha.digest()


def _hash_without_nonce(block: Block) -> "hashlib._Hash":
    """The hash of a block's other fields; the nonce, 8 bytes, big-endian, has to follow."""
    step = offspring_digest(block.parent, block.step)
    fields = tagged_digest("model-consensus/block/3", step, block.miner, block.claim)
    return hashlib.sha256(fields)


@dataclass(frozen=True)
class Rules:
    """What all processes have agreed on.

    :ivar processes: the names of all processes; a step has no more tickets than there are.
    :ivar depth: k, how many blocks on top decide a block; at least 0.
    :ivar probes: λ0, how many probes make the floor; at least 1, at most a process's draws.
    :ivar target: a block's hash, as an integer, is below it: a block costs 2^256 / target hashes
        on average.
    :raises ModelConsensusError: a number is out of its range.
    """

    processes: tuple[Process, ...]
    depth: int
    probes: int = 1
    target: int = EVERY_HASH

    def __post_init__(self) -> None:
        for name, value, lowest in (("depth", self.depth, 0), ("probes", self.probes, 1)):
            if value < lowest:
                raise ModelConsensusError(f"{name} must be at least {lowest}, not {value}")
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
    :ivar banned: whose offers it does not use any more.
    """

    process: Process
    root: Digest
    models: Mapping[Digest, Model]
    known: Mapping[Digest, Block]
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
    FLOOR = "a probe is better than its model"


def new_learner(search: Search, process: Process) -> Learner:
    """A learner that knows the genesis model only."""
    genesis = search.genesis
    return Learner(process, genesis.digest, {genesis.digest: genesis}, {}, genesis.digest)


def model_of_tip(learner: Learner) -> Model:
    """The model that the chain which it has adopted leads to."""
    return learner.models[learner.tip]


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


# ---------------------------------------------------------------------------------- the floor


def all_probes(search: Search, rules: Rules, parent: Model) -> list[Step]:
    """The steps of the λ0 probes on ``parent``: the first draws of nobody."""
    tickets = all_drawn(parent.generation + 1, NOBODY, search.draws)[: rules.probes]
    return [frozenset([ticket]) for ticket in tickets]


def best_probe(search: Search, rules: Rules, parent: Model) -> tuple[Step, int]:
    """The best probe and its loss, the floor: λ0 evaluations.  Ties go to the first probe."""
    probes = all_probes(search, rules, parent)
    losses = search.losses(parent, probes)
    return probes[least(losses)], min(losses)


# ----------------------------------------------------------------------------------- checking


def has_structure(rules: Rules, block: Block) -> bool:
    """Whether each field of ``block`` is in its range; its parent is not looked at."""
    names = [block.miner, *(ticket.proposer for ticket in block.step)]
    return (
        0 < len(block.step) <= len(rules.processes)
        and all(len(name) <= LONGEST_NAME >= len(name.encode()) for name in names)
        and all(0 < ticket.generation < 1 << 64 for ticket in block.step)
        and 0 <= block.claim < 1 << 64
        and 0 <= block.nonce < 1 << 64
    )


def is_own_step(search: Search, parent: Model, block: Block) -> bool:
    """Whether its step is legal on ``parent``, whosever tickets these are."""
    return is_legal_step(search, parent.generation + 1, block.step)


def is_exact(search: Search, parent: Model, block: Block) -> bool:
    """Whether its claim is the loss of its model: one evaluation."""
    return search.losses(parent, [block.step]) == [block.claim]


def is_above_floor(search: Search, rules: Rules, parent: Model, block: Block) -> bool:
    """Whether its claim is as good as every probe: λ0 evaluations."""
    return block.claim <= best_probe(search, rules, parent)[1]


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
    parent = learner.models.get(block.parent)
    if parent is None:
        return Verdict.PARENT
    if not is_own_step(search, parent, block):
        return Verdict.STEP
    if not is_exact(search, parent, block):
        return Verdict.EVALUATION
    if not is_above_floor(search, rules, parent, block):
        return Verdict.FLOOR
    return Verdict.ACCEPTED


def adopt(search: Search, learner: Learner, block: Block) -> Learner:
    """The learner that has accepted ``block``, and adopts its chain if it is longer."""
    model = search.offspring(learner.models[block.parent], block.step)
    longer = model.generation > model_of_tip(learner).generation
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


# ------------------------------------------------------------------------------------ leading


def make_offer(search: Search, learner: Learner) -> Offer:
    """The learner's best ticket on the model of its tip: ``proposal_cost(search)`` evaluations."""
    model = model_of_tip(learner)
    ticket, loss = best_ticket(search, model, learner.process)
    return Offer(learner.process, model.digest, ticket, loss)


def keep(rules: Rules, offers: Mapping[Process, Offer], offer: Offer) -> Mapping[Process, Offer]:
    """The offers that a process keeps, of each process the last: a flood takes no more memory."""
    return {**offers, offer.sender: offer} if offer.sender in rules.processes else offers


def is_usable(search: Search, learner: Learner, offer: Offer) -> bool:
    """Whether it is its sender's own on the model of the tip, and its sender not caught lying."""
    model = model_of_tip(learner)
    return (
        offer.parent == model.digest
        and is_own_ticket(search, offer.ticket, model.generation + 1, offer.sender)
        and offer.sender not in learner.banned
    )


def useful(
    search: Search, rules: Rules, learner: Learner, offers: Sequence[Offer]
) -> tuple[Offer, ...]:
    """Those offers that the learner may use, with claims that are better than every probe."""
    _, floor = best_probe(search, rules, model_of_tip(learner))
    return tuple(o for o in offers if is_usable(search, learner, o) and o.claim < floor)


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


def catch(search: Search, rules: Rules, learner: Learner, offers: Sequence[Offer]) -> Learner:
    """The learner that has evaluated the useful offers, if need be, and bans those who lied."""
    chosen = useful(search, rules, learner, offers)
    if not chosen or blend_is_as_good(search, learner, chosen):
        return learner
    liars = [offer.sender for offer in chosen if not is_true(search, learner, offer)]
    return replace(learner, banned=learner.banned.union(liars)) if liars else learner


def best_step(search: Search, rules: Rules, learner: Learner, offers: Sequence[Offer]) -> Step:
    """The step to lead with, after :func:`catch`; of offers with equal claims, the first.

    The blend of the useful offers if it is as good as each, else the best of them; if there is
    none, the best probe.
    """
    chosen = useful(search, rules, learner, offers)
    if not chosen:
        return best_probe(search, rules, model_of_tip(learner))[0]
    if blend_is_as_good(search, learner, chosen):
        return blend(chosen)
    return offered(least_claim(chosen))


def extend(
    search: Search,
    rules: Rules,
    parent: Digest,
    model: Model,
    miner: Process,
    step: Step,
    start: int = 0,
) -> Block:
    """The block with ``step`` that ``miner`` can mine on the block ``parent``, of this model.

    ``start`` is the first nonce to be tried: it makes two blocks of one content differ.
    """
    (loss,) = search.losses(model, [step])
    return find_nonce(rules, Block(parent, miner, step, loss), start)


def mine(
    search: Search, rules: Rules, learner: Learner, offers: Sequence[Offer], start: int = 0
) -> Block:
    """The learner's block on the chain that it has adopted, after :func:`catch`."""
    step, model = best_step(search, rules, learner, offers), model_of_tip(learner)
    return extend(search, rules, learner.tip, model, learner.process, step, start)
