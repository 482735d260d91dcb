"""``spec/manifest.json``: every model, what it must show, and the figures it was recorded with.

The schema is that of tlaplus/Examples, extended::

    {"tool": {"version": ..., "sha256": ...},          the TLC that the figures come from
     "modules": [{"path": "MCX.tla",
                  "models": [{"path": "MCX_variant.cfg",
                              "kind": "holds" | "necessity" | "witness",
                              "claim": one sentence: what the model shows,
                              "tier": "fast" | "long",
                              "mode": "exhaustive search",
                              "result": a `Verdict`; "success" iff the kind is "holds",
                              "property": what must fail, by name (not for "holds"),
                              "workers": 1, "deadlock": false,      these two may be left out
                              -- measured, written by ``verify --record``:
                              "distinctStates", "totalStates", "runtime" in seconds,
                              "traceLength": states of the counterexample, the initial one included,
                              "actions": those that fired (for "holds"),
                              "temporal": true, if more than invariants and properties of steps
                              is checked (for "holds"),
                              "checks": the names of the invariants and properties that it checks,
                              "sources": a checksum of what it was measured on: see `sources`}]}]}

A *holds* model must succeed.  A *necessity* model drops one assumption and a *witness* model says
that a state is out of reach: both must fail, in the named property, with the recorded trace length.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.config import COMMENT, read_config
from model_consensus.tla.tlc import Run
from model_consensus.tla.tlc_output import NO_FAIRNESS, Result, Verdict

KINDS = ("holds", "necessity", "witness")
TIERS = ("fast", "long")
_GIVEN = {"path", "kind", "claim", "tier", "mode", "result", "property", "workers", "deadlock"}
_MEASURED = {
    "distinctStates",
    "totalStates",
    "runtime",
    "traceLength",
    "actions",
    "temporal",
    "checks",
    "sources",
}


@dataclass(frozen=True)
class Figures:
    """What a run measured.  A search that an initial state ends leaves the counts None."""

    distinct: int | None
    total: int | None
    trace_length: int | None
    actions: tuple[str, ...]
    temporal: bool = False

    @staticmethod
    def of(result: Result) -> "Figures":
        """The figures of a run."""
        fired = sorted({action.name for action in result.coverage if action.generated})
        length = len(result.trace) if result.trace else None
        temporal = result.temporal and result.verdict is Verdict.HOLDS
        return Figures(result.distinct, result.generated, length, tuple(fired), temporal)


@dataclass(frozen=True)
class SpecModel:
    """One entry of the manifest."""

    module: Path
    config: Path
    kind: str
    claim: str
    tier: str
    result: Verdict
    failing: str | None  # the property that must fail
    workers: int
    deadlock: bool
    figures: Figures | None  # None: not recorded yet
    checks: tuple[str, ...]  # what it checked when it was recorded
    sources: str  # of what, as `sources` says it
    runtime: float  # seconds, when recorded; 0.0 if it was not

    @property
    def name(self) -> str:
        return self.config.stem

    @property
    def is_short(self) -> bool:
        """Whether it is over sooner if Java compiles lightly: see ``Run.quick``."""
        return self.runtime < 10

    def run(self) -> Run:
        """How TLC is to run it."""
        return Run(
            self.module,
            self.config,
            workers=self.workers,
            deadlock=self.deadlock,
            coverage=self.kind == "holds",
            quick=self.is_short,
        )


@dataclass(frozen=True)
class Manifest:
    """The models, in the order of the file, and the TLC that measured them."""

    path: Path
    tool_sha256: str
    models: tuple[SpecModel, ...]

    def find(self, name: str) -> SpecModel:
        """The model of that name, which is its configuration file's, with or without suffix.

        Raises:
            ModelConsensusError: there is none.
        """
        for model in self.models:
            if name in (model.name, model.config.name):
                return model
        near = get_close_matches(name, [model.name for model in self.models], n=3, cutoff=0.0)
        raise ModelConsensusError(
            f"no model {name} in {self.path.name}; the nearest names are {', '.join(near)} "
            "(all: model-consensus models)"
        )


def spec_directory() -> Path:
    """Where the specifications are: in the installed package or in the checkout around it.

    Raises:
        ModelConsensusError: in neither.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "spec", package.parents[1] / "spec"):
        if (folder / "manifest.json").is_file():
            return folder
    raise ModelConsensusError(f"no specifications beside {package}: install the package again")


def load(path: Path | None = None) -> Manifest:
    """Read a manifest; without a path, that of the specifications.

    Raises:
        ModelConsensusError: the file is missing, is no JSON, or breaks the schema.
    """
    if path is None:
        path = spec_directory() / "manifest.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelConsensusError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ModelConsensusError(f"{path}: not JSON: {error}") from None
    try:
        models = tuple(
            _model(path, path.parent / module["path"], entry)
            for module in data["modules"]
            for entry in module["models"]
        )
        tool = str(data.get("tool", {}).get("sha256", ""))
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelConsensusError(f"{path}: not of the manifest's schema: {error!r}") from None
    return Manifest(path, tool, models)


def _model(manifest: Path, module: Path, entry: Mapping[str, Any]) -> SpecModel:
    config = manifest.parent / entry["path"]

    def demand(condition: bool, complaint: str) -> None:
        if not condition:
            raise ModelConsensusError(f"{manifest.name}: {config.name}: {complaint}")

    unknown = set(entry) - _GIVEN - _MEASURED
    demand(not unknown, f"unknown field {', '.join(sorted(unknown))}")
    for field in ("kind", "claim", "tier", "result"):
        demand(field in entry, f"no field {field}")
    kind, tier, workers = entry["kind"], entry["tier"], entry.get("workers", 1)
    demand(kind in KINDS, f"kind must be one of {', '.join(KINDS)}")
    demand(tier in TIERS, f"tier must be one of {', '.join(TIERS)}")
    demand(entry.get("mode", "exhaustive search") == "exhaustive search", "mode is not known")
    demand(entry["result"] in list(Verdict), f"result {entry['result']!r} is not known")
    demand((entry["result"] == Verdict.HOLDS) == (kind == "holds"), f"{kind} needs another result")
    failing = entry.get("property")
    named = entry["result"] in (Verdict.SAFETY, Verdict.LIVENESS)
    demand(bool(failing) == named, "property names what must fail, and nothing else")
    demand(kind == "holds" or workers == 1, "a counterexample is only the same with one worker")
    figures = None
    if "actions" in entry or "traceLength" in entry:
        figures = Figures(
            entry.get("distinctStates"),
            entry.get("totalStates"),
            entry.get("traceLength"),
            tuple(entry.get("actions", ())),
            bool(entry.get("temporal", False)),
        )
    return SpecModel(
        module=module,
        config=config,
        kind=kind,
        claim=entry["claim"],
        tier=tier,
        result=Verdict(entry["result"]),
        failing=failing,
        workers=workers,
        deadlock=bool(entry.get("deadlock", False)),
        figures=figures,
        checks=tuple(entry.get("checks", ())),
        sources=str(entry.get("sources", "")),
        runtime=float(entry.get("runtime", 0.0)),
    )


def incomplete(manifest: Manifest) -> list[str]:
    """What the folder and the manifest do not have in common, a sentence each."""
    listed = [model.config for model in manifest.models]
    there = set(manifest.path.parent.glob("MC*.cfg"))
    return [
        *(f"{path.name} is not in {manifest.path.name}" for path in sorted(there - set(listed))),
        *(
            f"{path.name} is in {manifest.path.name} and does not exist"
            for path in sorted({*listed, *(model.module for model in manifest.models)})
            if not path.is_file()
        ),
        *(f"{path.name} is listed twice" for path in sorted(set(listed)) if listed.count(path) > 1),
    ]


def sources(model: SpecModel) -> str:
    """A checksum of the configuration and of every module that the model is made of.

    Comments and spaces do not count, for they change nothing that TLC finds.
    """
    files, found = [model.module], [model.config]
    while files:
        file = files.pop()
        if file.is_file() and file not in found:  # the standard modules are TLC's own
            found.append(file)
            text = _plain(file)
            named = [name for names in _EXTENDS.findall(text) for name in names.split(",")]
            named += _INSTANCE.findall(text)
            files += [model.module.with_name(f"{name.strip()}.tla") for name in named]
    digest = hashlib.sha256()
    for file in sorted(found):
        digest.update(f"{file.name}\n{' '.join(_plain(file).split())}\n".encode())
    return digest.hexdigest()[:16]


_EXTENDS = re.compile(r"\bEXTENDS\s+(\w+(?:\s*,\s*\w+)*)")
_INSTANCE = re.compile(r"\bINSTANCE\s+(\w+)")


def _plain(file: Path) -> str:
    """The text of a module or a configuration without comments."""
    return COMMENT.sub(lambda found: found[1] or " ", file.read_text(encoding="utf-8"))


def stale(model: SpecModel) -> list[str]:
    """How a model's files differ from those that its figures were recorded with."""
    found = []
    checks = read_config(model.config).checked
    if checks != model.checks:
        found.append(f"it checks {_shown(checks)} instead of {_shown(model.checks)}")
    if sources(model) != model.sources:
        found.append(
            "the specification has changed since its figures were recorded: "
            f"model-consensus verify --record {model.name}"
        )
    return found


def differences(
    model: SpecModel, result: Result, *, recording: bool = False, distinct_only: bool = False
) -> list[str]:
    """How a run differs from what the manifest demands; empty if it passes.

    With ``recording`` the figures are free and the rest is demanded all the same.  With
    ``distinct_only``, of the figures only the number of distinct states is.
    """
    if result.verdict != model.result or result.property != model.failing:
        wanted = model.result + (f" of {model.failing}" if model.failing else "")
        found = result.verdict + (f" of {result.property}" if result.property else "")
        return [f"{found} instead of {wanted}" + (f": {result.message}" if result.message else "")]
    found_differences = [
        f"TLC warns ({warning.code}): {warning.text}"
        for warning in result.warnings
        # That a specification without fairness may stutter for ever is what such a model shows.
        if not (warning.code == NO_FAIRNESS and model.result is Verdict.LIVENESS)
    ]
    if model.kind == "holds" and not distinct_only:
        found_differences += dead_actions(result)
    if recording:
        return found_differences
    if model.figures is None:
        return [*found_differences, "it has no recorded figures"]
    measured = Figures.of(result)
    distinct = (("distinct states", model.figures.distinct, measured.distinct),)
    others = (
        ("states in total", model.figures.total, measured.total),
        ("states in the counterexample", model.figures.trace_length, measured.trace_length),
        ("actions fired", model.figures.actions, measured.actions),
        ("temporal properties checked", model.figures.temporal, measured.temporal),
    )
    for what, want, got in distinct if distinct_only else distinct + others:
        if want != got:
            found_differences.append(f"{_shown(got)} {what} instead of {_shown(want)}")
    return found_differences


def dead_actions(result: Result) -> list[str]:
    """A sentence for each action that never fired, hence for each vacuous part of a success."""
    if not result.coverage:
        return ["TLC reported the coverage of no action"]
    return [
        f"the action {action.name} ({action.module}.tla line {action.line}) never fired"
        for action in result.coverage
        if action.generated == 0
    ]


def _shown(figure: int | tuple[str, ...] | None) -> str:
    if isinstance(figure, bool):
        return "some" if figure else "no"
    return ", ".join(figure) or "nothing" if isinstance(figure, tuple) else str(figure)


def record(
    manifest: Manifest, results: Iterable[tuple[SpecModel, Result]], tool: Mapping[str, str]
) -> None:
    """Write the measured figures of these runs into the manifest's file."""
    data = json.loads(manifest.path.read_text(encoding="utf-8"))
    data = {"tool": dict(tool), **{key: value for key, value in data.items() if key != "tool"}}
    entries = {entry["path"]: entry for module in data["modules"] for entry in module["models"]}
    for model, result in results:
        entry = entries.get(model.config.name)
        if entry is None:
            continue  # taken out of the manifest since it was read
        figures = Figures.of(result)
        for key in _MEASURED:
            entry.pop(key, None)
        entry["distinctStates"] = figures.distinct
        entry["totalStates"] = figures.total
        if model.kind == "holds":
            entry["actions"] = list(figures.actions)
            if figures.temporal:
                entry["temporal"] = True
        else:
            entry["traceLength"] = figures.trace_length
        entry["checks"] = list(read_config(model.config).checked)
        entry["sources"] = sources(model)
        entry["runtime"] = round(result.seconds, 1)
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    manifest.path.write_text(text, encoding="utf-8")
