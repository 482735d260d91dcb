"""``model-consensus settle``: what it prints, what it refuses, its exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from model_consensus.commands.cli import main

Output = pytest.CaptureFixture[str]


def settle(*arguments: str) -> int:
    return main(["settle", *arguments])


def rows(output: Output) -> dict[str, dict[str, object]]:
    """The rows of the JSON that was printed, by name."""
    return {row["name"]: row for row in json.loads(output.readouterr().out)["rows"]}


def test_the_least_depth_beside_the_literature(capsys: Output) -> None:
    assert settle("--alpha", "0.1", "--epsilon", "1e-3", "--json") == 0
    found = rows(capsys)
    assert [row["least_depth"] for row in found.values()] == [6, 5, 5, 4, 5, None, 5, 4, 5]
    worded = found["Nakamoto 2008, Poisson, as worded"]
    assert worded["least_depth"] == 5  # z = 5 in his table
    ours = found["no pre-mining, ties to the adversary, any block at the height"]
    assert ours["probability"] == pytest.approx(found["Rosenfeld 2014, r(n)"]["probability"])


def test_the_table(capsys: Output) -> None:
    assert settle("--alpha", "1/4", "--depth", "2", "--exact", "--horizon", "10") == 0
    out = capsys.readouterr().out
    assert "k + 1 = 3 confirmations" in out
    assert "any block at the height: 41/128" in out
    assert "Rosenfeld 2014, r(n): 53/256" in out
    assert "in 10 slots" in out
    assert "least k" not in out  # no target was given


def test_conventions_can_be_chosen(capsys: Output) -> None:
    chosen = "--no-pre-mining", "--ties", "honest", "--target", "block"
    assert settle("--alpha", "0.25", "--depth", "3", "--json", *chosen) == 0
    assert next(iter(rows(capsys))) == "no pre-mining, ties to the honest, an honest block"


def test_concurrent_slots(capsys: Output) -> None:
    assert settle("--alpha", "1/4", "--depth", "1", "--concurrent", "0", "--exact", "--json") == 0
    found = rows(capsys)
    assert found["pre-mining, slots H at rate 0"]["exact"] == "11/24"
    assert found["no pre-mining, the same, all slots foreseen"]["exact"] == "5/16"


def test_given_the_slots_seen(capsys: Output) -> None:
    chosen = "--alpha", "1/4", "--depth", "0", "--no-pre-mining"
    assert settle(*chosen, "--seen", "h", "--exact", "--json") == 0
    found = rows(capsys)
    # One A more is needed: it is the next slot, or h is, and then two are: 1/4 + 3/4 (1/3)^2.
    ours = found["no pre-mining, ties to the adversary, any block at the height"]
    assert (ours["exact"], ours["exact_given_seen"]) == ("1/2", "1/3")
    assert found["Rosenfeld 2014, r(n)"]["given_seen"] is None
    assert settle(*chosen, "--seen", "hh") == 0
    out = capsys.readouterr().out
    assert "The slots seen, from the target's own on: hh." in out
    assert "any block at the height  depth k    0.5            0.111111" in out


def test_slots_h_seen(capsys: Output) -> None:
    assert settle("--alpha", "0.25", "--depth", "1", "--seen", "HH", "--json") == 0
    given = {name: row["given_seen"] for name, row in rows(capsys).items()}
    assert given["pre-mining, ties to the adversary, any block at the height"] == 1
    assert given["pre-mining, first received stays, any block at the height"] is None
    assert given["pre-mining, ties to the honest, any block at the height"] is None
    concurrent = "--concurrent", "0.1", "--no-pre-mining"
    assert settle("--alpha", "0.25", "--depth", "1", "--seen", "A", *concurrent, "--json") == 0
    found = rows(capsys)["no pre-mining, slots H at rate 1/10"]
    assert found["given_seen"] > found["probability"]  # type: ignore[operator]


def test_the_status_is_that_of_the_slots_seen(capsys: Output) -> None:
    target = "--alpha", "0.1", "--epsilon", "1e-3", "--depth", "5"
    assert settle(*target) == 1
    assert settle(*target, "--seen", "hhhhhh") == 0
    assert settle(*target, "--seen", "hAhAhA") == 1
    capsys.readouterr()


def test_a_delay_is_bounded_from_both_sides(capsys: Output) -> None:
    network = "--delay", "10", "--interval", "600"
    assert settle("--alpha", "0.1", "--depth", "5", *network) == 0
    out = capsys.readouterr().out
    assert "A block comes every 600 s on average, and takes up to 10 s to arrive:" in out
    assert settle("--alpha", "0.1", "--depth", "5", *network, "--json") == 0
    bounds = [row["probability"] for row in rows(capsys).values()]
    assert settle("--alpha", "0.1", "--depth", "5", "--json") == 0
    without = next(iter(rows(capsys).values()))["probability"]
    assert bounds[1] == without
    assert bounds[0] > bounds[1]  # type: ignore[operator]


def test_the_least_depth_under_a_delay(capsys: Output) -> None:
    target = "--alpha", "0.1", "--epsilon", "1e-3"
    assert settle(*target, "--delay", "0", "--interval", "600") == 0
    assert "Depth k = 6 is the least" in capsys.readouterr().out
    assert settle(*target, "--delay", "60", "--interval", "600") == 0
    assert "with probability at most 0.001, by the upper bound." in capsys.readouterr().out
    assert settle(*target, "--delay", "60", "--interval", "600", "--depth", "6") == 1
    capsys.readouterr()
    assert settle("--alpha", "0.4", "--depth", "6", "--delay", "9", "--interval", "10") == 0
    assert "Half of the blocks or more count as the adversary's" in capsys.readouterr().out


def test_selfish_mining_beside_the_best_strategy(capsys: Output) -> None:
    assert settle("--alpha", "0.35", "--selfish", "0") == 0
    out = capsys.readouterr().out
    assert "Eyal and Sirer 2014, SM1                                      0.366509" in out
    assert settle("--alpha", "0.35", "--selfish", "0", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["honest"] < found["eyal_and_sirer"] < found["optimal"]["lower"]
    assert found["optimal"]["lower"] < found["optimal"]["upper"]


def test_the_status_says_whether_the_target_is_met(capsys: Output) -> None:
    assert settle("--alpha", "0.1", "--epsilon", "1e-3", "--depth", "6") == 0
    assert settle("--alpha", "0.1", "--epsilon", "1e-3", "--depth", "5") == 1
    assert "Depth k = 6 is the least" in capsys.readouterr().out


def test_a_majority_settles_nothing(capsys: Output) -> None:
    assert settle("--alpha", "0.5", "--depth", "6") == 0
    out = capsys.readouterr().out
    assert "half of them or more: a decision at any depth is reverted in the end" in out
    assert settle("--alpha", "0.6", "--epsilon", "0.1") == 2
    assert "cannot be met" in capsys.readouterr().err


def test_a_string_that_violates_shows_the_factor(capsys: Output) -> None:
    assert settle("--string", "hhAhA", "--depth", "1") == 1
    assert "h[hAhA]\n" in capsys.readouterr().out
    assert settle("--string", "hhhAh", "--depth", "1") == 0
    assert settle("--string", "AHA", "--depth", "1", "--shown", "all") == 0
    assert settle("--string", "AHA", "--depth", "1") == 1
    assert settle("--string", "hA", "--depth", "0", "--ties", "first") == 0
    assert settle("--string", "hAAh", "--depth", "1", "--ties", "first") == 1
    assert settle("--string", "hAAh", "--depth", "1", "--ties", "honest") == 0
    capsys.readouterr()
    assert settle("--string", "hhAhA", "--depth", "1", "--json") == 1
    assert json.loads(capsys.readouterr().out)["factor"] == {"start": 1, "end": 5, "slots": "hAhA"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--alpha", "0.25", "--depth", "2500"),
        ("--alpha", "0.25", "--epsilon", "1e-300"),
        ("--alpha", "0.3", "--depth", "1000000"),
    ],
)
def test_probabilities_too_small_for_a_float_end_too(arguments: tuple[str, ...]) -> None:
    # It once ran for ever; alone it takes less than a second.
    command = [sys.executable, "-m", "model_consensus", "settle", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0
    assert "< 1e-300" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_plot(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / f"settlement.{suffix}"
    assert settle("--alpha", "0.3", "--depth", "6", "--epsilon", "0.5", "--plot", str(file)) == 0
    first = file.read_bytes()
    assert len(first) > 1000
    settle("--alpha", "0.3", "--depth", "6", "--epsilon", "0.5", "--plot", str(file))
    assert file.read_bytes() == first


@pytest.mark.slow
def test_the_plot_has_the_depth_by_delay(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "delay.svg"
    network = "--delay", "10", "--interval", "600", "--plot", str(file)
    assert settle("--alpha", "0.1", "--depth", "6", *network) == 0
    alone = file.read_text(encoding="utf-8")
    assert settle("--alpha", "0.1", "--depth", "6", "--epsilon", "0.5", *network) == 0
    both = file.read_text(encoding="utf-8")
    axes = [text.count('<g id="axes_') for text in (alone, both)]
    assert axes == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--alpha", "0"), "alpha 0"),
        (("--alpha", "1"), "alpha 1"),
        (("--alpha", "-0.1"), "alpha -1/10"),
        (("--alpha", "0.1", "--depth", "-1"), "--depth -1 is not in 0..1000000"),
        (("--alpha", "0.1", "--depth", "1000001"), "--depth 1000001 is not in 0..1000000"),
        (("--alpha", "0.4999999"), "epsilon 0.001 is not met at any depth up to 1,000,000"),
        (("--alpha", "1e-301"), "--alpha: less than 1e-300 is too little to tell from 0"),
        (("--alpha", "0.1", "--epsilon", "1e-301"), "--epsilon: less than 1e-300 is too little"),
        (("--alpha", "1e999999999"), "--alpha: more digits than a probability can need"),
        (("--alpha", "0.1", "--epsilon", "1e-999999999"), "--epsilon: more digits than a"),
        (("--alpha", "0." + "1" * 5000), "--alpha: more digits than a probability can need: 0.111"),
        (("--alpha", "0.1", "--horizon", "2001"), "--horizon 2001 is not in 0..2000"),
        (
            ("--alpha", "0.1", "--horizon", "201", "--exact"),
            "--horizon 201 is not in 0..200 with --exact",
        ),
        (("--alpha", "0.1", "--epsilon", "0"), "--epsilon 0"),
        (("--alpha", "0.1", "--epsilon", "2"), "--epsilon 2"),
        (("--alpha", "0.1", "--horizon", "-5"), "--horizon -5 is not in 0..2000"),
        (("--alpha", "0.1", "--concurrent", "1.5"), "rate 1.5"),
        (("--alpha", "0.1", "--concurrent", "0.1", "--ties", "honest"), "--concurrent"),
        (("--alpha", "0.1", "--concurrent", "0.1", "--depth", "99"), "depth 40"),
        (("--alpha", "0.123456", "--depth", "600", "--exact"), "too long to print"),
        (("--alpha", "0.1", "--seen", "hA"), "--seen needs --depth K"),
        (("--alpha", "0.1", "--depth", "1", "--seen", "hx"), "slot 1 of 'hx' is 'x'"),
        (
            ("--alpha", "0.1", "--depth", "1001", "--seen", "h"),
            "--seen: its program ends at depth 1000, not 1001",
        ),
        (
            ("--alpha", "0.1", "--depth", "1", "--seen", "h" * 1001),
            "--seen: 1001 slots are more than 1000",
        ),
        (
            ("--alpha", "0.1", "--depth", "41", "--seen", "H"),
            "--seen with slots H: its program ends at depth 40, not 41",
        ),
        (
            ("--alpha", "0.1", "--depth", "1", "--seen", "H", "--ties", "honest"),
            "--seen with slots H needs --ties adversary and --target height",
        ),
        (
            ("--alpha", "0.1", "--depth", "1", "--seen", "Ah", "--target", "block"),
            "--seen Ah: --target block needs an h in the first slot",
        ),
        (("--string", "hA", "--depth", "1", "--seen", "h"), "--seen needs --alpha"),
        (("--alpha", "0.1", "--delay", "10"), "--delay and --interval need each other"),
        (("--alpha", "0.1", "--interval", "600"), "--delay and --interval need each other"),
        (
            ("--alpha", "0.1", "--delay", "10", "--interval", "0"),
            "delay 10 and interval 0 are not times: at least 0, and more than 0",
        ),
        (
            ("--alpha", "0.1", "--delay", "1", "--interval", "9", "--depth", "501"),
            "--delay: its program ends at depth 500, not 501",
        ),
        (
            ("--alpha", "0.1", "--delay", "1", "--interval", "9", "--ties", "first"),
            "--delay needs --ties adversary and --target height",
        ),
        (
            ("--alpha", "0.1", "--delay", "1", "--interval", "9", "--seen", "h", "--depth", "1"),
            "--delay has no program for --seen",
        ),
        (
            ("--alpha", "0.1", "--delay", "1", "--interval", "9", "--concurrent", "0.1"),
            "--delay has no program for --concurrent",
        ),
        (
            ("--alpha", "0.4", "--delay", "9", "--interval", "10"),
            "epsilon 0.001 is not met at any depth up to 500",
        ),
        (("--string", "hA", "--depth", "1", "--delay", "1"), "--delay needs --alpha, not --string"),
        (("--alpha", "0.5", "--selfish", "0"), "alpha 1/2 is at least 1/2"),
        (("--alpha", "0.3", "--selfish", "2"), "gamma 2 is not a share between 0 and 1"),
        (("--alpha", "0.3", "--selfish", "0", "--depth", "3"), "--selfish has no use for --depth"),
        (("--string", "hA", "--depth", "1", "--selfish", "0"), "--selfish needs --alpha"),
        (("--alpha", "0.1", "--plot", "figure.gif"), "figure.gif"),
        (("--alpha", "0.1", "--plot", "no/such/place.svg"), "no/such/place.svg"),
        (("--string", "hxA", "--depth", "1"), "slot 1 of 'hxA' is 'x'"),
        (("--string", "hH", "--depth", "1", "--ties", "honest"), "ties to the adversary"),
        (("--string", "hA"), "--depth"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], named: str, capsys: Output) -> None:
    assert settle(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert named in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--alpha", "a"),
        ("--alpha", "1/0"),
        ("--alpha", "nan"),
        ("--alpha", "0.1", "--delay", "-1"),
        ("--alpha", "0.1", "--delay", "nan"),
        ("--alpha", "0.1", "--string", "hA"),
        ("--alpha", "0.1", "--depth", "two"),
    ],
)
def test_what_the_parser_refuses(arguments: tuple[str, ...], capsys: Output) -> None:
    assert settle(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("model-consensus: error: ")
    assert captured.err.count("\n") == 1
