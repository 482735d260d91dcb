"""The report of ``verify`` as one page to read: a summary, the claims' evidence, the tools.

The page is made from the JSON report and the claims, needs no other file, and is the same for the
same report.  Details are folded; on a narrow screen the rows of the tables become blocks.
"""

import os
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from model_consensus.conformance.files import whole_file
from model_consensus.report.claims import (
    ASSUMED,
    CLAIMS,
    GRAPHS,
    NOT_COVERED,
    PROOFS,
    TRAININGS,
    Claim,
)
from model_consensus.report.outcomes import Status, overall
from model_consensus.tla.manifest import Manifest, load, spec_directory

Report = Mapping[str, Any]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
         border-bottom: 1px solid #ddd; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .9em; }
details { border-bottom: 1px solid #ddd; padding: .3rem 0; }
summary { cursor: pointer; }
.status { display: inline-block; min-width: 4.5em; font-weight: bold; }
.ok { color: #116329; } .fails { color: #b00020; }
.partial, .not-run { color: #6a5000; }
.small { font-size: .85em; color: #555; }
@media (max-width: 45rem) {
  tr.head { display: none; }
  tr { display: block; border-bottom: 1px solid #ddd; padding: .4rem 0; }
  td, td.number { display: block; text-align: left; border: 0; padding: 0; }
  td[data-head]::before { content: attr(data-head) ": "; color: #555; }
  td:empty { display: none; }
}
"""


def page(report: Report, pages: str | None = None) -> str:
    """The page; ``pages`` is where the claims' own pages are, as seen from it, if they are."""
    manifest = load()
    commit = report["commit"] or "not in a checkout"
    tier = f", tier {report['tier']}" if report["tier"] else ", of some models only"
    judged = [(claim, *evidence(claim, manifest, report)) for claim in CLAIMS]
    body = [
        "<h1>model-consensus: what was verified</h1>",
        f"<p>{_conclusion(report)}, on {escape(report['date'])}, in {report['seconds']} s"
        f"{escape(tier)}, commit <code>{escape(commit)}</code>.</p>",
        "<h2>Summary</h2>",
        _table(["", "what", "result", "#seconds"], _summary(report)),
        "<h2>Claims</h2>",
        f"<p>{_counted(status for _, status, _ in judged)}. A claim is <em>partial</em> if some of "
        "its evidence was not run, and <em>not run</em> if none was; tests are not a part of this "
        "report: <code>make test</code>. Each line unfolds.</p>",
        *(_claim(claim, status, found, pages) for claim, status, found in judged),
        "<h2>Assumptions (not established here)</h2>",
        _list(f"A{number}: {each}" for number, each in enumerate(ASSUMED, 1)),
        "<h2>Out of scope</h2>",
        _list(NOT_COVERED),
        "<h2>Details</h2>",
        _folded(
            f"{len(report['models'])} models, in the order of the specifications",
            _table(
                ["model", "kind", "shows", "outcome", "#distinct states", "#trace", "#seconds", ""],
                [_model(entry) for entry in _in_order(manifest, report["models"])],
            ),
        ),
        _proofs(report),
        _graphs(report),
        _folded("Tools", _table(["", "version", "SHA-256"], _tools(report))),
        _folded(
            f"SHA-256 of {len(report['specifications'])} files of the specifications",
            _table(
                ["file", "SHA-256"],
                [
                    [escape(name), _small(digest)]
                    for name, digest in report["specifications"].items()
                ],
            ),
        ),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>model-consensus: what was verified</title>\n<style>{_STYLE}</style></head>\n"
        "<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def write(path: Path, report: Report) -> None:
    """Write the page, at once or not at all."""
    theorems = spec_directory().parent / "docs" / "theorems"
    pages = os.path.relpath(theorems, path.parent) if theorems.is_dir() else None
    with whole_file(path) as file:
        file.write(page(report, pages))


# ------------------------------------------------------------------------------- the summary


def _conclusion(report: Report) -> str:
    entries = [*report["models"], *report["jobs"]]
    counted = _counted(Status(entry["status"]) for entry in entries)
    if not report["complete"]:
        return f"{_mark(Status.PARTIAL, 'unfinished')}: so far {counted}"
    return f"{_mark(Status(report['status']))} {counted}"


def _counted(statuses: Iterable[Status]) -> str:
    found = list(statuses)
    return ", ".join(
        f"{found.count(status)} {status}"
        for status in Status
        if status in found or status is Status.OK
    )


def _summary(report: Report) -> list[list[str]]:
    """A row for the models and for each job, whether it was run or not."""
    models = report["models"]
    must_fail = sum(entry["kind"] != "holds" for entry in models)
    rows = [
        [
            _mark(overall(Status(entry["status"]) for entry in models)),
            "checked: models with TLC",
            f"{len(models) - must_fail} that must hold, {must_fail} that must be violated",
            f"{sum(entry['runtime'] for entry in models):.1f}",
        ]
    ]
    for kind, name in (("proved", PROOFS), ("checked", GRAPHS), ("tested", TRAININGS)):
        entry = next((entry for entry in report["jobs"] if entry["name"] == name), None)
        status = Status(entry["status"]) if entry else Status.NOT_RUN
        message = entry["message"] if entry else "not asked for, or not reached"
        seconds = f"{entry['seconds']:.1f}" if entry else ""
        rows.append([_mark(status), f"{kind}: {escape(name)}", escape(message), seconds])
    return rows


# -------------------------------------------------------------------------------- the claims


def evidence(claim: Claim, manifest: Manifest, report: Report) -> tuple[Status, list[str]]:
    """How far this run shows a claim, and the parts of the evidence as HTML.

    All its models must have been run, those of the long tier only if the run was of that tier, with
    its proofs and its other jobs.
    """
    found, statuses = [], []
    entries = {_name(entry): entry for entry in report["models"]}
    models = claim.evidence(manifest)
    run = [entries[model.name] for model in models if model.name in entries]
    for model in models:
        if model.name in entries:
            statuses.append(Status(entries[model.name]["status"]))
        elif model.tier == "fast" or report["tier"] in ("long", "all"):
            statuses.append(Status.NOT_RUN)
    if models:
        links = ": " + ", ".join(_link(entry) for entry in run) if run else ""
        found.append(f"{len(run)} of {len(models)} models{links}")
    jobs = {entry["name"]: entry for entry in report["jobs"]}
    for theory in claim.theories:
        proved = jobs.get(PROOFS, {}).get("proved", {}).get(theory, 0)
        status = Status(jobs[PROOFS]["status"]) if proved else Status.NOT_RUN
        statuses.append(status)
        found.append(
            f"{escape(theory)}: {proved} conditions proved"
            if proved
            else f"{escape(theory)}: proofs not run"
        )
    for job in claim.jobs:
        statuses.append(Status(jobs[job]["status"]) if job in jobs else Status.NOT_RUN)
        message = jobs[job]["message"] if job in jobs else "not run"
        found.append(f"{escape(job)}: {escape(message)}")
    found += [f"tests, not run here: <code>{escape(file)}</code>" for file in claim.tests]
    return overall(statuses), found


def _claim(claim: Claim, status: Status, found: list[str], pages: str | None) -> str:
    commands = [f"verify --claim {claim.name}"] if _is_verified(claim) else []
    commands += [claim.command] if claim.command else []
    lines = [f"how sure: {escape(claim.sure)}", *found]
    lines += [f"<code>model-consensus {escape(command)}</code>" for command in commands]
    if pages:
        lines.append(f'<a href="{escape(pages)}/{claim.name}.md">the page of this claim</a>')
    return (
        f'<details id="claim-{claim.name}"><summary>{_mark(status)} <strong>{claim.name}</strong> '
        f"{escape(claim.statement)}</summary>\n<ul>"
        + "".join(f"<li>{line}</li>" for line in lines)
        + "</ul></details>"
    )


def _is_verified(claim: Claim) -> bool:
    return bool(claim.models or claim.theories or claim.jobs)


# -------------------------------------------------------------------------------- the details


def _in_order(manifest: Manifest, entries: Iterable[Report]) -> list[Report]:
    place = {model.name: number for number, model in enumerate(manifest.models)}
    return sorted(entries, key=lambda entry: place.get(_name(entry), len(place)))


def _name(entry: Report) -> str:
    return str(entry["path"]).removesuffix(".cfg")


def _link(entry: Report) -> str:
    name = escape(_name(entry))
    return f'<a href="#{name}">{name}</a>'


def _model(entry: Report) -> list[str]:
    name = escape(_name(entry))
    outcome = f"{entry['property']} is violated" if entry["property"] else entry["result"]
    return [
        f'<code id="{name}">{name}</code>',
        escape(entry["kind"]),
        escape(entry["claim"]),
        escape(outcome),
        _number(entry["distinctStates"]),
        _number(entry["traceLength"]),
        f"{entry['runtime']:.1f}",
        _mark(Status(entry["status"]), "; ".join([entry["status"], *entry["differences"]])),
    ]


def _proofs(report: Report) -> str:
    jobs = [entry for entry in report["jobs"] if entry["name"] == PROOFS and "proved" in entry]
    return "".join(
        _folded(
            f"{sum(entry['proved'].values())} conditions proved",
            _table(
                ["theory", "#conditions proved", "#seconds of z3"],
                [
                    [escape(theory), _number(count), f"{entry['runtimes'][theory]:.1f}"]
                    for theory, count in entry["proved"].items()
                ],
            ),
        )
        for entry in jobs
    )


def _graphs(report: Report) -> str:
    rows = [
        [escape(model), _number(size["states"]), _number(size["edges"])]
        for entry in report["jobs"]
        if entry["name"] == GRAPHS
        for model, size in entry.items()
        if isinstance(size, dict)
    ]
    head = ["state graph", "#states", "#edges"]
    return _folded(f"{len(rows)} state graphs", _table(head, rows)) if rows else ""


def _tools(report: Report) -> list[list[str]]:
    return [
        ["model-consensus", escape(report["modelConsensus"]), ""],
        ["TLC", escape(report["tlc"]["version"]), _small(report["tlc"]["sha256"])],
        ["Java", escape(report["java"]), ""],
        ["Python", escape(f"{report['python']}, {report['platform']}"), ""],
        ["results, times left out", "", _small(report.get("resultsSha256", ""))],
    ]


# ------------------------------------------------------------------------------------- pieces


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _mark(status: Status, text: str = "") -> str:
    kind = status.lower().replace(" ", "-")
    return f'<span class="status {kind}">{escape(text or status)}</span>'


def _small(text: str) -> str:
    return f'<span class="small">{escape(text)}</span>'


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>\n{content}\n</details>"


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """A table of HTML cells; the head of a column of numbers begins with #."""
    kinds = [' class="number"' if head.startswith("#") else "" for head in heads]
    names = [escape(head.lstrip("#")) for head in heads]
    lines = ['<tr class="head">' + "".join(map("<th{}>{}</th>".format, kinds, names)) + "</tr>"]
    shown = [f' data-head="{name}"' if name else "" for name in names]
    lines += ["<tr>" + "".join(map("<td{}{}>{}</td>".format, kinds, shown, row)) + "</tr>"
              for row in rows]  # fmt: skip
    return "<table>\n" + "\n".join(lines) + "\n</table>"
