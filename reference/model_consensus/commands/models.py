"""List the models of the specifications: name, kind, distinct states, and what each shows.

With words, only the models that have all of them in their name, kind, claim or in the names of the
properties that they check; with ``--claim`` only the evidence for that claim.  The exit status is 1
if there is no such model.
"""

import argparse

from model_consensus.report import claims
from model_consensus.report.console import new_console, wrapped
from model_consensus.tla.manifest import KINDS, TIERS, SpecModel, load

EXAMPLES = """\
examples:
  model-consensus models
  model-consensus models agreement necessity
  model-consensus models --claim T3 --kind holds"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("words", metavar="WORD", nargs="*", help="search for these words")
    parser.add_argument("--claim", metavar="NAME", help="the evidence for a claim, such as T3")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--tier", choices=TIERS)


def run(args: argparse.Namespace) -> int:
    """List what is asked for."""
    console = new_console()
    manifest = load()
    models = claims.find(args.claim).evidence(manifest) if args.claim else manifest.models
    found = [
        model
        for model in models
        if args.kind in (None, model.kind)
        and args.tier in (None, model.tier)
        and all(word.lower() in _text(model) for word in args.words)
    ]
    for model in found:
        distinct = model.figures.distinct if model.figures else None
        states = "" if distinct is None else f"{distinct:,} states"
        console.print(f"{model.name:<40} {model.kind:<9} {model.tier:<4} {states:>18}")
        console.print(wrapped(model.claim, "    ", "    "))
    console.print(f"{len(found)} of {len(manifest.models)} models")
    return 0 if found else 1


def _text(model: SpecModel) -> str:
    """What is searched for words."""
    return " ".join([model.name, model.kind, model.claim, *model.checks]).lower()
