"""Total Order Broadcast: ``TotalOrderBroadcast.tla``, the network that the learners assume.

A correct process's message waits in ``network`` until it is given its place in the order; from then
on it stands in the queue ``inbox[p]`` of every correct process p.  The adversary's messages are
ordered at once, whenever it likes.  Delivered messages are dropped, so memory does not grow with
the run.

The rule of this file: a broadcast is a value, each action makes another one, and nothing here looks
at what a message says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from model_consensus.evolutionary_search import Process

Message = TypeVar("Message")


@dataclass(frozen=True)
class Broadcast(Generic[Message]):
    """The state of the broadcast: ``network`` and, for each correct process, its ``inbox``."""

    inbox: Mapping[Process, tuple[Message, ...]]
    network: frozenset[Message] = field(default_factory=frozenset)

    def broadcast(self, message: Message) -> "Broadcast[Message]":
        """A correct process broadcasts ``message``."""
        return replace(self, network=self.network | {message})

    def order(self, message: Message) -> "Broadcast[Message]":
        """``message`` gets the next place in the order."""
        return Broadcast(
            {process: (*queue, message) for process, queue in self.inbox.items()},
            self.network - {message},
        )

    def deliver(self, process: Process) -> "tuple[Broadcast[Message], Message]":
        """``process`` takes the next message of the order; it must have one."""
        message, *rest = self.inbox[process]
        return replace(self, inbox={**self.inbox, process: tuple(rest)}), message
