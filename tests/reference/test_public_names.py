"""Each module of the core lists the names of its interface and says the rule that it keeps."""

import ast
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGE = ROOT / "reference" / "model_consensus"
CORE = [
    path
    for path in (*PACKAGE.glob("*.py"), *(PACKAGE / "streamlet").glob("*.py"))
    if path.stem not in ("__init__", "__main__", "errors")
]


def public_names(tree: ast.Module) -> set[str]:
    """The names that a module defines at its top level, but for those with an underscore."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_all_names_the_interface(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (listed,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "__all__"
    )
    assert len(listed) == len(set(listed))
    assert set(listed) == public_names(tree)


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_head_says_the_rule_of_the_file(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert "The rule of this file: " in " ".join(docstring.split())
