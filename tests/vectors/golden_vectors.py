"""The golden vectors of ``tests/vectors/``: one function for each file makes its cases.

    python -m tests.vectors.golden_vectors [FOLDER]

writes all files, by default where they belong.  They pin bytes: a difference is a change of a
format and breaks other implementations.  What each field means is told in
``tests/vectors/README.md``, and ``test_*_derived.py`` derive the values a second time, from that
text alone.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from model_consensus import tob_learner
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Step,
    Ticket,
    all_drawn,
    by_rank,
    move,
    noise,
    offspring_digest,
)
from model_consensus.landscapes import Landscape
from model_consensus.simulation.benchmark_functions import OneMax, Rosenbrock, Sphere
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.systems.answers import OpenLandscape
from model_consensus.tob_learner import Offer
from tests.vectors import golden_blocks, golden_edge_cases, golden_runs, golden_streamlet
from tests.vectors.golden_json import (
    Json,
    number,
    offer_fields,
    refusal,
    sha256,
    statement,
    step_fields,
    ticket_fields,
)

FOLDER = Path(__file__).parent
ZERO = bytes(32)
ONES = bytes([255] * 32)
GREATEST = (1 << 64) - 1


# ------------------------------------------------------------------ tickets, noise, lineages


def noise_vectors() -> Json:
    """Steps to digests and noise."""
    one, two, three = (1,), (0, 1), (0, 0, 0, 1)
    drawn = [
        (ZERO, 1, "p1", 0, 8),
        (ZERO, 1, "p1", 1, 8),
        (ZERO, 1, "p2", 0, 8),
        (ZERO, 2, "p1", 0, 8),
        (ONES, 1, "p1", 0, 8),
        (bytes(range(32)), 7, "Zoë 🦉", 3, 13),
        (ONES, GREATEST, "", GREATEST, 1),
    ]
    first, second = Ticket(3, "p1", (3, -1, 1, -3)), Ticket(3, "p2", (0, 1, 0, 0))
    third = Ticket(3, "Zoë", (-3, -3, -3, -2))
    steps = [
        (ZERO, [Ticket(1, "p1", one)], "one draw alone"),
        (ZERO, [Ticket(1, "p1", two)], "the second draw alone"),
        (ONES, [Ticket(7, "Zoë 🦉", three)], "the fourth draw alone"),
        (ZERO, [Ticket(1, "p1", (-1,))], "a draw backwards"),
        (ZERO, [first], "a combination; its length, the root of 20, is rounded down to 4"),
        (ONES, [third], "a combination; its length is the root of 31, and sums are negative"),
        (ZERO, [first, second], "two tickets; the root of 8192, 90.5, is rounded down to 90"),
        (ONES, [third, second, first], "three tickets, sorted for the digest; the root is 110"),
    ]
    bad = [
        (Ticket(GREATEST + 1, "p1", one), "the generation does not fit into 64 bits"),
        (Ticket(1, "p1", (1 << 63,)), "the weight is not below 2^63"),
        (Ticket(1, "p1", (-1 - (1 << 63),)), "the weight is below -2^63"),
    ]
    return {
        "draws": [
            {
                "parent": parent.hex(),
                "generation": number(generation),
                "proposer": proposer,
                "draw": number(draw),
                "noise": noise(parent, Ticket(generation, proposer, one), [draw], d)[0].tolist(),
            }
            for parent, generation, proposer, draw, d in drawn
        ],
        "steps": [
            {
                "reason": reason,
                "parent": parent.hex(),
                "step": step_fields(frozenset(tickets)),
                "digest": offspring_digest(parent, frozenset(tickets)).hex(),
                "noise": move(parent, frozenset(tickets), 9).tolist(),
                "elitist": move(parent, frozenset(tickets), 9, elitist=True).tolist(),
            }
            for parent, tickets, reason in steps
        ],
        "invalid": [
            {
                "parent": ZERO.hex(),
                "ticket": ticket_fields(ticket),
                "reason": reason,
                "error": refusal(
                    lambda ticket=ticket: offspring_digest(ZERO, frozenset([ticket]))  # type: ignore[misc]
                ),
            }
            for ticket, reason in bad
        ],
    }


def lineage(search: EvolutionarySearch, path: Sequence[Step]) -> Json:
    """A landscape's genesis and the models along some steps, each with its loss."""
    model, models = search.genesis, []
    for step in path:
        (loss,) = search.losses(model, [step])
        model = search.offspring(model, step)
        vector = model.vector.tolist()
        models.append(
            {
                "step": step_fields(step),
                "digest": model.digest.hex(),
                "loss": number(loss),
                **({"vector": vector} if len(vector) <= 64 else {}),
                "sha256": sha256(model.vector),
            }
        )
    return {
        "landscape": search.landscape.name,
        "describe": search.landscape.describe(),
        **statement(search),
        "genesis": search.genesis.digest.hex(),
        "models": models,
    }


def lineage_vectors() -> Json:
    """Genesis digests, and models along lineages with their losses."""
    path = [
        frozenset([Ticket(1, "p1", (0, 1, 0))]),
        frozenset([Ticket(2, "p3", (2, -2, 0))]),
        frozenset([Ticket(3, "p2", (-2, 0, 2)), Ticket(3, "p1", (1, 0, 0))]),
        frozenset([Ticket(4, "p1", (1, 0, 0))]),
    ]
    made: list[Landscape] = [OneMax(16), Sphere(5), Rosenbrock(4)]
    made += map(load_landscape, ("digits", "digits-mlp"))
    plain, combining = OpenLandscape(3), OpenLandscape(3, recombines=True)
    parent = Model(4, ZERO, Sphere(1).initial())
    good = Ticket(5, "p1", (0, 1, 0))
    bad: list[tuple[OpenLandscape, list[Ticket], str]] = [
        (plain, [replace(good, generation=4)], "stale: the ticket's generation is the parent's"),
        (plain, [replace(good, generation=6)], "the ticket's generation is one too late"),
        (plain, [replace(good, weights=(2, 0, -2))], "draws may not be combined"),
        (plain, [replace(good, weights=(0, 1))], "a weight is missing"),
        (combining, [replace(good, weights=(0, 1, 0, 0))], "there is a weight too many"),
        (combining, [replace(good, weights=(3, 0, 0))], "a weight is above 2"),
        (combining, [replace(good, weights=(0, -3, 0))], "a weight is below -2"),
        (combining, [replace(good, weights=(0, 0, 0))], "all weights are 0"),
        (combining, [], "there is no ticket"),
        (combining, [good, replace(good, weights=(1, 0, 0))], "two tickets of one process"),
    ]
    return {
        "valid": [
            lineage(EvolutionarySearch(each, 3, 4, 2, recombines=True, elitist=elitist), path)
            for each in made
            for elitist in ((False, True) if each.name == "sphere" else (False,))
        ],
        "batches": [
            {
                "landscape": name,
                "parent": "genesis",
                "steps": [*map(step_fields, BATCH)],
                "losses": batch_losses(name),
            }
            for name in ("digits", "digits-mlp")
        ],
        "invalid": [
            {
                "generation_of_parent": parent.generation,
                "draws": search.draws,
                "recombines": search.recombines,
                "step": [*map(ticket_fields, tickets)],
                "reason": reason,
                "error": refusal(
                    lambda search=search, step=frozenset(tickets): search.offspring(parent, step)  # type: ignore[misc]
                ),
            }
            for search, tickets, reason in bad
        ],
    }


BATCH: Sequence[Step] = [
    *all_drawn(1, "p1", 23),
    frozenset([Ticket(1, "p1", by_rank(range(23))), Ticket(1, "p2", (1,) * 23)]),
]


def batch_losses(name: str) -> list[int]:
    """The losses of the first offspring of a landscape, evaluated in one matrix product."""
    search = EvolutionarySearch(load_landscape(name), 23, 4, 2, recombines=True)
    return search.losses(search.genesis, BATCH)


# ------------------------------------------------------------------ offers


def offer_vectors() -> Json:
    """Offers as bytes; bytes that are no offer; offers that a learner ignores."""
    search = EvolutionarySearch(Sphere(3), 2, 4, 2, recombines=True)
    genesis = search.genesis.digest
    good = Offer("p2", genesis, Ticket(1, "p2", (-1, 1)), 3000)
    largest = ((1 << 31) - 1, -(1 << 31), 0)
    offers = [
        good,
        Offer("p1", ZERO, Ticket(1, "p1", (1,)), 0),
        Offer("Zoë", ONES, Ticket(GREATEST, "Zoë", largest), GREATEST),
        Offer("p1", ZERO, Ticket(0, "", ()), 1),
    ]
    whole = encode_offer(good)
    malformed = [
        (b"", "empty"),
        (whole[:51], "truncated: the number of weights is cut short"),
        (whole[:59], "truncated: a weight is cut short"),
        (whole[:51] + b"\x03" + whole[52:], "there are fewer weights than it says"),
        (whole[:60] + b"\xff", "the proposer is not UTF-8"),
        (whole[:60] + b"\xed\xa0\x80", "the proposer is a surrogate"),
    ]
    unencodable = [
        (replace(good, claim=GREATEST + 1), "the claim does not fit into 64 bits"),
        (replace(good, claim=-1), "the claim is negative"),
        (replace(good, ticket=Ticket(1, "p2", (1 << 31,))), "a weight is not below 2^31"),
        (replace(good, parent=genesis[:31]), "the parent is no digest of 32 bytes"),
    ]
    ignored = [
        (replace(good, parent=ZERO), "its parent is not the current model"),
        (replace(good, ticket=Ticket(2, "p2", (-1, 1))), "its generation is not the current one"),
        (replace(good, ticket=Ticket(0, "p2", (-1, 1))), "its generation is over"),
        (replace(good, ticket=Ticket(1, "p3", (-1, 1))), "its ticket is another process's"),
        (replace(good, ticket=Ticket(1, "p2", (2, -1))), "a weight is above 1"),
        (replace(good, ticket=Ticket(1, "p2", (0, 0))), "all weights are 0"),
        (replace(good, ticket=Ticket(1, "p2", (1, -1, 1))), "there is a weight too many"),
        (Offer("p1", genesis, Ticket(1, "p1", (0, 1)), 1), "its sender has an accepted offer"),
        (Offer("p5", genesis, Ticket(1, "p5", (0, 1)), 1), "its sender has a verified offer"),
        (Offer("p4", genesis, Ticket(1, "p4", (1, 0)), 1), "its sender is banned"),
    ]
    learner = replace(
        tob_learner.new_learner(search, "p3"),
        accepted=(Offer("p1", genesis, Ticket(1, "p1", (1, 0)), 5),),
        verified=(Offer("p5", genesis, Ticket(1, "p5", (1, 0)), 4),),
        banned=("p4",),
    )
    assert tob_learner.is_acceptable(search, learner, good)
    assert not any(tob_learner.is_acceptable(search, learner, offer) for offer, _ in ignored)
    assert all(decode_offer("p2", data) is None for data, _ in malformed)
    return {
        "valid": [
            {"offer": offer_fields(offer), "bytes": encode_offer(offer).hex()} for offer in offers
        ],
        "malformed": [{"bytes": data.hex(), "reason": reason} for data, reason in malformed],
        "unencodable": [
            {
                "offer": offer_fields(offer),
                "reason": reason,
                "error": refusal(lambda offer=offer: encode_offer(offer)),  # type: ignore[misc]
            }
            for offer, reason in unencodable
        ],
        "learner": {
            "generation": 1,
            "model": genesis.hex(),
            "draws": search.draws,
            "recombines": search.recombines,
            "accepted": [offer_fields(offer) for offer in learner.accepted],
            "verified": [offer_fields(offer) for offer in learner.verified],
            "banned": list(learner.banned),
        },
        "accepted": [offer_fields(good)],
        "ignored": [{"offer": offer_fields(offer), "reason": reason} for offer, reason in ignored],
    }


FORMATS: Mapping[str, Callable[[], Json]] = {
    "noise": noise_vectors,
    "lineages": lineage_vectors,
    "offers": offer_vectors,
    "streamlet": golden_streamlet.streamlet_vectors,
    "blocks": golden_blocks.block_vectors,
    "decided": golden_runs.decided_vectors,
    "settlement": golden_runs.settlement_vectors,
    "edge_cases": golden_edge_cases.edge_case_vectors,
}


def text(name: str) -> str:
    """The text of a file."""
    return json.dumps(FORMATS[name](), indent=1) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Write all files into the folder that is given, or where they belong."""
    folder = Path(arguments[0]) if arguments else FOLDER
    for name in FORMATS:
        (folder / f"{name}.json").write_text(text(name), encoding="ascii", newline="\n")
        print(folder / f"{name}.json")


if __name__ == "__main__":
    main(sys.argv[1:])
