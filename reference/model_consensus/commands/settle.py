"""How deep must a block be before its decision is settled?

The probability that a decision at depth k (k blocks on top, k+1 confirmations) is ever reverted,
if the adversary wins a share ALPHA of the slots; the least k for a target EPSILON; and the same
under other conventions and by the formulas in the literature, each with what it counts.  With
--seen also the probability given the slots that have been seen since the decision began.  With
--delay and --interval bounds of it if blocks take up to that time to arrive.  With
--string instead: whether two decisions at one height can differ on that string of slots.  With
--selfish instead: the share of the decided blocks that a selfish adversary leads, by Eyal and
Sirer's strategy and by the best one.

The exit status is 0 if agreement holds (on the string; at --depth with a probability of at most
--epsilon, given the slots of --seen, by the upper bound under --delay), 1 if it does not, and 2 on
bad input.
"""

import argparse
import json
import math
import re
from fractions import Fraction
from pathlib import Path

from model_consensus.errors import ModelConsensusError
from model_consensus.report.settlement import LEAST, evaluated, plot, print_table
from model_consensus.settlement.chain_quality import selfish_share
from model_consensus.settlement.comparison import (
    MOST_CONCURRENT,
    MOST_DELAYED,
    Question,
    comparison,
)
from model_consensus.settlement.condition import (
    Shown,
    Target,
    Ties,
    check_slots,
    violating_factor,
)
from model_consensus.settlement.delay import late_share
from model_consensus.settlement.probability import (
    DEEPEST,
    Convention,
    check_alpha,
)
from model_consensus.settlement.selfish_mining import optimal_selfish_share

EXAMPLES = """\
examples:
  model-consensus settle --alpha 0.1 --epsilon 1e-3
  model-consensus settle --alpha 1/4 --depth 6 --exact
  model-consensus settle --alpha 0.3 --epsilon 1e-6 --horizon 1000 --ties honest
  model-consensus settle --alpha 0.25 --depth 6 --concurrent 0.05
  model-consensus settle --alpha 0.1 --depth 5 --delay 10 --interval 600
  model-consensus settle --alpha 0.3 --depth 20 --plot settlement.svg
  model-consensus settle --alpha 0.25 --depth 6 --seen hhAhhh
  model-consensus settle --alpha 0.35 --selfish 0
  model-consensus settle --string hhAhA --depth 1
  model-consensus settle --string AHA --depth 1 --shown all"""

DEFAULT_EPSILON = Fraction(1, 1000)  # the target of Nakamoto's table
MOST_SLOTS, MOST_EXACT_SLOTS = 2000, 200
"""The greatest horizon: the time of its program grows with the square, and that of exact fractions
with the cube and more."""
LONGEST_BRANCH = 40
"""How long the branches of the best selfish strategy are: the time grows with the cube."""
MOST_SEEN = 1000
"""The greatest depth, and number of slots, with --seen: time and memory grow with the square."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--alpha", type=_fraction, help="the adversary's share: 0.1, 1e-3 or 1/10")
    what.add_argument("--string", metavar="SLOTS", help="slots h, A and H, such as hhAhA")
    parser.add_argument(
        "--epsilon", type=_fraction, help="the target probability (default: 0.001 without --depth)"
    )
    parser.add_argument("--depth", type=int, metavar="K", help="blocks on top (default: the least)")
    parser.add_argument(
        "--horizon", type=int, metavar="N", help="also the probability within N slots"
    )
    parser.add_argument(
        "--seen",
        metavar="SLOTS",
        help="also the probability given these slots (h, A, H), the target's own first",
    )
    parser.add_argument(
        "--delay", type=_seconds, metavar="SECONDS", help="a block arrives within this time"
    )
    parser.add_argument(
        "--interval",
        type=_seconds,
        metavar="SECONDS",
        help="the mean time between two blocks, whoever mines them (with --delay)",
    )
    parser.add_argument(
        "--selfish",
        type=_fraction,
        metavar="GAMMA",
        help="who leads the decided blocks, if GAMMA of the honest mine on its block in a tie",
    )
    parser.add_argument("--exact", action="store_true", help="the fraction itself as well")
    parser.add_argument(
        "--no-pre-mining", action="store_true", help="the attack starts with the target's slot"
    )
    parser.add_argument(
        "--ties",
        choices=[ties.value for ties in Ties],
        default=Ties.ADVERSARY.value,
        help="who decides between two longest chains (default: adversary)",
    )
    parser.add_argument(
        "--target",
        choices=[target.value for target in Target],
        default=Target.HEIGHT.value,
        help="any block at the height (default), or a block that is known to be honest",
    )
    parser.add_argument(
        "--concurrent",
        type=_fraction,
        metavar="RATE",
        help="a share RATE of the honest slots are H: two concurrent blocks",
    )
    parser.add_argument(
        "--shown",
        choices=[shown.value for shown in Shown],
        default=Shown.EACH.value,
        help="in a slot H, whom the adversary can show a block to (default: each)",
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="probability by depth, and with --delay depth by delay: a .svg, .png or .pdf",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")


def run(args: argparse.Namespace) -> int:
    """Print what was asked for."""
    if args.depth is not None and not 0 <= args.depth <= DEEPEST:
        raise ModelConsensusError(f"--depth {args.depth} is not in 0..{DEEPEST}: blocks on top")
    if args.string is not None:
        return _settle_string(args)
    return _settle_share(args) if args.selfish is None else _settle_selfish(args)


def _settle_string(args: argparse.Namespace) -> int:
    if args.depth is None:
        raise ModelConsensusError("--string needs --depth K")
    for option in ("seen", "delay", "interval", "selfish"):
        if getattr(args, option) is not None:
            raise ModelConsensusError(f"--{option} needs --alpha, not --string")
    slots, depth = args.string, args.depth
    factor = violating_factor(slots, depth, Ties(args.ties), Shown(args.shown))
    start, end = factor or (0, 0)
    part = slots[start:end]
    if args.json:
        report = {
            "string": slots,
            "depth": depth,
            "ties": args.ties,
            "shown": args.shown,
            "violates": factor is not None,
            "factor": {"start": start, "end": end, "slots": part} if factor else None,
        }
        print(json.dumps(report, indent=2))
    elif factor is None:
        print(f"{slots}: no two decisions at one height can differ at depth {depth}")
    else:
        honest = part.count("h") + 2 * part.count("H")
        print(f"{slots}: two decisions at one height can differ at depth {depth}")
        print(f"{slots[:start]}[{part}]{slots[end:]}")
        print(
            f"slots {start} to {end - 1}: {part.count('A')} blocks of the adversary's and {honest} "
            f"honest ones, enough for two chains of {depth + 1} that part at one block"
        )
    return 0 if factor is None else 1


def _settle_selfish(args: argparse.Namespace) -> int:
    for option in ("depth", "epsilon", "horizon", "seen", "delay", "interval", "concurrent"):
        if getattr(args, option) is not None:
            raise ModelConsensusError(f"--selfish has no use for --{option}")
    closed_form = selfish_share(args.alpha, args.selfish)
    best = optimal_selfish_share(float(args.alpha), float(args.selfish), LONGEST_BRANCH)
    if args.json:
        report = {
            "alpha": float(args.alpha),
            "gamma": float(args.selfish),
            "honest": float(args.alpha),
            "eyal_and_sirer": float(closed_form),
            "optimal": {"lower": best.lower, "upper": best.upper, "longest": LONGEST_BRANCH},
        }
        print(json.dumps(report, indent=2))
        return 0
    print(
        f"The adversary wins {float(args.alpha):g} of the slots (alpha); in a tie, a share of "
        f"{float(args.selfish):g} of the\nhonest mine on its block (gamma).  The share of the "
        "decided blocks that it leads:\n"
    )
    best_of = f"Sapirshtein and others 2016, the best with branches up to {LONGEST_BRANCH}"
    for name, share in (
        ("honest mining", f"{float(args.alpha):.6g}"),
        ("Eyal and Sirer 2014, SM1", f"{float(closed_form):.6g}"),
        (best_of, f"{best.lower:.6g}"),
        ("the best of all, at most", f"{best.upper:.6g}"),
    ):
        print(f"{name.ljust(len(best_of))}  {share}")
    return 0


def _settle_share(args: argparse.Namespace) -> int:
    check_alpha(args.alpha)
    epsilon = args.epsilon
    if epsilon is None and args.depth is None:
        epsilon = DEFAULT_EPSILON
    if epsilon is not None and not 0 < epsilon < 1:
        raise ModelConsensusError(f"--epsilon {epsilon} is not a probability between 0 and 1")
    for option, value in (("alpha", args.alpha), ("epsilon", epsilon)):
        if value is not None and value < LEAST:
            raise ModelConsensusError(f"--{option}: less than 1e-300 is too little to tell from 0")
    most = MOST_EXACT_SLOTS if args.exact else MOST_SLOTS
    if args.horizon is not None and not 0 <= args.horizon <= most:
        exactly = " with --exact" if args.exact else ""
        raise ModelConsensusError(f"--horizon {args.horizon} is not in 0..{most}{exactly}")
    convention = Convention(not args.no_pre_mining, Ties(args.ties), Target(args.target))
    if args.seen is not None:
        _check_seen(args.seen, args.depth)
    late = _late_share(args)
    question = Question(
        args.alpha,
        convention,
        args.exact,
        args.horizon,
        args.concurrent,
        Shown(args.shown),
        args.seen,
        late,
    )
    rows = comparison(question)
    if args.depth is None:
        assert rows[0].least is not None  # the first row has a least depth
        args.depth = rows[0].least(float(epsilon))
    if args.concurrent is not None and args.depth > MOST_CONCURRENT:
        raise ModelConsensusError(
            f"--concurrent has no formula, and its program ends at depth {MOST_CONCURRENT}; "
            f"the depth here is {args.depth}"
        )
    table = [evaluated(row, args.depth, epsilon, args.alpha) for row in rows]
    if args.plot is not None:
        plot(args.plot, rows, question, args.depth, epsilon)
    if args.json:
        report = {
            "alpha": float(args.alpha),
            "depth": args.depth,
            "confirmations": args.depth + 1,
            "epsilon": None if epsilon is None else float(epsilon),
            "horizon": args.horizon,
            "seen": args.seen,
            "delay": args.delay,
            "interval": args.interval,
            "rows": table,
        }
        print(json.dumps(report, indent=2))
    else:
        print_table(args, table, epsilon)
    judged = table[0]["probability" if args.seen is None else "given_seen"]
    return 0 if epsilon is None or judged <= float(epsilon) else 1


def _late_share(args: argparse.Namespace) -> float | None:
    """The share of blocks within the delay after another, or None without --delay."""
    if args.delay is None and args.interval is None:
        return None
    if args.delay is None or args.interval is None:
        raise ModelConsensusError("--delay and --interval need each other")
    for option in ("seen", "concurrent"):
        if getattr(args, option) is not None:
            raise ModelConsensusError(f"--delay has no program for --{option}")
    if args.depth is not None and args.depth > MOST_DELAYED:
        raise ModelConsensusError(
            f"--delay: its program ends at depth {MOST_DELAYED}, not {args.depth}"
        )
    return late_share(args.delay, args.interval)


def _check_seen(seen: str, depth: int | None) -> None:
    check_slots(seen)
    if depth is None:
        raise ModelConsensusError("--seen needs --depth K")
    if depth > MOST_SEEN:
        raise ModelConsensusError(f"--seen: its program ends at depth {MOST_SEEN}, not {depth}")
    if len(seen) > MOST_SEEN:
        raise ModelConsensusError(f"--seen: {len(seen)} slots are more than {MOST_SEEN}")
    if "H" in seen and depth > MOST_CONCURRENT:
        raise ModelConsensusError(
            f"--seen with slots H: its program ends at depth {MOST_CONCURRENT}, not {depth}"
        )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number: {text}") from None
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"not a time in seconds: {text}")
    return value


def _fraction(text: str) -> Fraction:
    # A fraction with an exponent of nine digits is a number of a billion digits.
    exponent = re.search(r"[eE][+-]?([0-9_]+)$", text)
    if len(text) > 40 or (exponent and len(exponent[1]) > 3):
        raise argparse.ArgumentTypeError(f"more digits than a probability can need: {text[:40]}")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"not a number: {text}") from None
