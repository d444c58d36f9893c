"""Options that several commands share."""

from __future__ import annotations

import math
import os
from pathlib import Path

import click

from archlint.cli.permission import ALLOW_CODE
from archlint.cli.streams import NO_PATH, from_here
from archlint.errors import UsageError


class InputPath(click.Path):
    """The path of an input; one that leads into the current folder through a link is named from that folder."""

    def __init__(self, allow_dash: bool = False) -> None:
        super().__init__(path_type=Path, allow_dash=allow_dash, readable=False)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Return the path from the current folder; raises `UsageError` for an empty one."""
        if value == "":
            raise UsageError(*NO_PATH)
        return from_here(str(super().convert(value, param, ctx)))


config = click.option(
    "--config", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=False),
    help="Use this configuration instead of the nearest archlint.toml.",
)  # fmt: skip
allow_code = click.option(
    "--allow-code", is_flag=True,
    help=f"Run the Python checks of rule folders that the configuration names (or set {ALLOW_CODE}=1).",
)  # fmt: skip


class NumberRange(click.FloatRange):
    """A number within a range; `nan` is none, though no comparison refuses it."""

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail."""
        number: float = super().convert(value, param, ctx)  # type: ignore[arg-type] # click converts texts too
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number
