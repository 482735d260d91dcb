"""What Streamlet nodes tell each other, named by digests and signed.

The rule of this file: every message is signed with Ed25519 by the process whose word it is, and
only a :class:`Committee` says whether a signature is authentic.  A :class:`Committee` knows the
public keys; its genesis digest covers them, and each signature covers that digest, so nothing
signed for one committee means anything to another.  A signature is over a SHA-256 with a tag of its
own for each kind of message.

The package ``cryptography`` is needed to sign and to verify (``pip install
"model-consensus[streamlet]"``), and not to read this module.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest, Process, tagged_digest

MAX_BODY = 1024
"""Bytes in the body of a message."""

MAX_PROCESSES = 255
"""In a committee, and so votes in a notarization."""

MAX_LINKS = 128
"""Blocks in a chain that one packet carries."""

_TAG = "model-consensus/streamlet/"


@dataclass(frozen=True, slots=True)
class Message:
    """What a process broadcasts, to be ordered: ``body`` is the application's."""

    sender: Process
    body: bytes
    signature: bytes = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of an epoch, counted from 1, on the block with the digest ``parent``."""

    epoch: int
    parent: Digest
    payload: Message | None

    @property
    def digest(self) -> Digest:
        """Its name."""
        return _block_digest(self)


@dataclass(frozen=True, slots=True)
class Vote:
    """``voter`` votes for the block of this epoch with the digest ``block``."""

    voter: Process
    epoch: int
    block: Digest
    signature: bytes = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A leader's block, and the leader's vote for it."""

    block: Block
    vote: Vote


@dataclass(frozen=True, slots=True)
class Notarization:
    """A block and the votes of a quorum for it, sorted by voter.

    Two of them are equal when their blocks are: whose votes it takes makes no difference.
    """

    block: Block
    votes: tuple[Vote, ...] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Request:
    """``sender`` asks for notarized blocks above ``length``, in an epoch."""

    sender: Process
    epoch: int
    length: int
    signature: bytes = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """Notarized blocks, each on the one before it: evidence for the last of them."""

    links: tuple[Notarization, ...]


Packet = Message | Proposal | Vote | Chain | Request
"""What is sent from node to node."""


def sorted_votes(votes: Iterable[Vote]) -> tuple[Vote, ...]:
    """The votes as a notarization has them."""
    return tuple(sorted(votes, key=lambda vote: vote.voter))


@lru_cache(maxsize=4096)
def _block_digest(block: Block) -> Digest:
    message = block.payload
    if message is None:
        return tagged_digest(_TAG + "empty-block/1", block.parent, block.epoch)
    return tagged_digest(_TAG + "block/1", block.parent, block.epoch, message.sender, message.body)


# ------------------------------------------------------------------ who signs and who verifies

Sign = Callable[[bytes], bytes]
"""Signs a text; 64 bytes."""

Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether (public key, signature, text) belong together."""


@lru_cache(maxsize=1 << 16)
def verify_ed25519(public: bytes, signature: bytes, text: bytes) -> bool:
    """Verify an Ed25519 signature.  A pure function, so its last answers are kept.

    The nodes that one program simulates all verify the same votes.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def signing_key(secret: bytes) -> tuple[bytes, Sign]:
    """The public key (32 bytes) and the signing function of a secret seed of 32 bytes.

    :raises ModelConsensusError: the seed has another length.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if len(secret) != 32:
        raise ModelConsensusError(f"an Ed25519 seed has 32 bytes, not {len(secret)}")
    key = Ed25519PrivateKey.from_private_bytes(secret)
    return key.public_key().public_bytes_raw(), lru_cache(maxsize=4096)(key.sign)


def simulation_key(seed: int, process: Process) -> tuple[bytes, Sign]:
    """A key that anybody can compute: for simulations only."""
    return signing_key(tagged_digest(_TAG + "simulation-key/1", seed, process))


def hashed_leader(processes: tuple[Process, ...], epoch: int) -> Process:
    """The leader that the paper suggests: a hash of the epoch, public and the same everywhere."""
    word = int.from_bytes(tagged_digest(_TAG + "leader/1", epoch), "big")
    return processes[word % len(processes)]


@dataclass(frozen=True)
class Committee:
    """The processes, their public keys and who leads which epoch.

    :param keys: the public key of each process, 32 bytes.
    :param leader_of: the leader of an epoch, given the sorted processes; public.
    :raises ModelConsensusError: there are none or too many, or a name is empty or longer than 255
        bytes of UTF-8.
    """

    keys: Mapping[Process, bytes]
    leader_of: Callable[[tuple[Process, ...], int], Process] = hashed_leader
    verify: Verify = verify_ed25519

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= MAX_PROCESSES:
            raise ModelConsensusError(
                f"a committee has 1 to {MAX_PROCESSES} processes, not {len(self.keys)}"
            )
        for process in self.keys:
            if not 1 <= len(process.encode()) <= 255:
                raise ModelConsensusError(f"a process's name has 1 to 255 bytes: {process!r}")

    def __hash__(self) -> int:
        return hash(self.genesis)

    @cached_property
    def processes(self) -> tuple[Process, ...]:
        """The processes, sorted by name."""
        return tuple(sorted(self.keys))

    @cached_property
    def genesis(self) -> Digest:
        """The name of the genesis block: it covers the processes and their keys."""
        names = (item for p in self.processes for item in (p.encode(), self.keys[p]))
        return tagged_digest(_TAG + "genesis/1", *names)

    def leader(self, epoch: int) -> Process:
        """Who may propose in ``epoch``."""
        return self.leader_of(self.processes, epoch)

    def is_quorum(self, voters: int) -> bool:
        """Whether so many distinct voters notarize: two thirds of all processes."""
        return 3 * voters >= 2 * len(self.keys)

    def message(self, sender: Process, sign: Sign, body: bytes) -> Message:
        """A signed message.

        :raises ModelConsensusError: the body is longer than ``MAX_BODY`` bytes.
        """
        if len(body) > MAX_BODY:
            raise ModelConsensusError(f"a body of {len(body)} bytes exceeds {MAX_BODY}")
        return Message(sender, body, sign(self._message_text(sender, body)))

    def vote(self, voter: Process, sign: Sign, block: Block) -> Vote:
        """A signed vote."""
        digest = block.digest
        return Vote(voter, block.epoch, digest, sign(_vote_text(self.genesis, block.epoch, digest)))

    def request(self, sender: Process, sign: Sign, epoch: int, length: int) -> Request:
        """A signed request."""
        return Request(sender, epoch, length, sign(self._request_text(epoch, length)))

    def is_authentic(self, signed: Message | Vote | Request) -> bool:
        """Whether the process that ``signed`` names is of this committee and signed it."""
        match signed:
            case Message(sender, body, signature):
                text = self._message_text(sender, body)
            case Vote(sender, epoch, block, signature):
                text = _vote_text(self.genesis, epoch, block)
            case Request(sender, epoch, length, signature):
                text = self._request_text(epoch, length)
        public = self.keys.get(sender)
        return public is not None and self.verify(public, signature, text)

    def is_certified(self, notarization: Notarization) -> bool:
        """Whether the votes are authentic votes of a quorum for the block."""
        votes, epoch = notarization.votes, notarization.block.epoch
        digest = notarization.block.digest
        return (
            self.is_quorum(len({vote.voter for vote in votes}))
            and all(vote.block == digest and vote.epoch == epoch for vote in votes)
            and all(map(self.is_authentic, votes))
        )

    def _message_text(self, sender: Process, body: bytes) -> bytes:
        return tagged_digest(_TAG + "message/1", self.genesis, sender, body)

    def _request_text(self, epoch: int, length: int) -> bytes:
        return tagged_digest(_TAG + "request/1", self.genesis, epoch, length)


@lru_cache(maxsize=1 << 12)  # a node sees the votes for a block again and again
def _vote_text(genesis: Digest, epoch: int, block: Digest) -> bytes:
    return tagged_digest(_TAG + "vote/1", genesis, epoch, block)
