"""The comparison of state graphs bites: each planted defect is reported where it shows first.

A defect is planted on one side: in the implementation's learners, or in a copy of the specification
in which one piece of text is replaced.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from model_consensus.conformance.explore import dumped
from model_consensus.conformance.state_graph import Difference, Dump, compare
from model_consensus.tla.manifest import SpecModel, spec_directory
from tests.support import graph_bites_pow, graph_bites_streamlet, graph_bites_tob
from tests.support.graph_bites import Shows

pytestmark = pytest.mark.tlc

TOB, POW, STREAMLET = graph_bites_tob, graph_bites_pow, graph_bites_streamlet
INSTANCES = {**TOB.INSTANCES, **POW.INSTANCES, **STREAMLET.INSTANCES}
IMPLEMENTATION = {**TOB.IMPLEMENTATION, **POW.IMPLEMENTATION, **STREAMLET.IMPLEMENTATION}
SPECIFICATION = {**TOB.SPECIFICATION, **POW.SPECIFICATION, **STREAMLET.SPECIFICATION}


def shows(found: Difference | None) -> Shows:
    """Where a difference that was found shows."""
    assert found is not None
    places = {re.sub(r"^state\.| (is|has|lacks) .*", "", line) for line in found.differences}
    before = " ".join(action for action, _ in found.path)
    return Shows(before, found.action, found.only, " ".join(sorted(places)))


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[SpecModel, Path]]:
    """Of each instance the model, and the folder with TLC's graph of it."""
    made = {}
    for name, instance in INSTANCES.items():
        folder = tmp_path_factory.mktemp(name)
        model = instance.model(folder)
        graph = tmp_path_factory.mktemp(f"{name}-graph")
        dumped(model, graph)
        made[name] = model, graph / "graph.dot"
    return made


@pytest.mark.parametrize("name", INSTANCES)
def test_without_a_defect_the_graphs_are_equal(
    name: str, dumps: dict[str, tuple[SpecModel, Path]]
) -> None:
    model, dot = dumps[name]
    dump = Dump(dot)
    assert compare(INSTANCES[name].system(model), dump, dump.graph()) is None


@pytest.mark.parametrize("name", IMPLEMENTATION)
def test_a_defect_of_the_implementation_shows(
    name: str, dumps: dict[str, tuple[SpecModel, Path]]
) -> None:
    instance, defect, expected, why = IMPLEMENTATION[name]
    model, dot = dumps[instance]
    dump = Dump(dot)
    found = compare(INSTANCES[instance].system(model, defect), dump, dump.graph())
    assert shows(found) == expected, why


@pytest.mark.parametrize("name", SPECIFICATION)
def test_a_defect_of_the_specification_shows(name: str, tmp_path: Path) -> None:
    instance, module, text, instead, expected, why = SPECIFICATION[name]
    shutil.copytree(spec_directory(), tmp_path / "spec", ignore=shutil.ignore_patterns("*.cfg"))
    file = tmp_path / "spec" / module
    original = file.read_text(encoding="utf-8")
    assert original.count(text) == 1
    file.write_text(original.replace(text, instead), encoding="utf-8")
    model = INSTANCES[instance].model(tmp_path)
    (tmp_path / "graph").mkdir()
    model = replace(model, module=tmp_path / "spec" / model.module.name)
    dump, graph = dumped(model, tmp_path / "graph")
    assert shows(compare(INSTANCES[instance].system(model), dump, graph)) == expected, why
