"""What the chains of blocks are to satisfy, whatever the blocks carry; see `properties`."""

from typing import Any

from model_consensus.settlement.pacers import may_violate
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import State
from model_consensus.systems.pow_delayed import DelayedPowSystem


def refines_longest_chain(system: PowSystem, before: State, after: State) -> bool:
    """What ``RefinesLongestChain`` says of a win: all know the blocks of correct processes."""
    old: Any = system.project(before)
    if len(after.blocks) == len(before.blocks):
        return True
    return all(
        place in old["known"][process]
        for place, block in enumerate(old["blocks"], start=1)
        if block["miner"] in old["known"]
        for process in old["known"]
    )


def refines_delayed_chain(system: DelayedPowSystem, before: State, after: State) -> bool:
    """What ``RefinesDelayedChain`` says of a win: all know what was won ``delta`` slots before."""
    if len(after.blocks) == len(before.blocks):
        return True
    won, now = after.blocks[:-1], after.slots[-1]
    return all(
        block.digest in learner.known
        for block, slot in zip(won, before.slots, strict=True)
        if block.miner in system.correct
        for process, learner in before.learner.items()
        if slot + system.delta < now or block.miner == process
    )


def no_bad_factor(system: DelayedPowSystem, state: State) -> bool:
    """``NoBadFactor``: whether the wins are such that all decisions agree."""
    return not may_violate(system.string(state), system.delta, system.rules.depth)
