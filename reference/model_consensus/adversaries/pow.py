"""Strategies of an adversary that mines, as pure functions of what it sees, which is everything.

A strategy says what to offer, what to do with a win, what to publish after each win (before a
correct process's block arrives anywhere: the adversary is faster than the network; but hosts wait
for that block, and hand over the least claims first), and what to forge.  Its memory is the block
tree itself.  The transition system allows no more than the specification does, so a strategy can be
stupid, but it cannot cheat.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from model_consensus.adversaries.pow_view import View
from model_consensus.evolutionary_search import (
    Model,
    Process,
    Step,
    Ticket,
    all_drawn,
    best_ticket,
    by_rank,
)
from model_consensus.pow_learner import Block
from model_consensus.tob_learner import Offer, offered

Shown = tuple[Process, int]
"""To whom, and which block; those below it that the process does not have come with it."""


class Strategy:
    """What a correct process does; the other strategies change some of it."""

    tries = "nothing: it offers, mines and publishes like everybody else"
    stopped_by = "there is nothing to stop"

    def offer(self, view: View, process: Process) -> Offer | None:
        """What ``process`` offers on the top, while it has offered nothing there."""
        model = view.model(view.top)
        if view.system.has_offered(view.state, process, model):
            return None
        return self.lie(view, process, model)

    def lie(self, view: View, process: Process, model: Model) -> Offer | None:
        """Its one offer on ``model``."""
        ticket, loss = best_ticket(view.search, model, process)
        return Offer(process, model.digest, ticket, loss)

    def extend(self, view: View) -> int | None:
        """The block on which it mines, having won; None to waste the win on a forgery."""
        return view.top

    def step(self, view: View, miner: Process, parent: int) -> Step:
        """What ``miner`` leads with on the block ``parent``."""
        return view.best_step(miner, parent)

    def publish(self, view: View) -> Iterable[Shown]:
        """What it shows, in this order, after a win of its own or of a correct process."""
        return to_all(view, view.secret)

    def forge(self, view: View, miner: Process, won: bool) -> Block | None:
        """A block, without nonce, that it sends to all; it has work if ``won``, else none."""
        return None


class LeastStep(Strategy):
    """Share nothing, and lead with no more than everybody can check.  The others do so, too."""

    tries = "to waste the generations that it leads, by offering nothing and doing the least"
    stopped_by = "the floor, below which no step is valid; and it leads no more than its share"

    def lie(self, view: View, process: Process, model: Model) -> Offer | None:
        """No offer."""
        return None

    def step(self, view: View, miner: Process, parent: int) -> Step:
        """The public offer: every valid step is as good."""
        return offered(view.public_offer(parent))


def worst_combination(view: View, process: Process, model: Model) -> tuple[Ticket, int]:
    """The draws of ``process`` on ``model`` combined the wrong way round, and what this loses."""
    drawn = all_drawn(model.generation + 1, process, view.search.draws)
    losses = view.search.losses(model, drawn)
    if view.search.recombines and len(drawn) > 1:
        turned = tuple(-weight for weight in by_rank(losses))
        worst = Ticket(model.generation + 1, process, turned)
    else:
        tickets = [ticket for step in drawn for ticket in step]
        worst = max(zip(losses, tickets, strict=True))[1]
    return worst, view.search.losses(model, [frozenset([worst])])[0]


class WorstOffers(LeastStep):
    """Offer bad points, and say so."""

    tries = "to spoil the blend, by offering its draws combined the wrong way round, truthfully"
    stopped_by = "the floor: an offer that is no better than the public one is not used"

    def lie(self, view: View, process: Process, model: Model) -> Offer | None:
        """The worst combination at its true loss."""
        ticket, loss = worst_combination(view, process, model)
        return Offer(process, model.digest, ticket, loss)


class FalseOffers(LeastStep):
    """Offer bad points as good ones, though not as the best."""

    tries = "to spoil the blend, by offering bad points as a little worse than the best offer"
    stopped_by = "the claims: a blend that is not as good as each of them leads to evaluations"

    def lie(self, view: View, process: Process, model: Model) -> Offer | None:
        """The worst combination, with a claim next above the least one of a correct process."""
        claims = [
            offer.claim
            for offer in view.system.offers_on(view.state, model)
            if offer.sender in view.system.correct
        ]
        ticket, _ = worst_combination(view, process, model)
        return Offer(process, model.digest, ticket, min(claims) + 1) if claims else None


class BarelyUseful(LeastStep):
    """Offer the worst point that is still used."""

    tries = "to weaken the blend, by offering truthfully the worst it finds that is above the floor"
    stopped_by = "the floor: what it offers is better than the public offer"

    def lie(self, view: View, process: Process, model: Model) -> Offer | None:
        """The ticket of the greatest loss that is less than the floor, if there is one.

        It tries its draws, and their recombination with more and more of the weights turned around.
        """
        drawn = all_drawn(model.generation + 1, process, view.search.draws)
        losses = view.search.losses(model, drawn)
        tickets = [ticket for step in drawn for ticket in step]
        if view.search.recombines and len(drawn) > 1:
            weights = by_rank(losses)
            turned = ((*(-w for w in weights[:m]), *weights[m:]) for m in range(len(drawn)))
            tickets += [Ticket(model.generation + 1, process, each) for each in turned]
            losses = view.search.losses(model, [frozenset([ticket]) for ticket in tickets])
        floor = view.public_offer(view.top).claim
        useful = [each for each in zip(losses, tickets, strict=True) if each[0] < floor]
        if not useful:
            return None
        loss, ticket = max(useful)
        return Offer(process, model.digest, ticket, loss)


def to_all(view: View, place: int) -> list[Shown]:
    """Show the block, if there is one, to every correct process."""
    return [(process, place) for process in view.system.correct if place]


class PrivateChain(LeastStep):
    """Extend a chain in secret until it can replace blocks that are decided."""

    tries = "to replace decided blocks by a longer chain that it has mined in secret"
    stopped_by = (
        "the depth: the secret chain has to grow as fast as everybody else's for k+1 blocks"
    )

    def extend(self, view: View) -> int | None:
        """Its secret chain, while that is not hopelessly behind; else a new one."""
        behind = view.height(view.top) - view.height(view.secret)
        return view.secret if view.secret and behind <= view.system.rules.depth + 2 else view.top

    def publish(self, view: View) -> Iterable[Shown]:
        """The secret chain, once it is as long as the public one and that has decided."""
        public = view.height(view.top)
        decides = public - view.height(view.fork(view.secret)) > view.system.rules.depth
        if not decides or view.height(view.secret) < public:
            return ()
        # If both claim the same, the miner of the last block gets it first, and decides.
        first = [] if view.is_own(view.last) else [(view.miner(view.last), view.last)]
        return first + to_all(view, view.secret)


@dataclass(frozen=True)
class SelfishMining(LeastStep):
    """Eyal and Sirer, "Majority is not enough" (2014), algorithm 1.

    :ivar gamma: the share of the correct processes to which its block comes first in a tie, if both
        claim the same.
    """

    gamma: float = 0.5

    tries = "to lead more decided blocks than its share of the wins, by making others waste theirs"
    stopped_by = "nothing: its share of the blocks can grow, but each is above its floor"

    def extend(self, view: View) -> int | None:
        """Its secret lead; else its own block in a tie; else the top."""
        top = view.height(view.top)
        if view.secret and view.height(view.secret) > top:
            return view.secret
        tied = [view.top, *view.rivals(view.top)]
        return next((place for place in tied if view.is_own(place)), view.top)

    def publish(self, view: View) -> Iterable[Shown]:
        """Just enough to make the block of a correct process a waste, or to win a tie."""
        if view.is_own(view.last):
            base = view.parent(view.last)
            tie = view.is_own(base) and any(not view.is_own(p) for p in view.rivals(base))
            return to_all(view, view.last) if tie else ()
        height, lead = view.height(view.last), view.height(view.secret) - view.height(view.last)
        if not view.secret or lead < 0:
            return ()
        if lead == 1:
            return to_all(view, view.secret)
        first = view.system.correct[: round(self.gamma * len(view.system.correct))]
        place = view.ancestor(view.secret, height)
        later = [process for process in view.system.correct if process not in first]
        return [(p, place) for p in first] + [(p, view.last) for p in later] + to_all(view, place)


class Balance(LeastStep):
    """Keep the correct processes split over two chains of one length."""

    tries = "to keep two halves of the correct processes on two chains, by showing each its own tie"
    stopped_by = (
        "synchrony: each block of a correct process ends the tie, unless a win is spent on it; and "
        "hosts that wait: of the two halves' blocks the one that claims more splits nobody"
    )

    def extend(self, view: View) -> int | None:
        """Its reserve, if that is of use; else the chain of the second half."""
        if view.secret and view.height(view.secret) > view.height(view.top):
            return view.secret
        return view.system.place(view.state, view.state.learner[view.system.correct[-1]].tip)

    def publish(self, view: View) -> Iterable[Shown]:
        """To the second half, a block as high as the one that the first half gets to see."""
        if view.is_own(view.last) or view.height(view.secret) < view.height(view.last):
            return ()
        place = view.ancestor(view.secret, view.height(view.last))
        correct = view.system.correct
        half = len(correct) // 2
        return [(p, view.last) for p in correct[:half]] + [(p, place) for p in correct[half:]]


class Partition(LeastStep):
    """Delay what goes from one half of the correct processes to the other."""

    tries = "to keep two halves of the correct processes on two chains, by delaying their blocks"
    stopped_by = "the bound on the delay: a win after a pause is known to all before the next one"

    def extend(self, view: View) -> int | None:
        """The shorter of the two chains."""
        tips = (view.state.learner[half[0]].tip for half in _halves(view))
        return min((view.system.place(view.state, tip) for tip in tips), key=view.height)

    def publish(self, view: View) -> Iterable[Shown]:
        """The last block, at once to the half that is on its chain."""
        if view.last == 0:
            return ()
        parent, learner = view.parent(view.last), view.state.learner
        first, second = _halves(view)
        half = first if view.system.place(view.state, learner[first[0]].tip) == parent else second
        return [(process, view.last) for process in half]


def _halves(view: View) -> tuple[Sequence[Process], Sequence[Process]]:
    """The correct processes; of a single one, twice the same."""
    correct = view.system.correct
    return correct[: (len(correct) + 1) // 2], correct[len(correct) // 2 :]


class WithholdByLoss(LeastStep):
    """Publish bad steps and keep good ones back."""

    tries = (
        "to slow the search down, by publishing only those of its blocks that make the loss worse"
    )
    stopped_by = "a block withheld is a win given away, and those published are above their floor"

    def publish(self, view: View) -> Iterable[Shown]:
        """Its block, if its loss is greater than that of the model it started from."""
        parent = view.parent(view.last)
        if not view.is_own(view.last) or parent == 0:
            return ()
        worse = view.state.blocks[view.last - 1].claim > view.state.blocks[parent - 1].claim
        return to_all(view, view.last) if worse else ()


class FalseClaim(LeastStep):
    """Spend every win on a block that says it is better than it is."""

    tries = "to lead the search astray: a real proof of work for a claim that is not true"
    stopped_by = "the evaluation with which everybody checks a block before accepting it"

    def extend(self, view: View) -> int | None:
        """Nothing: its wins go into forgeries."""
        return None

    def forge(self, view: View, miner: Process, won: bool) -> Block | None:
        """The public offer on the top, with the claim to be perfect (or, if it is, not quite)."""
        public = view.public_offer(view.top)
        digest = view.system.digest(view.state, view.top)
        return Block(digest, miner, offered(public), int(public.claim == 0)) if won else None


class BelowFloor(FalseClaim):
    """Spend every win on a block with the worst step of its own."""

    tries = "to lead the search backwards: a real proof of work for a bad step, truthfully claimed"
    stopped_by = "the floor"

    def forge(self, view: View, miner: Process, won: bool) -> Block | None:
        """The worst combination on the top, unless it happens to be above the floor."""
        if not won:
            return None
        ticket, loss = worst_combination(view, miner, view.model(view.top))
        if loss <= view.public_offer(view.top).claim:
            return super().forge(view, miner, won)
        digest = view.system.digest(view.state, view.top)
        return Block(digest, miner, frozenset([ticket]), loss)


class NoWork(LeastStep):
    """Send blocks that cost nothing."""

    tries = "to have more blocks than its share of the wins, by not doing the work"
    stopped_by = "the hash, which is checked before anything that costs more"

    def forge(self, view: View, miner: Process, won: bool) -> Block | None:
        """A block on the top, valid but for the work, at every win of somebody else."""
        public = view.public_offer(view.top)
        digest = view.system.digest(view.state, view.top)
        return None if won else Block(digest, miner, offered(public), public.claim)


STRATEGIES: Mapping[str, Strategy] = {
    "honest": Strategy(),
    "least-step": LeastStep(),
    "worst-offers": WorstOffers(),
    "false-offers": FalseOffers(),
    "barely-useful": BarelyUseful(),
    "private-chain": PrivateChain(),
    "selfish": SelfishMining(),
    "balance": Balance(),
    "partition": Partition(),
    "withhold-by-loss": WithholdByLoss(),
    "false-claim": FalseClaim(),
    "below-floor": BelowFloor(),
    "no-work": NoWork(),
}
"""The adversary's strategies by name, for the command line."""
