"""Counterexamples to induction: for a condition that fails, a small instance on which it fails.

A solver that is asked about all sizes at once answers "sat" rarely and "unknown" often.  So the
condition is asked again with its rigid constants fixed and every quantifier spelled out over a
window of integers.  The window is exact: that every range lies within it is asserted too.  What
comes out is a state that satisfies every hypothesis, a step, and a goal that the step breaks.

The same search, for the goal False, shows that hypotheses are satisfiable: no proof is vacuous.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.evaluate import Table, guard, short_name
from model_consensus.proofs.induction import AFTER, Condition, System, Term

Body = Callable[..., Term]


@dataclass(frozen=True)
class Instance:
    """A small instance of a theory.

    :ivar constants: the values of rigid constants, by constant.
    :ivar size: quantifiers and arrays over integers range over 0 .. size.
    :ivar universe: the terms that a quantifier over another sort ranges over, by sort.
    :ivar functions: bodies of functions that a condition leaves undefined, by function.
    :ivar limits: what else is asked of the counterexample: it keeps it small.
    :ivar describe: from values by name to what a reader wants to see of them, by name.
    """

    constants: Mapping[Term, Term | int]
    size: int
    universe: Mapping[str, Sequence[Term]] = field(default_factory=dict)
    functions: Mapping[z3.FuncDeclRef, Body] = field(default_factory=dict)
    limits: tuple[Term, ...] = ()
    describe: Callable[[Mapping[str, Any]], Mapping[str, str]] = lambda values: {
        name: str(value) for name, value in values.items()
    }


@dataclass(frozen=True)
class Counterexample:
    """The values of the constants, in the representation of `evaluate`.

    :ivar values: of every constant, by name; after the step, with the suffix `AFTER`.
    :ivar parameters: the names of those that are no variables: the action's parameters.
    """

    condition: str
    values: Mapping[str, Any]
    parameters: tuple[str, ...]
    instance: Instance

    def __str__(self) -> str:
        sized = [
            f"{name} = {value}"
            for name, value in self.instance.constants.items()
            if isinstance(value, int)
        ]
        lines = [self.condition, f"  {', '.join(sized)}"]
        before = {k: v for k, v in self.values.items() if not k.endswith(AFTER)}
        after = {k.removesuffix(AFTER): v for k, v in self.values.items() if k.endswith(AFTER)}
        shown = {name: str(self.values[name]) for name in self.parameters}
        shown |= self.instance.describe(before)
        lines += [f"  {name} = {value}" for name, value in shown.items()]
        if after:
            changed = self.instance.describe({**before, **after})
            lines += [
                f"  {name}' = {value}"
                for name, value in changed.items()
                if shown.get(name) != value
            ]
        return "\n".join(lines)


def find(
    condition: Condition,
    system: System,
    instance: Instance,
    *,
    time_limit: float = 60.0,
) -> Counterexample | None:
    """A counterexample to ``condition`` in ``instance``, or None if there is none (or no time)."""
    ground = _Ground(condition, instance)
    solver = z3.Solver()
    solver.set("timeout", int(time_limit * 1000))
    solver.add(*ground.formulas())
    if solver.check() != z3.sat:
        return None
    read = _Reader(solver.model(), instance)
    names = {name + suffix for name in system.variables for suffix in ("", AFTER)}
    values = {
        str(constant): value if isinstance(value, int) else read.value(value)
        for constant, value in instance.constants.items()
    }
    parameters = []
    for constant in dict.fromkeys(c for f in condition.assertions() for c in _constants(f)):
        if constant not in instance.constants:
            values[str(constant)] = read.value(constant)
            if str(constant) not in names:
                parameters.append(str(constant))
    return Counterexample(condition.name, values, tuple(parameters), instance)


class _Ground:
    """A condition without quantifiers."""

    def __init__(self, condition: Condition, instance: Instance) -> None:
        self._condition, self._instance = condition, instance
        self._values = [
            (c, z3.IntVal(n) if isinstance(n, int) else n) for c, n in instance.constants.items()
        ]
        self._ranges: dict[int, Term] = {}
        self._bodies = [
            (f.function, self._variables(f.arguments, f.body)) for f in condition.functions
        ]
        for function, body in {**_builtin(instance), **instance.functions}.items():
            arguments = tuple(
                z3.FreshConst(function.domain(index)) for index in range(function.arity())
            )
            self._bodies.append((function, self._variables(arguments, body(*arguments))))

    @staticmethod
    def _variables(arguments: Sequence[Term], body: Term) -> Term:
        return z3.substitute(
            body, *((a, z3.Var(index, a.sort())) for index, a in enumerate(arguments))
        )

    def formulas(self) -> list[Term]:
        """The assertions, spelled out, with the ranges that must lie in the window."""
        condition = self._condition
        goal = z3.Not(condition.goal)
        # Facts about functions whose bodies are here follow from the bodies.
        bodies = {function.name() for function, _ in self._bodies}
        facts = [fact for fact in condition.facts if not bodies & set(_functions(fact))]
        given = [*facts, *condition.hypotheses.values(), goal, *self._instance.limits]
        formulas = [self._spell(formula) for formula in given]
        return [*formulas, *self._ranges.values()]

    def _spell(self, formula: Term) -> Term:
        formula = z3.substitute(formula, *self._values)
        for function, body in self._bodies:
            formula = z3.substitute_funs(formula, (function, body))
            formula = z3.substitute(formula, *self._values)
        return z3.simplify(self._expand(formula, {}))

    def _expand(self, term: Term, done: dict[int, Term]) -> Term:
        key = term.get_id()
        if key in done:
            return done[key]
        if z3.is_quantifier(term):
            result = self._instances(term)
        elif term.num_args() == 0 or z3.is_var(term):
            return term
        else:
            children = [self._expand(child, done) for child in term.children()]
            result = _rebuilt(term, children)
        done[key] = result
        return result

    def _instances(self, term: Term) -> Term:
        sorts = [term.var_sort(index) for index in range(term.num_vars())]
        integers = [z3.IntVal(number) for number in range(self._instance.size + 1)]
        choices = [
            integers if sort == z3.IntSort() else self._instance.universe[sort.name()]
            for sort in sorts
        ]
        instances = []
        if len(sorts) == 1 and sorts[0] == z3.IntSort():
            self._keep_range(term)
        guarded = z3.is_implies(term.body()) and term.is_forall()
        for values in product(*choices):
            values = values[::-1]  # variables are numbered from the innermost
            if guarded:
                holds = z3.simplify(z3.substitute_vars(term.body().arg(0), *values))
                if z3.is_false(holds):
                    continue
            instances.append(self._expand(z3.substitute_vars(term.body(), *values), {}))
        return z3.And(*instances) if term.is_forall() else z3.Or(*instances)

    def _keep_range(self, term: Term) -> None:
        """The range of this quantifier must lie in the window."""
        body = term.body()
        if not z3.is_implies(body):
            return
        try:
            start, end = guard(term)
        except ValueError:
            return
        inside = z3.Or(start >= end, z3.And(start >= 0, end <= self._instance.size + 1))
        kept = z3.simplify(z3.substitute_vars(inside, z3.IntVal(0)))
        self._ranges[kept.get_id()] = kept


def _rebuilt(term: Term, children: list[Term]) -> Term:
    if z3.is_and(term):
        return z3.And(*children)
    if z3.is_or(term):
        return z3.Or(*children)
    return term.decl()(*children)


def _builtin(instance: Instance) -> dict[z3.FuncDeclRef, Body]:
    """The counting functions over a window."""
    numbers = range(instance.size + 1)

    def added(size: Term, value: Callable[[int], Term]) -> Term:
        return z3.Sum(*(z3.If(index < size, value(index), 0) for index in numbers))

    def count(members: Term, size: Term) -> Term:
        return added(size, lambda index: counting.one(members[index]))

    return {
        counting.pairs: lambda table, width, size: added(
            size, lambda index: count(table[index], width)
        ),
        counting.total: lambda table, size: added(size, lambda index: table[index]),
        counting.count: count,
        counting.times: lambda width, factor: width * factor,
    }


def _constants(term: Term) -> Iterator[Term]:
    """The constants in a formula."""
    return (part for part in _uninterpreted(term) if z3.is_const(part))


def _functions(term: Term) -> Iterator[str]:
    """The names of the functions in a formula."""
    return (part.decl().name() for part in _uninterpreted(term) if not z3.is_const(part))


def _uninterpreted(term: Term) -> Iterator[Term]:
    """The applications of uninterpreted symbols in a formula."""
    seen: set[int] = set()
    todo = [term]
    while todo:
        term = todo.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        if z3.is_quantifier(term):
            todo.append(term.body())
        elif z3.is_app(term):
            todo.extend(term.children())
            if term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                yield term


class _Reader:
    """Values of a model, as `evaluate` has them; arrays are read over the window."""

    def __init__(self, model: z3.ModelRef, instance: Instance) -> None:
        self._model, self._instance = model, instance

    def value(self, term: Term) -> Any:
        """The value of a term."""
        sort = term.sort()
        if z3.is_array(term):
            return self._table(term)
        value = self._model.eval(term, model_completion=True)
        if sort == z3.IntSort():
            return value.as_long()
        if sort == z3.BoolSort():
            return z3.is_true(value)
        for index in range(sort.num_constructors()):
            constructor = sort.constructor(index)
            if constructor == value.decl():
                return (short_name(constructor), *(self.value(child) for child in value.children()))
        return str(value)

    def _table(self, term: Term) -> Table:
        """An array, read where the instance looks at it."""
        if term.sort().domain() == z3.IntSort():
            keys = [z3.IntVal(number) for number in range(self._instance.size + 1)]
        else:
            keys = list(self._instance.universe[term.sort().domain().name()])
        return Table(None, {self.value(key): self.value(term[key]) for key in keys})
