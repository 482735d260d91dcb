"""The golden vectors are fresh, the same everywhere, and right by a second derivation.

The second derivation follows ``tests/vectors/README.md``; what is above the line that says so uses
nothing of the implementation.
"""

import hashlib
import json
import math
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parent
Json = Any
MASK = (1 << 64) - 1


def vectors(name: str) -> Json:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))


# ------------------------------------------------------------------ a second derivation


def digest(tag: str, *fields: bytes | str | int) -> bytes:
    joined = b""
    for item in (tag, *fields):
        if isinstance(item, int):
            item = struct.pack(">Q", item)
        data = item.encode() if isinstance(item, str) else item
        joined += struct.pack(">Q", len(data)) + data
    return hashlib.sha256(joined).digest()


def philox(key: int, words: int) -> Iterator[int]:
    """Philox4x64-10, from the paper."""
    for counter in range(1, -(-words // 4) + 1):
        c, k = [counter, 0, 0, 0], [key & MASK, key >> 64]
        for _ in range(10):
            x, y = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
            c = [y >> 64 ^ c[1] ^ k[0], y & MASK, x >> 64 ^ c[3] ^ k[1], x & MASK]
            k = [k[0] + 0x9E3779B97F4A7C15 & MASK, k[1] + 0xBB67AE8584CAA73B & MASK]
        yield from c[: max(0, words - 4 * counter + 4)]


def offspring(parent: bytes, ticket: Json) -> bytes:
    generation, draw = int(ticket["generation"]), int(ticket["draw"])
    return digest("model-consensus/offspring/1", parent, generation, ticket["proposer"], draw)


def noise(name: bytes, dimension: int) -> list[int]:
    key = int.from_bytes(name[:16], "little")
    return [word.bit_count() - 32 for word in philox(key, dimension)]


def coordinates(vector: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(vector)}q", *vector)


def cut(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))


def mutated(landscape: str, vector: list[int], z: list[int], generation: int = 1) -> list[int]:
    """The offspring, whose generation matters on the sphere only, up to the fiftieth."""
    if landscape == "onemax":
        return [bit ^ (n >= 9) for bit, n in zip(vector, z, strict=True)]
    if landscape == "digits-mlp":
        step = vector[-1] * (64 + z[-1]) // 64
        if z[-1] < 0:
            step = 64 * vector[-1] // (64 - z[-1])
        step = max(64, min(65536, step))
        moved = [w + (step * n + 128) // 256 for w, n in zip(vector[:-1], z[:-1], strict=True)]
        return [cut(w, 4095 if i < 32 * 65 else 255) for i, w in enumerate(moved)] + [step]
    step, limit = {
        "sphere": (32 >> (generation - 1) // 10, 1 << 20),
        "rosenbrock": (8, 2048),
        "digits": (4, 4095),
    }[landscape]
    return [cut(v + step * n, limit) for v, n in zip(vector, z, strict=True)]


def first(landscape: str, dimension: int) -> list[int]:
    if landscape == "rosenbrock":
        return [-307, 256] * (dimension // 2)
    if landscape == "digits-mlp":
        parent = digest("model-consensus/digits-mlp/initial/1")
        z = noise(offspring(parent, {"generation": 0, "proposer": "", "draw": 0}), 2411)
        return [n * (32 if i < 32 * 65 else 4) for i, n in enumerate(z[:-1])] + [512]
    return [{"onemax": 0, "sphere": 1000, "digits": 0}[landscape]] * dimension


@cache
def training_rows() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Features, int64[1077, 65], and labels."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = sorted(range(1797), key=lambda row: digest("model-consensus/digits/split/1", row))[720:]
    pixels = data.data.astype(np.int64)
    means = pixels[order].sum(axis=0) // len(order)
    features = np.hstack([pixels[order] - means, np.full((len(order), 1), 8)])
    return features, data.target[order]


def hinge(scores: np.ndarray[Any, Any], margin: int) -> int:
    """``scores``: int64[rows, 10]."""
    labels = training_rows()[1]
    total = 0
    for row, label in zip(scores.tolist(), labels, strict=True):
        own = row.pop(label)
        total += max(0, margin + max(row) - own) ** 2
    return total


def loss(landscape: str, vector: list[int]) -> int:
    if landscape == "onemax":
        return vector.count(0)
    if landscape == "sphere":
        return sum(v * v for v in vector)
    if landscape == "rosenbrock":
        return sum(
            100 * (256 * w - v * v) ** 2 + (256 * (256 - v)) ** 2 for v, w in pairwise(vector)
        )
    features, _ = training_rows()
    weights = np.array(vector)
    if landscape == "digits":
        return hinge(features @ weights.reshape(10, 65).T, 12000)
    hidden = np.clip(features @ weights[: 32 * 65].reshape(32, 65).T // 64, 0, 511)
    inputs = np.hstack([hidden, np.full((len(hidden), 1), 64)])
    return hinge(inputs @ weights[32 * 65 : -1].reshape(10, 33).T, 120000)


def offer_bytes(offer: Json) -> bytes:
    ticket = offer["ticket"]
    numbers = [int(ticket["generation"]), int(ticket["draw"]), int(offer["claim"])]
    fields: bytes = struct.pack(">3Q", *numbers) + ticket["proposer"].encode()
    parent = bytes.fromhex(offer["parent"])
    struct.unpack("32s", parent)  # which demands as many bytes
    return parent + fields


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
            name = offspring(name, model["ticket"])
            vector = mutated(landscape, vector, noise(name, len(vector)))
            assert name.hex() == model["digest"]
            assert model.get("vector", vector) == vector
            assert hashlib.sha256(coordinates(vector)).hexdigest() == model["sha256"]
            assert loss(landscape, vector) == int(model["loss"])
    for case in found["batches"]:
        landscape = case["landscape"]
        (same,) = [each for each in found["valid"] if each["landscape"] == landscape]
        vector = first(landscape, dimensions[landscape])
        statement = (same["describe"], coordinates(vector), same["lambda"], 24)
        genesis = digest("model-consensus/genesis/1", *statement)
        for ticket, expected in list(zip(case["tickets"], case["losses"], strict=True))[::6]:
            z = noise(offspring(genesis, ticket), len(vector))
            assert loss(landscape, mutated(landscape, vector, z)) == expected


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


# Streamlet


def named(name: str) -> bytes:
    return bytes([len(name.encode())]) + name.encode()


def message_bytes(message: Json) -> bytes:
    body = bytes.fromhex(message["body"])
    signature = bytes.fromhex(message["signature"])
    return named(message["sender"]) + struct.pack(">H", len(body)) + body + signature


def epoch_block(block: Json) -> bytes:
    payload = block["payload"]
    tail = b"\x00" if payload is None else b"\x01" + message_bytes(payload)
    return struct.pack(">Q", block["epoch"]) + bytes.fromhex(block["parent"]) + tail


def signed(voter: Json) -> bytes:
    return named(voter["voter"]) + bytes.fromhex(voter["signature"])


def packet_bytes(packet: Json) -> bytes:
    signature = bytes.fromhex(packet.get("signature", ""))
    match packet["kind"]:
        case "Message":
            return b"\x01" + message_bytes(packet)
        case "Proposal":
            return b"\x02" + epoch_block(packet["block"]) + signed(packet["vote"])
        case "Vote":
            block = bytes.fromhex(packet["block"])
            epoch = struct.pack(">Q", packet["epoch"])
            return b"\x03" + named(packet["voter"]) + epoch + block + signature
        case "Request":
            numbers = struct.pack(">2Q", packet["epoch"], packet["length"])
            return b"\x05" + named(packet["sender"]) + numbers + signature
        case "Chain":
            links = b"".join(
                epoch_block(link["block"])
                + bytes([len(link["votes"])])
                + b"".join(map(signed, link["votes"]))
                for link in packet["links"]
            )
            return bytes([4, len(packet["links"])]) + links
    raise AssertionError(packet["kind"])


def inside(value: Json, key: str) -> Iterator[Json]:
    """Every object inside ``value`` that has ``key``."""
    if isinstance(value, dict):
        if key in value:
            yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else []:
        yield from inside(item, key)


def signed_text(genesis: bytes, packet: Json) -> tuple[str, bytes]:
    """Who should have signed, and what."""
    tag = f"model-consensus/streamlet/{packet['kind'].lower()}/1"
    if packet["kind"] == "Message":
        sender, body = packet["sender"], bytes.fromhex(packet["body"])
        return sender, digest(tag, genesis, sender, body)
    if packet["kind"] == "Vote":
        block = bytes.fromhex(packet["block"])
        return packet["voter"], digest(tag, genesis, packet["epoch"], block)
    return packet["sender"], digest(tag, genesis, packet["epoch"], packet["length"])


def test_streamlet_by_a_second_derivation() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    found = vectors("streamlet")
    committee = found["committee"]
    keys = {
        name: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
        for name, secret in committee["secrets"].items()
    }
    names = sorted(keys)
    public = {name: keys[name].public_key().public_bytes_raw() for name in names}
    assert {name: key.hex() for name, key in public.items()} == committee["keys"]
    listed = [item for name in names for item in (name, public[name])]
    genesis = digest("model-consensus/streamlet/genesis/1", *listed)
    assert genesis.hex() == committee["genesis"]
    for epoch, leader in enumerate(committee["leaders"], 1):
        word = int.from_bytes(digest("model-consensus/streamlet/leader/1", epoch), "big")
        assert names[word % 4] == leader

    def is_authentic(packet: Json) -> bool:
        signer, text = signed_text(genesis, packet)
        return signer in keys and keys[signer].sign(text).hex() == packet["signature"]

    def is_certified(link: Json) -> bool:
        """Three distinct ones of four."""
        return (
            len({vote["voter"] for vote in link["votes"]}) >= 3
            and all(vote["block"] == link["block"]["digest"] for vote in link["votes"])
            and all(map(is_authentic, link["votes"]))
        )

    for case in found["valid"]:
        packet = case["packet"]
        assert packet_bytes(packet).hex() == case["bytes"]
        assert all(map(is_authentic, inside(packet, "signature")))
        assert all(map(is_certified, inside(packet, "votes")))
        for block in inside(packet, "parent"):
            on = bytes.fromhex(block["parent"]), block["epoch"]
            payload = block["payload"]
            if payload is None:
                name = digest("model-consensus/streamlet/empty-block/1", *on)
            else:
                content = payload["sender"], bytes.fromhex(payload["body"])
                name = digest("model-consensus/streamlet/block/1", *on, *content)
            assert name.hex() == block["digest"]
    assert not any(is_authentic(case["packet"]) for case in found["inauthentic"])
    assert not any(
        is_certified(link) for case in found["uncertified"] for link in case["packet"]["links"]
    )


# Proof of work


def block_digest(block: Json) -> bytes:
    ticket = block["ticket"]
    numbers = [int(ticket["generation"]), ticket["proposer"], int(ticket["draw"])]
    parent = bytes.fromhex(block["parent"])
    header = digest("model-consensus/block/1", parent, *numbers, int(block["claim"]))
    return hashlib.sha256(header + struct.pack(">Q", int(block["nonce"]))).digest()


Model = tuple[bytes, list[int]]


def sphere_offspring(model: Model, ticket: Json) -> tuple[int, Model]:
    """The loss, and the offspring."""
    name = offspring(model[0], ticket)
    vector = mutated("sphere", model[1], noise(name, len(model[1])), ticket["generation"])
    return loss("sphere", vector), (name, vector)


def best_ticket(model: Model, generation: int, miner: str, lambda_: int) -> tuple[int, int]:
    """The least loss of the miner's tickets, and the least draw that has it."""
    return min(
        (
            sphere_offspring(model, {"generation": generation, "proposer": miner, "draw": draw})[0],
            draw,
        )
        for draw in range(lambda_)
    )


def verdict(case: Json, models: dict[bytes, Model], heights: dict[bytes, int], block: Json) -> str:
    ticket, limit = block["ticket"], 1 << 64
    generation, draw = int(ticket["generation"]), int(ticket["draw"])
    if not (
        ticket["proposer"] in case["processes"]
        and 0 < generation < limit
        and 0 <= draw < case["lambda"]
        and 0 <= int(block["claim"]) < limit
        and 0 <= int(block["nonce"]) < limit
    ):
        return "structure"
    parent = bytes.fromhex(block["parent"])
    if int.from_bytes(block_digest(block), "big") >= int(case["target"], 16):
        return "work"
    if block_digest(block) in models:
        return "known"
    if parent not in models:
        return "parent"
    if generation != heights[parent] + 1:
        return "generation"
    best = best_ticket(models[parent], generation, ticket["proposer"], case["lambda"])
    return "accepted" if best == (int(block["claim"]), draw) else "evaluation"


def test_blocks_by_a_second_derivation() -> None:
    found = vectors("blocks")
    genesis = bytes.fromhex(found["genesis"])
    models: dict[bytes, Model] = {genesis: (genesis, [1000] * found["dimension"])}
    heights = {genesis: 0}
    for case in found["valid"]:
        name = block_digest(case["block"])
        assert name.hex() == case["digest"]
        assert (int(case["digest"], 16) < int(found["target"], 16)) == case["work"]
    accepted = found["valid"][0]["block"]
    assert verdict(found, models, heights, accepted) == "accepted"
    _, models[block_digest(accepted)] = sphere_offspring(models[genesis], accepted["ticket"])
    heights[block_digest(accepted)] = 1
    assert verdict(found, models, heights, found["valid"][1]["block"]) == "accepted"
    for case in found["refused"]:
        assert verdict(found, models, heights, case["block"]) == case["verdict"], case["reason"]


def test_decisions_over_total_order_broadcast_by_a_second_derivation() -> None:
    for run in vectors("decided")["tob"]:
        genesis = bytes.fromhex(run["genesis"])
        model: Model = (genesis, [1000] * run["dimension"])
        decided: list[Json] = []
        banned: list[str] = []
        accepted: list[Json] = []
        for offer in run["order"]:
            assert offer_bytes(offer).hex() == offer["bytes"]
            ticket = offer["ticket"]
            if (
                offer["sender"] != ticket["proposer"]
                or offer["sender"] in [*banned, *(each["sender"] for each in accepted)]
                or (offer["parent"], ticket["generation"]) != (model[0].hex(), len(decided) + 1)
                or ticket["draw"] not in range(run["draws"])
            ):
                continue
            accepted.append(offer)
            while len(accepted) >= run["lambda"]:
                best = min(accepted, key=lambda each: int(each["claim"]))
                true, following = sphere_offspring(model, best["ticket"])
                if true == best["claim"]:
                    model, accepted = following, []
                    decided.append(
                        {"ticket": best["ticket"], "loss": true, "digest": model[0].hex()}
                    )
                else:
                    accepted.remove(best)
                    banned.append(best["sender"])
        assert decided == run["decided"]
        assert banned == run["banned"]
    assert any(run["banned"] for run in vectors("decided")["tob"])


def test_decisions_over_proof_of_work_by_a_second_derivation() -> None:
    for run in vectors("decided")["pow"]:
        genesis = bytes.fromhex(run["genesis"])
        chains: dict[bytes, list[Json]] = {genesis: []}
        models: dict[bytes, Model] = {genesis: (genesis, [1000] * run["dimension"])}
        tip = genesis
        for block in run["received"]:
            name, ticket = block_digest(block), block["ticket"]
            parent = bytes.fromhex(block["parent"])
            assert name.hex() == block["digest"]
            assert int.from_bytes(name, "big") < int(run["target"], 16)
            generation = len(chains[parent]) + 1
            best = best_ticket(models[parent], generation, ticket["proposer"], run["lambda"])
            assert (generation, best) == (ticket["generation"], (block["claim"], ticket["draw"]))
            _, models[name] = sphere_offspring(models[parent], ticket)
            step = {
                "ticket": ticket,
                "loss": block["claim"],
                "digest": models[name][0].hex(),
                "sha256": hashlib.sha256(coordinates(models[name][1])).hexdigest(),
            }
            chains[name] = [*chains[parent], step]
            if len(chains[name]) > len(chains[tip]):
                tip = name
        assert tip.hex() == run["tip"]
        assert chains[tip][: len(chains[tip]) - run["depth"]] == run["decided"]
    first_run = vectors("decided")["pow"][0]
    assert len(first_run["decided"]) + first_run["depth"] < len(first_run["received"])  # a fork


# Settlement


def differs(slots: str, depth: int, ties: str) -> bool:
    surplus = 1 if ties == "honest" else 0
    return any(
        slots[i:j].count("A") >= slots[i:j].count("h") + surplus
        for i in range(len(slots))
        for j in range(i + 2 * (depth + 1) + surplus, len(slots) + 1)
    )


def ever_reverted(
    alpha: Fraction, depth: int, *, pre_mining: bool, ties: str, block: bool
) -> Fraction:
    """The race, won or lost, until the decision has its depth; then the walk for ever.

    The honest need n wins; the adversary is then behind by so much, its lead before and the best of
    the walk after being geometric with the ratio alpha / (1 - alpha).
    """
    p, ratio = 1 - alpha, alpha / (1 - alpha)
    n = depth if block else depth + 1
    needed = depth + 1 + (1 if ties == "honest" else 0)

    def caught_up(missing: int) -> Fraction:
        """The probability that lead and walk together make up for what is missing."""
        if missing <= 0:
            return Fraction(1)
        walk = [ratio**x for x in range(missing + 1)]
        if not pre_mining:
            return walk[missing]
        exactly = [ratio**x * (1 - ratio) for x in range(missing)]
        return (
            sum((lead * walk[missing - x] for x, lead in enumerate(exactly)), Fraction(0))
            + ratio**missing
        )

    return (
        sum(
            (
                math.comb(n - 1 + m, m) * p**n * alpha**m * caught_up(needed - m)
                for m in range(needed)
            ),
            Fraction(0),
        )
        + (1 - sum((math.comb(n - 1 + m, m) * p**n * alpha**m for m in range(needed)), Fraction(0)))
        if n
        else caught_up(needed)
    )


def reverted_within(alpha: Fraction, depth: int, horizon: int) -> Fraction:
    """Over all strings of slots: pre-mining, ties to the adversary, the height."""
    ratio = alpha / (1 - alpha)
    total = Fraction(0)
    for slots in product((1, -1), repeat=horizon):
        chance = math.prod((alpha if slot > 0 else 1 - alpha for slot in slots), start=Fraction(1))
        # The least lead with which this string reverts the decision.
        balance = 0
        least = 2 * (depth + 1)
        for count, slot in enumerate(slots, 1):
            balance += slot
            least = min(least, max(0, -balance, 2 * (depth + 1) - count))
        total += chance * ratio**least
    return total


def test_settlement_by_a_second_derivation() -> None:
    found = vectors("settlement")
    for case in found["violates"]:
        assert differs(case["slots"], case["depth"], case["ties"]) == case["violates"]
    for depth, count in found["violating_strings_of_length_8"].items():
        strings = map("".join, product("hA", repeat=8))
        assert sum(differs(each, int(depth), "adversary") for each in strings) == count
    for case in found["reversal"]:
        before, ties, target = case["convention"].split(", ")
        expected = ever_reverted(
            Fraction(case["alpha"]),
            case["depth"],
            pre_mining=before == "pre-mining",
            ties=ties.split()[1],
            block=target == "block",
        )
        assert Fraction(case["probability"]) == expected, case
    for case in found["reversal_within"]:
        expected = reverted_within(Fraction(case["alpha"]), case["depth"], case["horizon"])
        assert Fraction(case["probability"]) == expected, case
    for case in found["rosenfeld"]:
        q, n = Fraction(case["alpha"]), case["confirmations"]
        given = sum(
            (
                math.comb(m + n - 1, m) * (1 - q) ** n * q**m * (1 - (q / (1 - q)) ** (n - m))
                for m in range(n)
            ),
            Fraction(0),
        )
        assert Fraction(case["probability"]) == 1 - given, case
    for case in found["selfish_share"]:
        a, g = Fraction(case["alpha"]), Fraction(case["gamma"])  # Eyal and Sirer, equation (8)
        above = a * (1 - a) ** 2 * (4 * a + g * (1 - 2 * a)) - a**3
        assert Fraction(case["share"]) == above / (1 - a * (1 + (2 - a) * a))


# ------------------------------------------------------------------ the implementation

from model_consensus.streamlet.codec import CodecError, decode, encode  # noqa: E402
from model_consensus.streamlet.offers import decode_offer, encode_offer  # noqa: E402
from tests.support.places import ROOT  # noqa: E402
from tests.vectors import golden_vectors  # noqa: E402


@pytest.mark.parametrize("name", golden_vectors.FORMATS)
def test_the_files_are_what_the_implementation_makes(name: str) -> None:
    found = (FOLDER / f"{name}.json").read_text(encoding="ascii")
    assert found == golden_vectors.text(name), (
        "python -m tests.vectors.golden_vectors writes it again"
    )


def test_every_file_is_explained() -> None:
    explained = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = sorted(file.stem for file in FOLDER.glob("*.json"))
    assert files == sorted(golden_vectors.FORMATS)
    for name in files:
        assert f"## {name}.json" in explained


def test_what_is_encoded_is_decoded_and_what_is_malformed_is_refused() -> None:
    for case in vectors("streamlet")["valid"]:
        assert encode(decode(bytes.fromhex(case["bytes"]))).hex() == case["bytes"]
    for case in vectors("streamlet")["malformed"]:
        with pytest.raises(CodecError) as refusal:
            decode(bytes.fromhex(case["bytes"]))
        assert str(refusal.value) == case["error"]
    for case in vectors("offers")["valid"]:
        offer = decode_offer(case["offer"]["sender"], bytes.fromhex(case["bytes"]))
        assert offer is not None
        assert encode_offer(offer).hex() == case["bytes"]
    for case in vectors("offers")["malformed"]:
        assert decode_offer("p1", bytes.fromhex(case["bytes"])) is None


REGENERATE = """
import sys
from threadpoolctl import threadpool_info, threadpool_limits
from model_consensus.simulation.digits import load_parts
load_parts()  # which limits BLAS to one thread
threadpool_limits(int(sys.argv[1]))
from tests.vectors import golden_vectors
golden_vectors.main(sys.argv[2:])
print([each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"])
"""


@pytest.mark.parametrize(("seed", "threads"), [("0", "1"), ("1", "2")])
def test_the_bytes_do_not_depend_on_hash_seeds_and_threads(
    seed: str, threads: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", REGENERATE, threads, str(tmp_path)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    blas = json.loads(done.stdout.splitlines()[-1])
    assert blas == [] or min(int(threads), os.cpu_count() or 1) in blas
    for file in sorted(tmp_path.iterdir()):
        assert file.read_bytes() == (FOLDER / file.name).read_bytes(), file.name
    assert len(list(tmp_path.iterdir())) == len(golden_vectors.FORMATS)
