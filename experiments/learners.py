"""Our learners with a budget of evaluations instead of a number of generations."""

from collections.abc import Sequence

from model_consensus import tob_learner
from model_consensus.adversaries.pow import Strategy
from model_consensus.adversaries.tob import Attack
from model_consensus.evolutionary_search import EvolutionarySearch, Model, Process
from model_consensus.landscapes import Landscape
from model_consensus.pow_learner import Rules, chain, model_of_tip
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.simulation.tob import simulate
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.tob import Receive, TobSystem

DEPTH, HASHES = 6, 256
"""Of proof-of-work: blocks on top that decide a block, and the hashes that a block costs on
average."""


def names(processes: int, seed: int) -> Sequence[Process]:
    """A name is part of a ticket: with other names the processes draw other offspring."""
    return [f"seed {seed} process {number}" for number in range(1, processes + 1)]


def over_tob(
    landscape: Landscape,
    attack: Attack,
    *,
    processes: int,
    byzantine: int,
    draws: int,
    budget: int,
    seed: int,
    receive: Receive = tob_learner.receive,
) -> Model:
    """The last model decided over Total Order Broadcast, with λ = n - f and μ = λ - f, at least 1.

    The run ends before a correct process would have evaluated more than ``budget`` models.
    """
    who = names(processes, seed)
    lambda_ = processes - byzantine
    rules = tob_learner.Rules(lambda_, max(1, lambda_ - byzantine))
    search = EvolutionarySearch(landscape, draws, rules.lambda_, rules.mu, recombines=True)
    one = OneLandscape(CachedSearch(search))
    system = TobSystem(who, who[lambda_:], rules, one, name=bytes.hex, receive=receive)

    model = system.genesis
    for _, state in simulate(system, one, attack, seed):
        learners = state.learner.values()
        if max(learner.evaluations for learner in learners) > budget:
            break
        model = max(learners, key=tob_learner.current_generation).model
    return model


def over_pow(
    landscape: Landscape,
    strategy: Strategy,
    *,
    processes: int,
    byzantine: int,
    draws: int,
    budget: int,
    seed: int,
) -> list[Model]:
    """The models decided over proof-of-work, the genesis first.

    The run ends before a correct process would have evaluated more than ``budget`` models.  The
    share of the Byzantine processes in the wins is their share of the processes.
    """
    who = names(processes, seed)
    rules = Rules(tuple(who), DEPTH, (1 << 256) // HASHES)
    one = OneLandscape(
        CachedSearch(EvolutionarySearch(landscape, draws, lambda_=1, recombines=True))
    )
    system = PowSystem(rules, who[processes - byzantine :], one, name=bytes.hex)
    simulation = PowSimulation(system, strategy, byzantine / processes, seed)

    last = simulation.state
    for _ in simulation.run(budget):
        if max(simulation.evaluations.values()) > budget:
            break
        last = simulation.state
    ahead = max(last.learner.values(), key=lambda learner: model_of_tip(learner).generation)
    models = [system.genesis]
    for block in chain(ahead, system.decided_block(ahead)):
        models.append(one.searched.offspring(models[-1], ahead.known[block].step))
    return models
