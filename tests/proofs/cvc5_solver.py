"""What cvc5, a solver that shares no code with z3, says of a condition."""

from dataclasses import replace

import pytest
import z3

from model_consensus.proofs.induction import Condition


def core(condition: Condition, *, steps: int = 0, seed: int = 0) -> Condition:
    """The condition with those hypotheses and facts only that z3's proof used.

    That is a stronger theorem.  Another ``seed`` may find another proof.  Without a proof within
    a minute, and within so many steps if they are not 0, the condition itself is returned.
    """
    solver = z3.Solver(ctx=z3.Context())  # as in `induction`, so that only the seed matters
    solver.set("timeout", 60_000, "rlimit", steps, "unsat_core", True, "smt.mbqi", False)
    solver.set("random_seed", seed, "smt.random_seed", seed)
    formulas = list(z3.parse_smt2_string(condition.smt2(), ctx=solver.ctx))
    assert len(formulas) == len(condition.assertions())
    *premises, goal = formulas
    for index, premise in enumerate(premises):
        solver.assert_and_track(premise, f"premise {index}")
    solver.add(goal)
    if solver.check() != z3.unsat:
        return condition
    used = {int(str(name).strip("|").split()[1]) for name in solver.unsat_core()}
    first = len(condition.facts) + len(condition.functions)
    return replace(
        condition,
        hypotheses={
            name: formula
            for index, (name, formula) in enumerate(condition.hypotheses.items(), first)
            if index in used
        },
        facts=tuple(fact for index, fact in enumerate(condition.facts) if index in used),
    )


def answer(condition: Condition, options: dict[str, str]) -> str:
    """cvc5's answer to the condition's SMT-LIB text."""
    cvc5 = pytest.importorskip("cvc5")
    solver = cvc5.Solver(cvc5.TermManager())
    for name, value in options.items():
        solver.setOption(name, value)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, condition.smt2(), condition.name)
    said = ""
    while not (command := parser.nextCommand()).isNull():
        said = str(command.invoke(solver, parser.getSymbolManager())) or said
    return said.strip()
