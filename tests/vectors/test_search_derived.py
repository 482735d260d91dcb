"""Tickets, lineages and offers by the second derivation."""

import hashlib
import struct

import pytest

from tests.vectors.derivation import (
    Json,
    after,
    best_ticket,
    combination,
    coordinates,
    digest,
    first,
    genesis_of,
    is_legal,
    loss,
    move,
    mutated,
    noise,
    offer_bytes,
    offspring,
    read_offer,
    statement,
    unit,
    vectors,
)


def test_noise_by_a_second_derivation() -> None:
    for case in vectors("noise")["draws"]:
        parent, generation, draw = (
            bytes.fromhex(case["parent"]),
            int(case["generation"]),
            int(case["draw"]),
        )
        found = noise(parent, generation, case["proposer"], draw, len(case["noise"]))
        assert found == case["noise"]
    for case in vectors("noise")["steps"]:
        parent = bytes.fromhex(case["parent"])
        assert offspring(parent, case["step"]).hex() == case["digest"]
        for elitist, name in ((False, "noise"), (True, "elitist")):
            found = move(parent, case["step"], len(case[name]), elitist=elitist)
            assert found == case[name], case["reason"]
    for case in vectors("noise")["invalid"]:
        with pytest.raises(struct.error):
            offspring(bytes.fromhex(case["parent"]), [case["ticket"]])


def test_lineages_by_a_second_derivation() -> None:
    found = vectors("lineages")
    dimensions = {"onemax": 16, "sphere": 5, "rosenbrock": 4, "digits": 650, "digits-mlp": 2411}
    assert list(dict.fromkeys(case["landscape"] for case in found["valid"])) == [*dimensions]
    assert {case["elitist"] for case in found["valid"]} == {True, False}
    for case in found["valid"]:
        vector = first(case["landscape"], dimensions[case["landscape"]])
        fields = case["describe"], coordinates(vector), *statement(case)
        model = digest("model-consensus/genesis/2", *fields), vector
        assert model[0].hex() == case["genesis"]
        for child in case["models"]:
            lost, model = after(case, model, child["step"])
            assert model[0].hex() == child["digest"]
            assert child.get("vector", model[1]) == model[1]
            assert hashlib.sha256(coordinates(model[1])).hexdigest() == child["sha256"]
            assert lost == int(child["loss"])
    for batch in found["batches"]:
        (same,) = [each for each in found["valid"] if each["landscape"] == batch["landscape"]]
        case = {**same, "draws": 23}
        vector = first(case["landscape"], dimensions[case["landscape"]])
        fields = case["describe"], coordinates(vector), *statement(case)
        genesis = digest("model-consensus/genesis/2", *fields), vector
        cases = list(zip(batch["steps"], batch["losses"], strict=True))
        for step, expected in cases[::6] + cases[-1:]:
            assert after(case, genesis, step)[0] == expected
    for case in found["invalid"]:
        proposers = [ticket["proposer"] for ticket in case["step"]]
        assert not (
            len(set(proposers)) == len(proposers) > 0
            and all(
                ticket["generation"] == case["generation_of_parent"] + 1
                and is_legal(case, ticket["weights"])
                for ticket in case["step"]
            )
        ), case["reason"]


def test_offers_by_a_second_derivation() -> None:
    found = vectors("offers")
    for case in found["valid"]:
        offer, ticket = case["offer"], case["offer"]["ticket"]
        assert offer_bytes(offer).hex() == case["bytes"]
        fields = int(ticket["generation"]), int(offer["claim"]), tuple(ticket["weights"])
        assert read_offer(bytes.fromhex(case["bytes"])) == (*fields, ticket["proposer"])
    for case in found["malformed"]:
        with pytest.raises((struct.error, UnicodeDecodeError)):
            read_offer(bytes.fromhex(case["bytes"]))
    for case in found["unencodable"]:
        with pytest.raises(struct.error):
            offer_bytes(case["offer"])
    learner = found["learner"]

    def acceptable(offer: Json) -> bool:
        ticket = offer["ticket"]
        return (
            offer["parent"] == learner["model"]
            and ticket["generation"] == learner["generation"]
            and ticket["proposer"] == offer["sender"]
            and is_legal(learner, ticket["weights"])
            and offer["sender"] not in [each["sender"] for each in learner["accepted"]]
            and offer["sender"] not in [each["sender"] for each in learner["verified"]]
            and offer["sender"] not in learner["banned"]
        )

    assert all(map(acceptable, found["accepted"]))
    assert not any(acceptable(case["offer"]) for case in found["ignored"])


def test_offspring_at_the_edges_by_a_second_derivation() -> None:
    for case in vectors("edge_cases")["offspring"]:
        parent = bytes.fromhex(case["parent"]["digest"])
        vector = [value for value, count in case["parent"]["runs"] for _ in range(count)]
        generation, proposer, draw = case["ticket"].values()
        weights = unit(draw, case["draws"])
        step = [{"generation": generation, "proposer": proposer, "weights": weights}]
        drawn = noise(parent, generation, proposer, draw, len(vector))
        vector = mutated(case["landscape"], vector, [64 * n for n in drawn], generation)
        assert offspring(parent, step).hex() == case["digest"]
        assert loss(case["landscape"], vector) == int(case["loss"]), case["reason"]
        assert hashlib.sha256(coordinates(vector)).hexdigest() == case["sha256"], case["reason"]


def test_proposals_at_the_edges_by_a_second_derivation() -> None:
    chosen = set()
    for case in vectors("edge_cases")["proposals"]:
        ticket = case["ticket"]
        best = best_ticket(case, genesis_of(case), 1, ticket["proposer"])
        assert best == (int(case["loss"]), ticket["weights"]), case["reason"]
        chosen.add((case["recombines"], sorted(ticket["weights"])[-2] == 0))
    assert chosen == {(True, True), (True, False), (False, True)}


def test_a_combination_weighs_by_rank() -> None:
    assert combination([7, 9, 8]) == [2, -2, 0]
    assert combination([4, 4, 4, 4]) == [3, 1, -1, -3]
