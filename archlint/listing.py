"""What a configuration has: rules, technologies, and the schema of architecture files that names them."""

from __future__ import annotations

from pathlib import Path

from archlint.catalog.technologies import Technologies, shipped_technologies
from archlint.config import Config, find_config, read_config
from archlint.errors import UsageError
from archlint.linter import Linter, Options
from archlint.packs import Pack, load_packs
from archlint.targets import STDIN


def _config(file: Path | None) -> Config:
    return read_config(file) if file is not None else find_config(Path(STDIN))


def all_packs(config: Path | None = None, allow_code: bool = False) -> list[Pack]:
    """Return every rule of a configuration: the shipped ones and those of its packs."""
    return Linter(_config(config), Options(allow_code=allow_code)).packs


def nearest_packs() -> list[Pack]:
    """Return every rule of the nearest configuration, without checking its other settings or running code."""
    return load_packs(_config(None).packs)


def all_technologies(config: Path | None = None) -> Technologies:
    """Return every technology of a configuration: the shipped ones and its own."""
    return Linter(_config(config), Options(rules=False)).technologies


def file_schema() -> dict[str, object]:
    """Return the JSON Schema of `arch.yaml`, with which editors complete technologies, accelerators and rules."""
    from archlint.catalog.hardware import shipped_accelerators
    from archlint.model.schema import architecture_schema

    technologies = {name: entry.label for name, entry in shipped_technologies().entries.items()}
    rules = {word: pack.title for pack in load_packs() for word in (pack.id, pack.name)}
    accelerators = {entry.name: entry.title for entry in shipped_accelerators()}
    return architecture_schema(technologies, rules, accelerators)


def find_pack(word: str, config: Path | None = None, allow_code: bool = False) -> Pack:
    """Return a rule by id or name, in any case; raises `UsageError` with the nearest one."""
    packs = all_packs(config, allow_code)
    for pack in packs:
        if word.lower() in (pack.id.lower(), pack.name):
            return pack
    from archlint.model.names import nearest

    names = [name for pack in packs for name in (pack.id, pack.name)]
    letters = word.rstrip("0123456789")
    number = f"{letters}{word[len(letters) :].lstrip('0'):0>3}".upper()    # `SRV01` means SRV001, not SRV010
    likely = number if number in names else nearest(word, names)
    raise UsageError(f"there is no rule `{word}`", f"did you mean `{likely}`?" if likely else "see `archlint rules`")
