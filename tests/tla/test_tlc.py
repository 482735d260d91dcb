"""The runner against the real TLC: every verdict, and every way in which TLC may be cut short."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.tla import startup, tlc
from model_consensus.tla.tlc import Run, check, command, show_command
from model_consensus.tla.tlc_output import Reader, Verdict
from model_consensus.tla.toolchain import find_toolchain
from model_consensus.tla.values import Boolean, Function, record

pytestmark = pytest.mark.tlc

TLA = Path(__file__).parent
ENDLESS = Run(TLA / "Endless.tla", TLA / "Endless.cfg")


def counter(variant: str, *, deadlock: bool = False, coverage: bool = False) -> Run:
    config = TLA / f"Counter_{variant}.cfg"
    return Run(TLA / "Counter.tla", config, deadlock=deadlock, coverage=coverage, quick=True)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[str]]]:
    """Every process that is started for a run; all must be gone in the end."""
    startup.options(find_toolchain())  # what is started once, and not for each run
    started: list[subprocess.Popen[str]] = []

    class Watched(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    yield started
    assert started
    assert all(process.returncode is not None for process in started)


def test_success_with_counts_and_coverage() -> None:
    result = check(counter("holds", coverage=True))
    assert (result.verdict, result.property, result.trace) == (Verdict.HOLDS, None, None)
    # By hand: nine pairs of counts; Advance from each of the six pairs with a smaller first count,
    # and as many for the second; one Reset; the initial state is generated too.
    assert (result.distinct, result.generated, result.depth) == (9, 14, 5)
    assert [(a.name, a.generated) for a in result.coverage] == [("Advance", 12), ("Reset", 1)]
    assert result.warnings == ()


def test_safety_of_an_invariant_has_a_shortest_trace() -> None:
    result = check(counter("invariant"))
    assert (result.verdict, result.property) == (Verdict.SAFETY, "Below")
    assert result.trace is not None
    assert [step.action for step in result.trace.steps] == ["Init"] + ["Advance"] * 3
    assert [step.state["turns"] for step in result.trace.steps] == [0, 1, 2, 3]
    assert result.trace.steps[0].state == record(count=Function({"a": 0, "b": 0}), turns=0)
    assert result.trace.back_to is None


def test_safety_of_the_initial_state() -> None:
    result = check(counter("initial"))
    assert (result.verdict, result.property) == (Verdict.SAFETY, "Started")
    assert result.trace is not None
    assert len(result.trace) == 1
    assert result.trace.steps[0].state["turns"] == 0


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        ("action", "AlwaysForward"),
        ("refinement", "Refinement"),  # TLC names the place of the formula only
    ],
)
def test_safety_of_a_step(variant: str, name: str) -> None:
    result = check(counter(variant))
    assert (result.verdict, result.property) == (Verdict.SAFETY, name)
    assert result.trace is not None
    assert result.trace.steps[-1].action == "Reset"
    assert len(result.trace) == 6


def test_liveness_with_stuttering() -> None:
    result = check(counter("liveness"))
    assert (result.verdict, result.property) == (Verdict.LIVENESS, "Repeats")
    assert result.trace is not None
    assert result.trace.back_to == len(result.trace) > 1


def test_liveness_with_a_loop() -> None:
    result = check(counter("loop"))
    assert (result.verdict, result.property) == (Verdict.LIVENESS, "Settles")
    assert result.trace is not None
    assert (len(result.trace), result.trace.back_to) == (5, 1)


def test_of_two_temporal_properties_none_is_blamed() -> None:
    result = check(counter("two"))
    assert (result.verdict, result.property) == (Verdict.LIVENESS, None)


def test_deadlock_is_an_error_if_asked_for() -> None:
    result = check(counter("deadlock", deadlock=True))
    assert result.verdict == Verdict.DEADLOCK
    assert result.trace is not None
    assert result.trace.steps[-1].state["count"] == Function({"a": 2, "b": 2})
    assert check(counter("deadlock")).verdict == Verdict.HOLDS


@pytest.mark.parametrize(
    ("variant", "verdict", "said"),
    [
        ("assumption", Verdict.ASSUMPTION, "Assumption line 7, col 8"),
        ("nonsense", Verdict.EVALUATION, 'Attempted to check if the value: "two"'),
        ("evaluation", Verdict.EVALUATION, "Counter.tla line 51: Evaluating invariant Overflow"),
        ("undefined", Verdict.PARSE, "Counter_undefined.cfg: The invariant Missing"),
    ],
)
def test_no_search_or_none_to_its_end(variant: str, verdict: Verdict, said: str) -> None:
    result = check(counter(variant))
    assert result.verdict == verdict
    assert said in result.message
    assert "\n" not in result.message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BadSyntax", "BadSyntax.tla line 6: Encountered"),
        ("BadName", "BadName.tla line 5: Unknown operator: `y'."),
    ],
)
def test_parse_error_has_file_and_line(name: str, said: str) -> None:
    result = check(Run(TLA / f"{name}.tla", TLA / f"{name}.cfg"))
    assert result.verdict == Verdict.PARSE
    assert result.message.startswith(said)


def test_liveness_with_symmetry_is_warned_of() -> None:
    result = check(counter("symmetry"))
    assert result.verdict == Verdict.HOLDS
    assert result.distinct == 6  # pairs without order
    assert len(result.warnings) == 1
    assert result.warnings[0].text.startswith(
        "Declaring symmetry during liveness checking is dangerous"
    )


def test_values_of_every_kind_are_read() -> None:
    result = check(Run(TLA / "Numbers.tla", TLA / "Numbers.cfg"))
    assert result.verdict == Verdict.SAFETY
    assert result.trace is not None
    sets = frozenset(map(frozenset, [[], [1], [2], [1, 2]]))
    assert result.trace.steps[0].state["x"] == (
        -3, Boolean.TRUE, "text", 'a "quoted\\ one"', "m", (), frozenset(), (1, (2,)),
        frozenset({frozenset({1}), frozenset()}), frozenset({2, 3, 4}),
        Function({"a": 1, "b": Function({"c": "m"})}), Function({0: 0, 1: 1}),
        Function({"x": frozenset({"x"}), "y": frozenset({"y"})}), ("two", "two"),
        Function({(1,): 1, (1, 2): 2}), sets, Function({"m": Boolean.FALSE}),
        Function(dict.fromkeys(range(31), "a value that is so long that it needs more lines")),
    )  # fmt: skip


def test_every_run_is_the_same() -> None:
    first, second = (check(counter("liveness")) for _ in range(2))
    assert first.trace == second.trace
    assert (first.distinct, first.generated) == (second.distinct, second.generated)


def test_modules_of_another_folder_and_the_state_graph(tmp_path: Path) -> None:
    (tmp_path / "Mine.tla").write_text("---- MODULE Mine ----\nEXTENDS Counter\n====\n")
    (tmp_path / "Mine.cfg").write_text((TLA / "Counter_dead.cfg").read_text())
    graph = tmp_path / "graph.dot"
    result = check(Run(tmp_path / "Mine.tla", tmp_path / "Mine.cfg", library=TLA, dump=graph))
    assert result.verdict == Verdict.HOLDS
    assert "Reset" in graph.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Mine.cfg", "Mine.tla", "graph.dot"]


def test_missing_files() -> None:
    with pytest.raises(ModelConsensusError, match=r"no such file: .*Nowhere\.tla"):
        check(Run(TLA / "Nowhere.tla", TLA / "Counter_holds.cfg"))
    with pytest.raises(ModelConsensusError, match=r"no such file: .*Nowhere\.cfg"):
        check(Run(TLA / "Counter.tla", TLA / "Nowhere.cfg"))


def test_the_shown_command_does_the_same() -> None:
    line = show_command(counter("invariant"), find_toolchain())
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert "Invariant Below is violated" in done.stdout
    assert done.returncode == 12


def test_runs_share_no_folder(tmp_path: Path) -> None:
    """TLC unpacks its standard modules into Java's temporary folder and reads them from there."""
    arguments = command(counter("holds"), find_toolchain(), tmp_path)
    assert f"-Djava.io.tmpdir={tmp_path}" in arguments
    assert arguments[arguments.index("-metadir") + 1] == str(tmp_path / "states")


# ------------------------------------------------------------------ cut short, and what is left


def test_time_limit_ends_tlc_in_bounded_memory(children: list[subprocess.Popen[str]]) -> None:
    started = time.monotonic()
    result = check(ENDLESS, time_limit=3)
    assert time.monotonic() - started < 10
    assert result.verdict == Verdict.TOOL
    assert result.message == "stopped at its time limit of 3 s"
    assert len(result.printed) <= 10_000


def test_a_killed_tlc_is_a_tool_failure(children: list[subprocess.Popen[str]]) -> None:
    def kill_soon() -> None:
        while not children:
            time.sleep(0.05)
        time.sleep(1.5)
        children[0].kill()

    killer = threading.Thread(target=kill_soon)
    killer.start()
    result = check(ENDLESS)
    killer.join()
    assert result.verdict == Verdict.TOOL
    assert result.message == "TLC was killed by signal 9"


def test_stop_from_another_thread(children: list[subprocess.Popen[str]]) -> None:
    stop = threading.Event()
    timer = threading.Timer(1.5, stop.set)
    timer.start()
    with pytest.raises(tlc.StoppedError):
        check(ENDLESS, stop=stop)
    timer.join()


def test_an_exception_ends_tlc(
    children: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def feed(self: Reader, line: str) -> bool:
        raise RuntimeError(line)

    monkeypatch.setattr(Reader, "feed", feed)
    with pytest.raises(RuntimeError):
        check(ENDLESS)


def test_out_of_memory() -> None:
    result = check(Run(TLA / "Greedy.tla", TLA / "Greedy.cfg", heap="32m"), time_limit=60)
    assert result.verdict == Verdict.TOOL
    assert "out of memory" in result.message


def test_a_heap_that_java_refuses() -> None:
    result = check(Run(ENDLESS.module, ENDLESS.config, heap="nonsense"))
    assert result.verdict == Verdict.TOOL
    assert "TLC broke off with status 1" in result.message


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for children in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_its_java(how: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "model_consensus", "check", str(ENDLESS.config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 20
        while not (java := _children(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        java = _children(process.pid)
        assert java
        process.send_signal(how)
        _, complaint = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert complaint == "model-consensus: interrupted\n"
    assert not any(Path(f"/proc/{pid}").exists() for pid in java)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_java_outlives_a_killed_command(tmp_path: Path) -> None:
    """And the next start removes what the killed one left."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "model_consensus", "check"]
    process = subprocess.Popen(
        [*command, str(ENDLESS.config)], stdout=subprocess.DEVNULL, env=environment
    )
    try:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("*/work/states")) and time.monotonic() < deadline:
            time.sleep(0.1)
        java = _children(process.pid)
        assert java
    finally:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in java) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in java)
    assert list(tmp_path.iterdir())
    config = TLA / "Counter_holds.cfg"
    subprocess.run([*command, str(config)], env=environment, check=True, capture_output=True)
    assert list(tmp_path.iterdir()) == []


def _children(pid: int) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry))
    return found
