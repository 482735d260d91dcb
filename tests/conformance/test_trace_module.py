"""What is written for TLC: in registers, in pieces, and as changes, it is the value itself."""

from pathlib import Path
from random import Random

from model_consensus.conformance.trace_module import Writer
from model_consensus.tla.tlc import Run, check
from model_consensus.tla.tlc_output import Verdict
from model_consensus.tla.values import Value, function, record, show

MODULE = """\
---- MODULE Written ----
EXTENDS Integers, Sequences, TLC
VARIABLE x
ASSUME
{registers}
ASSUME
{equations}
Init == x = 0
Next == UNCHANGED x
====
"""


def numbers(random: Random) -> list[int]:
    """Some numbers, with runs of equal and of consecutive ones."""
    found: list[int] = []
    for _ in range(random.randrange(4)):
        first, length = random.randrange(30), random.choice([1, 1, 2, 5, 6, 9])
        found += range(first, first + length) if random.random() < 0.5 else [first] * length
    return found


def items(random: Random, named: bool) -> list[Value]:
    """Numbers, or records with names of their own: TLC compares no number with a record."""
    found = numbers(random)
    if not named:
        return list(found)
    return [record(place=item, step=frozenset(numbers(random))) for item in found]


def value(random: Random, named: bool) -> Value:
    """A set, a sequence or a function."""
    kind, found = random.randrange(3), items(random, named)
    if kind == 0:
        return frozenset(found)
    if kind == 1:
        return tuple(found)
    return function(zip(sorted(set(numbers(random))), found, strict=False))


def changed(random: Random, before: Value, named: bool) -> Value:
    """Another value; most share much with the one before."""
    if random.random() < 0.2:
        return value(random, named)
    if isinstance(before, frozenset):
        left = frozenset(item for item in before if random.random() < 0.8)
        return left | frozenset(items(random, named)[:2])
    if isinstance(before, tuple) and before:
        return random.choice([before[1:], (*before, before[0])])
    return before


def equations(random: Random, writer: Writer) -> list[str]:
    """A chain of states, each but the first written as a change, and what each of them is."""
    before = {"a": value(random, False), "b": value(random, True)}
    register = writer.define(
        f"[a |-> {writer.write(before['a'])}, b |-> {writer.write(before['b'])}]"
    )
    found = [f"{register} = {show(record(**before))}"]
    for _ in range(6):
        after = {name: changed(random, before[name], name == "b") for name in before}
        changes = [
            each
            for name in after
            for each in writer.changes(f"!.{name}", before[name], after[name])
        ]
        if changes:
            register = writer.define(f"[{register} EXCEPT {', '.join(changes)}]")
        found.append(f"{register} = {show(record(**after))}")
        before = after
    return found


def written(folder: Path, wrong: str = "") -> Verdict:
    writer = Writer(1)
    lines = [line for seed in range(60) for line in equations(Random(seed), writer)]
    conjuncts = "\n".join(f"    /\\ {line}" for line in [*lines, *([wrong] if wrong else [])])
    text = MODULE.format(registers="\n".join(writer.lines), equations=conjuncts)
    (folder / "Written.tla").write_text(text, encoding="utf-8")
    (folder / "Written.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
    result = check(Run(folder / "Written.tla", folder / "Written.cfg"))
    return result.verdict


def test_what_is_written_is_the_value(tmp_path: Path) -> None:
    assert written(tmp_path) is Verdict.HOLDS


def test_another_value_would_show(tmp_path: Path) -> None:
    assert written(tmp_path, wrong="TLCGet(1) = {-1}") is not Verdict.HOLDS
