"""Chain quality: whose blocks are decided when the adversary mines selfishly?

Eyal and Sirer, "Majority is not Enough: Bitcoin Mining is Vulnerable" (Financial Cryptography
2014, arXiv 1311.0243).  Their pool keeps its blocks private; when the honest catch up with all but
one of them it publishes, and when an honest block ties with its only one it publishes that, and a
share ``gamma`` of the honest mines on it.  In the long run every block of the longest chain is
decided at any depth k, so the share of decided blocks that the adversary led is the same.

A block that the adversary leads is an exact (1,lambda) step like any other: it costs resilience
nothing, only the adversary's choice of what to publish counts.
"""

from fractions import Fraction

from model_consensus.errors import ModelConsensusError
from model_consensus.settlement.probability import Number, check_alpha, has_majority


def selfish_share(alpha: Number, gamma: Number) -> Number:
    """The share of the blocks of the longest chain that a selfish adversary leads, in the limit.

    ``alpha`` is its share of the wins, below 1/2; with half of them or more the chain is its own.
    """
    check_minority(alpha)
    check_gamma(gamma)
    ahead = alpha * (1 - alpha) ** 2 * (4 * alpha + gamma * (1 - 2 * alpha)) - alpha**3
    return ahead / (1 - alpha * (1 + (2 - alpha) * alpha))


def profitable_share(gamma: Number) -> Number:
    """The ``alpha`` above which selfish mining leads more blocks than honest mining does."""
    check_gamma(gamma)
    return (1 - gamma) / (3 - 2 * gamma)


def check_minority(alpha: float | Fraction) -> None:
    """Raise ``ModelConsensusError`` unless ``alpha`` is a share of the wins below 1/2."""
    check_alpha(alpha)
    if has_majority(alpha):
        raise ModelConsensusError(
            f"alpha {alpha} is at least 1/2: a selfish adversary can then lead every block"
        )


def check_gamma(gamma: float | Fraction) -> None:
    """Raise ``ModelConsensusError`` unless ``gamma`` is a share of the honest."""
    if not 0 <= gamma <= 1:
        raise ModelConsensusError(f"gamma {gamma} is not a share between 0 and 1")
