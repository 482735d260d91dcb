"""How a defective learner is made: the real one, with some of its steps replaced.

The tables of defective learners are in :mod:`model_consensus.defects.tob`,
:mod:`model_consensus.defects.pow` and :mod:`model_consensus.defects.streamlet`.
"""

from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any


def replaced(module: ModuleType | SimpleNamespace, **steps: Any) -> SimpleNamespace:
    """The module with functions of those names in place of its own; it stays as it is itself.

    Its other functions are the same code, and call the replacements.
    """
    functions = {**vars(module)}
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == vars(module)["__name__"]:
            copy = FunctionType(value.__code__, functions, name, value.__defaults__)
            copy.__kwdefaults__ = value.__kwdefaults__
            functions[name] = copy
    assert set(steps) <= set(functions), f"no such step: {set(steps) - set(functions)}"
    functions.update(steps)
    return SimpleNamespace(**functions)
