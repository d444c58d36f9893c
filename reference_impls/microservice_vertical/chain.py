"""The two models of the chain, trained as a pair: a coarse one names a digit's group, a fine one the digit.

The fine model takes the pixels and, behind them, how sure the coarse one is of its group: 0 for the other groups.
`python -m microservice_vertical.chain` trains both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import numpy as np
from sklearn.datasets import load_digits

from kit.inputs import Labelled
from kit.models import Prediction, card_path, load, train_on
from kit.settings import Settings, read_settings

Stage = Literal["coarse", "fine"]
STAGES: Final[tuple[Stage, ...]] = ("coarse", "fine")
GROUPS: Final = {"straight": "147", "open": "235", "closed": "0689"}
PIXELS: Final = 64


def sureness(said: Prediction | Labelled) -> list[float]:
    """Return what the coarse model said as the features of the fine one: a number for each group."""
    return [said.probability if said.label == group else 0.0 for group in GROUPS]


def train_chain(folder: Path) -> None:
    """Train both models, where the folder does not hold them: the fine one behind what the coarse one says."""
    paths = [folder / f"{stage}.skops" for stage in STAGES]
    if all(path.is_file() and card_path(path).is_file() for path in paths):
        return
    pixels, digits = load_digits(return_X_y=True)
    groups = np.array([[str(digit) in members for members in GROUPS.values()].index(True) for digit in digits])
    names = tuple(f"pixel_{i}" for i in range(PIXELS))
    coarse = load(train_on(pixels, groups, folder, name="coarse", features=names, classes=tuple(GROUPS)))
    both = np.hstack([pixels, [sureness(said) for said in coarse.predict(pixels)]])
    train_on(both, digits, folder, name="fine", features=(*names, *GROUPS), classes=tuple("0123456789"))


if __name__ == "__main__":
    train_chain(read_settings(Settings).data_dir)
