"""``Evaluation.tla``: what TLC evaluates at each use, and what ``Once`` has it evaluate once."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from model_consensus.tla.manifest import spec_directory
from model_consensus.tla.tlc import Run, check
from model_consensus.tla.tlc_output import Verdict

MODULE = """\
---- MODULE Counted ----
EXTENDS Naturals, TLC, Evaluation
VARIABLE v
Said(what, value) == IF PrintT(what) THEN value ELSE value
Doubled(x) == x + x
Init == v = 1
Next ==
    /\\ v = 1
    /\\ v' = 2
    /\\ Doubled(Said("not primed", v)) > 0
    /\\ Once(Doubled, Said("not primed, once", v)) > 0
    /\\ Doubled(Said("primed", v')) > 0
    /\\ Once(Doubled, Said("primed, once", v')) > 0
====
"""


@pytest.mark.tlc
def test_a_primed_argument_is_evaluated_at_each_use(tmp_path: Path) -> None:
    module, config = tmp_path / "Counted.tla", tmp_path / "Counted.cfg"
    module.write_text(MODULE)
    shutil.copy(spec_directory() / "Evaluation.tla", tmp_path)
    config.write_text("INIT Init\nNEXT Next\n")
    result = check(Run(module, config, deadlock=False))
    assert result.verdict is Verdict.HOLDS
    assert Counter(line.strip('"') for line in result.printed) == {
        "not primed": 1,
        "not primed, once": 1,
        "primed": 2,
        "primed, once": 1,
    }
