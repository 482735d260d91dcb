"""How long the core takes to read: its files beside the specification, in reading order."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS_A_MINUTE = 120
"""Half of the 238 words a minute that adults read of English non-fiction (Brysbaert, 2019)."""

_PYTHON = "reference/model_consensus"
HOURS = {
    "first": (
        ("spec/EvolutionarySearch.tla", "models, steps, losses, and what has to hold"),
        (f"{_PYTHON}/landscapes.py", "what is searched"),
        (f"{_PYTHON}/evolutionary_search.py", "the same as EvolutionarySearch, with real noise"),
        ("spec/TotalOrderBroadcast.tla", "the network that the learner assumes"),
        (f"{_PYTHON}/systems/total_order_broadcast.py", "the same in Python"),
        ("spec/TobLearner.tla", "the learner over the broadcast"),
        (f"{_PYTHON}/tob_learner.py", "the same in Python, name by name"),
    ),
    "second": (
        (f"{_PYTHON}/systems/system.py", "the four operations that drive every protocol"),
        (f"{_PYTHON}/systems/answers.py", "what a landscape may answer"),
        (f"{_PYTHON}/systems/lineage.py", "from a digest to the model of the specification"),
        ("spec/TobLearning.tla", "the learners, the broadcast and the adversary"),
        (f"{_PYTHON}/systems/tob.py", "the same in Python, action by action"),
    ),
    "third": (
        ("spec/PowLearner.tla", "the learner over proof-of-work"),
        (f"{_PYTHON}/pow_learner.py", "the same in Python, with a real hash"),
    ),
    "fourth": (
        ("spec/PowLearning.tla", "the learners, the oracle, the network and the adversary"),
        (f"{_PYTHON}/systems/pow_actions.py", "its states and actions in Python"),
        (f"{_PYTHON}/systems/pow_tree.py", "the block tree, and a state in the words of TLA+"),
        (f"{_PYTHON}/systems/pow.py", "what each action does, in Python"),
    ),
}


def words(file: str) -> int:
    """The number of words of a file, code and comments alike."""
    return len((ROOT / file).read_text(encoding="utf-8").split())


def minutes(count: int) -> int:
    """The minutes that so many words take, rounded up."""
    return -(-count // WORDS_A_MINUTE)


def table(hour: str) -> str:
    """The files of an hour with their sizes.

    :raises KeyError: there is no such hour.
    """
    lines = ["| file | what it is | lines | words | minutes |", "|---|---|---:|---:|---:|"]
    total = [0, 0]
    for file, what in HOURS[hour]:
        size = len((ROOT / file).read_text(encoding="utf-8").splitlines()), words(file)
        total = [total[0] + size[0], total[1] + size[1]]
        lines.append(
            f"| [{file}](../{file}) | {what} | {size[0]} | {size[1]} | {minutes(size[1])} |"
        )
    lines.append(f"| together | | {total[0]:,} | {total[1]:,} | {minutes(total[1])} |")
    return "\n".join(lines) + "\n"
