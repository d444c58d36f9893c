"""Configuration: what `archlint.toml` or `[tool.archlint]` in `pyproject.toml` says, resolved for each file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from archlint.packs import ParamValue


class RuleSettings(msgspec.Struct, frozen=True):
    """What is set of one rule: its severity (`error`, `warning`, `info`) and parameters, in base units."""

    severity: str | None = None
    params: dict[str, ParamValue] = {}


class Settings(msgspec.Struct, frozen=True):
    """What holds for one file.

    `select` and `ignore` hold rule ids, names, or the letters of a family; `ALL` stands for every rule.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    rules: dict[str, RuleSettings] = {}


class Config(msgspec.Struct, frozen=True):
    """A resolved configuration. `exclude` are patterns in the form of `.gitignore`, relative to `root`."""

    root: Path
    file: Path | None = None
    settings: Settings = Settings()
    exclude: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    technologies: tuple[Path, ...] = ()

    def settings_for(self, path: Path) -> Settings:
        """What holds for a file."""
        return self.settings
