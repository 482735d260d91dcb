"""Packets of Streamlet by the second derivation."""

import struct
from collections.abc import Iterator

from tests.vectors.derivation import Json, digest, vectors


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


class Committee:
    """Who may sign, from a committee's secrets; the other fields must be what follows from them."""

    def __init__(self, fields: Json) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.keys = {
            name: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
            for name, secret in fields["secrets"].items()
        }
        names = sorted(self.keys)
        public = {name: self.keys[name].public_key().public_bytes_raw() for name in names}
        assert {name: key.hex() for name, key in public.items()} == fields["keys"]
        listed = [item for name in names for item in (name, public[name])]
        self.genesis = digest("model-consensus/streamlet/genesis/1", *listed)
        assert self.genesis.hex() == fields["genesis"]
        for epoch, leader in enumerate(fields["leaders"], 1):
            word = int.from_bytes(digest("model-consensus/streamlet/leader/1", epoch), "big")
            assert names[word % len(names)] == leader

    def is_authentic(self, packet: Json) -> bool:
        signer, text = signed_text(self.genesis, packet)
        return signer in self.keys and self.keys[signer].sign(text).hex() == packet["signature"]

    def is_certified(self, link: Json) -> bool:
        """Two thirds of all have voted for the block."""
        return (
            3 * len({vote["voter"] for vote in link["votes"]}) >= 2 * len(self.keys)
            and all(vote["block"] == link["block"]["digest"] for vote in link["votes"])
            and all(map(self.is_authentic, link["votes"]))
        )


def test_streamlet_by_a_second_derivation() -> None:
    found = vectors("streamlet")
    committee = Committee(found["committee"])
    for case in found["valid"]:
        packet = case["packet"]
        assert packet_bytes(packet).hex() == case["bytes"]
        assert all(map(committee.is_authentic, inside(packet, "signature")))
        assert all(map(committee.is_certified, inside(packet, "votes")))
        for block in inside(packet, "parent"):
            on = bytes.fromhex(block["parent"]), block["epoch"]
            payload = block["payload"]
            if payload is None:
                name = digest("model-consensus/streamlet/empty-block/1", *on)
            else:
                content = payload["sender"], bytes.fromhex(payload["body"])
                name = digest("model-consensus/streamlet/block/1", *on, *content)
            assert name.hex() == block["digest"]
    assert not any(committee.is_authentic(case["packet"]) for case in found["inauthentic"])
    for case in found["uncertified"]:
        assert not any(map(committee.is_certified, case["packet"]["links"]))


def test_a_quorum_of_six_by_a_second_derivation() -> None:
    """Two thirds are four; that n - f with f = 1 is five does not matter."""
    found = vectors("edge_cases")["quorum"]
    committee = Committee(found["committee"])
    for case in found["links"]:
        (link,) = case["packet"]["links"]
        assert committee.is_certified(link) == case["certified"] == (len(link["votes"]) >= 4)
