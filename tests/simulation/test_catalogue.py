"""Landscapes of other modules: found in the current folder, and checked as they answer."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.catalogue import CheckedLandscape
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import train

SETTING = Setting(protocol="tob", attack="none", lambda_=3, generations=2, draws=2)


def onemax(**methods: Any) -> CheckedLandscape:
    """OneMax with other methods, asked for by the name ``mine:Own``."""
    return CheckedLandscape(type("Own", (OneMax,), methods)(), "mine:Own")


def true_losses(models: Any) -> list[int]:
    return OneMax().losses(models)


class Unsteady:
    """A landscape whose loss of a model grows with each call."""

    def __init__(self) -> None:
        self.calls = 0

    def losses(self, _: object, models: Any) -> list[int]:
        self.calls += 1
        return [loss + self.calls for loss in true_losses(models)]


def test_a_good_landscape_is_searched_as_it_is() -> None:
    assert train(SETTING, onemax()).rows == train(SETTING, OneMax()).rows


@pytest.mark.parametrize(
    ("methods", "problem"),
    [
        ({"losses": lambda self, m: np.array(true_losses(m))}, "a loss must be a Python int, not "),
        (
            {"losses": lambda self, m: [float(each) for each in true_losses(m)]},
            "a loss must be a Python int, not ",
        ),
        (
            {"losses": lambda self, m: [float("nan")] * len(m)},
            "a loss must be a Python int, not nan of type float",
        ),
        (
            {"losses": lambda self, m: [True] * len(m)},
            "a loss must be a Python int, not True of type bool",
        ),
        ({"losses": lambda self, m: [-1] * len(m)}, "a loss must be at least 0, not -1"),
        ({"losses": lambda self, m: true_losses(m)[1:]}, "losses() has 1 losses for 2 models"),
        (
            {"losses": lambda self, m: [*true_losses(m), 5]},
            "losses() has 3 losses for 2 models",
        ),
        ({"describe": lambda self: 5}, "describe() must be a string, not 5"),
        (
            {"initial": lambda self: np.zeros(64)},
            "initial() must be an array int64[64], not float64[64]",
        ),
        ({"initial": lambda self: [0] * 64}, "initial() must be an array int64[64], not list[]"),
        (
            {"mutate": lambda self, parent, noise, generation: parent + noise[:1]},
            "mutate() must be an array int64[2, 64], not int64[1, 64]",
        ),
    ],
)
def test_a_wrong_answer_ends_the_run_at_the_first_evaluation(
    methods: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ModelConsensusError) as refused:
        train(SETTING, onemax(**methods), on_row=lambda row: pytest.fail("a generation"))
    assert str(refused.value).startswith(f"landscape 'mine:Own': {problem}")
    assert "\n" not in str(refused.value)


def test_losses_that_differ_the_second_time_are_noticed() -> None:
    unsteady = Unsteady()
    landscape = onemax(losses=lambda self, models: unsteady.losses(self, models))
    models = OneMax().initial()[None]
    with pytest.raises(ModelConsensusError) as refused:
        landscape.losses(models)
    assert str(refused.value) == ("landscape 'mine:Own': one model has the loss 65, and then 66")


def test_the_console_script_finds_a_module_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "mine_here.py").write_text(
        "from model_consensus.simulation.benchmark_functions import Sphere\n"
        "class Own(Sphere):\n    name = 'own'\n"
    )
    script = Path(sys.executable).with_name("model-consensus")
    given = ["run", "tob", "--landscape", "mine_here:Own", "--generations", "2", "--no-check"]
    done = subprocess.run([script, *given], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    assert (tmp_path / "out" / "tob-mine_here-Own-under-claim-seed1" / "summary.json").is_file()
