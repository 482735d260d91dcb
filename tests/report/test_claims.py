"""The claims name evidence that exists, leave no model out, and the report shows what failed."""

import json
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from typing import Any

import pytest

from model_consensus.commands.verify_jobs import JOBS
from model_consensus.proofs.theories import THEORIES
from model_consensus.report import claims, html_report
from model_consensus.report.claims import CLAIMS
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
        "passed": True,
        "differences": [],
    }
    falls = {
        **model,
        "path": "MCTobNecessity_rho.cfg",
        "kind": "necessity",
        "property": "ResilienceAndOneMore",
        "traceLength": 7,
    }
    proofs = {
        "name": claims.PROOFS,
        "passed": True,
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
        "complete": True,
        "models": [model, falls],
        "jobs": [proofs],
    }
    return json.loads(json.dumps(data | changes))  # type: ignore[no-any-return]


class Rows(HTMLParser):
    """The rows of a page's tables, each a list of the text of its cells, by the first cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(page)
        assert not self.open, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.cells = []
        elif tag in ("td", "th"):
            self.cells.append("")
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "tr":
            self.rows.setdefault(self.cells[0], self.cells)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] and {"td", "th"} & set(self.open):
            self.cells[-1] += data


def test_the_page_has_every_claim_with_its_evidence() -> None:
    page = html_report.page(report())
    rows = Rows(page).rows
    assert {claim.name for claim in CLAIMS} <= set(rows)
    assert rows["T3"][3].startswith("ok")
    assert "MCTobLearning, MCTobNecessity_rho" in rows["T3"][3]
    assert "tob_learning 2" in rows["T3"][3]
    assert rows["T3"][4].startswith("model-consensus verify --claim T3")
    assert rows["MCTobLearning"][4:6] == ["6,552", ""]
    assert rows["MCTobNecessity_rho"][3:6] == ["ResilienceAndOneMore falls", "6,552", "7"]
    assert "T1 &amp; more" in page
    assert "all 3 pass" in page


def test_what_fails_is_shown_at_its_claims_and_only_there() -> None:
    data = report()
    data["models"][1] |= {"passed": False, "differences": ["8 states instead of 7"]}
    page = html_report.page(data)
    rows = Rows(page).rows
    assert rows["MCTobNecessity_rho"][-1] == "FAILS: 8 states instead of 7"
    assert rows["T3"][3].startswith("FAILS")
    assert rows["T1"][3].startswith("ok")
    assert "1 of 3 fail" in page


def test_an_unfinished_run_is_called_that() -> None:
    page = html_report.page(report(complete=False))
    assert "unfinished: 3 results so far, 0 failed" in page
    assert "all 3 pass" not in page


def test_an_unknown_claim_and_one_shown_by_tests_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from model_consensus.commands.cli import main

    assert main(["verify", "--claim", "T99"]) == 2
    assert "no claim T99: there are M1, T1" in capsys.readouterr().err
    assert main(["verify", "--claim", "P7"]) == 2
    assert "pytest tests/settlement/test_chain_quality.py" in capsys.readouterr().err
