"""The node of a configuration, with what it remembers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from model_consensus.conformance.log_writing import LogLines
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.evolutionary_search import Search
from model_consensus.node import pow_packets
from model_consensus.node.byzantine import ByzantineParticipant
from model_consensus.node.config import BroadcastConfig, Config, NatsConfig, PowConfig
from model_consensus.node.host import Host, Speech
from model_consensus.node.nats_host import NatsHost
from model_consensus.node.orders import Order, StreamletOrder
from model_consensus.node.participant import Participant
from model_consensus.node.pow_byzantine import ByzantinePowParticipant
from model_consensus.node.pow_participant import PowParticipant
from model_consensus.node.pow_storage import open_pow_storage
from model_consensus.node.storage import open_storage
from model_consensus.node.stream_order import StreamOrder
from model_consensus.node.stream_storage import open_stream_storage
from model_consensus.node.wire import longest_packet
from model_consensus.streamlet import codec
from model_consensus.streamlet.state import Identity
from model_consensus.tob_learner import Rules


@contextmanager
def hosted(config: Config | NatsConfig | PowConfig) -> Iterator[Host]:
    """A node that has read what it remembers."""
    match config:
        case Config():
            made = _over_streamlet(config)
        case NatsConfig():
            made = _over_nats(config)
        case PowConfig():
            made = _over_work(config)
    with made as host:
        yield host


def _forget() -> None:
    """A Byzantine node keeps nothing."""


@contextmanager
def _over_streamlet(config: Config) -> Iterator[Host]:
    longest = longest_packet(config.identity.committee)
    speech = Speech(codec.encode, codec.decode, longest)
    if config.byzantine:
        yield Host(config, _liar(config, StreamletOrder(config.identity)), speech, _forget)
        return
    with open_storage(config) as (storage, remembered):
        participant = Participant(*_known(config), storage.lines, remembered)
        yield Host(config, participant, speech, lambda: storage.sync(participant.lines))


@contextmanager
def _over_nats(config: NatsConfig) -> Iterator[Host]:
    speech = Speech(codec.encode, codec.decode, longest=0)  # no packets from node to node
    if config.byzantine:
        yield NatsHost(config, _liar(config, StreamOrder(config.identity)), speech, _forget)
        return
    lines = LogLines(config.process)
    with open_stream_storage(config, lines) as (storage, remembered):
        participant = Participant(*_known(config), lines, remembered)
        yield NatsHost(config, participant, speech, lambda: storage.sync(participant.lines))


def _liar(config: BroadcastConfig, order: Order) -> ByzantineParticipant:
    return ByzantineParticipant(*_known(config), order, config.byzantine, config.setting.attack)


def _known(config: BroadcastConfig) -> tuple[Identity, Search, Rules, int]:
    setting = config.setting
    rules = Rules(setting.lambda_, setting.mu)
    return config.identity, config.search, rules, setting.generations


@contextmanager
def _over_work(config: PowConfig) -> Iterator[Host]:
    setting, me = config.setting, config.identity
    longest = pow_packets.longest_packet(len(config.keys), setting.draws)
    speech = Speech(pow_packets.encode, pow_packets.decode, longest)
    known = config.search, setting.generations, config.tries
    if config.byzantine:
        rules = config.agreed.rules
        liar = ByzantinePowParticipant(me, rules, *known, config.byzantine, setting.attack)
        yield Host(config, liar, speech, _forget)
        return
    lines = PowLogLines(config.process, clock=time.time)
    with open_pow_storage(config, lines) as (storage, miner):
        participant = PowParticipant(me, miner, *known, lines)
        yield Host(config, participant, speech, lambda: storage.sync(participant.lines))
