"""The table of the models in ``spec/README.md``, made from the manifest: ``make manifest``."""

import re
import sys
from pathlib import Path

from model_consensus.manifest import Manifest, Model, load, spec_directory

_PLACE = re.compile(r"(?s)(<!-- models -->\n).*(<!-- end -->)")


def table(manifest: Manifest) -> str:
    """A line for each model: what it shows, its outcome, its figures."""
    lines = [
        "| model | kind | shows | outcome | distinct states | trace |",
        "|---|---|---|---|---:|---:|",
    ]
    lines += [_line(model) for model in manifest.models]
    return "\n".join(lines) + "\n"


def _line(model: Model) -> str:
    tier = ", long" if model.tier == "long" else ""
    outcome = f"`{model.failing}` falls" if model.failing else model.result.value
    distinct = trace = ""
    if model.figures:
        distinct = f"{model.figures.distinct:,}" if model.figures.distinct else ""
        trace = str(model.figures.trace_length or "")
    claim = model.claim.replace("|", r"\|")
    return f"| {model.name} | {model.kind}{tier} | {claim} | {outcome} | {distinct} | {trace} |"


def updated(text: str, manifest: Manifest) -> str:
    """``text`` with the table between its two marks."""
    return _PLACE.sub(lambda found: found[1] + table(manifest) + found[2], text)


def main() -> None:
    """Rewrite the file named on the command line."""
    path = Path(sys.argv[1])
    manifest = load(spec_directory() / "manifest.json")
    path.write_text(updated(path.read_text(encoding="utf-8"), manifest), encoding="utf-8")


if __name__ == "__main__":
    main()
