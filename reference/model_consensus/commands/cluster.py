"""Run a cluster of nodes on this machine, each a process of its own, and check their logs.

Keys and configurations are made in the output folder, and the nodes are started.  Some of the
correct ones are killed (-9) and started again, and some are cut off from the others for a while;
the Byzantine ones do what --attack says.  With --order nats, three servers of NATS JetStream order
the offers, and one of these is killed and started again, too.  When all correct nodes have decided
all generations, the nodes are ended, and their logs are checked as by ``model-consensus check-logs
--landscape``.

Unless --out names another, the output folder is out/cluster-LANDSCAPE-ATTACK-seedSEED.  At the end
it has ``logs``, ``metrics.csv``, ``metrics.json``, ``summary.json``, ``model.npz`` and
``convergence.svg`` as that of ``model-consensus run``, all computed from the logs, and ``nodes``
with the configurations, the keys, the journals and what the nodes printed.

An interruption ends all nodes, and the same command with --resume goes on from there.  The seed
fixes which nodes are killed and cut off, and not the order in which real processes are heard.
"""

import argparse
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from model_consensus.adversaries import catalogue as attacks
from model_consensus.commands import check_logs, interruptible
from model_consensus.commands.options import natural, positive, seconds
from model_consensus.commands.run import metrics_file, summarize, write_results
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Process
from model_consensus.node.cluster import Cluster, Member, Times, drawn_faults
from model_consensus.node.learned import learned
from model_consensus.report.console import new_console
from model_consensus.simulation.catalogue import LANDSCAPES, load_landscape
from model_consensus.simulation.run_folder import OUTPUTS, locked
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import describe

EXAMPLES = """\
examples:
  model-consensus cluster tob
  model-consensus cluster tob --landscape onemax --attack equivocate --kills 3
  model-consensus cluster tob --processes 7 --byzantine 2 --epoch 0.2
  model-consensus cluster tob --order nats --attack collusion
  model-consensus cluster pow
  model-consensus cluster pow --landscape onemax --attack false-claim

""" + attacks.listing()


DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "tob": {"order": "streamlet", "draws": 16, "attack": "under-claim"},
    # With one of four Byzantine, a block is reverted at depth 30 with a probability of 1 in 20,000.
    "pow": {"draws": 8, "attack": "selfish", "depth": 30, "hashes": 20_000, "tries": 1_000},
}
"""What is taken where an option is not given, by protocol."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "protocol", choices=tuple(DEFAULTS), help="over Streamlet, or proof-of-work"
    )
    parser.add_argument(
        "--order",
        choices=("streamlet", "nats"),
        default=argparse.SUPPRESS,
        help="tob: who orders the offers, the nodes by Streamlet or three servers of NATS "
        "JetStream (default: streamlet)",
    )
    parser.add_argument(
        "--landscape",
        default="digits",
        metavar="NAME",
        help=f"{', '.join(LANDSCAPES)}, or module:attribute (default: digits)",
    )
    for name, kind, metavar, default, text in (
        ("processes", positive, "N", 4, "n, the Byzantine ones included"),
        ("byzantine", natural, "F", 1, "f"),
        ("generations", positive, "G", 200, "generations to decide"),
        ("kills", natural, "K", 2, "how many times a correct node is killed"),
        ("cuts", natural, "C", 1, "how many times a correct node is cut off"),
        ("seed", natural, "SEED", 1, "of the kills and cuts"),
        ("epoch", seconds, "SECONDS", 0.1, "how long an epoch lasts"),
    ):
        parser.add_argument(
            f"--{name}", type=kind, metavar=metavar, default=default,
            help=f"{text} (default: {default})",
        )  # fmt: skip
    for name, parse, metavar, text in (
        ("draws", positive, "D", "draws of a process in a generation"),
        ("attack", str, "NAME", "what the Byzantine nodes do"),
        ("depth", natural, "K", "pow: blocks on top that decide a block"),
        ("hashes", positive, "H", "pow: hashes that a block costs on average"),
        ("tries", positive, "T", "pow: nonces that a node tries in an epoch"),
    ):
        values = [str(of[name]) for of in DEFAULTS.values() if name in of]
        parser.add_argument(
            f"--{name}", type=parse, metavar=metavar, default=argparse.SUPPRESS,
            help=f"{text} (default: {', for pow '.join(values)})",
        )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the files go")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")


def run(args: argparse.Namespace) -> int:
    """Run the cluster; the verdict is that of ``check-logs``."""
    console = new_console()
    options = options_of(args)
    setting = _setting(args, options)
    landscape = load_landscape(args.landscape)
    over = "" if setting.protocol == "streamlet" else f"{options.get('order', args.protocol)}-"
    place = args.landscape.replace(":", "-")
    name = f"cluster-{over}{place}-{setting.attack}-seed{args.seed}"
    folder = args.out or Path("out") / name
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"landscape": args.landscape, **asdict(setting)}
    settings |= {"kills": args.kills, "cuts": args.cuts, "epoch": args.epoch}
    if "tries" in options:
        settings["tries"] = options["tries"]
    with locked(folder / ".lock", f"{folder}: another run is writing here"):
        _begin(folder, settings, resume=args.resume)
        faults = drawn_faults(setting, args.kills, args.cuts)
        with _live(console, setting) as show:
            times = Times(args.epoch, options.get("tries", 0))
            cluster = Cluster(setting, args.landscape, folder, times, faults, console.print, show)
            interruptible.run(cluster.run())
        with metrics_file(folder / "metrics.csv") as write:
            log = folder / "logs" / f"{setting.process_names[0]}.log"
            training = learned(log, setting, landscape, write)
        summary = summarize(settings, setting, training, None)
        write_results(folder, landscape, setting, training, summary)
    console.print(describe(training))
    return check_logs.run(
        argparse.Namespace(
            paths=[folder / "logs"],
            landscape=args.landscape,
            tlc=False,
            time_limit=None,
            json=False,
        )
    )


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """The options whose defaults the protocol gives.

    :raises ModelConsensusError: an option changes nothing over this protocol.
    """
    every = dict.fromkeys(name for of in DEFAULTS.values() for name in of)
    given = {name: getattr(args, name) for name in every if name in args}
    for name in given:
        if name not in DEFAULTS[args.protocol]:
            raise ModelConsensusError(f"--{name} changes nothing in a cluster over {args.protocol}")
    return {**DEFAULTS[args.protocol], **given}


def _setting(args: argparse.Namespace, options: Mapping[str, Any]) -> Setting:
    rules: dict[str, Any]
    if args.protocol == "tob":
        correct = max(args.processes - args.byzantine, 1)
        rules = {"lambda_": correct, "mu": max(correct - args.byzantine, 1)}
    else:
        # Who wins is not drawn: nobody has a share.
        rules = {"share": 0.0, "depth": options["depth"], "hashes": options["hashes"]}
    protocol = {"streamlet": "streamlet", "nats": "tob"}.get(options.get("order", ""), "pow")
    return Setting(
        protocol=protocol,
        attack=options["attack"],
        processes=args.processes,
        byzantine=args.byzantine,
        draws=options["draws"],
        generations=args.generations,
        seed=args.seed,
        **rules,
    )


def _begin(folder: Path, settings: dict[str, object], *, resume: bool) -> None:
    """Make room for the files, or go on with those that are there.

    :raises ModelConsensusError: an unfinished run of another setting is there, or is not asked for.
    """
    begun, ended = folder / "nodes" / "cluster.json", folder / "summary.json"
    text = json.dumps(settings)
    if begun.exists() and not ended.exists():
        if not resume:
            raise ModelConsensusError(
                f"{folder}: an unfinished run is here: --resume goes on with it; to give it up, "
                f"delete {folder}"
            )
        if begun.read_text("utf-8") != text:
            raise ModelConsensusError(f"{folder}: the unfinished run here has another setting")
        return
    for name in ("summary.json", *OUTPUTS, "nodes"):
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    begun.parent.mkdir()
    begun.write_text(text, encoding="utf-8")


Show = Callable[[Mapping[Process, Member]], None]


@contextmanager
def _live(console: Console, setting: Setting) -> Iterator[Show]:
    """A table of the nodes that is kept up to date, on a terminal."""
    if not console.is_terminal:
        yield lambda members: None
        return
    with Live(console=console, transient=True) as live:
        yield lambda members: live.update(_table(members, setting))


def _table(members: Mapping[Process, Member], setting: Setting) -> Table:
    table = Table("node")
    for column in ("process id", "generation", "loss", "epoch", "hears", "restarts"):
        table.add_column(column, justify="right")
    for name, member in members.items():
        status = member.status
        told = ("", "", "", "")  # nothing yet
        if status:
            hears = sum(peer["hears"] for peer in status["peers"].values())
            told = (
                str(member.generation),
                f"{status['loss']:,}",
                str(status["epoch"]),
                str(hears),
            )
        table.add_row(
            name + (" (Byzantine)" if name in setting.byzantine_names else ""),
            str(member.child.pid) if member.child else "killed",
            *told,
            str(member.restarts),
        )
    return table
