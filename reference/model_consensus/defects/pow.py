"""Learners over proof-of-work with one thing wrong in each, to show what it is for.

Nobody should run these.  Each takes the place of :func:`model_consensus.pow_learner.receive`.  The
first three have a counterpart in the specification, an operator of ``MCPowNecessity.tla``; most of
the others are the real learner with one step replaced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from model_consensus import pow_learner
from model_consensus.defects.replaced import replaced
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Search,
    Step,
    Ticket,
    Weights,
    all_drawn,
    best_ticket,
    is_legal,
    least,
    offspring_digest,
    recombined,
    single,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    Block,
    Learner,
    Rules,
    Verdict,
    adopt,
    check,
    decided,
    has_work,
    is_exact,
    receive,
)
from model_consensus.systems.answers import AroundSearch
from model_consensus.systems.pow import Receiver


def workless(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``Free``: does not look at the hash."""
    return receive(search, replace(rules, target=EVERY_HASH), learner, block)


def unverified(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``Believed``: takes the miner's word for the winner and for its loss."""
    if check(_Believing(search, block), rules, learner, block) is not Verdict.ACCEPTED:
        return learner
    return adopt(search, learner, block)


def any_generation(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """``AnyGeneration``: does not compare the ticket's generation with the parent's."""
    parent = learner.models.get(block.parent)
    if parent is None or not has_work(rules, block):
        return learner
    fitting = replace(block, ticket=replace(block.ticket, generation=parent.generation + 1))
    # The hash is that of the block as it was sent.
    if check(search, replace(rules, target=EVERY_HASH), learner, fitting) is not Verdict.ACCEPTED:
        return learner
    vector = search.offspring(parent, frozenset([fitting.ticket])).vector
    digest = offspring_digest(parent.digest, frozenset([block.ticket]))
    model = Model(block.ticket.generation, digest, vector)
    longer = model.generation > learner.models[learner.tip].generation
    return replace(
        learner,
        models={**learner.models, block.digest: model},
        known={**learner.known, block.digest: block},
        tip=block.digest if longer else learner.tip,
    )


@dataclass
class _Believing(AroundSearch):
    """A search in which whatever a block says is true."""

    block: Block

    def losses(self, parent: Model, steps: Sequence[Step]) -> list[int]:
        ticket, claim = self.block.ticket, self.block.claim
        if len(steps) == self.draws > 1 and frozenset([ticket]) not in steps:
            # A recombination says by its weights how the draws rank.
            return [claim + self.draws - weight for weight in ticket.weights]
        return [claim + (frozenset([ticket]) != step) for step in steps]


def with_steps(what: str, **steps: Any) -> Receiver:
    """The learner with those functions of ``pow_learner`` replaced; ``what`` is wrong with it."""
    broken: Receiver = replaced(pow_learner, **steps).receive
    broken.__doc__ = what
    return broken


def half_work(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """Is content with half of the work."""
    return receive(search, replace(rules, target=min(2 * rules.target, EVERY_HASH)), learner, block)


def reversed_order(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """Evaluates a block before it looks at the hash."""
    parent = learner.models.get(block.parent)
    if parent is not None and not is_exact(search, parent, block):
        return learner
    return receive(search, rules, learner, block)


def rootless(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """Takes a block whose parent it does not have for one on the genesis model."""
    if block.parent in learner.models:
        return receive(search, rules, learner, block)
    genesis = learner.models[learner.root]
    grown = replace(learner, models={**learner.models, block.parent: genesis})
    after = receive(search, rules, grown, block)
    return learner if after is grown else after


def forkless(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """Accepts blocks on its own chain only."""
    return receive(search, rules, learner, block) if block.parent == learner.tip else learner


def on_the_tip(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """Evaluates a block on the model of its tip, whatever its parent is."""
    model = learner.models[learner.tip]
    parent = learner.models.get(block.parent, model)
    if parent.generation == model.generation and not is_exact(search, model, block):
        return learner
    return receive(search, rules, learner, block)


def _exact(
    tickets: Callable[[Ticket, Ticket], bool] = lambda best, said: best == said,
    claims: Callable[[int, int], bool] = lambda loss, claim: loss == claim,
) -> Callable[[Search, Model, Block], bool]:
    """``is_exact`` with one of its comparisons replaced."""

    def is_exact(search: Search, model: Model, block: Block) -> bool:
        ticket, loss = best_ticket(search, model, block.ticket.proposer)
        return tickets(ticket, block.ticket) and claims(loss, block.claim)

    return is_exact


def _first_only(search: Search, parent: Model, miner: str) -> tuple[Ticket, int]:
    ticket = all_drawn(parent.generation + 1, miner, search.draws)[0]
    return ticket, search.losses(parent, [frozenset([ticket])])[0]


def _drawn(search: Search, parent: Model, miner: str) -> tuple[list[Ticket], list[int]]:
    tickets = list(all_drawn(parent.generation + 1, miner, search.draws))
    return tickets, search.losses(parent, [frozenset([ticket]) for ticket in tickets])


def _best_draw(search: Search, parent: Model, miner: str) -> tuple[Ticket, int]:
    tickets, losses = _drawn(search, parent, miner)
    best = least(losses)
    return tickets[best], losses[best]


def _last_of_equals(search: Search, parent: Model, miner: str) -> tuple[Ticket, int]:
    tickets, losses = _drawn(search, parent, miner)
    best = len(losses) - 1 - least(losses[::-1])
    for step in recombined(search, parent, miner, losses):
        (loss,), (ticket,) = search.losses(parent, [step]), step
        if loss < losses[best]:
            return ticket, loss
    return tickets[best], losses[best]


def _adopts(
    better: Callable[[Learner, Block, Model], bool],
) -> Callable[[Search, Learner, Block], Learner]:
    """``adopt`` with another rule for which block becomes the tip."""

    def adopt(search: Search, learner: Learner, block: Block) -> Learner:
        model = search.offspring(learner.models[block.parent], frozenset([block.ticket]))
        tip = block.digest if better(learner, block, learner.models[learner.tip]) else learner.tip
        models, known = (
            {**learner.models, block.digest: model},
            {**learner.known, block.digest: block},
        )
        return replace(learner, models=models, known=known, tip=tip)

    return adopt


def _structure(
    miner: Callable[[str, Rules], bool] = lambda miner, rules: miner in rules.processes,
    weights: Callable[[Search, Weights], bool] = is_legal,
) -> Callable[[Search, Rules, Block], bool]:
    """``has_structure`` with one of its comparisons replaced."""

    def has_structure(search: Search, rules: Rules, block: Block) -> bool:
        ticket, first = block.ticket, single(0, search.draws)
        fitting = replace(ticket, proposer=rules.processes[0], weights=first)
        return (
            pow_learner.has_structure(search, rules, replace(block, ticket=fitting))
            and miner(ticket.proposer, rules)
            and weights(search, ticket.weights)
        )

    return has_structure


def decided_early(rules: Rules, learner: Learner) -> tuple[Digest, ...]:
    """In place of ``decided``: a block counts among those on top of it, so depth k is k - 1."""
    return decided(replace(rules, depth=max(0, rules.depth - 1)), learner)


def _fits_the_parent(search: Search, parent: Model, block: Block) -> bool:
    """``is_own_draw`` without a look at the weights."""
    return block.ticket.generation == parent.generation + 1


def _unclaimed(learner: Learner) -> int:
    return learner.known[learner.tip].claim if learner.tip in learner.known else 1 << 64


DEFECTS: Mapping[str, Receiver] = {
    "workless": workless,
    "unverified": unverified,
    "any-generation": any_generation,
    "half-work": half_work,
    "reversed-order": reversed_order,
    "rootless": rootless,
    "forkless": forkless,
    "on-the-tip": on_the_tip,
    "any-ticket": with_steps(
        "Verifies the claim, and not whose ticket it is.",
        is_exact=_exact(tickets=lambda best, said: True),
    ),
    "any-claim": with_steps(
        "Verifies the ticket, and not the claim.", is_exact=_exact(claims=lambda loss, claim: True)
    ),
    "over-claims": with_steps(
        "Accepts a claim that is greater than the loss.",
        is_exact=_exact(claims=lambda loss, claim: loss <= claim),
    ),
    "under-claims": with_steps(
        "Accepts a claim that is less than the loss.",
        is_exact=_exact(claims=lambda loss, claim: loss >= claim),
    ),
    "first-ticket": with_steps("Evaluates the first ticket only.", best_ticket=_first_only),
    "last-of-equals": with_steps(
        "Of equal losses it wants the last draw.", best_ticket=_last_of_equals
    ),
    "any-miner": with_steps(
        "Accepts blocks of miners that nobody knows.",
        has_structure=_structure(miner=lambda miner, rules: True),
    ),
    "any-weights": with_steps(
        "Evaluates a block whose weights are not legal.",
        has_structure=_structure(weights=lambda search, weights: len(weights) == search.draws),
        is_own_draw=_fits_the_parent,
    ),
    "single-draws": with_steps(
        "Wants the best single draw, whatever their recombination loses.", best_ticket=_best_draw
    ),
    "last-block": with_steps(
        "Adopts the last block whatever its height.",
        adopt=_adopts(lambda learner, block, tip: True),
    ),
    "last-of-longest": with_steps(
        "Of equally long chains it adopts the last.",
        adopt=_adopts(lambda learner, block, tip: block.ticket.generation >= tip.generation),
    ),
    "shortest": with_steps(
        "Keeps the chain that it has when a longer one comes from elsewhere.",
        adopt=_adopts(lambda learner, block, tip: block.parent == learner.tip),
    ),
    "least-loss": with_steps(
        "Adopts the chain of least loss.",
        adopt=_adopts(lambda learner, block, tip: block.claim <= _unclaimed(learner)),
    ),
}
"""The defective learners by name."""
