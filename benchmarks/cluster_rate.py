"""What real processes take on loopback, beside the simulation.

    python benchmarks/cluster_rate.py [--processes N ...] [--generations G] [--flood PACKETS]

The first table has a row for each number of processes and each landscape: generations a second of a
cluster over Streamlet and one over NATS, both as a share of the simulation's as well, and kilobytes
a generation, those that all nodes send to each other, or to the servers and back (and not those
that the servers send each other).  The second has the seconds that a killed node is down, and from
its restart until it has decided what the others had decided then; and the generations a second of
three nodes while the fourth is silent, and while it sends them hostile packets or puts hostile
messages into the stream.  A flood ends when the nodes have read all of it.
"""

import argparse
import asyncio
import tempfile
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import nats
from rich.console import Console
from rich.table import Table

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import tagged_digest
from model_consensus.node.cluster import Cluster, Fault, Times
from model_consensus.node.config import Config, NatsConfig, load_config
from model_consensus.node.nats_host import stream_name
from model_consensus.node.wire import dial, frame
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import train
from model_consensus.streamlet.codec import encode
from model_consensus.streamlet.messages import (
    Block,
    Chain,
    Notarization,
    Packet,
    Proposal,
    Request,
    Vote,
)
from model_consensus.streamlet.state import Identity

ORDERS = {"Streamlet": "streamlet", "NATS": "tob"}
Work = Callable[[Cluster], Awaitable[None]]

LEAST = 3.0
"""Seconds that a rate is measured for, at least: the status of a node is a fraction of one old."""


def epoch_of(n: int) -> float:
    """Seconds: each of n nodes hears all others in an epoch, and all of them are on one machine."""
    return 0.003 * n * n


def setting_of(protocol: str, n: int, generations: int) -> Setting:
    """Nobody misbehaves, and f is the greatest that Streamlet stands."""
    f = (n - 1) // 3
    return Setting(
        protocol=protocol, attack="none", processes=n, byzantine=f, lambda_=n - f, mu=n - 2 * f,
        draws=4, generations=generations,
    )  # fmt: skip


def run(setting: Setting, landscape: str, work: Work, faults: Sequence[Fault] = ()) -> None:
    """Run a cluster while ``work`` looks at it."""

    async def both(folder: Path) -> None:
        parts = setting, landscape, folder, Times(epoch_of(setting.processes)), faults
        cluster = Cluster(*parts, lambda text: None, lambda members: None)
        running = asyncio.create_task(cluster.run())
        looking = asyncio.ensure_future(work(cluster))
        await asyncio.wait([running, looking], return_when=asyncio.FIRST_COMPLETED)
        if not looking.done():
            raise ModelConsensusError("the cluster has ended too early")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        looking.result()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(both(Path(folder)))


def generation(cluster: Cluster) -> int:
    """The last one that all correct nodes have decided."""
    return min([member.generation for member in cluster.correct()], default=0)


async def until(holds: Callable[[], bool]) -> float:
    """When it holds, in seconds."""
    while not holds():
        await asyncio.sleep(0.01)
    return time.monotonic()


def rate_and_bytes(protocol: str, n: int, landscape: str, generations: int) -> tuple[float, float]:
    """Generations a second of a cluster, and the bytes of one."""
    found = []

    async def look(cluster: Cluster) -> None:
        begin = await until(lambda: generation(cluster) >= 2)
        first, carried = generation(cluster), cluster.links.carried
        await asyncio.sleep(LEAST)
        end = await until(lambda: generation(cluster) >= first + generations)
        done = generation(cluster) - first
        found.append((done / (end - begin), (cluster.links.carried - carried) / done))

    run(setting_of(protocol, n, 1_000_000), landscape, look)
    return found[0]


def simulated(n: int, landscape: str, generations: int) -> float:
    """Generations a second of a simulated run over Streamlet, without a trace or logs."""
    begin = time.monotonic()
    train(setting_of("streamlet", n, generations), load_landscape(landscape))
    return generations / (time.monotonic() - begin)


def rejoining(protocol: str) -> tuple[float, float]:
    """Seconds that a killed node is down, and from its restart until it has what the others had."""
    found = []

    async def look(cluster: Cluster) -> None:
        await until(lambda: generation(cluster) >= 5)
        member, other = cluster.members["p1"], cluster.members["p2"]
        killed = await until(lambda: member.child is None)
        begin = await until(lambda: member.child is not None)
        there = other.generation
        found.append((begin - killed, await until(lambda: member.generation >= there) - begin))

    run(setting_of(protocol, 4, 1_000_000), "onemax", look, [Fault(5, "kill", "p1")])
    return found[0]


async def connected(me: Config, other: Config) -> tuple[StreamReader, StreamWriter]:
    """A connection of ``me``, the adversary, with a node that may be starting."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(*other.listen)
            break
        except OSError:
            await asyncio.sleep(0.01)
    await dial(me.identity, other.agreed.genesis, other.process, reader, writer)
    return reader, writer


def rubbish(me: Identity, epoch: int) -> Iterator[Packet]:
    """Packets of every kind, about half of them well signed, each of them ten times."""
    committee, sign, name = me.committee, me.sign, me.process
    number = 0
    while True:
        number += 1
        noise = tagged_digest("rubbish", number)
        block = Block(epoch + number % 999, noise, None)
        vote = committee.vote(name, sign, block)
        packets: list[Packet] = [
            vote,
            committee.message(name, sign, noise),
            Proposal(block, vote),
            Chain((Notarization(block, (vote,)),)),
            Vote("p1", epoch + number % 999, noise, 2 * noise),
            Request("p2", epoch, number, 2 * noise),
        ]
        yield from 10 * packets


async def poured(me: Config, nodes: Sequence[Config], packets: Iterable[Packet]) -> list[bytes]:
    """``me`` sends the packets to each of the nodes: what these said when they had read all."""
    ends = [await connected(me, node) for node in nodes]
    for packet in packets:
        data = frame(encode(packet))
        for _, writer in ends:
            writer.write(data)
            await writer.drain()
    said = []
    for reader, writer in ends:
        writer.write_eof()
        said.append(await reader.read())
    for _, writer in ends:
        writer.close()
    return said


async def to_nodes(cluster: Cluster, packets: int) -> None:
    """p4 sends so many packets to the nodes over Streamlet, each to all of them."""
    configs = [load_config(cluster.members[f"p{i}"].config) for i in (4, 1, 2, 3)]
    me, *nodes = [config for config in configs if isinstance(config, Config)]
    junk = rubbish(me.identity, cluster.members["p1"].status["epoch"])
    await poured(me, nodes, islice(junk, packets // len(nodes) + 1))


async def into_the_stream(cluster: Cluster, packets: int) -> None:
    """p4 puts so many messages into the stream."""
    me = load_config(cluster.members["p4"].config)
    assert isinstance(me, NatsConfig)
    client = await nats.connect([f"nats://{host}:{port}" for host, port in me.servers])
    engine, subject = client.jetstream(publish_async_max_pending=256), stream_name(me)
    before = cluster.members["p1"].status["sequence"]
    for packet in islice(rubbish(me.identity, 1), packets):
        await engine.publish_async(subject, encode(packet))
    await engine.publish_async_completed()
    nodes = [cluster.members[f"p{i}"] for i in (1, 2, 3)]
    await until(lambda: all(node.status["sequence"] >= before + packets for node in nodes))
    await client.close()


FLOODS = {"streamlet": to_nodes, "tob": into_the_stream}


def beside_a_flood(
    protocol: str, packets: int, seconds: float | None = None
) -> tuple[float, float]:
    """Generations a second while p4 sends so many packets, or for seconds none; and the seconds."""
    found = []

    async def look(cluster: Cluster) -> None:
        await until(lambda: generation(cluster) >= 2)
        await cluster._kill("p4")
        begin, first = time.monotonic(), generation(cluster)
        if seconds is None:
            await FLOODS[protocol](cluster, packets)
        else:
            await asyncio.sleep(seconds)
        took = time.monotonic() - begin
        found.append(((generation(cluster) - first) / took, took))

    run(setting_of(protocol, 4, 1_000_000), "onemax", look)
    return found[0]


def rates(processes: Sequence[int], generations: int) -> Table:
    """The first table."""
    table = Table("n", "epoch", "landscape", "d", "simulated/s")
    for order in ORDERS:
        for column in (f"{order}/s", "share", "kB"):
            table.add_column(column, justify="right")
    for n in processes:
        for landscape in ("onemax", "digits"):
            dimension = load_landscape(landscape).initial().size
            alone = simulated(n, landscape, generations)
            row = [str(n), f"{epoch_of(n):.2f}", landscape, str(dimension), f"{alone:.1f}"]
            for protocol in ORDERS.values():
                rate, size = rate_and_bytes(protocol, n, landscape, generations)
                row += [f"{rate:.1f}", f"{rate / alone:.2f}", f"{size / 1000:,.0f}"]
            table.add_row(*row)
    return table


def faults(packets: int) -> Table:
    """The second table."""
    table = Table("n = 4, onemax", "figure")
    for order, protocol in ORDERS.items():
        down, behind = rejoining(protocol)
        table.add_row(f"seconds that a killed node is down, {order}", f"{down:.1f}")
        table.add_row(f"seconds until it has rejoined, {order}", f"{behind:.1f}")
    for order, protocol in ORDERS.items():
        flooded, seconds = beside_a_flood(protocol, packets)
        alone, _ = beside_a_flood(protocol, 0, seconds)
        told = f"generations/s beside {packets:,} hostile packets, read in {seconds:.0f} s"
        table.add_row(f"{told}, {order}", f"{flooded:.1f}")
        table.add_row(f"generations/s beside a silent process, {order}", f"{alone:.1f}")
        table.add_row(f"share, {order}", f"{flooded / alone:.2f}")
    return table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", metavar="N", nargs="+", type=int, default=[4, 7, 10])
    parser.add_argument("--generations", metavar="G", type=int, default=10)
    parser.add_argument("--flood", metavar="PACKETS", type=int, default=100_000)
    args = parser.parse_args()
    console = Console(width=100)
    console.print(rates(args.processes, args.generations))
    console.print(faults(args.flood))


if __name__ == "__main__":
    main()
