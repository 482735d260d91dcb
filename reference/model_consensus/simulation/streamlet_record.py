"""The variables of ``Streamlet.tla`` in a run of real nodes, kept from what the correct ones do."""

from collections.abc import Sequence

from model_consensus.evolutionary_search import Digest, Process
from model_consensus.streamlet.messages import Block, Committee, Message
from model_consensus.tla.values import Function, Value, function, record


class Record:
    """What the correct processes have broadcast, voted for and delivered so far.

    A message is named by its sender and a number.  Byzantine votes are not seen: as in the
    specification, a block has them all.
    """

    def __init__(self, committee: Committee, correct: Sequence[Process]) -> None:
        self._committee = committee
        self._faulty = len(committee.processes) - len(correct)
        self._pool: frozenset[Value] = frozenset()
        self._votes: dict[Process, frozenset[Value]] = dict.fromkeys(correct, frozenset())
        self._lock = dict.fromkeys(correct, 0)
        self._log: dict[Process, tuple[Function, ...]] = dict.fromkeys(correct, ())
        self._voters: dict[Digest, set[Process]] = {}
        self._blocks: dict[Digest, Block] = {}
        self._names: dict[Message, str] = {}
        self._order: list[Block] = []

    def state(self) -> Function:
        """The variables pool, votes, lock and log."""
        return record(
            pool=self._pool,
            votes=function(self._votes),
            lock=function(self._lock),
            log=function(self._log),
        )

    def name(self, message: Message) -> str:
        """What stands for a message."""
        return self._names.setdefault(message, f"{message.sender}:{len(self._names) + 1}")

    @property
    def names(self) -> list[tuple[Process, str]]:
        """The sender and the name of each message so far."""
        return [(message.sender, name) for message, name in self._names.items()]

    def broadcast(self, message: Message) -> None:
        """A correct process broadcasts ``message``."""
        self._pool |= {self.name(message)}

    def voted(self, process: Process, block: Block) -> list[Message]:
        """A correct process votes for ``block``; the messages that this finalizes, in order."""
        digest = block.digest
        self._blocks.setdefault(digest, block)
        self._votes[process] |= {tuple(map(self._link, self._chain(digest)))}
        self._lock[process] = max(self._lock[process], len(self._chain(block.parent)))
        self._voters.setdefault(digest, set()).add(process)
        final = max(
            (self._chain(d)[:-1] for d in self._blocks if self._finalizes(d)), key=len, default=[]
        )
        new, self._order = final[len(self._order) :], max(final, self._order, key=len)
        return [b.payload for b in new if b.payload is not None]

    def delivered(self, process: Process, block: Block, lock: int) -> None:
        """A correct process delivers ``block`` and has then the lock ``lock``."""
        self._log[process] = (*self._log[process], self._link(block))
        self._lock[process] = lock

    def _link(self, block: Block) -> Function:
        payload: Value = () if block.payload is None else (self.name(block.payload),)
        return record(epoch=block.epoch, payload=payload)

    def _chain(self, digest: Digest) -> list[Block]:
        blocks = []
        while digest in self._blocks:
            blocks.append(self._blocks[digest])
            digest = blocks[-1].parent
        return blocks[::-1]

    def _finalizes(self, digest: Digest) -> bool:
        votes = self._faulty + len(self._voters.get(digest, ()))
        epochs = [0, *(block.epoch for block in self._chain(digest))][-3:]
        last = epochs[-1]
        return self._committee.is_quorum(votes) and epochs == [last - 2, last - 1, last]
