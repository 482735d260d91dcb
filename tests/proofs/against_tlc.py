"""A proof's transition system compared with the state graph of a specification, as TLC dumped it.

Every state must satisfy the invariant, with everything that it implies, and every edge the action
of its name, or the steps that it is made of.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from model_consensus.proofs.evaluate import Environment, Evaluator
from model_consensus.proofs.induction import AFTER, System
from model_consensus.tla.dot import Edge, read_dot

HISTORY = "Record"  # what a model with history variables puts before an action's name


@dataclass
class Graph:
    """A state graph; states by TLC's number."""

    states: dict[int, dict[str, Any]] = field(default_factory=dict)
    initial: set[int] = field(default_factory=set)
    edges: set[tuple[int, str, int]] = field(default_factory=set)  # source, action, target


def read_graph(path: Path) -> Graph:
    """Read what TLC wrote with ``-dump dot,actionlabels``.

    :raises ModelConsensusError: the file is not whole.
    """
    graph = Graph()
    for each in read_dot(path):
        if isinstance(each, Edge):
            graph.edges.add((each.source, each.action.removeprefix(HISTORY), each.target))
        else:
            graph.states[each.name] = each.state()
            if each.initial:
                graph.initial.add(each.name)
    graph.edges = {edge for edge in graph.edges if edge[2] in graph.states}
    return graph


Step = tuple[str, Environment, Environment]  # the action, before and after


class States(Protocol):
    """What `states` offers for a theory."""

    def environment(self, state: dict[str, Any]) -> Environment: ...

    def candidates(
        self, action: str, before: Environment, after: Environment
    ) -> Iterator[tuple[Any, ...]]: ...


class Tie:
    """The formulas of a system, compiled."""

    def __init__(
        self,
        system: System,
        universe: Callable[[Environment, str], Sequence[Any]] | None = None,
    ) -> None:
        evaluator = Evaluator(universe)
        before, after = system.state(), system.state(AFTER)
        self.system = system
        self.init = evaluator.compile(system.init(before))
        self.conjuncts = {
            name: evaluator.compile(formula) for name, formula in system.holds(before).items()
        }
        self.actions = {
            action.name: (
                evaluator.compile(action.relation(before, after, *action.constants())),
                list(action.parameters),
            )
            for action in system.actions
        }

    def broken(self, environment: Environment) -> list[str]:
        """The names of the assumptions and conjuncts that are false."""
        return [name for name, holds in self.conjuncts.items() if not holds(environment)]

    def allows(
        self, action: str, before: Environment, after: Environment, parameters: tuple[Any, ...]
    ) -> bool:
        """Whether the step is one of the action with these parameters."""
        relation, names = self.actions[action]
        both = {**before, **{f"{name}{AFTER}": after[name] for name in self.system.variables}}
        return bool(relation({**both, **dict(zip(names, parameters, strict=True))}))


@dataclass(frozen=True)
class Comparison:
    """What the comparison found.

    :ivar failures: a line for each state or edge that does not fit.
    :ivar exercised: how many steps there were of each action.
    """

    states: int
    edges: int
    failures: tuple[str, ...]
    exercised: Counter[str]


def compare(
    tie: Tie,
    graph: Graph,
    states: States,
    pair: Callable[[dict[str, Any], dict[str, Any]], tuple[Environment, Environment]] | None = None,
    path: Callable[[str, Environment, Environment], Iterable[Step]] | None = None,
    adjust: Callable[[str, Environment, Environment, tuple[Any, ...]], Environment] | None = None,
) -> Comparison:
    """Compare every state and every edge.

    ``pair`` gives the environments of an edge where a state's own will not do, ``path`` the proof's
    steps where an edge is several of them, and ``adjust`` the environment after a step with given
    parameters where a ghost depends on them.
    """
    failures, exercised = [], Counter[str]()
    environments = {name: states.environment(state) for name, state in graph.states.items()}
    for name, environment in environments.items():
        failures += [f"state {graph.states[name]}: {broken}" for broken in tie.broken(environment)]
    failures += [
        f"initial state {graph.states[name]}"
        for name in graph.initial
        if not tie.init(environments[name])
    ]
    for source, action, target in sorted(graph.edges):
        if pair:
            first, last = pair(graph.states[source], graph.states[target])
        else:
            first, last = environments[source], environments[target]
        taken = path(action, first, last) if path else [(action, first, last)]
        edge = f"{action}: {graph.states[source]} -> {graph.states[target]}"
        for step, before, after in taken:
            exercised[step] += 1
            if path:
                failures += [f"{edge}: {step}: {broken}" for broken in tie.broken(after)]
            if not any(
                tie.allows(
                    step,
                    before,
                    adjust(step, before, after, parameters) if adjust else after,
                    parameters,
                )
                for parameters in states.candidates(step, before, after)
            ):
                failures.append(f"{edge}: {step} is not allowed")
    return Comparison(len(graph.states), len(graph.edges), tuple(failures), exercised)
