"""Write docs/theorems-as-proved.md: what z3 is given of each theory, to read.

``python -m tools.theorems_as_proved`` writes the page, and a test compares it: whoever changes an
assumption, an axiom, a step or a conclusion changes the page.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from io import StringIO
from pathlib import Path

from z3 import Context, Not, parse_smt2_string
from z3.z3printer import PP, Formatter

from model_consensus.proofs.induction import AFTER, Condition, System, Term, inductive, smt2
from model_consensus.proofs.theories import THEORIES, conditions

PAGE = Path(__file__).resolve().parents[1] / "docs" / "theorems-as-proved.md"
HEAD = """\
# The theorems as they are proved

Everything that z3 is given, in its own notation: nothing else is assumed. `model-consensus prove`
proves it, [proofs.md](proofs.md) explains it, and `python -m tools.theorems_as_proved` writes this
page. A name that ends in `_after` is a variable after the step.
"""


def text(formula: Term) -> str:
    """A formula in z3's notation, with plain names for bound variables."""
    # Read again from SMT-LIB, its bound variables are numbered from 0 in the order of the text.
    (formula,) = parse_smt2_string(smt2([formula]), ctx=Context())
    formatter, printer, out = Formatter(), PP(), StringIO()
    formatter.max_depth = formatter.max_args = formatter.max_visited = 1_000_000
    printer.max_lines, printer.max_width, printer.max_indent = 1_000_000, 90, 40
    printer(out, formatter(formula))
    written = out.getvalue()
    taken = set(re.findall(r"[\w.]+(?![\w.!])", written))
    names: dict[str, str] = {}
    for numbered, name in re.findall(r"\b((\w+)!\d+)\b", written):
        if numbered not in names:
            free = (f"{name}{number or ''}" for number in range(len(names) + 10_000))
            names[numbered] = next(plain for plain in free if plain not in taken)
            taken.add(names[numbered])
    return re.sub(r"\b\w+!\d+\b", lambda found: names[found[0]], written)


def system_parts(system: System) -> Iterator[tuple[str, Mapping[str, Term]]]:
    """The parts of a system, each with its formulas by name."""
    before, after = system.state(), system.state(AFTER)
    yield "Assumed", system.assumptions
    yield (
        "Proved in every state",
        {name: formula(before) for name, formula in system.properties.items()},
    )
    yield (
        "Proved of every step",
        {name: relation(before, after) for name, relation in system.steps.items()},
    )
    yield "Axioms and definitions", numbered((*system.facts, *(f.axiom for f in system.functions)))
    yield "Initial states", {"Init": system.init(before)}
    steps, hints, achieved = {}, {}, {}
    for action in system.actions:
        parameters = action.constants()
        named = f"{action.name}({', '.join(action.parameters)})"
        steps[named] = action.relation(before, after, *parameters)
        for name, relation in action.achieves.items():
            achieved[f"{named} => {name}"] = relation(before, after, *parameters)
        for number, hint in enumerate(action.hints(before, after, *parameters), 1):
            hints[f"{named}, {number}"] = hint
    yield "Steps", steps
    yield "Proved of every step of an action", achieved
    yield (
        "The invariant, proved in every state",
        {name: formula(before) for name, formula in system.invariant.items()},
    )
    yield (
        "Instances of lemmas that the proofs use",
        {
            **{f"Init, {name}": hint for name, hint in numbered(system.init_hints).items()},
            **hints,
            **{f"Invariant, {n}": hint for n, hint in numbered(system.hints(before)).items()},
        },
    )


def numbered(formulas: Iterable[Term]) -> dict[str, Term]:
    """Formulas without names, by their numbers."""
    return {str(number): formula for number, formula in enumerate(formulas, 1)}


def key(formula: Term) -> str:
    """The same for formulas that differ in the numbers of bound variables only; quicker."""
    return re.sub(r"!\d+|\s+", " ", formula.sexpr())


class Page:
    """The page as it grows; a long formula is shown once."""

    def __init__(self) -> None:
        self.lines = [HEAD]
        self.shown_in: dict[str, str] = {}  # the theory, by a formula's text

    def theory(self, name: str) -> None:
        """Add a theory.

        Raises:
            AssertionError: a condition of a system has a formula that its parts do not show.
        """
        self.lines.append(f"## {name}: {THEORIES[name]}\n")
        module = import_module(f"model_consensus.proofs.{name}")
        system: System | None = getattr(module, "SYSTEM", None)
        shown: set[str] = set()
        of_system: set[str] = set()
        if system:
            for part, formulas in system_parts(system):
                if formulas:
                    self.lines.append(f"### {part} ({name})\n")
                    self.block(name, formulas)
                shown |= {key(formula) for formula in formulas.values()}
            shown |= {key(formula(system.state(AFTER))) for formula in system.invariant.values()}
            of_system = {condition.name for condition in inductive(system)}
        proved = conditions(name)
        if any(condition.name not in of_system for condition in proved):
            self.lines.append(f"### Conditions of their own ({name})\n")
        for condition in proved:
            if condition.name not in of_system:
                self.lines.append(f"{condition.name.removeprefix(f'{name}: ')}\n")
                self.block(name, {**own_premises(condition, shown), "=>": condition.goal})
        if system:
            self.lines.append(f"### Conditions of the system, and what each uses ({name})\n")
            of_it = [condition for condition in proved if condition.name in of_system]
            lines = [f"{c.name.removeprefix(f'{name}: ')}  <-  {uses(c, system)}" for c in of_it]
            self.lines += ["```text", *lines, "```\n"]
            for condition in of_it:
                *premises, negated = condition.assertions()
                assert negated.eq(Not(condition.goal)), condition.name
                missing = {key(formula) for formula in (*premises, condition.goal)} - shown
                assert not missing, f"{condition.name}: {missing}"

    def block(self, theory: str, formulas: Mapping[str, Term]) -> None:
        """Add formulas with their names."""
        self.lines.append("```text")
        for name, formula in formulas.items():
            written = text(formula).replace("\n", "\n    ")
            other = self.shown_in.setdefault(f"{name}: {written}", theory)
            if other != theory and "\n" in written:
                written = f"(as in {other})"
            self.lines.append(f"{name}\n    {written}")
        self.lines.append("```\n")


def own_premises(condition: Condition, shown: set[str]) -> dict[str, Term]:
    """The premises of a condition by name, without those that are shown already."""
    named = {name: f for name, f in condition.hypotheses.items() if key(f) not in shown}
    known = shown | {key(formula) for formula in named.values()}
    return named | numbered(f for f in condition.premises() if key(f) not in known)


def uses(condition: Condition, system: System) -> str:
    """The names of the hypotheses of a system's condition, its assumptions aside."""
    assert set(condition.hypotheses) >= set(system.assumptions), condition.name
    names = [name for name in condition.hypotheses if name not in system.assumptions]
    if set(names) >= set(system.invariant):
        names = [name for name in names if name not in system.invariant] + ["the whole invariant"]
    return ", ".join(names)


def page() -> str:
    """The page."""
    written = Page()
    for name in THEORIES:
        written.theory(name)
    return "\n".join(written.lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name} is written")
