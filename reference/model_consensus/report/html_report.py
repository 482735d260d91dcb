"""The report of ``verify`` as one page to read: every claim, its evidence, and the run's tools.

The page is made from the JSON report and the claims, needs no other file, and is the same for the
same report.
"""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from model_consensus.conformance.files import whole_file
from model_consensus.report.claims import ASSUMED, CLAIMS, GRAPHS, NOT_COVERED, PROOFS, Claim
from model_consensus.tla.manifest import Manifest, load

Report = Mapping[str, Any]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
         border-bottom: 1px solid #ddd; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .9em; }
.ok { color: #116329; } .fails { color: #b00020; font-weight: bold; } .open { color: #6a5000; }
.small { font-size: .85em; color: #555; word-break: break-all; }
"""


def page(report: Report) -> str:
    """The page."""
    entries = [*report["models"], *report["jobs"]]
    failed = sum(not entry["passed"] for entry in entries)
    if not report["complete"]:
        said = _mark("open", f"unfinished: {len(entries)} results so far, {failed} failed")
    elif failed:
        said = _mark("fails", f"{failed} of {len(entries)} fail")
    else:
        said = _mark("ok", f"all {len(entries)} pass")
    manifest = load()
    commit = report["commit"] or "not in a checkout"
    body = [
        "<h1>model-consensus: what was verified</h1>",
        f"<p>{said}, in {report['seconds']} s, tier {escape(report['tier'])}, commit "
        f"<code>{escape(commit)}</code>.</p>",
        "<h2>Claims</h2>",
        "<p><em>Proved</em>: z3, for every number of processes, generations, losses and schedules. "
        "<em>Checked</em>: TLC, or the comparison of graphs and traces, exhaustively on bounded "
        "instances. <em>Tested</em>: by <code>make test</code>, which is not part of this "
        "report.</p>",
        _table(
            ["", "claim", "how sure", "evidence in this run", "command"],
            [_claim(claim, manifest, report) for claim in CLAIMS],
        ),
        "<h2>Assumptions (not established here)</h2>",
        _list(ASSUMED),
        "<h2>Out of scope</h2>",
        _list(NOT_COVERED),
        "<h2>Models</h2>",
        _table(
            ["model", "kind", "shows", "outcome", "#distinct states", "#trace", "#seconds", ""],
            [_model(entry) for entry in report["models"]],
        ),
        "<h2>Proofs, graphs, training runs</h2>",
        _table(["job", "outcome", "#seconds", ""], [_job(entry) for entry in report["jobs"]]),
        _proofs(report),
        _graphs(report),
        "<h2>Tools</h2>",
        _table(["", "version", "SHA-256"], _tools(report)),
        "<h2>Specifications</h2>",
        _table(
            ["file", "SHA-256"],
            [
                [escape(name), _mark("small", digest)]
                for name, digest in report["specifications"].items()
            ],
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
    with whole_file(path) as file:
        file.write(page(report))


# --------------------------------------------------------------------------------- the tables


def _claim(claim: Claim, manifest: Manifest, report: Report) -> list[str]:
    names = {model.name for model in claim.evidence(manifest)}
    models = [entry for entry in report["models"] if _name(entry) in names]
    jobs = [entry for entry in report["jobs"] if entry["name"] in claim.jobs]
    proofs = [e for e in report["jobs"] if claim.theories and e["name"] == PROOFS]
    found = []
    if names:
        links = ", ".join(_link(entry) for entry in models)
        left_out = "" if len(models) == len(names) else f" of {len(names)}"
        found.append(f"{len(models)}{left_out} models: {links}" if models else "no model was run")
    for entry in proofs:
        counts = ", ".join(f"{t} {entry.get('proved', {}).get(t, 0)}" for t in claim.theories)
        found.append(f"conditions proved: {escape(counts)}")
    found += [escape(entry["message"]) for entry in jobs]
    found += [f"tests: <code>{escape(file)}</code>" for file in claim.tests]
    judged = [*models, *jobs, *proofs]
    if any(not entry["passed"] for entry in judged):
        found.insert(0, _mark("fails", "FAILS"))
    elif judged:
        found.insert(0, _mark("ok", "ok"))
    commands = [f"verify --claim {claim.name}"] if names or claim.theories or claim.jobs else []
    commands += [claim.command] if claim.command else []
    return [
        claim.name,
        escape(claim.statement),
        escape(claim.sure),
        "<br>".join(found),
        "<br>".join(f"<code>model-consensus {escape(command)}</code>" for command in commands),
    ]


def _name(entry: Report) -> str:
    return str(entry["path"]).removesuffix(".cfg")


def _link(entry: Report) -> str:
    name = escape(_name(entry))
    return f'<a href="#{name}">{name}</a>'


def _model(entry: Report) -> list[str]:
    name = escape(_name(entry))
    outcome = f"{entry['property']} falls" if entry["property"] else entry["result"]
    return [
        f'<code id="{name}">{name}</code>',
        escape(entry["kind"]),
        escape(entry["claim"]),
        escape(outcome),
        _number(entry["distinctStates"]),
        _number(entry["traceLength"]),
        f"{entry['runtime']:.1f}",
        _passed(entry),
    ]


def _job(entry: Report) -> list[str]:
    seconds = f"{entry['seconds']:.1f}"
    return [escape(entry["name"]), escape(entry["message"]), seconds, _passed(entry)]


def _passed(entry: Report) -> str:
    if entry["passed"]:
        return _mark("ok", "ok")
    differences = "; ".join(entry.get("differences", ()))
    return _mark("fails", f"FAILS: {differences}" if differences else "FAILS")


def _proofs(report: Report) -> str:
    jobs = [entry for entry in report["jobs"] if entry["name"] == PROOFS and "proved" in entry]
    return "".join(
        _table(
            ["theory", "#conditions proved", "#seconds of z3"],
            [
                [escape(theory), _number(count), f"{entry['runtimes'][theory]:.1f}"]
                for theory, count in entry["proved"].items()
            ],
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
    return _table(["state graph", "#states", "#edges"], rows) if rows else ""


def _tools(report: Report) -> list[list[str]]:
    return [
        ["model-consensus", escape(report["modelConsensus"]), ""],
        ["TLC", escape(report["tlc"]["version"]), _mark("small", report["tlc"]["sha256"])],
        ["Java", escape(report["java"]), ""],
        ["Python", escape(f"{report['python']}, {report['platform']}"), ""],
        ["results, times left out", "", _mark("small", report.get("resultsSha256", ""))],
    ]


# ------------------------------------------------------------------------------------- pieces


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _mark(kind: str, text: str) -> str:
    return f'<span class="{kind}">{escape(text)}</span>'


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """A table of HTML cells; the head of a column of numbers begins with #."""
    kinds = [' class="number"' if head.startswith("#") else "" for head in heads]
    lines = [
        "<tr>" + "".join(f"<{tag}{k}>{c}</{tag}>" for k, c in zip(kinds, cells, strict=True))
        + "</tr>"
        for tag, cells in [("th", [h.lstrip("#") for h in heads]), *(("td", row) for row in rows)]
    ]  # fmt: skip
    return "<table>\n" + "\n".join(lines) + "\n</table>"
