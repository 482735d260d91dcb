"""A learner beside its specification: each TLA+ operator and the Python function of its name.

The pairs are found by name: ``IsOnParent`` and ``is_on_parent``.  Where the names differ, or one
side has no counterpart, the tables below say why; a test keeps them complete and without a line too
many.
"""

import ast
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A definition at the margin, with the declaration that it may be recursive.
_OPERATOR = re.compile(r"(?m)^(?:RECURSIVE \w+\([^)]*\)\n)?(\w+)(?:\([^)]*\))? ==")
_END = re.compile(r"(?m)^(?:$|\(\*|-{4}|={4})")
_COMMENT = re.compile(r"(?m)(?:^\(\*.*\*\)\n)+\Z")


@dataclass(frozen=True)
class Learner:
    """A module of ``spec/`` and the Python module that implements it.

    :ivar renamed: operators whose function has another name: that name, and why.
    :ivar no_function: operators without a function, and what stands for them.
    :ivar no_operator: functions without an operator, and why.
    """

    specification: str
    implementation: str
    renamed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    no_function: Mapping[str, str] = field(default_factory=dict)
    no_operator: Mapping[str, str] = field(default_factory=dict)

    def operators(self) -> dict[str, str]:
        """The text of each operator of the specification, with its comment, by name."""
        path = ROOT / "spec" / f"{self.specification}.tla"
        return operators(path.read_text(encoding="utf-8"))

    def functions(self) -> dict[str, str]:
        """The text of each public function of the implementation, by name."""
        path = ROOT / "reference" / "model_consensus" / f"{self.implementation}.py"
        return functions(path.read_text(encoding="utf-8"))


LEARNERS = {
    "TobLearner": Learner(
        "TobLearner",
        "tob_learner",
        renamed={
            "HonestOffer": ("offer", "a function of the learner, which it also changes"),
        },
        no_function={
            "F": "a number that only the theorems need",
            "BlendCost": "an expression in `decide`",
            "GenerationCost": "the bound of theorem T5",
            "Blends": "what `decide` evaluates; in TLA+ the landscape has to answer first",
            "N": "a number that only the theorems need",
            "LambdaIsLive": "what theorem T4 asks of λ",
            "HonestMatches": "the bound of theorem T3",
            "MakeOffer": "the class `Offer`",
            "Parent": "the field `learner.model`",
            "Remove": "an expression in `evaluate`",
        },
    ),
    "PowLearner": Learner(
        "PowLearner",
        "pow_learner",
        renamed={
            "LearnerInit": ("new_learner", "one learner instead of all"),
            "BestSteps": ("best_step", "of equally good steps the first, instead of all"),
            "Take": ("receive", "in TLA+, `Receive` is the name of the action around it"),
        },
        no_function={
            "Miner": "the field `block.miner`",
            "Height": "the generation of the block's model",
            "Models": "the field `learner.models`",
            "Ancestor": "the walk from the tip in `decided_block`",
            "Accepts": "the verdict ACCEPTED of `check`",
            "FollowsParent": "two steps of `check`, with the verdicts PARENT and STEP",
            "IsVerified": "the call of `is_exact` in `check`; a necessity model replaces it",
            "HasFloor": "the call of `is_above_floor` in `check`; a necessity model replaces it",
            "Nobody": "the constant `NOBODY`",
            "PublicModels": "what `best_ticket` of evolutionary_search evaluates for nobody",
            "ReachesFloor": "a comparison with the claim of `public_offer`",
            "Names": "`is_legal_step`, which takes any names; `has_structure` counts the tickets",
            "Offer": "the class `Offer` of tob_learner",
            "Offered": "`offered` of tob_learner",
            "LeastClaims": "`least_claim` of tob_learner, which takes the first of them",
            "IsBanned": "an expression in `useful`",
            "IsAsGood": "a comparison in `blend_is_as_good`",
            "Liars": "an expression in `catch`",
            "Ban": "the result of `catch`",
        },
        no_operator={
            "model_of_tip": "`ModelOf(tip[p])`",
            "find_nonce": "the search for the hash, whose result is `work` in TLA+",
            "working_nonces": "the same among some nonces",
            "make_offer": "the action `MakeOffer` of PowLearning",
            "keep": "the memory of a host; in TLA+, `Collected` of PowLearning chooses",
            "catch": "`Ban` of the `Liars`: the action `Catch` of PowLearning",
            "mine": "`block_on` the adopted tip: the action `Mine` of PowLearning",
            "has_structure": "ranges of fields, which are types in TLA+",
            "check": "the conjunction `Accepts` step by step, to name what is wrong",
            "chain": "the walk to the genesis that `Models` and `Ancestor` make",
        },
    ),
}


def operators(module: str) -> dict[str, str]:
    """The text of each operator of a TLA+ module, with the comment above it, by name."""
    found = list(_OPERATOR.finditer(module))
    starts = [match.start() for match in found] + [len(module)]
    texts = {}
    for match, following in zip(found, starts[1:], strict=True):
        ends = _END.search(module, match.end())
        end = min(following, ends.start() if ends else following)
        comment = _COMMENT.search(module[: match.start()])
        texts[match[1]] = (comment[0] if comment else "") + module[match.start() : end].rstrip()
    return texts


def functions(module: str) -> dict[str, str]:
    """The text of each public function of a Python module, by name."""
    lines = module.splitlines()
    return {
        node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in ast.parse(module).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def python_name(operator: str) -> str:
    """The name that an operator has in Python: ``IsOnParent`` is ``is_on_parent``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operator).lower()


def pairs(learner: Learner) -> list[tuple[str, str]]:
    """The operators that have a function, and the functions, in the order of the specification."""
    implemented = learner.functions()
    found = []
    for operator in learner.operators():
        name = learner.renamed.get(operator, (python_name(operator), ""))[0]
        if operator not in learner.no_function and name in implemented:
            found.append((operator, name))
    return found


def page(name: str) -> str:
    """The two columns of a learner, then what has no counterpart.

    :raises KeyError: there is no such learner.
    """
    learner = LEARNERS[name]
    specified, implemented = learner.operators(), learner.functions()
    lines = ["<table>", f"<tr><th>{name}.tla</th><th>{learner.implementation}.py</th></tr>"]
    for operator, function in pairs(learner):
        left, right = _code(specified[operator]), _code(implemented[function])
        lines.append(f"<tr><td>{left}</td><td>{right}</td></tr>")
    lines += ["</table>", "", "| here | there | why |", "|---|---|---|"]
    lines += [f"| `{a}` | `{b}` | {why} |" for a, (b, why) in learner.renamed.items()]
    lines += [f"| `{a}` | | {why} |" for a, why in learner.no_function.items()]
    lines += [f"| | `{b}` | {why} |" for b, why in learner.no_operator.items()]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    """A block of code in a cell.  An empty line would end the table in Markdown: it is a space."""
    escaped = html.escape(text, quote=False)
    return "<pre>" + re.sub(r"(?m)^$", "&#32;", escaped) + "</pre>"
