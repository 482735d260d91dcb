"""Running TLC: one model, one Java process, one `Result`."""

import os
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from model_consensus.errors import ModelConsensusError
from model_consensus.tla import startup
from model_consensus.tla.config import read_config
from model_consensus.tla.process import child, kill
from model_consensus.tla.scratch import scratch_folder
from model_consensus.tla.tlc_output import Progress, Reader, Result, Step, Verdict
from model_consensus.tla.toolchain import Toolchain, find_toolchain


class StoppedError(Exception):
    """The run was ended from outside, by its ``stop`` event."""


@dataclass(frozen=True)
class Run:
    """What TLC is to do.

    One worker makes the search breadth-first in a fixed order, hence the counterexample of a safety
    property a shortest one and every figure the same each time.
    """

    module: Path
    config: Path
    workers: int = 1
    deadlock: bool = False  # whether a state without successors is an error
    coverage: bool = False  # count how often each action fires
    quick: bool = False  # compile lightly: less processor time below 10 s, and more above
    heap: str | None = None  # the most memory Java may take, such as "4g"
    library: Path | None = None  # where else the modules are
    dump: Path | None = None  # write the state graph there, for Graphviz, edges named by action
    options: tuple[str, ...] = ()  # more of TLC's options


def java_command(run: Run, toolchain: Toolchain, scratch: Path) -> list[str]:
    """Java with its options and TLC's classes; ``scratch`` is an empty folder."""
    java = [
        str(toolchain.java),
        "-XX:+UseParallelGC",
        "-Xss64m",  # recursion along a chain of blocks is deep
        "-Duser.language=en",  # or numbers come with other separators
        # TLC unpacks its standard modules there: runs must not share it.
        f"-Djava.io.tmpdir={scratch}",
        *startup.options(toolchain),
    ]
    if run.quick:
        # A young generation that grows costs more page faults than it saves collections.
        java += ["-XX:TieredStopAtLevel=1", "-Xmn64m"]
    if run.heap:
        java.append(f"-Xmx{run.heap}")
    if run.library:
        java.append(f"-DTLA-Library={run.library.resolve()}")
    return [*java, "-cp", str(toolchain.jar)]


def model_arguments(run: Run) -> list[str]:
    """TLC's last arguments: the model, relative to the module's folder."""
    config = os.path.relpath(run.config.resolve(), run.module.resolve().parent)
    return ["-config", config, run.module.name]


def command(run: Run, toolchain: Toolchain, scratch: Path) -> list[str]:
    """The exact command, to be started in the module's folder; ``scratch`` is an empty folder."""
    tlc = ["tlc2.TLC", "-tool", "-metadir", str(scratch / "states")]
    tlc += ["-workers", str(run.workers), "-fp", "0"]
    # Liveness is checked once, at the end: else it depends on the time how often.
    tlc += ["-lncheck", "final"]
    if not run.deadlock:
        tlc.append("-deadlock")  # the flag switches the check off
    if run.coverage:
        tlc += ["-coverage", "1"]
    if run.dump:
        tlc += ["-dump", "dot,actionlabels", str(run.dump.resolve())]
    tlc += [*toolchain.tlc_options, *run.options]
    return [*java_command(run, toolchain, scratch), *tlc, *model_arguments(run)]


def show_command(run: Run, toolchain: Toolchain) -> str:
    """The command as one line for a shell."""
    scratch = Path(tempfile.gettempdir())
    folder = shlex.quote(str(run.module.resolve().parent))
    return f"cd {folder} && {shlex.join(command(run, toolchain, scratch))}"


def check(
    run: Run,
    *,
    toolchain: Toolchain | None = None,
    time_limit: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_print: Callable[[str], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    stop: threading.Event | None = None,
    made_by: Callable[[Run, Toolchain, Path], list[str]] = command,
    trouble: Callable[[], str] | None = None,
) -> Result:
    """Run TLC to its end; its process is gone when this returns or raises.

    ``time_limit`` is in seconds.  ``on_print`` gets each line that the specification prints,
    ``on_step`` each state of a counterexample; what they raise ends the run.
    Setting ``stop`` ends the run from another thread.  ``made_by`` makes the command.  ``trouble``
    is asked again and again why the run cannot go on: an answer other than "" ends it.

    Raises:
        ModelConsensusError: a file is missing.
        ToolchainError: there is no fit Java or TLC.
        StoppedError: ``stop`` was set.
    """
    for file in (run.module, run.config):
        if not file.is_file():
            raise ModelConsensusError(f"no such file: {file}")
    toolchain = toolchain or find_toolchain()
    properties = read_config(run.config).properties
    reader = Reader(on_print, on_step)

    def reason() -> str:
        """Why the run is to be ended; empty if it is not."""
        if time_limit is not None and time.monotonic() - started > time_limit:
            return f"stopped at its time limit of {time_limit:g} s"
        if stop is not None and stop.is_set():
            return "stopped"
        return trouble() if trouble is not None else ""

    with scratch_folder() as scratch:
        arguments = made_by(run, toolchain, scratch)
        started = time.monotonic()
        with (
            child(arguments, run.module.resolve().parent) as process,
            _Watcher(process, reason) as watcher,
        ):
            assert process.stdout is not None
            # A line may be as long as its value: read no more than a message may hold at once.
            for line in iter(lambda: process.stdout.readline(1 << 20), ""):  # type: ignore[union-attr]
                if reader.feed(line) and on_progress is not None and reader.progress is not None:
                    on_progress(reader.progress)
            process.wait()
    if stop is not None and stop.is_set() and watcher.ended:
        raise StoppedError
    result = reader.result(
        process.returncode,
        properties=properties,
        config=run.config.name,
        seconds=time.monotonic() - started,
    )
    if watcher.ended:
        return replace(result, verdict=Verdict.TOOL, message=watcher.ended, property=None)
    return result


class _Watcher:
    """Kills a process, in a thread of its own, as soon as there is a reason.

    ``ended`` is the reason, or "" if the process ended by itself.
    """

    def __init__(self, process: "subprocess.Popen[str]", reason: Callable[[], str]) -> None:
        self.ended = ""
        self._process, self._reason = process, reason
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while self._process.poll() is None:
            self.ended = self._reason()
            if self.ended:
                kill(self._process)
                return
            time.sleep(0.05)

    def __enter__(self) -> "_Watcher":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        kill(self._process)
        self._thread.join()
