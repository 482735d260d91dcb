"""The plots of a run: what is drawn has a colour and a name of its own."""

import re
from pathlib import Path

import pytest

from model_consensus.report.plot import COLOURS, plot_convergence
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import PARTS, Row

mpl = pytest.importorskip("matplotlib")


def drawn(folder: Path, rows: list[Row]) -> str:
    """The plot as SVG, with its texts as text."""
    setting = Setting(protocol="tob", attack="collusion", processes=7, byzantine=2, lambda_=5)
    with mpl.rc_context({"svg.fonttype": "none"}):
        assert plot_convergence(rows, setting, "digits", folder)
    return (folder / "convergence.svg").read_text(encoding="utf-8")


def test_every_line_is_in_the_legend_and_the_title_says_what_was_run(tmp_path: Path) -> None:
    rows = [Row(g, 100 - g, 3 * g, g // 3, dict.fromkeys(PARTS, g / 10)) for g in range(1, 6)]
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn(tmp_path, rows))
    assert {"loss", "accuracy, train", "accuracy, validation", "accuracy, test"} <= set(texts)
    title = " ".join(texts)
    for part in ("tob on digits", "attack: collusion", "n = 7", "f = 2", "λ = 5", "seed 1"):
        assert part in title
    assert not [text for text in texts if re.fullmatch(r"[1-5]\.[1-9]\d*", text)]  # generations


def test_the_lines_have_different_colours() -> None:
    assert set(COLOURS) == set(PARTS)
    assert len({*COLOURS.values(), "tab:blue"}) == len(PARTS) + 1


def test_a_landscape_without_accuracy_has_its_loss_in_the_legend(tmp_path: Path) -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn(tmp_path, [Row(1, 5, 3, 0, {})]))
    assert "loss" in texts
    assert "accuracy" not in texts
