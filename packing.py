"""Packs into the wheel what only a few commands read: 900 small files take four times their size on a disk.

The reference implementations, which are unpacked when they are started or copied, and the rules: a check needs only
their index, which stays outside with the catalogue of patterns.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LEFT_OUT = {"__pycache__", "reference-data", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of all files: the same sources give the same bytes."""


class Packing(BuildHookInterface[Any]):
    """Makes the archives, and has them included in the wheel; a checkout reads its own folders."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write both archives below the folder of the build."""
        if version == "editable":
            return
        root = Path(self.root)
        folder = Path(self.directory) / "packed"
        folder.mkdir(parents=True, exist_ok=True)
        for name, files in (("reference_impls", "**/*"), ("rules", "*/**/*")):
            archive = folder / f"{name}.zip"
            _pack(root / name, (root / name).glob(files), archive)
            build_data["force_include"][str(archive)] = f"archlint/_{name}.zip"


def _pack(root: Path, paths: Iterable[Path], archive: Path) -> None:
    files = {path.relative_to(root): path for path in paths if path.is_file()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, path in sorted(files.items()):
            if _LEFT_OUT.isdisjoint(name.parts) and path.suffix != ".pyc":
                packed.writestr(zipfile.ZipInfo(name.as_posix(), _FIRST_DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)
