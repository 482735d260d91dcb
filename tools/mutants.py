"""Mutation run: change one thing in a protocol module, and see that a test notices.

``python tools/mutants.py [MODULE ...]`` (``make mutants``) runs each mutant of each module against
the tests named here.  Results go to ``out/mutants/MODULE.jsonl`` as they come; a run that was
stopped goes on where it was.  A mutant that survives must be explained in ``docs/mutants.md`` by
its line there; the exit status is 1 if one is not.

Each mutant runs in a fork of a process that has imported everything but the project, with the
module's changed source given by the import system: no file is touched, and most die in a second.
"""

import ast
import copy
import hashlib
import importlib.abc
import importlib.util
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.stateful  # noqa: F401 - so that a fork need not import it
import numpy  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300
"""A mutant that takes longer counts as noticed: the tests would not end."""

TOB = ("tests/reference/test_tob_learner.py", "property_tests/test_differential.py")
POW = (
    "tests/reference/test_pow_work.py",
    "tests/reference/test_pow_check.py",
    "tests/reference/test_pow_leading.py",
    "tests/reference/test_pow_chains.py",
    "tests/systems/test_pow_system.py",
    "tests/simulation/test_pow_simulation.py",
)
STREAMLET = (
    "tests/streamlet/test_node.py",
    "tests/streamlet/test_codec.py",
    "tests/systems/test_streamlet_system.py",
)
TESTS = {
    "tob_learner": TOB,
    "systems.total_order_broadcast": TOB,
    "pow_learner": (*POW, "property_tests/test_differential.py"),
    "streamlet.state": STREAMLET,
    "streamlet.node": STREAMLET,
    "streamlet.messages": STREAMLET,
    "evolutionary_search": ("tests/reference/test_evolutionary_search.py", *TOB),
    "settlement.condition": ("tests/settlement/test_condition.py",),
}
"""The tests of each module; those that start TLC are left out."""

OTHER: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE,),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE,),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}


def variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What may stand in a node's place, and how that is told."""

    def changed(**fields: Any) -> ast.AST:
        other = copy.copy(node)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    def instead(other: ast.AST) -> tuple[str, ast.AST]:
        return f"{ast.unparse(node)} → {ast.unparse(other)}", other

    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                for kind in OTHER.get(type(op), ()):
                    yield instead(changed(ops=[*ops[:i], kind(), *ops[i + 1 :]]))
        case ast.BoolOp(op=op, values=values):
            word = type(op).__name__.lower()
            for kind in OTHER[type(op)]:
                yield f"{word} {ast.unparse(values[-1])} → or and and exchanged", changed(op=kind())
            for i, value in enumerate(values):
                rest = values[:i] + values[i + 1 :]
                yield f"without {word} {ast.unparse(value)}", changed(values=rest)
        case ast.BinOp(op=op):
            for kind in OTHER.get(type(op), ()):
                yield instead(changed(op=kind()))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield instead(operand)
        case ast.Constant(value=bool(value)):
            yield instead(changed(value=not value))
        case ast.Constant(value=int(value)):
            yield instead(changed(value=value + 1))
        case ast.Call(func=ast.Name(id="replace"), keywords=keywords):
            for i, keyword in enumerate(keywords):
                told = f"replace without {ast.unparse(keyword)}"
                yield told, changed(keywords=keywords[:i] + keywords[i + 1 :])
        case ast.Call(func=ast.Name(id="min" | "max" as name)):
            other = ast.Name("max" if name == "min" else "min", ast.Load())
            yield instead(changed(func=other))
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if isinstance(test, ast.Name | ast.Call | ast.Attribute):
                told = f"if {ast.unparse(test)} → if not"
                yield told, changed(test=ast.UnaryOp(ast.Not(), test))
        case ast.Continue():
            yield "continue → break", ast.Break()
        case ast.Break():
            yield "break → continue", ast.Continue()


Places = dict[int, tuple[ast.AST, str, int]]
"""By the id of a node: the node above it, the field there and the index in that field."""


def around(node: ast.AST, places: Places) -> ast.AST:
    """What to show of a change in ``node``: of a number, so much that one can tell where it is."""
    inner = (ast.expr, ast.comprehension, ast.keyword, ast.Assign, ast.Return, ast.arguments)
    shown = node
    while isinstance(node, ast.Constant) and len(ast.unparse(shown)) < 15:
        above = places[id(shown)][0] if id(shown) in places else None
        if not isinstance(above, inner):
            break
        shown = above
    return shown


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Each mutant of a module: what was changed, as it is explained, and the source."""
    tree = ast.parse(source)
    places: Places = {
        id(child): (parent, name, index)
        for parent in ast.walk(tree)
        for name, value in ast.iter_fields(parent)
        for index, child in enumerate(value if isinstance(value, list) else [value])
        if isinstance(child, ast.AST) and name not in ("annotation", "returns", "decorator_list")
    }
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            for told, variant in variants(node) if id(node) in places else ():
                parent, name, index = places[id(node)]
                value = getattr(parent, name)
                listed = isinstance(value, list)
                put = [*value[:index], variant, *value[index + 1 :]] if listed else variant
                shown = around(node, places)
                before = ast.unparse(shown)
                setattr(parent, name, put)
                if shown is not node:
                    told = f"{before} → {ast.unparse(shown)}"
                yield f"{function.name}: {told}", ast.unparse(ast.fix_missing_locations(tree))
                setattr(parent, name, value)


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module of the project another source."""

    def __init__(self, module: str, source: str) -> None:
        self.name, self.source = f"model_consensus.{module}", source

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_source(self, fullname: str) -> str:
        return self.source


class FastestFirst:
    """Runs tests in the order of the seconds that they took when all passed, kept in ``path``."""

    def __init__(self, path: Path) -> None:
        self.path, self.seconds = path, dict[str, float]()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.path.exists():
            known = json.loads(self.path.read_text("utf-8"))
            items.sort(key=lambda item: known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.seconds[report.nodeid] = report.duration

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus == 0:
            self.path.write_text(json.dumps(self.seconds), "utf-8")


def outcome(module: str, source: str) -> str:
    """Run the module's tests on a mutant: killed, survived or timeout."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        sys.meta_path.insert(0, Mutated(module, source))
        options = [
            "-x",
            "-m",
            "not tlc",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-W",
            "ignore",
        ]
        order = FastestFirst(ROOT / "out" / "mutants" / f"{module}.seconds.json")
        files = [str(ROOT / test) for test in TESTS[module]]
        os._exit(int(pytest.main([*options, *files], plugins=[order])))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return "killed" if status else "survived"
        time.sleep(0.05)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "timeout"


def run(module: str) -> list[str]:
    """Run the mutants of a module that have no result yet; the survivors of all."""
    path = ROOT / "out" / "mutants" / f"{module}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = (ROOT / "reference" / "model_consensus" / f"{module.replace('.', '/')}.py").read_text(
        "utf-8"
    )
    path.touch()
    known = map(json.loads, path.read_text("utf-8").splitlines())
    results = {entry["id"]: entry for entry in known}
    seen: dict[str, tuple[str, str]] = {}
    assert outcome(module, source) == "survived", f"the tests of {module} fail without a mutant"
    for what, changed in mutants(source):
        key = hashlib.sha256(changed.encode()).hexdigest()[:16]
        if key not in results:
            results[key] = {"id": key, "what": what, "outcome": outcome(module, changed)}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(results[key], ensure_ascii=False) + "\n")
        seen[key] = what, results[key]["outcome"]
        counts = Counter(kind for _, kind in seen.values())
        print(f"\r{module}: {dict(counts)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return [what for what, kind in seen.values() if kind == "survived"]


def main(modules: list[str]) -> int:
    """Run the modules, by default all; 1 if a survivor is not explained."""
    sys.path.insert(0, str(ROOT / "reference"))
    explained = (ROOT / "docs" / "mutants.md").read_text("utf-8")
    missing = 0
    for module in modules or TESTS:
        for what in run(module):
            known = f"`{what}`" in explained
            missing += not known
            print(f"{module}: {'survives, as explained' if known else 'SURVIVES'}: {what}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
