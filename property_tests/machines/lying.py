"""Machines whose adversary lies in one respect, ``about``, and is right in all others.

Such an adversary gets further with a learner that lacks one check than one that says anything.
"""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
)

from model_consensus.evolutionary_search import Process, Ticket, is_legal_step, single
from model_consensus.pow_learner import NOBODY, Block, model_of_tip
from model_consensus.streamlet.messages import Chain, Notarization
from model_consensus.systems.answers import EveryLandscape, OpenLandscape
from model_consensus.systems.pow_actions import ByzantinePublish
from model_consensus.systems.tob import Order, TobSystem
from model_consensus.tob_learner import Offer, Rules, current_generation, offered
from property_tests.machines.drawn import illegal, legal
from property_tests.machines.pow import BYZANTINE, CORRECT, PowMachine
from property_tests.machines.streamlet import StreamletMachine
from property_tests.machines.tob import TobMachine

LOSSES = (0, 1, 2)
GENERATIONS = 20


class LyingTobMachine(TobMachine):
    """Each offer is delivered at once; the adversary's are right but for one thing."""

    about = ""
    order = deliver = all_offer_and_receive = partition = crash = restart = None  # type: ignore[assignment]
    forge_plausibly = forge_anything = repeat = None  # type: ignore[assignment]

    @initialize(
        size=st.sampled_from(((3, 1, 2), (4, 1, 3), (4, 1, 2))),
        mu=st.integers(1, 3),
        draws=st.integers(1, 2),
        wrong=st.sampled_from(("", "claim", "parent", "generation", "proposer", "weights")),
    )
    def start(self, size: tuple[int, int, int], mu: int, draws: int, wrong: str) -> None:
        self.wrong = type(self).about or wrong
        n, f, lambda_ = size
        names = tuple(f"p{number}" for number in range(1, n + 1))
        landscape, receive = EveryLandscape(draws, LOSSES, recombines=True), type(self).receive
        rules = Rules(lambda_, min(mu, lambda_))
        self.set_up(
            TobSystem(names, names[n - f :], rules, landscape, GENERATIONS, receive=receive)
        )

    @rule(data=st.data())
    def offer(self, data: st.DataObject) -> None:
        """Some process offers, if it can, and everybody gets the offer."""
        able = [p for p in self.system.correct if self.system.can_offer(self.state, p)]
        if able:
            process = data.draw(st.sampled_from(able))
            actions = list(self.system.offers(self.state, process))
            self.take(data.draw(st.sampled_from(actions)))
            for offer in sorted(self.state.broadcast.network):
                self.take(Order(offer))
        self.deliver_everything(data)

    def deliver_everything(self, data: st.DataObject) -> None:
        for each in self.system.correct:
            while self.state.broadcast.inbox[each]:
                self.deliver_to(data, each)

    @precondition(lambda self: self.f > 0)
    @rule(data=st.data())
    def lie(self, data: st.DataObject) -> None:
        wrong = self.wrong
        sender = data.draw(st.sampled_from(self.system.byzantine))
        learner = self.state.learner[self.system.correct[0]]
        weights = data.draw(legal(self.system.landscapes))
        ticket = Ticket(current_generation(learner), sender, weights)
        if wrong == "generation":
            step = data.draw(st.sampled_from((-1, 1)))
            ticket = replace(ticket, generation=ticket.generation + step)
        elif wrong == "proposer":
            ticket = replace(ticket, proposer=data.draw(st.sampled_from(self.system.processes)))
        elif wrong == "weights":
            ticket = replace(ticket, weights=data.draw(illegal(self.system.landscapes)))
        parent = learner.model.digest
        if wrong == "parent":
            decided = self.system.decided(learner)
            parent = data.draw(st.sampled_from(decided[:-1] or decided))
        claim = data.draw(st.sampled_from(LOSSES)) if wrong == "claim" else 0
        self.send(data, Offer(sender, parent, ticket, claim), truly=wrong != "claim")
        self.deliver_everything(data)


LIES = ("step", "weights", "claim", "floor", "generation", "work", "parent", "names", "offer")


class LyingPowMachine(PowMachine):
    """The adversary's blocks are right but for one thing; or its offers are wrong."""

    about = ""
    forge = None  # type: ignore[assignment]

    @initialize(wrong=st.sampled_from(LIES))
    def choose_the_lie(self, wrong: str) -> None:
        self.wrong = type(self).about or wrong

    @rule(
        process=st.sampled_from(CORRECT),
        miner=st.sampled_from(BYZANTINE),
        back=st.integers(0, 3),
        data=st.data(),
    )
    def lie(self, process: Process, miner: Process, back: int, data: st.DataObject) -> None:
        """Only a step below the floor or a wrong claim costs the receiver an evaluation."""
        self.deliver_everything()
        wrong = self.wrong
        place, landscapes = max(0, len(self.state.blocks) - back), self.system.landscapes
        generation = self.system.height(self.state, place) + 1
        ticket = Ticket(generation, miner, single(0, landscapes.draws))
        match wrong:
            case "weights":
                weights = data.draw(legal(landscapes) | illegal(landscapes))
                ticket = replace(ticket, weights=weights)
            case "generation":
                wrongly = generation + data.draw(st.sampled_from((-1, 1)))
                ticket = replace(ticket, generation=wrongly)
            case "names":
                ticket = replace(ticket, proposer="x" * 65)
        step = frozenset([ticket])
        if wrong in ("claim", "floor", "work"):
            step = data.draw(self.some_step(place))
            if data.draw(st.booleans()):
                step = frozenset([Ticket(generation, NOBODY, ticket.weights)])
        elif wrong == "step":
            other = replace(ticket, weights=single(landscapes.draws - 1, landscapes.draws))
            step = data.draw(st.sampled_from((step | {other}, frozenset())))
        parent = bytes(32) if wrong == "parent" else self.system.digest(self.state, place)
        block = Block(parent, miner, step, data.draw(st.sampled_from(LOSSES)))
        if wrong in ("claim", "floor"):
            losses = self.possible_losses(process, block)
            if wrong == "claim":
                losses = sorted({max(0, loss + error) for loss in losses for error in (-1, 0, 1)})
            if losses:
                block = replace(block, claim=data.draw(st.sampled_from(losses)))
        forged = self.system.with_nonce(self.state, block, wrong != "work")
        learner = self.state.learner[process]
        blind = OpenLandscape(landscapes.draws, landscapes.recombines)
        unfit = wrong in ("names", "generation", "parent", "work")
        if unfit or not is_legal_step(blind, generation, step):
            assert self.receive(blind, learner, forged) is learner
            return
        before = self.state.learner
        action = self.choose(data, self.system.forges(self.state, process, forged))
        if action:
            self.take(action)
            assert all(self.state.learner[p] is before[p] for p in CORRECT), "accepted a forgery"

    def possible_losses(self, process: Process, block: Block) -> list[int]:
        """What ``process`` may find that the model of ``block`` loses; nothing if it has no parent.

        A claim that no model has is false whatever it finds.
        """
        false = self.system.with_nonce(self.state, replace(block, claim=1 << 40), True)
        actions = self.system.forges(self.state, process, false)
        drawn = (self.system.drawn(self.state, action) for action in actions)
        place = self.system.place(self.state, block.parent)
        model = self.offspring(self.system.model(self.state, place).digest, block.step)
        return sorted({loss[model] for loss in drawn if loss})

    @precondition(lambda self: bool(self.state.blocks))
    @rule(process=st.sampled_from(CORRECT))
    def show_again(self, process: Process) -> None:
        """A block that is known already costs no evaluation."""
        learner = self.state.learner[process]
        blind = OpenLandscape(self.system.landscapes.draws, self.system.landscapes.recombines)
        for block in learner.known.values():
            assert self.receive(blind, learner, block) is learner

    @precondition(lambda self: len(self.state.blocks) < self.system.wins)
    @rule(
        sender=st.sampled_from(BYZANTINE),
        leaders=st.permutations(CORRECT),
        data=st.data(),
    )
    def mislead(self, sender: Process, leaders: list[Process], data: st.DataObject) -> None:
        """All offer, and the adversary twice, perhaps truly; two see some of it, and go to lead."""
        self.everybody_offers(data)
        model = model_of_tip(self.state.learner[leaders[0]])
        ticket = Ticket(model.generation + 1, sender, data.draw(legal(self.system.landscapes)))
        offer = Offer(sender, model.digest, ticket, 1 << 40)
        for _ in range(2):
            actions = self.system.byzantine_offers(self.state, offer)
            losses = {
                self.system.drawn(self.state, action)[self.offspring(model.digest, offered(offer))]
                for action in actions
            }
            claim = data.draw(st.sampled_from(sorted({0, *losses})))
            self.send_offer(replace(offer, claim=claim), data)
        for leader in leaders[:2]:
            self.deliver_everything()
            if self.system.may_offer(self.state):
                self.mine(leader, data)

    @precondition(lambda self: self.wins_left() and len(self.state.blocks) + 1 < self.system.wins)
    @rule(
        miner=st.sampled_from(BYZANTINE),
        leader=st.sampled_from(CORRECT),
        victim=st.sampled_from(CORRECT),
        data=st.data(),
    )
    def race(self, miner: Process, leader: Process, victim: Process, data: st.DataObject) -> None:
        """The adversary and a correct process win on one block; the victim sees the former's."""
        self.deliver_everything()
        self.make_offer(leader, data)
        tip = self.system.place(self.state, self.state.learner[leader].tip)
        step = data.draw(self.some_step(tip))
        won = self.choose(data, self.system.byzantine_blocks(self.state, miner, tip, step))
        seen = self.collect(leader, data)
        if won is None or not seen:
            return
        self.take(won)
        secret = len(self.state.blocks)
        mined = self.choose(data, self.system.leads(self.state, leader, seen))
        if mined is None:
            return
        self.take(mined)
        learner = self.state.learner[victim]
        if self.state.blocks[secret - 1].parent in {learner.root, *learner.known}:
            self.take(ByzantinePublish(victim, secret))
        self.deliver_everything()

    @rule()
    def everybody_knows_the_longest_chain(self) -> None:
        """Once all is delivered nobody's chain is shorter than a correct process's block."""
        self.deliver_everything()
        heights = [
            self.system.height(self.state, place)
            for place, block in enumerate(self.state.blocks, 1)
            if block.miner in CORRECT
        ]
        for learner in self.state.learner.values():
            assert learner.models[learner.tip].generation >= max(heights, default=0), "Progress"


class LyingStreamletMachine(StreamletMachine):
    """The adversary leads most epochs, and shows notarizations with too few votes."""

    @precondition(lambda self: self.blocks)
    @rule(
        process=st.sampled_from(CORRECT),
        wrong=st.sampled_from(("repeated", "for another", "few")),
        data=st.data(),
    )
    def show_too_few_votes(self, process: Process, wrong: str, data: st.DataObject) -> None:
        blocks = list(self.blocks)
        digest = blocks[-data.draw(st.integers(1, min(3, len(blocks))))]
        *below, last = self.evidence(digest).links
        votes = last.votes
        if self.committee.is_quorum(len(votes)):
            votes = votes[: len(votes) - 1]
        if self.committee.is_quorum(len(votes)):
            return
        if wrong == "repeated":
            votes = (*votes, *votes, *votes)
        if wrong == "for another":
            others = [v for cast in self.votes.values() for v in cast.values() if v.block != digest]
            votes = (
                *votes,
                *{
                    v.voter: v for v in others if v.voter not in {each.voter for each in votes}
                }.values(),
            )
        self.hand_over(process, Chain((*below, Notarization(last.block, votes))))
        known = self.hosts[process].node.notarized
        assert digest not in known or self.committee.is_certified(known[digest]), "Notarized"
