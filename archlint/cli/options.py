"""Options that several commands share."""

from __future__ import annotations

import click

from archlint.cli.permission import ALLOW_CODE

allow_code = click.option(
    "--allow-code", is_flag=True,
    help=f"Run the Python checks of rule folders that the configuration names (or set {ALLOW_CODE}=1).",
)  # fmt: skip
