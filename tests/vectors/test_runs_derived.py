"""Blocks, and runs of both protocols, by the second derivation."""

import hashlib
import struct

import pytest

from tests.vectors.derivation import (
    Json,
    Model,
    after,
    best_ticket,
    coordinates,
    genesis_of,
    is_legal,
    offer_bytes,
    offspring,
    vectors,
)
from tests.vectors.derivation import digest as tagged


def block_digest(block: Json) -> bytes:
    step = offspring(bytes.fromhex(block["parent"]), block["step"])
    content = tagged("model-consensus/block/3", step, block["miner"], int(block["claim"]))
    return hashlib.sha256(content + struct.pack(">Q", int(block["nonce"]))).digest()


def has_work(case: Json, block: Json) -> bool:
    return int.from_bytes(block_digest(block), "big") < int(case["target"], 16)


def is_legal_step(case: Json, generation: int, step: Json) -> bool:
    names = {ticket["proposer"] for ticket in step}
    return len(names) == len(step) and all(
        int(ticket["generation"]) == generation and is_legal(case, [*map(int, ticket["weights"])])
        for ticket in step
    )


def public_offer(case: Json, model: Model, generation: int) -> Json:
    """The ticket of nobody's offer, and its loss."""
    claim, weights = best_ticket(case, model, generation, "")
    return {
        "ticket": {"generation": generation, "proposer": "", "weights": weights},
        "claim": claim,
    }


def has_structure(case: Json, block: Json) -> bool:
    tickets, limit = block["step"], 1 << 64
    names = [block["miner"], *(ticket["proposer"] for ticket in tickets)]
    numbers = [block["claim"], block["nonce"], *(ticket["generation"] for ticket in tickets)]
    weights = [int(weight) for ticket in tickets for weight in ticket["weights"]]
    return (
        0 < len(tickets) <= case["processes"] + 1
        and all(len(name) <= 64 and max(map(ord, name), default=0) < 128 for name in names)
        and all(0 <= int(number) < limit for number in numbers)
        and all(-limit <= 2 * weight < limit for weight in weights)
    )


def verdict(case: Json, models: dict[bytes, Model], heights: dict[bytes, int], block: Json) -> str:
    if not has_structure(case, block):
        return "structure"
    parent = bytes.fromhex(block["parent"])
    if not has_work(case, block):
        return "work"
    if block_digest(block) in models:
        return "known"
    if parent not in models:
        return "parent"
    generation = heights[parent] + 1
    if not is_legal_step(case, generation, block["step"]):
        return "step"
    if after(case, models[parent], block["step"])[0] != int(block["claim"]):
        return "evaluation"
    floor = public_offer(case, models[parent], generation)["claim"]
    return "accepted" if int(block["claim"]) <= floor else "floor"


def led(case: Json) -> tuple[list[str], int, Json]:
    """Whom a leader has banned then, and the loss and the step that it leads with."""
    model, banned = genesis_of(case), set(case["banned"])
    public = public_offer(case, model, 1)
    while True:
        better = [
            offer
            for offer in case["offers"]
            if offer["parent"] == case["genesis"]
            and offer["sender"] == offer["ticket"]["proposer"]
            and is_legal_step(case, 1, [offer["ticket"]])
            and offer["sender"] not in banned
            and offer["claim"] < public["claim"]
        ]
        useful = [public, *better]
        blend = sorted((offer["ticket"] for offer in useful), key=lambda t: str(t["proposer"]))
        lost, least = after(case, model, blend)[0], min(offer["claim"] for offer in useful)
        if lost <= least:
            return sorted(banned), lost, blend
        false = {o["sender"] for o in better if after(case, model, [o["ticket"]])[0] != o["claim"]}
        if not false:
            best = next(offer for offer in useful if offer["claim"] == least)
            return sorted(banned), least, [best["ticket"]]
        banned |= false


def test_blocks_by_a_second_derivation() -> None:
    found = vectors("blocks")
    genesis = genesis_of(found)
    models, heights = {genesis[0]: genesis}, {genesis[0]: 0}
    for case in found["valid"]:
        assert block_digest(case["block"]).hex() == case["digest"]
        assert has_work(found, case["block"]) == case["work"]
    accepted = found["valid"][0]["block"]
    assert verdict(found, models, heights, accepted) == "accepted"
    _, models[block_digest(accepted)] = after(found, genesis, accepted["step"])
    heights[block_digest(accepted)] = 1
    assert verdict(found, models, heights, found["valid"][1]["block"]) == "accepted"
    for case in found["refused"]:
        assert verdict(found, models, heights, case["block"]) == case["verdict"], case["reason"]


def test_steps_of_leaders_by_a_second_derivation() -> None:
    cases = vectors("blocks")["led"]
    for case in cases:
        expected = case["banned_then"], case["loss"], case["step"]
        assert led(case) == expected, case["reason"]
    assert {len(case["step"]) for case in cases} == {1, 2, 3}
    assert {len(set(case["banned_then"]) - set(case["banned"])) for case in cases} == {0, 1}


def test_blocks_at_the_edges_by_a_second_derivation() -> None:
    found = vectors("edge_cases")
    for case in found["floor"]:
        genesis = genesis_of(case)
        models, heights = {genesis[0]: genesis}, {genesis[0]: 0}
        assert verdict(case, models, heights, case["block"]) == case["verdict"], case["reason"]
    assert {case["verdict"] for case in found["floor"]} == {"accepted", "floor"}
    for case in found["work"]:
        assert has_work(case, case["block"]) == case["work"], case["reason"]
    assert {case["work"] for case in found["work"]} == {True, False}


@pytest.mark.parametrize("name", ["decided", "edge_cases"])
def test_decisions_over_total_order_broadcast_by_a_second_derivation(name: str) -> None:
    for run in vectors(name)["tob"]:
        model = genesis_of(run)
        decided: list[Json] = []
        banned: list[str] = []
        accepted: list[Json] = []
        verified: list[Json] = []
        evaluations = 0
        for offer in run["order"]:
            assert offer_bytes(offer).hex() == offer["bytes"]
            ticket = offer["ticket"]
            if (
                offer["sender"] != ticket["proposer"]
                or offer["sender"] in [*banned, *(e["sender"] for e in accepted + verified)]
                or (offer["parent"], ticket["generation"]) != (model[0].hex(), len(decided) + 1)
                or not is_legal(run, ticket["weights"])
            ):
                continue
            accepted.append(offer)
            while len(accepted) + len(verified) >= run["lambda"] and len(verified) < run["mu"]:
                best = min(accepted, key=lambda each: int(each["claim"]))
                accepted.remove(best)
                evaluations += 1
                if after(run, model, [best["ticket"]])[0] == best["claim"]:
                    verified.append(best)
                else:
                    banned.append(best["sender"])
            if len(verified) < run["mu"]:
                continue
            floor = min(verified, key=lambda each: int(each["claim"]))
            step = [floor["ticket"]]
            if run["mu"] > 1:
                evaluations += 1
                tickets = [each["ticket"] for each in verified]
                blend = sorted(tickets, key=lambda each: str(each["proposer"]))
                if after(run, model, blend)[0] < floor["claim"]:
                    step = blend
            lost, model = after(run, model, step)
            decided.append({"step": step, "loss": lost, "digest": model[0].hex()})
            accepted, verified = [], []
        assert decided == run["decided"]
        assert banned == run["banned"]
        assert evaluations == run["evaluations"]
    runs = vectors(name)["tob"]
    assert any(run["banned"] for run in runs)
    sizes = {(run["mu"] > 1, len(each["step"])) for run in runs for each in run["decided"]}
    assert {(False, 1), (True, 1), (True, 2)} <= sizes


@pytest.mark.parametrize("name", ["decided", "edge_cases"])
def test_decisions_over_proof_of_work_by_a_second_derivation(name: str) -> None:
    for run in vectors(name)["pow"]:
        genesis = genesis_of(run)
        chains: dict[bytes, list[Json]] = {genesis[0]: []}
        models = {genesis[0]: genesis}
        tip = genesis[0]
        for block in run["received"]:
            digest, parent = block_digest(block), bytes.fromhex(block["parent"])
            heights = {each: len(chain) for each, chain in chains.items()}
            assert digest.hex() == block["digest"]
            assert verdict(run, models, heights, block) == "accepted"
            _, models[digest] = after(run, models[parent], block["step"])
            decision = {
                "step": block["step"],
                "loss": block["claim"],
                "digest": models[digest][0].hex(),
                "sha256": hashlib.sha256(coordinates(models[digest][1])).hexdigest(),
            }
            chains[digest] = [*chains[parent], decision]
            if len(chains[digest]) > len(chains[tip]):
                tip = digest
        assert tip.hex() == run["tip"]
        assert chains[tip][: len(chains[tip]) - run["depth"]] == run["decided"]
    forked = vectors(name)["pow"][0]
    assert len(forked["decided"]) + forked["depth"] < len(forked["received"])
