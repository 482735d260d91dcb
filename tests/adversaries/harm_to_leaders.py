"""What goes wrong with how a learner leads, if a part of it is missing.

Each function does the same with the learner that it is given, and says whether the harm is done.
"""

from dataclasses import dataclass, field, replace

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Ticket,
)
from model_consensus.pow_learner import (
    NOBODY,
    Block,
    Verdict,
    check,
    new_learner,
)
from model_consensus.tob_learner import Offer
from tests.adversaries.harm_to_blocks import RULES, Learners
from tests.support.told_landscape import DRAWS, OTHER, PUBLIC, THIRD, Told, offer_of

PUBLIC_ALONE = DRAWS + 1
"""What a leader without other offers evaluates: nobody's draws, and the step that is left."""


@dataclass
class Leader:
    """A leader on the genesis model of a landscape that is told, and the offers that it has."""

    learners: Learners
    told: Told = field(default_factory=Told)
    offers: list[Offer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.learner = new_learner(self.told, "p1")

    def has(self, offer: Offer, loss: int) -> None:
        """An offer arrives; its ticket really has this loss."""
        self.offers.append(offer)
        self.told.tell(loss, offer.ticket)
        self.blends(loss, offer.sender)

    def blends(self, loss: int, *senders: str) -> None:
        """The blend of the public offer and these senders' has this loss."""
        tickets = [offer.ticket for offer in self.offers if offer.sender in senders]
        self.told.tell(loss, PUBLIC.ticket, *tickets)

    def look(self) -> None:
        """The learner looks at its offers."""
        chosen = self.learners.useful(self.told, self.learner, self.offers)
        self.learner = self.learners.catch(self.told, self.learner, chosen)

    def catch(self) -> None:
        """The learner looks at its offers, and again when it has caught somebody."""
        for _ in range(5):
            self.look()

    def mine(self) -> Block:
        """The learner catches who lies, and mines."""
        self.catch()
        mined: Block = self.learners.mine(self.told, RULES, self.learner, self.offers)
        return mined

    def is_refused(self) -> bool:
        """Whether others refuse its block."""
        verdict = check(self.told, RULES, new_learner(self.told, "p2"), self.mine())
        return verdict is not Verdict.ACCEPTED


def bans_for_another_model(pow_: Learners) -> bool:
    """Accuracy: whether a correct process is banned that is on another chain."""
    leader = Leader(pow_)
    forked = leader.told.offspring(leader.told.genesis, frozenset([Ticket(1, NOBODY, THIRD)]))
    elsewhere = replace(offer_of("p2", 3), parent=forked.digest)
    leader.has(elsewhere, loss=11)
    leader.catch()
    return "p2" in leader.learner.banned


def stopped_by_a_stolen_ticket(pow_: Learners) -> bool:
    """Termination: whether a Byzantine offer of another's ticket stops the leader, by an error."""
    leader = Leader(pow_)
    leader.has(offer_of("p2", 3), loss=3)
    leader.has(offer_of("b1", 4, proposer="p2", weights=OTHER), loss=4)
    leader.blends(3, "p2")
    try:
        leader.mine()
    except ModelConsensusError:
        return True
    return False


def costs_again(pow_: Learners) -> bool:
    """Work: whether one who was caught lying costs more evaluations."""
    leader = Leader(pow_)
    leader.learner = replace(leader.learner, banned=frozenset(["b1"]))
    leader.has(offer_of("b1", 1), loss=11)
    leader.look()
    return leader.told.evaluations > PUBLIC_ALONE


def costs_though_it_is_bad(pow_: Learners) -> bool:
    """Work: whether an offer that is worse than the public one costs more evaluations."""
    leader = Leader(pow_)
    leader.has(offer_of("p2", 11), loss=11)
    leader.look()
    return leader.told.evaluations > PUBLIC_ALONE


def misled(pow_: Learners) -> bool:
    """SharesSearch: whether a false offer makes the block worse than a true one."""
    leader = Leader(pow_)
    leader.has(offer_of("p2", 6), loss=6)
    leader.has(offer_of("b1", 1), loss=9)
    leader.blends(8, "p2", "b1")
    return leader.mine().claim > 6


def bans_the_honest(pow_: Learners) -> bool:
    """Accuracy: whether a true offer is punished for another one's lie."""
    leader = Leader(pow_)
    leader.has(offer_of("p2", 6), loss=6)
    leader.has(offer_of("b1", 1), loss=9)
    leader.blends(8, "p2", "b1")
    leader.catch()
    return "p2" in leader.learner.banned


def wastes_the_best_offer(pow_: Learners, blend: int) -> bool:
    """SharesSearch: whether the block is worse than a true offer; the blend has this loss."""
    leader = Leader(pow_)
    leader.has(offer_of("p1", 8), loss=8)
    leader.has(offer_of("p2", 6), loss=6)
    leader.blends(blend, "p1", "p2")
    return leader.mine().claim > 6


def bad_blend(pow_: Learners) -> bool:
    return wastes_the_best_offer(pow_, 9)


def middling_blend(pow_: Learners) -> bool:
    return wastes_the_best_offer(pow_, 7)


def leads_with_a_bad_draw(pow_: Learners) -> bool:
    """Progress: whether its block without an offer is refused."""
    leader = Leader(pow_)
    return leader.is_refused()


def leads_without_the_public_offer(pow_: Learners) -> bool:
    """Progress: whether its block is refused because its own offer is below the floor."""
    leader = Leader(pow_)
    leader.has(offer_of("p1", 12), loss=12)
    return leader.is_refused()


def claims_what_others_claim(pow_: Learners) -> bool:
    """Progress: whether its block is refused because the blend is better than the offers."""
    leader = Leader(pow_)
    leader.has(offer_of("p1", 8), loss=8)
    leader.has(offer_of("p2", 6), loss=6)
    leader.blends(4, "p1", "p2")
    return leader.is_refused()
