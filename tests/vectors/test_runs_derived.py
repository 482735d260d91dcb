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
    step = offspring(bytes.fromhex(block["parent"]), [block["ticket"]])
    header = tagged("model-consensus/block/2", step, int(block["claim"]))
    return hashlib.sha256(header + struct.pack(">Q", int(block["nonce"]))).digest()


def has_work(case: Json, block: Json) -> bool:
    return int.from_bytes(block_digest(block), "big") < int(case["target"], 16)


def verdict(case: Json, models: dict[bytes, Model], heights: dict[bytes, int], block: Json) -> str:
    ticket, limit = block["ticket"], 1 << 64
    generation = int(ticket["generation"])
    if not (
        ticket["proposer"] in case["processes"]
        and 0 < generation < limit
        and is_legal(case, ticket["weights"])
        and 0 <= int(block["claim"]) < limit
        and 0 <= int(block["nonce"]) < limit
    ):
        return "structure"
    parent = bytes.fromhex(block["parent"])
    if not has_work(case, block):
        return "work"
    if block_digest(block) in models:
        return "known"
    if parent not in models:
        return "parent"
    if generation != heights[parent] + 1:
        return "generation"
    best = best_ticket(case, models[parent], generation, ticket["proposer"])
    return "accepted" if best == (int(block["claim"]), ticket["weights"]) else "evaluation"


def test_blocks_by_a_second_derivation() -> None:
    found = {**vectors("blocks"), "landscape": "sphere", "elitist": False}
    genesis = genesis_of(found)
    models, heights = {genesis[0]: genesis}, {genesis[0]: 0}
    for case in found["valid"]:
        assert block_digest(case["block"]).hex() == case["digest"]
        assert has_work(found, case["block"]) == case["work"]
    accepted = found["valid"][0]["block"]
    assert verdict(found, models, heights, accepted) == "accepted"
    _, models[block_digest(accepted)] = after(found, genesis, [accepted["ticket"]])
    heights[block_digest(accepted)] = 1
    assert verdict(found, models, heights, found["valid"][1]["block"]) == "accepted"
    for case in found["refused"]:
        assert verdict(found, models, heights, case["block"]) == case["verdict"], case["reason"]


def test_blocks_at_the_edges_by_a_second_derivation() -> None:
    found = vectors("edge_cases")
    for case in found["refused"]:
        genesis = genesis_of(case)
        models, heights = {genesis[0]: genesis}, {genesis[0]: 0}
        assert verdict(case, models, heights, case["block"]) == case["verdict"], case["reason"]
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
            digest, ticket = block_digest(block), block["ticket"]
            parent = bytes.fromhex(block["parent"])
            assert digest.hex() == block["digest"]
            assert has_work(run, block)
            generation = len(chains[parent]) + 1
            best = best_ticket(run, models[parent], generation, ticket["proposer"])
            assert (generation, best) == (ticket["generation"], (block["claim"], ticket["weights"]))
            _, models[digest] = after(run, models[parent], [ticket])
            decision = {
                "ticket": ticket,
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
