"""The two models of the chain, trained as a pair: the coarse one predicts a digit's group, the fine one the digit.

The inputs of the fine model are the pixels, followed by one number for each group: the coarse model's probability of
the group that it predicts, and 0 for the others. `python -m microservice_vertical.chain` trains both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import numpy as np

from kit.inputs import Labelled
from kit.models import Prediction, card_path, labelled, load, train_on
from kit.settings import Settings, read_settings

Stage = Literal["coarse", "fine"]
STAGES: Final[tuple[Stage, ...]] = ("coarse", "fine")
GROUPS: Final = {"straight": "147", "open": "235", "closed": "0689"}
PIXELS: Final = 64


def sureness(said: Prediction | Labelled) -> list[float]:
    """Return the coarse model's answer as features of the fine one: one number for each group."""
    return [said.probability if said.label == group else 0.0 for group in GROUPS]


def is_trained(folder: Path) -> bool:
    """Return whether a folder contains both models."""
    paths = [folder / f"{stage}.skops" for stage in STAGES]
    return all(path.is_file() and card_path(path).is_file() for path in paths)


def train_chain(folder: Path) -> None:
    """Train both models if the folder does not contain them; the fine one is trained on the coarse one's output."""
    if is_trained(folder):
        return
    pixels, digits = labelled("digits")
    groups = np.array([[str(digit) in members for members in GROUPS.values()].index(True) for digit in digits])
    names = tuple(f"pixel_{i}" for i in range(PIXELS))
    coarse = load(train_on(pixels, groups, folder, name="coarse", features=names, classes=tuple(GROUPS)))
    both = np.hstack([pixels, [sureness(said) for said in coarse.predict(pixels)]])
    train_on(both, digits, folder, name="fine", features=(*names, *GROUPS), classes=tuple("0123456789"))


if __name__ == "__main__":
    train_chain(read_settings(Settings).data_dir)
