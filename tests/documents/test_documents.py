"""What the documents say of models and claims is what the manifest and the claims say."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.report.claims import CLAIMS
from model_consensus.tla.manifest import load
from tests.support.places import DOCUMENTS, ROOT
from tools.update_docs import artifact_table, documents, models_table, updated

MADE = {
    "out",
    "dist",
    ".venv",
    ".git",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
}
SUFFIXES = "py|md|tla|cfg|json|svg|csv|toml|txt|yml|cff"
MANIFEST = load()


@pytest.mark.slow
def test_every_document_is_fresh() -> None:
    paths = list(documents(ROOT))
    assert {ROOT / "README.md", ROOT / "docs" / "models.md"} <= set(paths)
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert updated(text, MANIFEST) == text, f"{path}: run: make manifest"


def test_an_old_table_is_replaced() -> None:
    assert updated("a\n<!-- models -->\nold\n<!-- end -->\nb", MANIFEST) == (
        f"a\n<!-- models -->\n{models_table(list(MANIFEST.models))}<!-- end -->\nb"
    )
    with pytest.raises(ModelConsensusError, match="no claim T99"):
        updated("<!-- evidence T99 -->\n<!-- end -->", MANIFEST)


def test_the_artifact_guide_says_what_a_claim_needs() -> None:
    [row] = [row for row in artifact_table(MANIFEST).splitlines() if row.startswith("| [P5]")]
    states = MANIFEST.find("MCSlotGameTarget").figures
    assert states
    assert row.startswith("| [P5](theorems/P5.md) | `model-consensus verify --claim P5` | ")
    assert row.endswith(
        f" | 1 model holds, with {states.distinct} distinct states; "
        "1 counterexample of the recorded length |"
    )


def test_every_theorem_has_its_page() -> None:
    pages = "\n".join(p.read_text("utf-8") for p in (ROOT / "docs" / "theorems").glob("*.md"))
    assert set(re.findall(r"<!-- evidence (\w+) -->", pages)) == {c.name for c in CLAIMS}


def headings(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"(?m)^#+ (.*)$", without_blocks(text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def without_blocks(text: str) -> str:
    """The text of a document but for its code blocks."""
    return re.sub(r"(?ms)^```.*?^```$", "", text)


def dead_links(path: Path, text: str) -> list[str]:
    """The links and pictures of a document at ``path`` that lead nowhere."""
    dead = []
    for target in re.findall(r"\]\(([^)]+)\)", without_blocks(text)):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        place = path.parent / file if file else path
        other = text if place == path else place.read_text("utf-8") if place.is_file() else ""
        if (file and not place.exists()) or (anchor and anchor not in headings(other)):
            dead.append(target)
    return dead


FILES = {
    str(path.relative_to(ROOT))
    for folder in ("", *(p.name for p in ROOT.iterdir() if p.is_dir() and p.name not in MADE))
    for path in (ROOT / folder).glob("**/*" if folder else "*")
    if path.is_file()
}


def missing_files(path: Path, text: str) -> list[str]:
    """The files between backquotes that are not in the checkout; ``*`` stands for any text.

    A name may leave out the folders that it is in, and ``NAME`` or ``Name`` stands for any.
    """
    places = [f"/{file}" for file in FILES]
    missing = []
    for span in re.findall(r"`([^`\n]+)`", without_blocks(text)):
        for name in re.findall(rf"(?<![\w/.<>-])[\w.*/-]+\.(?:{SUFFIXES})(?![\w.-])", span):
            made = name.partition("/")[0] in MADE or name.startswith("*.")
            if made or re.search("NAME|Name", name):
                continue
            if not any(fnmatchcase(place, f"*/{name.removeprefix('../')}") for place in places):
                missing.append(name)
    return missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_names_of_files_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    assert dead_links(path, text) == []
    assert missing_files(path, text) == []


def test_dead_links_are_noticed() -> None:
    text = (
        "# A title: with `code`\n[a](README.md) [b](#a-title-with-code) ![c](no.svg)\n"
        "[d](README.md#no-such-heading) [e](README.md#two-commands) [f](none/A.md) [g](#none)\n"
    )
    assert dead_links(ROOT / "PAGE.md", text) == [
        "no.svg",
        "README.md#no-such-heading",
        "none/A.md",
        "#none",
    ]


def test_names_of_missing_files_are_noticed() -> None:
    text = (
        "`tools/update_docs.py` `kit.py` `tests/proofs/kit.py` `python tests/none.py --help` "
        "`out/verify.json` `MC*.tla` `spec/MC*_live.cfg` `spec/None*a.cfg` `tob_learner.py` "
        "`by_learner.py` `NAME.tree.svg`"
    )
    assert missing_files(ROOT / "PAGE.md", text) == [
        "kit.py",
        "tests/proofs/kit.py",
        "tests/none.py",
        "spec/None*a.cfg",
        "by_learner.py",
    ]


def test_the_site_has_every_page_and_names_no_other_host() -> None:
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = re.findall(r"(?m): (\S+\.md)$", settings)
    shown = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    assert sorted(pages) == sorted(shown)
    assert "http" not in settings
