"""Child processes that do not outlive us, whatever ends us."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

# Linux ends a child with its parent if the child asks for it.  The child asks before it becomes the
# program, and looks whether its parent has died meanwhile.  (Asking between fork and exec, which
# Popen offers, is unsafe in a process with threads.)
_TIED = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"  # PR_SET_PDEATHSIG, SIGKILL
    "os.getppid() == int(sys.argv[1]) or os._exit(1)\n"
    "os.execv(sys.argv[2], sys.argv[2:])\n"
)


@contextmanager
def child(
    arguments: list[str], folder: Path | None = None, output: int | IO[str] = subprocess.PIPE
) -> Iterator["subprocess.Popen[str]"]:
    """A process that is gone at the end of the block, in a group of its own.

    So Ctrl-C in a terminal reaches us alone, and we end the child.  On Linux it ends even if we are
    killed; elsewhere SIGKILL of this program leaves the child running.  ``output`` takes what it
    writes to both standard streams.
    """
    if sys.platform == "linux":
        arguments = [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), *arguments]
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill(process)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def kill(process: "subprocess.Popen[str]") -> None:
    """End a process and its group, if it has not ended."""
    if process.poll() is None:
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
