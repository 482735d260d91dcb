"""The command line: help with examples, one line for bad input, exit statuses, counterexamples."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from model_consensus import __version__
from model_consensus.commands import check
from model_consensus.commands.cli import COMMANDS, main
from model_consensus.commands.extras import EXTRAS
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


NOT_SECONDS = "--time-limit: not a number of seconds in 0.001..4000000: "


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["frobnicate"], "argument COMMAND: invalid choice: 'frobnicate'"),
        (["verify", "--tier", "some"], "argument --tier: invalid choice: 'some'"),
        (["check", "X", "--workers", "0"], "--workers: not an integer in 1..2147483647: '0'"),
        (["check", "X", "--workers", "two"], "--workers: not an integer in 1..2147483647: 'two'"),
        (["check", "X", "--workers", "9" * 99], "--workers: not an integer in 1..2147483647: '99"),
        (["check", "X", "--time-limit", "-1"], f"{NOT_SECONDS}'-1'"),
        (["check", "X", "--time-limit", "nan"], f"{NOT_SECONDS}'nan'"),
        (["check", "X", "--heap", "lots"], "not a size of memory such as 512m or 4g: 'lots'"),
        (["prove", "--time-limit", "nan"], f"{NOT_SECONDS}'nan'"),
        (["prove", "--time-limit", "0"], f"{NOT_SECONDS}'0'"),
        (["prove", "--time-limit", "inf"], f"{NOT_SECONDS}'inf'"),
        (["prove", "--time-limit", "5e6"], f"{NOT_SECONDS}'5e6'"),
        (["prove", "--workers", "0"], "--workers: not an integer in 1..2147483647: '0'"),
        (["prove", "--seed", "-1"], "argument --seed: not an integer in 0..2147483647: '-1'"),
        (["check", "MCNowhere"], "no model MCNowhere in manifest.json; the nearest names are MC"),
        (["check", "no/such/file.cfg"], "no such file: no/such/file.cfg"),
        (["verify", "--jobs", "0"], "--jobs: not a positive number"),
        (["verify", "--json", "/nowhere/x.json"], "--json: no such folder: /nowhere"),
        (["verify", "--json", "/"], "--json: / is a folder"),
        (["verify", "--jobs", "many"], "--jobs: not an integer in 0..2147483647: 'many'"),
        (["verify", "--jobs", "-1"], "--jobs: not an integer in 0..2147483647: '-1'"),
        (["check", "X", "--heap", "0g"], "not a size of memory such as 512m or 4g: '0g'"),
        (["verify", "--json", "x", "--html", "x"], "--json and --html: one file cannot hold both"),
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
    assert main(["models", "NECESSITY", "claims are believed", "resilience"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("MCTobNecessity_unverified")
    assert "\n    Where claims are believed, Resilience is violated\n1 of " in out
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
        "2: Advance\n     count.a = 1 (was 0)\n     turns = 1 (was 0)\n"
        "3: Advance\n     count.a = 2 (was 1)\n     turns = 2 (was 1)\n"
        "4: Advance\n     count.b = 1 (was 0)\n     turns = 3 (was 2)\n"
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


@pytest.mark.parametrize(
    ("arguments", "module", "extra"),
    [
        (["explore", "MCStreamlet_graph1"], "cryptography", "streamlet"),
        (["prove", "slot_game"], "z3", "proofs"),
        (["run", "tob", "--generations", "1", "--no-check"], "sklearn", "learn"),
        (["settle", "--alpha", "0.1", "--plot", "x.svg"], "matplotlib", "plot"),
    ],
)
def test_a_missing_extra_is_named(
    arguments: list[str], module: str, extra: str, tmp_path: Path
) -> None:
    # A module that says what Python says of one that is not there, in worker processes too.
    error = f"ModuleNotFoundError('No module named {module}', name='{module}')"
    (tmp_path / f"{module}.py").write_text(f"raise {error}\n")
    done = subprocess.run(
        [sys.executable, "-m", "model_consensus", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"model-consensus: error: {module} is not installed: it comes with the extra '{extra}' "
        f"(in a checkout: pip install '.[{extra}]')\n"
    )


def test_an_interruption_anywhere_has_one_status(tmp_path: Path) -> None:
    """Also in a string that Python runs, as in the making of a dataclass."""
    package = tmp_path / "interrupted.py"
    package.write_text("exec('raise KeyboardInterrupt')\n", encoding="utf-8")
    arguments = ["run", "tob", "--landscape", "interrupted:landscape", "--no-check"]
    done = subprocess.run(
        [sys.executable, "-m", "model_consensus", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (130, "model-consensus: interrupted\n")


def test_every_extra_that_is_named_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_fits_a_terminal_and_has_no_marks(
    command: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"] if command else ["--help"])
    for line in capsys.readouterr().out.splitlines():
        assert len(line) <= 80, line
        assert "`" not in line
        assert "**" not in line


MODULE = f"{shlex.quote(sys.executable)} -m model_consensus"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of ``line``, where MC is the command."""
    return subprocess.run(
        ["bash", "-c", line.replace("MC", MODULE, 1)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=300,
    )


SHOW = f"check {shlex.quote(str(TLA / 'Counter_holds.cfg'))} --show-command"


@pytest.mark.parametrize("command", ["--help", "--version", "settle --alpha 0.1", SHOW])
@pytest.mark.parametrize(
    ("redirected", "status", "said"),
    [
        ("> /dev/full", 2, "model-consensus: error: standard output: No space left on device\n"),
        (">&-", 2, "model-consensus: error: standard output is closed\n"),
        (" | true; exit ${PIPESTATUS[0]}", 141, ""),
    ],
)
def test_a_standard_output_that_takes_nothing_is_no_verdict(
    command: str, redirected: str, status: int, said: str
) -> None:
    wait = "sleep 1; " if "|" in redirected else ""
    done = shell(f"({wait}MC {command}) {redirected}" if wait else f"MC {command} {redirected}")
    assert (done.returncode, done.stderr) == (status, said)


@pytest.mark.parametrize("redirected", ["2> /dev/full", "2>&-"])
def test_a_standard_error_that_takes_nothing_is_no_verdict(redirected: str) -> None:
    done = shell(f"MC check MCNowhere {redirected}")
    assert (done.returncode, done.stdout) == (2, "")


ASCII = {
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}


def test_a_terminal_without_utf_8(tmp_path: Path) -> None:
    done = shell("MC run --help", **ASCII)
    assert (done.returncode, done.stderr) == (0, "")
    assert "n - \\u03bb processes" in done.stdout
    done = shell(f"MC check {tmp_path}/λ.cfg", **ASCII)
    assert done.returncode == 2
    assert done.stderr.startswith("model-consensus: error: no such file: ")


@pytest.mark.tlc
def test_a_path_that_the_locale_cannot_spell(tmp_path: Path) -> None:
    for name in ("Counter.tla", "Counter_holds.cfg"):
        (tmp_path / "é").mkdir(exist_ok=True)
        shutil.copy(TLA / name, tmp_path / "é" / name)
    done = shell(f"MC check {tmp_path}/é/Counter_holds.cfg", **ASCII)
    assert (done.returncode, done.stderr) == (0, "")
    run = f"MC run tob --landscape onemax --generations 2 --out {tmp_path}/é/out"
    done = shell(run, **ASCII)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_uncaught_error_has_a_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(args: object) -> int:
        raise RuntimeError("a fault")

    monkeypatch.setattr(check, "run", broken)
    assert main(["check", "MCTobLearning"]) == 70
    err = capsys.readouterr().err
    assert err.startswith("model-consensus: unexpected error:\nTraceback (most recent call last):")
    assert err.endswith("RuntimeError: a fault\n")


@pytest.mark.parametrize(
    "arguments",
    [
        "run tob --landscape onemax --generations 1 --no-check --out FILE",
        "run tob --landscape onemax --generations 1 --no-check --out FILE/below",
        "prove streamlet --smt2 FILE",
        "evaluate FOLDER",
        "evaluate MISSING",
        "settle --alpha 0.1 --plot MISSING/x.svg",
        "check-trace MISSING",
        "verify --json MISSING/x.json",
        "verify --html FOLDER",
    ],
)
def test_a_file_that_cannot_be_used_is_named_in_one_line(
    arguments: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {name: tmp_path / name.lower() for name in ("FILE", "FOLDER", "MISSING")}
    places["FILE"].write_text("text")
    places["FOLDER"].mkdir()
    given = [
        re.sub("^(FILE|FOLDER|MISSING)", lambda name: str(places[name[0]]), each)
        for each in arguments.split()
    ]
    named = next(str(path) for name, path in places.items() if name in arguments)
    assert main(given) == 2
    err = capsys.readouterr().err
    assert err.startswith("model-consensus: error: ")
    assert named in err
    assert err.count("\n") == 1
