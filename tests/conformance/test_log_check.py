"""Logs of real processes: true ones are accepted, and one line that is changed is named."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.conformance.log_check import RejectedLogError, check_logs
from model_consensus.conformance.log_trace import merged_steps, merged_system, merged_trace
from model_consensus.conformance.log_writing import Logs
from model_consensus.conformance.logs import LogError, open_logs
from model_consensus.conformance.trace_check import check_traces
from model_consensus.systems.bounded import tob_learning
from model_consensus.tla.config import read_config
from tests.support.places import ROOT
from tests.support.recorded_logs import (
    Lines,
    assert_missing,
    assert_named,
    assert_noticed_there_or_harmless,
    merge,
    numbered,
    parsed,
    places,
    recorded,
    run_of,
    write,
)

CORRECT = ("p1", "p2", "p3")


def written_again(folder: Path, logs: Lines) -> Lines:
    """What the specification's system logs, if it takes the merged steps of these logs."""
    log, merged = merge(folder, logs)
    system = merged_system(list(logs), log.agreed, merged)
    again = Logs(system, elitist=False)
    steps = []
    for action, state in merged_steps(system, merged):
        steps += list(again.lines(action, state))
    return parsed(steps)


# -------------------------------------------------------------------------------- true logs


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("seed", [1, 2])
def test_logs_of_a_run_are_accepted_and_are_a_behaviour_of_the_system(
    attack: str, seed: int, tmp_path: Path
) -> None:
    logs = recorded(attack, seed)
    assert merge(tmp_path, logs, computes=True)
    assert written_again(tmp_path, logs) == logs


@pytest.mark.parametrize("model", ["MCTobLearning_tiny", "MCTobLearning_graph_g2"])
@pytest.mark.parametrize("seed", range(8))
def test_any_behaviour_of_a_model_has_logs_that_are_accepted(
    model: str, seed: int, tmp_path: Path
) -> None:
    system = tob_learning(read_config(ROOT / "spec" / f"{model}.cfg").constants)
    logs, chance, state = Logs(system, elitist=False), Random(seed), next(system.initial())
    lines = list(logs.lines(None, state))
    for _ in range(60):
        actions = list(system.enabled(state))
        if not actions:
            break
        action = chance.choice(actions)
        state = system.apply(state, action)
        lines += logs.lines(action, state)
    assert written_again(tmp_path, parsed(lines)) == parsed(lines)


@pytest.mark.tlc
def test_tlc_accepts_the_merged_behaviours(tmp_path: Path) -> None:
    traces = []
    for attack in ATTACKS:
        log, merged = merge(tmp_path, recorded(attack))
        traces.append(merged_trace(CORRECT, log.agreed, merged))
    for verdict in check_traces(traces):
        assert verdict.accepted, verdict.rejection


@pytest.mark.slow
@given(
    attack=st.sampled_from(sorted(ATTACKS)),
    seed=st.integers(1, 5),
    end=st.integers(0, 10_000),
    cut=st.integers(1, 500),
)
@settings(max_examples=60)
def test_a_run_that_ends_anywhere_with_a_line_that_is_cut_off_is_accepted(
    attack: str, seed: int, end: int, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    written = list(run_of(attack, seed, 2))
    written = written[: 3 + end % (len(written) - 2)]
    folder = tmp_path_factory.mktemp("logs")
    paths = write(folder, parsed(written))
    last, line = written[-1]
    torn = folder / f"{last}.log"
    data = torn.read_bytes()
    torn.write_bytes(data[: -min(cut, len(line) - 1)])
    with open_logs(paths if len(parsed(written)[last]) > 1 else paths[:2]) as logs:
        merged = list(check_logs(logs))
        # Without the newline alone, the line is complete.
        assert [log.cut for log in logs if log.process == last] in ([cut > 1], [])
    assert len(merged) >= len(parsed(written)) - 3


def test_a_process_goes_on_after_a_crash_and_may_make_its_offer_again(tmp_path: Path) -> None:
    logs = recorded()
    (where, *_) = places(logs, "p2", "offered")
    before = len(places({"p2": logs["p2"][:where]}, "p2", "delivered"))
    restarted = {"number": 0, "event": "restarted", "delivered": before}
    logs["p2"][where + 1 : where + 1] = [restarted, dict(logs["p2"][where])]
    numbered(logs["p2"])
    assert [each.action for each in merge(tmp_path, logs)[1]] == [
        each.action for each in merge(tmp_path, recorded())[1]
    ]


def test_a_process_without_a_log_is_taken_for_byzantine(tmp_path: Path) -> None:
    logs = recorded()
    del logs["p3"]
    assert written_again(tmp_path, logs) == logs


# ------------------------------------------------------------------------------------ faults

Fault = Callable[[Lines], tuple[str, int, str]]
"""Changes logs; the process and the index of the line that must be named, and the reason."""
FAULTS: dict[str, Fault] = {}


def fault(make: Fault) -> Fault:
    FAULTS[make.__name__] = make
    return make


@fault
def a_claim_that_is_not_its_loss(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p2", "offered")[1]
    offer = logs["p2"][where]["offer"]
    offer["claim"] += 1
    right = offer["claim"] - 1
    return (
        "p2",
        where,
        (f"by its losses its offer of generation 2 has the claim {right}, not {right + 1}"),
    )


@fault
def another_ticket_than_the_best(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "offered")[0]
    ticket = logs["p1"][where]["offer"]["ticket"]
    right, ticket["weights"] = ticket["weights"], [-1, -1]
    return (
        "p1",
        where,
        (f"by its losses its offer of generation 1 has the weights {right}, not [-1, -1]"),
    )


@fault
def too_few_losses_for_an_offer(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "offered")[0]
    logs["p1"][where]["losses"].pop()
    return "p1", where, "it has 2 losses, and its process evaluated 3 models or more"


@fault
def a_loss_that_nobody_evaluated(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "delivered")[0]
    assert logs["p3"][where]["losses"] == []
    logs["p3"][where]["losses"] = [7]
    return "p3", where, "it has 1 losses, and its process evaluated 0 models"


@fault
def a_loss_that_another_process_found_to_be_another(logs: Lines) -> tuple[str, int, str]:
    evaluated = [i for i in places(logs, "p3", "delivered") if logs["p3"][i]["losses"]]
    where = evaluated[-1]
    logs["p3"][where]["losses"][-1] += 1
    return "p3", where, "p3 evaluated the offspring of "


@fault
def an_offer_made_twice(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "offered")[0]
    logs["p1"].insert(where + 1, dict(logs["p1"][where]))
    numbered(logs["p1"])
    return "p1", where + 1, "it made its offer of generation 1 before"


NOT_MADE = (
    "by the log of p1, it has not made this offer before that is delivered, or this is the second "
    "time"
)


@fault
def an_offer_that_its_log_does_not_have(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "offered")[0]
    offer = logs["p1"].pop(where)["offer"]
    numbered(logs["p1"])
    delivered = [line.get("offer") for line in logs["p1"]].index(offer)
    return "p1", delivered, NOT_MADE


@fault
def an_offer_made_after_its_delivery(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "offered")[0]
    line = logs["p1"].pop(where)
    delivered = [each.get("offer") for each in logs["p1"]].index(line["offer"])
    logs["p1"].insert(delivered + 1, line)
    numbered(logs["p1"])
    return "p1", delivered, NOT_MADE


@fault
def a_decision_that_is_another(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "decided")[1]
    right, logs["p3"][where]["model"] = logs["p3"][where]["model"], "0" * 64
    return "p3", where, f"by its log it has decided the model {right[:12]}, not 000000000000"


@fault
def a_decision_of_another_generation(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "decided")[1]
    logs["p3"][where]["generation"] = 3
    return "p3", where, "it has decided generation 2, not 3"


@fault
def a_decision_too_many(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "decided")[0]
    logs["p3"].insert(where + 1, dict(logs["p3"][where]))
    numbered(logs["p3"])
    return "p3", where + 1, "by its log it has decided nothing here"


@fault
def a_decision_that_is_not_logged(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p3", "decided")[0]
    model = logs["p3"].pop(where)["model"]
    numbered(logs["p3"])
    return (
        "p3",
        where,
        (
            f"by its log p3 has decided generation 1, the model {model[:12]}, before this, and the "
            f"log does not say so"
        ),
    )


@fault
def a_delivery_that_is_left_out(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p2", "delivered")[1]
    del logs["p2"][where]
    numbered(logs["p2"])
    return "p2", where, "the orders differ: offer 2 of those delivered has the sender "


@fault
def two_deliveries_in_another_order(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p2", "delivered")
    place, first = next((n, i) for n, i in enumerate(where, 1) if i + 1 in where)
    lines = logs["p2"]
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    numbered(lines)
    return "p2", first, f"the orders differ: offer {place} of those delivered has the sender "


@fault
def a_claim_that_only_one_process_has_seen(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "delivered")[2]
    offer = logs["p1"][where]["offer"]
    offer["claim"] += 1
    right = offer["claim"] - 1
    return (
        "p1",
        where,
        (
            f"the orders differ: offer 3 of those delivered has the claim {right + 1}, not {right} "
            f"as at p2, line "
        ),
    )


@fault
def a_restart_that_forgets_deliveries(logs: Lines) -> tuple[str, int, str]:
    where = places(logs, "p1", "delivered")[2]
    logs["p1"].insert(where + 1, {"event": "restarted", "delivered": 1})
    numbered(logs["p1"])
    return "p1", where + 1, "it remembers 1 deliveries, and 3 are in its log"


@fault
def another_lambda(logs: Lines) -> tuple[str, int, str]:
    logs["p2"][0]["lambda"] = 4
    return "p2", 0, "lambda is 4, and in other logs 3"


@fault
def another_genesis(logs: Lines) -> tuple[str, int, str]:
    right, logs["p3"][0]["genesis"] = logs["p3"][0]["genesis"], "f" * 64
    return "p3", 0, f"genesis is ffffffffffff, and in other logs {right[:12]}"


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_by_process_and_line(name: str, tmp_path: Path) -> None:
    logs = recorded("silent" if name == "an_offer_that_its_log_does_not_have" else "under-claim")
    assert_named(merge, tmp_path, logs, FAULTS[name](logs))


def test_two_logs_of_one_process_are_refused(tmp_path: Path) -> None:
    logs = recorded()
    logs["again"] = logs["p1"]
    with pytest.raises(RejectedLogError, match=r"p1.log is of p1 too"):
        merge(tmp_path, logs)


def test_of_two_that_contradict_each_other_the_one_is_named_who_contradicts_the_sender(
    tmp_path: Path,
) -> None:
    logs = recorded()
    del logs["p3"]
    where = next(
        i for i in places(logs, "p1", "delivered") if logs["p1"][i]["offer"]["sender"] == "p2"
    )
    logs["p1"][where]["offer"]["claim"] += 1
    with pytest.raises(RejectedLogError) as rejected:
        merge(tmp_path, logs)
    assert (rejected.value.process, rejected.value.line) == ("p1", where + 1)


def test_a_draw_that_was_not_offered_can_be_checked_on_the_landscape_alone(tmp_path: Path) -> None:
    logs = recorded()
    where = places(logs, "p1", "offered")[0]
    losses = logs["p1"][where]["losses"]
    worst = losses.index(max(losses))
    losses[worst] += 1
    assert written_again(tmp_path, logs) == logs  # it may be so on another landscape
    with pytest.raises(RejectedLogError) as rejected:
        merge(tmp_path, logs, computes=True)
    assert (rejected.value.process, rejected.value.line) == ("p1", where + 1)
    assert rejected.value.reason == (
        f"loss {worst + 1} is {losses[worst] - 1} on the landscape, not {losses[worst]}"
    )


def test_another_landscape_has_another_genesis(tmp_path: Path) -> None:
    logs = recorded()
    for lines in logs.values():
        lines[0]["genesis"] = "e" * 64
    with pytest.raises(RejectedLogError, match="for this landscape and these rules, not eeeeeeee"):
        merge(tmp_path, logs, computes=True)


# ----------------------------------------------------------------------------- missing lines


@given(process=st.sampled_from(CORRECT), index=st.integers(0, 1_000))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_that_is_missing_is_told_from_a_lie(
    process: str, index: int, tmp_path: Path
) -> None:
    assert_missing(merge, tmp_path, recorded(), process, index)


def test_deliveries_that_only_a_restart_knows_of_are_missing_lines(tmp_path: Path) -> None:
    logs = recorded()
    where = places(logs, "p1", "delivered")[2]
    logs["p1"].insert(where + 1, {"event": "restarted", "delivered": 5})
    numbered(logs["p1"])
    with pytest.raises(LogError) as missing:
        merge(tmp_path, logs)
    assert str(missing.value) == (
        f"{tmp_path / 'p1.log'}: line {where + 2}: lines are missing: 5 offers were delivered "
        f"before it, and 3 are in the log"
    )


# -------------------------------------------------------------------------- drawn mutations


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_changed_in_one_line_is_noticed_there_or_harmless(
    data: st.DataObject, tmp_path: Path
) -> None:
    true = recorded(data.draw(st.sampled_from(["under-claim", "equivocation", "none"])))
    assert_noticed_there_or_harmless(
        partial(merge, computes=True),
        tmp_path,
        true,
        data,
    )
