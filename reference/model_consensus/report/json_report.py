"""The report of ``verify`` as JSON, and files that are written at once or not at all."""

import hashlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model_consensus import __version__
from model_consensus.conformance.files import whole_file
from model_consensus.report.outcomes import JobOutcome, Outcome
from model_consensus.tla.manifest import Figures
from model_consensus.tla.toolchain import Toolchain


def new_report(folder: Path, toolchain: Toolchain) -> dict[str, Any]:
    """A report in which there is nothing yet but the date and what `origin` says."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {**origin(folder, toolchain), "date": now, "complete": False, "models": [], "jobs": []}


def origin(folder: Path, toolchain: Toolchain) -> dict[str, Any]:
    """What was checked with which tools: versions and SHA-256 checksums."""
    files = sorted(p for p in folder.iterdir() if p.suffix in (".tla", ".cfg", ".json"))
    return {
        "modelConsensus": __version__,
        "commit": _commit(folder),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "tlc": {"version": toolchain.tlc_version, "sha256": toolchain.jar_sha256},
        "java": toolchain.java_version,
        "specifications": {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }


def _commit(folder: Path) -> str | None:
    """The commit of the checkout that contains ``folder``, marked if files were changed."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def as_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome for the report."""
    model, result = outcome.model, outcome.result
    figures = Figures.of(result)
    return {
        "path": model.config.name,
        "module": model.module.name,
        "kind": model.kind,
        "claim": model.claim,
        "result": result.verdict,
        "property": result.property,
        "distinctStates": figures.distinct,
        "totalStates": figures.total,
        "traceLength": figures.trace_length,
        "actions": list(figures.actions),
        "runtime": round(result.seconds, 2),
        "status": outcome.status,
        "differences": list(outcome.differences),
    }


def job_as_data(done: JobOutcome) -> dict[str, Any]:
    """What a job found, for the report."""
    found = done.found
    return {"name": done.name, "status": found.status, "message": found.message, **found.data} | {
        "seconds": round(done.seconds, 2)
    }


_TIMES = ("runtime", "runtimes", "seconds")


def write(path: Path, report: dict[str, Any]) -> None:
    """Write a report at once or not at all."""
    with whole_file(path) as file:
        file.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def with_checksum(report: dict[str, Any]) -> dict[str, Any]:
    """The report, with a checksum of its results (times left out)."""
    results = [
        {key: value for key, value in entry.items() if key not in _TIMES}
        for entry in [*report["models"], *report["jobs"]]
    ]
    canonical = json.dumps(sorted(results, key=str), sort_keys=True).encode()
    return {**report, "resultsSha256": hashlib.sha256(canonical).hexdigest()}
