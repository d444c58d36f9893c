"""What the tests of baselines share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compare.frozen import NAME
from tests.compare.old_repository import old_system
from tests.conftest import Run


@pytest.fixture
def old(archlint: Run, tmp_path: Path) -> Path:
    """A repository whose forty findings are frozen."""
    path = tmp_path / "arch.yaml"
    path.write_text(old_system())
    (tmp_path / "archlint.toml").write_text("")
    done = archlint("baseline")
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"wrote {NAME}: 11 findings (40 entries) new\n"
    return path
