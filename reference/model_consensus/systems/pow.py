"""Learning over proof-of-work with its adversary, as one labelled transition system.

:class:`PowSystem` is ``PowLearning.tla`` run with the real learners and with real proofs of work:
its actions are those of the specification, and :meth:`PowSystem.project` gives the specification's
variables.  The oracle that elects the miners is the choice of the next action: who is to win finds
the nonce.  What the landscape may answer is a parameter, as for Total Order Broadcast.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from model_consensus import pow_learner
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    Step,
)
from model_consensus.pow_learner import Block, Learner, model_of_tip
from model_consensus.systems.answers import (
    Answer,
    Losses,
    LossNotRevealed,
    OpenLandscape,
    Stage,
    explored,
    explored_losses,
    proposal_stages,
)
from model_consensus.systems.block_tree import BlockTree
from model_consensus.systems.pow_actions import (
    Action,
    ByzantineForge,
    ByzantineMine,
    ByzantineOffer,
    ByzantinePublish,
    Catch,
    MakeOffer,
    Mine,
    Receive,
    State,
)
from model_consensus.systems.pow_tree import PowTree
from model_consensus.tob_learner import Offer, least_claim, offered


class PowSystem(PowTree):
    """n learners over proof-of-work, some of them Byzantine; see :class:`PowTree`."""

    def initial(self) -> Iterator[State]:
        """The one initial state."""
        search = self.landscapes.search({})
        learners = {p: pow_learner.new_learner(search, p) for p in self.correct}
        blocks = BlockTree(self.genesis.digest, self.byzantine)
        yield State(blocks, learners, frozenset(), {})

    def enabled(self, state: State) -> Iterator[Action]:
        """Every action that the specification allows, with every answer of the landscape."""
        if self.may_offer(state):
            for process in self.correct:
                yield from self.own_offers(state, process)
                for seen in self.collected(state, process):
                    yield from self.leads(state, process, seen)
            for offer in self.lies(self, state):
                yield from self.byzantine_offers(state, offer)
        for place, block in enumerate(state.blocks, 1):
            withheld = self.is_withheld(state, place)
            for process in self.correct:
                if block.digest not in state.learner[process].known:
                    yield (ByzantinePublish if withheld else Receive)(process, place)
        for process in self.byzantine:
            if self.may_win(state, process):
                for parent in range(len(state.blocks) + 1):
                    for step in self.steps(self, state, parent):
                        yield from self.byzantine_blocks(state, process, parent, step)
        for block in self.forgeries(self, state):
            for forged in (self.with_nonce(state, block, work) for work in (True, False)):
                for process in self.correct:
                    yield from self.forges(state, process, forged)

    # ------------------------------------------------------------------------ what is enabled

    def may_offer(self, state: State) -> bool:
        """``MayOffer``: wins are left, and no block of a correct process is on its way."""
        return (self.wins is None or len(state.blocks) < self.wins) and self.is_synchronous(state)

    def may_win(self, state: State, process: Process) -> bool:
        """``MayWin``: the oracle may elect ``process``."""
        most = self.byzantine_wins
        if process in self.byzantine and most is not None and state.blocks.stolen >= most:
            return False
        return self.may_offer(state)

    def is_synchronous(self, state: State) -> bool:
        """Whether every block of a correct process has reached all correct processes."""
        return not state.on_way

    def own_offers(self, state: State, process: Process) -> Iterator[MakeOffer]:
        """The action ``MakeOffer`` of ``process``, if it has not made it on its tip."""
        model = model_of_tip(state.learner[process])
        if not self.has_offered(state, process, model):
            stages = proposal_stages(self.landscapes, self.lineages, model, process)
            for losses in self._answers(state, model, stages):
                yield MakeOffer(process, losses)

    def collected(self, state: State, process: Process) -> Iterator[tuple[Offer, ...]]:
        """``Collected``: the offers that ``process`` may have when it leads, its own with them."""
        offers = self.offers_on(state, model_of_tip(state.learner[process]))
        own = [offer for offer in offers if offer.sender == process]
        others = [offer for offer in offers if offer.sender != process]
        for count in range(len(others) + 1):
            for seen in combinations(others, count):
                if len({offer.sender for offer in seen}) == count:
                    yield from ((mine, *seen) for mine in own)

    def leads(
        self, state: State, process: Process, seen: tuple[Offer, ...]
    ) -> Iterator[Catch | Mine]:
        """``Catch`` or ``Mine`` of ``process`` with these offers; of equal claims, each first."""
        model = model_of_tip(state.learner[process])
        for losses in self._answers(state, model, self._led(state, process, seen)):
            search = self.landscapes.search(self.drawn(state, Mine(process, seen, losses)))
            learner = state.learner[process]
            after = self._caught(search, learner, seen)
            if after is not learner:
                yield Catch(process, seen, losses)
            elif self.may_win(state, process):
                least = least_claim(seen).claim
                for first in (offer for offer in seen if offer.claim == least):
                    others = tuple(offer for offer in seen if offer is not first)
                    yield Mine(process, (first, *others), losses)

    def byzantine_offers(self, state: State, offer: Offer) -> Iterator[ByzantineOffer]:
        """``ByzantineOffer`` of this offer, while some process has not left its parent behind."""
        model = self._model(state, offer.parent)
        if model.generation < self.last_common(state) or offer in state.offers:
            return
        if not self._is_of_interest(state, model):
            return
        for losses in self._answers(state, model, [lambda loss: [offered(offer)]]):
            yield ByzantineOffer(offer, losses)

    def byzantine_blocks(
        self, state: State, miner: Process, parent: int, step: Step
    ) -> Iterator[ByzantineMine]:
        """The action ``ByzantineMine`` of this step, where what it has of nobody is public and it
        is above the floor."""
        model = self.model(state, parent)
        nobodys = {ticket for ticket in step if ticket.proposer == pow_learner.NOBODY}
        for losses in self._answers(state, model, self._stepped(model, step)):
            drawn = self.drawn(state, ByzantineMine(miner, parent, step, losses))
            if not nobodys <= self.public_tickets(model, drawn):
                continue
            search = self.landscapes.search(drawn)
            digest = self.digest(state, parent)
            block = pow_learner.block_on(search, digest, model, miner, step)
            if pow_learner.is_above_floor(search, model, block):
                yield ByzantineMine(miner, parent, step, losses)

    def forges(self, state: State, process: Process, block: Block) -> Iterator[ByzantineForge]:
        """The action ``ByzantineForge`` of this block, if it is not valid and may have been won."""
        work = pow_learner.has_work(self.rules, block)
        if work and not self.may_win(state, block.miner):
            return
        if not self._evaluates(state, process, block):
            yield ByzantineForge(process, block, ())
            return
        model = self._parent(state, block)
        for losses in self._answers(state, model, self._stepped(model, block.step)):
            search = self.landscapes.search(
                self.drawn(state, ByzantineForge(process, block, losses))
            )
            valid = (
                pow_learner.is_own_step(search, model, block)
                and pow_learner.is_exact(search, model, block)
                and pow_learner.is_above_floor(search, model, block)
            )
            if not (work and valid):
                yield ByzantineForge(process, block, losses)

    # ----------------------------------------------------------------------- what it leads to

    def apply(self, state: State, action: Action) -> State:
        """The state after ``action``, which must be enabled."""
        drawn = self.drawn(state, action)
        search = self.landscapes.search(drawn)
        match action:
            case MakeOffer(process, _):
                learner = state.learner[process]
                offer = self.learners.make_offer(search, learner)
                loss = self._remembered(state, model_of_tip(learner), drawn)
                return replace(state, offers=state.offers | {offer}, loss=loss)
            case ByzantineOffer(offer, _):
                loss = self._remembered(state, self._model(state, offer.parent), drawn)
                return replace(state, offers=state.offers | {offer}, loss=loss)
            case Catch(process, seen, _):
                learner = self._caught(search, state.learner[process], seen)
                loss = self._remembered(state, model_of_tip(learner), drawn)
                return replace(state, learner={**state.learner, process: learner}, loss=loss)
            case Mine(process, seen, _):
                learner = state.learner[process]
                start = self._nonce(state)
                block = self.learners.mine(search, self.rules, learner, seen, start)
                return self._mined(state, model_of_tip(learner), block, drawn)
            case ByzantineMine(miner, parent, step, _):
                model = self.model(state, parent)
                digest = self.digest(state, parent)
                block = pow_learner.block_on(search, digest, model, miner, step)
                return self._mined(state, model, self.with_nonce(state, block, True), drawn)
            case Receive(process, place) | ByzantinePublish(process, place):
                block = state.blocks[place - 1]
                search = self.landscapes.search(self._made_valid(state, block))
                learners = self._receive(state, process, block, search)
                return self._forget(self._arrived(replace(state, learner=learners), place))
            case ByzantineForge(process, block, _):
                loss = state.loss
                if drawn:
                    loss = self._remembered(state, self._parent(state, block), drawn)
                else:
                    search = self.landscapes.search(state.loss)
                learners = self._receive(state, process, block, search)
                after = replace(state, learner=learners, loss=loss)
                if learners[process] is not state.learner[process]:  # only by a defective learner
                    model = learners[process].models[block.digest]
                    self._models[model.digest] = model
                    self.lineages.offspring(self._parent(state, block).digest, block.step)
                    after = replace(after, blocks=state.blocks.appended(block))
                return after

    def drawn(self, state: State, action: Action) -> Losses:
        """The losses known after ``action``, also those that nobody remembers then, or none."""
        match action:
            case MakeOffer(process, losses):
                model = model_of_tip(state.learner[process])
                stages: Sequence[Stage] = proposal_stages(
                    self.landscapes, self.lineages, model, process
                )
            case Catch(process, seen, losses) | Mine(process, seen, losses):
                model = model_of_tip(state.learner[process])
                stages = self._led(state, process, seen)
            case ByzantineOffer(offer, losses):
                model, step = self._model(state, offer.parent), offered(offer)
                stages = [lambda loss: [step]]
            case ByzantineMine(_, parent, step, losses):
                model = self.model(state, parent)
                stages = self._stepped(model, step)
            case ByzantineForge(process, block, losses) if self._evaluates(state, process, block):
                model = self._parent(state, block)
                stages = self._stepped(model, block.step)
            case _:
                return {}
        return explored_losses(self.lineages, state.loss, model, stages, losses)

    # ------------------------------------------------------------------------- the landscape

    def _caught(self, search: Search, learner: Learner, seen: Sequence[Offer]) -> Learner:
        """``Ban`` of the ``Liars`` among the ``Useful``."""
        chosen = self.learners.useful(search, learner, seen)
        return self.learners.catch(search, learner, chosen)  # type: ignore[no-any-return]

    def _led(self, state: State, process: Process, seen: Sequence[Offer]) -> Sequence[Stage]:
        """``LedOn``: a leader evaluates the public offer, and the blend of the useful ones."""
        learner = state.learner[process]
        model = model_of_tip(learner)

        def blended(loss: Losses) -> list[Step]:
            search = self.landscapes.search(loss)
            return [pow_learner.blend(pow_learner.useful(search, learner, seen))]

        return *self.public_stages(model), blended

    def _stepped(self, model: Model, step: Step) -> Sequence[Stage]:
        """``SteppedOn``: who evaluates a step, evaluates the public offer with it."""
        return *self.public_stages(model), lambda loss: [step]

    def _answers(self, state: State, model: Model, stages: Sequence[Stage]) -> Iterator[Answer]:
        """``Consistent``: what may be found such that the blocks that exist stay valid.

        What is found on ``model`` bears on the blocks that extend it.
        """
        blocks = state.blocks
        extending = [
            blocks[place - 1]
            for place in blocks.at_height(model.generation + 1)
            if blocks.model(blocks.parent(place)) == model.digest
        ]
        for losses in explored(self.landscapes, self.lineages, state.loss, model, stages):
            after = explored_losses(self.lineages, state.loss, model, stages, losses)
            new = {digest: after[digest] for digest in after.keys() - state.loss.keys()}
            if not new or all(self._is_consistent(model, block, new) for block in extending):
                yield losses

    def _is_consistent(self, parent: Model, block: Block, new: Losses) -> bool:
        drawn, combined = self.public_stages(parent)
        own, *public = self._evaluated(parent, block, [drawn], new)
        if new.keys() >= set(public):
            own, *public = self._evaluated(parent, block, [drawn, combined], new)
        else:
            public = []
        return new.get(own, block.claim) == block.claim and all(
            block.claim <= new[digest] for digest in public
        )

    def _evaluated(
        self, parent: Model, block: Block, stages: Sequence[Stage], loss: Losses
    ) -> list[Digest]:
        """The block's model, and those that are evaluated on its parent in these stages."""
        steps = [block.step, *(step for stage in stages for step in stage(loss))]
        return [self.lineages.offspring(parent.digest, step) for step in steps]

    def _made_valid(self, state: State, block: Block) -> Losses:
        """Losses in place of true ones that are forgotten, such that the block is valid."""
        loss, parent = state.loss, self._parent(state, block)
        drawn, _ = stages = self.public_stages(parent)
        for evaluated in ([drawn], stages):
            needed = self._evaluated(parent, block, evaluated, loss)
            loss = {**dict.fromkeys(needed, block.claim), **loss}
        return loss

    def _remembered(self, state: State, model: Model, drawn: Losses) -> Losses:
        """``Remember``: what is drawn on a forgotten model is not, unless it is somebody's tip."""
        if not self._is_of_interest(state, model):
            return state.loss
        return self._forget(replace(state, loss=drawn)).loss

    def _is_of_interest(self, state: State, model: Model) -> bool:
        return (
            model == self.genesis
            or model.digest in state.loss
            or any(model == model_of_tip(learner) for learner in state.learner.values())
        )

    def _forget(self, state: State) -> State:
        """``Forget``: without the losses of and the offers on models that all have left behind."""
        oldest = self.last_common(state)
        generation = self.lineages.generation
        loss = {d: value for d, value in state.loss.items() if generation(d) >= oldest}
        offers = frozenset(o for o in state.offers if generation(o.parent) >= oldest)
        return replace(state, offers=offers, loss=loss)

    # ----------------------------------------------------------------------------- the steps

    def _mined(self, state: State, model: Model, block: Block, drawn: Losses) -> State:
        self.lineages.offspring(model.digest, block.step)
        mined = self.landscapes.search(drawn).offspring(model, block.step)
        self._models[mined.digest] = mined
        loss = self._remembered(state, model, drawn)
        after = replace(state, blocks=state.blocks.appended(block), loss=loss)
        return self._arrived(after, len(after.blocks))

    def _arrived(self, state: State, place: int) -> State:
        """The state in which it is noted whether this block is on its way."""
        block = state.blocks[place - 1]
        some_wait = block.miner in self.correct and any(
            block.digest not in learner.known for learner in state.learner.values()
        )
        if some_wait == (place in state.on_way):
            return state
        return replace(state, on_way=state.on_way ^ {place})

    def _evaluates(self, state: State, process: Process, block: Block) -> bool:
        """Whether the block comes so far that ``process`` evaluates it."""
        blind = OpenLandscape(self.landscapes.draws, self.landscapes.recombines)
        for look in (pow_learner.check, self.learners.receive):
            try:
                look(blind, self.rules, state.learner[process], block)
            except LossNotRevealed:
                return True
        return False

    def _receive(
        self, state: State, process: Process, block: Block, search: Search
    ) -> Mapping[Process, Learner]:
        """The learners after ``process`` has received ``block``."""
        learner = self.learners.receive(search, self.rules, state.learner[process], block)
        return {**state.learner, process: learner}
