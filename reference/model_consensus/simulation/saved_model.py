"""A trained model in a file, with what fixes it, so that it can be loaded and evaluated."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Model
from model_consensus.landscapes import Landscape, Vector
from model_consensus.simulation.catalogue import load_landscape

FORMAT = "model-consensus/model/1"


@dataclass(frozen=True)
class SavedModel:
    """What a file holds.

    :ivar landscape: the name by which the run asked for it.
    :ivar described: everything that fixes the landscape: :meth:`Landscape.describe`.
    :ivar digest: of the model, in hexadecimal; it fixes genesis, parents and tickets.
    :ivar generation: the number of the generation that decided the model.
    :ivar loss: on ``landscape``.
    :ivar vector: the coordinates, int64[d].
    """

    landscape: str
    described: str
    digest: str
    generation: int
    loss: int
    vector: Vector


def save_model(path: Path, model: Model, landscape: Landscape, name: str) -> None:
    """Write ``model``, trained on the landscape of that ``name``; equal models, equal bytes."""
    np.savez(
        path,
        allow_pickle=False,
        format=np.array(FORMAT),
        landscape=np.array(name),
        described=np.array(landscape.describe()),
        digest=np.array(model.digest.hex()),
        generation=np.array(model.generation),
        loss=np.array(str(landscape.losses(model.vector[None])[0])),  # it has any number of digits
        vector=model.vector,
    )


def load_model(path: Path) -> SavedModel:
    """Read what :func:`save_model` wrote.

    :raises ModelConsensusError: the file is not a trained model.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if file["format"][()] != FORMAT:
                raise ValueError("another format")
            return SavedModel(
                landscape=str(file["landscape"]),
                described=str(file["described"]),
                digest=str(file["digest"]),
                generation=int(file["generation"]),
                loss=int(str(file["loss"])),
                vector=np.array(file["vector"], np.int64, ndmin=1),
            )
    except (ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile):
        raise ModelConsensusError(f"{path}: not the model.npz of a run") from None


def landscape_of(saved: SavedModel) -> Landscape:
    """The landscape that the model was trained on.

    :raises ModelConsensusError: the landscape of that name is another one now.
    """
    landscape = load_landscape(saved.landscape)
    if landscape.describe() != saved.described or landscape.initial().shape != saved.vector.shape:
        raise ModelConsensusError(
            f"landscape {saved.landscape!r} is not the one that the model was trained on: it says "
            f"{landscape.describe()!r}, the model {saved.described!r}"
        )
    return landscape
