"""The configuration of a node: one file of TOML for each (docs/nodes.md)."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from model_consensus.conformance.logs import Agreed
from model_consensus.conformance.pow_logs import PowAgreed
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Process, tagged_digest
from model_consensus.landscapes import Landscape
from model_consensus.pow_learner import LONGEST_NAME
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.streamlet import round_robin
from model_consensus.streamlet.messages import Committee, signing_key
from model_consensus.streamlet.offers import most_draws
from model_consensus.streamlet.state import Identity

Address = tuple[str, int]
"""A host and a port."""

MOST_TRIES = 1_000_000
"""Nonces in an epoch: a node hears nobody while it tries them."""


@dataclass(frozen=True)
class NodeConfig:
    """What any node must know.

    :ivar setting: what all processes have agreed on; ``attack`` is that of this node.
    :ivar secret: the seed of the private key, 32 bytes.
    :ivar keys: every process's public key, 32 bytes.
    :ivar addresses: where this node reaches the others; none over NATS.
    :ivar log: what ``check-logs`` reads.
    :ivar start: when epoch 0 begins, in seconds since 1970.
    :ivar epoch: the length of an epoch in seconds.
    :ivar byzantine: who is Byzantine, if this node is; else nobody.
    """

    process: Process
    setting: Setting
    landscape_name: str
    secret: bytes
    keys: Mapping[Process, bytes]
    addresses: Mapping[Process, Address]
    listen: Address
    log: Path
    start: float
    epoch: float
    byzantine: tuple[Process, ...]

    @cached_property
    def landscape(self) -> Landscape:
        """What is searched."""
        return load_landscape(self.landscape_name)

    @cached_property
    def search(self) -> CachedSearch:
        """The search on it."""
        return CachedSearch(self.setting.search(self.landscape))

    @cached_property
    def identity(self) -> Identity:
        """Who the node is.  The processes lead by turns."""
        return Identity(
            self.process, Committee(self.keys, round_robin), signing_key(self.secret)[1]
        )

    def _for_all(self) -> dict[str, Any]:
        """What the first line of a log has over any protocol."""
        return {
            "processes": tuple(sorted(self.keys)),
            "draws": self.setting.draws,
            "recombines": self.setting.recombines,
            "elitist": self.setting.elitist,
            "genesis": self.search.genesis.digest,
        }


@dataclass(frozen=True)
class BroadcastConfig(NodeConfig):
    """What a node over Total Order Broadcast must know, whoever orders."""

    @cached_property
    def agreed(self) -> Agreed:
        """The first line of the log."""
        return Agreed(lambda_=self.setting.lambda_, mu=self.setting.mu, **self._for_all())

    @property
    def problem(self) -> Digest:
        """What nodes must have in common to come together: the landscape and the rules."""
        return self.agreed.genesis


@dataclass(frozen=True)
class Config(BroadcastConfig):
    """What a node over Streamlet must know.

    :ivar journal: what must survive a crash besides the log.
    """

    journal: Path


@dataclass(frozen=True)
class NatsConfig(BroadcastConfig):
    """What a node over NATS JetStream must know.

    :ivar servers: where it reaches the servers that order the offers.
    """

    servers: tuple[Address, ...]


@dataclass(frozen=True)
class PowConfig(NodeConfig):
    """What a node over proof-of-work must know.

    :ivar tries: how many nonces it tries in an epoch.
    """

    tries: int

    @cached_property
    def agreed(self) -> PowAgreed:
        """The first line of the log."""
        return PowAgreed(depth=self.setting.depth, hashes=self.setting.hashes, **self._for_all())

    @property
    def problem(self) -> Digest:
        """See :class:`BroadcastConfig`."""
        agreed = self.agreed
        tag = "model-consensus/node/pow/1"
        return tagged_digest(tag, agreed.genesis, agreed.depth, agreed.hashes)


def load_config(path: Path) -> Config | NatsConfig | PowConfig:
    """Read a configuration; the files that it names stand beside it.

    :raises ModelConsensusError: it is not one; the message names the file and the field.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ModelConsensusError(f"{path}: not TOML: {problem}") from None
    try:
        return _config(_Table(data, ""), path.parent)
    except ModelConsensusError as problem:
        raise ModelConsensusError(f"{path}: {problem}") from None


class _Table:
    """A table of TOML; every field of it must be taken."""

    def __init__(self, data: dict[str, Any], prefix: str) -> None:
        self.data = dict(data)
        self.prefix = prefix

    def take(self, name: str, kind: type, what: str, default: Any = ...) -> Any:
        """The field ``name``, of this kind."""
        value = self.data.pop(name, default)
        if value is ...:
            raise ModelConsensusError(f"{self.prefix}{name} is missing")
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ModelConsensusError(f"{self.prefix}{name} must be {what}, not {value!r}")
        return value

    def table(self, name: str) -> "_Table":
        """The table ``name``."""
        return _Table(self.take(name, dict, "a table"), f"{self.prefix}{name}.")

    def end(self) -> None:
        """Refuse what nobody asked for."""
        for name in self.data:
            raise ModelConsensusError(f"there is no field {self.prefix}{name}")


def _config(table: _Table, folder: Path) -> Config | NatsConfig | PowConfig:
    process = table.take("process", str, "a name")
    processes = table.table("processes")
    keys, addresses = {}, {}
    for name in list(processes.data):
        each = processes.table(name)
        keys[name] = _public_key(each)
        if "nats" not in table.data:  # else they meet in the stream
            addresses[name] = _address(each, "address")
        each.end()
    if process not in keys:
        raise ModelConsensusError(f"process {process} is not one of processes")
    secret = read_secret(folder / table.take("key", str, "the name of a file"))
    if signing_key(secret)[0] != keys[process]:
        raise ModelConsensusError(f"key is not that of processes.{process}.key")
    attack, byzantine = _attack(table, keys)
    work = table.table("pow") if "pow" in table.data else None
    nats = table.table("nats") if "nats" in table.data else None
    if work is not None and nats is not None:
        raise ModelConsensusError("pow and nats exclude each other")
    setting = Setting(
        attack=attack,
        processes=len(keys),
        byzantine=_integer(table, "byzantine"),
        draws=_integer(table, "draws"),
        generations=_integer(table, "generations"),
        recombines=table.take("recombines", bool, "true or false"),
        elitist=table.take("elitist", bool, "true or false"),
        **(_broadcast(table, nats is not None) if work is None else _proof_of_work(work)),
    )
    most = min(map(most_draws, keys))  # a name may be longer than those of the setting
    if setting.draws > most:
        raise ModelConsensusError(
            f"messages hold offers of at most {most} draws, not {setting.draws}"
        )
    if byzantine and (process not in byzantine or len(byzantine) > setting.byzantine):
        raise ModelConsensusError(
            f"attack.processes must have {process} and at most {setting.byzantine} processes, as "
            f"byzantine is {setting.byzantine}"
        )
    known = NodeConfig(
        process,
        setting,
        table.take("landscape", str, "a name"),
        secret,
        keys,
        addresses,
        _address(table, "listen"),
        folder / table.take("log", str, "the name of a file"),
        _seconds(table, "start", 0.0),
        _seconds(table, "epoch", 0.001),
        byzantine,
    )
    config: Config | NatsConfig | PowConfig
    if nats is not None:
        config = NatsConfig(**vars(known), servers=_servers(nats))
        nats.end()
    elif work is None:
        journal = folder / table.take("journal", str, "the name of a file")
        config = Config(**vars(known), journal=journal)
    else:
        config = PowConfig(**vars(known), tries=_integer(work, "tries"))
        _check_work(config)
        work.end()
    table.end()
    _ = config.identity.committee, config.landscape  # these refuse what is wrong
    return config


def _broadcast(table: _Table, over_nats: bool) -> dict[str, Any]:
    """What a setting over Total Order Broadcast has; only Streamlet demands n > 3f."""
    rules = {"lambda_": _integer(table, "lambda"), "mu": _integer(table, "mu")}
    return {"protocol": "tob" if over_nats else "streamlet", **rules}


def _servers(nats: _Table) -> tuple[Address, ...]:
    """Where the servers of NATS are."""
    places = nats.take("servers", list, "a list of HOST:PORT")
    if not places:
        raise ModelConsensusError("nats.servers has no address")
    return tuple(parse_address("nats.servers", str(place)) for place in places)


def _proof_of_work(table: _Table) -> dict[str, Any]:
    """What a setting over proof-of-work has.  Who wins is not drawn: nobody has a share."""
    rules = {"depth": _integer(table, "depth"), "hashes": _integer(table, "hashes")}
    return {"protocol": "pow", "share": 0.0, **rules}


def _check_work(config: PowConfig) -> None:
    """Refuse what blocks cannot have."""
    if not 1 <= config.tries <= MOST_TRIES:
        raise ModelConsensusError(f"pow.tries must be in 1..{MOST_TRIES}, not {config.tries}")
    for name in config.keys:
        if not name.isascii() or len(name) > LONGEST_NAME:
            raise ModelConsensusError(
                f"a name in a block has at most {LONGEST_NAME} ASCII characters: {name!r}"
            )


def _integer(table: _Table, name: str) -> int:
    value: int = table.take(name, int, "a whole number")
    return value


def _seconds(table: _Table, name: str, least: float) -> float:
    value: float = table.take(name, float, "a number of seconds")
    if not least <= value < math.inf:
        raise ModelConsensusError(f"{name} must be at least {least:g}, not {value}")
    return value


def _address(table: _Table, name: str) -> Address:
    text = table.take(name, str, "HOST:PORT")
    return parse_address(f"{table.prefix}{name}", text)


def parse_address(what: str, text: str) -> Address:
    """The host and the port in ``text``.

    :raises ModelConsensusError: there are none; the message begins with ``what``.
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isdecimal() and port.isascii() and 0 < int(port) < 1 << 16):
        raise ModelConsensusError(f"{what} must be HOST:PORT, not {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _public_key(table: _Table) -> bytes:
    text = table.take("key", str, "64 hexadecimal digits")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ModelConsensusError(f"{table.prefix}key must be 64 hexadecimal digits, not {text!r}")
    return key


def read_secret(path: Path) -> bytes:
    """The seed of the private key in a file, 32 bytes.

    :raises ModelConsensusError: there is none.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise ModelConsensusError(f"key: {path}: {error.strerror}") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ModelConsensusError(f"key: {path}: not an Ed25519 private key in PEM, unencrypted")
    return key.private_bytes_raw()


def _attack(table: _Table, keys: Mapping[Process, bytes]) -> tuple[str, tuple[Process, ...]]:
    """The name of the attack and who takes part, if the node is Byzantine."""
    if "attack" not in table.data:
        return "honest" if "pow" in table.data else "none", ()
    attack = table.table("attack")
    name = attack.take("name", str, "the name of an attack")
    names = tuple(attack.take("processes", list, "a list of names"))
    attack.end()
    if not set(map(str, names)) <= keys.keys() or len(set(map(str, names))) < len(names):
        raise ModelConsensusError("attack.processes has something else than different processes")
    return name, names
