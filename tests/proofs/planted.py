"""Errors planted in a theory, and the conditions that must have a witness."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import z3

from model_consensus.proofs.counterexample import Counterexample, Instance, find
from model_consensus.proofs.induction import AFTER, Action, Condition, System, Term, inductive

Values = dict[str, Any]


def witnesses(system: System) -> Iterator[Condition]:
    """Conditions that must have counterexamples: the initial state, and each action.

    If there were none, what is proved of the system would be true of nothing.
    """
    before, after = system.state(), system.state(AFTER)
    nothing = Condition(
        f"{system.name}: Init is possible",
        {**system.assumptions, "Init": system.init(before)},
        z3.BoolVal(False),
        system.facts,
        system.functions,
    )
    yield nothing
    for action in system.actions:
        step = action.relation(before, after, *action.constants())
        yield replace(
            nothing,
            name=f"{system.name}: {action.name} is possible",
            hypotheses={**system.holds(before), action.name: step},
        )


def condition(system: System, name: str) -> Condition:
    """The condition of that name."""
    return next(c for c in inductive(system) if c.name.endswith(name))


def counterexample(system: System, name: str, instance: Instance) -> Values:
    """The values of a counterexample that must exist, and must be printable."""
    found = find(condition(system, name), system, instance)
    assert isinstance(found, Counterexample), f"{name} still holds"
    assert name in str(found)
    return dict(found.values)


def dropped(action: Action, part: Callable[..., Term], instead: Term | None = None) -> Action:
    """The action with a part of its relation replaced, by True if nothing else is given."""

    def relation(*arguments: Any) -> Term:
        other = z3.BoolVal(True) if instead is None else instead
        whole = action.relation(*arguments)
        wanted = _text(part(*arguments))
        found = [term for term in _parts(whole) if _text(term) == wanted]
        assert found, "the relation has no such part"
        return z3.substitute(whole, *((term, other) for term in found))

    return replace(action, relation=relation)


def broken_action(
    system: System, name: str, part: Callable[..., Any], instead: Any = None
) -> System:
    """The system with a part of an action replaced, by True if nothing else is given."""
    return replace(
        system,
        actions=tuple(
            dropped(action, part, instead) if action.name == name else action
            for action in system.actions
        ),
    )


def _parts(term: Term) -> Iterator[Term]:
    """A formula and its parts outside of quantifiers."""
    yield term
    if z3.is_app(term):
        for child in term.children():
            yield from _parts(child)


def _text(term: Term) -> str:
    """A formula's text, whatever its bound variables are numbered."""
    return re.sub(r"!\d+", "!", term.sexpr())
