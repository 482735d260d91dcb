"""The tables of docs/traces.md: each variable of a specification, and where it is in the code."""

import re
import typing
from typing import Any

import pytest

from model_consensus.conformance.state_graph import TIMED
from model_consensus.conformance.trace_specifications import MODULES
from model_consensus.streamlet import messages as streamlet_messages
from model_consensus.streamlet import state as streamlet_state
from model_consensus.systems import pow as pow_system
from model_consensus.systems import pow_actions
from model_consensus.systems import tob as tob_system
from model_consensus.tla.manifest import spec_directory
from tests.support.places import DOCS

DOCUMENT = DOCS / "traces.md"
WHERE: dict[str, tuple[Any, ...]] = {
    "TobLearning": (tob_system.State,),
    "PowLearning": (pow_actions.State, pow_system.PowSystem),
    "DelayedLearning": (pow_actions.State, pow_system.PowSystem),
    "Streamlet": (streamlet_state.Durable, streamlet_state.Node, streamlet_messages.Committee),
}


def rows(module: str) -> list[tuple[str, str, str]]:
    """Variable, trace key and Python attribute in the table of a module."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.split(r"(?m)^## ", text.split(f"\n## {module}\n")[1])[0]
    return re.findall(r"(?m)^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|", section)


def extended(module: str) -> str:
    """The text of a specification and of those that it extends."""
    file = spec_directory() / f"{module}.tla"
    if not file.is_file():  # a standard module
        return ""
    text = file.read_text(encoding="utf-8")
    names = re.search(r"(?m)^EXTENDS (.*)$", text)
    return text + "".join(map(extended, re.findall(r"\w+", names[1] if names else "")))


def declared(keyword: str, module: str) -> set[str]:
    """The constants or variables of a checker of traces, read from the specifications."""
    found: set[str] = set()
    for block in re.findall(rf"(?ms)^{keyword}S?\b(.*?)^\s*$", extended(f"Trace{module}")):
        for line in block.splitlines():
            found |= set(re.findall(r"\w+", re.split(r"\\\*|\(\*", line)[0]))
    return found


@pytest.mark.parametrize("module", WHERE)
def test_the_table_has_the_variables_of_the_specification(module: str) -> None:
    table = rows(module)
    names = [variable for variable, _, _ in table]
    assert len(set(names)) == len(names)
    assert set(names) == declared("VARIABLE", module) - {"trace", "step", "by"}
    assert set(names) == MODULES[module].variables.keys()
    # What is compared with the trace, and so must have its key.
    text = (spec_directory() / f"Trace{module}.tla").read_text(encoding="utf-8")
    compared = re.findall(r"(\w+)\s+= state\.(\w+)", text)
    assert {(variable, key) for variable, key, _ in table} == set(compared)


@pytest.mark.parametrize("module", WHERE)
def test_each_attribute_of_the_table_exists(module: str) -> None:
    classes = {each.__name__: each for each in WHERE[module]}
    for _, _, path in rows(module):
        start, *attributes = re.sub(r"\[\w+\]", ".[]", path).split(".")
        found: Any = classes[start]
        for attribute in attributes:
            if attribute == "[]":  # of a mapping: what it maps to
                found = typing.get_args(found)[1]
                continue
            owner = typing.get_origin(found) or found
            fields = typing.get_type_hints(owner)
            found = fields[attribute] if attribute in fields else getattr(owner, attribute)


@pytest.mark.parametrize("module", WHERE)
def test_a_trace_has_the_constants_that_its_configuration_leaves_open(module: str) -> None:
    config = (spec_directory() / f"Trace{module}.cfg").read_text(encoding="utf-8")
    substituted = set(re.findall(r"(?m)^\s*(\w+) <-", config))
    assert declared("CONSTANT", module) - substituted == MODULES[module].constants.keys()


@pytest.mark.parametrize("module", WHERE)
def test_every_action_of_the_specification_is_a_step_of_its_traces(module: str) -> None:
    text = (spec_directory() / f"{module}.tla").read_text(encoding="utf-8")
    parts = re.findall(r"(?ms)^(?:Timed)?(?:CorrectNext|AdversaryNext|Next) ==(.*?)^$", text)
    used = set(re.findall(r"\b[A-Z][a-z]\w+", " ".join(parts)))
    operators = set(re.findall(r"(?m)^(\w+)(?:\([^)]*\))? ==", text))
    parts_of_next = {
        f"{timed}{who}Next" for timed in ("", TIMED) for who in ("Correct", "Adversary")
    }
    timed = used & operators - parts_of_next - {"Correct"}
    if module == "DelayedLearning":
        assert all(action.endswith(TIMED) for action in timed)
    actions = {action.removesuffix(TIMED) for action in timed}
    assert actions == MODULES[module].actions.keys()
    trace = extended(f"Trace{module}")
    listed = re.search(r"(?m)^Actions == \{([^}]*)\}$", trace)
    assert listed
    assert set(re.findall(r"\w+", listed[1])) == actions
    for action in timed:  # each is the step that is taken under its name
        name = action.removesuffix(TIMED)
        assert re.search(rf'action = "{name}"(?:[^"]*?)\b{action}\b', trace), action


@pytest.mark.parametrize("module", WHERE)
def test_the_constants_are_named(module: str) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {module}\n")[1].split("\n## ")[0]
    named = section.split("Constants:")[1]
    assert set(re.findall(r"`(\w+)`", named.split(". ")[0])) == MODULES[module].constants.keys()
