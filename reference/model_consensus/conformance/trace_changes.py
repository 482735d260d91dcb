"""What changes from one value of TLA+ to another, as JSON.

A change is an object, and its fields say what happens to the value::

    {"to": value}                                 it is replaced, whatever it was
    {"at": {key: change}, "with": {key: value}, "without": [key]}      to a function of strings:
                                                  items change inside, are set, or leave
    {"drop": number, "append": [value]}           to a sequence: it loses its first elements, and
                                                  others come to its end
    {"with": [value], "without": [value]}         to a set: elements come, or leave

Fields that would be empty are left out, and values are in the ITF encoding.
"""

from typing import Any

from model_consensus.conformance.trace_fields import TraceError, value
from model_consensus.errors import ModelConsensusError
from model_consensus.tla.values import Function, Value, function, ordered, to_itf


def change(before: Value, after: Value) -> dict[str, Any]:
    """The change from ``before`` to ``after``."""
    if isinstance(before, Function) and isinstance(after, Function):
        if all(isinstance(key, str) for key in (*before, *after)):
            return _inside(before, after)
    elif isinstance(before, tuple) and isinstance(after, tuple):
        for drop in (0, 1):
            kept = before[drop:]
            if after[: len(kept)] == kept:
                appended = list(map(to_itf, after[len(kept) :]))
                return _filled(drop=drop, append=appended)
    elif isinstance(before, frozenset) and isinstance(after, frozenset) and before & after:
        return _filled(
            **{
                "with": list(map(to_itf, ordered(after - before))),
                "without": list(map(to_itf, ordered(before - after))),
            }
        )
    return {"to": to_itf(after)}


def _inside(before: Function, after: Function) -> dict[str, Any]:
    changed: dict[Value, Any] = {}
    replaced: dict[Value, Any] = {}
    for key in after:
        if key not in before:
            replaced[key] = to_itf(after[key])
        elif before[key] is not after[key] and before[key] != after[key]:
            inner = change(before[key], after[key])
            if inner.keys() == {"to"}:
                replaced[key] = inner["to"]
            else:
                changed[key] = inner
    gone = [key for key in before if key not in after]
    return _filled(**{"at": changed, "with": replaced, "without": gone})


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: content for name, content in fields.items() if content}


def changed(where: str, before: Value, data: Any) -> Value:
    """The value that ``before`` becomes by a change.

    :param where: what error messages begin with.
    :raises TraceError: it is not a change, or not one of such a value.
    """
    if not isinstance(data, dict):
        raise TraceError(f"{where}: a change is not an object")
    if data.keys() == {"to"}:
        return value(where, data["to"])
    try:
        if isinstance(before, Function) and data.keys() <= {"at", "with", "without"}:
            return _changed_inside(where, before, data)
        if isinstance(before, tuple) and data.keys() <= {"drop", "append"}:
            return _changed_sequence(where, before, data)
        if isinstance(before, frozenset) and data.keys() <= {"with", "without"}:
            return _changed_set(where, before, data)
    except (TypeError, AttributeError, ModelConsensusError) as error:
        if isinstance(error, TraceError):
            raise
        raise TraceError(f"{where}: a field of the change is malformed") from None
    kinds: list[tuple[type, str]] = [
        (Function, "a function"),
        (tuple, "a sequence"),
        (frozenset, "a set"),
        (object, "a value without parts"),
    ]
    kind = next(name for each, name in kinds if isinstance(before, each))
    raise TraceError(f"{where}: the fields {', '.join(data) or '(none)'} do not change {kind}")


def _changed_inside(where: str, before: Function, data: dict[str, Any]) -> Value:
    items: dict[Value, Value] = {key: before[key] for key in before}
    for key in data.get("without", []):
        if key not in items:
            raise TraceError(f"{where}: {str(key)[:60]} leaves, and it was not there")
        del items[key]
    for key, inner in data.get("at", {}).items():
        if key not in items:
            raise TraceError(f"{where}: {str(key)[:60]} changes, and it was not there")
        items[key] = changed(f"{where}.{key}", items[key], inner)
    for key, item in data.get("with", {}).items():
        items[key] = value(f"{where}.{key}", item)
    return function(items)


def _changed_sequence(where: str, before: tuple[Value, ...], data: dict[str, Any]) -> Value:
    drop, appended = data.get("drop", 0), data.get("append", [])
    if type(drop) is not int or not 0 <= drop <= len(before) or not isinstance(appended, list):
        raise TraceError(f"{where}: a sequence of {len(before)} cannot change like this")
    return (*before[drop:], *(value(where, item) for item in appended))


def _changed_set(where: str, before: frozenset[Value], data: dict[str, Any]) -> Value:
    gone = frozenset(value(where, item) for item in data.get("without", []))
    if not gone <= before:
        raise TraceError(f"{where}: an element leaves, and it was not there")
    return (before - gone) | frozenset(value(where, item) for item in data.get("with", []))
