"""The file with which Java starts faster: made once, replaced when stale, and never needed."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from model_consensus.tla import startup, tlc
from model_consensus.tla.toolchain import Toolchain, find_toolchain

COUNTER = tlc.Run(
    Path(__file__).parent / "Counter.tla", Path(__file__).with_name("Counter_holds.cfg"), quick=True
)

# A Java that notes each call in the file "calls" and writes what it is told to write.
JAVA = """#!/bin/sh
echo called >> "$(dirname "$0")/calls"
for option; do
  case $option in -XX:AOTCacheOutput=*) echo classes > "${option#*=}";; esac
done
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the files go."""
    monkeypatch.setenv("MODEL_CONSENSUS_CACHE", str(tmp_path / "cache"))
    startup.options.cache_clear()
    yield tmp_path / "cache"
    startup.options.cache_clear()


@pytest.fixture
def fake(tmp_path: Path) -> Toolchain:
    """A Java of the oldest version that can write the file, and a jar that it never opens."""
    java, jar = tmp_path / "java", tmp_path / "tla2tools.jar"
    java.write_text(JAVA)
    java.chmod(0o755)
    jar.write_bytes(b"TLC")
    return Toolchain(java, "25.0.2", jar, "sha256", "2.15")


def options(toolchain: Toolchain) -> tuple[str, ...]:
    """As a new process would get them."""
    startup.options.cache_clear()
    return startup.options(toolchain)


def calls(toolchain: Toolchain) -> int:
    """How often Java was started."""
    noted = toolchain.java.with_name("calls")
    return len(noted.read_text().splitlines()) if noted.exists() else 0


def made(folder: Path) -> list[Path]:
    """What is in the folder beside the lock."""
    return sorted(set(folder.iterdir()) - {folder / "lock"})


def test_the_file_is_made_once(fake: Toolchain, folder: Path) -> None:
    first, *others = options(fake)
    (file,) = made(folder)
    assert first == f"-XX:AOTCache={file}"
    assert "-XX:+VerifySharedSpaces" in others
    assert file.read_text() == "classes\n"
    assert options(fake) == (first, *others)
    assert calls(fake) == 1


def test_the_file_is_made_once_by_many_at_the_same_time(fake: Toolchain, folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(startup._made, [fake] * 8))
    assert set(files) == set(made(folder))
    assert calls(fake) == 1


@pytest.mark.parametrize("changed", ["java_version", "jar_sha256"])
def test_another_java_or_jar_in_its_place_gets_another_file(
    fake: Toolchain, folder: Path, changed: str
) -> None:
    options(fake)
    (stale,) = made(folder)
    assert options(replace(fake, **{changed: "26"}))  # type: ignore[arg-type]
    (file,) = made(folder)
    assert file != stale
    assert calls(fake) == 2


def test_a_jar_that_was_written_again_gets_another_file(fake: Toolchain, folder: Path) -> None:
    options(fake)
    (stale,) = made(folder)
    fake.jar.unlink()
    fake.jar.write_bytes(b"TLC")
    options(fake)
    assert stale not in made(folder)
    assert calls(fake) == 2


def test_two_places_have_a_file_each(fake: Toolchain, folder: Path) -> None:
    options(fake)
    other = fake.jar.with_name("other.jar")
    other.write_bytes(b"TLC")
    options(replace(fake, jar=other))
    assert len(made(folder)) == 2


@pytest.mark.parametrize("version", ["11.0.2", "24.0.1", "1.8.0_402", "unknown"])
def test_an_older_java_has_none(fake: Toolchain, folder: Path, version: str) -> None:
    assert options(replace(fake, java_version=version)) == ()
    assert not folder.exists()


def test_an_empty_name_switches_it_off(fake: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CONSENSUS_CACHE", "")
    assert options(fake) == ()
    assert calls(fake) == 0


def test_without_the_variable_it_is_in_the_home_of_the_user(
    fake: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MODEL_CONSENSUS_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert options(fake)
    (folder,) = (tmp_path / "home").rglob("model-consensus")
    assert folder == tmp_path / "home" / ".cache" / "model-consensus"
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written(fake: Toolchain, folder: Path) -> None:
    folder.touch()  # not even root makes a folder where a file is
    assert options(fake) == ()
    assert calls(fake) == 0


def test_a_java_that_cannot_write_it_is_asked_once(fake: Toolchain, folder: Path) -> None:
    fake.java.write_text(JAVA.replace("for option", "exit 1\nfor option"))
    assert options(fake) == ()
    assert options(fake) == ()
    assert calls(fake) == 1


def test_an_unfinished_file_never_has_its_name(
    fake: Toolchain, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:3])
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copyfile", full)
        assert options(fake) == ()
    assert made(folder) == []
    assert options(fake)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What Java writes."""
    toolchain = find_toolchain()
    file = tmp_path_factory.mktemp("real") / "tlc.aot"
    startup._make(toolchain, file)
    if int(toolchain.java_version.split(".")[0]) < startup.OLDEST_JAVA:
        pytest.skip(f"Java {toolchain.java_version} cannot write the file")
    return file.read_bytes()


def output(folder: Path, scratch: Path, *more: str) -> str:
    """What Java prints, with more options, while TLC finds that the model holds."""
    java, *arguments = tlc.command(COUNTER, find_toolchain(), scratch)
    assert len(made(folder)) == 1
    done = subprocess.run(
        [java, *more, *arguments], cwd=COUNTER.module.parent, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.tlc
def test_java_takes_the_classes_from_the_file(
    real: bytes, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "_make", lambda toolchain, file: file.write_bytes(real))
    lines = output(folder, tmp_path, "-Xlog:class+load").splitlines()
    for name in ("tlc2.TLC", "tla2sany.parser.TLAplusParser", "tlc2.tool.liveness.LiveCheck"):
        (line,) = [line for line in lines if f" {name} source:" in line]
        assert line.endswith("source: shared objects file")


@pytest.mark.tlc
@pytest.mark.parametrize("damage", ["another", "cut off", "zeros"])
def test_a_damaged_file_changes_nothing(
    real: bytes, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    start, end = real[: len(real) // 2], real[len(real) // 2 :]
    content = {"another": b"classes", "cut off": start, "zeros": start + bytes(len(end))}[damage]
    monkeypatch.setattr(startup, "_make", lambda toolchain, file: file.write_bytes(content))
    assert output(folder, tmp_path).startswith("@!@!@STARTMSG 2262:0")
    assert tlc.check(COUNTER).distinct == 9
