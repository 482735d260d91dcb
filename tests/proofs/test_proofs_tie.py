"""The proofs speak of the specifications: every state that TLC visits satisfies the invariant, and
every step the action of its name.  And the comparison can fail."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import z3

from model_consensus.proofs import (
    delayed_chain,
    longest_chain,
    pow_learning,
    streamlet,
    termination,
)
from model_consensus.proofs.evaluate import Environment, Evaluator, Table
from model_consensus.proofs.induction import AFTER, each
from model_consensus.tla import tlc
from model_consensus.tla.config import read_config
from model_consensus.tla.manifest import spec_directory
from tests.proofs.against_tlc import Comparison, Graph, Tie, compare, read_graph
from tests.proofs.tlc_states import (
    ChainStates,
    DelayedStates,
    StreamletStates,
    TobStates,
    tob_pair,
)
from tests.proofs.tlc_states_pow import PowStates

TOB = """
CONSTANTS
    p1 = p1
    p2 = p2
    b1 = b1
    Proc = {p1, p2, b1}
    Byzantine = {b1}
    Draws = %d
    Recombines = %s
    Losses = %s
    Lambda = %d
    Mu = %d
    Generations = %d
    Forged = %d
    Longest = %d
    Forgeries <- FewForgeries
SPECIFICATION HistorySpec
CONSTRAINTS FewForged ShortOrder
"""
A_LIAR = TOB % (1, "FALSE", "{0, 1}", 2, 1, 1, 1, 2)  # and two losses: it may be banned
A_BLEND = TOB % (1, "FALSE", "{0, 1}", 2, 2, 1, 1, 2)
RECOMBINED = (TOB % (2, "TRUE", "{0, 1}", 1, 1, 1, 0, 1)).replace("{p1, p2, b1}", "{p1, b1}")
TWO_GENERATIONS = TOB % (1, "FALSE", "{0}", 2, 1, 2, 0, 4)

CHAIN = """
CONSTANTS
    p1 = p1
    p2 = p2
    b1 = b1
    Correct = {p1, p2}
    Byzantine = {b1}
    Depth = %d
    Wins = %d
    ByzantineWins = %d
SPECIFICATION Spec
"""

DELAY = """
CONSTANT Delta = %d
%s
"""

WORK = """
CONSTANTS
    p1 = p1
    p2 = p2
    b1 = b1
    b2 = b2
    Proc = {%s}
    Byzantine = {%s}
    Draws = %d
    Recombines = %s
    Losses = {0, 1}
    Depth = 2
    Wins = %d
    ByzantineWins = 1
    EachStep = %s
    EachForgery = %s
    LyingGenerations = 1
    StepsOn <- FewSteps
    Lies <- FewLies
    Forgeries <- FewForgeries
SPECIFICATION %s
"""

STREAMLET = """
CONSTANTS
    p1 = p1
    p2 = p2
    p3 = p3
    b1 = b1
    Proc = {p1, p2, p3, b1}
    Byzantine = {b1}
    m1 = m1
    x1 = x1
    Epochs = 2
    CorrectEpochs = {2}
    Leader <- Leaders
    Message = {m1}
    Forgery = {x1}
    Choice = "few"
    Payloads <- ChosenPayloads
SPECIFICATION Spec
"""


def graph_of(module: str, config: str, folder: Path) -> tuple[Graph, dict[str, Any]]:
    """The state graph of a model, and its constants."""
    path, dump = folder / "Model.cfg", folder / "graph.dot"
    path.write_text(config, encoding="utf-8")
    result = tlc.check(tlc.Run(spec_directory() / f"{module}.tla", path, dump=dump))
    assert result.verdict.value == "success", result.message
    return read_graph(dump), dict(read_config(path).constants)


def fits(comparison: Comparison, *actions: str) -> None:
    """Nothing fails, and each of the proof's actions has been a step."""
    assert not comparison.failures, comparison.failures[0]
    assert all(comparison.exercised[action] > 0 for action in actions)
    assert set(comparison.exercised) == set(actions)


TOB_MODELS = {
    "a liar": A_LIAR,
    "a blend": A_BLEND,
    "recombined draws": RECOMBINED,
    "two generations": TWO_GENERATIONS,
}


@pytest.mark.tlc
@pytest.mark.parametrize("unknown", [0, 1])
@pytest.mark.parametrize("config", TOB_MODELS.values(), ids=TOB_MODELS)
def test_learning_over_tob(config: str, unknown: int, tmp_path: Path) -> None:
    """A delivery is as many moves as it takes; what nobody has evaluated may lose anything."""
    graph, constants = graph_of("MCTobLearningHistory", config, tmp_path)
    states, tie = TobStates(constants, unknown), Tie(termination.SYSTEM)
    actions = ["Offer", "Order", "Move", "Deliver"]
    if constants["Forged"]:
        actions.append("ByzantineOffer")
    fits(compare(tie, graph, states, pair=tob_pair(states), path=states.path), *actions)

    # What TLC never does is refused, and what it never visits breaks the invariant.
    source, _, target = next(edge for edge in sorted(graph.edges) if edge[1] == "Deliver")
    before, after = tob_pair(states)(graph.states[source], graph.states[target])
    for p in states.number.values():
        assert not tie.allows("Deliver", after, before, (p,))
    for wrong in (
        {"evaluations": before["evaluations"].store(states.number["p1"], 99)},
        {"decidedAt": before["moves"] + 1},
        {"history": before["history"].store(1, before["history"][0])},
    ):
        assert tie.broken({**before, **wrong})


@pytest.mark.tlc
@pytest.mark.parametrize(("depth", "wins", "liars", "safe"), [(1, 4, 1, True), (0, 3, 2, False)])
def test_longest_chain(depth: int, wins: int, liars: int, safe: bool, tmp_path: Path) -> None:
    """Where the depth is not safe, all but settlement is compared: bad factors are steps too."""
    graph, constants = graph_of("MCLongestChain", CHAIN % (depth, wins, liars), tmp_path)
    states = ChainStates(constants, settles=safe)
    tie = Tie(longest_chain.SYSTEM)
    actions = ("Mine", "ByzantineMine", "Receive", "ByzantinePublish")
    fits(compare(tie, graph, states), *actions)
    if not safe:
        settled = ChainStates(constants, settles=True)
        broken = [tie.broken(settled.environment(state)) for state in graph.states.values()]
        # A bad factor alone breaks the first; a fork that decides two blocks the others.
        assert any("NoBadFactor" in names for names in broken)
        assert any("Unique" in names for names in broken)


WORK_MODELS = {
    "one block": WORK % ("p1, p2, b1", "b1", 1, "FALSE", 1, "TRUE", "TRUE", "Spec"),
    "two blocks": WORK % ("p1, p2, b1", "b1", 1, "FALSE", 2, "FALSE", "FALSE", "QuietSpec"),
    "two names": WORK % ("p1, b1, b2", "b1, b2", 1, "FALSE", 1, "TRUE", "FALSE", "Spec"),
    "two draws": WORK % ("p1, b1", "b1", 2, "FALSE", 1, "TRUE", "FALSE", "Spec"),
    "recombined draws": WORK % ("p1, b1", "b1", 2, "TRUE", 1, "FALSE", "FALSE", "Spec")
    + "CONSTANT MayWin <- MayWinAfterOffers",
}


@pytest.mark.tlc
@pytest.mark.parametrize(("delta", "safe"), [(1, True), (2, True), (1, False)])
def test_delayed_chain(delta: int, safe: bool, tmp_path: Path) -> None:
    """Runs without a bad factor; and others, of which all but settlement is compared."""
    constraint = "CONSTRAINT NoBadFactor" if safe else ""
    config = CHAIN % (0, 3, 1) + DELAY % (delta, constraint)
    graph, constants = graph_of("MCDelayedChain", config, tmp_path)
    tie = Tie(delayed_chain.SYSTEM)
    actions = ("Mine", "ByzantineMine", "Receive", "ByzantinePublish")
    fits(compare(tie, graph, DelayedStates(constants, settles=safe)), *actions)
    if not safe:
        settled = DelayedStates(constants, settles=True)
        broken = [tie.broken(settled.environment(state)) for state in graph.states.values()]
        assert any("NoBadFactor" in names for names in broken)
        assert any("Settled" in names for names in broken)
        # A network that is a slot later than the proof allows for takes steps that it refuses.
        late = DelayedStates({**constants, "Delta": delta - 1}, settles=False)
        assert any(f.startswith("Mine") for f in compare(tie, graph, late).failures)


@pytest.mark.tlc
@pytest.mark.parametrize("config", WORK_MODELS.values(), ids=WORK_MODELS)
def test_learning_over_proof_of_work(config: str, tmp_path: Path) -> None:
    graph, constants = graph_of("MCPowLearning", config, tmp_path)
    # Who shows a block plays no part in what is proved of blocks.
    same = {"ByzantinePublish": "Receive"}
    graph.edges = {(a, same.get(action, action), b) for a, action, b in graph.edges}
    states, tie = PowStates(constants), Tie(pow_learning.SYSTEM)
    actions = ["MakeOffer", "Mine", "Receive", "ByzantineMine", "ByzantineForge"]
    if "QuietSpec" not in config:
        actions += ["Catch", "ByzantineOffer"]
    fits(compare(tie, graph, states, pair=states.pair, adjust=states.adjust), *actions)

    # What TLC never does is refused: a leader that evaluates nothing.
    source, _, target = next(edge for edge in sorted(graph.edges) if edge[1] == "Mine")
    before, after = states.pair(graph.states[source], graph.states[target])
    for parameters in states.candidates("Mine", before, after):
        assert not tie.allows("Mine", before, after, parameters)

    # What it never visits breaks the invariant: a block that claims too little, a process that is
    # banned for the truth, and evaluations that nobody knows of.
    kind, parent, miner, step, claim = after["blocks"][1]
    lie = after["blocks"].store(1, (kind, parent, miner, step, claim - 1))
    assert tie.broken({**after, "blocks": lie}) == ["Exact"]
    p = states.number["p1"]
    everybody = Table(False, dict.fromkeys(states.number.values(), True))
    assert tie.broken({**after, "banned": Table(everybody)}) == ["BannedHaveLied"]
    assert tie.broken({**after, "evaluations": Table(0, {p: 99})}) == ["Evaluations"]


@pytest.mark.tlc
def test_streamlet(tmp_path: Path) -> None:
    graph, constants = graph_of("MCStreamlet", STREAMLET, tmp_path)
    states = StreamletStates(constants, {1: "b1", 2: "p1"})
    tie = Tie(streamlet.SYSTEM, states.universe)
    comparison = compare(tie, graph, states, adjust=states.adjust)
    fits(comparison, "Broadcast", "Propose", "Vote", "Deliver")
    # The other leaders would be wrong.
    other = StreamletStates(constants, {1: "b1", 2: "p2"})
    assert compare(tie, graph, other, adjust=other.adjust).failures


# ------------------------------------------------------------------------------ the evaluator


def evaluate(term: Any, environment: Environment) -> Any:
    """The value of a formula."""
    return Evaluator().compile(term)(environment)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (lambda a, n: each(0, n, lambda i: a[i] >= 1), True),
        (lambda a, n: each(0, n + 1, lambda i: a[i] >= 1), False),
        (lambda a, n: each(0, n, lambda i: each(i, n, lambda j: a[i] <= a[j])), True),
        (lambda a, n: each(0, n, lambda i: each(0, i, lambda j: a[i] <= a[j])), False),
        (lambda a, n: z3.Store(a, 0, 5)[0] == 5, True),
        (lambda a, n: z3.Store(a, 0, 1) == a, True),
        (lambda a, n: z3.Store(a, 1, 1) == a, False),
        (lambda a, n: z3.If(n > 1, n - 1, -n) == 1, True),
        (lambda a, n: z3.Distinct(n, n + 1), True),
    ],
)
def test_evaluation(formula: Callable[[Any, Any], Any], expected: bool) -> None:
    a, n = z3.Const("a", z3.ArraySort(z3.IntSort(), z3.IntSort())), z3.Int("n")
    environment = {"a": Table(0, {0: 1, 1: 2}), "n": 2}
    term = formula(a, n)
    assert evaluate(term, environment) is expected
    # z3 says the same of the same values.
    table = z3.Store(z3.Store(z3.K(z3.IntSort(), z3.IntVal(0)), 0, 1), 1, 2)
    solver = z3.Solver()
    solver.add(a == table, n == 2, term)
    assert (solver.check() == z3.sat) is expected


def test_a_quantifier_needs_a_range() -> None:
    i = z3.Int("i")
    with pytest.raises(ValueError, match="without a range"):
        evaluate(z3.ForAll([i], i >= 0), {})


def test_primed_names_do_not_clash() -> None:
    for system in (termination.SYSTEM, longest_chain.SYSTEM, streamlet.SYSTEM):
        names = set(system.variables)
        assert not names & {f"{name}{AFTER}" for name in names}
        assert replace(system).variables == system.variables
