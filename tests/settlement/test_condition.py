"""The settlement condition against the game it is about, string by string."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement import condition as settlement
from model_consensus.settlement.condition import Shown, Target, Ties
from tests.support import first_stays_game
from tests.support import settlement_games as games

DEPTHS = range(4)


def strings(alphabet: str, length: int) -> Iterator[str]:
    """All strings of exactly ``length`` slots."""
    return ("".join(slots) for slots in product(alphabet, repeat=length))


@pytest.mark.slow
@pytest.mark.parametrize("shown", Shown)
def test_the_tree_game_loses_nothing_of_the_plain_game(shown: Shown) -> None:
    at_once = shown is Shown.ALL
    for slots, fork in games.tree_deepest_forks("hHA", 4, at_once=at_once):
        for depth in range(3):
            assert games.plain_violates(slots, depth, at_once=at_once) == (fork > depth), slots


@pytest.mark.slow
def test_wins_alone_against_the_game() -> None:
    count = 0
    for slots, fork in games.tree_deepest_forks("hA", 10):
        count += 1
        for depth in DEPTHS:
            assert settlement.violates(slots, depth) == (fork > depth), (slots, depth)
            assert settlement.disagreement_possible(slots, depth) == (fork > depth)
    assert count == 2**11 - 1


@pytest.mark.slow
@pytest.mark.parametrize("shown", Shown)
def test_concurrent_blocks_against_the_game(shown: Shown) -> None:
    count = 0
    for slots, fork in games.tree_deepest_forks("hHA", 7, at_once=shown is Shown.ALL):
        count += 1
        for depth in DEPTHS:
            possible = settlement.disagreement_possible(slots, depth, shown)
            assert possible == (fork > depth), (slots, depth)
    assert count == (3**8 - 1) // 2


@pytest.mark.slow
@pytest.mark.parametrize("shown", Shown)
def test_a_shorter_recurrence_gives_the_same(shown: Shown) -> None:
    """Forks start at (0, 0, 0), honest blocks never go beside both chains: observed, not proved."""

    def moves(fork: settlement.ForkState, slot: str) -> set[settlement.ForkState]:
        x, y, g = fork
        return settlement.fork_moves(fork, slot, shown) - (
            {(x, y, g + 1)} if slot != "A" else set()
        )

    def possible(slots: str, depth: int) -> bool:
        forks: set[settlement.ForkState] = set()
        for slot in slots:
            forks = {move for fork in forks | {(0, 0, 0)} for move in moves(fork, slot)}
            if any(settlement.settled_apart(fork, depth) for fork in forks):
                return True
        return False

    for slots in strings("hHA", 7):
        for depth in DEPTHS:
            assert settlement.disagreement_possible(slots, depth, shown) == possible(slots, depth)


@pytest.mark.parametrize(
    ("fork", "slot", "each", "only_each"),
    [
        # both chains above the honest blocks: either grows, or a block goes beside both
        ((2, 0, 1), "A", {(3, 0, 1), (2, 1, 1)}, set()),
        ((2, 0, 0), "h", {(3, 0, 3), (2, 1, 1), (2, 0, 1)}, set()),
        ((0, 0, -2), "h", {(1, 0, 1), (0, 0, -1)}, set()),
        # the lower chain is below an honest block
        ((2, 0, 1), "h", {(3, 0, 3), (2, 0, 2)}, set()),
        # an honest block ends the higher chain: beside both there is no room
        ((1, 1, 1), "h", {(2, 1, 2)}, set()),
        ((1, 0, 1), "h", {(2, 0, 2)}, set()),
        # both miners of a slot H see the same chains if they are equally long
        ((2, 0, 0), "H", {(3, 0, 3), (2, 1, 1), (2, 0, 1)}, {(3, 1, 3)}),
        ((1, 1, 0), "H", {(2, 1, 2), (2, 2, 2), (1, 1, 1)}, set()),
        ((2, 0, 1), "H", {(3, 0, 3), (2, 0, 2)}, set()),
    ],
)
def test_what_one_slot_makes_of_a_fork(
    fork: settlement.ForkState,
    slot: str,
    each: set[settlement.ForkState],
    only_each: set[settlement.ForkState],
) -> None:
    assert settlement.fork_moves(fork, slot, Shown.EACH) == each | only_each
    assert settlement.fork_moves(fork, slot, Shown.ALL) == each


@pytest.mark.parametrize(
    ("fork", "depth", "kept"),
    [
        ((3, 1, 0), 1, (2, 1, 0)),  # k + 1 blocks are enough
        ((0, 0, -3), 1, (0, 0, -3)),
        ((5, 3, 4), 1, (2, 1, 2)),  # an honest block above k: the lower chain is one below it
        ((4, 4, 4), 1, (2, 2, 2)),
    ],
)
def test_a_fork_without_the_heights_that_no_longer_matter(
    fork: settlement.ForkState, depth: int, kept: settlement.ForkState
) -> None:
    assert settlement.without_excess(fork, depth) == kept


def test_a_fork_is_dropped_for_one_that_is_better_in_one_respect_and_worse_in_none() -> None:
    fork = (2, 1, 1)
    for better in ((3, 1, 1), (2, 2, 1), (2, 1, 0), (3, 2, 0)):
        assert settlement.best_forks([fork, better]) == {better}
    for different in ((3, 0, 1), (3, 1, 2), (2, 2, 2), (1, 1, 0), (2, 0, 0)):
        assert settlement.best_forks([fork, different]) == {fork, different}


def _long_enough(slots: str, length: int, surplus: int) -> bool:
    ends = range(len(slots) + 1)
    return any(
        end - start >= length and slots[start:end].count("A") * 2 >= end - start + surplus
        for start in ends
        for end in ends[start:]
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda slots, k: _long_enough(slots, 2 * k + 1, 0),
        lambda slots, k: _long_enough(slots, 2 * k + 3, 0),
        lambda slots, k: _long_enough(slots, 2 * (k + 1), 1),
        lambda slots, k: _long_enough(slots, 2 * (k + 1), -1),
        lambda slots, k: 2 * slots.count("A") >= len(slots) >= 2 * (k + 1),
    ],
    ids=["one slot less", "one slot more", "one A more", "one A less", "no factors"],
)
def test_the_game_refutes_every_condition_next_to_the_true_one(
    wrong: Callable[[str, int], bool],
) -> None:
    game = dict(games.tree_deepest_forks("hA", 6))
    assert any(wrong(slots, k) != (fork > k) for slots, fork in game.items() for k in DEPTHS)


def test_the_condition_is_about_factors() -> None:
    for slots in strings("hA", 10):
        for depth in DEPTHS:
            factor = settlement.violating_factor(slots, depth)
            assert (factor is not None) == _long_enough(slots, 2 * (depth + 1), 0)
            if factor is not None:
                start, end = factor
                assert _long_enough(slots[start:end], 2 * (depth + 1), 0)
                assert end - start >= 2 * (depth + 1)
                assert 2 * slots[start:end].count("A") >= end - start
                assert not _long_enough(slots[: end - 1], 2 * (depth + 1), 0)
                assert not _long_enough(slots[start + 1 : end], 2 * (depth + 1), 0)


def test_how_many_strings_of_length_8_violate() -> None:
    counts = [sum(settlement.violates(s, k) for s in strings("hA", 8)) for k in DEPTHS]
    assert counts == [255, 237, 203, 163]  # the design's figures, from another program


def test_thresholds() -> None:
    for depth in DEPTHS:
        for wins, adversarial in product(range(10), range(10)):
            safe = not any(
                settlement.violates(slots, depth)
                for length in range(wins + 1)
                for slots in strings("hA", length)
                if slots.count("A") <= adversarial
            )
            assert settlement.agreement_guaranteed(wins, adversarial, depth) == safe


@pytest.mark.parametrize(
    ("depth", "wins", "adversarial"), [(0, 2, 1), (1, 4, 2), (2, 6, 3), (3, 8, 4)]
)
def test_first_violations(depth: int, wins: int, adversarial: int) -> None:
    assert not settlement.agreement_guaranteed(wins, adversarial, depth)
    assert settlement.agreement_guaranteed(wins - 1, adversarial, depth)
    assert settlement.agreement_guaranteed(wins, adversarial - 1, depth)


@pytest.mark.parametrize("depth", range(6))
@pytest.mark.parametrize("shown", Shown)
def test_concurrent_honest_blocks_alone_suffice(depth: int, shown: Shown) -> None:
    assert settlement.disagreement_possible("H" * (depth + 1), depth, shown)
    assert not settlement.disagreement_possible("H" * depth, depth, shown)
    assert settlement.violating_factor("h" + "H" * (depth + 1), depth) == (1, depth + 2)


def test_who_sees_which_block_matters_first_at_length_3() -> None:
    def differ(length: int) -> list[str]:
        return [
            slots
            for slots in strings("hHA", length)
            if settlement.disagreement_possible(slots, 1, Shown.EACH)
            and not settlement.disagreement_possible(slots, 1, Shown.ALL)
        ]

    assert differ(1) == differ(2) == []
    assert differ(3) == ["AHA"]


def test_a_factor_with_concurrent_blocks_violates_by_itself() -> None:
    for slots in strings("hHA", 6):
        for depth in range(3):
            factor = settlement.violating_factor(slots, depth)
            assert (factor is not None) == settlement.disagreement_possible(slots, depth)
            if factor is not None:
                start, end = factor
                assert settlement.disagreement_possible(slots[start:end], depth)
                assert not settlement.disagreement_possible(slots[: end - 1], depth)
                assert not settlement.disagreement_possible(slots[start + 1 : end], depth)


@pytest.mark.slow
@pytest.mark.parametrize("length", range(1, 8))
def test_a_given_height_against_the_game(length: int) -> None:
    for slots in strings("hA", length):
        for slot in range(length):
            fork = games.tree_deepest_fork_at_slot(slots, slot)
            for depth in DEPTHS:
                assert settlement.reversible(slots, slot, depth) == (fork > depth), (slots, slot)


@pytest.mark.parametrize("length", range(1, 7))
def test_a_given_block_against_the_game(length: int) -> None:
    for slots in strings("hA", length):
        for slot in (i for i in range(length) if slots[i] == "h"):
            fork = games.block_deepest_fork(slots, slot)
            for depth in DEPTHS:
                reversible = settlement.reversible(slots, slot, depth, target=Target.BLOCK)
                assert reversible == (fork > depth), (slots, slot, depth)


@pytest.mark.slow
@pytest.mark.parametrize("length", range(1, 7))
def test_ties_to_the_honest_against_the_game(length: int) -> None:
    for slots in strings("hA", length):
        for slot in range(length):
            anywhere, at_height, of_block = games.first_seen_deepest_reversals(slots, slot)
            for depth in range(3):
                assert settlement.violates(slots, depth, Ties.HONEST) == (anywhere > depth)
                height = settlement.reversible(slots, slot, depth, Ties.HONEST)
                assert height == (at_height > depth), (slots, slot, depth)
                if slots[slot] == "h":
                    block = settlement.reversible(slots, slot, depth, Ties.HONEST, Target.BLOCK)
                    assert block == (of_block > depth), (slots, slot, depth)


@pytest.mark.slow
def test_the_learner_that_keeps_what_it_received_first_against_its_game() -> None:
    count = 0
    for slots, fork in first_stays_game.deepest_forks(7):
        count += 1
        for depth in DEPTHS:
            assert settlement.violates(slots, depth, Ties.FIRST) == (fork > depth), (slots, depth)
    assert count == 2**8 - 1


@pytest.mark.parametrize("length", range(1, 6))
def test_a_target_where_the_first_received_stays_against_the_game(length: int) -> None:
    for slots in strings("hA", length):
        for slot in range(length):
            at_height, of_block = first_stays_game.deepest_forks_at(slots, slot)
            for depth in range(3):
                height = settlement.reversible(slots, slot, depth, Ties.FIRST)
                assert height == (at_height > depth), (slots, slot, depth)
                if slots[slot] == "h":
                    block = settlement.reversible(slots, slot, depth, Ties.FIRST, Target.BLOCK)
                    assert block == (of_block > depth), (slots, slot, depth)


@pytest.mark.parametrize(
    ("slots", "depth", "free", "first", "lost"),
    [
        # bad with free ties, harmless if what was received first stays: the last win is an A
        ("hA", 0, True, False, False),
        ("hAhA", 1, True, False, False),
        ("hhAA", 1, True, False, False),
        ("AhhA", 1, True, False, False),
        # a tie that is open while the last honest block is on its way
        ("Ah", 0, True, True, False),
        ("hAAh", 1, True, True, False),
        ("hAA", 0, True, True, True),
        ("hhA", 1, False, False, False),
    ],
)
def test_who_decides_ties_matters(
    slots: str, depth: int, free: bool, first: bool, lost: bool
) -> None:
    found = [settlement.violates(slots, depth, ties) for ties in Ties]
    assert found == [free, first, lost]
    fork = dict(first_stays_game.deepest_forks(len(slots)))[slots]
    assert first == (fork > depth)


def test_the_condition_where_the_first_received_stays_is_about_factors() -> None:
    for slots in strings("hA", 10):
        for depth in DEPTHS:
            factor = settlement.violating_factor(slots, depth, Ties.FIRST)
            assert (factor is not None) == settlement.violates(slots, depth, Ties.FIRST)
            if factor is not None:
                start, end = factor
                assert end - start >= 2 * (depth + 1)
                surplus = 2 * slots[start:end].count("A") - (end - start)
                assert surplus > 0 or (surplus == 0 and slots[end - 1] == "h")
                assert not settlement.violates(slots[: end - 1], depth, Ties.FIRST)
                assert not settlement.violates(slots[start + 1 : end], depth, Ties.FIRST)


def test_a_target_is_not_named_by_a_count_of_honest_wins() -> None:
    """In hhhhAhA the third honest win need not be at height 3."""
    fork = dict(games.tree_deepest_forks("hA", 7))["hhhhAhA"]
    assert fork > 1
    assert settlement.violates("hhhhAhA", 1)


def test_bad_input_is_named() -> None:
    for call in (
        lambda: settlement.violates("hAx", 1),
        lambda: settlement.violates("hAH", 1),
        lambda: settlement.violates("hA", -1),
        lambda: settlement.disagreement_possible("hA ", 1),
        lambda: settlement.disagreement_possible("hA", -1),
        lambda: settlement.agreement_guaranteed(3, 1, -1),
        lambda: settlement.reversible("hA", 2, 0),
        lambda: settlement.reversible("hA", -1, 0),
        lambda: settlement.reversible("hA", 1, 0, target=Target.BLOCK),
        lambda: settlement.violating_factor("hH", 0, Ties.HONEST),
        lambda: settlement.violating_factor("hH", 0, Ties.FIRST),
    ):
        with pytest.raises(ModelConsensusError):
            call()
    with pytest.raises(ModelConsensusError, match="slot 2 of 'hAx' is 'x'"):
        settlement.violates("hAx", 1)
