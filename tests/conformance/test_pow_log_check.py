"""Logs over proof-of-work: true ones are accepted, and one line that is changed is named."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.conformance.log_check import RejectedLogError
from model_consensus.conformance.logs import LogError
from model_consensus.conformance.pow_log_check import describe_blocks
from model_consensus.conformance.pow_log_replay import Taken
from model_consensus.conformance.pow_log_trace import merged_trace
from model_consensus.conformance.pow_log_writing import block_data
from model_consensus.conformance.pow_logs import block_of
from model_consensus.conformance.trace_check import check_traces
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.pow_learner import Block, find_nonce
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.catalogue import load_landscape
from tests.support.nodes import NAMES, WORK
from tests.support.pow_machines import Lines, Network, checked, recorded
from tests.support.recorded_logs import (
    assert_missing,
    assert_named,
    assert_noticed_there_or_harmless,
    numbered,
    places,
    write,
)

CORRECT = NAMES[:3]
SEARCH = CachedSearch(EvolutionarySearch(load_landscape("onemax"), 2, 1, 1, True))


def merge(folder: Path, logs: Lines, *, computes: bool = False) -> list[Taken]:
    return checked(write(folder, logs), SEARCH if computes else None)[1]


def parted(folder: Path, depth: int = 1) -> list[Path]:
    """The logs of a run in which p3 is alone for thirty epochs."""
    work = WORK | {"depth": depth}
    network = Network(folder, "least-step", pow=work, generations=8)
    try:
        for epoch in range(40):
            network.apart = {"p3"} if epoch >= 10 else set()
            network.step()
        network.apart = set()
        network.run(400)
    finally:
        network.close()
    return [folder / f"{process}.log" for process in CORRECT]


# -------------------------------------------------------------------------------- true logs


@pytest.mark.parametrize("attack", STRATEGIES)
def test_logs_of_a_run_are_accepted_and_are_a_behaviour_of_the_system(
    attack: str, tmp_path: Path
) -> None:
    check, merged = checked(write(tmp_path, recorded(attack)), SEARCH)
    assert len(check.won) >= 3
    trace, origins = merged_trace(check, merged)
    assert len(trace.states) == len(origins) + 1
    events = {type(taken.event).__name__ for taken in merged}
    assert events == {"Offered", "Heard", "Mined", "Received", "Decided"}
    refused = sum(taken.event.__class__.__name__ == "Received" and not taken.accepts
                  for taken in merged)  # fmt: skip
    assert bool(refused) == (attack in ("false-claim", "below-floor"))
    assert any(taken.catches for taken in merged) == (attack == "false-offers")


@pytest.mark.tlc
def test_tlc_accepts_the_merged_behaviours(tmp_path: Path) -> None:
    traces = []
    for attack in ("honest", "false-offers", "selfish", "below-floor"):
        traces.append(merged_trace(*checked(write(tmp_path, recorded(attack))))[0])
    alone = tmp_path / "alone"
    alone.mkdir()
    traces.append(merged_trace(*checked(parted(alone, depth=9)))[0])
    for verdict in check_traces(traces):
        assert verdict.accepted, verdict.rejection


def test_the_delay_is_measured_and_no_less_would_do(tmp_path: Path) -> None:
    check, merged = checked(parted(tmp_path, depth=9))
    process, _, miner = check.latest
    assert check.delta == check.delta_running > 1
    assert "p3" in (process, miner)
    assert merged_trace(check, merged)
    found = check.measured()
    assert found["delayForks"] > 0
    assert found["blocks"] >= found["longestChain"] + found["delayForks"]
    most = found["arrivalSeconds"]["most"]  # in epochs: p3 is alone for thirty
    assert 10 <= most <= 40
    said = describe_blocks(check)
    assert said[0].endswith(f"correct processes having won one height: {found['delayForks']}")
    assert f"delta = {check.delta}: a block of {miner} reached {process} so late" in said[1]
    check.delta -= 1
    with pytest.raises(ModelConsensusError, match="a step that DelayedLearning does not have"):
        merged_trace(check, merged)


def test_a_depth_that_was_not_safe_is_said(tmp_path: Path) -> None:
    with pytest.raises(RejectedLogError) as rejected:
        checked(parted(tmp_path, depth=0))
    assert ": all steps are those of the learners, and the depth 0 was not safe" in str(
        rejected.value
    )


def test_clocks_are_not_checked_and_need_not_be_there(tmp_path: Path) -> None:
    logs = recorded()
    for line in logs["p1"]:
        line.pop("time", None)
    for line in logs["p2"]:
        if "time" in line:
            line["time"] = 7e9
    for line in logs["p3"]:
        if "time" in line:
            line["time"] = "noon"
    check, merged = checked(write(tmp_path, logs))
    assert merged
    assert check.arrivals == []


@cache
def written(attack: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The first lines of the logs of a run, and all others in the order of writing."""
    with TemporaryDirectory() as name:
        network = Network(Path(name), attack)
        try:
            network.run(400)
        finally:
            network.close()
        paths = {process: Path(name) / f"{process}.log" for process in CORRECT}
        return {p: path.read_text().split("\n")[0] for p, path in paths.items()}, network.written


@pytest.mark.slow
@given(
    attack=st.sampled_from(["honest", "selfish", "false-claim"]),
    end=st.integers(0, 10_000),
    cut=st.integers(1, 500),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_run_that_ends_anywhere_with_a_line_that_is_cut_off_is_accepted(
    attack: str, end: int, cut: int, tmp_path: Path
) -> None:
    first, rest = written(attack)
    rest = rest[: 1 + end % len(rest)]
    last, line = rest[-1]
    texts = {process: [text + "\n"] for process, text in first.items()}
    for process, text in rest:
        texts[process].append(text)
    texts[last][-1] = line[: -min(cut, len(line) - 1)]
    for process, lines in texts.items():
        (tmp_path / f"{process}.log").write_text("".join(lines))
    check, merged = checked([tmp_path / f"{process}.log" for process in CORRECT])
    assert len(merged) == len(rest) - (cut > 1)  # without the newline alone, the line is complete
    assert [replay.log.cut for replay in check.replays if replay.process == last] == [cut > 1]


# ----------------------------------------------------------------------------------- faults

Fault = Callable[[Lines], tuple[str, int, str]]
FAULTS: dict[str, Fault] = {}


def fault(make: Fault) -> Fault:
    """A change of true logs that must be named: process, index, how the reason begins."""
    FAULTS[make.__name__] = make
    return make


@fault
def a_claim_that_is_not_its_own(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p2", "offered")[0]
    claim = logs["p2"][where]["offer"]["claim"]
    logs["p2"][where]["offer"]["claim"] = claim + 1
    return "p2", where, f"by its losses its offer has the claim {claim}, not {claim + 1}"


@fault
def an_offer_twice(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "offered")[1]
    logs["p1"].insert(where + 1, dict(logs["p1"][where]))
    numbered(logs["p1"])
    return "p1", where + 1, "it made its offer on its tip before"


@fault
def an_offer_that_another_one_did_not_make(logs: Lines) -> tuple[str, int, str]:
    where = next(i for i in places(logs, "p1", "heard") if logs["p1"][i]["offer"]["sender"] == "p2")
    claim = logs["p1"][where]["offer"]["claim"]
    logs["p1"][where]["offer"]["claim"] = claim + 1
    return "p1", where, (
        "by the log of p2, it has not made this offer before it is heard: the offer has the claim "
        f"{claim}, not {claim + 1}"
    )  # fmt: skip


@fault
def an_offer_that_is_not_for_its_tip(logs: Lines) -> tuple[str, int, str]:
    where = next(i for i in places(logs, "p1", "heard") if logs["p1"][i]["offer"]["sender"] == "p4")
    logs["p1"][where]["offer"]["parent"] = "a" * 64
    return "p1", where, "its learner takes no such offer: it is not the first one of a process "


@fault
def a_block_with_another_claim(logs: Lines) -> tuple[str, int, str]:
    process, where = somebody(logs, "mined")
    claim = logs[process][where]["block"]["claim"]
    logs[process][where]["block"]["claim"] = claim + 1
    return process, where, f"by its log its block has the claim {claim}, not {claim + 1}"


@fault
def a_block_without_work(logs: Lines) -> tuple[str, int, str]:
    process, where = somebody(logs, "mined")
    logs[process][where]["block"]["nonce"] += 1 << 40
    return process, where, "its hash is not below the target: this is not its block's nonce"


@fault
def a_received_block_without_work(logs: Lines) -> tuple[str, int, str]:
    process, where = somebody(logs, "received")
    logs[process][where]["block"]["nonce"] += 1 << 40
    return process, where, "its learner refuses this block unevaluated: its hash is not below "


@fault
def a_received_block_is_left_out(logs: Lines) -> tuple[str, int, str]:
    adopted = ("decided", "offered")  # what comes next if it is the new tip
    where = next(i for i in places(logs, "p1", "received") if logs["p1"][i + 1]["event"] in adopted)
    del logs["p1"][where]
    numbered(logs["p1"])
    if logs["p1"][where]["event"] == "decided":
        return "p1", where, "by its log it has decided nothing here"
    return "p1", where, "it made its offer on its tip before"


@fault
def another_loss_of_a_draw_of_nobody(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "offered")[0]
    losses = logs["p3"][where]["losses"]
    losses[losses.index(max(losses[3:5]), 3)] += 1
    return "p3", where, "p3 evaluated the offspring of "


@fault
def an_offer_on_another_model(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p2", "heard")[0]
    logs["p2"][where]["offer"]["parent"] = "0" * 64
    return "p2", where, "its learner takes no such offer: "


@fault
def one_loss_too_many(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "heard")[0]
    losses = logs["p3"][where]["losses"]
    losses.append(9)
    return (
        "p3",
        where,
        (f"it has {len(losses)} losses, and its process evaluated {len(losses) - 1} models"),
    )


@fault
def another_decision(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "decided")[0]
    right, logs["p3"][where]["model"] = logs["p3"][where]["model"], "0" * 64
    return "p3", where, f"by its log it has decided the model {right[:12]}, not 000000000000"


@fault
def no_decision(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "decided")[0]
    model = logs["p3"].pop(where)["model"]
    numbered(logs["p3"])
    return "p3", where, f"by its log p3 has decided generation 1, the model {model[:12]}, before "


@fault
def a_restart_that_forgets_blocks(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "offered")[2]
    logs["p1"].insert(where + 1, {"event": "restarted", "blocks": 1})
    numbered(logs["p1"])
    before = blocks_before(logs, where)
    return "p1", where + 1, f"it remembers 1 blocks, and {before} are in its log"


def blocks_before(logs: Lines, where: int) -> int:
    """How many blocks p1 has by its log before a line."""
    return sum(line["event"] in ("mined", "received") for line in logs["p1"][:where])


@fault
def another_depth(logs: Lines) -> tuple[str, int, str]:
    logs["p2"][0]["depth"] = 4
    return "p2", 0, "depth is 4, and in other logs 1"


def somebody(logs: Lines, event: str) -> tuple[str, int]:
    """The first process with such an event, and where that is."""
    return next((p, places(logs, p, event)[0]) for p in CORRECT if places(logs, p, event))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_by_process_and_line(name: str, tmp_path: Path) -> None:
    logs = recorded()
    assert_named(merge, tmp_path, logs, FAULTS[name](logs))


def test_a_name_is_free_while_somebody_has_no_log(tmp_path: Path) -> None:
    """The adversary wins a block in somebody's name; where all have logs, nobody can have."""
    logs = recorded("private-chain")  # nobody has received a block of p4
    genesis = logs["p1"][0]["genesis"]
    process, line = next(
        (p, line)
        for p in CORRECT
        for line in logs[p]
        if line["event"] == "received" and line["block"]["parent"] == genesis
    )
    true = block_of(line)
    name = next(p for p in CORRECT if p not in (process, true.miner))
    rules = checked(write(tmp_path, logs))[0].agreed.rules
    stolen = find_nonce(rules, Block(true.parent, name, true.step, true.claim))
    logs[process].append({**line, "block": block_data(stolen)})
    numbered(logs[process])
    check, merged = checked(write(tmp_path, logs))
    assert check.won[stolen.digest].miner is None
    assert merged_trace(check, merged)
    logs["p4"] = [{**logs["p1"][0], "process": "p4"}]
    with pytest.raises(RejectedLogError) as rejected:
        checked(write(tmp_path, logs))
    assert (rejected.value.process, rejected.value.line) == (process, len(logs[process]))
    assert rejected.value.reason == "by the log of its miner, it has not mined this block"


# ----------------------------------------------------------------------------- missing lines


@given(process=st.sampled_from(CORRECT), index=st.integers(0, 1_000))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_that_is_missing_is_told_from_a_lie(
    process: str, index: int, tmp_path: Path
) -> None:
    assert_missing(merge, tmp_path, recorded(), process, index)


def test_blocks_that_only_a_restart_knows_of_are_missing_lines(tmp_path: Path) -> None:
    logs = recorded()
    where = places(logs, "p1", "offered")[2]
    logs["p1"].insert(where + 1, {"event": "restarted", "blocks": 5})
    numbered(logs["p1"])
    with pytest.raises(LogError) as missing:
        merge(tmp_path, logs)
    assert str(missing.value) == (
        f"{tmp_path / 'p1.log'}: line {where + 2}: lines are missing: 5 blocks were known before "
        f"it, and {blocks_before(logs, where)} are in the log"
    )


# -------------------------------------------------------------------------- drawn mutations


def is_offer_of_p4(line: Any) -> bool:
    return bool(line["event"] == "heard" and line["offer"]["sender"] == "p4")


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_changed_in_one_line_is_noticed_there_or_harmless(
    data: st.DataObject, tmp_path: Path
) -> None:
    true = recorded(data.draw(st.sampled_from(["honest", "false-offers", "below-floor"])))
    assert_noticed_there_or_harmless(
        partial(merge, computes=True),
        tmp_path,
        true,
        data,
        unchecked=[("time",)],
        is_harmless=is_offer_of_p4,  # which it may have made, to one alone
    )
