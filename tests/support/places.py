"""Where things are in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
VECTORS = ROOT / "tests" / "vectors"
TLA = ROOT / "tests" / "tla"
"""Small TLA+ modules with a known verdict each."""
