"""What a node over a stream keeps on disk: its log, from which it finds its place again.

A line about a delivery has the place of the offer in the stream (``sequence``).  What stands after
the last of them is read again from the stream; nothing else must survive a crash.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from model_consensus.conformance.log_fields import natural_of, offer_of
from model_consensus.conformance.log_writing import LogLines
from model_consensus.errors import ModelConsensusError
from model_consensus.node.config import NatsConfig
from model_consensus.node.participant import Remembered
from model_consensus.node.storage import append, begin_log, sync_folders, whole_lines
from model_consensus.node.stream_order import StreamOrder
from model_consensus.simulation.run_folder import locked
from model_consensus.tob_learner import Offer


class StreamStorage:
    """The log, open for appending.

    :ivar lines: makes its lines.
    """

    def __init__(self, lines: LogLines, log: BinaryIO) -> None:
        self.lines = lines
        self._log = log

    def sync(self, lines: Sequence[str]) -> None:
        """Append lines of the log.

        :raises ModelConsensusError: that is impossible; nothing may be sent then.
        """
        append(self._log, lines)


@contextmanager
def open_stream_storage(config: NatsConfig) -> Iterator[tuple[StreamStorage, Remembered]]:
    """Read the log, remove the incomplete line that a crash may have left, and go on with it.

    :raises ModelConsensusError: another process has it open, or it is not what this node left.
    """
    lock = config.log.with_name(config.log.name + ".lock")
    with ExitStack() as files:
        files.enter_context(locked(lock, f"{config.log}: another node is writing here"))
        log = files.enter_context(config.log.open("a+b"))
        sync_folders(config.log)
        records = whole_lines(log)
        lines = LogLines(config.process)
        _, learner = begin_log(config, lines, log, begun=bool(records))
        order = StreamOrder(config.identity, *_places(config, records))
        yield StreamStorage(lines, log), Remembered(order, learner)


def _places(config: NatsConfig, records: Sequence[bytes]) -> tuple[list[Offer], int, list[Offer]]:
    """What was delivered, the place of the last of it, and the last offer that was made."""
    delivered, made, number = [], [], 0
    for line, record in enumerate(records, 1):
        data = json.loads(record)
        if data["event"] == "delivered":
            delivered.append(offer_of(data, config.agreed.processes))
            try:
                number = natural_of(data, "sequence", number + 1)
            except ValueError as problem:
                raise ModelConsensusError(f"{config.log}: line {line}: {problem}") from None
        elif data["event"] == "offered":
            made = [offer_of(data, config.agreed.processes)]
    return delivered, number, made
