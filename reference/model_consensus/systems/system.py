"""The one interface through which everything drives a protocol.

The exhaustive explorer, the property tests, the simulator and the replay of TLC's behaviours all
see a protocol, its network and its adversary as a labelled transition system.  The adversary's
moves and the landscape's losses are actions like any other: there is no clock, no thread and no
random generator behind these four operations.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from model_consensus.tla.values import Function

State = TypeVar("State")
Action = TypeVar("Action")


class System(Protocol[State, Action]):
    """A protocol with its environment, as a labelled transition system.

    An action is a frozen dataclass whose class is named like the action of the specification.
    """

    def initial(self) -> Iterable[State]:
        """Every initial state."""
        ...

    def enabled(self, state: State) -> Iterable[Action]:
        """Every action that the specification allows in ``state``."""
        ...

    def apply(self, state: State, action: Action) -> State:
        """The state after ``action``; ``state`` is left as it was."""
        ...

    def project(self, state: State) -> Function:
        """The specification's variables in ``state``, by name."""
        ...
