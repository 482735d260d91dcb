"""An assumption that a *necessity* model drops, and how the implementation drops it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model_consensus.tla.values import Value


@dataclass(frozen=True)
class Necessity:
    """How the implementation drops the assumption that a model drops.

    :ivar about: what the assumption is about: ``learner``, ``network`` or ``bound``.
    :ivar dropped: what is dropped, in a sentence.
    :ivar kept: why the same moves come to nothing where it is kept, in a sentence.
    :ivar learner: the defective learner, or the nodes; the real ones if None.
    :ivar system: the system's class, if the network, the adversary or the tickets are others.
    :ivar real_system: the system's class where the assumption is kept.
    :ivar within: constants within the bound.
    :ivar instead: what holds where the assumption is kept, if it is not the model's property.
    :ivar fair: whether the model's behaviours are fair.
    """

    about: str
    dropped: str
    kept: str
    learner: Any = None
    system: type[Any] | None = None
    real_system: type[Any] | None = None
    within: Mapping[str, Value] = field(default_factory=dict)
    instead: str | None = None
    fair: bool = True
