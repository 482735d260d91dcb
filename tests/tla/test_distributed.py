"""TLC's distributed mode, on loopback: the same counts, the same verdict, nothing left behind."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from model_consensus.commands.cli import main
from model_consensus.tla import distributed
from model_consensus.tla.manifest import SpecModel, differences, load
from model_consensus.tla.tlc_output import Verdict
from model_consensus.tla.toolchain import find_toolchain

MANIFEST = load()


def cluster() -> distributed.Cluster:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return distributed.Cluster(port=free.getsockname()[1], workers=2)


@pytest.mark.tlc
def test_two_workers_count_what_one_process_counts() -> None:
    model = MANIFEST.find("MCPowLearning_graph_middle")
    result = distributed.check(model, find_toolchain(), cluster())
    assert model.figures is not None
    assert result.distinct == model.figures.distinct
    assert differences(model, result, distinct_only=True) == []
    more = replace(model, figures=replace(model.figures, distinct=1))
    assert differences(more, result, distinct_only=True)


@pytest.mark.tlc
def test_a_violation_is_found() -> None:
    model = MANIFEST.find("MCTobNecessity_unverified")
    result = distributed.check(model, find_toolchain(), cluster())
    assert result.verdict is Verdict.TOOL
    assert result.message.startswith("something is violated")


@pytest.mark.tlc
def test_workers_that_die_end_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server alone would wait for ever."""
    monkeypatch.setattr(distributed, "PATIENCE", 1.0)
    toolchain = find_toolchain()
    java = tmp_path / "java"
    java.write_text(
        f'#!/bin/sh\ncase "$*" in *TLCWorker*) echo first; echo "no such class"; exit 3;; esac\n'
        f'exec {toolchain.java} "$@"\n'
    )
    java.chmod(0o755)
    model = MANIFEST.find("MCPowLearning_graph_middle")
    result = distributed.check(model, replace(toolchain, java=java), cluster())
    assert result.verdict is Verdict.TOOL
    assert result.message == (
        "all workers on this machine have ended: status 3: first / no such class"
    )


@pytest.mark.parametrize(
    ("name", "possible"),
    [
        ("MCTobLearning", True),
        ("MCTobLearning_live", False),  # Termination is temporal
        ("MCTobLearning_broadcast", False),  # so is the refinement of fairness
        ("MCTobNecessity_tie", False),
    ],
)
def test_only_what_the_mode_checks_is_given_to_it(name: str, possible: bool) -> None:
    assert distributed.is_possible(MANIFEST.find(name)) is possible


def test_a_model_that_the_mode_cannot_check_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["verify", "--distributed", "127.0.0.1", "MCTobLearning_live"]) == 2
    assert "MCTobLearning_live: the distributed mode checks no" in capsys.readouterr().err


def test_the_command_to_join_names_server_and_port() -> None:
    command = distributed.Cluster("192.0.2.7", 12345).worker_command("java", "tla2tools.jar")
    assert command[-2:] == ["tlc2.tool.distributed.TLCWorker", "192.0.2.7"]
    assert "-Dtlc2.tool.distributed.TLCServer.port=12345" in command


def test_models_with_temporal_properties_are_those_of_the_specification() -> None:
    """By their formulas: fairness, <> and ~> are what makes a property temporal."""
    temporal = {m.name for m in MANIFEST.models if m.figures and m.figures.temporal}

    def checks(model: SpecModel, names: set[str]) -> bool:
        return bool(names & set(model.config.read_text("utf-8").split()))

    live = {"Termination", "Progress", "EachOrdered", "EachDelivered"}
    fair = {
        "FairlyRefinesTobFrontier",
        "FairlyRefinesTotalOrderBroadcast",
        "FairlyRefinesModelConsensus",
        "FairlyRefinesOneByOne",
        "RefinesConsensus",
    }
    expected = {m.name for m in MANIFEST.models if m.kind == "holds" and checks(m, live | fair)}
    # Its RefinesModelConsensus is that of FairSpec.
    assert temporal == expected | {"MCConsensusRefinesModelConsensus"}
