"""What a system of proof-of-work is made of, and its state in the terms of the specification."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from types import ModuleType, SimpleNamespace

from model_consensus import pow_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Step,
    Ticket,
    is_legal_step,
)
from model_consensus.pow_learner import EVERY_HASH, Block, Learner, Rules, has_work
from model_consensus.systems.answers import (
    Landscapes,
    Losses,
    Stage,
    explored,
    explored_losses,
    proposal_stages,
)
from model_consensus.systems.lineage import Lineages, ticket_value
from model_consensus.systems.pow_actions import (
    Action,
    ByzantineForge,
    ByzantineMine,
    ByzantinePublish,
    Catch,
    Mine,
    Receive,
    State,
)
from model_consensus.tla.values import Boolean, Function, Value, function, record
from model_consensus.tob_learner import Offer

Forgeries = Callable[["PowTree", State], Iterable[Block]]
"""The blocks that the adversary may forge, without nonces: it sends each with work and without."""
Steps = Callable[["PowTree", State, int], Iterable[Step]]
"""``StepsOn``: the steps with which a Byzantine miner may lead on the block of this place."""
Lies = Callable[["PowTree", State], Iterable[Offer]]
"""``Lies``: the offers that the adversary may make."""
Learners = ModuleType | SimpleNamespace
"""The learner's functions: :mod:`model_consensus.pow_learner` or a defective one's."""


def nothing(system: "PowTree", state: State) -> tuple[()]:
    """No forgeries and no lies."""
    return ()


def nonce_without_work(rules: Rules, block: Block, start: int = 0) -> Block:
    """The block with the first nonce from ``start`` on that gives it no work.

    :raises ModelConsensusError: every hash is below the target.
    """
    if rules.target == EVERY_HASH:
        raise ModelConsensusError("every hash is below the target: no block is without work")
    block = replace(block, nonce=start)
    while has_work(rules, block):
        block = replace(block, nonce=block.nonce + 1)
    return block


class PowTree:
    """What stays the same in a system of n learners over proof-of-work, some of them Byzantine.

    :param byzantine: those of ``rules.processes`` that the adversary controls.
    :param landscapes: what is searched.
    :param wins: T, how many blocks are mined in all; None if the run has no end.
    :param byzantine_wins: a, the most blocks of the adversary; None if there is no bound.
    :param forgeries: the blocks that the adversary may forge in a state; none by default.
    :param lies: the offers that it may make in a state; none by default.
    :param steps: with which it may lead in a state; by default those of :meth:`steps_on`.
    :param name: what stands for a model in a projected state; by default its lineage.
    :param learners: the learner's functions; defective ones show what goes wrong.
    :raises ModelConsensusError: a parameter is out of its range.
    """

    def __init__(
        self,
        rules: Rules,
        byzantine: Sequence[Process],
        landscapes: Landscapes,
        wins: int | None = None,
        byzantine_wins: int | None = None,
        forgeries: Forgeries = nothing,
        lies: Lies = nothing,
        steps: Steps | None = None,
        name: Callable[[Digest], Value] | None = None,
        learners: Learners = pow_learner,
    ) -> None:
        processes = rules.processes
        if len(set(processes)) != len(processes) or not set(byzantine) < set(processes):
            raise ModelConsensusError(
                "processes must be distinct, with the Byzantine ones among them and one correct"
            )
        for what, bound in (("wins", wins), ("byzantine_wins", byzantine_wins)):
            if bound is not None and bound < 0:
                raise ModelConsensusError(f"{what} must be at least 0, not {bound}")
        self.rules = rules
        self.byzantine = tuple(byzantine)
        self.correct = tuple(p for p in processes if p not in byzantine)
        self.landscapes = landscapes
        self.wins = wins
        self.byzantine_wins = byzantine_wins
        self.forgeries = forgeries
        self.lies = lies
        self.steps = steps or PowTree.steps_on
        self.learners = learners
        self.genesis = landscapes.search({}).genesis
        self.lineages = Lineages(self.genesis.digest)
        self.name = name or self.lineages.lineage
        # Models that blocks lead to: facts, the same in every state, as lineages are.
        self._models = {self.genesis.digest: self.genesis}
        # A block's value in TLA+ is made once: it is a part of many states.
        self._block_value = lru_cache(1 << 14)(self._value_of_block)

    module = "PowLearning"

    def constants(self) -> dict[str, Value]:
        """The constants of the specification, except what the landscape may answer.

        :raises ModelConsensusError: the number of wins is not bounded.
        """
        if self.wins is None or self.byzantine_wins is None:
            raise ModelConsensusError("the specification needs a bounded number of wins")
        return {
            "Proc": frozenset(self.rules.processes),
            "Byzantine": frozenset(self.byzantine),
            "Draws": self.landscapes.draws,
            "Recombines": Boolean.of(self.landscapes.recombines),
            "Depth": self.rules.depth,
            "Wins": self.wins,
            "ByzantineWins": self.byzantine_wins,
        }

    def project(self, state: State, left_out: int = 0) -> Function:
        """The variables blocks, known, tip, banned, offers and loss of ``PowLearning.tla``.

        :param left_out: how many blocks are left out; places count from the first that is not.
        """
        blocks, learners = state.blocks[left_out:], state.learner.items()

        def place(digest: Digest) -> int:
            return max(0, state.blocks.place(digest) - left_out)

        def known(learner: Learner) -> Iterator[int]:
            return (i for i, block in enumerate(blocks, 1) if block.digest in learner.known)

        return record(
            blocks=tuple(self._block_value(block, place(block.parent)) for block in blocks),
            known=function({p: frozenset([0, *known(learner)]) for p, learner in learners}),
            tip=function({p: place(learner.tip) for p, learner in learners}),
            banned=function({p: learner.banned for p, learner in learners}),
            offers=frozenset(map(self._offer_value, state.offers)),
            loss=function({self.name(digest): loss for digest, loss in state.loss.items()}),
        )

    def _value_of_block(self, block: Block, parent: int) -> Function:
        return record(
            parent=parent,
            miner=block.miner,
            step=frozenset(map(ticket_value, block.step)),
            claim=block.claim,
        )

    def _offer_value(self, offer: Offer) -> Function:
        return record(
            parent=self.name(offer.parent),
            sender=offer.sender,
            ticket=ticket_value(offer.ticket),
            claim=offer.claim,
        )

    def recorded(self, state: State, left_out: int = 0) -> Function:
        """What a trace has: the specification's variables and the decisions.

        :param left_out: how many blocks are left out, and what was decided before them.
        """
        decided: dict[Process, tuple[Value, ...]] = {}
        for process, learner in state.learner.items():
            place = state.blocks.place(self.decided_block(learner))
            path = [place]
            while place > left_out:
                place = state.blocks.parent(place)
                path.append(place)
            models = map(state.blocks.model, reversed(path))
            decided[process] = tuple(map(self.name, models))
        return Function({**self.project(state, left_out), "decided": function(decided)})

    def arguments(self, before: State, action: Action, left_out: int = 0) -> dict[str, Value]:
        """What a trace says of an action besides its name; ``before`` is the state before it."""
        match action:
            case Receive(process, block) | ByzantinePublish(process, block):
                return {"process": process, "block": block - left_out}
            case ByzantineForge(process, block):
                work = Boolean.of(pow_learner.has_work(self.rules, block))
                parent = max(0, self.place(before, block.parent) - left_out)
                forged = self._block_value(block, parent)
                return {"process": process, "forged": Function({**forged, "work": work})}
            case Catch(process, seen) | Mine(process, seen):
                return {"process": process, "senders": frozenset(o.sender for o in seen)}
        return {"process": action.process}

    def work(self, state: State, since: int = 0) -> tuple[int, list[int]]:
        """The target of the proofs of work, and the nonces of all blocks but the first."""
        return self.rules.target, [block.nonce for block in state.blocks[since:]]

    def settled(self, state: State, left_out: int = 0, margin: int = 0) -> int:
        """How many blocks, ``left_out`` or more, are such that nothing refers to one of them again.

        But for an adversary that extends, shows or forges on a block which all have left behind.
        All later blocks descend from the one that follows them, which is decided by all, and
        ``margin`` blocks above it.
        """
        blocks, common = state.blocks, self.last_common(state) - margin
        tips = (blocks.place(learner.tip) for learner in state.learner.values())
        most = min(len(blocks), *tips, *state.on_way)
        heights = [0]
        for place in range(left_out + 1, most):
            heights.append(max(heights[-1], blocks.height(place)))
        lowest = min(map(blocks.parent, range(most + 1, len(blocks) + 1)), default=most)
        for place in range(most, left_out + 1, -1):
            left_behind = heights[place - left_out - 1] <= common - 2
            if lowest >= place and blocks.height(place) < common and left_behind:
                return place - 1
            lowest = min(lowest, blocks.parent(place))
        return left_out

    def refers_to(self, state: State, action: Action) -> int | None:
        """The block that the action is about or extends, if it need not be a late one."""
        match action:
            case Receive(_, place) | ByzantinePublish(_, place):
                return place
            case ByzantineMine(_, parent, _, _):
                return parent
            case ByzantineForge(_, block, _):
                return self.place(state, block.parent)
        return None

    # ------------------------------------------------------------------------ the block tree

    def place(self, state: State, digest: Digest) -> int:
        """The name of a block in the specification, from its digest."""
        return state.blocks.place(digest)

    def digest(self, state: State, place: int) -> Digest:
        """A block's digest, from its name in the specification."""
        return state.blocks[place - 1].digest if place else self.genesis.digest

    def model(self, state: State, place: int) -> Model:
        """The model that a block leads to."""
        steps = []
        while (digest := state.blocks.model(place)) not in self._models:
            steps.append(state.blocks[place - 1].step)
            place = state.blocks.parent(place)
        model = self._models[digest]
        self.lineages.recall(model)
        for step in reversed(steps):
            self.lineages.offspring(model.digest, step)
            model = self.landscapes.search({}).offspring(model, step)
            self._models[model.digest] = model
        return model

    def height(self, state: State, place: int) -> int:
        """The length of the chain that ends with a block."""
        return state.blocks.height(place)

    def is_withheld(self, state: State, place: int) -> bool:
        """Whether the block is the adversary's and no correct process has received it."""
        block = state.blocks[place - 1]
        return block.miner in self.byzantine and not any(
            block.digest in learner.known for learner in state.learner.values()
        )

    def offers_on(self, state: State, model: Model) -> list[Offer]:
        """``OffersOn``: the offers on ``model``, in their order."""
        return sorted(offer for offer in state.offers if offer.parent == model.digest)

    def has_offered(self, state: State, process: Process, model: Model) -> bool:
        """``HasOffered``: whether ``process`` has made an offer on ``model``."""
        return any(offer.sender == process for offer in self.offers_on(state, model))

    def public_stages(self, model: Model) -> tuple[Stage, Stage]:
        """What anybody evaluates to find the public offer on ``model``."""
        return proposal_stages(self.landscapes, self.lineages, model, pow_learner.NOBODY)

    def public_tickets(self, model: Model, loss: Losses) -> frozenset[Ticket]:
        """Nobody's draws and the ticket of the public offer, where these are the losses."""
        drawn, _ = self.public_stages(model)
        public = pow_learner.public_offer(self.landscapes.search(loss), model)
        return frozenset([public.ticket]).union(*drawn(loss))

    def tickets_on(self, state: State, place: int) -> frozenset[Ticket]:
        """``TicketsOn``: what can make a step on a block, the tickets offered and the public ones.

        With every answer of the landscape: its losses say which of the recombinations is public.
        """
        model = self.model(state, place)
        offered = frozenset(offer.ticket for offer in self.offers_on(state, model))
        around = self.landscapes, self.lineages, state.loss, model
        public = self.public_stages(model)
        found = (
            explored_losses(*around[1:], public, answer) for answer in explored(*around, public)
        )
        return offered.union(*(self.public_tickets(model, loss) for loss in found))

    def steps_on(self, state: State, place: int) -> Iterator[Step]:
        """``StepsOn``: a Byzantine miner's choice, the legal steps of such tickets."""
        tickets, search = sorted(self.tickets_on(state, place)), self.landscapes.search({})
        for count in range(1, min(len(tickets), len(self.rules.processes) + 1) + 1):
            for step in map(frozenset, combinations(tickets, count)):
                if is_legal_step(search, self.height(state, place) + 1, step):
                    yield step

    def last_common(self, state: State) -> int:
        """``LastCommon``: the last generation that all correct processes have decided."""
        blocks = (self.decided_block(learner) for learner in state.learner.values())
        return min(state.blocks.height(state.blocks.place(block)) for block in blocks)

    def decided_block(self, learner: Learner) -> Digest:
        """The last block that a learner has decided."""
        return self.learners.decided_block(self.rules, learner)  # type: ignore[no-any-return]

    def decided(self, learner: Learner) -> tuple[Digest, ...]:
        """The models that a learner has decided, from the genesis model on."""
        return self.learners.decided(self.rules, learner)  # type: ignore[no-any-return]

    def with_nonce(self, state: State, block: Block, work: bool) -> Block:
        """``block`` with a nonce that gives it work; without ``work``, one that gives it none."""
        find = pow_learner.find_nonce if work else nonce_without_work
        return find(self.rules, block, self._nonce(state))

    def _nonce(self, state: State) -> int:
        """The first nonce for the next block: two blocks of one content try different ones."""
        return len(state.blocks) << 40

    def _model(self, state: State, digest: Digest) -> Model:
        """The model of this digest, which some block leads to."""
        return self.model(state, state.blocks.place_of_model(digest))

    def _parent(self, state: State, block: Block) -> Model:
        """The model that the block's parent leads to."""
        return self.model(state, state.blocks.place(block.parent))

    def forget(self, generation: int) -> None:
        """Forget the models of earlier generations; if they are needed they are drawn again."""
        kept = {d: m for d, m in self._models.items() if m.generation >= generation}
        self._models = {self.genesis.digest: self.genesis, **kept}
