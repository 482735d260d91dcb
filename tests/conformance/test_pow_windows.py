"""Traces of proof-of-work in windows that leave out the blocks to which nothing refers any more."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from model_consensus.adversaries.pow import STRATEGIES, LeastStep, Shown, Strategy, to_all
from model_consensus.adversaries.pow_view import View
from model_consensus.commands.cli import main
from model_consensus.conformance import traces
from model_consensus.conformance.file_check import check_files
from model_consensus.conformance.trace_blocks import without_blocks
from model_consensus.conformance.trace_check import check_traces
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_windows import read, read_windows
from model_consensus.conformance.trace_writer import TraceWriter, trace_file
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.pow_learner import Rules
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.pow_delayed import DelayedSimulation
from model_consensus.simulation.setting import Setting, process_names
from model_consensus.simulation.training import short_name, train
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_delayed import DelayedPowSystem
from tests.conformance.test_trace_windows import plain

DEPTH = 1


class OldFork(LeastStep):
    """Now and then a win extends the genesis, and is shown to everybody."""

    def extend(self, view: View) -> int | None:
        return 0 if view.last % 4 == 3 else view.top

    def publish(self, view: View) -> Iterable[Shown]:
        return to_all(view, view.last) if view.is_own(view.last) else ()


ALL: dict[str, Strategy] = {**STRATEGIES, "old fork": OldFork()}


def steps_of(
    name: str, wins: int, delay: int = 0, share: float = 0.4, seed: int = 3
) -> tuple[PowSystem, list[Any]]:
    """A run of four processes, one of them Byzantine."""
    names = process_names(4)
    search = CachedSearch(EvolutionarySearch(OneMax(16), 2, lambda_=1, recombines=True))
    kind = partial(DelayedPowSystem, delta=delay) if delay else PowSystem
    rules = Rules(names, DEPTH, 1 << 255)
    system = kind(rules, names[3:], OneLandscape(search), wins, wins, name=short_name)
    chance = ALL[name], share, seed
    if isinstance(system, DelayedPowSystem):
        return system, list(DelayedSimulation(system, *chance, 2).run(wins))
    return system, list(PowSimulation(system, *chance).run(wins))


def write(path: Path, system: PowSystem, steps: list[Any], whole: int = 4000) -> None:
    """Write a run, with many whole states."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_consensus.conformance.trace_writer.WHOLE", whole)
        with trace_file(path) as file:
            writer = TraceWriter(file, system)
            for action, state in steps:
                writer.step(action, state)


# ------------------------------------------------------------------------------ without TLC


@pytest.mark.parametrize("delay", [0, 2])
@pytest.mark.parametrize("name", ALL)
def test_what_is_written_without_its_first_blocks_is_read_as_it_was(
    name: str, delay: int, tmp_path: Path
) -> None:
    path = tmp_path / "run.ndjson"
    system, steps = steps_of(name, 30, delay)
    write(path, system, steps)
    assert plain(read(path)) == plain(traces.record("a run", system, steps))
    left_out = [window.left_out.blocks for window in read_windows(path)]
    if name == "old fork":  # what it extends is left out, and comes again
        assert delay or left_out != sorted(left_out)
    elif not delay or name in ("honest", "least-step"):  # others keep two chains for long
        assert max(left_out) > 5


@pytest.mark.parametrize("delay", [0, 2])
@pytest.mark.parametrize("name", ["private-chain", "selfish", "balance", "old fork"])
def test_a_reader_allows_to_leave_out_what_a_writer_leaves_out_and_no_more(
    name: str, delay: int
) -> None:
    system, steps = steps_of(name, 30, delay)
    most = 0
    for _, state in steps:
        recorded, settled = system.recorded(state), system.settled(state)
        for count in range(len(state.blocks) + 1):
            cut = without_blocks(recorded, count, {*system.byzantine})
            if count in (0, settled):
                assert cut == system.recorded(state, count)
            elif count > settled:
                assert cut is None
        most = max(most, settled)
    assert most > (0 if delay else 5) or name == "balance"


def test_a_run_keeps_no_more_the_longer_it_is(tmp_path: Path) -> None:
    kept, sizes = [], []
    for wins in (40, 160):
        system, steps = steps_of("private-chain", wins, share=0.2)
        path = tmp_path / f"{wins}.ndjson"
        write(path, system, steps, 8000)
        models = [len(learner.models) for _, state in steps for learner in state.learner.values()]
        windows = [
            (len(window.models), len(window.states[-1]["blocks"]))  # type: ignore
            for window in read_windows(path)
        ]
        kept.append([max(models), len(system.lineages), *map(max, zip(*windows, strict=True))])
        sizes.append(path.stat().st_size / len(steps))
    assert all(long < 1.6 * short for short, long in zip(*kept, strict=True)), kept
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.parametrize("delay", [0, 2])
def test_a_step_takes_at_most_two_kilobytes(delay: int, tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    setting = Setting(protocol="pow", draws=8, wins=150, attack="private-chain", delay=delay)
    with trace_file(path) as file:
        training = train(setting, OneMax(), trace=file)
    assert path.stat().st_size / training.steps < 2000


def seams(lines: list[Any]) -> list[Any]:
    return [line for line in lines[2:] if "state" in line]


def cut(lines: list[Any]) -> Any:
    """A whole state that leaves out more than the one before it."""
    return [line for line in seams(lines) if line["left_out"] > 2][1]


SPOILED: list[tuple[str, Callable[[list[Any]], Any], str]] = [
    ("too few", lambda x: cut(x).update(left_out=1), "the whole state is not the one"),
    ("too many", lambda x: cut(x).update(left_out=99), "the whole state is not the one"),
    ("none", lambda x: cut(x).update(left_out=0), "the whole state is not the one"),
    ("not a number", lambda x: cut(x).update(left_out="3"), "left_out"),
    ("a model", lambda x: cut(x)["models"].pop(), "the models are not those of the steps"),
    (
        "generation",
        lambda x: cut(x).update(generation=cut(x)["generation"] + 1),
        "and the blocks that are left out lead to",
    ),
    (
        "generation of nothing",
        lambda x: seams(x)[0].update(generation=1),
        "generation is 1, and the blocks that are left out lead to 0",
    ),
    (
        "before",
        lambda x: seams(x)[-1].update(generation=0),
        "decisions of generation 0 cannot be the first here",
    ),
]


@pytest.mark.parametrize(("what", "spoil", "complaint"), SPOILED, ids=[x[0] for x in SPOILED])
def test_a_whole_state_that_leaves_out_something_else_is_refused(
    what: str, spoil: Callable[[list[Any]], Any], complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.ndjson"
    write(path, *steps_of("least-step", 30))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    spoil(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(TraceError) as refused:
        list(read_windows(path))
    assert complaint in str(refused.value)
    assert str(refused.value).startswith(str(path))


# ---------------------------------------------------------------------------------- with TLC


@pytest.mark.tlc
@pytest.mark.parametrize("delay", [0, 1])
def test_every_strategy_is_followed_across_seams(delay: int, tmp_path: Path) -> None:
    """The verdict on windows is that on the whole trace, where the depth is not safe, too."""
    files, expected = [], []
    for name in ALL:
        files.append(tmp_path / f"{name}.ndjson")
        system, steps = steps_of(name, 18, delay)
        write(files[-1], system, steps)
        expected.append(traces.record(name, system, steps))
    for found, whole in zip(check_files(files), check_traces(expected), strict=True):
        assert found.verdict is not None, found.problem
        assert found.verdict.rejection is None, (found.path.name, found.verdict.rejection)
        assert whole.rejection is None
        assert (found.verdict.unsafe is None) == (whole.unsafe is None)
        if whole.unsafe is not None and found.verdict.unsafe is not None:
            assert found.verdict.unsafe.violated == whole.unsafe.violated
            assert found.verdict.trace.first + found.verdict.unsafe.index == whole.unsafe.index


def spoiled(path: Path, to: Path, place: int, spoil: Callable[[dict[str, Any]], None]) -> int:
    """Change one step's line; the result is the step."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    steps = [line for line in lines if "changes" in line]
    spoil(steps[place])
    # What follows is what the changed steps lead to, so there are no whole states after it.
    kept = [
        line
        for line in lines
        if "state" not in line or line["index"] < steps[place]["index"] or line["index"] == 0
    ]
    to.write_text("".join(json.dumps(line) + "\n" for line in kept))
    return int(steps[place]["index"])


@pytest.mark.tlc
@pytest.mark.parametrize("delay", [0, 1])
def test_a_fault_in_a_window_without_its_first_blocks_is_found_where_it_is(
    delay: int, tmp_path: Path
) -> None:
    good = tmp_path / "good.ndjson"
    write(good, *steps_of("least-step", 26, delay))
    lines = [json.loads(line) for line in good.read_text().splitlines()]
    late = [line["index"] for line in seams(lines) if line["left_out"] > 4][1]
    steps = [line for line in lines if "changes" in line]

    def after(action: str) -> int:
        return next(i for i, s in enumerate(steps) if s["index"] > late and s["action"] == action)

    def parent(step: dict[str, Any]) -> None:
        step["changes"]["blocks"]["append"][0]["parent"] -= 1

    def miner(step: dict[str, Any]) -> None:
        step["changes"]["blocks"]["append"][0]["miner"] = "p2"
        step["process"] = "p2"

    def claim(step: dict[str, Any]) -> None:
        step["changes"]["blocks"]["append"][0]["claim"] += 1

    def unknown(step: dict[str, Any]) -> None:
        del step["changes"]["known"]

    def other(step: dict[str, Any]) -> None:
        step["process"] = next(p for p in ("p1", "p2") if p != step["process"])

    def late_slot(step: dict[str, Any]) -> None:
        step["changes"]["slots"]["append"][0] += 9

    faults = [("Mine", parent), ("Mine", claim), ("Receive", unknown), ("MakeOffer", other)]
    faults += [("Mine", late_slot)] if delay else [("ByzantineMine", miner)]
    files, places = [good], [-1]
    for number, (action, fault) in enumerate(faults):
        files.append(tmp_path / f"{number}.ndjson")
        places.append(spoiled(good, files[-1], after(action), fault))
    first, *found = check_files(files)
    assert first.verdict is not None
    assert first.verdict.accepted
    for each, place in zip(found, places[1:], strict=True):
        assert each.verdict is not None, each.problem
        assert each.verdict.rejection is not None, each.path
        assert each.verdict.trace.left_out.blocks > 4
        assert each.verdict.trace.first + each.verdict.rejection.index == place, each.path


@pytest.mark.tlc
def test_wins_that_a_window_leaves_out_are_counted(tmp_path: Path) -> None:
    """A trace of more wins than it says there are is rejected, at the first that is too many."""
    good, bad = tmp_path / "good.ndjson", tmp_path / "bad.ndjson"
    system, steps = steps_of("honest", 26)
    write(good, system, steps)
    lines = [json.loads(line) for line in good.read_text().splitlines()]
    for constant, action, most in (
        ("Wins", "MakeOffer", 24),
        ("ByzantineWins", "ByzantineMine", 7),
    ):
        fewer = [{**lines[0], "constants": {**lines[0]["constants"], constant: most}}, *lines[1:]]
        bad.write_text("".join(json.dumps(line) + "\n" for line in fewer))
        (found,) = check_files([bad])
        assert found.verdict is not None, found.problem
        assert found.verdict.rejection is not None
        index = found.verdict.trace.first + found.verdict.rejection.index
        before = steps[index - 1][1].blocks
        assert type(steps[index][0]).__name__ == action
        assert (len(before) if constant == "Wins" else before.stolen) == most
        assert found.verdict.trace.left_out.blocks > 0


@pytest.mark.tlc
def test_with_a_landscape_work_is_computed_again_across_seams(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.ndjson"
    setting = Setting(protocol="pow", draws=2, depth=1, wins=14, hashes=64, attack="least-step")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_consensus.conformance.trace_writer.WHOLE", 4000)
        with trace_file(path) as file:
            train(setting, OneMax(), trace=file)
    assert main(["check-trace", str(path), "--landscape", "onemax"]) == 0
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    last = next(line for line in reversed(lines) if line.get("nonces"))
    last["nonces"][0] += 1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    capsys.readouterr()
    assert main(["check-trace", str(path), "--landscape", "onemax"]) == 1
    assert "block 14 has no work" in capsys.readouterr().out
