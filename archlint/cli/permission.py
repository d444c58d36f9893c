"""Whether Python of rule folders may run. `check` asks this at each start, so this module imports no option parser."""

from __future__ import annotations

import os
from typing import Final

ALLOW_CODE: Final = "ARCHLINT_ALLOW_CODE"


def allows_code(flag: bool = False) -> bool:
    """Whether Python of rule folders may run: by the option, or by the environment."""
    return flag or os.environ.get(ALLOW_CODE, "").strip().lower() in {"1", "true", "yes", "on"}
