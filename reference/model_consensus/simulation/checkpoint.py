"""The losses of a run, kept in a file, so that an interrupted run can be taken up again.

A run is a pure function of its options: a resumed one takes the same steps from the start, and so
ends with the same bytes whenever it was killed.  What it does not do again is to evaluate models:
each loss is in the file before anything is done with it, and a resumed run reads them in the order
in which it needs them.  The steps without the evaluations take seconds for hundreds of generations,
so a run that takes long is one whose evaluations do.

The first line of the file says which run it is.  Every other line is a model's name (in
hexadecimal, BLAKE2b of its coordinates, 16 bytes) and its loss.  What is flushed survives the
process, not a loss of power; a last line that was cut off is ignored.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, cast

from model_consensus import __version__
from model_consensus.conformance.files import whole_file
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import tagged_digest
from model_consensus.landscapes import Landscape, Vector

_LINE = re.compile(rb"([0-9a-f]{32}) (\d+)\n")
_RECENT = 1 << 10
"""So many of the last losses are remembered at least: a decided model is not evaluated again."""


class _Remembering:
    """A landscape whose losses are read from ``file`` while it has some, and then written there."""

    def __init__(self, landscape: Landscape, file: BinaryIO) -> None:
        self._landscape = landscape
        self._file = file
        self._number = 1  # of the line that was read last
        self._recent: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._landscape, name)

    def losses(self, models: Vector) -> list[int]:
        """See :class:`Landscape`."""
        names = [
            blake2b(model.tobytes(), digest_size=16).hexdigest() for model in models.astype("<i8")
        ]
        missing = {name: row for row, name in enumerate(names) if name not in self._recent}
        found: dict[str, int] = {}
        for name in missing:
            loss = self._next(name)
            if loss is None:
                break
            found[name] = loss
        rest = list(missing)[len(found) :]
        if rest:
            losses = self._landscape.losses(models[[missing[name] for name in rest]])
            found.update(zip(rest, losses, strict=True))
            self._file.writelines(f"{name} {found[name]}\n".encode() for name in rest)
            self._file.flush()
        self._recent.update(found)
        answers = [self._recent[name] for name in names]
        if len(self._recent) > 2 * _RECENT:
            self._recent = dict(list(self._recent.items())[-_RECENT:])
        return answers

    def _next(self, name: str) -> int | None:
        """The next loss in the file, which is of this model; None after the last whole line."""
        line = self._file.readline()
        if not line.endswith(b"\n"):  # what comes next is written here
            self._file.seek(-len(line), os.SEEK_CUR)
            self._file.truncate()
            return None
        self._number += 1
        match = _LINE.fullmatch(line)
        where = f"{self._file.name}: line {self._number}"
        if match is None:
            raise ModelConsensusError(f"{where}: not a model and its loss")
        if match[1].decode() != name:
            raise ModelConsensusError(f"{where}: not the model that comes next in this run")
        return int(match[2])


@contextmanager
def remembering(
    path: Path, landscape: Landscape, options: Mapping[str, Any], *, resume: bool
) -> Iterator[Landscape]:
    """``landscape`` with every loss written to ``path``; with those that are there, if ``resume``.

    Without a file there is nothing to resume, and the run begins.  A damaged line is found when its
    turn comes.

    :param options: what fixes the run besides the landscape, as JSON data.
    :raises ModelConsensusError: the file is of another run or damaged.
    """
    problem = tagged_digest(
        "model-consensus/checkpoint/1", landscape.describe(), landscape.initial().tobytes()
    )
    run = {"version": __version__, "landscape": problem.hex(), **options}
    if not (resume and path.exists() and _is_of(path, run)):
        with whole_file(path) as file:  # a kill in here must not cost the old file
            file.write(json.dumps(run) + "\n")
    with path.open("r+b") as losses:
        losses.readline()
        yield cast(Landscape, _Remembering(landscape, losses))


def _is_of(path: Path, run: Mapping[str, Any]) -> bool:
    """Whether the checkpoint has a whole first line, which has to be that of ``run``."""
    with path.open("rb") as file:
        line = file.readline()
    if not line.endswith(b"\n"):
        return False
    try:
        found = dict(json.loads(line))
    except (ValueError, TypeError):
        raise ModelConsensusError(f"{path}: line 1: not a checkpoint") from None
    for name in [*run, *found]:
        if found.get(name) != run.get(name):
            raise ModelConsensusError(
                f"{path}: the checkpoint of another run: {name} was {found.get(name)!r}, "
                f"not {run.get(name)!r}"
            )
    return True
