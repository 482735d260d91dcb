"""The code blocks of the documentation run: Python blocks of a page in one namespace, in order.

A line of a ``console`` block that starts with ``model-consensus`` must exit with 0, or with what a
comment that ends with ``exit N`` says.  Lines of other programs are not run here.  A Python block
that starts with ``# NAME.py`` becomes that file.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model_consensus.commands.cli import main
from tests.support.places import ROOT

PAGES = ("README.md", "docs/tutorial.md", "docs/implementers.md", "docs/api.md")
_BLOCK = re.compile(r"(?ms)^```(console|python)\n(.*?)^```$")


def blocks(page: str) -> Iterator[tuple[str, str]]:
    yield from ((found[1], found[2]) for found in _BLOCK.finditer(page))


def commands(page: str) -> Iterator[tuple[list[str], int]]:
    """The arguments of each command of a page, and its exit status."""
    for kind, text in blocks(page):
        for line in text.splitlines() if kind == "console" else ():
            if line.startswith("model-consensus "):
                status = re.search(r"#.*exit (\d)", line)
                yield shlex.split(line, comments=True)[1:], int(status[1]) if status else 0


@pytest.mark.tlc
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs(
    page: str,
    importable: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(importable)
    text = (ROOT / page).read_text(encoding="utf-8")
    waiting = commands(text)
    names: dict[str, Any] = {"__name__": page}
    for kind, block in blocks(text):
        if file := re.match(r"# (\w+\.py)\n", block):
            (importable / file[1]).write_text(block, encoding="utf-8")
        elif kind == "python":
            exec(compile(block, page, "exec"), names)
        else:
            for line in block.splitlines():
                if line.startswith("model-consensus "):
                    arguments, status = next(waiting)
                    assert main(arguments) == status, f"{line}\n{capsys.readouterr()}"


def test_a_block_that_fails_is_noticed() -> None:
    page = "```console\nmake verify\nmodel-consensus settle --alpha 2  # exit 2\n```\n"
    assert [(main(arguments), status) for arguments, status in commands(page)] == [(2, 2)]
