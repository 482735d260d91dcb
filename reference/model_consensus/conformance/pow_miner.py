"""A process over proof-of-work as a fold over what it makes, hears, receives and finds.

:mod:`model_consensus.pow_learner` leaves open when a process offers, which offers it uses and when
it prepares to lead.  Here it offers once on each tip, and uses its own offer and the first of each
other process on the model of that tip.  Whenever it has another useful offer, it catches liars and
makes its block anew, for which a nonce is then searched.  It evaluates no model twice, as long as
the learner keeps that of its parent, to which it can still revert.  So a process can be computed
again from its log, and what others send costs it no more than an evaluation or two for each of them
and each tip, unless they do the work of a block.
"""

from model_consensus import pow_learner
from model_consensus.conformance.logs import Decided
from model_consensus.evolutionary_search import (
    Digest,
    Process,
    Search,
    is_own_ticket,
    offspring_digest,
)
from model_consensus.pow_learner import Block, Learner, Rules, Verdict, model_of_tip
from model_consensus.systems.answers import Remembering
from model_consensus.tob_learner import Offer

EVALUATED = frozenset({Verdict.ACCEPTED, Verdict.EVALUATION, Verdict.FLOOR})
"""The verdicts on blocks that have cost evaluations."""


def height_of(block: Block) -> int:
    """The length of the chain that the block ends, by its tickets; if it is accepted, it is so."""
    return min(ticket.generation for ticket in block.step)


def turn(block: Block) -> tuple[int, int]:
    """When a host hands over a block, of those that it has together: the lowest first, and of one
    height that with the least claim.  So of equally long chains its process adopts this one's.
    """
    return height_of(block), block.claim


class Miner:
    """One process.

    :ivar search: remembers what has been evaluated, and has the rest evaluated.
    :ivar offers: what it may lead on from, by sender; its own is the first.
    :ivar block: its next block, whose nonce is not found yet; None before it has made its offer.
    :ivar due: what it has decided since :meth:`decisions` was called.
    """

    def __init__(self, search: Search, rules: Rules, process: Process) -> None:
        self.search, self.rules = Remembering(search), rules
        self.learner: Learner = pow_learner.new_learner(search, process)
        self.offers: dict[Process, Offer] = {}
        self.block: Block | None = None
        self.due: list[Decided] = []
        self._floor = 0  # the claim of the public offer on its tip, if it has made its offer
        root = self.learner.root
        self._decided = [(root, root)]  # the blocks and their models, by height

    @property
    def height(self) -> int:
        """How long the chain is that it has adopted."""
        return model_of_tip(self.learner).generation

    def next_height(self, parent: Digest) -> int:
        """The height of a block on ``parent``, an accepted block or the root."""
        known = self.learner.known
        return height_of(known[parent]) + 1 if parent in known else 1

    def offer(self) -> Offer:
        """Make its offer on its tip, where it must not have made one yet."""
        offer = pow_learner.make_offer(self.search, self.learner)
        self.offers = {offer.sender: offer}
        self._prepare()
        return offer

    def hears(self, offer: Offer) -> bool:
        """Whether it takes this offer of another process; this costs no evaluation."""
        model = model_of_tip(self.learner)
        return (
            bool(self.offers)
            and offer.parent == model.digest
            and offer.sender in self.rules.processes
            and offer.sender not in self.offers
            and offer.sender not in self.learner.banned
            and is_own_ticket(self.search, offer.ticket, model.generation + 1, offer.sender)
        )

    def hear(self, offer: Offer) -> None:
        """Take an offer that it :meth:`hears`."""
        self.offers[offer.sender] = offer
        if offer.claim < self._floor:  # else it is not useful
            self._prepare()

    def receive(self, block: Block) -> Verdict:
        """Take a block of another process, if it is not refused."""
        verdict = pow_learner.check(self.search, self.rules, self.learner, block)
        if verdict is Verdict.ACCEPTED:
            self._adopt(block)
        return verdict

    def win(self, block: Block) -> None:
        """Take its own block, whose nonce has been found."""
        self._adopt(block)

    def decisions(self) -> list[Decided]:
        """What it has decided, each once, and again if a longer chain has other blocks there."""
        due, self.due = self.due, []
        return due

    def _prepare(self) -> None:
        before, seen = self.learner, tuple(self.offers.values())
        chosen = pow_learner.useful(self.search, before, seen)
        learner = self.learner = pow_learner.catch(self.search, before, chosen)
        if learner is not before:
            chosen = pow_learner.useful(self.search, learner, seen)
        step, self._floor = pow_learner.best_step(self.search, learner, chosen), chosen[0].claim
        self.block = pow_learner.block_on(
            self.search, learner.tip, model_of_tip(learner), learner.process, step
        )

    def _adopt(self, block: Block) -> None:
        before = self.learner.tip
        self.learner = pow_learner.adopt(self.search, self.rules, self.learner, block)
        self.search.forget({model.digest for model in self.learner.models.values()})
        if self.learner.tip != before:
            self.offers, self.block = {}, None
            self._decide()

    def _decide(self) -> None:
        """Note what it decides now, from the last block on that it had decided before."""
        known, new = self.learner.known, list[Digest]()
        block = pow_learner.decided_block(self.rules, self.learner)
        while block != self.learner.root:
            height = height_of(known[block])
            if self._decided[height : height + 1] and self._decided[height][0] == block:
                break
            new.append(block)
            block = known[block].parent
        since = self.next_height(block)
        old = self._decided[since:]
        del self._decided[since:]
        for generation, block in enumerate(reversed(new), since):
            model = offspring_digest(self._decided[-1][1], known[block].step)
            self._decided.append((block, model))
            if [each for _, each in old[generation - since :][:1]] != [model]:
                self.due.append(Decided(generation, model))
