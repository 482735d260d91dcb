"""TLC's distributed mode: one server, workers here and on other machines.

It searches for violations of invariants and of properties of steps, and counts states.  It does
*not* check temporal properties such as liveness, and says nothing about leaving them out; nor does
it count how often an action fired, and how many states it generates in total depends on who comes
first.  So only models that must hold and have no temporal property are checked in it, and of their
figures only the number of distinct states is compared.

When all workers on this machine have ended and the server has not, the check ends and says how
they ended.  Builds of TLC from 2026-02-09 to at least 2026-04-29 cannot check in this mode at all,
which is a fault of those builds.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from model_consensus.tla import tlc
from model_consensus.tla.manifest import SpecModel
from model_consensus.tla.process import child
from model_consensus.tla.tlc import Run
from model_consensus.tla.tlc_output import Result, Verdict
from model_consensus.tla.toolchain import Toolchain

_PACKAGE = "tlc2.tool.distributed"


@dataclass(frozen=True)
class Cluster:
    """Who takes part.

    :ivar host: the name or address by which workers reach the server.
    :ivar port: the server's; Java chooses others for the workers' answers.
    :ivar workers: how many to start on this machine, with one thread each.
    """

    host: str = "127.0.0.1"
    port: int = 10997
    workers: int = 2

    def worker_command(self, java: str, jar: str) -> list[str]:
        """What joins the server, on this machine or another one that has the same TLC."""
        options = [
            f"-D{_PACKAGE}.TLCServer.port={self.port}",
            f"-D{_PACKAGE}.TLCWorker.threadCount=1",
        ]
        return [java, *options, "-Xss64m", "-cp", jar, f"{_PACKAGE}.TLCWorker", self.host]


def is_possible(model: SpecModel) -> bool:
    """Whether the distributed mode checks all that the model is for."""
    return model.kind == "holds" and model.figures is not None and not model.figures.temporal


def check(model: SpecModel, toolchain: Toolchain, cluster: Cluster) -> Result:
    """Check a model; server and local workers are gone when this returns or raises.

    :raises ModelConsensusError: as `tlc.check`.
    """
    run = model.run()

    def command(run: Run, toolchain: Toolchain, scratch: Path) -> list[str]:
        java = tlc.java_command(run, toolchain, scratch)
        java += [
            f"-Djava.rmi.server.hostname={cluster.host}",
            f"-D{_PACKAGE}.TLCServer.port={cluster.port}",
        ]
        options = ["-tool", "-metadir", str(scratch / "states")]
        if not run.deadlock:
            options.append("-deadlock")
        return [*java, f"{_PACKAGE}.TLCServer", *options, *tlc.model_arguments(run)]

    with ExitStack() as local:
        workers = [
            local.enter_context(_worker(cluster, toolchain))  # it waits for the server to come up
            for _ in range(cluster.workers)
        ]
        result = tlc.check(
            run, toolchain=toolchain, made_by=command, trouble=partial(_trouble, workers, [])
        )
    if result.verdict is Verdict.TOOL and result.trace:
        # The server prints the end of a counterexample, and not what it is one of.
        message = "something is violated: check the model on one machine to see what"
        return replace(result, trace=None, message=message)
    return result


Worker = tuple["subprocess.Popen[str]", IO[str]]
"""A worker's process and what it has written."""

PATIENCE = 10.0
"""Seconds in which a server must end after its last worker on this machine."""


@contextmanager
def _worker(cluster: Cluster, toolchain: Toolchain) -> Iterator[Worker]:
    arguments = cluster.worker_command(str(toolchain.java), str(toolchain.jar))
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as written,
        child(arguments, output=written) as process,
    ):
        yield process, written


def _trouble(workers: Sequence[Worker], ended: list[float]) -> str:
    """Why the server waits in vain: all workers of this machine have ended, and it has not.

    ``ended`` keeps since when.
    """
    if not workers or any(process.poll() is None for process, _ in workers):
        return ""
    ended.append(time.monotonic())
    if ended[-1] - ended[0] < PATIENCE:
        return ""
    last = []
    for process, written in workers:
        written.seek(0)
        lines = [line.strip() for line in written if line.strip()]
        last.append(f"status {process.returncode}: {' / '.join(lines[-3:]) or 'it wrote nothing'}")
    return f"all workers on this machine have ended: {'; '.join(dict.fromkeys(last))}"
