"""The code blocks of the documents run: Python blocks of a page in one namespace, in order.

A line of a ``console`` block that starts with ``model-consensus`` is run by the installed console
script, in a folder that is empty at the page's beginning.  It must exit with 0, or with what a
comment that ends with ``exit N`` says.  Of a line of another program only what it names must exist.
A Python block that starts with ``# NAME.py`` becomes that file.

Before a block that takes too long or is not complete stands ``<!-- not run: REASON -->``.  The
arguments of its commands must be understood all the same, and its Python must compile.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from model_consensus.commands import cli
from model_consensus.errors import ModelConsensusError
from tests.support.places import DOCUMENTS, ROOT

_BLOCK = re.compile(r"(?ms)^(<!-- not run: [^\n]+ -->\n)?```(console|python)\n(.*?)^```$")
SCRIPT = Path(sys.executable).with_name("model-consensus")
MAKE_SETS = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
TARGETS = re.findall(r"(?m)^([a-z]+):.* ## ", (ROOT / "Makefile").read_text("utf-8"))


@dataclass(frozen=True)
class Block:
    """A code block: ``console`` or ``python``, and whether it is to be run."""

    kind: str
    text: str
    run: bool

    @property
    def commands(self) -> Iterator[tuple[list[str], int]]:
        """The words of each command line, and the exit status that it must have."""
        for line in self.text.splitlines() if self.kind == "console" else ():
            if words := shlex.split(line, comments=True):
                status = re.search(r"#.*exit (\d)", line)
                yield words, int(status[1]) if status else 0


def blocks(page: str) -> list[Block]:
    return [Block(found[2], found[3], not found[1]) for found in _BLOCK.finditer(page)]


def understood(arguments: list[str]) -> bool:
    """Whether ``model-consensus`` takes these arguments; nothing is run."""
    try:
        cli._parser(arguments).parse_args(arguments)
    except (SystemExit, ModelConsensusError):
        return False
    return True


def exists(words: list[str]) -> bool:
    """Whether the targets, modules and files that a line of another program names exist."""
    program, *rest = words
    names = [word for word in rest if not word.startswith("-") and "=" not in word]
    match Path(program).name:
        case "make":
            return set(names) <= set(TARGETS)
        case "python" if "-m" in rest:
            place = ROOT / names[0].replace(".", "/")
            return place.is_dir() or place.with_suffix(".py").is_file()
        case "python" | "pytest" | "node":
            return (ROOT / names[0]).exists()
        case "java":  # TLC, in the folder of the specifications
            files = [word for word in rest if word.endswith((".tla", ".cfg"))]
            return bool(files) and all((ROOT / "spec" / file).is_file() for file in files)
    return False


PAGES = {
    str(path.relative_to(ROOT)): found
    for path in DOCUMENTS
    if (found := blocks(path.read_text("utf-8")))
}


@pytest.mark.tlc
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs(page: str, importable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(importable)
    names: dict[str, Any] = {"__name__": page}
    for block in PAGES[page]:
        if block.kind == "python" and (file := re.match(r"# (\w+\.py)\n", block.text)):
            (importable / file[1]).write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            code = compile(block.text, page, "exec")
            if block.run:
                exec(code, names)
        for words, status in block.commands:
            if words[0] != "model-consensus":
                assert exists(words), words
            elif block.run:
                run(words[1:], status)
            else:
                assert understood(words[1:]), words


def run(arguments: list[str], status: int) -> None:
    """Run the console script in the current folder, which is not on the path of Python."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [SCRIPT, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == status, f"{arguments}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(
    "line",
    [
        "make verified",
        "python -m tools.no_such_tool",
        ".venv/bin/python benchmarks/none.py",
        ".venv/bin/pytest tests/none",
        "java -cp tla2tools.jar tlc2.TLC -config MCNone.cfg MCTobLearning.tla",
        "unheard-of program",
    ],
)
def test_a_line_that_names_nothing_is_noticed(line: str) -> None:
    [(words, _)] = Block("console", line, run=False).commands
    assert not exists(words)


def test_lines_of_other_programs_are_known() -> None:
    text = "make test # all\n.venv/bin/python -m tools.mutants\npython benchmarks/speed.py --help\n"
    assert all(exists(words) for words, _ in Block("console", text, run=False).commands)


def test_a_block_that_fails_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "```console\nmodel-consensus settle --alpha 2  # exit 2\n```\n"
    [block] = blocks(page)
    [(words, status)] = block.commands
    assert block.run
    assert status == 2
    monkeypatch.chdir(tmp_path)
    run(words[1:], 2)
    with pytest.raises(AssertionError, match="--alpha"):
        run(words[1:], 0)


def test_a_block_that_is_not_run_is_checked() -> None:
    page = "<!-- not run: it takes hours -->\n```console\nmodel-consensus verify --teir all\n```\n"
    [block] = blocks(page)
    [(words, _)] = block.commands
    assert not block.run
    assert not understood(words[1:])
    assert understood(["verify", "--tier", "all"])


def inline_commands(text: str) -> Iterator[str]:
    """What stands between backquotes and begins with ``model-consensus``."""
    for command in re.findall(r"`model-consensus ([^`]+)`", text):
        if not re.search(r"\||\.\.\.|…", command):
            yield " ".join(command.split())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_the_text_are_understood(path: Path) -> None:
    for command in inline_commands(path.read_text("utf-8")):
        arguments = shlex.split(command)
        if len(arguments) == 1 and arguments[0] in cli.COMMANDS:
            continue  # the command alone is a name
        assert understood(arguments), command


def test_every_target_has_a_sentence_in_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", "")
    phony = re.search(r"(?m)^\.PHONY: (.*)$", makefile)
    assert phony
    assert sorted(phony[1].split()) == sorted(TARGETS)
    # Make tells a make below it, by these variables, to announce the directories it enters.
    alone = {name: value for name, value in os.environ.items() if name not in MAKE_SETS}
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, env=alone, capture_output=True, text=True, check=True
    )
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines] == TARGETS
    assert all(re.fullmatch(r"[a-z]+ +[A-Z].+\.", line) and len(line) <= 100 for line in lines)
