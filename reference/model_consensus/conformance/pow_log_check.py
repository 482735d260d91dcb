"""Checking the logs of the processes of one run over proof-of-work, as they are read.

Each process is computed again from its log (:mod:`model_consensus.conformance.pow_log_replay`), and
the logs are merged without clocks: what a process hears or receives comes after what its sender
with a log says of it, and of what may come next, blocks are won last.  So of the orders that
respect causality this one lets blocks arrive early, counted in wins.  A process that has no log is
Byzantine.  A block is valid whoever mined it, so a block in the name of a process with a log, which
that log does not have, is the adversary's.

The merged steps are those of ``DelayedLearning.tla`` in which each win of a correct process has a
slot of its own, and the adversary wins a block when it is first received.  The least bound on the
delay, in slots, with which they are is measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from model_consensus.conformance.log_check import RejectedLogError, check_starts
from model_consensus.conformance.log_replay import (
    ContradictionError,
    Known,
    Told,
    differences,
)
from model_consensus.conformance.logs import Decided, Offered
from model_consensus.conformance.pow_log_replay import PowReplay, Taken
from model_consensus.conformance.pow_logs import Heard, Mined, PowLog, PowRestarted, Received
from model_consensus.conformance.pow_miner import height_of
from model_consensus.evolutionary_search import Digest, Process, Search
from model_consensus.pow_learner import Block
from model_consensus.tob_learner import Offer


@dataclass(frozen=True)
class Won:
    """A block that was won.

    :ivar miner: whose log has it; None if it is the adversary's.
    :ivar height: the length of the chain that it ends.
    :ivar slot: when, counted in the wins of correct processes.
    :ivar time: when, by its miner's clock, if that is known.
    :ivar where: the process and the line that have it first.
    """

    miner: Process | None
    height: int
    slot: int
    time: float | None
    where: tuple[Process, int]


class PowCheck:
    """The logs of one run.

    :param logs: of different processes, read up to their first lines.
    :param computed: computes digests and losses, if the landscape is known.
    :ivar won: the blocks by digest, in the merged order.
    :ivar delta: how many slots a block of a correct process has taken at most.
    :ivar latest: the process and the line that it took so long to, and the block's miner.
    :ivar delta_running: the same of blocks and processes that were running when the block was won,
        as far as the clocks in the logs tell.
    :ivar arrivals: how many seconds these took, by the clocks.
    :raises RejectedLogError: the logs begin in different ways.
    """

    def __init__(self, logs: Sequence[PowLog], computed: Search | None = None) -> None:
        check_starts(logs, computed)
        self.agreed = logs[0].agreed
        self.logging = {log.process for log in logs}
        self.won: dict[Digest, Won] = {}
        self.delta, self.latest = 0, ("", 0, "")
        self.delta_running = 0
        self.arrivals: list[float] = []
        self._restarted: dict[Process, float | None] = {}
        self._slot = 0
        self._known = Known()
        self._made: dict[tuple[Process, Digest], Offer] = {}  # what those with logs have offered
        self._decided: dict[int, tuple[Digest, Process, int]] = {}
        self.replays = [PowReplay(log, Told.by(log.agreed, computed), self._known) for log in logs]

    def steps(self) -> Iterator[Taken]:
        """The merged behaviour, step by step, as far as the logs are right.

        :raises RejectedLogError: the logs contradict themselves, each other, or ``computed``.
        :raises LogError: a line is malformed, or lines are missing.
        """
        waiting = [replay for replay in self.replays if replay.next is not None]
        while waiting:
            before = [replay.log.line for replay in waiting]
            for replay in waiting:
                while self._is_ready(replay):
                    yield self._take(replay)
            if before == [replay.log.line for replay in waiting]:
                yield self._take(self._first_of(waiting))
            self._forget(waiting)
            waiting = [replay for replay in self.replays if replay.next is not None]
        for replay in self.replays:
            for digest, won in self.won.items():
                if won.miner is not None and digest not in replay.miner.learner.known:
                    self._arrived(replay, won)

    def _is_ready(self, replay: PowReplay) -> bool:
        """Whether the next event may be taken before anything is won."""
        match replay.next:
            case None | Mined():
                return False
            case Heard(offer):
                made = self._made.get((offer.sender, offer.parent))
                if offer.sender not in self.logging or made == offer:
                    return True
                if not replay.miner.hears(offer):
                    return True  # it is its own fault then, whatever its sender says
                if made is not None:
                    raise self._unmade(replay, offer, f": the offer has {differences(made, offer)}")
                return False
            case Received(block):
                return block.digest in self.won or (
                    block.miner not in self.logging
                    and all(
                        ticket.proposer not in self.logging
                        or any(offer.ticket == ticket for offer in self._made.values())
                        for ticket in block.step
                    )
                )
        return True

    def _first_of(self, waiting: Sequence[PowReplay]) -> PowReplay:
        """Who takes its next event when nobody is ready: a block that is won, or the adversary's.

        :raises RejectedLogError: one has heard what its sender's log does not say.
        """
        winners = [replay for replay in waiting if isinstance(replay.next, Mined)]
        if winners:
            return min(winners, key=lambda replay: replay.miner.height)
        received = [
            (each.next.block.miner in self.logging, number)
            for number, each in enumerate(waiting)
            if isinstance(each.next, Received)
        ]
        if received:
            stolen, number = min(received)
            replay = waiting[number]
            if stolen and self.logging == set(self.agreed.processes):
                raise RejectedLogError(
                    replay.log, "by the log of its miner, it has not mined this block"
                )
            return replay
        (replay, offer), *_ = (
            (each, each.next.offer) for each in waiting if isinstance(each.next, Heard)
        )
        raise self._unmade(replay, offer)

    @staticmethod
    def _unmade(replay: PowReplay, offer: Offer, difference: str = "") -> RejectedLogError:
        reason = f"by the log of {offer.sender}, it has not made this offer before it is heard"
        return RejectedLogError(replay.log, reason + difference)

    def _take(self, replay: PowReplay) -> Taken:
        try:
            taken = replay.take()
        except ContradictionError as problem:
            raise RejectedLogError(replay.log, str(problem)) from None
        match taken.event:
            case Offered(offer):
                self._made[offer.sender, offer.parent] = offer
            case Mined(block, time):
                if block.digest in self.won:
                    other, line = self.won[block.digest].where
                    reason = f"{other} received this block, at its line {line}, before it was mined"
                    raise RejectedLogError(replay.log, reason, taken.line)
                self._slot += 1
                self._win(replay, taken.line, block, taken.process, time)
            case Received(block, _, time) if taken.accepts:
                won = self.won.get(block.digest)
                if won is None:
                    self._slot = max(self._slot, 1)
                    self._win(replay, taken.line, block)
                elif won.miner is not None:
                    self._arrived(replay, won, taken.line, time)
            case PowRestarted(_, time):
                self._restarted[taken.process] = time
            case Decided(generation, model):
                self._agree(replay, generation, model, taken.line)
        return taken

    def _win(
        self,
        replay: PowReplay,
        line: int,
        block: Block,
        miner: Process | None = None,
        time: float | None = None,
    ) -> None:
        where = replay.process, line
        self.won[block.digest] = Won(miner, height_of(block), self._slot, time, where)

    def _arrived(
        self, replay: PowReplay, won: Won, line: int | None = None, time: float | None = None
    ) -> None:
        """A block has arrived, or has not yet at the end of the log."""
        delay = self._slot - won.slot
        if delay > self.delta:
            self.delta = delay
            self.latest = replay.process, line or replay.log.line - 1, won.miner or ""
        began = self._restarted.get(replay.process)
        if began is None or won.time is None or won.time >= began:
            self.delta_running = max(self.delta_running, delay)
            if time is not None and won.time is not None:
                self.arrivals.append(time - won.time)

    def _agree(self, replay: PowReplay, generation: int, model: Digest, line: int) -> None:
        first = self._decided.setdefault(generation, (model, replay.process, line))
        if first[0] != model:
            raise RejectedLogError(
                replay.log,
                f"it has decided the model {model.hex()[:12]} in generation {generation}, and "
                f"{first[1]} {first[0].hex()[:12]} at its line {first[2]}: all steps are those of "
                f"the learners, and the depth {self.agreed.depth} was not safe",
                line,
            )

    def _forget(self, waiting: Sequence[PowReplay]) -> None:
        """Forget what nobody whose log goes on can use any more."""
        least = min(replay.miner.height for replay in waiting)
        self._known.forget(least - self.agreed.depth)
        for key in [key for key, o in self._made.items() if o.ticket.generation <= least]:
            del self._made[key]

    # --------------------------------------------------------------------------- the verdict

    def measured(self) -> dict[str, Any]:
        """What the logs tell of the blocks and their delays, as JSON data."""
        longest = max((replay.miner for replay in self.replays), key=lambda miner: miner.height)
        heights = [won.height for won in self.won.values() if won.miner is not None]
        times = [won.time for won in self.won.values() if won.time is not None]
        whole = max(times, default=0.0) - min(times, default=0.0)
        arrivals = self.arrivals
        process, line, miner = self.latest
        return {
            "blocks": len(self.won),
            "longestChain": longest.height,
            "delayForks": len(heights) - len(set(heights)),
            "delta": self.delta,
            "deltaOfRunning": self.delta_running,
            "latest": {"process": process, "line": line, "miner": miner} if self.delta else None,
            "arrivalSeconds": {"median": median(arrivals), "most": max(arrivals)}
            if arrivals
            else None,
            "intervalSeconds": whole / (len(times) - 1) if len(times) > 1 else None,
        }


def describe_blocks(check: PowCheck) -> list[str]:
    """The same in words."""
    found = check.measured()
    lines = [
        f"{found['blocks']} blocks, {found['longestChain']} of them in the longest chain; forks "
        f"that delay causes, correct processes having won one height: {found['delayForks']}",
        f"a behaviour of DelayedLearning with a slot for each win of a correct process and delta = "
        f"{found['delta']}",
    ]
    if latest := found["latest"]:
        lines[1] += (
            f": a block of {latest['miner']} reached {latest['process']} so late, at line "
            f"{latest['line']}; {found['deltaOfRunning']} for blocks that were won while their "
            f"receiver was running"
        )
    arrivals, interval = found["arrivalSeconds"], found["intervalSeconds"]
    if arrivals and interval:
        lines.append(
            f"by the clocks in the logs, which are not checked, these arrived after "
            f"{arrivals['median']:.3f} s in the median and {arrivals['most']:.3f} s at most, "
            f"{arrivals['most'] / interval:.1f} of the {interval:.3f} s from one win of a correct "
            f"process to the next"
        )
    return lines
