"""What real processes take on loopback, beside the simulation.

    python benchmarks/cluster_rate.py [--processes N ...] [--generations G] [--flood PACKETS]

The first table has a row for each number of processes and each landscape: generations a second of a
cluster over Streamlet and one over NATS, both as a share of the simulation's as well, and kilobytes
a generation, those that all nodes send to each other, or to the servers and back (and not those
that the servers send each other).  The second has the seconds in which a node that was killed and
is started again has decided what the others had decided at its start, and the generations a second
of three nodes over Streamlet while the fourth is silent or sends them hostile packets.
"""

import argparse
import asyncio
import tempfile
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import tagged_digest
from model_consensus.node.cluster import Cluster, Fault, Times
from model_consensus.node.config import Config, load_config
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

ORDERS = {"Streamlet": "streamlet", "NATS": "tob"}
Work = Callable[[Cluster], Awaitable[None]]


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


def rejoining(protocol: str) -> float:
    """Seconds from the restart of a killed node until it has what the others had then."""
    found = []

    async def look(cluster: Cluster) -> None:
        await until(lambda: generation(cluster) >= 5)
        member, other = cluster.members["p1"], cluster.members["p2"]
        await until(lambda: member.child is None)
        begin = await until(lambda: member.child is not None)
        there = other.generation
        found.append(await until(lambda: member.generation >= there) - begin)

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


def rubbish(me: Config, epoch: int) -> Iterator[Packet]:
    """Packets of every kind, about half of them well signed, each of them ten times."""
    committee, sign, name = me.identity.committee, me.identity.sign, me.process
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


def beside_a_flood(packets: int, seconds: float | None = None) -> tuple[float, float]:
    """Generations a second while p4 sends so many packets, or for seconds none; and the seconds."""
    found = []

    async def flood(cluster: Cluster) -> None:
        configs = [load_config(cluster.members[f"p{i}"].config) for i in (4, 1, 2, 3)]
        me, *nodes = [config for config in configs if isinstance(config, Config)]
        ends = [await connected(me, node) for node in nodes]
        junk = rubbish(me, cluster.members["p1"].status["epoch"])
        for _ in range(packets // len(nodes) + 1):
            data = frame(encode(next(junk)))
            for _, writer in ends:
                writer.write(data)
                await writer.drain()
        for reader, writer in ends:
            writer.write_eof()
            await reader.read()  # all has been read
            writer.close()

    async def look(cluster: Cluster) -> None:
        await until(lambda: generation(cluster) >= 2)
        await cluster._kill("p4")
        begin, first = time.monotonic(), generation(cluster)
        await (flood(cluster) if seconds is None else asyncio.sleep(seconds))
        took = time.monotonic() - begin
        found.append(((generation(cluster) - first) / took, took))

    run(setting_of("streamlet", 4, 1_000_000), "onemax", look)
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
        table.add_row(f"seconds to rejoin, {order}", f"{rejoining(protocol):.1f}")
    flooded, seconds = beside_a_flood(packets)
    alone, _ = beside_a_flood(0, seconds)
    table.add_row(f"generations/s beside {packets:,} hostile packets", f"{flooded:.1f}")
    table.add_row("generations/s beside a silent process", f"{alone:.1f}")
    table.add_row("share", f"{flooded / alone:.2f}")
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
