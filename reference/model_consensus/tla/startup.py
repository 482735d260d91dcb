"""Java starts TLC sooner if it finds the classes of TLC loaded and linked in a file.

Java 25 writes that file, its ahead-of-time cache (JEP 483, 514 and 515), at the end of a run of
TLC.  One is made before the first run, and kept in ``~/.cache/model-consensus``.  The environment
variable ``MODEL_CONSENSUS_CACHE`` names another folder; if it is set and empty, there is no cache.
Java does not use a file that is damaged, or made for another Java or another TLC; TLC then starts
as it would without one, and its results are the same.
"""

import hashlib
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from model_consensus.tla.process import child
from model_consensus.tla.scratch import exclusive, scratch_folder
from model_consensus.tla.toolchain import Toolchain

OLDEST_JAVA = 25
PATIENCE = 120.0
"""Seconds to wait for the file."""

# What is loaded while TLC checks this is in the file: the parser, the search, liveness, and how a
# counterexample is printed.
_MODULE = r"""---- MODULE Startup ----
EXTENDS Integers, Sequences, FiniteSets, TLC
CONSTANTS Bound, Names
VARIABLES turn, sent
vars == <<turn, sent>>
Message == [from : Names, value : 1..Bound]
Init == turn = [n \in Names |-> 0] /\ sent = {}
Step(n) ==
    /\ turn[n] < Bound
    /\ turn' = [turn EXCEPT ![n] = @ + 1]
    /\ sent' = sent \union {[from |-> n, value |-> turn'[n]]}
Next == \E n \in Names : Step(n)
Spec == Init /\ [][Next]_vars /\ \A n \in Names : WF_vars(Step(n))
RECURSIVE Sum(_)
Sum(names) ==
    IF names = {} THEN 0 ELSE LET n == CHOOSE n \in names : TRUE IN turn[n] + Sum(names \ {n})
TypeOK == turn \in [Names -> 0..Bound] /\ sent \subseteq Message
Counted == Sum(Names) = Cardinality(sent) /\ Len(<<sent>>) = 1
Grows == [][sent \subseteq sent']_sent
Sends == (sent = {}) ~> (sent # {})
IsSilent == []<>(sent = {})
====
"""
_CONFIG = """\
CONSTANTS
    Bound = 2
    Names = {a, b}
SPECIFICATION Spec
INVARIANTS TypeOK Counted
PROPERTIES Grows Sends IsSilent
"""


@cache
def options(toolchain: Toolchain) -> tuple[str, ...]:
    """The options with which Java uses the file, which is made if need be.

    There are none with an older Java, without a folder that can be written, and if the file cannot
    be made.
    """
    version = re.match(r"\d+", toolchain.java_version)
    if version is None or int(version[0]) < OLDEST_JAVA:
        return ()
    try:
        file = _made(toolchain)
    except (OSError, RuntimeError, subprocess.TimeoutExpired):  # RuntimeError: nobody's home
        return ()
    if file is None:
        return ()
    # Java looks at the checksum only if it is told to, and prints where TLC does.
    return (f"-XX:AOTCache={file}", "-XX:+VerifySharedSpaces", *_SILENCE)


_SILENCE = ("-Xlog:aot*=off", "-Xlog:cds*=off", "-Xlog:class+path=off")


def _made(toolchain: Toolchain) -> Path | None:
    """The file for this Java and this TLC; None if there is to be none."""
    named = os.environ.get("MODEL_CONSENSUS_CACHE")
    if named == "":
        return None
    folder = Path(named).absolute() if named else Path.home() / ".cache" / "model-consensus"
    place, content = _identity(toolchain)
    file = folder / f"tlc-{place}-{content}.aot"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(folder / "lock"):
            if not file.exists():
                _make(toolchain, file)
                for older in set(folder.glob(f"tlc-{place}-*.aot")) - {file}:
                    older.unlink()
    return file if file.stat().st_size else None


def _identity(toolchain: Toolchain) -> tuple[str, str]:
    """Where Java and TLC are, and which ones they are, as two short words.

    Java takes the file only if the jar has the path and the time of change that it had.
    """
    place = f"{toolchain.java}\n{toolchain.jar}"
    times = [each.stat().st_mtime_ns for each in (toolchain.java, toolchain.jar)]
    content = f"{toolchain.java_version}\n{toolchain.jar_sha256}\n{times}"
    first, second = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (place, content))
    return first, second


def _make(toolchain: Toolchain, file: Path) -> None:
    """Let Java write the file.  It is empty if Java cannot: so it is not asked each time."""
    with scratch_folder() as scratch:
        (scratch / "Startup.tla").write_text(_MODULE, encoding="utf-8")
        (scratch / "Startup.cfg").write_text(_CONFIG, encoding="utf-8")
        made = scratch / "tlc.aot"
        java = [str(toolchain.java), "-XX:+UseParallelGC", f"-Djava.io.tmpdir={scratch}"]
        java += [f"-XX:AOTCacheOutput={made}", *_SILENCE, "-cp", str(toolchain.jar)]
        tlc = ["tlc2.TLC", "-tool", "-metadir", str(scratch / "states"), "-coverage", "1"]
        tlc += ["-deadlock", "-config", "Startup.cfg", *toolchain.tlc_options, "Startup.tla"]
        with child([*java, *tlc], scratch, output=subprocess.DEVNULL) as process:
            process.wait(PATIENCE)
        made.touch()
        # Under its name only when it is complete, for others may be about to read it.
        unfinished = file.with_suffix(f".{os.getpid()}")
        try:
            shutil.copyfile(made, unfinished)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
