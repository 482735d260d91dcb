"""Offers in a stream: what its engine may get wrong, and what a crash leaves of a process."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_consensus.conformance.log_check import check_logs
from model_consensus.conformance.log_writing import LogLines
from model_consensus.conformance.logs import open_logs
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Ticket
from model_consensus.node.config import NatsConfig
from model_consensus.node.participant import Participant
from model_consensus.node.storage import LogStorage
from model_consensus.node.stream_order import Stored, StreamOrder
from model_consensus.node.stream_storage import open_stream_storage
from model_consensus.streamlet.codec import encode
from model_consensus.streamlet.messages import Block, Message
from model_consensus.streamlet.offers import encode_offer
from model_consensus.tob_learner import Offer, Rules
from tests.support.nodes import NAMES, nats_configs

NOWHERE = [("127.0.0.1", 1)]


def offer(sender: str, claim: int) -> Offer:
    return Offer(sender, bytes(32), Ticket(1, sender, (1, 0)), claim)


def signed(config: NatsConfig, offer: Offer) -> Message:
    me = config.identity
    return me.committee.message(me.process, me.sign, encode_offer(offer))


def rubbish(one: NatsConfig, other: NatsConfig) -> list[bytes]:
    """What is no offer of anybody: the order must pass over all of it."""
    committee, sign = one.identity.committee, one.identity.sign
    message = signed(one, offer("p1", 7))
    return [
        b"",
        b"rubbish",
        encode(message)[:-1],
        encode(replace(message, signature=bytes(64))),  # unsigned
        encode(replace(message, sender="p2")),  # forged
        encode(replace(message, sender="nobody")),
        encode(replace(message, body=encode_offer(offer("p1", 6)))),  # changed
        encode(committee.message("p1", sign, b"no offer")),
        encode(committee.vote("p1", sign, Block(1, bytes(32), None))),
        encode(replace(signed(other, offer("p2", 5)), sender="p1")),
    ]


def delivered(order: StreamOrder) -> list[tuple[Offer, int]]:
    found = []
    while delivery := order.deliver():
        found.append((delivery.offer, delivery.place["sequence"]))
    return found


def test_an_offer_is_delivered_once_and_only_with_its_sender_s_signature(tmp_path: Path) -> None:
    one, two, *_ = nats_configs(tmp_path, NOWHERE)
    first, second = offer("p1", 7), offer("p2", 3)
    genuine = [encode(signed(one, first)), encode(signed(two, second))]
    junk = rubbish(one, two)
    order = StreamOrder(two.identity)
    for number, data in enumerate([*junk, genuine[0], *junk, *genuine, *junk, *genuine], 1):
        assert order.receive(Stored(number, data)) == []
    assert delivered(order) == [(first, len(junk) + 1), (second, 2 * len(junk) + 3)]


def test_an_own_offer_is_sent_until_it_is_delivered(tmp_path: Path) -> None:
    (one, *_) = nats_configs(tmp_path, NOWHERE)
    order, mine = StreamOrder(one.identity), offer("p1", 7)
    (sent,) = order.broadcast(mine)
    assert list(order.begin(1)) == list(order.begin(2)) == [sent]
    assert isinstance(sent.packet, Message)
    order.receive(Stored(1, encode(sent.packet)))
    assert order.begin(3) == []
    assert delivered(order) == [(mine, 1)]
    # As it is read from a log.
    assert StreamOrder(one.identity, [mine], 1, [mine]).begin(1) == []
    assert StreamOrder(one.identity, [], 0, [mine]).begin(1) == [sent]


def refusal(order: StreamOrder, number: int, data: bytes) -> str:
    with pytest.raises(ModelConsensusError) as refused:
        order.receive(Stored(number, data))
    return str(refused.value)


def test_another_stream_than_before_is_refused(tmp_path: Path) -> None:
    (one, *_) = nats_configs(tmp_path, NOWHERE)
    first, second = offer("p1", 7), offer("p1", 6)
    data = [encode(signed(one, each)) for each in (first, second)]
    order = StreamOrder(one.identity, [first], 5)
    order.receive(Stored(4, b"what was before"))
    order.receive(Stored(5, data[0]))
    assert refusal(order, 5, data[1]) == "the stream has another message 5 than before"
    assert refusal(order, 7, data[1]) == "the stream has no messages between 5 and 7 any more"
    order.receive(Stored(6, data[1]))
    assert delivered(order) == [(second, 6)]


class Machine:
    """One process: its participant and its log."""

    def __init__(self, config: NatsConfig) -> None:
        self.config = config
        self.open()

    def open(self) -> None:
        self.files = ExitStack()
        self.storage: LogStorage
        lines = LogLines(self.config.process)
        opened = open_stream_storage(self.config, lines)
        self.storage, remembered = self.files.enter_context(opened)
        setting = self.config.setting
        self.participant = Participant(
            self.config.identity, self.config.search, Rules(setting.lambda_, setting.mu),
            setting.generations, lines, remembered,
        )  # fmt: skip

    def persist(self) -> None:
        self.storage.sync(self.participant.lines)
        self.participant.lines.clear()

    def crash(self, share: float) -> None:
        """Persist, lose a part of that, and start again."""
        before = self.config.log.stat().st_size
        self.persist()
        written = self.config.log.stat().st_size - before
        self.files.close()
        with self.config.log.open("r+b") as file:
            file.truncate(before + int(share * written))
        self.open()


CRASHES = st.dictionaries(st.integers(0, 60), st.floats(0, 1), max_size=6)
"""At which steps a process crashes, and how much of what the step wrote stays on its disk."""


def run(folder: Path, crashes: dict[int, float], junk: Callable[[int], list[bytes]]) -> int:
    """Run three processes on one list of messages to the end: the evaluations of one of them."""
    machines = [Machine(config) for config in nats_configs(folder, NOWHERE)[:3]]
    stream: list[bytes] = []
    steps: Iterator[int] = iter(range(1_000_000))

    def after(machine: Machine, sent: list[bytes]) -> None:
        step = next(steps)
        if step in crashes:
            machine.crash(crashes[step])
            return  # a crash comes before anything is sent
        machine.persist()
        for data in sent:
            stream.extend([data, *junk(step), data])

    try:
        for _ in range(100):
            for machine in machines:
                participant = machine.participant
                out = [encode(send.packet) for send in participant.begin(participant.epoch + 1)]
                after(machine, out)
            for machine in machines:
                number = max(machine.participant.status()["sequence"], 1)
                while number <= len(stream):  # of what is sent on the way, another time
                    packet = Stored(number, stream[number - 1])
                    out = [encode(send.packet) for send in machine.participant.receive(packet)]
                    after(machine, out)
                    number = machine.participant.status()["sequence"] + 1
            if all(m.participant.model.generation == 3 for m in machines):
                return machines[0].participant.learner.evaluations
        raise AssertionError("a process has stopped learning")
    finally:
        for machine in machines:
            machine.files.close()


def check(folder: Path) -> list[str]:
    with open_logs([folder / f"{process}.log" for process in NAMES[:3]]) as logs:
        search = nats_configs(folder, NOWHERE)[0].search
        return [type(merged.action).__name__ for merged in check_logs(logs, search)]


def test_what_is_no_offer_costs_no_evaluation(tmp_path: Path) -> None:
    quiet, noisy = tmp_path / "quiet", tmp_path / "noisy"
    quiet.mkdir()
    noisy.mkdir()
    one, two, *_ = nats_configs(tmp_path, NOWHERE)
    junk = rubbish(one, two)
    assert run(quiet, {}, lambda step: []) == run(noisy, {}, lambda step: junk)
    assert check(quiet).count("Deliver") == check(noisy).count("Deliver")


@pytest.mark.slow
@given(crashes=CRASHES)
@settings(max_examples=25)
def test_whatever_a_crash_leaves_the_logs_are_accepted(crashes: dict[int, float]) -> None:
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), crashes, lambda step: [b"rubbish"] * (step % 2))
        assert check(Path(name)).count("Deliver") >= 3 * 3 * 3  # offers, generations, processes


def test_a_log_without_places_is_refused(tmp_path: Path) -> None:
    run(tmp_path, {}, lambda step: [])
    (config, *_) = nats_configs(tmp_path, NOWHERE)
    lines = [json.loads(line) for line in config.log.read_text().splitlines()]
    where = next(line["number"] for line in lines if line["event"] == "delivered")
    del lines[where - 1]["sequence"]
    config.log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    opened = open_stream_storage(config, LogLines(config.process))
    with pytest.raises(ModelConsensusError) as refused, opened:
        pass
    assert str(refused.value) == f"{config.log}: line {where}: sequence is missing"
