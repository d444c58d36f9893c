"""Options that several commands share."""

from __future__ import annotations

import os
from typing import Final

import click

ALLOW_CODE: Final = "ARCHLINT_ALLOW_CODE"

allow_code = click.option(
    "--allow-code", is_flag=True,
    help=f"Run the Python checks of rule folders that the configuration names (or set {ALLOW_CODE}=1).",
)  # fmt: skip


def allows_code(flag: bool = False) -> bool:
    """Whether Python of rule folders may run: by the option, or by the environment."""
    return flag or os.environ.get(ALLOW_CODE, "").strip().lower() in {"1", "true", "yes", "on"}
