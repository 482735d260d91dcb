"""The bounds of ``MCPowLearning.tla``: a finite system of learning over proof-of-work."""

from collections.abc import Iterator, Mapping, Sequence

from model_consensus import pow_learning
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Ticket
from model_consensus.lineages import EveryLandscape
from model_consensus.pow_learning import EVERY_HASH, Block, Rules
from model_consensus.pow_system import Forgeries, PowSystem, Receiver, State
from model_consensus.values import Value


def from_constants(
    constants: Mapping[str, Value],
    receive: Receiver = pow_learning.receive,
    kind: type[PowSystem] = PowSystem,
) -> PowSystem:
    """The system of a model of ``MCPowLearning.tla``, given the constants of its configuration.

    Its target lets every second block have work.

    :param kind: the system's class; another one has another network or other rules.

    :raises ModelConsensusError: one is missing or of a wrong type.
    """
    try:
        losses = sorted(constants["Losses"])  # type: ignore[arg-type, type-var]
        processes = sorted(constants["Proc"])  # type: ignore[arg-type, type-var]
        return kind(
            Rules(tuple(processes), constants["Depth"], EVERY_HASH // 2),  # type: ignore[arg-type]
            sorted(constants["Byzantine"]),  # type: ignore[arg-type]
            EveryLandscape(constants["Draws"], tuple(losses)),  # type: ignore[arg-type]
            constants["Wins"],  # type: ignore[arg-type]
            constants["ByzantineWins"],  # type: ignore[arg-type]
            few_forgeries(losses, bool(constants["EachForgery"])),  # type: ignore[arg-type]
            receive=receive,
        )
    except KeyError as error:
        raise ModelConsensusError(f"the constant {error} is missing") from None
    except TypeError as error:
        raise ModelConsensusError(f"a constant is of a wrong type: {error}") from None


def few_forgeries(losses: Sequence[int], each: bool) -> Forgeries:
    """``FewForgeries`` of ``MCPowLearning.tla``, the bound on what the adversary forges.

    On each block: each ticket of the right generation with each claim, a draw too many, and the
    next generation's first ticket.  Or, without ``each``, one block that nobody evaluates.
    """

    def forgeries(system: PowSystem, state: State) -> Iterator[Block]:
        draws = system.landscapes.draws
        for miner in system.byzantine:
            if not each:
                yield Block(system.genesis.digest, Ticket(2, miner, 0), min(losses))
                continue
            for place in range(len(state.blocks) + 1):
                parent, height = system.digest(state, place), system.height(state, place) + 1
                for draw in range(draws):
                    for claim in losses:
                        yield Block(parent, Ticket(height, miner, draw), claim)
                yield Block(parent, Ticket(height, miner, draws), min(losses))
                yield Block(parent, Ticket(height + 1, miner, 0), min(losses))

    return forgeries
