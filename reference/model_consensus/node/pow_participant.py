"""A participant over proof-of-work without input or output: a learner that mines and gossips.

The learner is that of :mod:`model_consensus.pow_learner`.  In each epoch the node tries some nonces
for its next block, tells the others the last block of its chain and its offer again, and asks for
the blocks that are missing.  Who accepts a block passes it on.

The rule of this file: nothing here reads a clock, opens a socket or writes a file.  The host calls
:meth:`PowParticipant.begin` and :meth:`PowParticipant.receive`, persists ``lines``, and only then
sends what the call returned.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from model_consensus import pow_learner
from model_consensus.conformance.log_writing import Noting
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.conformance.pow_miner import EVALUATED, Miner
from model_consensus.evolutionary_search import Model, Process, Search
from model_consensus.node.pow_packets import Packet, Send
from model_consensus.pow_learner import Block, Verdict
from model_consensus.streamlet.messages import Message, Request
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.streamlet.state import Identity
from model_consensus.tob_learner import Offer

ANSWERED = 64
"""Blocks that answer a request at most."""

REFUSED = 1024
"""Refused blocks that are remembered, so that none is evaluated twice."""


class PowParticipant:
    """One process.

    :param miner: what it remembers.
    :param search: what is searched.
    :param generations: when so many are decided it mines no more.
    :param tries: how many nonces it tries in an epoch.
    :param log: makes the lines of its log.
    :ivar lines: those of the log that have not been written yet.
    :ivar epoch: the one that it is in.
    """

    def __init__(
        self,
        me: Identity,
        miner: Miner,
        search: Search,
        generations: int,
        tries: int,
        log: PowLogLines,
    ) -> None:
        self.me, self.miner = me, miner
        self.search = miner.search = Noting(search)
        self.lines: list[str] = []
        self.epoch = 0
        self._last = generations + miner.rules.depth
        self._tries, self._log = tries, log
        self._evaluations = 0
        self._refused: dict[Block, None] = {}
        self._misses, self._back = False, 0
        self._asked: dict[Process, int] = {}
        self._answered: set[Process] = set()

    def begin(self, epoch: int) -> Sequence[Send]:
        """Enter an epoch."""
        self.epoch = epoch
        self._answered.clear()
        out = self._mine()
        if not out:
            self._offer()
            out = self._announced()
        return [*out, *self._request()]

    def receive(self, packet: Packet) -> Sequence[Send]:
        """A packet has arrived, whoever sent it.  What is cheap to check is checked first."""
        match packet:
            case Block():
                return self._take(packet)
            case Message():
                self._hear(packet)
                return []
            case Request():
                return self._answer(packet)

    @property
    def model(self) -> Model:
        """The last model that it has decided, or the genesis model."""
        learner = self.miner.learner
        blocks = pow_learner.chain(learner)
        settled = len(blocks) - self.miner.rules.depth
        return learner.models[blocks[settled - 1] if settled > 0 else learner.root]

    def status(self) -> dict[str, Any]:
        """What it says of itself beside its model and its epoch."""
        learner = self.miner.learner
        return {
            "evaluations": self._evaluations,
            "banned": sorted(learner.banned),
            "height": self.miner.height,
            "blocks": len(learner.known),
        }

    # ------------------------------------------------------------------------------- its own

    def _noting(self, work: Callable[[], Any]) -> list[int]:
        """The losses of what is evaluated; a model may be among them that was evaluated before."""
        self.search.noted.clear()
        work()
        self._evaluations += len(self.search.noted)
        return [*self.search.noted]

    def _announced(self) -> list[Send]:
        """The last block of its chain, and its offer on it."""
        miner, out = self.miner, list[Send]()
        if miner.learner.tip in miner.learner.known:
            out.append(Send(None, miner.learner.known[miner.learner.tip]))
        if self.me.process in miner.offers:
            out.append(self._signed(miner.offers[self.me.process]))
        return out

    def _signed(self, offer: Offer) -> Send:
        committee, body = self.me.committee, encode_offer(offer)
        return Send(None, committee.message(self.me.process, self.me.sign, body))

    def _offer(self) -> None:
        """Make its offer on its tip, if that is not made."""
        if not self.miner.offers and self.miner.height < self._last:
            losses = self._noting(self.miner.offer)
            self.lines.append(self._log.offered(self.miner.offers[self.me.process], losses))

    def _mine(self) -> list[Send]:
        """Try some nonces; with the right one, its block is there."""
        block = self._tried(self.miner.block)
        if block is None:
            return []
        self.lines.append(self._log.mined(block))
        self.miner.win(block)
        return self._adopted(block)

    def _tried(self, block: Block | None) -> Block | None:
        """The block, if one of the nonces of this epoch gives it work.

        Each epoch has nonces of its own, so a process that is started again tries others.
        """
        if block is None:
            return None
        nonces = range(self.epoch * self._tries, (self.epoch + 1) * self._tries)
        nonce = pow_learner.first_nonce(self.miner.rules, block, nonces)
        return None if nonce is None else replace(block, nonce=nonce)

    def _adopted(self, block: Block) -> list[Send]:
        """Say what is decided, offer on the new tip, and pass the block and the offer on."""
        for each in self.miner.decisions():
            self.lines.append(self._log.decided(each.generation, each.model))
        self._offer()
        if block.digest != self.miner.learner.tip:
            return [Send(None, block)]
        return self._announced()

    # ---------------------------------------------------------------------------- the others'

    def _take(self, block: Block) -> Sequence[Send]:
        if block in self._refused:
            return []
        verdict = Verdict.KNOWN

        def receive() -> None:
            nonlocal verdict
            verdict = self.miner.receive(block)

        losses = self._noting(receive)
        if verdict in EVALUATED:
            self.lines.append(self._log.received(block, losses))
        if verdict is Verdict.ACCEPTED:
            self._misses, self._back = False, 0
            return self._adopted(block)
        if verdict is Verdict.PARENT:
            self._misses = True
        elif verdict in EVALUATED:
            self._refused[block] = None
            if len(self._refused) > REFUSED:
                del self._refused[next(iter(self._refused))]
        return []

    def _hear(self, message: Message) -> None:
        offer = decode_offer(message.sender, message.body)
        if offer is None or not self.miner.hears(offer):
            return
        if self.me.committee.is_authentic(message):
            losses = self._noting(lambda: self.miner.hear(offer))
            self.lines.append(self._log.heard(offer, losses))

    # ------------------------------------------------------------------- blocks that are missing

    def _request(self) -> list[Send]:
        """Ask for the blocks from some way below its tip on: further below each time."""
        if not self._misses:
            return []
        self._misses, self._back = False, max(2 * self._back, self.miner.rules.depth + 1)
        height = max(0, self.miner.height - self._back)
        committee, process = self.me.committee, self.me.process
        return [Send(None, committee.request(process, self.me.sign, self.epoch, height))]

    def _answer(self, request: Request) -> Sequence[Send]:
        """Send the lowest blocks of its chain above a height, to each process once in an epoch."""
        sender = request.sender
        if sender in self._answered or request.epoch <= self._asked.get(sender, -1):
            return []
        if not self.me.committee.is_authentic(request):
            return []
        self._answered.add(sender)
        self._asked[sender] = request.epoch
        learner = self.miner.learner
        above = pow_learner.chain(learner)[request.length :]
        return [Send(sender, learner.known[digest]) for digest in above[:ANSWERED]]
