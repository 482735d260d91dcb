"""The finite systems of the models in ``spec/``: from the constants of a configuration to a System.

One function for each model module, with the bounds on the adversary that the module has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from types import ModuleType, SimpleNamespace
from typing import Any

from model_consensus import pow_learner, tob_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Process,
    Search,
    Step,
    Ticket,
    Weights,
    is_legal,
    is_single,
    largest_weight,
    single,
)
from model_consensus.pow_learner import EVERY_HASH, NOBODY, Block, Rules
from model_consensus.streamlet import node
from model_consensus.systems import pow_actions
from model_consensus.systems import tob as tob_system
from model_consensus.systems.answers import EveryLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_delayed import DelayedPowSystem
from model_consensus.systems.pow_tree import Forgeries, Learners, Lies, PowTree, Steps
from model_consensus.systems.streamlet import StreamletSystem
from model_consensus.systems.system import System
from model_consensus.systems.tob import TobSystem
from model_consensus.tla.config import read_config
from model_consensus.tla.manifest import SpecModel

Constants = Mapping[str, Any]
"""The constants of a configuration: name to TLA+ value, whose type nobody has checked."""


@contextmanager
def _checked() -> Iterator[None]:
    """Turn the errors that wrong constants cause into one that says so."""
    try:
        yield
    except KeyError as error:
        raise ModelConsensusError(f"the constant {error} is missing or unknown") from None
    except TypeError as error:
        raise ModelConsensusError(f"a constant is of a wrong type: {error}") from None
    except (IndexError, StopIteration) as error:
        raise ModelConsensusError(f"a constant has a wrong value: {error}") from None


def tob_learning(
    constants: Constants,
    receive: tob_system.Receive = tob_learner.receive,
    kind: type[TobSystem] = TobSystem,
) -> TobSystem:
    """The system of a model of ``MCTobLearning.tla``.

    :param receive: what a learner does with an offer that is delivered.
    :param kind: the system's class; another one has another network or other rules.
    :raises ModelConsensusError: a constant is missing or has a wrong value.
    """
    with _checked():
        losses = sorted(constants["Losses"])
        return kind(
            sorted(constants["Proc"]),
            sorted(constants["Byzantine"]),
            tob_learner.Rules(constants["Lambda"], constants["Mu"]),
            EveryLandscape(constants["Draws"], tuple(losses), bool(constants["Recombines"])),
            constants["Generations"],
            few_tob_forgeries(losses, constants["Forged"]),
            receive=receive,
        )


def pow_learning(
    constants: Constants,
    learners: Learners = pow_learner,
    kind: Callable[..., PowSystem] = PowSystem,
) -> PowSystem:
    """The system of a model of ``MCPowLearning.tla``; every second block has work.

    :param learners: the functions of a learner.
    :param kind: the system's class; another one has another network or other rules.
    :raises ModelConsensusError: a constant is missing or has a wrong value.
    """
    with _checked():
        losses = sorted(constants["Losses"])
        processes, half = tuple(sorted(constants["Proc"])), EVERY_HASH // 2
        return kind(
            Rules(processes, constants["Depth"], half),
            sorted(constants["Byzantine"]),
            EveryLandscape(constants["Draws"], tuple(losses), bool(constants["Recombines"])),
            constants["Wins"],
            constants["ByzantineWins"],
            few_pow_forgeries(losses, bool(constants["EachForgery"])),
            few_lies(losses, bool(constants["EachForgery"]), constants["LyingGenerations"]),
            few_steps(bool(constants["EachStep"])),
            learners=learners,
        )


def delayed_learning(
    constants: Constants,
    learners: Learners = pow_learner,
    kind: type[DelayedPowSystem] = DelayedPowSystem,
) -> PowSystem:
    """The system of a model of ``MCDelayedLearning.tla``: see :func:`pow_learning`."""
    with _checked():
        delta = constants["Delta"]
    return pow_learning(constants, learners, partial(kind, delta=delta))


def streamlet(
    constants: Constants,
    nodes: ModuleType | SimpleNamespace = node,
    kind: type[StreamletSystem] = StreamletSystem,
) -> StreamletSystem:
    """The system of a model of ``MCStreamlet.tla``.

    :param nodes: the functions of a node.
    :param kind: the system's class; another one has another adversary or crashes.
    :raises ModelConsensusError: a constant is missing or has a wrong value.
    """
    with _checked():
        processes, byzantine = sorted(constants["Proc"]), sorted(constants["Byzantine"])
        first = next(p for p in processes if p not in byzantine)
        return kind(
            processes,
            byzantine,
            [
                first if epoch in constants["CorrectEpochs"] else byzantine[0]
                for epoch in range(1, constants["Epochs"] + 1)
            ],
            dict.fromkeys(constants["Message"], first),
            sorted(constants["Forgery"]),
            str(constants["Choice"]),
            nodes=nodes,
        )


SYSTEMS: Mapping[str, Callable[..., System[Any, Any]]] = {
    "MCTobLearning": tob_learning,
    "MCTobHonest": tob_learning,
    "MCTobWitness": tob_learning,
    "MCTobNecessity": tob_learning,
    "MCPowLearning": pow_learning,
    "MCPowNecessity": pow_learning,
    "MCDelayedLearning": delayed_learning,
    "MCDelayedNecessity": delayed_learning,
    "MCStreamlet": streamlet,
    "MCStreamletWitness": streamlet,
    "MCStreamletNecessity": streamlet,
}
"""Who makes the system of a model, by the model's module."""

# The state graph of a necessity model is that of a weakened specification, not of the real learner.
COMPARABLE = tuple(module for module in SYSTEMS if not module.endswith("Necessity"))


def system_of(model: SpecModel) -> System[Any, Any]:
    """The implementation's System of a model.

    :raises ModelConsensusError: its module has none.
    """
    if model.module.stem not in COMPARABLE:
        known = ", ".join(COMPARABLE)
        raise ModelConsensusError(
            f"{model.name}: only models of {known} have an implementation to explore"
        )
    return SYSTEMS[model.module.stem](read_config(model.config).constants)


def legal_weights(search: Search) -> list[Weights]:
    """``Weights``: all that a ticket may have; a small number of draws is assumed."""
    largest = largest_weight(search.draws)
    options = product(range(-largest, largest + 1), repeat=search.draws)
    return [weights for weights in options if is_legal(search, weights)]


def too_large(draws: int) -> Weights:
    """``TooLarge``: weights that are not legal."""
    return (largest_weight(draws) + 1,) * draws


def few_tob_forgeries(losses: Sequence[int], forged: int) -> tob_system.Forgeries:
    """``FewForgeries`` and ``FewForged`` of ``MCTobLearning.tla``, the bounds on the adversary.

    On each model drawn, which may be or become somebody's parent, every legal offer; on each
    current model also every kind of illegal ones; while fewer than ``forged`` Byzantine offers
    wait in any inbox.
    """

    def forgeries(system: TobSystem, state: tob_system.State) -> Iterator[tob_learner.Offer]:
        waiting = max(
            sum(offer.sender in system.byzantine for offer in queue)
            for queue in state.broadcast.inbox.values()
        )
        if waiting >= forged:
            return
        draws = system.landscapes.draws
        legal = legal_weights(system.landscapes.search({}))
        current = {learner.model.digest for learner in state.learner.values()}
        for parent in sorted({system.genesis.digest, *state.loss}):
            generation = system.lineages.generation(parent) + 1
            if system.generations is not None and generation > system.generations:
                continue
            for sender in system.byzantine:
                tickets = [
                    (Ticket(generation, sender, weights), claim)
                    for weights in legal
                    for claim in losses
                ]
                if parent in current:
                    tickets.append((Ticket(generation, sender, too_large(draws)), 0))
                    first = single(0, draws)
                    tickets.extend((Ticket(generation, p, first), 0) for p in system.processes)
                for ticket, claim in dict.fromkeys(tickets):
                    yield tob_learner.Offer(sender, parent, ticket, claim)

    return forgeries


def few_steps(each: bool) -> Steps:
    """``FewSteps`` of ``MCPowLearning.tla``: every step, or those of one ticket of its own."""

    def steps(system: PowTree, state: pow_actions.State, place: int) -> Iterator[Step]:
        if each:
            yield from system.steps_on(state, place)
        else:
            yield from (frozenset([ticket]) for ticket in own_tickets_on(system, state, place))

    return steps


def own_tickets_on(system: PowTree, state: pow_actions.State, place: int) -> Iterator[Ticket]:
    """``OwnTicketsOn``: the adversary's tickets on a block's model, and the public ones."""
    tickets = sorted(system.tickets_on(state, place))
    return (ticket for ticket in tickets if ticket.proposer not in system.correct)


def few_pow_forgeries(losses: Sequence[int], each: bool) -> Forgeries:
    """``FewForgeries`` of ``MCPowLearning.tla``, the bound on what the adversary forges.

    On each block: each ticket of its own with each claim, weights that are not legal, and the next
    generation's first draw.  Or, without ``each``, one block that nobody evaluates.
    """

    def forgeries(system: PowTree, state: pow_actions.State) -> Iterator[Block]:
        draws, least = system.landscapes.draws, min(losses)
        first = single(0, draws)

        def make(place: int, miner: Process, ticket: Ticket, claim: int) -> Block:
            return Block(system.digest(state, place), miner, frozenset([ticket]), claim)

        for miner in system.byzantine:
            if not each:
                yield make(0, miner, Ticket(2, miner, first), least)
                continue
            for place in range(len(state.blocks) + 1):
                height = system.height(state, place) + 1
                for ticket, claim in product(own_tickets_on(system, state, place), losses):
                    if ticket.proposer != NOBODY or is_single(ticket.weights):
                        yield make(place, miner, ticket, claim)
                yield make(place, miner, Ticket(height, miner, too_large(draws)), least)
                yield make(place, miner, Ticket(height + 1, miner, first), least)

    return forgeries


def few_lies(losses: Sequence[int], each: bool, generations: int) -> Lies:
    """``FewLies`` of ``MCPowLearning.tla``: one offer a model, in so many generations.

    Its claim is any or, without ``each``, the best.
    """

    def lies(system: PowTree, state: pow_actions.State) -> Iterator[tob_learner.Offer]:
        legal = legal_weights(system.landscapes.search({}))
        models = (system.model(state, place) for place in range(len(state.blocks) + 1))
        for model in {model.digest: model for model in models}.values():
            for sender in system.byzantine:
                if model.generation < generations and not system.has_offered(state, sender, model):
                    for weights in legal:
                        ticket = Ticket(model.generation + 1, sender, weights)
                        for claim in losses if each else [min(losses)]:
                            yield tob_learner.Offer(sender, model.digest, ticket, claim)

    return lies
