"""Fixtures for the tests of the patterns, and the processes that run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.testing.servers import kafka_url, nginx_program, pgvector_url, postgres_url, rabbitmq_url, redis_url

HERE = Path(__file__).parent
__all__ = ["kafka_url", "nginx_program", "pgvector_url", "postgres_url", "rabbitmq_url", "redis_url"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests that share a fixture of their module in one process: each process would start its service again.

    These tests wait most. They come first, so that other steps of `tests/run.py` use that time.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(HERE))
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("xdist_group") is None:
            found = item._fixtureinfo.name2fixturedefs.values()
            if any(each[-1].scope == "module" for each in found):
                item.add_marker(pytest.mark.xdist_group(item.path.stem))
