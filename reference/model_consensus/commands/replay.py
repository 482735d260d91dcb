"""Replay behaviours that TLC produces on the implementation, step by step.

MODEL is a model of a protocol that the implementation has.  Its counterexample is replayed, or with
``--simulate N`` random behaviours of it.  Where a model drops an assumption, so does the
implementation; then the same moves are made where it is kept.  The exit status is 0 if every state
of the implementation equals TLC's, and a property is violated where its assumption is dropped
and only there; 1 if not.
"""

import argparse
from collections import Counter

from rich.console import Console

from model_consensus.commands.options import positive
from model_consensus.conformance.necessity import NECESSITY, table
from model_consensus.conformance.necessity_attack import attack
from model_consensus.conformance.replay import Replay, counterexample, replay, simulate
from model_consensus.errors import ModelConsensusError
from model_consensus.report import console as report
from model_consensus.systems.bounded import system_of
from model_consensus.tla.manifest import SpecModel, load
from model_consensus.tla.tlc_output import Counterexample

EXAMPLES = """\
examples:
  model-consensus replay MCTobNecessity_unverified
  model-consensus replay MCPowLearning_fork
  model-consensus replay MCStreamlet_graph2 --simulate 20
  model-consensus replay --assumptions"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("model", metavar="MODEL", nargs="?", help="a model of the manifest")
    parser.add_argument(
        "--assumptions", action="store_true", help="print the table of dropped assumptions"
    )
    parser.add_argument("--simulate", type=positive, metavar="N", help="N random behaviours")
    parser.add_argument(
        "--depth", type=positive, default=30, metavar="N", help="their states at most (default: 30)"
    )
    parser.add_argument("--seed", type=positive, default=1, metavar="N", help="of the simulation")


def run(args: argparse.Namespace) -> int:
    """Replay what is asked for."""
    console = report.new_console()
    if args.assumptions:
        print(table(), end="")
        return 0
    if args.model is None:
        raise ModelConsensusError("name a model, or --assumptions")
    model = load().find(args.model)
    console.print(f"{model.name} ({model.kind}): {model.claim}")
    if args.simulate:
        return _simulated(console, model, args)
    system = None if model.name in NECESSITY else system_of(model)
    trace = counterexample(model)
    for line in report.counterexample_lines(trace):
        console.print(line)
    if system is None:
        return _attacked(console, model, trace)
    return _followed(console, replay(system, trace.steps), len(trace))


def _simulated(console: Console, model: SpecModel, args: argparse.Namespace) -> int:
    system = system_of(model)
    behaviours = simulate(model, args.simulate, args.depth, args.seed)
    for behaviour in behaviours:
        followed = replay(system, behaviour)
        if followed.failure:
            return _followed(console, followed, len(behaviour))
    fired = Counter(step.action for behaviour in behaviours for step in behaviour[1:])
    console.print(
        f"{len(behaviours)} behaviours of {sum(fired.values())} steps: every state is the same"
    )
    console.print(", ".join(f"{name} {times}" for name, times in sorted(fired.items())))
    return 0


def _attacked(console: Console, model: SpecModel, trace: Counterexample) -> int:
    row = NECESSITY[model.name]
    found = attack(model, trace.steps)
    console.print(f"dropped ({row.about}): {row.dropped}")
    status = _followed(console, found.replayed, len(trace))
    if not found.replayed.failure:
        console.print(f"{model.failing} {_judged(found.violated)}")
    console.print(f"kept: {row.kept}")
    if found.impossible is not None:
        move = type(found.replayed.actions[found.impossible]).__name__
        console.print(f"the move to state {found.impossible + 2}, {move}, is impossible")
    judged = _judged(found.real_violated)
    console.print(f"{row.instead or model.failing} {judged} after {found.real_states - 1} moves")
    return status if found.is_as_expected else 1


def _judged(violated: int | None) -> str:
    return "holds" if violated is None else f"is violated in state {violated + 1}"


def _followed(console: Console, followed: Replay, states: int) -> int:
    if followed.failure:
        console.print("THE IMPLEMENTATION CANNOT FOLLOW: " + "; ".join(followed.failure))
        return 1
    console.print(f"{states} states: the implementation has the same")
    return 0
