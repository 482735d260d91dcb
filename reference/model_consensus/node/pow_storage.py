"""What a node over proof-of-work keeps on disk: its log, which is all that it must remember.

The log has each block that the process mined, received or refused after an evaluation, each offer
that it made or took, and so the whole state of its learner (docs/logs.md).

The rule of this file: lines are synced before :meth:`PowStorage.sync` returns.  So whatever a crash
leaves, nothing was sent that the log does not have.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from model_consensus.conformance.log_replay import ContradictionError, Known, Told
from model_consensus.conformance.pow_log_replay import PowReplay, Taken
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.conformance.pow_logs import POW, PowLog
from model_consensus.conformance.pow_miner import Miner
from model_consensus.errors import ModelConsensusError
from model_consensus.node.config import PowConfig
from model_consensus.node.storage import append, sync_folders, whole_lines
from model_consensus.simulation.run_folder import locked


class PowStorage:
    """The log, open for appending."""

    def __init__(self, log: BinaryIO) -> None:
        self._log = log

    def sync(self, lines: Sequence[str]) -> None:
        """Append lines of the log.

        :raises ModelConsensusError: that is impossible; nothing may be sent then.
        """
        append(self._log, lines)


@contextmanager
def open_pow_storage(config: PowConfig, lines: PowLogLines) -> Iterator[tuple[PowStorage, Miner]]:
    """Read the log, remove the incomplete line that a crash may have left, and go on with it.

    :param lines: makes its lines.
    :raises ModelConsensusError: another process has it open, or it is not what this node left.
    """
    lock = config.log.with_name(config.log.name + ".lock")
    with ExitStack() as files:
        files.enter_context(locked(lock, f"{config.log}: another node is writing here"))
        log = files.enter_context(config.log.open("a+b"))
        sync_folders(config.log)
        storage = PowStorage(log)
        if whole_lines(log):
            miner = _restarted(config, storage, lines)
        else:
            miner = Miner(config.search, config.agreed.rules, config.process)
            storage.sync([lines.start(config.agreed)])
        yield storage, miner


def _restarted(config: PowConfig, storage: PowStorage, lines: PowLogLines) -> Miner:
    """Go on with the log, which says so; decisions that a crash kept out of it are added."""
    with POW.open([config.log]) as (log,):
        if (log.process, log.agreed) != (config.process, config.agreed):
            raise ModelConsensusError(f"{config.log}: line 1: not of this process and its setting")
        replay = PowReplay(log, Told(config.search, computes=False), Known())
        for _ in replayed(replay):
            pass
    miner = replay.miner
    lines.number = log.line - 1
    said = [lines.restarted(len(miner.learner.known))]
    said += [lines.decided(due.generation, due.model) for due in miner.decisions()]
    storage.sync(said)
    return miner


def replayed(replay: PowReplay) -> Iterator[Taken]:
    """The process, computed again from its log: each event after it has been taken.

    :raises ModelConsensusError: the log contradicts itself.
    """
    try:
        while replay.next is not None:
            yield replay.take()
    except ContradictionError as problem:
        log: PowLog = replay.log
        raise ModelConsensusError(f"{log.source}: line {log.line}: {problem}") from None
