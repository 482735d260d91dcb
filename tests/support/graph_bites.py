"""What is said of a defect that must show as a difference between two state graphs.

The tables of defects are in the modules of this folder for each protocol.  Where the graphs must
part first, and in what, was worked out by hand from the rules of the protocol; the last entry says
how.  If both sides have an action and it leads to different states, the implementation's is
reported, and what differs in it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model_consensus.systems.system import System
from model_consensus.tla.config import read_config
from model_consensus.tla.manifest import SpecModel, load

Make = Callable[..., System[Any, Any]]


@dataclass(frozen=True)
class Instance:
    """A small model of a protocol: one of the manifest with some constants replaced.

    :ivar make: makes the system from the constants, and from a defective learner.
    """

    name: str
    constants: Mapping[str, str]
    make: Make

    def model(self, folder: Path) -> SpecModel:
        """The model; its configuration is written into ``folder``."""
        model = load().find(self.name)
        text = model.config.read_text(encoding="utf-8")
        for constant, value in self.constants.items():
            text, times = re.subn(rf"(?m)^( +{constant} =) .*$", rf"\1 {value}", text)
            assert times == 1, constant
        config = folder / model.config.name
        config.write_text(text, encoding="utf-8")
        return replace(model, config=config)

    def system(self, model: SpecModel, *defect: Any) -> System[Any, Any]:
        """The implementation's system, with the defect if one is given."""
        constants = dict(read_config(model.config).constants)
        return self.make(constants, *defect)


@dataclass(frozen=True)
class Shows:
    """Where a defect shows first.

    :ivar before: the actions of a shortest path to the state where the graphs part.
    :ivar action: what only one of them has there.
    :ivar only: which.
    :ivar differing: the variables in which it differs from what the other does by that action;
        none if the other does nothing by it.
    """

    before: str
    action: str
    only: str
    differing: str = ""


OURS, THEIRS = "implementation", "specification"

Implementation = Mapping[str, tuple[str, Any, Shows, str]]
"""Of each defect of the implementation: the instance, what is wrong, where it shows, and why."""

Specification = Mapping[str, tuple[str, str, str, str, Shows, str]]
"""Of each defect of the specification: the instance, the module, the text in it and what stands
there instead, where it shows, and why."""
