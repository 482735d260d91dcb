"""One process over proof-of-work, computed again from its log by the learner of the reference."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from model_consensus import pow_learner
from model_consensus.conformance.log_replay import (
    ContradictionError,
    Evaluated,
    Known,
    Told,
    differences,
)
from model_consensus.conformance.logs import Decided, LogError, Offered
from model_consensus.conformance.pow_logs import (
    Heard,
    Mined,
    PowEvent,
    PowLog,
    PowRestarted,
    Received,
)
from model_consensus.conformance.pow_miner import EVALUATED, Miner
from model_consensus.evolutionary_search import Process
from model_consensus.pow_learner import Block, Verdict
from model_consensus.tob_learner import Offer


@dataclass(frozen=True)
class Taken:
    """An event of a log, after which the process has been computed again.

    :ivar evaluated: the models that were evaluated in it.
    :ivar seen: the offers that the process has had before its block, or after what it heard.
    :ivar catches: whether it bans somebody.
    :ivar accepts: whether a block that it received is accepted.
    """

    process: Process
    line: int
    event: PowEvent
    evaluated: Evaluated = ()
    seen: tuple[Offer, ...] = ()
    catches: bool = False
    accepts: bool = False


class PowReplay:
    """One process: its log, read as far as the event ``next``, and its learner computed again."""

    def __init__(self, log: PowLog, search: Told, known: Known) -> None:
        self.log = log
        self.process = log.process
        self.miner = Miner(search, log.agreed.rules, log.process)
        self._told, self._known = search, known
        self._events = log.events()
        self.next: PowEvent | None = next(self._events, None)

    def take(self) -> Taken:
        """Take the event ``next``.

        :raises ContradictionError: it is not what the process does.
        :raises LogError: it knows of lines that are not there.
        """
        event, line = self.next, self.log.line
        assert event is not None
        if self.miner.due and not isinstance(event, Decided | PowRestarted):
            due = self.miner.due[0]
            raise ContradictionError(
                f"by its log {self.process} has decided generation {due.generation}, the model "
                f"{due.model.hex()[:12]}, before this, and the log does not say so"
            )
        seen, banned = tuple(self.miner.offers.values()), self.miner.learner.banned
        accepts, evaluated = False, Evaluated()
        match event:
            case Offered(offer, losses):
                evaluated = self._evaluating(
                    losses, offer.ticket.generation, partial(self._offer, offer)
                )
            case Heard(offer, losses):
                self._check_heard(offer)
                generation = offer.ticket.generation
                evaluated = self._evaluating(losses, generation, partial(self.miner.hear, offer))
            case Mined(block):
                self._mine(block)
            case Received(block, losses):
                height = min((ticket.generation for ticket in block.step), default=0)
                evaluated = self._evaluating(losses, height, partial(self._receive, block))
                accepts = block.digest in self.miner.learner.known
            case Decided():
                self._decide(event)
            case PowRestarted(blocks):
                self._restart(blocks)
        if not isinstance(event, Mined):
            seen = tuple(self.miner.offers.values())
        catches = self.miner.learner.banned != banned
        self.next = next(self._events, None)
        return Taken(self.process, line, event, evaluated, seen, catches, accepts)

    def _evaluating(
        self, losses: tuple[int, ...], generation: int, work: Callable[[], None]
    ) -> Evaluated:
        self._told.read(losses)
        work()
        evaluated = self._told.all_used()
        self._known.compare(generation, self.process, self.log.line, evaluated)
        return evaluated

    def _offer(self, told: Offer) -> None:
        if self.miner.offers:
            raise ContradictionError("it made its offer on its tip before")
        offer = self.miner.offer()
        if offer != told:
            raise ContradictionError(f"by its losses its offer has {differences(offer, told)}")

    def _check_heard(self, offer: Offer) -> None:
        if not self.miner.hears(offer):
            raise ContradictionError(
                "its learner takes no such offer: it is not the first one of a process that is "
                "not banned, on the tip, of a ticket of its sender"
            )

    def _mine(self, told: Block) -> None:
        block = self.miner.block
        if block is None:
            raise ContradictionError("by its log it has made no offer on its tip before this block")
        if replace(block, nonce=told.nonce) != told:
            raise ContradictionError(f"by its log its block has {block_differences(block, told)}")
        if not pow_learner.has_work(self.miner.rules, told):
            raise ContradictionError(f"{Verdict.WORK}: this is not its block's nonce")
        self.miner.win(told)

    def _receive(self, block: Block) -> None:
        verdict = self.miner.receive(block)
        if verdict not in EVALUATED:
            raise ContradictionError(f"its learner refuses this block unevaluated: {verdict}")

    def _decide(self, event: Decided) -> None:
        if not self.miner.due:
            raise ContradictionError("by its log it has decided nothing here")
        due = self.miner.due.pop(0)
        if event.generation != due.generation:
            raise ContradictionError(
                f"it has decided generation {due.generation}, not {event.generation}"
            )
        if event.model != due.model:
            raise ContradictionError(
                f"by its log it has decided the model {due.model.hex()[:12]}, not "
                f"{event.model.hex()[:12]}"
            )

    def _restart(self, remembered: int) -> None:
        blocks = len(self.miner.learner.known)
        if remembered > blocks:
            raise LogError(
                f"{self.log.source}: line {self.log.line}: lines are missing: {remembered} blocks "
                f"were known before it, and {blocks} are in the log"
            )
        if remembered < blocks:
            raise ContradictionError(
                f"it remembers {remembered} blocks, and {blocks} are in its log"
            )


def block_differences(right: Block, wrong: Block) -> str:
    """How two blocks differ, their nonces aside: "the claim 7, not 8"."""
    pairs: list[tuple[str, object, object]] = [
        ("parent", right.parent.hex()[:12], wrong.parent.hex()[:12]),
        ("miner", right.miner, wrong.miner),
        ("step", _step(right), _step(wrong)),
        ("claim", right.claim, wrong.claim),
    ]
    return ", ".join(f"the {name} {one}, not {two}" for name, one, two in pairs if one != two)


def _step(block: Block) -> str:
    return " and ".join(
        f"{ticket.proposer or 'nobody'} {list(ticket.weights)} in generation {ticket.generation}"
        for ticket in sorted(block.step)
    )
