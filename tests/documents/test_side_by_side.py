"""Each learner and its specification have the same parts, by name or by a reason given."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tools.reading_times import HOURS, WORDS_A_MINUTE, minutes, table, words
from tools.side_by_side import LEARNERS, Learner, functions, operators, page, pairs, python_name


def unaccounted(learner: Learner) -> tuple[set[str], set[str]]:
    """The operators and the functions that are in no pair and in no table of exceptions."""
    paired = pairs(learner)
    return (
        set(learner.operators()) - {operator for operator, _ in paired} - set(learner.no_function),
        set(learner.functions()) - {function for _, function in paired} - set(learner.no_operator),
    )


@pytest.mark.parametrize("name", LEARNERS)
def test_every_operator_and_every_function_is_accounted_for(name: str) -> None:
    assert unaccounted(LEARNERS[name]) == (set(), set())


@pytest.mark.parametrize("name", LEARNERS)
def test_no_exception_is_needless(name: str) -> None:
    learner = LEARNERS[name]
    specified, implemented = learner.operators(), learner.functions()
    by_name = {python_name(operator) for operator in specified}
    assert set(learner.no_function) | set(learner.renamed) <= set(specified)
    assert set(learner.no_operator) <= set(implemented) - by_name
    for operator in (*learner.no_function, *learner.renamed):
        renamed, _ = learner.renamed.get(operator, (None, None))
        assert python_name(operator) not in set(implemented) - {renamed}, operator
    functions_of_pairs = [function for _, function in pairs(learner)]
    assert len(functions_of_pairs) == len(set(functions_of_pairs))


def test_a_part_that_one_side_lacks_is_noticed() -> None:
    learner = LEARNERS["TobLearner"]
    lacking = replace(learner, no_function={}, renamed={})
    assert unaccounted(lacking) == ({*learner.no_function, "HonestOffer"}, {"offer"})


def test_operators_are_read_with_their_comments() -> None:
    module = """---- MODULE M ----
(* Not this one. *)

(* Of the first. *)
IsFirst(x) == x = 1
Second == 2

RECURSIVE Third(_)
Third(x) ==
    IF x = 0
    THEN 0 ELSE Third(x - 1)
(* Of nothing. *)
====
"""
    assert operators(module) == {
        "IsFirst": "(* Of the first. *)\nIsFirst(x) == x = 1",
        "Second": "Second == 2",
        "Third": "RECURSIVE Third(_)\nThird(x) ==\n    IF x = 0\n    THEN 0 ELSE Third(x - 1)",
    }
    assert functions("def a() -> int:\n    return 1\n\ndef _b() -> None: ...\nclass C: ...\n") == {
        "a": "def a() -> int:\n    return 1"
    }


@pytest.mark.parametrize("name", LEARNERS)
def test_the_table_has_no_line_that_ends_it(name: str) -> None:
    inside = page(name).partition("</table>")[0]
    assert "" not in inside.split("\n")[:-1]
    assert inside.count("<tr>") == inside.count("</tr>") == len(pairs(LEARNERS[name])) + 1
    assert not re.search(r"<(?!/?(table|tr|th|td|pre)>)", inside)


def test_the_hours_are_what_they_are_called() -> None:
    """Each hour takes at most an hour, and together they contain the whole core but Streamlet."""
    for files in HOURS.values():
        assert minutes(sum(words(file) for file, _ in files)) <= 60
    ground = {
        path.name
        for path in (ROOT / "reference" / "model_consensus").glob("*.py")
        if path.stem not in ("__init__", "__main__", "errors")
    }
    read = {Path(file) for files in HOURS.values() for file, _ in files}
    core = Path("reference") / "model_consensus"
    assert {file.name for file in read if file.parent == core} == ground
    assert f"at {WORDS_A_MINUTE}\nwords a minute" in (
        ROOT / "docs" / "read-in-an-hour.md"
    ).read_text(encoding="utf-8")


def test_sizes_are_those_of_the_files() -> None:
    text = (ROOT / "spec" / "TobLearner.tla").read_text(encoding="utf-8")
    count = len(re.findall(r"\S+", text))
    assert f"| {text.count(chr(10))} | {count} | {-(-count // 120)} |" in table("first")
