"""Learners over proof-of-work with one check left out, to show what it is for.

Nobody should run these.  Each takes the place of :func:`model_consensus.pow_learning.receive`; its
counterpart in the specification is an operator of ``MCPowNecessity.tla``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model_consensus.evolutionary_search import Model, Search, Ticket, offspring_digest
from model_consensus.pow_learning import (
    EVERY_HASH,
    Block,
    Learner,
    Rules,
    Verdict,
    accept,
    check,
    has_work,
    receive,
)
from model_consensus.pow_system import Receiver


def workless(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``Free``: does not look at the hash."""
    return receive(search, replace(rules, target=EVERY_HASH), learner, block)


def unverified(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``Believed``: takes the miner's word for the winner and for its loss."""
    if check(_Believing(search, block), rules, learner, block) is not Verdict.ACCEPTED:
        return learner
    return accept(search, learner, block)


def any_generation(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``AnyGeneration``: does not compare the ticket's generation with the parent's."""
    parent = learner.models.get(block.parent)
    if parent is None or not has_work(rules, block):
        return learner
    fitting = replace(block, ticket=replace(block.ticket, generation=parent.generation + 1))
    # The hash is that of the block as it was sent.
    if check(search, replace(rules, target=EVERY_HASH), learner, fitting) is not Verdict.ACCEPTED:
        return learner
    vector = search.offspring(parent, fitting.ticket).vector
    digest = offspring_digest(parent.digest, block.ticket)
    model = Model(block.ticket.generation, digest, vector)
    longer = model.generation > learner.models[learner.tip].generation
    return replace(
        learner,
        models={**learner.models, block.digest: model},
        known={**learner.known, block.digest: block},
        tip=block.digest if longer else learner.tip,
    )


@dataclass(frozen=True)
class _Believing:
    """A search in which whatever a block says is true."""

    search: Search
    block: Block

    @property
    def draws(self) -> int:
        return self.search.draws

    @property
    def genesis(self) -> Model:
        return self.search.genesis

    def offspring(self, parent: Model, ticket: Ticket) -> Model:
        return self.search.offspring(parent, ticket)

    def losses(self, parent: Model, tickets: Sequence[Ticket]) -> list[int]:
        return [self.block.claim + (ticket != self.block.ticket) for ticket in tickets]


DEFECTS: Mapping[str, Receiver] = {
    "workless": workless,
    "unverified": unverified,
    "any-generation": any_generation,
}
"""The defective learners by name."""
