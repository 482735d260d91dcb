"""Traces as changes, and in windows: what is read is what was written, and no fault is lost."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from model_consensus import tob_learner
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.commands.cli import main
from model_consensus.conformance import trace_check, traces
from model_consensus.conformance.file_check import FileVerdict, check_files
from model_consensus.conformance.trace_check import Rejection, check_traces
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_windows import read, read_windows
from model_consensus.conformance.trace_writer import TraceWriter, trace_file
from model_consensus.conformance.traces import Trace
from model_consensus.defects.tob import DEFECTS
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.landscapes import Landscape
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.tob import simulate
from model_consensus.simulation.training import short_name, train
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import Receive, TobSystem
from model_consensus.tla import tlc
from model_consensus.tla.tlc_output import Result
from model_consensus.tob_learner import Rules
from tests.support.changes import write_changes
from tests.support.corruptions import altered, dropped, of_learning, swapped
from tests.support.trained import trained_trace

GENERATIONS = 6


def steps_of(attack: str, receive: Receive = tob_learner.receive) -> tuple[TobSystem, list[Any]]:
    """A run of six generations."""
    names = process_names(4)
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(), 2, 3, 2, recombines=True)))
    system = TobSystem(
        names, names[3:], Rules(3, 2), one, GENERATIONS, name=short_name, receive=receive
    )
    return system, list(simulate(system, one, ATTACKS[attack], 3))


def whole(attack: str, receive: Receive = tob_learner.receive) -> Trace:
    system, steps = steps_of(attack, receive)
    return traces.record("a run", system, steps)


def plain(trace: Trace) -> Trace:
    """A trace without the name of its file, and its models in any order."""
    return replace(trace, source="", models=dict(sorted(trace.models.items())), past=frozenset())


# ------------------------------------------------------------------------------ without TLC


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("attack", ["under-claim", "none"])
def test_what_is_written_as_changes_is_read_as_it_was(
    attack: str, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_consensus.conformance.trace_writer.WHOLE", 4000)
    path = tmp_path / ("run.ndjson.gz" if packed else "run.ndjson")
    system, steps = steps_of(attack)
    with trace_file(path) as file:
        writer = TraceWriter(file, system)
        for action, state in steps:
            writer.step(action, state)
    assert writer.steps == len(steps) - 1
    recorded = traces.record("a run", system, steps)
    assert plain(read(path)) == plain(recorded)
    windows = list(read_windows(path))
    assert len(windows) > 3
    assert max(window.since for window in windows) > 1
    for before, after in pairwise(windows):
        assert after.first == before.first + len(before.states) - 1
        assert after.states[0]["inbox"] == before.states[-1]["inbox"]
    with gzip.open(path, "rt") if packed else path.open() as file:
        assert all(isinstance(json.loads(line), dict) for line in file)


def test_a_run_that_is_interrupted_leaves_what_it_has_written(tmp_path: Path) -> None:
    system, steps = steps_of("none")
    path = tmp_path / "run.ndjson"

    def interrupted() -> None:
        with trace_file(path) as file:
            writer = TraceWriter(file, system)
            for action, state in steps[:20]:
                writer.step(action, state)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    recorded = traces.record("a run", system, steps[:20])
    assert plain(read(path)) == plain(recorded)


def test_a_run_that_is_written_needs_no_more_memory_the_longer_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_consensus.conformance.trace_writer.WHOLE", 4000)
    kept = []
    for generations in (10, 40):
        names = process_names(4)
        one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(), 2, 3, 2, recombines=True)))
        system = TobSystem(names, names[3:], Rules(3, 2), one, generations, name=short_name)
        with trace_file(tmp_path / f"{generations}.ndjson") as file:
            writer, most = TraceWriter(file, system), 0
            for action, state in simulate(system, one, ATTACKS["under-claim"], 3):
                writer.step(action, state)
                most = max(most, len(system.lineages))
        kept.append(most)
    assert kept[1] < 1.2 * kept[0]


def test_a_step_takes_at_most_two_kilobytes_however_long_the_run_is(tmp_path: Path) -> None:
    sizes = []
    for generations in (30, 60):
        path = tmp_path / f"{generations}.ndjson"
        setting = Setting(
            protocol="tob", lambda_=3, mu=2, attack="under-claim", generations=generations
        )
        with trace_file(path) as file:
            training = train(setting, OneMax(), trace=file)
        sizes.append(path.stat().st_size / training.steps)
    assert max(sizes) < 2000
    assert sizes[1] < 1.1 * sizes[0]


def test_a_trace_of_proof_of_work_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, itf = tmp_path / "run.ndjson", tmp_path / "run.itf.json"
    setting = Setting(protocol="pow", lambda_=2, depth=1, wins=9, hashes=64, attack="selfish")
    with trace_file(path) as file:
        train(setting, OneMax(), trace=file)
    (trace,) = read_windows(path)
    blocks: Any = trace.states[-1]["blocks"]
    assert trace.work is not None
    assert len(trace.work.nonces) == len(blocks) == 9
    assert main(["trace", "--itf", str(path)]) == 0
    assert plain(traces.read(itf)) == plain(trace)


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


SPOILED: list[tuple[str, Callable[[list[Any]], Any], str]] = [
    ("no head", lambda x: x.pop(0), "not a trace: its first line has no format"),
    ("version", lambda x: x[0].update(version=9), "it is of version 9 of the format"),
    ("vars", lambda x: x[0].update(vars=[1]), "vars has something else than names"),
    ("a step is missing", lambda x: x.pop(3), "line 4: index is 3, and it is the line of step 2"),
    ("a whole state is wrong", lambda x: x[20]["state"].update(network={"#set": []}), "line 21: "),
    ("not an object", lambda x: x.__setitem__(3, 7), "line 4: not an object"),
    ("a variable", lambda x: x[3]["changes"].update(x={"to": 1}), "x is not one of the variables"),
    ("no change", lambda x: x[3]["changes"].update(network=7), "a change is not an object"),
    ("fields", lambda x: x[3]["changes"].update(loss={"drop": 1}), "drop do not change a function"),
    (
        "not there",
        lambda x: x[3]["changes"].update(network={"without": [7]}),
        "an element leaves, and it was not there",
    ),
    (
        "a sequence",
        lambda x: x[3]["changes"].update(inbox={"at": {"p1": {"drop": 9}}}),
        "a sequence of 0 cannot change like this",
    ),
    (
        "a key",
        lambda x: x[3]["changes"].update(inbox={"at": {"p7": {"drop": 1}}}),
        "p7 changes, and it was not there",
    ),
    ("models", lambda x: x[20].update(models=[]), "the models are not those of the steps before"),
    ("generation", lambda x: x[20].update(generation=4), "the whole state is not the one that"),
]


@pytest.mark.parametrize(("what", "spoil", "complaint"), SPOILED, ids=[x[0] for x in SPOILED])
def test_what_is_not_a_trace_of_changes_is_refused(
    what: str, spoil: Callable[[list[Any]], Any], complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.ndjson"
    write_changes(path, whole("none"), [18])
    assert list(read_windows(path))
    lines = lines_of(path)
    spoil(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(TraceError) as refused:
        list(read_windows(path))
    assert complaint in str(refused.value)
    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a trace: it is empty"),
        (b"{}", "line 1: the line has no end: the file was cut off"),
        (b"{\n", "line 1: not JSON"),
        (b"\xff\n", "line 1: not UTF-8 text"),
        (b"[" * 100_000 + b"\n", "line 1: nested too deeply"),
    ],
)
def test_what_is_not_lines_of_json_is_refused(
    content: bytes, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.ndjson"
    path.write_bytes(content)
    with pytest.raises(TraceError, match=complaint):
        read(path)
    packed = tmp_path / "run.ndjson.gz"
    packed.write_bytes(gzip.compress(content))
    with pytest.raises(TraceError, match=complaint):
        read(packed)


def test_what_is_not_compressed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson.gz"
    path.write_bytes(b"{}\n")
    with pytest.raises(TraceError, match="cannot be uncompressed"):
        read(path)


# ---------------------------------------------------------------------------------- with TLC


def found_in(files: list[Path]) -> list[FileVerdict]:
    return list(check_files(files))


def comparable(rejection: Rejection) -> tuple[str, list[str]]:
    """What is said of a rejection, but for outputs, which begin later in a window."""
    lines = [
        line.partition(".decided")[0] if ".decided" in line else line
        for line in rejection.differences
    ]
    return rejection.reason, lines


@pytest.mark.tlc
def test_a_fault_before_at_and_after_a_seam_is_found_where_it_is(tmp_path: Path) -> None:
    """The verdict on windows is that on the whole trace."""
    good = whole("under-claim")
    every = range(9, len(good.states), 14)
    cuts = write_changes(tmp_path / "good.ndjson", good, every)
    assert len(cuts) > 4
    bad = []
    for cut in cuts[:: len(cuts) // 2]:
        for index in (cut - 1, cut, cut + 1):
            at = ("learner", "p2")
            bad += [
                altered(good, index, (*at, "evaluations"), lambda n: n + 1),
                altered(good, index, (*at, "decided"), lambda d: (*d[:-1], good.genesis)),
                altered(good, index, ("inbox", "p1"), lambda q: (*q, *q[-1:]) if q else (0,)),
                dropped(good, index),
                swapped(good, index),
            ]
    bad += [trace for _, trace, _, _ in of_learning(whole("none"), good, "p4")]
    bad += [whole("under-claim", DEFECTS[name]) for name in ("unverified", "unbanned")]
    files = [tmp_path / "good.ndjson"]
    for number, trace in enumerate(bad):
        files.append(tmp_path / f"{number}.ndjson")
        write_changes(files[-1], trace, every)
    first, *found = found_in(files)
    assert first.verdict is not None
    assert first.verdict.accepted
    assert first.states == len(good.states)
    for each, expected in zip(found, check_traces(bad), strict=True):
        assert expected.rejection is not None
        assert each.verdict is not None, each.problem
        rejection = each.verdict.rejection
        assert rejection is not None
        place = each.verdict.trace.first + rejection.index
        assert place == expected.rejection.index
        # Actions that need models which later windows list are not among the possible ones.
        assert {*rejection.possible} <= {*expected.rejection.possible}
        if rejection.possible == expected.rejection.possible:
            assert comparable(rejection) == comparable(expected.rejection)


@pytest.mark.tlc
def test_a_file_of_many_wrong_windows_is_given_to_tlc_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a window that is wrong, no later one of its file is of interest."""
    good = whole("none")
    wrong = replace(good, constants={**good.constants, "Mu": 1})
    files = [tmp_path / f"{name}.ndjson" for name in ("wrong", "good", "wrong")]
    for path, trace in zip(files, (wrong, good, wrong), strict=True):
        assert len(write_changes(path, trace, range(5, len(trace.states), 5))) > 9
    runs: list[object] = []

    def counted(*arguments: Any, **more: Any) -> Result:
        runs.append(arguments)
        return tlc.check(*arguments, **more)

    monkeypatch.setattr(trace_check, "check", counted)
    first, accepted, again = found_in(files)
    assert accepted.verdict is not None
    assert accepted.verdict.accepted
    (expected,) = check_traces([wrong])
    for each in (first, again):
        assert expected.rejection is not None
        assert each.verdict is not None
        assert each.verdict.rejection is not None
        assert each.verdict.rejection.reason == expected.rejection.reason
        assert each.verdict.trace.first + each.verdict.rejection.index == expected.rejection.index
    assert len(runs) < 12


@pytest.mark.tlc
def test_every_attack_is_followed_across_seams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_consensus.conformance.trace_writer.WHOLE", 4000)
    files = []
    for attack in ATTACKS:
        files.append(tmp_path / f"{attack}.ndjson")
        system, steps = steps_of(attack)
        with trace_file(files[-1]) as file:
            writer = TraceWriter(file, system)
            for action, state in steps:
                writer.step(action, state)
    for found in found_in(files):
        assert found.verdict is not None, found.problem
        assert found.verdict.accepted, (found.path.name, found.verdict.rejection)


def trained_in_windows(path: Path, setting: Setting, landscape: Landscape) -> int:
    """Write the trace of a run, with many whole states: how many windows it has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_consensus.conformance.trace_writer.WHOLE", 4000)
        with trace_file(path) as file:
            train(setting, landscape, trace=file)
    return len(list(read_windows(path)))


@pytest.mark.tlc
def test_with_a_landscape_a_wrong_loss_in_a_late_window_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.ndjson"
    setting = Setting(protocol="tob", lambda_=3, mu=2, draws=2, generations=6, attack="none")
    assert trained_in_windows(path, setting, Sphere()) > 3
    assert main(["check-trace", str(path), "--landscape", "sphere"]) == 0
    assert main(["check-trace", str(path), "--landscape", "onemax"]) == 1
    assert "state 0" in capsys.readouterr().out


@pytest.mark.tlc
def test_the_check_after_a_run_refuses_nothing_that_the_run_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("trace_lines", "trace_windows"):
        monkeypatch.setattr(f"model_consensus.conformance.{module}.LARGEST_FILE", 10_000)
    out = str(tmp_path / "run")
    assert main(["run", "pow", "--landscape", "onemax", "--wins", "4", "--out", out]) == 0
    capsys.readouterr()
    assert main(["check-trace", out]) == 2
    assert "larger than 10,000 bytes" in capsys.readouterr().err
    assert main(["check-trace", out, "--limits", "100"]) == 0
    assert main(["check-trace", out, "--limits", "101"]) == 2
    assert "not an integer in 1..100: '101'" in capsys.readouterr().err


def mined(**more: Any) -> Trace:
    """A run of proof-of-work."""
    few = Setting(protocol="pow", draws=4, depth=1, wins=6, hashes=2, attack="selfish", share=0.3)
    return trained_trace(replace(few, **more), OneMax())


@pytest.mark.tlc
@pytest.mark.parametrize("more", [{}, {"delay": 1, "interval": 2}], ids=["no delay", "delay"])
def test_a_fault_of_proof_of_work_is_found_at_either_side_of_a_seam(
    more: dict[str, Any], tmp_path: Path
) -> None:
    """The verdict on windows is that on the whole trace."""
    good = mined(**more)
    every = range(6, len(good.states), 9)
    files = [tmp_path / "good.ndjson"]
    cuts = write_changes(files[0], good, every)
    assert len(cuts) > 2
    assert [window.first for window in read_windows(files[0])] == [0, *cuts]
    bad = []
    for cut in cuts[:: len(cuts) // 2]:
        for index in (cut - 1, cut, cut + 1):
            bad += [
                altered(good, index, ("tip", "p2"), lambda tip: tip - 1 if tip else 1),
                altered(good, index, ("known", "p1"), lambda known: known - {max(known)}),
                altered(good, index, ("banned", "p1"), lambda banned: banned | {"p2"}),
                altered(good, index, ("loss",), lambda loss: ()),
                dropped(good, index),
                swapped(good, index),
            ]
            if more and good.states[index]["slots"]:
                bad.append(altered(good, index, ("slots", 0), lambda slot: slot + 1))
    for number, trace in enumerate(bad):
        files.append(tmp_path / f"{number}.ndjson")
        write_changes(files[-1], trace, every)
    first, *found = found_in(files)
    assert first.verdict is not None
    assert first.verdict.accepted
    assert first.states == len(good.states)
    rejected = 0
    for each, expected in zip(found, check_traces(bad), strict=True):
        assert each.verdict is not None, each.problem
        assert each.verdict.accepted == expected.accepted
        if expected.rejection is None:
            continue
        rejected += 1
        rejection = each.verdict.rejection
        assert rejection is not None
        assert each.verdict.trace.first + rejection.index == expected.rejection.index
        assert rejection.possible == expected.rejection.possible
        assert comparable(rejection) == comparable(expected.rejection)
    assert rejected > len(bad) // 2


@pytest.mark.tlc
def test_an_unsafe_depth_in_a_window_does_not_hide_a_later_rejection(tmp_path: Path) -> None:
    unsafe = mined(attack="private-chain", depth=6, wins=60, share=0.35, seed=2)
    (verdict,) = check_traces([unsafe])
    assert verdict.unsafe is not None
    every = range(50, len(unsafe.states), 10)
    files = [tmp_path / "unsafe.ndjson", tmp_path / "wrong.ndjson"]
    assert write_changes(files[0], unsafe, every)
    last = len(unsafe.states) - 1
    write_changes(files[1], altered(unsafe, last, ("banned", "p1"), lambda b: b | {"p2"}), every)
    first, second = found_in(files)
    assert first.verdict is not None
    assert first.verdict.unsafe is not None
    assert first.verdict.rejection is None
    assert first.verdict.trace.first + first.verdict.unsafe.index == verdict.unsafe.index
    assert verdict.unsafe.index < last - 20
    assert second.verdict is not None
    assert second.verdict.rejection is not None
    assert second.verdict.trace.first + second.verdict.rejection.index == last


@pytest.mark.tlc
def test_with_a_landscape_the_late_windows_of_proof_of_work_are_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.ndjson"
    setting = Setting(protocol="pow", draws=4, depth=1, wins=6, hashes=64, attack="honest")
    assert trained_in_windows(path, setting, OneMax()) > 2
    good = path.read_text()
    assert main(["check-trace", str(path), "--landscape", "onemax"]) == 0
    *_, last = (model["name"] for line in lines_of(path) for model in line.get("models", []))
    path.write_text(good.replace(last, last[::-1]))
    assert main(["check-trace", str(path), "--landscape", "onemax"]) == 1
    assert f"the digest of the model {last[::-1]} is {last}" in capsys.readouterr().out
    lines = [json.loads(line) for line in good.splitlines()]
    mines = [line for line in lines if "nonces" in line]
    mines[-1]["nonces"] = [mines[-1]["nonces"][0] + 1]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["check-trace", str(path), "--landscape", "onemax"]) == 1
    assert f"block {len(mines)} has no work" in capsys.readouterr().out
