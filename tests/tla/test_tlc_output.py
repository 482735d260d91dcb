"""The reader of TLC's output: broken off, out of order, in the words of other releases."""

from pathlib import Path

import pytest

from model_consensus.tla.tlc import Run, check
from model_consensus.tla.tlc_output import (
    LONGEST_MESSAGE,
    PRINTED_LINES,
    Reader,
    Result,
    Verdict,
    Warned,
)
from model_consensus.tla.values import record

TLA = Path(__file__).parent


def message(code: int, text: str, severity: int = 0) -> str:
    return f"@!@!@STARTMSG {code}:{severity} @!@!@\n{text}\n@!@!@ENDMSG {code} @!@!@\n"


SUCCESS = message(2193, "Model checking completed. No error has been found.")
COUNTS = message(
    2199, "3,014 states generated, 2,009 distinct states found, 0 states left on queue."
)
FINISHED = message(2186, "Finished in 1ms at (2026-01-01 00:00:00)")
VIOLATED = message(2110, "Invariant Agreement is violated.", 1) + message(
    2121, "The behavior up to this point is:", 1
)
STATE_1 = message(2217, "1: <Initial predicate>\n/\\ x = 0\n/\\ y = <<>>\n", 4)
STATE_2 = message(
    2217, '2: <Go(1) line 3, col 4 to line 3, col 9 of module M>\n/\\ x = 1\n/\\ y = "a"\n', 4
)


def read(text: str, status: int = 0, properties: tuple[str, ...] = ()) -> Result:
    reader = Reader()
    for line in text.splitlines(keepends=True):
        reader.feed(line)
    return reader.result(status, properties=properties, config="M.cfg", seconds=1.0)


def test_success() -> None:
    result = read(SUCCESS + COUNTS + FINISHED)
    assert result.verdict == Verdict.HOLDS
    assert (result.generated, result.distinct) == (3014, 2009)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 0),
        (COUNTS + FINISHED, 0),  # no success was claimed
        (SUCCESS + COUNTS, 0),  # it never finished
        (SUCCESS + FINISHED, 1),
        (SUCCESS + FINISHED, -9),
        (SUCCESS + FINISHED + "@!@!@STARTMSG 2199:0 @!@!@\n3,014 states", 0),
        (VIOLATED + FINISHED, 12),  # no counterexample
        (VIOLATED + STATE_1 + STATE_2, 12),  # broken off
        (VIOLATED + STATE_1 + message(2217, "2: <Go line 1>\n/\\ x = [a", 4) + FINISHED, 12),
        ("Error: Could not find or load main class tlc2.TLC\n", 1),
        ('Exception in thread "main" java.lang.OutOfMemoryError\n' + FINISHED, 0),
    ],
)
def test_nothing_else_is_a_success_or_a_violation(text: str, status: int) -> None:
    result = read(text, status)
    assert result.verdict == Verdict.TOOL
    assert result.message
    assert "\n" not in result.message


def test_an_error_beside_a_success_is_no_success() -> None:
    assert read(message(2102, "Oh.", 1) + SUCCESS + FINISHED).verdict == Verdict.EVALUATION


def test_an_error_while_the_counterexample_is_printed_is_no_counterexample() -> None:
    where = "The error occurred at:\n0. Line 3, column 4 to line 3, column 9 in M\n"
    result = read(VIOLATED + STATE_1 + message(2103, where, 1) + FINISHED, 12)
    assert result.verdict == Verdict.EVALUATION
    assert result.message.startswith("M.tla line 3: Invariant Agreement is violated.")


def test_warnings_and_signals_are_kept() -> None:
    result = read(message(2279, "Symmetry is\ndangerous.", 3) + SUCCESS + COUNTS + FINISHED)
    assert (result.verdict, result.warnings) == (
        Verdict.HOLDS,
        (Warned(2279, "Symmetry is dangerous."),),
    )
    assert read(SUCCESS + FINISHED, -9).message == "TLC was killed by signal 9"


def test_every_prefix_of_a_counterexample_is_a_failure_of_the_tool() -> None:
    whole = VIOLATED + STATE_1 + STATE_2 + COUNTS + FINISHED
    assert read(whole, 12).verdict == Verdict.SAFETY
    lines = whole.splitlines(keepends=True)
    for count in range(len(lines)):
        assert read("".join(lines[:count]), 12).verdict == Verdict.TOOL


def test_a_counterexample_of_newer_releases_has_the_arguments_of_its_actions() -> None:
    where = "line 3, col 4 to line 3, col 9 of module M"
    states = [
        "1: <Initial predicate>\n/\\ x = 0\n",
        f'2: <Go(p1, "a b) line 7") {where}>\n/\\ x = 1\n',
        f"3: <Set((p1 :> <<1, 2>> @@ p2 :> {{}})) {where}>\n/\\ x = 2\n",
        f"4: <Stop {where}>\n/\\ x = 3\n",
    ]
    result = read(VIOLATED + "".join(message(2217, s, 4) for s in states) + FINISHED, 12)
    assert result.trace is not None
    assert [(step.action, step.arguments) for step in result.trace.steps] == [
        ("Init", ""),
        ("Go", '(p1, "a b) line 7")'),
        ("Set", "((p1 :> <<1, 2>> @@ p2 :> {}))"),
        ("Stop", ""),
    ]


def test_what_parser_and_linter_say_is_not_printed_by_the_specification() -> None:
    said = "Parsing file M.tla\nSemantic processing of module M\nLinting of module M\n"
    assert read(said + '"mine"\n' + SUCCESS + COUNTS + FINISHED).printed == ('"mine"',)


def test_trace_with_the_names_of_newer_releases() -> None:
    result = read(VIOLATED + STATE_1 + STATE_2 + FINISHED, 12)
    assert result.property == "Agreement"
    assert result.trace is not None
    assert [step.action for step in result.trace.steps] == ["Init", "Go"]
    assert result.trace.steps[1].state == record(x=1, y="a")


def test_a_property_of_an_instance_has_the_name_that_the_configuration_gives_it() -> None:
    text = message(2112, "Action property MC!Validity is violated.", 1) + STATE_1 + FINISHED
    assert read(text, 12, ("Validity",)).property == "Validity"
    assert read(text, 12, ("Validity", "Integrity")).property == "MC!Validity"


def test_an_invariant_keeps_its_name_beside_a_property() -> None:
    text = message(2110, "Invariant Safety is violated.", 1) + STATE_1 + FINISHED
    assert read(text, 12, ("Integrity",)).property == "Safety"


def test_newer_releases_name_the_temporal_property() -> None:
    text = message(2116, "Temporal property Live was violated.", 1) + STATE_1
    result = read(text + message(2218, "2: Stuttering", 4) + FINISHED, 13, ("Live", "Other"))
    assert (result.verdict, result.property) == (Verdict.LIVENESS, "Live")
    assert result.trace is not None
    assert result.trace.back_to == 1


def test_a_refinement_is_named_if_it_is_the_only_property() -> None:
    place = "line 9, col 1 to line 9, col 30 of module Abstract"
    text = message(2112, f"Action property {place} is violated.", 1) + STATE_1 + STATE_2 + FINISHED
    assert read(text, 13, ("Refines",)).property == "Refines"
    assert read(text, 13, ("Refines", "Other")).property is None


def test_messages_may_nest_and_start_anywhere_in_a_line() -> None:
    inner = "@!@!@STARTMSG 2132:0 @!@!@\nThe assertion fails.\n@!@!@ENDMSG 2132 @!@!@"
    result = read(message(1000, f"An exception\n: {inner}", 1) + COUNTS + FINISHED, 75)
    assert result.verdict == Verdict.EVALUATION
    assert "The assertion fails." in result.message
    assert result.distinct == 2009


def test_a_flood_of_prints_leaves_its_end() -> None:
    reader = Reader()
    for number in range(3 * PRINTED_LINES):
        reader.feed(f"line {number}\n")
    result = reader.result(0, properties=(), config="", seconds=0)
    assert len(result.printed) == PRINTED_LINES
    assert result.printed[-1] == f"line {3 * PRINTED_LINES - 1}"


def test_a_flood_in_one_message_is_dropped() -> None:
    reader = Reader()
    reader.feed("@!@!@STARTMSG 2217:4 @!@!@\n")
    piece = "x" * (1 << 20)
    for _ in range(3 * LONGEST_MESSAGE // len(piece)):
        reader.feed(piece)
    assert sum(map(len, reader._open[-1][2])) <= LONGEST_MESSAGE


def test_coverage_is_the_last_one_printed() -> None:
    def report(count: int) -> str:
        place = "line 5, col 1 to line 5, col 9 of module M"
        return message(2201, "The coverage") + message(2772, f"<Go {place}>: {count}:1,00{count}")

    result = read(report(1) + report(2) + SUCCESS + FINISHED)
    assert [(a.name, a.module, a.line, a.distinct, a.generated) for a in result.coverage] == [
        ("Go", "M", 5, 2, 1002)
    ]


@pytest.mark.parametrize(
    ("ending", "status"),
    [(SUCCESS, 0), (SUCCESS + FINISHED, 1), (SUCCESS + FINISHED.rstrip(), 3), ("", 0)],
)
def test_a_java_that_breaks_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str, status: int
) -> None:
    output = tmp_path / "output"
    output.write_text(COUNTS + ending)
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(
        '#!/bin/sh\n[ "$1" = -version ] && { echo \'openjdk version "17.0.1"\'; exit 0; }\n'
        f"cat {output}; exit {status}\n"
    )
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    result = check(Run(TLA / "Counter.tla", TLA / "Counter_holds.cfg"))
    assert result.verdict == Verdict.TOOL
