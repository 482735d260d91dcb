"""Where two TLA+ values differ, in one place."""

from collections.abc import Iterator

from model_consensus.tla.values import Function, Value, ordered, show


def changes(before: Value, after: Value, place: str = "") -> Iterator[str]:
    """What is different in ``after``, at the smallest places that differ."""
    if before == after:
        return
    if isinstance(before, Function) and isinstance(after, Function) and set(before) == set(after):
        for key in before:
            yield from changes(before[key], after[key], _at(place, key))
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) <= len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=False), start=1):
            yield from changes(old, new, _at(place, index))
        for index, new in enumerate(after[len(before) :], start=len(before) + 1):
            yield f"{_at(place, index)} = {show(new)}  (new)"
    elif isinstance(before, frozenset) and isinstance(after, frozenset):
        yield from (f"{place}: {show(gone)} leaves" for gone in ordered(before - after))
        yield from (f"{place}: {show(new)} joins" for new in ordered(after - before))
    else:
        yield f"{place} = {show(after)}  (was {show(before)})"


def _at(place: str, key: Value) -> str:
    if not place:
        return str(key)
    return f"{place}[{show(key)}]"


def differences(where: str, recorded: Value, expected: Value) -> Iterator[str]:
    """The innermost places where two values differ."""
    if recorded == expected:
        return
    if (
        isinstance(recorded, Function)
        and isinstance(expected, Function)
        and set(recorded) == set(expected)
    ):
        for key in recorded:
            inner = f"{where}.{key}" if isinstance(key, str) else f"{where}[{show(key)}]"
            yield from differences(inner, recorded[key], expected[key])
        return
    yield f"{where} is {_short(recorded)}, not {_short(expected)}"


def _short(value: Value, longest: int = 160) -> str:
    text = show(value)
    return text if len(text) <= longest else text[: longest - 3] + "..."
