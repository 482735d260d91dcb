"""Transition systems, their verification conditions, and how z3 is asked for the proofs.

A theory is a list of `Condition`: hypotheses and a goal.  A condition is proved when a solver says
that the hypotheses and the negated goal are unsatisfiable together, and does not say so of the
hypotheses alone; everything else, ``unknown`` and a run out of time included, is a failure.

An invariant is a dictionary of named conjuncts.  `inductive` generates from a system

    initiation   Init => C                        for each conjunct C
    consecution  Invariant /\\ Action => C'        for each action and conjunct C
    step         Invariant /\\ Action => R         for each relation R of a step's two states, and
                                               for those that the action itself achieves
    implication  Invariant => P                   for each property P
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import z3

from model_consensus.errors import ModelConsensusError

Term = Any  # a z3 expression: z3 has no type stubs
State = Any  # a namespace: the system's variables, by name
Formula = Callable[[State], Term]

AFTER = "_after"  # names the variables after a step: SMT-LIB allows no prime in a name


@dataclass(frozen=True)
class Defined:
    """A function that is given by an expression: ``function(*arguments) == body``."""

    function: z3.FuncDeclRef
    arguments: tuple[Term, ...]  # constants
    body: Term

    @property
    def axiom(self) -> Term:
        """The definition as a solver uses it, where it sees the function."""
        call = self.function(*self.arguments)
        return z3.ForAll(list(self.arguments), call == self.body, patterns=[call])


@dataclass(frozen=True)
class Condition:
    """``hypotheses`` (named) imply ``goal``.  ``facts`` and ``functions`` hold in every model."""

    name: str
    hypotheses: Mapping[str, Term]
    goal: Term
    facts: tuple[Term, ...] = ()
    functions: tuple[Defined, ...] = ()

    def premises(self) -> list[Term]:
        """Everything that the goal is proved from: facts, definitions and hypotheses."""
        axioms = [function.axiom for function in self.functions]
        return [*self.facts, *axioms, *self.hypotheses.values()]

    def assertions(self) -> list[Term]:
        """What must be unsatisfiable."""
        return [*self.premises(), z3.Not(self.goal)]

    def smt2(self) -> str:
        """The condition in SMT-LIB 2, for any solver: it must answer unsat."""
        return f"; {self.name}\n(set-logic ALL)\n{smt2(self.assertions())}"


def smt2(formulas: list[Term]) -> str:
    """The formulas in SMT-LIB 2, the same text whatever was built or asked before.

    z3 writes what is shared in the order of its own numbers for terms, and `each` numbers its
    variables: a context of their own and new numbers make both depend on the formulas alone.
    """
    context = z3.Context()
    solver = z3.Solver(ctx=context)
    solver.add(*(formula.translate(context) for formula in formulas))
    # z3 5.4.1 writes a translated constant of a datatype as (_ name name), which only z3 reads.
    text = re.sub(r"\(_ (\S+) \1\)", r"\1", str(solver.to_smt2()))
    numbers: dict[str, int] = {}
    return re.sub(r"!(\d+)", lambda found: f"!{numbers.setdefault(found[1], len(numbers))}", text)


@dataclass(frozen=True)
class Outcome:
    """The answer, and the seconds that it took.

    :ivar answer: "unsat" (proved), "sat", "unknown", or "vacuous": the premises contradict each
        other, so that any goal would follow from them.
    """

    condition: Condition
    answer: str
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether the condition holds."""
        return self.answer == "unsat"


def discharge(condition: Condition, *, time_limit: float = 60.0, seed: int = 0) -> Outcome:
    """Ask z3 for a proof, with a time limit in seconds.

    A proof counts only if the goal plays a part in it: z3 is then asked to refute the premises
    alone, with twice the steps that the proof took.
    """
    started = time.monotonic()
    answer, steps = _check(condition.smt2(), time_limit, seed)
    if answer == "unsat":
        alone, _ = _check(smt2(condition.premises()), time_limit, seed, max(2 * steps, LEAST_STEPS))
        answer = "vacuous" if alone == "unsat" else answer
    return Outcome(condition, answer, time.monotonic() - started)


LEAST_STEPS = 20_000  # of a search for a contradiction


def _check(text: str, time_limit: float, seed: int, steps: int = 0) -> tuple[str, int]:
    """z3's answer to an SMT-LIB text, and the steps that it took; 0 steps are no limit.

    The text is read into a new context.  In a shared one z3 numbers terms by all that it was asked
    before, and the order in which it instantiates quantifiers follows the numbers:
    ``streamlet: continuation, step`` then took 0.06 s in one process and over a minute in another.
    """
    solver = z3.Solver(ctx=z3.Context())
    # Proofs come from the triggers; model-based instantiation only costs time when there is none.
    # z3's own handler of Ctrl-C would answer "unknown" and go on.
    solver.set("smt.mbqi", False, "ctrl_c", False, "timeout", int(time_limit * 1000))
    solver.set("random_seed", seed, "smt.random_seed", seed, "rlimit", steps)
    solver.from_string(text)
    answer = str(solver.check())
    return answer, int(solver.statistics().get_key_value("rlimit count"))


@dataclass(frozen=True)
class Action:
    """A step of a system: ``relation(before, after, *parameters)``.

    ``hints(before, after, *parameters)`` are instances of lemmas: true in every model, and said so
    that the solver need not find them.  ``achieves`` are relations of the same arguments that each
    step of the action satisfies, to be proved.
    """

    name: str
    relation: Callable[..., Term]
    parameters: Mapping[str, z3.SortRef] = field(default_factory=dict)
    hints: Callable[..., Iterable[Term]] = lambda *_: ()
    achieves: Mapping[str, Callable[..., Term]] = field(default_factory=dict)

    def constants(self) -> list[Term]:
        """The parameters as constants."""
        return [z3.Const(name, sort) for name, sort in self.parameters.items()]


@dataclass(frozen=True)
class System:
    """A transition system with an inductive invariant and the properties that follow from it.

    ``assumptions`` speak of the rigid constants; ``facts`` and ``functions`` define what the
    formulas use.
    """

    name: str
    variables: Mapping[str, z3.SortRef]
    init: Formula
    actions: tuple[Action, ...]
    invariant: Mapping[str, Formula]
    properties: Mapping[str, Formula]
    assumptions: Mapping[str, Term]
    steps: Mapping[str, Callable[[State, State], Term]] = field(default_factory=dict)
    # The conjuncts that the consecution of one needs, where all of them would be too many for a
    # solver.  A prime means after the step: the conjunct then comes before the one that needs it.
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: tuple[Term, ...] = ()
    functions: tuple[Defined, ...] = ()
    hints: Callable[[State], Iterable[Term]] = lambda _: ()  # for the properties
    init_hints: tuple[Term, ...] = ()

    def state(self, suffix: str = "") -> State:
        """The variables as constants, with ``suffix`` at the end of their names."""
        return SimpleNamespace(
            **{name: z3.Const(name + suffix, sort) for name, sort in self.variables.items()}
        )

    def conjuncts(self, state: State) -> dict[str, Term]:
        """The invariant's conjuncts, by name."""
        return {name: formula(state) for name, formula in self.invariant.items()}

    def holds(self, state: State) -> dict[str, Term]:
        """The assumptions and the invariant's conjuncts, by name."""
        return {**self.assumptions, **self.conjuncts(state)}


def inductive(system: System) -> Iterator[Condition]:
    """The verification conditions of ``system``."""
    before, after = system.state(), system.state(AFTER)
    # Built once: to build a formula takes far longer than to put it into another condition.
    holds = system.conjuncts(before)
    still = {f"{name}'": formula for name, formula in system.conjuncts(after).items()}
    for name, formula in holds.items():
        yield Condition(
            f"{system.name}: Init => {name}",
            {**system.assumptions, "Init": system.init(before)},
            formula,
            (*system.facts, *system.init_hints),
            system.functions,
        )
    for action in system.actions:
        parameters = action.constants()
        step = action.relation(before, after, *parameters)
        hints = tuple(action.hints(before, after, *parameters))
        goals = {name: relation(before, after) for name, relation in system.steps.items()}
        achieved = {
            name: relation(before, after, *parameters) for name, relation in action.achieves.items()
        }
        for name, goal in {**still, **goals, **achieved}.items():
            yield Condition(
                f"{system.name}: {action.name} => {name}",
                {**system.assumptions, action.name: step, **_needed(system, name, holds, still)},
                goal,
                (*system.facts, *hints),
                system.functions,
            )
    for name, of in system.properties.items():
        yield Condition(
            f"{system.name}: Invariant => {name}",
            {**system.assumptions, **holds},
            of(before),
            (*system.facts, *system.hints(before)),
            system.functions,
        )


def _needed(
    system: System, goal: str, holds: Mapping[str, Term], still: Mapping[str, Term]
) -> dict[str, Term]:
    """The conjuncts that may be used for ``goal``."""
    order = [*still, *system.steps]
    names = system.needs.get(goal.rstrip("'"), tuple(system.invariant))
    for name in names:  # no circle: each conjunct after the step leans on those before it
        if name in still and order.index(name) >= order.index(goal):
            raise ModelConsensusError(f"{system.name}: {goal} cannot use {name}: a circle")
    known = {**holds, **still}
    return {name: known[name] for name in names}


# ------------------------------------------------------------------------ writing formulas


def each(
    low: Term,
    high: Term,
    body: Callable[[Term], Term],
    name: str = "i",
    trigger: Callable[[Term], Term] | None = None,
) -> Term:
    """``body(i)`` for every integer i with low <= i < high.

    A solver instantiates it where it sees the term ``trigger(i)``; without one it chooses itself.
    """
    index = z3.FreshInt(name)
    patterns = [trigger(index)] if trigger else []
    return z3.ForAll([index], z3.Implies(between(low, index, high), body(index)), patterns=patterns)


def some(low: Term, high: Term, body: Callable[[Term], Term], name: str = "i") -> Term:
    """``body(i)`` for some integer i with low <= i < high."""
    return z3.Not(each(low, high, lambda i: z3.Not(body(i)), name))


def between(low: Term, value: Term, high: Term) -> Term:
    """low <= value < high."""
    return z3.And(low <= value, value < high)


def larger(a: Term, b: Term) -> Term:
    """The maximum."""
    return z3.If(a >= b, a, b)


def unchanged(before: State, after: State, *names: str) -> Term:
    """The variables ``names`` keep their values."""
    return z3.And(*(getattr(after, name) == getattr(before, name) for name in names))


def datatype(name: str, **constructors: Mapping[str, z3.SortRef | None]) -> z3.DatatypeSortRef:
    """A datatype with these constructors, each a mapping from fields to sorts; None is itself.

    ``sort.constructor``, ``sort.is_constructor`` and ``sort.field`` are its functions.  To z3 their
    names begin with that of the sort: it (5.4.1) confuses constructors of one name in two sorts,
    and finds contradictions where there are none.
    """
    declared = z3.Datatype(name)
    for constructor, fields in constructors.items():
        declared.declare(
            f"{name}.{constructor}",
            *(
                (f"{name}.{part}", declared if sort is None else sort)
                for part, sort in fields.items()
            ),
        )
    created = declared.create()
    for index, (constructor, fields) in enumerate(constructors.items()):
        make = created.constructor(index)
        setattr(created, constructor, make if fields else make())
        setattr(created, f"is_{constructor}", created.recognizer(index))
        for position, part in enumerate(fields):
            setattr(created, part, created.accessor(index, position))
    return created


def record(name: str, **fields: z3.SortRef) -> z3.DatatypeSortRef:
    """A record sort: a datatype with the one constructor ``make``."""
    return datatype(name, make=fields)


def updated(sort: z3.DatatypeSortRef, value: Term, **fields: Term) -> Term:
    """``value`` with some of its fields replaced."""
    constructor = sort.constructor(0)
    accessors = [sort.accessor(0, index) for index in range(constructor.arity())]
    return constructor(*(fields.get(a.name().rpartition(".")[2], a(value)) for a in accessors))
