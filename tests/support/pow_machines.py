"""Participants over proof-of-work that a test connects, with their files, and what they log."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from model_consensus.conformance.pow_log_check import PowCheck
from model_consensus.conformance.pow_log_replay import Taken
from model_consensus.conformance.pow_log_writing import PowLogLines
from model_consensus.conformance.pow_logs import POW
from model_consensus.evolutionary_search import Process
from model_consensus.node.config import PowConfig
from model_consensus.node.pow_byzantine import ByzantinePowParticipant
from model_consensus.node.pow_packets import Send, decode, encode
from model_consensus.node.pow_participant import PowParticipant
from model_consensus.node.pow_storage import open_pow_storage
from model_consensus.node.storage import LogStorage
from tests.support.nodes import NAMES, pow_configs

Lines = dict[Process, list[dict[str, Any]]]


class PowMachine:
    """One correct process: its participant and its files.

    :ivar now: what its clock says.
    """

    def __init__(self, config: PowConfig) -> None:
        self.config = config
        self.now = 0.0
        self.open()

    def open(self) -> None:
        """Start, with what the files have."""
        config = self.config
        lines = PowLogLines(config.process, clock=lambda: self.now)
        self.files = ExitStack()
        self.storage: LogStorage
        self.storage, miner = self.files.enter_context(open_pow_storage(config, lines))
        known = config.search, config.setting.generations, config.tries
        self.participant = PowParticipant(config.identity, miner, *known, lines)

    def persist(self) -> None:
        """Have its lines synced."""
        self.storage.sync(self.participant.lines)
        self.participant.lines.clear()

    def crash(self, share: float) -> None:
        """Persist, lose a part of that, and start again."""
        before = self.config.log.stat().st_size
        self.persist()
        written = self.config.log.stat().st_size - before
        miner = self.participant.miner
        self.files.close()
        with self.config.log.open("r+b") as file:
            file.truncate(before + int(share * written))
        self.open()
        if share == 1:
            again = self.participant.miner
            had = miner.learner, miner.offers, miner.block
            assert (again.learner, again.offers, again.block) == had, "something is forgotten"


class Network:
    """Four processes, of which p4 is Byzantine, in a network without delay.

    :param crashes: at which steps who acts crashes, and how much of what it wrote stays.
    :ivar epoch: the one that they are in.
    :ivar apart: who is connected with nobody.
    :ivar written: the lines of the logs but the first ones, in the order of writing.
    """

    def __init__(
        self,
        folder: Path,
        attack: str = "honest",
        crashes: Mapping[int, float] = {},
        **changes: Any,
    ) -> None:
        made = pow_configs(folder, **changes)
        self.machines = {config.process: PowMachine(config) for config in made[:3]}
        liar, setting = made[3], made[3].setting
        self.liar = ByzantinePowParticipant(
            liar.identity, liar.agreed.rules, liar.search, setting.generations, liar.tries,
            NAMES[3:], attack,
        )  # fmt: skip
        self.epoch = 0
        self.apart: set[Process] = set()
        self.written: list[tuple[Process, str]] = []
        self._crashes = crashes or {}
        self._steps = 0
        self._queue: deque[tuple[Process, bytes]] = deque()

    def run(self, epochs: int) -> None:
        """Run until all correct processes have decided all generations."""
        for _ in range(epochs):
            self.step()
            if all(m.participant.model.generation >= m.config.setting.generations
                   for m in self.machines.values()):  # fmt: skip
                return
        raise AssertionError("a process has stopped learning")

    def step(self) -> None:
        """An epoch."""
        self.epoch += 1
        for machine in self.machines.values():
            machine.now = float(self.epoch)
        for machine in self.machines.values():
            self._after(machine, machine.participant.begin(self.epoch))
            self._deliver()
        self._send(NAMES[3], self.liar.begin(self.epoch))
        self._deliver()

    def _deliver(self) -> None:
        while self._queue:
            process, data = self._queue.popleft()
            packet = decode(data)
            if process in self.machines:
                machine = self.machines[process]
                self._after(machine, machine.participant.receive(packet))
            else:
                self._send(NAMES[3], self.liar.receive(packet))

    def _after(self, machine: PowMachine, out: Sequence[Send]) -> None:
        self._steps += 1
        if self._steps in self._crashes:
            machine.crash(self._crashes[self._steps])
            self._after(machine, machine.participant.begin(self.epoch))
            return
        process = machine.config.process
        self.written += [(process, line) for line in machine.participant.lines]
        machine.persist()
        self._send(process, out)

    def _send(self, sender: Process, out: Sequence[Send]) -> None:
        for send in out:
            for process in NAMES if send.to is None else (send.to,):
                if process != sender and not {process, sender} & self.apart:
                    self._queue.append((process, encode(send.packet)))

    def close(self) -> None:
        """End all processes."""
        for machine in self.machines.values():
            machine.files.close()


def run_network(folder: Path, epochs: int = 2000, **options: Any) -> None:
    """A run to its end."""
    network = Network(folder, **options)
    try:
        network.run(epochs)
    finally:
        network.close()


@cache
def _recorded(attack: str) -> Lines:
    with TemporaryDirectory() as name:
        # On short runs a blend with false offers happens to be as good as they say.
        run_network(Path(name), attack=attack, generations=14 if attack == "false-offers" else 6)
        texts = {process: (Path(name) / f"{process}.log").read_text() for process in NAMES[:3]}
    return {p: [json.loads(line) for line in text.splitlines()] for p, text in texts.items()}


def recorded(attack: str = "honest") -> Lines:
    """The logs of a run, which may be changed."""
    return deepcopy(_recorded(attack))


def checked(paths: Sequence[Path], search: Any = None) -> tuple[PowCheck, list[Taken]]:
    """The check of logs, at its end, and the merged behaviour."""
    with POW.open(paths) as logs:
        check = PowCheck(logs, search)
        return check, [*check.steps()]
