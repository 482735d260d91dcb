"""Learning over proof-of-work with its adversary, as one labelled transition system.

:class:`PowSystem` is ``PowLearning.tla`` run with the real learners and with real proofs of work:
its actions are those of the specification, and :meth:`PowSystem.project` gives the specification's
variables.  The oracle that elects the miners is the choice of the next action: who is to win finds
the nonce.  What the landscape may answer is a parameter, as for Total Order Broadcast.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from model_consensus import pow_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Digest,
    Model,
    Process,
    Search,
    all_drawn,
    best_ticket,
    recombined,
)
from model_consensus.pow_learner import Block, Learner, Rules
from model_consensus.systems.answers import (
    Answer,
    Landscapes,
    Losses,
    LossNotRevealed,
    OpenLandscape,
    explored,
    explored_losses,
)
from model_consensus.systems.lineage import Lineages, ticket_value
from model_consensus.systems.pow_actions import (
    Action,
    ByzantineForge,
    ByzantineMine,
    ByzantinePublish,
    Mine,
    Receive,
    State,
)
from model_consensus.tla.values import Boolean, Function, Value, function, record

Forgeries = Callable[["PowSystem", State], Iterable[Block]]
"""The blocks that the adversary may forge, without nonces: it sends each with work and without."""
Receiver = Callable[[Search, Rules, Learner, Block], Learner]
"""The learner's reaction to a block: :func:`model_consensus.pow_learner.receive`."""


class PowSystem:
    """n learners over proof-of-work, some processes Byzantine.

    :param byzantine: those of ``rules.processes`` that the adversary controls.
    :param landscapes: what is searched; its draws are λ.
    :param wins: T, how many blocks are mined in all; None if the run has no end.
    :param byzantine_wins: a, the most blocks of the adversary; None if there is no bound.
    :param forgeries: the blocks that the adversary may forge in a state; none by default.
    :param name: what stands for a model in a projected state; by default its lineage.
    :param receive: the learners' reaction to a block; a defective one shows what goes wrong.
    :raises ModelConsensusError: a parameter is out of its range.
    """

    def __init__(
        self,
        rules: Rules,
        byzantine: Sequence[Process],
        landscapes: Landscapes,
        wins: int | None = None,
        byzantine_wins: int | None = None,
        forgeries: Forgeries = lambda system, state: (),
        name: Callable[[Digest], Value] | None = None,
        receive: Receiver = pow_learner.receive,
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
        self.receive = receive
        self.genesis = landscapes.search({}).genesis
        self.lineages = Lineages(self.genesis.digest)
        self.name = name or self.lineages.lineage
        # The model that each block leads to: facts, the same in every state, as lineages are.
        self._models = {self.genesis.digest: self.genesis}

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

    def initial(self) -> Iterator[State]:
        """The one initial state."""
        search = self.landscapes.search({})
        yield State((), {p: pow_learner.new_learner(search, p) for p in self.correct}, {})

    def enabled(self, state: State) -> Iterator[Action]:
        """Every action that the specification allows, with every answer of the landscape."""
        for process in self.correct:
            if self.may_win(state, process):
                parent = self.place(state, state.learner[process].tip)
                for losses in self.answers(state, process, parent):
                    yield Mine(process, losses)
        for place, block in enumerate(state.blocks, 1):
            withheld = self.is_withheld(state, place)
            for process in self.correct:
                if block.digest not in state.learner[process].known:
                    yield (ByzantinePublish if withheld else Receive)(process, place)
        for process in self.byzantine:
            if self.may_win(state, process):
                for parent in range(len(state.blocks) + 1):
                    for losses in self.answers(state, process, parent):
                        yield ByzantineMine(process, parent, losses)
        for block in self.forgeries(self, state):
            for forged in (self.with_nonce(state, block, work) for work in (True, False)):
                for process in self.correct:
                    yield from self.forges(state, process, forged)

    def may_win(self, state: State, process: Process) -> bool:
        """Whether the oracle may elect ``process``: wins are left, and the network is synchronous.

        Between two wins there is time for the blocks of correct processes to reach all of them.
        """
        if self.wins is not None and len(state.blocks) >= self.wins:
            return False
        if process in self.byzantine and self.byzantine_wins is not None:
            won = sum(block.ticket.proposer in self.byzantine for block in state.blocks)
            if won >= self.byzantine_wins:
                return False
        return self.is_synchronous(state)

    def is_synchronous(self, state: State) -> bool:
        """Whether every block of a correct process has reached all correct processes."""
        return all(
            block.digest in learner.known
            for block in state.blocks
            if block.ticket.proposer in self.correct
            for learner in state.learner.values()
        )

    def is_withheld(self, state: State, place: int) -> bool:
        """Whether the block is the adversary's and no correct process has received it."""
        block = state.blocks[place - 1]
        return block.ticket.proposer in self.byzantine and not any(
            block.digest in learner.known for learner in state.learner.values()
        )

    def answers(self, state: State, miner: Process, parent: int) -> Iterator[Answer]:
        """``ExploredOn``: what the miner may find when it evaluates its draws on a block.

        Of what was found and forgotten, the blocks that exist must stay exact.
        """
        model = self.model(state, parent)
        mined = [
            (block.ticket, block.claim)
            for block in state.blocks
            if block.ticket.proposer == miner and self._models.get(block.parent) == model
        ]
        for losses in self._explored(state, model, miner):
            if not mined:
                yield losses
                continue
            search = self._search(state, model, miner, losses)
            if all(best_ticket(search, model, miner) == best for best in mined):
                yield losses

    def forges(self, state: State, process: Process, block: Block) -> Iterator[ByzantineForge]:
        """The action ``ByzantineForge`` of this block, if it is not legal and its miner may win."""
        miner, work = block.ticket.proposer, pow_learner.has_work(self.rules, block)
        if work and not self.may_win(state, miner):
            return
        if not self._evaluates(state, process, block):
            yield ByzantineForge(process, block, ())
            return
        parent = self.place(state, block.parent)
        model = self.model(state, parent)
        for losses in self.answers(state, miner, parent):
            search = self._search(state, model, miner, losses)
            if not (work and pow_learner.is_exact(search, model, block)):
                yield ByzantineForge(process, block, losses)

    def apply(self, state: State, action: Action) -> State:
        """The state after ``action``, which must be enabled."""
        match action:
            case Mine(process, losses):
                return self._extend(
                    state, process, self.place(state, state.learner[process].tip), losses
                )
            case ByzantineMine(process, parent, losses):
                return self._extend(state, process, parent, losses)
            case Receive(process, place) | ByzantinePublish(process, place):
                block = state.blocks[place - 1]
                search = self.landscapes.search({**self._made_exact(block), **state.loss})
                learners = self._receive(state, process, block, search)
                return State(state.blocks, learners, self._remembered(state.loss, learners))
            case ByzantineForge(process, block, losses):
                loss, search = state.loss, self.landscapes.search(state.loss)
                if self._evaluates(state, process, block):
                    model, miner = self._models[block.parent], block.ticket.proposer
                    loss = self._revealed(state, model, miner, losses)
                    search = self._search(state, model, miner, losses)
                learners = self._receive(state, process, block, search)
                blocks = state.blocks
                if learners[process] is not state.learner[process]:  # only by a defective learner
                    blocks = (*blocks, block)
                    self._models[block.digest] = learners[process].models[block.digest]
                    before = self._models[block.parent].digest
                    self.lineages.offspring(before, frozenset([block.ticket]))
                return State(blocks, learners, loss)

    def drawn(self, state: State, action: Action) -> Losses:
        """The losses known after ``action``, also those that nobody remembers then, or none."""
        match action:
            case Mine(miner, losses):
                model = state.learner[miner].models[state.learner[miner].tip]
            case ByzantineMine(miner, parent, losses):
                model = self.model(state, parent)
            case ByzantineForge(_, block, losses) if losses:
                model, miner = self._models[block.parent], block.ticket.proposer
            case _:
                return {}
        return self._answered(state, model, miner, losses)

    def project(self, state: State) -> Function:
        """The variables blocks, known, tip and loss of ``PowLearning.tla``."""
        places = self._places(state)
        return record(
            blocks=tuple(self._block_value(block, places) for block in state.blocks),
            known=function(
                {
                    p: frozenset([0, *(places[digest] for digest in learner.known)])
                    for p, learner in state.learner.items()
                }
            ),
            tip=function({p: places[learner.tip] for p, learner in state.learner.items()}),
            loss=function({self.name(digest): loss for digest, loss in state.loss.items()}),
        )

    def _block_value(self, block: Block, places: Mapping[Digest, int]) -> Function:
        return record(
            parent=places[block.parent], ticket=ticket_value(block.ticket), claim=block.claim
        )

    def recorded(self, state: State) -> Function:
        """What a trace has: the specification's variables and the decisions."""
        decided = {
            p: tuple(map(self.name, self.decided(learner))) for p, learner in state.learner.items()
        }
        return Function({**self.project(state), "decided": function(decided)})

    def arguments(self, before: State, action: Action) -> dict[str, Value]:
        """What a trace says of an action besides its name; ``before`` is the state before it."""
        match action:
            case Receive(process, block) | ByzantinePublish(process, block):
                return {"process": process, "block": block}
            case ByzantineForge(process, block):
                work = Boolean.of(pow_learner.has_work(self.rules, block))
                forged = self._block_value(block, self._places(before))
                return {"process": process, "forged": Function({**forged, "work": work})}
        return {"process": action.process}

    def work(self, state: State) -> tuple[int, list[int]]:
        """The target of the proofs of work, and the blocks' nonces."""
        return self.rules.target, [block.nonce for block in state.blocks]

    # ------------------------------------------------------------------------ the block tree

    def place(self, state: State, digest: Digest) -> int:
        """The name of a block in the specification, from its digest."""
        return self._places(state)[digest]

    def digest(self, state: State, place: int) -> Digest:
        """A block's digest, from its name in the specification."""
        return state.blocks[place - 1].digest if place else self.genesis.digest

    def model(self, state: State, place: int) -> Model:
        """The model that a block leads to."""
        return self._models[self.digest(state, place)]

    def height(self, state: State, place: int) -> int:
        """The length of the chain that ends with a block."""
        return state.blocks[place - 1].ticket.generation if place else 0

    def decided(self, learner: Learner) -> tuple[Digest, ...]:
        """The models that a learner has decided, from the genesis model on."""
        return pow_learner.decided(self.rules, learner)

    def with_nonce(self, state: State, block: Block, work: bool) -> Block:
        """``block`` with a nonce that gives it work; without ``work``, one that gives it none."""
        return pow_learner.find_nonce(self.rules, block, self._nonce(state), work=work)

    def _nonce(self, state: State) -> int:
        """The first nonce for the next block: two blocks of one content try different ones."""
        return len(state.blocks) << 40

    def _places(self, state: State) -> Mapping[Digest, int]:
        digests = [self.genesis.digest, *(block.digest for block in state.blocks)]
        return {digest: place for place, digest in enumerate(digests)}

    # ------------------------------------------------------------------------- the landscape

    def _explored(self, state: State, parent: Model, miner: Process) -> Iterable[Answer]:
        return explored(self.landscapes, self.lineages, state.loss, parent, miner)

    def _answered(self, state: State, parent: Model, miner: Process, losses: Answer) -> Losses:
        return explored_losses(self.landscapes, self.lineages, state.loss, parent, miner, losses)

    def _search(self, state: State, parent: Model, miner: Process, losses: Answer) -> Search:
        """The search of whoever evaluates the miner's tickets, when the landscape answers so."""
        return self.landscapes.search(self._answered(state, parent, miner, losses))

    def _revealed(self, state: State, parent: Model, miner: Process, losses: Answer) -> Losses:
        """``Remember``: the losses after the miner's tickets on ``parent`` have been evaluated.

        What is drawn on a model that is itself forgotten is not remembered.
        """
        if parent != self.genesis and parent.digest not in state.loss:
            return state.loss
        return self._remembered(self._answered(state, parent, miner, losses), state.learner)

    def _made_exact(self, block: Block) -> Losses:
        """Losses that make the block exact; they stand in for true losses that are forgotten."""
        ticket, parent, draws = block.ticket, self._models[block.parent], self.landscapes.draws
        tickets = all_drawn(ticket.generation, ticket.proposer, draws)
        if ticket in tickets:
            best = tickets.index(ticket)
            losses = [block.claim + (draw < best) for draw in range(draws)]
        else:  # a recombination says by its weights how the draws rank
            losses = [block.claim + draws - weight for weight in ticket.weights]
        search = self.landscapes.search({})
        steps = [frozenset([each]) for each in tickets]
        exact = {
            self.lineages.offspring(parent.digest, step): loss
            for step, loss in zip(steps, losses, strict=True)
        }
        for step in recombined(search, parent, ticket.proposer, losses):
            exact[self.lineages.offspring(parent.digest, step)] = block.claim
        return exact

    def _remembered(self, loss: Losses, learners: Mapping[Process, Learner]) -> Losses:
        """``Remembered``: the losses of models that some correct process has not left behind."""
        oldest = min(len(self.decided(learner)) - 1 for learner in learners.values())
        return {d: value for d, value in loss.items() if self.lineages.generation(d) >= oldest}

    # ----------------------------------------------------------------------------- the steps

    def _extend(self, state: State, miner: Process, parent: int, losses: Answer) -> State:
        model = self.model(state, parent)
        search = self._search(state, model, miner, losses)
        block = pow_learner.extend(
            search, self.rules, self.digest(state, parent), model, miner, self._nonce(state)
        )
        self._models[block.digest] = search.offspring(model, frozenset([block.ticket]))
        loss = self._revealed(state, model, miner, losses)
        return State((*state.blocks, block), state.learner, loss)

    def _evaluates(self, state: State, process: Process, block: Block) -> bool:
        """Whether the block comes so far that ``process`` evaluates its miner's tickets."""
        blind = OpenLandscape(self.landscapes.draws, self.landscapes.recombines)
        for look in (pow_learner.check, self.receive):
            try:
                look(blind, self.rules, state.learner[process], block)
            except LossNotRevealed:
                return True
        return False

    def _receive(
        self, state: State, process: Process, block: Block, search: Search
    ) -> Mapping[Process, Learner]:
        """The learners after ``process`` has received ``block``."""
        learner = self.receive(search, self.rules, state.learner[process], block)
        return {**state.learner, process: learner}
