"""Create a release: a model, and the version of the preprocessing that it was trained with.

Only training needs both halves: `python -m prep_pred.release`.
"""

from __future__ import annotations

from pathlib import Path

from kit.models import trained
from kit.settings import Settings, read_settings
from prep_pred.predictor import MODEL, PAIR
from prep_pred.preparation import Preparation


def is_released(folder: Path) -> bool:
    """Return whether a folder contains a release."""
    return (folder / f"{MODEL}.skops").is_file()


def make_release(folder: Path) -> None:
    """Write a release into a folder without one; the model is written last, so an incomplete release has no model."""
    if not is_released(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAIR).write_text(Preparation().version)
        trained(MODEL, folder)


if __name__ == "__main__":
    make_release(read_settings(Settings).data_dir)
