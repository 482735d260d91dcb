"""Learners over proof-of-work with one thing wrong in each, to show what it is for.

Nobody should run these.  Each takes the place of the module :mod:`model_consensus.pow_learner` in a
system: it has the same functions, with some of them replaced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from model_consensus import pow_learner
from model_consensus.defects.replaced import replaced
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Step,
    Weights,
    all_drawn,
    is_legal,
)
from model_consensus.pow_learner import (
    EVERY_HASH,
    NOBODY,
    Block,
    Learner,
    Rules,
    Verdict,
    best_step,
    blend,
    model_of_tip,
    public_offer,
    receive,
    useful,
)
from model_consensus.systems.answers import LossNotRevealed
from model_consensus.tob_learner import Offer, least_claim, offered


def with_steps(what: str, **steps: Any) -> SimpleNamespace:
    """The learner with those functions of ``pow_learner`` replaced; ``what`` is wrong with it."""
    broken = replaced(pow_learner, **steps)
    broken.__doc__ = what
    return broken


# ------------------------------------------------------------------ which blocks are accepted


def _half_work(rules: Rules, block: Block) -> bool:
    easier = replace(rules, target=min(2 * rules.target, EVERY_HASH))
    return pow_learner.has_work(easier, block)


def _evaluates_first(search: Search, rules: Rules, learner: Learner, block: Block) -> Verdict:
    """In place of ``check``: a block is evaluated before its hash is looked at."""
    parent = learner.models.get(block.parent)
    if (
        parent is not None
        and pow_learner.is_own_step(search, parent, block)
        and not pow_learner.is_exact(search, parent, block)
    ):
        return Verdict.EVALUATION
    return pow_learner.check(search, rules, learner, block)


def _own_step(
    names: Callable[[int, int], bool] = lambda names, tickets: 0 < names == tickets,
    generation: Callable[[int, int], bool] = lambda ticket, now: ticket == now,
    weights: Callable[[Search, Weights], bool] = is_legal,
) -> Callable[[Search, Model, Block], bool]:
    """``is_own_step`` with one of its comparisons replaced."""

    def is_own_step(search: Search, parent: Model, block: Block) -> bool:
        proposers = {ticket.proposer for ticket in block.step}
        return names(len(proposers), len(block.step)) and all(
            generation(ticket.generation, parent.generation + 1) and weights(search, ticket.weights)
            for ticket in block.step
        )

    return is_own_step


def _exact(true: Callable[[int, int], bool]) -> Callable[[Search, Model, Block], bool]:
    """``is_exact`` with another comparison of the loss with the claim."""

    def is_exact(search: Search, parent: Model, block: Block) -> bool:
        return true(search.losses(parent, [block.step])[0], block.claim)

    return is_exact


def _drawn_losses(search: Search, parent: Model, process: Process) -> list[int]:
    drawn = all_drawn(parent.generation + 1, process, search.draws)
    return search.losses(parent, drawn)


def _above(
    reached: Callable[[int, int, list[int]], bool],
) -> Callable[[Search, Model, Block], bool]:
    """``is_above_floor`` with another comparison of the claim with the floor and nobody's draws."""

    def is_above_floor(search: Search, parent: Model, block: Block) -> bool:
        floor = public_offer(search, parent).claim
        return reached(block.claim, floor, _drawn_losses(search, parent, NOBODY))

    return is_above_floor


def _above_chosen_floor(search: Search, parent: Model, block: Block) -> bool:
    """In place of ``is_above_floor``: the floor is made of the draws of nobody, or of the miner.

    An open landscape does not tell the losses of draws that nobody has evaluated: the miner has
    not chosen those.
    """
    if pow_learner.is_above_floor(search, parent, block):
        return True
    try:
        return block.claim <= min(_drawn_losses(search, parent, block.miner))
    except LossNotRevealed:
        return False


def _names_known_processes(rules: Rules, block: Block) -> bool:
    names = {block.miner, *(ticket.proposer for ticket in block.step)}
    return pow_learner.has_structure(rules, block) and names <= set(rules.processes)


def _uses_own(search: Search, parent: Model, block: Block) -> bool:
    return pow_learner.is_own_step(search, parent, block) and block.miner in {
        ticket.proposer for ticket in block.step
    }


def refuses_the_banned(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """In place of ``receive``: a block with a ticket of somebody it has banned is refused."""
    banned = learner.banned & {ticket.proposer for ticket in block.step}
    return learner if banned else receive(search, rules, learner, block)


# ------------------------------------------------------------------------------ which chain


def rootless(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """In place of ``receive``: a block whose parent is missing is taken for one on the genesis."""
    if block.parent in learner.models:
        return receive(search, rules, learner, block)
    genesis = learner.models[learner.root]
    grown = replace(learner, models={**learner.models, block.parent: genesis})
    after = receive(search, rules, grown, block)
    return learner if after is grown else after


def forkless(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """In place of ``receive``: blocks on its own chain only are accepted."""
    return receive(search, rules, learner, block) if block.parent == learner.tip else learner


def on_the_tip(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
    """In place of ``receive``: a block is evaluated on the model of the tip, whatever its parent.

    So it is where the tip is as high as the parent; elsewhere its step is not legal on the tip.
    """
    model = model_of_tip(learner)
    parent = learner.models.get(block.parent, model)
    if parent.generation == model.generation and not pow_learner.is_exact(search, model, block):
        return learner
    return receive(search, rules, learner, block)


def _adopts(
    better: Callable[[Learner, Block, Model], bool],
) -> Callable[[Search, Rules, Learner, Block], Learner]:
    """``adopt`` with another rule for which block, with its model, becomes the tip."""

    def adopt(search: Search, rules: Rules, learner: Learner, block: Block) -> Learner:
        grown = pow_learner.adopt(search, rules, learner, block)
        is_tip = better(learner, block, grown.models[block.digest])
        return replace(grown, tip=block.digest if is_tip else learner.tip)

    return adopt


def _has_less_loss(learner: Learner, block: Block, model: Model) -> bool:
    return learner.tip not in learner.known or block.claim <= learner.known[learner.tip].claim


def decided_early(rules: Rules, learner: Learner) -> Digest:
    """In place of ``decided_block``: a block counts among those on top of it; depth k is k - 1."""
    return pow_learner.decided_block(replace(rules, depth=max(0, rules.depth - 1)), learner)


# ------------------------------------------------------------------------------- how it leads


def _useful(
    parent: Callable[[Digest, Digest], bool] = lambda named, own: named == own,
    owner: Callable[[Offer], bool] = lambda offer: offer.ticket.proposer == offer.sender,
    trusted: Callable[[Learner, Process], bool] = lambda learner, p: p not in learner.banned,
    better: Callable[[int, int], bool] = lambda claim, floor: claim < floor,
) -> Callable[[Search, Learner, Sequence[Offer]], tuple[Offer, ...]]:
    """``useful`` with one of its comparisons replaced."""

    def useful(search: Search, learner: Learner, offers: Sequence[Offer]) -> tuple[Offer, ...]:
        model = model_of_tip(learner)
        public = public_offer(search, model)
        chosen = (
            offer
            for offer in offers
            if parent(offer.parent, model.digest)
            and offer.ticket.generation == model.generation + 1
            and is_legal(search, offer.ticket.weights)
            and owner(offer)
            and trusted(learner, offer.sender)
            and better(offer.claim, public.claim)
        )
        return public, *chosen

    return useful


def _blames_all(search: Search, learner: Learner, chosen: Sequence[Offer]) -> Learner:
    """In place of ``catch``: where the blend is not good enough, all its senders are banned."""
    if pow_learner.blend_is_as_good(search, learner, chosen):
        return learner
    return replace(learner, banned=learner.banned.union(offer.sender for offer in chosen))


def _as_good_as_some(search: Search, learner: Learner, chosen: Sequence[Offer]) -> bool:
    (loss,) = search.losses(model_of_tip(learner), [blend(chosen)])
    return loss <= max(offer.claim for offer in chosen)


def _own_only(search: Search, learner: Learner, chosen: Sequence[Offer]) -> Step:
    own = [offer for offer in chosen if offer.sender in (NOBODY, learner.process)]
    return best_step(search, learner, own)


def _first_only(search: Search, learner: Learner, chosen: Sequence[Offer]) -> Step:
    public, *better = chosen
    return offered(better[0] if better else public)


def _first_draw(search: Search, learner: Learner, chosen: Sequence[Offer]) -> Step:
    public, *better = chosen
    if better:
        return best_step(search, learner, chosen)
    return all_drawn(public.ticket.generation, NOBODY, search.draws)[0]


def _claims_the_least_claim(
    search: Search, rules: Rules, learner: Learner, offers: Sequence[Offer], start: int = 0
) -> Block:
    """In place of ``mine``: the block's claim is the least of the claims, and not its loss."""
    block = pow_learner.mine(search, rules, learner, offers, start)
    claim = least_claim(useful(search, learner, offers)).claim
    return pow_learner.find_nonce(rules, replace(block, claim=claim), start)


DEFECTS: Mapping[str, SimpleNamespace] = {
    # Which blocks are accepted.
    "workless": with_steps("Does not look at the hash.", has_work=lambda rules, block: True),
    "half-work": with_steps("Is content with half of the work.", has_work=_half_work),
    "reversed-order": with_steps(
        "Evaluates a block before it looks at the hash.", check=_evaluates_first
    ),
    "any-generation": with_steps(
        "Accepts tickets of any generation.",
        is_own_step=_own_step(generation=lambda ticket, now: True),
    ),
    "any-weights": with_steps(
        "Accepts weights that are not legal.",
        is_own_step=_own_step(weights=lambda search, weights: len(weights) == search.draws),
    ),
    "repeated-names": with_steps(
        "Accepts several tickets of one process.",
        is_own_step=_own_step(names=lambda names, tickets: True),
    ),
    "unverified": with_steps(
        "Takes the miner's word for the loss.", is_exact=lambda search, parent, block: True
    ),
    "under-claims": with_steps(
        "Accepts a claim that is less than the loss.",
        is_exact=_exact(lambda loss, claim: loss >= claim),
    ),
    "over-claims": with_steps(
        "Accepts a claim that is greater than the loss.",
        is_exact=_exact(lambda loss, claim: loss <= claim),
    ),
    "no-floor": with_steps(
        "Does not evaluate the draws of nobody.", is_above_floor=lambda search, parent, block: True
    ),
    "wrong-floor": with_steps(
        "Accepts what is no better than the public offer.",
        is_above_floor=_above(lambda claim, floor, drawn: claim >= floor),
    ),
    "worst-draw": with_steps(
        "Accepts what is as good as the worst draw of nobody.",
        is_above_floor=_above(lambda claim, floor, drawn: claim <= max(drawn)),
    ),
    "best-draw": with_steps(
        "Accepts what is as good as the best draw of nobody, and worse than their recombination.",
        is_above_floor=_above(lambda claim, floor, drawn: claim <= min(drawn)),
    ),
    "strict-floor": with_steps(
        "Wants a block to be better than the public offer, which is refused itself.",
        is_above_floor=_above(lambda claim, floor, drawn: claim < floor),
    ),
    "own-floor": with_steps(
        "Makes the floor of the miner's draws if the miner likes: his name chooses them.",
        is_above_floor=_above_chosen_floor,
    ),
    "known-names": with_steps(
        "Refuses a block with a name that is no process's.", has_structure=_names_known_processes
    ),
    "own-miner": with_steps(
        "Refuses a block without a ticket of its miner.", is_own_step=_uses_own
    ),
    "refuses-the-banned": with_steps(
        "Refuses a block with a ticket of somebody it has banned.", receive=refuses_the_banned
    ),
    # Which chain is adopted, and what is decided.
    "rootless": with_steps("Takes any parent for the genesis.", receive=rootless),
    "forkless": with_steps("Accepts blocks on its own chain only.", receive=forkless),
    "on-the-tip": with_steps("Evaluates a block on the model of its tip.", receive=on_the_tip),
    "last-block": with_steps(
        "Adopts the last block whatever its height.",
        adopt=_adopts(lambda learner, block, model: True),
    ),
    "last-of-longest": with_steps(
        "Of equally long chains it adopts the last.",
        adopt=_adopts(
            lambda learner, block, model: model.generation >= model_of_tip(learner).generation
        ),
    ),
    "shortest": with_steps(
        "Keeps the chain that it has when a longer one comes from elsewhere.",
        adopt=_adopts(lambda learner, block, model: block.parent == learner.tip),
    ),
    "least-loss": with_steps("Adopts the chain of least loss.", adopt=_adopts(_has_less_loss)),
    "decided-early": with_steps("Decides one block too early.", decided_block=decided_early),
    # How it leads.
    "stale-offers": with_steps(
        "Uses offers on another model.", useful=_useful(parent=lambda named, own: True)
    ),
    "foreign-tickets": with_steps(
        "Uses offers of tickets that are not the sender's.",
        useful=_useful(owner=lambda offer: True),
    ),
    "uses-the-banned": with_steps(
        "Uses offers of those it has caught lying.",
        useful=_useful(trusted=lambda learner, process: True),
    ),
    "below-the-floor": with_steps(
        "Uses offers that are worse than the public one.",
        useful=_useful(better=lambda claim, floor: True),
    ),
    "trusting": with_steps(
        "Believes the offers without evaluating them.",
        is_true=lambda search, learner, offer: True,
    ),
    "unbanned": with_steps("Bans nobody.", catch=lambda search, learner, chosen: learner),
    "blames-all": with_steps(
        "Bans all senders of a blend that is not good enough.", catch=_blames_all
    ),
    "unevaluated-blend": with_steps(
        "Leads with the blend without comparing it with the claims.",
        blend_is_as_good=lambda search, learner, chosen: True,
    ),
    "as-good-as-some": with_steps(
        "Leads with a blend that is as good as the worst offer.", blend_is_as_good=_as_good_as_some
    ),
    "own-offer": with_steps(
        "Leads with its own offer, whatever others found.", best_step=_own_only
    ),
    "first-offer": with_steps("Leads with the first useful offer.", best_step=_first_only),
    "first-draw": with_steps(
        "Leads with nobody's first draw where no offer is better.", best_step=_first_draw
    ),
    "no-public-offer": with_steps(
        "Leads without the public offer.",
        useful=lambda search, learner, offers: useful(search, learner, offers)[1:] or offers[:1],
    ),
    "claims-the-least-claim": with_steps(
        "Takes its block's claim from the offers.", mine=_claims_the_least_claim
    ),
}
"""The defective learners by name."""
