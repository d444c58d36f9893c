"""Programs that the tests of the gate need."""

from __future__ import annotations

import pytest

from tests.tools import program


@pytest.fixture(autouse=True, scope="session")
def programs() -> None:
    """Require bash and git, which runners have."""
    for name in ("bash", "git"):
        program(name)
