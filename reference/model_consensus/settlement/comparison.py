"""How probable a reversal is: under our conventions, and by the formulas in the literature."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement import literature
from model_consensus.settlement.concurrent import Foresight, concurrent_reversal_probability
from model_consensus.settlement.condition import Shown, Target, Ties
from model_consensus.settlement.delay import reversal_upper_bound
from model_consensus.settlement.probability import (
    Convention,
    least_depth,
    least_depth_of,
    reversal_probability,
    reversal_probability_within,
)
from model_consensus.settlement.seen import reversal_probability_given

MOST_CONCURRENT = 40  # the time of the decision process on forks grows with the depth's cube
MOST_FORESEEN = 8  # and that of the walk on sets of forks exponentially
MOST_DELAYED = 500  # the time of the bounds under a delay grows with the square
MOST_SUMMED = 500  # Rosenfeld's sum cancels, so it is evaluated exactly, with ever longer numbers

Probability = float | Fraction


@dataclass(frozen=True)
class Question:
    """What is compared.

    :ivar alpha: the adversary's share of the slots.
    :ivar convention: the one that the others differ from.
    :ivar exact: whether the probabilities are to be fractions, where that is possible.
    :ivar horizon: a number of slots, for the probability within them; or None.
    :ivar concurrent: the share of the honest slots that have two concurrent blocks; or None.
    :ivar shown: in such a slot, whom the adversary can show a block to.
    :ivar seen: the slots seen since the decision began, the target's own first; or None.
    :ivar late: the share of the blocks that come within the delay after the one before; or None
        for no delay.
    """

    alpha: Fraction
    convention: Convention
    exact: bool = False
    horizon: int | None = None
    concurrent: Fraction | None = None
    shown: Shown = Shown.EACH
    seen: str | None = None
    late: float | None = None


@dataclass(frozen=True)
class Row:
    """One line of the comparison: a convention of ours, or a formula of the literature.

    :ivar name: of the convention or formula.
    :ivar counts: what its parameter is at depth k.
    :ivar probability: by k; None where it takes too long.
    :ivar within: by k: the same, within the horizon.
    :ivar least: the least k by epsilon.
    :ivar given: by k: the same, given the slots seen; None where that has no program.
    """

    name: str
    counts: str
    probability: Callable[[int], Probability | None]
    within: Callable[[int], Probability] | None = None
    least: Callable[[float], int] | None = None
    given: Callable[[int], Probability | None] | None = None


def comparison(question: Question) -> list[Row]:
    """The rows, that of the question's own convention first, after the upper bound under a delay.

    :raises ModelConsensusError: what is asked for has no program under that convention.
    """
    ours, delayed = list(_our_rows(question)), list(_delayed_rows(question))
    others = [*_concurrent_rows(question), *_literature_rows(question)]
    return [*delayed[:1], *ours, *delayed[1:], *others]


def _delayed_rows(question: Question) -> Iterator[Row]:
    """Our upper bound under a delay, and the two of Guo and Ren."""
    chosen, late = question.convention, question.late
    if late is None:
        return
    if chosen.ties is not Ties.ADVERSARY or chosen.target is Target.BLOCK:
        raise ModelConsensusError("--delay needs --ties adversary and --target height")
    alpha = float(question.alpha)

    def row(name: str, counts: str, bound: Callable[[int], float]) -> Row:
        return Row(
            name,
            counts,
            lambda k: None if k > MOST_DELAYED else bound(k),
            least=lambda epsilon: least_depth_of(bound, epsilon, MOST_DELAYED),
        )

    yield row(
        f"{chosen}, delay: upper bound",
        "depth k",
        lambda k: reversal_upper_bound(alpha, late, k, pre_mining=chosen.pre_mining),
    )
    yield row(
        "Guo and Ren 2022, Theorem 2, delay: upper bound",
        "k + 1",
        lambda k: literature.guo_ren_upper(alpha, late, k + 1),
    )
    yield row(
        "Guo and Ren 2022, Theorem 2, delay: lower bound",
        "k + 1",
        lambda k: literature.guo_ren_lower(alpha, k + 1),
    )


def _our_rows(question: Question) -> Iterator[Row]:
    """The chosen convention, and those that differ from it in one point."""
    alpha: Any = question.alpha if question.exact else float(question.alpha)
    chosen, horizon = question.convention, question.horizon
    other_target = Target.BLOCK if chosen.target is Target.HEIGHT else Target.HEIGHT

    def row(convention: Convention) -> Row:
        return Row(
            str(convention),
            "depth k",
            lambda k: reversal_probability(alpha, k, convention),
            None
            if horizon is None
            else lambda k: reversal_probability_within(alpha, k, horizon, convention),
            lambda epsilon: least_depth(float(alpha), epsilon, convention),
            _given(question, alpha, convention),
        )

    first = row(chosen)
    if question.seen is not None and first.given is None:
        raise ModelConsensusError(
            "--seen with slots H needs --ties adversary and --target height"
            if "H" in question.seen
            else f"--seen {question.seen}: --target block needs an h in the first slot"
        )
    yield first
    yield row(replace(chosen, pre_mining=not chosen.pre_mining))
    for ties in Ties:
        if ties is not chosen.ties:
            yield row(replace(chosen, ties=ties))
    yield row(replace(chosen, target=other_target))


def _given(
    question: Question, alpha: Any, convention: Convention
) -> Callable[[int], Probability | None] | None:
    """The probability by k given the slots seen, or None if the convention has none for them."""
    seen = question.seen
    honest_block = convention.target is Target.BLOCK
    if seen is None or (honest_block and seen.startswith("A")):
        return None
    if "H" not in seen:
        return lambda k: reversal_probability_given(seen, alpha, k, convention)
    if honest_block or convention.ties is not Ties.ADVERSARY:
        return None

    def with_concurrent_blocks(k: int) -> Probability | None:
        if k > MOST_CONCURRENT:
            return None
        value: Probability = concurrent_reversal_probability(
            alpha,
            type(alpha)(0),
            k,
            shown=question.shown,
            pre_mining=convention.pre_mining,
            seen=seen,
        )
        return value

    return with_concurrent_blocks


def _concurrent_rows(question: Question) -> Iterator[Row]:
    """The adversary that sees the slots as they come, and the one that foresees them all."""
    if question.concurrent is None:
        return
    chosen = question.convention
    if chosen.ties is not Ties.ADVERSARY or chosen.target is Target.BLOCK:
        raise ModelConsensusError("--concurrent needs --ties adversary and --target height")
    number: Any = Fraction if question.exact else float
    alpha, rate = number(question.alpha), number(question.concurrent)

    def online(k: int, seen: str = "") -> Probability | None:
        if k > MOST_CONCURRENT:
            return None
        value: Probability = concurrent_reversal_probability(
            alpha, rate, k, shown=question.shown, pre_mining=chosen.pre_mining, seen=seen
        )
        return value

    def foreseen(k: int) -> Probability | None:
        if k > MOST_FORESEEN:
            return None
        value: Probability = concurrent_reversal_probability(
            alpha, rate, k, shown=question.shown, foresight=Foresight.ALL
        )
        return value

    before = "pre-mining" if chosen.pre_mining else "no pre-mining"
    seen = question.seen
    given = None if seen is None else lambda k: online(k, seen)
    yield Row(f"{before}, slots H at rate {question.concurrent}", "depth k", online, given=given)
    yield Row("no pre-mining, the same, all slots foreseen", "depth k", foreseen)


def _literature_rows(question: Question) -> Iterator[Row]:
    """All of them: no pre-mining, ties to the adversary."""
    alpha = float(question.alpha)

    def rosenfeld(k: int) -> Probability | None:
        if k > MOST_SUMMED:
            return None
        value = literature.rosenfeld(question.alpha, k + 1)
        return value if question.exact else float(value)

    yield Row("Rosenfeld 2014, r(n)", "n = k + 1", rosenfeld)

    def row(name: str, counts: str, probability: Callable[[int], float]) -> Row:
        return Row(
            name, counts, probability, least=lambda epsilon: least_depth_of(probability, epsilon)
        )

    yield row(
        "Grunspan and Pérez-Marco 2018, P(z)",
        "z = k + 1",
        lambda k: literature.grunspan_perez_marco(alpha, k + 1),
    )
    yield row(
        "Nakamoto 2008, Poisson, same race",
        "z = k + 1",
        lambda k: literature.nakamoto(alpha, k + 1),
    )
    yield row("Nakamoto 2008, Poisson, as worded", "z = k", lambda k: literature.nakamoto(alpha, k))
