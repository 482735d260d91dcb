"""What a node keeps on disk: its log, and a journal of what must survive a crash besides.

The log has what the learner did (docs/logs.md), and the learner is computed again from it.  The
journal has what :class:`~model_consensus.streamlet.state.Durable` has, and all notarized blocks,
one JSON object to a line::

    {"journal": 1, "process": "p1", "committee": "9c...", "genesis": "5e..."}
    {"message": "01..."}
    {"notarized": "04..."}
    {"final": "b2..."}
    {"voted": 7, "lock": 5}

A message of the node's own, and a notarized block with its votes, stand there as packets, in the
encoding of :mod:`model_consensus.streamlet.codec`; a final block has been notarized before, and
its digest is enough.  A node does not vote on a shorter chain than the one that it acted on last.
Other nodes show it that chain; but if all of them stop at once, only a journal has it.

The rule of this file: what a step changed is synced, the journal first, before :meth:`Storage.sync`
returns.  So whatever a crash leaves, the journal has all blocks whose offers are in the log.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from model_consensus.conformance.log_replay import ContradictionError, Known, Replay, Told
from model_consensus.conformance.log_writing import LogLines
from model_consensus.conformance.logs import Log, LogOf, open_logs
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Search
from model_consensus.node.config import BroadcastConfig, Config, NodeConfig, PowConfig
from model_consensus.node.orders import StreamletOrder
from model_consensus.node.participant import Remembered
from model_consensus.simulation.run_folder import locked
from model_consensus.streamlet.codec import decode, encode
from model_consensus.streamlet.messages import Chain, Message, Notarization
from model_consensus.streamlet.state import Durable
from model_consensus.tob_learner import Learner, current_generation, new_learner


class LogStorage:
    """A log that is all that a node keeps, open for appending."""

    def __init__(self, log: BinaryIO) -> None:
        self._log = log

    def sync(self, lines: Sequence[str]) -> None:
        """Append lines of the log.

        :raises ModelConsensusError: that is impossible; nothing may be sent then.
        """
        append(self._log, lines)


class Storage:
    """The two files, open for appending.

    :ivar lines: makes the lines of the log.
    :ivar order: what must be remembered.
    """

    def __init__(
        self,
        lines: LogLines,
        journal: BinaryIO,
        log: BinaryIO,
        order: StreamletOrder,
    ) -> None:
        self.lines, self.order = lines, order
        self._journal, self._log = journal, log
        self._durable = order.node.durable
        self._notarized = {*order.node.notarized}

    def sync(self, lines: Sequence[str]) -> None:
        """Append what the node must remember and the journal does not have, and lines of the log.

        :raises ModelConsensusError: that is impossible; nothing may be sent then.
        """
        node = self.order.node
        new = [node.notarized[each] for each in node.notarized if each not in self._notarized]
        records = [*_changes(self._durable, node.durable, new)]
        append(self._journal, [*map(_line, records)])
        self._durable = node.durable
        self._notarized.update(link.block.digest for link in new)
        append(self._log, lines)


def append(file: BinaryIO, lines: Sequence[str]) -> None:
    """Append lines, and have them on the disk.

    :raises ModelConsensusError: that is impossible.
    """
    data = "".join(lines).encode()
    if data:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise ModelConsensusError(f"{file.name}: {error.strerror}") from None


@contextmanager
def open_log(config: NodeConfig) -> Iterator[BinaryIO]:
    """The log of a node that keeps nothing else.

    :raises ModelConsensusError: another process has it open.
    """
    lock = config.log.with_name(config.log.name + ".lock")
    with (
        locked(lock, f"{config.log}: another node is writing here"),
        config.log.open("a+b") as log,
    ):
        sync_folders(config.log)
        yield log


@contextmanager
def open_storage(config: Config) -> Iterator[tuple[Storage, Remembered]]:
    """Read the files, remove the incomplete line that a crash may have left, and go on with them.

    :raises ModelConsensusError: another process has them open, or they are not what this node left.
    """
    lock = config.journal.with_name(config.journal.name + ".lock")
    with ExitStack() as files:
        files.enter_context(locked(lock, f"{config.journal}: another node is writing here"))
        journal, log = (
            files.enter_context(path.open("a+b")) for path in (config.journal, config.log)
        )
        sync_folders(config.journal, config.log)
        records, begun = whole_lines(journal), bool(whole_lines(log))
        if begun and not records:
            raise ModelConsensusError(f"{config.journal}: empty, and {config.log} is not")
        if len(records) > 1 and not begun:
            raise ModelConsensusError(f"{config.log}: empty, and {config.journal} is not")
        durable, notarized = _read(config, records)
        if not records:
            append(journal, [_line(_head(config))])
        lines = LogLines(config.process)
        delivered, learner = begin_log(config, lines, log, begun=begun)
        order = StreamletOrder(config.identity, durable, notarized, delivered)
        yield Storage(lines, journal, log, order), Remembered(order, learner)


def begin_log(
    config: BroadcastConfig, lines: LogLines, file: BinaryIO, *, begun: bool
) -> tuple[int, Learner]:
    """Begin the log; or go on with it, which it says, and add a decision that a crash kept out.

    :param begun: whether there are lines in it.
    :returns: how many offers were delivered, and the learner after them.
    :raises ModelConsensusError: it is not one of this node's.
    """
    if not begun:
        append(file, [lines.start(config.agreed)])
        return 0, new_learner(config.search, config.process)
    with open_logs([config.log]) as (log,):
        check_whose(log, config)
        *_, replay = replayed(log, config.search)
    lines.number = log.line - 1
    said = [lines.restarted(replay.delivered)]
    if replay.due is not None:
        said.append(lines.decided(replay.due.generation, replay.due.model))
    append(file, said)
    return replay.delivered, replay.learner


def check_whose(log: LogOf[Any, Any], config: BroadcastConfig | PowConfig) -> None:
    """Refuse the log of another process, or of another setting."""
    if (log.process, log.agreed) != (config.process, config.agreed):
        raise ModelConsensusError(f"{config.log}: line 1: not of this process and its setting")


@contextmanager
def at_its_line(log: LogOf[Any, Any]) -> Iterator[None]:
    """A contradiction becomes a `ModelConsensusError` that names the line of the log."""
    try:
        yield
    except ContradictionError as problem:
        raise ModelConsensusError(f"{log.source}: line {log.line}: {problem}") from None


def replayed(log: Log, search: Search) -> Iterator[Replay]:
    """The process, computed again from its log: after its first lines and after each delivery.

    :param search: makes the offspring; the losses are those of the log.
    :raises ModelConsensusError: the log contradicts itself.
    """
    known = Known()
    replay = Replay(log, Told(search, computes=False), known)
    with at_its_line(log):
        while True:
            for _ in replay.up_to_delivery():
                pass
            yield replay
            if replay.next is None:
                return
            replay.deliver()
            known.forget(current_generation(replay.learner))


def whole_lines(file: BinaryIO) -> list[bytes]:
    """The lines of a file; an incomplete last one is removed from it."""
    file.seek(0)
    data = file.read()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        file.truncate(end)
        os.fsync(file.fileno())
    return data[:end].splitlines()


def sync_folders(*paths: Path) -> None:
    """Have the entries of new files survive a crash as well."""
    if sys.platform != "win32":
        for folder in {path.parent for path in paths}:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


# ------------------------------------------------------------------------------ the journal


def _head(config: Config) -> dict[str, object]:
    return {
        "journal": 1,
        "process": config.process,
        "committee": config.identity.committee.genesis.hex(),
        "genesis": config.agreed.genesis.hex(),
    }


def _line(record: dict[str, object]) -> str:
    return json.dumps(record) + "\n"


def _changes(
    before: Durable, after: Durable, notarized: Sequence[Notarization]
) -> Iterator[dict[str, object]]:
    """What :func:`_read` must read to come from one to the other."""
    for message in after.outgoing:
        if message not in before.outgoing:
            yield {"message": encode(message).hex()}
    for link in notarized:
        yield {"notarized": encode(Chain((link,))).hex()}
    for link in after.log[len(before.log) :]:
        yield {"final": link.block.digest.hex()}
    if (before.voted, before.lock) != (after.voted, after.lock):
        yield {"voted": after.voted, "lock": after.lock}


def _read(config: Config, records: Sequence[bytes]) -> tuple[Durable, list[Notarization]]:
    """What a journal says: of the node, and of notarized blocks.

    :raises ModelConsensusError: it is not one, or not this node's.
    """
    durable = Durable()
    notarized: dict[Digest, Notarization] = {}
    log: list[Notarization] = []
    outgoing: dict[Message, None] = {}
    for number, record in enumerate(records, 1):
        try:
            data: Any = json.loads(record)
            if number == 1:
                if data != _head(config):
                    raise ModelConsensusError("not of this process, its committee and its setting")
            elif "voted" in data:
                durable = replace(durable, voted=int(data["voted"]), lock=int(data["lock"]))
            elif "message" in data:
                outgoing[_packet(data["message"], Message)] = None
            elif "notarized" in data:
                (link,) = _packet(data["notarized"], Chain).links
                notarized[link.block.digest] = link
            else:
                link = notarized[bytes.fromhex(data["final"])]
                log.append(link)
                if link.block.payload is not None:
                    outgoing.pop(link.block.payload, None)
        except ModelConsensusError as problem:
            raise ModelConsensusError(f"{config.journal}: line {number}: {problem}") from None
        except (ValueError, KeyError, TypeError):
            raise ModelConsensusError(
                f"{config.journal}: line {number}: not a line of a journal"
            ) from None
    durable = replace(durable, log=tuple(log), outgoing=tuple(outgoing))
    return durable, list(notarized.values())


Kind = TypeVar("Kind", Message, Chain)


def _packet(text: str, kind: type[Kind]) -> Kind:
    packet = decode(bytes.fromhex(text))
    if not isinstance(packet, kind):
        raise ValueError
    return packet
