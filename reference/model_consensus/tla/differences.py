"""Where two TLA+ values differ, in one place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from model_consensus.tla.values import Function, Value, ordered, show

LONGEST = 160
"""Characters of a value in a message; what is longer is cut, around what differs."""


@dataclass(frozen=True)
class Change:
    """One place where two values differ.

    :ivar place: where, as in ``learner.p1.decided[2]``.
    :ivar before: what stands there in the first value; None if nothing does.
    :ivar after: the same of the second value.
    :ivar member: whether it is a member of the set at ``place``.
    """

    place: str
    before: Value | None
    after: Value | None
    member: bool = False


def inner(place: str, key: Value) -> str:
    """The place of what stands at ``key`` inside the value at ``place``."""
    if isinstance(key, str) and key.isidentifier():
        return f"{place}.{key}" if place else key
    return f"{place}[{show(key)}]"


def walk(
    before: Value, after: Value, place: str, whole: Callable[[Value, Value], bool]
) -> Iterator[Change]:
    """The smallest places that differ; two sequences or sets for which ``whole`` holds are one."""
    if before == after:
        return
    if isinstance(before, Function) and isinstance(after, Function) and set(before) == set(after):
        for key in before:
            yield from walk(before[key], after[key], inner(place, key), whole)
    elif isinstance(before, tuple) and isinstance(after, tuple) and not whole(before, after):
        common = min(len(before), len(after))
        for index in range(common):
            at = f"{place}[{index + 1}]"
            yield from walk(before[index], after[index], at, whole)
        for index in range(common, max(len(before), len(after))):
            old = before[index] if index < len(before) else None
            new = after[index] if index < len(after) else None
            yield Change(f"{place}[{index + 1}]", old, new)
    elif (
        isinstance(before, frozenset) and isinstance(after, frozenset) and not whole(before, after)
    ):
        yield from (Change(place, gone, None, True) for gone in ordered(before - after))
        yield from (Change(place, None, new, True) for new in ordered(after - before))
    else:
        yield Change(place, before, after)


def changes(before: Value, after: Value) -> Iterator[str]:
    """What a step changed, at the smallest places that differ, a line each."""

    def shorter(old: Value, new: Value) -> bool:
        return isinstance(old, tuple) and isinstance(new, tuple) and len(new) < len(old)

    for change in walk(before, after, "", shorter):
        if change.after is None:
            assert change.before is not None
            yield f"{change.place}: {show(change.before)} leaves"
        elif change.member:
            yield f"{change.place}: {show(change.after)} joins"
        elif change.before is None:
            yield f"{change.place} = {show(change.after)}  (new)"
        else:
            yield f"{change.place} = {show(change.after)}  (was {show(change.before)})"


def differences(place: str, recorded: Value, expected: Value) -> Iterator[str]:
    """Where a recorded value is not the expected one, a line each."""

    def both_short(one: Value, other: Value) -> bool:
        return len(show(one)) <= LONGEST and len(show(other)) <= LONGEST

    for change in walk(recorded, expected, place, both_short):
        has, wants = change.before, change.after
        if has is not None and wants is not None:
            one, other = apart(show(has), show(wants))
            yield f"{change.place} is {one}, not {other}"
        elif has is not None:
            verb = "has" if change.member else "is"
            yield f"{change.place} {verb} {short(has)}, which must not be there"
        elif wants is not None:
            verb = "lacks" if change.member else "is missing:"
            yield f"{change.place} {verb} {short(wants)}"


def short(value: Value) -> str:
    """A value in a message, cut at its end."""
    text = show(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def apart(one: str, other: str) -> tuple[str, str]:
    """Two texts that differ, cut around the first character at which they do."""
    if max(len(one), len(other)) <= LONGEST:
        return one, other
    first = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    start = max(0, first - LONGEST // 2)

    def cut(text: str) -> str:
        head = "..." if start else ""
        tail = "..." if len(text) > start + LONGEST else ""
        return head + text[start : start + LONGEST] + tail

    return cut(one), cut(other)
