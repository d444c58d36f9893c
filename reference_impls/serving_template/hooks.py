"""What is yours: the fields of a request, the model, how it is fed, and what its answer means.

As it stands, it names the species of a flower, so that everything around it can be tried. Change this file first;
nothing else here knows anything of flowers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kit.models import Floats, Model, load, trained

Centimetres = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False, strict=True)]


class Input(BaseModel):
    """One thing to predict for: name each field, and say what it may be, so that nothing else reaches the model."""

    model_config = ConfigDict(extra="forbid")

    sepal_length: Centimetres
    sepal_width: Centimetres
    petal_length: Centimetres
    petal_width: Centimetres


class Output(BaseModel):
    """One prediction, in the words of its callers."""

    species: str
    probability: float


EXAMPLE = Input(sepal_length=5.1, sepal_width=3.5, petal_length=1.4, petal_width=0.2)


def load_model(folder: Path, digest: str) -> Model:
    """Load the model, before the service takes any request; raise `RefusedModelError` where it must not be served.

    `digest`, where one is set, is the SHA-256 that the model's file must have. Fetch the file from your registry here.
    """
    return load(trained("iris", folder), digest)


def preprocess(inputs: Sequence[Input]) -> Floats:
    """Turn inputs into what the model takes, shape (inputs, features); the very code that training used."""
    return np.array([[i.sepal_length, i.sepal_width, i.petal_length, i.petal_width] for i in inputs], dtype=np.float64)


def predict(model: Model, prepared: Floats) -> list[Output]:
    """Run the model, and say what its answers mean, in the order of the inputs."""
    return [Output(species=p.label, probability=p.probability) for p in model.predict(prepared)]
