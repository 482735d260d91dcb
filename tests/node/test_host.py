"""Nodes at work in one event loop: floods, strangers, and who is heard how often."""

import asyncio
import json
import resource
import sys
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.cluster_rate import connected, poured, rubbish
from model_consensus.commands import status as status_command
from model_consensus.node.host import HEARD, STRANGERS, Host, Sent
from model_consensus.node.hosted import hosted
from model_consensus.node.participant import Participant
from model_consensus.node.wire import ask_status, frame
from model_consensus.streamlet.messages import Packet
from tests.support.nodes import configs, pow_configs

FLOOD = 100_000


def grown() -> int:
    """The largest memory that this process has had so far, in bytes."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


async def with_nodes(hosts: Sequence[Host], work: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(host.run()) for host in hosts]
    try:
        await work
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # what was closed is closed in the next turns of the loop


def count(heard: Counter[tuple[int, int]], number: int, host: Host) -> None:
    """Count what a node takes, by node and epoch."""
    receive = host.participant.receive

    def counted(packet: Packet) -> Sequence[Sent]:
        heard[number, host.participant.epoch] += 1
        return receive(packet)

    host.participant.receive = counted  # type: ignore[method-assign]


@pytest.mark.slow
def test_a_flood_costs_bounded_memory_and_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 10 * HEARD  # so that a hundred thousand packets are read in less than a minute
    monkeypatch.setattr("model_consensus.node.host.HEARD", most)
    *nodes, attacker = configs(tmp_path, generations=5, epoch=0.2)
    heard: Counter[tuple[int, int]] = Counter()
    with ExitStack() as files:
        hosts = [files.enter_context(hosted(config)) for config in nodes]
        for number, host in enumerate(hosts):
            count(heard, number, host)

        async def flood() -> None:
            packets = rubbish(attacker.identity, hosts[0].participant.epoch)
            said = await poured(attacker, nodes, islice(packets, FLOOD // len(nodes) + 1))
            assert said == [b""] * len(nodes)

        before = grown()
        asyncio.run(with_nodes(hosts, flood()))
        assert grown() - before < 96 << 20
        assert sum(heard.values()) > FLOOD
        assert max(heard.values()) <= most * len(hosts)  # of each of the three others
        for host in hosts:
            assert isinstance(host.participant, Participant)
            learner = host.participant.learner
            assert learner.model.generation == 5
            # Two draws and their recombination, two offers and a blend in each generation.
            assert learner.evaluations == 5 * (3 + 2 + 1)


def test_strangers_are_closed_and_the_status_is_told(tmp_path: Path) -> None:
    config = configs(tmp_path)[0]
    with hosted(config) as host:

        async def strangers() -> None:
            while True:
                try:
                    ends = [await asyncio.open_connection(*config.listen)]
                    break
                except OSError:
                    await asyncio.sleep(0.01)
            for _ in range(3 * STRANGERS):
                ends.append(await asyncio.open_connection(*config.listen))
            answer = await ask_status(*config.listen)
            assert b'"process": "p1"' in answer
            assert len(host._strangers) <= STRANGERS
            with pytest.raises(
                (ConnectionError, asyncio.IncompleteReadError)
            ):  # the oldest was closed
                await ends[0][0].readexactly(37)
            for _, writer in ends:
                writer.close()

        asyncio.run(with_nodes([host], strangers()))


def test_a_node_over_proof_of_work_tells_its_status(tmp_path: Path) -> None:
    config = pow_configs(tmp_path)[0]
    told = []

    async def ask() -> None:
        while True:
            try:
                told.append(json.loads(await ask_status(*config.listen)))
                return
            except OSError:
                await asyncio.sleep(0.01)

    with hosted(config) as host:
        asyncio.run(with_nodes([host], ask()))
    (status,) = told
    said = status_command.describe(status).splitlines()
    loss = config.landscape.losses(config.search.genesis.vector[None])[0]
    counts = f"loss {status['loss']}, {status['evaluations']} evaluations"
    assert said[0] == f"p1: generation 0 of 3, {counts}"
    assert status["loss"] in (0, loss)  # it is measured in the first epoch
    height = status["height"]
    assert said[1] == (
        f"epoch {status['epoch']}, a chain of {height} blocks, {status['blocks']} are known"
    )
    assert said[2:] == ["banned: nobody", *(f"p{n} is not connected" for n in (2, 3, 4))]


def test_a_second_connection_of_a_process_replaces_the_first(tmp_path: Path) -> None:
    config, other = configs(tmp_path)[:2]
    with hosted(config) as host:

        async def twice() -> None:
            first, one = await connected(other, config)
            _, two = await connected(other, config)
            assert await first.read() == b""
            await asyncio.sleep(0)
            assert list(host._incoming) == ["p2"]
            one.close()
            two.close()

        asyncio.run(with_nodes([host], twice()))


def test_what_is_not_a_packet_ends_the_connection(tmp_path: Path) -> None:
    config, other = configs(tmp_path)[:2]
    with hosted(config) as host:

        async def nonsense() -> None:
            reader, writer = await connected(other, config)
            writer.write(frame(b"\x07"))
            assert await reader.read() == b""
            writer.close()

        asyncio.run(with_nodes([host], nonsense()))


def test_an_address_without_a_node_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from model_consensus.commands.cli import main

    path = configs(tmp_path)[0].log.with_name("p1.toml")
    host, port = configs(tmp_path)[0].listen
    assert main(["status", f"{host}:{port}"]) == 2
    assert capsys.readouterr().err.startswith(f"model-consensus: error: {host}:{port}: ")
    assert main(["status", "nowhere"]) == 2
    assert capsys.readouterr().err == (
        "model-consensus: error: the address must be HOST:PORT, not 'nowhere'\n"
    )
    assert path.exists()


def test_the_status_as_text(tmp_path: Path) -> None:
    config = configs(tmp_path)[0]
    with hosted(config) as host:
        text = status_command.describe(host.status())
    assert text.splitlines() == [
        "p1: generation 0 of 3, loss 0, 0 evaluations",
        "epoch 0, 0 blocks are final",
        "banned: nobody",
        "p2 is not connected",
        "p3 is not connected",
        "p4 is not connected",
    ]
