"""Where the folders that ship with archlint are: inside the installed package, else in the checkout beside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_folder(name: str) -> Path | None:
    """The folder `rules` or `reference_impls`, or None where this installation has none: then see `packed_file`.

    >>> shipped_folder("rules").is_dir()
    True
    """
    for candidate in (_PACKAGE / f"_{name}", _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    return None


def packed_file(name: str) -> Path | None:
    """The archive of what a few commands read of `rules` (their examples) or `reference_impls`; None in a checkout."""
    packed = _PACKAGE / f"_{name}.zip"
    return packed if packed.is_file() else None


def catalogue_file(name: str) -> Path:
    """A data file of the catalogue, such as `technologies.yaml` or `hardware.json`."""
    return _PACKAGE / "catalog" / name
