"""Configuration files: find the one that applies to a file, and read it with those that it extends."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from archlint.config.records import Config
from archlint.errors import ConfigError, hint_to_read
from archlint.packs import Problems
from archlint.source.files import working_root

NAME: Final = "archlint.toml"
PROJECT: Final = "pyproject.toml"
_TABLE: Final = rb"""\btool["'\s]*\.["'\s]*archlint\b"""
_MAX_BYTES: Final = 4 * 1024 * 1024


def find_config(path: Path) -> Config:
    """Return the configuration that applies to a file: the nearest one above it, otherwise the defaults.

    Raises one `ConfigError` with all mistakes.
    """
    file = nearest_config(path)
    return Config(working_root(path)) if file is None else read_config(file)


def nearest_config(path: Path) -> Path | None:
    """Return the nearest file above a path that configures archlint; in one folder, `archlint.toml` comes first.

    A `pyproject.toml` is used if it has a table `[tool.archlint]`; without that text it is not parsed. An
    `archlint.toml` that cannot be read, such as a link that leads nowhere, counts too: reading it is an error.
    """
    folder = os.path.dirname(os.path.abspath(path))
    while True:
        file = os.path.join(folder, NAME)
        if os.path.lexists(file):
            return Path(file)
        file = os.path.join(folder, PROJECT)
        if os.path.isfile(file) and _configures(Path(file)):
            return Path(file)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _configures(file: Path) -> bool:
    try:
        data = _bytes(file)
    except ConfigError:
        return False  # not a file of archlint: its mistakes are not reported
    if b"archlint" not in data or not re.search(_TABLE, data):
        return False
    from archlint.config.toml import parse_toml

    return parse_toml(file, _shown(file), data).table(("tool", "archlint")) is not None


def read_config(file: Path) -> Config:
    """Read one configuration file with those that it extends; raises one `ConfigError` with all mistakes.

    `validate` checks what depends on the rules: their names, and the units of their parameters.
    """
    problems = Problems()
    config = _read(file, problems, ())
    problems.raise_as(ConfigError)
    return config


def _read(file: Path, problems: Problems, chain: tuple[Path, ...], installed: bool = False) -> Config:
    from archlint.config.layers import LayerReader
    from archlint.config.toml import parse_toml

    toml = parse_toml(file, _shown(file), _bytes(file))
    path = ("tool", "archlint") if file.name == PROJECT else ()
    if toml.table(path) is None:
        raise ConfigError.at(_shown(file), "has no table [tool.archlint]", "add it, or name another file")
    reader = LayerReader(toml, path, Path(os.path.abspath(file)).parent, problems, installed)
    own = reader.config()
    base = reader.extended()
    if base is None:
        return own
    chain = (*chain, file.resolve())
    target = base.file.resolve()
    if target in chain:
        circle = " -> ".join(_shown(part) for part in (*chain[chain.index(target) :], target))
        where = toml.places.of_value(*path, "extend")
        problems.add(where, f"the file extends itself: {circle}", "remove one `extend`")
        return own
    return _joined(_read(base.file, problems, chain, base.installed), own)


def _joined(base: Config, own: Config) -> Config:
    """Combine a configuration with the one that it extends: lists are joined; its own values and layers win."""
    return Config(
        root=own.root,
        file=own.file,
        layers=base.layers + own.layers,
        exclude=base.exclude + own.exclude,
        packs=base.packs + own.packs,
        technologies=base.technologies + own.technologies,
        prices={**base.prices, **own.prices},
        fail_on=own.fail_on or base.fail_on,
        baseline=own.baseline or base.baseline,
        baseline_strict=own.baseline_strict or base.baseline_strict,
        require_described=tuple(dict.fromkeys((*base.require_described, *own.require_described))),
    )


def _bytes(file: Path) -> bytes:
    try:
        if file.name in {NAME, PROJECT} and file.is_fifo():      # a search found it; nobody may ever write to it
            raise ConfigError.at(_shown(file), "is not a regular file", "remove it, or name another one with --config")
        with file.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        hint = hint_to_read(error, "correct or remove it, or name another one with --config")
        raise ConfigError.at(_shown(file), f"cannot be read: {error.strerror}", hint) from None
    if len(data) > _MAX_BYTES:
        raise ConfigError.at(_shown(file), "too large for a configuration", "name a configuration file")
    return data


def _shown(file: Path) -> str:
    """Name a file for messages: relative if it lies below the current folder."""
    here = os.getcwd()
    for path in (os.path.abspath(file), os.path.realpath(file)):
        if path.startswith(here + os.sep):
            return os.path.relpath(path, here)
    return os.path.abspath(file)
