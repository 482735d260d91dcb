"""The reference implementation attacked in earnest: how often a decision is reverted.

The adversary forks off below the first block, mines in secret and publishes when that can revert
the decision of height 1.  Real learners hold the chain that they received first, so they lose fewer
ties than the closed game grants the adversary and more than it denies it: the frequency must lie
between the two probabilities, up to a confidence interval.
"""

import math
from collections.abc import Iterable

import pytest

from model_consensus.adversaries.pow import Shown, Strategy, to_all
from model_consensus.adversaries.pow_view import View
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.pow_learner import Rules, chain
from model_consensus.settlement.condition import Ties
from model_consensus.settlement.probability import Convention, reversal_probability_within
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.pow import PowSimulation
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem

RUNS, HORIZON, DEVIATIONS = 400, 8, 4


class ForkAtTheGenesis(Strategy):
    """Mines one secret chain from the genesis on, and never on the public one."""

    def extend(self, view: View) -> int:
        """The end of the secret chain."""
        return view.secret

    def publish(self, view: View) -> Iterable[Shown]:
        """The secret chain, once the public one has decided and showing it reverts that.

        As long as the public chain it only wins where the last block has not arrived: the miner of
        that block gets it first, and decides.  Else it must be longer.
        """
        public, secret = view.height(view.top), view.height(view.secret)
        own = view.is_own(view.last)
        if public <= view.system.rules.depth or secret < public + own:
            return ()
        first = [] if own else [(view.miner(view.last), view.last)]
        return first + to_all(view, view.secret)


def reverted(depth: int, share: float, seed: int) -> bool:
    """Whether in the run two blocks of height 1 are decided, over processes and time."""
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(), 1, 1)))
    names = ("p1", "p2", "p3", "b1")
    system = PowSystem(Rules(names, depth), ("b1",), one, wins=HORIZON, byzantine_wins=HORIZON)
    decided = set()
    for _, state in PowSimulation(system, ForkAtTheGenesis(), share, seed).run(HORIZON):
        chains = map(chain, state.learner.values())
        decided |= {blocks[0] for blocks in chains if len(blocks) > depth}
    return len(decided) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "share"), [(0, 0.3), (1, 0.3), (1, 0.45)])
def test_decisions_are_reverted_as_often_as_the_bounds_say(depth: int, share: float) -> None:
    frequency = sum(reverted(depth, share, seed) for seed in range(RUNS)) / RUNS
    low, high = (
        reversal_probability_within(share, depth, HORIZON, Convention(pre_mining=False, ties=ties))
        for ties in (Ties.HONEST, Ties.FIRST)
    )
    deviation = DEVIATIONS * math.sqrt(frequency * (1 - frequency) / RUNS)
    assert low - deviation <= frequency <= high + deviation
    assert frequency > 0
    # It can fail: three levels deeper the same bounds are another interval.
    deeper = reversal_probability_within(share, depth + 3, HORIZON, Convention(pre_mining=False))
    assert frequency - deviation > deeper
