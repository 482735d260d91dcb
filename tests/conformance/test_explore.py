"""Comparing state graphs: equal ones are, and a graph with any difference is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from model_consensus.commands import cli
from model_consensus.conformance.explore import describe, dumped, explore, graph_models
from model_consensus.conformance.state_graph import (
    Difference,
    Dump,
    Names,
    compare,
    explored,
    fingerprint,
)
from model_consensus.defects.tob import DEFECTS
from model_consensus.errors import ModelConsensusError
from model_consensus.systems.bounded import system_of, tob_learning
from model_consensus.tla import tlc
from model_consensus.tla.config import read_config
from model_consensus.tla.manifest import load
from model_consensus.tla.values import Boolean, Function, record

# ------------------------------------------------------------------------ graphs made by hand


@dataclass(frozen=True)
class Up:
    """The counter grows by one."""


@dataclass(frozen=True)
class Reset:
    """The counter starts again."""


@dataclass(frozen=True)
class Counter:
    """A counter that goes up to ``top`` and starts again."""

    top: int = 2
    start: int = 0
    resets: tuple[int, ...] = (2,)

    def initial(self) -> Iterator[int]:
        yield self.start

    def enabled(self, state: int) -> Iterator[Up | Reset]:
        if state < self.top:
            yield Up()
        if state in self.resets:
            yield Reset()

    def apply(self, state: int, action: Up | Reset) -> int:
        return state + 1 if isinstance(action, Up) else 0

    def project(self, state: int) -> Function:
        return record(n=state, even=Boolean.of(state % 2 == 0))


def node(number: int, n: int, initial: bool = False) -> str:
    label = f"/\\\\ n = {n}\\n/\\\\ even = {'FALSE' if n % 2 else 'TRUE'}"
    return f'{number} [label="{label}"{",style = filled" if initial else ""}];'


def dump_of(path: Path, *lines: str) -> Dump:
    """A graph as TLC writes it."""
    path.write_text("strict digraph DiskGraph {\n" + "\n".join(lines) + "\n}\n", encoding="utf-8")
    return Dump(path)


def edge(source: int, target: int, action: str) -> str:
    return f'{source} -> {target} [label="{action}",color="black",fontcolor="black"];'


COUNTER = (
    node(-10, 0, initial=True),
    node(11, 1),
    edge(-10, 11, "Up"),
    node(12, 2),
    edge(11, 12, "Up"),
    edge(12, -10, "Reset"),
)


def test_a_system_is_explored_to_the_end() -> None:
    names = Names()
    assert [(source, set(edges)) for source, edges in explored(Counter(), names)] == [
        (None, {("Init", 0)}),
        (0, {("Up", 1)}),
        (1, {("Up", 2)}),
        (2, {("Reset", 0)}),
    ]
    assert names.states == {fingerprint(Counter().project(n)): n for n in range(3)}


def compared(counter: Counter, dump: Dump) -> Difference | None:
    return compare(counter, dump, dump.graph())


def test_equal_graphs_have_no_difference(tmp_path: Path) -> None:
    dump = dump_of(tmp_path / "graph.dot", *COUNTER)
    assert dump.graph().size == (3, 3)
    assert compared(Counter(), dump) is None


def test_the_order_and_the_repetition_of_lines_do_not_matter(tmp_path: Path) -> None:
    dump = dump_of(tmp_path / "graph.dot", *reversed(COUNTER), COUNTER[2])
    assert compared(Counter(), dump) is None


@pytest.mark.parametrize(
    ("counter", "path", "action", "only", "n"),
    [
        (Counter(start=1), [], "Init", "implementation", 1),
        (Counter(resets=(1, 2)), [0, 1], "Reset", "implementation", 0),
        (Counter(top=3), [0, 1, 2], "Up", "implementation", 3),
        (Counter(resets=()), [0, 1, 2], "Reset", "specification", 0),
        (Counter(top=1), [0, 1], "Up", "specification", 2),
    ],
)
def test_the_first_difference_is_at_the_end_of_a_shortest_path(
    counter: Counter, path: list[int], action: str, only: str, n: int, tmp_path: Path
) -> None:
    dump = dump_of(tmp_path / "graph.dot", *COUNTER)
    found = compared(counter, dump)
    assert found is not None
    assert [state for _, state in found.path] == [Counter().project(each) for each in path]
    assert (found.action, found.only, found.after) == (action, only, Counter().project(n))


def test_a_difference_says_what_the_other_does_by_the_same_action(tmp_path: Path) -> None:
    wrong = [line.replace("n = 2", "n = 7") for line in COUNTER]
    dump = dump_of(tmp_path / "graph.dot", *wrong)
    found = compared(Counter(), dump)
    assert found is not None
    assert (found.only, found.differences) == ("implementation", ("state.n is 2, not 7",))


def test_a_dump_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    cut: list[list[str]] = [
        ["strict digraph DiskGraph {"],
        ["", *COUNTER],
        ["", *COUNTER[:3], *COUNTER[4:], "}"],  # an edge without its target
    ]
    for number, lines in enumerate(cut):
        file = tmp_path / f"{number}.dot"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with pytest.raises(ModelConsensusError, match="did not write the whole graph"):
            Dump(file).graph()


def test_a_state_to_which_nothing_leads_is_refused(tmp_path: Path) -> None:
    dump = dump_of(tmp_path / "graph.dot", *COUNTER, node(13, 7))
    with pytest.raises(ModelConsensusError, match="states to which nothing leads"):
        compared(Counter(), dump)


# ------------------------------------------------------------------------------ configurations


def test_a_constant_that_is_missing_or_wrong_is_named() -> None:
    with pytest.raises(ModelConsensusError, match="constant 'Losses' is missing"):
        tob_learning({})
    with pytest.raises(ModelConsensusError, match="wrong type"):
        tob_learning({"Losses": 3})


def test_a_model_without_an_implementation_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    model = load().find("MCConsensus")
    with pytest.raises(ModelConsensusError, match="MCConsensus: only models of MCTobLearning"):
        system_of(model)
    assert cli.main(["explore", "MCConsensus"]) == 2
    assert cli.main(["explore"]) == 2
    assert "name a model, or --all" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["MCTobLearning", "MCPowLearning", "MCStreamlet"])
def test_a_model_with_a_reduced_graph_is_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["explore", name]) == 2
    assert capsys.readouterr().err == (
        f"model-consensus: error: {name}: its configuration has SYMMETRY, with which TLC explores "
        "a part of the state graph only: there is nothing to compare with\n"
    )


def test_each_tier_has_models_of_each_protocol() -> None:
    for tier in ("fast", "long", "all"):
        models = graph_models(tier)
        protocols = {"MCTobLearning", "MCPowLearning", "MCStreamlet"}
        others = {"MCTobHonest", "MCDelayedLearning"} if tier != "long" else set()
        assert {model.module.stem for model in models} == protocols | others
        assert {model.tier for model in models} == ({"fast", "long"} if tier == "all" else {tier})


# ------------------------------------------------------------- Total Order Broadcast, with TLC


@pytest.mark.tlc
def test_the_implementation_has_the_graph_of_the_specification() -> None:
    model = load().find("MCTobLearning_tiny")
    found = explore(model)
    assert found.difference is None
    assert "the graphs are equal" in describe(found)


@pytest.mark.tlc
def test_a_tlc_that_is_killed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tlc, "check", partial(tlc.check, time_limit=0.1))
    model = load().find("MCTobLearning_tiny")
    with pytest.raises(ModelConsensusError, match="MCTobLearning_tiny: stopped at its time limit"):
        dumped(model, tmp_path)


@pytest.mark.tlc
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("words", ["TLC explores", "exploring"])
def test_an_interruption_leaves_nothing_behind(words: str, tmp_path: Path) -> None:
    """Ctrl-C while TLC runs, and while the implementation is explored."""
    command = f"""
import os, signal, sys
from model_consensus.commands import cli, explore

def interrupt(status, name, said):
    if said.startswith({words!r}):
        os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
explore._say = interrupt
sys.exit(cli.main(["explore", "MCTobLearning_tiny"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "model-consensus: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tlc
def test_a_difference_is_described() -> None:
    model = load().find("MCTobLearning_tiny")
    constants = read_config(model.config).constants
    found = explore(model, tob_learning(constants, DEFECTS["unverified"]))
    assert found.difference is not None
    lines = describe(found).splitlines()
    assert lines[0] == "MCTobLearning_tiny: THE GRAPHS DIFFER after 2 states"
    assert [line for line in lines if line[0].isdigit()] == ["1. Init", "2. ByzantineOffer"]
    assert "then only the implementation has Deliver, which leads to" in lines
    assert lines[-1] == "   state.learner.p1.evaluations is 0, not 1 as the other has it"
