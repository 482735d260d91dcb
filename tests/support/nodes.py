"""Nodes in a test: configurations in a folder, and participants that the test connects."""

import json
import time
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from model_consensus.evolutionary_search import tagged_digest
from model_consensus.node.config import Address, Config, NatsConfig, PowConfig, load_config
from model_consensus.node.links import free_addresses

NAMES = ("p1", "p2", "p3", "p4")


def lines_of(process: str, listen: dict[str, tuple[str, int]], **changes: object) -> str:
    """A configuration of one of four processes, of which p4 may be Byzantine."""
    fields = {
        "process": process,
        "key": f"{process}.pem",
        "listen": "{}:{}".format(*listen[process]),
        "log": f"{process}.log",
        "journal": f"{process}.journal",
        "landscape": "onemax",
        "byzantine": 1,
        "lambda": 3,
        "mu": 2,
        "draws": 2,
        "generations": 3,
        "recombines": True,
        "elitist": False,
        "start": int(time.time()),
        "epoch": 0.05,
    } | changes
    work, servers = fields.pop("pow", None), fields.pop("nats", None)
    if work is not None:
        for name in ("lambda", "mu", "journal"):
            del fields[name]
    if servers is not None:
        del fields["journal"]
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    if isinstance(work, dict):
        text += "[pow]\n" + "".join(f"{name} = {value}\n" for name, value in work.items())
    if servers is not None:
        text += f"[nats]\nservers = {json.dumps(servers)}\n"
    for other, address in listen.items():
        public = _key(other).public_key().public_bytes_raw().hex()
        text += f'\n[processes.{other}]\nkey = "{public}"\n'
        if servers is None:
            text += 'address = "{}:{}"\n'.format(*address)
    return text


def _key(process: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(tagged_digest("a key of tests", process))


def write_configs(folder: Path, **changes: object) -> list[Path]:
    """The four configurations, with their keys."""
    with free_addresses(4) as free:
        listen = dict(zip(NAMES, free, strict=True))
    paths = []
    for process in NAMES:
        pem = _key(process).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{process}.pem").write_bytes(pem)
        paths.append(folder / f"{process}.toml")
        paths[-1].write_text(lines_of(process, listen, **changes))
    return paths


def configs(folder: Path, **changes: object) -> list[Config]:
    """The same, read."""
    read = [load_config(path) for path in write_configs(folder, **changes)]
    assert all(isinstance(config, Config) for config in read)
    return read  # type: ignore[return-value]


WORK = {"depth": 1, "hashes": 2048, "tries": 256}
"""Blocks that cost next to nothing, and a few epochs."""


def pow_configs(folder: Path, **changes: object) -> list[PowConfig]:
    """The four configurations of nodes over proof-of-work."""
    read = [load_config(path) for path in write_configs(folder, **{"pow": WORK, **changes})]
    assert all(isinstance(config, PowConfig) for config in read)
    return read  # type: ignore[return-value]


def nats_configs(folder: Path, servers: Iterable[Address], **changes: object) -> list[NatsConfig]:
    """The four configurations of nodes over these servers."""
    places = ["{}:{}".format(*server) for server in servers]
    read = [load_config(path) for path in write_configs(folder, **{"nats": places, **changes})]
    assert all(isinstance(config, NatsConfig) for config in read)
    return read  # type: ignore[return-value]
