"""Byzantine participants: each attack goes on to the end of a run, and the correct ones agree."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import pytest

from model_consensus.conformance.log_writing import LogLines
from model_consensus.evolutionary_search import Process
from model_consensus.node.byzantine import ByzantineParticipant
from model_consensus.node.config import Config
from model_consensus.node.orders import StreamletOrder
from model_consensus.node.participant import Participant, Remembered
from model_consensus.simulation.setting import ATTACKS_ON
from model_consensus.streamlet.messages import Packet
from model_consensus.streamlet.state import Send
from model_consensus.tob_learner import Rules, current_generation, new_learner
from tests.support.nodes import configs

EPOCHS = 200


def participant(config: Config, attack: str) -> Participant:
    """One of four, of which p4 is Byzantine."""
    me, setting = config.identity, config.setting
    rules, order = Rules(setting.lambda_, setting.mu), StreamletOrder(me)
    if me.process == "p4":
        around = config.search, rules, setting.generations, order
        return ByzantineParticipant(me, *around, ["p4"], attack)
    nothing = Remembered(order, new_learner(config.search, me.process))
    log = LogLines(me.process)
    return Participant(me, config.search, rules, setting.generations, log, nothing)


@pytest.mark.parametrize("attack", ATTACKS_ON["streamlet"])
def test_an_attack_goes_on_to_the_end_and_the_others_agree(attack: str, tmp_path: Path) -> None:
    made = {each.process: participant(each, attack) for each in configs(tmp_path)}
    correct = [made[process] for process in ("p1", "p2", "p3")]
    queue: deque[tuple[Process, Packet]] = deque()

    def send(sender: Process, out: Sequence[Send]) -> None:
        for each in out:
            to = [p for p in made if p != sender] if each.to is None else [each.to]
            queue.extend((process, each.packet) for process in to)

    for epoch in range(1, EPOCHS):
        for process, each in made.items():
            send(process, each.begin(epoch))
        while queue:
            process, packet = queue.popleft()
            send(process, made[process].receive(packet))
        if all(current_generation(each.learner) > each.generations for each in correct):
            break
    else:
        raise AssertionError("the correct processes do not decide")
    assert len({each.learner.model.digest for each in correct}) == 1
