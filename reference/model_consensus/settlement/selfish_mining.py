"""Optimal selfish mining: the greatest share of decided blocks that an adversary can lead.

Sapirshtein, Sompolinsky and Zohar, "Optimal Selfish Mining Strategies in Bitcoin" (Financial
Cryptography 2016, arXiv 1507.06183): a decision process on (a, h, fork), the lengths of the private
and of the public branch and what the last block was.  In a state the adversary may

``adopt``     give up its branch: the h public blocks are settled;
``override``  publish h + 1 blocks, if a > h: they are settled, and the public branch is lost;
``match``     publish h blocks, if a >= h and the last block was honest: a share ``gamma`` of the
              honest then mines on them;
``wait``      publish nothing more.

The share is the blocks that it settles over all that are settled.  So the process is solved as a
semi-Markov one whose time is the number of settled blocks (Howard's policy iteration): exactly, in
fractions if asked.  Branches end at a length.  Where one is reached, the lower bound lets the
adversary only adopt or override, which is a strategy.  The upper bound also lets it have what
nobody could do better than (`_generous`), and start afresh.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.chain_quality import check_gamma, check_minority
from model_consensus.settlement.probability import Number


class Fork(IntEnum):
    """What the last block was, and whether the adversary has matched."""

    IRRELEVANT = 0  # the adversary's: it is too late to match
    RELEVANT = 1  # an honest one: it can be matched
    ACTIVE = 2  # the adversary's, after a match: the honest are divided


State = tuple[int, int, Fork]


@dataclass(frozen=True)
class Step(Generic[Number]):
    """What an action leads to.

    :ivar ours: blocks of the adversary's that are settled, in the mean.
    :ivar settled: all blocks that are settled, in the mean.
    :ivar chances: the probability of each next state.
    """

    ours: Number
    settled: Number
    chances: tuple[tuple[Number, State], ...]


@dataclass(frozen=True)
class Optimum(Generic[Number]):
    """The bounds of the greatest share of settled blocks that the adversary can lead."""

    lower: Number
    upper: Number


def optimal_selfish_share(alpha: Number, gamma: Number, longest: int = 40) -> Optimum[Number]:
    """Bounds of the greatest share of decided blocks that an adversary can lead, in the limit.

    ``alpha`` is its share of the wins, below 1/2; ``gamma`` that of the honest who mine on its
    branch in a tie; branches are followed up to ``longest`` blocks.  Time grows as its cube.

    :raises ModelConsensusError: a number is out of its range.
    """
    check_minority(alpha)
    check_gamma(gamma)
    if longest < 2:
        raise ModelConsensusError(f"longest {longest} is not the length of a branch: 2 or more")
    steps = _steps(alpha, gamma, longest, generous=False)
    lower, policy = _improved(steps, dict.fromkeys(steps, 0), longest)
    upper, _ = _improved(_steps(alpha, gamma, longest, generous=True), policy, longest)
    return Optimum(lower, upper)


def _steps(
    alpha: Number, gamma: Number, longest: int, *, generous: bool
) -> dict[State, list[Step[Number]]]:
    """The actions in each state that can be reached, as steps; adopt is the first."""
    return {
        state: list(_actions(state, alpha, gamma, longest, generous)) for state in _states(longest)
    }


def _states(longest: int) -> Iterator[State]:
    """All states with branches up to that length, those with more blocks first."""
    for blocks in range(2 * longest, -1, -1):
        for a in range(max(blocks - longest, 0), min(blocks, longest) + 1):
            h = blocks - a
            for fork in Fork:
                if fork is not Fork.ACTIVE or a > h > 0:
                    yield a, h, fork


def _actions(
    state: State, alpha: Number, gamma: Number, longest: int, generous: bool
) -> Iterator[Step[Number]]:
    a, h, fork = state
    none, honest = alpha * 0, 1 - alpha
    afresh = ((alpha, (1, 0, Fork.IRRELEVANT)), (honest, (0, 1, Fork.RELEVANT)))
    yield Step(none, none + h, afresh)
    if a > h:
        left = a - h
        kept = (alpha, (left, 0, Fork.IRRELEVANT)), (honest, (left - 1, 1, Fork.RELEVANT))
        yield Step(none + h + 1, none + h + 1, kept)
    if max(a, h) == longest:
        if generous:
            yield Step(*_generous(a, h, alpha), afresh)
        return
    beside = a, h + 1, Fork.RELEVANT
    if fork is not Fork.ACTIVE:
        yield Step(none, none, ((alpha, (a + 1, h, Fork.IRRELEVANT)), (honest, beside)))
    if fork is Fork.ACTIVE or (fork is Fork.RELEVANT and a >= h > 0):
        on_ours = gamma * honest
        divided = (
            (alpha, (a + 1, h, Fork.ACTIVE)),
            (on_ours, (a - h, 1, Fork.RELEVANT)),
            (honest - on_ours, beside),
        )
        yield Step(on_ours * h, on_ours * h, divided)


def _generous(a: int, h: int, alpha: Number) -> tuple[Number, Number]:
    """(ours, settled): no way to go on from a state is worth more than these, and to start afresh.

    Ahead: all heights are the adversary's until the honest have caught up, which takes
    (a - h)(1 - alpha) / (1 - 2 alpha) more blocks of theirs.  Behind: a tie comes with probability
    ratio^(h - a), after (h - a) alpha / (1 - 2 alpha) more of theirs, and then all heights are the
    adversary's; else the h public blocks are settled.
    """
    drift = 1 - 2 * alpha
    if a >= h:
        credit = h + (a - h) * (1 - alpha) / drift
        return credit, credit
    level = (alpha / (1 - alpha)) ** (h - a)
    credit = level * (h + (h - a) * alpha / drift)
    return credit, credit + (1 - level) * h


def _improved(
    steps: dict[State, list[Step[Number]]], policy: dict[State, int], longest: int
) -> tuple[Number, dict[State, int]]:
    """Policy iteration: evaluate, then take the better action in each state, until none is."""
    slack = 0 if isinstance(_settled(steps), Fraction) else 1e-11
    while True:
        share, values = _evaluated(steps, policy, longest)
        better = dict(policy)
        for state, actions in steps.items():
            worths = [
                step.ours
                - share * step.settled
                + sum(chance * values[following] for chance, following in step.chances)
                for step in actions
            ]
            best = max(range(len(actions)), key=worths.__getitem__)
            if worths[best] > worths[policy[state]] + slack:
                better[state] = best
        if better == policy:
            return share, policy
        policy = better


def _settled(steps: dict[State, list[Step[Number]]]) -> Number:
    """A number of the kind that the steps are made of."""
    return next(iter(steps.values()))[0].settled


def _evaluated(
    steps: dict[State, list[Step[Number]]], policy: dict[State, int], longest: int
) -> tuple[Number, dict[State, Number]]:
    """The share of the policy, and the value of each state relative to the start.

    A step leads to a state with more blocks, or right after a settlement.  So every value is an
    affine function of those of the 2 (longest + 1) states after a settlement and of the share;
    these are known from their own equations, and from the value 0 of the start.
    """
    after: list[State] = [(a, 0, Fork.IRRELEVANT) for a in range(longest + 1)]
    after += [(a, 1, Fork.RELEVANT) for a in range(longest + 1)]
    place = {state: i for i, state in enumerate(after)}
    size = len(after)
    number: Any = type(_settled(steps))
    zero = np.array([number(0)] * (size + 2))  # in the values after, in the share, and constant
    affine: dict[State, NDArray[Any]] = {}
    for state, actions in steps.items():
        step = actions[policy[state]]
        form = zero.copy()
        form[size], form[size + 1] = -step.settled, step.ours
        for chance, following in step.chances:
            if following in place:
                form[place[following]] += chance
            else:
                form += affine[following] * chance
        affine[state] = form
    system: NDArray[Any] = np.array([*(affine[state] for state in after), zero])
    for i in range(size):
        system[i, i] -= 1
    system[size, place[0, 0, Fork.IRRELEVANT]] = number(1)
    known = np.array([*_solved(system), number(1)])
    values = dict(zip(affine, (np.array(list(affine.values())) @ known).tolist(), strict=True))
    return number(known[size]), values


def _solved(system: NDArray[Any]) -> NDArray[Any]:
    """The zero of an affine map, whose last column is constant: elimination, in any numbers."""
    size = len(system)
    for i in range(size):
        pivot = i + int(np.argmax(np.abs(system[i:, i])))
        system[[i, pivot]] = system[[pivot, i]]
        system[i] = system[i] / system[i, i]
        for j in range(size):
            if j != i and system[j, i]:
                system[j] = system[j] - system[i] * system[j, i]
    return -system[:, size]
