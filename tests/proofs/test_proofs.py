"""The theorems are proved: every verification condition, with several seeds, by two solvers."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import z3

from model_consensus.commands import prove
from model_consensus.errors import ModelConsensusError
from model_consensus.proofs import private_attack, theories
from model_consensus.proofs.induction import Condition, datatype, discharge, inductive, record
from tests.proofs import cvc5_solver
from tests.support.places import DOCS

THEORIES = tuple(theories.THEORIES)


@pytest.mark.parametrize("name", THEORIES)
@pytest.mark.parametrize("seed", [1, 2])  # `verify` asks with the seed 0
def test_every_condition_is_proved(name: str, seed: int) -> None:
    for condition in theories.conditions(name):
        outcome = discharge(condition, seed=seed)
        assert outcome.proved, f"{condition.name}: {outcome.answer}"


def test_conditions_have_names_of_their_own() -> None:
    names = [condition.name for name in THEORIES for condition in theories.conditions(name)]
    assert len(set(names)) == len(names)
    assert set(names) >= Z3_ALONE


@pytest.mark.parametrize("name", THEORIES)
def test_the_documentation_counts_them(name: str) -> None:
    text = (DOCS / "proofs.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
    count = row.rsplit("|", 2)[1].split(",")[0]
    assert int(count) == len(theories.conditions(name))


# cvc5 finds some proofs with one way of treating quantifiers and some with another.  Its limits are
# counted in steps, not in seconds: the machine's load decides nothing.
FLAT = {"prenex-quant": "none"}
CVC5: tuple[dict[str, str], ...] = (
    {**FLAT, "rlimit-per": "100000"},
    {"rlimit-per": "100000"},
    {**FLAT, "relational-triggers": "true", "rlimit-per": "100000"},
    {**FLAT, "enum-inst": "true", "rlimit-per": "100000"},
    {"enum-inst": "true", "rlimit-per": "100000"},
    {**FLAT, "enum-inst": "true", "rlimit-per": "1000000"},
)
# Those that it does not settle, or not with every choice of hypotheses: they rest on z3 alone.
Z3_ALONE = {
    "tob_learning: Move => Sizes'",
    "tob_learning: Move => Held'",
    "tob_learning: Move => Verified'",
    "tob_learning: Move => BannedByzantine'",
    "tob_learning: Move => Descended'",
    "tob_learning: Move => FloorBacked'",
    "tob_learning: Deliver => RefinesModelConsensus",
    "termination: a best ticket exists",
    "pow_learning: Mine => SharesSearch",
    "pow_learning: Mine => AsGoodAsOwn",
    "longest_chain: Mine => Unique'",
    "longest_chain: ByzantineMine => Unique'",
    "longest_chain: Receive => Unique'",
    "longest_chain: ByzantinePublish => Unique'",
    "delayed_chain: ByzantineMine => Settled'",
    "streamlet: continuation, step",
    "streamlet: Consistency, first chain not longer",
    "streamlet: Consistency, second chain not longer",
}


SOON = 3_000_000
"""Steps of z3: a second or two.  Most proofs take less; one that takes more need not be found, if
the search that another seed leads to is over soon."""


def cores_of(condition: Condition) -> Iterator[Condition]:
    """What four proofs of z3 used: first those that are found soon, and then the others."""
    late = []
    for seed in range(4):
        core = cvc5_solver.core(condition, steps=SOON, seed=seed)
        if core is condition:
            late.append(seed)
        else:
            yield core
    for seed in late:
        yield cvc5_solver.core(condition, seed=seed)


def unconfirmed(name: str) -> list[str]:
    """The conditions of a theory that cvc5 contradicts, or does not confirm though it should."""
    found = []
    for condition in theories.conditions(name):
        cores = cores_of(condition)
        if condition.name in Z3_ALONE:
            confirmed = cvc5_solver.answer(next(cores), CVC5[0]) != "sat"
        else:
            # The same question can take cvc5 another way in another run: where its memory lies
            # decides.  With the hypotheses of another proof it then finds its own.
            answers = (cvc5_solver.answer(core, way) for core in cores for way in CVC5)
            confirmed = "unsat" in answers
        found += [] if confirmed else [condition.name]
    return found


@pytest.mark.parametrize("name", THEORIES)
def test_cvc5_confirms(name: str) -> None:
    """The hypotheses that z3 needed imply the goal: an independent solver says so too.

    In a process of its own, for in one that has done much else it can take several times as long.
    """
    pytest.importorskip("cvc5")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(unconfirmed, name).result() == []


def test_cvc5_can_disagree() -> None:
    x = z3.Int("x")
    wrong = Condition("wrong", {"x is positive": x > 0}, x > 1)
    assert cvc5_solver.answer(wrong, {}) == "sat"
    assert discharge(wrong).answer == "sat"


# ------------------------------------------------------------------------------- the method


@pytest.mark.parametrize("needed", ["Chains'", "Shown'"])
def test_a_conjunct_cannot_lean_on_itself_or_a_later_one(needed: str) -> None:
    system = replace(private_attack.SYSTEM, needs={"Chains": (needed,)})
    with pytest.raises(ModelConsensusError, match=f"Chains' cannot use {needed}: a circle"):
        list(inductive(system))


def test_unknown_is_a_failure() -> None:
    x, y, z = z3.Ints("x y z")
    hard = Condition("hard", {"cubes": x * x * x + y * y * y + z * z * z == 114}, z3.BoolVal(False))
    outcome = discharge(hard, time_limit=0.2)
    assert outcome.answer != "unsat"
    assert not outcome.proved


def test_the_core_is_what_is_needed() -> None:
    x, y = z3.Ints("x y")
    condition = Condition("core", {"needed": x > 1, "not needed": y > 1}, x > 0)
    assert list(cvc5_solver.core(condition).hypotheses) == ["needed"]


def test_constructors_of_two_datatypes_share_no_name() -> None:
    """z3 5.4.1 takes (_ is b) of a constructor a for true when another sort has an a too."""
    first = datatype("First", leaf={}, node={"below": None})
    datatype("Second", leaf={}, node={"below": None})
    record("Third", below=z3.IntSort())
    assert z3.is_false(z3.simplify(first.is_node(first.leaf)))
    assert z3.is_true(z3.simplify(first.is_leaf(first.leaf)))
    solver = z3.Solver()
    solver.add(first.is_node(first.leaf))
    assert solver.check() == z3.unsat


# ------------------------------------------------------------------------------- the command


def run(*arguments: str) -> int:
    """The exit status of ``model-consensus prove``."""
    parser = argparse.ArgumentParser()
    prove.add_arguments(parser)
    return prove.run(parser.parse_args(arguments))


def test_the_command_proves(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("counting", "private_attack", "--verbose") == 0
    printed = capsys.readouterr().out
    assert "all proved" in printed
    assert "counting: insertion, step" in printed


def test_the_command_writes_smt2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("private_attack", "--smt2", str(tmp_path)) == 0
    files = sorted(tmp_path.glob("*.smt2"))
    assert len(files) == len(theories.conditions("private_attack"))
    for file in files:  # z3 reads what it wrote
        solver = z3.Solver()
        solver.from_file(str(file))
        assert solver.check() == z3.unsat


CHAINS = "private_attack: AdversaryWin => Chains'"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("unknown", "(no counterexample on a small instance)"),
        ("vacuous", "(its hypotheses contradict each other, so any goal would follow)"),
    ],
)
def test_what_is_not_proved_is_printed(
    answer: str, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcomes(*_: Any, **__: Any) -> Iterator[tuple[str, str, str, float]]:
        yield "private_attack", CHAINS, answer, 60.0

    monkeypatch.setattr(prove, "outcomes", outcomes)
    assert run("private_attack") == 1
    printed = capsys.readouterr().out
    assert f"NOT PROVED ({answer}): {CHAINS}\n  {why}\n" in printed
    assert "1 not proved" in printed


def test_a_counterexample_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    system = replace(private_attack.SYSTEM, needs={"Chains": ()})
    monkeypatch.setattr(private_attack, "SYSTEM", system)
    shown = theories.counterexample("private_attack", CHAINS, 60.0)
    assert "adversary' = " in shown  # the counterexample's second state


def test_a_misspelt_theory_is_refused() -> None:
    with pytest.raises(ModelConsensusError) as error:
        run("streamet")
    assert str(error.value) == "no theory 'streamet'; did you mean streamlet?"


def test_conditions_are_not_written_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "FILE"
    file.touch()
    with pytest.raises(FileExistsError, match="FILE"):
        run("counting", "--smt2", str(file))


COMMAND = (sys.executable, "-m", "model_consensus", "prove")


@pytest.mark.parametrize("first", ["theory", "counting", "tob_learning: Init => Length"])
def test_an_interruption_ends_it(first: str) -> None:
    """On Ctrl-C, which a terminal sends to all processes of the command."""
    with subprocess.Popen(
        [*COMMAND, "--verbose"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        while first not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (130, "model-consensus: interrupted\n")
    assert not running(process.pid)


def running(session: int) -> list[str]:
    """The processes of a session that run Python code of a pool."""
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "-s", str(session)], capture_output=True, text=True, check=False
    )
    return [line for line in listed.stdout.splitlines() if "spawn_main" in line]


def test_a_dead_worker_is_noticed() -> None:
    with pytest.raises(ModelConsensusError, match="a process that runs z3 was killed"):
        theories.in_a_process(os.abort)


def test_the_command_line_knows_it() -> None:
    done = subprocess.run([*COMMAND, "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no theory 'nonsense'" in done.stderr
