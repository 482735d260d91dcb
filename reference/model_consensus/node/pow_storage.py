"""What a node over proof-of-work keeps on disk: its log, which is all that it must remember.

The log has each block that the process mined, received or refused after an evaluation, each offer
that it made or took, and so the whole state of its learner (docs/logs.md).

The rule of this file: lines are synced before :meth:`LogStorage.sync` returns.  So whatever a crash
leaves, nothing was sent that the log does not have.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from model_consensus.conformance.log_replay import Known, Told
from model_consensus.conformance.pow_log_replay import PowReplay, Taken
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.conformance.pow_logs import POW
from model_consensus.conformance.pow_miner import Miner
from model_consensus.node.config import PowConfig
from model_consensus.node.storage import LogStorage, at_its_line, check_whose, open_log, whole_lines


@contextmanager
def open_pow_storage(config: PowConfig, lines: PowLogLines) -> Iterator[tuple[LogStorage, Miner]]:
    """Read the log, remove the incomplete line that a crash may have left, and go on with it.

    :param lines: makes its lines.
    :raises ModelConsensusError: another process has it open, or it is not what this node left.
    """
    with open_log(config) as log:
        storage = LogStorage(log)
        if whole_lines(log):
            miner = _restarted(config, storage, lines)
        else:
            miner = Miner(config.search, config.agreed.rules, config.process)
            storage.sync([lines.start(config.agreed)])
        yield storage, miner


def _restarted(config: PowConfig, storage: LogStorage, lines: PowLogLines) -> Miner:
    """Go on with the log, which says so; decisions that a crash kept out of it are added."""
    with POW.open([config.log]) as (log,):
        check_whose(log, config)
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
    with at_its_line(replay.log):
        while replay.next is not None:
            yield replay.take()
