"""Golden vectors of Streamlet's packets; see ``golden_vectors.py``."""

from collections.abc import Sequence
from dataclasses import replace

from model_consensus.evolutionary_search import tagged_digest
from model_consensus.streamlet.codec import decode, encode
from model_consensus.streamlet.messages import (
    MAX_BODY,
    Chain,
    Committee,
    Message,
    Notarization,
    Packet,
    Proposal,
    Request,
    Vote,
    simulation_key,
)
from model_consensus.streamlet.messages import Block as EpochBlock
from tests.vectors.golden_json import Json, number, refusal


def packet_fields(packet: Packet) -> Json:
    match packet:
        case Message(sender, body, signature):
            fields: Json = {"sender": sender, "body": body.hex(), "signature": signature.hex()}
        case Vote(voter, epoch, block, signature):
            fields = {"voter": voter, "epoch": number(epoch), "block": block.hex()}
            fields["signature"] = signature.hex()
        case Request(sender, epoch, length, signature):
            fields = {"sender": sender, "epoch": number(epoch), "length": number(length)}
            fields["signature"] = signature.hex()
        case Proposal(block, vote):
            fields = {"block": block_fields(block), "vote": packet_fields(vote)}
        case Chain(links):
            fields = {
                "links": [
                    {"block": block_fields(link.block), "votes": [*map(packet_fields, link.votes)]}
                    for link in links
                ]
            }
    return {"kind": type(packet).__name__, **fields}


def block_fields(block: EpochBlock) -> Json:
    payload = block.payload
    return {
        "epoch": number(block.epoch),
        "parent": block.parent.hex(),
        "payload": None if payload is None else packet_fields(payload),
        "digest": block.digest.hex(),
    }


def streamlet_vectors() -> Json:
    """Packets as bytes with their signatures; bytes and packets that are to be refused."""
    names = ("p1", "p2", "p3", "p4")
    keys = {name: simulation_key(1, name) for name in names}
    committee = Committee({name: public for name, (public, _) in keys.items()})
    other = Committee({name: simulation_key(2, name)[0] for name in names})
    (_, sign), (_, sign2) = keys["p1"], keys["p2"]
    message = committee.message("p1", sign, b"offer")
    first = EpochBlock(1, committee.genesis, None)
    second = EpochBlock(2, first.digest, message)

    def votes(block: EpochBlock, voters: Sequence[str]) -> tuple[Vote, ...]:
        return tuple(committee.vote(voter, keys[voter][1], block) for voter in voters)

    proposal = Proposal(second, *votes(second, ["p1"]))
    chain = Chain(
        (
            Notarization(first, votes(first, names[:3])),
            Notarization(second, votes(second, names[1:])),
        )
    )
    (vote,) = votes(first, ["p2"])
    request = committee.request("p1", sign, 3, 1)
    packets: list[Packet] = [message, proposal, vote, chain, Chain(()), request]
    whole = {type(packet).__name__: encode(packet) for packet in packets[:4]}
    two_votes = encode(Chain((Notarization(first, votes(first, names[:2])),)))
    one = (len(two_votes) - 2 - 41 - 1) // 2  # bytes of a vote in a chain
    swapped = two_votes[: -2 * one] + two_votes[-one:] + two_votes[-2 * one : -one]
    malformed = [
        (b"", "empty"),
        (b"\x00" + whole["Message"][1:], "no kind of packet"),
        (whole["Message"][:-1], "truncated: the signature is cut short"),
        (whole["Vote"][:10], "truncated: a number is cut short"),
        (whole["Vote"] + b"\x00", "trailing bytes"),
        (b"\x01\x00" + whole["Message"][4:], "an empty name"),
        (b"\x01\x02\xff\xff" + whole["Message"][4:], "a name that is not UTF-8"),
        (
            whole["Message"][:4] + (MAX_BODY + 1).to_bytes(2, "big") + bytes(MAX_BODY + 65),
            "a body that is too long",
        ),
        (b"\x02" + whole["Proposal"][1:41] + b"\x02" + bytes(200), "a block with two messages"),
        (bytes([4, 129]), "a chain with too many links"),
        (swapped, "votes that are not sorted by voter"),
        (two_votes[: -2 * one] + two_votes[-one:] * 2, "two votes of one voter"),
    ]
    inauthentic: list[tuple[Message | Vote | Request, str]] = [
        (replace(message, signature=bytes(64)), "no signature"),
        (replace(message, signature=_flipped(message.signature)), "a bit of the signature differs"),
        (replace(message, body=b"offes"), "the body is another one"),
        (replace(message, sender="p2"), "signed by somebody else"),
        (replace(message, sender="p5"), "the sender is not of the committee"),
        (replace(vote, epoch=2), "the epoch is another one"),
        (replace(vote, block=second.digest), "the block is another one"),
        (other.vote("p2", sign2, first), "signed for another committee"),
        (replace(request, length=2), "the length is another one"),
    ]
    uncertified = [
        (Notarization(first, votes(first, names[:2])), "two votes of four are no quorum"),
        (Notarization(first, votes(first, ["p1", "p2", "p2"])), "one vote is there twice"),
        (Notarization(first, votes(second, names[:3])), "the votes are for another block"),
        (
            Notarization(first, (*votes(first, names[:2]), replace(vote, voter="p3"))),
            "a vote has another process's signature",
        ),
    ]
    assert all(map(committee.is_certified, chain.links))
    assert not any(committee.is_authentic(packet) for packet, _ in inauthentic)
    assert not any(committee.is_certified(link) for link, _ in uncertified)
    return {
        "committee": committee_fields(committee),
        "valid": [
            {"packet": packet_fields(packet), "bytes": encode(packet).hex()} for packet in packets
        ],
        "malformed": [
            {
                "bytes": data.hex(),
                "reason": reason,
                "error": refusal(lambda data=data: decode(data)),  # type: ignore[misc]
            }
            for data, reason in malformed
        ],
        "inauthentic": [
            {"packet": packet_fields(packet), "reason": reason} for packet, reason in inauthentic
        ],
        "uncertified": [
            {"packet": packet_fields(Chain((link,))), "reason": reason}
            for link, reason in uncertified
        ],
    }


def committee_fields(committee: Committee) -> Json:
    """Its members' keys, secrets (of the seed 1), and the leaders of some epochs."""
    return {
        "secrets": {name: _secret(1, name).hex() for name in committee.processes},
        "keys": {name: public.hex() for name, public in committee.keys.items()},
        "genesis": committee.genesis.hex(),
        "leaders": [committee.leader(epoch) for epoch in range(1, 9)],
    }


def _flipped(signature: bytes) -> bytes:
    return bytes([signature[0] ^ 1]) + signature[1:]


def _secret(seed: int, process: str) -> bytes:
    return tagged_digest("model-consensus/streamlet/simulation-key/1", seed, process)
