"""Tickets, lineages and offers by the second derivation."""

import hashlib
import struct

import pytest

from tests.vectors.derivation import (
    Json,
    coordinates,
    digest,
    first,
    noise,
    offer_bytes,
    offspring,
    step,
    vectors,
)


def test_noise_by_a_second_derivation() -> None:
    for case in vectors("noise")["valid"]:
        name = offspring(bytes.fromhex(case["parent"]), case["ticket"])
        assert name.hex() == case["digest"]
        assert noise(name, len(case["noise"])) == case["noise"]


def test_lineages_by_a_second_derivation() -> None:
    found = vectors("lineages")
    dimensions = {"onemax": 16, "sphere": 5, "rosenbrock": 4, "digits": 650, "digits-mlp": 2411}
    assert [case["landscape"] for case in found["valid"]] == [*dimensions]
    for case in found["valid"]:
        landscape = case["landscape"]
        vector = first(landscape, dimensions[landscape])
        statement = (case["describe"], coordinates(vector), case["lambda"], case["draws"])
        name = digest("model-consensus/genesis/1", *statement)
        assert name.hex() == case["genesis"]
        for model in case["models"]:
            loss, (name, vector) = step(landscape, (name, vector), model["ticket"])
            assert name.hex() == model["digest"]
            assert model.get("vector", vector) == vector
            assert hashlib.sha256(coordinates(vector)).hexdigest() == model["sha256"]
            assert loss == int(model["loss"])
    for case in found["batches"]:
        landscape = case["landscape"]
        (same,) = [each for each in found["valid"] if each["landscape"] == landscape]
        vector = first(landscape, dimensions[landscape])
        statement = (same["describe"], coordinates(vector), same["lambda"], 24)
        genesis = digest("model-consensus/genesis/1", *statement)
        for ticket, expected in list(zip(case["tickets"], case["losses"], strict=True))[::6]:
            assert step(landscape, (genesis, vector), ticket)[0] == expected


def test_offers_by_a_second_derivation() -> None:
    found = vectors("offers")
    for case in found["valid"]:
        assert offer_bytes(case["offer"]).hex() == case["bytes"]
    for case in found["malformed"]:
        data = bytes.fromhex(case["bytes"])
        with pytest.raises((struct.error, UnicodeDecodeError)):
            (struct.unpack(">3Q", data[32:56]), data[56:].decode())
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
            and 0 <= ticket["draw"] < learner["draws"]
            and offer["sender"] not in [each["sender"] for each in learner["accepted"]]
            and offer["sender"] not in learner["banned"]
        )

    assert all(map(acceptable, found["accepted"]))
    assert not any(acceptable(case["offer"]) for case in found["ignored"])


def test_offspring_at_the_edges_by_a_second_derivation() -> None:
    for case in vectors("edge_cases")["offspring"]:
        parent = bytes.fromhex(case["parent"]["digest"])
        vector = [value for value, count in case["parent"]["runs"] for _ in range(count)]
        loss, (name, vector) = step(case["landscape"], (parent, vector), case["ticket"])
        assert name.hex() == case["digest"]
        assert loss == int(case["loss"]), case["reason"]
        assert hashlib.sha256(coordinates(vector)).hexdigest() == case["sha256"], case["reason"]
