"""Learning over Total Order Broadcast as a state machine: any schedule, adversary and landscape.

The machine takes any step that the specification allows and checks in every state the properties
that the specification names, on instances far beyond what can be explored.  Processes are cut off,
crash, and restart by folding what had been delivered to them.  Its other job is to fail: with a
mechanism left out of the learner it has to find the property that is violated.
"""

from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from model_consensus import tob_learner
from model_consensus.evolutionary_search import Process, Ticket
from model_consensus.systems.tob import ByzantineOffer, Deliver, Offer, Order, Receive, TobSystem
from model_consensus.tob_learner import Learner, Rules, current_generation
from property_tests.machines.drawn import claims, illegal, landscapes, legal, sizes
from property_tests.machines.tob_properties import TobProperties

GENERATIONS = 20

# Processes, Byzantine ones among them, λ, μ, draws, and whether they may be combined.  λ may be
# more than n - f: then the adversary can stop the run, and do nothing else.
Size = tuple[int, int, int, int, int, bool]
FEW: tuple[Size, ...] = (
    (3, 1, 2, 1, 1, False),
    (4, 1, 3, 2, 2, True),
    (5, 2, 2, 2, 1, True),
    (5, 2, 4, 3, 3, True),
)
ALL = (
    (n, f, lambda_, mu, draws, recombines)
    for n in range(1, 8)
    for f in range(n)
    for lambda_ in range(1, n + 1)
    for mu in range(1, lambda_ + 1)
    for draws in range(1, 4)
    for recombines in (False, True)
)


class TobMachine(TobProperties):
    """Any schedule; all steps after the random choice are those of :class:`TobSystem`.

    To test another learner, give a subclass another ``receive``.
    """

    receive: Receive = staticmethod(tob_learner.receive)

    @initialize(size=sizes(FEW, ALL), data=st.data())
    def start(self, size: Size, data: st.DataObject) -> None:
        n, f, lambda_, mu, draws, recombines = size
        names = tuple(f"p{number}" for number in range(1, n + 1))
        self.set_up(
            TobSystem(
                names,
                names[n - f :],
                Rules(lambda_, mu),
                data.draw(landscapes(draws, lambda_, mu, recombines)),
                GENERATIONS,
                name=self.model_name,
                receive=type(self).receive,
            )
        )

    # ---------------------------------------------------------------------------- the steps

    @property
    def able(self) -> list[Process]:
        """The correct processes that are up and reach the others."""
        return [process for process in self.up() if process not in self.cut]

    def offering(self) -> list[Process]:
        return [p for p in self.able if self.system.can_offer(self.state, p)]

    def arrived(self) -> list[tob_learner.Offer]:
        """The offers that can be ordered."""
        return [o for o in sorted(self.state.broadcast.network) if o.sender not in self.cut]

    def receiving(self) -> list[Process]:
        return [p for p in self.able if self.state.broadcast.inbox[p]]

    @precondition(lambda self: self.offering())
    @rule(data=st.data())
    def offer(self, data: st.DataObject) -> None:
        self.offer_of(data, data.draw(st.sampled_from(self.offering())))

    def offer_of(self, data: st.DataObject, process: Process) -> None:
        self.take(data.draw(st.sampled_from(list(self.system.offers(self.state, process)))))

    @precondition(lambda self: self.arrived())
    @rule(data=st.data())
    def order(self, data: st.DataObject) -> None:
        self.take(Order(data.draw(st.sampled_from(self.arrived()))))

    @precondition(lambda self: self.receiving())
    @rule(data=st.data(), times=st.integers(1, 4))
    def deliver(self, data: st.DataObject, times: int) -> None:
        for _ in range(times):
            if self.receiving():
                self.deliver_to(data, data.draw(st.sampled_from(self.receiving())))

    def deliver_to(self, data: st.DataObject, process: Process) -> None:
        self.take(data.draw(st.sampled_from(list(self.system.deliveries(self.state, process)))))

    @precondition(lambda self: self.able)
    @rule(data=st.data(), collude=st.booleans(), claim=st.sampled_from((None, 0, 1, 2)))
    def all_offer_and_receive(self, data: st.DataObject, collude: bool, claim: int | None) -> None:
        """Whoever is able offers, perhaps the f in collusion first, and all arrives."""
        learner = self.state.learner[data.draw(st.sampled_from(self.able))]
        for sender in self.system.byzantine if collude else ():
            self.forge_on(data, sender, learner, claim)
        for process in self.offering():
            self.offer_of(data, process)
        for offer in data.draw(st.permutations(self.arrived())):
            self.take(Order(offer))
        for process in self.able:
            while self.state.broadcast.inbox[process]:
                self.deliver_to(data, process)

    # ---------------------------------------------------------------------------- what goes wrong

    def recovered(self, process: Process) -> None:
        """What was delivered before is folded again: the learner is as if it had not crashed."""
        assert self.folded(process) == self.state.learner[process]

    def folded(self, process: Process) -> Learner:
        """The learner of ``process``, from its own offers and what was delivered to it."""
        loss = {digest: each for _, state in self.steps for digest, each in state.loss.items()}
        search = self.system.landscapes.search(loss)
        learner = tob_learner.new_learner(search, process)
        for (_, before), (action, _) in pairwise(self.steps):
            if isinstance(action, Offer) and action.process == process:
                learner, _ = tob_learner.offer(search, learner)
            if isinstance(action, Deliver) and action.process == process:
                delivered = before.broadcast.inbox[process][0]
                learner = self.system.receive(search, self.system.rules, learner, delivered)
        return learner

    # ---------------------------------------------------------------------------- the adversary

    @precondition(lambda self: self.f > 0)
    @rule(data=st.data())
    def forge_plausibly(self, data: st.DataObject) -> None:
        """A legal ticket on some learner's current model; the claim may be true or not."""
        learner = self.state.learner[data.draw(st.sampled_from(self.system.correct))]
        claim = data.draw(st.none() | claims(self.state.loss))
        self.forge_on(data, data.draw(st.sampled_from(self.system.byzantine)), learner, claim)

    def forge_on(
        self, data: st.DataObject, sender: Process, learner: Learner, claim: int | None
    ) -> None:
        """With a claim, or with the true loss for None."""
        weights = data.draw(legal(self.system.landscapes))
        ticket = Ticket(current_generation(learner), sender, weights)
        forged = tob_learner.Offer(sender, learner.model.digest, ticket, claim or 0)
        self.send(data, forged, truly=claim is None)

    @precondition(lambda self: self.f > 0)
    @rule(data=st.data())
    def forge_anything(self, data: st.DataObject) -> None:
        """Any parent that was drawn or decided, any ticket; only the sender is authentic."""
        decided = {
            digest for each in self.state.learner.values() for digest in self.system.decided(each)
        }
        parent = data.draw(st.sampled_from(sorted(decided | set(self.state.loss))))
        ticket = Ticket(
            max(0, self.system.lineages.generation(parent) + data.draw(st.integers(0, 2))),
            data.draw(st.sampled_from([*self.system.processes, "nobody"])),
            data.draw(legal(self.system.landscapes) | illegal(self.system.landscapes)),
        )
        sender = data.draw(st.sampled_from(self.system.byzantine))
        claim = data.draw(claims(self.state.loss))
        self.send(data, tob_learner.Offer(sender, parent, ticket, claim))

    @precondition(lambda self: self.sent())
    @rule(data=st.data(), again=st.booleans())
    def repeat(self, data: st.DataObject, again: bool) -> None:
        """A Byzantine offer once more: the same, or with another claim."""
        offer = self.sent()[-data.draw(st.integers(1, min(4, len(self.sent()))))]
        claim = offer.claim if again else data.draw(claims(self.state.loss))
        self.send(data, replace(offer, claim=claim))
        self.hard.add("an equivocation")

    def sent(self) -> list[tob_learner.Offer]:
        """The Byzantine offers so far."""
        return [action.offer for action, _ in self.steps if isinstance(action, ByzantineOffer)]

    def send(self, data: st.DataObject, forged: tob_learner.Offer, *, truly: bool = False) -> None:
        """:param truly: claim the true loss, as far as it is known, instead."""
        action = data.draw(st.sampled_from(list(self.system.byzantine_offers(self.state, forged))))
        if truly:
            known = {**self.state.loss, **self.system.drawn(self.state, action)}
            model = self.system.lineages.offspring(forged.parent, frozenset([forged.ticket]))
            action = replace(action, offer=replace(forged, claim=known.get(model, forged.claim)))
        self.take(action)
