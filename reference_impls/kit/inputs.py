"""Bodies of requests and answers, with the limits that keep bad input out."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kit.models import Floats, Model, Prediction

MOST_RECORDS = 1000
_MOST = 1e30                                       # models use single precision, whose maximum is 3e38
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True, ge=-_MOST, le=_MOST)]
Record = Annotated[list[Finite], Field(max_length=1000)]


def _storable(text: str) -> str:
    """Refuse what PostgreSQL cannot store: an error of the database would look as if it was down."""
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    return text


Storable = AfterValidator(_storable)
"""For each text of a request that is stored, or looked up."""


class UnfitInputError(ValueError):
    """Records that do not fit the model."""


class Records(BaseModel):
    """Records to predict: lists of finite numbers, one number for each feature of the model."""

    model_config = ConfigDict(extra="forbid")

    inputs: Annotated[list[Record], Field(min_length=1, max_length=MOST_RECORDS)]

    def matrix(self, features: int) -> Floats:
        """Return the records as a matrix of shape (records, features); raises `UnfitInputError` for another width."""
        for index, record in enumerate(self.inputs):
            if len(record) != features:
                raise UnfitInputError(f"inputs[{index}] has {len(record)} numbers; the model needs {features}")
        return np.array(self.inputs, dtype=np.float64)


class Labelled(BaseModel):
    """One prediction."""

    label: str
    probability: float


class Predictions(BaseModel):
    """The answer: a prediction for each record, and the model that made them."""

    model: str
    version: str
    predictions: list[Labelled]


def answer(model: Model, records: Records) -> Predictions:
    """Predict; raises `UnfitInputError` for records of another width."""
    return as_answer(model, model.predict(records.matrix(len(model.card.features))))


def as_answer(model: Model, predictions: list[Prediction]) -> Predictions:
    """Return predictions in the form of the answer."""
    labelled = [Labelled(label=p.label, probability=p.probability) for p in predictions]
    return Predictions(model=model.card.name, version=model.card.version, predictions=labelled)
