"""The setting of a training run: everything that fixes it, its landscape and its learner aside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch, Process
from model_consensus.landscapes import Landscape
from model_consensus.streamlet.offers import most_draws

ATTACKS_ON: Mapping[str, Mapping[str, Any]] = {
    "tob": ATTACKS,
    "streamlet": {**ATTACKS, **MISBEHAVIOURS},
    "pow": STRATEGIES,
}
"""The attacks by protocol and name.  Of two with one name, that on Streamlet's nodes is meant."""

_BROADCAST = frozenset({"generations", "lambda_", "mu"})
_PROOF_OF_WORK = frozenset({"depth", "wins", "share", "hashes", "delay", "interval"})
WITHOUT_EFFECT = {"tob": _PROOF_OF_WORK, "streamlet": _PROOF_OF_WORK, "pow": _BROADCAST}
"""The fields of a setting that its protocol does not use."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What fixes a training run besides its landscape; the defaults are those of the command.

    :ivar protocol: ``tob`` (Total Order Broadcast), ``streamlet`` or ``pow`` (proof-of-work).
    :ivar attack: the name of what the Byzantine processes do; see ``ATTACKS_ON``.
    :ivar processes: n, Byzantine ones included.
    :ivar byzantine: f; the last ones in the order of the names.
    :ivar lambda_: λ, the offers that a selection needs; not used by ``pow``.
    :ivar mu: μ, how many verified offers are blended; not used by ``pow``.
    :ivar recombines: whether a process may offer a combination of its draws.
    :ivar elitist: whether everybody's first draw is the parent again.
    :ivar draws: the draws of a process in a generation.
    :ivar generations: how many are decided; not used by ``pow``.
    :ivar depth: the blocks on top that decide a block.  This and what follows is of ``pow`` alone.
    :ivar wins: the blocks that are mined in all, whoever mines them.
    :ivar share: the adversary's share of the wins.
    :ivar hashes: the hashes that a block costs on average.
    :ivar delay: how many slots a block may take to arrive; 0 if it arrives before the next win.
    :ivar interval: the slots from one win to the next on average; not used if ``delay`` is 0.
    :ivar seed: of the schedule: the order of deliveries, or who wins.
    :ivar names: what the processes' names begin with.  A ticket bears its proposer's name, so
        processes with other names draw other offspring.

    :raises ModelConsensusError: a field is out of its range; the message names it.
    """

    protocol: str
    attack: str
    lambda_: int = 1
    mu: int = 1
    recombines: bool = True
    elitist: bool = False
    processes: int = 4
    byzantine: int = 1
    draws: int = 16
    generations: int = 200
    depth: int = 6
    wins: int = 120
    share: float = 0.2
    hashes: int = 256
    delay: int = 0
    interval: int = 10
    seed: int = 1
    names: str = "p"

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        for problem in self._problems():
            raise ModelConsensusError(problem)

    def _problems(self) -> Iterator[str]:
        if self.protocol not in ATTACKS_ON:
            yield unknown("protocol", self.protocol, list(ATTACKS_ON))
        attacks = ATTACKS_ON[self.protocol]
        if self.attack not in attacks:
            yield unknown(f"attack on {self.protocol}", self.attack, list(attacks))
        for field in ("processes", "lambda_", "mu", "draws", "generations", "wins", "hashes"):
            if getattr(self, field) < 1:
                yield f"{field.rstrip('_')} must be at least 1, not {getattr(self, field)}"
        n, f = self.processes, self.byzantine
        if not 0 <= f < n:
            yield f"byzantine must be in 0..{n - 1}, as one of {n} processes is correct: not {f}"
        if self.protocol == "streamlet" and n <= 3 * f:
            yield f"streamlet needs processes > 3 byzantine (n > 3f), and {n} > 3 * {f} is false"
        if self.protocol != "pow" and self.lambda_ > n:
            yield f"lambda must be in 1..{n}, the number of processes: not {self.lambda_}"
        if self.protocol != "pow" and self.mu > self.lambda_:
            yield f"mu must be in 1..{self.lambda_}, as lambda is {self.lambda_}: not {self.mu}"
        most = most_draws(self.process_names[-1]) if self.protocol == "streamlet" else self.draws
        if self.draws > most:
            yield f"streamlet's messages hold offers of at most {most} draws, not {self.draws}"
        for field in ("depth", "delay", "interval"):
            if getattr(self, field) < 0:
                yield f"{field} must be at least 0, not {getattr(self, field)}"
        if not 0 <= self.share < 1:
            yield f"share must be at least 0 and below 1, not {self.share}"
        if self.protocol == "pow" and self.share > 0 and f == 0:
            yield f"share must be 0 where nobody is Byzantine, not {self.share}"
        if self.hashes > 1 << 32:
            yield f"hashes must be at most 2^32, so that a hash is found: not {self.hashes}"
        if not 0 <= self.seed < 1 << 64:
            yield f"seed must be in 0..2^64-1, not {self.seed}"

    @property
    def process_names(self) -> tuple[Process, ...]:
        """The processes in the order of their names; the Byzantine ones are the last."""
        return process_names(self.processes, self.names)

    @property
    def byzantine_names(self) -> tuple[Process, ...]:
        """The Byzantine processes."""
        return self.process_names[self.processes - self.byzantine :]

    def search(self, landscape: Landscape) -> EvolutionarySearch:
        """The search of ``landscape``; proof-of-work has neither λ nor μ."""
        lambda_, mu = (1, 1) if self.protocol == "pow" else (self.lambda_, self.mu)
        return EvolutionarySearch(landscape, self.draws, lambda_, mu, self.recombines, self.elitist)


def process_names(count: int, prefix: str = "p") -> tuple[Process, ...]:
    """p1, p2, ..., zero-padded so that their order is that of their numbers."""
    width = len(str(count))
    return tuple(f"{prefix}{number:0{width}}" for number in range(1, count + 1))


def unknown(what: str, name: str, known: Sequence[str]) -> str:
    """The message about a name that is not known; it says which are near, or else all."""
    near = get_close_matches(name, known, 3)
    return f"no {what} {name!r}: " + (
        f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    )
