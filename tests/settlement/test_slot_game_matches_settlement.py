"""TLC's search of the slot game and ``settlement/condition.py`` agree on every string."""

from itertools import product
from pathlib import Path

import pytest

from model_consensus.settlement import condition as settlement
from model_consensus.settlement.condition import Shown, Target, Ties
from model_consensus.tla import tlc
from model_consensus.tla.manifest import spec_directory
from model_consensus.tla.tlc_output import Verdict
from model_consensus.tla.values import Value, parse

pytestmark = pytest.mark.tlc

DEPTHS = range(4)
CONFIG = """\
CONSTANTS
    {symbols}Together = {together}
    Length = {length}
    Depths = {{0, 1, 2, 3}}
{conventions}SPECIFICATION Spec
INVARIANT Report
"""
TIES_ARE_LOST = """\
    Held <- HeldIfTiesAreLost
    Showings <- OneOfEachLength
"""


def reports(
    folder: Path,
    module: str,
    symbols: str | None,
    length: int,
    shown: Shown = Shown.EACH,
    ties: Ties = Ties.ADVERSARY,
) -> list[tuple[Value, ...]]:
    """What the module's ``Report`` printed: one tuple for each of its states.

    ``symbols`` are the module's constant Symbols; None if it has none.
    """
    quoted = ", ".join(f'"{symbol}"' for symbol in symbols or "")
    config = folder / f"{module}.cfg"
    config.write_text(
        CONFIG.format(
            symbols="" if symbols is None else f"Symbols = {{{quoted}}}\n    ",
            together="TRUE" if shown is Shown.ALL else "FALSE",
            length=length,
            conventions=TIES_ARE_LOST if ties is Ties.HONEST else "",
        ),
        encoding="utf-8",
    )
    lines: list[str] = []
    run = tlc.Run(spec_directory() / f"{module}.tla", config)
    result = tlc.check(run, on_print=lines.append)
    assert result.verdict is Verdict.HOLDS, result.message
    found = [parse(line) for line in lines]
    return [entry for entry in found if isinstance(entry, tuple)]


def text(string: Value) -> str:
    """A printed string of slots as Python's."""
    assert isinstance(string, tuple)
    return "".join(str(slot) for slot in string)


def strings(symbols: str, length: int) -> set[str]:
    """All strings up to that length."""
    return {"".join(s) for n in range(length + 1) for s in product(symbols, repeat=n)}


def test_wins_alone_and_how_many_strings_violate(tmp_path: Path) -> None:
    verdicts = {text(s): depths for s, depths in reports(tmp_path, "MCSlotGamePlays", "hA", 8)}
    assert verdicts.keys() == strings("hA", 8)
    for string, depths in verdicts.items():
        assert depths == {k for k in DEPTHS if settlement.violates(string, k)}, string
    full = [depths for string, depths in verdicts.items() if len(string) == 8]
    counts = [sum(isinstance(d, frozenset) and k in d for d in full) for k in DEPTHS]
    assert counts == [255, 237, 203, 163]  # by a search that is older than both programs


def test_wins_alone_where_ties_are_lost(tmp_path: Path) -> None:
    found = reports(tmp_path, "MCSlotGamePlays", "hA", 6, ties=Ties.HONEST)
    verdicts = {text(string): depths for string, depths in found}
    assert verdicts.keys() == strings("hA", 6)
    for string, depths in verdicts.items():
        possible = {k for k in DEPTHS if settlement.violates(string, k, Ties.HONEST)}
        assert depths == possible, string
    assert verdicts["hA"] == set()
    assert verdicts["hAA"] == {0}


def test_wins_alone_where_what_was_received_first_stays(tmp_path: Path) -> None:
    found = reports(tmp_path, "MCSlotGameFirstStays", None, 6)
    verdicts = {text(string): depths for string, depths in found}
    assert verdicts.keys() == strings("hA", 6)
    for string, depths in verdicts.items():
        possible = {k for k in DEPTHS if settlement.violates(string, k, Ties.FIRST)}
        assert depths == possible, string
    assert verdicts["hA"] == set()
    assert verdicts["hAAh"] == {0, 1}


@pytest.mark.parametrize("shown", Shown)
def test_concurrent_blocks(tmp_path: Path, shown: Shown) -> None:
    found = reports(tmp_path, "MCSlotGamePlays", "hHA", 5, shown)
    verdicts = {text(string): depths for string, depths in found}
    assert verdicts.keys() == strings("hHA", 5)
    for string, depths in verdicts.items():
        possible = {k for k in DEPTHS if settlement.disagreement_possible(string, k, shown)}
        assert depths == possible, string
    assert verdicts["AHA"] == ({0, 1} if shown is Shown.EACH else {0})


def test_one_slot(tmp_path: Path) -> None:
    seen = set()
    for string, slot, height, block in reports(tmp_path, "MCSlotGameTarget", "hA", 6):
        slots = text(string)
        assert isinstance(slot, int)
        seen.add((slots, slot))
        reversible = [k for k in DEPTHS if settlement.reversible(slots, slot - 1, k)]
        assert height == set(reversible), (slots, slot)
        if slots[slot - 1] == "h":
            reversible = [
                k for k in DEPTHS if settlement.reversible(slots, slot - 1, k, target=Target.BLOCK)
            ]
            assert block == set(reversible), (slots, slot)
    assert seen == {(s, slot) for s in strings("hA", 6) for slot in range(1, len(s) + 1)}
