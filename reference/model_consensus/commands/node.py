"""Run one participant of the learning, as a process of its own.

The node takes part in Streamlet, a Byzantine broadcast, or has a stream of NATS JetStream order the
offers, and learns from what is delivered; or it mines and gossips blocks over proof-of-work.  Its
configuration is a file of TOML (docs/nodes.md): who it is, everybody's public keys and addresses,
the landscape and the rules of the search.  It writes a log that ``model-consensus check-logs``
checks, and over Streamlet a journal of what must survive a crash besides; they are synced before
anything is sent.  A node that is started again goes on where it was.

It takes part, and serves those who are behind, until it is interrupted.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Thread

from model_consensus.commands import interruptible
from model_consensus.node.config import load_config
from model_consensus.node.hosted import hosted

EXAMPLES = """\
examples:
  model-consensus node --config p1.toml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="the node's configuration"
    )
    parser.add_argument(
        "--until-eof",
        action="store_true",
        help="end when standard input does: whoever started the node has ended",
    )


def run(args: argparse.Namespace) -> int:
    """Take part until interrupted."""
    if args.until_eof:
        Thread(target=_end_with_input, daemon=True).start()
    config = load_config(args.config)
    with hosted(config) as host:
        status = host.status()
        place = "{}:{}".format(*config.listen)
        print(f"{config.process} at {place}: generation {status['generation']} is decided")
        sys.stdout.flush()
        interruptible.run(host.run())
    return 0


def _end_with_input() -> None:
    while os.read(0, 1 << 16):  # not by sys.stdin, whose lock is asked for at the end
        pass
    os.kill(os.getpid(), signal.SIGTERM)
