"""Recognises the format of a model file by its first bytes; its name may lie."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Final, Literal

from archlint.errors import UsageError, hint_to_read

Format = Literal["onnx", "skops", "safetensors", "pickle"]
_START: Final = 64
_JOBLIB: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00\x00", b"\x04\x22\x4d\x18", b"\x78\x01", b"\x78\x5e",
                  b"\x78\x9c", b"\x78\xda")  # fmt: skip
"""How files start that joblib compresses: gzip, bzip2, xz, lzma, lz4, zlib."""
_GRAPH_FIELDS: Final = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72})
"""How the second field of an ONNX file starts, after the version of its format."""
_EXPORT: Final = "export the model to ONNX, skops or safetensors"
_OTHERS: Final = (
    (0, b"GGUF", "a GGUF file"), (0, b"\x89HDF", "an HDF5 file (Keras)"), (4, b"TFL3", "a TensorFlow Lite file"),
    (0, b"\x93NUMPY", "an array of NumPy"), (0, b"version https://git-lfs", "a pointer of Git LFS, not the model"),
)  # fmt: skip


def format_of(path: Path) -> Format:
    """Return the format of a model file; raises `UsageError` if it is missing, or of no format that can be measured."""
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not a regular file" if path.exists() else "no such file"
            raise UsageError(f"{path}: {what}", "name a model file")
        with path.open("rb") as file:
            start = file.read(_START)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        hint = hint_to_read(error, "name a model file") if isinstance(error, OSError) else "name a model file"
        raise UsageError(f"{path}: cannot be read: {said}", hint) from None
    if not start:
        raise UsageError(f"{path}: the file is empty", "name a model file")
    found = _by_start(path, start)
    if found is None:
        other = next((what for at, mark, what in _OTHERS if start[at : at + len(mark)] == mark), "")
        if other:
            hint = "run `git lfs pull`" if "LFS" in other else _EXPORT
            raise UsageError(f"{path}: is {other}, which archlint cannot measure", hint)
        raise UsageError(f"{path}: not a model in ONNX, skops, safetensors, pickle or joblib", _EXPORT)
    return found


def _by_start(path: Path, start: bytes) -> Format | None:
    if start.startswith(b"PK\x03\x04"):
        return _in_archive(path)
    if start[0] == 0x80 and len(start) > 1 and 2 <= start[1] <= 5:
        return "pickle"
    if start[8:9] == b"{" or path.suffix.lower() == ".safetensors":
        return "safetensors"
    if start[0] == 0x08 and len(start) > 2 and 1 <= start[1] <= 0x20 and start[2] in _GRAPH_FIELDS:
        return "onnx"
    return "pickle" if start.startswith(_JOBLIB) else None


def _in_archive(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {os.path.basename(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UsageError(f"{path}: is a damaged archive: {error}", "copy the file again") from None
    if "schema.json" in names:
        return "skops"
    if "data.pkl" in names:
        hint = "export it to ONNX, or save its weights as safetensors"
        raise UsageError(f"{path}: is a file of PyTorch, which archlint cannot measure", hint)
    raise UsageError(f"{path}: is an archive, but not of skops", _EXPORT)
