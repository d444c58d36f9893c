"""Reads the header of a safetensors file: parameters, precision and size. No tensor is loaded, and no code runs.

The file is: the length of the header (8 bytes, little-endian), the header (JSON), the tensors.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path
from typing import Annotated, Final

import msgspec

from archlint.errors import UsageError

MAX_HEADER: Final = 100_000_000
"""The limit of the format's own library."""
_BITS: Final = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32,
    "U16": 16, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
    "C64": 64,
}  # fmt: skip
_PRECISIONS: Final = {
    "F64": "fp64", "F32": "fp32", "F16": "fp16", "BF16": "bf16", "F8_E4M3": "fp8", "F8_E5M2": "fp8", "I8": "int8",
    "U8": "uint8", "F4": "fp4",
}  # fmt: skip
_MOST_OF_ALL: Final = 0.9
_AGAIN: Final = "copy or download the file again"
_Amount = Annotated[int, msgspec.Meta(ge=0)]


class _Tensor(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[_Amount, ...]
    data_offsets: tuple[_Amount, _Amount]


class Header(msgspec.Struct, frozen=True):
    """What a header states: the number of tensors and parameters, and the parameters of each type of number."""

    tensors: int
    parameters: int
    dtypes: dict[str, int]

    @property
    def precision(self) -> str:
        """The precision of at least nine tenths of the parameters, in the words of `arch.yaml`; empty without one."""
        kind, count = max(self.dtypes.items(), key=lambda item: item[1], default=("", 0))
        return _PRECISIONS.get(kind, "") if count >= _MOST_OF_ALL * self.parameters else ""


def read_header(path: Path) -> Header:
    """Read the header of a file; raises `UsageError` if it is truncated, too large, or contradicts the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if len(start) < 8:
            raise UsageError(f"{path}: the header is truncated: the file has {size} of its first 8 bytes", _AGAIN)
        length = int.from_bytes(start, "little")
        if length > MAX_HEADER:
            what = f"the header states a length of {length:,} bytes; the limit of the format is {MAX_HEADER:,}"
            raise UsageError(f"{path}: {what}", "is it a safetensors file?")
        if length > size - 8:
            what = f"the header is truncated: it states {length:,} bytes, and {size - 8:,} follow"
            raise UsageError(f"{path}: {what}", _AGAIN)
        text = file.read(length)
    return _header(path, text, size - 8 - length)


def _header(path: Path, text: bytes, data_size: int) -> Header:
    try:
        raw = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        raw.pop("__metadata__", None)
        tensors = {name: msgspec.json.decode(one, type=_Tensor) for name, one in raw.items()}
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{path}: the header is not that of a safetensors file: {error}", _AGAIN) from None
    dtypes: Counter[str] = Counter()
    end = 0
    for name, tensor in tensors.items():
        bits, (first, last) = _BITS.get(tensor.dtype), tensor.data_offsets
        if bits is None:
            raise UsageError(f"{path}: the tensor `{name[:60]}` has the unknown type {tensor.dtype[:20]}", "")
        if -(-prod(tensor.shape) * bits // 8) != last - first:
            what = f"the tensor `{name[:60]}` has {last - first:,} bytes, which do not match its shape and type"
            raise UsageError(f"{path}: {what}", _AGAIN)
        dtypes[tensor.dtype] += prod(tensor.shape)
        end = max(end, last)
    if end != data_size:
        kind = "truncated" if end > data_size else "too long"
        raise UsageError(f"{path}: {kind}: the tensors take {end:,} bytes, and the file has {data_size:,}", _AGAIN)
    return Header(len(tensors), sum(dtypes.values()), dict(dtypes.most_common()))
