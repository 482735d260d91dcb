"""What the documents say of models and claims is what the manifest and the claims say."""

import re

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.report.claims import CLAIMS
from model_consensus.tla.manifest import load, spec_directory
from tests.support.places import ROOT
from tools.update_docs import documents, models_table, updated

MANIFEST = load(spec_directory() / "manifest.json")


def test_every_document_is_fresh() -> None:
    paths = list(documents(ROOT))
    assert {ROOT / "README.md", ROOT / "spec" / "MODELS.md"} <= set(paths)
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert updated(text, MANIFEST) == text, f"{path}: run: make manifest"


def test_an_old_table_is_replaced() -> None:
    assert updated("a\n<!-- models -->\nold\n<!-- end -->\nb", MANIFEST) == (
        f"a\n<!-- models -->\n{models_table(list(MANIFEST.models))}<!-- end -->\nb"
    )
    with pytest.raises(ModelConsensusError, match="no claim T99"):
        updated("<!-- evidence T99 -->\n<!-- end -->", MANIFEST)


def test_every_theorem_has_its_page() -> None:
    pages = "\n".join(p.read_text("utf-8") for p in (ROOT / "docs" / "theorems").glob("*.md"))
    assert set(re.findall(r"<!-- evidence (\w+) -->", pages)) == {c.name for c in CLAIMS}


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path}: {link}"
