"""The parts of documents that are made from the manifest and the claims: ``make manifest``.

They stand between marks, ``<!-- NAME -->`` and ``<!-- end -->``, and a test keeps them fresh.
``python -m tools.update_docs`` writes them again.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from model_consensus.adversaries import catalogue as attacks
from model_consensus.report import claims
from model_consensus.tla.manifest import Manifest, Model, load, spec_directory
from tools import reading_times, side_by_side

ROOT = Path(__file__).resolve().parents[1]
_PLACE = re.compile(
    r"(?s)(<!-- (models|claims|modules|attacks|(evidence|side-by-side|reading) (\w+)) -->\n)"
    r".*?(<!-- end -->)"
)


def models_table(models: list[Model]) -> str:
    """A line for each model: what it shows, its outcome, its figures."""
    lines = [
        "| model | kind | shows | outcome | distinct states | trace |",
        "|---|---|---|---|---:|---:|",
    ]
    lines += [_line(model) for model in models]
    return "\n".join(lines) + "\n"


def _line(model: Model) -> str:
    tier = ", long" if model.tier == "long" else ""
    outcome = f"`{model.failing}` is violated" if model.failing else model.result.value
    distinct = trace = ""
    if model.figures:
        distinct = f"{model.figures.distinct:,}" if model.figures.distinct else ""
        trace = str(model.figures.trace_length or "")
    claim = model.claim.replace("|", r"\|")
    return f"| {model.name} | {model.kind}{tier} | {claim} | {outcome} | {distinct} | {trace} |"


def evidence(name: str, manifest: Manifest) -> str:
    """What shows a claim, and how sure it is: for the claim's page."""
    claim = claims.find(name)
    lines = [f"**How sure**: {claim.sure}."]
    if claim.models or claim.theories or claim.jobs:
        lines.append(f"**Everything at once**: `model-consensus verify --claim {name}`.")
    if claim.theories:
        files = ", ".join(f"`proofs/{theory}.py`" for theory in claim.theories)
        lines.append(f"**Proof**: `model-consensus prove {' '.join(claim.theories)}` ({files}).")
    if claim.tests:
        lines.append("**Tests**: " + ", ".join(f"`{file}`" for file in claim.tests) + ".")
    if claim.command:
        lines.append(f"**To see it**: `model-consensus {claim.command}`.")
    if claim.models:
        lines.append("**Models**:\n\n" + models_table(claim.evidence(manifest)).rstrip())
    return "\n\n".join(lines) + "\n"


def modules_table() -> str:
    """A line for each module of the package: the first sentence of its docstring."""
    lines = ["| module | what it is |", "|---|---|"]
    package = ROOT / "reference" / "model_consensus"
    for path in sorted(package.rglob("*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        sentence = " ".join(docstring.partition("\n\n")[0].split())
        name = ".".join(path.relative_to(package).with_suffix("").parts)
        if sentence:
            lines.append(f"| `{name}` | {sentence.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def updated(text: str, manifest: Manifest) -> str:
    """``text`` with what is between its marks made again.

    :raises ModelConsensusError: a mark names a claim that does not exist.
    """

    def made(found: re.Match[str]) -> str:
        if found[3] == "evidence":
            inside = evidence(found[4], manifest)
        elif found[3] == "side-by-side":
            inside = side_by_side.page(found[4])
        elif found[3] == "reading":
            inside = reading_times.table(found[4])
        elif found[2] == "claims":
            inside = claims.table()
        elif found[2] == "attacks":
            inside = attacks.table()
        elif found[2] == "modules":
            inside = modules_table()
        else:
            inside = models_table(list(manifest.models))
        return found[1] + inside + found[5]

    return _PLACE.sub(made, text)


def documents(root: Path) -> Iterator[Path]:
    """The documents of a checkout that have marks."""
    for path in [root / "README.md", *root.glob("spec/*.md"), *root.glob("docs/**/*.md")]:
        if _PLACE.search(path.read_text(encoding="utf-8")):
            yield path


def main() -> None:
    """Write the documents of this checkout again."""
    folder = spec_directory()
    manifest = load(folder / "manifest.json")
    for path in documents(folder.parent):
        text = path.read_text(encoding="utf-8")
        path.write_text(updated(text, manifest), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
