"""Checking files of any length: their traces, or the windows of them, in parallel runs of TLC."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model_consensus.conformance.accepted import Accepted
from model_consensus.conformance.trace_check import OnProgress, TraceVerdict, check_encoded
from model_consensus.conformance.trace_encoding import Encoded, encode
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_windows import read_windows
from model_consensus.tla.tlc import StoppedError

TOGETHER = 3_000
"""States that one run of TLC checks, or those of one longer window."""

Recheck = Callable[[TraceVerdict], TraceVerdict]
"""What is checked of a window besides: a verdict becomes the same or a rejection."""


@dataclass(frozen=True)
class FileVerdict:
    """What is found of a file.

    :ivar verdict: on its first window that is rejected, on the first one in which the depth was
        not safe, or on its last one; None if the file cannot be checked.
    :ivar problem: why it cannot be checked.
    :ivar states: how many states were checked.
    """

    path: Path
    verdict: TraceVerdict | None
    problem: str = ""
    states: int = 0


@dataclass(frozen=True)
class _Part:
    """A window of a file; without one, the end of the file, or the problem that ends it.

    :ivar number: of the file: it may be given twice.
    """

    number: int
    path: Path
    window: Encoded | None
    problem: str = ""


def check_files(
    files: Iterable[Path],
    *,
    recheck: Callable[[], Recheck] = lambda: lambda verdict: verdict,
    time_limit: float | None = None,
    on_progress: OnProgress = lambda states: None,
    workers: int | None = None,
    times: int = 1,
    accepted: Accepted | None = None,
) -> Iterator[FileVerdict]:
    """Check traces of either format; the verdicts come in the order of the files.

    A file is read no further than its first fault.

    :param recheck: is asked for each file what else its windows, in their order, must pass.
    :param time_limit: of each run of TLC, in seconds.
    :param workers: runs of TLC at a time; by default as many as there are processors.
    :param times: by how much the limits on what is read are raised.
    :param accepted: the windows that need not be checked again, and where others are noted.
    :raises ModelConsensusError: TLC failed.
    """
    closed: set[int] = set()
    stop = threading.Event()
    workers = workers or os.cpu_count() or 1
    pending: deque[tuple[list[_Part], Future[list[TraceVerdict]]]] = deque()
    found = _Found(closed, recheck)

    def check(windows: Sequence[Encoded]) -> list[TraceVerdict]:
        return check_encoded(windows, time_limit=time_limit, on_progress=on_progress, stop=stop)

    def check_new(windows: Sequence[Encoded]) -> list[TraceVerdict]:
        return accepted.check(windows, check, on_progress) if accepted else check(windows)

    with ThreadPoolExecutor(workers) as pool:
        try:
            for parts in _together(_parts(files, closed, times)):
                windows = [part.window for part in parts if part.window]
                pending.append((parts, pool.submit(check_new, windows)))
                while len(pending) > workers or (pending and pending[0][1].done()):
                    yield from found.of(*pending.popleft())
            while pending:
                yield from found.of(*pending.popleft())
        finally:
            stop.set()
            for _, job in pending:
                job.cancel()
                with suppress(StoppedError):
                    if not job.cancelled():
                        job.exception()


def _parts(files: Iterable[Path], closed: set[int], times: int) -> Iterator[_Part]:
    for number, path in enumerate(files):
        try:
            for window in read_windows(path, times):
                if number in closed:
                    break
                yield _Part(number, path, encode(window))
            yield _Part(number, path, None)
        except TraceError as error:
            yield _Part(number, path, None, str(error))


def _together(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    """The parts in groups, each for one run of TLC."""
    group: list[_Part] = []
    states = 0
    for part in parts:
        size = len(part.window.states) if part.window else 0
        if group and states + size > TOGETHER:
            yield group
            group, states = [], 0
        group.append(part)
        states += size
    yield group


class _Found:
    """Makes of the verdicts on windows, which come in order, those on files."""

    def __init__(self, closed: set[int], recheck: Callable[[], Recheck]) -> None:
        self._closed = closed
        self._new_recheck = recheck
        self._recheck = recheck()
        self._last: TraceVerdict | None = None
        self._unsafe: TraceVerdict | None = None
        self._states = 0

    def of(self, parts: list[_Part], job: "Future[list[TraceVerdict]]") -> Iterator[FileVerdict]:
        """The verdicts on the files that end among these parts."""
        verdicts = iter(job.result())
        for part in parts:
            verdict = next(verdicts) if part.window else None
            if part.number in self._closed:
                continue
            if verdict is not None:
                try:
                    verdict = self._recheck(verdict)
                except TraceError as error:
                    yield self._end(part, None, str(error))
                    continue
                self._states += len(verdict.trace.states) - bool(verdict.trace.first)
                if verdict.unsafe is not None:
                    self._unsafe = self._unsafe or verdict
                self._last = verdict
                if verdict.rejection is None:
                    continue
                self._unsafe = None
            found = self._unsafe or self._last
            yield self._end(part, None if part.problem else found, part.problem)

    def _end(self, part: _Part, verdict: TraceVerdict | None, problem: str) -> FileVerdict:
        found = FileVerdict(part.path, verdict, problem, 0 if problem else self._states)
        self._closed.add(part.number)
        self._last, self._unsafe, self._states = None, None, 0
        self._recheck = self._new_recheck()
        return found
