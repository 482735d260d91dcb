"""Each module of the core says the rule that it keeps."""

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


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_head_says_the_rule_of_the_file(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert "The rule of this file: " in " ".join(docstring.split())
