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
from typing import Any

from model_consensus import pow_learner, tob_learner
from model_consensus.evolutionary_search import (
    EvolutionarySearch,
    Model,
    Ticket,
    check_ticket,
    noise,
    offspring_digest,
)
from model_consensus.landscapes import Landscape, OneMax, Sphere
from model_consensus.pow_learner import Block, Rules, Verdict, find_nonce, new_learner
from model_consensus.simulation.catalogue import load_landscape
from model_consensus.simulation.rosenbrock import Rosenbrock
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.tob_learner import Offer
from tests.vectors import golden_edge_cases, golden_runs, golden_streamlet
from tests.vectors.golden_json import (
    Json,
    number,
    offer_fields,
    pow_fields,
    refusal,
    sha256,
    ticket_fields,
)

FOLDER = Path(__file__).parent
ZERO = bytes(32)
ONES = bytes([255] * 32)
GREATEST = (1 << 64) - 1


# ------------------------------------------------------------------ tickets, noise, lineages


def noise_vectors() -> Json:
    """Tickets to digests and noise."""
    tickets = [
        (ZERO, Ticket(1, "p1", 0), 8),
        (ZERO, Ticket(1, "p1", 1), 8),
        (ZERO, Ticket(1, "p2", 0), 8),
        (ZERO, Ticket(2, "p1", 0), 8),
        (ONES, Ticket(1, "p1", 0), 8),
        (bytes(range(32)), Ticket(7, "Zoë 🦉", 3), 13),
        (ONES, Ticket(GREATEST, "", GREATEST), 1),
    ]
    bad = [
        (Ticket(GREATEST + 1, "p1", 0), "the generation does not fit into 64 bits"),
        (Ticket(1, "p1", -1), "the draw is negative"),
    ]
    return {
        "valid": [
            {
                "parent": parent.hex(),
                "ticket": ticket_fields(ticket),
                "digest": offspring_digest(parent, ticket).hex(),
                "noise": noise(parent, [ticket], dimension)[0].tolist(),
            }
            for parent, ticket, dimension in tickets
        ],
        "invalid": [
            {
                "parent": ZERO.hex(),
                "ticket": ticket_fields(ticket),
                "reason": reason,
                "error": refusal(lambda ticket=ticket: offspring_digest(ZERO, ticket)),  # type: ignore[misc]
            }
            for ticket, reason in bad
        ],
    }


def lineage(search: EvolutionarySearch, tickets: Sequence[Ticket]) -> Json:
    """A landscape's genesis and the models along some tickets, each with its loss."""
    model, steps = search.genesis, []
    for ticket in tickets:
        (loss,) = search.losses(model, [ticket])
        model = search.offspring(model, ticket)
        vector = model.vector.tolist()
        steps.append(
            {
                "ticket": ticket_fields(ticket),
                "digest": model.digest.hex(),
                "loss": number(loss),
                **({"vector": vector} if len(vector) <= 64 else {}),
                "sha256": sha256(model.vector),
            }
        )
    return {
        "landscape": search.landscape.name,
        "describe": search.landscape.describe(),
        "lambda": search.lambda_,
        "draws": search.draws,
        "genesis": search.genesis.digest.hex(),
        "models": steps,
    }


def lineage_vectors() -> Json:
    """Genesis digests, and models along lineages with their losses."""
    path = [Ticket(1, "p1", 0), Ticket(2, "p3", 1), Ticket(3, "p2", 0)]
    made: list[Landscape] = [OneMax(16), Sphere(5), Rosenbrock(4)]
    made += map(load_landscape, ("digits", "digits-mlp"))
    model = Model(4, ZERO, Sphere(1).initial())
    bad = [
        (Ticket(4, "p1", 0), "stale: the ticket's generation is the parent's own"),
        (Ticket(6, "p1", 0), "the ticket's generation is one too late"),
        (Ticket(5, "p1", 2), "the draw is not below the number of draws"),
        (Ticket(5, "p1", -1), "the draw is negative"),
    ]
    return {
        "valid": [lineage(EvolutionarySearch(each, 2, 3), path) for each in made],
        "batches": [
            {
                "landscape": name,
                "parent": "genesis",
                "tickets": [ticket_fields(Ticket(1, "p1", draw)) for draw in range(24)],
                "losses": batch_losses(name, 24),
            }
            for name in ("digits", "digits-mlp")
        ],
        "invalid": [
            {
                "generation_of_parent": model.generation,
                "draws": 2,
                "ticket": ticket_fields(ticket),
                "reason": reason,
                "error": refusal(lambda ticket=ticket: check_ticket(model, ticket, 2)),  # type: ignore[misc]
            }
            for ticket, reason in bad
        ],
    }


def batch_losses(name: str, draws: int) -> list[int]:
    """The losses of the first offspring of a landscape, evaluated in one matrix product."""
    search = EvolutionarySearch(load_landscape(name), draws, 3)
    return search.losses(search.genesis, [Ticket(1, "p1", draw) for draw in range(draws)])


# ------------------------------------------------------------------ offers


def offer_vectors() -> Json:
    """Offers as bytes; bytes that are no offer; offers that a learner ignores."""
    search = EvolutionarySearch(Sphere(3), draws=2, lambda_=3)
    genesis = search.genesis.digest
    good = Offer("p2", genesis, Ticket(1, "p2", 1), 3000)
    offers = [
        good,
        Offer("p1", ZERO, Ticket(1, "p1", 0), 0),
        Offer("Zoë", ONES, Ticket(GREATEST, "Zoë", GREATEST), GREATEST),
        Offer("p1", ZERO, Ticket(0, "", 0), 1),
    ]
    whole = encode_offer(good)
    malformed = [
        (b"", "empty"),
        (whole[:55], "truncated: a number is cut short"),
        (whole[:56] + b"\xff", "the proposer is not UTF-8"),
        (whole[:56] + b"\xed\xa0\x80", "the proposer is a surrogate"),
    ]
    unencodable = [
        (replace(good, claim=GREATEST + 1), "the claim does not fit into 64 bits"),
        (replace(good, claim=-1), "the claim is negative"),
        (replace(good, parent=genesis[:31]), "the parent is no digest of 32 bytes"),
    ]
    ignored = [
        (replace(good, parent=ZERO), "its parent is not the current model"),
        (replace(good, ticket=Ticket(2, "p2", 1)), "its generation is not the current one"),
        (replace(good, ticket=Ticket(0, "p2", 1)), "its generation is over"),
        (replace(good, ticket=Ticket(1, "p3", 1)), "its ticket is another process's"),
        (replace(good, ticket=Ticket(1, "p2", 2)), "its draw is not below the number of draws"),
        (Offer("p1", genesis, Ticket(1, "p1", 1), 1), "its sender has an accepted offer already"),
        (Offer("p4", genesis, Ticket(1, "p4", 0), 1), "its sender is banned"),
    ]
    learner = replace(
        tob_learner.new_learner(search, "p3"),
        accepted=(Offer("p1", genesis, Ticket(1, "p1", 0), 5),),
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
            "accepted": [offer_fields(offer) for offer in learner.accepted],
            "banned": list(learner.banned),
        },
        "accepted": [offer_fields(good)],
        "ignored": [{"offer": offer_fields(offer), "reason": reason} for offer, reason in ignored],
    }


# ------------------------------------------------------------------ proof of work


def pow_vectors() -> Json:
    """Blocks with their digests and work; blocks that a learner refuses, with the verdict."""
    search = EvolutionarySearch(Sphere(3), draws=4, lambda_=4)
    rules = Rules(("p1", "p2", "p3"), depth=1, target=1 << 248)
    learner = new_learner(search, "p1")
    first = pow_learner.extend(search, rules, learner.root, search.genesis, "p2")
    learner = pow_learner.adopt(search, learner, first)
    model = learner.models[first.digest]
    second = pow_learner.extend(search, rules, first.digest, model, "p3", start=1 << 40)
    greatest = Block(ONES, Ticket(GREATEST, "Zoë", GREATEST), GREATEST, GREATEST)

    def changed(**changes: Any) -> Block:
        """The second block with other fields, and work."""
        return find_nonce(rules, replace(second, nonce=0, **changes))

    refused = [
        (replace(second, ticket=Ticket(2, "p9", 0)), "the miner is no process"),
        (replace(second, ticket=Ticket(2, "p3", 4)), "the draw is not below λ"),
        (replace(second, ticket=Ticket(0, "p3", 0)), "the generation is 0"),
        (replace(second, claim=-1), "the claim is negative"),
        (replace(second, nonce=GREATEST + 1), "the nonce does not fit into 64 bits"),
        (find_nonce(rules, second, work=False), "the hash is not below the target"),
        (first, "it is accepted already"),
        (changed(parent=ZERO), "the parent is unknown"),
        (changed(ticket=replace(second.ticket, generation=1)), "the generation is its parent's"),
        (changed(ticket=replace(second.ticket, generation=3)), "the generation is one too late"),
        (
            changed(parent=learner.root),
            "stale: a block of generation 2 on the genesis",
        ),
        (changed(claim=second.claim - 1), "the claim is too low"),
        (changed(claim=second.claim + 1), "the claim is too high"),
        (
            changed(ticket=replace(second.ticket, draw=(second.ticket.draw + 1) % 4)),
            "the ticket is not the best one",
        ),
    ]
    assert pow_learner.check(search, rules, learner, second) is Verdict.ACCEPTED
    verdicts = [pow_learner.check(search, rules, learner, block) for block, _ in refused]
    assert Verdict.ACCEPTED not in verdicts
    return {
        "landscape": "sphere",
        "dimension": 3,
        "lambda": 4,
        "processes": list(rules.processes),
        "target": f"{rules.target:064x}",
        "genesis": search.genesis.digest.hex(),
        "valid": [
            {
                "block": pow_fields(block),
                "digest": block.digest.hex(),
                "work": pow_learner.has_work(rules, block),
            }
            for block in (first, second, greatest)
        ],
        "refused": [
            {"block": pow_fields(block), "reason": reason, "verdict": verdict.name.lower()}
            for (block, reason), verdict in zip(refused, verdicts, strict=True)
        ],
    }


FORMATS: Mapping[str, Callable[[], Json]] = {
    "noise": noise_vectors,
    "lineages": lineage_vectors,
    "offers": offer_vectors,
    "streamlet": golden_streamlet.streamlet_vectors,
    "blocks": pow_vectors,
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
