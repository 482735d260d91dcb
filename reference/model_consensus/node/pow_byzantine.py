"""A Byzantine participant over proof-of-work: it follows the gossip, and then misbehaves.

The attacks are those of :mod:`model_consensus.adversaries.pow`.  In a simulated run an attacker
sees the whole state; as a process of its own it sees the blocks and the offers that have reached
it, and takes it that all correct processes know the blocks that it has received or shown to one of
them.  It tries as many nonces in an epoch as everybody else.
"""

from collections.abc import Sequence

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.pow_view import View
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.conformance.pow_miner import Miner
from model_consensus.evolutionary_search import Process, Search
from model_consensus.node.pow_packets import Packet, Send
from model_consensus.node.pow_participant import PowParticipant
from model_consensus.pow_learner import Block, Rules, block_on
from model_consensus.streamlet.offers import encode_offer
from model_consensus.streamlet.state import Identity
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.block_tree import BlockTree
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import State
from model_consensus.systems.pow_tree import nonce_without_work
from model_consensus.tob_learner import Offer


class ByzantinePowParticipant(PowParticipant):
    """A process of the adversary.  It remembers nothing when it starts again.

    :param byzantine: all of the adversary's processes.
    :param attack: the name of what it does.
    """

    def __init__(
        self,
        me: Identity,
        rules: Rules,
        search: Search,
        generations: int,
        tries: int,
        byzantine: Sequence[Process],
        attack: str,
    ) -> None:
        process = me.process
        log = PowLogLines(process, clock=float)
        super().__init__(me, Miner(search, rules, process), search, generations, tries, log)
        self._strategy = STRATEGIES[attack]
        self._system = PowSystem(rules, byzantine, OneLandscape(self.miner.search))
        self._blocks = BlockTree(self._system.genesis.digest, byzantine)
        self._latest: dict[Process, Offer] = {}
        self._wanted: Block | None = None  # what it mines; None until it has looked again

    def begin(self, epoch: int) -> Sequence[Send]:
        """Enter an epoch."""
        out = super().begin(epoch)
        self.lines.clear()  # it writes no log
        return out

    def receive(self, packet: Packet) -> Sequence[Send]:
        """A packet has arrived; it waits for nothing."""
        out = [*super().receive(packet), *self._take_waiting(before=self.epoch + 1)]
        self.lines.clear()
        return out

    def _view(self) -> View:
        public = self.miner.learner
        learners = dict.fromkeys(self._system.correct, public)
        offers = frozenset(self._latest.values())
        return View(self._system, State(self._blocks, learners, offers, {}))

    # ------------------------------------------------------------------------------- its own

    def _offer(self) -> None:
        """What the attack wants to offer, once on each block."""
        offer = self._strategy.offer(self._view(), self.me.process)
        if offer is not None:
            self._latest[self.me.process] = offer
            self._wanted = None

    def _announced(self) -> list[Send]:
        return self._own_offer()

    def _own_offer(self) -> list[Send]:
        offer = self._latest.get(self.me.process)
        return [] if offer is None else [self._signed(encode_offer(offer))]

    def _mine(self) -> list[Send]:
        """Mine what the attack wants, and show what it wants shown."""
        view = self._view()
        if view.height(view.top) >= self._last:
            return []
        parent = self._strategy.extend(view)
        if self._wanted is None:
            if parent is None:
                self._wanted = self._strategy.forge(view, self.me.process, True)
            else:
                step = self._strategy.step(view, self.me.process, parent)
                digest = self._system.digest(view.state, parent)
                model = view.model(parent)
                self._wanted = block_on(self.miner.search, digest, model, self.me.process, step)
        block = self._tried(self._wanted)
        if block is None:
            return []
        self._wanted = None
        if parent is None:
            return [Send(None, block)]
        self._add(block)
        return self._published()

    def _add(self, block: Block) -> None:
        self._blocks = self._blocks.appended(block)
        self._wanted = None

    def _published(self) -> list[Send]:
        """Send the blocks that the attack shows, each after those below it."""
        view, out = self._view(), list[Send]()
        for process, place in self._strategy.publish(view):
            branch = [place]
            while view.is_withheld(below := view.parent(branch[-1])):
                branch.append(below)
            out += [Send(process, view.state.blocks[each - 1]) for each in reversed(branch)]
        for send in out:
            assert isinstance(send.packet, Block)
            self.miner.receive(send.packet)
        self.miner.decisions()
        return out

    # ---------------------------------------------------------------------------- the others'

    def _adopted(self, block: Block) -> list[Send]:
        """Somebody else has won a block."""
        self._add(block)
        out = self._published()
        forged = self._strategy.forge(self._view(), self.me.process, False)
        if forged is not None:
            out.append(Send(None, nonce_without_work(self.miner.rules, forged)))
        return out

    def _is_news(self, offer: Offer) -> bool:
        return self._latest.get(offer.sender) != offer

    def _take_offer(self, offer: Offer) -> None:
        self._latest[offer.sender] = offer
        self._wanted = None
