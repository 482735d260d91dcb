"""How fast a generation of the evolutionary search is, beside a plain one and other libraries.

    python benchmarks/speed.py

All evaluate λ offspring of the digits' classifiers on the same 1,077 rows in a generation, with
one thread.  Ours: tickets, digests, integer noise, exact losses in float32.  Plain: (1,λ) in
numpy's float64, as one would write it without consensus, with Gaussian noise and the same loss.
pycma (separable) and evosax (OpenAI's strategy), if they are installed (extra ``benchmarks``), ask
for the same λ and are told the losses of the plain evaluation.

Measured in turns, all methods in each round, in processor time, so that a busy machine disturbs
little and all alike: the least time of a generation and its ratio to the least of the plain one,
and the median of the ratios to the plain one in the same round.  Then a profile of ours says where
the time goes.  The exit status is 1 if our median ratio in the first row is above 1.2.
"""

import argparse
import cProfile
import pstats
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model_consensus.evolutionary_search import EvolutionarySearch, all_drawn, least
from model_consensus.simulation.digits import CLASSES, FEATURES, Digits, DigitsMLP, load_parts

Floats = NDArray[np.float64]
Step = Callable[[], object]
"""Runs one generation."""

ROUNDS, ALLOWED = 60, 1.2
SIGMA = 16.0


def ours(landscape: Digits | DigitsMLP, lambda_: int) -> Step:
    """The next generation of our search, as one process runs it."""
    search = EvolutionarySearch(landscape, lambda_, lambda_)
    model = search.genesis

    def step() -> None:
        nonlocal model
        steps = all_drawn(model.generation + 1, "p", lambda_)
        model = search.offspring(model, steps[least(search.losses(model, steps))])

    return step


def one_by_one(landscape: Digits | DigitsMLP, lambda_: int) -> Step:
    """The same search, which evaluates its tickets one at a time."""
    search = EvolutionarySearch(landscape, lambda_, lambda_)
    model = search.genesis

    def step() -> None:
        nonlocal model
        steps = all_drawn(model.generation + 1, "p", lambda_)
        losses = [search.losses(model, [one])[0] for one in steps]
        model = search.offspring(model, steps[least(losses)])

    return step


def plain_losses(landscape: Digits | DigitsMLP) -> Callable[[Floats], Floats]:
    """The squared hinge of models with real weights, float64[m, d], without any rounding.

    As quick as numpy makes it: in place and by class, as
    :mod:`model_consensus.simulation.digits` does it.
    """
    train = load_parts()[0]["train"]
    features = train.features.astype(np.float64)

    def scores(models: Floats) -> Floats:
        if isinstance(landscape, Digits):
            linear: Floats = (models.reshape(-1, FEATURES) @ features).reshape(
                len(models), CLASSES, -1
            )
            return linear
        split = landscape.hidden * FEATURES
        first, second = models[:, :split], models[:, split:-1].reshape(len(models), CLASSES, -1)
        units = first.reshape(-1, FEATURES) @ features
        units /= landscape.scale
        np.clip(units, 0, landscape.saturation, out=units)
        units = units.reshape(len(models), landscape.hidden, -1)
        layered: Floats = second[:, :, :-1] @ units
        layered += second[:, :, -1:] * landscape.scale
        return layered

    def losses(models: Floats) -> Floats:
        every = scores(models)
        own = np.empty((len(models), len(train.labels)))
        for label, rows in enumerate(train.rows_of):
            own[:, rows] = every[:, label, rows]
            every[:, label, rows] -= landscape.margin
        hinges = every.max(axis=1) - own + landscape.margin
        squares: Floats = np.einsum("mr,mr->m", hinges, hinges)
        return squares

    return losses


def plain(landscape: Digits | DigitsMLP, lambda_: int) -> Step:
    """(1,λ) in numpy."""
    losses = plain_losses(landscape)
    generator = np.random.default_rng(1)
    model = landscape.initial().astype(np.float64)

    def step() -> None:
        nonlocal model
        offspring = model + SIGMA * generator.standard_normal((lambda_, len(model)))
        model = offspring[losses(offspring).argmin()]

    return step


def pycma(landscape: Digits | DigitsMLP, lambda_: int) -> Step:
    """CMA-ES with a diagonal covariance; a full one takes many times as long in 650 dimensions."""
    import cma

    losses = plain_losses(landscape)
    options = {"popsize": lambda_, "CMA_diagonal": True, "verbose": -9, "seed": 1}
    strategy = cma.CMAEvolutionStrategy(landscape.initial().astype(float), SIGMA, options)

    def step() -> None:
        asked = strategy.ask()
        strategy.tell(asked, losses(np.array(asked)).tolist())

    return step


def evosax(landscape: Digits | DigitsMLP, lambda_: int) -> Step:
    """OpenAI's strategy in JAX, compiled; the losses are evaluated by numpy, as for the others."""
    import jax
    import optax
    from evosax.algorithms import Open_ES

    losses = plain_losses(landscape)
    start = jax.numpy.asarray(landscape.initial(), jax.numpy.float32)
    strategy = Open_ES(population_size=lambda_, solution=start, optimizer=optax.adam(5.0))
    parameters = strategy.default_params
    key = jax.random.key(1)
    state = strategy.init(key, start, parameters)
    ask, tell = jax.jit(strategy.ask), jax.jit(strategy.tell)

    def step() -> None:
        nonlocal key, state
        key, first, second = jax.random.split(key, 3)
        asked, state = ask(first, state, parameters)
        told = losses(np.asarray(asked, np.float64)).astype(np.float32)
        state, _ = tell(second, asked, jax.numpy.asarray(told), state, parameters)

    return step


METHODS: dict[str, tuple[Callable[[Digits | DigitsMLP, int], Step], str | None]] = {
    "ours": (ours, None),
    "ours, one at a time": (one_by_one, None),
    "plain numpy": (plain, None),
    "pycma, diagonal": (pycma, "cma"),
    "evosax, OpenAI-ES": (evosax, "evosax"),
}
"""What is measured, and the library that it needs."""


def measure(landscape: Digits | DigitsMLP, lambda_: int) -> dict[str, list[float]]:
    """Seconds of each generation; none for a library that is not installed."""
    steps = {
        name: make(landscape, lambda_)
        for name, (make, library) in METHODS.items()
        if library is None or find_spec(library)
    }
    for step in steps.values():  # caches, compilers
        step()
    times: dict[str, list[float]] = {name: [] for name in METHODS}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            start = time.process_time()
            step()
            times[name].append(time.process_time() - start)
    return times


def profile(landscape: Digits | DigitsMLP, lambda_: int) -> Table:
    """Where the time of our search goes."""
    step = ours(landscape, lambda_)
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(ROUNDS):
        step()
    profiler.disable()
    entries = pstats.Stats(profiler).get_stats_profile().func_profiles
    whole = entries["step"].cumtime
    table = Table(title=f"where the time goes: {landscape.name}, λ = {lambda_} (cProfile)")
    table.add_column("function")
    for column in ("calls", "itself", "with what it calls"):
        table.add_column(column, justify="right")
    for name, entry in sorted(entries.items(), key=lambda each: -each[1].cumtime)[:14]:
        table.add_row(
            name, entry.ncalls, f"{entry.tottime / whole:.0%}", f"{entry.cumtime / whole:.0%}"
        )
    return table


def main() -> int:
    """Print the tables; the exit status."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    console = Console(width=110)
    table = Table(title=f"one generation, processor time; least and median of {ROUNDS} rounds")
    for column in ("classifier", "λ", "search", "ms", "least ratio", "median ratio"):
        table.add_column(column, justify="right")
    first: float | None = None
    for landscape, lambda_ in ((Digits(), 48), (Digits(), 16), (DigitsMLP(), 20)):
        times = measure(landscape, lambda_)
        for name, taken in times.items():
            if not taken:
                table.add_row(
                    landscape.name, str(lambda_), name, "", f"{METHODS[name][1]} is", "missing"
                )
                continue
            ratios = [a / b for a, b in zip(taken, times["plain numpy"], strict=True)]
            first = median(ratios) if first is None else first
            table.add_row(
                landscape.name,
                str(lambda_),
                name,
                f"{1000 * min(taken):.2f}",
                f"{min(taken) / min(times['plain numpy']):.2f}",
                f"{median(ratios):.2f}",
            )
        table.add_section()
    console.print(table)
    console.print(profile(Digits(), 48))
    assert first is not None
    console.print(f"ours takes {first:.2f} times as long as the plain one; {ALLOWED} is allowed")
    return 0 if first <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
