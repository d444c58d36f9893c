"""The language models: trained once at the first start, stored in a file without code, and loaded from it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kit.llm.network import Sizes, Weights
from kit.llm.text import END, VOCABULARY, Tokenizer, paragraphs
from kit.llm.training import Tokens, train

ModelName = Literal["topics-small", "topics-large"]
NAMES: tuple[ModelName, ...] = get_args(ModelName)
SIZES: dict[ModelName, Sizes] = {
    "topics-small": Sizes(width=32, layers=1, heads=2, steps=20, vocabulary=VOCABULARY),
    "topics-large": Sizes(width=64, layers=2, heads=4, steps=80, vocabulary=VOCABULARY),
}
_SEED = 7
_HELD_OUT = 10                                     # one paragraph of so many is not learned


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A model that can generate; `version` is the start of the digest of its file."""

    name: str
    version: str
    sizes: Sizes
    tokenizer: Tokenizer
    weights: Weights


def learned(tokenizer: Tokenizer) -> tuple[Tokens, Tokens]:
    """Return the tokens that models learn from, and those that are held out to judge them."""
    kept: list[int] = []
    held_out: list[int] = []
    for number, paragraph in enumerate(paragraphs()):
        (kept if number % _HELD_OUT else held_out).extend([*tokenizer.encode(paragraph), END])
    return np.array(kept), np.array(held_out)


def trained(name: ModelName, folder: Path) -> Path:
    """Return the file of a model; if there is none, train it first. Processes that want the same one wait."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.npz"
    with _alone(folder / f".{name}.lock"):
        if not file.is_file():
            tokenizer = Tokenizer.of("\n".join(paragraphs()))
            weights = train(SIZES[name], learned(tokenizer)[0], _SEED)
            _store(file, json.dumps(asdict(SIZES[name])), tokenizer, weights)
    return file


def load(file: Path) -> LanguageModel:
    """Load a model; raises `ValueError` or `OSError` for a file that is none."""
    with np.load(file, allow_pickle=False) as stored:
        weights = {name: stored[name] for name in stored.files}
    sizes = Sizes(**json.loads(weights.pop("sizes").tobytes()))
    pieces = weights.pop("pieces").tobytes().split(b"\0")
    if any(not np.isfinite(weight).all() for weight in weights.values()):
        raise ValueError(f"{file} contains weights that are not numbers")
    return LanguageModel(file.stem, sha256(file.read_bytes()).hexdigest()[:12], sizes, Tokenizer(pieces), weights)


def _store(file: Path, sizes: str, tokenizer: Tokenizer, weights: Weights) -> None:
    part = file.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as out:
        texts = {"sizes": sizes.encode(), "pieces": b"\0".join(tokenizer.pieces)}
        stored: dict[str, NDArray[np.float32] | NDArray[np.uint8]] = {**weights}
        stored |= {name: np.frombuffer(text, np.uint8) for name, text in texts.items()}
        np.savez(out, allow_pickle=False, **stored)
    part.replace(file)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
