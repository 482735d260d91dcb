"""Where things are in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
VECTORS = ROOT / "tests" / "vectors"
TLA = ROOT / "tests" / "tla"
"""Small TLA+ modules with a known verdict each."""
DOCUMENTS = sorted(
    {
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("spec/*.md"),
        *ROOT.glob("[a-z]*/README.md"),
    }
    | set(ROOT.glob("tests/*/README.md"))
)
"""Every document of a checkout."""
