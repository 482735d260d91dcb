"""The claims name evidence that exists, leave no model out, and the report shows what failed."""

import json
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from typing import Any

import pytest

from model_consensus.commands.proofs_graphs_trainings import JOBS
from model_consensus.proofs.theories import THEORIES
from model_consensus.report import claims, html_report
from model_consensus.report.claims import CLAIMS
from model_consensus.report.outcomes import Status
from model_consensus.tla.manifest import load
from tests.support.places import ROOT

MANIFEST = load()


def test_all_evidence_exists() -> None:
    names = [model.name for model in MANIFEST.models]
    for claim in CLAIMS:
        assert claim.models or claim.theories or claim.jobs or claim.tests
        assert all(any(fnmatchcase(name, p) for name in names) for p in claim.models)
        assert set(claim.theories) <= set(THEORIES)
        assert set(claim.jobs) <= set(JOBS)
        assert all((ROOT / file).is_file() for file in claim.tests)
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)


def test_every_model_theory_and_job_is_evidence_for_something() -> None:
    shown = {model.name for claim in CLAIMS for model in claim.evidence(MANIFEST)}
    assert shown == {model.name for model in MANIFEST.models}
    assert {theory for claim in CLAIMS for theory in claim.theories} == set(THEORIES) - {"counting"}
    assert {job for claim in CLAIMS for job in claim.jobs} | {claims.PROOFS} == set(JOBS)


def report(**changes: Any) -> dict[str, Any]:
    """A report of two models and the proofs, as ``verify`` writes it."""
    model: dict[str, Any] = {
        "path": "MCTobLearning.cfg",
        "module": "MCTobLearning.tla",
        "kind": "holds",
        "claim": "T1 & more",
        "result": "success",
        "property": None,
        "distinctStates": 6552,
        "totalStates": 1,
        "traceLength": None,
        "actions": [],
        "runtime": 1.0,
        "status": "ok",
        "differences": [],
    }
    violated = {
        **model,
        "path": "MCTobNecessity_rho.cfg",
        "kind": "necessity",
        "property": "ResilienceAndOneMore",
        "traceLength": 7,
    }
    proofs = {
        "name": claims.PROOFS,
        "status": "ok",
        "message": "2 conditions proved, 0 not",
        "proved": {"tob_learning": 2},
        "failed": [],
        "runtimes": {"tob_learning": 0.1},
        "seconds": 0.2,
    }
    data: dict[str, Any] = {
        "modelConsensus": "1",
        "commit": None,
        "python": "3",
        "platform": "here",
        "tlc": {"version": "2", "sha256": "aa"},
        "java": "17",
        "specifications": {"A.tla": "bb"},
        "tier": "fast",
        "seconds": 1.0,
        "date": "2026-01-02T03:04:05+00:00",
        "complete": True,
        "status": "partial",
        "models": [violated, model],
        "jobs": [proofs],
    }
    return json.loads(json.dumps(data | changes))  # type: ignore[no-any-return]


class Page(HTMLParser):
    """A page's claims and the rows of its tables, as the text that they have.

    :ivar claims: the lines under each claim, the first of them its summary.
    :ivar rows: the cells of each row by the first cell, or the second if that is a status.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.claims: dict[str, list[str]] = {}
        self.rows: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.lines: list[str] = []
        self.cells: list[str] = []
        self.feed(page)
        assert not self.open, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = dict(attrs).get("id") or ""
        if tag == "details":
            self.lines = self.claims.setdefault(name.removeprefix("claim-"), [])
        elif tag in ("summary", "li"):
            self.lines.append("")
        elif tag == "tr":
            self.cells = []
        elif tag in ("td", "th"):
            self.cells.append("")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "tr":
            statuses = [*Status, ""]
            self.rows[next(each for each in self.cells if each not in statuses)] = self.cells
        elif tag == "details":
            self.lines = []

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data
        elif {"summary", "li"} & set(self.open) and self.lines:
            self.lines[-1] += data


MODELS_OF_T3 = len(claims.find("T3").evidence(MANIFEST))


def test_the_page_has_every_claim_with_its_evidence() -> None:
    page = html_report.page(report(), "../docs/theorems")
    shown = Page(page)
    assert [name for name in shown.claims if name] == [claim.name for claim in CLAIMS]
    summary, _, models, proofs, *others = shown.claims["T3"]
    assert summary.startswith("partial T3 At most n - λ correct processes")
    assert models == f"2 of {MODELS_OF_T3} models: MCTobLearning, MCTobNecessity_rho"
    assert proofs == "tob_learning: 2 conditions proved"
    assert "model-consensus verify --claim T3" in others
    assert '<a href="../docs/theorems/T3.md">' in page
    assert shown.rows["MCTobLearning"][3:6] == ["success", "6,552", ""]
    assert shown.rows["MCTobNecessity_rho"][3:6] == [
        "ResilienceAndOneMore is violated",
        "6,552",
        "7",
    ]
    assert "T1 &amp; more" in page
    assert "2026-01-02T03:04:05+00:00" in page
    assert f"A4: {claims.ASSUMED[3]}" in page


def test_the_page_begins_with_a_summary() -> None:
    shown = Page(html_report.page(report()))
    rows = list(shown.rows)
    first = rows.index("what")
    assert [shown.rows[name][:3] for name in rows[first + 1 : first + 5]] == [
        ["ok", "checked: models with TLC", "1 that must hold, 1 that must be violated"],
        ["ok", "proved: proofs with z3", "2 conditions proved, 0 not"],
        ["not run", f"checked: {claims.GRAPHS}", "not asked for, or not reached"],
        ["not run", f"tested: {claims.TRAININGS}", "not asked for, or not reached"],
    ]


def test_models_come_in_the_order_of_the_specifications() -> None:
    rows = list(Page(html_report.page(report())).rows)
    assert rows.index("MCTobLearning") < rows.index("MCTobNecessity_rho")


def everything(tier: str) -> dict[str, Any]:
    """A report in which all models of the tier, all proofs and all jobs passed."""
    data = report(tier=tier, status="ok")
    (model,) = (entry for entry in data["models"] if entry["path"] == "MCTobLearning.cfg")
    data["models"] = [
        {**model, "path": each.config.name, "kind": each.kind}
        for each in MANIFEST.models
        if tier in (each.tier, "all")
    ]
    data["jobs"][0]["proved"] = dict.fromkeys(THEORIES, 1)
    data["jobs"][0]["runtimes"] = dict.fromkeys(THEORIES, 1.0)
    data["jobs"] += [
        {"name": name, "status": "ok", "message": "fine", "seconds": 1.0}
        for name in (claims.GRAPHS, claims.TRAININGS)
    ]
    return data


def states(data: dict[str, Any]) -> dict[str, str]:
    """The status of each claim on the page of a report."""
    shown = Page(html_report.page(data)).claims
    return {
        name: next(status for status in Status if lines[0].startswith(f"{status} {name} "))
        for name, lines in shown.items()
        if name
    }


BY_TESTS_ALONE = {c.name for c in CLAIMS if not (c.models or c.theories or c.jobs)}


@pytest.mark.parametrize("tier", ["fast", "all"])
def test_a_claim_is_green_if_all_its_evidence_was_run(tier: str) -> None:
    found = states(everything(tier))
    assert {name for name, status in found.items() if status == "ok"} == (
        {claim.name for claim in CLAIMS} - BY_TESTS_ALONE
    )
    assert {found[name] for name in BY_TESTS_ALONE} == {"not run"}


@pytest.mark.slow
def test_a_claim_is_not_green_if_some_evidence_was_not_run() -> None:
    for claim in CLAIMS:
        fast = [m.config.name for m in claim.evidence(MANIFEST) if m.tier == "fast"]
        for missing in fast:
            data = everything("fast")
            data["models"] = [entry for entry in data["models"] if entry["path"] != missing]
            assert html_report.evidence(claim, MANIFEST, data)[0] in ("partial", "not run"), missing
        for theory in claim.theories:
            data = everything("fast")
            del data["jobs"][0]["proved"][theory], data["jobs"][0]["runtimes"][theory]
            assert html_report.evidence(claim, MANIFEST, data)[0] == "partial", theory
        for job in claim.jobs:
            data = everything("fast")
            data["jobs"] = [entry for entry in data["jobs"] if entry["name"] != job]
            assert html_report.evidence(claim, MANIFEST, data)[0] == (
                "partial" if fast else "not run"
            )


def test_two_models_alone_make_no_claim_green() -> None:
    """As after ``verify MCTobLearning_tiny MCTobNecessity_unverified``."""
    data = everything("fast") | {"tier": None, "jobs": []}
    names = ("MCTobLearning_tiny.cfg", "MCTobNecessity_unverified.cfg")
    data["models"] = [entry for entry in data["models"] if entry["path"] in names]
    found = states(data)
    assert "ok" not in found.values()
    assert (found["T7"], found["C1"], found["T4"]) == ("partial", "partial", "not run")


def test_proofs_that_were_not_run_are_not_green() -> None:
    """As from a wheel without extras."""
    data = everything("fast")
    data["jobs"] = [
        {"name": e["name"], "status": "not run", "message": "it needs z3", "seconds": 0.0}
        for e in data["jobs"]
    ]
    found = states(data)
    assert {name for name, s in found.items() if s == "ok"} == {
        c.name for c in CLAIMS if c.models and not (c.theories or c.jobs)
    }
    assert found["C2"] == "not run"


def test_what_fails_is_shown_at_its_claims_and_only_there() -> None:
    data = everything("fast")
    (wrong,) = (e for e in data["models"] if e["path"] == "MCTobNecessity_rho.cfg")
    wrong |= {"status": "FAILS", "differences": ["8 states instead of 7"]}
    data["status"] = "FAILS"
    page = html_report.page(data)
    assert Page(page).rows["MCTobNecessity_rho"][-1] == "FAILS; 8 states instead of 7"
    shows = {
        c.name for c in CLAIMS if "MCTobNecessity_rho" in {m.name for m in c.evidence(MANIFEST)}
    }
    assert {name for name, status in states(data).items() if status == "FAILS"} == shows
    assert f"{len(data['models']) + 2} ok, 1 FAILS" in page


def test_an_unfinished_run_is_called_that() -> None:
    page = html_report.page(report(complete=False))
    assert "unfinished</span>: so far 3 ok" in page


def test_an_unknown_claim_and_one_shown_by_tests_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from model_consensus.commands.cli import main

    assert main(["verify", "--claim", "T99"]) == 2
    assert "no claim T99: there are M1, T1" in capsys.readouterr().err
    assert main(["verify", "--claim", "P7"]) == 2
    assert "pytest tests/settlement/test_chain_quality.py" in capsys.readouterr().err
