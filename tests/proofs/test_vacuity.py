"""No proof is a proof of nothing: each kind of error that would make it one is planted here.

What z3 is given stands in docs/theorems-as-proved.md; premises that contradict each other are
noticed; states and steps exist at several sizes; and each conjunct of each invariant has a state
that violates it, which the comparison with TLC's states reports.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import z3

from model_consensus.proofs import (
    delayed_chain,
    instances,
    longest_chain,
    pow_learning,
    private_attack,
    search,
    slot_game,
    streamlet,
    streamlet_chains,
    termination,
    tob_learner,
    tob_learning,
)
from model_consensus.proofs.counterexample import Instance, find
from model_consensus.proofs.counting import count
from model_consensus.proofs.evaluate import FUNCTIONS, Environment, Evaluator, Table
from model_consensus.proofs.induction import Condition, System, discharge, inductive
from model_consensus.proofs.search import F, N
from model_consensus.proofs.theories import THEORIES, conditions
from model_consensus.proofs.tob_learner import Learner
from model_consensus.tla.values import Boolean
from tests.proofs.against_tlc import Graph, Tie, compare
from tests.proofs.planted import witnesses
from tests.proofs.tlc_states import TobStates, chain_ancestor, chain_length, model_generation
from tools.theorems_as_proved import PAGE, Page, page

# ----------------------------------------------------------------- what is proved is on the page


def test_the_page_says_what_is_proved() -> None:
    assert PAGE.read_text("utf-8") == page(), "python -m tools.theorems_as_proved writes it again"


def of_theory(name: str) -> list[str]:
    written = Page()
    written.theory(name)
    return written.lines


ASSUMPTIONS = streamlet.SYSTEM.assumptions
LOOSE = {
    "Lock": lambda s: streamlet.voted(s, lambda p, b: s.lock[p] >= streamlet_chains.length(b) - 2)
}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"assumptions": {**ASSUMPTIONS, "F <= 1": F <= 1}}, id="a hypothesis"),
        pytest.param(
            {"assumptions": {**ASSUMPTIONS, "N >= 1": N >= 4}}, id="a stronger hypothesis"
        ),
        pytest.param({"facts": (*streamlet.SYSTEM.facts, N <= 4)}, id="an axiom"),
        pytest.param({"invariant": {**streamlet.INVARIANT, **LOOSE}}, id="a weaker conclusion"),
        pytest.param({"hints": lambda s: [], "actions": streamlet.SYSTEM.actions[1:]}, id="a step"),
    ],
)
def test_another_theorem_changes_the_page(
    changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of_theory("streamlet")
    monkeypatch.setattr(streamlet, "SYSTEM", replace(streamlet.SYSTEM, **changed))
    assert of_theory("streamlet") != before


def test_a_weaker_property_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of_theory("private_attack")
    weaker = {"Disagreement": lambda s: z3.Or(s.x > s.y, private_attack.disagreement(s))}
    system = replace(private_attack.SYSTEM, properties=weaker)
    monkeypatch.setattr(private_attack, "SYSTEM", system)
    assert of_theory("private_attack") != before


def test_a_hypothesis_that_no_part_shows_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def more() -> Iterator[Condition]:
        for condition in inductive(private_attack.SYSTEM):
            yield replace(condition, facts=(private_attack.DEPTH <= 1,))

    monkeypatch.setattr(private_attack, "conditions", more)
    with pytest.raises(AssertionError, match="<= Depth 1"):
        of_theory("private_attack")


# ------------------------------------------------------------ premises that contradict each other


def answers(system: System, ending: str) -> set[str]:
    """What z3 says of the conditions of a step."""
    found = [c for c in inductive(system) if f": {ending} =>" in c.name]
    assert found
    return {discharge(condition).answer for condition in found}


def test_a_false_axiom_is_noticed() -> None:
    false = Learner.generation(tob_learner.new_learner) == 1
    system = replace(tob_learning.SYSTEM, facts=(*tob_learning.SYSTEM.facts, false))
    assert answers(system, "Init") == {"vacuous"}


def test_a_false_instance_of_a_lemma_is_noticed() -> None:
    broadcast, propose, vote, deliver = streamlet.SYSTEM.actions

    def hints(s: Any, t: Any, p: Any, parent: Any, e: Any, payload: Any) -> list[Any]:
        block = streamlet_chains.Block.extend(parent, e, payload)
        one_less = count(t.votes[block], N) < count(s.votes[block], N)
        return [*streamlet.cast_hints(s, t, p, parent, e, payload), one_less]

    actions = (broadcast, propose, replace(vote, hints=hints), deliver)
    assert answers(replace(streamlet.SYSTEM, actions=actions), "Vote") == {"vacuous"}


def test_a_hint_that_contradicts_a_guard_is_noticed() -> None:
    broadcast, propose, vote, deliver = streamlet.SYSTEM.actions

    def hints(s: Any, t: Any, p: Any, parent: Any, e: Any, payload: Any) -> list[Any]:
        return [streamlet_chains.epoch(parent) >= e]

    actions = (broadcast, propose, replace(vote, hints=hints), deliver)
    assert answers(replace(streamlet.SYSTEM, actions=actions), "Vote") == {"vacuous"}


def test_assumptions_that_contradict_each_other_are_noticed() -> None:
    assumptions = {**streamlet.SYSTEM.assumptions, "F >= N": F >= N}
    system = replace(streamlet.SYSTEM, assumptions=assumptions)
    assert answers(system, "Broadcast") == {"vacuous"}


def test_the_text_depends_on_the_condition_alone() -> None:
    """Otherwise what z3 proves in its time would depend on what was built before."""
    for name in THEORIES:
        first, second = conditions(name), conditions(name)
        assert [c.smt2() for c in first] == [c.smt2() for c in second]


# -------------------------------------------------------------------- states and steps that exist


def seven(instance: Instance, size: int = 7) -> Instance:
    """The instance with seven processes, the last two of them Byzantine."""
    constants = {**instance.constants, search.BYZANTINE: instances.members([5, 6])}
    return replace(instance, constants={**constants, search.N: 7}, size=size)


def tob(processes: int, byzantine: int, size: int) -> Instance:
    return replace(instances.tob(processes, byzantine, size), size=max(processes, 3))


def of_length(system: System, instance: Instance) -> Iterator[Instance]:
    """The instance with an order or a tree of 0 and of 1, and as many moves of a ghost at most: z3
    finds such a state sooner."""
    s = system.state()
    if "moves" in system.variables:
        sizes = [{s.length: length, s.moves: moves} for length, moves in ((0, 0), (1, 0), (1, 1))]
    elif "length" in system.variables:
        sizes = [{s.length: length} for length in (0, 1)]
    else:
        sizes = [{}]
    for constants in sizes:
        yield replace(instance, constants={**instance.constants, **constants})


STREAMLET = instances.streamlet_instance
CHAIN = instances.chain(wins=2)
DELAYED = instances.chain(wins=2, delta=1)


@pytest.mark.parametrize(
    ("system", "instance"),
    [
        pytest.param(tob_learning.SYSTEM, tob(3, 1, 2), id="tob_learning, n = 3"),
        pytest.param(tob_learning.SYSTEM, tob(3, 1, 1), id="tob_learning, lambda = f"),
        pytest.param(tob_learning.SYSTEM, tob(7, 2, 5), id="tob_learning, n = 7, f = 2"),
        pytest.param(tob_learning.SYSTEM, tob(7, 2, 1), id="tob_learning, n = 7, lambda < f"),
        pytest.param(termination.SYSTEM, tob(3, 1, 2), id="termination, n = 3"),
        pytest.param(termination.SYSTEM, tob(7, 2, 5), id="termination, n = 7, f = 2"),
        pytest.param(termination.SYSTEM, tob(7, 2, 1), id="termination, n = 7, lambda < f"),
        pytest.param(streamlet.SYSTEM, STREAMLET(epochs=2), id="streamlet, n = 4"),
        pytest.param(streamlet.SYSTEM, STREAMLET(7, 2, 2), id="streamlet, n = 7, f = 2"),
        pytest.param(slot_game.SYSTEM, CHAIN, id="slot_game, n = 3"),
        pytest.param(slot_game.SYSTEM, seven(CHAIN), id="slot_game, n = 7"),
        pytest.param(longest_chain.SYSTEM, CHAIN, id="longest_chain, n = 3"),
        pytest.param(longest_chain.SYSTEM, seven(CHAIN), id="longest_chain, n = 7"),
        pytest.param(delayed_chain.SYSTEM, DELAYED, id="delayed_chain, n = 3"),
        pytest.param(delayed_chain.SYSTEM, seven(DELAYED), id="delayed_chain, n = 7"),
        pytest.param(pow_learning.SYSTEM, instances.work(), id="pow_learning, n = 3"),
        pytest.param(pow_learning.SYSTEM, instances.work(4, 2), id="pow_learning, n = 4, f = 2"),
        pytest.param(private_attack.SYSTEM, instances.attack(), id="private_attack, k = 0"),
        pytest.param(
            private_attack.SYSTEM, instances.attack(1, 1, 3), id="private_attack, k = 1, h < A"
        ),
    ],
)
def test_initial_states_and_all_steps_exist(system: System, instance: Instance) -> None:
    for possible in witnesses(system):
        assert any(find(possible, system, one) for one in of_length(system, instance)), possible


# ---------------------------------------------------------------- states that violate a conjunct

ONE_MOVE = replace(
    instances.tob(), constants={**instances.tob().constants, tob_learning.SYSTEM.state().moves: 1}
)
INSTANCES: dict[str, Instance] = {
    "tob_learning": ONE_MOVE,
    "termination": ONE_MOVE,
    "streamlet": STREAMLET(3, 1, 3),  # n = 3f: quorums need not meet
    "pow_learning": instances.work(),
    "slot_game": instances.chain(),
    "longest_chain": instances.chain(),
    "delayed_chain": instances.chain(delta=1),
    "private_attack": instances.attack(),
}
SYSTEMS: dict[str, System] = {
    name: small[0] for name in THEORIES if (small := instances.small(name))
}


# If these hold, what the others speak of lies in the instance; a few need more than that.
RANGES = {"Genesis", "Length", "Position", "Senders", "Tips", "Known", "Best"}
MORE = {
    "NeverShorter": {"VotedBlocks"},
    "Settled": {"Heights", "Tree", "Top"},
    **{name: {"Tree"} for name in ("Lineage", "UsesOffers", "Exact", "AboveFloor")},
}
# A negative length leaves no place for a process or a block.
LESS = {"Length": RANGES}


def bad_state(system: System, instance: Instance, conjunct: str) -> Environment:
    """A state of the small instance that violates the conjunct, as `evaluate` has it."""
    state = system.state()
    violated = system.invariant[conjunct](state)
    given = (RANGES | MORE.get(conjunct, set())) - LESS.get(conjunct, {conjunct})
    others = {name: formula(state) for name, formula in system.invariant.items() if name in given}
    condition = Condition(conjunct, others, violated, system.facts, system.functions)
    no_losses = {**instance.functions, search.loss: lambda model: z3.IntVal(0)}
    found = find(condition, system, replace(instance, functions=no_losses))
    assert found, f"nothing violates {conjunct}"
    environment: Environment = {
        **found.values,
        **FUNCTIONS,
        "loss": lambda model: 0,
        "ByRank": lambda model, generation, process: 0,
        "Len": chain_length,
        "Ancestor": chain_ancestor,
        "Generation": model_generation,
    }
    if "votes" in environment:  # nobody votes for a block outside of the instance
        environment["votes"] = Table(Table(False), environment["votes"].entries)
    if system.functions:
        of_tob = TobStates(CONSTANTS).constants
        environment |= {name: of_tob[name] for name in ("LeastClaim", "Floor")}
        advance = Evaluator().compile(system.functions[0].body)

        def advanced(learner: Any, offer: Any) -> Any:
            try:
                return advance({**environment, "l": learner, "o": offer})
            except (IndexError, TypeError):  # a field of a value that has none: z3 may take any,
                return None  # and this None is what the next step of a fold is given

        environment["Advance"] = advanced
    return environment


CONSTANTS = {
    "Proc": {"p1", "p2", "b1"},
    "Byzantine": {"b1"},
    "Lambda": 2,
    "Mu": 1,
    "Draws": 1,
    "Recombines": Boolean.FALSE,
    "Generations": 1,
}


class Given:
    """States that are environments already."""

    def environment(self, state: Environment) -> Environment:
        return state

    def candidates(self, *_: Any) -> Iterator[tuple[Any, ...]]:
        yield from ()


def universe(environment: Environment, sort: str) -> list[Any]:
    """The blocks of the small instance."""
    return list(environment["votes"].entries)


def reported(tie: Tie, state: Environment) -> set[str]:
    """The conjuncts that the comparison says are violated."""
    failures = compare(tie, Graph(states={1: state}), Given()).failures
    return {failure.rpartition(": ")[2] for failure in failures}


CONJUNCTS = [(name, conjunct) for name in SYSTEMS for conjunct in SYSTEMS[name].invariant]


@pytest.mark.parametrize(("name", "conjunct"), CONJUNCTS)
def test_a_state_that_violates_a_conjunct_is_reported(name: str, conjunct: str) -> None:
    system = SYSTEMS[name]
    state = bad_state(system, INSTANCES[name], conjunct)
    alone = replace(system, invariant={conjunct: system.invariant[conjunct]}, assumptions={})
    assert reported(Tie(alone, universe), state) == {conjunct}


class Skipping(Tie):
    """A comparison that leaves the invariant out."""

    def broken(self, environment: Environment) -> list[str]:
        return [name for name in super().broken(environment) if name in self.system.assumptions]


def test_a_comparison_without_the_invariant_is_noticed() -> None:
    system = SYSTEMS["private_attack"]
    start = dict.fromkeys(system.variables, 0)
    state = {**start, **bad_state(system, INSTANCES["private_attack"], "Chains")}
    assert "Chains" in reported(Tie(system), state)
    assert "Chains" not in reported(Skipping(system), state)
