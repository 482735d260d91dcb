"""The losses of a run, kept in a file, so that an interrupted run can be taken up again.

A run is a pure function of its options: a resumed one takes the same steps from the start, and so
ends with the same bytes whenever it was killed.  What it does not do again is to evaluate models:
each loss is in the file before anything is done with it.  The steps without the evaluations take
seconds for hundreds of generations, so a run that takes long is one whose evaluations do.

The first line of the file says which run it is.  Every other line is a model's name (in
hexadecimal, BLAKE2b of its coordinates, 16 bytes) and its loss.  What is flushed survives the
process, not a loss of power; a last line that was cut off is ignored.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, TextIO, cast

from model_consensus import __version__
from model_consensus.conformance.files import whole_file
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import tagged_digest
from model_consensus.landscapes import Landscape, Vector

_LINE = re.compile(r"([0-9a-f]{32}) (\d+)")


class _Remembering:
    """A landscape that evaluates a model once in its life, and writes each loss down."""

    def __init__(self, landscape: Landscape, known: dict[str, int], file: TextIO) -> None:
        self._landscape = landscape
        self._known = known
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._landscape, name)

    def losses(self, models: Vector) -> list[int]:
        """See :class:`Landscape`."""
        names = [
            blake2b(model.tobytes(), digest_size=16).hexdigest() for model in models.astype("<i8")
        ]
        missing = {name: row for row, name in enumerate(names) if name not in self._known}
        if missing:
            losses = self._landscape.losses(models[list(missing.values())])
            found = dict(zip(missing, losses, strict=True))
            self._file.write("".join(f"{name} {loss}\n" for name, loss in found.items()))
            self._file.flush()
            self._known.update(found)
        return [self._known[name] for name in names]


@contextmanager
def remembering(
    path: Path, landscape: Landscape, options: Mapping[str, Any], *, resume: bool
) -> Iterator[Landscape]:
    """``landscape`` with every loss written to ``path``; with those that are there, if ``resume``.

    Without a file there is nothing to resume, and the run begins.

    :param options: what fixes the run besides the landscape, as JSON data.
    :raises ModelConsensusError: the file is of another run or damaged.
    """
    problem = tagged_digest(
        "model-consensus/checkpoint/1", landscape.describe(), landscape.initial().tobytes()
    )
    run = {"version": __version__, "landscape": problem.hex(), **options}
    known = _read(path, run) if resume and path.exists() else {}
    with whole_file(path) as file:  # a kill in here must not cost the old file
        file.write(json.dumps(run) + "\n")
        file.writelines(f"{name} {loss}\n" for name, loss in known.items())
    with path.open("a", encoding="utf-8") as file:
        yield cast(Landscape, _Remembering(landscape, known, file))


def _read(path: Path, run: Mapping[str, Any]) -> dict[str, int]:
    """The losses in a checkpoint of ``run``."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines:
        return {}
    try:
        found = dict(json.loads(lines[0]))
    except (ValueError, TypeError):
        raise ModelConsensusError(f"{path}: line 1: not a checkpoint") from None
    for name in [*run, *found]:
        if found.get(name) != run.get(name):
            raise ModelConsensusError(
                f"{path}: the checkpoint of another run: {name} was {found.get(name)!r}, "
                f"not {run.get(name)!r}"
            )
    known = {}
    for number, line in enumerate(lines[1:], 2):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ModelConsensusError(f"{path}: line {number}: not a model and its loss")
        known[match[1]] = int(match[2])
    return known
