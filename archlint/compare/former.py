"""Baselines that a git revision used, at any place: moving a baseline does not hide new entries."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.compare.entries import Baseline, Entry, parse_baseline
from archlint.compare.git import Revision
from archlint.errors import UnreadableInputError
from archlint.source.parser import decode

_CONFIGS: Final = ("archlint.toml", "pyproject.toml")
_DEFAULT: Final = "archlint-baseline.jsonl"
_DEEPEST: Final = 20


def former_baselines(revision: Revision, config: Path | None = None, file: Path | None = None) -> list[Baseline]:
    """Return the baselines that a revision used: those that its configurations name, and the default ones beside them.

    `config` and `file` are a configuration and a baseline that the caller names in addition. Raises
    `BaselineError` for a file that is not a baseline.
    """
    named = [] if file is None else [Path(os.path.realpath(file))]
    configs = [path for path in revision.blobs if path.name in _CONFIGS]
    configs += [] if config is None else [Path(os.path.realpath(config))]
    revision.fetch(path for path in configs if path in revision.blobs)
    named.append(revision.top / _DEFAULT)
    for path in configs:
        named += _named_in(revision, path)
    found = []
    for path in dict.fromkeys(named):
        if path in revision.blobs and revision.blobs[path].is_file:
            shown = revision.shown(path)
            found.append(parse_baseline(decode(shown, revision.read_bytes(path)), path, shown))
    return found


def _named_in(revision: Revision, config: Path, depth: int = 0) -> Iterator[Path]:
    """Yield the baselines that a configuration of the revision may use, also through `extend`."""
    if config not in revision.blobs or depth > _DEEPEST:
        return
    try:
        data = tomllib.loads(revision.read_bytes(config).decode("utf-8-sig"))
    except (ValueError, UnreadableInputError):     # its errors were reported when it was checked
        return
    if config.name == "pyproject.toml":
        tool = data.get("tool")
        data = tool.get("archlint", {}) if isinstance(tool, dict) else {}
        if not isinstance(data, dict) or not data:
            return
    yield config.parent / _DEFAULT
    if isinstance(name := data.get("baseline"), str):
        yield Path(os.path.normpath(config.parent / name))
    if isinstance(base := data.get("extend"), str):
        yield from _named_in(revision, Path(os.path.normpath(config.parent / base)), depth + 1)


def joined(baselines: list[Baseline], file: Path) -> Baseline:
    """Join the entries of some baselines in one baseline at `file`."""
    whole = Baseline(file)
    entries: dict[tuple[str, str], Entry] = {}
    for baseline in baselines:
        for entry in baseline.entries:
            name = whole.name_of(str(baseline.file.parent / entry.file))
            known = entries.get((name, entry.fingerprint))
            if known is None or known.count < entry.count:
                entries[name, entry.fingerprint] = Entry(
                    name, entry.rule, entry.path, entry.fingerprint, entry.signature, entry.count, entry.others
                )
    return Baseline(file, tuple(entries.values()))
