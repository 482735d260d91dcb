"""The plan of the house: which room may import which, and how small the ground floor is."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGE = ROOT / "reference" / "model_consensus"
GROUND = "the ground floor"

# Every room and the rooms that it may import, itself aside.  A room stands after those it may use.
MAY_IMPORT = {
    GROUND: "",
    "streamlet": GROUND,
    "tla": GROUND,
    "settlement": GROUND,
    "proofs": f"{GROUND}, tla",
    "systems": f"{GROUND}, streamlet, tla",
    "adversaries": f"{GROUND}, streamlet, systems",
    "defects": f"{GROUND}, streamlet, systems",
    "conformance": f"{GROUND}, streamlet, tla, settlement, systems, adversaries, defects",
    "simulation": f"{GROUND}, streamlet, tla, systems, adversaries, conformance",
    "node": f"{GROUND}, streamlet, systems, adversaries, conformance, simulation",
    "report": f"{GROUND}, streamlet, tla, settlement, proofs, systems, adversaries, defects, "
    "conformance, simulation",
    "commands": f"{GROUND}, streamlet, tla, settlement, proofs, systems, adversaries, defects, "
    "conformance, simulation, node, report",
}

# ``python -m model_consensus`` stands on the ground floor and opens the commands.
ENTRY = PACKAGE / "__main__.py"


def modules() -> Iterator[Path]:
    return (path for path in sorted(PACKAGE.rglob("*.py")) if path != ENTRY)


def room_of(path: Path) -> str:
    folders = path.relative_to(PACKAGE).parts[:-1]
    return folders[0] if folders else GROUND


def imported(path: Path) -> set[Path]:
    """The modules of the package that a module imports, wherever in it the import stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
            names.add(str(node.module))
    found = set()
    for name in names:
        if name.partition(".")[0] == "model_consensus":
            place = ROOT / "reference" / name.replace(".", "/")
            found |= {file for file in (place.with_suffix(".py"), place / "__init__.py")
                      if file.is_file()}  # fmt: skip
    return found - {PACKAGE / "__init__.py"}


def test_every_import_points_down() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {other.relative_to(PACKAGE)}"
        for path in modules()
        for other in imported(path)
        if room_of(other) != room_of(path)
        and room_of(other) not in MAY_IMPORT[room_of(path)].split(", ")
    ]
    assert wrong == []


def test_the_plan_itself_has_no_import_upwards() -> None:
    built: list[str] = []
    for room, below in MAY_IMPORT.items():
        assert set(below.split(", ")) - {""} <= set(built), room
        built.append(room)
    assert set(MAY_IMPORT) == {room_of(path) for path in modules()}


def test_no_module_imports_itself_through_others() -> None:
    TopologicalSorter({path: imported(path) - {path} for path in modules()}).prepare()


# What a new interpreter is told: nothing but the standard library, numpy and the package.
ALONE = """
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder

class Nothing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "model_consensus"):
            raise ImportError(f"the ground floor imports {name}")

sys.meta_path.insert(0, Nothing())
for name in sys.argv[1:]:
    import_module(name)
"""


def imports_alone(names: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", ALONE, *names], capture_output=True, text=True)


def test_the_ground_floor_needs_the_standard_library_and_numpy_only() -> None:
    names = [f"model_consensus.{p.stem}" for p in PACKAGE.glob("*.py") if p.stem[0] != "_"]
    done = imports_alone(names)
    assert done.returncode == 0, done.stderr


def test_another_import_is_noticed() -> None:
    pytest.importorskip("z3")
    done = imports_alone(["model_consensus.proofs.induction"])
    assert "the ground floor imports z3" in done.stderr


def test_the_ground_floor_can_be_read_in_an_hour() -> None:
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in PACKAGE.glob("*.py"))
    assert lines <= 1000


def test_modules_are_small() -> None:
    length = {
        str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert {name for name, lines in length.items() if lines > 400} == set()
