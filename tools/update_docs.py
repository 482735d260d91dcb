"""The parts of documents that are made from the manifest, the claims and the package.

They stand between marks, ``<!-- NAME -->`` and ``<!-- end -->``.  ``python -m tools.update_docs``
writes them again, ``make manifest`` runs it, and a test fails if one of them is not up to date.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from model_consensus.adversaries import catalogue as attacks
from model_consensus.report import claims
from model_consensus.tla.manifest import Manifest, SpecModel, load, spec_directory
from tests.test_house import GROUND, MAY_IMPORT, PACKAGE
from tools import reading_times, settlement_tables, side_by_side

_PLACE = re.compile(
    r"(?s)(<!-- (models|claims|rooms|artifact|attacks|"
    r"(evidence|side-by-side|reading|settlement) (\w+)) -->\n)"
    r".*?(<!-- end -->)"
)


def models_table(models: list[SpecModel]) -> str:
    """A line for each model: what it shows, its outcome, its figures."""
    lines = [
        "| model | kind | shows | outcome | distinct states | trace |",
        "|---|---|---|---|---:|---:|",
    ]
    lines += [_line(model) for model in models]
    return "\n".join(lines) + "\n"


def _line(model: SpecModel) -> str:
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
    lines = [f"**Kind of evidence**: {claim.sure}."]
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


def rooms_table() -> str:
    """A line for each room of the package: what it is for, and its modules, the reference first."""
    lines = ["| room | what it is for | modules |", "|---|---|---|"]
    for room in MAY_IMPORT:
        folder = PACKAGE if room == GROUND else PACKAGE / room
        docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
        sentence = " ".join(docstring.partition("\n\n")[0].split())
        names = ", ".join(f"`{p.stem}`" for p in sorted(folder.glob("*.py")) if p.stem[0] != "_")
        name = f"**{room}**" if room == GROUND else f"`{room}`"
        lines.append(f"| {name} | {sentence} | {names} |")
    return "\n".join(lines) + "\n"


def artifact_table(manifest: Manifest) -> str:
    """A line for each claim: the command that shows it, TLC's time, and what it must print."""
    lines = ["| claim | command | TLC, s | what you should see |", "|---|---|---:|---|"]
    for claim in claims.CLAIMS:
        link = f"[{claim.name}](theorems/{claim.name}.md)"
        models = _fast(claim, manifest)
        seconds = f"{sum(model.runtime for model in models):.0f}" if models else ""
        seen = _seen(claim, models)
        lines.append(f"| {link} | {_command(claim)} | {seconds} | {seen} |")
    return "\n".join(lines) + "\n"


def _command(claim: claims.Claim) -> str:
    if claim.models or claim.theories or claim.jobs:
        return f"`model-consensus verify --claim {claim.name}`"
    return f"`.venv/bin/pytest {' '.join(claim.tests)}`"


def _fast(claim: claims.Claim, manifest: Manifest) -> list[SpecModel]:
    return [model for model in claim.evidence(manifest) if model.tier == "fast"]


def _seen(claim: claims.Claim, models: list[SpecModel]) -> str:
    seen = []
    if holding := [model for model in models if model.kind == "holds"]:
        states = sum(m.figures.distinct or 0 for m in holding if m.figures)
        hold = "holds" if len(holding) == 1 else "hold"
        seen.append(f"{_number(holding, 'model')} {hold}, with {states:,} distinct states")
    if failing := [model for model in models if model.kind != "holds"]:
        seen.append(f"{_number(failing, 'counterexample')} of the recorded length")
    if claim.theories:
        seen.append(f"every condition of {', '.join(f'`{t}`' for t in claim.theories)} proved")
    seen += [_JOBS[job] for job in claim.jobs]
    return "; ".join(seen) or "every test passes"


def _number(things: list[SpecModel], name: str) -> str:
    return f"{len(things)} {name}{'s' if len(things) != 1 else ''}"


_JOBS = {
    claims.GRAPHS: "equal graphs of the implementation and of the specification",
    claims.TRAININGS: "the test accuracy of two training runs, and their traces accepted",
}


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
        elif found[3] == "settlement":
            inside = settlement_tables.table(found[4])
        elif found[2] == "claims":
            inside = claims.table()
        elif found[2] == "attacks":
            inside = attacks.table()
        elif found[2] == "rooms":
            inside = rooms_table()
        elif found[2] == "artifact":
            inside = artifact_table(manifest)
        else:
            inside = models_table(list(manifest.models))
        return found[1] + inside + found[5]

    return _PLACE.sub(made, text)


def documents(root: Path) -> Iterator[Path]:
    """The documents of a checkout that have marks."""
    for path in [root / "README.md", *root.glob("docs/**/*.md")]:
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
