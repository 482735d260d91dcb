"""The command line: help with examples, one line for bad input, exit statuses, counterexamples."""

import subprocess
import sys
from pathlib import Path

import pytest

from model_consensus import __version__
from model_consensus.commands.cli import COMMANDS, main
from model_consensus.tla.manifest import load
from tests.support.places import ROOT, TLA


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_has_examples(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"] if command else ["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "examples:" in out
    assert f"model-consensus {command or 'verify'}" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"model-consensus {__version__}\n"


def test_every_file_that_names_the_version_names_this_one() -> None:
    root = ROOT
    assert f"\nversion: {__version__}\n" in (root / "CITATION.cff").read_text()
    assert f"\n## {__version__} " in (root / "CHANGELOG.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "required: COMMAND"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["verify", "--tier", "some"], "invalid choice: 'some'"),
        (["check", "X", "--workers", "0"], "not a positive number: 0"),
        (["check", "X", "--workers", "two"], "not a positive number: two"),
        (["check", "X", "--time-limit", "-1"], "not a number of seconds: -1"),
        (["check", "X", "--heap", "lots"], "not a size of memory, such as 4g: lots"),
        (["check", "X", "--heap", "0g"], "not a size of memory, such as 4g: 0g"),
        (["verify", "--jobs", "many"], "not a number: many"),
        (["verify", "--jobs", "-1"], "not a number: -1"),
        (["check", "X", "--time-limit", "nan"], "not a number of seconds: nan"),
    ],
)
def test_bad_arguments(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["check", "MCNowhere"], "no model MCNowhere in manifest.json; the nearest names are MC"),
        (["check", "no/such/file.cfg"], "no such file: no/such/file.cfg"),
        (["verify", "--jobs", "0"], "--jobs: not a positive number"),
        (["verify", "--json", "/nowhere/x.json"], "--json: no such folder: /nowhere"),
        (["verify", "MCNowhere"], "no model MCNowhere in manifest.json"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("model-consensus: error: ")
    assert complaint in err
    assert err.count("\n") == 1


def test_a_mistyped_model_is_answered_with_the_three_nearest_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "MCTobLerning"]) == 2
    assert capsys.readouterr().err == (
        "model-consensus: error: no model MCTobLerning in manifest.json; the nearest names are "
        "MCTobLearning, MCTobLearning_tiny, MCTobLearning_live (all: model-consensus models)\n"
    )


def test_models_are_listed_and_searched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    for model in load().models:
        assert f"\n{model.name} " in f"\n{out}"
    assert main(["models", "NECESSITY", "claims are believed"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("MCTobNecessity_unverified")
    assert "\n    Where claims are believed Resilience " in out
    assert main(["models", "--claim", "T4", "--kind", "holds", "live"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("MC")] == [
        "MCTobLearning_live",
        "MCTobFrontier_live",
    ]
    assert main(["models", "unicorn"]) == 1
    assert capsys.readouterr().out.startswith("0 of ")


def test_bad_toolchain_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TLA2TOOLS_JAR", "/nowhere.jar")
    assert main(["check", str(TLA / "Counter_holds.cfg")]) == 2
    err = capsys.readouterr().err
    assert err == "model-consensus: error: TLA2TOOLS_JAR: no such file: /nowhere.jar\n"


def test_a_configuration_without_its_module(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "Lost_one.cfg"
    config.touch()
    assert main(["check", str(config)]) == 2
    assert "no module Lost_one.tla beside it" in capsys.readouterr().err


def test_show_command_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(TLA / "Counter_holds.cfg"), "--show-command", "--workers", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "tlc2.TLC -tool" in out
    assert "-workers 2" in out
    assert out.endswith("-config Counter_holds.cfg Counter.tla\n")


@pytest.mark.tlc
def test_check_that_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(TLA / "Counter_holds.cfg")]) == 0
    out = capsys.readouterr().out
    assert "9 distinct states of 14 generated" in out
    assert "\nholds after " in out


@pytest.mark.tlc
def test_check_names_dead_actions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(TLA / "Counter_dead.cfg")]) == 0
    assert "note: the action Never (Counter.tla line 29) never fired" in capsys.readouterr().out


@pytest.mark.tlc
def test_check_of_what_is_violated_prints_what_each_step_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", str(TLA / "Counter_invariant.cfg")]) == 1
    out = capsys.readouterr().out
    steps = out[out.index("1: Init") : out.index("7 distinct")]
    assert steps == (
        "1: Init\n     count = [a |-> 0, b |-> 0]\n     turns = 0\n"
        '2: Advance\n     count["a"] = 1 (was 0)\n     turns = 1 (was 0)\n'
        '3: Advance\n     count["a"] = 2 (was 1)\n     turns = 2 (was 1)\n'
        '4: Advance\n     count["b"] = 1 (was 0)\n     turns = 3 (was 2)\n'
    )
    assert "Below is violated in 4 states" in out


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("variant", "ending"),
    [("liveness", "and nothing changes any more"), ("loop", "and again from 1")],
)
def test_check_of_a_behaviour_without_end(
    variant: str, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(TLA / f"Counter_{variant}.cfg")]) == 1
    assert ending in capsys.readouterr().out


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["BadSyntax.cfg"], "parse error after"),
        (["Counter_evaluation.cfg"], "evaluation error"),
        (["Endless.cfg", "--time-limit", "2"], "stopped at its time limit of 2 s"),
    ],
)
def test_no_verdict_is_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(TLA / arguments[0]), *arguments[1:]]) == 2
    assert said in capsys.readouterr().out


def test_a_reader_that_goes_away_leaves_no_traceback() -> None:
    module = [sys.executable, "-m", "model_consensus"]
    command = " ".join([*module, "check", str(TLA / "Counter_holds.cfg"), "--show-command"])
    done = subprocess.run(
        ["sh", "-c", f"(sleep 1; {command}) | true"], capture_output=True, text=True
    )
    assert done.stderr == ""


def test_a_missing_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None; "
        "from model_consensus.commands.cli import main; "
        "sys.exit(main(['explore', 'MCStreamlet_graph1']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "model-consensus: error: cryptography is not installed: "
        "pip install 'model-consensus[streamlet]'\n"
    )
