"""The tables of docs/settlement.md and docs/settlement-delay.md: published figures and ours."""

from collections.abc import Callable
from fractions import Fraction

from model_consensus.commands.settle import LONGEST_BRANCH
from model_consensus.errors import ModelConsensusError
from model_consensus.settlement import literature
from model_consensus.settlement.chain_quality import selfish_share
from model_consensus.settlement.comparison import MOST_DELAYED, Question, Row, comparison
from model_consensus.settlement.condition import Ties
from model_consensus.settlement.delay import late_share, reversal_upper_bound
from model_consensus.settlement.pacers import may_violate
from model_consensus.settlement.probability import (
    ATTACK_FROM_THE_SLOT,
    OURS,
    Convention,
    least_depth,
    least_depth_of,
)
from model_consensus.settlement.selfish_mining import optimal_selfish_share
from tests.support.delayed_chain_game import deepest_forks

SHARES = [Fraction(n, 100) for n in (10, 15, 20, 25, 30, 35, 40, 45)]
SHOWN = [Fraction(1, 10), Fraction(1, 4), Fraction(7, 20)]
EPSILON = 0.001
DEPTH = 5  # six confirmations
BITCOIN, ETHEREUM = (10.0, 600.0), (2.0, 13.0)  # delay and interval, in seconds

_FROM_THE_SLOT = "no pre-mining, ties to the adversary"
_CONVENTIONS = {
    "Guo and Ren 2022": "pre-mining, ties to the adversary; delay 10 s, interval 600 s",
    "Rosenfeld 2014": f"{_FROM_THE_SLOT}; exact",
    "Grunspan and Pérez-Marco 2018": f"{_FROM_THE_SLOT}; exact",
    "Nakamoto 2008": f"{_FROM_THE_SLOT}; approximation",
}


def table(name: str) -> str:
    """The table of that name."""
    return {"conventions": _conventions, "depths": _depths, "pacers": _pacers}[name]()


def _conventions() -> str:
    """Everybody's figures for six confirmations, and for who leads the decided blocks."""
    late = late_share(*BITCOIN)
    columns = [comparison(Question(share, OURS, late=late)) for share in SHOWN]
    lines = [
        "| whose | convention | counts | " + " | ".join(f"q = {float(s):g}" for s in SHOWN) + " |",
        "|---|---|---|" + "---:|" * len(SHOWN),
    ]
    for rows in zip(*columns, strict=True):
        values = [row.probability(DEPTH) for row in rows]
        cells = ["" if value is None else f"{float(value):.3g}" for value in values]
        lines.append(f"| {_who(rows[0])} | {rows[0].counts} | {' | '.join(cells)} |")
    best = [optimal_selfish_share(float(share), 0.0, LONGEST_BRANCH) for share in SHOWN]
    counts = "share of decided blocks, γ = 0"
    closed_forms = [float(selfish_share(share, Fraction(0))) for share in SHOWN]
    shares = {
        "Eyal and Sirer 2014 | selfish mining": [f"{share:.5f}" for share in closed_forms],
        "Sapirshtein and others 2016 | the best strategy, within": [
            f"{found.lower:.5f} to {found.upper:.5f}" for found in best
        ],
    }
    lines += [f"| {who} | {counts} | {' | '.join(each)} |" for who, each in shares.items()]
    return "\n".join(lines) + "\n"


def _who(row: Row) -> str:
    for author, convention in _CONVENTIONS.items():
        if row.name.startswith(author):
            return f"{row.name} | {convention}"
    name = row.name.replace("delay: upper bound", "delay 10 s, interval 600 s: upper bound")
    return f"ours | {name}"


def _depths() -> str:
    """The least depths by share: without a delay, and by the upper bound under two delays."""
    lines = [
        "| q | Nakamoto, z | Grunspan and Pérez-Marco, z | ours without pre-mining, k | "
        "first received stays, k | ours, k | delay 10 s of 600 s, k | delay 2 s of 13 s, k |",
        "|---|" + "---:|" * 7,
    ]
    for exact in SHARES:
        q = float(exact)

        def nakamoto(z: int, q: float = q) -> float:
            return literature.nakamoto(q, z)

        def grunspan(z: int, q: float = q) -> float:
            return literature.grunspan_perez_marco(q, z)

        cells = [
            f"{q:.2f}",
            str(least_depth_of(nakamoto, EPSILON)),
            str(least_depth_of(grunspan, EPSILON)),
            str(least_depth(q, EPSILON, ATTACK_FROM_THE_SLOT)),
            str(least_depth(q, EPSILON, Convention(ties=Ties.FIRST))),
            str(least_depth(q, EPSILON)),
            *(_bounded(_upper(q, late_share(*network))) for network in (BITCOIN, ETHEREUM)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _upper(q: float, late: float) -> Callable[[int], float]:
    return lambda depth: reversal_upper_bound(q, late, depth)


def _bounded(bound: Callable[[int], float]) -> str:
    """The least depth by a bound; one that is 1 at any depth has none."""
    try:
        return str(least_depth_of(bound, EPSILON, MOST_DELAYED))
    except ModelConsensusError:
        return "none" if bound(0) == 1 else f"> {MOST_DELAYED}"


def _pacers() -> str:
    """How far from necessary the condition under a delay is, on all strings of a few wins."""
    wins, depth = 4, 1
    lines = [
        f"| Δ | strings of {wins} wins | without a bad factor | decisions cannot differ |",
        "|---:|---:|---:|---:|",
    ]
    for delta in range(3):
        forks = [f for f in deepest_forks(wins, delta) if len(f[0].replace("|", "")) == wins]
        settled = sum(not may_violate(slots, delta, depth) for slots, _ in forks)
        agreed = sum(fork <= depth for _, fork in forks)
        lines.append(f"| {delta} | {len(forks):,} | {settled:,} | {agreed:,} |")
    return "\n".join(lines) + "\n"
