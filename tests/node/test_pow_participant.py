"""A participant over proof-of-work: floods cost it next to nothing, and it catches up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import pytest

from model_consensus.adversaries.pow import STRATEGIES
from model_consensus.evolutionary_search import Ticket, proposal_cost
from model_consensus.node.config import PowConfig
from model_consensus.node.pow_packets import Packet, decode, encode, longest_packet
from model_consensus.node.pow_participant import ANSWERED, ASKED, REFUSED, WAITING
from model_consensus.pow_learner import (
    LONGEST_NAME,
    Block,
    block_on,
    chain,
    find_nonce,
    model_of,
    model_of_tip,
    public_offer,
)
from model_consensus.streamlet.codec import CodecError
from model_consensus.streamlet.messages import MAX_BODY, Vote
from model_consensus.streamlet.offers import encode_offer
from model_consensus.streamlet.state import Identity
from model_consensus.systems.pow_tree import nonce_without_work
from model_consensus.tob_learner import Offer, offered
from tests.support.nodes import NAMES, WORK, pow_configs
from tests.support.pow_machines import Network, PowMachine

FLOOD = 100_000


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    made = Network(tmp_path, generations=6)
    yield made
    made.close()


def evaluations(machine: PowMachine) -> int:
    found = machine.participant.status()["evaluations"]
    assert isinstance(found, int)
    return found


def rubbish(network: Network, me: Identity) -> list[Packet]:
    """What ``me`` can send without doing the work of a new block: packets of each kind."""
    participant = network.machines["p1"].participant
    rules, learner = participant.miner.rules, participant.miner.learner
    block = learner.known[chain(learner)[0]]
    top = learner.models[learner.tip]
    ticket = Ticket(top.generation + 1, me.process, (1, 0))
    offer = Offer(me.process, top.digest, ticket, 0)
    far = replace(block, parent=b"f" * 32)
    packets: list[Packet] = [
        block,
        nonce_without_work(rules, replace(block, parent=learner.tip)),
        find_nonce(rules, far),
        find_nonce(rules, replace(block, parent=learner.tip)),  # tickets of another generation
        replace(block, claim=1 << 63, nonce=1),
        replace(block, step=frozenset(Ticket(1, f"q{n}", (1, 0)) for n in range(9))),
        replace(block, miner="\udcff"),
    ]
    for told in (
        replace(offer, parent=b"f" * 32),
        replace(offer, ticket=Ticket(1, me.process, (1, 0))),
        replace(offer, ticket=replace(ticket, proposer="p2")),
        replace(offer, ticket=replace(ticket, weights=(99, 0))),
    ):
        packets.append(me.committee.message(me.process, me.sign, encode_offer(told)))
    forged = me.committee.message(me.process, me.sign, encode_offer(offer))
    packets.append(replace(forged, sender="p2"))
    packets.append(me.committee.message(me.process, me.sign, b"not an offer"))
    asks = [learner.tip + n.to_bytes(8, "big") + n.to_bytes(8, "big") for n in range(5)]
    packets += [me.committee.message(me.process, me.sign, each) for each in asks]
    packets.append(replace(packets[-1], sender="p3"))  # type: ignore[arg-type]
    return packets


def test_a_flood_costs_no_evaluation_no_line_and_bounded_answers(network: Network) -> None:
    for _ in range(8):
        network.step()
    machine = network.machines["p1"]
    participant = machine.participant
    before = evaluations(machine), participant.miner.learner
    answers = 0
    for packet in islice(cycle(rubbish(network, network.liar.me)), FLOOD):
        answers += len(participant.receive(packet))
    assert (evaluations(machine), participant.miner.learner) == before
    assert participant.lines == []
    assert 0 < answers <= ASKED * ANSWERED  # so many questions of p4 are answered in an epoch
    assert len(participant._refused) <= REFUSED
    network.run(400)


def test_so_many_blocks_wait_and_no_more(tmp_path: Path) -> None:
    network = Network(tmp_path, pow=WORK | {"hashes": 4})
    try:
        machine = network.machines["p1"]
        participant = machine.participant
        rules, learner = participant.miner.rules, participant.miner.learner
        block = Block(b"f" * 32, "p4", frozenset([Ticket(1, "p4", (1, 0))]), 0)
        start = 0
        for _ in range(WAITING + 10):
            block = find_nonce(rules, block, start)
            start = block.nonce + 1
            assert participant.receive(block) == []
        assert len(participant._waiting) == WAITING
        assert block in participant._waiting
        for epoch in (1, 2, 3):
            participant.begin(epoch)
        known = participant.miner.learner.known
        assert not {block.digest for block in participant._waiting} & set(known)
        assert learner.known.keys() <= known.keys()
    finally:
        network.close()


def waited(machine: PowMachine) -> None:
    """Take what has arrived, as if an epoch were over."""
    machine.participant._take_waiting(before=machine.participant.epoch + 1)


def rivals(machine: PowMachine) -> list[Block]:
    """Valid blocks on its tip, that with the least claim first."""
    miner, search = machine.participant.miner, machine.config.search
    parent, model = miner.learner.tip, model_of_tip(miner.learner)
    floor = public_offer(search, model)
    tickets = [
        Ticket(model.generation + 1, f"q{number}", weights)
        for number in range(100)
        for weights in ((1, 1), (1, -1))
    ]
    steps = [offered(floor), *(frozenset([ticket]) for ticket in tickets)]
    made = [block_on(search, parent, model, "p4", step) for step in steps]
    valid = [find_nonce(miner.rules, block) for block in made if block.claim <= floor.claim]
    return sorted(valid, key=lambda block: block.claim)


@pytest.mark.parametrize(("later", "is_taken"), [(0, True), (1, True), (2, False)])
def test_of_blocks_that_wait_together_the_least_claim_is_adopted(
    network: Network, later: int, is_taken: bool
) -> None:
    """One with a lesser claim comes ``later`` epochs after another one of its height."""
    machine = network.machines["p1"]
    participant = machine.participant
    participant._tries = 0  # it mines nothing itself
    first = rivals(machine)[0]
    participant.receive(first)
    waited(machine)
    least, *_, other = rivals(machine)
    assert least.claim < other.claim
    participant.begin(1)
    participant.begin(2)
    for stranger in (b"f" * 32, participant.miner.learner.root):  # neither makes anybody hurry
        participant.receive(find_nonce(participant.miner.rules, replace(other, parent=stranger)))
    participant.begin(3)
    participant.receive(other)
    for epoch in range(4, 4 + later):
        participant.begin(epoch)
        assert participant.miner.learner.tip == (other if epoch > 4 else first).digest
    participant.receive(least)
    for epoch in range(4 + later, 9):
        participant.begin(epoch)
        assert (participant.miner.learner.tip == first.digest) == (epoch == 4)
    learner = participant.miner.learner
    assert {first.digest, least.digest, other.digest} == set(learner.known)
    assert learner.tip == (least if is_taken else other).digest


def test_a_block_with_work_is_refused_once(network: Network) -> None:
    network.step()
    machine = network.machines["p1"]
    participant = machine.participant
    rules, learner = participant.miner.rules, participant.miner.learner
    ticket = Ticket(learner.models[learner.tip].generation + 1, "p4", (1, 0))
    lie = find_nonce(rules, Block(learner.tip, "p4", frozenset([ticket]), 1))
    before = evaluations(machine)
    assert participant.receive(lie) == []
    waited(machine)
    assert evaluations(machine) == before + 1
    (line,) = participant.lines
    assert json.loads(line)["event"] == "received"
    for _ in range(100):
        assert participant.receive(lie) == []
        waited(machine)
    assert evaluations(machine) == before + 1
    assert len(participant.lines) == 1


def test_losses_are_forgotten_with_what_can_be_reverted(tmp_path: Path) -> None:
    """A second block on a parent costs the public offer again if the learner keeps it no more."""
    network = Network(tmp_path, generations=40, pow=WORK | {"depth": 3})
    try:
        machine = network.machines["p1"]
        miner = machine.participant.miner
        while miner.height < 12:
            network.step()
        search, rules = machine.config.search, miner.rules
        costs = []
        for parent in (chain(miner.learner)[1], chain(miner.learner)[-2]):
            model = model_of(search, miner.learner, parent)
            step = offered(public_offer(search, model))
            made = find_nonce(rules, block_on(search, parent, model, "p4", step))
            before = evaluations(machine)
            machine.participant.receive(made)
            waited(machine)
            assert made.digest in miner.learner.known
            costs.append(evaluations(machine) - before)
        assert costs == [proposal_cost(search), 0]
        machine.crash(1.0)  # it is computed again from the log
        network.step()
    finally:
        network.close()


def test_one_offer_of_each_process_is_evaluated_on_a_tip(network: Network) -> None:
    network.apart = {"p1"}
    network.step()
    machine = network.machines["p1"]
    participant = machine.participant
    me = network.liar.me
    model = participant.miner.learner.models[participant.miner.learner.tip]
    heard = []
    for claim in range(50):
        ticket = Ticket(model.generation + 1, "p4", (1, 0))
        body = encode_offer(Offer("p4", model.digest, ticket, claim))
        participant.receive(me.committee.message("p4", me.sign, body))
        heard.append(evaluations(machine))
    assert len(set(heard)) == 1
    assert participant.miner.learner.banned == {"p4"}  # it claims to have the loss 0


def test_who_was_away_catches_up(tmp_path: Path) -> None:
    network = Network(tmp_path, "private-chain", generations=150, pow=WORK | {"hashes": 512})
    try:
        network.apart = {"p3"}
        away = network.machines["p3"].participant
        while network.machines["p1"].participant.miner.height < 120:
            network.step()
        alone = away.miner.height
        network.apart = set()
        for _ in range(30):
            network.step()
        won = set(away.miner.learner.known)
        for _ in range(3):
            network.step()
        ahead = network.machines["p1"].participant.miner.height
        assert alone < ahead - 20
        assert away.miner.height >= ahead - 1
        # What each of them has won alone is known to all, off the longest chain, too.
        assert len(won) > ahead + 10
        assert all(
            won <= set(machine.participant.miner.learner.known)
            for machine in network.machines.values()
        )
    finally:
        network.close()


@pytest.mark.parametrize("attack", STRATEGIES)
def test_honest_processes_go_on_beside_each_attack(attack: str, tmp_path: Path) -> None:
    network = Network(tmp_path, attack, generations=4)
    try:
        network.run(400)
        decided = {machine.participant.model.generation for machine in network.machines.values()}
        assert min(decided) >= 4
    finally:
        network.close()


# -------------------------------------------------------------------------------- packets


def test_packets_are_read_as_they_were_written(network: Network) -> None:
    for _ in range(8):
        network.step()
    for packet in rubbish(network, network.liar.me):
        assert decode(encode(packet)) == packet


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{}", "not a block: block is missing"),
        (b'{"block": 1}', "not a block: block is not an object"),
        (b"{" * 100_000, "not a block: "),
        (b'{"block": {"step": [1], "parent": ""}}', "not a block: "),
        (b"\x05", ""),
        (b"", ""),
    ],
)
def test_what_is_not_a_packet_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(CodecError) as refused:
        decode(data)
    assert str(refused.value).startswith(problem)


def test_a_packet_of_streamlet_alone_is_refused(network: Network) -> None:
    vote = Vote("p4", 1, bytes(32), bytes(64))
    with pytest.raises(CodecError, match="a packet of Streamlet alone"):
        decode(encode(vote))  # type: ignore[arg-type]


def test_the_longest_packets_fit(tmp_path: Path) -> None:
    config: PowConfig = pow_configs(tmp_path)[0]
    draws, most = 16, (1 << 64) - 1
    tickets = [
        Ticket(most, f"{n:{LONGEST_NAME}}".replace(" ", "\x00"), (1 - draws,) * draws)
        for n in range(5)
    ]
    block = Block(bytes(32), "\x00" * LONGEST_NAME, frozenset(tickets), most, most)
    assert len(encode(block)) <= longest_packet(len(NAMES), draws)
    me = config.identity
    message = me.committee.message(me.process, me.sign, bytes(MAX_BODY))
    assert len(encode(message)) <= longest_packet(1, 1)
