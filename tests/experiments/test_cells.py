"""Every cell of the experiments, run small: is what its line says what has happened?

A run is watched at the functions that the cells call; what is counted here is counted from the
steps and the vectors themselves.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from experiments import __main__ as experiments
from experiments import cells, learners, strategies
from experiments.aggregators import AGGREGATORS
from experiments.cells import (
    ATTACKS_OF,
    DRAWS,
    NO_ATTACK,
    POW_DRAWS,
    PROCESSES,
    Cell,
    Result,
    cells_of,
)
from experiments.strategies import GRADIENT_ATTACKS, Settings
from model_consensus.evolutionary_search import Model, Ticket
from model_consensus.pow_learner import NOBODY, chain, has_work, model_of, model_of_tip
from model_consensus.simulation import tob as simulation
from model_consensus.simulation.digits import Digits
from model_consensus.simulation.pow import PowSimulation
from model_consensus.systems import pow_actions, tob
from model_consensus.systems.pow_actions import (
    ByzantineForge,
    ByzantineMine,
    ByzantinePublish,
    MakeOffer,
    Mine,
    Receive,
)
from tests.vectors.derivation import digest

pytest.importorskip("sklearn")
pytestmark = pytest.mark.slow

GENERATIONS, WINS = 3, 24
SETTINGS = Settings(16, 12, "adam")
OFFERING = ("worst-offers", "false-offers", "barely-useful")


def small(methods: list[str]) -> list[Cell]:
    """One seed of every cell of these methods."""
    return [
        cell
        for method in methods
        for cell in cells_of(
            method, [1], range(1, cells.BOUND + 1), SETTINGS if method[:3] == "es-" else None
        )
    ]


def name_of(cell: Cell) -> str:
    return f"{cell.method} {cell.attack} f{cell.byzantine}"


class Watched:
    """What the runs of cells have done since the last one began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[Any] = []
        self.system: Any = None
        self.aggregated: list[tuple[Any, int]] = []
        self.attacked: list[Any] = []
        self.evaluated: list[int] = []
        self.weights: Any = None
        monkeypatch.setattr(learners, "simulate", self.stepping(simulation.simulate))
        monkeypatch.setattr(learners, "PowSimulation", self.mining())
        monkeypatch.setattr(strategies, "_losses", self.counting(strategies._losses))
        for where, name in ((cells, "over_tob"), (cells, "over_pow"), (strategies, "train")):
            monkeypatch.setattr(where, name, self.returning(getattr(where, name)))
        for name, aggregate in AGGREGATORS.items():
            monkeypatch.setitem(AGGREGATORS, name, self.aggregating(aggregate))
        for name, attack in GRADIENT_ATTACKS.items():
            monkeypatch.setitem(GRADIENT_ATTACKS, name, self.attacking(attack))

    def stepping(self, simulate: Any) -> Any:
        def steps(system: Any, *rest: Any) -> Iterator[Any]:
            self.system, self.steps = system, []
            for step in simulate(system, *rest):
                self.steps.append(step)
                yield step

        return steps

    def mining(self) -> type[PowSimulation]:
        watched = self

        class Watching(PowSimulation):
            def run(self, wins: int) -> Iterator[Any]:
                watched.system, watched.steps = self.system, []
                for step in super().run(wins):
                    watched.steps.append((*step, dict(self.evaluations)))
                    yield step

        return Watching

    def counting(self, losses: Any) -> Any:
        def counted(landscape: Any, models: Any) -> Any:
            self.evaluated.append(len(models))
            return losses(landscape, models)

        return counted

    def returning(self, train: Any) -> Any:
        def trained(*arguments: Any, **named: Any) -> Any:
            self.aggregated, self.attacked, self.evaluated = [], [], []
            result = train(*arguments, **named)
            last = result[-1] if isinstance(result, list) else result
            self.weights = getattr(last, "vector", last)
            return result

        return trained

    def aggregating(self, aggregate: Any) -> Any:
        def aggregated(vectors: Any, f: int) -> Any:
            self.aggregated.append((vectors, f))
            return aggregate(vectors, f)

        return aggregated

    def attacking(self, attack: Any) -> Any:
        def attacked(honest: Any, generator: Any) -> Any:
            self.attacked.append((len(honest), attack(honest, generator)))
            return self.attacked[-1][1]

        return attacked


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def accuracy_by_hand(weights: Any, part: str, split: int) -> float:
    """From the data: rows sorted by their digests, 360 for the test, 360 for validation."""
    from sklearn.datasets import load_digits

    data = load_digits()
    other = (split,) if split else ()
    rows = sorted(
        range(1797), key=lambda row: digest("model-consensus/digits/split/1", row, *other)
    )
    means = data.data[rows[720:]].astype(int).sum(axis=0) // 1077
    chosen = {"test": rows[:360], "validation": rows[360:720]}[part]
    features = np.hstack([data.data[chosen] - means, np.full((360, 1), 8)])
    scores = features @ np.reshape(weights, (10, 65)).T
    return float((scores.argmax(axis=1) == data.target[chosen]).mean())


def assert_measured(result: Result, weights: Any) -> None:
    split = result.cell.seed if result.cell.method.endswith("-resplit") else 0
    for part, said in (("validation", result.validation), ("test", result.test)):
        assert said == pytest.approx(accuracy_by_hand(weights, part, split), abs=2 / 360), (
            part
        )  # ties


@pytest.mark.parametrize(
    "cell", small(["tob", "tob-unverified", "tob-resplit", "alone", "alone-resplit"]), ids=name_of
)
def test_a_cell_over_total_order_broadcast(
    cell: Cell, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, f = cell.method.startswith("alone"), cell.byzantine
    mu = 1 if alone else max(1, PROCESSES - 2 * f)
    decision = mu + (mu > 1)
    budget = GENERATIONS * (DRAWS + 1 + decision)
    monkeypatch.setattr(cells, "BUDGET", budget)
    result = cells.run_cell(cell)
    system = watched.system
    processes = 1 if alone else PROCESSES
    assert len(system.processes) == processes
    assert (len(system.byzantine), system.rules.lambda_) == (f, processes - f)
    assert system.rules.mu == mu
    offers = {a.offer.sender for a, _ in watched.steps if isinstance(a, tob.ByzantineOffer)}
    assert offers == (set() if cell.attack in ("none", "silent") else set(system.byzantine))
    # A correct process evaluates its own draws and their recombination, for each decision μ offers
    # and their blend, and one lie for each ban; the defective learner believes all offers.
    verified = cell.method != "tob-unverified"
    spent = []
    made: Counter[str] = Counter()
    for action, state in watched.steps:
        if isinstance(action, tob.Offer):
            made[action.process] += 1
        for each in state.learner.values():
            checked = decision * each.model.generation + len(each.verified) + len(each.banned)
            blends = (mu > 1) * each.model.generation
            assert each.evaluations == (DRAWS + 1) * made[each.process] + (
                checked if verified else blends
            )
        spent.append(max(each.evaluations for each in state.learner.values()))
    assert spent[-2] <= budget < spent[-1]  # the step that is beyond the budget is the last
    decided = [each.model for each in watched.steps[-2][1].learner.values()]
    assert any((watched.weights == model.vector).all() for model in decided)
    assert_measured(result, watched.weights)


def surely_evaluated(system: Any, steps: list[Any]) -> dict[str, int]:
    """How many models each correct process needs to evaluate, whatever it leads with.

    On each tip it needs its own draws and nobody's, and the recombination of each; of each block
    its step, and nobody's draws on the parent.  Where all are correct, all have all offers, and
    this and what they need to lead is all.
    """
    search = system.landscapes.search({})
    needed: dict[str, set[Any]] = {process: set() for process in system.correct}
    for action, state, _ in steps:
        if isinstance(action, MakeOffer):
            process = action.process
            tip = model_of_tip(state.learner[process])
            needed[process] |= proposed(search, tip, process) | proposed(search, tip, NOBODY)
        elif isinstance(action, Mine) and not system.byzantine:
            led = needed_to_lead(search, model_of_tip(state.learner[action.process]), action.offers)
            needed = {process: models | led for process, models in needed.items()}
        elif isinstance(action, Receive | ByzantinePublish):
            process, block = action.process, state.blocks[action.block - 1]
            parent = model_of(search, state.learner[process], block.parent)
            needed[process] |= {(parent.digest, block.step)} | proposed(search, parent, NOBODY)
        elif isinstance(action, ByzantineForge) and has_work(system.rules, action.block):
            parent = model_of(search, state.learner[action.process], action.block.parent)
            needed[action.process] |= {(parent.digest, action.block.step)}
    return {process: len(models) for process, models in needed.items()}


def needed_to_lead(search: Any, tip: Model, offers: Any) -> set[Any]:
    """The blend; if it is not as good as the best offer, the useful ones as well; all are true."""

    def loss(step: Any) -> int:
        (found,) = search.losses(tip, [step])
        return int(found)

    public = min((step for _, step in proposed(search, tip, NOBODY)), key=loss)
    useful = [frozenset([o.ticket]) for o in offers if o.claim < loss(public)]
    blend = public.union(*useful)
    better = loss(blend) > min(map(loss, [public, *useful]))
    return {(tip.digest, step) for step in (blend, *(useful if better else ()))}


def proposed(search: Any, parent: Model, process: str) -> set[Any]:
    """The offspring that ``process`` evaluates to find its best ticket, by their steps."""

    def step(*weights: int) -> frozenset[Ticket]:
        return frozenset([Ticket(parent.generation + 1, process, weights)])

    drawn = [step(*(int(i == d) for i in range(POW_DRAWS))) for d in range(POW_DRAWS)]
    losses = search.losses(parent, drawn)
    ranks = [sorted(losses).index(loss) for loss in losses]
    combined = step(*(POW_DRAWS - 1 - 2 * rank for rank in ranks))
    return {(parent.digest, each) for each in (*drawn, combined)}


@pytest.mark.parametrize("cell", small([m for m in ATTACKS_OF if m[:3] == "pow"]), ids=name_of)
def test_a_cell_over_proof_of_work(
    cell: Cell, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A win costs the draws and their recombination, nobody's, a block, and at most about a blend.
    budget = WINS * (2 * (POW_DRAWS + 1) + 2)
    monkeypatch.setattr(cells, "BUDGET", budget)
    result = cells.run_cell(cell)
    system, f = watched.system, cell.byzantine
    processes = 1 if "alone" in cell.method else PROCESSES
    assert (len(system.rules.processes), len(system.byzantine)) == (processes, f)
    assert system.landscapes.draws == POW_DRAWS
    actions = [action for action, *_ in watched.steps]
    mined = [a for a in actions if isinstance(a, Mine | ByzantineMine)]
    forged = [  # each is sent to all correct processes
        a.block
        for a in actions
        if isinstance(a, ByzantineForge)
        and a.process == system.correct[0]
        and has_work(system.rules, a.block)
    ]
    wins = len(mined) + len(forged)
    # A blend that is not good enough costs more; a win that changes nobody's tip costs less.
    assert WINS - 3 <= len(mined) <= 2 * WINS
    byzantine = [a for a in actions if isinstance(a, ByzantineMine | ByzantineForge)]
    assert bool(byzantine) == (cell.attack != NO_ATTACK)
    share = (sum(isinstance(a, ByzantineMine) for a in mined) + len(forged)) / wins
    assert abs(share - f / PROCESSES) <= 3 * (f / PROCESSES * (1 - f / PROCESSES) / wins) ** 0.5
    lies = {a.offer.sender for a in actions if isinstance(a, pow_actions.ByzantineOffer)}
    assert lies == (set(system.byzantine) if cell.attack in OFFERING else set())
    # When somebody wins, all are ready to lead.
    last_win = max(i for i, a in enumerate(actions) if isinstance(a, Mine | ByzantineMine))
    *_, counted = watched.steps[last_win]
    for process, needed in surely_evaluated(system, watched.steps[: last_win + 1]).items():
        # To lead, the blend; if it is not good enough, the offers of all others.
        assert 0 <= counted[process] - needed <= PROCESSES * wins
        if f == 0:
            assert counted[process] == needed
    spent = [max(evaluations.values()) for *_, evaluations in watched.steps]
    assert spent[-2] <= budget < spent[-1]  # the step that is beyond the budget is the last
    depth = learners.DEPTH
    before = watched.steps[-2][1].learner.values()
    last = max(map(chain, before), key=len)[-depth - 1]
    models = [model_of(system.landscapes.search({}), each, last) for each in before]
    assert all((watched.weights == model.vector).all() for model in models)
    assert_measured(result, watched.weights)


@pytest.mark.parametrize("cell", small([m for m in ATTACKS_OF if m[:3] == "es-"]), ids=name_of)
def test_a_cell_of_an_evolution_strategy(
    cell: Cell, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "BUDGET", GENERATIONS * DRAWS)
    result = cells.run_cell(cell)
    f = cell.byzantine
    # An honest worker evaluates as many models in a generation as a process of ours.
    assert watched.evaluated == [DRAWS * (PROCESSES - f)] * GENERATIONS
    assert [told for _, told in watched.aggregated if len(_) == PROCESSES] == [f] * GENERATIONS
    assert len(watched.attacked) == (GENERATIONS if f else 0)
    given = [vectors for vectors, _ in watched.aggregated if len(vectors) == PROCESSES]
    for vectors, (honest, forged) in zip(given, watched.attacked, strict=bool(f)):
        assert honest == PROCESSES - f
        assert (vectors == forged).all(axis=1).sum() >= f
    assert_measured(result, watched.weights)


def test_the_experiment_is_tuned_on_the_validation_part_with_seeds_of_its_own(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = experiments.GRID[3]

    def run(path: Any, wanted: list[Cell], *rest: Any) -> dict[Cell, Result]:
        """Validation likes one of the grid, and the test every other one."""
        text = cells.settings_text(best)
        return {c: Result(c, c.settings == text, c.settings != text) for c in wanted}

    monkeypatch.setattr(experiments, "run_cells", run)
    monkeypatch.setattr(experiments, "TUNED", tmp_path / "tuned.json")
    experiments.tune(tmp_path, 1, Console(quiet=True))
    chosen = json.loads((tmp_path / "tuned.json").read_text())
    assert {Settings(**each) for each in chosen.values()} == {best}
    assert not set(experiments.TUNING_SEEDS) & set(cells.SEEDS)


def test_the_rows_of_the_parts_are_not_the_same() -> None:
    """So that a measure of the wrong part is noticed above."""
    weights = np.arange(650) * 7919 % 101 - 50
    landscape = Digits()
    parts = [landscape.accuracy(weights, part) for part in ("train", "validation", "test")]
    assert len({round(360 * part) for part in parts}) == 3
