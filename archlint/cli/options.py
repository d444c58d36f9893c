"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.permission import ALLOW_CODE

config = click.option(
    "--config", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=False),
    help="Use this configuration instead of the nearest archlint.toml.",
)  # fmt: skip
allow_code = click.option(
    "--allow-code", is_flag=True,
    help=f"Run the Python checks of rule folders that the configuration names (or set {ALLOW_CODE}=1).",
)  # fmt: skip
