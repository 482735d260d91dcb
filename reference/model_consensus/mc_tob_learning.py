"""The bounds of ``MCTobLearning.tla``: a finite system of learning over Total Order Broadcast."""

from collections.abc import Iterator, Mapping, Sequence

from model_consensus import tob_learner
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Ticket
from model_consensus.lineages import EveryLandscape
from model_consensus.tob_system import Forgeries, Receive, State, TobSystem
from model_consensus.values import Value


def from_constants(
    constants: Mapping[str, Value],
    receive: Receive = tob_learner.receive,
    kind: type[TobSystem] = TobSystem,
) -> TobSystem:
    """The system of a model of ``MCTobLearning.tla``, given the constants of its configuration.

    :param kind: the system's class; another one has another network or other rules.

    :raises ModelConsensusError: one is missing or of a wrong type.
    """
    try:
        losses = sorted(constants["Losses"])  # type: ignore[arg-type, type-var]
        return kind(
            sorted(constants["Proc"]),  # type: ignore[arg-type]
            sorted(constants["Byzantine"]),  # type: ignore[arg-type]
            constants["Lambda"],  # type: ignore[arg-type]
            EveryLandscape(constants["Draws"], tuple(losses)),  # type: ignore[arg-type]
            constants["Generations"],  # type: ignore[arg-type]
            few_forgeries(losses, constants["Forged"]),  # type: ignore[arg-type]
            receive=receive,
        )
    except KeyError as error:
        raise ModelConsensusError(f"the constant {error} is missing") from None
    except TypeError as error:
        raise ModelConsensusError(f"a constant is of a wrong type: {error}") from None


def few_forgeries(losses: Sequence[int], forged: int) -> Forgeries:
    """``FewForgeries`` and ``FewForged`` of ``MCTobLearning.tla``, the bounds on the adversary.

    On each model drawn, which may be or become somebody's parent, every legal offer; on each
    current model also every kind of illegal ones; while fewer than ``forged`` Byzantine offers
    wait in any inbox.
    """

    def forgeries(system: TobSystem, state: State) -> Iterator[tob_learner.Offer]:
        waiting = max(
            sum(offer.sender in system.byzantine for offer in queue)
            for queue in state.broadcast.inbox.values()
        )
        if waiting >= forged:
            return
        draws = system.landscapes.draws
        current = {learner.model.digest for learner in state.learner.values()}
        for parent in sorted({system.genesis.digest, *state.loss}):
            generation = system.lineages.generation(parent) + 1
            if system.generations is not None and generation > system.generations:
                continue
            for sender in system.byzantine:
                tickets = [
                    (Ticket(generation, sender, draw), claim)
                    for draw in range(draws)
                    for claim in losses
                ]
                if parent in current:
                    tickets.append((Ticket(generation, sender, draws), 0))
                    tickets.extend((Ticket(generation, p, 0), 0) for p in system.processes)
                for ticket, claim in dict.fromkeys(tickets):
                    yield tob_learner.Offer(sender, parent, ticket, claim)

    return forgeries
