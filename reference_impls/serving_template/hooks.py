"""Your own part: the fields of a request, the model, its inputs, and the meaning of its outputs.

It now names the species of a flower, so that you can try the service. Change this file first: nothing else in this
folder depends on flowers.
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
    """One input: give each field a name and limits, so that invalid input does not reach the model."""

    model_config = ConfigDict(extra="forbid")

    sepal_length: Centimetres
    sepal_width: Centimetres
    petal_length: Centimetres
    petal_width: Centimetres


class Output(BaseModel):
    """One prediction, in the terms of the callers."""

    species: str
    probability: float


EXAMPLE = Input(sepal_length=5.1, sepal_width=3.5, petal_length=1.4, petal_width=0.2)


def load_model(folder: Path, digest: str) -> Model:
    """Load the model before the service accepts requests; raise `RefusedModelError` if it must not be served.

    `digest`, if set, is the SHA-256 that the model's file must have. Fetch the file from your registry here.
    """
    return load(trained("iris", folder), digest)


def preprocess(inputs: Sequence[Input]) -> Floats:
    """Turn inputs into features of shape (inputs, features), with the same code as in training."""
    return np.array([[i.sepal_length, i.sepal_width, i.petal_length, i.petal_width] for i in inputs], dtype=np.float64)


def predict(model: Model, prepared: Floats) -> list[Output]:
    """Run the model, and return its predictions in the order of the inputs."""
    return [Output(species=p.label, probability=p.probability) for p in model.predict(prepared)]
