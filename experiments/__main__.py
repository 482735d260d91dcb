"""The experiment, its tuning, and its report.

``run`` trains every cell that the file of results does not have, and then does what ``report``
does.  Stop it at any time; the same command goes on.  ``report`` writes the figure and the tables
of docs/experiments.md if all cells are finished; of a part of them it writes figure and tables
beside the file of results.  ``tune`` chooses the hyper-parameters of the evolution strategies on
the validation part.  ``confirm`` compares the aggregators with those of the library byzfl.
``backdoor`` trains what is attacked by a backdoor, and prints what became of the attacked class.
``speed-up`` trains over proof-of-work with 1 to 32 processes, and prints what more of them are
worth.
"""

import argparse
import json
import sys
from dataclasses import asdict
from itertools import product
from pathlib import Path
from statistics import fmean

from rich.console import Console

from experiments import aggregators, backdoor, report, speed_up
from experiments.cells import (
    ATTACKS_OF,
    BOUND,
    SEEDS,
    Cell,
    cells_of,
    read_results,
    run_cells,
    settings_text,
)
from experiments.strategies import Settings
from model_consensus.errors import ModelConsensusError

HERE = Path(__file__).parent
TUNED = HERE / "tuned.json"
"""The chosen hyper-parameters of each evolution strategy; written by ``tune``."""

GRID = [
    Settings(sigma, rate, optimizer)
    for optimizer, rates in (("adam", (5, 12, 30)), ("momentum", (40, 160, 640)))
    for sigma, rate in product((16, 64), rates)
]
TUNING_SEEDS, TUNING_BOUNDS = (101,), (2,)
"""A seed that the experiment does not use; f = 2, the bound of Streamlet and of Krum's theorem."""

COMMANDS = ("run", "tune", "report", "confirm", "backdoor", "speed-up")
EXAMPLES = """\
examples:
  python -m experiments run
  python -m experiments run --methods tob pow --jobs 1
  python -m experiments report --out docs/experiments
  python -m experiments tune
  python -m experiments confirm
  python -m experiments backdoor
  python -m experiments speed-up
"""


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=list(ATTACKS_OF),
        default=list(ATTACKS_OF),
        metavar="NAME",
        help=f"run only these; of {', '.join(ATTACKS_OF)}",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out") / "experiments",
        metavar="FOLDER",
        help="where the finished cells are, in results.csv (default: %(default)s)",
    )
    args = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    try:
        if args.jobs < 1:
            raise ModelConsensusError("--jobs: must be at least 1")
        if args.command == "confirm":
            console.print(aggregators.confirm())
        elif args.command == "backdoor":
            console.print(backdoor.table(args.jobs))
        elif args.command == "speed-up":
            console.print(speed_up.table(args.jobs))
        elif args.command == "tune":
            tune(args.out, args.jobs, console)
        else:
            results = args.out / "results.csv"
            if args.command == "run":
                run_cells(results, experiment(args.methods), args.jobs, console)
            wanted = set(experiment(list(ATTACKS_OF)))
            finished = [result for result in read_results(results) if result.cell in wanted]
            console.print(f"{len(finished):,} of {len(wanted):,} cells are finished")
            part = args.out if len(finished) < len(wanted) else None
            console.print(f"written: {', '.join(map(str, report.write(finished, part)))}")
    except ImportError as error:
        print(f"experiments: error: {error.name} is not installed", file=sys.stderr)
        return 2
    except ModelConsensusError as error:
        print(f"experiments: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        console.print(f"stopped; the finished cells are in {args.out}, the same command goes on")
        return 130
    return 0


def experiment(methods: list[str]) -> list[Cell]:
    """Every cell, those of one seed together, so that a part of the experiment is a smaller one.

    A flood takes ten times as long to simulate as any other attack, so it comes last.
    """
    tuned = {name: Settings(**values) for name, values in json.loads(TUNED.read_text()).items()}
    cells = [
        cell
        for method in methods
        for cell in cells_of(method, SEEDS, range(1, BOUND + 1), tuned.get(method))
    ]
    return sorted(cells, key=lambda cell: (cell.attack == "flood", cell.seed))


def tune(out: Path, jobs: int, console: Console) -> None:
    """Choose each evolution strategy's settings: the best mean accuracy on the validation part.

    The mean is over no attack and all attacks alike, so the server is tuned knowing the attacks.
    """
    methods = [method for method in ATTACKS_OF if method.startswith("es-")]
    cells = [
        cell
        for method, settings in product(methods, GRID)
        for cell in cells_of(method, TUNING_SEEDS, TUNING_BOUNDS, settings)
    ]
    results = run_cells(out / "tuning.csv", cells, jobs, console)
    chosen = {}
    for method in methods:

        def quality(settings: Settings, method: str = method) -> float:
            text = settings_text(settings)
            tried = [r for c, r in results.items() if (c.method, c.settings) == (method, text)]
            return fmean(result.validation for result in tried)

        best = max(GRID, key=quality)
        chosen[method] = asdict(best)
        console.print(f"{method}: {settings_text(best)}: mean validation {quality(best):.1%}")
    TUNED.write_text(json.dumps(chosen, indent=2) + "\n", encoding="utf-8")
    console.print(f"written: {TUNED}")


if __name__ == "__main__":
    sys.exit(main())
