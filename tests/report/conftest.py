"""Compares renderings with stored files: `pytest tests/report --update-expected` updates them."""

from collections.abc import Callable
from pathlib import Path

import pytest

EXPECTED = Path(__file__).parent / "expected"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-expected",
        action="store_true",
        help="write tests/report/expected/ from what is rendered now",
    )


@pytest.fixture
def matches_expected(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a rendering with the stored file of that name."""

    def check(name: str, rendered: str) -> None:
        path = EXPECTED / name
        if request.config.getoption("--update-expected", default=False):
            path.write_text(rendered, encoding="utf-8", newline="\n")
        kept = path.read_text(encoding="utf-8")
        assert rendered == kept, f"{name} changed; if that is meant: pytest tests/report --update-expected"

    return check
