"""Decides whether Python in rule folders may run. `check` needs it at each start, so it imports no option parser."""

from __future__ import annotations

import os
from typing import Final

ALLOW_CODE: Final = "ARCHLINT_ALLOW_CODE"


def allows_code(flag: bool = False) -> bool:
    """Return whether the option or the environment allows Python in rule folders."""
    return flag or os.environ.get(ALLOW_CODE, "").strip().lower() in {"1", "true", "yes", "on"}
