"""The right verdict on each file in ``inputs/``, whose README says what is changed in it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from model_consensus import pow_learner
from model_consensus.commands import cli
from model_consensus.commands.check_trace import check_with_progress
from model_consensus.conformance import trace_check, traces
from model_consensus.conformance.trace_check import TraceVerdict, check_traces, describe
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.conformance.trace_landscape import check_landscape
from model_consensus.conformance.traces import Trace, Work
from model_consensus.evolutionary_search import EvolutionarySearch, Ticket
from model_consensus.pow_learner import Rules
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import short_name, train
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import ByzantinePublish, Receive
from model_consensus.tla.tlc import Run, check
from model_consensus.tla.tlc_output import Result
from model_consensus.tla.values import Boolean, Function, Value
from model_consensus.tob_learner import Offer
from tests.support.corruptions import relabelled, unlabelled
from tests.support.trained import trained_trace

INPUTS = Path(__file__).parent / "inputs"
FILES = sorted(INPUTS.glob("*.itf.json"))

ACCEPTED = {
    "00-good",
    "03-model-named-p1",
    "03-streamlet-empty-name",
    "04-loss-bigint",
    "tob-wrong-noise",  # without the landscape
}
REJECTED = {
    "01-true-for-1": (3, "learner.p1.offered: TRUE is not a natural number"),
    "07-difference-not-shown": (5, "no step of TobLearning leads to it"),
    "09-negative-claim": (1, "network.claim: -1 is not a natural number"),
    "byz-unknown-parent": (
        39,
        f'inbox.p1[1].parent: "{"f" * 64}" is not a model of this trace',
    ),
    "missing-field": (6, "learner.p1: the field banned is missing"),
    "models-one-missing": (
        28,
        'loss: "2f23e56f073722bc71b93dbd59d8c5316893858ca7f91f05921634dfc9bae1aa" is not a model '
        "of this trace",
    ),
}
REFUSED = {
    "02-loop": "it has a loop: only finite executions can be checked, so leave loop out",
    "05-weight-1048575": "model x: the weights <<1048575>> of a ticket are not legal",
    "06-two-models-one-ticket-first": "the models other and a have the same parent and the same "
    "step, which fix one offspring",
    "06-two-models-one-ticket-last": "the models a and other have the same parent and the same "
    "step, which fix one offspring",
    "09-foreign-apalache": "an ITF trace of another specification or tool: its #meta has no "
    "module, constants and models (docs/traces.md)",
    "09-generations-2147483647": "constant Generations: 2147483647 is larger than 536870911, the "
    "most that TLC can take",
    "09-proc-mixed": "constant Proc: 2 is not a name: a string is expected",
}


def name_of(file: Path) -> str:
    return file.name.removesuffix(".itf.json")


def read(name: str) -> Trace:
    return traces.read(INPUTS / f"{name}.itf.json")


def test_every_file_has_a_verdict_and_is_described() -> None:
    assert {*map(name_of, FILES)} == ACCEPTED | REJECTED.keys() | REFUSED.keys()
    described = (INPUTS / "README.md").read_text(encoding="utf-8")
    assert [name for name in map(name_of, FILES) if f"`{name}" not in described] == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_checked_is_refused_in_one_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = INPUTS / f"{name}.itf.json"
    assert cli.main(["check-trace", str(file)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {file}: {REFUSED[name]}\n"


def verdicts(found: list[Trace]) -> dict[str, tuple[int, str] | None]:
    """The index and the reason of each rejection."""
    rejections = {name_of(Path(each.trace.source)): each.rejection for each in check_traces(found)}
    return {
        name: None if each is None else (each.index, each.reason)
        for name, each in rejections.items()
    }


@pytest.mark.tlc
@pytest.mark.parametrize("order", [1, -1], ids=["in order", "in reverse"])
def test_the_verdicts_do_not_depend_on_the_files_beside_them(order: int) -> None:
    """The files with the same constants go through TLC together."""
    checked = [read(name_of(file)) for file in FILES if name_of(file) not in REFUSED][::order]
    assert verdicts(checked) == {**dict.fromkeys(ACCEPTED), **REJECTED}


@pytest.mark.tlc
def test_a_folder_is_checked_whatever_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not a trace and a dead link change no verdict on the others."""
    for name in ("00-good", "01-true-for-1", "02-loop"):
        (tmp_path / f"{name}.itf.json").write_bytes((INPUTS / f"{name}.itf.json").read_bytes())
    (tmp_path / "dead.itf.json").symlink_to(tmp_path / "gone")
    assert cli.main(["check-trace", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert (
        f"{tmp_path}/01-true-for-1.itf.json: rejected at state 3 (an unnamed action): " in said.out
    )
    assert "1 of 4 traces accepted: 14 states in " in said.out
    assert said.err.splitlines() == [
        f"model-consensus: error: {tmp_path}/02-loop.itf.json: {REFUSED['02-loop']}",
        f"model-consensus: error: {tmp_path}/dead.itf.json: No such file or directory",
    ]


class Listener:
    """A console that keeps what it is told of the progress."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def status(self, *shown: str, **how: str) -> Iterator["Listener"]:
        yield self

    def update(self, text: str) -> None:
        self.said.append(text)


@pytest.mark.tlc
def test_the_progress_of_a_check_is_told_with_the_time_left(tmp_path: Path) -> None:
    setting = Setting(protocol="tob", lambda_=3, mu=2, draws=2, generations=4, attack="none")
    file, listener = tmp_path / "trace.ndjson", Listener()
    with file.open("w") as written:
        train(setting, OneMax(8), trace=written)
    (found,) = check_with_progress(cast(Any, listener), [file])
    assert found.verdict is not None
    assert found.verdict.accepted
    lines = len(file.read_text().splitlines())
    expected = rf"checked (\d+) states of {lines}: \d+ s left"
    told = [re.fullmatch(expected, each) for each in listener.said if " left" in each]
    counts = [int(each[1]) for each in told if each]
    assert len(counts) == len(told) > 1
    assert counts == sorted(counts)
    assert counts[-1] <= found.states


# ----------------------------------------------------------------------- a difference is shown


@pytest.mark.tlc
def test_what_differs_is_shown_however_long_the_names_are() -> None:
    (verdict,) = check_traces([read("07-difference-not-shown")])
    assert verdict.rejection is not None
    assert verdict.rejection.differences == ("inbox.p2[2].claim is 5, not 4",)


# ----------------------------------------------------------------------------------------- names


def renamed(value: Any, names: dict[str, str]) -> Any:
    """JSON data with its strings and keys renamed."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


NAMES = {
    "plain": ("a", "p1", "p2"),
    "like a field": ("claim", "loss", "learner"),
    "like a variable and an action": ("network", "trace", "Deliver"),
    "not ASCII": ("modèle ä", "Prozeß", "进程"),
    "with quotes and a backslash": ('"', "\\", 'TLCSet(1, "")'),
    "with control characters": ("\x1b[31m", "\r", "\n==== "),
    "like numbers": ("1", "2", "3"),
    "like the genesis": ("b", "genesis", "TRUE"),
}


def with_names(path: Path, model: str, first: str, second: str) -> Trace:
    """The good trace; the model ``a`` and the two processes have other names."""
    data = json.loads((INPUTS / "00-good.itf.json").read_text(encoding="utf-8"))
    data["#meta"]["models"][1]["name"] = "other"
    text = json.dumps(renamed(data["states"], {"p1": "<1>", "p2": "<2>", "b": "other"}))
    data["states"] = renamed(json.loads(text), {"<1>": first, "<2>": second})
    data["#meta"]["constants"]["Proc"] = {"#set": [first, second]}
    for entry, process in zip(data["#meta"]["models"], (first, second), strict=True):
        (ticket,) = entry["step"]["#set"]
        ticket["proposer"] = process
    data["#meta"]["models"][0]["name"] = model
    for state in data["states"]:
        state["loss"] = renamed(state["loss"], {"a": model})
        for learner in state["learner"].values():
            learner["decided"] = renamed(learner["decided"], {"a": model})
    path.write_text(json.dumps(data), encoding="utf-8")
    return traces.read(path)


@pytest.mark.tlc
def test_no_name_that_a_user_chooses_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are checked in one run of TLC, and one more explains why some are rejected."""
    runs = []

    def counted(run: Run, **options: Any) -> Result:
        runs.append(run)
        return check(run, **options)

    monkeypatch.setattr(trace_check, "check", counted)
    good = [
        with_names(tmp_path / f"{number}.itf.json", *names)
        for number, names in enumerate(NAMES.values())
    ]
    bad = [
        replace(each, source=f"bad {each.source}", states=[*each.states[:3], *each.states[4:]])
        for each in good
    ]
    bad = [replace(each, actions=each.actions[1:], arguments=each.arguments[1:]) for each in bad]
    found = check_traces([*good, *bad])
    assert len(runs) == 2
    assert [each.accepted for each in found] == [True] * len(good) + [False] * len(bad)
    for verdict in found[len(good) :]:
        assert verdict.rejection is not None
        assert verdict.rejection.index == 3
        assert describe(verdict).replace("\n", "").isprintable()


# --------------------------------------------------------------------------------- proof-of-work


def mining(steps: Callable[[PowSystem], Iterator[tuple[Any, Any]]], learners: Any) -> Trace:
    """A run of one correct process, p1, and b1 with two wins, at depth 0."""
    search = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(60), 2, 1)))
    system = PowSystem(
        Rules(("p1", "b1"), depth=0),
        ("b1",),
        search,
        wins=3,
        byzantine_wins=2,
        name=short_name,
        learners=learners,
    )
    return traces.record("mined", system, steps(system))


def leads(system: PowSystem) -> Iterator[tuple[Any, Any]]:
    """p1 makes its offer, mines a block, and receives it."""
    (state,) = system.initial()
    yield None, state
    (offers,) = system.own_offers(state, "p1")
    yield offers, (state := system.apply(state, offers))
    mines = next(system.leads(state, "p1", tuple(state.offers)))
    yield mines, (state := system.apply(state, mines))
    yield Receive("p1", 1), system.apply(state, Receive("p1", 1))


@pytest.mark.tlc
def test_a_learner_that_refuses_valid_blocks_is_rejected() -> None:
    """A forged block may change nothing, but the trace has to say which block it was."""
    refuses = SimpleNamespace(**vars(pow_learner))
    refuses.receive = lambda search, rules, learner, block: learner
    trace = mining(leads, refuses)
    assert trace.actions[-1] == "Receive"
    assert trace.states[-1] == trace.states[-2]
    last: Any = trace.states[-1]
    forged: dict[str, Value] = {
        "process": "p1",
        "forged": Function({**last["blocks"][0], "work": Boolean.TRUE}),
    }
    unsaid = relabelled(trace, 3, "ByzantineForge")
    valid = relabelled(trace, 3, "ByzantineForge", forged)
    unworked = Function({**last["blocks"][0], "work": Boolean.FALSE})
    refused = relabelled(trace, 3, "ByzantineForge", {**forged, "forged": unworked})
    *bad, good = check_traces([trace, unlabelled(trace), unsaid, valid, refused])
    for verdict in bad:
        assert verdict.rejection is not None
        assert verdict.rejection.index == 3
        assert verdict.rejection.reason == (
            "it repeats the state before it, and no step of PowLearning leads to it"
        )
    assert good.accepted  # the same state, if the block had no work


def has_the_second(system: PowSystem) -> Iterator[tuple[Any, Any]]:
    """b1 makes a true and a false offer on one model, and p1 gets the false one."""
    (state,) = system.initial()
    yield None, state
    ticket = Ticket(1, "b1", (1, 0))
    (loss,) = system.landscapes.search({}).losses(system.genesis, [frozenset([ticket])])
    offers = [Offer("b1", system.genesis.digest, ticket, claim) for claim in (loss, 0)]
    (own,) = system.own_offers(state, "p1")
    yield own, (state := system.apply(state, own))
    (made,) = state.offers
    for offer in offers:
        (lies,) = system.byzantine_offers(state, offer)
        yield lies, (state := system.apply(state, lies))
    leads = next(system.leads(state, "p1", (made, offers[1])))
    yield leads, system.apply(state, leads)


@pytest.mark.tlc
def test_which_of_several_offers_of_one_sender_a_leader_had_is_open() -> None:
    """The specification's leader has one of each sender, and the label has the senders only."""
    trace = mining(has_the_second, pow_learner)
    assert trace.actions[-1] == "Catch"
    assert trace.arguments[-1] == {"process": "p1", "senders": {"p1", "b1"}}
    (verdict,) = check_traces([trace])
    assert verdict.accepted


def takes_back(system: PowSystem) -> Iterator[tuple[Any, Any]]:
    """p1 decides its block, and then gets a longer chain that b1 has mined in secret."""
    *steps, (_, state) = leads(system)
    yield from steps
    yield Receive("p1", 1), state
    for parent in (0, 2):
        # Another step than p1's, so that another model takes the place of the one decided.
        mines = next(
            mined
            for step in system.steps_on(state, parent)
            if step != state.blocks[0].step
            for mined in system.byzantine_blocks(state, "b1", parent, step)
        )
        yield mines, (state := system.apply(state, mines))
    for block in (2, 3):
        publishes = ByzantinePublish("p1", block)
        yield publishes, (state := system.apply(state, publishes))


@pytest.mark.tlc
def test_where_the_depth_was_not_safe_no_learner_is_blamed() -> None:
    (verdict,) = check_traces([mining(takes_back, pow_learner)])
    assert verdict.rejection is None
    assert not verdict.accepted
    assert describe(verdict).splitlines() == [
        "mined: Integrity is violated at state 7 (ByzantinePublish): the depth was not safe",
        "  The adversary had 2 of 3 wins at the depth 0, where this can happen "
        "(docs/settlement.md).",
        "  Every step is one of PowLearning: this is not a fault of the learners.",
    ]


# --------------------------------------------------------------------------------- the landscape


def on(landscape: Any, trace: Trace) -> TraceVerdict:
    return check_landscape(TraceVerdict(trace, None), landscape)


def test_wrong_noise_is_found_with_the_landscape() -> None:
    verdict = on(Sphere(4), read("tob-wrong-noise"))
    assert verdict.rejection is not None
    assert verdict.rejection.reason.startswith("the loss of the model ")
    other = on(OneMax(), read("tob-wrong-noise"))
    assert other.rejection is not None
    assert other.rejection.reason.startswith("the genesis model is ")


def good_run(kind: str) -> Trace:
    if kind == "tob":
        setting = Setting(
            protocol="tob", lambda_=3, mu=2, draws=2, generations=3, attack="under-claim"
        )
    else:
        setting = Setting(
            protocol="pow", draws=2, depth=1, wins=6, hashes=64, attack="selfish", share=0.3
        )
    return trained_trace(setting, OneMax())


@pytest.mark.parametrize("kind", ["tob", "pow"])
def test_with_the_landscape_digests_and_losses_are_computed_again(
    kind: str, tmp_path: Path
) -> None:
    traces.write(tmp_path / "run.itf.json", good_run(kind))
    good = traces.read(tmp_path / "run.itf.json")
    assert on(OneMax(), good).accepted
    last = [*good.models][-1]
    origin = good.models[last]
    worse = {**good.models, last: replace(origin, loss=origin.loss + 1)}
    found = on(OneMax(), replace(good, models=worse))
    assert found.rejection is not None
    assert found.rejection.reason == (
        f"the loss of the model {last} is {origin.loss}, not {origin.loss + 1}"
    )
    strange = {
        **{name: good.models[name] for name in good.models if name != last},
        "0" * 16: origin,
    }
    found = on(OneMax(), replace(good, models=strange))
    assert found.rejection is not None
    assert found.rejection.reason == (
        f"the digest of the model {'0' * 16} is {last}, by its parent and step"
    )
    with pytest.raises(TraceError, match="name must be its digest in hexadecimal, 16 digits"):
        on(OneMax(), replace(good, models={**good.models, "x": origin}))


def test_with_the_landscape_work_is_computed_again() -> None:
    good = good_run("pow")
    assert good.work is not None
    first = (1, *good.work.nonces[1:])
    found = on(OneMax(), replace(good, work=Work(good.work.target, first)))
    assert found.rejection is not None
    assert found.rejection.reason == "block 1 has no work: its hash is not below the target"
    assert len(good.states[found.rejection.index]["blocks"]) == 1  # type: ignore[arg-type]
    with pytest.raises(TraceError, match="target and nonces are missing in #meta: without them"):
        on(OneMax(), replace(good, work=None))
    with pytest.raises(TraceError, match=r"there are 1 nonces and \d+ blocks"):
        on(OneMax(), replace(good, work=Work(good.work.target, [0])))


def test_a_landscape_says_nothing_of_a_trace_of_streamlet() -> None:
    """Its file is good, but its messages are names."""
    with pytest.raises(TraceError) as refused:
        on(OneMax(), read("03-streamlet-empty-name"))
    assert str(refused.value).endswith(
        "03-streamlet-empty-name.itf.json: a landscape cannot be compared with a trace of "
        "Streamlet: its messages are names, and it has no models and no losses"
    )
