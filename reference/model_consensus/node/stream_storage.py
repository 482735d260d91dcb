"""What a node over a stream keeps on disk: its log, from which it finds its place again.

A line about a delivery has the place of the offer in the stream (``sequence``).  What stands after
the last of them is read again from the stream; nothing else must survive a crash.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from model_consensus.conformance.log_fields import natural_of, offer_of
from model_consensus.conformance.log_writing import LogLines
from model_consensus.errors import ModelConsensusError
from model_consensus.node.config import NatsConfig
from model_consensus.node.participant import Remembered
from model_consensus.node.storage import LogStorage, begin_log, open_log, whole_lines
from model_consensus.node.stream_order import StreamOrder
from model_consensus.tob_learner import Offer


@contextmanager
def open_stream_storage(
    config: NatsConfig, lines: LogLines
) -> Iterator[tuple[LogStorage, Remembered]]:
    """Read the log, remove the incomplete line that a crash may have left, and go on with it.

    :param lines: makes its lines.
    :raises ModelConsensusError: another process has it open, or it is not what this node left.
    """
    with open_log(config) as log:
        records = whole_lines(log)
        _, learner = begin_log(config, lines, log, begun=bool(records))
        order = StreamOrder(config.identity, *_places(config, records))
        yield LogStorage(log), Remembered(order, learner)


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
