"""What the nodes of a cluster have learned, computed again from the log of one of them."""

from pathlib import Path

from model_consensus.conformance.log_replay import Known, Told
from model_consensus.conformance.logs import Decided, open_logs
from model_consensus.conformance.pow_log_replay import PowReplay
from model_consensus.conformance.pow_logs import POW
from model_consensus.evolutionary_search import Model
from model_consensus.landscapes import Landscape
from model_consensus.node.pow_storage import replayed as replayed_over_work
from model_consensus.node.storage import replayed
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import OnRow, Row, Training, accuracies


def learned(path: Path, setting: Setting, landscape: Landscape, on_row: OnRow) -> Training:
    """What the process with this log has decided.

    :param on_row: called with each generation.
    :raises ModelConsensusError: the log contradicts itself.
    """
    over_work = setting.protocol == "pow"
    return (_over_work if over_work else _over_broadcast)(path, setting, landscape, on_row)


def _over_broadcast(path: Path, setting: Setting, landscape: Landscape, on_row: OnRow) -> Training:
    rows: list[Row] = []
    with open_logs([path]) as (log,):
        for replay in replayed(log, setting.search(landscape)):
            learner = replay.learner
            if learner.model.generation > len(rows):
                banned = len(learner.banned)
                rows.append(_row(landscape, learner.model, learner.evaluations, banned))
                on_row(rows[-1])
    return Training(replay.delivered, rows, learner.model, list(learner.banned))


def _over_work(path: Path, setting: Setting, landscape: Landscape, on_row: OnRow) -> Training:
    rows: list[Row] = []
    evaluations = 0
    search = setting.search(landscape)
    model = search.genesis
    with POW.open([path]) as (log,):
        replay = PowReplay(log, Told(search, computes=False), Known())
        for taken in replayed_over_work(replay):
            evaluations += len(taken.evaluated)
            if isinstance(taken.event, Decided) and taken.event.generation > len(rows):
                miner = replay.miner
                named = {each.digest: each for each in miner.learner.models.values()}
                model = named[taken.event.model]
                off_chain = len(miner.learner.known) - miner.height
                rows.append(_row(landscape, model, evaluations, off_chain))
                on_row(rows[-1])
    return Training(log.line - 1, rows, model)


def _row(landscape: Landscape, model: Model, evaluations: int, misbehaviour: int) -> Row:
    (loss,) = landscape.losses(model.vector[None])
    found = accuracies(landscape, model.vector)
    return Row(model.generation, loss, evaluations, misbehaviour, found)
