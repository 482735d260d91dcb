"""Known soundness bugs of TLC: which of them the TLC at hand has, and that they cannot matter.

docs/tlc.md describes them.
"""

import re
from pathlib import Path

import pytest

from model_consensus.conformance.trace_values import GENESIS, LARGEST
from model_consensus.conformance.traces import MOST_TIMES, MOST_VALUES
from model_consensus.tla.config import COMMENT
from model_consensus.tla.tlc import Run, check
from model_consensus.tla.tlc_output import Verdict
from model_consensus.tla.toolchain import find_toolchain
from tests.support.places import ROOT, TLA

BUNDLED = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"


@pytest.mark.tlc
@pytest.mark.parametrize("name", ["Bug1145", "Bug1407", "Bug1433"])
def test_whether_tlc_has_the_bug(name: str) -> None:
    """The bundled release has all of them; of another one the assumption holds or is false."""
    result = check(Run(TLA / f"{name}.tla", TLA / f"{name}.cfg"))
    assert result.verdict in (Verdict.ASSUMPTION, Verdict.HOLDS)
    if find_toolchain().jar_sha256 == BUNDLED:
        assert result.verdict is Verdict.ASSUMPTION


def plain(path: Path) -> str:
    return COMMENT.sub(lambda found: found[1] or " ", path.read_text(encoding="utf-8"))


def changed_constructors(text: str) -> list[str]:
    """The functions that EXCEPT changes and that a constructor makes, by name or on the spot."""
    bases = re.findall(r"\[\s*([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*?)\s+EXCEPT\b", text)
    made = set(re.findall(r"\b(\w+)\s*(?:\([^()]*\))?\s*==\s*\[[^\[\]]*\\in[^\[\]]*\|->", text))
    made |= set(re.findall(r"\b(\w+)\[[^\[\]]*\\in[^\[\]]*\]\s*==", text))
    return [base for base in bases if "|->" in base or base.split("[")[0].strip() in made]


FUNCTIONS = r"\[[^\[\]|]*[^|\[\]]->[^\[\]]*\]"


def compared_sets_of_functions(text: str) -> list[str]:
    """The comparisons of which one side is a set of functions."""
    return re.findall(rf"{FUNCTIONS}\s*(?:=(?!=|>)|#|/=)|(?<![=<>])(?:=|#|/=)\s*{FUNCTIONS}", text)


GREATEST = 2**31 - 1
"""TLC has no greater number."""


def greatest_numbers(text: str) -> list[str]:
    """The numbers that are TLC's greatest, of which an interval could end there."""
    return [number for number in re.findall(r"\b\d+\b", text) if int(number) >= GREATEST]


def test_the_checks_find_what_they_are_to_find() -> None:
    for name, find in (
        ("Bug1145", changed_constructors),
        ("Bug1407", compared_sets_of_functions),
        ("Bug1433", greatest_numbers),
    ):
        assert find(plain(TLA / f"{name}.tla"))
    assert changed_constructors("f == [i \\in S |-> 0]\ng == [f EXCEPT ![1] = 2]") == ["f"]
    assert changed_constructors("f[i \\in S] == 0\ng == [f EXCEPT ![1] = 2]") == ["f"]
    assert not changed_constructors("g == [inbox EXCEPT ![p] = Tail(@)]")
    assert compared_sets_of_functions("a = [S -> T]")
    assert not compared_sets_of_functions("x \\in [S -> T] /\\ Types == [S -> T] /\\ y = [a |-> 1]")


@pytest.mark.parametrize("path", sorted((ROOT / "spec").glob("*.tla")), ids=lambda p: p.stem)
def test_no_specification_uses_what_the_bugs_need(path: Path) -> None:
    text = plain(path)
    assert changed_constructors(text) == []
    assert compared_sets_of_functions(text) == []
    assert greatest_numbers(text) == []


@pytest.mark.parametrize("path", sorted((ROOT / "spec").glob("*.cfg")), ids=lambda p: p.stem)
def test_no_configuration_has_the_number_that_a_bug_needs(path: Path) -> None:
    assert greatest_numbers(plain(path)) == []


def test_no_trace_has_the_number_that_a_bug_needs() -> None:
    """TLC gets no greater number than the last model's, or the rank of the greatest loss."""
    assert GENESIS + MOST_TIMES * MOST_VALUES < GREATEST
    assert LARGEST + 1 + MOST_TIMES * MOST_VALUES < GREATEST
