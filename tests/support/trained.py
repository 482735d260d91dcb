"""The trace of a training run, through a file of changes."""

import tempfile
from pathlib import Path
from typing import Any

from model_consensus.conformance.trace_windows import read
from model_consensus.conformance.trace_writer import trace_file
from model_consensus.conformance.traces import Trace
from model_consensus.landscapes import Landscape
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.training import train


def trained_trace(setting: Setting, landscape: Landscape, **given: Any) -> Trace:
    """What ``train`` writes, read again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.ndjson"
        with trace_file(path) as file:
            train(setting, landscape, trace=file, **given)
        return read(path)
