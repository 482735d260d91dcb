"""The finite systems of the models in ``spec/``: from the constants of a configuration to a System.

One function for each model module, with the bounds on the adversary that the module has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from types import ModuleType, SimpleNamespace
from typing import Any

from model_consensus import pow_learner, tob_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import (
    Search,
    Ticket,
    Weights,
    is_legal,
    largest_weight,
    single,
)
from model_consensus.pow_learner import EVERY_HASH, Block, Rules
from model_consensus.streamlet import node
from model_consensus.systems import pow as pow_system
from model_consensus.systems import pow_actions
from model_consensus.systems import tob as tob_system
from model_consensus.systems.answers import EveryLandscape
from model_consensus.systems.pow import PowSystem
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
    receive: pow_system.Receiver = pow_learner.receive,
    kind: type[PowSystem] = PowSystem,
) -> PowSystem:
    """The system of a model of ``MCPowLearning.tla``; every second block has work.

    :param receive: what a learner does with a block that arrives.
    :param kind: the system's class; another one has another network or other rules.
    :raises ModelConsensusError: a constant is missing or has a wrong value.
    """
    with _checked():
        losses = sorted(constants["Losses"])
        return kind(
            Rules(tuple(sorted(constants["Proc"])), constants["Depth"], EVERY_HASH // 2),
            sorted(constants["Byzantine"]),
            EveryLandscape(constants["Draws"], tuple(losses), bool(constants["Recombines"])),
            constants["Wins"],
            constants["ByzantineWins"],
            few_pow_forgeries(losses, bool(constants["EachForgery"])),
            receive=receive,
        )


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


def few_pow_forgeries(losses: Sequence[int], each: bool) -> pow_system.Forgeries:
    """``FewForgeries`` of ``MCPowLearning.tla``, the bound on what the adversary forges.

    On each block: each ticket of the right generation with each claim, weights that are not legal,
    and the next generation's first draw.  Or, without ``each``, one block that nobody evaluates.
    """

    def forgeries(system: PowSystem, state: pow_actions.State) -> Iterator[Block]:
        draws = system.landscapes.draws
        legal = legal_weights(system.landscapes.search({}))
        first = single(0, draws)
        for miner in system.byzantine:
            if not each:
                yield Block(system.genesis.digest, Ticket(2, miner, first), min(losses))
                continue
            for place in range(len(state.blocks) + 1):
                parent, height = system.digest(state, place), system.height(state, place) + 1
                for weights in legal:
                    for claim in losses:
                        yield Block(parent, Ticket(height, miner, weights), claim)
                yield Block(parent, Ticket(height, miner, too_large(draws)), min(losses))
                yield Block(parent, Ticket(height + 1, miner, first), min(losses))

    return forgeries
