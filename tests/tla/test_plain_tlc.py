"""The models as a user runs them: with TLC alone, by the command that spec/README.md gives."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from model_consensus.tla.config import parse_config
from model_consensus.tla.manifest import SpecModel, load, spec_directory
from model_consensus.tla.toolchain import find_toolchain

SPEC = spec_directory()
MANIFEST = load(SPEC / "manifest.json")


def command(model: SpecModel, scratch: Path) -> list[str]:
    """The command of spec/README.md for this model; only TLC's scratch files go elsewhere."""
    text = (SPEC / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"(?m)^java -cp .*$", text)
    line = line.replace("MCTobLearning_tiny.cfg", model.config.name)
    line = line.replace("MCTobLearning.tla", model.module.name)
    java, *arguments = shlex.split(line)
    tools = find_toolchain()
    assert (java, arguments.index("tla2tools.jar")) == ("java", 1)
    arguments[1] = str(tools.jar)
    return [str(tools.java), *arguments, "-metadir", str(scratch)]


@pytest.mark.tlc
@pytest.mark.parametrize(
    "name", ["MCTobLearning_tiny", "MCPowLearning_graph_tiny", "MCStreamlet_graph1"]
)
def test_a_model_that_holds_does_so_in_plain_tlc(name: str, tmp_path: Path) -> None:
    model = MANIFEST.find(name)
    run = subprocess.run(
        command(model, tmp_path), cwd=SPEC, capture_output=True, text=True, check=False
    )
    assert model.figures is not None
    assert run.returncode == 0, run.stdout
    assert "No error has been found." in run.stdout
    assert f"{model.figures.distinct} distinct states found, 0 states left on queue" in run.stdout


@pytest.mark.tlc
def test_the_flag_of_the_command_is_needed(tmp_path: Path) -> None:
    arguments = command(MANIFEST.find("MCStreamlet_graph1"), tmp_path)
    arguments.remove("-deadlock")
    run = subprocess.run(arguments, cwd=SPEC, capture_output=True, text=True, check=False)
    assert "Error: Deadlock reached." in run.stdout


def permuted(model: SpecModel) -> dict[str, int]:
    """The sets that a model's symmetry permutes, by name, and how many elements each has."""
    text = model.config.read_text(encoding="utf-8")
    symmetry = re.search(r"(?m)^SYMMETRY (\w+)$", text)
    if not symmetry:
        return {}
    definitions = "\n".join(path.read_text(encoding="utf-8") for path in modules(model.module))
    (body,) = re.findall(rf"(?m)^{symmetry[1]} == (.*)$", definitions)
    constants = parse_config(text).constants
    byzantine, everybody = constants.get("Byzantine"), constants.get("Proc")
    correct = constants.get("Correct")
    assert isinstance(byzantine, frozenset)
    if correct is None:
        assert isinstance(everybody, frozenset)
        correct = everybody - byzantine
    assert isinstance(correct, frozenset)
    epochs = constants.get("CorrectEpochs", frozenset())
    sizes = {
        "Correct": len(correct),
        "Byzantine": len(byzantine),
        # One correct process, if any, leads all epochs with a correct leader.
        "Followers": len(correct) - (epochs != frozenset()),
    }
    return {name: sizes[name] for name in re.findall(r"Permutations\((\w+)\)", body)}


def modules(module: Path) -> list[Path]:
    """A module, and those of its folder that it extends."""
    extended = re.search(r"(?m)^EXTENDS (.*)$", module.read_text(encoding="utf-8"))
    names = re.findall(r"\w+", extended[1]) if extended else []
    paths = [module.with_name(f"{name}.tla") for name in names]
    return [module] + [p for path in paths if path.is_file() for p in modules(path)]


def test_no_symmetry_is_declared_over_fewer_than_two_elements() -> None:
    """TLC 1.7.4 and later warn of such a set (warning 2300): nothing can be permuted in it."""
    sizes = {model.name: permuted(model) for model in MANIFEST.models}
    assert {name: few for name, few in sizes.items() if any(n < 2 for n in few.values())} == {}
    assert sizes["MCTobFrontier_n7"] == {"Correct": 5, "Byzantine": 2}
    assert sizes["MCStreamlet"] == {"Followers": 2}
