"""The table of models in spec/README.md is what the manifest says."""

from model_consensus.manifest import load, spec_directory
from model_consensus.models_table import table, updated


def test_the_table_is_fresh() -> None:
    manifest = load(spec_directory() / "manifest.json")
    text = (spec_directory() / "README.md").read_text(encoding="utf-8")
    assert updated(text, manifest) == text, "run: make manifest"
    assert table(manifest) in text


def test_an_old_table_is_replaced() -> None:
    manifest = load(spec_directory() / "manifest.json")
    assert updated("a\n<!-- models -->\nold\n<!-- end -->\nb", manifest) == (
        f"a\n<!-- models -->\n{table(manifest)}<!-- end -->\nb"
    )
