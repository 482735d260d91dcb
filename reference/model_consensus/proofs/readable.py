"""Counterexamples to read: what a reader wants to see of the values of each theory, by name."""

from collections.abc import Mapping
from typing import Any

from model_consensus.proofs.tob_learner import Learner


def _model(value: Any) -> str:
    if value == ("genesis",):
        return "m0"
    if value[0] != "offspring":
        return str(value)
    _, parent, step = value
    return f"{_model(parent)}.{_step(step)}"


def _step(value: Any) -> str:
    return "+".join(_ticket(value[p]) for p in sorted(value.entries) if len(value[p] or ()) > 1)


def _ticket(value: Any) -> str:
    if len(value) == 1:
        return "no ticket"
    _, generation, proposer, (kind, number) = value
    return f"{generation}/p{proposer}/{'c' * (kind == 'combination')}{number}"


def _offer(value: Any) -> str:
    _, sender, parent, ticket, claim = value
    return f"p{sender} offers {_model(parent)}.{_ticket(ticket)} claiming {claim}"


def _who(table: Any, processes: int) -> str:
    return "{" + ", ".join(f"p{q}" for q in range(processes) if table[q]) + "}"


def _learner(value: Any, processes: int) -> str:
    fields = {Learner.accessor(0, i).name().rpartition(".")[2]: x for i, x in enumerate(value[1:])}
    generations = range(1, max(0, min(fields["generation"], 3)) + 1)
    path = " ".join(_model(fields["decided"][g]) for g in (0, *generations))

    def offers(members_of: str) -> str:
        of = [_offer(fields["offers"][q]) for q in range(processes) if fields[members_of][q]]
        return "; ".join(of)

    backed = " ".join(_who(fields["backers"][g], processes) for g in generations)
    return (
        f"decided {path} | accepted [{offers('accepted')}] | verified [{offers('verified')}]"
        f" | banned {_who(fields['isBanned'], processes)}"
        f" | backers {backed or '-'} | delivered {fields['delivered']}"
    )


def describe_tob(values: Mapping[str, Any]) -> Mapping[str, str]:
    """A state of learning over TOB."""
    processes = values["N"]
    shown: dict[str, str] = {}
    if "offer" in values:
        shown["offer"] = _offer(values["offer"])
    length = values.get("length", 0)
    for i in range(max(0, min(length, 4))):
        if "order" in values:
            shown[f"order[{i}]"] = _offer(values["order"][i])
    for name, count in (
        ("history", values.get("moves", 0) + 1),
        ("learner", processes - values["F"]),
    ):
        for i in range(max(0, min(count, 4))):
            if name in values:
                shown[f"{name}[{i}]"] = _learner(values[name][i], processes)
    for p in range(processes - values["F"]):
        for name in ("offered", "evaluations"):
            if name in values:
                shown[f"{name}[p{p}]"] = str(values[name][p])
        for g in range(1, values["Generations"] + 1):
            if "sent" in values and values["sent"][p][g] and "made" in values:
                waits = "waiting" in values and values["waiting"][p][g]
                shown[f"made[p{p}][{g}]"] = _offer(values["made"][p][g]) + (
                    " (waiting)" if waits else ""
                )
    return shown


def _chain(value: Any) -> str:
    return "genesis" if value[0] == "genesis" else f"{_chain(value[1])}-{value[2]}"


def describe_streamlet(values: Mapping[str, Any]) -> Mapping[str, str]:
    """A state of Streamlet."""
    processes = values["N"]
    shown = {}
    if "votes" in values:
        for block, voters in values["votes"].entries.items():
            if any(voters[p] for p in range(processes - values["F"])):
                shown[f"votes[{_chain(block)}]"] = _who(voters, processes)
    for p in range(processes - values["F"]):
        if "lock" in values:
            shown[f"lock[p{p}]"] = str(values["lock"][p])
        if "log" in values:
            shown[f"log[p{p}]"] = _chain(values["log"][p])
    return shown


def describe_chain(values: Mapping[str, Any]) -> Mapping[str, str]:
    """A state of the longest chain."""
    shown = {}
    blocks = range(min(values.get("length", 0), values["Wins"]) + 1)
    if "parent" in values and "miner" in values and "height" in values:
        for i in blocks[1:]:
            miner, parent, height = (values[name][i] for name in ("miner", "parent", "height"))
            shown[f"block {i}"] = f"by p{miner} on {parent}, height {height}"
            if "slot" in values and "paces" in values:
                shown[f"block {i}"] += f", slot {values['slot'][i]}"
                shown[f"block {i}"] += ", a pacer" * values["paces"][i]
    for p in range(values["N"] - 1):
        if "tip" in values:
            shown[f"tip[p{p}]"] = str(values["tip"][p])
        if "known" in values:
            known = [str(i) for i in blocks if values["known"][p][i]]
            shown[f"known[p{p}]"] = "{" + ", ".join(known) + "}"
    for name in ("top", "reached", "best"):
        if name in values:
            shown[name] = str(values[name])
    return shown


def describe_work(values: Mapping[str, Any]) -> Mapping[str, str]:
    """A state of learning over proof-of-work."""
    processes, shown = values["N"], {}
    if "offer" in values:
        shown["offer"] = _offer(values["offer"])
    if "view" in values:
        _, seen, offers, _, _ = values["view"]
        had = [q for q in range(processes) if seen[q]]
        shown["view"] = "; ".join(
            _offer(offers[q]) for q in (*had, processes)
        )  # and the public one
    if "block" in values:
        shown["block"] = _block(values["block"])
    if "offers" in values:
        for k in range(min(values["sent"], 3)):
            shown[f"offer {k}"] = _offer(values["offers"][k])
    if "blocks" in values:
        for i in range(1, min(values["length"], 2) + 1):
            shown[f"block {i}"] = _block(values["blocks"][i])
    for p in range(processes - values["F"]):
        for name in ("tip", "evaluations"):
            if name in values:
                shown[f"{name}[p{p}]"] = str(values[name][p])
        if "banned" in values:
            shown[f"banned[p{p}]"] = _who(values["banned"][p], processes)
    return shown


def _block(value: Any) -> str:
    _, parent, miner, step, claim = value
    return f"by p{miner} on {parent}: {_step(step)} claiming {claim}"
