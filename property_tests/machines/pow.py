"""Learning over proof-of-work as a state machine: arbitrary schedules, adversaries and landscapes.

The machine takes any step that the specification allows and checks the specification's properties
in every state, on instances far beyond what can be explored.  Processes are cut off, crash, and
restart from the blocks that they had accepted.  The synchrony that the specification assumes bounds
this: between two wins all receive the blocks of correct processes.  Its other job is to fail: with
a check taken out of the learner it has to find the property that is violated.
"""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
)

from model_consensus import pow_learner
from model_consensus.evolutionary_search import Process, Search, Step, Ticket
from model_consensus.pow_learner import (
    EVERY_HASH,
    NOBODY,
    Block,
    Learner,
    Rules,
    model_of_tip,
)
from model_consensus.systems.answers import OpenLandscape, proposal_stages
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import (
    Action,
    ByzantinePublish,
    Receive,
)
from model_consensus.systems.pow_tree import Learners
from model_consensus.tob_learner import Offer
from property_tests.machines.drawn import claims, illegal, landscapes, legal, sizes
from property_tests.machines.pow_properties import PowProperties
from property_tests.machines.schedules import Event

PROCESSES = ("p1", "p2", "p3", "b1", "b2")
"""They take part in every instance; some have one or two more correct ones."""
BYZANTINE = ("b1", "b2")
CORRECT = PROCESSES[:3]
LOSSES = (0, 1, 2)
WINS = 14

# Correct processes, depth k, draws, wins T and the adversary's a: a <= k, or T <= 2k + 1.
FEW = ((3, 1, 2, WINS, 1), (3, 2, 1, WINS, 2), (3, 2, 1, 5, 5), (4, 3, 1, WINS, 3))
ALL = (
    (correct, depth, draws, *wins)
    for correct in range(3, 6)
    for depth in range(5)
    for draws in range(1, 4)
    for wins in ((WINS, depth), (2 * depth + 1, 2 * depth + 1))
)


class PowMachine(PowProperties):
    """Any schedule in which the adversary wins no more blocks than the depth allows.

    To test another learner, give a subclass other ``learners``.
    """

    learners: Learners = pow_learner

    @initialize(size=sizes(FEW, ALL), data=st.data())
    def start(self, size: tuple[int, int, int, int, int], data: st.DataObject) -> None:
        correct, depth, draws, wins, byzantine_wins = size
        processes = (*PROCESSES, *("p4", "p5")[: correct - 3])
        self.set_up(
            PowSystem(
                Rules(processes, depth, EVERY_HASH // 2),
                BYZANTINE,
                data.draw(landscapes(draws, 1)),
                wins,
                byzantine_wins,
                name=self.model_name,
                learners=type(self).learners,
            )
        )

    # ---------------------------------------------------------------------------- the steps

    def choose(self, data: st.DataObject, actions: Iterable[Action]) -> Action | None:
        """One of those that contradict no loss revealed before, even if it was forgotten."""
        possible = [
            action
            for action in actions
            if all(
                self.losses.get(digest, loss) == loss
                for digest, loss in self.system.drawn(self.state, action).items()
            )
        ]
        return data.draw(st.sampled_from(possible)) if possible else None

    @precondition(lambda self: len(self.state.blocks) < self.system.wins)
    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def make_offer(self, process: Process, data: st.DataObject) -> None:
        """A correct process offers, unless it has offered on its tip."""
        self.deliver_everything()
        action = self.choose(data, self.system.own_offers(self.state, process))
        if action:
            self.take(action)

    @precondition(lambda self: len(self.state.blocks) < self.system.wins)
    @rule(data=st.data())
    def everybody_offers(self, data: st.DataObject) -> None:
        for process in self.system.correct:
            self.make_offer(process, data)

    @precondition(lambda self: len(self.state.blocks) < self.system.wins)
    @rule(process=st.sampled_from(CORRECT), data=st.data())
    def mine(self, process: Process, data: st.DataObject) -> None:
        """A correct process looks at some of the offers on its tip: it catches a liar, or wins."""
        self.make_offer(process, data)
        seen = self.collect(process, data)
        if seen:
            action = self.choose(data, self.system.leads(self.state, process, seen))
            if action:
                self.take(action)

    def collect(self, process: Process, data: st.DataObject) -> tuple[Offer, ...]:
        """Its own offer, and of each other process at most one; none if it has not offered."""
        offers: dict[Process, list[Offer]] = {process: []}
        for offer in self.system.offers_on(self.state, model_of_tip(self.state.learner[process])):
            offers.setdefault(offer.sender, []).append(offer)
        own = offers.pop(process)
        options = [data.draw(st.sampled_from([None, *each])) for each in offers.values()]
        return (*own, *(each for each in options if each)) if own else ()

    @precondition(lambda self: len(self.state.blocks) < self.system.wins)
    @rule(sender=st.sampled_from(BYZANTINE), back=st.integers(0, 2), data=st.data())
    def byzantine_offer(self, sender: Process, back: int, data: st.DataObject) -> None:
        """Any ticket of its own with any claim; only legal ones on the tip are of use, unbanned."""
        self.deliver_everything()
        model = self.system.model(self.state, max(0, len(self.state.blocks) - back))
        ticket = Ticket(model.generation + 1, sender, data.draw(legal(self.system.landscapes)))
        self.send_offer(Offer(sender, model.digest, ticket, data.draw(claims(self.losses))), data)
        wrong = (
            Ticket(model.generation + 2, sender, ticket.weights),
            Ticket(model.generation + 1, CORRECT[0], ticket.weights),
            replace(ticket, weights=data.draw(illegal(self.system.landscapes))),
        )
        for learner in self.state.learner.values():
            is_on_tip = model_of_tip(learner).digest == model.digest
            expected = is_on_tip and sender not in learner.banned
            assert self.is_useful(learner, Offer(sender, model.digest, ticket, 0)) is expected
            for each in wrong:
                assert not self.is_useful(learner, Offer(sender, model.digest, each, 0))

    def is_useful(self, learner: Learner, offer: Offer) -> bool:
        """Whether it is used where the public offer loses more than any claim."""
        model, landscapes = model_of_tip(learner), self.system.landscapes
        drawn, combined = proposal_stages(landscapes, self.system.lineages, model, NOBODY)
        open_ = OpenLandscape(landscapes.draws, landscapes.recombines)
        for stage in (drawn, combined):
            steps = stage(open_.revealed)
            open_ = open_.reveal({self.offspring(model.digest, step): 1 << 41 for step in steps})
        return offer in self.system.learners.useful(open_, learner, (offer,))

    def send_offer(self, offer: Offer, data: st.DataObject) -> None:
        action = self.choose(data, self.system.byzantine_offers(self.state, offer))
        if action:
            self.take(action)

    @precondition(lambda self: self.wins_left())
    @rule(process=st.sampled_from(BYZANTINE), back=st.integers(0, 5), data=st.data())
    def byzantine_mine(self, process: Process, back: int, data: st.DataObject) -> None:
        self.deliver_everything()
        parent = max(0, len(self.state.blocks) - back)
        step = data.draw(self.some_step(parent))
        action = self.choose(data, self.system.byzantine_blocks(self.state, process, parent, step))
        if action:
            self.take(action)

    def some_step(self, place: int) -> st.SearchStrategy[Step]:
        """Steps that can be made of the offers on a block and of nobody's draws."""
        tickets = sorted(self.system.tickets_on(self.state, place))
        several = st.lists(
            st.sampled_from(tickets), min_size=1, unique_by=lambda ticket: ticket.proposer
        )
        return several.map(frozenset)

    def wins_left(self) -> bool:
        """Whether the adversary may still win a block, once all is delivered."""
        won = sum(block.miner in BYZANTINE for block in self.state.blocks)
        wins, byzantine_wins = self.system.wins or 0, self.system.byzantine_wins or 0
        return won < byzantine_wins and len(self.state.blocks) < wins

    def receive(self, search: Search, learner: Learner, block: Block) -> Learner:
        after: Learner = self.system.learners.receive(search, self.system.rules, learner, block)
        return after

    def send(self, process: Process, place: int) -> None:
        """A block arrives at a process that is up; a duplicate changes nothing."""
        block, learner = self.state.blocks[place - 1], self.state.learner[process]
        if process in self.down:
            return
        if block.digest in learner.known:
            blind = OpenLandscape(self.system.landscapes.draws, self.system.landscapes.recombines)
            assert self.receive(blind, learner, block) is learner
            self.events.append(Event("duplicate", process))
            return
        withheld = self.system.is_withheld(self.state, place)
        self.take((ByzantinePublish if withheld else Receive)(process, place))

    @precondition(lambda self: bool(self.state.blocks))
    @rule(process=st.sampled_from(CORRECT), back=st.integers(0, 5))
    def arrive(self, process: Process, back: int) -> None:
        """A block arrives, or arrives again, before or after its parent."""
        if process not in self.cut:
            self.send(process, max(1, len(self.state.blocks) - back))

    @precondition(lambda self: bool(self.state.blocks))
    @rule(process=st.sampled_from(CORRECT), back=st.integers(0, 5))
    def arrive_with_its_chain(self, process: Process, back: int) -> None:
        """A block arrives after everything that is below it."""
        if process not in self.cut:
            for place in self.below(max(1, len(self.state.blocks) - back)):
                if self.state.blocks[place - 1].digest not in self.state.learner[process].known:
                    self.send(process, place)

    def below(self, place: int) -> list[int]:
        """A block and those that it stands on, the lowest first."""
        places = []
        while place:
            places.append(place)
            place = self.system.place(self.state, self.state.blocks[place - 1].parent)
        return places[::-1]

    # ---------------------------------------------------------------------------- what goes wrong

    def recovered(self, process: Process) -> None:
        """It receives the blocks again that it had accepted: it is as if it had not crashed.

        Whom it has caught lying is written down.
        """
        search, before = self.system.landscapes.search(self.losses), self.state.learner[process]
        learner = replace(pow_learner.new_learner(search, process), banned=before.banned)
        for block in before.known.values():
            learner = self.receive(search, learner, block)
        assert learner == before

    def deliver_everything(self) -> None:
        """Between two wins there is time for the blocks of correct processes, and those below.

        They are valid, so all accept them.
        """
        self.cut = frozenset()
        for process in sorted(self.down):
            self.restarted(process)
        for process in self.system.correct:
            due = {below for place in self.due(process) for below in self.below(place)}
            for place in sorted(due):
                if self.state.blocks[place - 1].digest not in self.state.learner[process].known:
                    self.send(process, place)
        assert self.is_all_there()

    def due(self, process: Process) -> list[int]:
        """The blocks that ``process`` has before the next win: those of correct processes."""
        blocks = enumerate(self.state.blocks, 1)
        return [place for place, block in blocks if block.miner not in BYZANTINE]

    def is_all_there(self) -> bool:
        """Whether all have what is due."""
        return self.system.is_synchronous(self.state)

    # ---------------------------------------------------------------------------- the adversary

    @rule(
        process=st.sampled_from(CORRECT),
        miner=st.sampled_from((*BYZANTINE, CORRECT[0], "stranger")),
        up=st.sampled_from((1, 1, 1, 0, 2)),
        back=st.integers(0, 5),
        work=st.booleans(),
        data=st.data(),
    )
    def forge(
        self,
        process: Process,
        miner: Process,
        up: int,
        back: int,
        work: bool,
        data: st.DataObject,
    ) -> None:
        """A block of arbitrary content; the adversary may even sign with another one's name."""
        place, landscapes = max(0, len(self.state.blocks) - back), self.system.landscapes
        generation = self.system.height(self.state, place) + up
        made_up = st.builds(
            Ticket,
            st.just(generation),
            st.sampled_from((*PROCESSES, NOBODY, "another")),
            legal(landscapes) | illegal(landscapes),
        )
        step = data.draw(
            self.some_step(place) | st.lists(made_up, min_size=1, max_size=2).map(frozenset)
        )
        claim = data.draw(claims(self.state.loss))
        block = Block(self.system.digest(self.state, place), miner, step, claim)
        forged = self.system.with_nonce(self.state, block, work)
        if int.from_bytes(forged.digest, "big") >= self.system.rules.target:
            # Whatever it says, nobody evaluates it: no loss has to be known.
            blind = OpenLandscape(landscapes.draws, landscapes.recombines)
            learner = self.state.learner[process]
            assert self.receive(blind, learner, forged) is learner
        action = self.choose(data, self.system.forges(self.state, process, forged))
        before = self.state.learner
        names = {miner, *(ticket.proposer for ticket in step)}
        if action and miner in BYZANTINE and names <= {*BYZANTINE, NOBODY}:
            self.take(action)
            assert self.state.learner[process] is before[process], "accepted a forgery"
        elif action:
            # In the specification nobody writes another one's name, and there are no strangers.
            after = self.system.apply(self.state, action).learner
            assert after[process] is before[process], "accepted a forgery"
