"""Ask a node what it has decided and with whom it is connected."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from model_consensus.errors import ModelConsensusError
from model_consensus.node.config import load_config, parse_address
from model_consensus.node.wire import RefusedError, ask_status

EXAMPLES = """\
examples:
  model-consensus status 127.0.0.1:7001
  model-consensus status --config p1.toml --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("address", metavar="HOST:PORT", nargs="?", help="where the node listens")
    which.add_argument("--config", type=Path, metavar="FILE", help="the node's configuration")
    parser.add_argument("--json", action="store_true", help="print what the node answers as JSON")


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    if args.config:
        host, port = load_config(args.config).listen
    else:
        host, port = parse_address("the address", args.address)
    try:
        status = json.loads(asyncio.run(ask_status(host, port)))
        text = json.dumps(status, indent=2) if args.json else describe(status)
    except OSError as error:
        problem = error.strerror or "there was no answer"
        raise ModelConsensusError(f"{host}:{port}: {problem}") from None
    except (RefusedError, ValueError, KeyError, TypeError):
        raise ModelConsensusError(f"{host}:{port}: not a node") from None
    print(text)
    return 0


def describe(status: dict[str, Any]) -> str:
    """The answer of a node as text."""
    if "height" in status:
        order = f"a chain of {status['height']:,} blocks, {status['blocks']:,} are known"
    elif "sequence" in status:
        order = f"{status['sequence']:,} messages of the stream are taken"
    else:
        order = f"{status['finalized']:,} blocks are final"
    lines = [
        f"{status['process']}: generation {status['generation']} of {status['generations']}, "
        f"loss {status['loss']:,}, {status['evaluations']:,} evaluations",
        f"epoch {status['epoch']}, {order}",
        f"banned: {', '.join(status['banned']) or 'nobody'}",
    ]
    for other, peer in status["peers"].items():
        ways = [way for way, connected in peer.items() if connected]
        lines.append(f"{other} {' and '.join(ways) or 'is not connected'}")
    return "\n".join(lines)
