"""A participant over proof-of-work without input or output: a learner that mines and gossips.

The learner is that of :mod:`model_consensus.pow_learner`.  In each epoch the node tries some nonces
for its next block, tells the others the last block of its chain and of other branches, and its
offer, again, and asks for the blocks that are missing.  Who accepts a block passes it on.

Of equally long chains the learner keeps the first.  So that this is not the one that an adversary
has sent a moment earlier, a block waits for an epoch, and then those of its height that have come
meanwhile are taken together, the least claim first.

The rule of this file: nothing here reads a clock, opens a socket or writes a file.  The host calls
:meth:`PowParticipant.begin` and :meth:`PowParticipant.receive`, persists ``lines``, and only then
sends what the call returned.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from model_consensus import pow_learner
from model_consensus.conformance.log_writing import Noting
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.conformance.pow_miner import EVALUATED, Miner, height_of, turn
from model_consensus.evolutionary_search import Digest, Model, Process, Search
from model_consensus.node.pow_packets import Packet, Send
from model_consensus.pow_learner import Block, Verdict
from model_consensus.streamlet.messages import Message
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.streamlet.state import Identity
from model_consensus.tob_learner import Offer

QUESTION = 48
"""Bytes of a question: the last block of a branch, a height and the epoch."""

ASKED, ANSWERED = 2, 24
"""Questions of a process that are answered in an epoch, and the blocks of an answer, at most."""

WAITING = 1024
"""Blocks with work that wait, also for their parents; of more, the oldest is dropped."""

ENDS = 8
"""Branches whose last blocks are announced in an epoch, so that nobody misses a fork for ever."""

REFUSED = 1024
"""Refused blocks that are remembered, so that none is evaluated twice."""


class PowParticipant:
    """One process.

    :param miner: what it remembers.
    :param search: evaluates what it does not remember.
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
        self._search = miner.search.search = Noting(search)
        self.lines: list[str] = []
        self.epoch = 0
        self._last = generations + miner.rules.depth
        self._tries, self._log = tries, log
        self._evaluations = 0
        self._refused: dict[Block, None] = {}
        self._ends: dict[Digest, Block] = {}  # blocks that no block extends
        for block in miner.learner.known.values():
            self._branch(block)
        self._waiting: dict[Block, int] = {}  # blocks to be taken, and the epochs they came in
        self._answered: dict[Process, int] = {}  # the epoch in which somebody asked last
        self._answers: Counter[Process] = Counter()

    def begin(self, epoch: int) -> Sequence[Send]:
        """Enter an epoch."""
        self.epoch = epoch
        self._answers.clear()
        taken = self._take_waiting(before=epoch - 1)
        out = self._mine()
        if not out:
            self._offer()
            out = self._announced()
        return [*taken, *out, *self._asked()]

    def receive(self, packet: Packet) -> Sequence[Send]:
        """A packet has arrived, whoever sent it.  What is cheap to check is checked first."""
        if isinstance(packet, Message):
            return self._hear(packet)
        self._wait(packet)
        return []

    @property
    def model(self) -> Model:
        """The last model that it has decided, or the genesis model."""
        learner = self.miner.learner
        return learner.models[pow_learner.decided_block(self.miner.rules, learner)]

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
        """The losses of what is evaluated."""
        self._search.noted.clear()
        work()
        self._evaluations += len(self._search.noted)
        return [*self._search.noted]

    def _announced(self) -> list[Send]:
        """The tip, the ends of some other branches, all in turn, and its offer."""
        ends, first = [*self._ends], ENDS * self.epoch
        turn = {ends[place % len(ends)] for place in range(first, first + ENDS) if ends}
        tip = self.miner.learner.tip
        told = [end for end in ends if end in turn or end == tip]
        return [*(Send(None, self._ends[end]) for end in told), *self._own_offer()]

    def _own_offer(self) -> list[Send]:
        offer = self.miner.offers.get(self.me.process)
        return [] if offer is None else [self._signed(encode_offer(offer))]

    def _signed(self, body: bytes) -> Send:
        return Send(None, self.me.committee.message(self.me.process, self.me.sign, body))

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
        nonce = next(pow_learner.working_nonces(self.miner.rules, block, nonces), None)
        return None if nonce is None else replace(block, nonce=nonce)

    def _adopted(self, block: Block) -> list[Send]:
        """Say what is decided, offer on the new tip, and pass the block and the offer on."""
        for each in self.miner.decisions():
            self.lines.append(self._log.decided(each.generation, each.model))
        self._branch(block)
        self._offer()
        return [Send(None, block), *self._own_offer()]

    def _branch(self, block: Block) -> None:
        self._ends.pop(block.parent, None)
        self._ends[block.digest] = block

    # ---------------------------------------------------------------------------- the others'

    def _wait(self, block: Block) -> None:
        """Have a block wait that is not known and has its work."""
        rules, known = self.miner.rules, self.miner.learner.known
        if block in self._refused or not pow_learner.has_structure(rules, block):
            return
        if block.digest in known or not pow_learner.has_work(rules, block):
            return
        self._waiting.setdefault(block, self.epoch)
        if len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]

    def _has_parent(self, block: Block) -> bool:
        learner = self.miner.learner
        return block.parent in learner.known or block.parent == learner.root

    def _take_waiting(self, before: int) -> list[Send]:
        """Take the blocks of each height at which one came before that epoch, the lowest first.

        Blocks whose parents are not accepted wait on.
        """
        out = list[Send]()
        for height, level in groupby(sorted(self._waiting, key=turn), key=height_of):
            ready = [
                block
                for block in level
                if self._has_parent(block) and self.miner.next_height(block.parent) == height
            ]
            if any(self._waiting[block] < before for block in ready):
                for block in ready:
                    del self._waiting[block]
                    out += self._take(block)
        return out

    def _take(self, block: Block) -> Sequence[Send]:
        verdict = Verdict.KNOWN

        def receive() -> None:
            nonlocal verdict
            verdict = self.miner.receive(block)

        losses = self._noting(receive)
        if verdict in EVALUATED:
            self.lines.append(self._log.received(block, losses))
        if verdict is Verdict.ACCEPTED:
            return self._adopted(block)
        if verdict in EVALUATED:
            self._refused[block] = None
            if len(self._refused) > REFUSED:
                del self._refused[next(iter(self._refused))]
        return []

    def _hear(self, message: Message) -> Sequence[Send]:
        """An offer, or a question after blocks, which is shorter than any offer."""
        sender, body = message.sender, message.body
        offer = decode_offer(sender, body)
        is_of_use = len(body) == QUESTION if offer is None else self._is_news(offer)
        if not is_of_use or not self.me.committee.is_authentic(message):
            return []
        if offer is None:
            return self._answer(sender, body)
        self._take_offer(offer)
        return []

    def _is_news(self, offer: Offer) -> bool:
        return self.miner.hears(offer)

    def _take_offer(self, offer: Offer) -> None:
        losses = self._noting(lambda: self.miner.hear(offer))
        self.lines.append(self._log.heard(offer, losses))

    # ------------------------------------------------------------------- blocks that are missing

    def _asked(self) -> list[Send]:
        """Ask for the branch of a block that has come too early, of all such in turn.

        It asks for what comes just before that block, and for what comes next to its own tip.
        """
        waiting = {block.digest for block in self._waiting}
        early = [
            block
            for block in self._waiting
            if block.parent not in waiting and not self._has_parent(block)
        ]
        if not early:
            return []
        block = early[self.epoch % len(early)]
        tip, out = self.miner.height, list[Send]()
        for above in (height_of(block) - 1 - ANSWERED, tip - self.miner.rules.depth - 1):
            numbers = b"".join(n.to_bytes(8, "big") for n in (max(above, 0), self.epoch))
            out.append(self._signed(block.parent + numbers))
        return out

    def _answer(self, sender: Process, asks: bytes) -> Sequence[Send]:
        """Send the lowest blocks above a height of the branch that ends with a block."""
        end, above, epoch = asks[:32], *(int.from_bytes(asks[i : i + 8], "big") for i in (32, 40))
        if epoch < self._answered.get(sender, 0) or self._answers[sender] >= ASKED:
            return []
        self._answered[sender] = epoch
        self._answers[sender] += 1
        learner, branch = self.miner.learner, list[Block]()
        while end in learner.known and height_of(learner.known[end]) > above:
            branch.append(learner.known[end])
            end = branch[-1].parent
        return [Send(sender, block) for block in reversed(branch[-ANSWERED:])]
