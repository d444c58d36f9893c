"""Realistic inputs: different records, in different sizes and random order, or recorded request bodies."""

from __future__ import annotations

import json
import random
from pathlib import Path

from kit.load import Call, LoadError
from kit.models import Floats

MOST_INPUTS = 100_000
_MANY = 0.1                                        # share of the requests with several records
_MOST_RECORDS = 20


def drawn(examples: Floats, path: str, count: int = 1000, seed: int = 7) -> list[Call]:
    """Return requests with records of shape (records, features): most have one, some up to twenty."""
    records, draw = examples.tolist(), random.Random(seed)
    sizes = (draw.randint(2, _MOST_RECORDS) if draw.random() < _MANY else 1 for _ in range(count))
    return [Call(path, json.dumps({"inputs": draw.choices(records, k=size)}).encode()) for size in sizes]


def recorded(file: Path, path: str) -> list[Call]:
    """Return the requests of a file with one JSON body per line; raises `LoadError` if it cannot be read."""
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"{file}: cannot be read: {error}") from None
    if not lines or len(lines) > MOST_INPUTS:
        raise LoadError(f"{file}: has {len(lines)} lines; it must have 1 to {MOST_INPUTS}")
    for number, line in enumerate(lines, 1):
        try:
            json.loads(line)
        except ValueError as error:
            raise LoadError(f"{file}:{number}: is not JSON: {error}") from None
    return [Call(path, line.encode()) for line in lines]
