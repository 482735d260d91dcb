"""A Streamlet node, one packet at a time."""

import hashlib
import random
from dataclasses import replace

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import tagged_digest
from model_consensus.streamlet import node as streamlet
from model_consensus.streamlet.messages import (
    MAX_BODY,
    Block,
    Chain,
    Committee,
    Message,
    Notarization,
    Packet,
    Proposal,
    Request,
    Vote,
    hashed_leader,
    simulation_key,
    sorted_votes,
)
from model_consensus.streamlet.node import PENDING, WINDOW
from model_consensus.streamlet.state import Durable, Identity, Node, Send, best, stands

NAMES = ("p1", "p2", "p3", "p4")
KEYS = {name: simulation_key(1, name) for name in NAMES}
# p1 leads the epochs 1, 5, 9 ...
COMMITTEE = Committee(
    {name: public for name, (public, _) in KEYS.items()}, lambda names, e: names[(e - 1) % 4]
)
ME = {name: Identity(name, COMMITTEE, sign) for name, (_, sign) in KEYS.items()}
GENESIS = COMMITTEE.genesis


def new(name: str = "p2") -> Node:
    return streamlet.restart(ME[name], Durable())


def block(epoch: int, parent: Block | None = None, payload: Message | None = None) -> Block:
    return Block(epoch, parent.digest if parent else GENESIS, payload)


def vote(name: str, of: Block) -> Vote:
    return COMMITTEE.vote(name, ME[name].sign, of)


def proposal(of: Block) -> Proposal:
    return Proposal(of, vote(COMMITTEE.leader(of.epoch), of))


def notarized(of: Block, *names: str) -> Notarization:
    return Notarization(of, sorted_votes(vote(name, of) for name in names or NAMES[:3]))


def message(name: str, body: bytes = b"hello") -> Message:
    return COMMITTEE.message(name, ME[name].sign, body)


def after(node: Node, *packets: Packet, name: str = "p2") -> Node:
    for packet in packets:
        node, _ = streamlet.receive(ME[name], node, packet)
    return node


def cast(out: tuple[Send, ...], name: str = "p2") -> list[Vote]:
    """The votes of a node among what it sends."""
    return [s.packet for s in out if isinstance(s.packet, Vote) and s.packet.voter == name]


B1 = block(1)
B2 = block(2, B1)
B3 = block(3, B2)

OTHERS = [block(1, payload=message("p3", bytes([number]))) for number in range(8)]
"""Other blocks of epoch 1, with lesser and with greater digests."""


def misdated(name: str, of: Block, epoch: int) -> Vote:
    """A vote, well signed, that says that a block is of another epoch."""
    text = tagged_digest("model-consensus/streamlet/vote/1", GENESIS, epoch, of.digest)
    return Vote(name, epoch, of.digest, ME[name].sign(text))


def test_the_other_blocks_are_on_both_sides() -> None:
    digests = [other.digest for other in OTHERS]
    assert min(digests) < B1.digest < max(digests)


# ------------------------------------------------------------------ the protocol


def test_a_leader_proposes_and_that_is_its_vote() -> None:
    node, out = streamlet.begin(ME["p1"], new("p1"), 1)
    assert out == (Send(None, Proposal(B1, vote("p1", B1))),)
    assert node.durable.voted == 1


def test_a_leader_notarizes_its_own_block() -> None:
    node, _ = streamlet.begin(ME["p1"], new("p1"), 1)
    node = after(node, vote("p2", B1), vote("p3", B1), name="p1")
    assert best(node) == B1.digest


def test_a_node_votes_once_for_the_first_proposal_of_the_leader() -> None:
    node, _ = streamlet.begin(ME["p2"], new(), 1)
    node, out = streamlet.receive(ME["p2"], node, proposal(B1))
    assert cast(out) == [vote("p2", B1)]
    other = block(1, payload=message("p1"))
    assert streamlet.receive(ME["p2"], node, proposal(other)) == (node, ())


def test_a_vote_is_for_a_block_of_the_current_epoch_on_one_of_an_earlier_epoch() -> None:
    node = streamlet.enter(after(new(), Chain((notarized(B1),))), 3)
    allowed = [streamlet.may_vote(ME["p2"], node, block(epoch, B1)) for epoch in (2, 3, 4)]
    assert allowed == [False, True, False]
    node = after(node, Chain((notarized(block(3, B1)),)))
    assert not streamlet.may_vote(ME["p2"], node, block(3, block(3, B1)))


def test_only_the_leader_proposes() -> None:
    node = streamlet.enter(new(), 1)
    assert streamlet.propose(ME["p2"], node, GENESIS, None) == (node, ())


def test_a_proposal_that_comes_early_is_voted_for_when_its_epoch_begins() -> None:
    node, out = streamlet.receive(ME["p2"], new(), proposal(B1))
    assert cast(out) == []
    _, out = streamlet.begin(ME["p2"], node, 1)
    assert cast(out) == [vote("p2", B1)]


def test_a_proposal_that_comes_late_gets_no_vote() -> None:
    node, _ = streamlet.begin(ME["p2"], new(), 3)
    _, out = streamlet.receive(ME["p2"], node, proposal(B1))
    assert cast(out) == []


def test_three_votes_of_four_notarize_and_two_do_not() -> None:
    node = after(new(), proposal(B1), vote("p3", B1))
    assert best(node) == GENESIS
    assert best(after(node, vote("p4", B1))) == B1.digest
    # in any order, and each voter counts once
    early = after(new(), vote("p4", B1), vote("p4", B1), vote("p3", B1))
    assert best(after(early, proposal(B1))) == B1.digest


def test_votes_for_another_block_of_the_epoch_do_not_count() -> None:
    for other in OTHERS:
        node = after(new(), proposal(B1), vote("p3", other), vote("p4", other))
        assert best(node) == GENESIS


def test_votes_for_a_block_in_another_epoch_do_not_count() -> None:
    second = block(2)
    node = after(streamlet.enter(new("p1"), 2), proposal(second), name="p1")
    assert sorted(node.votes) == [(2, "p1"), (2, "p2")]
    node = after(node, misdated("p4", second, 1), misdated("p4", second, 3), name="p1")
    assert len(node.votes) == 4
    assert best(node) == GENESIS
    assert best(after(node, vote("p4", second), name="p1")) == second.digest


def test_a_block_with_its_votes_is_notarized_when_its_parent_is() -> None:
    node = streamlet.enter(new("p1"), 1)
    node = after(node, proposal(B2), vote("p3", B2), vote("p4", B2), name="p1")
    assert best(node) == GENESIS
    assert best(after(node, Chain((notarized(B1),)), name="p1")) == B2.digest


def test_a_notarized_block_is_not_notarized_again_by_a_later_vote() -> None:
    node = after(new(), proposal(B1), vote("p3", B1), vote("p4", B1))
    later = after(node, vote("p2", B1))
    assert len(later.votes) == 4
    assert [vote.voter for vote in later.notarized[B1.digest].votes] == ["p1", "p3", "p4"]


def test_three_consecutive_epochs_finalize_the_second_block() -> None:
    chain = Chain(tuple(map(notarized, (B1, B2, B3))))
    node = after(new(), chain)
    delivered = []
    while (step := streamlet.deliver(node))[1] is not None:
        node, final = step
        delivered.append(final)
    assert delivered == [B1, B2]
    assert node.durable.log == (notarized(B1), notarized(B2))


def test_a_gap_between_the_epochs_finalizes_nothing() -> None:
    b2, b4 = block(2), block(4, block(2))
    node = after(new(), Chain((notarized(b2), notarized(b4), notarized(block(5, b4)))))
    assert streamlet.deliver(node) == (node, None)


def test_a_node_votes_on_longest_notarized_chains_only() -> None:
    node = after(new(), Chain((notarized(B1), notarized(B2))))
    node, _ = streamlet.begin(ME["p2"], node, 5)
    short, long = block(5, B1), block(5, B2)
    assert cast(streamlet.receive(ME["p2"], node, proposal(short))[1]) == []
    assert cast(streamlet.receive(ME["p2"], node, proposal(long))[1]) == [vote("p2", long)]


def test_a_later_vote_of_a_voter_in_an_epoch_does_not_replace_its_first() -> None:
    node = after(new(), vote("p3", B1), vote("p3", block(1, payload=message("p1"))))
    assert best(after(node, vote("p4", B1), proposal(B1))) == B1.digest


def test_epochs_increase_along_a_chain() -> None:
    late = block(5)
    early = block(3, late)
    node = after(new("p1"), Chain((notarized(late), notarized(early))), name="p1")
    assert best(node) == late.digest  # and its clock is behind: it is in epoch 3 only now
    node, _ = streamlet.begin(ME["p1"], node, 3)
    assert cast(streamlet.receive(ME["p1"], node, proposal(early))[1], "p1") == []


def test_no_block_stands_on_one_of_its_own_epoch() -> None:
    node = after(new("p1"), Chain((notarized(B1),)), name="p1")
    assert stands(node, block(2, B1))
    assert not stands(node, block(1, B1))


def test_who_delivers_is_bound_by_what_it_has_seen() -> None:
    node, final = streamlet.deliver(after(new(), Chain(tuple(map(notarized, (B1, B2, B3))))))
    assert final == B1
    assert node.durable.lock == 3


def test_a_node_that_lacks_the_parent_asks_the_leader_and_catches_up() -> None:
    node, _ = streamlet.begin(ME["p2"], new(), 4)
    node, out = streamlet.receive(ME["p2"], node, proposal(block(4, B3)))
    (send,) = out
    assert send.to == "p4"
    assert isinstance(send.packet, Request)
    leader = after(new("p4"), Chain(tuple(map(notarized, (B1, B2, B3)))), name="p4")
    leader, _ = streamlet.begin(ME["p4"], leader, 4)
    leader, (answer,) = streamlet.receive(ME["p4"], leader, send.packet)
    assert answer.to == "p2"
    _, out = streamlet.receive(ME["p2"], node, answer.packet)
    assert cast(out) == [vote("p2", block(4, B3))]
    assert streamlet.receive(ME["p4"], leader, send.packet) == (leader, ())  # once in an epoch


def test_a_leader_is_asked_once_in_an_epoch() -> None:
    unknown = block(1, payload=message("p3"))
    early, late = block(2, unknown), block(6, unknown)  # p2 leads both epochs
    node = streamlet.enter(new("p1"), 5)
    node, out = streamlet.receive(ME["p1"], node, proposal(early))
    assert [type(send.packet) for send in out] == [Request]
    node, out = streamlet.receive(ME["p1"], node, proposal(late))
    assert out == ()
    node, _ = streamlet.begin(ME["p1"], node, 6)
    _, out = streamlet.receive(ME["p1"], node, proposal(block(3, unknown)))
    assert [send.to for send in out] == ["p3"]


@pytest.mark.parametrize(("now", "near"), [(0, {1}), (5, {*range(1, 7)}), (12, {*range(4, 14)})])
def test_a_request_is_answered_if_its_epoch_is_near(now: int, near: set[int]) -> None:
    assert WINDOW == 8
    node = streamlet.enter(after(new(), Chain((notarized(B1),))), now)
    answered = set()
    for epoch in range(20):
        request = COMMITTEE.request("p3", ME["p3"].sign, epoch, 0)
        _, out = streamlet.receive(ME["p2"], node, request)
        if out == (Send("p3", Chain((notarized(B1),))),):
            answered.add(epoch)
    assert answered == near


def test_a_new_epoch_forgets_what_is_too_old_and_whom_was_asked_or_answered() -> None:
    request = COMMITTEE.request("p3", ME["p3"].sign, 1, 0)
    node, _ = streamlet.begin(ME["p2"], new(), 2)
    node = after(node, Chain((notarized(B1),)), proposal(block(3, block(1, payload=message("p1")))))
    node = after(node, proposal(block(1, payload=message("p1"))), request)
    assert node.asked == {"p3"}
    assert node.answered == {"p3"}
    node, _ = streamlet.begin(ME["p2"], node, 3 + WINDOW)
    assert (node.asked, node.answered) == (frozenset(), frozenset())
    assert {*node.proposals} == {3}
    assert {epoch for epoch, _ in node.votes} == {3}
    node, _ = streamlet.begin(ME["p2"], node, 4 + WINDOW)
    assert (node.proposals, node.votes) == ({}, {})


def test_each_sender_gets_its_turn_however_many_messages_another_sends() -> None:
    many = [message("p3", bytes([number])) for number in range(PENDING)]
    first = block(1, payload=many[0])
    node = after(new(), *many, message("p4"), Chain((notarized(first),)))
    assert streamlet.choose(node, first.digest) == message("p4")


def test_a_message_is_ordered_once() -> None:
    first = block(1, payload=message("p3"))
    node = after(new(), message("p3"), Chain((notarized(first),)))
    assert streamlet.choose(node, first.digest) is None
    node, _ = streamlet.begin(ME["p2"], node, 5)
    again = block(5, first, message("p3"))
    assert cast(streamlet.receive(ME["p2"], node, proposal(again))[1]) == []


def test_a_broadcast_is_repeated_until_it_is_delivered() -> None:
    node, out = streamlet.broadcast(ME["p2"], new(), b"hello")
    assert out == (Send(None, message("p2")),)
    for epoch in (1, 3):
        node, out = streamlet.begin(ME["p2"], node, epoch)
        assert Send(None, message("p2")) in out
    b1 = block(1, payload=message("p2"))
    b2 = block(2, b1)
    node = after(node, Chain((notarized(b1), notarized(b2), notarized(block(3, b2)))))
    node, final = streamlet.deliver(node)
    assert final == b1
    node, out = streamlet.begin(ME["p2"], node, 4)
    assert Send(None, message("p2")) not in out
    assert streamlet.broadcast(ME["p2"], node, b"hello") == (node, ())


def test_a_message_that_is_delivered_waits_no_longer() -> None:
    first, second = message("p3", b"first"), message("p3", b"second")
    b1 = block(1, payload=first)
    b2 = block(2, b1)
    node = after(new(), first, second, first)
    assert node.pending["p3"] == (first, second)
    node = after(node, Chain((notarized(b1), notarized(b2), notarized(block(3, b2)))))
    node, final = streamlet.deliver(node)
    assert final == b1
    assert node.pending["p3"] == (second,)
    assert after(node, first) == node


def test_a_message_is_broadcast_once_and_the_next_epoch_one_leads_carries_it() -> None:
    node, _ = streamlet.broadcast(ME["p2"], new(), b"hello")
    assert streamlet.broadcast(ME["p2"], node, b"hello") == (node, ())
    node, out = streamlet.begin(ME["p2"], node, 2)
    carried = [send.packet.block.payload for send in out if isinstance(send.packet, Proposal)]
    assert carried == [message("p2")]
    assert streamlet.begin(ME["p2"], node, 2) == (node, ())


def test_a_node_says_when_too_many_messages_wait_or_one_is_too_long() -> None:
    node = new()
    for number in range(PENDING):
        node, _ = streamlet.broadcast(ME["p2"], node, bytes([number]))
    with pytest.raises(ModelConsensusError, match=f"p2 has {PENDING} messages that wait"):
        streamlet.broadcast(ME["p2"], node, b"one more")
    with pytest.raises(ModelConsensusError, match="1025 bytes exceeds 1024"):
        streamlet.broadcast(ME["p2"], new(), bytes(MAX_BODY + 1))


# ------------------------------------------------------------------ what is forged


OUTSIDER = simulation_key(2, "p3")[1]


@pytest.mark.parametrize(
    "packet",
    [
        replace(message("p3"), body=b"other"),
        replace(message("p3"), sender="p4"),
        COMMITTEE.message("p3", OUTSIDER, b"hello"),
        replace(message("p3"), sender="stranger"),
        COMMITTEE.vote("p3", OUTSIDER, B1),
        replace(vote("p3", B1), epoch=2),
        replace(vote("p3", B1), voter="p4"),
        replace(vote("p3", B1), block=B2.digest),
        Proposal(B1, vote("p2", B1)),
        Proposal(B1, COMMITTEE.vote("p1", OUTSIDER, B1)),
        Proposal(block(1, payload=message("p3")), vote("p1", B1)),
        Proposal(block(0), vote("p4", block(0))),
        Chain((notarized(B1, "p1", "p3"),)),
        Chain((notarized(B1, "p1", "p3"), notarized(block(2)))),
        Chain((Notarization(B1, (vote("p1", B1), vote("p1", B1), vote("p3", B1))),)),
        Chain((Notarization(B1, (*notarized(B1, "p1", "p3").votes, vote("p4", block(9)))),)),
        Chain((Notarization(B1, (*notarized(B1, "p1", "p3").votes, replace(vote("p4", B1), signature=bytes(64)))),)),  # noqa: E501
        Chain((notarized(B2),)),
        Chain((notarized(block(1, B1)),)),
        replace(COMMITTEE.request("p3", ME["p3"].sign, 1, 0), length=1),
    ],
)  # fmt: skip
def test_what_is_forged_or_out_of_place_changes_nothing(packet: Packet) -> None:
    node, _ = streamlet.begin(ME["p2"], new(), 1)
    assert streamlet.receive(ME["p2"], node, packet) == (node, ())


def test_a_block_with_a_forged_message_gets_no_vote() -> None:
    node, _ = streamlet.begin(ME["p2"], new(), 1)
    forged = block(1, payload=COMMITTEE.message("p3", OUTSIDER, b"hello"))
    assert cast(streamlet.receive(ME["p2"], node, proposal(forged))[1]) == []


def test_votes_for_another_block_or_epoch_certify_nothing() -> None:
    for wrong in [
        *(vote("p4", other) for other in OTHERS),
        *(misdated("p4", B1, e) for e in (0, 2)),
    ]:
        assert COMMITTEE.is_authentic(wrong)
        votes = (vote("p1", B1), vote("p3", B1), wrong)
        assert not COMMITTEE.is_certified(Notarization(B1, votes))


def test_signatures_of_another_committee_count_for_nothing() -> None:
    other = Committee({**COMMITTEE.keys, "p5": bytes(32)}, COMMITTEE.leader_of)
    assert other.genesis != COMMITTEE.genesis
    assert not other.is_authentic(vote("p3", B1))
    assert not other.is_authentic(message("p3"))


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({}, "1 to 255 processes, not 0"),
        ({str(number): b"" for number in range(256)}, "not 256"),
        ({"": b""}, "1 to 255 bytes"),
    ],
)
def test_an_impossible_committee_is_refused(keys: dict[str, bytes], complaint: str) -> None:
    with pytest.raises(ModelConsensusError, match=complaint):
        Committee(keys)


def test_the_largest_committee_names_and_message_are_accepted() -> None:
    assert len(Committee({f"{number}": b"" for number in range(255)}).processes) == 255
    assert Committee({"p": b"", "q" * 255: b""}).processes == ("p", "q" * 255)
    with pytest.raises(ModelConsensusError, match="1 to 255 bytes"):
        Committee({"é" * 128: b""})  # two bytes each
    assert message("p3", bytes(MAX_BODY)).body == bytes(MAX_BODY)


def test_the_default_leader_is_the_hash_of_the_epoch_modulo_the_committee() -> None:
    tag = b"model-consensus/streamlet/leader/1"
    for epoch in range(1, 20):
        fields = (tag, epoch.to_bytes(8, "big"))
        text = b"".join(len(field).to_bytes(8, "big") + field for field in fields)
        word = int.from_bytes(hashlib.sha256(text).digest(), "big")
        assert hashed_leader(NAMES, epoch) == NAMES[word % 4]


# ------------------------------------------------------------------ crashes


def test_a_node_that_restarts_from_what_it_persisted_does_not_vote_twice() -> None:
    node, _ = streamlet.begin(ME["p2"], new(), 1)
    node, out = streamlet.receive(ME["p2"], node, proposal(B1))
    assert cast(out) == [vote("p2", B1)]
    other = proposal(block(1, payload=message("p1")))

    def votes_again(durable: Durable) -> list[Vote]:
        back, _ = streamlet.begin(ME["p2"], streamlet.restart(ME["p2"], durable), 1)
        return cast(streamlet.receive(ME["p2"], back, other)[1])

    assert votes_again(node.durable) == []
    assert votes_again(replace(node.durable, voted=0)) == [vote("p2", other.block)]


def test_a_node_that_restarts_does_not_vote_on_a_chain_shorter_than_its_lock() -> None:
    node = after(new(), Chain((notarized(B1), notarized(B2))))
    node, _ = streamlet.begin(ME["p2"], node, 3)
    node = after(node, proposal(B3))
    assert (node.durable.voted, node.durable.lock) == (3, 2)

    def votes(durable: Durable) -> list[Vote]:
        back, _ = streamlet.begin(ME["p2"], streamlet.restart(ME["p2"], durable), 5)
        return cast(streamlet.receive(ME["p2"], back, proposal(block(5)))[1])

    assert votes(node.durable) == []
    assert votes(replace(node.durable, lock=0)) == [vote("p2", block(5))]


def test_a_node_that_restarts_has_its_log_and_its_messages() -> None:
    node, _ = streamlet.broadcast(ME["p2"], new(), b"hello")
    node = after(node, Chain(tuple(map(notarized, (B1, B2, B3)))))
    node, _ = streamlet.deliver(node)
    back = streamlet.restart(ME["p2"], node.durable)
    assert back.durable == node.durable
    assert streamlet.deliver(back) == (back, None)  # B2 is final again when B3 is seen again
    assert streamlet.deliver(after(back, Chain((notarized(B2), notarized(B3)))))[1] == B2
    assert streamlet.choose(back, B1.digest) == message("p2")


# ------------------------------------------------------------------ floods


@pytest.mark.slow
def test_a_flood_of_well_signed_packets_costs_bounded_memory() -> None:
    # The signatures are not the point: here all of them are good.
    committee = replace(COMMITTEE, verify=lambda public, signature, text: True)
    me = Identity("p2", committee, ME["p2"].sign)
    node = streamlet.enter(streamlet.restart(me, Durable()), 20)
    word = random.Random(0).getrandbits
    signature = bytes(64)
    for number in range(100_000):
        digest, epoch, name = word(256).to_bytes(32), word(5), NAMES[word(2)]
        rubbish = Block(epoch, digest, Message(name, digest, signature))
        ballot = Vote(name, epoch, rubbish.digest, signature)
        packets: list[Packet] = [
            Message(name, digest, signature),
            ballot,
            Proposal(rubbish, ballot),
            Chain((Notarization(rubbish, (ballot,)),)),
            Request(name, epoch, word(8), signature),
        ]
        node, _ = streamlet.receive(me, node, packets[number % 5])
    near = WINDOW + 2
    assert len(node.proposals) <= near
    assert len(node.votes) <= near * len(NAMES)
    assert all(len(waiting) <= PENDING for waiting in node.pending.values())
    assert set(node.pending) <= set(NAMES)
    assert node.asked | node.answered <= set(NAMES)
    assert node.notarized == {}
    assert len(node.proposals) > 1  # the flood did arrive
    assert len(node.votes) > len(NAMES)
