"""A second derivation of the values, from ``README.md``, with nothing of the implementation."""

import hashlib
import json
import math
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from tests.support.places import VECTORS

Json = Any
MASK = (1 << 64) - 1


def vectors(name: str) -> Json:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="ascii"))


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


def ticket_digest(ticket: Json) -> bytes:
    weights = [int(weight) + 2**63 for weight in ticket["weights"]]
    who = int(ticket["generation"]), ticket["proposer"]
    return digest("model-consensus/ticket/1", *who, *weights)


def offspring(parent: bytes, step: Json) -> bytes:
    def place(ticket: Json) -> tuple[int, str, list[int]]:
        return int(ticket["generation"]), ticket["proposer"], [*map(int, ticket["weights"])]

    tickets = sorted(step, key=place)
    return digest("model-consensus/offspring/3", parent, *map(ticket_digest, tickets))


def noise(parent: bytes, generation: int, proposer: str, draw: int, dimension: int) -> list[int]:
    name = digest("model-consensus/noise/2", parent, generation, proposer, draw)
    key = int.from_bytes(name[:16], "little")
    return [word.bit_count() - 32 for word in philox(key, dimension)]


def root(square: int) -> int:
    """The greatest integer whose square is not greater."""
    return max(n for n in range(square + 1) if n * n <= square)


def move(parent: bytes, step: Json, dimension: int, *, elitist: bool) -> list[int]:
    """The noise of a step, in units of 1/64."""
    moved = [0] * dimension
    for ticket in step:
        length, total = root(sum(weight**2 for weight in ticket["weights"])), [0] * dimension
        for draw, weight in enumerate(ticket["weights"]):
            if weight and not (elitist and draw == 0):
                who = int(ticket["generation"]), ticket["proposer"]
                drawn = noise(parent, *who, draw, dimension)
                total = [t + weight * n for t, n in zip(total, drawn, strict=True)]
        scaled = [math.floor(Fraction(64 * t, length)) for t in total]
        moved = [m + s for m, s in zip(moved, scaled, strict=True)]
    length = root(64**2 * len(step))
    return [math.floor(Fraction(64 * m, length)) for m in moved]


def combination(losses: Sequence[int]) -> list[int]:
    """The weights by rank: so many draws are worse, less so many that are better."""
    ranked = [(loss, draw) for draw, loss in enumerate(losses)]
    return [sum(o > each for o in ranked) - sum(o < each for o in ranked) for each in ranked]


def unit(draw: int, draws: int) -> list[int]:
    return [0] * draw + [1] + [0] * (draws - draw - 1)


def is_legal(case: Json, weights: list[int]) -> bool:
    """Whether a ticket may have these weights."""
    draws = case["draws"]
    if not case["recombines"]:
        return weights in [unit(draw, draws) for draw in range(draws)]
    most = max(1, draws - 1)
    return len(weights) == draws and weights != [0] * draws and max(map(abs, weights)) <= most


def coordinates(vector: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(vector)}q", *vector)


def cut(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))


def nearest(numerator: int, denominator: int) -> int:
    """The nearest integer to a fraction; from the middle, the greater."""
    return math.floor(Fraction(numerator, denominator) + Fraction(1, 2))


def mutated(landscape: str, vector: list[int], z: list[int], generation: int) -> list[int]:
    """The offspring, which has this generation; ``z`` is in units of 1/64."""
    if landscape == "onemax":
        return [bit ^ (n >= 576) for bit, n in zip(vector, z, strict=True)]
    if landscape == "digits-mlp":
        step = math.floor(vector[-1] * Fraction(4096 + z[-1], 4096))
        if z[-1] < 0:
            step = math.floor(vector[-1] / Fraction(4096 - z[-1], 4096))
        step = max(64, min(65536, step))
        moved = [w + nearest(step * n, 256 * 64) for w, n in zip(vector[:-1], z[:-1], strict=True)]
        return [cut(w, 4095 if i < 32 * 65 else 255) for i, w in enumerate(moved)] + [step]
    halves, limit = {
        "sphere": (max(2, 64 >> (generation - 1) // 10), 1 << 20),
        "rosenbrock": (max(2, 16 >> (generation - 1) // 50), 2048),
        "digits": (10 - min((generation - 1) // 16, 9), 4095),
    }[landscape]
    return [cut(v + nearest(halves * n, 128), limit) for v, n in zip(vector, z, strict=True)]


def first(landscape: str, dimension: int) -> list[int]:
    if landscape == "rosenbrock":
        return [-307, 256] * (dimension // 2)
    if landscape == "digits-mlp":
        parent = digest("model-consensus/digits-mlp/initial/1")
        z = noise(parent, 0, "", 0, 2411)
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


Model = tuple[bytes, list[int]]
"""A digest and coordinates."""


def after(case: Json, model: Model, step: Json) -> tuple[int, Model]:
    """The loss of a step's offspring, and the offspring."""
    name = offspring(model[0], step)
    z = move(model[0], step, len(model[1]), elitist=case["elitist"])
    vector = mutated(case["landscape"], model[1], z, int(step[0]["generation"]))
    return loss(case["landscape"], vector), (name, vector)


def best_ticket(case: Json, model: Model, generation: int, process: str) -> tuple[int, list[int]]:
    """The least loss of a process's draws and their combination, and the weights that have it."""
    draws = case["draws"]

    def evaluated(weights: list[int]) -> int:
        ticket = {"generation": generation, "proposer": process, "weights": weights}
        return after(case, model, [ticket])[0]

    drawn = [evaluated(unit(draw, draws)) for draw in range(draws)]
    options = [(loss, unit(draw, draws)) for draw, loss in enumerate(drawn)]
    if case["recombines"] and draws > 1:
        weights = combination(drawn)
        options.append((evaluated(weights), weights))
    return min(options, key=lambda option: option[0])  # the first of equal ones


def statement(case: Json) -> tuple[int, ...]:
    """What the genesis digest covers besides the landscape."""
    return tuple(int(case[n]) for n in ("lambda", "mu", "draws", "recombines", "elitist"))


def genesis_of(case: Json) -> Model:
    """The first model of a case that names its landscape, dimension and genesis digest."""
    return bytes.fromhex(case["genesis"]), first(case["landscape"], case["dimension"])


def read_offer(body: bytes) -> tuple[int, int, tuple[int, ...], str]:
    """Generation, claim, weights and proposer of an offer; struct.error or UnicodeDecodeError."""
    generation, claim, count = struct.unpack(">2QL", body[32:52])
    end = 52 + 4 * int(count)
    weights = struct.unpack(f">{count}l", body[52:end])
    return generation, claim, weights, body[end:].decode()


def offer_bytes(offer: Json) -> bytes:
    ticket, weights = offer["ticket"], [*map(int, offer["ticket"]["weights"])]
    numbers: bytes = struct.pack(">2Q", int(ticket["generation"]), int(offer["claim"]))
    numbers += struct.pack(f">L{len(weights)}l", len(weights), *weights)
    parent = bytes.fromhex(offer["parent"])
    struct.unpack("32s", parent)  # which demands as many bytes
    proposer: str = ticket["proposer"]
    return parent + numbers + proposer.encode()
