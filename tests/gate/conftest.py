"""What the tests of the gate need beside Python."""

from __future__ import annotations

import pytest

from tests.tools import program


@pytest.fixture(autouse=True, scope="session")
def programs() -> None:
    """Ask for bash and git, as runners have them."""
    for name in ("bash", "git"):
        program(name)
