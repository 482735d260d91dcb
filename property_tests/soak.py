"""Clusters of real processes with drawn faults, one after the other, until interrupted.

``make soak`` runs it.  Each cluster is a call of ``model-consensus cluster`` that is printed before
it begins; the first one whose logs are not accepted, or that stops, ends the soak, and its folder
stays.
"""

import itertools
import random
import shutil
import subprocess
import sys
from pathlib import Path

from model_consensus.simulation.setting import ATTACKS_ON

GENERATIONS = 20
OVER = ("streamlet", "nats", "pow")


def command(
    over: str, scenario: dict[str, object], out: Path, generations: int = GENERATIONS
) -> list[str]:
    """The arguments of ``model-consensus`` for a scenario over one of ``OVER``."""
    protocol = "pow" if over == "pow" else "tob"
    # Each process hears all others in an epoch, and all of them are on one machine.
    epoch = 0.003 * int(str(scenario["processes"])) ** 2
    options = {**scenario, "generations": generations, "landscape": "onemax", "epoch": epoch}
    if protocol == "tob":
        options["order"] = over
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return ["cluster", protocol, *words, "--out", str(out)]


def drawn(over: str, chance: random.Random) -> dict[str, object]:
    """The options of a cluster with one Byzantine process."""
    attacks = ATTACKS_ON["tob" if over == "nats" else over]
    scenario: dict[str, object] = {
        "processes": chance.choice([4, 4, 5, 7]),
        "attack": chance.choice(sorted(attacks)),
        "kills": chance.randint(0, 3),
        "cuts": chance.randint(0, 2),
        "draws": chance.choice([1, 2, 8]),
        "seed": chance.randint(0, 999),
    }
    if over == "pow":
        # Who is cut off wins blocks alone meanwhile; with this depth that is no matter.
        scenario |= {"depth": 20, "hashes": 10_000}
    return scenario


def main() -> int:
    """Run until interrupted; the exit status is that of the first cluster that fails."""
    for number in itertools.count(1):
        out = Path("out") / "soak" / str(number)
        shutil.rmtree(out, ignore_errors=True)
        over = random.choice(OVER)
        arguments = command(over, drawn(over, random.Random()), out)
        print("model-consensus", *arguments, flush=True)
        done = subprocess.run([sys.executable, "-m", "model_consensus", *arguments], check=False)
        if done.returncode:
            return done.returncode
        shutil.rmtree(out)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
