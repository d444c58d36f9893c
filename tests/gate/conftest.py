"""What the tests of the gate need beside Python."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.tools import needed


@pytest.fixture(autouse=True, scope="session")
def programs() -> None:
    """Ask for bash and git, as runners have them."""
    for name in ("bash", "git"):
        found = shutil.which(name)
        needed(Path(found) if found else None, name, f"install {name}")
