"""Windows that TLC has accepted, noted in a file: a check that was interrupted goes on from it.

A line of the file is the SHA-256 digest of all that a verdict depends on: the specifications, TLC,
and the window as TLC gets it.  So it does not matter from which file a window comes, and what was
changed since is checked again.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from model_consensus.conformance.trace_check import OnProgress, TraceVerdict, setting
from model_consensus.conformance.trace_encoding import Encoded
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_module import module_text
from model_consensus.tla.manifest import spec_directory
from model_consensus.tla.toolchain import find_toolchain

Check = Callable[[Sequence[Encoded]], list[TraceVerdict]]


class Accepted:
    """The file and what it holds.  The methods can be called from several threads.

    :raises TraceError: the file cannot be read or written, or is another kind of file.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.touch()
            lines = path.read_text(encoding="ascii").splitlines(keepends=True)
        except (OSError, UnicodeDecodeError) as error:
            raise TraceError(f"{path}: it cannot hold accepted windows: {error}") from None
        whole = [line for line in lines if line.endswith("\n")]  # the last one may be cut off
        for number, line in enumerate(whole, 1):
            if not re.fullmatch(r"[0-9a-f]{64}\n", line):
                raise TraceError(f"{path}: line {number}: not the digest of an accepted window")
        path.write_text("".join(whole), encoding="ascii")
        self._path = path
        self._digests = {line.strip() for line in whole}
        self._lock = threading.Lock()
        self._tools = _tools()

    def check(
        self, windows: Sequence[Encoded], check: Check, on_progress: OnProgress
    ) -> list[TraceVerdict]:
        """The verdicts on windows, of which ``check`` gets those that are not accepted yet."""
        digests = [self._digest(window) for window in windows]
        new = [w for w, digest in zip(windows, digests, strict=True) if digest not in self._digests]
        checked = iter(check(new) if new else [])
        verdicts, accepted = [], []
        for window, digest in zip(windows, digests, strict=True):
            if digest in self._digests:
                on_progress(len(window.states))
                verdicts.append(TraceVerdict(window.trace, None))
                continue
            verdicts.append(next(checked))
            if verdicts[-1].accepted:
                accepted.append(digest)
        with self._lock, self._path.open("a", encoding="ascii") as file:
            file.writelines(f"{digest}\n" for digest in accepted)
        return verdicts

    def _digest(self, window: Encoded) -> str:
        module, constants = setting(window)
        text = module_text("RecordedTraces", f"Trace{module}", [window], "<<>>")
        parts = [self._tools, constants, window.problem or "", *text]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _tools() -> str:
    """The specifications and TLC."""
    digest = hashlib.sha256(find_toolchain().jar_sha256.encode())
    for file in sorted(spec_directory().glob("*.tla")) + sorted(
        spec_directory().glob("Trace*.cfg")
    ):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
