"""What tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.systems import FAILING


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    path = tmp_path / "arch.yaml"
    path.write_text(FAILING)
    return path
