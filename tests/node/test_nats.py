"""Nodes over NATS JetStream: three servers, some of them killed, and a stream that others fill."""

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import nats
import pytest

from model_consensus.commands import cli
from model_consensus.commands import status as status_command
from model_consensus.node.config import NatsConfig
from model_consensus.node.host import Host
from model_consensus.node.hosted import hosted
from model_consensus.node.nats_host import LONGEST, stream_name
from model_consensus.node.nats_servers import SERVERS, Servers
from model_consensus.node.participant import Participant
from tests.node.test_stream_order import rubbish
from tests.support.nodes import nats_configs

Output = pytest.CaptureFixture[str]


@pytest.mark.slow
def test_a_cluster_over_nats_learns_through_kills_and_a_cut(tmp_path: Path, capsys: Output) -> None:
    out = tmp_path / "out"
    options = ["--landscape", "onemax", "--draws", "4", "--epoch", "0.05", "--generations", "200"]
    options += ["--order", "nats", "--attack", "collusion", "--kills", "1", "--out", str(out)]
    assert cli.main(["cluster", "tob", *options]) == 0
    said = capsys.readouterr().out
    assert said.count("(a server) is killed after generation ") == 1
    assert said.count("(a server) is started again\n") == 1
    assert said.count(" is killed after generation ") == said.count(" is started again\n") == 2
    assert said.count(" is cut off after generation ") == said.count(" is connected again\n") == 1
    assert "after generation 200\n" not in said
    assert "banned: p4" in said
    assert "without a log, and so taken for Byzantine: p4\n3 logs accepted: " in said
    log = out / "logs" / "p1.log"
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [each["event"] for each in events].count("decided") == 200
    places = [each["sequence"] for each in events if each["event"] == "delivered"]
    assert places == sorted(set(places))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.05)


@pytest.mark.slow
def test_nodes_wait_for_a_majority_of_servers_and_pass_over_what_others_put_there(
    tmp_path: Path,
) -> None:
    servers = Servers(tmp_path)

    async def run() -> None:
        addresses = await servers.start_all()
        configs = nats_configs(tmp_path, addresses.values(), generations=1000, epoch=0.02)
        with ExitStack() as files:
            hosts = [files.enter_context(hosted(config)) for config in configs[:3]]
            tasks = [asyncio.create_task(host.run()) for host in hosts]
            try:
                async with asyncio.timeout(60):
                    await take_part(hosts, rubbish(*configs[:2]))
            finally:
                for task in tasks:
                    task.cancel()
                _, running = await asyncio.wait(tasks, timeout=20)
                await servers.stop()
                assert not running

    def generations(hosts: list[Host]) -> list[int]:
        return [host.participant.model.generation for host in hosts]

    async def take_part(hosts: list[Host], junk: list[bytes]) -> None:
        await until(lambda: min(generations(hosts)) >= 5)
        for name in SERVERS[:2]:
            await servers.kill(name)
        await asyncio.sleep(1)
        before = generations(hosts)
        await asyncio.sleep(2)
        assert generations(hosts) == before
        for name in SERVERS[:2]:
            await servers.start(name)
        await until(lambda: min(generations(hosts)) >= max(before) + 5)
        participant = hosts[0].participant
        assert isinstance(participant, Participant)
        taken = participant.status()["sequence"]
        config = hosts[0].config
        assert isinstance(config, NatsConfig)
        stream = stream_name(config)
        places = [f"nats://{host}:{port}" for host, port in config.servers]
        client = await nats.connect(places, max_reconnect_attempts=5)
        for data in junk:
            await client.jetstream().publish(stream, data)
        with pytest.raises(nats.js.errors.APIError):
            await client.jetstream().publish(stream, bytes(LONGEST + 1))
        with pytest.raises(nats.js.errors.APIError):
            await client.jetstream().purge_stream(stream)
        await client.close()
        await until(lambda: participant.status()["sequence"] >= taken + len(junk))
        now = generations(hosts)
        await until(lambda: min(generations(hosts)) >= max(now) + 5)
        status = hosts[0].status()
        assert list(status["peers"].values()).count({"sends": True, "hears": True}) == 1
        assert f"{status['sequence']:,} messages of the stream are taken" in (
            status_command.describe(status)
        )
        # Two draws and their recombination, two offers and a blend in each generation.
        learner = participant.learner
        assert learner.evaluations <= (learner.model.generation + 1) * (3 + 2 + 1)

    asyncio.run(run())
    logs = [str(tmp_path / f"p{number}.log") for number in (1, 2, 3)]
    assert cli.main(["check-logs", *logs, "--landscape", "onemax"]) == 0
